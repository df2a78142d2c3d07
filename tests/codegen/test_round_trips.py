"""A contract, its package in memory, a body: what is decoded and encoded again is the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from soapkit.codegen.generate import module_in_memory
from soapkit.databinding.codec import Codecs
from soapkit.databinding.values import QName
from soapkit.errors import DecodeError
from soapkit.exchange.body import codecs_for, decode_body, encode_body
from soapkit.operations import Message, Service
from soapkit.soap.envelope import Draft
from soapkit.soap.version import SOAP_1_1
from soapkit.wsdl.load import load_contract

WSDL = """<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:x="urn:x" targetNamespace="urn:x"><types><xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:x"
    targetNamespace="urn:x" elementFormDefault="qualified">{schema}</xs:schema></types>
<message name="m"><part name="p" element="x:a"/></message>
<portType name="P"><operation name="o"><input message="x:m"/></operation></portType>
<binding name="B" type="x:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
  <operation name="o"><soap:operation soapAction=""/><input><soap:body use="literal"/></input></operation></binding>
<service name="S"><port name="Q" binding="x:B"><soap:address location="http://localhost/"/></port></service>
</definitions>"""

NARROWED = """<xs:complexType name="Wide"><xs:sequence>{wide}</xs:sequence></xs:complexType>
<xs:complexType name="Narrow"><xs:complexContent><xs:restriction base="Wide"><xs:sequence>
  <xs:element name="b" type="xs:string"/></xs:sequence></xs:restriction></xs:complexContent></xs:complexType>
<xs:element name="a" type="Narrow"/>"""

# What the base demands and the restriction forbids -> found with the W3C's own tests of XML Schema.
WIDE = {
    "a wildcard": "<xs:any/>",
    "a wildcard that repeats": '<xs:any maxOccurs="3"/>',
    "a choice": '<xs:choice maxOccurs="unbounded"><xs:element name="b" type="xs:string"/><xs:any/></xs:choice>',
}


def opened(schema: str, folder: Path) -> tuple[Message, Codecs]:
    """The request of a contract's only operation."""
    (folder / "c.wsdl").write_text(WSDL.format(schema=schema))
    contract = load_contract(folder / "c.wsdl")
    module = module_in_memory(contract.services, contract.shapes, name="tripped")
    found = (getattr(value, "service", None) for value in list(vars(module).values()))
    (service,) = {id(one): one for one in found if isinstance(one, Service)}.values()
    return service.operations[0].request, codecs_for(service)


def read(schema: str, body: str, folder: Path) -> Any:
    """The value of the body's element."""
    request, codecs = opened(schema, folder)
    return decode_body(request, Draft(SOAP_1_1, body).to_envelope().body, codecs).p


def tripped(schema: str, body: str, folder: Path) -> str:
    """The body as it comes back."""
    request, codecs = opened(schema, folder)
    decoded = decode_body(request, Draft(SOAP_1_1, body).to_envelope().body, codecs)
    return b"".join(encode_body(request, decoded, codecs)).decode()


def same(one: str, other: str) -> bool:
    return etree.tostring(etree.fromstring(one), method="c14n") == etree.tostring(
        etree.fromstring(other), method="c14n"
    )


@pytest.mark.parametrize("wide", WIDE)
def test_what_a_restriction_forbids_is_not_asked_for(wide: str, tmp_path: Path) -> None:
    body = '<ns1:a xmlns:ns1="urn:x"><ns1:b>text</ns1:b></ns1:a>'
    assert same(tripped(NARROWED.format(wide=WIDE[wide]), body, tmp_path), body)


@pytest.mark.parametrize(
    ("said", "text"), [("decimal", "1.50"), ("boolean", "true"), ("date", "2026-01-01"), ("int", "7")]
)
def test_a_value_where_any_simple_one_may_stand_says_its_type_again(said: str, text: str, tmp_path: Path) -> None:
    schema = (
        '<xs:element name="a"><xs:complexType><xs:sequence>'
        '<xs:element name="b" type="xs:anySimpleType" maxOccurs="2"/></xs:sequence></xs:complexType></xs:element>'
    )
    body = (
        '<ns1:a xmlns:ns1="urn:x" xmlns:xs="http://www.w3.org/2001/XMLSchema"'
        f' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><ns1:b xsi:type="xs:{said}">{text}</ns1:b>'
        "<ns1:b>plain</ns1:b></ns1:a>"
    )
    assert same(tripped(schema, body, tmp_path), body)


def test_an_empty_text_whose_default_is_empty_stays_empty(tmp_path: Path) -> None:
    schema = (
        '<xs:element name="a"><xs:complexType><xs:sequence>'
        '<xs:element name="b" type="xs:string" default=""/></xs:sequence></xs:complexType></xs:element>'
    )
    body = '<ns1:a xmlns:ns1="urn:x"><ns1:b></ns1:b></ns1:a>'
    assert same(tripped(schema, body, tmp_path), body)


# The W3C's own tests of XML Schema (isDefault072, stE079): such a schema could not be compiled at all.
NAMES = """<xs:element name="a"><xs:complexType><xs:sequence>
<xs:element name="b" type="xs:QName" default="x:one" xmlns:x="urn:x"/>
<xs:element name="c" type="xs:QName" fixed="two"/></xs:sequence>
<xs:attribute name="d" type="kind" default="xs:int"/></xs:complexType></xs:element>
<xs:simpleType name="kind"><xs:restriction base="xs:QName"><xs:enumeration value="xs:int"/></xs:restriction>
</xs:simpleType>"""


def test_a_default_that_is_a_qname_is_read_in_the_namespaces_of_the_schema(tmp_path: Path) -> None:
    value = read(NAMES, '<a xmlns="urn:x"><b/><c/></a>', tmp_path)
    assert (value.b, value.c) == (QName("urn:x", "one"), QName("urn:x", "two"))
    assert value.d.value == "{http://www.w3.org/2001/XMLSchema}int"
    with pytest.raises(DecodeError, match="expected the fixed value"):
        read(NAMES, '<a xmlns="urn:x" xmlns:o="urn:o"><b/><c>o:two</c></a>', tmp_path)
