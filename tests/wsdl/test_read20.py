"""WSDL 2.0 is read in the words of WSDL 1.1."""

from __future__ import annotations

from pathlib import Path

import pytest

from soapkit.errors import ContractError
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract
from soapkit.wsdl.publish import published
from soapkit.xml.documents import Documents

HEAD = """<description xmlns="http://www.w3.org/ns/wsdl" targetNamespace="urn:hotel" xmlns:t="urn:hotel"
  xmlns:w="http://www.w3.org/ns/wsdl/soap" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<documentation>A hotel.</documentation>
"""
TYPES = """<types><xs:schema targetNamespace="urn:hotel" elementFormDefault="qualified">
  <xs:element name="book"><xs:complexType><xs:sequence>
    <xs:element name="night" type="xs:date"/><xs:element name="beds" type="xs:int"/></xs:sequence></xs:complexType>
  </xs:element>
  <xs:element name="booked"><xs:complexType><xs:sequence>
    <xs:element name="room" type="xs:int"/></xs:sequence></xs:complexType></xs:element>
  <xs:element name="full" type="xs:string"/>
  <xs:element name="guest" type="xs:string"/>
</xs:schema></types>
"""
INTERFACE = """<interface name="Desk"><fault name="Full" element="t:full"/>
  <operation name="book" pattern="http://www.w3.org/ns/wsdl/in-out">
    <documentation>Book a room.</documentation>
    <input messageLabel="In" element="t:book"/><output messageLabel="Out" element="t:booked"/><outfault ref="t:Full"/>
  </operation>
  <operation name="leave" pattern="http://www.w3.org/ns/wsdl/in-only"><input element="t:guest"/></operation>
  <operation name="ring" pattern="http://www.w3.org/ns/wsdl/in-out">
    <input element="#none"/><output element="#none"/>
  </operation>
</interface>
"""
BINDING = """<binding name="DeskSoap" interface="t:Desk" type="http://www.w3.org/ns/wsdl/soap"
    w:protocol="http://www.w3.org/2003/05/soap/bindings/HTTP/">
  <operation ref="t:book" w:action="urn:hotel/book">
    <input><w:header element="t:guest" required="true"/></input>
  </operation>
  <fault ref="t:Full" w:code="w:Sender"/>
</binding>
"""
SERVICE = """<service name="Hotel" interface="t:Desk"><endpoint name="Front" binding="t:DeskSoap" address="http://h/"/></service>
"""


def read(*pieces: str, strict: bool = True) -> Contract:
    return load_contract(HEAD + "".join(pieces) + "</description>", strict=strict)


@pytest.fixture
def hotel() -> Contract:
    return read(TYPES, INTERFACE, BINDING, SERVICE)


def test_a_service_has_its_endpoints_over_soap_1_2(hotel: Contract) -> None:
    (service,) = hotel.services
    assert (service.name, service.port_type) == ("Hotel", "{urn:hotel}Desk")
    assert [(port.name, port.version, port.address) for port in service.ports] == [("Front", "1.2", "http://h/")]
    assert hotel.definitions.version == "2.0"
    assert hotel.documentation == "A hotel."


def test_an_operation_has_its_messages_faults_and_headers(hotel: Contract) -> None:
    book = hotel.operation("book")
    assert (book.request.style, book.request.tag, book.unwrap) == ("wrapped", "{urn:hotel}book", "room")
    assert [field.name for field in hotel.shapes[book.request.record].fields] == ["night", "beds"]
    assert (book.action, book.documentation) == ("urn:hotel/book", "Book a room.")
    assert [(fault.name, fault.tag) for fault in book.faults] == [("Full", "{urn:hotel}full")]
    assert [(header.name, header.required) for header in book.request.headers] == [("guest", True)]


def test_an_operation_that_the_binding_does_not_mention_is_bound_all_the_same(hotel: Contract) -> None:
    leave, ring = hotel.operation("leave"), hotel.operation("ring")
    assert (leave.one_way, leave.request.style) == (True, "bare")
    assert [field.name for field in hotel.shapes[leave.request.record].fields] == ["guest"]
    assert ring.reply is not None
    assert hotel.shapes[ring.request.record].fields == hotel.shapes[ring.reply.record].fields == ()


