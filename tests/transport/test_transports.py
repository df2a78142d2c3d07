"""Transports over real sockets: what passes, and everything that can go wrong."""

import asyncio
import gzip
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from soapkit.errors import ConnectError, LimitError, TimeoutError, TransportError, UsageError
from soapkit.transport.aiohttp import AiohttpTransport
from soapkit.transport.limits import HttpLimits
from soapkit.transport.urllib3 import Urllib3Transport
from soapkit.transport.values import AsyncTransport, Headers, Request, Transport

XML = Headers({"Content-Type": "text/xml", "SOAPAction": '"urn:go"'})


def test_the_transports_keep_their_protocols() -> None:
    assert isinstance(Urllib3Transport(), Transport)
    assert isinstance(AiohttpTransport(), AsyncTransport)


def test_a_request_arrives_as_it_was_sent_and_the_response_as_well(peer: Any, send_any: Any, reply: Any) -> None:
    peer.answers = [reply("200 Fine", b"<reply/>", "Content-Type: text/xml", "X-Twice: a", "X-Twice: b")]
    response = send_any(Request(f"{peer.url}/soap?x=1&y=2", b"<request/>", XML))
    assert (response.status, response.reason, response.body) == (200, "Fine", b"<reply/>")
    assert response.headers["content-type"] == "text/xml"
    assert response.headers["x-twice"] == "a, b"
    (heard,) = peer.heard
    assert heard.line == "POST /soap?x=1&y=2 HTTP/1.1"
    assert heard.body == b"<request/>"
    assert heard.headers["soapaction"] == '"urn:go"'
    assert heard.headers["content-type"] == "text/xml"
    assert heard.headers["content-length"] == "10"
    assert "gzip" in heard.headers["accept-encoding"]


def test_a_get_has_no_body(peer: Any, send: Any) -> None:
    send(Request(peer.url, method="GET"))
    assert peer.heard[0].line == "GET / HTTP/1.1"


@pytest.mark.parametrize("status", ["202 Accepted", "400 Bad", "401 No", "500 Broken", "503 Busy"])
def test_any_status_is_a_response(peer: Any, send_any: Any, reply: Any, status: str) -> None:
    peer.answers = [reply(status)]
    assert send_any(Request(peer.url, b"x")).status == int(status[:3])


def test_a_connection_is_kept(peer: Any, send: Any) -> None:
    send(*[Request(peer.url, b"x")] * 5)
    assert (len(peer.heard), peer.connections) == (5, 1)


def test_many_threads_share_a_transport(peer: Any) -> None:
    transport = Urllib3Transport(connections=4)
    statuses: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: statuses.extend(transport.send(Request(peer.url, b"x")).status for _ in range(20))
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    transport.close()
    assert statuses == [200] * 80
    assert peer.connections <= 4


def test_one_async_transport_serves_several_event_loops(peer: Any) -> None:
    transport = AiohttpTransport()

    async def once() -> int:
        response = await transport.send(Request(peer.url, b"x"))
        await transport.aclose()
        return response.status

    assert [asyncio.run(once()) for _ in range(3)] == [200] * 3


# --- what goes wrong ----------------------------------------------------------------------------------------------


def test_a_port_where_nobody_listens(send_any: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectError, match=rf"^http://localhost:{port}/soap: "):
        send_any(Request(f"http://localhost:{port}/soap", b"x"))


def test_a_host_that_does_not_exist(send_any: Any) -> None:
    with pytest.raises(ConnectError, match=r"no-such-host\.invalid"):
        send_any(Request("http://no-such-host.invalid/", b"x"))


def test_a_password_in_the_address_is_never_told(send_any: Any) -> None:
    with pytest.raises(ConnectError) as caught:
        send_any(Request("http://alice:s3cret@no-such-host.invalid/", b"x"))
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("url", ["ftp://x/", "x", "", "http://", "http://x:99999/", "http://[::1/"])
def test_what_is_no_address_of_a_service(send: Any, url: str) -> None:
    with pytest.raises(UsageError):
        send(Request(url, b"x"))


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb"])
def test_a_header_field_cannot_add_another(peer: Any, send: Any, value: str) -> None:
    with pytest.raises(UsageError, match="cannot be sent"):
        send(Request(peer.url, b"x", Headers({"X-Key": value})))
    assert all("x-evil" not in heard.headers for heard in peer.heard)


def silent(connection: socket.socket, heard: Any) -> None:
    time.sleep(3)


def test_a_peer_that_says_nothing(peer: Any, send_any: Any) -> None:
    peer.answers = [silent]
    started = time.monotonic()
    with pytest.raises(TimeoutError, match="no response in time"):
        send_any(Request(peer.url, b"x", timeout=0.3))
    assert time.monotonic() - started < 2


