"""What went wrong is let go at once: no error holds a frame that holds it, so no message waits for the collector."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

import soapkit
from soapkit.server.asgi import Asgi
from soapkit.testing import loopback
from soapkit.transport.values import Headers, Request

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


@soapkit.service("urn:x")
class Halves:
    @soapkit.operation
    def half(self, number: int) -> int:
        return divided(number)

    @soapkit.operation
    async def half_async(self, number: int) -> int:
        await asyncio.sleep(0)
        return divided(number)

    @soapkit.operation
    def wrong(self, number: int) -> int:
        return f"{number} is no number"  # type: ignore[return-value]  # as a handler may err


def divided(number: int) -> int:
    if number == 3:
        raise soapkit.Fault("odd", code="Sender")
    return number // (number - 1)


def message(body: str, header: str = "") -> bytes:
    header = f"<soap:Header>{header}</soap:Header>" if header else ""
    return f'<soap:Envelope xmlns:soap="{SOAP}">{header}<soap:Body>{body}</soap:Body></soap:Envelope>'.encode()


def call(operation: str, number: str) -> str:
    return f'<{operation} xmlns="urn:x"><number>{number}</number></{operation}>'


REFUSED = {
    "no XML": b"<a><b>",
    "no number": message(call("half", "one")),
    "no operation": message(call("third", "1")),
    "no block that is understood": message(call("half", "2"), '<b xmlns="urn:b" soap:mustUnderstand="1"/>'),
    "no action of this operation": message(
        call("half", "2"), '<Action xmlns="http://www.w3.org/2005/08/addressing">urn:other</Action>'
    ),
}
FAILING = {
    "fault": message(call("half", "3")),
    "fault of async code": message(call("half_async", "3")),
    "exception": message(call("half", "1")),
    "exception of async code": message(call("half_async", "1")),
    "wrong value": message(call("wrong", "1")),
}


# The log's stand-in for an exception is of a class of its own, which is a circle by nature, and holds nothing.
OF_CLASSES = {"type", "tuple", "dict", "getset_descriptor"}
ATTEMPTS = 5


def left(work: Callable[[], object]) -> list[str]:
    """What a call leaves to the garbage collector, by its kind.

    What other tests have left, and threads of theirs, may be found too. A call leaves the same each time, so it leaves
    nothing where nothing is found once.
    """
    for _ in range(2):  # fills caches
        work()
    for _ in range(ATTEMPTS):
        found = collected_after(work)
        if not found:
            break
    return found


def collected_after(work: Callable[[], object]) -> list[str]:
    for _ in range(3):  # what is let go may let go of more
        gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        for _ in range(10):
            work()
        gc.collect()
        return sorted({type(each).__name__ for each in gc.garbage} - OF_CLASSES)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


async def served(app: Asgi, body: bytes) -> int:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(said: Any) -> None:
        sent.append(said)

    headers = [(b"content-type", b"text/xml")]
    await app({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive, send)
    status: int = sent[0]["status"]
    return status


@pytest.mark.parametrize("body", [*REFUSED.values(), *FAILING.values()], ids=[*REFUSED, *FAILING])
@pytest.mark.parametrize("validate", ["off", "both"])
def test_an_event_loop_leaves_nothing_to_the_collector(body: bytes, validate: Any) -> None:
    app = soapkit.asgi(Halves(), validate=validate)
    with closing(asyncio.new_event_loop()) as loop:
        assert loop.run_until_complete(served(app, body)) == 500
        assert left(lambda: loop.run_until_complete(served(app, body))) == []


def test_what_would_be_left_is_found() -> None:
    def circle() -> None:
        found: list[object] = []
        found.append(found)

    assert left(circle) == ["list"]


@pytest.mark.parametrize("body", [*REFUSED.values(), *FAILING.values()], ids=[*REFUSED, *FAILING])
def test_threads_leave_nothing_to_the_collector(body: bytes) -> None:
    transport = loopback(soapkit.wsgi(Halves()))
    request = Request("http://localhost/", body, Headers({"Content-Type": "text/xml"}))
    assert transport.send(request).status == 500
    assert left(lambda: transport.send(request)) == []


def test_a_fault_that_a_client_raises_leaves_nothing_to_the_collector() -> None:
    app = soapkit.wsgi(Halves())
    contract = loopback(app).send(Request("http://localhost/?wsdl", method="GET")).body
    with soapkit.Client.from_wsdl(contract, transport=loopback(app)) as client:

        def refused() -> None:
            with pytest.raises(soapkit.Fault):
                client.half(number=3)

        assert left(refused) == []
