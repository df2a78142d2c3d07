"""A client: generated and dynamic, blocking and async, against the sample bank."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from lxml import etree

import soapkit
from soapkit.errors import (
    ConnectError,
    DataError,
    DecodeError,
    EncodeError,
    HttpError,
    MessageError,
    TimeoutError,
    UsageError,
    ValidationError,
    XmlError,
)
from soapkit.testing import FakeTransport, loopback
from soapkit.transport.values import Headers, Response

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


def reply(body: str) -> bytes:
    return f'<s:Envelope xmlns:s="{SOAP}" xmlns:b="urn:example:bank"><s:Body>{body}</s:Body></s:Envelope>'.encode()


@pytest.fixture
def app(bank_service: ModuleType) -> Any:
    return soapkit.asgi(bank_service.MyBank())


@pytest.fixture
def client(bank: ModuleType, app: Any) -> Any:
    return bank.BankClient("http://bank/", transport=loopback(app))


@pytest.fixture
def dynamic(root: Path, app: Any) -> Any:
    return soapkit.Client.from_wsdl(root / "wsdl" / "bank.wsdl", transport=loopback(app))


def test_a_call_takes_and_gives_typed_values(client: Any, bank: ModuleType) -> None:
    receipt = client.transfer(source="DE1", target="DE2", amount=Decimal("10.00"))
    assert isinstance(receipt, bank.Receipt)
    assert receipt.amount == Decimal("10.00")


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_client_speaks_the_version_it_is_told(bank: ModuleType, app: Any, version: Any) -> None:
    client = bank.BankClient("http://bank/", version=version, transport=loopback(app))
    assert client.balance(iban="DE1").amount == Decimal("100.00")


def test_a_declared_fault_is_an_exception_with_a_typed_detail(client: Any, bank: ModuleType) -> None:
    with pytest.raises(bank.InsufficientFunds) as caught:
        client.transfer(source="DE1", target="DE2", amount=Decimal("1000.00"))
    assert caught.value.detail == bank.Funds(iban="DE1", available=Decimal("100.00"), requested=Decimal("1000.00"))
    assert caught.value.exchange.status == 500
    assert b"insufficientFunds" in caught.value.exchange.response


def test_a_one_way_call_returns_nothing(client: Any) -> None:
    assert client.notify(iban="DE1", message="hello") is None


def test_a_header_goes_out_as_a_parameter_and_comes_back_with_the_exchange(client: Any, bank: ModuleType) -> None:
    exchange = client.with_exchange.close_account(iban="DE1", pay_to="DE2", caller=bank.Caller(user="ada"))
    assert exchange.value.amount == Decimal("100.00")
    assert exchange.headers == {"audit_number": 1}


def test_a_required_header_that_is_missing_is_refused_before_sending(bank: ModuleType) -> None:
    transport = FakeTransport(b"")
    client = bank.BankClient("http://bank/", transport=transport)
    with pytest.raises((UsageError, TypeError), match="caller"):
        client.close_account(iban="DE1", pay_to="DE2")
    assert transport.requests == []


def test_headers_of_a_client_go_with_each_operation_that_declares_them(root: Path) -> None:
    client = soapkit.Client.from_wsdl(root / "wsdl" / "bank.wsdl", "http://bank/", transport=FakeTransport(b""))
    caller = client.types.Caller(user="ada")
    client = type(client)("http://bank/", transport=FakeTransport(b""), headers={"caller": caller})
    assert b"Header" not in client.preview.balance(iban="DE1").request
    sent = client.preview.close_account(iban="DE1", pay_to=None, caller=None).request
    assert b"<t:user>ada</" in sent or b"user>ada</" in sent


def test_with_exchange_gives_all_that_passed(client: Any) -> None:
    exchange = client.with_exchange.balance(iban="DE1")
    assert exchange.value.amount == Decimal("100.00")
    assert etree.fromstring(exchange.request).tag == f"{{{SOAP}}}Envelope"
    assert b"balanceResponse" in exchange.response
    assert exchange.status == 200
    assert exchange.seconds > 0
    assert exchange.request_headers["soapaction"] == '"urn:example:bank/balance"'


def test_preview_gives_the_message_and_sends_nothing(bank: ModuleType) -> None:
    transport = FakeTransport(b"")
    preview = bank.BankClient("http://bank/", transport=transport).preview.balance(iban="DE1")
    assert b"<ns1:iban>DE1</ns1:iban>" in preview.request or b"iban>DE1</" in preview.request
    assert transport.requests == []


def test_a_dynamic_client_takes_values_as_people_type_them(dynamic: Any) -> None:
    receipt = dynamic.transfer(source="DE1", target="DE2", amount="10.00")
    assert receipt.amount == Decimal("10.00")


def test_a_dynamic_client_takes_a_dict_for_a_record(dynamic: Any) -> None:
    everything = {"iban": "DE1", "available": "1.00", "requested": "2.00"}
    assert dynamic._loosen(dynamic.types.Funds(**everything), "funds").available == Decimal("1.00")


@pytest.mark.parametrize("deposit", ["much", Decimal("1.0001")])  # by who reads what people type, by the encoder
def test_a_value_that_is_refused_is_found_by_the_same_path_whoever_refuses_it(dynamic: Any, deposit: object) -> None:
    ada = dynamic.types.Person(name="Ada", born=date(1815, 12, 10))
    with pytest.raises(EncodeError, match=r"openAccount\.deposit"):
        dynamic.open_account(owner=[ada], kind="savings", currency="EUR", deposit=deposit)


def test_a_dynamic_client_hands_out_the_types_of_the_contract(dynamic: Any) -> None:
    ada = dynamic.types.Person(name="Ada", born=date(1815, 12, 10))
    account = dynamic.open_account(owner=[ada], kind="savings", currency="EUR", deposit="5.00")
    assert (account.owner, account.balance) == ([ada], Decimal("5.00"))


def test_an_unknown_operation_names_the_nearest(client: Any) -> None:
    with pytest.raises(UsageError, match="did you mean transfer"):
        client.tranfser(source="DE1")


def test_an_unknown_argument_is_refused(client: Any) -> None:
    with pytest.raises(TypeError, match="sourse"):
        client.transfer(sourse="DE1", target="DE2", amount=Decimal(1))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"source": "no iban", "target": "DE2", "amount": Decimal(1)}, "source"),
        ({"source": "DE1", "target": "DE2", "amount": Decimal("1.001")}, "amount"),
        ({"source": "DE1", "target": "DE2", "amount": 1.5}, "amount"),
        ({"source": "DE1", "target": None, "amount": Decimal(1)}, "target"),
    ],
)
def test_a_value_against_the_contract_is_refused_before_sending(
    bank: ModuleType, arguments: dict[str, Any], said: str
) -> None:
    transport = FakeTransport(b"")
    with pytest.raises(DataError, match=said):
        bank.BankClient("http://bank/", transport=transport).transfer(**arguments)
    assert transport.requests == []


# What comes back, and which error says what of it.
UNREADABLE = {
    "a page": (
        Response(200, Headers({"Content-Type": "text/html"}), b"<html><title>Login</title></html>"),
        HttpError,
        "Login",
    ),
    "nothing": (Response(200, Headers({"Content-Type": "text/xml"}), b""), HttpError, "empty"),
    "a 500 without SOAP": (Response(500, Headers({"Content-Type": "text/plain"}), b"oops"), HttpError, "500"),
    "a cut message": (Response(200, Headers({"Content-Type": "text/xml"}), reply("<b:x/>")[:-9]), XmlError, "formed"),
    "a DOCTYPE": (
        Response(200, Headers({"Content-Type": "text/xml"}), b"<!DOCTYPE a []>" + reply("<b:x/>")),
        XmlError,
        "DOCTYPE",
    ),
    "another element": (Response(200, Headers({"Content-Type": "text/xml"}), reply("<b:x/>")), MessageError, "balance"),
    "a bad value": (
        Response(
            200,
            Headers({"Content-Type": "text/xml"}),
            reply(
                "<b:balanceResponse><b:amount>much</b:amount><b:currency>EUR</b:currency>"
                "<b:asOf>2026-01-01</b:asOf></b:balanceResponse>"
            ),
        ),
        DecodeError,
        "amount",
    ),
    "a missing element": (
        Response(
            200,
            Headers({"Content-Type": "text/xml"}),
            reply("<b:balanceResponse><b:amount>1.00</b:amount><b:currency>EUR</b:currency></b:balanceResponse>"),
        ),
        DecodeError,
        "asOf",
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_reply_that_cannot_be_read_is_a_typed_error_with_the_exchange(bank: ModuleType, name: str) -> None:
    response, kind, said = UNREADABLE[name]
    client = bank.BankClient("http://bank/", transport=FakeTransport(response))
    with pytest.raises(kind, match=said) as caught:
        client.balance(iban="DE1")
    assert caught.value.exchange.response == response.body
    assert caught.value.exchange.status == response.status


def test_an_undeclared_fault_keeps_its_detail_as_elements(bank: ModuleType) -> None:
    fault = reply(
        "<s:Fault><faultcode>s:Server</faultcode><faultstring>no</faultstring>"
        "<detail><x xmlns='urn:x'>why</x></detail></s:Fault>"
    )
    with pytest.raises(soapkit.Fault) as caught:
        bank.BankClient("http://bank/", transport=FakeTransport(fault)).balance(iban="DE1")
    assert (caught.value.code.name, caught.value.reason) == ("Receiver", "no")
    assert caught.value.detail[0].text == "why"


def test_validation_refuses_what_the_schema_refuses(dynamic: Any, root: Path, app: Any) -> None:
    client = soapkit.Client.from_wsdl(root / "wsdl" / "bank.wsdl", transport=loopback(app), validate="both")
    assert client.balance(iban="DE1").amount == Decimal("100.00")
    broken = soapkit.Client.from_wsdl(
        root / "wsdl" / "bank.wsdl",
        transport=FakeTransport(reply("<b:balanceResponse><b:amount>1</b:amount></b:balanceResponse>")),
        validate="in",
    )
    with pytest.raises(ValidationError, match="currency"):
        broken.balance(iban="DE1")


def test_calls_over_real_sockets(bank: ModuleType, app: Any, serve: Callable[..., str]) -> None:
    with bank.BankClient(serve(app)) as client:
        assert client.balance(iban="DE1").amount == Decimal("100.00")


def test_async_calls_over_real_sockets(bank: ModuleType, app: Any, serve: Callable[..., str]) -> None:
    async def calls() -> list[Any]:
        async with bank.AsyncBankClient(serve(app)) as client:
            return await asyncio.gather(client.balance(iban="DE1"), client.balance(iban="DE2"))

    assert [balance.amount for balance in asyncio.run(calls())] == [Decimal("100.00")] * 2


def test_nobody_at_the_address_is_a_connect_error(bank: ModuleType) -> None:
    with bank.BankClient("http://127.0.0.1:9/") as client, pytest.raises(ConnectError, match=r"127\.0\.0\.1:9"):
        client.balance(iban="DE1")


def test_a_reply_that_takes_too_long_is_a_timeout(
    bank: ModuleType, bank_service: ModuleType, serve: Callable[..., str]
) -> None:
    class Slow(bank_service.MyBank):  # type: ignore[name-defined,misc]
        async def balance(self, *, iban: str) -> Any:
            await asyncio.sleep(1)

    with bank.BankClient(serve(soapkit.asgi(Slow())), timeout=0.1) as client, pytest.raises(TimeoutError):
        client.balance(iban="DE1")


def test_an_unknown_port_is_refused_with_those_there_are(bank: ModuleType) -> None:
    with pytest.raises(UsageError, match="no port 'Bank13'"):
        bank.BankClient("http://bank/", port="Bank13")


def test_a_client_that_called_often_gives_the_same_values_and_the_same_errors(bank: ModuleType, app: Any) -> None:
    usual = bank.BankClient("http://bank/", transport=loopback(app))
    first, *later = (usual.with_exchange.balance(iban="DE1") for _ in range(8))
    assert {repr(exchange.value) for exchange in later} == {repr(first.value)}
    assert later[-1].headers == first.headers == {}
    with pytest.raises(bank.InsufficientFunds):
        usual.transfer(source="DE1", target="DE2", amount=Decimal("1000.00"))
    wrong = bank.BankClient("http://bank/", transport=FakeTransport(first.response.replace(b"100.00", b"1e2")))
    for _ in range(3):
        with pytest.raises(DecodeError, match="1e2"):
            wrong.balance(iban="DE1")
