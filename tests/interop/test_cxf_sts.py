"""The security token service of Apache CXF, live: StsClient asks it, told what to secure by its contract alone.

The driver is java/sts/StsDriver.java; Maven fetches CXF once, into the user's cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest
from lxml import etree

import soapkit
from soapkit.client.sts import SAML_1_1, SAML_2_0, StsClient
from soapkit.policy import Keys
from soapkit.security import IssuedToken, KeyPair, SamlRequirement, Security, TrustStore, UsernameToken
from soapkit.security.crypto.with_cryptography import CryptographyProvider
from soapkit.security.require import Require
from soapkit.security.saml.inbound import check_assertion
from soapkit.wsdl.load import load_contract
from soapkit.xml.parse import parse_message
from soapkit.xml.serialise import serialise
from tests.interop.cxf_peer import Cxf, our_service
from tests.interop.java_driver import JAVA, Driver, built
from tests.policy import contracts as policies
from tests.policy.contracts import (
    BODY,
    BODY_SIGNED,
    SP12,
    asymmetric,
    conversing,
    issued,
    nested,
    symmetric,
    transport,
    username,
)

TRUST = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
CONTEXT = "http://docs.oasis-open.org/ws-sx/ws-secureconversation/200512/sct"
OPERATIONS = ("Issue", "Validate", "Renew", "Cancel")
SERVICE = "https://bank.example/soap"
ANY_REFERENCE = nested(
    "Wss11", "<sp:MustSupportRefIssuerSerial/>", "<sp:MustSupportRefThumbprint/>", "<sp:MustSupportRefEncryptedKey/>"
)
POLICY = asymmetric() + username(holder="SignedEncryptedSupportingTokens") + ANY_REFERENCE


def contract() -> str:
    asked = "".join(
        f'<operation name="{name}"><input message="t:ask" m:Action="{TRUST}/RST/{name}"/>'
        f'<output message="t:answer"/></operation>'
        for name in OPERATIONS
    )
    bound = "".join(
        f'<operation name="{name}"><s:operation soapAction="{TRUST}/RST/{name}"/>'
        f'<input><p:Policy>{BODY}</p:Policy><s:body use="literal"/></input>'
        f'<output><p:Policy>{BODY}</p:Policy><s:body use="literal"/></output></operation>'
        for name in OPERATIONS
    )
    return f"""<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" targetNamespace="urn:sts" xmlns:t="urn:sts"
      xmlns:s="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:p="http://www.w3.org/ns/ws-policy" xmlns:sp="{SP12}"
      xmlns:w="{TRUST}" xmlns:m="http://www.w3.org/2007/05/addressing/metadata">
      <types><x:schema xmlns:x="http://www.w3.org/2001/XMLSchema" targetNamespace="{TRUST}">
        <x:complexType name="Anything"><x:sequence>
          <x:any namespace="##any" processContents="lax" minOccurs="0" maxOccurs="unbounded"/></x:sequence>
          <x:anyAttribute processContents="lax"/></x:complexType>
        <x:element name="RequestSecurityToken" type="w:Anything"/>
        <x:element name="RequestSecurityTokenResponseCollection" type="w:Anything"/></x:schema></types>
      <message name="ask"><part name="p" element="w:RequestSecurityToken"/></message>
      <message name="answer"><part name="p" element="w:RequestSecurityTokenResponseCollection"/></message>
      <portType name="TokenService">{asked}</portType>
      <binding name="Soap" type="t:TokenService"><p:Policy><m:Addressing/>{POLICY}</p:Policy>
        <s:binding transport="http://schemas.xmlsoap.org/soap/http"/>{bound}</binding>
      <service name="TokenService"><port name="TokenService" binding="t:Soap">
        <s:address location="http://a.example/"/></port></service></definitions>"""


IDENTITY = "http://schemas.xmlsoap.org/ws/2005/05/identity"


@pytest.fixture(scope="session")
def folder(missing_peer: Callable[[str], NoReturn]) -> Path:
    return built(JAVA / "sts", "StsDriver", "CXF-STS", missing_peer)


@pytest.fixture(scope="module")
def sts(folder: Path, cxf: Cxf, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A client of the token service; its `keys` are the folder with those of all."""
    keys = cxf.keys
    running = Driver(folder, "StsDriver", str(keys))
    path = tmp_path_factory.mktemp("sts") / "sts.wsdl"
    path.write_text(contract())
    told, address = running.ask("serve", str(path))[:2]
    assert told == "ok", address
    alice, bob = (KeyPair.load(keys / f"{name}.p12", "changeit") for name in ("alice", "bob"))
    security = Security.from_contract(
        load_contract(path),
        keys=Keys(
            alice,
            peer=bob.certificate,
            trust=TrustStore.load(keys / "ca.pem"),
            username="alice",
            password="changeit",
            certificates=(alice.certificate, bob.certificate),
        ),
    )
    client = StsClient(address, security=security)
    client.keys = keys  # type: ignore[attr-defined]
    asked = path.with_name("asked.wsdl")  # where it is, for a client by CXF
    asked.write_text(contract().replace("http://a.example/", address))
    client.contract = asked  # type: ignore[attr-defined]
    client.people = {"alice": alice, "bob": bob}  # type: ignore[attr-defined]
    client.own = Keys(  # type: ignore[attr-defined]
        alice, peer=bob, trust=TrustStore.load(keys / "ca.pem"), certificates=[bob.certificate], sts=client
    )
    client.believing = TrustStore.load(keys / "ca.pem")  # type: ignore[attr-defined]
    yield client
    client.close()
    running.close()


