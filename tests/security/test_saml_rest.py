"""SAML assertions in rarer shapes: in a reference, with encrypted names, proved by the connection."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import Any

import pytest
from lxml import etree

import soapkit
from soapkit import xmldsig
from soapkit.errors import SecurityError, UsageError
from soapkit.security import (
    Encrypt,
    KeyPair,
    Require,
    SamlAssertion,
    SamlRequirement,
    SamlToken,
    Security,
    Sign,
    Timestamp,
    TrustStore,
    issue_assertion,
)
from soapkit.security.crypto.certificates import der_of
from soapkit.security.markup import EMBEDDED, TOKEN_REFERENCE
from soapkit.security.sender import Sender
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1
from soapkit.transport.urllib3 import Urllib3Transport
from soapkit.transport.values import Headers, Request
from soapkit.xml.names import SAML20, WSSE
from soapkit.xml.parse import parse_message
from tests.parties import BANK, STS, make_sts

ASSERTION = f"{{{SAML20}}}Assertion"


@pytest.fixture(scope="module")
def sts() -> KeyPair:
    return make_sts()


def reissued(sts: KeyPair, now: datetime, change: Any, **said: Any) -> bytes:
    """An assertion that was changed before its issuer signed it."""
    given = {"issuer": STS, "subject": "alice", "audience": [BANK]} | said
    root = etree.fromstring(issue_assertion(SamlAssertion(**given), sts, now=now))
    root.remove(root.find("{*}Signature"))
    change(root)
    return xmldsig.sign(etree.tostring(root), sts, references=[f"#{root.get('ID')}"], after=f"{{{SAML20}}}Issuer")


def carried(assertion: bytes, now: datetime, *steps: Any) -> Envelope:
    plain = Draft(SOAP_1_1, '<b:pay xmlns:b="urn:bank"/>').to_envelope()
    return Security(outbound=[SamlToken(assertion), *steps]).apply(plain, now=now)


def received(envelope: Envelope, now: datetime, sts: KeyPair, *, sender: Any = None, **more: Any) -> Any:
    saml = {"trust": TrustStore.of(sts), "audience": [BANK]} | more.pop("saml", {})
    require = Require(saml=SamlRequirement(**saml), replay=None, **more)
    return (
        Security(inbound=require)
        .verify(Envelope.read(parse_message(envelope.to_bytes())), now=now, sender=sender)
        .assertion
    )


# --- in a reference -----------------------------------------------------------------------------------------------


def embedded(envelope: Envelope, move: Any = lambda header, reference: None) -> Envelope:
    """The assertion of the header, moved into the reference that the signature names its key by."""
    root = etree.fromstring(envelope.to_bytes())
    assertion = root.find(".//{*}Security/{*}Assertion")
    reference = root.find(".//{*}Signature/{*}KeyInfo/{*}SecurityTokenReference")
    for entry in list(reference):
        reference.remove(entry)
    move(assertion.getparent(), reference)
    etree.SubElement(reference, EMBEDDED).append(assertion)
    return Envelope.read(parse_message(etree.tostring(root)))


def held(keys: Any, sts: KeyPair, now: datetime) -> Envelope:
    said = SamlAssertion(STS, "alice", confirmation="holder-of-key", holder=keys.alice, audience=[BANK])
    steps = [Timestamp(), Sign(keys.alice, parts=["Body", "Timestamp"], key_reference="assertion")]
    return carried(issue_assertion(said, sts, now=now), now, *steps)


def test_the_key_of_a_signature_is_that_of_an_assertion_in_its_reference(keys, sts, now):
    found = received(embedded(held(keys, sts, now)), now, sts, signed=["Body", "Timestamp"])
    assert (found.subject, found.confirmation) == ("alice", "holder-of-key")


def test_a_bearer_assertion_in_a_reference_of_the_header_is_read(sts, now):
    root = etree.fromstring(carried(reissued(sts, now, lambda _: None), now).to_bytes())
    assertion = root.find(".//{*}Assertion")
    header = assertion.getparent()
    etree.SubElement(etree.SubElement(header, TOKEN_REFERENCE), EMBEDDED).append(assertion)
    assert received(Envelope.read(parse_message(etree.tostring(root))), now, sts).subject == "alice"


def test_an_embedded_assertion_beside_a_forged_one_is_refused(keys, sts, now):
    def forge(header: Any, _reference: Any) -> None:
        other = etree.fromstring(etree.tostring(header.find("{*}Assertion")))
        other.find(".//{*}NameID").text = "mallory"
        other.set("ID", "_other")
        header.append(other)

    with pytest.raises(SecurityError):
        received(embedded(held(keys, sts, now), forge), now, sts, signed=["Body"])


def test_an_assertion_in_a_reference_elsewhere_names_no_key(keys, sts, now):
    root = etree.fromstring(embedded(held(keys, sts, now)).to_bytes())
    reference = root.find(".//{*}KeyInfo/{*}SecurityTokenReference")
    block = etree.SubElement(root.find("{*}Header"), "{urn:x}Other")
    identifier = reference.find(".//{*}Assertion").get("ID")
    block.append(reference[0])
    etree.SubElement(reference, f"{{{WSSE}}}Reference", URI=f"#{identifier}")
    with pytest.raises(SecurityError, match="stands in the security header"):
        received(Envelope.read(parse_message(etree.tostring(root))), now, sts, signed=["Body"])


def test_an_assertion_that_is_to_be_fetched_is_refused_by_name(keys, sts, now):
    root = etree.fromstring(held(keys, sts, now).to_bytes())
    reference = root.find(".//{*}KeyInfo/{*}SecurityTokenReference")
    where = {"AuthorityKind": "samlp:AssertionIdReference", "Location": "http://sts.example/", "Binding": "urn:x"}
    etree.SubElement(reference, "{urn:oasis:names:tc:SAML:1.0:assertion}AuthorityBinding", where)
    with pytest.raises(SecurityError, match="AuthorityBinding is to be fetched"):
        received(Envelope.read(parse_message(etree.tostring(root))), now, sts, signed=["Body"])


# --- encrypted inside ---------------------------------------------------------------------------------------------


def hidden(name: str, plain: bytes, to: KeyPair) -> Any:
    """An EncryptedID or EncryptedAttribute."""
    envelope = Draft(SOAP_1_1, plain.decode()).to_envelope()
    secured = Security(outbound=[Encrypt(to=to, parts=["Body"], data_reference="retrieval")]).apply(envelope)
    key, data = (next(secured.root.iter(f"{{*}}{local}")) for local in ("EncryptedKey", "EncryptedData"))
    for references in key.findall("{*}ReferenceList"):
        key.remove(references)
    data.set("Type", "http://www.w3.org/2001/04/xmlenc#Element")
    holder = etree.Element(f"{{{SAML20}}}{name}")
    holder.extend([data, key])
    return holder


def test_a_name_and_attributes_that_are_encrypted_to_us_are_read(keys, sts, now):
    def hide(root: Any) -> None:
        name = root.find(".//{*}NameID")
        name.getparent().replace(name, hidden("EncryptedID", etree.tostring(name), keys.bob))
        attribute = root.find(".//{*}Attribute")
        attribute.getparent().replace(attribute, hidden("EncryptedAttribute", etree.tostring(attribute), keys.bob))

    message = carried(reissued(sts, now, hide, attributes={"role": "clerk"}), now)
    assert b"alice" not in message.to_bytes()
    found = received(message, now, sts, key=keys.bob)
    assert (found.subject, found.attributes) == ("alice", {"role": ("clerk",)})
    assert found.element.find(".//{*}EncryptedID") is not None  # what is handed on is what was signed
    with pytest.raises(SecurityError, match="does not name its subject"):
        received(message, now, sts)
    with pytest.raises(SecurityError):
        received(message, now, sts, key=keys.mallory)


def test_a_name_that_is_encrypted_to_several_is_read_by_each_with_his_own_key(keys, sts, now):
    def hide(root: Any) -> None:
        name = root.find(".//{*}NameID")
        holder = hidden("EncryptedID", etree.tostring(name), keys.bob)
        holder.insert(1, hidden("EncryptedID", b"<x/>", keys.mallory)[1])  # the key for somebody else
        name.getparent().replace(name, holder)

    assert received(carried(reissued(sts, now, hide), now), now, sts, key=keys.bob).subject == "alice"


@pytest.mark.parametrize("inside", [b"<x/>", b'<NameIDs xmlns="urn:oasis:names:tc:SAML:2.0:assertion">eve</NameIDs>'])
def test_what_is_encrypted_for_a_name_must_be_one(inside, keys, sts, now):
    def hide(root: Any) -> None:
        name = root.find(".//{*}NameID")
        name.getparent().replace(name, hidden("EncryptedID", inside, keys.bob))

    with pytest.raises(SecurityError, match="does not name its subject"):
        received(carried(reissued(sts, now, hide), now), now, sts, key=keys.bob)


# --- what more is told --------------------------------------------------------------------------------------------


def test_session_decisions_and_the_request_are_told(sts, now):
    def say(root: Any) -> None:
        root.find("{*}AuthnStatement").set("SessionIndex", "s-1")
        root.find(".//{*}SubjectConfirmationData").set("InResponseTo", "_request")
        for decision in ("Permit", "Deny"):
            said = {"Resource": "urn:vault", "Decision": decision}
            statement = etree.SubElement(root, f"{{{SAML20}}}AuthzDecisionStatement", said)
            etree.SubElement(statement, f"{{{SAML20}}}Action", Namespace="urn:x").text = "open"

    found = received(carried(reissued(sts, now, say, authentication="urn:x"), now), now, sts)
    assert (found.session, found.in_response_to) == ("s-1", "_request")
    assert [(each.resource, each.decision, each.actions) for each in found.decisions] == [
        ("urn:vault", "Permit", ("open",)),
        ("urn:vault", "Deny", ("open",)),
    ]


def test_every_audience_restriction_must_name_us(sts, now):
    def restrict(*audiences: str) -> Any:
        def change(root: Any) -> None:
            more = etree.SubElement(root.find("{*}Conditions"), f"{{{SAML20}}}AudienceRestriction")
            for each in audiences:
                etree.SubElement(more, f"{{{SAML20}}}Audience").text = each

        return change

    assert received(carried(reissued(sts, now, restrict("urn:other", BANK)), now), now, sts)
    with pytest.raises(SecurityError, match="for urn:other, not for us"):
        received(carried(reissued(sts, now, restrict("urn:other")), now), now, sts)


def test_a_proxy_restriction_is_understood(sts, now):
    def restrict(root: Any) -> None:
        etree.SubElement(root.find("{*}Conditions"), f"{{{SAML20}}}ProxyRestriction", Count="0")

    assert received(carried(reissued(sts, now, restrict), now), now, sts)


# --- by the connection --------------------------------------------------------------------------------------------


def test_the_address_that_an_assertion_says_is_the_callers_where_that_is_demanded(sts, now):
    def bind(root: Any) -> None:
        root.find(".//{*}SubjectConfirmationData").set("Address", "2001:db8:0::1")

    message = carried(reissued(sts, now, bind), now)
    assert received(message, now, sts).address == "2001:db8:0::1"
    demand = {"check_address": True}
    assert received(message, now, sts, saml=demand, sender=Sender("2001:db8::1"))
    for sender in (None, Sender(), Sender("2001:db8::2"), Sender("alice.example")):
        with pytest.raises(SecurityError, match="is to be shown from"):
            received(message, now, sts, saml=demand, sender=sender)
    unbound = carried(reissued(sts, now, lambda _: None), now)
    assert received(unbound, now, sts, saml=demand)


def test_the_key_of_the_subject_is_proved_by_the_connection_where_that_is_allowed(keys, sts, now):
    said = SamlAssertion(STS, "alice", confirmation="holder-of-key", holder=keys.alice, audience=[BANK])
    message = carried(issue_assertion(said, sts, now=now), now)
    shown = Sender("127.0.0.1", keys.alice.certificate)
    found = received(message, now, sts, saml={"by_tls": True}, sender=shown)
    assert (found.subject, found.confirmation) == ("alice", "holder-of-key")
    for settings, sender in (({}, shown), ({"by_tls": True}, None), ({"by_tls": True}, Sender())):
        with pytest.raises(SecurityError, match="not signed with the key that it names"):
            received(message, now, sts, saml=settings, sender=sender)
    with pytest.raises(SecurityError, match="not signed with the key that it names"):
        received(message, now, sts, saml={"by_tls": True}, sender=Sender("", keys.mallory.certificate))
    with pytest.raises(UsageError, match="by_tls= is a way"):
        SamlRequirement(TrustStore.of(sts), confirmation=["bearer"], by_tls=True)


def test_a_service_tells_its_security_who_calls(sts, serve):
    """The certificate of TLS, as the server hands it on."""
    now = datetime.now(UTC)
    fresh_sts, alice = (make_keypair(name, make_authority()) for name in ("sts", "alice"))

    @soapkit.service("urn:example:who")
    class Who:
        @soapkit.operation
        def who(self, call: soapkit.Call) -> str:
            assert call.security is not None
            assert call.security.assertion is not None
            return call.security.assertion.subject

    saml = SamlRequirement(TrustStore.of(fresh_sts), audience=[BANK], by_tls=True, confirmation=["holder-of-key"])
    application = soapkit.asgi(Who(), security=Security(inbound=Require(saml=saml)))

    def shown(certificate: Any) -> Any:
        pem = [ssl.DER_cert_to_PEM_cert(der_of(certificate))] if certificate is not None else []

        async def around(scope: Any, receive: Any, send: Any) -> None:
            await application({**scope, "extensions": {"tls": {"client_cert_chain": pem}}}, receive, send)

        return around

    said = SamlAssertion(STS, "alice", confirmation="holder-of-key", holder=alice, audience=[BANK])
    body = '<w:who xmlns:w="urn:example:who"/>'
    for certificate, answer in (
        (alice.certificate, b">alice<"),
        (sts.certificate, b"security requirements"),
        (None, b"security requirements"),
    ):
        token = SamlToken(issue_assertion(said, fresh_sts, now=now))
        message = Security(outbound=[token]).apply(Draft(SOAP_1_1, body).to_envelope())
        request = Request(
            serve(shown(certificate)), message.to_bytes(), Headers({"Content-Type": "text/xml", "SOAPAction": '""'})
        )
        assert answer in Urllib3Transport().send(request).body
