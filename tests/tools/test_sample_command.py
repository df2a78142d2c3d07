"""``soapkit sample`` prints whole, valid messages."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from soapkit.cli.checking import check_message
from soapkit.cli.sampling import all_messages, find_operation
from soapkit.errors import UsageError
from soapkit.exchange.samples import Sampled, pretty, sample_envelope, version_of
from soapkit.soap.version import SOAP_1_2
from soapkit.wsdl.load import load_contract
from soapkit.xml.names import SOAP12, clark

Run = Callable[..., subprocess.CompletedProcess[str]]
CONTRACTS = ["bank", "bare", "faults", "headers", "rpc-literal", "split/shop"]


@pytest.mark.parametrize("full", [False, True], ids=["minimal", "full"])
@pytest.mark.parametrize("name", CONTRACTS)
def test_every_message_of_a_contract_has_a_valid_sample(wsdl: Path, name: str, full: bool) -> None:
    contract = load_contract(wsdl / f"{name}.wsdl")
    sampled = all_messages(contract)
    assert sampled
    for each in sampled:
        text = pretty(sample_envelope(contract.shapes, each, version_of(each.service), full=full))
        checked = check_message(contract, text.encode(), each.label)
        assert checked.problems == ()
        assert (each.operation.name, each.direction) in [
            (known.operation.name, known.direction) for known in checked.recognised
        ]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_seed_varies_the_sample_and_gives_the_same_one_each_time(wsdl: Path, seed: int) -> None:
    contract = load_contract(wsdl / "bank.wsdl")
    service, operation = find_operation(contract, "openAccount")
    texts = {
        pretty(sample_envelope(contract.shapes, Sampled(service, operation), SOAP_1_2, full=True, seed=seed))
        for _ in "ab"
    }
    assert len(texts) == 1
    assert check_message(contract, texts.pop().encode()).problems == ()


def test_a_required_header_block_is_in_the_minimal_sample(wsdl: Path) -> None:
    contract = load_contract(wsdl / "headers.wsdl")
    service, operation = find_operation(contract, "fetch")
    envelope = sample_envelope(contract.shapes, Sampled(service, operation), version_of(service))
    assert [etree.QName(block).localname for block in envelope.headers] == ["session"]


def test_a_sample_of_a_fault_nobody_declares_names_those_that_are(wsdl: Path) -> None:
    contract = load_contract(wsdl / "bank.wsdl")
    service, operation = find_operation(contract, "transfer")
    with pytest.raises(UsageError, match="InsufficientFunds, UnknownAccount; did you mean UnknownAccount"):
        sample_envelope(contract.shapes, Sampled(service, operation, "fault", "unknownAcount"), SOAP_1_2)


def test_the_command_prints_an_envelope_of_the_wanted_version(run: Run, wsdl: Path) -> None:
    result = run("sample", wsdl / "bank.wsdl", "transfer", "--soap", "1.2")
    assert result.returncode == 0, result.stderr
    assert etree.fromstring(result.stdout).tag == clark(SOAP12, "Envelope")


def test_the_command_prints_the_value_of_a_reply_as_json(run: Run, wsdl: Path) -> None:
    result = run("sample", wsdl / "bank.wsdl", "balance", "--reply", "--json")
    assert json.loads(result.stdout).keys() == {"amount", "currency", "as_of"}


def test_the_command_prints_the_detail_of_a_fault_as_json(run: Run, wsdl: Path) -> None:
    result = run("sample", wsdl / "bank.wsdl", "balance", "--fault", "UnknownAccount", "--json")
    assert json.loads(result.stdout).keys() == {"iban"}


def test_without_an_operation_the_command_lists_what_it_can_make(run: Run, wsdl: Path) -> None:
    result = run("sample", wsdl / "rpc-literal.wsdl")
    assert result.stdout.splitlines()[:3] == [
        "temperature  request",
        "temperature  reply",
        "temperature  fault UnknownStation",
    ]
    listed = json.loads(run("sample", wsdl / "rpc-literal.wsdl", "--json").stdout)
    assert listed[2]["fault"] == "UnknownStation"


def test_all_messages_are_written_into_a_folder(run: Run, wsdl: Path, tmp_path: Path) -> None:
    result = run("sample", wsdl / "bare.wsdl", "--output", tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert result.returncode == 0
    assert "lookUp.request.xml" in names
    assert len(result.stdout.splitlines()) == len(names)


def test_an_unknown_operation_is_told_with_the_nearest_name(run: Run, wsdl: Path) -> None:
    result = run("sample", wsdl / "bank.wsdl", "tansfer")
    assert result.returncode == 1
    assert "no operation 'tansfer'; did you mean transfer?" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_the_reply_of_a_one_way_operation_is_refused(run: Run, wsdl: Path) -> None:
    result = run("sample", wsdl / "bank.wsdl", "notify", "--reply")
    assert (result.returncode, "one-way" in result.stderr) == (1, True)
