"""What a lenient reader passes over is kept, told and written again; so are the attributes of what is nil."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from lxml import etree

import soapkit
from soapkit.codegen.generate import generate
from soapkit.codegen.plan import Options
from soapkit.databinding.annotations import attribute, choice, element, group, xml_type, xsd
from soapkit.databinding.codec import Codecs
from soapkit.databinding.shape import RecordRef
from soapkit.databinding.values import QName
from soapkit.errors import DecodeError, EncodeError
from soapkit.testing import FakeTransport
from soapkit.xml.names import XSI_TYPE
from soapkit.xml.parse import parse_message


class Price(msgspec.Struct, kw_only=True):
    amount: Annotated[Decimal, element("amount")]
    reason: Annotated[str | None, attribute("reason")] = None
    places: Annotated[int | None, attribute("places"), xsd("int")] = None


class Item(msgspec.Struct, kw_only=True, dict=True):
    name: Annotated[str, element("name")]
    price: Annotated[Price | None, element("price", nillable=True)]
    sizes: Annotated[list[int | None], element("size", nillable=True)] = []


class Tag(msgspec.Struct, kw_only=True):
    kind: Annotated[QName, attribute("kind")]
    kinds: Annotated[list[QName], attribute("kinds")] = []


@xml_type("{urn:shop}Long")
class LongTag(Tag):
    size: Annotated[QName | None, attribute("size")] = None


class Tagged(msgspec.Struct, kw_only=True, dict=True):
    tag: Annotated[Tag | None, element("{urn:shop}tag", nillable=True)]
    note: Annotated[str | None, element("note")] = None


@dataclass
class Order:
    number: int
    items: list[Item] = field(default_factory=list)


@dataclass
class Bare:
    number: Annotated[int, element("{urn:n}number")]


@xml_type(None, group=True)
class Run(msgspec.Struct, kw_only=True, dict=True):
    text: Annotated[str, element("text")]


class Inner(msgspec.Struct, kw_only=True, dict=True):
    content: Annotated[list[str | int], choice(element("size", int), mixed=True)] = []


class Para(msgspec.Struct, kw_only=True, dict=True):
    content: Annotated[
        list[str | int | Price | Inner | Run | None],
        choice(
            element("price", Price, nillable=True),
            element("size", int),
            element("inner", Inner),
            group(Run),
            mixed=True,
        ),
    ] = []


class Offer(msgspec.Struct, kw_only=True, dict=True):
    items: Annotated[
        list[int | Price | None], choice(element("price", Price, nillable=True), element("size", int))
    ] = []
    one: Annotated[int | Price | None, choice(element("small", int), element("big", Price), min_occurs=0)] = None


ITEM = "<items><name>a</name><price><amount>1</amount></price></items>"
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def lenient(cls: type) -> Any:
    return Codecs(unknown="lenient").codec(RecordRef(cls))


def both_ways(xml: str, cls: type) -> tuple[Any, str]:
    codec = lenient(cls)
    value = codec.decode(parse_message(xml.encode()))
    return value, codec.encode(value, cls.__name__)


def infoset(xml: str) -> Any:
    def told(element: Any) -> Any:
        text, tail = element.text or "", element.tail or ""
        return element.tag, dict(element.attrib), text, tail, [told(child) for child in element]

    return told(parse_message(xml.encode()))


@pytest.mark.parametrize(
    "xml",
    [
        "<Order><new/><number>7</number></Order>",
        "<Order><number>7</number><new a='1'>x<y/></new></Order>",
        f"<Order xmlns:n='urn:n'><number>7</number><n:new/>{ITEM}<n:new/><n:old/></Order>",
        "<Order colour='red' n:late='yes' xmlns:n='urn:n'><number>7</number></Order>",
        "<Order><number unit='kg'>7</number></Order>",
        f"<Order><number>7</number>{ITEM.replace('<price>', '<new/><price>')}</Order>",
        "<Order>a &lt;b <number>7</number></Order>",
        f"<Order><new/> a<new/>b<number>7</number>c\n<new/>{ITEM}&#13;\td</Order>",
        f"<Order><number>7</number>{ITEM.replace('<price>', 'a<price>')}</Order>",
        "<Offer>a<small>1</small>b</Offer>",
    ],
    ids=[
        "first",
        "last",
        "between",
        "attributes",
        "attribute of a simple value",
        "inside",
        "text",
        "text among elements",
        "text inside",
        "text beside a choice",
    ],
)
def test_what_no_type_knows_is_written_again_in_its_place(xml: str) -> None:
    _, written = both_ways(xml, Offer if "Offer" in xml else Order)
    assert infoset(written) == infoset(xml)


@pytest.mark.parametrize(
    "xml",
    [
        "<Para>a<new k='1'>z</new>b<size>1</size><new/>c<old/></Para>",
        "<Para><new/><size>1</size><size>2</size><new/></Para>",
        "<Para c='1'>a<inner>b<new/>c<size>3</size></inner></Para>",
        "<Para>a<size unit='kg'>1</size><text lang='en'>x</text><price><amount>1</amount></price>b<new/></Para>",
        f"<Para {XSI}>a<price xsi:nil='true' reason='sold'/>b<price xsi:nil='true'/></Para>",
        f"<Offer {XSI}><size unit='kg'>1</size><new/><price xsi:nil='true' reason='sold'/><size>1</size></Offer>",
        "<Offer><small unit='kg'>1</small><new/></Offer>",
    ],
    ids=["between texts", "without text", "deeper", "attributes", "nil", "repeated choice", "choice"],
)
def test_so_it_is_in_mixed_content_and_in_choices(xml: str) -> None:
    _, written = both_ways(xml, Para if "Para" in xml else Offer)
    assert infoset(written) == infoset(xml)


def test_mixed_content_is_its_items_whether_comments_stand_in_it_or_not() -> None:
    tree = etree.fromstring("<Inner>a<!-- b -->c<size>1</size>d<?e?>f</Inner>")
    assert soapkit.decode(tree, Inner) == Inner(content=["ac", 1, "df"])


def test_what_was_unknown_before_items_that_are_gone_comes_last() -> None:
    codec = lenient(Inner)
    value = codec.decode(parse_message(b"<Inner>a<new/>b<size unit='kg'>1</size><old/></Inner>"))
    value.content = [7]
    assert codec.encode(value, "Inner") == "<Inner><size>7</size><new/><old/></Inner>"


def test_a_value_tells_what_was_unknown() -> None:
    value, _ = both_ways("<Order colour='red'><number unit='kg'>7</number><new>1</new></Order>", Order)
    given = soapkit.given_with(value)
    assert given.unknown_attributes == {"colour": "red"}
    assert [raw.tag for raw in given.unknown_elements] == ["new"]
    assert given.attributes_of("number") == {"unit": "kg"}


def test_text_between_elements_is_told_with_the_number_of_elements_before_it() -> None:
    xml = b"<Order>a<!-- - -->b<number>7</number> <new/> c</Order>"
    assert soapkit.given_with(lenient(Order).decode(parse_message(xml))).texts == ((0, "ab"), (2, " c"))


def test_text_between_elements_is_refused_with_its_place_by_a_strict_reader() -> None:
    with pytest.raises(
        DecodeError, match=r"line 2, column 2: Order\.items\[0\]: has the text 'c' between its elements"
    ):
        soapkit.decode(f"<Order><number>7</number>\n {ITEM.replace('<price>', 'c<price>')}</Order>", Order)


def test_what_is_unknown_in_a_body_of_one_part_leaves_that_part_its_prefixes() -> None:
    body = parse_message(b"<Body><new/>a<n:number xmlns:n='urn:n'>7</n:number></Body>")
    codec = lenient(Bare)
    written = codec.encode_children(codec.decode_children(list(body), body))
    assert [each.tag for each in parse_message(f"<Body>{written}</Body>".encode())] == ["new", "{urn:n}number"]


def test_the_value_is_the_same_with_and_without() -> None:
    assert both_ways("<Order colour='red'><number>7</number><new/></Order>", Order)[0] == Order(7)


def test_a_million_unknown_elements_are_not_told_one_by_one() -> None:
    told: list[str] = []
    codec = Codecs(unknown="lenient", warn=lambda problem: told.append(problem.message)).codec(RecordRef(Order))
    value = codec.decode(parse_message(f"<Order>{'<new/>' * 1000}<number>7</number></Order>".encode()))
    assert value.number == 7
    assert len(told) == 101
    assert told[-1] == "and 900 more like these"


def test_a_name_in_a_namespace_that_xml_cannot_carry_is_refused() -> None:
    with pytest.raises(EncodeError, match=r"U\+0000"):
        soapkit.encode(Item(name="a", price=soapkit.nil({"{urn:\0}x": "1"})))


def test_a_class_without_room_passes_it_over() -> None:
    value, written = both_ways("<Price><amount>1</amount><vat/></Price>", Price)
    assert written == "<Price><amount>1</amount></Price>"
    assert soapkit.given_with(value).unknown_elements == ()


def test_an_attribute_of_a_value_that_was_changed_is_not_written() -> None:
    codec = lenient(Order)
    value = codec.decode(parse_message(b"<Order><number unit='kg'>7</number></Order>"))
    value.number = 8
    assert codec.encode(value, "Order") == "<Order><number>8</number></Order>"


def test_the_attributes_of_what_is_nil_are_kept_told_and_written() -> None:
    xml = (
        f'<Item {XSI}><name>a</name><price xsi:nil="true" reason="withdrawn"/><size>1</size>'
        '<size xsi:nil="true" why="lost"/></Item>'
    )
    codec = lenient(Item)
    item = codec.decode(parse_message(xml.encode()))
    assert item == Item(name="a", price=None, sizes=[1, None])
    given = soapkit.given_with(item)
    assert given.attributes_of("price") == {"reason": "withdrawn"}
    assert given.attributes_of("sizes", 1) == {"why": "lost"}
    assert given.attributes_of("name") == {}
    assert infoset(codec.encode(item, "Item")) == infoset(xml)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('<price xsi:nil="1" raeson="sold"/>', r"price: has the attribute raeson, .*; did you mean reason"),
        ('<price xsi:nil="1"/><size xsi:nil="1" why="lost"/>', r"sizes\[0\]: has the attribute why"),
        ('<price xsi:nil="1" places="many"/>', r"price\.places: 'many' is not xs:int"),
        ('<price xsi:nil="1" xsi:type="Lost"/>', "xsi:type names Lost, a type nobody declares"),
    ],
)
def test_what_may_not_stand_there_is_refused_by_a_strict_reader(content: str, told: str) -> None:
    with pytest.raises(DecodeError, match=told):
        soapkit.decode(f"<Item {XSI}><name>a</name>{content}</Item>", Item)


def test_what_must_stand_there_is_not_missed_since_most_stacks_leave_it_out() -> None:
    xml = f'<Tagged {XSI}><s:tag xmlns:s="urn:shop" xsi:nil="1"/></Tagged>'
    assert soapkit.decode(xml, Tagged) == Tagged(tag=None)


def test_they_go_with_the_nil() -> None:
    item = soapkit.decode(f'<Item {XSI}><name>a</name><price xsi:nil="1" reason="withdrawn"/></Item>', Item)
    item.price = Price(amount=Decimal(1))
    assert soapkit.encode(item) == b"<Item><name>a</name><price><amount>1</amount></price></Item>"


def test_nil_is_sent_with_attributes() -> None:
    item = Item(name="a", price=soapkit.nil({"reason": "a & b"}))
    written = soapkit.encode(item).decode()
    assert '<price xsi:nil="true" reason="a &amp; b"/>' in written
    assert soapkit.given_with(soapkit.decode(written, Item)).attributes_of("price") == {"reason": "a & b"}
    item.price = soapkit.nil({"{urn:n}x": "1"})
    assert '<price xsi:nil="true" ns1:x="1"/>' in lenient(Item).encode(item, "Item")


NAMES = 'xmlns:s="urn:shop" xmlns:ns1="urn:kinds" xmlns:o="urn:other"'


def test_qnames_among_them_mean_the_same_when_they_are_written_again() -> None:
    tag = '<s:tag xsi:nil="true" kind="ns1:toy" kinds="o:a  ns1:b"/>'
    tagged = soapkit.decode(f"<Tagged {XSI} {NAMES}>{tag}</Tagged>", Tagged)
    said = {"kind": "{urn:kinds}toy", "kinds": "{urn:other}a {urn:kinds}b"}
    assert soapkit.given_with(tagged).attributes_of("tag") == said
    for value in (tagged, Tagged(tag=soapkit.nil(said))):
        again = soapkit.decode(soapkit.encode(value), Tagged)
        assert soapkit.given_with(again).attributes_of("tag") == said


def test_so_does_the_type_of_what_is_nil() -> None:
    codec = Codecs(types={"{urn:shop}Long": RecordRef(LongTag)}).codec(RecordRef(Tagged))
    tag = '<s:tag xsi:nil="true" xsi:type="s:Long" size="o:xl"/>'
    tagged = codec.decode(parse_message(f"<Tagged {XSI} {NAMES}>{tag}</Tagged>".encode()))
    said = {XSI_TYPE: "{urn:shop}Long", "size": "{urn:other}xl"}
    assert soapkit.given_with(tagged).attributes_of("tag") == said
    again = codec.decode(parse_message(codec.encode(tagged, "Tagged").encode()))
    assert soapkit.given_with(again).attributes_of("tag") == said


@pytest.mark.parametrize("prefix", ["p", "ns1"])
@pytest.mark.parametrize("content", ['<s:tag xsi:nil="1" {}/>', '<s:tag xsi:nil="1"/><note {}>n</note>'])
def test_so_does_what_may_be_one_though_no_type_knows_the_attribute(content: str, prefix: str) -> None:
    codec = lenient(Tagged)
    said = content.format(f'xmlns:{prefix}="urn:kinds" of="{prefix}:toy 12:30"')
    tagged = codec.decode(parse_message(f'<Tagged {XSI} xmlns:s="urn:shop">{said}</Tagged>'.encode()))
    root = parse_message(codec.encode(tagged, "Tagged").encode())
    (found,) = [each for each in root if each.get("of")]
    name, time = found.get("of", "").split(" ")
    used, _, local = name.partition(":")
    assert (found.nsmap[used], local, time) == ("urn:kinds", "toy", "12:30")
    assert root[0].tag == "{urn:shop}tag"


def test_nil_is_not_sent_with_what_its_type_does_not_know() -> None:
    for attributes, told in (
        ({"raeson": "a"}, r"price: has the attribute raeson, .*; did you mean reason"),
        ({"places": "many"}, "price: has places='many', which is not xs:int"),
    ):
        with pytest.raises(EncodeError, match=told):
            soapkit.encode(Item(name="a", price=soapkit.nil(attributes)))
    with pytest.raises(EncodeError, match="tag: has 'p:toy': expected a Clark name"):
        soapkit.encode(Tagged(tag=soapkit.nil({"kind": "p:toy"})))


def test_nil_is_refused_where_it_may_not_be_and_by_a_name_that_is_none() -> None:
    with pytest.raises(EncodeError, match=r"Item\.name"):
        soapkit.encode(Item(name=soapkit.nil({"a": "1"}), price=None))
    with pytest.raises(EncodeError, match=r"Item\.price: has 'a b': '1': expected a Clark name and a text"):
        soapkit.encode(Item(name="a", price=soapkit.nil({"a b": "1"})))


CONTRACT = """
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
             xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:shop" targetNamespace="urn:shop">
  <types><xs:schema targetNamespace="urn:shop" elementFormDefault="qualified">
    <xs:complexType name="Price"><xs:sequence><xs:element name="amount" type="xs:decimal"/></xs:sequence>
      <xs:attribute name="reason"/></xs:complexType>
    <xs:complexType name="Item"><xs:sequence><xs:element name="price" type="t:Price" nillable="true"/></xs:sequence>
    </xs:complexType>
    <xs:element name="find"><xs:complexType/></xs:element>
    <xs:element name="found"><xs:complexType><xs:sequence><xs:element name="item" type="t:Item" maxOccurs="9"/>
    </xs:sequence></xs:complexType></xs:element>
  </xs:schema></types>
  <message name="in"><part name="p" element="t:find"/></message>
  <message name="out"><part name="p" element="t:found"/></message>
  <portType name="Shop"><operation name="find"><input message="t:in"/><output message="t:out"/></operation></portType>
  <binding name="B" type="t:Shop"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="find"><soap:operation soapAction=""/>
      <input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation></binding>
  <service name="Shop"><port name="P" binding="t:B"><soap:address location="http://shop.example/"/></port></service>