def test_silence_in_the_middle_of_a_response(peer: Any, send: Any) -> None:
    def stops(connection: socket.socket, heard: Any) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        time.sleep(3)

    peer.answers = [stops]
    with pytest.raises(TimeoutError):
        send(Request(peer.url, b"x"), limits=HttpLimits(read_seconds=0.3))


def test_a_response_that_drips_for_ever_ends_with_the_total_time(peer: Any, send: Any) -> None:
    def drips(connection: socket.socket, heard: Any) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(60):
            connection.sendall(b"x")
            time.sleep(0.05)

    peer.answers = [drips]
    started = time.monotonic()
    with pytest.raises(TimeoutError, match="in time"):
        send(Request(peer.url, b"x", timeout=0.5))
    assert time.monotonic() - started < 2


def test_a_timeout_is_the_builtin_one_too(peer: Any, send: Any) -> None:
    peer.answers = [silent]
    with pytest.raises(__builtins__["TimeoutError"] if isinstance(__builtins__, dict) else __builtins__.TimeoutError):
        send(Request(peer.url, b"x", timeout=0.2))


def hangs_up(connection: socket.socket, heard: Any) -> None:
    raise ConnectionError


def test_a_peer_that_hangs_up_before_it_answers_is_asked_only_once(peer: Any, send_any: Any) -> None:
    peer.answers = [hangs_up]
    with pytest.raises(ConnectError):
        send_any(Request(peer.url, b"x"))
    assert len(peer.heard) == 1


def test_a_peer_that_hangs_up_on_a_kept_connection_is_not_asked_again(peer: Any, send: Any, reply: Any) -> None:
    peer.answers = [reply(), hangs_up]
    with pytest.raises(ConnectError, match="the connection broke"):
        send(Request(peer.url, b"1"), Request(peer.url, b"2"))
    assert [heard.body for heard in peer.heard] == [b"1", b"2"]


def test_a_connection_that_was_closed_while_idle_is_replaced(peer: Any, reply: Any) -> None:
    peer.answers = [reply(close=True), reply()]
    transport = Urllib3Transport()
    transport.send(Request(peer.url, b"1"))
    time.sleep(0.1)
    assert transport.send(Request(peer.url, b"2")).status == 200
    transport.close()


LARGE = b"x" * 20_000_000


class Pieces:
    def __len__(self) -> int:
        return len(LARGE)

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(LARGE), 250_000):
            yield LARGE[start : start + 250_000]


@pytest.mark.parametrize("stream", [None, Pieces()])
def test_an_answer_is_heard_before_the_request_is_sent_whole(peer: Any, reply: Any, stream: Any) -> None:
    peer.early, peer.answers = True, [reply("413 Content Too Large", b"too much")]
    request = Request(peer.url, LARGE, timeout=20, stream=stream)
    transport = Urllib3Transport()
    for each in (request, request, Request(peer.url, b"small", timeout=20)):
        response = transport.send(each)
        assert (response.status, response.body) == (413, b"too much")
    assert peer.connections == 3  # none of them was good for another request
    transport.close()


@pytest.mark.parametrize("stream", [None, Pieces()])
def test_an_answer_is_heard_in_an_event_loop_likewise(peer: Any, reply: Any, stream: Any) -> None:
    peer.early, peer.answers = True, [reply("413 Content Too Large", b"too much")]

    async def main() -> bytes:
        transport = AiohttpTransport()
        response = await transport.send(Request(peer.url, LARGE, timeout=20, stream=stream))
        await transport.aclose()
        peer.stop()
        while peer.serving:  # till then, asyncio keeps what was not sent
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        return response.body

    assert asyncio.run(main()) == b"too much"


@pytest.mark.parametrize("stream", [None, Pieces()])
def test_what_comes_before_an_answer_is_none(peer: Any, send: Any, stream: Any) -> None:
    peer.before = b"HTTP/1.1 100 Continue\r\n\r\n"  # as old services say unasked
    request = Request(peer.url, LARGE, timeout=20, stream=stream)
    assert send(request, request, Request(peer.url, b"small", timeout=20)).status == 200
    assert [heard.body for heard in peer.heard] == [LARGE, LARGE, b"small"]


@pytest.mark.parametrize("stream", [None, Pieces()])
def test_an_answer_that_is_written_while_the_request_is_read_gets_the_rest_of_it(
    peer: Any, send: Any, stream: Any
) -> None:
    """As Metro answers with what it was sent: it waits for all of that, and the end of the answer comes after it."""
    peer.before = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
    peer.answers = [lambda connection, heard: connection.sendall(b"ok")]
    response = send(Request(peer.url, LARGE, timeout=20, stream=stream))
    assert (response.status, response.body) == (200, b"ok")
    assert [heard.body for heard in peer.heard] == [LARGE]


