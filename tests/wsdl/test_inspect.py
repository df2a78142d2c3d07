"""``soapkit inspect`` tells what a contract offers."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from soapkit.cli.inspect import command
from soapkit.cli.inspect_markdown import markdown_of
from soapkit.cli.inspect_terminal import show
from soapkit.cli.inspection import describe
from soapkit.errors import ContractError, UsageError
from soapkit.wsdl.load import load_contract

WSDL = Path(__file__).resolve().parent.parent.parent / "wsdl"
BANK = str(WSDL / "bank.wsdl")


def run(*arguments: str, given: bytes | None = None) -> Result:
    result = CliRunner().invoke(command, arguments, input=given, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def test_services_ports_and_signatures_are_told() -> None:
    output = run(BANK).output
    assert "service BankService  {urn:example:bank}Bank" in output
    assert "  port BankSoap11  SOAP 1.1  http://localhost:8000/bank\n" in output
    assert "  transfer(source: str, target: str, amount: Decimal) -> Receipt\n" in output
    assert "  statement(iban: str, since: date | None = None, until: date | None = None) -> list[Entry]\n" in output
    assert "  balance(iban: str) -> BalanceResponse\n" in output
    assert "  notify(iban: str, message: str) -> None\n" in output


def test_headers_and_faults_are_told() -> None:
    output = run(BANK).output
    assert "      raises InsufficientFunds(Funds)\n" in output
    assert "      request header caller: Caller (required)\n" in output
    assert "      reply header audit_number: int (optional)\n" in output


def test_types_are_told_and_what_is_derived_from_them() -> None:
    types = run(BANK).output.partition("\ntypes\n")[2]
    assert "  Party  abstract record\n" in types
    assert "  Company(Party)  record\n" in types
    assert "  AccountKind  enumeration\n" in types
    assert "  Amount = Decimal\n" in types


def test_one_operation_is_told_with_its_fields() -> None:
    for name in ("closeAccount", "close_account"):
        output = run(BANK, "--operation", name).output
        assert "action urn:example:bank/closeAccount" in output
        assert "        pay_to: str | None  payTo\n" in output
        assert "transfer(" not in output


def test_one_type_is_told_with_its_fields() -> None:
    output = run(BANK, "--type", "Account").output
    assert "      closed: datetime | None" in output
    assert "@currency" in output
    output = run(BANK, "--type", "AccountKind").output
    assert "      current  Everyday payments.\n" in output


def test_a_choice_is_told_as_what_may_be_absent() -> None:
    described = json.loads(run(BANK, "--type", "Person", "--json").output)
    (person,) = described["types"]
    assert [(field["name"], field["required"]) for field in person["fields"]] == [
        ("name", True),
        ("email", False),
        ("phone", False),
        ("born", True),
        ("reference", False),
    ]


def test_json_has_all_of_it() -> None:
    described = json.loads(run(BANK, "--json").output)
    (service,) = described["services"]
    assert [port["soap"] for port in service["ports"]] == ["1.1", "1.2"]
    (transfer,) = [operation for operation in service["operations"] if operation["name"] == "transfer"]
    assert transfer["signature"] == "transfer(source: str, target: str, amount: Decimal) -> Receipt"
    assert transfer["faults"][0]["exception"] == "InsufficientFunds"
    assert transfer["request"]["fields"][2] == {
        "name": "amount",
        "xml": "amount",
        "type": "Decimal",
        "required": True,
        "documentation": "",
    }
    assert described["warnings"] == described["problems"] == described["notes"] == []


def test_the_standard_input_is_a_contract_too() -> None:
    output = run("-", given=(WSDL / "bare.wsdl").read_bytes()).output
    assert output.startswith("standard input: urn:example:bare\n")
    assert "look_up(isbn: str) -> Book" in output


def test_rpc_is_told() -> None:
    output = run(str(WSDL / "rpc-literal.wsdl")).output
    assert "readings(position: Position, since: datetime) -> ReadingsResponse" in output
    assert "      one-way, rpc\n" in output


def test_output_that_is_no_terminal_has_no_colours() -> None:
    assert "\x1b[" not in run(BANK).output


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no operation 'transfr'; did you mean transfer\?"):
        run(BANK, "--operation", "transfr")
    with pytest.raises(UsageError, match=r"no type 'Acount'; did you mean .*Account"):
        run(BANK, "--type", "Acount")


def test_a_missing_file_is_an_error_and_a_missing_argument_a_usage_error() -> None:
    with pytest.raises(ContractError, match=r"no such file: nowhere\.wsdl"):
        run("nowhere.wsdl")
    assert CliRunner().invoke(command, []).exit_code == 2


def test_a_catalog_is_used(tmp_path: Path) -> None:
    text = (WSDL / "bank.wsdl").read_text().replace('"bank.xsd"', '"http://example.org/bank.xsd"')
    (tmp_path / "bank.wsdl").write_text(text)
    (tmp_path / "catalog.xml").write_text(
        '<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">'
        f'<uri name="http://example.org/bank.xsd" uri="{(WSDL / "bank.xsd").as_uri()}"/></catalog>'
    )
    output = run(str(tmp_path / "bank.wsdl"), "--catalog", str(tmp_path / "catalog.xml"), "--strict").output
    assert "transfer(" in output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, ("service BankService", "http://localhost:8000/bank", "transfer(source: str", "raises UnknownAccount(")),
        ({"operation": "closeAccount"}, ("close_account(iban: str", "header caller: Caller (required)", "payTo")),
        ({"type_name": "Account"}, ("Account  record", "datetime | None", "@currency")),
        ({"type_name": "AccountKind"}, ("enumeration", "Everyday payments.")),
    ],
)
def test_a_terminal_is_shown_the_same_in_tables(arguments: dict[str, str], words: tuple[str, ...]) -> None:
    described = describe(load_contract(BANK), **arguments)
    screen = io.StringIO()
    show(described, detailed=bool(arguments), console=Console(file=screen, force_terminal=True, width=100))
    shown = re.sub(r"\x1b\[[0-9;]*m", "", screen.getvalue())
    for word in words:
        assert word in shown
    assert "\x1b[" in screen.getvalue()


def test_what_a_contract_says_is_never_taken_for_markup(tmp_path: Path) -> None:
    text = (WSDL / "bare.wsdl").read_text().replace("A book that the library owns.", "[bold]loud[/bold] [/red]")
    described = describe(load_contract(text), type_name="Book")
    screen = io.StringIO()
    show(described, detailed=True, console=Console(file=screen, force_terminal=True, width=100))
    assert "[bold]loud[/bold] [/red]" in screen.getvalue()


def test_a_page_of_markdown_is_told() -> None:
    page = run(BANK, "--markdown").output
    assert "\n## Service BankService\n" in page
    assert "\n```python\ntransfer(source: str, target: str, amount: Decimal) -> Receipt\n```\n" in page
    assert "\n| `pay_to` | `str \\| None` | `payTo` |  |  |\n" in page
    assert "\n### AccountKind\n" in page


def test_the_words_of_a_contract_are_no_markup() -> None:
    described = describe(load_contract(BANK)) | {"documentation": "<b>*x*</b> | [y](http://z)\n\n# big"}
    page = list(markdown_of(described))
    assert page[4] == r"\<b\>\*x\*\</b\> \| \[y\](http://z)"
    assert page[6] == r"\# big"


def test_a_page_and_json_are_not_told_together() -> None:
    result = CliRunner().invoke(command, [BANK, "--markdown", "--json"])
    assert result.exit_code == 2


@pytest.mark.parametrize("kind", ["Everything", "AccountKind", "{urn:example:bank:types}Everything"])
def test_each_type_that_is_told_can_be_asked_for(kind: str) -> None:
    assert run(BANK, "--type", kind).output


def test_every_listed_name_of_a_type_can_be_asked_for_again() -> None:
    contract = load_contract(WSDL / "split" / "shop.wsdl")
    names = [found["name"] for found in describe(contract)["types"] if found["name"]]
    assert [describe(contract, type_name=name)["types"][0]["name"] for name in names] == names
