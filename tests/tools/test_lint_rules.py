"""Each rule of the Basic Profile is told where a contract breaks it, and only there."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from soapkit.errors import UsageError
from soapkit.wsdl.lint.check import lint
from soapkit.wsdl.lint.rules import ANY_PROFILE, PROFILES, rules_for
from soapkit.wsdl.load import load_contract

Run = Callable[..., subprocess.CompletedProcess[str]]

GOOD = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:http="http://schemas.xmlsoap.org/wsdl/http/" xmlns:xs="http://www.w3.org/2001/XMLSchema"
    xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/"
    xmlns:t="urn:t" xmlns:o="urn:o" targetNamespace="urn:t">
  <import namespace="urn:o" location="other.wsdl"/>
  <types>
    <xs:schema targetNamespace="urn:t">
      <xs:import namespace="urn:s" schemaLocation="other.xsd"/>
      <xs:complexType name="Box"><xs:sequence><xs:element name="a" type="xs:int"/></xs:sequence></xs:complexType>
      <xs:element name="go" type="t:Box"/>
      <xs:element name="gone" type="t:Box"/>
      <xs:element name="stop" type="t:Box"/>
      <xs:element name="who" type="xs:string"/>
      <xs:element name="oops" type="xs:string"/>
    </xs:schema>
  </types>
  <message name="go"><part name="p" element="t:go"/></message>
  <message name="gone"><part name="p" element="t:gone"/></message>
  <message name="stop"><part name="p" element="t:stop"/></message>
  <message name="head"><part name="who" element="t:who"/></message>
  <message name="oops"><part name="detail" element="t:oops"/></message>
  <message name="sum"><part name="a" type="xs:int"/><part name="b" type="xs:int"/></message>
  <message name="sumResponse"><part name="c" type="xs:int"/></message>
  <portType name="Doc">
    <operation name="go">
      <input message="t:go"/>
      <output message="t:gone"/>
      <fault name="oops" message="t:oops"/>
    </operation>
    <operation name="stop"><input message="t:stop"/></operation>
  </portType>
  <portType name="Rpc">
    <operation name="sum" parameterOrder="a b"><input message="t:sum"/><output message="t:sumResponse"/></operation>
  </portType>
  <binding name="DocSoap" type="t:Doc">
    <soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="go">
      <soap:operation soapAction="go"/>
      <input><soap:body use="literal"/><soap:header message="t:head" part="who" use="literal"/></input>
      <output><soap:body use="literal"/></output>
      <fault name="oops"><soap:fault name="oops" use="literal"/></fault>
    </operation>
    <operation name="stop"><soap:operation soapAction="stop"/><input><soap:body use="literal"/></input></operation>
  </binding>
  <binding name="RpcSoap" type="t:Rpc">
    <soap:binding style="rpc" transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="sum">
      <soap:operation soapAction="sum"/>
      <input><soap:body use="literal" namespace="urn:rpc"/></input>
      <output><soap:body use="literal" namespace="urn:rpc"/></output>
    </operation>
  </binding>
  <service name="S">
    <port name="Doc" binding="t:DocSoap"><soap:address location="http://localhost/doc"/></port>
    <port name="Rpc" binding="t:RpcSoap"><soap:address location="http://localhost/rpc"/></port>
  </service>
</definitions>
"""
OTHER_WSDL = """<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:o="urn:o" targetNamespace="urn:o">
  <message name="unused"/>
</definitions>
"""
OTHER_XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:s">
  <xs:element name="x" type="xs:int"/>
