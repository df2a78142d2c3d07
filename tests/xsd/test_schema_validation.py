"""Validation: what is told of an invalid element, and schemas that libxml2 refuses as they are."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from lxml import etree

from soapkit.errors import ValidationError
from soapkit.xsd.schema import Schema
from soapkit.xsd.validate import Validator, validator_for

ValidatorOf = Callable[[str], Validator]
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


@pytest.fixture
def validator_of(schema_of: Callable[..., Schema]) -> ValidatorOf:
    """The validator of a schema whose text is given."""
    return lambda text: validator_for(schema_of(text))


def told(validator: Validator, text: str) -> list[str]:
    return [str(problem) for problem in validator.problems(etree.fromstring(text), source="m.xml")]


ORDER = (
    '<xs:element name="order"><xs:complexType><xs:sequence><xs:element name="line" maxOccurs="unbounded">'
    '<xs:complexType><xs:sequence><xs:element name="count" type="xs:int"/></xs:sequence>'
    '<xs:attribute name="unit" type="xs:NCName"/></xs:complexType></xs:element></xs:sequence></xs:complexType>'
    "</xs:element>"
)


def test_every_problem_is_told_with_line_and_path(validator_of: ValidatorOf) -> None:
    message = (
        '<order xmlns="urn:x">\n<line><count>1</count></line>\n<line unit="1x">\n<count>many</count></line></order>'
    )
    assert told(validator_of(ORDER), message) == [
        "m.xml:3: order/line[2]: attribute unit: '1x' is not a valid value of the atomic type 'xs:NCName'",
        "m.xml:4: order/line[2]/count: 'many' is not a valid value of the atomic type 'xs:int'",
    ]


def test_a_wrong_element_is_named_with_its_namespace(validator_of: ValidatorOf) -> None:
    assert told(validator_of(ORDER), '<x:order xmlns:x="urn:x"><line/></x:order>') == [
        "m.xml:1: order/line: element line is not expected here; expected {urn:x}line"
    ]


def test_a_missing_element_is_named(validator_of: ValidatorOf) -> None:
    assert told(validator_of(ORDER), '<order xmlns="urn:x"/>') == [
        "m.xml:1: order: an element is missing at its end; expected {urn:x}line"
    ]


def test_an_element_that_nobody_declares_is_told_with_the_nearest_name(validator_of: ValidatorOf) -> None:
    assert told(validator_of(ORDER), '<Order xmlns="urn:x"/>') == [
        "m.xml:1: Order: no schema declares element {urn:x}Order; did you mean {urn:x}order?"
    ]


def test_check_raises_what_was_found(validator_of: ValidatorOf) -> None:
    with pytest.raises(ValidationError) as refused:
        validator_of(ORDER).check(etree.fromstring('<order xmlns="urn:x"/>'))
    assert len(refused.value.problems) == 1


def test_an_element_inside_an_envelope_is_checked_alone(validator_of: ValidatorOf) -> None:
    body = etree.fromstring('<Body xmlns:x="urn:x"><x:order><x:line><x:count>z</x:count></x:line></x:order></Body>')
    (problem,) = validator_of(ORDER).problems(body[0])
    assert problem.place.path == "Body/order/line/count"


@pytest.mark.parametrize(
    "attribute",
    [
        'w:Id="body-1" xmlns:w="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"',
        's:encodingStyle="urn:none" xmlns:s="http://www.w3.org/2003/05/soap-envelope"',
    ],
)
def test_attributes_of_the_message_on_a_value_are_no_fault_of_the_value(
    validator_of: ValidatorOf, attribute: str
) -> None:
    line = "<line><count>1</count></line>"
    assert told(validator_of(ORDER), f'<order xmlns="urn:x" {attribute}>{line}</order>') == []
    assert told(validator_of(ORDER), f'<order xmlns="urn:x" {attribute} odd="1">{line}</order>') == [
        "m.xml:1: order: attribute odd: The attribute 'odd' is not allowed"
    ]


# --- what is brought in by the message ---

DERIVED = (
    '<xs:complexType name="Base"><xs:sequence/></xs:complexType><xs:complexType name="More"><xs:complexContent>'
    '<xs:extension base="Base"><xs:attribute name="n" type="xs:int" use="required"/></xs:extension></xs:complexContent>'
    '</xs:complexType><xs:element name="a" type="Base"/><xs:element name="any"><xs:complexType><xs:sequence>'
    '<xs:any maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>'
)


def test_a_type_named_by_xsi_type_is_checked(validator_of: ValidatorOf) -> None:
    validator = validator_of(DERIVED)
    assert told(validator, '<a xmlns="urn:x"/>') == []
    assert "attribute" in told(validator, f'<a xmlns="urn:x" {XSI} xsi:type="More"/>')[0]
    assert told(validator, f'<a xmlns="urn:x" {XSI} xsi:type="More" n="1"/>') == []


def test_a_global_element_under_a_wildcard_is_checked(validator_of: ValidatorOf) -> None:
    validator = validator_of(DERIVED)
    assert told(validator, '<any xmlns="urn:x"><a/></any>') == []
    assert "demanded by the strict wildcard" in told(validator, '<any xmlns="urn:x"><b/></any>')[0]


def test_under_a_wildcard_an_element_that_nobody_declares_is_checked_by_the_type_that_it_says(
    validator_of: ValidatorOf,
) -> None:
    head = f'<any xmlns="urn:x" {XSI} xmlns:xs="http://www.w3.org/2001/XMLSchema">'
    validator = validator_of(DERIVED)
    assert told(validator, f'{head}<b xsi:type="xs:int">5</b><c xsi:type="More" n="1"/></any>') == []
    assert told(validator, f'{head}\n<b xsi:type="xs:int">five</b>\n<c xsi:type="More" n="q"/></any>') == [
        "m.xml:2: any/b: 'five' is not a valid value of the atomic type 'xs:int'",
        "m.xml:3: any/c: attribute n: 'q' is not a valid value of the atomic type 'xs:int'",
    ]
    assert "demanded by the strict wildcard" in told(validator, f'{head}<b xsi:type="Lost"/></any>')[0]


def test_an_element_of_no_schema_is_checked_as_a_type(validator_of: ValidatorOf) -> None:
    validator = validator_of(DERIVED)
    call = etree.fromstring(
        f'<o:call xmlns:o="urn:o" xmlns="urn:x" {XSI}>\n<part xmlns="" xmlns:x="urn:x" '
        'xsi:type="x:More" n="q"/><number xmlns="">1</number></o:call>'
    )
    (problem,) = validator.problems_as(call[0], "{urn:x}Base")
    assert str(problem) == "line 2: call/part: attribute n: 'q' is not a valid value of the atomic type 'xs:int'"
    assert validator.problems_as(call[1], "{http://www.w3.org/2001/XMLSchema}int") == ()
    assert validator.problems_as(call[1], "{http://www.w3.org/2001/XMLSchema}date")


def test_only_what_an_element_reaches_is_compiled(validator_of: ValidatorOf) -> None:
    validator = validator_of(ORDER + '<xs:element name="broken" type="Nothing"/>')
    assert told(validator, '<order xmlns="urn:x"><line><count>1</count></line></order>') == []


# --- what libxml2 refuses ---


def test_an_optional_element_before_a_wildcard_is_no_matter(validator_of: ValidatorOf) -> None:
    validator = validator_of(
        '<xs:element name="a"><xs:complexType><xs:sequence><xs:element name="b" type="xs:int"/><xs:element name="c" '
        'type="xs:int" minOccurs="0"/><xs:any processContents="lax" minOccurs="0" maxOccurs="unbounded"/></xs:sequence>'
        "</xs:complexType></xs:element>"
    )
    assert told(validator, '<a xmlns="urn:x"><b>1</b><c>2</c><d/></a>') == []
    assert "missing" in told(validator, '<a xmlns="urn:x"/>')[0]
    assert "'x' is not a valid value" in told(validator, '<a xmlns="urn:x"><b>1</b><c>x</c></a>')[0]
    assert "not determinist" in validator.loosened["element", "{urn:x}a"]


def test_branches_that_start_alike_are_no_matter(validator_of: ValidatorOf) -> None:
    validator = validator_of(
        '<xs:element name="a"><xs:complexType><xs:choice><xs:sequence><xs:element name="b"/><xs:element name="c"/>'
        '</xs:sequence><xs:element name="b"/></xs:choice></xs:complexType></xs:element>'
    )
    assert told(validator, '<a xmlns="urn:x"><b/><c/></a>') == []
    assert told(validator, '<a xmlns="urn:x"><d/></a>')


REFUSED = {
    "an extension of all": '<xs:complexType name="B"><xs:all><xs:element name="b" type="xs:int" minOccurs="0"/>'
    '</xs:all></xs:complexType><xs:complexType name="T"><xs:complexContent><xs:extension base="B"><xs:sequence>'
    '<xs:element name="c" minOccurs="0"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>',
    "all that repeats": '<xs:complexType name="T"><xs:all><xs:element name="b" minOccurs="0" maxOccurs="9"/></xs:all>'
    "</xs:complexType>",
    "bounds that contradict each other": '<xs:complexType name="T"><xs:attribute name="n" type="N"/></xs:complexType>'
    '<xs:simpleType name="N"><xs:restriction base="xs:int"><xs:minInclusive value="9"/><xs:maxInclusive value="1"/>'
    "</xs:restriction></xs:simpleType>",
    "a default that is none": '<xs:complexType name="T"><xs:attribute name="n" type="xs:int" default="none"/>'
    "</xs:complexType>",
    "a pattern that is none": '<xs:complexType name="T"><xs:attribute name="n"><xs:simpleType><xs:restriction '
    'base="xs:string"><xs:pattern value="(["/></xs:restriction></xs:simpleType></xs:attribute></xs:complexType>',
    "a group inside itself": '<xs:group name="g"><xs:sequence><xs:element name="b" minOccurs="0"/><xs:group ref="g" '
    'minOccurs="0"/></xs:sequence></xs:group><xs:complexType name="T"><xs:group ref="g"/></xs:complexType>',
    "a type that nobody declares": '<xs:complexType name="T"><xs:sequence><xs:element name="b" type="o:None" '
    'minOccurs="0"/></xs:sequence></xs:complexType>',
    "mixed from not mixed": '<xs:complexType name="B"><xs:sequence><xs:element name="b" minOccurs="0"/></xs:sequence>'
    '</xs:complexType><xs:complexType name="T" mixed="true"><xs:complexContent><xs:restriction base="B"><xs:sequence/>'
    "</xs:restriction></xs:complexContent></xs:complexType>",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_a_schema_that_libxml2_refuses_still_checks(text: str, validator_of: ValidatorOf) -> None:
    validator = validator_of(
        text + '<xs:element name="a"><xs:complexType><xs:sequence><xs:element name="t" type="T"/>'
        '<xs:element name="n" type="xs:int"/></xs:sequence></xs:complexType></xs:element>'
    )
    assert told(validator, '<a xmlns="urn:x"><t/><n>1</n></a>') == []
    assert told(validator, '<a xmlns="urn:x"><t/><n>x</n></a>')


@pytest.mark.parametrize("pattern", ["(a|aa)+b", "(a+a+)+b", "(a|b|ab)*c", "(a?a?){40}b"])
def test_a_pattern_that_might_be_matched_for_ever_is_left_to_decoding(pattern: str, validator_of: ValidatorOf) -> None:
    validator = validator_of(
        f'<xs:element name="a"><xs:simpleType><xs:restriction base="xs:string"><xs:pattern value="{pattern}"/>'
        '<xs:maxLength value="99"/></xs:restriction></xs:simpleType></xs:element>'
    )
    assert told(validator, f'<a xmlns="urn:x">{"a" * 80}</a>') == []
    assert told(validator, f'<a xmlns="urn:x">{"a" * 100}</a>')
    assert "for ever" in validator.loosened["element", "{urn:x}a"]


@pytest.mark.parametrize("patterns", [[r"[\P{L}*]{0,2}"], ["(a+a+)+b", "c"], ["#[$]", "(a|aa)+b"]])
def test_where_one_of_several_patterns_is_left_to_decoding_all_are(
    patterns: list[str], validator_of: ValidatorOf
) -> None:
    facets = "".join(f'<xs:pattern value="{pattern}"/>' for pattern in patterns)
    simple = f'<xs:simpleType><xs:restriction base="xs:string">{facets}</xs:restriction></xs:simpleType>'
    validator = validator_of(f'<xs:element name="a">{simple}</xs:element>')
    assert told(validator, '<a xmlns="urn:x">#$</a>') == []
    assert told(validator, '<a xmlns="urn:x">aab</a>') == []


@pytest.mark.parametrize(
    "pattern", ["[A-Z]{2}[0-9]{2}.*", r"(\\.[0-9]+)*", "([0-9]{4}-)+x", r"[^@]+@[^\\.]+\\..+", "(a|b)*"]
)
def test_an_ordinary_pattern_is_checked(pattern: str, validator_of: ValidatorOf) -> None:
    validator = validator_of(
        f'<xs:element name="a"><xs:simpleType><xs:restriction base="xs:string"><xs:pattern value="{pattern}"/>'
        "</xs:restriction></xs:simpleType></xs:element>"
    )
    assert told(validator, '<a xmlns="urn:x">?!</a>')
    assert not validator.loosened


def test_a_name_that_tries_to_be_markup_is_data(validator_of: ValidatorOf) -> None:
    validator = validator_of(
        '<xs:complexType name="T"><xs:sequence><xs:element name="b&quot;/>&lt;x y=&quot;" minOccurs="0"/></xs:sequence>'
        '</xs:complexType><xs:element name="a"><xs:complexType><xs:sequence><xs:element name="t" type="T"/>'
        '<xs:element name="n" type="xs:int"/></xs:sequence></xs:complexType></xs:element>'
    )
    assert told(validator, '<a xmlns="urn:x"><t/><n>1</n></a>') == []
    assert told(validator, '<a xmlns="urn:x"><t/><n>x</n></a>')


def test_a_data_set_is_checked_around_its_schema(validator_of: ValidatorOf) -> None:
    validator = validator_of(
        '<xs:element name="a"><xs:complexType><xs:sequence><xs:element ref="xs:schema"/>'
        '<xs:any namespace="urn:diff" processContents="lax"/></xs:sequence></xs:complexType></xs:element>'
    )
    inner = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="q"/></xs:schema>'
    assert told(validator, f'<a xmlns="urn:x">{inner}<d xmlns="urn:diff"/></a>') == []
    assert told(validator, '<a xmlns="urn:x"><d xmlns="urn:diff"/></a>')


def test_one_validator_serves_many_threads(validator_of: ValidatorOf) -> None:
    validator = validator_of(ORDER)
    counts: list[int] = []

    def work(bad: int) -> None:
        lines = "<line><count>x</count></line>" * bad
        for _ in range(50):
            counts.append(len(told(validator, f'<order xmlns="urn:x">{lines}</order>')) - bad)

    threads = [threading.Thread(target=work, args=(number,)) for number in (1, 2, 3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [0] * 200


def test_a_global_attribute_of_no_namespace_is_known_to_a_wildcard(validator_of: ValidatorOf) -> None:
    validator = validator_of(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:attribute name="known" type="xs:int"/>'
        '<xs:element name="a"><xs:complexType><xs:anyAttribute namespace="##any"/></xs:complexType></xs:element>'
        "</xs:schema>"
    )
    assert told(validator, '<a known="1"/>') == []
    assert told(validator, '<a known="one"/>') != []


def test_a_fixed_qname_is_left_to_decoding_since_libxml2_compares_prefixes(validator_of: ValidatorOf) -> None:
    validator = validator_of('<xs:element name="a" type="xs:QName" fixed="xs:int"/>')
    assert told(validator, '<a xmlns="urn:x" xmlns:o="http://www.w3.org/2001/XMLSchema">o:int</a>') == []