def said(token: IssuedToken, sts: Any) -> Any:
    """What an assertion says, once it is verified."""
    element = parse_message(serialise(token.element))
    saml = SamlRequirement(trust=sts.believing, issuers=["CXF"], audience=[SERVICE])
    checked = check_assertion(element, Require(replay=None), saml, datetime.now(UTC), CryptographyProvider())
    return checked.says


def subject(token: IssuedToken, sts: Any) -> str:
    """Of whom it speaks."""
    name: str = said(token, sts).subject
    return name


@pytest.mark.parametrize("token_type", [SAML_2_0, SAML_1_1])
def test_a_bearer_token_speaks_for_who_asked(token_type: str, sts: Any) -> None:
    token = sts.issue(SERVICE, token_type=token_type, key_type="bearer")
    assert (subject(token, sts), token.secret, token.token_type) == ("alice", None, token_type)


def test_a_symmetric_key_is_known_to_us_and_encrypted_to_the_service(sts: Any) -> None:
    token = sts.issue(SERVICE, token_type=SAML_2_0)
    assert len(token.secret) == 32
    assert b"EncryptedKey" in serialise(token.element)
    assert token.attached is not None


def test_a_public_key_is_ours(sts: Any) -> None:
    token = sts.issue(SERVICE, token_type=SAML_2_0, key_type="public", use_key=sts.people["alice"])
    assert b"holder-of-key" in serialise(token.element)


def test_a_token_on_behalf_of_somebody_else_speaks_for_them(sts: Any) -> None:
    asked = {"token_type": SAML_2_0, "key_type": "bearer"}
    token = sts.issue(SERVICE, on_behalf_of=UsernameToken("carol", "changeit"), **asked)
    assert subject(token, sts) == "carol"
    assert subject(sts.issue(SERVICE, on_behalf_of=token, **asked), sts) == "carol"


@pytest.mark.parametrize("token_type", [SAML_2_0, SAML_1_1])
def test_a_token_to_act_as_somebody_else_speaks_for_us_and_names_them(token_type: str, sts: Any) -> None:
    asked = {"token_type": token_type, "key_type": "bearer"}
    says = said(sts.issue(SERVICE, act_as=UsernameToken("carol", "changeit"), **asked), sts)
    assert (says.subject, ("carol",) in says.attributes.values()) == ("alice", True)


@pytest.mark.parametrize("token_type", [SAML_2_0, SAML_1_1])
def test_claims_that_are_asked_for_stand_in_the_token(token_type: str, sts: Any) -> None:
    asked = etree.fromstring(
        f'<w:Claims xmlns:w="{TRUST}" Dialect="{IDENTITY}"><i:ClaimType xmlns:i="{IDENTITY}"'
        f' Uri="{IDENTITY}/claims/country"/></w:Claims>'
    )
    says = said(sts.issue(SERVICE, token_type=token_type, key_type="bearer", claims=asked), sts)
    assert ("Wonderland",) in says.attributes.values()


def test_a_token_is_validated_and_renewed(sts: Any) -> None:
    token = sts.issue(SERVICE, token_type=SAML_2_0, key_type="bearer", renewing=True)
    assert sts.validate(token).valid
    renewed = sts.renew(token, lifetime=timedelta(minutes=50))
    assert renewed.expires > token.expires
    assert sts.validate(renewed).valid


def test_a_context_of_a_token_service_is_cancelled(sts: Any) -> None:
    token = sts.issue(token_type=CONTEXT)
    assert sts.validate(token).valid
    sts.cancel(token)
    assert not sts.validate(token).valid


