"""Interceptors stand around every call, in the order of one list."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import msgspec
import pytest

import soapkit
from soapkit.errors import UsageError
from soapkit.security import KeyPair, Require, Security, Sign, Timestamp, TrustStore
from soapkit.security.throwaway import write_keys
from soapkit.testing import loopback
from soapkit.transport.values import Headers, Request


class Reason(msgspec.Struct, kw_only=True):
    """Why not."""

    text: str


class Refused(soapkit.DeclaredFault[Reason]):
    """It is not done."""


@soapkit.service("urn:example:greeter")
class Greeter:
    """Counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    @soapkit.operation(raises=[Refused])
    def greet(self, name: str) -> str:
        self.asked.append(name)
        if name == "nobody":
            raise Refused(Reason(text="there is nobody"), "no")
        return f"hello {name}"

    @soapkit.operation
    async def part(self, name: str) -> str:
        return f"goodbye {name}"

    @soapkit.operation(one_way=True)
    def forget(self, name: str) -> None:
        self.asked.append(name)


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def serve_wsgi() -> Iterator[Callable[[Any], str]]:
    """A function that hosts a WSGI application with wsgiref and gives its address."""
    running = []

    def start(application: Any) -> str:
        server = make_server("127.0.0.1", 0, application, handler_class=Quiet)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()


def noting(told: list[str], name: str) -> soapkit.Interceptor:
    async def note(call: soapkit.Call, next: soapkit.Next) -> object:
        told.append(f"{name} before {call.operation.name}")
        try:
            return await next(call)
        finally:
            told.append(f"{name} after")

    return note


async def shouting(call: soapkit.Call, next: soapkit.Next) -> object:
    return str(await next(call)).upper()


def noting_blocking(told: list[str]) -> soapkit.BlockingInterceptor:
    def note(call: soapkit.Call, next: soapkit.BlockingNext) -> object:
        told.append(call.operation.name)
        return next(call)

    return note


def client_of(address: str) -> Any:
    return soapkit.Client.from_wsdl(address + "?wsdl", address)


def test_the_first_of_the_list_is_the_outermost(serve: Callable[..., str]) -> None:
    told: list[str] = []
    address = serve(soapkit.asgi(Greeter(), interceptors=[noting(told, "one"), noting(told, "two")]))
    with client_of(address) as client:
        assert client.greet(name="Ada") == "hello Ada"
    assert told == ["one before greet", "two before greet", "two after", "one after"]


@pytest.mark.parametrize("operation", ["greet", "part"])
def test_what_an_interceptor_returns_is_answered_whether_the_handler_is_async_or_not(
    operation: str, serve: Callable[..., str]
) -> None:
    with client_of(serve(soapkit.asgi(Greeter(), interceptors=[shouting]))) as client:
        assert getattr(client, operation)(name="Ada").endswith("ADA")


@pytest.mark.parametrize("operation", ["greet", "part"])
def test_blocking_interceptors_stand_around_wsgi(operation: str, serve_wsgi: Callable[[Any], str]) -> None:
    told: list[str] = []
    with client_of(serve_wsgi(soapkit.wsgi(Greeter(), interceptors=[noting_blocking(told)] * 2))) as client:
        assert getattr(client, operation)(name="Ada").endswith("Ada")
    assert told == [operation] * 2


@pytest.mark.parametrize("operation", ["greet", "part"])
def test_async_interceptors_stand_around_wsgi_too(operation: str, serve_wsgi: Callable[[Any], str]) -> None:
    with client_of(serve_wsgi(soapkit.wsgi(Greeter(), interceptors=[shouting]))) as client:
        assert getattr(client, operation)(name="Ada").endswith("ADA")


def test_an_interceptor_that_answers_itself_keeps_the_call_from_the_handler(serve: Callable[..., str]) -> None:
    class Cache:
        def __init__(self) -> None:
            self.kept: dict[object, object] = {}

        async def __call__(self, call: soapkit.Call, next: soapkit.Next) -> object:
            key = call.operation.name, soapkit.encode(call.value, tag=call.operation.request.tag)
            if key not in self.kept:
                self.kept[key] = await next(call)
            return self.kept[key]

    greeter = Greeter()
    with client_of(serve(soapkit.asgi(greeter, interceptors=[Cache()]))) as client:
        assert [client.greet(name=name) for name in ("Ada", "Ada", "Eve")] == ["hello Ada", "hello Ada", "hello Eve"]
    assert greeter.asked == ["Ada", "Eve"]


