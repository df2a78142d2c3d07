"""Answers that come elsewhere: a client waits for its own at an address that takes no other."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import soapkit
from soapkit.errors import SecurityError, SoapkitError, TimeoutError, UsageError
from soapkit.exchange.pending import MOST_ANSWERS, Answer, MemoryPendingReplies, PendingReplies
from soapkit.exchange.pending_shared import RedisPendingReplies, SqlitePendingReplies
from soapkit.security import Require, Security, Sign, TrustStore
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.server.answers import answers_asgi, answers_wsgi
from soapkit.server.asgi import Asgi
from soapkit.soap.envelope import Draft
from soapkit.soap.version import SOAP_1_1, SOAP_1_2, Version
from soapkit.testing import loopback
from soapkit.transport.values import Headers, Request, Response
from soapkit.ws.addressing import Addressing, EndpointReference, Properties
from soapkit.ws.addressing_headers import write_addressing
from soapkit.xml.names import WSA

WSDL = Request("http://files/?wsdl", method="GET")
HERE = "http://shop.example/answers"
ELSEWHERE = Addressing(reply_to=EndpointReference(HERE))


def answering(implementation: Any, transport: Any, **settings: Any) -> Asgi:
    """A service that sends its answers to us through a transport."""
    return soapkit.asgi(implementation, reply_to=[HERE], reply_transport=transport, **settings)


@pytest.fixture(params=[answers_asgi, answers_wsgi], ids=["asgi", "wsgi"])
def inbox(request: pytest.FixtureRequest) -> Callable[[PendingReplies], Any]:
    return lambda pending: loopback(request.param(pending))


@pytest.fixture
def pending() -> MemoryPendingReplies:
    return MemoryPendingReplies()


@pytest.fixture
def client(bank: ModuleType, bank_service: ModuleType, pending: MemoryPendingReplies, inbox: Any) -> Any:
    service = answering(bank_service.MyBank(), inbox(pending))
    return bank.BankClient(
        "http://bank/", transport=loopback(service), addressing=ELSEWHERE, pending=pending, timeout=5, mtom=True
    )


def message(relates_to: str, version: Version = SOAP_1_1, body: str = "<a/>") -> bytes:
    related = ((relates_to, f"{WSA}/reply"),) if relates_to else ()
    return Draft(version, body, write_addressing(Properties(action="urn:a", relates_to=related), version)).to_bytes()


def posted(transport: Any, body: bytes, version: Version = SOAP_1_1) -> Response:
    response: Response = transport.send(Request(HERE, body, Headers({"Content-Type": version.media_type})))
    return response


# --- calls --------------------------------------------------------------------------------------------------------


def test_a_call_waits_for_its_answer_elsewhere(client: Any, pending: Any) -> None:
    exchange = client.with_exchange.transfer(source="DE1", target="DE2", amount=Decimal("10.00"))
    assert exchange.value.amount == Decimal("10.00")
    assert b"transferResponse" in exchange.response
    assert b"RelatesTo" in exchange.response
    assert repr(pending) == "MemoryPendingReplies(0 waiting)"


def test_a_fault_comes_there_typed(client: Any, bank: ModuleType, pending: Any) -> None:
    with pytest.raises(bank.InsufficientFunds) as caught:
        client.transfer(source="DE1", target="DE2", amount=Decimal("1000.00"))
    assert caught.value.detail.available == Decimal("100.00")
    assert b"RelatesTo" in caught.value.exchange.response
    assert repr(pending) == "MemoryPendingReplies(0 waiting)"


@soapkit.service("urn:example:files")
class Files:
    @soapkit.operation
    def get(self, size: int) -> bytes:
        return bytes(size)


def test_an_answer_with_parts_comes_whole(pending: Any, inbox: Any) -> None:
    service = answering(Files(), inbox(pending))
    settings = {"addressing": ELSEWHERE, "pending": pending, "mtom": True, "timeout": 5}
    client = soapkit.Client.from_wsdl(loopback(service).send(WSDL).body, transport=loopback(service), **settings)
    exchange = client.with_exchange.get(size=5000)
    assert exchange.value == bytes(5000)
    assert len(exchange.attachments) == 1


def test_a_one_way_message_waits_for_nothing(client: Any, pending: Any) -> None:
    client.notify(iban="DE1", message="hello")
    assert repr(pending) == "MemoryPendingReplies(0 waiting)"


def test_an_answer_that_comes_back_over_the_connection_is_taken_too(
    bank: ModuleType, bank_service: ModuleType, pending: Any
) -> None:
    service = loopback(soapkit.asgi(bank_service.MyBank()))  # it may send answers nowhere, and says so
    client = bank.BankClient("http://bank/", transport=service, addressing=ELSEWHERE, pending=pending)
    with pytest.raises(soapkit.Fault, match="not valid"):
        client.balance(iban="DE1")
    assert repr(pending) == "MemoryPendingReplies(0 waiting)"


def test_who_waits_in_vain_is_told(bank: ModuleType, pending: Any) -> None:
    class Deaf:
        def send(self, request: Request) -> Response:
            return Response(202)

        def close(self) -> None: ...

    client = bank.BankClient("http://bank/", transport=Deaf(), addressing=ELSEWHERE, pending=pending, timeout=0.05)
    with pytest.raises(TimeoutError, match=r"no answer to urn:uuid:.* has come within 0\.05 s") as caught:
        client.balance(iban="DE1")
    assert caught.value.exchange.status == 202
    assert repr(pending) == "MemoryPendingReplies(0 waiting)"


def test_an_async_client_waits_while_others_go_on(
    bank: ModuleType, bank_service: ModuleType, serve: Callable[..., str], pending: Any
) -> None:
    address = serve(answers_asgi(pending))
    service = serve(soapkit.asgi(bank_service.MyBank(), reply_to=[address]))
    addressing = Addressing(reply_to=EndpointReference(f"{address}answers"))

    async def main() -> list[Any]:
        async with bank.AsyncBankClient(service, addressing=addressing, pending=pending, version="1.2") as client:
            return await asyncio.gather(*(client.balance(iban=iban) for iban in ("DE1", "DE2", "DE1")))

    assert [balance.currency for balance in asyncio.run(main())] == ["EUR"] * 3


def test_a_client_without_an_address_of_its_own_is_told(bank: ModuleType, pending: Any) -> None:
    for addressing in (None, True, Addressing()):
        with pytest.raises(UsageError, match="reply_to"):
            bank.BankClient("http://bank/", addressing=addressing, pending=pending)


# --- security -----------------------------------------------------------------------------------------------------


@pytest.fixture
def secured(bank: ModuleType, bank_service: ModuleType, pending: Any) -> Callable[..., Any]:
    """A client of a service that signs; before its answer comes, or in its place, another's does."""
    authority = make_authority()
    theirs = make_keypair("bank", authority)
    signed = ["Body", f"{{{WSA}}}RelatesTo"]
    box = loopback(answers_asgi(pending))

    def made(*, forged: bytes, and_then: bool) -> Any:
        class Road:
            def send(self, request: Request) -> Response:
                marker = request.body.split(b"RelatesTo", 2)[1].split(b">", 1)[1].split(b"<", 1)[0]
                posted(box, forged.replace(b"urn:asked", marker))
                return box.send(request) if and_then else Response(202)

            def close(self) -> None: ...

        service_security = Security(outbound=[Sign(theirs, parts=signed)], inbound=Require(replay=None))
        client_security = Security(inbound=Require(signed=signed, trust=TrustStore.of(authority), replay=None))
        service = answering(bank_service.MyBank(), Road(), security=service_security)
        settings = {"addressing": ELSEWHERE, "pending": pending, "security": client_security, "timeout": 1}
        return bank.BankClient("http://bank/", transport=loopback(service), **settings)

    return made


