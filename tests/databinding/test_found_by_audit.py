"""Messages and values that an audit found read or written wrongly, or refused in words that miss what is wrong."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

import soapkit
from soapkit.errors import DecodeError


class Size(enum.IntEnum):
    BIG = 3


class Odd(int):
    def __repr__(self) -> str:
        return "<odd/>"


@dataclass
class Numbers:
    whole: int
    exact: Decimal
    near: float


@pytest.mark.parametrize("three", [Size.BIG, Odd(3)])
def test_a_number_is_written_in_digits_whatever_its_class_shows(three: int) -> None:
    text = "<n><whole>3</whole><exact>3</exact><near>3.0</near></n>"
    assert soapkit.encode(Numbers(three, three, three), "n") == text.encode()  # type: ignore[arg-type]  # an int will do


@dataclass
class Form:
    a: int
    b: int
    c: int
    d: int
    e: list[int] = field(default_factory=list)


@pytest.mark.parametrize(
    ("children", "told"),
    [
        ("<b>2</b><a>1</a><c>3</c><d>4</d><e>5</e>", ["has a out of order"]),
        ("<a>1</a><c>3</c><b>2</b><d>4</d>", ["has b out of order"]),
        ("<a>1</a><b>2</b><d>4</d><e>5</e><e>6</e><c>3</c>", ["has c out of order"]),
        ("<d>4</d><a>1</a><b>2</b><c>3</c>", ["has a out of order", "has b out of order", "has c out of order"]),
        ("<b>2</b><a>1</a><c>3</c><c>3</c><d>4</d>", ["has a out of order", "has c more often than once"]),
        ("<b>2</b><a>1</a><c>3</c>", ["has a out of order", "lacks d, which is required"]),
    ],
)
def test_of_children_out_of_order_only_those_are_told_that_are_not_in_their_place(
    children: str, told: list[str]
) -> None:
    with pytest.raises(DecodeError) as caught:
        soapkit.decode(f"<f>{children}</f>", Form)
    assert [problem.message for problem in caught.value.problems] == told


@pytest.mark.parametrize(
    ("text", "words"),
    [("A-_=", "A-Z a-z 0-9"), ("AB==", "no bits to spare"), ("AAB=", "no bits to spare"), ("A===", "A-Z a-z 0-9")],
)
def test_what_is_wrong_with_base64_is_told(text: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        soapkit.decode(f"<b>{text}</b>", bytes)
