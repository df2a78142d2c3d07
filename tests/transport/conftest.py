"""A peer on a real socket that answers as each test wants it to, and the transports that talk to it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import pytest
import requests

from soapkit.transport.aiohttp import AiohttpTransport
from soapkit.transport.requests import RequestsTransport
from soapkit.transport.urllib3 import Urllib3Transport
from soapkit.transport.values import Request, Response


@dataclass
class Heard:
    """A request as it came over the socket."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.line.split()[1]


Answer = Callable[[socket.socket, Heard], None]


def answer(status: str = "200 OK", body: bytes = b"ok", *fields: str, close: bool = False) -> Answer:
    """An ordinary HTTP response."""

    def write(connection: socket.socket, heard: Heard) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        if close:
            raise ConnectionError

    return write


@dataclass
class Peer:
    """Listens on an ephemeral port; each request is answered by the next of `answers`, the last one again and again."""

    answers: list[Answer] = field(default_factory=lambda: [answer()])
    heard: list[Heard] = field(default_factory=list)
    connections: int = 0
    serving: int = 0  # connections
    context: ssl.SSLContext | None = None
    discard: bool = False  # read bodies without keeping them
    early: bool = False  # answer before the body comes, and read no more
    before: bytes = b""  # said before the body comes

    def __post_init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.stopping = False
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def url(self) -> str:
        scheme = "https" if self.context else "http"
        return f"{scheme}://localhost:{self.listener.getsockname()[1]}"

    def _listen(self) -> None:
        while not self.stopping:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        self.serving += 1
        try:
            self._hear(connection)
        finally:
            self.serving -= 1

    def _hear(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as stream:
                while line := stream.readline().decode().strip():
                    fields = {}
                    while text := stream.readline().decode().strip():
                        name, _, value = text.partition(":")
                        fields[name.lower()] = value.strip()
                    connection.sendall(self.before)
                    body = b"" if self.early else self._body(stream, int(fields.get("content-length", "0")))
                    heard = Heard(line, fields, body)
                    self.heard.append(heard)
                    (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])(connection, heard)
                    while self.early and not self.stopping:
                        time.sleep(0.01)

    def _body(self, stream: BinaryIO, length: int) -> bytes:
        if not self.discard:
            return stream.read(length)
        while length > 0:
            length -= len(stream.read(min(length, 65_536)))
        return b""

    def stop(self) -> None:
        self.stopping = True
        self.listener.close()


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the machine's own settings are: the peer is reached straight."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def peer() -> Iterator[Peer]:
    peer = Peer()
    yield peer
    peer.stop()


Send = Callable[..., Response]


def _urllib3(request: Request, *more: Request, **settings: Any) -> Response:
    transport = Urllib3Transport(**settings)
    try:
        responses = [transport.send(each) for each in (request, *more)]
    finally:
        transport.close()
        transport.close()
    return responses[-1]


def _aiohttp(request: Request, *more: Request, **settings: Any) -> Response:
    async def main() -> Response:
        transport = AiohttpTransport(**settings)
        try:
            responses = [await transport.send(each) for each in (request, *more)]
        finally:
            await transport.aclose()
            await transport.aclose()
        return responses[-1]

    return asyncio.run(main())


def _requests(request: Request, *more: Request, **settings: Any) -> Response:
    transport = RequestsTransport(requests.Session(), owned=True, **settings)
    try:
        responses = [transport.send(each) for each in (request, *more)]
    finally:
        transport.close()
    return responses[-1]


@pytest.fixture(params=[_urllib3, _aiohttp], ids=["urllib3", "aiohttp"])
def send(request: pytest.FixtureRequest) -> Send:
    """Send requests one after another over our own transports; the last response."""
    chosen: Send = request.param
    return chosen


@pytest.fixture(params=[_urllib3, _aiohttp, _requests], ids=["urllib3", "aiohttp", "requests"])
def send_any(request: pytest.FixtureRequest) -> Send:
    """The same, over adapters of others' clients too."""
    chosen: Send = request.param
    return chosen


@pytest.fixture
def reply() -> Callable[..., Answer]:
    return answer
