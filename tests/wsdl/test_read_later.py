"""What of a contract is read, and when: an operation when somebody asks for it, with what it reaches."""

from __future__ import annotations

from pathlib import Path

import pytest

from soapkit.errors import ContractError
from soapkit.wsdl.later import Later, Named, Usable
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract

BANK = Path(__file__).resolve().parent.parent.parent / "wsdl" / "bank.wsdl"

TWO_PORTS = """\
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:t="urn:t" targetNamespace="urn:t"
             xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/">
  <types>
    <schema xmlns="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:t">
      <element name="good" type="int"/>
      <element name="bad" type="t:Missing"/>
    </schema>
  </types>
  <message name="good"><part name="in" element="t:good"/></message>
  <message name="bad"><part name="in" element="t:bad"/></message>
  <portType name="P">
    <operation name="first"><input message="t:good"/></operation>
    <operation name="second"><input message="t:bad"/></operation>
  </portType>
  <binding name="B11" type="t:P">
    <soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="first"><soap:operation soapAction="a"/><input><soap:body use="literal"/></input></operation>
    <operation name="second"><soap:operation soapAction="b"/><input><soap:body use="literal"/></input></operation>
  </binding>
  <binding name="B12" type="t:P">
    <soap12:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="first"><soap12:operation soapAction="a"/><input><soap12:body use="literal"/></input></operation>
    <operation name="second"><soap12:operation soapAction="B"/><input><soap12:body use="literal"/></input></operation>
  </binding>
  <service name="S">
    <port name="P11" binding="t:B11"><soap:address location="http://localhost/"/></port>
    <port name="P12" binding="t:B12"><soap12:address location="http://localhost/"/></port>
  </service>
</definitions>
"""
ALIKE = TWO_PORTS.replace('soapAction="B"', 'soapAction="b"')


def read_so_far(contract: Contract) -> set[str]:
    return {name for _, name in contract.schema._read}


def test_only_what_an_asked_for_operation_reaches_is_read() -> None:
    contract = load_contract(BANK)
    before = read_so_far(contract)
    contract.service().operation("statement")
    assert "{urn:example:bank}statement" not in before
    assert "{urn:example:bank}statement" in read_so_far(contract)


def test_a_broken_operation_is_told_by_name_when_all_are_asked_for() -> None:
    contract = load_contract(ALIKE)
    assert [operation.name for operation in contract.service().operations] == ["first"]
    (problem,) = contract.problems
    assert problem.message.startswith("operation second cannot be used: type {urn:t}Missing is referred to")


def test_a_broken_operation_is_not_there_when_it_is_asked_for_alone() -> None:
    with pytest.raises(KeyError):
        load_contract(ALIKE).operation("second")


def test_strict_reads_every_operation() -> None:
    with pytest.raises(ContractError, match="operation second cannot be used"):
        load_contract(ALIKE, strict=True)


def test_ports_that_say_the_same_in_both_versions_are_one_service_without_reading_an_operation() -> None:
    contract = load_contract(ALIKE)
    (service,) = contract.services
    assert [(port.version, port.actions) for port in service.ports] == [("1.1", {}), ("1.2", {})]
    assert "{urn:t}bad" not in read_so_far(contract)


def test_ports_that_differ_in_actions_are_one_service_too() -> None:
    contract = load_contract(TWO_PORTS.replace("t:Missing", "string"))
    (service,) = contract.services
    assert [port.actions for port in service.ports] == [{}, {"second": "B"}]


def test_a_name_is_read_once() -> None:
    times: list[str] = []
    named = Named({"a": lambda: times.append("a") or 1})
    assert (named["a"], named["a"], times) == (1, 1, ["a"])
    assert ("a" in named, "b" in named, len(named)) == (True, False, 1)


def test_the_names_of_a_sequence_cost_no_reading() -> None:
    later = Later(["a", "b"], lambda place: 1 // 0)
    assert (later.names, len(later)) == (("a", "b"), 2)


def test_items_that_cannot_be_used_are_passed_over() -> None:
    usable = Usable(Later(["a", "b", "b"], lambda place: [None, "b1", "b2"][place]))
    assert usable.named("b") == ["b1", "b2"]
    assert (usable[0], usable[-1], usable[0:1], len(usable), bool(usable)) == ("b1", "b2", ("b1",), 2, True)
    assert usable == ("b1", "b2")