def test_a_peer_that_hangs_up_half_way(peer: Any, send_any: Any) -> None:
    def cut(connection: socket.socket, heard: Any) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        raise ConnectionError

    peer.answers = [cut]
    with pytest.raises(ConnectError, match="broke"):
        send_any(Request(peer.url, b"x"))


def test_a_peer_that_hangs_up_between_chunks(peer: Any, send: Any) -> None:
    def cut(connection: socket.socket, heard: Any) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
        raise ConnectionError

    peer.answers = [cut]
    with pytest.raises(ConnectError, match="broke"):
        send(Request(peer.url, b"x"))


def test_a_chunked_response(peer: Any, send_any: Any) -> None:
    def chunked(connection: socket.socket, heard: Any) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in (b"4\r\nhalf\r\n", b"6\r\n, half\r\n", b"0\r\n\r\n"):
            time.sleep(0.02)
            connection.sendall(piece)

    peer.answers = [chunked]
    assert send_any(Request(peer.url, b"x")).body == b"half, half"


def test_a_response_that_ends_with_the_connection(peer: Any, send_any: Any) -> None:
    def until_close(connection: socket.socket, heard: Any) -> None:
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nall there is")
        raise ConnectionError

    peer.answers = [until_close]
    assert send_any(Request(peer.url, b"x")).body == b"all there is"


def test_a_peer_that_does_not_speak_http(peer: Any, send_any: Any) -> None:
    def garbage(connection: socket.socket, heard: Any) -> None:
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        raise ConnectionError

    peer.answers = [garbage]
    with pytest.raises(TransportError):
        send_any(Request(peer.url, b"x"))


# --- sizes and codings --------------------------------------------------------------------------------------------


def test_an_announced_length_beyond_the_limit_is_refused_at_once(peer: Any, send: Any) -> None:
    def announces(connection: socket.socket, heard: Any) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n")
        time.sleep(3)

    peer.answers = [announces]
    with pytest.raises(LimitError, match="1,001 bytes; at most 1,000"):
        send(Request(peer.url, b"x"), limits=HttpLimits(bytes=1000))


def test_a_body_that_grows_beyond_the_limit_is_refused(peer: Any, send_any: Any) -> None:
    def endless(connection: socket.socket, heard: Any) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(1000):
            connection.sendall(b"x" * 10_000)

    peer.answers = [endless]
    with pytest.raises(LimitError, match="more than the 100,000 bytes"):
        send_any(Request(peer.url, b"x"), limits=HttpLimits(bytes=100_000))


def raw_deflate(body: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(body) + compressor.flush()


@pytest.mark.parametrize(
    ("coding", "packed"),
    [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", raw_deflate)],
)
def test_a_compressed_response_is_expanded(peer: Any, send: Any, reply: Any, coding: str, packed: Any) -> None:
    body = b"<reply>" + b"abc" * 50_000 + b"</reply>"
    peer.answers = [reply("200 OK", packed(body), f"Content-Encoding: {coding}")]
    assert send(Request(peer.url, b"x")).body == body


def test_a_compression_bomb_is_refused_before_it_is_expanded(peer: Any, send_any: Any, reply: Any) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000, mtime=0)
    peer.answers = [reply("200 OK", bomb, "Content-Encoding: gzip")]
    with pytest.raises(LimitError, match=r"expands more than 200-fold|more than the 20,000,000 bytes"):
        send_any(Request(peer.url, b"x"), limits=HttpLimits(bytes=20_000_000))


@pytest.mark.parametrize("body", [gzip.compress(b"x" * 1000, mtime=0)[:-9], b"not gzip at all", b"\x1f\x8b"])
def test_a_damaged_compressed_body(peer: Any, send: Any, reply: Any, body: bytes) -> None:
    peer.answers = [reply("200 OK", body, "Content-Encoding: gzip")]
    with pytest.raises(TransportError, match="gzip body is"):
        send(Request(peer.url, b"x"))


def test_a_coding_that_was_not_asked_for(peer: Any, send: Any, reply: Any) -> None:
    peer.answers = [reply("200 OK", b"x", "Content-Encoding: br")]
    with pytest.raises(TransportError, match="'br'"):
        send(Request(peer.url, b"x"))


def test_an_empty_body_may_be_called_compressed(peer: Any, send: Any, reply: Any) -> None:
    peer.answers = [reply("202 Accepted", b"", "Content-Encoding: gzip")]
    assert send(Request(peer.url, b"x")).body == b""


def test_a_request_is_compressed_when_asked(peer: Any, send: Any) -> None:
    send(Request(peer.url, b"<request/>" * 100), gzip=True)
    (heard,) = peer.heard
    assert heard.headers["content-encoding"] == "gzip"
    assert gzip.decompress(heard.body) == b"<request/>" * 100
