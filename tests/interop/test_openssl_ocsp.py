"""``openssl ocsp`` answers over HTTP whether certificates were revoked, and soapkit's trust store asks it."""

from __future__ import annotations

import socket
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from soapkit.errors import SecurityError
from soapkit.security import KeyPair, OcspResponders, TrustStore
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.transport.ocsp import poster


def named(name: str, authority: KeyPair, place: str, *, answers: bool = False) -> KeyPair:
    """A key pair whose certificate names the responder, or is the responder's."""
    made = make_keypair(name, authority, kind="ec")
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        authority.certificate.subject,
        made.certificate.subject,
        made.certificate.public_key(),
        x509.random_serial_number(),
        now - timedelta(hours=1),
        now + timedelta(days=1),
    )
    extension: x509.ExtensionType = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
    if not answers:
        address = x509.UniformResourceIdentifier(f"http://{place}/")
        extension = x509.AuthorityInformationAccess(
            [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, address)]
        )
    signed = builder.add_extension(extension, critical=False).sign(authority.private_key, hashes.SHA256())
    return KeyPair(made.private_key, signed)


def write(path: Path, keypair: KeyPair) -> None:
    key = keypair.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(keypair.certificate.public_bytes(Encoding.PEM) + key)


class Responder:
    """``openssl ocsp`` at a port, with what it knows: alice, whom nobody revoked, and eve, who was."""

    def __init__(self, folder: Path, port: int) -> None:
        self.place = f"127.0.0.1:{port}"
        self.authority = make_authority()
        self.alice, self.eve, self.stranger = (
            named(name, self.authority, self.place) for name in ("alice", "eve", "stranger")
        )
        write(folder / "ca.pem", self.authority)
        write(folder / "responder.pem", named("responder", self.authority, self.place, answers=True))
        ends = f"{datetime.now(UTC) + timedelta(days=1):%y%m%d%H%M%SZ}"
        revoked = f"{datetime.now(UTC) - timedelta(hours=1):%y%m%d%H%M%SZ}"
        lines = [
            f"V\t{ends}\t\t{self.alice.certificate.serial_number:X}\tunknown\t/CN=alice",
            f"R\t{ends}\t{revoked}\t{self.eve.certificate.serial_number:X}\tunknown\t/CN=eve",
        ]
        (folder / "index.txt").write_text("".join(f"{line}\n" for line in lines))
        known = ["-index", "index.txt", "-rsigner", "responder.pem", "-CA", "ca.pem"]
        self.log = (folder / "log").open("w")
        self.process = subprocess.Popen(
            ["openssl", "ocsp", *known, "-nmin", "5", "-port", str(port)], cwd=folder, stdout=self.log, stderr=self.log
        )

    def trust(self, **settings: Any) -> TrustStore:
        responders = OcspResponders(poster(), hosts=[self.place], **settings)
        return TrustStore((self.authority.certificate,), revocation="required", responders=responders)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()


@pytest.fixture(scope="module")
def responder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with socket.socket() as free:  # certificates name the port, so it must be known before anybody listens
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = Responder(tmp_path_factory.mktemp("ocsp"), port)
    try:
        yield found
    finally:
        found.close()


def when_up(check: Any) -> Any:
    """What `check` gives once the responder listens."""
    until = time.monotonic() + 10
    while True:
        try:
            return check()
        except SecurityError as error:
            if "gave no answer" not in str(error) or time.monotonic() > until:
                raise
        time.sleep(0.05)


@pytest.mark.parametrize("nonce", [False, True])
def test_who_was_not_revoked_is_believed(responder: Responder, nonce: bool) -> None:
    now = datetime.now(UTC)
    path = when_up(lambda: responder.trust(nonce=nonce).check(responder.alice.certificate, (), now))
    assert path == (responder.alice.certificate, responder.authority.certificate)


def test_who_was_revoked_is_not(responder: Responder) -> None:
    with pytest.raises(SecurityError, match="CN=eve has been revoked"):
        when_up(lambda: responder.trust().check(responder.eve.certificate, (), datetime.now(UTC)))


def test_whom_the_responder_does_not_know_is_not(responder: Responder) -> None:
    with pytest.raises(SecurityError, match="responder does not know CN=stranger"):
        when_up(lambda: responder.trust().check(responder.stranger.certificate, (), datetime.now(UTC)))