</xs:schema>
"""
STOP_PART = '<message name="stop"><part name="p" element="t:stop"/></message>'
STOP = '<operation name="stop"><input message="t:stop"/></operation>'
STOP_BOUND = (
    '<operation name="stop"><soap:operation soapAction="stop"/><input><soap:body use="literal"/></input></operation>'
)
RPC_BODY = '<input><soap:body use="literal" namespace="urn:rpc"/></input>'
HEADER = '<soap:header message="t:head" part="who" use="literal"/>'
FAULT = '<soap:fault name="oops" use="literal"/>'
DOC_TRANSPORT = '<soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>'
BOX = '<xs:complexType name="Box">'

# rule, what is replaced, by what: each breaks one rule of the contract above
BREAKS: list[tuple[str, str, str]] = [
    ("R2001", 'location="other.wsdl"', 'location="other.xsd"'),
    ("R2002", 'location="other.wsdl"', 'location="other.xsd"'),
    ("R2003", "<types>", '<types><xs:import namespace="urn:s" schemaLocation="other.xsd"/>'),
    ("R2004", 'schemaLocation="other.xsd"', 'schemaLocation="other.wsdl"'),
    ("R2005", 'import namespace="urn:o"', 'import namespace="urn:p"'),
    ("R2007", 'location="other.wsdl"', ""),
    ("R2803", 'import namespace="urn:o"', 'import namespace="o/p"'),
    (
        "R2022",
        '<import namespace="urn:o" location="other.wsdl"/>',
        '<message name="z"/><import namespace="urn:o" location="other.wsdl"/>',
    ),
    ("R2023", "<types>", '<message name="z"/><types>'),
    ("R4003", 'encoding="UTF-8"', 'encoding="ISO-8859-1"'),
    ("R2026", DOC_TRANSPORT, DOC_TRANSPORT + '<x:y xmlns:x="urn:x" wsdl:required="true"/>'),
    ("R2101", 'message="t:stop"', 'message="soap:stop"'),
    ("R2102", 'name="a" type="xs:int"', 'name="a" type="o:int"'),
    ("R2105", "<types>", '<types><xs:schema><xs:element name="bare" type="xs:int"/></xs:schema>'),
    (
        "R2110",
        BOX,
        '<xs:complexType name="L"><xs:complexContent><xs:restriction base="enc:Array"/></xs:complexContent>'
        "</xs:complexType>" + BOX,
    ),
    (
        "R2111",
        BOX,
        '<xs:complexType name="L"><xs:attribute ref="enc:arrayType" wsdl:arrayType="xs:int[]"/></xs:complexType>' + BOX,
    ),
    ("R2112", BOX, '<xs:element name="ArrayOfInt" type="xs:int"/>' + BOX),
    ("R2801", "<types>", '<types><old:schema xmlns:old="http://www.w3.org/1999/XMLSchema" targetNamespace="urn:old"/>'),
    ("R2206", STOP_PART, STOP_PART.replace("t:stop", "t:stopp")),
    ("R2306", STOP_PART, STOP_PART.replace("element=", 'type="t:Box" element=')),
    ("R2303", STOP, STOP.replace("input", "output")),
    ("R2304", STOP, STOP + STOP.replace("t:stop", "t:go")),
    ("R2305", '<part name="c" type="xs:int"/>', '<part name="c" type="xs:int"/><part name="d" type="xs:int"/>'),
    ("R2401", DOC_TRANSPORT, '<http:binding verb="GET"/>'),
    ("R2701", DOC_TRANSPORT, "<soap:binding/>"),
    ("R2702", DOC_TRANSPORT, DOC_TRANSPORT.replace("soap/http", "soap/smtp")),
    ("R2705", '<soap:operation soapAction="stop"/>', '<soap:operation soapAction="stop" style="rpc"/>'),
    ("R2706", STOP_BOUND, STOP_BOUND.replace("literal", "encoded")),
    ("R2723", FAULT, FAULT.replace("literal", "encoded")),
    ("R2710", STOP_PART, STOP_PART.replace("t:stop", "t:go")),
    ("R2711", "http://localhost/rpc", "http://localhost/doc"),
    ("R2718", STOP_BOUND, ""),
    ("R2201", STOP_BOUND, STOP_BOUND.replace("use=", 'parts="p q" use=')),
    ("R2210", STOP_PART, STOP_PART.replace("<part", '<part name="q" element="t:go"/><part')),
    ("R2204", STOP_PART, STOP_PART.replace('element="t:stop"', 'type="t:Box"')),
    ("R2203", '<part name="c" type="xs:int"/>', '<part name="c" element="t:who"/>'),
    ("R2205", '<part name="who" element="t:who"/>', '<part name="who" type="xs:string"/>'),
    ("R2209", STOP_BOUND, STOP_BOUND.replace("use=", 'parts="" use=')),
    ("R2716", STOP_BOUND, STOP_BOUND.replace("use=", 'namespace="urn:t" use=')),
    ("R2717", RPC_BODY, RPC_BODY.replace(' namespace="urn:rpc"', "")),
    ("R2717", RPC_BODY, RPC_BODY.replace("urn:rpc", "rpc")),
    ("R2726", RPC_BODY, RPC_BODY.replace("</input>", HEADER.replace("use=", 'namespace="urn:t" use=') + "</input>")),
    ("R2720", HEADER, HEADER.replace('part="who"', "")),
    ("R2749", HEADER, HEADER.replace("part=", "parts=")),
    ("R2721", FAULT, FAULT.replace('name="oops"', "")),
    ("R2754", FAULT, FAULT.replace('name="oops"', 'name="ooops"')),
    ("R2740", f'<fault name="oops">{FAULT}</fault>', ""),
]


def findings(folder: Path, text: str, profile: str = "") -> list[tuple[str, str]]:
    (folder / "other.wsdl").write_text(OTHER_WSDL)
    (folder / "other.xsd").write_text(OTHER_XSD)
    path = folder / "contract.wsdl"
    path.write_text(text)
    found = lint(load_contract(path, usable=False), PROFILES.get(profile, ANY_PROFILE))
    return [(finding.rule, finding.level) for finding in found]


def test_a_good_contract_has_no_findings(tmp_path: Path) -> None:
    assert findings(tmp_path, GOOD) == []
    assert findings(tmp_path, GOOD, "bp11") == []


@pytest.mark.parametrize(("rule", "old", "new"), BREAKS, ids=[f"{each[0]}-{n}" for n, each in enumerate(BREAKS)])
def test_a_broken_rule_is_told_by_its_number(tmp_path: Path, rule: str, old: str, new: str) -> None:
    assert GOOD.count(old) >= 1
    assert rule in [number for number, _ in findings(tmp_path, GOOD.replace(old, new))]


def test_every_rule_of_the_table_is_broken_by_a_test() -> None:
    tested = {rule for rule, _, _ in BREAKS} | {"R2010", "R2011", "R4004"}
    assert {rule.number for rule in rules_for(ANY_PROFILE)} == tested


def test_an_imported_schema_in_another_encoding_is_told(tmp_path: Path) -> None:
    (tmp_path / "latin.xsd").write_text('<?xml version="1.0" encoding="ISO-8859-1"?>\n' + OTHER_XSD)
    assert findings(tmp_path, GOOD.replace("other.xsd", "latin.xsd")) == [("R2010", "error")]


def test_a_finding_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "contract.wsdl"
    findings(tmp_path, GOOD.replace(STOP_BOUND, STOP_BOUND.replace("use=", 'namespace="urn:t" use=')))
    found = lint(load_contract(path))
    assert [(finding.place.source, finding.place.line) for finding in found] == [(str(path), 44)]


def test_a_binding_of_soap_12_belongs_to_profile_20(tmp_path: Path) -> None:
    text = GOOD.replace("wsdl/soap/", "wsdl/soap12/")
    assert findings(tmp_path, text) == []
    assert findings(tmp_path, text, "bp20") == []
    assert ("R2401", "error") in findings(tmp_path, text, "bp12")


def test_what_was_wrong_when_the_contract_was_read_is_a_finding_too(tmp_path: Path) -> None:
    found = findings(tmp_path, GOOD.replace('type="t:Doc"', 'type="t:Dok"'))
    assert ("", "error") in found


def test_a_rule_is_not_told_twice(tmp_path: Path) -> None:
    found = findings(tmp_path, GOOD.replace(RPC_BODY, RPC_BODY.replace(' namespace="urn:rpc"', "")))
    assert [rule for rule, _ in found] == ["R2717"]


@pytest.mark.parametrize("name", ["bank", "bare", "faults", "headers", "rpc-literal", "split/shop"])
def test_the_contracts_of_the_project_keep_the_profile(wsdl: Path, name: str) -> None:
    assert lint(load_contract(wsdl / f"{name}.wsdl")) == ()


def test_wsdl_20_is_not_the_business_of_the_profile() -> None:
    text = b"""<description xmlns="http://www.w3.org/ns/wsdl" targetNamespace="urn:t" xmlns:t="urn:t">
      <interface name="I"/></description>"""
    with pytest.raises(UsageError, match="the Basic Profile is on WSDL"):
        lint(load_contract(text, usable=False))


def test_the_command_exits_1_for_an_error_and_prints_why(run: Run, tmp_path: Path) -> None:
    findings(tmp_path, GOOD.replace(STOP_BOUND, ""))
    result = run("lint", tmp_path / "contract.wsdl")
    assert result.returncode == 1
    assert "error R2718: binding DocSoap lacks operation stop of its port type" in result.stdout
    assert "2 errors, 0 warnings" in result.stdout
    assert "cannot be called" in result.stdout


def test_the_command_exits_1_for_a_warning_only_when_asked(run: Run, tmp_path: Path) -> None:
    findings(tmp_path, GOOD.replace("http://localhost/rpc", "http://localhost/doc"))
    assert run("lint", tmp_path / "contract.wsdl").returncode == 0
    assert run("lint", tmp_path / "contract.wsdl", "--fail-on", "warning").returncode == 1


def test_the_command_prints_json(run: Run, tmp_path: Path) -> None:
    findings(tmp_path, GOOD.replace("http://localhost/rpc", "http://localhost/doc"))
    said = json.loads(run("lint", tmp_path / "contract.wsdl", "--json").stdout)
    assert [finding["rule"] for finding in said["findings"]] == ["R2711"]
    assert run("lint", tmp_path / "contract.wsdl", "--profile", "bp99").returncode == 2


def test_every_rule_stands_on_the_page_of_what_is_supported(wsdl: Path) -> None:
    page = (wsdl.parent / "docs" / "supported.rst").read_text(encoding="utf-8")
    listed = {line[:5] for line in page.splitlines() if line[5:17].split() == ["yes"] and line.startswith(("R2", "R4"))}
    assert listed == {rule.number for rule in rules_for(ANY_PROFILE)}
