"""zeep, as an independent client, calls the demo Bank over both SOAP versions."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest
import zeep
import zeep.exceptions

import soapkit


@pytest.fixture
def address(bank_service: ModuleType, serve: Callable[..., str]) -> str:
    return serve(soapkit.asgi(bank_service.MyBank()))


@pytest.fixture(params=["BankSoap11", "BankSoap12"])
def port(request: pytest.FixtureRequest, address: str) -> Any:
    client = zeep.Client(address + "?wsdl")
    return client.bind("BankService", request.param)


def test_zeep_gets_typed_results(port: Any) -> None:
    receipt = port.transfer(source="DE1", target="DE2", amount=Decimal("10.00"))
    assert receipt.amount == Decimal("10.00")
    assert receipt.booked.utcoffset() is not None


def test_zeep_gets_a_record_with_subtypes_and_attributes(port: Any) -> None:
    account = port.account(iban="DE1")
    assert account.owner[0].born.isoformat() == "1815-12-10"
    assert account.currency == "EUR"


def test_zeep_gets_the_detail_of_a_declared_fault(port: Any) -> None:
    with pytest.raises(zeep.exceptions.Fault) as caught:
        port.transfer(source="DE1", target="DE2", amount=Decimal("1000.00"))
    detail = caught.value.detail
    available = detail.find(".//{urn:example:bank:types}available")
    assert available is not None
    assert Decimal(available.text) == Decimal("100.00")


def test_zeep_sends_a_header_and_a_one_way_message(port: Any) -> None:
    assert port.notify(iban="DE1", message="hello") is None
    reply = port.closeAccount(iban="DE1", payTo="DE2", _soapheaders={"caller": {"user": "ada"}})
    assert reply.header.auditNumber == 1


def test_zeep_gets_a_hundred_entries(port: Any) -> None:
    entries = port.statement(iban="DE1")
    assert [entry.number for entry in entries] == list(range(1, 101))
