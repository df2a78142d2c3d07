"""ASGI and WSGI: the same endpoint behind real servers."""

from __future__ import annotations

import asyncio
import dataclasses
import http.client
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from lxml import etree

import soapkit
from soapkit.errors import UsageError
from soapkit.exchange.flow import Call, arun, aside, call, contained
from soapkit.exchange.loops import THREADS
from soapkit.server.host import endpoint_for
from soapkit.server.http import HttpRequest
from soapkit.server.page.site import Site
from soapkit.server.publication import Publication
from soapkit.testing import loopback
from soapkit.transport.urllib3 import Urllib3Transport
from soapkit.transport.values import Request
from soapkit.wsdl.load import load_contract


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def wsgi_address(bank_service: ModuleType) -> Iterator[str]:
    """The bank under wsgiref, a WSGI server that does nothing for an application."""
    with make_server("127.0.0.1", 0, soapkit.wsgi(bank_service.MyBank()), handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join(timeout=10)


def fetch(address: str, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    url = urlsplit(address)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=10)
    try:
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        connection.request(method, path, body, {key.replace("_", "-"): value for key, value in headers.items()})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_a_wsgi_application_answers(bank: ModuleType, wsgi_address: str) -> None:
    with bank.BankClient(wsgi_address) as client:
        assert client.balance(iban="DE1").amount == Decimal("100.00")


def test_an_empty_post_to_wsgi_does_not_wait_for_a_body(wsgi_address: str) -> None:
    status, body = fetch(wsgi_address, "POST", b"", Content_Type="text/xml")
    assert status == 500
    assert b"Fault" in body


@pytest.mark.parametrize("host", ["asgi", "wsgi"])
def test_the_wsdl_has_the_address_that_the_caller_used(
    host: str, bank_service: ModuleType, serve: Callable[..., str], wsgi_address: str
) -> None:
    address = wsgi_address if host == "wsgi" else serve(soapkit.asgi(bank_service.MyBank()))
    status, body = fetch(address + "?wsdl")
    assert status == 200
    locations = [element.get("location") for element in etree.fromstring(body).iter("{*}address")]
    assert locations == [address, address]


def test_a_client_made_from_the_served_wsdl_calls_the_service(
    bank_service: ModuleType, serve: Callable[..., str]
) -> None:
    address = serve(soapkit.asgi(bank_service.MyBank()))
    with soapkit.Client.from_wsdl(address + "?wsdl") as client:
        assert client.address == address
        assert client.balance(iban="DE1").amount == Decimal("100.00")


def test_an_unknown_document_is_404_and_says_what_there_is(wsgi_address: str) -> None:
    status, body = fetch(wsgi_address + "?xsd=nothing")
    assert status == 404
    assert b"?wsdl" in body


def test_a_browser_gets_a_page_with_the_operations(wsgi_address: str) -> None:
    status, body = fetch(wsgi_address)
    assert status == 200
    assert b"<h1>BankService</h1>" in body
    assert b"openAccount" in body


def test_a_request_beyond_the_limit_is_413_on_both_hosts(bank_service: ModuleType, serve: Callable[..., str]) -> None:
    address = serve(soapkit.asgi(bank_service.MyBank(), limit=1000))
    assert fetch(address, "POST", b"x" * 2000, Content_Type="text/xml")[0] == 413
    with make_server("127.0.0.1", 0, soapkit.wsgi(bank_service.MyBank(), limit=1000), handler_class=Quiet) as server:
        thread = threading.Thread(target=server.handle_request, daemon=True)
        thread.start()
        assert fetch(f"http://127.0.0.1:{server.server_port}/", "POST", b"x" * 2000, Content_Type="text/xml")[0] == 413


def test_a_blocking_handler_does_not_block_the_event_loop(
    bank: ModuleType, bank_service: ModuleType, serve: Callable[..., str]
) -> None:
    gate = threading.Event()

    class Waiting(bank_service.MyBank):  # type: ignore[name-defined,misc]
        def balance(self, *, iban: str) -> Any:
            if iban == "DE1":
                assert gate.wait(10)
            else:
                gate.set()
            return super().balance(iban=iban)

    async def calls(address: str) -> list[Any]:
        async with bank.AsyncBankClient(address, timeout=10) as client:
            return await asyncio.gather(client.balance(iban="DE1"), client.balance(iban="DE2"))

    # the second call can only be answered while the first is still waiting for it
    assert len(asyncio.run(calls(serve(soapkit.asgi(Waiting()))))) == 2


def test_an_async_handler_serves_under_asgi_and_under_wsgi(bank: ModuleType, bank_service: ModuleType) -> None:
    class Async(bank_service.MyBank):  # type: ignore[name-defined,misc]
        async def balance(self, *, iban: str) -> Any:
            await asyncio.sleep(0)
            return super().balance(iban=iban)

    for app in (soapkit.asgi(Async()), soapkit.wsgi(Async())):
        client = bank.BankClient("http://bank/", transport=soapkit.testing.loopback(app))
        assert client.balance(iban="DE1").amount == Decimal("100.00")


def test_several_services_at_their_paths(bank: ModuleType, bank_service: ModuleType) -> None:
    app = soapkit.asgi({"/a": bank_service.MyBank(), "/b": bank_service.MyBank()})
    transport = soapkit.testing.loopback(app)
    bank.BankClient("http://x/a", transport=transport).transfer(source="DE1", target="DE2", amount=Decimal(50))
    amounts = [bank.BankClient(f"http://x/{p}", transport=transport).balance(iban="DE1").amount for p in "ab"]
    assert amounts == [Decimal(50), Decimal(100)]


def test_a_handler_that_asks_for_the_call_gets_it(bank: ModuleType, bank_service: ModuleType) -> None:
    seen: list[soapkit.Call] = []

    class Curious(bank_service.MyBank):  # type: ignore[name-defined,misc]
        def balance(self, *, iban: str, call: soapkit.Call) -> Any:
            seen.append(call)
            return super().balance(iban=iban)

    client = bank.BankClient("http://bank/", transport=soapkit.testing.loopback(soapkit.asgi(Curious())))
    client.balance(iban="DE1")
    assert seen[0].operation.name == "balance"
    assert seen[0].http.client == "127.0.0.1"


def test_a_service_that_lacks_an_operation_is_refused_when_it_is_hosted(bank: ModuleType) -> None:
    class Half(bank.Bank):  # type: ignore[name-defined,misc]
        def balance(self, *, iban: str) -> Any: ...

    with pytest.raises(UsageError, match=r"does not implement .*transfer"):
        soapkit.asgi(Half())


def test_it_serves_many_requests_on_one_connection(bank_service: ModuleType, serve: Callable[..., str]) -> None:
    url = urlsplit(serve(soapkit.asgi(bank_service.MyBank())))
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=10)
    started = time.monotonic()
    for _ in range(50):
        connection.request("GET", "/?wsdl")
        assert connection.getresponse().read().startswith(b"<")
    connection.close()
    assert time.monotonic() - started < 30


