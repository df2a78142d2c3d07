"""What came with xsi:type where any type may stand is written with the same xsi:type again."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Annotated, Any

import pytest
from msgspec import Struct

from soapkit import Raw, typed
from soapkit.databinding.annotations import element, text, xml_type, xsd
from soapkit.databinding.codec import Codecs
from soapkit.databinding.describe import DescribedShapes, type_for
from soapkit.databinding.shape import Atomic, Facets, ListOf, RecordRef, Type, UnionOf
from soapkit.databinding.typed import said_type
from soapkit.databinding.values import Duration, GYear, QName, XmlDate, XmlDateTime, XmlTime
from soapkit.errors import DecodeError, EncodeError, UsageError
from soapkit.xml.names import XSD
from soapkit.xml.parse import parse_message

__xml_namespace__ = "urn:t"


class Colour(StrEnum):
    RED = "red"


class Box(Struct, kw_only=True):
    some: Annotated[list[Any], element("some")] = []
    plain: Annotated[list[str], element("plain"), xsd("anySimpleType")] = []


@xml_type("price")
class Price(Struct, kw_only=True):
    amount: Annotated[Decimal, text()]


TYPES: dict[str, Type] = {
    "{urn:t}code": Atomic("string", "{urn:t}code", Facets(max_length=3)),
    "{urn:t}yes": Atomic("boolean", "{urn:t}yes"),
    "{urn:t}span": Atomic("duration", "{urn:t}span"),
    "{urn:t}when": Atomic("dateTime", "{urn:t}when"),
    "{urn:t}day": Atomic("date", "{urn:t}day"),
    "{urn:t}hour": Atomic("time", "{urn:t}hour"),
    "{urn:t}year": Atomic("gYear", "{urn:t}year"),
    "{urn:t}sizes": ListOf(Atomic("int"), "{urn:t}sizes"),
    "{urn:t}either": UnionOf((Atomic("int"), Atomic("string")), "{urn:t}either"),
    "{urn:t}maybe": UnionOf((Atomic("boolean"), type_for(Colour)), "{urn:t}maybe"),  # type: ignore[arg-type]  # an enumeration is simple
    "{urn:t}Colour": type_for(Colour),
    "{urn:t}price": RecordRef(Price),
}
CODEC = Codecs(DescribedShapes("urn:t"), types=TYPES).codec(Box)
HEAD = (
    'xmlns="urn:t" xmlns:t="urn:t" xmlns:xs="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)


def read(content: str) -> Box:
    return CODEC.decode(parse_message(f"<box {HEAD}>{content}</box>".encode()))  # type: ignore[no-any-return]


LITERALS = [
    ("xs:short", "5", 5),
    ("xs:int", "5", 5),
    ("xs:long", "5", 5),
    ("xs:unsignedLong", "18446744073709551615", 2**64 - 1),
    ("xs:decimal", "5", Decimal(5)),
    ("xs:float", "1.5", 1.5),
    ("xs:hexBinary", "FF", b"\xff"),
    ("xs:token", "a b", "a b"),
    ("xs:anyURI", "urn:x", "urn:x"),
    ("xs:NMTOKENS", "a b", ["a", "b"]),
    ("xs:NOTATION", "t:x", QName("urn:t", "x")),
    ("xs:gYear", "2026", GYear(2026)),
    ("t:code", "abc", "abc"),
    ("t:span", "P1D", Duration(0, Decimal(86400))),
    ("t:when", "2026-11-30T10:00:00Z", datetime(2026, 11, 30, 10, tzinfo=UTC)),
    ("t:when", "2026-11-30T10:00:00.1234567Z", XmlDateTime(2026, 11, 30, 10, tzinfo=UTC, fraction="1234567")),
    ("t:day", "2026-11-30", date(2026, 11, 30)),
    ("t:day", "2026-11-30Z", XmlDate(2026, 11, 30, UTC)),
    ("t:hour", "10:00:00", time(10)),
    ("t:hour", "10:00:00.1234567", XmlTime(10, fraction="1234567")),
    ("t:year", "2026", GYear(2026)),
    ("t:sizes", "1 2", [1, 2]),
    ("t:either", "5", 5),
    ("t:either", "five", "five"),
    ("t:Colour", "red", Colour.RED),
]


@pytest.mark.parametrize("tag", ["some", "plain"])
@pytest.mark.parametrize(("named", "literal", "value"), LITERALS)
def test_a_value_keeps_the_type_that_it_came_with(tag: str, named: str, literal: str, value: object) -> None:
    box = read(f'<{tag} xsi:type="{named}">{literal}</{tag}>')
    (found,) = getattr(box, tag)
    assert found == value
    assert isinstance(found, type(value))
    assert repr(found) == repr(value)
    assert CODEC.encode(box, "{urn:t}box").count("xsi:type=") == 1
    own = named.replace("t:", "ns1:") if named.startswith("t:") else named
    local = literal.replace("t:", "ns1:") if named == "xs:NOTATION" else literal
    assert f'<ns1:{tag} xsi:type="{own}">{local}</ns1:{tag}>' in CODEC.encode(box, "{urn:t}box")


@pytest.mark.parametrize(("named", "literal", "value"), LITERALS)
def test_it_travels_with_copies_of_the_value(named: str, literal: str, value: object) -> None:
    (found,) = read(f'<some xsi:type="{named}">{literal}</some>').some
    for again in (copy.copy(found), copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert again == value
        assert said_type(again) == said_type(found)
        assert type(again) is type(found)
    if not isinstance(value, list):
        assert hash(found) == hash(value)


def test_what_the_python_type_says_already_is_a_plain_value() -> None:
    box = read('<some xsi:type="xs:int">5</some><some xsi:type="xs:string">a</some><some xsi:type="xs:double">1</some>')
    assert [type(each) for each in box.some] == [int, str, float]


def test_a_text_that_says_that_it_is_one_says_so_again_where_any_simple_type_may_stand() -> None:
    box = read('<plain xsi:type="xs:string">a</plain><plain>b</plain>')
    text = CODEC.encode(box, "{urn:t}box")
    assert '<ns1:plain xsi:type="xs:string">a</ns1:plain><ns1:plain>b</ns1:plain>' in text


@pytest.mark.parametrize(("named", "literal"), [("t:yes", "true"), ("t:maybe", "red"), ("t:maybe", "true")])
@pytest.mark.parametrize("tag", ["some", "plain"])
def test_what_cannot_say_its_type_is_kept_as_it_came(tag: str, named: str, literal: str) -> None:
    box = read(f'<{tag} xsi:type="{named}">{literal}</{tag}>')
    (found,) = getattr(box, tag)
    assert isinstance(found, Raw)
    assert read(f'<{tag} xsi:type="{named}">{literal}</{tag}>') == box
    assert f'xsi:type="{named}">{literal}<' in CODEC.encode(box, "{urn:t}box")


def test_a_value_that_is_none_of_its_type_is_refused() -> None:
    with pytest.raises(DecodeError, match=r"box.some\[0\]: 'abcd' is not code: expected at most 3 characters"):
        read('<some xsi:type="t:code">abcd</some>')


def test_a_type_that_nobody_knows_is_refused_where_it_would_be_lost() -> None:
    with pytest.raises(DecodeError, match=r"box.plain\[0\]: xsi:type names {urn:t}none, a type nobody declares"):
        read('<plain xsi:type="t:none">5</plain>')
    assert isinstance(read('<some xsi:type="t:none">5</some>').some[0], Raw)


def test_a_text_with_attributes_may_stand_where_any_simple_type_may() -> None:
    box = read('<plain xsi:type="t:price">5.0</plain>')
    (found,) = box.plain
    assert repr(found) == "Price(amount=Decimal('5.0'))"
    assert '<ns1:plain xsi:type="ns1:price">5.0</ns1:plain>' in CODEC.encode(box, "{urn:t}box")


def test_but_no_record_with_elements() -> None:
    with pytest.raises(EncodeError, match=r"box.plain\[0\]: is Box, which has elements"):
        CODEC.encode(Box(plain=[Box()]), "{urn:t}box")  # type: ignore[list-item]


def test_a_value_is_sent_as_the_type_that_is_said() -> None:
    box = Box(some=[typed(5, f"{{{XSD}}}short"), typed("abc", "{urn:t}code"), Colour.RED])
    text = CODEC.encode(box, "{urn:t}box")
    assert '<ns1:some xsi:type="xs:short">5<' in text
    assert '<ns1:some xsi:type="ns1:code">abc<' in text
    assert '<ns1:some xsi:type="ns1:Colour">red<' in text


def test_and_must_be_one_of_it() -> None:
    with pytest.raises(EncodeError, match=r"some\[0\]: 40000 is not xs:short"):
        CODEC.encode(Box(some=[typed(40000, f"{{{XSD}}}short")]), "{urn:t}box")
    with pytest.raises(EncodeError, match=r"is of the type {urn:other}x: expected a simple type that the contract"):
        CODEC.encode(Box(some=[typed(5, "{urn:other}x")]), "{urn:t}box")


@pytest.mark.parametrize("value", [True, None, Colour.RED, Price(amount=Decimal(1))])
def test_what_cannot_say_a_type_is_told(value: object) -> None:
    with pytest.raises(UsageError, match="cannot say its type"):
        typed(value, f"{{{XSD}}}short")


def test_a_name_that_is_none_is_told() -> None:
    with pytest.raises(UsageError, match="'xs:short' is no name of a type"):
        typed(5, "xs:short")


def test_a_type_may_be_said_anew() -> None:
    assert said_type(typed(typed(5, "{urn:t}a"), "{urn:t}b")) == "{urn:t}b"


def test_where_one_type_may_stand_such_a_value_is_what_it_is() -> None:
    assert json.dumps([typed(5, "{urn:t}a")]) == "[5]"
    codec = Codecs().codec(Price)
    (found,) = read('<some xsi:type="xs:integer">5</some>').some
    assert codec.encode(Price(amount=found), "price") == "<price>5</price>"


class Size(Enum):
    SMALL = 1


@xml_type("shelf")
class Shelf(Struct, kw_only=True):
    width: Annotated[int, element("width")]


def test_where_a_simple_type_may_stand_a_narrower_enumeration_leaves_the_value_of_the_declared_one() -> None:
    codec = Codecs(DescribedShapes("urn:t"), types={"{urn:t}Size": type_for(Size)}).codec(Shelf)
    shelf = codec.decode(parse_message(f'<shelf {HEAD}><width xsi:type="t:Size">1</width></shelf>'.encode()))
    assert type(shelf.width) is int
    assert codec.encode(shelf, "shelf") == '<shelf xmlns:ns1="urn:t"><ns1:width>1</ns1:width></shelf>'
    with pytest.raises(DecodeError, match=r"shelf\.width: '2' is not Size: expected one of '1'"):
        codec.decode(parse_message(f'<shelf {HEAD}><width xsi:type="t:Size">2</width></shelf>'.encode()))


def test_a_member_of_an_enumeration_that_no_contract_knows_is_written_as_its_value() -> None:
    class Size(Enum):
        BIG = 3

    assert 'xsi:type="xs:int">3<' in CODEC.encode(Box(some=[Size.BIG]), "{urn:t}box")
