"""Mono's WCF, live, both ways: BasicHttpBinding, text of SOAP 1.2, and WSHttpBinding with WS-Addressing.

Of message security, its WSHttpBinding with certificates writes requests: they are believed as a contract of that policy
says. It cannot read any answer under derived keys ("Unexpected ValueType in 'Reference' element", though .NET writes
that ValueType); TransportWithMessageCredential ends in NotImplementedException (SecurityBindingElement), and so does
UserNameOverTransport; a service with a certificate does not open ("Service certificate is not provided").
"""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, pkcs12

import soapkit
from soapkit.policy import Keys
from soapkit.security import Security, TrustStore
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.transport.fetch import fetcher
from soapkit.wsdl.load import load_contract
from soapkit.xml.documents import Documents
from tests.interop.cxf_peer import doubler
from tests.interop.mono_driver import compiled
from tests.policy.contracts import BODY, SP11, contract, nested, symmetric, x509

REFERRED = "RequireThumbprintReference"
ANY_REFERENCE = nested(
    "Wss11", "<sp:MustSupportRefKeyIdentifier/>", "<sp:MustSupportRefIssuerSerial/>", "<sp:MustSupportRefThumbprint/>"
)
# What its contract says of WSHttpBinding with certificates.
BY_CERTIFICATE = (
    symmetric(algorithms="Basic256", protection=x509("Never", "RequireDerivedKeys", REFERRED)).replace("Lax", "Strict")
    + nested("EndorsingSupportingTokens", x509("AlwaysToRecipient", REFERRED))
    + ANY_REFERENCE
)


@pytest.fixture(scope="module")
def wcf(missing_peer: Callable[[str], NoReturn], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of both."""
    assemblies = "System.ServiceModel", "System.IdentityModel", "System.Runtime.Serialization"
    return compiled("Wcf", tmp_path_factory.mktemp("mono"), missing_peer, *assemblies)


@pytest.fixture
def mono_service(wcf: Path) -> Iterator[Callable[[str], str]]:
    """Starts a service by Mono, and gives its address."""
    running = []

    def start(binding: str) -> str:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"http://127.0.0.1:{free.getsockname()[1]}/"
        command = ["mono", str(wcf), "serve", binding, address]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout is not None
        told = process.stdout.readline().strip()
        assert told == "ok", told
        return address

    yield start
    for process in running:
        process.communicate("\n", timeout=20)


def called(wcf: Path, binding: str, address: str, *keys: Path) -> list[str]:
    command = ["mono", str(wcf), "call", binding, address, *map(str, keys)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout.splitlines()


def served(path: Path, security: Security | None = None) -> tuple[Any, list[int]]:
    """Our service, and the numbers that it was asked to double."""
    known, asked = load_contract(path), list[int]()

    class Doubler(type(doubler(known))):  # type: ignore[misc]  # generated in memory
        def double(self, *, number: int) -> int:
            asked.append(number)
            return 2 * number

        def half(self, *, number: int) -> int:
            raise soapkit.Fault(f"{number} has no half")

    return soapkit.asgi(Doubler(), contract=known, security=security), asked


@pytest.mark.parametrize("binding", ["basic", "soap12", "ws"])
def test_a_client_by_mono_calls_us(binding: str, wcf: Path, tmp_path: Path, serve: Callable[..., str]) -> None:
    text = contract("<m:Addressing/>" if binding == "ws" else "")
    (tmp_path / "double.wsdl").write_bytes(text if binding == "basic" else text.replace(b"wsdl/soap/", b"wsdl/soap12/"))
    address = serve(served(tmp_path / "double.wsdl")[0])
    assert called(wcf, binding, address) == ["42", "13 has no half"]


@pytest.mark.parametrize("binding", ["basic", "soap12", "ws"])
def test_our_client_calls_a_service_by_mono(binding: str, mono_service: Callable[[str], str]) -> None:
    """Of SOAP 1.2 its contract says so in operations, and forgets it of binding and address."""
    address = mono_service(binding)

    def mended(url: str) -> bytes:
        text = fetcher()(url)
        if binding == "basic":
            return text
        return text.replace(b"<soap:binding", b"<soap12:binding").replace(b"<soap:address", b"<soap12:address")

    known = load_contract(f"{address}?wsdl", documents=Documents(fetch=mended))
    with soapkit.Client.from_wsdl(known, address=address) as client:
        assert (client.double(number=21), client.half(number=21)) == (42, 10)
        with pytest.raises(soapkit.Fault, match="13 has no half"):
            client.half(number=13)


def test_what_mono_signs_and_encrypts_is_believed(wcf: Path, tmp_path: Path, serve: Callable[..., str]) -> None:
    authority = make_authority()
    alice, bob = make_keypair("alice", authority), make_keypair("bob", authority)
    old = PrivateFormat.PKCS12.encryption_builder().hmac_hash(SHA1())  # what Mono reads
    old = old.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
    packed = pkcs12.serialize_key_and_certificates(
        b"alice", alice.private_key, alice.certificate, None, old.build(b"changeit")
    )
    (tmp_path / "alice.p12").write_bytes(packed)
    (tmp_path / "bob.cer").write_bytes(bob.certificate.public_bytes(Encoding.DER))
    path = tmp_path / "double.wsdl"
    path.write_bytes(
        contract(BY_CERTIFICATE, request=BODY, reply=BODY, sp=SP11).replace(b"wsdl/soap/", b"wsdl/soap12/")
    )
    keys = Keys(bob, trust=TrustStore.of(authority), certificates=[alice.certificate])
    security = Security.from_contract(load_contract(path), keys=keys, side="server")
    application, asked = served(path, security)
    told = called(wcf, "ws-certificate", serve(application), tmp_path / "alice.p12", tmp_path / "bob.cer")
    assert asked == [21]
    assert told == [
        "XmlException: Unexpected ValueType in 'Reference' element: 'http://schemas.xmlsoap.org/ws/2005/02/sc/dk'"
    ]
