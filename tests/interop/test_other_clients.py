"""suds and PHP's own client, as independent ones, call the demo Bank: every field, the fault, a header, one-way."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import pytest
import suds
import suds.client
from suds.sax.element import Element

import soapkit

PHP = Path(__file__).parent / "php" / "bank_client.php"


@pytest.fixture
def address(bank_service: ModuleType, serve: Callable[..., str]) -> str:
    return serve(soapkit.asgi(bank_service.MyBank()))


# --- suds: SOAP 1.1 only ------------------------------------------------------------------------------------------


@pytest.fixture
def suds_client(address: str) -> Any:
    client = suds.client.Client(f"{address}?wsdl", cache=None)
    client.set_options(port="BankSoap11")
    return client


def test_suds_gets_typed_results(suds_client: Any) -> None:
    receipt = suds_client.service.transfer("DE1", "DE2", Decimal("10.00"))
    assert Decimal(receipt.amount) == Decimal("10.00")
    assert receipt.booked.utcoffset() is not None


def test_suds_gets_a_record_with_subtypes_and_attributes(suds_client: Any) -> None:
    account = suds_client.service.account("DE1")
    assert account.owner[0].born.isoformat() == "1815-12-10"
    assert account._currency == "EUR"


def test_suds_gets_the_detail_of_a_declared_fault(suds_client: Any) -> None:
    with pytest.raises(suds.WebFault) as caught:
        suds_client.service.transfer("DE1", "DE2", Decimal("1000.00"))
    assert Decimal(caught.value.fault.detail.insufficientFunds.available) == Decimal("100.00")


def test_suds_sends_a_header_and_a_one_way_message(suds_client: Any) -> None:
    assert suds_client.service.notify("DE1", "hello") is None
    caller = Element("caller", ns=("t", "urn:example:bank:types"))
    caller.append(Element("user", ns=("t", "urn:example:bank:types")).setText("ada"))
    suds_client.set_options(soapheaders=caller)
    assert suds_client.service.closeAccount("DE1", "DE2") is not None


def test_suds_gets_a_hundred_entries(suds_client: Any) -> None:
    assert [entry.number for entry in suds_client.service.statement("DE1")] == list(range(1, 101))


# --- PHP ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_php_gets_every_field_the_fault_and_the_header(
    version: str, address: str, missing_peer: Callable[[str], NoReturn]
) -> None:
    php = shutil.which("php")
    if php is None:
        missing_peer("php")
    command = [php, str(PHP), f"{address}?wsdl", address, version]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert printed.returncode == 0, printed.stdout + printed.stderr
    told = json.loads(printed.stdout)
    assert told["receipt"]["receipt"]["amount"] == "10.00"
    assert told["account"]["account"]["currency"] == "EUR"
    assert told["account"]["account"]["owner"][0]["born"] == "1815-12-10"
    assert [entry["number"] for entry in told["statement"]["entry"]] == list(range(1, 101))
    assert Decimal(told["available"]) == Decimal("90.00")
    assert told["answered"]["auditNumber"] >= 1  # the sample counts on from test to test
