"""Apache CXF and OpenSAML 3, live: contracts whose policies ask for SAML assertions, both ways.

The driver is java/cxf/CxfDriver.java, as of test_cxf.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, NoReturn

import pytest

import soapkit
from soapkit.policy import Keys
from soapkit.security import (
    KeyPair,
    SamlAssertion,
    SamlRequirement,
    SamlToken,
    Security,
    TrustStore,
    issue_assertion,
)
from soapkit.security.throwaway import write_keys
from soapkit.transport.urllib3 import Urllib3Transport
from soapkit.wsdl.load import load_contract
from tests.interop.java_driver import JAVA, Driver, built
from tests.interop.test_cxf import doubler
from tests.policy.contracts import BODY, asymmetric, contract, nested, symmetric, transport

BANK = "https://bank.example"
REFERENCES = nested(
    "Wss11", "<sp:MustSupportRefIssuerSerial/>", "<sp:MustSupportRefThumbprint/>", "<sp:MustSupportRefEncryptedKey/>"
)
Confirmation = Literal["bearer", "sender-vouches", "holder-of-key"]


def saml(holder: str = "", version: str = "WssSamlV20Token11") -> str:
    token = nested("SamlToken", f"<sp:{version}/>", include="AlwaysToRecipient")
    return nested(holder, token) if holder else token


OVER_HTTPS: dict[str, tuple[str, Confirmation]] = {
    "https, supporting": (transport() + saml("SupportingTokens"), "bearer"),
    "https, supporting, 1.1": (transport() + saml("SupportingTokens", "WssSamlV11Token11"), "bearer"),
    "https, signed": (transport() + saml("SignedSupportingTokens"), "bearer"),
    "https, endorsing": (transport() + saml("EndorsingSupportingTokens"), "holder-of-key"),
    "https, endorsing, 1.1": (transport() + saml("EndorsingSupportingTokens", "WssSamlV11Token11"), "holder-of-key"),
}
IN_MESSAGES: dict[str, tuple[str, Confirmation]] = {
    "asymmetric, supporting": (asymmetric() + saml("SupportingTokens"), "bearer"),
    "asymmetric, signed": (asymmetric() + saml("SignedSupportingTokens"), "sender-vouches"),
    "asymmetric, signed, 1.1": (asymmetric() + saml("SignedSupportingTokens", "WssSamlV11Token11"), "sender-vouches"),
    "asymmetric, encrypted": (asymmetric() + saml("SignedEncryptedSupportingTokens"), "sender-vouches"),
    "asymmetric, initiator": (asymmetric(initiator=saml()), "holder-of-key"),
    "asymmetric, initiator, 1.1": (asymmetric(initiator=saml(version="WssSamlV11Token11")), "holder-of-key"),
    "asymmetric, initiator, protected": (asymmetric("ProtectTokens", initiator=saml()), "holder-of-key"),
    "symmetric, signed": (symmetric() + saml("SignedSupportingTokens"), "bearer"),
    "symmetric, endorsing": (symmetric() + saml("EndorsingSupportingTokens"), "holder-of-key"),
}
ALL = OVER_HTTPS | IN_MESSAGES
NEVER_ENDORSED = "symmetric, endorsing"


@pytest.fixture(scope="module")
def cxf(missing_peer: Callable[[str], NoReturn], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    keys = tmp_path_factory.mktemp("cxf-saml")
    write_keys(keys, ["alice", "bob", "localhost"], password="changeit")
    running = Driver(built(JAVA / "cxf", "CxfDriver", "CXF", missing_peer), "CxfDriver", str(keys))
    running.keys = keys  # type: ignore[attr-defined]
    yield running
    running.close()


def people(cxf: Any) -> tuple[KeyPair, KeyPair, TrustStore]:
    alice, bob = (KeyPair.load(cxf.keys / f"{name}.p12", "changeit") for name in ("alice", "bob"))
    return alice, bob, TrustStore.load(cxf.keys / "ca.pem")


def written(policy: str, folder: Path) -> Path:
    https = policy.startswith("https")
    parts = "" if https else BODY
    address = "https://a.example/" if https else "http://a.example/"
    (folder / "double.wsdl").write_bytes(
        contract(ALL[policy][0] + REFERENCES, request=parts, reply=parts, address=address)
    )
    return folder / "double.wsdl"


@pytest.mark.parametrize("policy", ALL)
def test_cxf_believes_the_assertion_of_our_client(policy: str, cxf: Any, tmp_path: Path) -> None:
    path, (alice, bob, trust) = written(policy, tmp_path), people(cxf)
    told, address = cxf.ask("serve", str(path), *(["https=true"] if policy in OVER_HTTPS else []))[:2]
    assert told == "ok", address
    confirmation = ALL[policy][1]
    said = SamlAssertion(
        issuer="https://sts.example",
        subject="alice",
        version="1.1" if "1.1" in policy else "2.0",
        confirmation=confirmation,
        holder=alice if confirmation == "holder-of-key" else None,
    )
    keys = Keys(
        alice,
        peer=bob.certificate,
        trust=trust,
        certificates=(alice.certificate, bob.certificate),
        assertion=SamlToken(issue_assertion(said, alice)),
    )
    known = load_contract(path)
    client = soapkit.Client.from_wsdl(
        known,
        address=address,
        security=Security.from_contract(known, keys=keys),
        transport=Urllib3Transport(verify=cxf.keys / "ca.pem"),
    )
    with client:
        assert (client.double(number=21), client.half(number=21)) == (42, 10)


@pytest.mark.parametrize("policy", [name for name in ALL if name != NEVER_ENDORSED])
def test_our_service_believes_the_assertion_of_cxf(
    policy: str, cxf: Any, tmp_path: Path, serve: Callable[..., str]
) -> None:
    assert called(policy, cxf, tmp_path, serve) == ["ok", "42"]


def test_an_assertion_that_cxf_only_carries_does_not_endorse(
    cxf: Any, tmp_path: Path, serve: Callable[..., str]
) -> None:
    """In a symmetric binding its client writes no endorsing signature with the key of a SamlToken."""
    told, *_ = called(NEVER_ENDORSED, cxf, tmp_path, serve)
    assert told == "no"


def called(policy: str, cxf: Any, folder: Path, serve: Callable[..., str]) -> list[str]:
    """What a client by CXF says of calling our service."""
    path, (alice, bob, trust) = written(policy, folder), people(cxf)
    keys = Keys(
        bob,
        trust=trust,
        certificates=(alice.certificate, bob.certificate),
        saml=SamlRequirement(
            trust=TrustStore.of(alice),
            audience=[BANK],
            confirmation=["bearer", "sender-vouches", "holder-of-key"],
        ),
    )
    known = load_contract(path)
    security = Security.from_contract(known, keys=keys, side="server")
    application = soapkit.asgi(doubler(known), security=security)
    if policy in OVER_HTTPS:
        files = {"ssl_certfile": cxf.keys / "localhost.pem", "ssl_keyfile": cxf.keys / "localhost.key"}
        address = serve(application, ssl_keyfile_password="changeit", **files)
        address = address.replace("http://127.0.0.1", "https://localhost")
    else:
        address = serve(application)
    found: list[str] = cxf.ask("call", str(path), address, f"saml={ALL[policy][1]}")
    return found


def test_cxf_refuses_our_client_without_the_key_of_the_assertion(cxf: Any, tmp_path: Path) -> None:
    path, (alice, bob, trust) = written("asymmetric, supporting", tmp_path), people(cxf)
    told, address = cxf.ask("serve", str(path))[:2]
    assert told == "ok", address
    said = SamlAssertion(
        issuer="https://sts.example", subject="alice", confirmation="holder-of-key", holder=bob.certificate
    )
    keys = Keys(
        alice, peer=bob.certificate, trust=trust, certificates=(bob.certificate,), assertion=SamlToken(said, key=alice)
    )
    known = load_contract(path)
    client = soapkit.Client.from_wsdl(known, address=address, security=Security.from_contract(known, keys=keys))
    with client, pytest.raises(soapkit.Fault):
        client.double(number=21)
