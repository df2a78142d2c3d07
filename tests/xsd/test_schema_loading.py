"""Loading: what documents lead to, what is forgiven, and what a dangling reference costs."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from soapkit.errors import ContractError, Problems
from soapkit.xml.documents import Documents
from soapkit.xml.names import SOAP11_ENC, WSDL11, XML
from soapkit.xml.parse import parse_document
from soapkit.xsd.load import Source, load_schema
from soapkit.xsd.model import ComplexType, Group
from soapkit.xsd.schema import Schema
from soapkit.xsd.shapes import SchemaShapes

SchemaOf = Callable[..., Schema]

OTHER = (
    '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:other" targetNamespace="urn:other">'
    "{}</xs:schema>"
)
BARE = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{}</xs:schema>'


def told(schema: Schema) -> list[str]:
    return [str(problem) for problem in schema.warnings.found]


# --- following ---


def test_a_component_knows_its_file_and_line(schema_of: SchemaOf) -> None:
    schema = schema_of('\n<xs:include schemaLocation="other.xsd"/>', other='\n\n<xs:element name="b"/>')
    assert str(schema.element("{urn:x}b").place) == "other.xsd:3"


def test_a_chameleon_include_takes_the_namespace_of_its_includer(schema_of: SchemaOf) -> None:
    schema = schema_of('<xs:include schemaLocation="other.xsd"/>', other=BARE.format('<xs:element name="b" type="T"/>'))
    assert schema.element("{urn:x}b").type == "{urn:x}T"


def test_a_redefined_type_extends_what_it_was(schema_of: SchemaOf) -> None:
    schema = schema_of(
        '<xs:redefine schemaLocation="other.xsd"><xs:complexType name="T"><xs:complexContent><xs:extension base="T">'
        '<xs:attribute name="more"/></xs:extension></xs:complexContent></xs:complexType></xs:redefine>',
        other='<xs:complexType name="T"><xs:attribute name="one"/></xs:complexType><xs:element name="a" type="T"/>',
    )
    record = SchemaShapes(schema)["{urn:x}T"]
    assert [each.name for each in record.attributes] == ["one", "more"]
    assert record.base is not None
    assert record.base.key == "{urn:x}T.original"


def test_a_redefined_group_may_hold_what_it_was(schema_of: SchemaOf) -> None:
    schema = schema_of(
        '<xs:redefine schemaLocation="other.xsd"><xs:group name="g"><xs:sequence><xs:group ref="g"/>'
        '<xs:element name="c"/></xs:sequence></xs:group></xs:redefine>',
        other='<xs:group name="g"><xs:sequence><xs:element name="b"/></xs:sequence></xs:group>'
        '<xs:complexType name="T"><xs:group ref="g"/></xs:complexType>',
    )
    assert [field.name for field in SchemaShapes(schema)["{urn:x}T"].elements] == ["b", "c"]


def test_documents_that_import_each_other_are_read_once(schema_of: SchemaOf) -> None:
    schema = schema_of(
        '<xs:import namespace="urn:other" schemaLocation="other.xsd"/>',
        other=OTHER.format('<xs:import namespace="urn:x" schemaLocation="main.xsd"/><xs:element name="b"/>'),
    )
    assert schema.namespaces == ("urn:x", "urn:other")


def test_several_schemas_in_line_are_one() -> None:
    one = OTHER.format('<xs:element name="a" type="T"/>')
    two = OTHER.format('<xs:simpleType name="T"><xs:restriction base="xs:int"/></xs:simpleType>')
    text = f"<types>{one}{two}</types>"
    root = parse_document(text.encode(), source="x.wsdl")
    schema = load_schema([Source(child, "memory:/x.wsdl") for child in root], Documents(), Problems())
    assert SchemaShapes(schema).element("{urn:other}a").type == SchemaShapes(schema).type("{urn:other}T")


def test_well_known_schemas_need_no_network(schema_of: SchemaOf) -> None:
    schema = schema_of(
        f'<xs:import namespace="{XML}" schemaLocation="http://www.w3.org/2001/xml.xsd"/><xs:import '
        'namespace="http://www.w3.org/2000/09/xmldsig#" schemaLocation="http://www.w3.org/TR/xmldsig.xsd"/>'
        '<xs:complexType name="T"><xs:sequence><xs:element xmlns:d="http://www.w3.org/2000/09/xmldsig#" '
        'ref="d:Signature"/></xs:sequence><xs:attribute ref="xml:lang"/></xs:complexType>'
    )
    record = SchemaShapes(schema)["{urn:x}T"]
    assert record.attributes[0].tag == f"{{{XML}}}lang"
    assert record.elements[0].name == "Signature"
    assert told(schema) == []


def test_links_need_no_network(schema_of: SchemaOf) -> None:
    xlink = "http://www.w3.org/1999/xlink"
    schema = schema_of(
        f'<xs:import namespace="{xlink}" schemaLocation="http://www.w3.org/1999/xlink.xsd"/><xs:complexType name="T">'
        f'<xs:attributeGroup xmlns:l="{xlink}" ref="l:simpleAttrs"/></xs:complexType><xs:complexType name="Old">'
        f'<xs:attributeGroup xmlns:l="{xlink}" ref="l:simpleLink"/></xs:complexType>'
    )
    shapes = SchemaShapes(schema)
    attributes = shapes["{urn:x}T"].attributes
    assert attributes == shapes["{urn:x}Old"].attributes
    names = ["type", "href", "role", "arcrole", "title", "show", "actuate"]
    assert [attribute.tag for attribute in attributes] == [f"{{{xlink}}}{name}" for name in names]
    assert (attributes[0].fixed, attributes[1].fixed) == ("simple", None)
    assert [element.name for element in shapes[f"{{{xlink}}}extended"].elements]
    assert told(schema) == []


def test_a_schema_inside_an_imported_wsdl_is_found(schema_of: SchemaOf) -> None:
    inner = OTHER.format('<xs:element name="b"/>')
    wsdl = f'<?xml version="1.0"?><definitions xmlns="{WSDL11}"><types>{inner}</types></definitions>'
    schema = schema_of('<xs:import namespace="urn:other" schemaLocation="other.xsd"/>', other=wsdl)
    assert schema.element("{urn:other}b").tag == "{urn:other}b"


# --- what a dangling reference costs ---


def test_a_dangling_type_costs_only_what_uses_it(schema_of: SchemaOf) -> None:
    schema = schema_of(
        '<xs:element name="good" type="Good"/><xs:complexType name="Good"/>\n'
        '<xs:complexType name="Bad"><xs:sequence>\n<xs:element name="a" type="Godo"/></xs:sequence></xs:complexType>'
    )
    shapes = SchemaShapes(schema)
    assert shapes.element("{urn:x}good").name == "good"
    with pytest.raises(ContractError) as refused:
        shapes["{urn:x}Bad"]
    assert str(refused.value) == (
        "main.xsd:3: type {urn:x}Godo is referred to, but no schema declares it; did you mean {urn:x}Good?"
    )
    assert [str(problem) for problem in (list(shapes) and shapes.problems)] == [str(refused.value)]


def test_a_dangling_base_is_told_where_a_type_of_its_local_name_is_derived_from_it(schema_of: SchemaOf) -> None:
    derived = '<xs:complexContent><xs:extension base="o:T"/></xs:complexContent>'
    shapes = SchemaShapes(schema_of(f'<xs:complexType name="T">{derived}</xs:complexType>'))
    with pytest.raises(ContractError, match=r"^main.xsd:1: type \{urn:other\}T is referred to, but no"):
        shapes["{urn:x}T"]


def test_an_import_that_cannot_be_read_is_told_and_costs_what_needs_it(schema_of: SchemaOf) -> None:
    schema = schema_of(
        '<xs:import namespace="urn:other" schemaLocation="missing.xsd"/><xs:element name="a" type="xs:int"/>'
        '<xs:element name="b" type="o:T"/>'
    )
    assert "missing.xsd cannot be read" in told(schema)[0]
    shapes = SchemaShapes(schema)
    assert shapes.element("{urn:x}a")
    with pytest.raises(ContractError, match="urn:other"):
        shapes.element("{urn:x}b")


def test_an_attribute_that_a_group_prohibits_is_that_of_the_base(schema_of: SchemaOf) -> None:
    restricted = '<xs:complexContent><xs:restriction base="T"><xs:attributeGroup ref="g"/></xs:restriction>'
    schema = schema_of(
        '<xs:complexType name="T"><xs:attribute name="a"/></xs:complexType><xs:attributeGroup name="g"><xs:attribute '
        f'name="a" use="prohibited"/></xs:attributeGroup><xs:complexType name="R">{restricted}</xs:complexContent>'
        "</xs:complexType>"
    )
    assert [attribute.name for attribute in SchemaShapes(schema)["{urn:x}R"].attributes] == ["a"]


def test_an_empty_pattern_is_passed_over_where_no_value_is_empty(schema_of: SchemaOf) -> None:
    restricted = '<xs:restriction base="xs:{0}"><xs:pattern value=""/></xs:restriction>'
    empty = f'<xs:simpleType name="{{0}}">{restricted}</xs:simpleType>'
    schema = schema_of(empty.format("date") + empty.format("string"))
    shapes = SchemaShapes(schema)
    assert [shapes.type(f"{{urn:x}}{name}").facets.patterns for name in ("date", "string")] == [(), (("",),)]  # type: ignore[union-attr]
    assert told(schema) == ["main.xsd:1: an empty pattern matches no xs:date (XSD part 2, 4.3.4); passed over"]


def test_an_unknown_attribute_type_is_read_as_text_with_a_warning(schema_of: SchemaOf) -> None:
    schema = schema_of('<xs:complexType name="T"><xs:attribute name="a" type="Nothing"/></xs:complexType>')
    assert SchemaShapes(schema)["{urn:x}T"].attributes[0].type.builtin == "string"  # type: ignore[union-attr]
    assert "read as text" in told(schema)[0]


def test_a_default_that_is_no_value_of_its_type_is_passed_over_with_a_warning(schema_of: SchemaOf) -> None:
    schema = schema_of(
        '<xs:complexType name="T"><xs:sequence><xs:element name="e" type="xs:int" default="many"/></xs:sequence>'
        '<xs:attribute name="a" type="xs:hexBinary" default="0xFFAA"/>'
        '<xs:attribute name="b" type="xs:hexBinary" default="FFAA"/></xs:complexType>'
    )
    record = SchemaShapes(schema)["{urn:x}T"]
    assert [field.default for field in record.attributes] == [None, "FFAA"]
    assert [field.default for field in record.elements] == [None]  # type: ignore[union-attr]
    many, hexadecimal = told(schema)
    assert many.startswith("main.xsd:1: the default or fixed value 'many' is not xs:int: expected digits")
    assert hexadecimal.endswith("'0xFFAA' is not xs:hexBinary: expected pairs of hexadecimal digits; passed over")


# --- what is forgiven ---


def in_type(particles: str) -> str:
    return f'<xs:complexType name="T">{particles}</xs:complexType>'


def in_sequence(particles: str) -> str:
    return in_type(f"<xs:sequence>{particles}</xs:sequence>")


FORGIVEN = [
    (in_type('<xs:element name="b"/>'), "read as a sequence"),
    ('<xs:element name="a"><xs:sequence/></xs:element>', "must stand in a complexType"),
    (in_sequence('<xs:element name="b" minOccurs="2"/>'), "minOccurs=2 is above maxOccurs"),
    (in_sequence('<xs:element name="b" maxOccurs="many"/>'), "maxOccurs='many' is not a number"),
    ('<xs:element name="a" type="q:T"/>' + in_sequence(""), "prefix 'q' of q:T is not declared"),
    ('<xs:element name="a" type="xs:base64binary"/>', "read as xs:base64Binary"),
    ('<xs:element name="a" type="xs:dateTimeStamp"/>', "read as xs:dateTime"),
    (in_type('<xs:sequence/><xs:assert test="true()"/>'), "xs:assert belongs to XML Schema 1.1"),
    ('<xs:element name="a" type="xs:int"/><xs:element name="a"/>', "is declared twice, differently"),
    (in_type('<xs:attribute name="b" use="mandatory"/>'), "use='mandatory'"),
    (
        in_type(
            '<xs:attribute name="b"><xs:simpleType><xs:restriction base="xs:string"><xs:maxLength value="x"/>'
        ).replace("</xs:complexType>", "</xs:restriction></xs:simpleType></xs:attribute></xs:complexType>"),
        "facet maxLength must be a whole number",
    ),
    ("<xs:thing/>", "thing may not stand in schema"),
    (
        '<simpleType xmlns="http://schemas.xmlsoap.org/wsdl/" name="S"><list itemType="xs:int"/></simpleType>',
        "{http://schemas.xmlsoap.org/wsdl/}simpleType stands where simpleType of XML Schema may",
    ),
    ("<xs:defaultOpenContent/>", "xs:defaultOpenContent belongs to XML Schema 1.1"),
    ('<xs:element name="a"><xs:alternative/></xs:element>', "xs:alternative belongs to XML Schema 1.1"),
    ('<xs:element name="a" type="xs:int"><xs:complexType/></xs:element>', "the element names a type and holds one"),
    (
        '<xs:simpletype name="S"><xs:list itemType="xs:int"/></xs:simpletype>',
        "where simpleType of XML Schema may",
    ),
    (
        '<xs:group name="g"><xs:sequence><xs:element name="b"/><xs:group ref="g" minOccurs="0"/></xs:sequence>'
        "</xs:group>" + in_type('<xs:group ref="g"/>'),
        "group {urn:x}g contains itself",
    ),
]


@pytest.mark.parametrize(("text", "sentence"), FORGIVEN, ids=[sentence for _, sentence in FORGIVEN])
def test_a_broken_rule_is_forgiven_and_told(text: str, sentence: str, schema_of: SchemaOf) -> None:
    schema = schema_of(text)
    shapes = SchemaShapes(schema)
    schema.read_everything()
    list(shapes)
    assert any(sentence in line for line in told(schema)), told(schema)
    assert all(problem.place.line for problem in schema.warnings.found)
    assert not shapes._failed


def test_with_strict_a_broken_rule_is_an_error_and_all_are_told(schema_of: SchemaOf) -> None:
    with pytest.raises(ContractError) as refused:
        schema_of('<xs:thing/>\n<xs:complexType name="T"><xs:element name="b"/></xs:complexType>', strict=True)
    assert len(refused.value.problems) == 2


def test_a_schema_of_a_draft_is_read(schema_of: SchemaOf) -> None:
    schema = schema_of(
        '<schema xmlns="http://www.w3.org/1999/XMLSchema" xmlns:x="urn:x" targetNamespace="urn:x">'
        '<complexType name="T"><element name="b" type="timeInstant" minOccurs="0"/></complexType></schema>'
    )
    field = SchemaShapes(schema)["{urn:x}T"].elements[0]
    assert (field.name, field.type.builtin) == ("b", "dateTime")  # type: ignore[union-attr]
    assert "is written in http://www.w3.org/1999/XMLSchema" in told(schema)[0]


def test_the_soap_encoding_namespace_names_the_built_in_types(schema_of: SchemaOf) -> None:
    schema = schema_of(f'<xs:element name="a" xmlns:e="{SOAP11_ENC}" type="e:int"/>')
    assert SchemaShapes(schema).element("{urn:x}a").type.builtin == "int"  # type: ignore[union-attr]


# --- what would never end ---

DERIVED = '<xs:complexType name="{}"><xs:complexContent><xs:extension base="{}"/></xs:complexContent></xs:complexType>'


def test_groups_that_double_and_double_are_refused(schema_of: SchemaOf) -> None:
    groups = "".join(
        f'<xs:group name="g{n}"><xs:sequence><xs:group ref="g{n + 1}"/><xs:group ref="g{n + 1}"/></xs:sequence>'
        "</xs:group>"
        for n in range(40)
    )
    schema = schema_of(
        f'{groups}<xs:group name="g40"><xs:sequence><xs:element name="b"/></xs:sequence></xs:group>'
        '<xs:complexType name="T"><xs:group ref="g0"/></xs:complexType>'
    )
    with pytest.raises(ContractError, match="unfolds to more than"):
        SchemaShapes(schema)["{urn:x}T"]


def test_shapes_made_by_many_threads_are_whole(schema_of: SchemaOf) -> None:
    types = "".join(
        f'<xs:complexType name="T{n}"><xs:choice maxOccurs="9"><xs:element name="a" type="T{(n + 1) % 40}"/>'
        f'<xs:element name="b" type="xs:int"/></xs:choice></xs:complexType>'
        for n in range(40)
    )
    shapes = SchemaShapes(schema_of(types))
    broken: list[str] = []

    def work() -> None:
        for n in range(40):
            record = shapes[f"{{urn:x}}T{n}"]
            if not record.elements or not shapes[f"{{urn:x}}T{n}/choice[1]/b"].elements:
                broken.append(str(record.key))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not broken
    assert len(shapes) == 80


def test_a_type_derived_from_itself_is_an_error(schema_of: SchemaOf) -> None:
    derived = (
        '<xs:complexType name="{}"><xs:complexContent><xs:extension base="{}"/></xs:complexContent></xs:complexType>'
    )
    schema = schema_of(derived.format("A", "B") + derived.format("B", "A"))
    with pytest.raises(ContractError, match="derived from itself"):
        SchemaShapes(schema)["{urn:x}A"]


def test_a_long_chain_of_types_is_no_matter(schema_of: SchemaOf) -> None:
    derived = (
        '<xs:complexType name="T{}"><xs:complexContent><xs:extension base="T{}"/></xs:complexContent></xs:complexType>'
    )
    chain = "".join(derived.format(n, n - 1) for n in range(1, 500))
    schema = schema_of(f'<xs:complexType name="T0"/>{chain}')
    assert SchemaShapes(schema)["{urn:x}T499"].base is not None


def test_a_type_is_read_when_it_is_asked_for(schema_of: SchemaOf) -> None:
    schema = schema_of('<xs:complexType name="T"><xs:sequence/></xs:complexType><xs:complexType name="U"/>')
    found = schema.type("{urn:x}T")
    assert isinstance(found, ComplexType)
    assert found.content == Group("sequence", place=found.content.place)  # type: ignore[union-attr]
    assert found is schema.type("{urn:x}T")
