"""A contract's text stays data: written as source and read again, it is the same, and nothing else."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soapkit.codegen.literals import comment, docstring, literal

ATTACKS = [
    '"""\nimport os\n"""',
    "\\",
    'ends with a quote"',
    'ends with an escape\\"',
    "'''",
    "{0} %s ${x}",
    "first\rsecond\x0cthird\x85fourth\u2028fifth",
    "right to left \u202e reversed \u2066 isolated",
    "\\N{BULLET} \\x41 \\u0041 \\",
    '""""""',
    '"',
    '""',
]


@given(st.text() | st.sampled_from(ATTACKS))
def test_a_literal_reads_back_as_the_text(text: str) -> None:
    source = literal(text)
    assert ast.literal_eval(source) == text
    assert "\n" not in source


@given(st.text() | st.sampled_from(ATTACKS))
def test_a_docstring_reads_back_as_the_words_and_holds_nothing_else(text: str) -> None:
    lines = docstring(text)
    tree = ast.parse("\n".join(["class C:", *lines, "    pass"]))
    (cls,) = tree.body
    assert isinstance(cls, ast.ClassDef)
    assert len(cls.body) == (2 if lines else 1)
    assert (ast.get_docstring(cls) or "").split() == text.split()


@pytest.mark.parametrize("text", ATTACKS)
def test_a_docstring_shows_every_character_that_cannot_be_seen(text: str) -> None:
    assert all(character.isprintable() for line in docstring(text) for character in line)


@given(st.text() | st.sampled_from(ATTACKS))
def test_a_comment_is_one_line(text: str) -> None:
    assert ast.parse(f"# {comment(text)}\npass").body[0].lineno == 2


def test_paragraphs_stay_apart_and_long_lines_are_wrapped() -> None:
    text = "First    paragraph,\n      as schemas indent it.\n\n" + "word " * 60
    lines = docstring(text)
    assert lines[0] == '    """First paragraph, as schemas indent it.'
    assert lines[1] == ""
    assert all(len(line) <= 120 for line in lines)
    assert lines[-1] == '    """'


def test_nothing_to_say_is_no_docstring() -> None:
    assert docstring("  \n ") == []
