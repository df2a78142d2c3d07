"""Namespace names that are no URIs: Cyrillic, umlauts, blanks. Being well-formed does not depend on them."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

import soapkit
from soapkit.codegen.generate import generate
from soapkit.errors import XmlError
from soapkit.testing import loopback
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.single import single
from soapkit.xml.c14n import canonicalise
from soapkit.xml.make import make_child, make_element
from soapkit.xml.parse import parse_document, parse_exact, parse_message, parse_own

NAMES = (
    "http://www.1c.example/Обмен",
    "urn:my service",
    "http://x/ü",
    "a\\b",
    "http://[host/x",
    "%zz",
    "http://x:port/",
)
PARSERS = (
    parse_message,
    parse_exact,
    parse_own,
    lambda data: parse_document(data, source="a contract"),
)

CONTRACT = """<definitions
  xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
  xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:Обмен данными" targetNamespace="urn:Обмен данными"
  name="Обмен">
  <types><xs:schema targetNamespace="urn:Обмен данными" elementFormDefault="qualified">
    <xs:element name="Заказ"><xs:complexType><xs:sequence>
      <xs:element name="Номер" type="xs:int"/></xs:sequence></xs:complexType></xs:element>
    <xs:complexType name="Строка"><xs:sequence>
      <xs:element name="Товар" type="xs:string"/></xs:sequence></xs:complexType>
    <xs:element name="Ответ"><xs:complexType><xs:sequence>
      <xs:element name="Строка" type="xs:anyType"/></xs:sequence></xs:complexType></xs:element>
  </xs:schema></types>
  <message name="a"><part name="p" element="t:Заказ"/></message>
  <message name="b"><part name="p" element="t:Ответ"/></message>
  <portType name="P"><operation name="Заказ"><input message="t:a"/><output message="t:b"/></operation></portType>
  <binding name="B" type="t:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="Заказ"><soap:operation soapAction="urn:Обмен#Заказ"/>
      <input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation></binding>
  <service name="Обмен"><port name="Soap" binding="t:B"><soap:address location="http://localhost/"/></port></service>
