"""Lists, unions and restrictions of a contract: what libxml2 finds valid is read and written, all else refused."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from lxml import etree

import soapkit
from soapkit.errors import SoapkitError
from soapkit.testing import FakeTransport
from soapkit.xml.names import SOAP11, XSD
from soapkit.xml.parse import parse_message

# name; the type, after its name; texts that are valid; texts that are not
TYPES = {
    "L": ('<xs:list itemType="xs:int"/>', ["", "1", " 1\n2 "], ["a", "1,2"]),
    "L2": ('<xs:restriction base="t:L"><xs:length value="2"/></xs:restriction>', ["1 2"], ["1", ""]),
    "Lp": ('<xs:restriction base="t:L"><xs:pattern value="1 2( 3)?"/></xs:restriction>', ["1  2", "1 2 3"], ["01 2"]),
    "Le": (
        '<xs:restriction base="t:L"><xs:enumeration value="1 2"/><xs:enumeration value=" 3  4 "/></xs:restriction>',
        ["1 2", "01 +2", "3  4"],
        ["1", "2 1", ""],
    ),
    "N": (
        '<xs:restriction base="xs:NMTOKENS"><xs:enumeration value="a b"/><xs:enumeration value="c"/></xs:restriction>',
        ["a  b", "c"],
        ["b", "a"],
    ),
    "U": ('<xs:union memberTypes="xs:int xs:boolean xs:date"/>', ["1", "true", "2026-01-01", " 1 "], ["x", "", "1.0"]),
    "Up": ('<xs:restriction base="t:U"><xs:pattern value="\\d+|true"/></xs:restriction>', ["1", "true"], ["false"]),
    "Ue": (
        '<xs:restriction base="t:U"><xs:enumeration value="1"/><xs:enumeration value="2026-01-01"/></xs:restriction>',
        ["1", "01", "2026-01-01"],
        ["true", "2026-01-02", "2"],
    ),
    "LU": ('<xs:list itemType="t:U"/>', ["1 true 2026-01-01", ""], ["x"]),
    "D": (
        '<xs:restriction base="xs:decimal"><xs:totalDigits value="4"/><xs:fractionDigits value="2"/></xs:restriction>',
        ["12.34", "0012.340", "-99.9"],
        ["123.45", "1.234"],
    ),
    "T": (
        '<xs:restriction base="xs:token"><xs:enumeration value=" a  b "/><xs:enumeration value=""/></xs:restriction>',
        ["a b", " a  b", " "],
        ["ab"],
    ),
    "M": (
        '<xs:restriction base="xs:dateTime"><xs:maxInclusive value="2026-01-01T00:00:00Z"/></xs:restriction>',
        ["2025-12-31T09:59:59", "2026-01-01T01:00:00+01:00", "-0001-01-01T00:00:00"],
        ["2026-01-01T00:00:00", "2026-01-01T13:00:00", "2026-01-01T00:00:00.0000001Z", "99999-01-01T00:00:00Z"],
    ),
    "DZ": (
        '<xs:restriction base="xs:date"><xs:minInclusive value="2026-01-02"/></xs:restriction>',
        ["2026-01-02", "2026-01-04+01:00"],
        ["2026-01-02Z", "2026-01-01"],
    ),
    "Y": (
        '<xs:restriction base="xs:gYear"><xs:maxInclusive value="2026Z"/></xs:restriction>',
        ["2025", "2026Z"],
        ["2026", "2027Z"],
    ),
}
NAMES = {name: f"v{number}" for number, name in enumerate(TYPES)}
SCHEMA = (
    f'<xs:schema xmlns:xs="{XSD}" xmlns:t="urn:t" targetNamespace="urn:t" elementFormDefault="qualified">'
    + "".join(f'<xs:simpleType name="{name}">{body}</xs:simpleType>' for name, (body, _, _) in TYPES.items())
    + '<xs:element name="r"><xs:complexType><xs:sequence>'
    + "".join(f'<xs:element name="{NAMES[name]}" type="t:{name}" minOccurs="0"/>' for name in TYPES)
    + "</xs:sequence></xs:complexType></xs:element></xs:schema>"
)
WSDL = f"""<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
  xmlns:t="urn:t" targetNamespace="urn:t"><types>{SCHEMA}</types>
  <message name="m"><part name="p" element="t:r"/></message>
  <portType name="P"><operation name="r"><input message="t:m"/><output message="t:m"/></operation></portType>
  <binding name="B" type="t:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="r"><soap:operation soapAction=""/><input><soap:body use="literal"/></input>
      <output><soap:body use="literal"/></output></operation></binding>
  <service name="S"><port name="p" binding="t:B"><soap:address location="http://x/"/></port></service></definitions>"""


@pytest.fixture(scope="module")
def transport() -> FakeTransport:
    return FakeTransport(b"")


@pytest.fixture(scope="module")
def client(transport: FakeTransport) -> Iterator[soapkit.Client]:
    logging.getLogger("soapkit").setLevel(logging.ERROR)
    with soapkit.Client.from_wsdl(WSDL.encode(), transport=transport) as made:
        yield made
    logging.getLogger("soapkit").setLevel(logging.NOTSET)


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.fromstring(SCHEMA))


def reply(name: str, text: str) -> bytes:
    element = f'<r xmlns="urn:t"><{NAMES[name]}>{text}</{NAMES[name]}></r>'
    return f'<s:Envelope xmlns:s="{SOAP11}"><s:Body>{element}</s:Body></s:Envelope>'.encode()


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, (_, valid, _) in TYPES.items() for text in valid])
def test_what_is_valid_is_read_and_what_is_written_of_it_is_valid(
    name: str, text: str, client: soapkit.Client, transport: FakeTransport, schema: etree.XMLSchema
) -> None:
    transport.answers = reply(name, text)
    field = NAMES[name]
    assert schema.validate(parse_message(transport.answers)[0][0])
    value = getattr(client.r(), field)
    written = parse_message(client.preview.r(**{field: value}).request)[0][0]
    assert schema.validate(written), etree.tostring(written)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, (_, _, wrong) in TYPES.items() for text in wrong])
def test_what_is_not_valid_is_refused(
    name: str, text: str, client: soapkit.Client, transport: FakeTransport, schema: etree.XMLSchema
) -> None:
    transport.answers = reply(name, text)
    assert not schema.validate(parse_message(transport.answers)[0][0])
    with pytest.raises(SoapkitError, match=rf"r\.{NAMES[name]}: "):
        client.r()
