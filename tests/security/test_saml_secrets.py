"""SAML assertions whose subject's key is a secret, as token services issue them: messages and answers under it."""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import sha1

import pytest
from lxml import etree

from soapkit import xmldsig
from soapkit.errors import SecurityError
from soapkit.security import (
    REQUEST,
    SHARED,
    Encrypt,
    Require,
    SamlAssertion,
    SamlRequirement,
    SamlToken,
    Security,
    SharedKey,
    Sign,
    Timestamp,
    TrustStore,
    issue_assertion,
)
from soapkit.security.crypto.with_cryptography import CryptographyProvider
from soapkit.security.encrypt import encrypted_key
from soapkit.security.ids import Came, IdIndex, id_of
from soapkit.security.issued import IssuedToken
from soapkit.security.markup import ENCRYPTED_DATA
from soapkit.soap.envelope import Envelope
from soapkit.xml.names import DS, SAML20, WSSE
from soapkit.xml.parse import parse_message
from tests.parties import BANK, NOW, make_sts, sealed

SECRET = bytes(range(32))
SECURITY = f"{{{WSSE}}}Security"


@pytest.fixture(scope="module")
def sts():
    return make_sts()


@pytest.fixture(params=["2.0", "1.1"])
def version(request):
    return request.param


def issued(keys, sts, version="2.0", attached=None):
    """What a token service does: the secret, encrypted to the bank, in the assertion, and by itself to the client."""
    said = SamlAssertion(
        issuer="https://sts.example",
        subject="alice",
        version=version,
        audience=[BANK],
        confirmation="holder-of-key",
        holder=keys.alice,
    )
    element = etree.fromstring(issue_assertion(said, sts, now=NOW))
    element.remove(element.find(f"{{{DS}}}Signature"))
    key, _ = encrypted_key(SharedKey(to=keys.bob), keys.bob.certificate, SECRET, "EK", CryptographyProvider())
    info = next(element.iter(f"{{{DS}}}KeyInfo"))
    info[:] = [key]
    identifier = element.get("ID") or element.get("AssertionID")
    after = f"{{{SAML20}}}Issuer" if version == "2.0" else ""
    return IssuedToken(
        xmldsig.sign(element, sts, references=[f"#{identifier}"], after=after), SECRET, attached=attached
    )


def service(keys, sts, *steps, **more):
    saml = SamlRequirement(trust=TrustStore.of(sts), audience=[BANK])
    wanted = {"signed": ["Body", "Timestamp"], "saml": saml, "key": keys.bob} | more
    return Security(outbound=list(steps), inbound=Require(**wanted))


def over_the_wire(envelope):
    return Envelope.read(parse_message(envelope.to_bytes()))


@pytest.mark.parametrize("derived", ["", "2005/12", "2005/02"])
def test_a_conversation_under_the_secret_of_an_assertion(derived, version, plain, keys, sts, now):
    token = SharedKey(to=issued(keys, sts, version), derived=derived)
    client = Security(
        outbound=[Timestamp(), token, Sign(SHARED), Encrypt(to=SHARED)],
        inbound=Require(signed=["Body", "Timestamp"], encrypted=["Body"], shared_key=True),
    )
    answering = [Timestamp(), SharedKey(to=REQUEST, derived=derived), Sign(SHARED), Encrypt(to=SHARED)]
    bank = service(keys, sts, *answering, encrypted=["Body"])
    sent = client.apply(plain, now=now)
    assert b">DE1<" not in sent.to_bytes()
    received = bank.verify(over_the_wire(sent), now=now)
    assert (received.assertion.subject, received.assertion.confirmation) == ("alice", "holder-of-key")
    assert {entry.name for entry in received.signed} == {"Body", "Timestamp"}
    assert received.envelope.content[0][0].text == "DE1"
    assert received.signer is None
    answer = bank.apply(plain, now=now, request=received)
    assert client.verify(over_the_wire(answer), now=now).envelope.content[0][0].text == "DE1"


