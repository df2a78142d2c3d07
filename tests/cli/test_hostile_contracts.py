"""Contracts made to keep a tool busy for ever: each command ends soon, with words, and without a traceback."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from soapkit.cli.main import main

CONTRACT = """\
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
             xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" targetNamespace="urn:t">
  <types><xs:schema targetNamespace="urn:t">{types}</xs:schema></types>
  <message name="m"><part name="p" element="t:e"/></message>
  <portType name="P"><operation name="o"><input message="t:m"/></operation></portType>
  <binding name="B" type="t:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="o"><input><soap:body use="literal"/></input></operation></binding>
  <service name="S"><port name="p" binding="t:B"><soap:address location="http://x/"/></port></service>
</definitions>"""


def numbered(pattern: str, count: int) -> str:
    """The pattern for each number: ``[n]`` is this one, ``[n+1]`` the next."""
    return "".join(pattern.replace("[n]", str(n)).replace("[n+1]", str(n + 1)) for n in range(count))


def content(inner: str) -> str:
    return f'<xs:element name="e"><xs:complexType>{inner}</xs:complexType></xs:element>'


HOSTILE = {
    "a chain of records": '<xs:element name="e" type="t:T0"/>'
    + numbered(
        '<xs:complexType name="T[n]"><xs:sequence><xs:element name="b" type="t:T[n+1]"/></xs:sequence>'
        "</xs:complexType>",
        1000,
    )
    + '<xs:complexType name="T1000"><xs:sequence/></xs:complexType>',
    "records that double": '<xs:element name="e" type="t:T0"/>'
    + numbered(
        '<xs:complexType name="T[n]"><xs:sequence><xs:element name="a" type="t:T[n+1]"/>'
        '<xs:element name="b" type="t:T[n+1]"/></xs:sequence></xs:complexType>',
        60,
    )
    + '<xs:complexType name="T60"><xs:sequence/></xs:complexType>',
    "groups that double": content('<xs:group ref="t:G0"/>')
    + numbered(
        '<xs:group name="G[n]"><xs:sequence><xs:group ref="t:G[n+1]"/><xs:group ref="t:G[n+1]"/></xs:sequence>'
        "</xs:group>",
        60,
    )
    + '<xs:group name="G60"><xs:sequence><xs:element name="x"/></xs:sequence></xs:group>',
    "unions that double": '<xs:element name="e" type="t:U0"/>'
    + numbered('<xs:simpleType name="U[n]"><xs:union memberTypes="t:U[n+1] t:U[n+1]"/></xs:simpleType>', 60)
    + '<xs:simpleType name="U60"><xs:restriction base="xs:string"/></xs:simpleType>',
    "attribute groups that double": content('<xs:attributeGroup ref="t:A0"/>')
    + numbered(
        '<xs:attributeGroup name="A[n]"><xs:attributeGroup ref="t:A[n+1]"/><xs:attributeGroup ref="t:A[n+1]"/>'
        "</xs:attributeGroup>",
        60,
    )
    + '<xs:attributeGroup name="A60"><xs:attribute name="x"/></xs:attributeGroup>',
    "occurrences without end": content(
        '<xs:sequence minOccurs="1000000" maxOccurs="1000000">'
        '<xs:element name="x" minOccurs="99999999999999" maxOccurs="99999999999999"/></xs:sequence>'
    ),
    "a derivation of three hundred steps": '<xs:element name="e" type="t:T0"/>'
    + numbered(
        '<xs:complexType name="T[n]"><xs:complexContent><xs:extension base="t:T[n+1]"/></xs:complexContent>'
        "</xs:complexType>",
        300,
    )
    + '<xs:complexType name="T300"><xs:sequence/></xs:complexType>',
    "a type that must hold itself": '<xs:element name="e" type="t:A"/><xs:complexType name="A"><xs:sequence>'
    '<xs:element name="a" type="t:A"/></xs:sequence></xs:complexType>',
    "a group in itself": content('<xs:group ref="t:G"/>')
    + '<xs:group name="G"><xs:sequence><xs:group ref="t:G"/></xs:sequence></xs:group>',
    "elements that stand for each other": '<xs:element name="e" substitutionGroup="t:f"/>'
    '<xs:element name="f" substitutionGroup="t:e"/>',
    "a thousand values": '<xs:element name="e"><xs:simpleType><xs:restriction base="xs:string">'
    + numbered('<xs:enumeration value="v[n]"/>', 1000)
    + "</xs:restriction></xs:simpleType></xs:element>",
    "a thousand elements that may stand for one": content(
        '<xs:sequence><xs:element ref="t:h" maxOccurs="unbounded"/></xs:sequence>'
    )
    + '<xs:element name="h"/>'
    + numbered('<xs:element name="s[n]" substitutionGroup="t:h"/>', 1000),
}
COMMANDS = {
    "inspect": ["inspect", "c.wsdl"],
    "sample": ["sample", "c.wsdl", "o"],
    "full sample": ["sample", "c.wsdl", "o", "--full"],
    "lint": ["lint", "c.wsdl"],
    "diff": ["diff", "c.wsdl", "c.wsdl"],
    "validate": ["validate", "c.wsdl", "e.xml"],
    "bundle": ["bundle", "c.wsdl", "--output", "bundled"],
    "generate": ["generate", "c.wsdl", "--output", "made"],
}


@pytest.mark.parametrize("types", HOSTILE.values(), ids=HOSTILE)
def test_every_command_ends_soon_and_in_words(
    types: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("c.wsdl").write_text(CONTRACT.format(types=types), encoding="utf-8")
    Path("e.xml").write_text('<e xmlns="urn:t"/>', encoding="utf-8")
    for name, arguments in COMMANDS.items():
        started = time.process_time()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        said = capsys.readouterr()
        assert ended.value.code in (0, 1), name
        assert "Traceback" not in said.err, name
        assert ended.value.code == 0 or said.err or said.out, name
        assert time.process_time() - started < 30, name  # not a measurement: they would take for ever
