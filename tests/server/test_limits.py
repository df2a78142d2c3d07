"""What a host puts up with, on real sockets: slow senders, half messages, handlers that hang, too many at once."""

from __future__ import annotations

import asyncio
import http.client
import logging
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from lxml import etree

import soapkit
from soapkit.errors import Fault
from soapkit.soap.attachments import AttachmentLimits
from soapkit.soap.multipart import MultipartLimits
from soapkit.xml.parse import XmlLimits

SOAP11, SOAP12 = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
MEDIA = {SOAP11: "text/xml; charset=utf-8", SOAP12: "application/soap+xml; charset=utf-8"}


@soapkit.service("urn:slow")
class Slow:
    """Waits as long as it is told to, and knows how often it was called."""

    def __init__(self) -> None:
        self.served: list[str] = []
        self.cancelled = threading.Event()
        self.gate = threading.Event()

    @soapkit.operation
    def say(self, text: str) -> str:
        self.served.append(text)
        return text

    @soapkit.operation
    def wait(self) -> str:
        self.gate.wait(20)
        return "waited"

    @soapkit.operation
    async def wait_async(self) -> str:
        try:
            await asyncio.sleep(20)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return "waited"

    @soapkit.operation
    def give_up(self) -> str:
        raise TimeoutError("the database is slow: password=hunter2")


def message(operation: str, content: str = "", soap: str = SOAP11) -> bytes:
    body = f'<s:{operation} xmlns:s="urn:slow">{content}</s:{operation}>'
    return f'<e:Envelope xmlns:e="{soap}"><e:Body>{body}</e:Body></e:Envelope>'.encode()


def post(address: str, body: bytes, soap: str = SOAP11) -> tuple[int, http.client.HTTPMessage, bytes]:
    url = urlsplit(address)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=20)
    try:
        connection.request("POST", "/", body, {"Content-Type": MEDIA[soap]})
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def connect(address: str) -> socket.socket:
    url = urlsplit(address)
    return socket.create_connection((url.hostname or "", url.port or 0), timeout=20)


def head(length: int, soap: str = SOAP11) -> bytes:
    fields = f"Host: x\r\nContent-Type: {MEDIA[soap]}\r\nContent-Length: {length}\r\n"
    return f"POST / HTTP/1.1\r\n{fields}\r\n".encode()


