"""A server hands out the documents of its contract so that who reads them finds the server and the other documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from soapkit.operations import Operation
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract
from soapkit.wsdl.publish import published
from soapkit.xml.documents import Documents

WSDL = Path(__file__).resolve().parent.parent.parent / "wsdl"
ADDRESS = "https://bank.example:8443/soap"


def read_back(documents: dict[str, bytes]) -> Contract:
    """Read a published contract as a client does that reaches the server."""
    return load_contract(
        f"{ADDRESS}?wsdl",
        documents=Documents(fetch=lambda url: documents[url.removeprefix(f"{ADDRESS}?")]),
        strict=True,
    )


def facts(contract: Contract) -> list[tuple[Any, ...]]:
    def of(operation: Operation[Any, Any]) -> tuple[Any, ...]:
        faults = [(fault.name, fault.tag, fault.type) for fault in operation.faults]
        return (operation.name, operation.request, operation.reply, operation.action, operation.unwrap, faults)

    return [(service.name, *map(of, service.operations)) for service in contract.services]


@pytest.mark.parametrize(
    ("name", "queries"),
    [
        ("bank.wsdl", ["wsdl", "xsd=1"]),
        ("rpc-literal.wsdl", ["wsdl"]),
        ("split/shop.wsdl", ["wsdl", "wsdl=1", "xsd=1", "xsd=2", "xsd=3", "xsd=4"]),
    ],
)
def test_a_published_contract_is_the_same_contract(name: str, queries: list[str]) -> None:
    contract = load_contract(WSDL / name)
    documents = published(contract, ADDRESS)
    assert sorted(documents) == queries
    assert facts(read_back(documents)) == facts(contract)


def test_every_soap_port_has_the_address_of_the_server() -> None:
    documents = published(load_contract(WSDL / "bank.wsdl"), ADDRESS + "?wsdl")
    assert [port.address for port in read_back(documents).service().ports] == [ADDRESS, ADDRESS]


def test_the_contract_itself_is_not_changed() -> None:
    contract = load_contract(WSDL / "bank.wsdl")
    published(contract, ADDRESS)
    assert published(contract, "http://other/") != published(contract, ADDRESS)
    assert [port.address for port in contract.service().ports] == ["http://localhost:8000/bank"] * 2


def test_a_document_that_was_not_read_keeps_its_location() -> None:
    text = (WSDL / "bank.wsdl").read_text()
    location = 'schemaLocation="http://www.w3.org/2001/xml.xsd"'
    bank = '<xs:import namespace="urn:example:bank:types"'
    text = text.replace(bank, f'<xs:import namespace="http://www.w3.org/XML/1998/namespace" {location}/>\n{bank}')
    contract = load_contract(text, documents=Documents(mapping={"bank.xsd": WSDL / "bank.xsd"}))
    assert location.encode() in published(contract, ADDRESS)["wsdl"]


def test_documents_that_belong_to_another_contract_are_not_published() -> None:
    documents = Documents()
    load_contract(WSDL / "bare.wsdl", documents=documents)
    contract = load_contract(WSDL / "bank.wsdl", documents=documents)
    assert sorted(published(contract, ADDRESS)) == ["wsdl", "xsd=1"]
