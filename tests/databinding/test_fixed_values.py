"""Fixed values: equal however they are spelt, written as the schema spells them; literals of any size."""

from __future__ import annotations

import math
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from lxml import etree
from msgspec import Struct, defstruct

import soapkit
from soapkit.databinding.annotations import attribute, element, text, xsd
from soapkit.databinding.values import QName
from soapkit.errors import DecodeError, EncodeError, UsageError

XS = 'xmlns:xs="http://www.w3.org/2001/XMLSchema"'
BIG = 123456789012345678901234567890


def fixed(annotation: Any, literal: str) -> type:
    """A class whose element and attribute have a fixed value."""
    optional = annotation | None
    fields: list[tuple[str, Any, Any]] = [
        ("a", Annotated[optional, element("a", fixed=literal)], None),
        ("b", Annotated[optional, attribute("b", fixed=literal)], None),
    ]
    return defstruct("r", fields, kw_only=True)


def validator(builtin: str, literal: str) -> etree.XMLSchema:
    said = f'type="xs:{builtin}" fixed="{literal}"'
    return etree.XMLSchema(
        etree.fromstring(
            f'<xs:schema {XS}><xs:element name="r"><xs:complexType><xs:sequence><xs:element name="a" {said}/>'
            f'</xs:sequence><xs:attribute name="b" {said}/></xs:complexType></xs:element></xs:schema>'
        )
    )


@pytest.mark.parametrize(
    ("builtin", "annotation", "literal", "value"),
    [
        ("boolean", bool, "1", True),
        ("boolean", bool, " 1 ", True),
        ("decimal", Decimal, "01.50", Decimal("1.5")),
        ("int", Annotated[int, xsd("int")], "+01", 1),
        ("double", float, " 1.50", 1.5),
        ("double", float, "NaN", math.nan),
        ("hexBinary", Annotated[bytes, xsd("hexBinary")], "ab", b"\xab"),
        ("NMTOKENS", Annotated[list[str], xsd("NMTOKENS")], " a  b ", ["a", "b"]),
        ("integer", Annotated[int, xsd("integer")], f"0{BIG}", BIG),
    ],
)
def test_a_fixed_value_is_written_as_the_schema_spells_it_which_libxml2_takes(
    builtin: str, annotation: Any, literal: str, value: Any
) -> None:
    cls = fixed(annotation, literal)
    written = soapkit.encode(cls(a=value))
    assert written.decode() == f'<r b="{literal}"><a>{literal}</a></r>'
    validator(builtin, literal).assertValid(etree.fromstring(written))
    read = soapkit.decode(written, cls)
    assert repr(read) == repr(soapkit.decode("<r><a/></r>", cls))
    assert read == cls(a=value, b=value) or math.isnan(value)


def test_it_may_be_given_as_a_text_and_is_refused_where_it_is_another() -> None:
    cls = fixed(Decimal, "01.50")
    assert soapkit.encode(cls(a="1.5", b="1.500")) == b'<r b="01.50"><a>01.50</a></r>'
    with pytest.raises(EncodeError, match=r"a: is Decimal\('1.6'\): expected the fixed value '01.50'"):
        soapkit.encode(cls(a=Decimal("1.6")))
    with pytest.raises(DecodeError, match=r"a: '1\.6': expected the fixed value '01\.50'"):
        soapkit.decode("<r><a>1.6</a></r>", cls)


class Content(Struct):
    value: Annotated[bool, text(fixed="1")]


def test_so_is_the_text_of_an_element_with_attributes() -> None:
    assert soapkit.encode(Content(True), "r") == b"<r>1</r>"


def test_a_fixed_qname_has_a_prefix_that_is_declared() -> None:
    cls = fixed(QName, "{urn:n}one")
    written = soapkit.encode(cls(a=QName("urn:n", "one")))
    assert written == b'<r xmlns:ns1="urn:n" b="ns1:one"><a>ns1:one</a></r>'


def test_true_is_not_the_one_that_a_union_has_fixed() -> None:
    cls = fixed(int | bool, "1")
    assert soapkit.encode(cls(a=1)) == b'<r b="1"><a>1</a></r>'
    with pytest.raises(EncodeError, match="is True: expected the fixed value '1'"):
        soapkit.encode(cls(a=True))
    with pytest.raises(DecodeError, match="'true': expected the fixed value '1'"):
        soapkit.decode("<r><a>true</a></r>", cls)


def test_nor_is_it_the_one_that_a_union_has_as_default() -> None:
    cls = defstruct("r", [("b", Annotated[int | bool | None, attribute("b", default="1")], None)])
    assert soapkit.encode(cls(True)) == b'<r b="true"/>'
    assert soapkit.encode(cls(1)) == b"<r/>"


def test_what_a_union_with_qnames_has_fixed_is_written_so_where_it_is_none() -> None:
    cls = fixed(QName | Decimal, "01.50")
    assert soapkit.encode(cls(a=Decimal("1.5"))) == b'<r b="01.50"><a>01.50</a></r>'


class Numbers(Struct):
    a: Annotated[Literal[BIG], element("a", fixed=str(BIG)), xsd("integer")]  # type: ignore[valid-type]  # a name
    b: Annotated[list[Annotated[Literal[1, BIG], xsd("integer")]], element("b")] = []  # type: ignore[valid-type]


def test_a_literal_may_be_beyond_long_where_its_type_is_named() -> None:
    value = Numbers(BIG, [BIG, 1])
    assert soapkit.decode(soapkit.encode(value), Numbers) == value
    with pytest.raises(DecodeError, match=f"expected one of '1', '{BIG}'"):
        soapkit.decode(f"<Numbers><a>{BIG}</a><b>2</b></Numbers>", Numbers)


class Large(Enum):
    LARGE = BIG


@pytest.mark.parametrize("annotation", [Literal[BIG], Large])
def test_an_enumeration_beyond_long_that_names_no_type_is_refused_with_what_to_say(annotation: Any) -> None:
    cls = defstruct("r", [("a", annotation)])
    with pytest.raises(UsageError, match=r"r\.a: .* has a value that is not xs:long: .*xsd\(name\)"):
        soapkit.decode("<r><a>1</a></r>", cls)
