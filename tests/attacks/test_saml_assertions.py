"""Attacks on SAML assertions: wrapped, unsigned, swapped, replayed, and confirmed by nobody.

The wrappings are those of Somorovsky, Mayer, Schwenk, Kampmann, Jensen, "On Breaking SAML: Be Whoever You Want to Be"
(USENIX Security 2012), and every other way to put the true assertion, the forged one and the signature.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta

import pytest
from lxml import etree

from soapkit import xmldsig
from soapkit.errors import SecurityError, SoapkitError
from soapkit.security import (
    MemoryReplayStore,
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
from soapkit.security.throwaway import make_authority
from soapkit.soap.envelope import Envelope
from soapkit.xml.names import DS, SAML11, SAML20, WSSE
from soapkit.xml.parse import parse_message
from tests.parties import BANK, NOW, STS, make_sts

SECURITY = f"{{{WSSE}}}Security"
SIGNATURE = f"{{{DS}}}Signature"
VERSIONS = {"2.0": (SAML20, "ID"), "1.1": (SAML11, "AssertionID")}


@pytest.fixture(scope="module")
def sts():
    return make_sts()


@pytest.fixture(params=["2.0", "1.1"])
def version(request):
    return request.param


def assertion(version="2.0", **more):
    return SamlAssertion(**{"issuer": STS, "subject": "alice", "audience": [BANK], "version": version} | more)


def message(plain, *steps, now=NOW) -> etree._Element:
    return etree.fromstring(Security(outbound=list(steps)).apply(plain, now=now).to_bytes())


def verify(root, sts, *, now=NOW, trust=None, signed=(), replay=None, **saml):
    wanted = {"trust": TrustStore.of(sts), "issuers": [STS], "audience": [BANK]} | saml
    require = Require(saml=SamlRequirement(**wanted), trust=trust, signed=signed, replay=replay)
    envelope = Envelope.read(parse_message(etree.tostring(root)))
    return Security(inbound=require).verify(envelope, now=now)


# --- wrapping -----------------------------------------------------------------------------------------------------


def wrappings(root: etree._Element, version: str) -> Iterator[tuple[str, etree._Element]]:
    """A forged assertion in the place of the true one, which is kept somewhere, and the signature in either or both."""
    count = len(list(root.iter(etree.Element)))
    for number in range(count):
        for wrapper in (None, "{urn:any}wrapper", f"{{{DS}}}Object", "Advice", "Subject", SECURITY):
            for ids in ("same", "other", "none"):
                for signature in ("true", "forged", "both"):
                    for first in (True, False):
                        made = wrapped(root, version, number, wrapper, ids, signature, first)
                        if made is not None:
                            yield f"under {number}, in {wrapper}, ids {ids}, signature {signature}, {first}", made


def wrapped(root, version, number, wrapper, ids, signature, first):
    namespace, id_attribute = VERSIONS[version]
    root = deepcopy(root)
    elements = list(root.iter(etree.Element))
    true = next(root.iter(f"{{{namespace}}}Assertion"))
    forged = forge(true)
    true.addprevious(forged)
    parent = elements[number]
    if parent is true or true in parent.iterancestors():  # inside the true one means inside the forged one
        inside, at = list(forged.iter(etree.Element)), list(true.iter(etree.Element)).index(parent)
        parent = inside[at]
    root_of_true = true.getparent()
    root_of_true.remove(true)
    if ids == "other":
        forged.set(id_attribute, "_other")
    elif ids == "none":
        del forged.attrib[id_attribute]
    holder = parent
    if wrapper is not None:
        holder = etree.Element(wrapper if wrapper.startswith("{") else f"{{{namespace}}}{wrapper}")
        if wrapper == SECURITY:
            holder.set(f"{{{etree.QName(root).namespace}}}actor", "urn:nobody")
        parent.insert(0 if first else len(parent), holder)
    holder.insert(0 if first else len(holder), true)
    if signature == "true":
        own = forged.find(SIGNATURE)
        if own in (holder, *holder.iterancestors()):
            return None
        forged.remove(own)
    elif signature == "forged":
        true.remove(true.find(SIGNATURE))
    return root


def still_holds(root: etree._Element, sts) -> bool:
    """Whether the signature, for itself, is right: it finds the true assertion by its id."""
    try:
        return bool(xmldsig.verify(root, trust=TrustStore.of(sts), signed=[], at=NOW))
    except SoapkitError:
        return False


def forge(true: etree._Element) -> etree._Element:
    forged = deepcopy(true)
    for name in forged.iter("{*}NameID", "{*}NameIdentifier"):
        name.text = "mallory"
    return forged


def test_no_wrapped_assertion_is_believed(version, plain, sts):
    root = message(plain, SamlToken(assertion(version), key=sts))
    assert verify(root, sts).assertion.subject == "alice"
    tried = holds = 0
    for told, forged in wrappings(root, version):
        tried += 1
        if tried % 10 == 0:
            holds += still_holds(forged, sts)
        try:
            result = verify(forged, sts)
        except SoapkitError:
            continue
        # what may be believed is the true one, where it stands as it did
        assert result.assertion.subject == "alice", told
        assert result.assertion.element.getparent().tag == SECURITY, told
    assert tried > 1000
    assert holds > 20, "the control: who only asks whether the signature holds is deceived"


@pytest.mark.parametrize("how", ["sender-vouches", "holder-of-key"])
def test_no_wrapped_assertion_is_believed_with_a_signed_message(how, plain, keys, sts):
    holder = keys.alice if how == "holder-of-key" else None
    token = SamlToken(assertion(confirmation=how, holder=holder), key=sts)
    sign = Sign(keys.alice, ["Body"], key_reference="assertion") if holder else Sign(keys.alice, ["Body", "Assertion"])
    root = message(plain, token, sign)
    require = {"trust": keys.trust, "signed": ["Body"], "confirmation": [how]}
    assert verify(root, sts, **require).assertion.subject == "alice"
    tried = 0
    for told, forged in wrappings(root, "2.0"):
        tried += 1
        if tried % 3:  # each takes three signatures
            continue
        try:
            result = verify(forged, sts, **require)
        except SoapkitError:
            continue
        assert result.assertion.subject == "alice", told
    assert tried > 1000


# --- what its signature does not say ------------------------------------------------------------------------------


def altered(root, change):
    found = next(root.iter(f"{{{SAML20}}}Assertion", f"{{{SAML11}}}Assertion"))
    change(found)
    return root


def remove_signature(found):
    found.remove(found.find(SIGNATURE))


def forget_value(found):
    found.find(f"{SIGNATURE}/{{*}}SignatureValue").text = "AAAA"


def remove_value(found):
    signature = found.find(SIGNATURE)
    signature.remove(signature.find("{*}SignatureValue"))


def remove_references(found):
    info = found.find(f"{SIGNATURE}/{{*}}SignedInfo")
    info.remove(info.find("{*}Reference"))


def two_signatures(found):
    found.append(deepcopy(found.find(SIGNATURE)))


def rename(found):
    for name in found.iter("{*}NameID", "{*}NameIdentifier"):
        name.text = "mallory"


def become_bearer(found):
    for each in found.iter("{*}SubjectConfirmation"):
        each.set("Method", "urn:oasis:names:tc:SAML:2.0:cm:bearer")
    for each in found.iter("{*}ConfirmationMethod"):
        each.text = "urn:oasis:names:tc:SAML:1.0:cm:bearer"


def live_longer(found):
    for each in found.iter():
        if "NotOnOrAfter" in each.attrib:
            each.set("NotOnOrAfter", "2126-01-01T00:00:00Z")


def second_subject(found):
    found.append(forge(found).find("{*}Subject") if found.find("{*}Subject") is not None else forge(found)[1])


@pytest.mark.parametrize(
    "change",
    [
        remove_signature,
        forget_value,
        remove_value,
        remove_references,
        two_signatures,
        rename,
        live_longer,
        second_subject,
        become_bearer,
    ],
)
def test_an_altered_assertion_is_refused(change, version, plain, keys, sts):
    said = assertion(version, confirmation="holder-of-key", holder=keys.alice)
    root = altered(message(plain, SamlToken(issue_assertion(said, sts, now=NOW))), change)
    with pytest.raises(SecurityError):
        verify(root, sts)


def test_digests_without_a_signature_are_no_proof(version, plain, keys, sts):
    """The forged assertion carries the right digest of itself, and the true signature value over another SignedInfo."""
    root = message(plain, SamlToken(assertion(version), key=sts))
    forged = etree.fromstring(issue_assertion(assertion(version, subject="mallory"), keys.mallory, now=NOW))

    def swap(found):
        value = found.find(f"{SIGNATURE}/{{*}}SignatureValue").text
        info = found.find(f"{SIGNATURE}/{{*}}KeyInfo")
        found.getparent().replace(found, forged)
        signature = forged.find(SIGNATURE)
        signature.find("{*}SignatureValue").text = value
        signature.replace(signature.find("{*}KeyInfo"), info)

    with pytest.raises(SecurityError, match="not that of CN=sts over its SignedInfo"):
        verify(altered(root, swap), sts)


@pytest.mark.parametrize("node", [etree.Comment("x"), etree.ProcessingInstruction("x")])
def test_a_name_cut_by_a_comment_or_an_instruction_is_not_another_name(node, version, plain, sts):
    """CVE-2017-11427 and its kin: ``alice<!---->.evil`` signed, ``alice`` read."""
    root = message(plain, SamlToken(assertion(version, subject="alice.evil"), key=sts))

    def cut(found):
        name = next(found.iter("{*}NameID", "{*}NameIdentifier"))
        name.text = "alice"
        name.insert(0, deepcopy(node))
        name[0].tail = ".evil"

    altered(root, cut)
    with contextlib.suppress(SoapkitError):
        assert verify(root, sts).assertion.subject == "alice.evil"


def test_a_signature_over_a_part_of_the_assertion_is_refused(plain, sts):
    ready = etree.fromstring(issue_assertion(assertion(), sts, now=NOW))
    remove_signature(ready)
    ready.find("{*}Subject").set("ID", "_part")
    part = xmldsig.sign(ready, sts, references=["#_part"])
    with pytest.raises(SecurityError, match="does not cover the whole document"):
        verify(message(plain, SamlToken(part)), sts)


@pytest.mark.parametrize("references", [[""], ["#{id}", ""], ["#{id}", "#{id}"]])
def test_an_assertion_is_signed_by_its_own_id_once(references, plain, sts):
    ready = etree.fromstring(issue_assertion(assertion(), sts, now=NOW))
    remove_signature(ready)
    signed = xmldsig.sign(ready, sts, references=[each.format(id=ready.get("ID")) for each in references])
    with pytest.raises(SecurityError, match="one reference, to its own id"):
        verify(message(plain, SamlToken(signed)), sts)


def test_a_mac_with_the_issuers_certificate_for_a_secret_is_no_signature(plain, sts):
    ready = etree.fromstring(issue_assertion(assertion(), sts, now=NOW))
    info = ready.find(f"{SIGNATURE}/{{*}}KeyInfo")
    remove_signature(ready)
    secret = sts.certificate.public_bytes(xmldsig_encoding())
    signed = xmldsig.sign(ready, xmldsig.HmacKey(secret), references=[f"#{ready.get('ID')}"])
    signed.find(SIGNATURE).append(info)
    with pytest.raises(SecurityError, match="not verified with a public key"):
        verify(message(plain, SamlToken(signed)), sts)


def xmldsig_encoding():
    from cryptography.hazmat.primitives.serialization import Encoding

    return Encoding.DER


def test_a_bare_key_does_not_sign_an_assertion(plain, keys, sts):
    ready = etree.fromstring(issue_assertion(assertion(), keys.mallory, now=NOW))
    info = ready.find(f"{SIGNATURE}/{{*}}KeyInfo")
    info[:] = [etree.fromstring(f'<KeyValue xmlns="{DS}"><RSAKeyValue/></KeyValue>')]
    with pytest.raises(SecurityError, match="which leads to no certificate"):
        verify(message(plain, SamlToken(ready)), sts)


def test_a_stranger_writes_no_lines_of_the_log(plain, sts):
    """What an assertion says stays on one line of an error, and out of the log."""
    forged = "https://x.example\nWARNING all is well"
    root = message(plain, SamlToken(assertion(audience=[forged]), key=sts))
    with pytest.raises(SecurityError, match="WARNING all is well, not for us") as caught:
        verify(root, sts)
    assert "x.example" not in caught.value.for_log
    root = message(plain, SamlToken(assertion(issuer=forged), key=sts))
    with pytest.raises(SecurityError, match="none of the issuers") as caught:
        verify(root, sts)
    assert "\n" not in str(caught.value)
    assert "x.example" not in caught.value.for_log


# --- one use ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said_by", ["the assertion", "the requirement"])
def test_an_assertion_for_one_use_is_believed_once(said_by, version, plain, sts):
    store = MemoryReplayStore()
    once = said_by == "the requirement"
    root = message(plain, SamlToken(assertion(version, once=not once), key=sts))
    assert verify(root, sts, replay=store, once=once).assertion
    for later in (1, 300, 359):
        with pytest.raises(SecurityError, match="for one use, and was seen before"):
            verify(root, sts, replay=store, once=once, now=NOW + timedelta(seconds=later))


def test_an_assertion_for_one_use_that_was_refused_is_not_used_up(plain, sts):
    store = MemoryReplayStore()
    root = message(plain, SamlToken(assertion(once=True), key=sts))
    with pytest.raises(SecurityError, match="not for us"):
        verify(root, sts, replay=store, audience=["https://other.example"])
    assert verify(root, sts, replay=store).assertion


# --- confirmed by nobody ------------------------------------------------------------------------------------------


def test_a_stolen_assertion_is_worth_nothing_without_its_key(version, plain, keys, sts):
    """Mallory, believed for her own messages, sends Alice's assertion."""
    ready = issue_assertion(assertion(version, confirmation="holder-of-key", holder=keys.alice), sts, now=NOW)
    with pytest.raises(SecurityError, match="not signed with the key that it names"):
        verify(message(plain, Timestamp(), SamlToken(ready), Sign(keys.bob)), sts, trust=keys.trust, signed=["Body"])


