"""Components become Shapes: one test for each rule of content, attributes and simple types."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from soapkit.databinding.sample.sample import sample_element
from soapkit.databinding.shape import (
    ANY_TYPE,
    All,
    Alternative,
    AnyField,
    Atomic,
    Choice,
    ChoiceField,
    ElementField,
    EnumValue,
    Facets,
    ListOf,
    Record,
    RecordRef,
    Sequence,
    UnionOf,
)
from soapkit.xml.names import SOAP11_ENC, XSD, local_name
from soapkit.xsd.schema import Schema
from soapkit.xsd.shapes import SchemaShapes

ShapesOf = Callable[[str], SchemaShapes]
ITEMS = (
    '<xs:complexType name="A"/><xs:complexType name="B"/>'
    '<xs:complexType name="C"><xs:complexContent><xs:extension base="A"/></xs:complexContent></xs:complexType>'
)


@pytest.fixture
def shapes_of(schema_of: Callable[..., Schema]) -> ShapesOf:
    """The shapes of a schema whose text is given."""
    return lambda text: SchemaShapes(schema_of(text))


@pytest.fixture
def record_of(shapes_of: ShapesOf) -> Callable[[str], Record]:
    """The record of the type T whose children are given."""
    return lambda inner: shapes_of(f'{ITEMS}<xs:complexType name="T">{inner}</xs:complexType>')["{urn:x}T"]


def drawn(particle: object) -> str:
    """A content model in the notation of DTDs."""
    if isinstance(particle, (Sequence, Choice, All)):
        sign = {Sequence: ", ", Choice: " | ", All: " & "}[type(particle)]
        return f"({sign.join(map(drawn, particle.particles))})" + ("?" if particle.optional else "")
    assert isinstance(particle, (ElementField, ChoiceField, AnyField))
    many = "*" if particle.many and particle.minimum == 0 else "+" if particle.many else ""
    return particle.name + (many or ("?" if particle.minimum == 0 else ""))


# --- content ---

CONTENTS = [
    ('<xs:sequence><xs:element name="a"/><xs:element name="b" minOccurs="0"/></xs:sequence>', "(a, b?)"),
    ('<xs:choice><xs:element name="a"/><xs:element name="b"/></xs:choice>', "(a | b)"),
    ('<xs:all minOccurs="0"><xs:element name="a"/><xs:element name="b" minOccurs="0"/></xs:all>', "(a & b?)?"),
    ('<xs:sequence><xs:sequence><xs:element name="a"/></xs:sequence><xs:element name="b"/></xs:sequence>', "(a, b)"),
    ('<xs:sequence><xs:sequence minOccurs="0"><xs:element name="a"/></xs:sequence></xs:sequence>', "(a?)"),
    (
        (
            '<xs:sequence><xs:choice minOccurs="0"><xs:element name="a"/><xs:sequence><xs:element name="b"/>'
            '<xs:element name="c"/></xs:sequence></xs:choice><xs:element name="d"/></xs:sequence>'
        ),
        "((a | (b, c))?, d)",
    ),
    ('<xs:sequence maxOccurs="unbounded"><xs:element name="a" minOccurs="0"/></xs:sequence>', "(a*)"),
    ('<xs:choice minOccurs="0" maxOccurs="9"><xs:element name="a" maxOccurs="2"/></xs:choice>', "(a*)"),
    ('<xs:choice><xs:sequence/><xs:element name="a"/></xs:choice>', "(a?)"),
    ('<xs:sequence><xs:element name="a" maxOccurs="0"/><xs:element name="b"/></xs:sequence>', "(b)"),
    ('<xs:sequence><xs:element name="a"/><xs:element name="b"/><xs:element name="a"/></xs:sequence>', "(a, b, a_2)"),
    (
        (
            '<xs:choice><xs:sequence><xs:element name="a"/><xs:element name="b" minOccurs="0"/></xs:sequence>'
            '<xs:element name="b"/></xs:choice>'
        ),
        "((a, b?) | b)",
    ),
    (
        (
            '<xs:choice><xs:sequence><xs:element name="a" type="A"/></xs:sequence><xs:sequence>'
            '<xs:element name="a" type="B"/><xs:element name="b"/></xs:sequence></xs:choice>'
        ),
        "(a | (a_2, b))",
    ),
    ('<xs:choice maxOccurs="unbounded"><xs:element name="a"/><xs:element name="b"/></xs:choice>', "(choice+)"),
    (
        '<xs:sequence minOccurs="0" maxOccurs="5"><xs:element name="a"/><xs:element name="b"/></xs:sequence>',
        "(sequence*)",
    ),
    ('<xs:sequence><xs:any/><xs:any minOccurs="0" maxOccurs="unbounded"/></xs:sequence>', "(any, any_2*)"),
    ("", "()"),
]


@pytest.mark.parametrize(("inner", "model"), CONTENTS, ids=[model for _, model in CONTENTS])
def test_content(inner: str, model: str, record_of: Callable[[str], Record]) -> None:
    assert drawn(record_of(inner).content) == model


def test_a_field_in_two_branches_is_one_field(record_of: Callable[[str], Record]) -> None:
    record = record_of(
        '<xs:choice><xs:sequence><xs:element name="a"/><xs:element name="b" maxOccurs="2"/></xs:sequence>'
        '<xs:element name="b"/></xs:choice>'
    )
    assert [field.name for field in record.elements] == ["a", "b"]
    assert isinstance(record.content.particles[1], ElementField)
    assert record.content.particles[1].many  # a list here too, since it is one there


def test_a_repeated_choice_holds_records_bare_where_their_class_tells_them_apart(
    record_of: Callable[[str], Record],
) -> None:
    record = record_of(
        '<xs:choice maxOccurs="unbounded"><xs:element name="a" type="A"/><xs:element name="b" type="B"/>'
        '<xs:element name="c" type="C"/><xs:element name="s" type="xs:string"/></xs:choice>'
    )
    field = record.elements[0]
    assert isinstance(field, ChoiceField)
    assert field.alternatives == (
        Alternative(None, RecordRef("{urn:x}T/choice[1]/a")),  # C derives from A: an A may be a C by xsi:type
        Alternative("{urn:x}b", RecordRef("{urn:x}B")),
        Alternative("{urn:x}c", RecordRef("{urn:x}C")),
        Alternative(None, RecordRef("{urn:x}T/choice[1]/s")),
    )


def test_a_nillable_or_doubled_type_is_not_bare(record_of: Callable[[str], Record]) -> None:
    field = record_of(
        '<xs:choice maxOccurs="2"><xs:element name="a" type="A" nillable="true"/><xs:element name="b" type="B"/>'
        '<xs:element name="b2" type="B"/></xs:choice>'
    ).elements[0]
    assert isinstance(field, ChoiceField)
    assert [alternative.tag for alternative in field.alternatives] == [None, None, None]
    assert (field.minimum, field.maximum) == (1, 2)


def test_a_group_record_holds_what_repeats(shapes_of: ShapesOf) -> None:
    shapes = shapes_of(
        '<xs:complexType name="T"><xs:sequence><xs:element name="x"/><xs:sequence maxOccurs="unbounded">'
        '<xs:element name="a" type="xs:int"/><xs:element name="b" minOccurs="0"/></xs:sequence></xs:sequence>'
        "</xs:complexType>"
    )
    group = shapes["{urn:x}T/sequence[1]"]  # found without asking for T first
    assert group.group
    assert drawn(group.content) == "(a, b?)"
    assert drawn(shapes["{urn:x}T"].content) == "(x, sequence+)"


def test_a_reference_to_a_head_is_a_choice_of_its_members(shapes_of: ShapesOf) -> None:
    shapes = shapes_of(
        f'{ITEMS}<xs:element name="head" type="A" abstract="true"/><xs:element name="one" substitutionGroup="head"/>'
        '<xs:element name="two" type="C" substitutionGroup="one"/><xs:complexType name="T"><xs:sequence>'
        '<xs:element ref="head" maxOccurs="unbounded"/></xs:sequence></xs:complexType>'
    )
    field = shapes["{urn:x}T"].elements[0]
    assert isinstance(field, ChoiceField)
    assert field.name == "head"
    assert [alternative.type for alternative in field.alternatives] == [
        RecordRef("{urn:x}/element()/one"),
        RecordRef("{urn:x}C"),
    ]
    assert drawn(shapes["{urn:x}/element()/one"].content) == "(one)"


def test_a_head_with_one_member_is_that_element(shapes_of: ShapesOf) -> None:
    shapes = shapes_of(
        '<xs:element name="head" type="xs:int" abstract="true"/><xs:element name="one" substitutionGroup="head"/>'
        '<xs:complexType name="T"><xs:sequence><xs:element ref="head"/></xs:sequence></xs:complexType>'
    )
    field = shapes["{urn:x}T"].elements[0]
    assert isinstance(field, ElementField)
    assert (field.tag, field.type) == ("{urn:x}one", Atomic("int"))


def test_text_between_elements_makes_one_list_of_both(shapes_of: ShapesOf) -> None:
    shapes = shapes_of(
        f'{ITEMS}<xs:complexType name="T" mixed="true"><xs:sequence><xs:element name="a" type="A"/><xs:choice>'
        '<xs:element name="b" type="B"/><xs:any/></xs:choice></xs:sequence></xs:complexType>'
    )
    record = shapes["{urn:x}T"]
    assert record.mixed
    (field,) = record.elements
    assert isinstance(field, ChoiceField)
    assert (field.name, field.minimum, field.maximum, field.many) == ("content", 0, None, True)
    assert [alternative.tag for alternative in field.alternatives] == ["{urn:x}a", "{urn:x}b", None]


# --- derivation ---


def test_an_extension_has_the_fields_of_its_base_first(shapes_of: ShapesOf) -> None:
    shapes = shapes_of(
        '<xs:complexType name="T"><xs:choice><xs:element name="a"/><xs:element name="b"/></xs:choice>'
        '<xs:attribute name="p"/></xs:complexType><xs:complexType name="U"><xs:complexContent><xs:extension base="T">'
        '<xs:sequence><xs:element name="a"/></xs:sequence><xs:attribute name="q"/></xs:extension></xs:complexContent>'
        "</xs:complexType>"
    )
    record = shapes["{urn:x}U"]
    assert drawn(record.content) == "((a | b), a_2)"
    assert [each.name for each in record.attributes] == ["p", "q"]
    assert (record.base, record.derivation) == (RecordRef("{urn:x}T"), "extension")
    assert record.elements[:2] == shapes["{urn:x}T"].elements


def test_a_restriction_keeps_the_lists_of_its_base_and_loses_what_is_prohibited(shapes_of: ShapesOf) -> None:
    shapes = shapes_of(
        '<xs:complexType name="T"><xs:sequence><xs:element name="a" maxOccurs="9"/><xs:element name="b" minOccurs="0"/>'
        '</xs:sequence><xs:attribute name="p"/><xs:anyAttribute/></xs:complexType><xs:complexType name="U">'
        '<xs:complexContent><xs:restriction base="T"><xs:sequence><xs:element name="a"/></xs:sequence>'
        '<xs:attribute name="p" use="prohibited"/></xs:restriction></xs:complexContent></xs:complexType>'
    )
    record = shapes["{urn:x}U"]
    (field,) = record.elements
    assert isinstance(field, ElementField)
    assert (field.maximum, field.many) == (1, True)
    assert record.attributes == ()
    assert record.any_attribute is None


def test_derived_types_are_named_transitively(shapes_of: ShapesOf) -> None:
    derived = (
        '<xs:complexType name="{}"><xs:complexContent><xs:extension base="{}"/></xs:complexContent></xs:complexType>'
    )
    shapes = shapes_of('<xs:complexType name="A"/>' + derived.format("C", "B") + derived.format("B", "A"))
    assert shapes.derived("{urn:x}A") == ("{urn:x}B", "{urn:x}C")


def test_simple_content_is_text_with_attributes(shapes_of: ShapesOf) -> None:
    shapes = shapes_of(
        '<xs:complexType name="T"><xs:simpleContent><xs:extension base="xs:decimal"><xs:attribute name="u"/>'
        '</xs:extension></xs:simpleContent></xs:complexType><xs:complexType name="U"><xs:simpleContent>'
        '<xs:restriction base="T"><xs:maxInclusive value="9"/></xs:restriction></xs:simpleContent></xs:complexType>'
    )
    text = shapes["{urn:x}U"].text
    assert text is not None
    assert (text.name, text.type) == ("value", Atomic("decimal", facets=Facets(max_inclusive="9")))
    assert shapes["{urn:x}U"].base == RecordRef("{urn:x}T")


def test_attribute_wildcards_of_groups_are_merged(shapes_of: ShapesOf) -> None:
    shapes = shapes_of(
        '<xs:attributeGroup name="g"><xs:anyAttribute namespace="urn:p urn:q"/></xs:attributeGroup>'
        '<xs:complexType name="T"><xs:attributeGroup ref="g"/><xs:anyAttribute namespace="urn:q urn:r" '
        'processContents="lax"/></xs:complexType>'
    )
    wildcard = shapes["{urn:x}T"].any_attribute
    assert wildcard is not None
    assert (wildcard.namespaces, wildcard.process) == (("urn:q",), "lax")


# --- simple types ---

SIMPLE = [
    ('<xs:restriction base="xs:string"/>', Atomic("string", "{urn:x}S")),
    (
        (
            '<xs:restriction base="xs:token"><xs:enumeration value=" a  b "/><xs:enumeration value="c"><xs:annotation>'
            "<xs:documentation>See c.</xs:documentation></xs:annotation></xs:enumeration></xs:restriction>"
        ),
        Atomic("token", "{urn:x}S", enumeration=(EnumValue("a b"), EnumValue("c", "See c."))),
    ),
    (
        '<xs:restriction base="xs:token"><xs:enumeration value=" 10&#160;kg"/></xs:restriction>',
        Atomic("token", "{urn:x}S", enumeration=(EnumValue("10\u00a0kg"),)),
    ),
    (
        '<xs:restriction base="xs:QName"><xs:enumeration value="o:x"/><xs:enumeration value="y"/></xs:restriction>',
        Atomic("QName", "{urn:x}S", enumeration=(EnumValue("{urn:other}x"), EnumValue("{urn:x}y"))),
    ),
    (
        (
            '<xs:restriction><xs:simpleType><xs:restriction base="xs:int"><xs:minInclusive value="1"/></xs:restriction>'
            '</xs:simpleType><xs:minExclusive value="3"/><xs:pattern value="[0-9]+"/></xs:restriction>'
        ),
        Atomic("int", "{urn:x}S", Facets(min_exclusive="3", patterns=(("[0-9]+",),))),
    ),
    (
        (
            '<xs:restriction><xs:simpleType><xs:restriction base="xs:string"><xs:pattern value="a"/>'
            '<xs:pattern value="b"/></xs:restriction></xs:simpleType><xs:pattern value="c"/></xs:restriction>'
        ),
        Atomic("string", "{urn:x}S", Facets(patterns=(("a", "b"), ("c",)))),
    ),
    ('<xs:list itemType="xs:int"/>', ListOf(Atomic("int"), "{urn:x}S")),
    (
        '<xs:restriction base="xs:NMTOKENS"><xs:maxLength value="3"/></xs:restriction>',
        ListOf(Atomic("NMTOKEN"), "{urn:x}S", Facets(min_length=1, max_length=3)),
    ),
    (
        '<xs:union memberTypes="xs:int"><xs:simpleType><xs:list itemType="xs:date"/></xs:simpleType></xs:union>',
        UnionOf((Atomic("int"), ListOf(Atomic("date"))), "{urn:x}S"),
    ),
]


@pytest.mark.parametrize(("inner", "shape"), SIMPLE, ids=[str(number) for number, _ in enumerate(SIMPLE)])
def test_simple_types(inner: str, shape: object, shapes_of: ShapesOf) -> None:
    assert shapes_of(f'<xs:simpleType name="S">{inner}</xs:simpleType>').type("{urn:x}S") == shape


def test_any_type_stays_open(shapes_of: ShapesOf) -> None:
    shapes = shapes_of('<xs:element name="a"/><xs:element name="b" type="xs:anySimpleType"/>')
    assert shapes.element("{urn:x}a").type == ANY_TYPE
    assert shapes.element("{urn:x}b").type == Atomic("anySimpleType")
    assert shapes.type(f"{{{XSD}}}anyType") == ANY_TYPE


# --- keys ---


def test_anonymous_types_are_named_by_where_they_stand(shapes_of: ShapesOf) -> None:
    lines = (
        '<xs:element name="lines"><xs:complexType><xs:sequence><xs:element name="line"><xs:complexType/></xs:element>'
        "</xs:sequence></xs:complexType></xs:element>"
    )
    text = (
        f'<xs:complexType name="Order"><xs:sequence>{lines}</xs:sequence></xs:complexType>'
        f'<xs:element name="Order"><xs:complexType><xs:sequence>{lines}</xs:sequence></xs:complexType></xs:element>'
    )
    assert set(shapes_of(text)) == {
        "{urn:x}Order",
        "{urn:x}Order/lines",
        "{urn:x}Order/lines/line",
        "{urn:x}/Order",
        "{urn:x}/Order/lines",
        "{urn:x}/Order/lines/line",
    }
    assert shapes_of(text)["{urn:x}/Order/lines/line"].key == "{urn:x}/Order/lines/line"


def test_two_anonymous_types_at_one_path_are_numbered(record_of: Callable[[str], Record]) -> None:
    record = record_of(
        '<xs:choice><xs:element name="a"><xs:complexType/></xs:element><xs:sequence><xs:element name="b"/>'
        '<xs:element name="a"><xs:complexType><xs:attribute name="p"/></xs:complexType></xs:element></xs:sequence>'
        "</xs:choice>"
    )
    types = [field.type for field in record.elements if isinstance(field, ElementField) and field.name[0] == "a"]
    assert types == [RecordRef("{urn:x}T/a"), RecordRef("{urn:x}T/a[2]")]


def test_a_key_that_nobody_declares_is_a_key_error_and_not_in_the_shapes(shapes_of: ShapesOf) -> None:
    shapes = shapes_of('<xs:complexType name="T"/>')
    assert "{urn:x}T/nothing" not in shapes
    with pytest.raises(KeyError):
        shapes["{urn:x}T/nothing"]


# --- what others wrote ---


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ('<xs:attribute ref="e:arrayType" w:arrayType="xs:int[]"/>', Atomic("int")),
        ('<xs:attribute ref="e:arrayType" w:arrayType="A[,]"/>', RecordRef("{urn:x}A")),
        ('<xs:attribute ref="e:arrayType" w:arrayType="A[][2]"/>', RecordRef("{urn:x}T/item")),
        ('<xs:sequence><xs:element name="item" form="unqualified" type="A"/></xs:sequence>', RecordRef("{urn:x}A")),
        ("", ANY_TYPE),
    ],
    ids=["atomic", "two dimensions", "array of arrays", "by element", "of anything"],
)
def test_a_soap_array_is_a_list_of_its_items(text: str, item: object, record_of: Callable[[str], Record]) -> None:
    record = record_of(
        f'<xs:complexContent xmlns:e="{SOAP11_ENC}" xmlns:w="http://schemas.xmlsoap.org/wsdl/">'
        f'<xs:restriction base="e:Array">{text}</xs:restriction></xs:complexContent>'
    )
    (field,) = record.elements
    assert isinstance(field, ElementField)
    assert (field.name, field.tag, field.type, field.many, field.maximum) == ("item", "item", item, True, None)


def test_a_data_set_holds_its_schema_and_anything(record_of: Callable[[str], Record]) -> None:
    record = record_of('<xs:sequence><xs:element ref="xs:schema"/><xs:any/></xs:sequence>')
    schema, rest = record.elements
    assert isinstance(schema, ElementField)
    assert (schema.tag, schema.type) == (f"{{{XSD}}}schema", ANY_TYPE)
    assert isinstance(rest, AnyField)


def test_an_array_in_a_wrong_namespace_is_an_array_all_the_same(shapes_of: ShapesOf) -> None:
    shapes = shapes_of(
        '<xs:complexType name="T"><xs:complexContent xmlns:e="http://schemas.xmlsoap.org/soap/encoding">'
        '<xs:restriction base="e:Array"><xs:attribute ref="e:arrayType" e:arrayType="xs:int[]"/></xs:restriction>'
        "</xs:complexContent></xs:complexType>"
    )
    (field,) = shapes["{urn:x}T"].elements
    assert isinstance(field, ElementField)
    assert (field.type, field.many) == (Atomic("int"), True)
    assert any("read as the array of SOAP encoding" in str(problem) for problem in shapes.problems)


def test_the_elements_that_a_wildcard_allows_are_known(shapes_of: ShapesOf) -> None:
    shapes = shapes_of('<xs:element name="a"/><xs:element name="b"/>')
    assert shapes.allowed(AnyField("any")) == ("{urn:x}a", "{urn:x}b")
    assert shapes.allowed(AnyField("any", ("##other", "urn:x", ""))) == ()
    assert shapes.allowed(AnyField("any", ("urn:x", ""))) == ("{urn:x}a", "{urn:x}b")


def test_no_example_has_an_element_for_which_nothing_stands(shapes_of: ShapesOf) -> None:
    head = '<xs:element name="head" abstract="true"/><xs:element name="plain" type="xs:int"/>'
    within = '<xs:element ref="head" minOccurs="0"/><xs:element name="own" type="xs:int"/><xs:any namespace="##local"/>'
    shapes = shapes_of(
        f'{head}<xs:complexType name="T"><xs:sequence>{within}</xs:sequence></xs:complexType>'
        '<xs:complexType name="Any"><xs:sequence><xs:any/></xs:sequence></xs:complexType>'
    )
    example = sample_element("{urn:x}a", shapes.type("{urn:x}T"), shapes, full=True)
    assert [local_name(str(child.tag)) for child in example] == ["own", "any"]
    choice = '<xs:complexType name="T"><xs:choice><xs:element ref="head"/><xs:element name="own"/></xs:choice>'
    chosen = shapes_of(f"{head}{choice}</xs:complexType>")
    for seed in range(4):
        (child,) = sample_element("{urn:x}a", chosen.type("{urn:x}T"), chosen, seed=seed)
        assert child.tag == "{urn:x}own"
    elements = [shapes.element(f"{{urn:x}}{name}") for name in ("head", "plain")]
    (brought,) = sample_element("{urn:x}a", shapes.type("{urn:x}Any"), shapes, full=True, elements=elements)
    assert brought.tag == "{urn:x}plain"
