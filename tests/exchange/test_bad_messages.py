"""Every kind of message that is wrong, as a request and as a reply: refused, with the place and what was expected.

The table is that of what peers and strangers send. Each line goes to a service that tells details (in the fault) and to
a client (in the exception); nothing of a message that is refused reaches a handler.
"""

from __future__ import annotations

import gzip
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import soapkit
from soapkit.errors import DecodeError, LimitError, SoapkitError
from soapkit.testing import FakeTransport, loopback
from soapkit.transport.values import Headers, Request, Response

CONTRACT = """
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
             xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:shop" targetNamespace="urn:shop">
  <types><xs:schema targetNamespace="urn:shop" elementFormDefault="qualified">
    <xs:complexType name="Item"><xs:sequence>
      <xs:element name="price" type="xs:decimal"/><xs:element name="size" type="xs:int" minOccurs="0" maxOccurs="2"/>
      <xs:choice><xs:element name="red" type="xs:string"/><xs:element name="blue" type="xs:string"/></xs:choice>
      </xs:sequence><xs:attribute name="id" type="xs:int" use="required"/></xs:complexType>
    <xs:complexType name="Shape" abstract="true"/>
    <xs:complexType name="Round"><xs:complexContent><xs:extension base="t:Shape"/></xs:complexContent></xs:complexType>
    <xs:group name="Order"><xs:sequence>
      <xs:element name="item" type="t:Item" minOccurs="0" maxOccurs="unbounded"/>
      <xs:element name="shape" type="t:Shape" minOccurs="0"/>
      <xs:element name="scan" type="xs:base64Binary" minOccurs="0"/>
      <xs:element name="any" type="xs:anyType" minOccurs="0"/>
      <xs:any namespace="##other" processContents="lax" minOccurs="0" maxOccurs="unbounded"/>
    </xs:sequence></xs:group>
    <xs:element name="order"><xs:complexType><xs:group ref="t:Order"/></xs:complexType></xs:element>
    <xs:element name="ordered"><xs:complexType><xs:group ref="t:Order"/></xs:complexType></xs:element>
  </xs:schema></types>
  <message name="in"><part name="p" element="t:order"/></message>
  <message name="out"><part name="p" element="t:ordered"/></message>
  <portType name="Shop"><operation name="order"><input message="t:in"/><output message="t:out"/></operation></portType>
  <binding name="B" type="t:Shop"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="order"><soap:operation soapAction=""/>
      <input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation></binding>
  <service name="Shop"><port name="P" binding="t:B"><soap:address location="http://shop.example/"/></port></service>
</definitions>
"""
ITEM = '<item id="1"><price>1</price><red/></item>'


def envelope(inside: str, element: str) -> str:
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="urn:shop" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xop="http://www.w3.org/2004/08/xop/include">'
        f'<s:Body><{element} xmlns="urn:shop">{inside}</{element}></s:Body></s:Envelope>'
    )


class Shop:
    """What a client and a service of the contract say to messages."""

    def __init__(self, folder: Path) -> None:
        from soapkit.codegen.generate import module_in_memory

        path = folder / "shop.wsdl"
        path.write_text(CONTRACT)
        contract = soapkit.load_contract(path)
        self.path = path
        self.module: Any = module_in_memory(contract.services, contract.shapes, "shop")
        self.served: list[Any] = []
        served = self.served

        class Served(self.module.Shop):  # type: ignore[name-defined, misc]  # made at run time
            def order(self, **given: Any) -> Any:
                served.append(given)
                return made.Ordered()

        made = self.module
        self.application = loopback(soapkit.asgi(Served(), details=True))

    def asked(self, body: bytes, headers: dict[str, str]) -> Response:
        fields = Headers(tuple({"Content-Type": "text/xml; charset=utf-8", **headers}.items()))
        return self.application.send(Request("http://x/", body=body, headers=fields))

    def answered(self, body: bytes, headers: dict[str, str]) -> Any:
        fields = Headers(tuple({"Content-Type": "text/xml; charset=utf-8", **headers}.items()))
        transport = FakeTransport(Response(200, fields, body))
        with soapkit.Client.from_wsdl(self.path, transport=transport) as client:
            return client.order(p={})


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("shop"))


def refused_both_ways(shop: Shop, told: list[str], packed: Any, headers: dict[str, str]) -> SoapkitError:
    shop.served.clear()
    response = shop.asked(packed("order"), headers)
    assert response.status in (400, 413, 500)
    text = response.body.decode()
    for words in told:
        assert words in text.replace("&gt;", ">").replace("&lt;", "<").replace("&#39;", "'")
    assert shop.served == []
    with pytest.raises(SoapkitError) as caught:
        shop.answered(packed("ordered"), headers)
    for words in told:
        assert words in str(caught.value)
    return caught.value