def test_a_signature_that_names_the_assertion_is_proved_with_its_key(plain, keys, sts):
    """Mallory signs, and says that it was with the key of Alice's assertion."""
    own = issue_assertion(assertion(confirmation="holder-of-key", holder=keys.mallory), keys.mallory, now=NOW)
    hers = etree.fromstring(issue_assertion(assertion(confirmation="holder-of-key", holder=keys.alice), sts, now=NOW))
    root = message(plain, SamlToken(own), Sign(keys.mallory, ["Body"], key_reference="assertion"))
    forged = next(root.iter(f"{{{SAML20}}}Assertion"))
    next(root.iter(f"{{{WSSE}}}KeyIdentifier")).text = hers.get("ID")
    forged.getparent().replace(forged, hers)
    with pytest.raises(SecurityError, match="not that of the subject of the assertion"):
        verify(root, sts, signed=["Body"])


def test_a_key_that_an_unsigned_assertion_names_proves_nothing(plain, keys, sts):
    own = issue_assertion(assertion(confirmation="holder-of-key", holder=keys.mallory), keys.mallory, now=NOW)
    root = message(plain, SamlToken(own), Sign(keys.mallory, ["Body"], key_reference="assertion"))
    altered(root, remove_signature)
    for confirmation in (["holder-of-key"], ["holder-of-key", "sender-vouches"]):
        with pytest.raises(SecurityError, match="not signed by its issuer"):
            verify(root, sts, signed=["Body"], trust=keys.trust, confirmation=confirmation)