def all_of(sock: socket.socket) -> bytes:
    """What comes until the peer closes the connection."""
    pieces = []
    while piece := sock.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def wsgi_server(application: Any) -> Iterator[str]:
    with make_server("127.0.0.1", 0, application, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join(timeout=10)


def code_of(body: bytes) -> str:
    """The local name of a fault's code, in either version."""
    root = etree.fromstring(body)
    found = root.findtext(".//faultcode") or root.findtext(f".//{{{SOAP12}}}Code/{{{SOAP12}}}Value")
    assert found is not None
    return found.rpartition(":")[2]


# --- time to send -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("soap", "code"), [(SOAP11, "Client"), (SOAP12, "Sender")])
def test_a_body_that_does_not_come_is_answered_with_408_in_its_version(
    serve: Callable[..., str], soap: str, code: str
) -> None:
    address = serve(soapkit.asgi(Slow(), receive_seconds=0.2))
    with connect(address) as sock:
        sock.sendall(head(1000, soap) + b"<e:Envelope")
        answer = all_of(sock)  # and then the connection is closed
    top, _, body = answer.partition(b"\r\n\r\n")
    assert top.startswith(b"HTTP/1.1 408 ")
    assert code_of(body) == code
    assert b"within 0.2 s" in body


def test_a_body_that_drips_is_refused_after_the_whole_time(serve: Callable[..., str]) -> None:
    address = serve(soapkit.asgi(Slow(), receive_seconds=0.3))
    started = time.monotonic()
    with connect(address) as sock:
        sock.sendall(head(100_000))
        sock.settimeout(0.05)
        answer = b""
        while not answer:
            sock.sendall(b" ")
            try:
                answer = sock.recv(65536)
            except TimeoutError:
                assert time.monotonic() - started < 10
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_attachments_that_do_not_come_are_answered_with_408_too(serve: Callable[..., str]) -> None:
    address = serve(soapkit.asgi(Slow(), receive_seconds=0.2))
    with connect(address) as sock:
        sock.sendall(head(1000).replace(b"text/xml", b'multipart/related; boundary=b; type="text/xml"') + b"--b\r\n")
        assert all_of(sock).startswith(b"HTTP/1.1 408 ")


def test_a_head_that_never_ends_is_hung_up_on(serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    from soapkit.server.heads import PromptHTTPProtocol

    monkeypatch.setattr(PromptHTTPProtocol, "head_seconds", 0.3)
    address = serve(soapkit.asgi(Slow()), http=PromptHTTPProtocol)
    with connect(address) as silent, connect(address) as dripping, connect(address) as again:
        again.sendall(b"GET /?wsdl HTTP/1.1\r\nHost: x\r\n\r\n")
        assert again.recv(100).startswith(b"HTTP/1.1 200 ")
        dripping.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nX-")
        again.sendall(b"POST / HTTP/1.1\r\nX-")
        for sock in (silent, dripping, again):
            all_of(sock)  # which ends
        assert post(address, message("say", "<s:text>on</s:text>"))[0] == 200


def test_a_slow_handler_is_not_a_slow_head(serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    from soapkit.server.heads import PromptHTTPProtocol

    monkeypatch.setattr(PromptHTTPProtocol, "head_seconds", 0.2)
    service = Slow()
    address = serve(soapkit.asgi(service), http=PromptHTTPProtocol)
    threading.Timer(0.6, service.gate.set).start()
    assert post(address, message("wait"))[0] == 200


def test_fifty_dripping_callers_keep_nobody_from_being_served(serve: Callable[..., str]) -> None:
    address = serve(soapkit.asgi(Slow(), receive_seconds=5))
    slow = [connect(address) for _ in range(50)]
    try:
        for sock in slow:
            sock.sendall(head(1000) + b"<e")
        started = time.monotonic()
        assert post(address, message("say", "<s:text>quick</s:text>"))[0] == 200
        assert time.monotonic() - started < 4
    finally:
        for sock in slow:
            sock.close()


# --- half a message -----------------------------------------------------------------------------------------------


def test_a_caller_that_goes_away_within_its_request_is_not_served(
    serve: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    service = Slow()
    address = serve(soapkit.asgi(service))
    whole = message("say", "<s:text>half</s:text>")
    with caplog.at_level(logging.INFO, logger="soapkit.server"), connect(address) as sock:
        sock.sendall(head(len(whole) + 10) + whole)  # well-formed, and yet not all that was announced
        time.sleep(0.1)
        sock.close()
        assert post(address, message("say", "<s:text>next</s:text>"))[0] == 200
        deadline = time.monotonic() + 10
        while "went away" not in caplog.text and time.monotonic() < deadline:
            time.sleep(0.01)
    assert service.served == ["next"]
    assert "went away before its request was whole" in caplog.text


def test_half_a_message_is_not_served_under_wsgi() -> None:
    service = Slow()
    whole = message("say", "<s:text>half</s:text>")
    with wsgi_server(soapkit.wsgi(service)) as address, connect(address) as sock:
        sock.sendall(head(len(whole) + 10) + whole)
        sock.shutdown(socket.SHUT_WR)
        assert b" 400 " in all_of(sock)[:20]
    assert service.served == []


# --- the time of a handler ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["wait", "wait_async"])
@pytest.mark.parametrize(("soap", "code"), [(SOAP11, "Server"), (SOAP12, "Receiver")])
def test_a_handler_that_hangs_is_answered_for(serve: Callable[..., str], operation: str, soap: str, code: str) -> None:
    service = Slow()
    address = serve(soapkit.asgi(service, handler_seconds=0.2))
    status, _, body = post(address, message(operation, soap=soap), soap)
    service.gate.set()
    assert status == 500
    assert code_of(body) == code
    assert b"the service did not answer within 0.2 s" in body


def test_an_async_handler_that_hangs_is_cancelled(serve: Callable[..., str]) -> None:
    service = Slow()
    post(serve(soapkit.asgi(service, handler_seconds=0.2)), message("wait_async"))
    assert service.cancelled.wait(10)


def test_an_async_handler_that_hangs_is_cancelled_under_wsgi_too() -> None:
    service = Slow()
    client = soapkit.testing.loopback(soapkit.wsgi(service, handler_seconds=0.2))
    from soapkit.transport.values import Headers, Request

    response = client.send(Request("http://x/", message("wait_async"), Headers({"Content-Type": MEDIA[SOAP11]})))
    assert response.status == 500
    assert b"did not answer within 0.2 s" in response.body
    assert service.cancelled.wait(10)


def test_a_time_out_of_the_handlers_own_is_its_failure(serve: Callable[..., str]) -> None:
    status, _, body = post(serve(soapkit.asgi(Slow())), message("give_up"))
    assert status == 500
    assert b"internal error (reference " in body
    assert b"hunter2" not in body


def test_ten_hanging_handlers_keep_nobody_from_being_served(serve: Callable[..., str]) -> None:
    service = Slow()
    address = serve(soapkit.asgi(service, handler_seconds=15))
    with ThreadPoolExecutor(10) as callers:
        waiting = [callers.submit(post, address, message("wait")) for _ in range(10)]
        time.sleep(0.3)
        started = time.monotonic()
        assert post(address, message("say", "<s:text>on</s:text>"))[0] == 200
        assert time.monotonic() - started < 10
        service.gate.set()
        assert {one.result()[0] for one in waiting} == {200}


# --- how many -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["asgi", "wsgi"])
@pytest.mark.parametrize(("soap", "code"), [(SOAP11, "Server"), (SOAP12, "Receiver")])
def test_one_request_too_many_is_told_to_come_again(host: str, soap: str, code: str) -> None:
    application: Any = getattr(soapkit, host)(Slow(), in_flight=0)
    if host == "wsgi":
        with wsgi_server(application) as address:
            status, headers, body = post(address, message("say"), soap)
    else:
        status, headers, body = asyncio.run(asked(application, message("say"), MEDIA[soap]))
    assert (status, headers["Retry-After"], code_of(body)) == (503, "1", code)


async def asked(application: Any, body: bytes, content_type: str) -> tuple[int, dict[str, str], bytes]:
    """An ASGI application, asked without a socket."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-type", content_type.encode())]}
    await application(scope, receive, send)
    headers = {name.decode().title(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(event.get("body", b"") for event in sent[1:])


def test_who_was_refused_for_the_number_is_served_later(serve: Callable[..., str]) -> None:
    service = Slow()
    application = soapkit.asgi(service, in_flight=2)
    address = serve(application)
    with ThreadPoolExecutor(2) as callers:
        waiting = [callers.submit(post, address, message("wait")) for _ in range(2)]
        deadline = time.monotonic() + 10
        while application.gate.within < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert post(address, message("say", "<s:text>x</s:text>"))[0] == 503
        service.gate.set()
        assert [one.result()[0] for one in waiting] == [200, 200]
    assert post(address, message("say", "<s:text>x</s:text>"))[0] == 200
    assert application.gate.within == 0


def test_two_hundred_connections_at_once_are_all_served(serve: Callable[..., str]) -> None:
    service = Slow()
    address = serve(soapkit.asgi(service))
    body = message("say", "<s:text>x</s:text>")
    socks = [connect(address) for _ in range(200)]
    try:
        for sock in socks:
            sock.sendall(head(len(body)) + body)
        assert all(sock.recv(100).startswith(b"HTTP/1.1 200 ") for sock in socks)
    finally:
        for sock in socks:
            sock.close()
    assert len(service.served) == 200


# --- how large ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("soap", "code"), [(SOAP11, "Client"), (SOAP12, "Sender")])
def test_what_is_announced_too_large_is_refused_unread(serve: Callable[..., str], soap: str, code: str) -> None:
    address = serve(soapkit.asgi(Slow(), limit=1000))
    with connect(address) as sock:
        sock.sendall(head(10**15, soap))
        top, _, body = all_of(sock).partition(b"\r\n\r\n")
    assert top.startswith(b"HTTP/1.1 413 ")
    assert code_of(body) == code


def test_what_is_not_announced_is_refused_when_it_is_too_large(serve: Callable[..., str]) -> None:
    address = serve(soapkit.asgi(Slow(), limit=1000))
    with connect(address) as sock:
        sock.sendall(head(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked"))
        sock.sendall(b"400\r\n" + b" " * 1024 + b"\r\n")
        assert all_of(sock).startswith(b"HTTP/1.1 413 ")


def test_a_message_has_at_most_a_hundred_header_blocks(serve: Callable[..., str]) -> None:
    address = serve(soapkit.asgi(Slow()))
    for number, expected in ((100, 200), (101, 500)):
        blocks = "".join(f'<h:b{at} xmlns:h="urn:h"/>' for at in range(number))
        whole = message("say", "<s:text>x</s:text>").replace(
            b"<e:Body>", f"<e:Header>{blocks}</e:Header><e:Body>".encode()
        )
        status, _, body = post(address, whole)
        assert status == expected
    assert b"101 header blocks; at most 100 are read" in body


# --- a caller that goes away --------------------------------------------------------------------------------------


@soapkit.service("urn:numbers")
class Numbers:
    def __init__(self) -> None:
        self.made = 0
        self.ended = threading.Event()

    @soapkit.operation
    def count(self) -> list[str]:
        return self._numbers()  # type: ignore[return-value]  # items that are made while they are sent

    @soapkit.operation
    def count_async(self) -> list[str]:
        return self._numbers_async()  # type: ignore[return-value]

    def _numbers(self) -> Iterator[str]:
        try:
            while self.made < 100_000:
                self.made += 1
                yield "x" * 10_000
        finally:
            self.ended.set()

    async def _numbers_async(self) -> AsyncIterator[str]:
        for item in self._numbers():
            yield item


@pytest.mark.parametrize("operation", ["count", "count_async"])
def test_a_stream_ends_when_nobody_takes_it(serve: Callable[..., str], operation: str) -> None:
    service = Numbers()
    address = serve(soapkit.asgi(service))
    body = message(operation).replace(b"urn:slow", b"urn:numbers")
    with connect(address) as sock:
        sock.sendall(head(len(body)) + body)
        assert sock.recv(100).startswith(b"HTTP/1.1 200 ")
    assert service.ended.wait(20)
    assert service.made < 100_000


def test_a_client_hears_of_a_time_out_in_words(serve: Callable[..., str]) -> None:
    service = Slow()
    address = serve(soapkit.asgi(service, handler_seconds=0.1))
    with soapkit.Client.from_wsdl(address + "?wsdl", address) as client, pytest.raises(Fault, match="did not answer"):
        client.wait()
    service.gate.set()


# --- limits of a service's own ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "content", "told"),
    [
        (XmlLimits(depth=3), "<s:text>x</s:text>", "nested more than 3 deep"),
        (XmlLimits(text=10), f"<s:text>{'x' * 11}</s:text>", "has 11 characters; at most 10 are read"),
        (XmlLimits(text=40), f"<s:text a='{'x' * 41}'>x</s:text>", "has 41 characters; at most 40 are read"),
        (XmlLimits(children=2), "<s:text>x</s:text>" * 3, "has 3 children; at most 2 are read"),
        (XmlLimits(elements=10), "<s:text>x</s:text>" * 10, "more than 10 elements"),
        (XmlLimits(attributes=1), "<s:text a='1' b='2'>x</s:text>", "has 2 attributes; at most 1 are read"),
    ],
)
def test_a_service_may_have_limits_of_its_own(
    serve: Callable[..., str], limits: XmlLimits, content: str, told: str
) -> None:
    address = serve(soapkit.asgi(Slow(), xml_limits=limits))
    for _ in range(5):  # messages that are met again are read another way
        status, _, body = post(address, message("say", content))
        assert (status, code_of(body)) == (500, "Client")
        assert told in body.decode()


def test_a_message_within_its_limits_passes(serve: Callable[..., str]) -> None:
    limits = XmlLimits(depth=4, text=41, children=2, elements=4, attributes=1)
    address = serve(soapkit.asgi(Slow(), xml_limits=limits))
    assert post(address, message("say", "<s:text>x</s:text>"))[0] == 200


def test_a_service_may_limit_the_parts_of_a_message(serve: Callable[..., str]) -> None:
    limits = AttachmentLimits(multipart=MultipartLimits(parts=2))
    address = serve(soapkit.asgi(Slow(), attachment_limits=limits))
    with soapkit.Client.from_wsdl(address + "?wsdl", address) as client:
        attachments = [soapkit.Attachment(b"x") for _ in range(3)]
        with pytest.raises(Fault, match="parts"):
            client.with_attachments(*attachments).say(text="x")
        assert client.with_attachments(attachments[0]).say(text="x") == "x"
