"""Shapes written as a schema document and read again are the same Shapes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields as fields_of
from dataclasses import is_dataclass, replace

import pytest
from lxml import etree

from soapkit.databinding.shape import AnyType, Atomic, Constraint, ElementField, Facets, Record, RecordRef, Sequence
from soapkit.errors import NOWHERE, Place, Problems
from soapkit.xml.documents import Documents
from soapkit.xsd.load import Source, load_schema
from soapkit.xsd.schema import Schema
from soapkit.xsd.shapes import SchemaShapes
from soapkit.xsd.validate import validator_for
from soapkit.xsd.write import write_schema, write_schemas


def placeless(value: object) -> object:
    """A value without the places in it."""
    if isinstance(value, Place):
        return NOWHERE
    if isinstance(value, tuple):
        return tuple(map(placeless, value))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: placeless(getattr(value, each.name)) for each in fields_of(value)})
    return value


def written_again(shapes: SchemaShapes) -> SchemaShapes:
    elements = [shapes.element(tag) for tag in shapes.schema.names("element")]
    types = [name for name in shapes.schema.names("type") if name in shapes]
    schemas = write_schemas(elements, shapes, types=types)
    sources = [Source(root, f"memory:/{number}.xsd") for number, root in enumerate(schemas.values())]
    warnings = Problems()
    return SchemaShapes(load_schema(sources, Documents(), warnings, strict=True))


CONTENTS = {
    "everything simple": '<xs:simpleType name="S"><xs:restriction base="xs:decimal"><xs:totalDigits value="4"/>'
    '<xs:maxExclusive value="10"/></xs:restriction></xs:simpleType><xs:simpleType name="L"><xs:list itemType="S"/>'
    '</xs:simpleType><xs:simpleType name="U"><xs:union memberTypes="S xs:boolean"><xs:simpleType><xs:restriction '
    'base="xs:string"><xs:enumeration value="x"/></xs:restriction></xs:simpleType></xs:union></xs:simpleType>'
    '<xs:element name="a"><xs:complexType><xs:attribute name="s" type="S"/><xs:attribute name="l" type="L"/>'
    '<xs:attribute name="u" type="U" use="required"/></xs:complexType></xs:element>',
    "patterns of several steps": '<xs:simpleType name="P"><xs:restriction base="xs:string"><xs:pattern value="a.*"/>'
    '<xs:pattern value="b.*"/></xs:restriction></xs:simpleType><xs:simpleType name="Q"><xs:restriction base="P">'
    '<xs:pattern value=".*z"/></xs:restriction></xs:simpleType><xs:element name="a" type="Q"/>',
    "enumeration of QNames": '<xs:simpleType name="N"><xs:restriction base="xs:QName"><xs:enumeration value="o:one"/>'
    '</xs:restriction></xs:simpleType><xs:element name="a" type="N"/>',
    "QNames given for nothing": '<xs:element name="a"><xs:complexType><xs:sequence>'
    '<xs:element name="b" type="xs:QName" default="o:one"/><xs:element name="c" type="xs:QName" fixed="two"/>'
    '</xs:sequence><xs:attribute name="d" type="xs:QName" default="o:three"/></xs:complexType></xs:element>',
    "extension": '<xs:complexType name="B"><xs:sequence><xs:element name="x" type="xs:int"/></xs:sequence>'
    '<xs:attribute name="p"/></xs:complexType><xs:complexType name="D"><xs:complexContent><xs:extension base="B">'
    '<xs:choice><xs:element name="y" type="xs:int"/><xs:element name="z" type="xs:int" nillable="true"/></xs:choice>'
    '<xs:attribute name="q" default="1"/></xs:extension></xs:complexContent></xs:complexType>'
    '<xs:element name="a" type="D"/>',
    "restriction": '<xs:complexType name="B"><xs:sequence><xs:element name="x" type="xs:int" minOccurs="0"/>'
    '</xs:sequence><xs:attribute name="p"/></xs:complexType><xs:complexType name="D"><xs:complexContent>'
    '<xs:restriction base="B"><xs:sequence><xs:element name="x" type="xs:int"/></xs:sequence>'
    '<xs:attribute name="p" use="prohibited"/></xs:restriction></xs:complexContent></xs:complexType>'
    '<xs:element name="a" type="D"/>',
    "repeated choice": '<xs:element name="a"><xs:complexType><xs:choice maxOccurs="unbounded"><xs:element name="s" '
    'type="xs:string"/><xs:sequence><xs:element name="t" type="xs:int"/><xs:element name="u" type="xs:int"/>'
    "</xs:sequence></xs:choice></xs:complexType></xs:element>",
    "repeated sequence": '<xs:element name="a"><xs:complexType><xs:sequence minOccurs="0" maxOccurs="3"><xs:element '
    'name="s" type="xs:string"/><xs:element name="t" type="xs:int"/></xs:sequence></xs:complexType></xs:element>',
    "mixed": '<xs:element name="a"><xs:complexType mixed="true"><xs:choice minOccurs="0" maxOccurs="unbounded">'
    '<xs:element name="b" type="xs:string"/><xs:element name="i" type="xs:string"/></xs:choice></xs:complexType>'
    "</xs:element>",
    "all and wildcards": '<xs:element name="a"><xs:complexType><xs:all minOccurs="0">'
    '<xs:element name="b" type="xs:int"/><xs:element name="c" minOccurs="0" type="W"/></xs:all>'
    "</xs:complexType></xs:element>"
    '<xs:complexType name="W">'
    '<xs:sequence><xs:any namespace="##other" processContents="lax" maxOccurs="unbounded"/></xs:sequence>'
    '<xs:anyAttribute namespace="urn:z ##local" processContents="skip"/></xs:complexType>',
    "simple content": '<xs:complexType name="M"><xs:simpleContent><xs:extension base="xs:decimal">'
    '<xs:attribute name="c" type="xs:string"/></xs:extension></xs:simpleContent></xs:complexType>'
    '<xs:complexType name="E"><xs:simpleContent>'
    '<xs:extension base="M"><xs:attribute name="d" type="xs:string" fixed="x"/></xs:extension></xs:simpleContent>'
    '</xs:complexType><xs:element name="a" type="E"/>',
    "anonymous and unqualified": '<xs:element name="a"><xs:complexType><xs:sequence><xs:element name="b" '
    'form="unqualified"><xs:complexType><xs:sequence><xs:element name="c" default="1" type="xs:int"/></xs:sequence>'
    '</xs:complexType></xs:element></xs:sequence><xs:attribute ref="xml:lang"/></xs:complexType></xs:element>',
    "documentation": '<xs:element name="a"><xs:annotation><xs:documentation>An a &lt; b.</xs:documentation>'
    "</xs:annotation><xs:complexType/></xs:element>",
    "recursion": '<xs:complexType name="T"><xs:sequence><xs:element name="t" type="T" minOccurs="0"/></xs:sequence>'
    '</xs:complexType><xs:element name="a" type="T" nillable="true"/>',
    "fields in several branches": '<xs:element name="a"><xs:complexType><xs:choice><xs:sequence><xs:element name="p" '
    'type="xs:int"/><xs:element name="q" type="xs:int" minOccurs="0"/></xs:sequence>'
    '<xs:element name="q" type="xs:int"/></xs:choice></xs:complexType></xs:element>',
}


@pytest.mark.parametrize("text", CONTENTS.values(), ids=CONTENTS)
def test_what_is_written_reads_as_the_same_shapes(text: str, schema_of: Callable[..., Schema]) -> None:
    shapes = SchemaShapes(schema_of(text))
    again = written_again(shapes)
    assert {key: placeless(again[key]) for key in again} == {key: placeless(shapes[key]) for key in shapes}
    assert placeless(again.element("{urn:x}a")) == placeless(shapes.element("{urn:x}a"))


def test_each_namespace_has_a_schema_that_imports_the_others() -> None:
    record = Record(
        "R",
        "{urn:two}R",
        Sequence((ElementField("b", "{urn:two}b", Atomic("int")),)),
    )
    schemas = write_schemas([ElementField("a", "{urn:one}a", RecordRef("R"))], {"R": record})
    assert list(schemas) == ["urn:one", "urn:two"]
    assert schemas["urn:one"][0].get("namespace") == "urn:two"
    assert schemas["urn:one"][1].get("type") == "ns1:R"


def test_a_record_that_holds_itself_without_a_name_is_given_one() -> None:
    record = Record("{urn:x}R/b", None, Sequence((ElementField("b", "{urn:x}b", RecordRef("{urn:x}R/b"), 0),)))
    schema = write_schema("urn:x", [ElementField("a", "{urn:x}a", RecordRef("{urn:x}R/b"))], {"{urn:x}R/b": record})
    assert [child.get("name") for child in schema] == ["a", "b"]
    loaded = load_schema([Source(schema, "memory:/x.xsd")], Documents(), Problems(), strict=True)
    validator_for(loaded).check(etree.fromstring('<a xmlns="urn:x"><b><b/></b></a>'))


def test_a_global_element_that_holds_itself_is_referred_to() -> None:
    record = Record("{urn:x}/a", None, Sequence((ElementField("a", "{urn:x}a", RecordRef("{urn:x}/a"), 0),)))
    schema = write_schema("urn:x", [ElementField("a", "{urn:x}a", RecordRef("{urn:x}/a"))], {"{urn:x}/a": record})
    assert [child.get("name") for child in schema] == ["a"]
    loaded = load_schema([Source(schema, "memory:/x.xsd")], Documents(), Problems(), strict=True)
    validator_for(loaded).check(etree.fromstring('<a xmlns="urn:x"><a><a/></a></a>'))


def test_identity_constraints_are_written_with_the_prefixes_of_the_page() -> None:
    key = Constraint("key", "{urn:x}k", "p:item", ("@id", "child::p:no"), None, (("p", "urn:x"),))
    refers = Constraint("keyref", "{urn:x}r", ".//p:use", ("@of", "p:no"), "{urn:x}k", (("p", "urn:x"),))
    element = ElementField("a", "{urn:x}a", AnyType(), constraints=(key, refers))
    (written,) = write_schema("urn:x", [element], {})
    assert [(child.tag.rpartition("}")[2], child.get("name"), child.get("refer")) for child in written] == [
        ("key", "k", None),
        ("keyref", "r", "tns:k"),
    ]
    assert [part.get("xpath") for part in written[0]] == ["tns:item", "@id", "child::tns:no"]


def test_facets_of_an_anonymous_type_stand_in_line() -> None:
    short = Atomic("string", facets=Facets(max_length=3))
    schema = write_schema("urn:x", [ElementField("a", "{urn:x}a", short)], {})
    loaded = load_schema([Source(schema, "memory:/x.xsd")], Documents(), Problems(), strict=True)
    validator = validator_for(loaded)
    assert validator.problems(etree.fromstring('<a xmlns="urn:x">abcd</a>'))
    assert not validator.problems(etree.fromstring('<a xmlns="urn:x">abc</a>'))