def test_an_assertion_outside_the_header_names_no_key(plain, keys, sts):
    said = assertion(confirmation="holder-of-key", holder=keys.alice)
    root = message(plain, SamlToken(said, key=sts), Sign(keys.alice, ["Timestamp?", "To"], key_reference="assertion"))
    found = next(root.iter(f"{{{SAML20}}}Assertion"))
    root[-1].append(found)
    with pytest.raises(SecurityError, match="stands in the security header"):
        verify(root, sts)


def test_a_second_assertion_is_refused_wherever_it_stands(plain, keys, sts):
    """Somebody on the way adds his own, true one to the message that Alice signed."""
    own = etree.fromstring(issue_assertion(assertion(subject="mallory"), sts, now=NOW))
    said = assertion(confirmation="holder-of-key", holder=keys.alice)
    root = message(plain, SamlToken(said, key=sts), Sign(keys.alice, ["Body"], key_reference="assertion"))
    header = next(root.iter(SECURITY))
    for at in range(len(header) + 1):
        forged = deepcopy(root)
        next(forged.iter(SECURITY)).insert(at, deepcopy(own))
        with pytest.raises(SecurityError, match="a second SAML assertion"):
            verify(forged, sts, signed=["Body"])


def test_a_name_in_the_certificate_of_a_holder_is_not_told_for_the_signer(plain, keys, sts):
    """A token service takes whatever key is shown to it; the name in a certificate made by oneself is nobody's."""
    root_of_all = make_authority("administrator", now=NOW)
    said = assertion(subject="mallory", confirmation="holder-of-key", holder=root_of_all)
    root = message(plain, SamlToken(said, key=sts), Sign(root_of_all, ["Body"], key_reference="assertion"))
    result = verify(root, sts, signed=["Body"], trust=keys.trust)
    assert (result.assertion.subject, result.signer, result.signer_name) == ("mallory", None, "")
    assert [entry.signer_name for entry in result.signed] == [""]


