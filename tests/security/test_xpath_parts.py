"""Parts of a message by XPath: signed, encrypted, demanded (WS-SecurityPolicy 1.3, 4.1.2 and 4.2.2)."""

from __future__ import annotations

import copy

import pytest

from soapkit.errors import SecurityError, UsageError
from soapkit.security import Encrypt, Require, Security, Sign, Timestamp
from soapkit.xml.serialise import serialise

TO = "//{urn:bank}to"
NOTES = "//{urn:bank}transfer[@currency='EUR']/{urn:bank}note"


def both(keys, *steps, **require):
    return Security(outbound=steps, inbound=Require(trust=keys.trust, **require))


def test_elements_are_signed_and_demanded_where_they_stand(keys, plain, now):
    security = both(keys, Timestamp(), Sign(keys.alice, parts=[TO, NOTES, "Timestamp"]), signed=[TO, NOTES])
    result = security.verify(security.apply(plain, now=now), now=now)
    assert [each.name for each in result.signed] == ["{urn:bank}to", "{urn:bank}note", "Timestamp"]


def test_a_signature_over_the_body_covers_what_is_in_it(keys, plain, now):
    security = both(keys, Timestamp(), Sign(keys.alice), signed=[TO])
    assert security.verify(security.apply(plain, now=now), now=now).signer == keys.alice.certificate


def test_every_element_that_the_path_selects_must_be_signed(keys, plain, now):
    security = both(keys, Timestamp(), Sign(keys.alice, parts=[TO, "Timestamp"]), signed=[TO])
    signed = security.apply(plain, now=now)
    (transfer,) = signed.content
    forged = copy.deepcopy(transfer[0])
    del forged.attrib["{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}Id"]
    transfer.insert(0, forged)
    with pytest.raises(SecurityError, match="at its place is not covered"):
        security.verify(signed, now=now)


def test_a_path_that_selects_nothing_is_refused_unless_it_may(keys, plain, now):
    with pytest.raises(SecurityError, match=r"there is no //\{urn:bank}toe in the message to sign"):
        both(keys, Sign(keys.alice, parts=["//{urn:bank}toe"])).apply(plain, now=now)
    security = both(
        keys, Timestamp(), Sign(keys.alice, parts=["Body", "Timestamp", "//{urn:bank}toe?"]), signed=["Body"]
    )
    security.verify(security.apply(plain, now=now), now=now)
    strict = both(keys, signed=["//{urn:bank}toe"])
    with pytest.raises(SecurityError, match=r"the message has no //\{urn:bank}toe, which must be there"):
        strict.verify(security.apply(plain, now=now), now=now)


def test_elements_inside_the_body_are_encrypted_whole_and_come_back(keys, plain, now):
    security = both(
        keys,
        Timestamp(),
        Sign(keys.alice),
        Encrypt(to=keys.bob.certificate, parts=[TO, NOTES]),
        signed=["Body"],
        encrypted=[TO, NOTES],
        key=keys.bob,
    )
    sent = security.apply(plain, now=now)
    assert b"DE1<" not in serialise(sent.root)
    assert b'currency="EUR"' in serialise(sent.root)
    result = security.verify(sent, now=now)
    assert result.envelope.content[0][0].text == "DE1"


def test_what_must_be_encrypted_and_is_not_is_refused(keys, plain, now):
    security = both(
        keys,
        Timestamp(),
        Sign(keys.alice),
        Encrypt(to=keys.bob.certificate, parts=[TO]),
        encrypted=[NOTES],
        key=keys.bob,
    )
    with pytest.raises(SecurityError, match="did not come encrypted"):
        security.verify(security.apply(plain, now=now), now=now)


@pytest.mark.parametrize("parts", [["Body", TO], [TO, "Body"]])
def test_what_stands_inside_another_part_is_encrypted_with_that(keys, plain, now, parts):
    security = both(keys, Encrypt(to=keys.bob.certificate, parts=parts), encrypted=parts, key=keys.bob)
    sent = security.apply(plain, now=now)
    assert serialise(sent.root).count(b"<xenc:EncryptedData ") == 1
    assert security.verify(sent, now=now).envelope.content[0][0].text == "DE1"


@pytest.mark.parametrize("path", ["//{urn:bank}to[", "//{urn:bank}to/"])
def test_what_is_no_xpath_is_refused_when_the_settings_are_made(keys, path):
    with pytest.raises(UsageError, match="is no XPath"):
        Sign(keys.alice, parts=[path])
    with pytest.raises(UsageError, match="is no XPath"):
        Require(trust=keys.trust, signed=[path])


def test_a_path_to_something_else_than_elements_is_refused(keys, plain, now):
    for path in ("//{urn:bank}transfer/@currency", "/descendant::text()", "/1 + 1"):
        with pytest.raises((SecurityError, UsageError)):
            both(keys, Sign(keys.alice, parts=[path])).apply(plain, now=now)


@pytest.mark.parametrize("path", ["/*", "/*/*[1]", "//*"])
def test_a_signature_cannot_cover_what_it_stands_in(keys, plain, now, path):
    with pytest.raises(SecurityError, match="holds the signature itself"):
        both(keys, Sign(keys.alice, parts=[path])).apply(plain, now=now)
