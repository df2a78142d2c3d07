"""Attachments between a client and a service over real sockets: from file to socket, and from socket to file."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

import soapkit
from soapkit import Attachment
from soapkit.errors import Fault
from soapkit.soap.attachments import pack_package
from soapkit.soap.version import SOAP_1_1
from soapkit.transport.limits import HttpLimits
from soapkit.transport.urllib3 import Urllib3Transport

SIZE = 48 * 1024 * 1024
PEAK = 14 * 1024 * 1024  # of client and service together


@soapkit.service("urn:store")
class Store:
    """Keeps what comes, and sends it back."""

    kept: Attachment

    @soapkit.operation
    def put(self, name: str, call: soapkit.Call) -> int:
        (Store.kept,) = call.attachments
        return Store.kept.size

    @soapkit.operation
    def get(self, call: soapkit.Call) -> str:
        call.reply_attachments.append(Store.kept)
        return "here it is"


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(params=["asgi", "wsgi"])
def address(request: pytest.FixtureRequest, serve: Callable[..., str]) -> Iterator[str]:
    if request.param == "asgi":
        yield serve(soapkit.asgi(Store()))
        return
    with make_server("127.0.0.1", 0, soapkit.wsgi(Store()), handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join(timeout=10)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large.bin"
    with path.open("wb") as stream:
        for number in range(SIZE // (1024 * 1024)):
            stream.write(bytes([number]) * 1024 * 1024)
    return path


def digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def test_a_large_file_goes_to_a_service_and_back_with_little_memory(address: str, large: Path) -> None:
    with soapkit.Client.from_wsdl(address + "?wsdl", address) as store:
        tracemalloc.start()
        assert store.with_attachments(Attachment.from_path(large)).put(name="large.bin") == SIZE
        exchange = store.with_exchange.get()
        assert b"here it is" in exchange.response
        (received,) = exchange.attachments
        saved = received.save(large.parent / "copy.bin")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert digest(saved) == digest(large)
    assert peak < PEAK


def test_a_caller_that_hangs_up_leaves_no_file_behind(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pieces, fields = pack_package(b"<x/>", SOAP_1_1, "", [Attachment(b"x" * 3_000_000)])
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    port = int(address.rpartition(":")[2].strip("/"))
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"POST / HTTP/1.1\r\nHost: x\r\n{head}Content-Length: {len(pieces)}\r\n\r\n".encode())
        connection.sendall(b"".join(pieces)[:-1000])
        deadline = time.monotonic() + 20
        while not list(tmp_path.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.01)
    while list(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
        gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_async_clients_do_the_same(serve: Callable[..., str], large: Path) -> None:
    address = serve(soapkit.asgi(Store()))

    async def main() -> Path:
        async with await soapkit.AsyncClient.from_wsdl(address + "?wsdl", address) as store:
            await store.with_attachments(Attachment.from_path(large)).put(name="large.bin")
            (received,) = (await store.with_exchange.get()).attachments
            saved: Path = await received.asave(large.parent / "copy.bin")
            return saved

    assert digest(asyncio.run(main())) == digest(large)


def test_a_package_beyond_the_limit_is_refused_while_it_comes(serve: Callable[..., str], large: Path) -> None:
    address = serve(soapkit.asgi(Store(), limit=1024 * 1024))
    transport = Urllib3Transport(limits=HttpLimits(total_seconds=20))
    with soapkit.Client.from_wsdl(address + "?wsdl", address, transport=transport) as store:
        sender: Any = store.with_attachments(Attachment(b"x" * 1_100_000))
        with pytest.raises(Fault, match="at most 1,048,576 bytes"):
            sender.put(name="x")