# --- values -------------------------------------------------------------------------------------------------------

VALUES = {
    "a lexical form that is none": (ITEM.replace(">1<", ">1E5<"), ["item[0].price", "'1E5' is not xs:decimal"]),
    "an attribute that is none": (ITEM.replace('"1"', '"x"'), ["item[0].id", "'x' is not xs:int"]),
    "beyond the range": (ITEM.replace("<red/>", "<size>2147483648</size><red/>"), ["item[0].size", "xs:int"]),
    "too often": (ITEM.replace("<red/>", "<size>1</size>" * 3 + "<red/>"), ["item[0]", "size more often than 2 times"]),
    "a missing element": (ITEM.replace("<price>1</price>", ""), ["item[0]", "lacks price, which is required"]),
    "a missing attribute": (ITEM.replace(' id="1"', ""), ["item[0]", "lacks the attribute id, which is required"]),
    "an unknown element": (ITEM.replace("<red/>", "<pryce/><red/>"), ["has the element {urn:shop}pryce", "expected"]),
    "an unknown attribute": (ITEM.replace(' id="1"', ' id="1" idd="2"'), ["has the attribute idd", "did you mean id?"]),
    "two of a choice": (ITEM.replace("<red/>", "<red/><blue/>"), ["item[0]", "blue"]),
    "none of a choice": (ITEM.replace("<red/>", ""), ["item[0]", "lacks one of", "red"]),
    "out of order": (ITEM.replace("<price>1</price><red/>", "<red/><price>1</price>"), ["item[0]", "price"]),
    "nil where it may not be": (ITEM.replace("<price>1<", '<price xsi:nil="true"><'), ["item[0].price", "nil"]),
    "nil that is neither true nor false": (ITEM.replace("<price>", '<price xsi:nil="yes">'), ["xsi:nil is 'yes'"]),
    "an xsi:type nobody declares": ('<shape xsi:type="t:Square"/>', ["shape", "{urn:shop}Square"]),
    "an xsi:type with an unbound prefix": ('<shape xsi:type="u:Round"/>', ["shape", "xsi:type"]),
    "an xsi:type that is not derived": ('<shape xsi:type="t:Item"/>', ["shape", "not derived from"]),
    "an abstract type": ("<shape/>", ["shape", "abstract type Shape"]),
    "an abstract type by xsi:type": ('<shape xsi:type="t:Shape"/>', ["shape", "abstract type Shape"]),
    "an element inside a simple value": (ITEM.replace(">1<", "><b/><"), ["item[0].price", "the element b inside"]),
    "text between elements": (ITEM.replace("<red/>", "and<red/>"), ["item[0]", "has the text 'and'"]),
    "base64 that is none": ("<scan>a</scan>", ["scan", "is not xs:base64Binary"]),
}


@pytest.mark.parametrize("kind", VALUES)
def test_a_value_that_is_wrong_is_refused_with_its_place(shop: Shop, kind: str) -> None:
    inside, told = VALUES[kind]
    error = refused_both_ways(shop, told, lambda element: envelope(inside, element).encode(), {})
    assert isinstance(error, DecodeError)
    assert error.place.line == 1
    assert error.place.column is not None


def test_all_that_is_wrong_is_told_at_once(shop: Shop) -> None:
    inside = ITEM.replace(">1<", ">x<") + ITEM.replace('"1"', '"y"')
    error = refused_both_ways(shop, ["item[0].price", "item[1].id"], lambda name: envelope(inside, name).encode(), {})
    assert len(error.problems) == 2


# --- attachments --------------------------------------------------------------------------------------------------

INCLUDE = '<scan><xop:Include href="cid:a@x"/></scan>'
PACKAGE = {"Content-Type": 'multipart/related; type="application/xop+xml"; start-info="text/xml"; boundary=b'}


def package(inside: str, element: str, *parts: str, end: str = "--b--\r\n") -> bytes:
    root = f'--b\r\nContent-Type: application/xop+xml; type="text/xml"\r\n\r\n{envelope(inside, element)}\r\n'
    return (root + "".join(f"--b\r\n{part}\r\n" for part in parts) + end).encode()


