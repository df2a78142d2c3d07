"""What is wrong with an element, as a log may say it: libxml2 quotes values, a log does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from soapkit.databinding.builtins import BUILTINS
from soapkit.xsd.schema import Schema
from soapkit.xsd.validate import validator_for

SHOWN = "hunter2"

RESTRICTIONS = {
    "pattern": "<xs:pattern value='[0-9]*'/>",
    "length": "<xs:length value='3'/>",
    "maxLength": "<xs:maxLength value='3'/>",
    "minLength": "<xs:minLength value='99'/>",
    "enumeration": "<xs:enumeration value='a'/>",
}
# Types that take any text, or this one.
ANYTHING = {"string", "normalizedString", "token", "anySimpleType", "anyType", "anyURI", "Name", "NCName", "NMTOKEN"}
ANYTHING |= {"NMTOKENS", "ID", "IDREF", "IDREFS", "QName", "ENTITY", "ENTITIES", "NOTATION"}


def logged(schema: Schema, text: str) -> str:
    problems = validator_for(schema).problems(etree.fromstring(text))
    assert problems
    assert all(problem.place.path for problem in problems)
    return "\n".join(problem.for_log for problem in problems)


@pytest.mark.parametrize("name", sorted(set(BUILTINS) - ANYTHING))
def test_no_type_repeats_what_is_not_of_it(name: str, schema_of: Callable[[str], Schema]) -> None:
    schema = schema_of(f"<xs:element name='v' type='xs:{name}'/>")
    told = logged(schema, f"<v xmlns='urn:x'>{SHOWN}!</v>")
    assert SHOWN not in told
    assert "is not valid (cvc-" in told


@pytest.mark.parametrize("facet", RESTRICTIONS.values(), ids=RESTRICTIONS)
def test_no_facet_repeats_what_breaks_it(facet: str, schema_of: Callable[[str], Schema]) -> None:
    simple = f"<xs:simpleType><xs:restriction base='xs:string'>{facet}</xs:restriction></xs:simpleType>"
    schema = schema_of(
        f"<xs:element name='v'><xs:complexType><xs:sequence><xs:element name='e'>{simple}</xs:element></xs:sequence>"
        f"<xs:attribute name='a'>{simple}</xs:attribute></xs:complexType></xs:element>"
    )
    told = logged(schema, f"<v xmlns='urn:x' a='{SHOWN}'><e>{SHOWN}</e></v>")
    assert SHOWN not in told
    assert "attribute a: is not valid" in told


def test_no_key_is_repeated_where_two_are_alike(schema_of: Callable[[str], Schema]) -> None:
    schema = schema_of(
        "<xs:element name='all'><xs:complexType><xs:sequence>"
        "<xs:element name='one' type='xs:string' maxOccurs='9'/></xs:sequence></xs:complexType>"
        "<xs:unique name='u' xmlns:x='urn:x'><xs:selector xpath='x:one'/><xs:field xpath='.'/></xs:unique></xs:element>"
    )
    assert SHOWN not in logged(schema, f"<all xmlns='urn:x'><one>{SHOWN}</one><one>{SHOWN}</one></all>")


def test_no_text_is_repeated_where_another_is_fixed_or_none_may_stand(schema_of: Callable[[str], Schema]) -> None:
    schema = schema_of(
        "<xs:element name='fixed' type='xs:string' fixed='a'/>"
        "<xs:element name='empty'><xs:complexType><xs:sequence/></xs:complexType></xs:element>"
    )
    assert SHOWN not in logged(schema, f"<fixed xmlns='urn:x'>{SHOWN}</fixed>")
    assert SHOWN not in logged(schema, f"<empty xmlns='urn:x'>{SHOWN}</empty>")


def test_names_are_told(schema_of: Callable[[str], Schema]) -> None:
    inner = "<xs:complexType><xs:sequence><xs:element name='a' type='xs:int'/></xs:sequence></xs:complexType>"
    schema = schema_of(f"<xs:element name='v'>{inner}</xs:element>")
    assert "element {urn:x}b is not expected here; expected {urn:x}a" in logged(schema, "<v xmlns='urn:x'><b/></v>")
