"""What random messages of random contracts have shown, each on the shortest contract that shows it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import soapkit
from soapkit.errors import DecodeError
from soapkit.testing import FakeTransport
from soapkit.xml.names import local_name
from soapkit.xml.parse import parse_message
from soapkit.xml.walk import tag_of

WSDL = """<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
 xmlns:t="urn:t" xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:t"><types>
 <xs:schema targetNamespace="urn:t" elementFormDefault="qualified">{schema}
 <xs:element name="Go"><xs:complexType/></xs:element></xs:schema></types>
 <message name="i"><part name="parameters" element="t:Go"/></message>
 <message name="o"><part name="parameters" element="t:Reply"/></message>
 <portType name="P"><operation name="Go"><input message="t:i"/><output message="t:o"/></operation></portType>
 <binding name="B" type="t:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/><operation name="Go">
 <soap:operation/><input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation>
 </binding>
 <service name="S"><port name="P" binding="t:B"><soap:address location="http://x/"/></port></service></definitions>"""
ENVELOPE = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{}</s:Body></s:Envelope>'
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def client(content: str, reply: str, more: str = "", attributes: str = "") -> Any:
    """A client of a contract whose reply has this content, and a service that gives this one."""
    declared = f'<xs:element name="Reply"><xs:complexType>{content}{attributes}</xs:complexType></xs:element>{more}'
    transport = FakeTransport(ENVELOPE.format(f'<Reply xmlns="urn:t" {reply}').encode())
    return soapkit.Client.from_wsdl(
        WSDL.format(schema=declared).encode(), "http://x/", transport=transport, cache=False
    )


def written(called: Any, value: Any) -> str:
    """A reply as a service would write it."""
    processor, (operation,) = called._route.processor, called.service.operations
    return str(processor.send_reply(called._route.version, operation, value, {}).decode())


ONE = '<xs:sequence><xs:element name="a" type="xs:int"/><xs:element name="b" type="xs:int"/></xs:sequence>'


def test_a_required_attribute_is_missed_however_often_it_is_missing() -> None:
    kind = '<xs:attribute name="kind" type="xs:string" use="required"/>'
    with client(ONE, "><a>1</a><b>2</b></Reply>", attributes=kind) as called:
        for _ in range(8):  # from the fourth message of a kind on, a template reads it
            with pytest.raises(DecodeError, match="lacks the attribute kind, which is required"):
                called.go()


@pytest.mark.parametrize("said", ["default", "fixed"])
def test_an_absent_attribute_has_its_default_however_often_it_is_absent(said: str) -> None:
    kind = f'<xs:attribute name="kind" type="xs:NMTOKENS" {said}="a b"/><xs:attribute name="other" type="xs:int"/>'
    with client(ONE, "><a>1</a><b>2</b></Reply>", attributes=kind) as called:
        got = [called.go() for _ in range(8)]
    assert {(tuple(one.kind), one.other) for one in got} == {(("a", "b"), None)}
    assert len({id(one.kind) for one in got}) == 8  # a list of its own each


def test_an_empty_item_has_its_default_in_a_stream_too() -> None:
    number = '<xs:sequence><xs:element name="n" type="xs:int" maxOccurs="unbounded" {}="7"/></xs:sequence>'
    for said in ("default", "fixed"):
        with client(number.format(said), "><n>7</n><n/><n></n></Reply>") as called:
            assert called.go() == list(called.stream("Go")) == [7, 7, 7]


def test_a_wildcard_may_stand_anywhere_in_a_group_that_repeats() -> None:
    group = (
        '<xs:sequence><xs:sequence maxOccurs="3"><xs:element name="a" type="xs:int"/>'
        '<xs:any namespace="##other" processContents="lax"/></xs:sequence></xs:sequence>'
    )
    with client(group, "><a>1</a><o:x xmlns:o='urn:o'/><a>2</a><o:y xmlns:o='urn:o'/></Reply>") as called:
        value = called.go()
        assert [one.a for one in value] == [1, 2]
    with (
        client(group, "><o:x xmlns:o='urn:o'/><a>1</a><o:x xmlns:o='urn:o'/></Reply>") as called,
        pytest.raises(DecodeError, match="has x where it may not stand"),
    ):
        called.go()


@pytest.mark.parametrize(
    ("members", "text", "value", "again"),
    [
        ("xs:NCName xs:boolean", "1", True, ">1<"),
        ("xs:NCName xs:boolean", "0", False, ">0<"),
        ("xs:int xs:decimal", "3.", Decimal(3), ">3.0<"),
        ("xs:decimal xs:double", "1e3", 1000.0, ">1000.0E0<"),
        ("xs:NCName xs:double", "INF", "INF", ">INF<"),
        ("xs:boolean xs:NCName", "true", True, ">true<"),
        ("xs:string xs:boolean", "true", "true", ">true<"),
    ],
)
def test_a_value_of_a_union_is_written_so_that_it_is_read_back(members: str, text: str, value: Any, again: str) -> None:
    union = f'<xs:simpleType name="U"><xs:union memberTypes="{members}"/></xs:simpleType>'
    content = (
        '<xs:sequence><xs:element name="u" type="t:U"/><xs:element name="b" type="xs:int" minOccurs="0"/></xs:sequence>'
    )
    with client(content, f"><u>{text}</u></Reply>", union) as called:
        got = called.go()
        assert got.u == value
        assert type(got.u) is type(value)
        assert again in written(called, called.with_exchange.go().value)


def test_what_is_nil_where_anything_may_stand_is_one_of_a_choice() -> None:
    content = '<xs:element name="a" type="xs:anyType" nillable="true"/><xs:element name="b" type="xs:int"/>'
    content = f"<xs:choice>{content}</xs:choice>"
    plain = content.replace(' nillable="true"', "")
    for each in (content, plain):
        with client(each, f'{XSI}><a xsi:nil="true"/></Reply>') as called:
            assert '<ns1:a xsi:nil="true"/>' in written(called, called.go())


def test_what_is_fixed_is_not_nil() -> None:
    content = ONE.replace('name="b" type="xs:int"', 'name="b" type="xs:int" nillable="true" fixed="7"')
    with client(content, f'{XSI}><a>1</a><b xsi:nil="true"/></Reply>') as called:
        for _ in range(6):
            with pytest.raises(DecodeError, match=r"is nil \(xsi:nil\): expected the fixed value '7'"):
                called.go()


@pytest.mark.parametrize(
    ("type_", "value"), [("xs:normalizedString", " a  b "), ("xs:string", " a  b "), ("xs:token", "a b")]
)
@pytest.mark.parametrize("said", ["default", "fixed"])
def test_a_default_keeps_the_white_space_that_its_type_keeps(said: str, type_: str, value: str) -> None:
    kind = f'<xs:attribute name="kind" type="{type_}" {said}=" a  b "/>'
    for given in ("", 'kind=" a  b "'):
        with client(ONE, f"{given}><a>1</a><b>2</b></Reply>", attributes=kind) as called:
            assert called.go().kind == value
            assert called.types.Reply(a=1, b=2).kind == value


def test_items_out_of_place_are_told_with_their_columns() -> None:
    content = '<xs:element name="a" type="xs:int"/><xs:element name="n" type="xs:int" maxOccurs="9"/>'
    content = f"<xs:sequence>{content}</xs:sequence>"
    told = []
    with client(content, "><n>1</n><n>2</n><a>1</a><n>3</n></Reply>") as called:
        for call in (called.go, lambda: list(called.stream("Go"))):
            with pytest.raises(DecodeError, match="line 1, column") as caught:
                call()
            told.append(str(caught.value))
    assert told[0] == told[1]


def test_a_list_whose_elements_may_be_of_another_field_is_no_stream() -> None:
    heads = (
        '<xs:element name="Head" type="t:T"/><xs:element name="Sub" type="t:T" substitutionGroup="t:Head"/>'
        '<xs:complexType name="T"><xs:sequence><xs:element name="n" type="xs:int" maxOccurs="9"/></xs:sequence>'
        "</xs:complexType>"
    )
    content = '<xs:sequence><xs:element ref="t:Sub"/><xs:element ref="t:Head"/></xs:sequence>'
    with (
        client(content, "><Sub><n>1</n></Sub><Sub><n>2</n></Sub></Reply>", heads) as called,
        pytest.raises(soapkit.errors.UsageError, match="it has none"),
    ):
        list(called.stream("Go"))


def element(name: str, least: int, most: int | str) -> str:
    return f'<xs:element name="{name}" type="xs:int" minOccurs="{least}" maxOccurs="{most}"/>'


@pytest.mark.parametrize(
    ("least", "inside", "children", "lengths"),
    [
        (2, element("a", 0, 2) + element("b", 1, "unbounded"), "aabbb", [3, 2]),
        (3, element("a", 1, 2) + element("b", 0, 1), "aaba", [1, 2, 1]),
        (2, f"<xs:choice maxOccurs='3'>{element('a', 1, 1)}{element('b', 1, 1)}</xs:choice>", "ab", [1, 1]),
        (2, element("a", 1, 2) + element("b", 2, "unbounded"), "abbabb", [3, 3]),
    ],
)
def test_a_group_that_repeats_leaves_what_another_must_have(
    least: int, inside: str, children: str, lengths: list[int]
) -> None:
    group = f'<xs:sequence minOccurs="{least}" maxOccurs="9">{inside}</xs:sequence>'
    content = f"<xs:sequence>{element('z', 0, 1)}{group}</xs:sequence>"
    reply = "".join(f"<{name}>1</{name}>" for name in children)
    with client(content, f">{reply}</Reply>") as called:
        for _ in range(8):
            value = called.go()
            assert [counted(group) for group in value.sequence] == lengths
        again = parse_message(written(called, value).encode())[0][0]
    assert [local_name(tag_of(child)) for child in again] == list(children)


def counted(group: Any) -> int:
    """How many elements a group has."""
    values = [getattr(group, name) for name in group.__struct_fields__]
    return sum(len(each) if isinstance(each, list) else each is not None for each in values)


def test_but_not_where_there_is_nothing_to_share() -> None:
    content = f'<xs:sequence minOccurs="2" maxOccurs="9">{element("a", 0, 2)}{element("b", 1, 9)}</xs:sequence>'
    for reply in ("<a>1</a><b>1</b>", "<b>1</b>", "<a>1</a><a>1</a>"):
        with client(content, f">{reply}</Reply>") as called, pytest.raises(DecodeError, match="lacks"):
            called.go()
