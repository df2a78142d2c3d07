"""``soapkit validate`` tells what a message is, and everything that is wrong with it, with its place."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from soapkit.cli.checking import Checked, check_message
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract

Run = Callable[..., subprocess.CompletedProcess[str]]
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"


def envelope(body: str, header: str = "", namespace: str = SOAP11) -> bytes:
    head = f"<s:Header>{header}</s:Header>" if header else ""
    return f'<s:Envelope xmlns:s="{namespace}">{head}<s:Body>{body}</s:Body></s:Envelope>'.encode()


TRANSFER = """<b:transfer xmlns:b="urn:example:bank">
  <b:source>DE1</b:source>
  <b:target>DE2</b:target>
  <b:amount>10.00</b:amount>
</b:transfer>"""
CLOSE = '<b:closeAccount xmlns:b="urn:example:bank"><b:iban>DE1</b:iban><b:payTo>DE2</b:payTo></b:closeAccount>'
CALLER = '<t:caller xmlns:t="urn:example:bank:types"%s><t:user>ann</t:user></t:caller>'
UNKNOWN = '<t:unknownAccount xmlns:t="urn:example:bank:types"><t:iban>DE1</t:iban></t:unknownAccount>'
FAULT = "<s:Fault><faultcode>s:Client</faultcode><faultstring>no</faultstring>%s</s:Fault>"


@pytest.fixture(scope="module")
def bank() -> Contract:
    return load_contract(Path(__file__).resolve().parents[2] / "wsdl" / "bank.wsdl")


@pytest.fixture(scope="module")
def weather() -> Contract:
    return load_contract(Path(__file__).resolve().parents[2] / "wsdl" / "rpc-literal.wsdl")


def told(checked: Checked) -> list[str]:
    return [problem.message for problem in checked.problems]


def test_a_request_is_recognised_by_its_body(bank: Contract) -> None:
    checked = check_message(bank, envelope(TRANSFER))
    assert [str(each) for each in checked.recognised] == ["request of transfer"]
    assert checked.problems == ()


def test_a_bare_element_is_checked_as_a_body_would_be(bank: Contract) -> None:
    checked = check_message(bank, TRANSFER.encode())
    assert checked.version is None
    assert [str(each) for each in checked.recognised] == ["request of transfer"]


def test_a_wrong_value_is_told_with_line_column_and_path(bank: Contract) -> None:
    bad = TRANSFER.replace("10.00", "ten")
    problem = check_message(bank, envelope(bad), "m.xml").problems[0]
    assert str(problem).startswith("m.xml:4:3: Envelope/Body/transfer/amount: ")


def test_a_missing_element_is_told_with_what_was_expected(bank: Contract) -> None:
    bad = TRANSFER.replace("<b:target>DE2</b:target>", "")
    assert "expected {urn:example:bank}target" in told(check_message(bank, envelope(bad)))[0]


def test_an_unknown_operation_is_told_with_the_nearest_name(bank: Contract) -> None:
    bad = TRANSFER.replace("b:transfer", "b:Transfer")
    assert told(check_message(bank, envelope(bad))) == [
        (
            "no operation of the contract has element {urn:example:bank}Transfer in its Body; "
            "did you mean {urn:example:bank}transfer?"
        )
    ]


def test_a_second_element_in_the_body_is_refused(bank: Contract) -> None:
    assert "may not stand here" in told(check_message(bank, envelope(TRANSFER + CLOSE)))[0]


def test_an_empty_body_is_refused_where_no_operation_has_one(bank: Contract) -> None:
    assert "the Body is empty" in told(check_message(bank, envelope("")))[0]


def test_a_required_header_block_must_be_there(bank: Contract) -> None:
    assert told(check_message(bank, envelope(CLOSE))) == [
        "the contract requires header block {urn:example:bank:types}caller, which is missing"
    ]
    assert check_message(bank, envelope(CLOSE, CALLER % "")).problems == ()


def test_the_attributes_that_soap_puts_on_a_header_block_do_no_harm(bank: Contract) -> None:
    assert check_message(bank, envelope(CLOSE, CALLER % ' s:mustUnderstand="1" s:actor="urn:x"')).problems == ()


def test_a_header_block_is_checked_by_its_schema(bank: Contract) -> None:
    bad = (CALLER % "").replace("t:user", "t:usr")
    assert "t:usr" in bad
    assert "expected {urn:example:bank:types}user" in told(check_message(bank, envelope(CLOSE, bad)))[0]


def test_a_must_understand_that_is_no_boolean_is_refused(bank: Contract) -> None:
    assert "mustUnderstand" in told(check_message(bank, envelope(CLOSE, CALLER % ' s:mustUnderstand="maybe"')))[0]


def test_a_header_block_that_nobody_declares_is_a_note(bank: Contract) -> None:
    checked = check_message(bank, envelope(TRANSFER, '<x:y xmlns:x="urn:x" s:mustUnderstand="1"/>'))
    assert checked.problems == ()
    assert [note.message for note in checked.notes] == ["header block {urn:x}y is not declared, and must be understood"]


def test_a_declared_fault_is_recognised_by_its_detail(bank: Contract) -> None:
    checked = check_message(bank, envelope(FAULT % f"<detail>{UNKNOWN}</detail>"))
    assert checked.problems == ()
    assert ("transfer", "UnknownAccount") in [(each.operation.name, each.fault) for each in checked.recognised]


def test_the_detail_of_a_fault_is_checked_by_the_schema(bank: Contract) -> None:
    bad = UNKNOWN.replace("t:iban", "t:bban")
    assert (
        "expected {urn:example:bank:types}iban"
        in told(check_message(bank, envelope(FAULT % f"<detail>{bad}</detail>")))[0]
    )


def test_a_fault_in_the_words_of_the_other_version_is_refused(bank: Contract) -> None:
    problems = told(check_message(bank, envelope(FAULT % "", namespace=SOAP12)))
    assert f"Fault has no {{{SOAP12}}}Code" in problems


def test_the_children_of_a_fault_have_their_order(bank: Contract) -> None:
    bad = "<s:Fault><faultstring>no</faultstring><faultcode>s:Client</faultcode></s:Fault>"
    assert "not in the order faultcode, faultstring" in told(check_message(bank, envelope(bad)))[0]


def test_a_fault_of_soap_12_needs_a_code_it_knows_and_a_language(bank: Contract) -> None:
    bad = "<s:Fault><s:Code><s:Value>s:Client</s:Value></s:Code><s:Reason><s:Text>no</s:Text></s:Reason></s:Fault>"
    problems = told(check_message(bank, envelope(bad, namespace=SOAP12)))
    assert "'s:Client' is no fault code of SOAP 1.2" in problems[0]
    assert "xml:lang" in problems[1]


def test_the_parts_of_an_rpc_message_are_checked_by_their_types(weather: Contract) -> None:
    body = '<w:temperature xmlns:w="urn:example:rpc:calls"><station>X</station><unit>kelvin</unit></w:temperature>'
    problem = check_message(weather, envelope(body)).problems[0]
    assert problem.place.path == "Envelope/Body/temperature/unit"
    assert problem.place.column is not None
    assert "celsius" in problem.message


def test_a_qualified_part_of_an_rpc_message_is_refused(weather: Contract) -> None:
    body = '<w:temperature xmlns:w="urn:example:rpc:calls"><w:station>X</w:station><unit>celsius</unit></w:temperature>'
    problems = told(check_message(weather, envelope(body)))
    assert problems[0] == "part station is missing; expected element station"
    assert "the parts of an rpc message are in no namespace" in problems[-1]


def test_what_is_no_envelope_is_told(bank: Contract) -> None:
    assert "found one in namespace 'urn:x'" in told(check_message(bank, b'<Envelope xmlns="urn:x"/>'))[0]
    assert told(check_message(bank, b"hello"))[0].startswith("expected XML")


def test_an_encrypted_body_is_not_guessed_at(bank: Contract) -> None:
    body = '<x:EncryptedData xmlns:x="http://www.w3.org/2001/04/xmlenc#"/>'
    assert told(check_message(bank, envelope(body))) == ["the Body is encrypted; decrypt it first (soapkit decrypt)"]


def test_the_command_exits_0_for_a_valid_message_and_1_for_another(run: Run, wsdl: Path, tmp_path: Path) -> None:
    good = run("validate", wsdl / "bank.wsdl", "-", stdin=envelope(TRANSFER).decode())
    assert (good.returncode, good.stdout, good.stderr) == (
        0,
        "standard input: valid: SOAP 1.1, request of transfer\n",
        "",
    )
    path = tmp_path / "bad.xml"
    path.write_bytes(envelope(TRANSFER.replace("10.00", "ten")))
    bad = run("validate", wsdl / "bank.wsdl", path)
    assert bad.returncode == 1
    assert f"soapkit: {path}:4:3: Envelope/Body/transfer/amount:" in bad.stderr


def test_the_command_tells_the_same_as_json(run: Run, wsdl: Path) -> None:
    bad = run("validate", wsdl / "bank.wsdl", "-", "--json", stdin=envelope(TRANSFER.replace("10.00", "ten")).decode())
    assert bad.returncode == 1
    said = json.loads(bad.stdout)
    assert (said["valid"], said["soap"], said["messages"][0]["operation"]) == (False, "1.1", "transfer")
    assert (said["problems"][0]["line"], said["problems"][0]["column"]) == (4, 3)


def test_one_standard_input_cannot_be_both(run: Run) -> None:
    assert run("validate", "-", "-").returncode == 2
