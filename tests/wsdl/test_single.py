"""A contract of many documents, handed out as one that refers to no other."""

from __future__ import annotations

from pathlib import Path

import pytest
import zeep
from lxml import etree

from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract
from soapkit.wsdl.single import single
from soapkit.xml.documents import Documents

WSDL = Path(__file__).resolve().parent.parent.parent / "wsdl"
ADDRESS = "https://shop.example/soap"
XS = "http://www.w3.org/2001/XMLSchema"
HEAD = 'xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"'


def contract_of(first: str, **others: str) -> Contract:
    """A contract of texts; the others by their file names, an underscore for the point."""
    return load_contract(
        first, documents=Documents(mapping={name.replace("_", "."): text.encode() for name, text in others.items()})
    )


def with_types(schema: str) -> str:
    return f"""<definitions {HEAD} targetNamespace="urn:t" xmlns:t="urn:t" xmlns:s="urn:s"><types>{schema}</types>
        <message name="in"><part name="p" element="s:ask"/></message>
        <portType name="P"><operation name="ask"><input message="t:in"/></operation></portType>
        <binding name="B" type="t:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
          <operation name="ask"><soap:operation soapAction=""/><input><soap:body use="literal"/></input></operation>
        </binding>
        <service name="S"><port name="S" binding="t:B"><soap:address location="http://old/"/></port></service>
        </definitions>"""


def schemas_of(document: bytes) -> list[etree._Element]:
    return list(etree.fromstring(document).iter(f"{{{XS}}}schema"))


@pytest.mark.parametrize("name", ["bank.wsdl", "rpc-literal.wsdl", "split/shop.wsdl"])
def test_it_says_what_the_documents_say_together(name: str) -> None:
    contract = load_contract(WSDL / name)
    alone = load_contract(single(contract, ADDRESS), strict=True)

    def facts(of: Contract) -> list[object]:
        return [
            (service.name, one.name, one.request, one.reply, one.action)
            for service in of.services
            for one in service.operations
        ]

    assert facts(alone) == facts(contract)
    assert {port.address for service in alone.services for port in service.ports} == {ADDRESS}


def test_it_refers_to_no_other_document() -> None:
    document = single(load_contract(WSDL / "split" / "shop.wsdl"), ADDRESS)
    assert b"schemaLocation" not in document
    assert not list(etree.fromstring(document).iterfind("{http://schemas.xmlsoap.org/wsdl/}import"))
    namespaces = [schema.get("targetNamespace") for schema in schemas_of(document)]
    assert namespaces == ["urn:example:shop", "urn:example:shop:orders", "urn:example:shop:customers"]


def test_zeep_reads_it_without_asking_for_another(tmp_path: Path) -> None:
    (tmp_path / "alone.wsdl").write_bytes(single(load_contract(WSDL / "split" / "shop.wsdl"), ADDRESS))
    client = zeep.Client(str(tmp_path / "alone.wsdl"))
    order = client.get_type("{urn:example:shop:orders}Order")
    assert [name for name, _ in order.elements] == ["customer", "deliverTo", "line"]
    message = client.create_message(
        client.service,
        "placeOrder",
        order={"deliverTo": {"street": "a", "city": "b"}, "line": [{"article": "x", "quantity": 1}]},
    )
    (address,) = message.iter("{urn:example:shop:orders}deliverTo")
    assert [child.tag for child in address] == ["street", "city"]  # unqualified, as the chameleon says


def test_local_elements_of_an_included_schema_keep_their_form() -> None:
    included = (
        f'<schema xmlns="{XS}" targetNamespace="urn:s"><complexType name="T">'
        '<sequence><element name="a"/></sequence></complexType></schema>'
    )
    contract = contract_of(
        with_types(
            f'<x:schema xmlns:x="{XS}" targetNamespace="urn:s" elementFormDefault="qualified">'
            '<x:include schemaLocation="more.xsd"/><x:element name="ask" type="s:T"/></x:schema>'
        ),
        more_xsd=included,
    )
    (schema,) = schemas_of(single(contract, ADDRESS))
    (local,) = (one for one in schema.iter(f"{{{XS}}}element") if one.get("name") == "a")
    assert local.get("form") == "unqualified"


