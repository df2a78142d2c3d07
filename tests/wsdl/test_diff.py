"""What changed between two contracts, and whether it breaks a client of the old one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from soapkit.cli.diff import command
from soapkit.databinding.shape import Atomic, EnumValue, Facets, UnionOf
from soapkit.wsdl.diff import Change, diff
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract
from soapkit.wsdl.values import compare_values
from soapkit.xml.documents import Documents

WSDL = Path(__file__).resolve().parent.parent.parent / "wsdl"
OURS = ("bank.wsdl", "bare.wsdl", "rpc-literal.wsdl", "headers.wsdl", "faults.wsdl", "split/shop.wsdl")


def bank(*changes: tuple[str, str]) -> Contract:
    """The bank, with these pieces of it replaced."""
    texts = [(WSDL / name).read_text() for name in ("bank.wsdl", "bank.xsd")]
    for before, after in changes:
        assert any(before in text for text in texts), before
        texts = [text.replace(before, after) for text in texts]
    return load_contract(texts[0], documents=Documents(mapping={"bank.xsd": texts[1].encode()}))


def changes(before: str, after: str) -> tuple[Change, ...]:
    return diff(bank(), bank((before, after)))


@pytest.mark.parametrize("name", OURS)
def test_a_contract_does_not_differ_from_itself(name: str) -> None:
    assert diff(load_contract(WSDL / name), load_contract(WSDL / name)) == ()


IBAN_REQUEST = """<xs:element name="statement">
        <xs:complexType>
          <xs:sequence>
            <xs:element name="iban" type="t:Iban"/>"""
RECEIPT = '<xs:element name="number" type="xs:long"/>\n      <xs:element name="amount" type="t:Amount"/>'
FUNDS_FAULT = """<wsdl:fault name="InsufficientFunds" message="tns:InsufficientFunds">
        <wsdl:documentation>The account holds less than was asked for.</wsdl:documentation>
      </wsdl:fault>"""
SINCE = '<xs:element name="since" type="xs:date" minOccurs="0"/>'


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        # requests: what becomes wider is compatible
        (
            SINCE,
            SINCE + '<xs:element name="limit" type="xs:int" minOccurs="0"/>',
            [(False, "statement, request", "limit is new, and may be absent")],
        ),
        (
            SINCE,
            SINCE + '<xs:element name="limit" type="xs:int"/>',
            [(True, "statement, request", "limit is new, and required")],
        ),
        (SINCE, "", [(True, "statement, request", "since is gone")]),
        (SINCE, SINCE.replace(' minOccurs="0"', ""), [(True, "statement, request, since", "is required now")]),
        (
            '<xs:element name="message" type="xs:string"/>',
            '<xs:element name="message" type="xs:string" minOccurs="0"/>',
            [(False, "notify, request, message", "may be absent now")],
        ),
        (
            '<xs:element name="message" type="xs:string"/>',
            '<xs:element name="message" type="xs:token"/>',
            [(True, "notify, request, message", "was xs:string and is xs:token")],
        ),
        (
            'name="payTo" type="t:Iban" nillable="true"',
            'name="payTo" type="t:Iban"',
            [(True, "closeAccount, request, payTo", "may not be nil any more")],
        ),
        (
            'name="scan" type="t:Scan" minOccurs="0" maxOccurs="5"',
            'name="scan" type="t:Scan" minOccurs="0" maxOccurs="9"',
            [(False, "openAccount, request, scan", "at most 9 may occur, where 5 might")],
        ),
        # replies: what becomes narrower is compatible
        (
            '<xs:element name="receipt" type="t:Receipt" minOccurs="0"/>',
            '<xs:element name="receipt" type="t:Receipt"/>',
            [(False, "closeAccount, reply, receipt", "is required now")],
        ),
        (
            RECEIPT,
            RECEIPT.replace("xs:long", "xs:int"),
            [(False, "reply type Receipt, number", "was xs:long and is xs:int")],
        ),
        (
            RECEIPT,
            RECEIPT.replace("xs:long", "xs:integer"),
            [(True, "reply type Receipt, number", "was xs:long and is xs:integer")],
        ),
        (
            RECEIPT,
            "\n".join(reversed(RECEIPT.splitlines())),
            [(True, "reply type Receipt", "the order or grouping of its elements changed")],
        ),
        # operations, headers, faults, ports
        (' wsdl:required="true"', "", [(False, "closeAccount, request", "header caller is optional now")]),
        (
            'soapAction="urn:example:bank/echo"',
            'soapAction="urn:x"',
            [(True, "echo", "the action was 'urn:example:bank/echo' and is 'urn:x'")],
        ),
        (
            "http://localhost:8000/bank",
            "http://localhost:9000/bank",
            [
                (False, port, "the address was 'http://localhost:8000/bank' and is 'http://localhost:9000/bank'")
                for port in ("port BankSoap11", "port BankSoap12")
            ],
        ),
        (
            '<wsdl:output message="tns:branchesResponse"/>',
            "",
            [(True, "branches", "the operation is one-way now")],
        ),
        (FUNDS_FAULT, "", [(False, "transfer", "fault InsufficientFunds is gone")]),
        (
            'name="requested" type="t:Amount"',
            'name="wanted" type="t:Amount"',
            [
                (True, "reply type Funds", "requested is gone"),
                (True, "reply type Funds", "wanted is new, and required"),
            ],
        ),
    ],
)
def test_a_change_is_told(before: str, after: str, expected: list[tuple[bool, str, str]]) -> None:
    assert [(change.breaking, change.subject, change.message) for change in changes(before, after)] == expected


def test_a_type_that_goes_both_ways_may_not_change_at_all() -> None:
    value = '<xs:enumeration value="loan"/>'
    found = changes(value, value + '<xs:enumeration value="depot"/>')
    assert {(change.breaking, change.message) for change in found} == {
        (False, "value 'depot' is new"),
        (True, "value 'depot' is new"),
    }


def test_an_operation_that_is_gone_breaks_and_a_new_one_does_not() -> None:
    one, other = bank(), bank(('notify"', 'inform"'))
    assert [(change.breaking, change.subject, change.message) for change in diff(one, other)] == [
        (True, "notify", "the operation is gone"),
        (False, "inform", "the operation is new"),
    ]


def test_a_type_that_no_longer_extends_another_is_told() -> None:
    found = changes('<xs:complexType name="Company">', '<xs:complexType name="Firm">')
    messages = {change.message for change in found}
    assert {"Company no longer extends it", "Firm extends it now"} <= messages


def test_a_change_has_the_place_in_the_new_contract() -> None:
    (change,) = changes(SINCE, SINCE + '<xs:element name="limit" type="xs:int"/>')
    assert change.place.line is not None
    assert str(change).startswith("breaking: contract.wsdl:")


FROM_0, ONLY_B = Facets(min_inclusive="0"), Facets(patterns=(("b",),))


@pytest.mark.parametrize(
    ("old", "new", "extents"),
    [
        (Atomic("int"), Atomic("int"), []),
        (Atomic("int"), Atomic("date"), ["other"]),
        (Atomic("string", facets=Facets(max_length=3)), Atomic("string", facets=Facets(max_length=4)), ["wider"]),
        (Atomic("string", facets=Facets(max_length=3)), Atomic("string"), ["wider"]),
        (Atomic("int"), Atomic("int", facets=Facets(min_inclusive="5")), ["narrower"]),
        (Atomic("int", facets=FROM_0), Atomic("int", facets=Facets(min_inclusive="5")), ["narrower"]),
        (Atomic("string", facets=Facets(patterns=(("a",),))), Atomic("string", facets=ONLY_B), ["other"]),
        (Atomic("string", enumeration=(EnumValue("a"),)), Atomic("string"), ["wider"]),
        (Atomic("string"), Atomic("string", enumeration=(EnumValue("a"),)), ["narrower"]),
        (Atomic("int"), UnionOf((Atomic("int"), Atomic("date"))), ["wider"]),
        (UnionOf((Atomic("int"), Atomic("date"))), UnionOf((Atomic("int"),)), ["narrower"]),
    ],
)
def test_simple_types_are_compared(old: Atomic, new: Atomic, extents: list[str]) -> None:
    assert [extent for extent, _ in compare_values(old, new)] == extents


def test_the_command_fails_on_what_it_is_told_to(tmp_path: Path) -> None:
    (tmp_path / "bank.xsd").write_bytes((WSDL / "bank.xsd").read_bytes())
    (tmp_path / "bank.wsdl").write_text((WSDL / "bank.wsdl").read_text().replace(":8000/", ":9000/"))
    arguments = [str(WSDL / "bank.wsdl"), str(tmp_path / "bank.wsdl")]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0
    assert "compatible: " in result.output
    assert CliRunner().invoke(command, [*arguments, "--fail-on", "any"]).exit_code == 1
    told = json.loads(CliRunner().invoke(command, [*arguments, "--json"]).output)
    assert [(change["breaking"], change["subject"]) for change in told] == [
        (False, "port BankSoap11"),
        (False, "port BankSoap12"),
    ]
