"""What was written just now is secured by its text where that says all; in the same words as by its tree."""

from __future__ import annotations

import itertools
import random

import pytest

from soapkit.security import BinarySecurityToken, Encrypt, Require, Security, Sign, Timestamp
from soapkit.security.crypto.with_cryptography import CryptographyProvider
from soapkit.security.drafted import content_of, stands_by_itself
from soapkit.security.sign import content_prefixes
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1, SOAP_1_2
from soapkit.xml.c14n import canonicalise
from soapkit.xml.parse import parse_message
from soapkit.xml.serialise import serialise

XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
STANDING = [
    "",
    '<a xmlns="urn:a"><b>10:30:00 &amp; more!</b></a>',
    '<p:a xmlns:p="urn:p" p:b="1"><p:c/></p:a>',
    '<p:a xmlns:p="urn:p"/>' + '<p:a xmlns:p="urn:p"/>' * 60,
    '<a xmlns:p="urn:p">see p</a>',
]
NOT_STANDING = [
    f'<a {XSI} xmlns:p="urn:p" xsi:type="p:b"/>',
    '<a xmlns:p="urn:p">p:b</a>',
    '<a xmlns:p="urn:p"> p:b</a>',
    '<a xmlns:p="urn:p"><![CDATA[p:b]]></a>',
    '<a xmlns:p="urn:p">p<!-- -->:b</a>',
    '<a xmlns:p="urn:p">&#112;:b</a>',
    "<a xmlns:p='urn:p' b='p:b'/>",
    '<a xmlns:p = "urn:p" b = "p:b"/>',
    '<a\nxmlns:p="urn:p" b="p:b"/>',
    '<a xmlns:p="urn:p" b="x p:b"/>',
    "<faultcode>soap:Server</faultcode>",
    "<soap:Fault/>",
    '<a xmlns:p="urn:p">up: a look does not tell</a>',
    '<a xmlns:p="urn:p">' + "<p:b/>" * 60 + "p:b</a>",
]


class Repeating(CryptographyProvider):
    """Random octets that are the same each time."""

    def __init__(self) -> None:
        self._random = random.Random(1)

    def random(self, size: int) -> bytes:
        return self._random.randbytes(size)


@pytest.mark.parametrize("content", STANDING)
def test_content_that_says_all_stands_by_itself(content):
    assert stands_by_itself(content.encode())


@pytest.mark.parametrize("content", NOT_STANDING)
def test_content_that_may_use_a_prefix_in_a_value_does_not(content):
    assert not stands_by_itself(content.encode())


@pytest.mark.parametrize("content", [*STANDING, *NOT_STANDING])
@pytest.mark.parametrize("version", [SOAP_1_1, SOAP_1_2])
def test_a_draft_is_signed_as_its_tree_is(content, version, keys, now):
    draft = Draft(version, content, ('<h xmlns="urn:h" xmlns:p="urn:p">p:x</h>',))
    steps = [Timestamp(), Sign(keys.alice, parts=["Body", "Timestamp", "Headers"])]
    by_text = Security(outbound=steps, provider=Repeating()).apply_draft(draft, now=now)
    by_tree = Security(outbound=steps, provider=Repeating()).apply(draft.to_envelope(), now=now)
    assert by_text.to_bytes() == by_tree.to_bytes()


@pytest.mark.parametrize("content", [*STANDING, *NOT_STANDING])
@pytest.mark.parametrize("encrypted_first", [False, True])
def test_a_draft_comes_back_as_it_was_written(content, encrypted_first, keys, now):
    draft = Draft(SOAP_1_1, content)
    steps = [Sign(keys.alice, parts=["Body"]), Encrypt(to=keys.bob)]
    secured = Security(outbound=steps[::-1] if encrypted_first else steps).apply_draft(draft, now=now)
    require = Require(signed=["Body"], encrypted=["Body"], trust=keys.trust, key=keys.bob)
    result = Security(inbound=require).verify(Envelope.parse(secured.to_bytes()), now=now)
    came, went = result.envelope.body, draft.to_envelope().body
    assert [canonicalise(entry) for entry in came] == [canonicalise(entry) for entry in went]
    assert came.text == went.text


def test_a_body_that_is_encrypted_twice_is_opened_twice(keys, now):
    draft = Draft(SOAP_1_1, '<a xmlns="urn:a"/>')
    steps = [Encrypt(to=keys.bob), Encrypt(to=keys.bob)]
    secured = Security(outbound=steps).apply_draft(draft, now=now)
    require = Require(encrypted=["Body"], key=keys.bob)
    result = Security(inbound=require).verify(Envelope.parse(secured.to_bytes()), now=now)
    assert result.envelope.content[0].tag == "{urn:a}a"


@pytest.mark.parametrize("part", ["//{urn:a}b", "//{urn:a}b/node()", "#x"])
def test_steps_that_change_what_is_in_the_body_ask_the_tree(part, keys):
    draft = Draft(SOAP_1_1, '<a xmlns="urn:a"><b/></a>')
    assert content_of(draft, [Sign(keys.alice)]) == draft.body.encode()
    assert content_of(draft, [Encrypt(to=keys.bob, parts=[part])]) is None
    assert content_of(draft, [Encrypt(to=keys.bob), Encrypt(to=keys.bob)]) is None
    assert content_of(draft, [BinarySecurityToken(keys.alice), Encrypt(to=keys.bob)]) == draft.body.encode()


def test_what_stands_by_itself_has_no_prefix_in_content_as_its_tree_tells():
    pieces = ["p:", "q:", "<p:a>", "</p:a>", '<b c="p:d">', "</b>", " ", "!", "&amp;", "<q:e/>", ' f="', "\n", "&#9;"]
    maker = random.Random(7)
    seen = 0
    for count in itertools.islice(itertools.cycle(range(1, 9)), 6_000):
        inside = "".join(maker.choices(pieces, k=count))
        content = f'<a xmlns:p="urn:p" xmlns:q="urn:q">{inside}</a>'.encode()
        try:
            root = parse_message(content)
        except Exception:  # most are no XML
            continue
        if stands_by_itself(content):
            seen += 1
            assert content_prefixes(serialise(root)) == []
    assert seen > 100
