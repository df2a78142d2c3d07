"""What comparing with another validator on real contracts has shown, each on the shortest message that shows it."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Annotated, TypeVar

import pytest
from msgspec import Struct

from soapkit.databinding.annotations import attribute, element, text, xml_type, xsd
from soapkit.databinding.codec import Codecs
from soapkit.databinding.describe import DescribedShapes
from soapkit.databinding.sample.sample import sample_content
from soapkit.databinding.shape import Atomic, Facets, ListOf, RecordRef
from soapkit.databinding.simple import no_scope, simple_codec
from soapkit.errors import DecodeError, EncodeError
from soapkit.xml.parse import parse_message

__xml_namespace__ = "urn:example:found"
T = TypeVar("T")
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:x="urn:example:found"'


@xml_type("proxy", content="(endpoints & running & transports)")
class Proxy(Struct, kw_only=True):
    endpoints: Annotated[list[str], element("endpoint")] = []
    running: Annotated[bool | None, element("running")] = None
    transports: Annotated[list[str], element("transport", max_occurs=2)] = []


@xml_type("email")
class Email(Struct, kw_only=True):
    value: Annotated[str, text()]
    use: Annotated[str | None, attribute("use")] = None


@xml_type("note")
class Note(Struct, kw_only=True):
    author: Annotated[str, element("author")]


@xml_type("body")
class Body(Struct, kw_only=True):
    summer: Annotated[str, element("été")]


@xml_type("pair")
class Pair(Struct, kw_only=True):
    first: Annotated[str, element("first")]
    second: Annotated[str, element("second")]


CODECS = Codecs(DescribedShapes("urn:example:found"), types={"{urn:example:found}email": RecordRef(Email)})


def read(cls: type[T], xml: str) -> T:
    return CODECS.codec(cls).decode(parse_message(xml.encode()))  # type: ignore[no-any-return]


def test_elements_that_repeat_in_an_all_group_may_stand_apart() -> None:
    tags = "<x:endpoint>1</x:endpoint><x:running>true</x:running><x:endpoint>2</x:endpoint>"
    assert read(Proxy, f"<p {XSI}>{tags}</p>") == Proxy(endpoints=["1", "2"], running=True)


def test_but_not_more_often_than_they_may() -> None:
    tags = "<x:transport>1</x:transport><x:transport>2</x:transport><x:running>true</x:running>"
    assert read(Proxy, f"<p {XSI}>{tags}</p>").transports == ["1", "2"]
    with pytest.raises(DecodeError, match="has transport more often than 2 times"):
        read(Proxy, f"<p {XSI}>{tags}<x:transport>3</x:transport></p>")


def test_an_element_of_a_simple_type_may_say_a_type_that_extends_it_with_attributes() -> None:
    assert read(Note, f'<n {XSI}><x:author xsi:type="x:email">me</x:author></n>') == Note(author="me")


def test_attributes_for_which_a_text_has_no_room_are_told_not_lost() -> None:
    with pytest.raises(DecodeError, match="author: has the attribute use"):
        read(Note, f'<n {XSI}><x:author xsi:type="x:email" use="work">me</x:author></n>')


@xml_type("measure")
class Measure(Struct, kw_only=True):
    weight: Annotated[float | None, element("weight"), xsd("float")] = None
    version: Annotated[Decimal, attribute("version", fixed="1.50")] = Decimal("1.50")
    unit: Annotated[str | None, element("unit", fixed="kg")] = None
    step: Annotated[Decimal | None, element("step", fixed="0.10")] = None


def test_a_fixed_value_is_taken_however_it_is_spelt_and_written_as_it_is_declared() -> None:
    value = read(Measure, f"<m {XSI} version='1.5'><x:step>0.1</x:step></m>")
    written = CODECS.codec(Measure).encode(value, "m")
    assert 'version="1.50"' in written
    assert ">0.10<" in written
    with pytest.raises(EncodeError, match=r"expected the fixed value '0\.10'"):
        CODECS.codec(Measure).encode(Measure(step=Decimal("0.2")), "m")


@pytest.mark.parametrize(
    ("text", "value"), [("3.4028235e38", 3.4028235e38), ("3.5e38", math.inf), ("1" * 40, math.inf)]
)
def test_a_float_of_32_bits_is_infinite_beyond_them(text: str, value: float) -> None:
    assert read(Measure, f"<m {XSI}><x:weight>{text}</x:weight></m>").weight == value
    assert read(Measure, f"<m {XSI}><x:weight>-{text}</x:weight></m>").weight == -value


@pytest.mark.parametrize("value", [3.5e38, -1e300, 10**400])
def test_what_would_be_read_as_infinite_is_not_written(value: float) -> None:
    with pytest.raises(EncodeError, match=r"that (32|64) bits can hold"):
        CODECS.codec(Measure).encode(Measure(weight=value), "m")
    for held in (3.4028235e38, math.inf, 1.0):
        assert read(Measure, CODECS.codec(Measure).encode(Measure(weight=held), "m")).weight == held


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\d\.\d{2}E\d", "3.84E8"),
        (r"\d{2}E-\d", "62E-1"),
        (r"0\.\d{3}e[+]\d{3}", "0.120e+003"),
        (r"-?\d\.\d+E-\d\d", "-1.5E-07"),
        (r"0\.0E0", "0.0E0"),
    ],
)
def test_a_float_is_written_with_the_exponent_that_a_pattern_asks_for(pattern: str, text: str) -> None:
    codec = simple_codec(Atomic("double", facets=Facets(patterns=((pattern,),))))
    assert codec.encode(codec.decode(text, no_scope), str, True) == text


def test_what_is_one_too_many_does_not_put_what_follows_out_of_order() -> None:
    with pytest.raises(DecodeError) as caught:
        read(Note, f"<n {XSI}><x:author>a</x:author><x:author>b</x:author><x:author>c</x:author></n>")
    assert [problem.message for problem in caught.value.problems] == ["has author more often than once"] * 2
    with pytest.raises(DecodeError) as caught:
        read(Pair, f"<p {XSI}><x:first>a</x:first><x:first>b</x:first><x:second>c</x:second></p>")
    assert [problem.message for problem in caught.value.problems] == ["has first more often than once"]


def test_only_the_white_space_of_xml_separates_the_items_of_a_list() -> None:
    words = simple_codec(ListOf(Atomic("string")))
    assert words.decode("a\u00a0b\u2003c\nd", no_scope) == ["a\u00a0b\u2003c", "d"]
    assert words.encode(["a\u00a0b"], str, False) == "a\u00a0b"
    for item in ("a b", "a\tb", "a\n", ""):
        with pytest.raises(ValueError, match="would be read as several"):
            words.encode([item], str, False)
    with pytest.raises(ValueError, match="expected"):
        simple_codec(Atomic("NMTOKENS")).decode("a\u00a0b", no_scope)


def test_a_million_problems_are_not_told_one_by_one() -> None:
    authors = "<x:author>a</x:author>" * 5000
    with pytest.raises(DecodeError) as caught:
        read(Note, f"<n {XSI}>{authors}</n>")
    assert len(caught.value.problems) == 101
    assert str(caught.value).endswith("\nand 4,899 more like these")


def test_a_bare_body_has_an_example_whose_element_is_named_beyond_ascii() -> None:
    (entry,) = sample_content(Body, CODECS.shapes)
    assert entry.tag == "{urn:example:found}été"
