"""Messages and values that an audit found read or written wrongly, or refused in words that miss what is wrong."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any

import pytest

import soapkit
from soapkit.databinding.annotations import attribute, element, text, xml_type, xsd
from soapkit.databinding.codec import Codecs
from soapkit.databinding.shape import RecordRef
from soapkit.errors import DecodeError
from soapkit.xml.names import XSI_NIL
from soapkit.xml.parse import parse_message


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


XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xs="http://www.w3.org/2001/XMLSchema"'


@dataclass
class Holder:
    known: int
    any: Annotated[Any, element("any", min_occurs=0)] = None
    simple: Annotated[str | None, element("simple"), xsd("anySimpleType")] = None


@xml_type("price")
@dataclass
class Price:
    amount: Annotated[Decimal, text()]
    currency: Annotated[str, attribute("currency")]


def again(children: str) -> str:
    """What is written of a value that a lenient reader has read."""
    codec = Codecs(unknown="lenient", types={"price": RecordRef(Price)}).codec(Holder)
    written = codec.encode(codec.decode(parse_message(f"<h {XSI}>{children}</h>".encode())), "h")
    assert codec.encode(codec.decode(parse_message(written.encode())), "h") == written
    return written


def test_what_stands_in_an_unknown_element_keeps_the_prefixes_that_only_its_values_need() -> None:
    child = '<new xmlns="urn:n" xmlns:q="urn:n">q:name</new>'
    written = parse_message(again(f"<known>1</known>{child}<!-- --><new2/>").encode())
    assert written[1].nsmap["q"] == written[1].nsmap[None] == "urn:n"
    assert [each.tag for each in written] == ["known", "{urn:n}new", "new2"]


def test_attributes_of_a_text_that_came_as_a_record_are_written_once() -> None:
    child = '<simple xsi:type="price" currency="EUR">1.5</simple>'
    assert again(f"<known>1</known>{child}").count("currency") == 1


@pytest.mark.parametrize("why", [{}, {"why": "sold"}])
def test_nil_where_anything_may_stand_is_not_absent(why: dict[str, str]) -> None:
    given = "".join(f' {name}="{text}"' for name, text in why.items())
    _, nil = parse_message(again(f'<known>1</known><any xsi:nil="true"{given}/>').encode())
    assert dict(nil.attrib) == {XSI_NIL: "true"} | why
    assert "any" not in again("<known>1</known>")


def test_and_not_nil_any_more_once_there_is_a_value() -> None:
    holder = soapkit.decode(f'<h {XSI}><known>1</known><any xsi:nil="true"/></h>', Holder)
    assert b'<any xsi:nil="true"/>' in soapkit.encode(holder, "h")
    holder.any = 5
    assert b'<any xsi:type="xs:int">5</any>' in soapkit.encode(holder, "h")