def test_of_two_keys_none_stands_for_the_other(plain, keys, sts):
    """One confirmation is over, with Mallory's key; the other, with Alice's, is not."""
    ready = etree.fromstring(issue_assertion(assertion(confirmation="holder-of-key", holder=keys.alice), sts, now=NOW))
    remove_signature(ready)
    subject = ready.find("{*}Subject")
    other = etree.fromstring(
        issue_assertion(assertion(confirmation="holder-of-key", holder=keys.mallory), sts, now=NOW)
    )
    over = other.find("{*}Subject/{*}SubjectConfirmation")
    over.find("{*}SubjectConfirmationData").set("NotOnOrAfter", "2020-01-01T00:00:00Z")
    subject.insert(1, over)
    signed = xmldsig.sign(ready, sts, references=[f"#{ready.get('ID')}"])
    for signer in (keys.alice, keys.mallory):
        step = Sign(signer, ["Body"])
        root = message(plain, SamlToken(etree.tostring(signed)), step)
        with pytest.raises(SecurityError, match="several keys of its subject"):
            verify(root, sts, trust=TrustStore.of(signer), signed=["Body"])


def test_who_signs_only_the_assertion_does_not_vouch_for_a_message(plain, keys, sts):
    """The signed assertion and its signature, cut out of another message."""
    token = SamlToken(assertion(confirmation="sender-vouches"))
    root = message(plain, token, Sign(keys.bob, ["Assertion"]))
    require = {"trust": keys.trust, "confirmation": ["sender-vouches"]}
    with pytest.raises(SecurityError, match="nobody who is believed signed it together with the message"):
        verify(root, sts, **require)