FORGED = '<b:balanceResponse xmlns:b="urn:example:bank"><b:amount>9</b:amount></b:balanceResponse>'


def test_an_answer_that_is_not_signed_does_not_stand_in_the_way(secured: Callable[..., Any]) -> None:
    client = secured(forged=message("urn:asked", body=FORGED), and_then=True)
    assert client.balance(iban="DE1").amount == Decimal("100.00")


def test_where_no_other_comes_it_is_told_what_was_wrong_with_it(secured: Callable[..., Any]) -> None:
    client = secured(forged=message("urn:asked", body=FORGED), and_then=False)
    with pytest.raises(SecurityError):
        client.balance(iban="DE1")


# --- the address --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [SOAP_1_1, SOAP_1_2], ids=str)
@pytest.mark.parametrize(
    "body",
    [
        lambda version: message("urn:uuid:nobody-asked", version),
        lambda version: message("", version),
        lambda version: message("urn:uuid:" + "x" * 10_000, version),
        lambda version: Draft(version, "<a/>").to_bytes(),
        lambda _: b"<not xml",
        lambda _: b"",
    ],
    ids=["unknown", "unrelated", "long", "unaddressed", "broken", "empty"],
)
def test_what_nobody_waits_for_gets_one_short_fault(
    body: Callable[[Version], bytes], version: Version, inbox: Any, pending: Any
) -> None:
    pending.expect("urn:uuid:1", 60)
    response = posted(inbox(pending), body(version), version)
    assert response.status == (400 if version is SOAP_1_2 else 500)
    assert b"the message is no answer that is waited for" in response.body
    assert pending.take("urn:uuid:1") is None