def test_what_it_cannot_issue_is_a_fault(sts: Any) -> None:
    with pytest.raises(soapkit.Fault):
        sts.issue(SERVICE, token_type="urn:nothing", key_type="bearer")


# --- a service by CXF that believes it ------------------------------------------------------------------------------

SHARED_KEY = issued("SymmetricKey")
BEGUN = conversing(asymmetric() + BODY + ANY_REFERENCE, "RequireDerivedKeys")
ISSUED = {
    "https, bearer": transport() + nested("SupportingTokens", issued("Bearer")),
    "https, bearer, for the transport": transport().replace(nested("HttpsToken", ""), issued("Bearer")),
    "https, a symmetric key": transport() + nested("EndorsingSupportingTokens", SHARED_KEY),
    "https, a symmetric key, derived": transport()
    + nested("EndorsingSupportingTokens", issued("SymmetricKey", derived=True)),
    "https, a public key": transport() + nested("EndorsingSupportingTokens", issued("PublicKey")),
    "a symmetric key protects": symmetric(protection=SHARED_KEY),
    "a symmetric key protects, derived": symmetric(protection=issued("SymmetricKey", derived=True)),
    "a symmetric key endorses": symmetric() + nested("EndorsingSupportingTokens", SHARED_KEY),
    "a symmetric key endorses, beside two certificates": asymmetric() + nested("EndorsingSupportingTokens", SHARED_KEY),
    "a symmetric key endorses and is signed": symmetric() + nested("SignedEndorsingSupportingTokens", SHARED_KEY),
    "a symmetric key endorses and is hidden": symmetric() + nested("EndorsingEncryptedSupportingTokens", SHARED_KEY),
    "a symmetric key endorses a conversation": symmetric(protection=BEGUN)
    + nested("EndorsingSupportingTokens", SHARED_KEY),
    "a symmetric key protects, a certificate endorses": symmetric(protection=SHARED_KEY)
    + nested("EndorsingSupportingTokens", policies.x509()),
    "a symmetric key begins a conversation": symmetric(
        protection=conversing(symmetric(protection=SHARED_KEY) + BODY + ANY_REFERENCE, "RequireDerivedKeys")
    ),
    "a symmetric key signs in the place of a certificate": asymmetric(initiator=SHARED_KEY),
}


@pytest.mark.parametrize("policy", ISSUED)
def test_a_service_by_cxf_believes_the_token_that_its_policy_asks_for(
    policy: str, sts: Any, cxf: Cxf, tmp_path: Path
) -> None:
    path = tmp_path / "double.wsdl"
    https, parts = policy.startswith("https"), "" if policy.startswith("https") else BODY
    # CXF looks for a certificate to encrypt its answer to, where there is none
    answer = BODY_SIGNED if "in the place" in policy else parts
    path.write_bytes(policies.contract(ISSUED[policy] + ANY_REFERENCE, request=parts, reply=answer))
    address = cxf.serve(path, *(["https=true"] if https else []))
    with cxf.client(load_contract(path), address, sts.own) as client:
        assert (client.double(number=21), client.half(number=21)) == (42, 10)


NOT_BY_CXF = {
    "https, a symmetric key, derived": "CXF's client digests with SHA-1 there",
    "a symmetric key endorses a conversation": "CXF's client asks the token service for the context too",
    "a symmetric key begins a conversation": "CXF's client asks the token service for the context too",
    "a symmetric key signs in the place of a certificate": "CXF's client signs with a key pair",
}


@pytest.mark.parametrize("policy", [name for name in ISSUED if name not in NOT_BY_CXF])
def test_our_service_believes_the_token_that_a_client_by_cxf_asks_for(
    policy: str, sts: Any, cxf: Cxf, tmp_path: Path, serve: Callable[..., str]
) -> None:
    path = tmp_path / "double.wsdl"
    https, parts = policy.startswith("https"), "" if policy.startswith("https") else BODY
    path.write_bytes(policies.contract(ISSUED[policy] + ANY_REFERENCE, request=parts, reply=parts))
    audience: list[str] = []  # its address, which nobody knows yet
    saml = SamlRequirement(trust=sts.believing, issuers=["CXF"], audience=audience)
    keys = Keys(cxf.pair("bob"), trust=cxf.trust, saml=saml, certificates=[cxf.pair("alice").certificate])
    address, _ = our_service(cxf, serve, path, keys, https=https)
    audience.append(address)
    assert cxf.call(path, address, f"sts={sts.contract}") == ["42"]
