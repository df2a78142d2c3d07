"""SAML assertions in a message: carried, signed, confirmed in three ways; and what of them is believed."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta

import pytest
from lxml import etree

import soapkit
from soapkit import xmldsig
from soapkit.errors import SecurityError, UsageError
from soapkit.security import (
    Encrypt,
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
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.soap.envelope import Envelope
from soapkit.testing import loopback
from soapkit.xml.c14n import canonicalise
from soapkit.xml.parse import parse_message
from tests.parties import BANK, STS, make_sts


@pytest.fixture(scope="module")
def sts():
    return make_sts()


@pytest.fixture(params=["2.0", "1.1"])
def version(request):
    return request.param


def alice(version="2.0", **more):
    given = {"issuer": STS, "subject": "alice", "audience": [BANK], "version": version} | more
    return SamlAssertion(**given)


def sent(plain, *steps, now):
    return Security(outbound=list(steps)).apply(plain, now=now)


def received(envelope, now, sts, *, trust=None, key=(), signed=(), replay=None, **saml):
    wanted = {"trust": TrustStore.of(sts), "audience": [BANK]} | saml
    require = Require(saml=SamlRequirement(**wanted), trust=trust, key=key, signed=signed, replay=replay)
    return Security(inbound=require).verify(Envelope.read(parse_message(envelope.to_bytes())), now=now)


# --- bearer -------------------------------------------------------------------------------------------------------


def test_an_assertion_that_its_issuer_signed_tells_who_sends(version, plain, sts, now):
    said = alice(
        version,
        subject_format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
        attributes={"urn:bank/role": ["clerk", "auditor"], "urn:bank/branch": "Bonn"},
        authentication="urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
        authenticated=now - timedelta(minutes=5),
    )
    result = received(sent(plain, SamlToken(issue_assertion(said, sts, now=now)), now=now), now, sts)
    found = result.assertion
    assert (found.version, found.issuer, found.subject) == (version, STS, "alice")
    assert found.subject_format == said.subject_format
    assert found.attributes == {"urn:bank/role": ("clerk", "auditor"), "urn:bank/branch": ("Bonn",)}
    assert (found.confirmation, found.verified, found.signer_name) == ("bearer", True, "CN=sts")
    assert (found.issued, found.not_before, found.not_on_or_after) == (now, now, now + timedelta(seconds=300))
    assert found.audience == (BANK,)
    assert (found.authenticated, found.authentication) == (now - timedelta(minutes=5), said.authentication)
    assert found.element.getroottree().getroot() is result.envelope.root
    assert result.signer is None


@pytest.mark.parametrize("form", ["bytes", "element", "function", "settings"])
def test_an_assertion_is_given_ready_or_made_for_each_message(form, plain, sts, now):
    ready = issue_assertion(alice(), sts, now=now)
    token = {
        "bytes": SamlToken(ready),
        "element": SamlToken(etree.fromstring(ready)),
        "function": SamlToken(lambda: ready),
        "settings": SamlToken(alice(), key=sts),
    }[form]
    assert received(sent(plain, token, now=now), now, sts).assertion.subject == "alice"


def test_an_assertion_that_is_given_goes_out_as_it_is(plain, sts, now):
    ready = issue_assertion(alice(attributes={"note": "a &lt; b \r\n é"}), sts, now=now)
    carried = sent(plain, Timestamp(), SamlToken(ready), now=now)
    token = next(carried.header.iter("{*}Assertion"))
    assert canonicalise(token) == canonicalise(etree.fromstring(ready))


def test_an_encrypted_assertion_is_read_after_it_was_decrypted(version, plain, keys, sts, now):
    token = SamlToken(issue_assertion(alice(version), sts, now=now))
    secured = sent(plain, token, Encrypt(to=keys.bob, parts=["Assertion", "Body"]), now=now)
    assert b"alice" not in secured.to_bytes()
    result = received(secured, now, sts, key=keys.bob)
    assert result.assertion.subject == "alice"
    assert result.assertion.element in [entry.element for entry in result.encrypted]


def test_without_a_demand_an_assertion_is_not_looked_at(plain, sts, now):
    secured = sent(plain, SamlToken(issue_assertion(alice(), sts, now=now)), now=now)
    result = Security().verify(secured, now=now)
    assert result.assertion is None
    assert "SAML assertion was not checked" in result.warnings[0]


def test_a_message_without_the_assertion_that_must_be_there_is_refused(plain, sts, now):
    with pytest.raises(SecurityError, match="has no SAML assertion"):
        received(plain, now, sts)


# --- what its issuer says -----------------------------------------------------------------------------------------


def refused(plain, sts, now, match, *, later=timedelta(), **said):
    require = said.pop("require", {})
    message = sent(plain, SamlToken(issue_assertion(alice(**said), sts, now=now)), now=now)
    with pytest.raises(SecurityError, match=match):
        received(message, now + later, sts, **require)


def test_an_expired_assertion_is_refused_beyond_the_skew(version, plain, sts, now):
    token = SamlToken(issue_assertion(alice(version), sts, now=now))
    message = sent(plain, token, now=now)
    assert received(message, now + timedelta(seconds=359), sts).assertion
    refused(plain, sts, now, "expired at", later=timedelta(seconds=360), version=version)


def test_an_assertion_of_the_future_is_refused(version, plain, sts, now):
    refused(plain, sts, now, "was issued at", later=timedelta(seconds=-61), version=version)


def test_an_assertion_for_somebody_else_is_refused(version, plain, sts, now):
    refused(
        plain, sts, now, "is for https://shop.example, not for us", version=version, audience=["https://shop.example"]
    )


def test_an_assertion_for_anybody_is_refused_by_who_says_who_it_is(version, plain, sts, now):
    refused(plain, sts, now, "is for anybody", version=version, audience=[])


def test_an_assertion_for_somebody_is_refused_by_who_does_not_say_who_it_is(version, plain, sts, now):
    refused(plain, sts, now, "does not say who we are", version=version, require={"audience": []})


def test_an_assertion_from_another_issuer_is_refused(version, plain, sts, now):
    refused(plain, sts, now, "none of the issuers", version=version, require={"issuers": ["https://other.example"]})


def test_an_assertion_for_another_address_is_refused(plain, sts, now):
    refused(plain, sts, now, "to be shown to 'https://bank.example/other'", recipient=f"{BANK}/other")
    token = SamlToken(issue_assertion(alice(recipient=BANK), sts, now=now))
    assert received(sent(plain, token, now=now), now, sts).assertion


def test_an_assertion_under_a_condition_that_is_not_known_is_refused(plain, sts, now):
    ready = etree.fromstring(issue_assertion(alice(), sts, now=now))
    ready.remove(ready.find("{*}Signature"))
    conditions = ready.find("{*}Conditions")
    etree.SubElement(conditions, "{urn:oasis:names:tc:SAML:2.0:assertion}Condition")
    signed = xmldsig.sign(ready, sts, references=[f"#{ready.get('ID')}"])
    with pytest.raises(SecurityError, match="conditions that are not understood: Condition"):
        received(sent(plain, SamlToken(signed), now=now), now, sts)


def test_an_assertion_that_does_not_say_when_it_expires_is_void_after_max_age(plain, sts, now):
    ready = etree.fromstring(issue_assertion(alice(), sts, now=now))
    ready.remove(ready.find("{*}Signature"))
    del ready.find("{*}Conditions").attrib["NotOnOrAfter"]
    del ready.find(".//{*}SubjectConfirmationData").attrib["NotOnOrAfter"]
    signed = xmldsig.sign(ready, sts, references=[f"#{ready.get('ID')}"])
    message = sent(plain, SamlToken(signed), now=now)
    assert received(message, now + timedelta(seconds=350), sts).assertion
    with pytest.raises(SecurityError, match="expired"):
        received(message, now + timedelta(seconds=361), sts)


def test_an_assertion_signed_by_a_stranger_is_refused(version, plain, keys, sts, now):
    token = SamlToken(issue_assertion(alice(version), keys.mallory, now=now))
    with pytest.raises(SecurityError, match="CN=mallory is not trusted"):
        received(sent(plain, token, now=now), now, sts, trust=keys.trust)


def test_who_is_believed_for_messages_is_not_believed_for_assertions(version, plain, keys, sts, now):
    token = SamlToken(issue_assertion(alice(version), keys.bob, now=now))
    with pytest.raises(SecurityError, match="CN=bob is not trusted"):
        received(sent(plain, token, now=now), now, sts, trust=keys.trust)


# --- sender-vouches -----------------------------------------------------------------------------------------------

VOUCH = ["Body", "Timestamp", "Assertion"]


@pytest.mark.parametrize("by_issuer", [True, False])
def test_a_sender_that_is_believed_vouches_for_a_subject(by_issuer, version, plain, keys, sts, now):
    token = SamlToken(alice(version, confirmation="sender-vouches"), key=sts if by_issuer else None)
    message = sent(plain, Timestamp(), token, Sign(keys.bob, parts=VOUCH), now=now)
    result = received(message, now, sts, trust=keys.trust, signed=VOUCH, confirmation=["sender-vouches"])
    assert (result.assertion.confirmation, result.assertion.verified) == ("sender-vouches", by_issuer)
    assert result.assertion.subject == "alice"
    assert result.signer_name == "CN=bob"
    assert "Assertion" in [entry.name for entry in result.signed]


def test_an_assertion_is_signed_through_a_reference_to_its_id(version, plain, keys, now):
    token = SamlToken(alice(version, confirmation="sender-vouches"))
    message = sent(plain, token, Sign(keys.bob, parts=["Body", "Assertion"]), now=now)
    names = [etree.QName(entry).localname for entry in message.header[-1]]
    assert names == ["Assertion", "SecurityTokenReference", "BinarySecurityToken", "Signature"]
    identifier = message.header[-1][1][0]
    kind = {"2.0": "profile-1.1#SAMLID", "1.1": "profile-1.0#SAMLAssertionID"}[version]
    assert identifier.get("ValueType").endswith(kind)
    assert identifier.text == message.header[-1][0].get({"2.0": "ID", "1.1": "AssertionID"}[version])


def test_a_sender_that_did_not_sign_the_assertion_does_not_vouch_for_it(version, plain, keys, sts, now):
    token = SamlToken(alice(version, confirmation="sender-vouches"))
    message = sent(plain, Timestamp(), token, Sign(keys.bob), now=now)
    with pytest.raises(SecurityError, match="nobody who is believed signed it together"):
        received(message, now, sts, trust=keys.trust, confirmation=["sender-vouches"])


def test_a_sender_that_did_not_sign_the_body_does_not_vouch_for_it(plain, keys, sts, now):
    token = SamlToken(alice(confirmation="sender-vouches"))
    message = sent(plain, Timestamp(), token, Sign(keys.bob, parts=["Timestamp", "Assertion"]), now=now)
    with pytest.raises(SecurityError, match="nobody who is believed signed it together"):
        received(message, now, sts, trust=keys.trust, confirmation=["sender-vouches"])


def test_nobody_vouches_unless_that_is_accepted(plain, keys, sts, now):
    token = SamlToken(alice(confirmation="sender-vouches"), key=sts)
    message = sent(plain, Timestamp(), token, Sign(keys.bob, parts=VOUCH), now=now)
    with pytest.raises(SecurityError, match="sender-vouches: not accepted"):
        received(message, now, sts, trust=keys.trust)


def test_an_altered_assertion_is_refused_though_its_sender_vouched(plain, keys, sts, now):
    token = SamlToken(alice(confirmation="sender-vouches"))
    message = sent(plain, Timestamp(), token, Sign(keys.bob, parts=VOUCH), now=now)
    forged = Envelope.read(parse_message(message.to_bytes().replace(b">alice<", b">root_<")))
    with pytest.raises(SecurityError, match="altered after it was signed"):
        received(forged, now, sts, trust=keys.trust, confirmation=["sender-vouches"])


# --- holder-of-key ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["alice", "curve", "edwards"])
def test_the_holder_of_the_key_is_the_subject(kind, version, plain, keys, sts, now):
    own = getattr(keys, kind)
    token = SamlToken(issue_assertion(alice(version, confirmation="holder-of-key", holder=own), sts, now=now))
    message = sent(plain, Timestamp(), token, Sign(own, key_reference="assertion"), now=now)
    result = received(message, now, sts, signed=["Body", "Timestamp"])
    assert (result.assertion.confirmation, result.assertion.subject) == ("holder-of-key", "alice")
    assert [entry.name for entry in result.signed] == ["Body", "Timestamp"]
    assert result.is_signed(result.envelope.content[0])
    # the certificate was not looked at: only its key is believed, on the word of the issuer
    assert (result.signer, result.signer_name) == (None, "")


def test_the_holder_may_sign_by_its_certificate_too(plain, keys, sts, now):
    token = SamlToken(issue_assertion(alice(confirmation="holder-of-key", holder=keys.alice), sts, now=now))
    message = sent(plain, Timestamp(), token, Sign(keys.alice), now=now)
    result = received(message, now, sts, trust=keys.trust, signed=["Body", "Timestamp"])
    assert (result.assertion.confirmation, result.signer_name) == ("holder-of-key", "CN=alice")


def test_the_holder_may_endorse_the_signature_of_another(plain, keys, sts, now):
    token = SamlToken(issue_assertion(alice(confirmation="holder-of-key", holder=keys.alice), sts, now=now))
    steps = [Timestamp(), token, Sign(keys.bob), Sign(keys.alice, parts=["Signature"], key_reference="assertion")]
    result = received(sent(plain, *steps, now=now), now, sts, trust=keys.trust, signed=["Body", "Timestamp"])
    assert (result.assertion.confirmation, result.signer_name) == ("holder-of-key", "CN=bob")


def test_the_holder_signs_the_assertion_by_the_reference_to_its_key(plain, keys, sts, now):
    token = SamlToken(issue_assertion(alice(confirmation="holder-of-key", holder=keys.alice), sts, now=now))
    step = Sign(keys.alice, parts=["Body", "STRTransform"], key_reference="assertion")
    result = received(sent(plain, token, step, now=now), now, sts, signed=["Body", "Assertion"])
    assert result.is_signed(result.assertion.element)


def test_who_has_not_the_key_is_not_the_subject(plain, keys, sts, now):
    ready = issue_assertion(alice(confirmation="holder-of-key", holder=keys.alice), sts, now=now)
    with pytest.raises(SecurityError, match="the message is not signed with the key that it names"):
        received(sent(plain, SamlToken(ready), now=now), now, sts)
    message = sent(plain, SamlToken(ready), Sign(keys.bob, parts=["Body"]), now=now)
    with pytest.raises(SecurityError, match="the message is not signed with the key that it names"):
        received(message, now, sts, trust=keys.trust)


def test_a_holder_that_signs_something_else_shows_nothing(plain, keys, sts, now):
    token = SamlToken(issue_assertion(alice(confirmation="holder-of-key", holder=keys.alice), sts, now=now))
    message = sent(plain, Timestamp(), token, Sign(keys.alice, ["Timestamp"], key_reference="assertion"), now=now)
    with pytest.raises(SecurityError, match="the message is not signed with the key that it names"):
        received(message, now, sts)


def test_one_does_not_sign_with_another_key_than_the_assertion_names(plain, keys, sts, now):
    token = SamlToken(issue_assertion(alice(confirmation="holder-of-key", holder=keys.alice), sts, now=now))
    with pytest.raises(SecurityError, match="another key than that of KeyPair"):
        sent(plain, token, Sign(keys.bob, key_reference="assertion"), now=now)
    with pytest.raises(SecurityError, match="put a SamlToken before Sign"):
        sent(plain, Sign(keys.bob, ["Body"], key_reference="assertion"), now=now)


def test_a_bare_key_is_enough_for_a_holder(plain, keys, sts, now):
    """The issuer says whose it is, so that nobody needs a certificate."""
    said = alice(confirmation="holder-of-key", holder=keys.alice)
    ready = etree.fromstring(issue_assertion(said, sts, now=now))
    ready.remove(ready.find("{*}Signature"))
    info = ready.find(".//{*}KeyInfo")
    numbers = keys.alice.certificate.public_key().public_numbers()
    info[:] = [etree.fromstring(RSA_KEY_VALUE.format(base64(numbers.n), base64(numbers.e)))]
    signed = xmldsig.sign(ready, sts, references=[f"#{ready.get('ID')}"])
    message = sent(plain, SamlToken(signed), Sign(keys.alice, ["Body"], key_reference="assertion"), now=now)
    assert received(message, now, sts, signed=["Body"]).assertion.confirmation == "holder-of-key"


RSA_KEY_VALUE = (
    '<KeyValue xmlns="http://www.w3.org/2000/09/xmldsig#"><RSAKeyValue><Modulus>{}</Modulus><Exponent>{}</Exponent>'
    "</RSAKeyValue></KeyValue>"
)


def base64(number):
    return b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).decode()


# --- a client and a service ---------------------------------------------------------------------------------------


def test_a_handler_finds_the_subject_and_a_forged_assertion_is_the_short_fault():
    """Over the journey of a message, so at the present time."""

    @soapkit.service("urn:bank")
    class Bank:
        @soapkit.operation
        def whoami(self, call: soapkit.Call) -> str:
            assertion = call.security.assertion
            return f"{assertion.subject}, {assertion.attributes['role'][0]}, {assertion.confirmation}"

    sts, mallory = (make_keypair("sts", make_authority()) for _ in range(2))
    demanded = SamlRequirement(trust=TrustStore.of(sts), audience=[BANK])
    app = soapkit.asgi(Bank(), security=Security(inbound=Require(saml=demanded)))
    wsdl = app.endpoints[""].publication.publish("http://bank/")["wsdl"]

    def client(issuer):
        token = SamlToken(lambda: issue_assertion(alice(attributes={"role": ["clerk"]}), issuer))
        security = Security(outbound=[token])
        return soapkit.Client.from_wsdl(wsdl, security=security, transport=loopback(app))

    assert client(sts).whoami() == "alice, clerk, bearer"
    with pytest.raises(soapkit.Fault, match="security requirements"):
        client(mallory).whoami()


def test_a_key_that_signs_assertions_and_expires_soon_is_told(keys, sts, now):
    security = Security(outbound=[SamlToken(alice(), key=sts)])
    assert security.problems(now=now) == ()
    (told,) = security.problems(now=now, margin=timedelta(days=40))
    assert "the certificate of CN=sts expires" in told


# --- settings -----------------------------------------------------------------------------------------------------


def test_settings_of_saml_that_cannot_serve_are_told_at_once(keys):
    for match, make in [
        ("holder= goes with", lambda: alice(confirmation="holder-of-key")),
        ("holder= goes with", lambda: alice(holder=keys.alice)),
        ("version 2.0 or 1.1", lambda: alice("3.0")),
        ("no confirmation 'nobody'", lambda: alice(confirmation="nobody")),
        ("audience is a list", lambda: alice(audience=BANK)),
        ("at least a second", lambda: alice(ttl=0)),
        ("names its issuer and its subject", lambda: alice(subject="")),
        ("a namespace and a name", lambda: alice("1.1", attributes={"role": "clerk"})),
        ("names no recipient", lambda: alice("1.1", recipient=BANK)),
        ("authentication= to say how", lambda: alice(authenticated=keys.alice.certificate.not_valid_before_utc)),
        ("is believed by its issuer's signature", lambda: SamlToken(alice())),
        ("signed already", lambda: SamlToken(b"<x/>", key=keys.alice)),
        ("needs trust=", lambda: SamlRequirement()),
        ("which ways are enough", lambda: SamlRequirement(trust=keys.trust, confirmation=[])),
        ("issuers is a list", lambda: SamlRequirement(trust=keys.trust, issuers=STS)),
        ("who may vouch", lambda: Require(saml=SamlRequirement(confirmation=["sender-vouches"]))),
    ]:
        with pytest.raises(UsageError, match=match):
            make()


def test_what_is_carried_is_an_assertion(plain, now):
    with pytest.raises(SecurityError, match="carries a SAML assertion, not other"):
        sent(plain, SamlToken(b"<other/>"), now=now)


def test_a_message_speaks_for_one_subject(plain, sts, now):
    token = SamlToken(issue_assertion(alice(), sts, now=now))
    with pytest.raises(SecurityError, match="has a SAML assertion already"):
        sent(plain, token, token, now=now)
