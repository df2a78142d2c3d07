"""The canonical form of an element, taken from the bytes that it was parsed from."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml.etree import _Element

from soapkit.errors import SoapkitError
from soapkit.xml.c14n import canonicalise
from soapkit.xml.parse import parse_message
from soapkit.xml.verbatim import refers_to_characters, verbatim

SOAP = 'xmlns:s="urn:soap"'


def body(message: bytes) -> _Element:
    return next(element for element in parse_message(message) if element.tag == "{urn:soap}Body")


@pytest.mark.parametrize(
    ("message", "prefixes"),
    [
        (f'<s:E {SOAP}><s:Body><a xmlns="urn:a">1 &amp; 2</a></s:Body></s:E>', ()),
        (f'<s:E {SOAP} xmlns:u="urn:u"><s:Body u:Id="1" z="3"\n a="2"><u:a></u:a></s:Body></s:E>', ()),
        (f"<s:E {SOAP} xmlns:u = 'urn:u'><s:Body u:Id = '1' z='3' a=\"it's\"></s:Body></s:E>", ()),
        (f'<s:E {SOAP} xmlns:b="urn:b" xmlns:a="urn:a"><s:Body b:z="1" a:z="2"><x></x></s:Body></s:E>', ()),
        (f'<s:E {SOAP} xmlns:p="urn:p" xmlns:q="urn:q"><s:Body><x t="p:T"></x></s:Body></s:E>', ("p", "none")),
        (f'<?xml version="1.0" encoding="UTF-8"?>\n<s:E {SOAP}><s:Body>é</s:Body></s:E>', ()),
        (f"<s:E {SOAP}><s:Header></s:Header><s:Body><s:Body></s:Body></s:Body></s:E>", ()),
    ],
)
def test_a_body_that_is_canonical_but_for_its_start_tag_is_taken_as_it_is(
    message: str, prefixes: tuple[str, ...]
) -> None:
    data = message.encode()
    assert verbatim(body(data), data, prefixes) == canonicalise(body(data), prefixes=prefixes)


@pytest.mark.parametrize(
    "message",
    [
        f'<s:E {SOAP} xmlns="urn:around"><s:Body><a></a></s:Body></s:E>'.encode(),
        b'<E xmlns="urn:soap"><Body><a></a></Body></E>',
        f'<?xml version="1.0" encoding="iso-8859-1"?><s:E {SOAP}><s:Body>\u00c3\u00a9</s:Body></s:E>'.encode("latin-1"),
        f"<?xml version='1.0' encoding='utf-16'?><s:E {SOAP}><s:Body></s:Body></s:E>".encode("utf-16"),
        f"<s:E {SOAP}><s:Header><![CDATA[<s:Body>]]></s:Header><s:Body></s:Body></s:E>".encode(),
        f"<s:E {SOAP}><!-- <s:Body> --><s:Body></s:Body></s:E>".encode(),
        f"<s:E {SOAP}><s:Body/></s:E>".encode(),
        f"<s:E {SOAP}><s:Header><s:Bodyguard/></s:Header><s:Body></s:Body></s:E>".encode(),
        f'<s:E {SOAP}><s:Body a="&lt;"></s:Body></s:E>'.encode(),
        f"<s:E {SOAP}><s:Body a='\"'></s:Body></s:E>".encode(),
        f'<s:E {SOAP}><s:Body xmlns:unused="relative"></s:Body></s:E>'.encode(),
        f'<s:E {SOAP}><s:Body xml:lang="de"></s:Body></s:E>'.encode(),
        f'<s:E {SOAP} xmlns:a="urn:a&amp;b"><s:Body a:x="1"></s:Body></s:E>'.encode(),
        f"<s:E {SOAP}><s:Body></s:Body\n></s:E>".encode(),
    ],
    ids=lambda message: message.decode("latin-1")[-60:],
)
def test_what_cannot_be_seen_at_once_is_left_to_the_tree(message: bytes) -> None:
    assert verbatim(body(message), message) is None


def test_a_start_tag_in_a_header_block_is_not_taken_for_that_of_the_body() -> None:
    """What it would come to is not well-formed, so nobody can have signed it."""
    data = f"<s:E {SOAP}><s:Header><s:Body>1</s:Body></s:Header><s:Body>2</s:Body></s:E>".encode()
    found = verbatim(body(data), data)
    assert found is not None and found.count(b"<s:Body") > found.count(b"<s:Body xmlns") == 1
    with pytest.raises(SoapkitError):
        parse_message(found)


NAMES = st.sampled_from(["a", "p:a", "q:b", "s:Body", "s:E"])
DECLARED = st.sampled_from(
    ["", ' xmlns="urn:1"', ' xmlns=""', ' xmlns:p="urn:1"', ' xmlns:p="urn:2"', ' xmlns:q="urn:3"']
)
NUMBERS = st.integers(1, 3)
VALUES = st.sampled_from(["", ' x="1"', ' p:x="&amp;"', " y='2'", ' xml:lang="de"'])
TEXTS = st.sampled_from(
    ["", "1", "é", "&amp;", "&#13;", "&#xD;", ">", "<!-- 1 -->", "<![CDATA[1]]>", "]]&gt;", "\n", "\r\n"]
)


_INSIDE = re.compile(rb"^<[^>]*>|</s:Body>$")


@st.composite
def contents(draw: st.DrawFn, depth: int = 2) -> str:
    """Well-formed but for namespaces."""
    pieces = []
    for _ in range(draw(st.integers(0, 2))):
        name, inside = draw(NAMES), draw(contents(depth - 1)) if depth else draw(TEXTS)
        start = f"<{name}{draw(DECLARED)}{draw(VALUES)}"
        pieces.append(draw(TEXTS) + (f"{start}>{inside}</{name}>" if inside or draw(st.booleans()) else f"{start}/>"))
    return "".join([*pieces, draw(TEXTS)])


PLAIN = [""] * 8  # most frames differ from what is ordinary in one thing or two
FRAME = (
    st.sampled_from([*PLAIN, '<?xml version="1.0"?>', '<?xml version="1.0" encoding="latin1"?>']),
    st.sampled_from([*PLAIN, ' xmlns="urn:1"', " xmlns:a='urn:1'"]),
    NUMBERS.map(' xmlns:p="urn:{}"'.format),
    NUMBERS.map(" xmlns:q = 'urn:{}'".format),
    st.sampled_from([*PLAIN, "<a>1</a>", "<s:Body>1</s:Body>", "<!-- <s:Body> -->", '<p:x a="&lt;s:Body>"/>']),
    st.sampled_from([*PLAIN, ' xmlns="urn:1"', ' xmlns=""', ' xmlns:p="urn:2"', " xmlns:s='urn:1'", ' xmlns:x="x"']),
    st.sampled_from(
        ["", ' x="1"', " y='2'  p:x = \"1\"", ' q:z="1" p:a="2"', " y='&quot;'", ' xml:lang="de"', ' a=">"']
    ),
    st.sampled_from([*PLAIN, "<s:Body></s:Body>", "<!-- </s:Body> -->", "<p:x><s:Body/></p:x>"]),
)
"""What stands around the content of a Body."""


def message_of(frame: tuple[str, ...], inside: str) -> bytes:
    encoding, default, p, q, header, declared, values, after = frame
    around, start = f"{SOAP}{default}{p}{q}", f"<s:Body{declared}{values}"
    return f"{encoding}<s:E {around}><s:H>{header}</s:H>{start}>{inside}</s:Body>{after}</s:E>".encode()


@st.composite
def frames(draw: st.DrawFn) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Two that differ in little."""
    first = [draw(part) for part in FRAME]
    other = draw(st.sets(st.integers(0, len(FRAME) - 1), max_size=3))
    return tuple(first), tuple(draw(part) if at in other else first[at] for at, part in enumerate(FRAME))


@settings(max_examples=400)
@given(frames(), contents(), st.sampled_from([True, True, True, False]))
def test_what_is_taken_from_the_text_and_was_signed_is_what_the_tree_comes_to(
    around: tuple[tuple[str, ...], tuple[str, ...]], inside: str, as_signed: bool
) -> None:
    """Whatever the text stands in where it was signed, and where it is received."""
    try:
        signed = canonicalise(body(message_of(around[0], inside)))
        written = _INSIDE.sub(b"", signed).decode() if as_signed else inside
        received = message_of(around[1], written)
        element = body(received)
    except (SoapkitError, StopIteration):
        return  # not a message
    if verbatim(element, received) == signed:
        assert canonicalise(element) == signed


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a # b & c", False),
        ("&#65;", True),
        ("# &amp; &#x41;", True),
        ("&amp;#65;", False),
        ("#", False),
        ("", False),
        ("&#13;&#xD;&#x0a; &#09;", False),
        ("&#13;&#131;", True),
        ("&#x9;&#x90;", True),
    ],
)
def test_a_character_other_than_a_blank_that_is_written_as_a_reference_is_found(text: str, found: bool) -> None:
    assert refers_to_characters(text.encode()) is found
