"""Responses that are handed out while they still come."""

import asyncio
import gzip
import socket
import time
from typing import Any

import pytest

from soapkit.errors import ConnectError, LimitError, TimeoutError
from soapkit.transport.aiohttp import AiohttpTransport
from soapkit.transport.auth import Digest
from soapkit.transport.limits import HttpLimits
from soapkit.transport.urllib3 import Urllib3Transport
from soapkit.transport.values import AsyncStreamingTransport, Request, StreamingTransport


def slowly(*pieces: bytes) -> Any:
    """A response whose pieces come one by one."""

    def answer(connection: socket.socket, heard: Any) -> None:
        length = sum(map(len, pieces))
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode())
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.1)

    return answer


def blocking(peer: Any, take: int = 100, **settings: Any) -> list[tuple[bytes, float]]:
    transport = Urllib3Transport(**settings)
    came = []
    started = time.monotonic()
    with transport.open(Request(peer.url, b"x")) as response:
        assert response.status in (200, 401)
        for piece in response:
            came.append((piece, time.monotonic() - started))
            if len(came) == take:
                break
    transport.close()
    return came


def asynchronous(peer: Any, take: int = 100, **settings: Any) -> list[tuple[bytes, float]]:
    async def main() -> list[tuple[bytes, float]]:
        transport = AiohttpTransport(**settings)
        came = []
        started = time.monotonic()
        try:
            async with await transport.open(Request(peer.url, b"x")) as response:
                assert response.status in (200, 401)
                async for piece in response:
                    came.append((piece, time.monotonic() - started))
                    if len(came) == take:
                        break
        finally:
            await transport.aclose()
        return came

    return asyncio.run(main())


@pytest.fixture(params=[blocking, asynchronous])
def read(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_our_own_transports_stream() -> None:
    assert isinstance(Urllib3Transport(), StreamingTransport)
    assert isinstance(AiohttpTransport(), AsyncStreamingTransport)


def test_a_piece_is_there_before_the_next_one_is_sent(peer: Any, read: Any) -> None:
    peer.answers = [slowly(b"one", b"two", b"three")]
    came = read(peer)
    assert b"".join(piece for piece, _ in came) == b"onetwothree"
    assert came[0][1] + 0.1 < came[-1][1]


def test_who_leaves_early_closes_the_connection(peer: Any, read: Any) -> None:
    peer.answers = [slowly(b"one", *[b"more"] * 20)]
    started = time.monotonic()
    assert read(peer, take=1)[0][0] == b"one"
    assert time.monotonic() - started < 1


def test_a_compressed_response_is_expanded_on_the_way(peer: Any, read: Any, reply: Any) -> None:
    body = b"0123456789" * 50_000
    peer.answers = [reply("200 OK", gzip.compress(body), "Content-Encoding: gzip")]
    came = read(peer)
    assert len(came) > 1
    assert b"".join(piece for piece, _ in came) == body


def test_limits_are_kept_on_the_way(peer: Any, read: Any) -> None:
    peer.answers = [slowly(b"x" * 100)]
    with pytest.raises(LimitError):
        read(peer, limits=HttpLimits(bytes=10))


def test_silence_on_the_way_is_told(peer: Any, read: Any) -> None:
    def stops(connection: socket.socket, heard: Any) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        time.sleep(2)

    peer.answers = [stops]
    with pytest.raises(TimeoutError):
        read(peer, limits=HttpLimits(read_seconds=0.2))


def test_a_connection_that_breaks_on_the_way_is_told(peer: Any, read: Any) -> None:
    def cut(connection: socket.socket, heard: Any) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        raise ConnectionError

    peer.answers = [cut]
    with pytest.raises(ConnectError):
        read(peer)


def test_a_login_comes_before_the_stream(peer: Any, read: Any, reply: Any) -> None:
    peer.answers = [reply("401 No", b"no", 'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"'), slowly(b"yes")]
    assert [piece for piece, _ in read(peer, auth=Digest("a", "b"))] == [b"yes"]
    assert peer.connections == 1
