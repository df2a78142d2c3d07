"""Where policies are attached to a contract, and what they add up to."""

from __future__ import annotations

from pathlib import Path

import pytest

from soapkit.errors import ContractError, UsageError
from soapkit.policy.attach import Policies, read_attachments
from soapkit.policy.normal import normalise
from soapkit.wsdl.load import load_contract
from soapkit.xml.documents import Documents
from soapkit.xml.parse import parse_document

CONTRACT = """<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" targetNamespace="urn:t" xmlns:t="urn:t"
  xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:p="http://www.w3.org/ns/ws-policy" xmlns:x="urn:x"
  xmlns:u="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">
  <p:Policy u:Id="ofBinding"><x:Binding/><p:PolicyReference URI="#shared"/></p:Policy>
  <p:Policy Name="urn:t:shared" xml:id="shared"><x:Shared/></p:Policy>
  <types><schema xmlns="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:t"><element name="ask"/></schema></types>
  <message name="in" p:PolicyURIs="#ofMessage"><part name="body" element="t:ask"/></message>
  <message name="out"><part name="body" element="t:ask"/></message>
  <p:Policy u:Id="ofMessage"><x:Message/></p:Policy>
  <portType name="Q" p:PolicyURIs="urn:t:shared">
    <operation name="ask"><input message="t:in"/><output message="t:out"><p:Policy><x:Output/></p:Policy></output>
      <fault name="Shy" message="t:out"/></operation></portType>
  <binding name="QSoap" type="t:Q"><p:PolicyReference URI="#ofBinding"/>
    <s:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="ask"><p:Policy><x:Operation/></p:Policy>
      <input><p:Policy><x:Input/></p:Policy><s:body use="literal"/></input>
      <output><s:body use="literal"/></output>
      <fault name="Shy"><p:Policy><x:Fault/></p:Policy><s:fault name="Shy" use="literal"/></fault></operation></binding>
  <service name="S"><p:Policy><x:Service/></p:Policy>
    <port name="P" binding="t:QSoap"><p:Policy><x:Port/></p:Policy><s:address location="http://a.example/q"/></port>
  </service></definitions>"""


def policies(contract: str = CONTRACT, *attachments: str, documents: Documents | None = None) -> Policies:
    found = [
        attachment
        for text in attachments
        for attachment in read_attachments(parse_document(text.encode(), source="outside.xml"), source="outside.xml")
    ]
    return Policies(load_contract(contract.encode()), documents or Documents(), tuple(found))


def demands(found: Policies, direction: str) -> set[str]:
    (message,) = (each for each in found.endpoint("P").messages if each.direction == direction)
    (alternative,) = normalise(message.policy, found.resolve)
    return {assertion.local for assertion in alternative}


AROUND = {"Service", "Port", "Binding", "Shared", "Operation"}


def test_a_message_must_keep_what_is_attached_to_it_and_all_around_it() -> None:
    found = policies()
    assert demands(found, "input") == AROUND | {"Input", "Message"}
    assert demands(found, "output") == AROUND | {"Output"}
    assert demands(found, "fault") == AROUND | {"Fault"}


def test_an_assertion_tells_its_line() -> None:
    found = policies()
    (alternative,) = normalise(found.endpoint("P").policy, found.resolve)
    (assertion,) = alternative.named("Binding")
    assert str(assertion.place) == "contract.wsdl:4"


def test_a_reference_that_leads_nowhere_is_refused_with_its_line() -> None:
    with pytest.raises(ContractError, match=r"contract.wsdl:13: no policy '#gone'"):
        policies(CONTRACT.replace('URI="#ofBinding"', 'URI="#gone"')).endpoint("P")


def test_a_policy_that_refers_to_itself_is_refused() -> None:
    found = policies(CONTRACT.replace("<x:Shared/>", '<p:PolicyReference URI="#shared"/>'))
    with pytest.raises(ContractError, match="'#shared' refers to itself"):
        demands(found, "input")


def test_a_policy_in_another_document_is_read_where_the_user_says_it_is(tmp_path: Path) -> None:
    (tmp_path / "other.xml").write_text(
        '<Policy xmlns="http://www.w3.org/ns/ws-policy" xmlns:x="urn:x"><x:Far/></Policy>'
    )
    documents = Documents(mapping={"classpath:/other.xml": tmp_path / "other.xml"})
    found = policies(CONTRACT.replace('URI="#ofBinding"', 'URI="classpath:/other.xml"'), documents=documents)
    assert "Far" in demands(found, "input")


OUTSIDE = """<a xmlns:p="http://www.w3.org/ns/ws-policy" xmlns:x="urn:x"><p:PolicyAttachment>
  <p:AppliesTo><p:URI>{}</p:URI></p:AppliesTo><p:Policy><x:Outside/></p:Policy></p:PolicyAttachment></a>"""


@pytest.mark.parametrize(
    ("subject", "directions"),
    [
        ("urn:t#wsdl11.service(S)", ["input", "output", "fault"]),
        ("urn:t#wsdl11.port(S/P)", ["input", "output", "fault"]),
        ("urn:t#wsdl11.binding(QSoap)", ["input", "output", "fault"]),
        ("urn:t#wsdl11.portType(Q)", ["input", "output", "fault"]),
        ("urn:t#wsdl11.bindingOperation(QSoap/ask)", ["input", "output", "fault"]),
        ("urn:t#wsdl11.bindingOperation.input(QSoap/ask)", ["input"]),
        ("urn:t#wsdl11.portTypeOperation.fault(Q/ask/Shy)", ["fault"]),
        ("http://a.example/q", ["input", "output", "fault"]),
        ("urn:other#wsdl11.service(S)", []),
    ],
)
def test_a_policy_outside_the_contract_reaches_the_component_it_names(subject: str, directions: list[str]) -> None:
    found = policies(CONTRACT, OUTSIDE.format(subject))
    assert [each for each in ("input", "output", "fault") if "Outside" in demands(found, each)] == directions


def test_an_unknown_port_is_told_with_the_ports_there_are() -> None:
    with pytest.raises(UsageError, match=r"has no port 'p'; did you mean P\? \(it has P\)"):
        policies().endpoint("p")


def test_every_policy_of_cxf_and_corewcf_has_a_normal_form(vectors: Path) -> None:
    resources = [path for path in (vectors / "cxf-systests").rglob("*.xml") if "/resources/" in str(path)]
    documents = Documents(mapping={"classpath:/" + str(path).split("/resources/")[1]: path for path in resources})
    contracts = [*(vectors / "cxf-systests").rglob("*.wsdl"), *(vectors / "corewcf").rglob("*.xml")]
    endpoints = 0
    for path in contracts:
        found = Policies(load_contract(path, usable=False), documents)
        for endpoint in found.endpoints():
            endpoints += endpoint.has_policy
            for message in endpoint.messages:
                assert normalise(message.policy, found.resolve)
    assert (len(contracts), endpoints) == (175, 866)