</definitions>"""


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize("name", NAMES)
def test_a_namespace_name_need_not_be_a_uri(parse: Any, name: str) -> None:
    root = parse(f'<n:a xmlns:n="{name}"><n:b n:c="1">é</n:b></n:a>'.encode())
    assert [each.tag for each in root.iter()] == [f"{{{name}}}a", f"{{{name}}}b"]
    assert (root[0].text, dict(root[0].attrib)) == ("é", {f"{{{name}}}c": "1"})


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize(
    "wrong",
    [
        "<n:b>",
        "<q:b/>",
        '<b c="1" c="2"/>',
        '<b xmlns:m="urn:my service" n:c="1" m:c="2"/>',
        "&nothing;",
        "\x01",
        "</a><b>",
        "</a><a>",
        "</a>text<a>",
        "<b></n:b>",
        "]]>",
        "<b c=1/>",
        "<!-- -- -->",
    ],
)
def test_what_else_is_wrong_beside_such_a_name_is_refused_as_ever(parse: Any, wrong: str) -> None:
    with pytest.raises((XmlError, etree.XMLSyntaxError)):
        parse(f'<a xmlns:n="urn:my service">{wrong}</a>'.encode())


def test_a_hundred_such_names_do_not_hide_a_mistake() -> None:
    names = "".join(f'<n:b xmlns:n="urn:x {number}"/>' for number in range(200))
    with pytest.raises(XmlError, match="is not a valid URI"):
        parse_message(f"<a>{names}<q:c/></a>".encode())


@pytest.mark.parametrize("name", ["http://{{host}}/x", "urn:x}y"])
def test_a_name_with_a_brace_stays_refused_since_no_clark_name_says_where_it_ends(name: str) -> None:
    with pytest.raises(XmlError, match="is not a valid URI"):
        parse_message(f'<n:a xmlns:n="{name}"/>'.encode())


def test_a_doctype_and_an_instruction_beside_such_a_name_are_refused() -> None:
    with pytest.raises(XmlError, match="DOCTYPE"):
        parse_message(b'<!DOCTYPE a [<!ENTITY e "x">]><a xmlns:n="urn:my service">&e;</a>')
    with pytest.raises(XmlError, match="processing instruction"):
        parse_message(b'<a xmlns:n="urn:my service"><?php ?></a>')


@given(st.sampled_from(NAMES), st.binary(max_size=3), st.integers(0, 60), st.integers(0, 3))
def test_a_damaged_document_is_refused_whatever_its_names(name: str, damage: bytes, at: int, cut: int) -> None:
    """It is read where, and only where, the same document with a URI in its place is read, but for names that the
    fourth edition of XML 1.0 does not know."""
    whole = '<n:a xmlns:n="NAME"><n:b c="1">é</n:b><!-- x --><d/></n:a>'.encode()
    damaged = whole[:at] + damage + whole[at + cut :]
    if damaged.count(b'"NAME"') != 1:
        return
    read = [_reads(damaged.replace(b"NAME", each.encode())) for each in ("urn:x", name)]
    assert read[0] == read[1] or (read[1] is None and not damage.isascii())


def test_beside_such_a_name_those_that_the_fourth_edition_of_xml_does_not_know_stay_refused() -> None:
    """U+0700 begins a name since the fifth edition; expat, which is asked what else is wrong, goes by the fourth."""
    text = '<n:a xmlns:n="NAME"><n:b \u0700c="1"/></n:a>'
    assert parse_message(text.replace("NAME", "urn:x").encode()).tag == "{urn:x}a"
    with pytest.raises(XmlError, match="is not a valid URI"):
        parse_message(text.replace("NAME", "urn:Обмен").encode())


def _reads(data: bytes) -> list[str] | None:
    try:
        return [etree.QName(each).localname + (each.text or "") for each in parse_message(data).iter()]
    except XmlError:
        return None


def test_elements_are_made_in_any_namespace() -> None:
    made = make_element("{urn:my service}a", {"{urn:my service}b": "1"}, {"n": "urn:my service", None: "urn:x ü"})
    child = make_child(made, "{urn:my service}c")
    other = make_child(child, "{urn:an other}d", {"e": "2"})
    assert [each.tag for each in made.iter()] == ["{urn:my service}a", "{urn:my service}c", "{urn:an other}d"]
    assert (made.prefix, child.prefix, dict(other.attrib)) == ("n", "n", {"e": "2"})
    assert etree.tostring(made, encoding="unicode").count("xmlns:n=") == 1


def test_a_contract_in_cyrillic_is_generated_served_called_and_validated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "обмен.wsdl"
    path.write_text(CONTRACT, encoding="utf-8")
    generate(load_contract(path), tmp_path / "cyrillic_orders")
    monkeypatch.syspath_prepend(tmp_path)
    orders = import_module("cyrillic_orders")

    class Orders(orders.Обмен):  # type: ignore[misc,name-defined]
        def заказ(self, *, номер: int) -> object:
            return orders.Строка(товар=f"№ {номер}")

    with orders.ОбменClient("http://localhost/", transport=loopback(soapkit.asgi(Orders(), validate="both"))) as client:
        assert client.заказ(номер=7) == orders.Строка(товар="№ 7")


def test_a_contract_in_cyrillic_is_published_in_one_document(tmp_path: Path) -> None:
    path = tmp_path / "обмен.wsdl"
    path.write_text(CONTRACT, encoding="utf-8")
    whole = load_contract(single(load_contract(path), "http://localhost/"))
    assert whole.schema.has("element", "{urn:Обмен данными}Заказ")


def test_what_has_no_canonical_form_is_not_signed() -> None:
    with pytest.raises(XmlError, match="no canonical form"):
        canonicalise(parse_message(b'<a xmlns="urn:my service"/>'))