def test_a_fault_that_an_interceptor_raises_is_answered(serve: Callable[..., str]) -> None:
    async def refuse(call: soapkit.Call, next: soapkit.Next) -> object:
        raise soapkit.Fault("not you", code="Sender")

    greeter = Greeter()
    with (
        client_of(serve(soapkit.asgi(greeter, interceptors=[refuse]))) as client,
        pytest.raises(soapkit.Fault, match="not you") as caught,
    ):
        client.greet(name="Ada")
    assert caught.value.code.name == "Sender"
    assert greeter.asked == []


def test_an_interceptor_sees_the_declared_fault_of_the_handler_and_may_answer_instead(
    serve: Callable[..., str],
) -> None:
    async def rescue(call: soapkit.Call, next: soapkit.Next) -> object:
        try:
            return await next(call)
        except Refused as refused:
            return refused.detail.text

    with client_of(serve(soapkit.asgi(Greeter(), interceptors=[rescue]))) as client:
        assert client.greet(name="nobody") == "there is nobody"


def test_what_goes_wrong_in_an_interceptor_is_not_told_to_the_caller(serve: Callable[..., str]) -> None:
    async def broken(call: soapkit.Call, next: soapkit.Next) -> object:
        raise RuntimeError("the password is secret")

    with (
        client_of(serve(soapkit.asgi(Greeter(), interceptors=[broken]))) as client,
        pytest.raises(soapkit.Fault, match="internal error") as caught,
    ):
        client.greet(name="Ada")
    assert "secret" not in str(caught.value)


def test_an_interceptor_may_hand_on_another_call(serve: Callable[..., str]) -> None:
    async def rename(call: soapkit.Call, next: soapkit.Next) -> object:
        return await next(dataclasses.replace(call, value=msgspec.structs.replace(call.value, name="Eve")))

    with client_of(serve(soapkit.asgi(Greeter(), interceptors=[rename]))) as client:
        assert client.greet(name="Ada") == "hello Eve"


def test_an_interceptor_may_call_the_handler_again(serve: Callable[..., str]) -> None:
    async def insist(call: soapkit.Call, next: soapkit.Next) -> object:
        await next(call)
        return await next(call)

    greeter = Greeter()
    with client_of(serve(soapkit.asgi(greeter, interceptors=[insist]))) as client:
        client.greet(name="Ada")
    assert greeter.asked == ["Ada", "Ada"]


async def tell(call: soapkit.Call, next: soapkit.Next) -> object:
    call.response.headers["X-Operation"] = call.operation.name
    return await next(call)


@pytest.mark.parametrize(("name", "status"), [("Ada", 200), ("nobody", 500)])
def test_header_fields_of_the_response_stand_on_a_reply_and_on_a_fault(
    name: str, status: int, serve: Callable[..., str]
) -> None:
    response = sent(serve(soapkit.asgi(Greeter(), interceptors=[tell])), "greet", name)
    assert (response.status, response.headers["x-operation"]) == (status, "greet")


def test_header_fields_of_the_response_stand_on_the_answer_to_a_one_way_message(serve: Callable[..., str]) -> None:
    response = sent(serve(soapkit.asgi(Greeter(), interceptors=[tell])), "forget", "Ada")
    assert (response.status, response.headers["x-operation"], response.body) == (202, "forget", b"")


def test_a_fault_may_have_another_status_of_http(serve: Callable[..., str]) -> None:
    async def authenticate(call: soapkit.Call, next: soapkit.Next) -> object:
        if call.http.headers.get("authorization") != "Bearer token":
            call.response.status = 401
            call.response.headers["WWW-Authenticate"] = "Bearer"
            raise soapkit.Fault("who are you?", code="Sender")
        return await next(call)

    address = serve(soapkit.asgi(Greeter(), interceptors=[authenticate]))
    response = sent(address, "greet", "Ada")
    assert (response.status, response.headers["www-authenticate"]) == (401, "Bearer")
    assert b"who are you?" in response.body
    assert sent(address, "greet", "Ada", Authorization="Bearer token").status == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [("X-Name", "a\r\nSet-Cookie: b=c"), ("X Name", "a"), ("X-Name", "\N{SNOWMAN}"), ("Content-Length", "3")],
)
def test_a_header_field_that_http_cannot_carry_is_a_fault_and_never_sent(
    field: str, value: str, serve: Callable[..., str]
) -> None:
    async def wrong(call: soapkit.Call, next: soapkit.Next) -> object:
        call.response.headers[field] = value
        return await next(call)

    response = sent(serve(soapkit.asgi(Greeter(), interceptors=[wrong])), "greet", "Ada")
    assert response.status == 500
    assert b"internal error" in response.body
    assert "set-cookie" not in response.headers
    assert "x-name" not in response.headers


