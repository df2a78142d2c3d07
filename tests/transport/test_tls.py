"""Connections that are secured, with certificates made for the moment."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from soapkit.errors import ConnectError, UsageError
from soapkit.transport.tls import tls_context
from soapkit.transport.urllib3 import Urllib3Transport
from soapkit.transport.values import Request


@dataclass
class Files:
    certificate: Path
    key: Path
    sealed_key: Path
    pkcs12: Path


def make_certificate(folder: Path, name: str) -> Files:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    files = Files(folder / f"{name}.pem", folder / f"{name}.key", folder / f"{name}.sealed", folder / f"{name}.p12")
    files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    sealed = serialization.BestAvailableEncryption(b"open sesame")
    files.pkcs12.write_bytes(pkcs12.serialize_key_and_certificates(b"it", key, certificate, None, sealed))
    for path, encryption in (
        (files.key, serialization.NoEncryption()),
        (files.sealed_key, sealed),
    ):
        path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption))
    return files


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return make_certificate(tmp_path_factory.mktemp("tls"), "localhost")


@pytest.fixture(scope="module")
def alice(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return make_certificate(tmp_path_factory.mktemp("tls"), "alice")


@pytest.fixture
def secured(peer: Any, server: Files) -> Any:
    peer.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    peer.context.load_cert_chain(server.certificate, server.key)
    return peer


def test_a_peer_whose_authority_is_not_known_is_refused(secured: Any, send: Any) -> None:
    with pytest.raises(ConnectError, match="no secure connection"):
        send(Request(secured.url, b"secret"))
    assert secured.heard == []


def test_an_authority_can_be_given(secured: Any, send: Any, server: Files) -> None:
    assert send(Request(secured.url, b"x"), verify=server.certificate).status == 200
    assert send(Request(secured.url, b"x"), verify=str(server.certificate)).status == 200


def test_a_large_request_is_sent_whole_or_until_it_is_answered(
    secured: Any, send: Any, server: Files, reply: Any
) -> None:
    large = Request(secured.url, b"x" * 5_000_000, timeout=20)
    assert send(large, large, verify=server.certificate).status == 200
    assert [len(heard.body) for heard in secured.heard] == [5_000_000] * 2
    secured.early, secured.answers = True, [reply("413 Content Too Large")]
    assert Urllib3Transport(verify=server.certificate).send(large).status == 413


def test_settings_hold_though_the_first_request_was_in_the_clear(
    secured: Any, send: Any, server: Files, reply: Any
) -> None:
    clear = type(secured)()
    requests = (Request(clear.url, b"x"), Request(secured.url, b"x"))
    assert send(*requests, verify=server.certificate).status == 200
    with pytest.raises(ConnectError, match="no secure connection"):
        send(*requests)
    clear.stop()


def test_a_whole_context_can_be_given(secured: Any, send: Any, server: Files) -> None:
    context = ssl.create_default_context(cafile=str(server.certificate))
    assert send(Request(secured.url, b"x"), verify=context).status == 200


def test_a_certificate_for_another_name_is_refused(secured: Any, send: Any, alice: Files, server: Files) -> None:
    secured.context.load_cert_chain(alice.certificate, alice.key)
    with pytest.raises(ConnectError, match="no secure connection"):
        send(Request(secured.url, b"x"), verify=alice.certificate)


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_verification_can_be_turned_off(secured: Any, send: Any) -> None:
    assert send(Request(secured.url, b"x"), verify=False).status == 200


def test_a_client_shows_its_certificate(secured: Any, send: Any, server: Files, alice: Files) -> None:
    secured.context.verify_mode = ssl.CERT_REQUIRED
    secured.context.load_verify_locations(alice.certificate)
    known = {"verify": server.certificate}
    assert send(Request(secured.url, b"x"), certificate=(alice.certificate, alice.key), **known).status == 200
    sealed = (alice.certificate, alice.sealed_key, "open sesame")
    assert send(Request(secured.url, b"x"), certificate=sealed, **known).status == 200
    bundle = (alice.pkcs12, "open sesame")
    assert send(Request(secured.url, b"x"), certificate=bundle, **known).status == 200
    with pytest.raises(ConnectError):
        send(Request(secured.url, b"x"), **known)


def test_certificates_that_cannot_be_loaded_are_the_callers_mistake(tmp_path: Path, alice: Files) -> None:
    (tmp_path / "bad.pem").write_text("no certificate")
    for verify in (tmp_path / "missing.pem", tmp_path / "bad.pem"):
        with pytest.raises(UsageError, match="cannot be loaded"):
            tls_context(verify)
    with pytest.raises(UsageError, match="cannot be loaded"):
        tls_context(True, (alice.certificate, alice.sealed_key, "wrong"))
    with pytest.raises(UsageError, match="cannot be loaded"):  # and nobody is asked for the password on a terminal
        tls_context(True, (alice.certificate, alice.sealed_key))


@pytest.mark.parametrize("password", ["wrong", ""])
def test_a_pkcs12_file_that_cannot_be_opened(alice: Files, password: str) -> None:
    with pytest.raises(UsageError, match="cannot be opened"):
        tls_context(True, (alice.pkcs12, password))


def test_no_key_is_left_behind(alice: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    tls_context(True, (alice.pkcs12, "open sesame"))
    assert list(tmp_path.iterdir()) == []


def test_a_context_and_a_certificate_beside_it_are_one_too_many(alice: Files) -> None:
    with pytest.raises(UsageError, match="not beside it"):
        tls_context(ssl.create_default_context(), alice.certificate)


def test_old_versions_of_tls_are_not_spoken() -> None:
    assert tls_context().minimum_version is ssl.TLSVersion.TLSv1_2
