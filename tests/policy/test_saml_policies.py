"""SamlToken in a policy: what the client carries and the service demands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from soapkit import xmldsig
from soapkit.errors import SecurityError
from soapkit.exchange.samples import Sampled, sample_envelope
from soapkit.policy import Keys
from soapkit.security import (
    CryptographyProvider,
    IssuedToken,
    KeyPair,
    SamlAssertion,
    SamlRequirement,
    SamlToken,
    Security,
    SharedKey,
    TrustStore,
    issue_assertion,
)
from soapkit.security.encrypt import encrypted_key
from soapkit.security.sender import Sender
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.soap.envelope import Envelope
from soapkit.soap.version import BY_LABEL
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract
from soapkit.xml.names import SAML20
from soapkit.xml.parse import parse_message
from tests.policy.contracts import BODY, asymmetric, contract, issued, nested, symmetric, transport

STS, BANK = "https://sts.example", "https://bank.example"


def saml(holder: str = "", version: str = "WssSamlV20Token11") -> str:
    token = nested("SamlToken", f"<sp:{version}/>", include="AlwaysToRecipient")
    return nested(holder, token) if holder else token


@pytest.fixture(scope="module")
def people() -> dict[str, KeyPair]:
    authority = make_authority()
    found = {name: make_keypair(name, authority) for name in ("alice", "bank")}
    return found | {"authority": authority, "sts": make_keypair("sts", make_authority("tokens"))}


def loaded(policy: str, folder: Path) -> Contract:
    (folder / "double.wsdl").write_bytes(contract(policy, request=BODY, reply=BODY))
    return load_contract(folder / "double.wsdl")


def sample(known: Contract, direction: Any = "request", operation: str = "double") -> Envelope:
    service = known.services[0]
    chosen = service.operation(operation) if operation else service.operations[0]
    return sample_envelope(known.shapes, Sampled(service, chosen, direction), BY_LABEL["1.1"])


def both(people: dict[str, KeyPair], **said: Any) -> tuple[Keys, Keys]:
    """The keys of a client, whose assertion says that, and of a service."""
    trust = TrustStore.of(people["authority"])
    certificates = (people["alice"].certificate, people["bank"].certificate)
    given = SamlAssertion(**{"issuer": STS, "subject": "alice", "audience": [BANK]} | said)
    own = Keys(people["alice"], peer=people["bank"], trust=trust, certificates=certificates)
    client = replace(own, assertion=SamlToken(issue_assertion(given, people["sts"])))
    demanded = SamlRequirement(
        trust=TrustStore.of(people["sts"]),
        audience=[BANK],
        confirmation=["bearer", "sender-vouches", "holder-of-key"],
    )
    return client, Keys(people["bank"], trust=trust, certificates=certificates, saml=demanded)


CONVERSATIONS = {
    "transport, supporting": (transport() + saml("SupportingTokens"), "bearer"),
    "transport, signed": (transport() + saml("SignedSupportingTokens", "WssSamlV11Token11"), "bearer"),
    "transport, endorsing": (transport() + saml("EndorsingSupportingTokens"), "holder-of-key"),
    "symmetric, signed": (symmetric() + saml("SignedSupportingTokens"), "bearer"),
    "symmetric, endorsing": (symmetric() + saml("EndorsingSupportingTokens"), "holder-of-key"),
    "asymmetric, supporting": (asymmetric() + saml("SupportingTokens", "WssSamlV11Token10"), "bearer"),
    "asymmetric, signed": (asymmetric() + saml("SignedSupportingTokens"), "sender-vouches"),
    "asymmetric, signed and encrypted": (asymmetric() + saml("SignedEncryptedSupportingTokens"), "sender-vouches"),
    "asymmetric, encrypted": (asymmetric("EncryptSignature") + saml("EncryptedSupportingTokens"), "bearer"),
    "asymmetric, endorsing": (asymmetric() + saml("EndorsingSupportingTokens"), "holder-of-key"),
    "asymmetric, endorsing and signed": (asymmetric() + saml("SignedEndorsingSupportingTokens"), "holder-of-key"),
    "asymmetric, the initiator": (asymmetric(initiator=saml()), "holder-of-key"),
    "asymmetric, the initiator, protected": (asymmetric("ProtectTokens", initiator=saml()), "holder-of-key"),
    "asymmetric, encrypted first": (asymmetric("EncryptBeforeSigning", initiator=saml()), "holder-of-key"),
    "asymmetric, signed and encrypted, that first": (
        asymmetric("EncryptBeforeSigning") + saml("SignedEncryptedSupportingTokens"),
        "sender-vouches",
    ),
}


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_an_assertion_goes_as_the_policy_says_and_is_believed(
    name: str, people: dict[str, KeyPair], tmp_path: Path
) -> None:
    policy, confirmation = CONVERSATIONS[name]
    known = loaded(policy, tmp_path)
    version = "1.1" if "WssSamlV11" in policy else "2.0"
    holder = people["alice"] if confirmation == "holder-of-key" else None
    ours, theirs = both(people, version=version, confirmation=confirmation, holder=holder)
    client = Security.from_contract(known, keys=ours)
    service = Security.from_contract(known, keys=theirs, side="server")
    sent = client.apply(sample(known))
    received = service.verify(Envelope.read(parse_message(sent.to_bytes())))
    assert received.assertion is not None
    assert (received.assertion.subject, received.assertion.confirmation) == ("alice", confirmation)
    assert ("signed" in name) <= ("transport" in name or received.is_signed(received.assertion.element))
    assert ("encrypted" in name and name != "asymmetric, encrypted first") <= (b"alice" not in sent.to_bytes())
    answer = service.apply(sample(known, "reply"), request=received)
    client.verify(Envelope.read(parse_message(answer.to_bytes())))
    with pytest.raises(SecurityError):  # no assertion
        service.verify(Security.from_contract(loaded(asymmetric(), tmp_path), keys=ours).apply(sample(known)))


def test_an_assertion_that_must_sign_is_not_believed_for_being_carried(
    people: dict[str, KeyPair], tmp_path: Path
) -> None:
    ours, theirs = both(people)
    carried = Security.from_contract(loaded(transport() + saml("SupportingTokens"), tmp_path), keys=ours)
    known = loaded(transport() + saml("EndorsingSupportingTokens"), tmp_path)
    service = Security.from_contract(known, keys=theirs, side="server")
    with pytest.raises(SecurityError):
        service.verify(carried.apply(sample(known)))


def test_an_assertion_of_another_version_than_the_policy_asks_for_is_refused(
    people: dict[str, KeyPair], tmp_path: Path
) -> None:
    known = loaded(transport() + saml("SupportingTokens", "WssSamlV11Token10"), tmp_path)
    ours, theirs = both(people, version="2.0")
    service = Security.from_contract(known, keys=theirs, side="server")
    with pytest.raises(SecurityError, match=r"an assertion of SAML 1\.1 is demanded, this one is of 2\.0"):
        service.verify(Security.from_contract(known, keys=ours).apply(sample(known)))
    made = SamlToken(SamlAssertion(issuer=STS, subject="alice"), key=people["sts"])
    with pytest.raises(SecurityError, match=r"a SAML assertion SAML 1\.1.*Keys\(assertion=...\) is of 2\.0"):
        Security.from_contract(known, keys=replace(ours, assertion=made))


@pytest.mark.parametrize(
    ("policy", "side", "said"),
    [
        (transport() + saml("SupportingTokens"), "client", "Keys(assertion=...)"),
        (transport() + saml("SupportingTokens"), "server", "Keys(saml=...)"),
        (asymmetric(initiator=saml()), "client", "Keys(assertion=...)"),
        (symmetric(protection=saml()), "client", "Keys(sts=...)"),
        (symmetric(protection=saml()), "server", "Keys(saml=...)"),
        (asymmetric(recipient=saml()), "client", "SamlToken is done for the initiator, for protection and beside"),
    ],
)
def test_what_an_assertion_misses_is_told_with_its_place(
    policy: str, side: Any, said: str, people: dict[str, KeyPair], tmp_path: Path
) -> None:
    with pytest.raises(SecurityError) as caught:
        Security.from_contract(loaded(policy, tmp_path), keys=Keys(people["alice"], peer=people["bank"]), side=side)
    assert said in str(caught.value)
    assert all("double.wsdl:" in line for line in str(caught.value).splitlines())


def test_the_saml_contracts_of_cxf_are_kept_by_both_sides_or_give_a_named_reason(
    vectors: Path, people: dict[str, KeyPair], tmp_path: Path
) -> None:
    kept, reasons = 0, []
    for known in cxf_contracts(vectors, tmp_path):
        for service in known.services:
            for port in service.ports:
                told = [converse(known, port.name, people, **said) for said in SAID]
                kept += "" in told
                reasons += told[:1] if "" not in told else []
    assert kept >= 30
    expected = (
        "it has no policy",
        "give Keys(sts=...)",  # an IssuedToken
        "there is no Assertion in the message to sign",
    )
    assert [told for told in reasons if not any(each in told for each in expected)] == []
    assert len(reasons) <= 5


SAID: list[dict[str, Any]] = [
    {"version": version, "confirmation": confirmation}
    for version in ("2.0", "1.1")
    for confirmation in ("holder-of-key", "bearer", "sender-vouches")
]


def cxf_contracts(vectors: Path, folder: Path) -> Iterator[Contract]:
    """Those that ask for assertions, their imports made to find their file."""
    for path in sorted((vectors / "cxf-systests").rglob("*Saml*.wsdl")):
        if "fips" in path.name:
            continue
        home = next(parent for parent in path.parents if (parent / "DoubleItLogical.wsdl").exists())
        text = path.read_text().replace("src/test/resources/DoubleItLogical.wsdl", f"{home}/DoubleItLogical.wsdl")
        (folder / path.name).write_text(text)
        yield load_contract(folder / path.name)


def converse(known: Contract, port: str, people: dict[str, KeyPair], **said: Any) -> str:
    """Why a request and its answer do not pass; empty when they do."""
    holder = people["alice"] if said["confirmation"] == "holder-of-key" else None
    ours, theirs = both(people, holder=holder, **said)
    try:
        client = Security.from_contract(known, port=port, keys=replace(ours, username="alice", password="secret"))
        keys = replace(theirs, passwords={"alice": "secret"})
        service = Security.from_contract(known, port=port, keys=keys, side="server")
        sent = client.apply(sample(known, operation=""))
        caller = Sender(certificate=people["alice"].certificate)
        received = service.verify(Envelope.read(parse_message(sent.to_bytes())), sender=caller)
        client.verify(service.apply(sample(known, "reply", operation=""), request=received))
    except SecurityError as error:
        return str(error)
    assert received.assertion is not None
    return ""


def with_secret(people: dict[str, KeyPair], version: str) -> SamlToken:
    """An assertion whose key is a secret, encrypted to the bank, as a token service issues it."""
    secret = bytes(range(32))
    named: dict[str, Any] = {"issuer": STS, "subject": "alice", "audience": [BANK], "version": version}
    said = SamlAssertion(**named, confirmation="holder-of-key", holder=people["alice"])
    element = etree.fromstring(issue_assertion(said, people["sts"]))
    element.remove(next(element.iter("{*}Signature")))
    bank = people["bank"].certificate
    key, _ = encrypted_key(SharedKey(to=bank), bank, secret, "EK", CryptographyProvider())
    info = next(element.iter("{*}KeyInfo"))
    info[:] = [key]
    identifier = element.get("ID") or element.get("AssertionID")
    after = f"{{{SAML20}}}Issuer" if version == "2.0" else ""
    signed = xmldsig.sign(element, people["sts"], references=[f"#{identifier}"], after=after)
    return SamlToken(IssuedToken(signed, secret))


@pytest.mark.parametrize("derived", [False, True])
@pytest.mark.parametrize("version", ["2.0", "1.1"])
def test_an_assertion_with_a_secret_protects_the_messages_of_both(
    version: str, derived: bool, people: dict[str, KeyPair], tmp_path: Path
) -> None:
    kind = "WssSamlV20Token11" if version == "2.0" else "WssSamlV11Token11"
    options = "<sp:RequireDerivedKeys/>" if derived else ""
    token = nested("SamlToken", f"{options}<sp:{kind}/>", include="AlwaysToRecipient")
    known = loaded(symmetric(protection=token), tmp_path)
    ours, theirs = both(people)
    client = Security.from_contract(known, keys=replace(ours, assertion=with_secret(people, version)))
    service = Security.from_contract(known, keys=theirs, side="server")
    sent = client.apply(sample(known))
    received = service.verify(Envelope.read(parse_message(sent.to_bytes())))
    assert received.assertion is not None
    assert (received.assertion.subject, received.assertion.confirmation) == ("alice", "holder-of-key")
    assert {"Body", "Timestamp"} <= {each.name for each in received.signed}
    answer = service.apply(sample(known, "reply"), request=received)
    named = received.assertion.element.get("ID") or received.assertion.element.get("AssertionID") or ""
    assert named.encode() in answer.to_bytes()  # by which a client knows the key, as one by CXF does alone
    client.verify(Envelope.read(parse_message(answer.to_bytes())))
    with pytest.raises(SecurityError):  # what was for the client comes back to the service
        service.verify(Envelope.read(parse_message(answer.to_bytes())))
    anybody = loaded(symmetric(), tmp_path)  # who makes up a key for the bank is nobody's subject
    with pytest.raises(SecurityError, match="the message is not signed"):
        service.verify(Security.from_contract(anybody, keys=ours).apply(sample(known)))


def test_an_assertion_without_a_secret_protects_nothing(people: dict[str, KeyPair], tmp_path: Path) -> None:
    known = loaded(symmetric(protection=saml()), tmp_path)
    with pytest.raises(SecurityError, match=r"gives Keys\(assertion=\.\.\.\) no secret"):
        Security.from_contract(known, keys=both(people)[0])


def test_a_service_believes_an_issued_token_that_protects_the_messages(
    people: dict[str, KeyPair], tmp_path: Path
) -> None:
    ours, theirs = both(people)
    client = Security.from_contract(
        loaded(symmetric(protection=saml()), tmp_path), keys=replace(ours, assertion=with_secret(people, "2.0"))
    )
    known = loaded(symmetric(protection=issued("SymmetricKey")), tmp_path)
    service = Security.from_contract(known, keys=theirs, side="server")
    received = service.verify(client.apply(sample(known)))
    assert received.assertion is not None
    assert received.assertion.confirmation == "holder-of-key"
    client.verify(service.apply(sample(known, "reply"), request=received))