def test_an_interceptor_knows_who_signed(
    bank: ModuleType, bank_service: ModuleType, serve: Callable[..., str], tmp_path: Path
) -> None:
    write_keys(tmp_path, ["alice", "bank"], password="secret")
    key, trusted = KeyPair.load(tmp_path / "alice.p12", "secret"), TrustStore.load(tmp_path / "ca.pem")
    signers: list[str] = []

    async def note(call: soapkit.Call, next: soapkit.Next) -> object:
        assert call.security is not None
        signers.append(call.security.signer_name)
        return await next(call)

    inbound = Security(inbound=Require(signed=["Body", "Timestamp"], trust=trusted))
    address = serve(soapkit.asgi(bank_service.MyBank(), security=inbound, interceptors=[note]))
    with bank.BankClient(address, security=Security(outbound=[Timestamp(), Sign(key)])) as client:
        assert client.balance(iban="DE1").amount == Decimal("100.00")
    assert signers == ["CN=alice"]


def test_an_interceptor_knows_the_addresses_of_a_message(serve: Callable[..., str]) -> None:
    seen: list[Any] = []

    async def note(call: soapkit.Call, next: soapkit.Next) -> object:
        seen.append(call.addressing)
        return await next(call)

    address = serve(soapkit.asgi(Greeter(), interceptors=[note]))
    with soapkit.Client.from_wsdl(address + "?wsdl", address, addressing=True) as client:
        client.greet(name="Ada")
    assert seen[0].message_id.startswith("urn:uuid:")
    assert seen[0].to.address == address


def test_an_interceptor_knows_how_long_the_answer_may_take(serve: Callable[..., str]) -> None:
    left: list[float | None] = []

    async def note(call: soapkit.Call, next: soapkit.Next) -> object:
        left.append(call.seconds_left)
        return await next(call)

    for seconds in (5.0, None):
        with client_of(serve(soapkit.asgi(Greeter(), interceptors=[note], handler_seconds=seconds))) as client:
            client.greet(name="Ada")
    assert left[0] is not None
    assert 0 < left[0] <= 5
    assert left[1] is None


@soapkit.service("urn:example:greeter")
class Slow:
    @soapkit.operation
    async def greet(self, name: str) -> str:
        await asyncio.sleep(60)
        return name


def test_interceptors_do_not_keep_a_handler_from_its_deadline() -> None:
    def plain(call: soapkit.Call, next: soapkit.BlockingNext) -> object:
        return next(call)

    async def asynchronous(call: soapkit.Call, next: soapkit.Next) -> object:
        return await next(call)

    for interceptor in (plain, asynchronous):
        app = soapkit.wsgi(Slow(), interceptors=[interceptor], handler_seconds=0.05)
        answer = loopback(app).send(request_for("http://x/", "greet", "Ada"))
        assert answer.status == 500
        assert b"did not answer" in answer.body


def test_messages_that_are_not_understood_do_not_reach_the_interceptors(serve: Callable[..., str]) -> None:
    told: list[str] = []
    address = serve(soapkit.asgi(Greeter(), interceptors=[noting(told, "one")]))
    assert sent(address, "unknown", "Ada").status == 500
    assert told == []


def test_asgi_refuses_a_blocking_interceptor_by_name() -> None:
    with pytest.raises(UsageError, match=r"asgi\(\) takes async interceptors: write .*note with async def"):
        soapkit.asgi(Greeter(), interceptors=[noting_blocking([])])  # type: ignore[list-item]


def test_blocking_and_async_interceptors_are_not_mixed() -> None:
    with pytest.raises(UsageError, match="blocking interceptors among async ones"):
        soapkit.wsgi(Greeter(), interceptors=[noting_blocking([]), shouting])


def test_a_class_in_the_list_is_no_interceptor() -> None:
    with pytest.raises(UsageError, match="Greeter is no interceptor"):
        soapkit.wsgi(Greeter(), interceptors=[Greeter])


def test_interceptors_stand_around_each_of_several_services() -> None:
    told: list[str] = []
    transport = loopback(soapkit.asgi({"a": Greeter, "b": Greeter}, interceptors=[noting(told, "one")]))
    for path in "ab":
        transport.send(request_for(f"http://x/{path}", "greet", "Ada"))
    assert told.count("one before greet") == 2


def sent(address: str, operation: str, name: str, **fields: str) -> Any:
    """The response to a message that a client would send."""
    from soapkit.transport.urllib3 import Urllib3Transport

    transport = Urllib3Transport()
    try:
        return transport.send(request_for(address, operation, name, **fields))
    finally:
        transport.close()


def request_for(address: str, operation: str, name: str, **fields: str) -> Request:
    body = f'<{operation} xmlns="urn:example:greeter"><name>{name}</name></{operation}>'
    envelope = f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{body}</s:Body></s:Envelope>'
    return Request(address, envelope.encode(), Headers({"Content-Type": "text/xml", "SOAPAction": '""', **fields}))