def test_the_served_contract_is_the_contract(root: Any, bank_service: ModuleType, serve: Callable[..., str]) -> None:
    address = serve(soapkit.asgi(bank_service.MyBank()))
    served = soapkit.Client.from_wsdl(address + "?wsdl")
    own = load_contract(root / "wsdl" / "bank.wsdl")
    assert [operation.name for operation in served.service.operations] == [
        operation.name for operation in own.services[0].operations
    ]


@soapkit.service("urn:echo")
class Echo:
    @soapkit.operation
    def echo(self, text: str) -> str:
        return text


@pytest.mark.parametrize("gzip", [True, False])
def test_messages_are_compressed_both_ways_where_both_sides_want_it(serve: Callable[..., str], gzip: bool) -> None:
    address = serve(soapkit.asgi(Echo(), gzip=gzip))
    with soapkit.Client.from_wsdl(address + "?wsdl", address, transport=Urllib3Transport(gzip=gzip)) as client:
        exchange = client.with_exchange.echo(text="again and " * 1000)
    assert exchange.value == "again and " * 1000
    assert exchange.response_headers.get("content-encoding") == ("gzip" if gzip else None)
    assert (int(exchange.response_headers["content-length"]) < 1000) is gzip


def test_a_small_reply_is_not_worth_compressing(serve: Callable[..., str]) -> None:
    address = serve(soapkit.asgi(Echo(), gzip=True))
    with soapkit.Client.from_wsdl(address + "?wsdl", address) as client:
        assert "content-encoding" not in client.with_exchange.echo(text="x").response_headers