def test_an_answer_names_the_secret_by_the_assertion_of_the_request(plain, keys, sts, now):
    """As CXF and WCF do: a reference to an assertion that is not in the answer. By the SHA-1 of its key will do too."""
    client = Security(
        outbound=[Timestamp(), SharedKey(to=issued(keys, sts)), Sign(SHARED)],
        inbound=Require(signed=["Body"], shared_key=True, replay=None),
    )
    sent = client.apply(plain, now=now)
    assertion = next(sent.root.iter(f"{{{SAML20}}}Assertion"))
    bank = service(keys, sts, Timestamp(), SharedKey(to=REQUEST), Sign(SHARED))
    answer = bank.apply(plain, now=now, request=bank.verify(over_the_wire(sent), now=now))
    named = next(answer.root.iter(f"{{{WSSE}}}KeyIdentifier"))
    assert named.text == assertion.get("ID")
    assert client.verify(over_the_wire(answer), now=now).signed
    named.text = "_another"
    with pytest.raises(SecurityError, match="we sent none with a key"):
        client.verify(over_the_wire(answer), now=now)
    octets = next(next(assertion.iter("{*}EncryptedKey")).iter("{*}CipherValue")).text
    named.text = b64encode(sha1(b64decode(octets)).digest()).decode()
    named.set("ValueType", "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#EncryptedKeySHA1")
    assert client.verify(over_the_wire(answer), now=now).signed


def test_an_answer_sent_back_to_the_service_is_not_a_request(plain, keys, sts, now):
    """Both sides sign under the same key: what the service said itself is not the subject's word."""
    client = Security(outbound=[Timestamp(), SharedKey(to=issued(keys, sts)), Sign(SHARED)])
    bank = service(keys, sts, Timestamp(), SharedKey(to=REQUEST), Sign(SHARED), replay=None)
    request = over_the_wire(client.apply(plain, now=now))
    answer = bank.apply(plain, now=now, request=bank.verify(request, now=now))
    reflected = etree.fromstring(answer.to_bytes())
    header, asked = next(reflected.iter(SECURITY)), next(request.root.iter(SECURITY))
    header.insert(0, next(asked.iter(f"{{{SAML20}}}Assertion")))
    signature = header.find(f"{{{DS}}}Signature")
    theirs = client.apply(plain, now=now)
    info = next(next(theirs.root.iter(SECURITY)).iterchildren(f"{{{DS}}}Signature")).find(f"{{{DS}}}KeyInfo")
    next(info.iter(f"{{{WSSE}}}KeyIdentifier")).text = header[0].get("ID")
    signature.replace(signature.find(f"{{{DS}}}KeyInfo"), info)
    with pytest.raises(SecurityError, match="our own, sent back to us"):
        bank.verify(Envelope.read(parse_message(etree.tostring(reflected))), now=now)


def test_who_has_not_the_secret_is_not_the_subject(plain, keys, sts, now):
    stolen = issued(keys, sts)
    forged = IssuedToken(stolen.element, bytes(32))
    message = Security(outbound=[Timestamp(), SharedKey(to=forged), Sign(SHARED)]).apply(plain, now=now)
    with pytest.raises(SecurityError, match="not that of the subject of the assertion"):
        service(keys, sts).verify(over_the_wire(message), now=now)


def test_a_mac_under_the_secret_needs_the_assertion_that_names_it(plain, keys, sts, now):
    """The encrypted key, taken out of the assertion, brings a key and says nothing of who sends."""
    stolen = issued(keys, sts)
    message = Security(outbound=[Timestamp(), SharedKey(to=stolen), Sign(SHARED)]).apply(plain, now=now)
    header = next(message.root.iter(SECURITY))
    assertion = header.find(f"{{{SAML20}}}Assertion")
    header.replace(assertion, next(assertion.iter("{*}EncryptedKey")))
    with pytest.raises(SecurityError):
        service(keys, sts).verify(over_the_wire(message), now=now)


def test_a_token_goes_by_the_reference_that_its_issuer_gave(plain, keys, sts, now):
    ready = issued(keys, sts)
    attached = etree.fromstring(
        f'<o:SecurityTokenReference xmlns:o="{WSSE}"><o:Reference URI="#{ready.element.get("ID")}"/>'
        "</o:SecurityTokenReference>"
    )
    token = SharedKey(to=issued(keys, sts, attached=attached))
    with pytest.raises(SecurityError, match="no element carries the id"):
        sent = Security(outbound=[Timestamp(), token, Sign(SHARED)]).apply(plain, now=now)
        service(keys, sts).verify(over_the_wire(sent), now=now)
    right = IssuedToken(ready.element, SECRET, attached=attached)
    sent = Security(outbound=[Timestamp(), SharedKey(to=right), Sign(SHARED)]).apply(plain, now=now)
    assert next(sent.root.iter(f"{{{WSSE}}}Reference")).get("URI") == f"#{ready.element.get('ID')}"
    assert service(keys, sts).verify(over_the_wire(sent), now=now).assertion.subject == "alice"


# --- encrypted by its issuer --------------------------------------------------------------------------------------