SCAN = "Content-ID: <a@x>\r\n\r\nabc"
PARTS: dict[str, tuple[str, tuple[str, ...], str, list[str]]] = {
    "missing": (INCLUDE, (), "--b--\r\n", ["scan", "no attachment for 'cid:a@x'"]),
    "of another id": (INCLUDE, ("Content-ID: <b@x>\r\n\r\nabc",), "--b--\r\n", ["scan", "cid:a@x"]),
    "repeated": (INCLUDE, (SCAN, SCAN), "--b--\r\n", ["a@x"]),
    "cut off": (INCLUDE, (SCAN,), "", ["cut short in part 2"]),
    "cut off within a boundary": (INCLUDE, (SCAN,), "--b", ["cut short in part 2"]),
    "10,000": ("", tuple(["\r\nx"] * 10_000), "--b--\r\n", ["parts"]),
    "with a header that never ends": (INCLUDE, ("X-A: " + "a" * 200_000 + "\r\n\r\nabc",), "--b--\r\n", ["header"]),
    "with 10,000 headers": (INCLUDE, ("X: y\r\n" * 10_000 + "\r\nabc",), "--b--\r\n", ["header"]),
    "Include beside text": (f"<scan>x{INCLUDE[6:]}", (SCAN,), "--b--\r\n", ["scan", "only content"]),
    "Include of a file": (INCLUDE.replace("cid:a@x", "file:///etc/passwd"), (SCAN,), "--b--\r\n", ["scan", "file:"]),
}


@pytest.mark.parametrize("kind", PARTS)
def test_an_attachment_that_is_wrong_is_refused(shop: Shop, kind: str) -> None:
    inside, parts, end, told = PARTS[kind]
    refused_both_ways(shop, told, lambda element: package(inside, element, *parts, end=end), PACKAGE)


def test_a_part_that_nothing_refers_to_does_no_harm(shop: Shop) -> None:
    assert shop.asked(package("", "order", SCAN), PACKAGE).status == 200


def test_what_looks_like_a_boundary_inside_a_part_is_its_content(shop: Shop) -> None:
    shop.served.clear()
    assert shop.asked(package(INCLUDE, "order", "Content-ID: <a@x>\r\n\r\na--b\r\n-b--\r\n--c"), PACKAGE).status == 200
    assert shop.served[0]["p"].scan == b"a--b\r\n-b--\r\n--c"


# --- size ---------------------------------------------------------------------------------------------------------

MANY = " ".join(f"a{number}='{number}'" for number in range(100_000))
SPACES = " ".join(f"xmlns:a{number}='urn:{number}'" for number in range(10_000))
DEEP = "<n:a xmlns:n='urn:n'>" + "<n:a>" * 10_000 + "</n:a>" * 10_000 + "</n:a>"
SIZES = {
    "depth 10,000": (DEEP, ["depth"]),
    "100,000 attributes": (
        "<n:a xmlns:n='urn:n' " + " ".join(f"a{n}=''" for n in range(100_000)) + "/>",
        ["attributes"],
    ),
    "10,000 namespaces": (f"<n:a xmlns:n='urn:n' {SPACES}/>", ["namespaces"]),
    "an attribute of 11 MB": (f"<any a='{'x' * 11_000_000}'/>", ["attribute", "11,000,000", "10,000,000"]),
}


@pytest.mark.parametrize("kind", SIZES)
def test_what_is_beyond_a_limit_is_refused_by_its_name(shop: Shop, kind: str) -> None:
    inside, told = SIZES[kind]
    error = refused_both_ways(shop, told, lambda element: envelope(inside, element).encode(), {})
    assert isinstance(error, LimitError)


def test_a_bomb_of_gzip_is_refused(shop: Shop) -> None:
    shop.served.clear()
    bomb = gzip.compress(envelope(" " * 80_000_000, "order").encode(), 9)
    response = shop.asked(bomb, {"Content-Encoding": "gzip"})
    assert b"expands" in response.body
    assert shop.served == []


@pytest.mark.parametrize(
    "start", ["<!DOCTYPE s:Envelope>", '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>', "<?a b?>"]
)
def test_document_types_and_instructions_are_refused(shop: Shop, start: str) -> None:
    told = ["DOCTYPE" if "DOC" in start else "instruction"]
    refused_both_ways(shop, told, lambda element: (start + envelope("", element)).encode(), {})


def test_a_hundred_thousand_items_are_read(shop: Shop) -> None:
    """The limit is on bytes and on elements (5,000,000): 300,000 of them are no harm."""
    shop.served.clear()
    assert shop.asked(envelope(ITEM * 100_000, "order").encode(), {}).status == 200
    assert len(shop.served[0]["p"].item) == 100_000
    assert shop.served[0]["p"].item[-1].price == Decimal(1)