def test_a_prefix_that_means_different_things_in_two_documents_keeps_its_meaning() -> None:
    """Both files call their own namespace tns."""
    first = f"""<definitions {HEAD} xmlns:tns="urn:a" xmlns:b="urn:b" targetNamespace="urn:a">
        <import namespace="urn:b" location="b.wsdl"/>
        <binding name="P" type="b:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http" style="rpc"/>
          <operation name="ask"><soap:operation soapAction=""/>
          <input><soap:body use="literal" namespace="urn:x"/></input></operation></binding>
        <service name="S"><port name="S" binding="tns:P"><soap:address location="http://old/"/></port></service>
        </definitions>"""
    second = f"""<definitions {HEAD} xmlns:tns="urn:b" xmlns:xs="{XS}" targetNamespace="urn:b">
        <types><xs:schema targetNamespace="urn:b"><xs:simpleType name="Number"><xs:restriction base="xs:int"/>
        </xs:simpleType></xs:schema></types>
        <message name="in"><part name="number" type="tns:Number"/></message>
        <portType name="P"><operation name="ask"><input message="tns:in"/></operation></portType></definitions>"""
    alone = load_contract(single(contract_of(first, b_wsdl=second), ADDRESS), strict=True)
    (operation,) = alone.service().operations
    assert operation.request.tag == "{urn:x}ask"
    (field,) = alone.shapes[operation.request.record].fields
    assert field.name == "number"


def test_components_of_one_name_in_two_namespaces_are_numbered() -> None:
    first = f"""<definitions {HEAD} xmlns:a="urn:a" xmlns:b="urn:b" targetNamespace="urn:a">
        <import namespace="urn:b" location="b.wsdl"/><message name="in"/>
        <portType name="P"><operation name="own"><input message="a:in"/></operation></portType>
        <binding name="B" type="b:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
          <operation name="theirs"><soap:operation soapAction="x"/><input><soap:body use="literal"/></input></operation>
        </binding>
        <service name="S"><port name="S" binding="a:B"><soap:address location="http://old/"/></port></service>
        </definitions>"""
    second = f"""<definitions {HEAD} xmlns:b="urn:b" targetNamespace="urn:b"><message name="in"/>
        <portType name="P"><operation name="theirs"><input message="b:in"/></operation></portType></definitions>"""
    alone = load_contract(single(contract_of(first, b_wsdl=second), ADDRESS), strict=True)
    assert alone.service().port_type == "{urn:a}P2"
    assert [operation.name for operation in alone.service().operations] == ["theirs"]


def test_a_redefined_schema_stays_where_it_is_handed_out() -> None:
    base = (
        f'<schema xmlns="{XS}" targetNamespace="urn:s"><simpleType name="T"><restriction base="string"/></simpleType>'
        "</schema>"
    )
    contract = contract_of(
        with_types(
            f'<x:schema xmlns:x="{XS}" targetNamespace="urn:s"><x:redefine schemaLocation="base.xsd">'
            '<x:simpleType name="T">'
            '<x:restriction base="s:T"><x:length value="2"/></x:restriction></x:simpleType></x:redefine>'
            '<x:element name="ask" type="s:T"/></x:schema>'
        ),
        base_xsd=base,
    )
    (schema,) = schemas_of(single(contract, ADDRESS))
    assert schema[0].get("schemaLocation") == f"{ADDRESS}?xsd=1"


def test_a_policy_in_another_document_is_referred_to_here() -> None:
    policy = "http://www.w3.org/ns/ws-policy"
    first = with_types(f'<x:schema xmlns:x="{XS}" targetNamespace="urn:s"><x:element name="ask"/></x:schema>')
    first = first.replace("<types>", '<import namespace="urn:p" location="p.wsdl"/><types>').replace(
        "<soap:binding", f'<p:PolicyReference xmlns:p="{policy}" URI="p.wsdl#safe"/><soap:binding'
    )
    second = f'<definitions {HEAD} targetNamespace="urn:p"><p:Policy xmlns:p="{policy}" Name="safe"/></definitions>'
    made = etree.fromstring(single(contract_of(first, p_wsdl=second), ADDRESS))
    assert [one.get("URI") for one in made.iter(f"{{{policy}}}PolicyReference")] == ["#safe"]
    assert len(list(made.iter(f"{{{policy}}}Policy"))) == 1
