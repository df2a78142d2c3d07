"""``soapkit mock`` answers every operation of a contract with a valid example, before there is a server."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import soapkit
from soapkit.cli.mock import mock_of
from soapkit.errors import Fault, UsageError
from soapkit.exchange.samples import Sampled, pretty, sample_envelope, version_of
from soapkit.testing import loopback
from soapkit.transport.values import Headers, Request
from soapkit.wsdl.load import load_contract

Run = Callable[..., subprocess.CompletedProcess[str]]


def client_of(path: Path, **options: Any) -> tuple[Any, list[str]]:
    """A client of a mock, and the lines the mock tells."""
    told: list[str] = []
    contract = load_contract(path)
    application = mock_of(contract, tell=told.append, **options)
    return soapkit.Client.from_wsdl(contract, transport=loopback(application), validate="both"), told


def test_a_call_is_answered_with_the_example_that_sample_prints(wsdl: Path) -> None:
    client, told = client_of(wsdl / "bank.wsdl")
    receipt = client.transfer(source="DE1", target="DE2", amount="10.00")
    contract = load_contract(wsdl / "bank.wsdl")
    service = contract.service()
    sampled = Sampled(service, service.operation("transfer"), "reply")
    assert f">{receipt.number}<" in pretty(sample_envelope(contract.shapes, sampled, version_of(service)))
    assert told == ["transfer: answered with an example"]


@pytest.mark.parametrize("name", ["bank.wsdl", "bare.wsdl", "rpc-literal.wsdl", "headers.wsdl", "faults.wsdl"])
@pytest.mark.parametrize("full", [False, True])
def test_every_operation_of_our_contracts_is_answered(wsdl: Path, name: str, full: bool) -> None:
    contract = load_contract(wsdl / name)
    (service,) = contract.services
    application = mock_of(contract, full=full, seed=3, validate="both")
    transport = loopback(application)
    for operation in service.operations:
        version = version_of(service)
        envelope = sample_envelope(contract.shapes, Sampled(service, operation), version, full=full)
        headers = {"Content-Type": "text/xml", "SOAPAction": f'"{operation.action}"'}
        reply = transport.send(Request("http://x/", envelope.to_bytes(), Headers(headers)))
        assert reply.status == (202 if operation.one_way else 200), reply.body


def test_seeds_vary_the_answers(wsdl: Path) -> None:
    receipts = set()
    for seed in range(4):
        client, _ = client_of(wsdl / "bank.wsdl", seed=seed, full=True)
        receipts.add(repr(client.account(iban="DE1")))
    assert len(receipts) > 1


def test_a_request_that_is_not_valid_is_answered_with_a_fault(wsdl: Path) -> None:
    contract = load_contract(wsdl / "bank.wsdl")
    client = soapkit.Client.from_wsdl(contract, transport=loopback(mock_of(contract)))
    with pytest.raises((Fault, soapkit.SoapkitError), match=r"iban|source"):
        client.transfer(source="D" * 99, target="DE2", amount="10.00")


def test_a_fault_that_was_asked_for_is_raised(wsdl: Path) -> None:
    client, told = client_of(wsdl / "bank.wsdl", faults={"transfer": "InsufficientFunds"})
    with pytest.raises(client.types.InsufficientFunds) as caught:
        client.transfer(source="DE1", target="DE2", amount="10.00")
    assert caught.value.detail.iban
    assert told == ["transfer: answered with fault InsufficientFunds"]


def test_a_reply_that_was_given_is_sent(wsdl: Path, tmp_path: Path, run: Run) -> None:
    given = run("sample", wsdl / "bank.wsdl", "balance", "--reply").stdout
    path = tmp_path / "reply.xml"
    path.write_text(re.sub(r"(<[^>]*currency>)[A-Z]+", r"\1CHF", given), encoding="utf-8")
    client, told = client_of(wsdl / "bank.wsdl", replies={"balance": str(path)})
    assert client.balance(iban="DE1").currency == "CHF"
    assert told == [f"balance: answered with {path}"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"faults": {"tranfer": "X"}}, "no operation 'tranfer'; did you mean transfer"),
        (
            {"faults": {"transfer": "Insufficient"}},
            "no fault 'Insufficient'; .* did you mean InsufficientFunds",
        ),
        ({"service": "BankServise"}, "no service 'BankServise'; it has BankService; did you mean BankService"),
    ],
)
def test_what_is_not_there_is_refused_by_name(wsdl: Path, options: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        mock_of(load_contract(wsdl / "bank.wsdl"), **options)


def test_a_reply_of_another_operation_is_refused(wsdl: Path, tmp_path: Path, run: Run) -> None:
    path = tmp_path / "reply.xml"
    path.write_text(run("sample", wsdl / "bank.wsdl", "transfer", "--reply").stdout, encoding="utf-8")
    with pytest.raises(UsageError, match=r"reply.xml is no reply of balance: .*transferResponse"):
        mock_of(load_contract(wsdl / "bank.wsdl"), replies={"balance": str(path)})


@pytest.fixture
def address(wsdl: Path) -> Iterator[tuple[str, Any]]:
    command = [sys.executable, "-m", "soapkit", "mock", str(wsdl / "bank.wsdl"), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    assert found is not None
    yield found.group(), process.stdout
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) in (0, -signal.SIGTERM)
    process.stdout.close()


def test_the_command_serves_until_it_is_stopped(address: tuple[str, Any]) -> None:
    url, printed = address
    with soapkit.Client.from_wsdl(f"{url}?wsdl", timeout=20) as client:
        assert client.balance(iban="DE1").currency
    assert printed.readline() == "balance: answered with an example\n"