def test_an_interface_has_the_operations_of_those_it_extends() -> None:
    night = """<interface name="Night" extends="t:Desk"><operation name="wake" pattern="http://www.w3.org/ns/wsdl/in-only">
      <input element="t:guest"/></operation></interface>"""
    service = SERVICE.replace('"t:Desk"', '"t:Night"')
    found = read(TYPES, INTERFACE, night, BINDING, service)
    port_type = found.definitions.port_types["{urn:hotel}Night"]
    assert [operation.name for operation in port_type.operations] == ["wake", "book", "leave", "ring"]
    found = read(TYPES, INTERFACE, night, BINDING.replace('"t:Desk"', '"t:Night"'), service)
    assert [fault.tag for fault in found.operation("book").faults] == ["{urn:hotel}full"]
    assert found.operation("wake").one_way


def test_a_binding_without_an_interface_serves_any() -> None:
    reusable = '<binding name="Any" type="http://www.w3.org/ns/wsdl/soap" w:version="1.1"/>'
    found = read(TYPES, INTERFACE, reusable, SERVICE.replace("DeskSoap", "Any"))
    assert [operation.name for operation in found.service().operations] == ["book", "leave", "ring"]
    assert [port.version for port in found.service().ports] == ["1.1"]


def test_an_http_binding_is_told() -> None:
    http = '<binding name="Get" interface="t:Desk" type="http://www.w3.org/ns/wsdl/http"/>'
    endpoint = '<endpoint name="Web" binding="t:Get"/></service>'
    found = read(TYPES, INTERFACE, BINDING, http, SERVICE.replace("</service>", endpoint))
    assert [port.name for port in found.service().ports] == ["Front"]
    assert [note.message for note in found.notes] == ["port Web has an HTTP GET or POST binding, which is not called"]


def test_a_message_that_may_be_any_element_costs_its_operation() -> None:
    found = read(TYPES, INTERFACE.replace('element="t:guest"', 'element="#any"'), BINDING, SERVICE, strict=False)
    assert [operation.name for operation in found.service().operations] == ["book", "ring"]
    assert [problem.message for problem in found.problems] == [
        "operation leave cannot be used: its message is #any; expected an element (WSDL 2.0, 2.5)"
    ]


def test_an_operation_that_starts_at_the_server_is_told() -> None:
    outward = (
        '<operation name="call" pattern="http://www.w3.org/ns/wsdl/out-only"><output element="t:guest"/></operation>'
    )
    found = read(TYPES, INTERFACE.replace("</interface>", outward + "</interface>"), BINDING, SERVICE)
    assert [note.message.partition(" (")[0] for note in found.notes] == ["operation call starts at the server"]


def test_imports_and_includes_are_followed(tmp_path: Path) -> None:
    (tmp_path / "types.wsdl").write_text(HEAD + TYPES + INTERFACE + "</description>")
    include = '<include location="types.wsdl"/>'
    (tmp_path / "hotel.wsdl").write_text(HEAD + include + BINDING + SERVICE + "</description>")
    contract = load_contract(tmp_path / "hotel.wsdl", strict=True)
    assert contract.operation("book").unwrap == "room"
    documents = published(contract, "http://here/")
    again = load_contract(
        "http://here/?wsdl", documents=Documents(fetch=lambda url: documents[url.partition("?")[2]]), strict=True
    )
    assert again.operation("book").unwrap == "room"
    assert [port.address for port in again.service().ports] == ["http://here/"]


def test_a_missing_import_is_told_at_the_import(tmp_path: Path) -> None:
    (tmp_path / "hotel.wsdl").write_text(
        HEAD + '<include location="types.wsdl"/>' + BINDING + SERVICE + "</description>"
    )
    with pytest.raises(ContractError, match=r"hotel\.wsdl:4: expected a WSDL 2\.0 document at .*types\.wsdl"):
        load_contract(tmp_path / "hotel.wsdl")


def test_a_dangling_element_costs_its_operation() -> None:
    found = read(TYPES, INTERFACE.replace('element="t:book"', 'element="t:boook"'), BINDING, SERVICE, strict=False)
    assert "book" not in [operation.name for operation in found.service().operations]
    assert "did you mean {urn:hotel}book?" in found.problems[0].message
