"""Examples keep the identity constraints of their schema: keys differ, references refer."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from soapkit.databinding.sample.sample import sample_element
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


REFERRING = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:k" xmlns:k="urn:k"
    elementFormDefault="qualified">
  <xs:element name="orders"><xs:complexType><xs:sequence>
      <xs:element name="kind" type="xs:string"/>
      <xs:element name="notes" minOccurs="0"><xs:complexType><xs:sequence>
        <xs:element name="note"><xs:complexType><xs:attribute name="kind" use="required"><xs:simpleType>
          <xs:restriction base="xs:string"><xs:enumeration value="3"/></xs:restriction></xs:simpleType>
        </xs:attribute></xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element>
      </xs:sequence></xs:complexType>
    <xs:key name="kinds"><xs:selector xpath="{keys}"/><xs:field xpath="."/></xs:key>
    <xs:keyref name="known" refer="k:kinds"><xs:selector xpath=".//k:note"/><xs:field xpath="@kind"/></xs:keyref>
  </xs:element>
</xs:schema>"""


def test_a_reference_that_may_say_only_one_thing_is_followed_by_its_key(tmp_path: Path) -> None:
    schema = REFERRING.format(keys="k:kind")
    (tmp_path / "k.wsdl").write_text(WSDL.format(schema=schema))
    shapes = load_contract(tmp_path / "k.wsdl", usable=False).shapes
    element = sample_element("{urn:k}orders", shapes.element("{urn:k}orders").type, shapes, full=True)
    assert element.findtext("{urn:k}kind") == "3"
    etree.XMLSchema(etree.fromstring(schema)).assertValid(element)


def test_a_reference_without_a_key_is_left_out_with_what_it_stands_in(tmp_path: Path) -> None:
    schema = REFERRING.format(keys="k:none")
    (tmp_path / "k.wsdl").write_text(WSDL.format(schema=schema))
    shapes = load_contract(tmp_path / "k.wsdl", usable=False).shapes
    element = sample_element("{urn:k}orders", shapes.element("{urn:k}orders").type, shapes, full=True)
    assert element.find("{urn:k}notes") is None
    etree.XMLSchema(etree.fromstring(schema)).assertValid(element)


@pytest.mark.parametrize("pattern", ["[A-Z][0-9][Y,N]", "[^@]+@[^.]+", r"\S{2,4}"])
def test_texts_of_a_pattern_have_no_controls_and_fit_their_base(pattern: str, tmp_path: Path) -> None:
    line = f'<xs:simpleType><xs:restriction base="xs:NMTOKEN"><xs:pattern value="{pattern}"/></xs:restriction>'
    base = "xs:string" if "@" in pattern else "xs:NMTOKEN"
    typed = line.replace("xs:NMTOKEN", base) + "</xs:simpleType>"
    schema = SCHEMA.format(number="xs:int", line="k:Guid").replace('type="k:Guid"/>', f">{typed}</xs:element>")
    (tmp_path / "k.wsdl").write_text(WSDL.format(schema=schema))
    shapes = load_contract(tmp_path / "k.wsdl", usable=False).shapes
    element = sample_element("{urn:k}orders", shapes.element("{urn:k}orders").type, shapes, full=True)
    etree.XMLSchema(etree.fromstring(schema)).assertValid(element)