def test_two_who_sign_a_half_each_do_not_vouch(plain, keys, sts):
    token = SamlToken(assertion(confirmation="sender-vouches"))
    root = message(plain, token, Sign(keys.bob, ["Assertion"]), Sign(keys.alice, ["Body"]))
    require = {"trust": keys.trust, "confirmation": ["sender-vouches"]}
    with pytest.raises(SecurityError, match="nobody who is believed signed it together with the message"):
        verify(root, sts, **require)


def test_a_stranger_does_not_vouch(plain, keys, sts):
    token = SamlToken(assertion(confirmation="sender-vouches"))
    root = message(plain, token, Sign(keys.mallory, ["Body", "Assertion"]))
    with pytest.raises(SecurityError, match="CN=mallory is not trusted"):
        verify(root, sts, trust=keys.trust, confirmation=["sender-vouches"])


def test_an_assertion_of_another_message_is_not_what_the_reference_covers(plain, keys, sts):
    """STR-Transform: the reference stays, what it leads to is swapped for one with the same id."""
    token = SamlToken(assertion(confirmation="sender-vouches"))
    root = message(plain, token, Sign(keys.bob, ["Body", "Assertion"]))
    altered(root, rename)
    with pytest.raises(SecurityError, match="altered after it was signed"):
        verify(root, sts, trust=keys.trust, confirmation=["sender-vouches"])