</definitions>
"""
REPLY = (
    f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" {XSI}><s:Body><found xmlns="urn:shop">'
    '<item><price xsi:nil="true" reason="sold"/>%s</item></found></s:Body></s:Envelope>'
)


def test_classes_of_what_may_be_nil_with_attributes_have_room(tmp_path: Path) -> None:
    path = tmp_path / "shop.wsdl"
    path.write_text(CONTRACT)
    with soapkit.Client.from_wsdl(path, transport=FakeTransport((REPLY % "").encode())) as shop:
        (item,) = shop.find()
    assert item.price is None
    assert soapkit.given_with(item).attributes_of("price") == {"reason": "sold"}


def test_a_lenient_client_keeps_what_its_contract_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "shop.wsdl"
    path.write_text(CONTRACT)
    transport = FakeTransport((REPLY % "<colour>red</colour>").encode())
    with soapkit.Client.from_wsdl(path, transport=transport, unknown="lenient") as shop:
        (item,) = shop.find()
    (colour,) = soapkit.given_with(item).unknown_elements
    assert (colour.tag, colour.element.text) == ("{urn:shop}colour", "red")


def test_a_dynamic_client_sends_on_what_came(tmp_path: Path) -> None:
    item = '<xs:sequence><xs:element name="item" type="t:Item"/></xs:sequence>'
    with_item = f"<xs:complexType>{item}</xs:complexType>"
    (tmp_path / "shop.wsdl").write_text(CONTRACT.replace("<xs:complexType/>", with_item))
    transport = FakeTransport((REPLY % "<colour>red</colour>").encode())
    with soapkit.Client.from_wsdl(tmp_path / "shop.wsdl", transport=transport, unknown="lenient") as shop:
        (item,) = shop.find(item={"price": None})
        shop.find(item=item)
    sent = parse_message(transport.requests[-1].body)
    assert [one.text for one in sent.iter("{urn:shop}colour")] == ["red"]


def test_classes_are_generated_with_room_if_asked_for(tmp_path: Path) -> None:
    (tmp_path / "shop.wsdl").write_text(CONTRACT)
    generate(tmp_path / "shop.wsdl", tmp_path / "shop", options=Options(keep_unknown=True))
    source = (tmp_path / "shop" / "shop.py").read_text()
    assert source.count("(Struct, kw_only=True, dict=True)") == source.count("(Struct, ")


# --- read by generated code, as if it were not there --------------------------------------------------------------

KNOWN = ["<name>a</name>", "<price><amount>1.5</amount></price>", "<size>1</size>", "<size>2</size>"]
STRANGE = [
    "<new>1</new>",
    '<new xmlns="urn:x" a="1"><size/></new>',
    "\n <new/>\n",
    "text",
    "<name>b</name>",
    "<new/>tail",
]


@pytest.mark.parametrize("seed", range(40))
def test_what_generated_code_passes_over_is_what_the_walker_passes_over(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    items = []
    for _ in range(4):
        inside = list(KNOWN)
        for _ in range(chance.randrange(3)):
            inside.insert(chance.randrange(len(inside) + 1), chance.choice(STRANGE))
        items.append(f"<items>{''.join(inside)}</items>")
    document = f"<o><number>1</number>{''.join(items)}<more/></o>".encode()

    def told() -> Any:
        warnings: list[str] = []
        codecs = Codecs(unknown="lenient", warn=lambda problem: warnings.append(str(problem)))
        tree = parse_message(document)
        try:
            value = codecs.codec(Order).decode(tree)
        except DecodeError as error:
            return str(error), warnings
        assert etree.tostring(tree) == document
        kept = [soapkit.given_with(one) for one in (value, *value.items)]
        return value, [(one, [raw.xml for raw in one.unknown_elements]) for one in kept], warnings

    quick = told()
    monkeypatch.setattr("soapkit.databinding.by_table.walker.read_without", lambda *_: None)
    assert quick == told()