def encrypted_by_issuer(keys, sts, **more):
    """An assertion that its issuer encrypted to the bank."""
    said = SamlAssertion(issuer="https://sts.example", subject="alice", audience=[BANK], **more)
    return sealed(issue_assertion(said, sts, now=NOW), keys.bob)


@pytest.mark.parametrize("wrapped", [True, False])
def test_an_assertion_that_its_issuer_encrypted_to_us_is_read(wrapped, plain, keys, sts, now):
    around = encrypted_by_issuer(keys, sts)
    token = IssuedToken(around if wrapped else around[0])
    sent = Security(outbound=[Timestamp(), SamlToken(token), Sign(keys.alice)]).apply(plain, now=now)
    assert b">alice<" not in sent.to_bytes()
    result = service(keys, sts, trust=keys.trust).verify(over_the_wire(sent), now=now)
    assert result.assertion.subject == "alice"
    assert result.assertion.element.getparent().tag == SECURITY
    assert "Assertion" in [entry.name for entry in result.encrypted]


OURS = ["Body", "Timestamp", "Assertion"]


def signed_by_holder(keys, sts, plain, now, *more):
    """As the profiles of OIO IDWS have it: who signs cannot read the assertion, and names it by what it came as."""
    holder = {"confirmation": "holder-of-key", "holder": keys.alice}
    token = IssuedToken(encrypted_by_issuer(keys, sts, **holder))
    steps = [Timestamp(), SamlToken(token), Sign(keys.alice, parts=OURS, key_reference="assertion"), *more]
    return Security(outbound=steps).apply(plain, now=now)


def test_what_an_assertion_came_as_is_signed_by_its_holder_and_names_his_key(plain, keys, sts, now):
    sent = signed_by_holder(keys, sts, plain, now)
    named = {each.text for each in sent.root.iter(f"{{{WSSE}}}KeyIdentifier") if "SAMLID" in each.get("ValueType")}
    assert named == {id_of(next(sent.root.iter(ENCRYPTED_DATA)))}
    result = service(keys, sts, signed=OURS).verify(over_the_wire(sent), now=now)
    assert (result.assertion.subject, result.assertion.confirmation) == ("alice", "holder-of-key")
    assert result.is_signed(result.assertion.element)


def test_an_encrypted_assertion_in_the_place_of_the_one_that_was_signed_is_refused(plain, keys, sts, now):
    sent, other = (signed_by_holder(keys, sts, plain, now) for _ in range(2))
    ours, theirs = (next(each.root.iter(f"{{{SAML20}}}EncryptedAssertion")) for each in (sent, other))
    theirs.find(ENCRYPTED_DATA).set("Id", ours.find(ENCRYPTED_DATA).get("Id"))
    ours.getparent().replace(ours, theirs)
    with pytest.raises(SecurityError, match="was altered after it was signed"):
        service(keys, sts, signed=OURS).verify(over_the_wire(sent), now=now)


@pytest.mark.parametrize("where", ["Body", "Security"])
def test_an_id_that_another_element_has_too_names_no_encrypted_assertion(where, plain, keys, sts, now):
    sent = signed_by_holder(keys, sts, plain, now)
    name = id_of(next(sent.root.iter(ENCRYPTED_DATA)))
    etree.SubElement(next(sent.root.iter(f"{{*}}{where}")), "{urn:x}y", {"ID": name})
    with pytest.raises(SecurityError, match=f"several elements carry the id '{name}'"):
        service(keys, sts, signed=OURS).verify(over_the_wire(sent), now=now)


def test_an_id_that_two_encrypted_assertions_had_names_neither(plain, keys, sts, now):
    sent = signed_by_holder(keys, sts, plain, now)
    ours = next(sent.root.iter(f"{{{SAML20}}}EncryptedAssertion"))
    theirs = encrypted_by_issuer(keys, sts)
    theirs.find(ENCRYPTED_DATA).set("Id", id_of(ours.find(ENCRYPTED_DATA)))
    ours.addprevious(theirs)
    with pytest.raises(SecurityError, match="a second SAML assertion"):
        service(keys, sts, signed=OURS).verify(over_the_wire(sent), now=now)
    index = IdIndex(ours, came=[("one", Came(ours, ours)), ("one", Came(theirs, theirs))])
    with pytest.raises(SecurityError, match="several elements carry the id 'one'"):
        index.find("#one", by=ours)


def test_an_assertion_that_was_not_decrypted_names_no_key(plain, keys, sts, now):
    sent = signed_by_holder(keys, sts, plain, now)
    stranger = Security(inbound=Require(signed=["Body"], trust=keys.trust))
    with pytest.raises(SecurityError, match="which was not decrypted"):
        stranger.verify(over_the_wire(sent), now=now)