@soapkit.service("urn:example:ended")
class Ended:
    """Handlers that raise what would end more than their call."""

    @soapkit.operation
    async def waits(self, how: str) -> str:
        await asyncio.sleep(0)
        return self.blocks(how)

    @soapkit.operation
    def blocks(self, how: str) -> str:
        if how == "exit":
            raise SystemExit(3)
        if how == "cancelled":
            raise asyncio.CancelledError
        return how


@pytest.mark.parametrize("made", [soapkit.asgi, soapkit.wsgi])
@pytest.mark.parametrize("operation", ["waits", "blocks"])
@pytest.mark.parametrize("how", ["exit", "cancelled"])
def test_a_handler_that_asks_for_the_end_of_the_process_is_a_fault_and_the_next_call_is_served(
    made: Callable[..., Any], operation: str, how: str
) -> None:
    transport = loopback(made(Ended()))
    contract = transport.send(Request("http://ended/?wsdl", method="GET")).body
    with soapkit.Client.from_wsdl(contract, transport=transport) as client:
        with pytest.raises(soapkit.Fault, match="internal error"):
            getattr(client, operation)(how=how)
        assert getattr(client, operation)(how="well") == "well"


def test_a_call_that_is_cancelled_from_outside_is_cancelled() -> None:
    async def never(how: str) -> None:
        await asyncio.sleep(60)

    async def cancelled() -> None:
        task = asyncio.ensure_future(arun(contained(Call(never, ("x",)))))
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())


def test_pages_and_handlers_do_not_wait_for_each_others_threads() -> None:
    let_go = threading.Event()

    async def both() -> None:
        pages = [asyncio.ensure_future(arun(aside("page", let_go.wait, 20))) for _ in range(THREADS)]
        assert await arun(call(lambda: "handled")) == "handled"
        handlers = [asyncio.ensure_future(arun(call(let_go.wait, 20))) for _ in range(THREADS)]
        assert await arun(aside("probe", lambda: "ready")) == "ready"
        let_go.set()
        assert all(await asyncio.gather(*pages, *handlers))
        assert await arun(aside("page", lambda: threading.current_thread().name)) in (
            "soapkit-page-1",
            "soapkit-page-2",
        )

    asyncio.run(asyncio.wait_for(both(), 30))


def test_a_page_that_takes_long_to_make_holds_up_no_call() -> None:
    asked, let_go = threading.Event(), threading.Event()

    def slow() -> Site:
        asked.set()
        assert let_go.wait(20)
        return site

    made = endpoint_for(Ended())
    site = made.publication.site()
    endpoint = dataclasses.replace(made, publication=Publication(slow, None))

    async def both() -> None:
        page = asyncio.ensure_future(arun(endpoint.respond(HttpRequest("GET", "/"))))
        while not asked.is_set():
            await asyncio.sleep(0.001)
        assert (await arun(endpoint.respond(HttpRequest("POST", "/")))).status == 415
        let_go.set()
        assert b"waits" in (await page).body

    asyncio.run(both())
