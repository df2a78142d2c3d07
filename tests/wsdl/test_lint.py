"""What breaks the WS-I Basic Profile is found, rule by rule."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from soapkit.cli.lint import command
from soapkit.wsdl.lint import RULES, lint
from soapkit.wsdl.load import load_contract
from soapkit.xml.documents import Documents

WSDL = Path(__file__).resolve().parent.parent.parent / "wsdl"
OURS = ("bank.wsdl", "bare.wsdl", "rpc-literal.wsdl", "headers.wsdl", "faults.wsdl", "split/shop.wsdl")

BARE, RPC, FAULTS, HEADERS = "bare.wsdl", "rpc-literal.wsdl", "faults.wsdl", "headers.wsdl"
OTHER_MESSAGE = '<wsdl:message name="lookUpIn"><wsdl:part name="two" element="tns:book"/>'
OUTWARD = '<wsdl:operation name="call"><wsdl:output message="tns:countOut"/></wsdl:operation></wsdl:portType>'
TWICE = '<wsdl:operation name="count"><wsdl:input message="tns:countIn"/></wsdl:operation></wsdl:portType>'
SOAP_ARRAY = (
    '<xs:complexType name="A"><xs:complexContent><xs:restriction xmlns:e="http://schemas.xmlsoap.org/soap/encoding/" '
    'base="e:Array"><xs:attribute ref="e:arrayType" wsdl:arrayType="xs:int[]"/></xs:restriction></xs:complexContent>'
    '</xs:complexType><xs:complexType name="Book">'
)
GET = (
    '<wsdl:binding name="Get" type="tns:Library"><h:binding xmlns:h="http://schemas.xmlsoap.org/wsdl/http/"/>'
    "</wsdl:binding><wsdl:service"
)
TRANSPORT = 'transport="http://schemas.xmlsoap.org/soap/http"'

# Rule; contract; what of it is changed, and into what.
BREAKS = [
    ("R2001", BARE, "<wsdl:types>", '<wsdl:import namespace="urn:s" location="s.xsd"/><wsdl:types>'),
    ("R2005", BARE, "<wsdl:types>", '<wsdl:import namespace="urn:x" location="s.xsd"/><wsdl:types>'),
    ("R2007", BARE, "<wsdl:types>", '<wsdl:import namespace="urn:x"/><wsdl:types>'),
    ("R2105", BARE, "<wsdl:types>", '<wsdl:types><xs:schema><xs:element name="x"/></xs:schema>'),
    ("R2110", BARE, '<xs:complexType name="Book">', SOAP_ARRAY),
    ("R2111", BARE, '<xs:complexType name="Book">', SOAP_ARRAY),
    ("R2201", BARE, 'parts="query"', 'parts="query other"'),
    ("R2203", RPC, 'type="t:Position"', 'element="t:unknownStation"'),
    ("R2204", BARE, 'element="tns:isbn"', 'type="tns:Isbn"'),
    ("R2205", HEADERS, 'element="tns:language"', 'type="xs:language"'),
    ("R2205", FAULTS, 'element="tns:busySeconds"', 'type="xs:int"'),
    ("R2206", BARE, 'element="tns:isbn"', 'element="tns:isbm"'),
    ("R2210", BARE, '<wsdl:message name="lookUpIn">', OTHER_MESSAGE),
    ("R2303", BARE, "</wsdl:portType>", OUTWARD),
    ("R2304", BARE, "</wsdl:portType>", TWICE),
    ("R2306", BARE, 'element="tns:isbn"', 'element="tns:isbn" type="tns:Isbn"'),
    ("R2401", BARE, "<wsdl:service", GET),
    ("R2701", BARE, TRANSPORT, ""),
    ("R2702", BARE, TRANSPORT, 'transport="http://www.w3.org/2010/soapjms/"'),
    ("R2705", BARE, 'style="document"', 'style="rpc"'),
    ("R2706", RPC, 'use="literal"', 'use="encoded"'),
    ("R2710", BARE, 'element="tns:query"', 'element="tns:isbn"'),
    ("R2716", BARE, 'parts="query"', 'parts="query" namespace="urn:x"'),
    ("R2717", RPC, 'namespace="urn:example:rpc:calls"', ""),
    ("R2718", BARE, '<wsdl:operation name="donate">', '<wsdl:operation name="give">'),
    ("R2720", HEADERS, 'part="language"', 'parts="language"'),
    ("R2754", FAULTS, '<soap:fault name="Busy"', '<soap:fault name="busy"'),
    ("R2801", BARE, "http://www.w3.org/2001/XMLSchema", "http://www.w3.org/2000/10/XMLSchema"),
    ("R4003", BARE, 'encoding="UTF-8"', 'encoding="ISO-8859-1"'),
]


@pytest.mark.parametrize("name", OURS)
def test_our_contracts_conform(name: str) -> None:
    assert lint(load_contract(WSDL / name)) == ()


@pytest.mark.parametrize(("number", "name", "before", "after"), BREAKS, ids=[f"{one[0]}-{one[1]}" for one in BREAKS])
def test_a_broken_rule_is_found(number: str, name: str, before: str, after: str) -> None:
    text = (WSDL / name).read_text()
    assert before in text
    schema = b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:s"/>'
    data = text.replace(before, after, 1 if number != "R2801" else -1).encode()
    findings = lint(load_contract(data, documents=Documents(mapping={"s.xsd": schema}), usable=False))
    (finding,) = [finding for finding in findings if finding.rule.number == number][:1]
    assert finding.place.line is not None
    assert finding.rule.why
    assert number in str(finding)


def test_every_rule_is_tried() -> None:
    assert {rule.number for rule in RULES} == {number for number, *_ in BREAKS}


def test_the_command_tells_findings_and_ends_with_1(tmp_path: Path) -> None:
    text = (WSDL / "bare.wsdl").read_text().replace('parts="query"', 'parts="query" namespace="urn:x"')
    (tmp_path / "bare.wsdl").write_text(text)
    result = CliRunner().invoke(command, [str(tmp_path / "bare.wsdl")])
    assert result.exit_code == 1
    assert "bare.wsdl:111: R2716: soap:body of document operation search has a namespace" in result.output
    result = CliRunner().invoke(command, [str(tmp_path / "bare.wsdl"), "--json"])
    assert [finding["rule"] for finding in json.loads(result.output)] == ["R2716"]


def test_the_command_is_content_with_a_good_contract() -> None:
    result = CliRunner().invoke(command, [str(WSDL / "bank.wsdl")])
    assert (result.exit_code, result.output) == (0, "")


def test_the_command_lists_its_rules() -> None:
    output = CliRunner().invoke(command, ["--rules"]).output
    assert all(rule.number in output for rule in RULES)
    assert CliRunner().invoke(command, []).exit_code == 2
