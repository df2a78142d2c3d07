"""What a large reply says beside its values is kept as it is of a small one, though it is read in pieces."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

import soapkit
from soapkit.client import call
from soapkit.exchange.large import receive_large
from soapkit.testing import FakeTransport
from soapkit.transport.values import Headers, OpenResponse, Request, Response
from soapkit.xml.parse import parse_message

XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
CONTRACT = """
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
             xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:l" targetNamespace="urn:l">
  <types><xs:schema targetNamespace="urn:l" elementFormDefault="qualified">
    <xs:complexType name="Item"><xs:sequence><xs:element name="a" type="xs:int"/></xs:sequence>
      <xs:attribute name="why"/></xs:complexType>
    <xs:complexType name="Page"><xs:sequence>
      <xs:element name="item" type="t:Item" minOccurs="0" maxOccurs="unbounded" nillable="true"/></xs:sequence>
      <xs:attribute name="kind" type="xs:int" default="5"/></xs:complexType>
    <xs:element name="turn"><xs:complexType><xs:sequence><xs:element name="page" type="t:Page"/></xs:sequence>
    </xs:complexType></xs:element>
    <xs:element name="turned"><xs:complexType><xs:sequence><xs:element name="page" type="t:Page"/></xs:sequence>
    </xs:complexType></xs:element>
  </xs:schema></types>
  <message name="in"><part name="p" element="t:turn"/></message>
  <message name="out"><part name="p" element="t:turned"/></message>
  <portType name="L"><operation name="turn"><input message="t:in"/><output message="t:out"/></operation></portType>
  <binding name="B" type="t:L"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="turn"><soap:operation soapAction=""/>
      <input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation></binding>
  <service name="L"><port name="P" binding="t:B"><soap:address location="http://l.example/"/></port></service>
</definitions>
"""
ITEM = "<item><a>1</a></item>"
ITEMS = ITEM * 100


@pytest.mark.parametrize(
    "page",
    [
        f"<page>{ITEMS}<new/>{ITEM}</page>",
        f"<page>{ITEMS}text{ITEM}</page>",
        f"<page>{ITEMS}<item xsi:nil='true' why='sold'/>{ITEM}</page>",
        f"<page kind='5'>{ITEMS}</page>",
    ],
    ids=["an unknown element", "text", "attributes of what is nil", "a default that was given"],
)
def test_it_is_written_again_in_its_place(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call, "receive_large", partial(receive_large, least=1000))
    (tmp_path / "l.wsdl").write_text(CONTRACT)
    body = f'<turned xmlns="urn:l" {XSI}>{page}</turned>'
    reply = f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{body}</s:Body></s:Envelope>'
    transport = FakeTransport(reply.encode())
    with soapkit.Client.from_wsdl(tmp_path / "l.wsdl", transport=transport, unknown="lenient") as client:
        client.turn(page=client.turn(page={}))
    assert told(transport.requests[-1].body) == told(reply.encode())


def told(message: bytes) -> list[Any]:
    page = parse_message(message)[0][0][0]
    return [(each.tag, sorted(each.items()), each.text, each.tail) for each in page.iter()]


@pytest.mark.parametrize("kind", ["cut", "whole"])
def test_a_nil_item_of_a_stream_comes_with_its_attributes(kind: str, tmp_path: Path) -> None:
    (tmp_path / "l.wsdl").write_text(CONTRACT)
    page = f"<page>{ITEM}<item xsi:nil='true' why='sold'/><item xsi:nil='true'/>{ITEM}</page>"
    body = f'<turned xmlns="urn:l" {XSI}>{page}</turned>'
    reply = f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{body}</s:Body></s:Envelope>'
    transport = FakeTransport(reply.encode())
    streaming: Any = Streaming(reply.encode()) if kind == "cut" else transport
    with soapkit.Client.from_wsdl(tmp_path / "l.wsdl", transport=streaming) as client:
        one, sold, nothing, _ = client.stream("turn", page={})
    assert one.a == 1
    assert (repr(sold), bool(sold)) == ("nil({'why': 'sold'})", False)
    assert nothing is None
    with soapkit.Client.from_wsdl(tmp_path / "l.wsdl", transport=transport) as client:
        client.turn(page={"item": [one, sold, nothing]})
    assert b'<ns1:item xsi:nil="true" why="sold"/><ns1:item xsi:nil="true"/>' in transport.requests[-1].body


class Streaming:
    """A transport whose reply comes in two pieces."""

    def __init__(self, body: bytes) -> None:
        self.pieces = iter((body[:300], body[300:]))

    def send(self, request: Request) -> Response:
        raise AssertionError("a stream was asked for")

    def open(self, request: Request) -> OpenResponse:
        return OpenResponse(200, Headers({"Content-Type": "text/xml"}), "", self.pieces, lambda: None)

    def close(self) -> None: ...
