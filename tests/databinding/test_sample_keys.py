"""Examples keep the identity constraints of their schema: keys differ, references refer."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from soapkit.databinding.sample import sample_element
from soapkit.wsdl.load import load_contract

SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:k" xmlns:k="urn:k"
    elementFormDefault="qualified">
  <xs:simpleType name="Guid"><xs:restriction base="xs:string">
    <xs:pattern value="[0-9a-f]{{8}}-[0-9a-f]{{4}}"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Few"><xs:restriction base="xs:string">
    <xs:enumeration value="only"/></xs:restriction></xs:simpleType>
  <xs:element name="orders"><xs:complexType><xs:sequence>
      <xs:element name="order" maxOccurs="unbounded"><xs:complexType>
        <xs:sequence><xs:element name="line" type="{line}"/></xs:sequence>
        <xs:attribute name="number" type="{number}" use="required"/></xs:complexType></xs:element>
      <xs:element name="paid" type="{number}" maxOccurs="unbounded"/></xs:sequence></xs:complexType>
    <xs:key name="numbers"><xs:selector xpath="k:order"/><xs:field xpath="@number"/></xs:key>
    <xs:unique name="lines"><xs:selector xpath=".//k:line"/><xs:field xpath="."/></xs:unique>
    <xs:keyref name="known" refer="k:numbers"><xs:selector xpath="k:paid"/><xs:field xpath="."/></xs:keyref>
  </xs:element>
</xs:schema>"""

WSDL = """<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:k="urn:k" targetNamespace="urn:k">
<types>{schema}</types><message name="m"><part name="p" element="k:orders"/></message>
<portType name="P"><operation name="o"><input message="k:m"/></operation></portType></definitions>"""


@pytest.mark.parametrize(
    "number", ["xs:int", "k:Guid", "xs:date", "xs:string", "xs:decimal", "xs:hexBinary", "xs:NMTOKEN"]
)
@pytest.mark.parametrize("line", ["xs:string", "k:Guid"])
def test_an_example_has_keys_that_differ_and_references_to_them(number: str, line: str, tmp_path: Path) -> None:
    schema = SCHEMA.format(number=number, line=line)
    (tmp_path / "k.wsdl").write_text(WSDL.format(schema=schema))
    shapes = load_contract(tmp_path / "k.wsdl", usable=False).shapes
    element = sample_element("{urn:k}orders", shapes.element("{urn:k}orders").type, shapes, full=True)
    assert len(element.findall("{urn:k}order")) == 2
    etree.XMLSchema(etree.fromstring(schema)).assertValid(element)


def test_what_cannot_differ_is_left_out(tmp_path: Path) -> None:
    schema = SCHEMA.format(number="xs:int", line="k:Few")
    (tmp_path / "k.wsdl").write_text(WSDL.format(schema=schema))
    shapes = load_contract(tmp_path / "k.wsdl", usable=False).shapes
    element = sample_element("{urn:k}orders", shapes.element("{urn:k}orders").type, shapes, full=True)
    assert len(element.findall("{urn:k}order")) == 1
    etree.XMLSchema(etree.fromstring(schema)).assertValid(element)