def test_other_methods_and_media_types_are_refused(inbox: Any, pending: Any) -> None:
    box = inbox(pending)
    response = box.send(Request(HERE, method="GET"))
    assert (response.status, response.headers["allow"]) == (405, "POST")
    assert box.send(Request(HERE, b"{}", Headers({"Content-Type": "application/json"}))).status == 415


def test_a_store_that_cannot_be_used_is_no_answer_lost(inbox: Any) -> None:
    class Broken(MemoryPendingReplies):
        def put(self, message_id: str, answer: Answer) -> bool:
            raise SecurityError("the disk is full")

    response = posted(inbox(Broken()), message("urn:uuid:1"))
    assert response.status == 500
    assert b"the answer cannot be taken now" in response.body
    assert b"disk" not in response.body


# --- stores -------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["memory", "sqlite", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "memory":
        return MemoryPendingReplies()
    if request.param == "sqlite":
        return SqlitePendingReplies(tmp_path / "pending.sqlite")
    return RedisPendingReplies.at(request.getfixturevalue("redis").url, timeout=10)


ONE, TWO = Answer(b"\x00one\n", "text/xml"), Answer(b"two", 'multipart/related; boundary="b"')


def test_answers_are_kept_for_who_expects_them_in_their_order(store: PendingReplies) -> None:
    assert store.put("urn:1", ONE) is False
    store.expect("urn:1", 60)
    assert store.take("urn:1") is None
    assert store.put("urn:1", ONE)
    assert store.put("urn:1", TWO)
    assert store.put("urn:2", TWO) is False
    assert [store.take("urn:1"), store.take("urn:1"), store.take("urn:1")] == [ONE, TWO, None]


def test_no_more_than_some_answers_are_kept(store: PendingReplies) -> None:
    store.expect("urn:1", 60)
    assert [store.put("urn:1", ONE) for _ in range(MOST_ANSWERS + 1)] == [*[True] * MOST_ANSWERS, False]


def test_what_is_forgotten_is_taken_no_more(store: PendingReplies) -> None:
    store.expect("urn:1", 60)
    store.put("urn:1", ONE)
    store.forget("urn:1")
    assert store.take("urn:1") is None
    assert store.put("urn:1", ONE) is False


def test_what_was_expected_too_long_ago_is_taken_no_more(tmp_path: Path) -> None:
    now = [1000.0]
    for store in (
        MemoryPendingReplies(clock=lambda: now[0]),
        SqlitePendingReplies(tmp_path / "pending.sqlite", clock=lambda: now[0]),
    ):
        store.expect("urn:1", 60)
        now[0] += 61
        assert store.put("urn:1", ONE) is False
        store.expect("urn:2", 60)
        if isinstance(store, MemoryPendingReplies):
            assert repr(store) == "MemoryPendingReplies(1 waiting)"


def test_each_answer_is_taken_once_however_many_look(store: PendingReplies) -> None:
    store.expect("urn:1", 60)
    for number in range(MOST_ANSWERS):
        store.put("urn:1", Answer(b"%d" % number, "text/xml"))
    found: list[bytes] = []

    def look() -> None:
        while (answer := store.take("urn:1")) is not None:
            found.append(answer.body)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [b"0", b"1", b"2", b"3"]


def test_only_so_many_wait_in_memory() -> None:
    store = MemoryPendingReplies(capacity=1)
    store.expect("urn:1", 60)
    with pytest.raises(UsageError, match="1 calls wait"):
        store.expect("urn:2", 60)


def test_a_server_that_is_gone_is_told(tmp_path: Path) -> None:
    store = RedisPendingReplies.at("redis://127.0.0.1:9/0", timeout=0.2)
    for work in (store.take, store.forget):
        with pytest.raises(SoapkitError, match="cannot be used"):
            work("urn:1")
