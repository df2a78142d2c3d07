"""Apache CXF and OpenSAML 4, live: contracts whose policies ask for SAML assertions, both ways.

CXF is started by cxf_peer.py, as for test_cxf.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

import soapkit
from soapkit.security import SamlAssertion, SamlRequirement, SamlToken, TrustStore, issue_assertion
from soapkit.wsdl.load import load_contract
from tests.interop.cxf_peer import Cxf, keys_of, our_service
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
    "asymmetric, endorsing": (asymmetric() + saml("EndorsingSupportingTokens"), "holder-of-key"),
}
ALL = OVER_HTTPS | IN_MESSAGES
NEVER_ENDORSED = ("symmetric, endorsing", "asymmetric, endorsing")


def written(policy: str, folder: Path) -> Path:
    https = policy.startswith("https")
    parts = "" if https else BODY
    address = "https://a.example/" if https else "http://a.example/"
    (folder / "double.wsdl").write_bytes(
        contract(ALL[policy][0] + REFERENCES, request=parts, reply=parts, address=address)
    )
    return folder / "double.wsdl"


@pytest.mark.parametrize("policy", ALL)
def test_cxf_believes_the_assertion_of_our_client(policy: str, cxf: Cxf, tmp_path: Path) -> None:
    path, alice = written(policy, tmp_path), cxf.pair("alice")
    confirmation = ALL[policy][1]
    said = SamlAssertion(
        issuer="https://sts.example",
        subject="alice",
        version="1.1" if "1.1" in policy else "2.0",
        confirmation=confirmation,
        holder=alice if confirmation == "holder-of-key" else None,
    )
    keys = keys_of(cxf, "alice", "bob", assertion=SamlToken(issue_assertion(said, alice)))
    address = cxf.serve(path, *(["https=true"] if policy in OVER_HTTPS else []))
    with cxf.client(load_contract(path), address, keys) as client:
        assert (client.double(number=21), client.half(number=21)) == (42, 10)


@pytest.mark.parametrize("policy", [name for name in ALL if name not in NEVER_ENDORSED])
def test_our_service_believes_the_assertion_of_cxf(
    policy: str, cxf: Cxf, tmp_path: Path, serve: Callable[..., str]
) -> None:
    assert called(policy, cxf, tmp_path, serve) == ["42"]


@pytest.mark.parametrize("policy", NEVER_ENDORSED)
def test_an_assertion_that_cxf_only_carries_does_not_endorse(
    policy: str, cxf: Cxf, tmp_path: Path, serve: Callable[..., str]
) -> None:
    """Where messages are signed, its client writes no endorsing signature with the key of a SamlToken."""
    assert called(policy, cxf, tmp_path, serve) != ["42"]


def called(policy: str, cxf: Cxf, folder: Path, serve: Callable[..., str]) -> list[str]:
    """What a client by CXF says of calling our service."""
    path = written(policy, folder)
    saml = SamlRequirement(
        trust=TrustStore.of(cxf.pair("alice")),
        audience=[BANK],
        confirmation=["bearer", "sender-vouches", "holder-of-key"],
    )
    keys = keys_of(cxf, "bob", "alice", saml=saml)
    address, _ = our_service(cxf, serve, path, keys, https=policy in OVER_HTTPS)
    return cxf.call(path, address, f"saml={ALL[policy][1]}")


def test_cxf_refuses_our_client_without_the_key_of_the_assertion(cxf: Cxf, tmp_path: Path) -> None:
    path, alice, bob = written("asymmetric, supporting", tmp_path), cxf.pair("alice"), cxf.pair("bob")
    said = SamlAssertion(
        issuer="https://sts.example", subject="alice", confirmation="holder-of-key", holder=bob.certificate
    )
    keys = keys_of(cxf, "alice", "bob", assertion=SamlToken(said, key=alice))
    with cxf.client(load_contract(path), cxf.serve(path), keys) as client, pytest.raises(soapkit.Fault):
        client.double(number=21)
