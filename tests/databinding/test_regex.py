"""XSD regular expressions mean what appendix F says, and never take long."""

from __future__ import annotations

import time

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from soapkit.databinding.patterns.regex import matcher


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        (r"[A-Z]{2}\d+", ["DE1", "DE٣"], ["de1", "DE", "DE1x"]),
        (r"\i\c*", ["a.b", "_", ":x"], ["1a", ".", ""]),
        (r"[\i-[:]][\c-[:]]*", ["a.b"], ["a:b", ":"]),
        (r"[a-z-[aeiou]]+", ["xyz"], ["abc", "-"]),
        (r"\p{Lu}\p{IsGreek}", ["Aα"], ["aα", "AA"]),
        (r"\P{L}", ["1"], ["a"]),
        (r"[\p{L}\p{N}]*", ["é1", ""], ["-"]),
        (r"[^\d]", ["x", "-"], ["1"]),
        (r"[\-a]", ["-", "a"], ["b"]),
        (r"[a\-z]+", ["a-z"], ["b"]),
        (r"[-a]+|[a-]+", ["-a"], ["b"]),
        (r".", ["x", "é", "😀"], ["\n", "\r", "xx"]),
        (r"a|", ["a", ""], ["b"]),
        (r"(a|b){2,3}", ["ab", "bab"], ["a", "abab"]),
        (r"a{0}", [""], ["a"]),
        (r"a{2,}", ["aa", "aaaaa"], ["a"]),
        (r"\$\^\.\*\(\)\[\]\{\}\|\?\+\\", ["$^.*()[]{}|?+\\"], ["$"]),
        (r"^a$", ["a", "^a$"], ["b"]),
        (r"a^b", ["a^b"], ["ab"]),
        (r"\s\S", [" a", "\ta"], ["aa", "\u00a0a"]),
        (r"\w+", ["é1"], ["a b", "a-"]),
        (r"[\w\-\.]+@([\w\-]+\.)+[a-z]{2,4}", ["a.b@c.de"], ["a@b", "@c.de"]),
        (r"\t\n", ["\t\n"], ["tn"]),
    ],
)
def test_a_pattern_covers_the_whole_text(pattern: str, matching: list[str], others: list[str]) -> None:
    test = matcher(pattern)
    assert [text for text in matching if not test(text)] == []
    assert [text for text in others if test(text)] == []


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(a", r"expected \)"),
        ("a)", "has no partner"),
        ("*a", "repeats nothing"),
        ("a{2,1}", "runs backwards"),
        ("[z-a]", "runs backwards"),
        (r"\p{Xx}", "not a category"),
        (r"\p{IsNowhere}", "not a block"),
        (r"\y", "not an escape"),
        ("[a", "ends too early"),
        ("(a{1000}){1000}", "too large"),
    ],
)
def test_what_is_no_pattern_is_told(pattern: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        matcher(pattern)


@pytest.mark.parametrize(
    "pattern", ["(a+)+b", "([a-z]*)*x", "(a|aa)+$b", "(.*a){12}", "a*a*a*a*a*a*b", "((a{0,20}){0,20}){0,20}b"]
)
def test_hostile_patterns_take_time_in_proportion(pattern: str) -> None:
    test = matcher(pattern)
    started = time.process_time()
    test("a" * 4000 + "!")
    assert time.process_time() - started < 2


def schema(pattern: str) -> str:
    escaped = pattern.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return (
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="v"><xs:simpleType>'
        f'<xs:restriction base="xs:string"><xs:pattern value="{escaped}"/></xs:restriction>'
        "</xs:simpleType></xs:element></xs:schema>"
    )


atoms = st.sampled_from(["a", "b", "[ab]", "[^a]", r"\d", "[a-c-[b]]", ".", r"\s", "(a|b)", "(ab)", "1"])
pieces = st.builds(lambda atom, count: atom + count, atoms, st.sampled_from(["", "", "?", "*", "+", "{2}", "{1,3}"]))
patterns = st.lists(st.lists(pieces, min_size=1, max_size=4).map("".join), min_size=1, max_size=3).map("|".join)


@settings(max_examples=150, deadline=None)
@given(patterns, st.lists(st.text("ab1c x", max_size=6), min_size=1, max_size=6))
def test_xmlschema_agrees(pattern: str, texts: list[str]) -> None:
    """libxml2 is not asked: for ``(a|b)*|[^a]`` it accepts ``1a``."""
    ours, theirs = matcher(pattern), xmlschema.XMLSchema(schema(pattern))
    for text in texts:
        element = etree.Element("v")
        element.text = text
        assert bool(ours(text)) == theirs.is_valid(element), text
