"""A service is written as a WSDL document, and read back as an equal service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
import zeep
from lxml import etree

from soapkit.databinding.annotations import element, xml_type
from soapkit.databinding.describe import DescribedShapes
from soapkit.databinding.shape import ElementField, Key, Record, RecordRef, Sequence, Shapes, reachable
from soapkit.errors import NOWHERE, DeclaredFault, UsageError
from soapkit.operations import Message, Operation, Port, Service
from soapkit.server.service import operation, service, service_of
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract
from soapkit.wsdl.write11 import write_wsdl

WSDL = Path(__file__).resolve().parent.parent.parent / "wsdl"


def without_places(service: Service) -> Service:
    return replace(
        service,
        place=NOWHERE,
        ports=tuple(replace(port, place=NOWHERE) for port in service.ports),
        operations=tuple(replace(operation, place=NOWHERE) for operation in service.operations),
    )


def record_keys(service: Service) -> Iterator[Key]:
    for call in service.operations:
        for message in filter(None, (call.request, call.reply)):
            yield message.record
            yield from (header.type.key for header in message.headers if isinstance(header.type, RecordRef))
        yield from (fault.type.key for fault in call.faults if isinstance(fault.type, RecordRef))


def names_of_fields(contract: Contract, service: Service) -> dict[Key, list[tuple[str, object]]]:
    def told(record: Record) -> list[tuple[str, object]]:
        return [(field.name, getattr(field, "type", None)) for field in record.fields]

    return {key: told(record) for key, record in reachable(list(record_keys(service)), contract.shapes).items()}


@pytest.mark.parametrize("name", ["bank.wsdl", "bare.wsdl", "rpc-literal.wsdl", "headers.wsdl", "faults.wsdl"])
def test_a_contract_that_is_written_and_read_again_is_the_same(name: str) -> None:
    contract = load_contract(WSDL / name)
    (service,) = contract.services
    again = load_contract(write_wsdl(service, contract.shapes), strict=True)
    assert without_places(again.service()) == without_places(service)
    assert names_of_fields(again, again.service()) == names_of_fields(contract, service)


def test_types_that_only_xsi_type_leads_to_are_written_too() -> None:
    contract = load_contract(WSDL / "bank.wsdl")
    again = load_contract(write_wsdl(contract.service(), contract.shapes))
    party = "{urn:example:bank:types}Party"
    assert again.shapes.derived(party) == contract.shapes.derived(party) != ()


def test_overloaded_operations_are_told_apart() -> None:
    text = (WSDL / "rpc-literal.wsdl").read_text().replace('"readings"', '"temperature"')
    contract = load_contract(text)
    assert [operation.method for operation in contract.service().operations][:2] == ["temperature", "temperature_2"]
    again = load_contract(write_wsdl(contract.service(), contract.shapes), strict=True)
    assert without_places(again.service()) == without_places(contract.service())


def test_the_address_takes_the_place_of_that_of_every_port() -> None:
    contract = load_contract(WSDL / "bank.wsdl")
    data = write_wsdl(contract.service(), contract.shapes, address="https://bank.example/soap?a&b")
    assert {port.address for port in load_contract(data).service().ports} == {"https://bank.example/soap?a&b"}


# --- services declared in code ------------------------------------------------------------------------------------


class Shape(msgspec.Struct, kw_only=True):
    """Something to measure."""

    colour: Annotated[str, element("colour")] = "red"


class Circle(Shape, kw_only=True):
    radius: Annotated[Decimal, element("radius")]


@xml_type("measured")
class Measured(msgspec.Struct, kw_only=True):
    area: Annotated[Decimal, element("area")]


class TooSmall(DeclaredFault[Measured]):
    """It cannot be seen."""


@service("urn:example:ruler")
class Ruler:
    """Measures <shapes> & things."""

    @operation(raises=[TooSmall])
    def measure(self, shape: Shape, times: int = 1) -> Measured:
        """How large it is.

        Twice is better.
        """
        return Measured(area=Decimal(times))

    @operation
    def sum(self, numbers: list[Decimal]) -> Decimal:
        return Decimal(sum(numbers))

    @operation(one_way=True)
    def drop(self, shape: Shape) -> None: ...


def ruler() -> tuple[Service, Shapes]:
    service = service_of(Ruler)
    return service, DescribedShapes("urn:example:ruler")


def test_a_service_declared_in_code_is_read_as_it_was_declared() -> None:
    service, shapes = ruler()
    contract = load_contract(write_wsdl(service, shapes, address="http://localhost/ruler"), strict=True)
    (read,) = contract.services
    assert read.documentation == "Measures <shapes> & things."
    assert [operation.name for operation in read.operations] == [operation.name for operation in service.operations]
    measure = read.operation("measure")
    assert measure.documentation == "How large it is.\n\nTwice is better."
    assert [field.name for field in contract.shapes[measure.request.record].fields] == ["shape", "times"]
    assert [(fault.name, fault.tag) for fault in measure.faults] == [("TooSmall", "{urn:example:ruler}TooSmall")]
    assert read.operation("drop").one_way
    assert "{urn:example:ruler}Circle" in contract.shapes
    assert [port.version for port in read.ports] == ["1.1", "1.2"]


def test_others_read_what_is_written(tmp_path: Path) -> None:
    service, shapes = ruler()
    (tmp_path / "ruler.wsdl").write_bytes(write_wsdl(service, shapes, address="http://localhost/ruler"))
    client = zeep.Client(str(tmp_path / "ruler.wsdl"))
    operations = client.wsdl.services["Ruler"].ports["RulerSoap12"].binding._operations
    assert sorted(operations) == ["drop", "measure", "sum"]
    for schema in etree.parse(str(tmp_path / "ruler.wsdl")).iter("{http://www.w3.org/2001/XMLSchema}schema"):
        etree.XMLSchema(etree.ElementTree(etree.fromstring(etree.tostring(schema))))


def test_a_service_without_ports_is_given_one() -> None:
    service, shapes = ruler()
    (port,) = load_contract(write_wsdl(replace(service, ports=()), shapes, address="http://x/")).service().ports
    assert (port.name, port.version, port.address) == ("RulerSoap11", "1.1", "http://x/")


def test_an_action_that_differs_in_a_port_is_kept() -> None:
    service, shapes = ruler()
    ports = (Port("One", "http://x/"), Port("Two", "http://x/", "1.2", actions={"sum": "urn:other"}))
    read = load_contract(write_wsdl(replace(service, ports=ports), shapes)).service()
    assert [port.actions for port in read.ports] == [{}, {"sum": "urn:other"}]


def test_ws_addressing_actions_are_kept() -> None:
    service, shapes = ruler()
    said = tuple(
        replace(operation, request=replace(operation.request, action=f"urn:in:{operation.name}"))
        for operation in service.operations
    )
    read = load_contract(write_wsdl(replace(service, operations=said), shapes), strict=True).service()
    assert read.operation("sum").request.action == "urn:in:sum"


def test_a_part_of_an_anonymous_type_cannot_be_written() -> None:
    _, shapes = ruler()
    held = {**shapes, "inner": Record("inner"), "outer": Record("outer")}
    operation: Operation[Any, Any] = Operation("ask", Message("outer", "{urn:x}ask", "rpc"), None)
    held["outer"] = Record("outer", content=Sequence((ElementField("q", "q", RecordRef("inner")),)))
    with pytest.raises(UsageError, match="the type of part q has no name"):
        write_wsdl(Service("S", "urn:x", "{urn:x}S", (operation,)), held)
