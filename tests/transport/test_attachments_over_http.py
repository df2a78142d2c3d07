"""Attachments over real sockets: from file to socket, from socket to file."""

import asyncio
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from soapkit.attachment import Attachment
from soapkit.errors import HttpError, MessageError
from soapkit.soap.attachments import pack_package, unpack_package
from soapkit.soap.envelope import Draft
from soapkit.soap.version import SOAP_1_1, SOAP_1_2
from soapkit.soap.xop import include
from soapkit.transport.binding import package_of, package_of_request, request_for, response_for
from soapkit.transport.coding import compress
from soapkit.transport.limits import HttpLimits
from soapkit.transport.urllib3 import Urllib3Transport
from soapkit.transport.values import Headers, Response

PHOTO = Attachment(bytes(range(256)) * 100, "image/png", "photo@x")
ENVELOPE = Draft(SOAP_1_1, f'<p:put xmlns:p="urn:p"><p:photo>{include(PHOTO)}</p:photo></p:put>').to_bytes()


SPOKEN = Draft(SOAP_1_2, "words").to_bytes()


def package_reply(reply: Any, attachment: Attachment = PHOTO) -> Any:
    body, fields = pack_package(ENVELOPE, SOAP_1_1, None, [attachment])
    return reply("200 OK", b"".join(body), *(f"{name}: {value}" for name, value in fields))


def test_a_request_takes_its_attachments_along(peer: Any, send_any: Any) -> None:
    request = request_for(peer.url, SOAP_1_1, "urn:put", ENVELOPE, attachments=[PHOTO])
    assert send_any(request).status == 200
    (heard,) = peer.heard
    assert heard.headers["soapaction"] == '"urn:put"'
    assert "transfer-encoding" not in heard.headers
    package = unpack_package(heard.body, heard.headers["content-type"])
    assert package.attachments == (PHOTO,)
    assert package.envelope.to_bytes() == ENVELOPE


def test_a_reply_brings_its_attachments(peer: Any, send_any: Any, reply: Any) -> None:
    peer.answers = [package_reply(reply)]
    response = send_any(request_for(peer.url, SOAP_1_1, "", ENVELOPE))
    assert response.body == b""
    package = package_of(response, SOAP_1_1)
    assert package is not None
    assert package.attachments == (PHOTO,)


def test_a_transport_that_knows_no_sinks_brings_attachments_too() -> None:
    body, fields = pack_package(ENVELOPE, SOAP_1_1, None, [PHOTO])
    package = package_of(Response(200, Headers(fields), b"".join(body)), SOAP_1_1)
    assert package is not None
    assert package.attachments == (PHOTO,)


def test_a_service_answers_with_attachments() -> None:
    response = response_for(SOAP_1_1, ENVELOPE, attachments=[PHOTO], xop=True)
    assert response.headers["content-type"].startswith('multipart/related; type="application/xop+xml"')
    assert response.stream is not None
    package = unpack_package(b"".join(response.stream), response.headers["content-type"])
    assert package.attachments == (PHOTO,)


def test_a_service_reads_requests_with_attachments_and_codings() -> None:
    request = request_for("http://x/", SOAP_1_1, "urn:put", ENVELOPE, attachments=[PHOTO])
    assert request.stream is not None
    body = compress(b"".join(request.stream))
    package = package_of_request(body, request.headers.with_(("Content-Encoding", "gzip")))
    assert package.attachments == (PHOTO,)


@pytest.mark.parametrize(
    ("fields", "body", "words"),
    [
        ({"Content-Type": "text/xml", "Content-Encoding": "br"}, ENVELOPE, "'br'"),
        ({"Content-Type": "text/xml", "Content-Encoding": "gzip"}, ENVELOPE, "damaged"),
        ({"Content-Type": "multipart/related; boundary=b"}, b"", "its boundary never comes"),
        ({"Content-Type": "text/xml"}, b"", "an empty body"),
        ({"Content-Type": "application/soap+xml"}, SPOKEN, "may hold no text"),
    ],
)
def test_a_service_refuses_a_request_that_breaks_a_rule(fields: dict[str, str], body: bytes, words: str) -> None:
    with pytest.raises(MessageError, match=words):
        package_of_request(body, Headers(fields))


def test_a_broken_package_is_told(peer: Any, send: Any, reply: Any) -> None:
    peer.answers = [reply("200 OK", b"nothing", "Content-Type: multipart/related; boundary=b; type=text/xml")]
    with pytest.raises(MessageError, match="its boundary never comes"):
        package_of(send(request_for(peer.url, SOAP_1_1, "", ENVELOPE)), SOAP_1_1)


def test_a_page_in_place_of_a_package_is_told(peer: Any, send: Any, reply: Any) -> None:
    peer.answers = [reply("404 Not Found", b"<html></html>", "Content-Type: text/html")]
    with pytest.raises(HttpError, match="no service at this address"):
        package_of(send(request_for(peer.url, SOAP_1_2, "", ENVELOPE, attachments=[PHOTO])), SOAP_1_2)


@pytest.mark.parametrize("kind", ["urllib3", "aiohttp"])
def test_64_megabytes_go_out_and_come_in_with_little_memory(
    peer: Any, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from soapkit.transport.aiohttp import AiohttpTransport

    size = 64 * 1024 * 1024
    source = tmp_path / "large.bin"
    with source.open("wb") as stream:
        stream.truncate(size)
    packed, fields = pack_package(ENVELOPE, SOAP_1_1, None, [Attachment.from_path(source)])

    def answer(connection: Any, heard: Any) -> None:
        head = "".join(f"{name}: {value}\r\n" for name, value in fields)
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {packed.size}\r\n{head}\r\n".encode())
        for piece in packed:
            connection.sendall(piece)

    peer.answers, peer.discard = [answer], True
    request = request_for(peer.url, SOAP_1_1, "", ENVELOPE, attachments=[Attachment.from_path(source)])
    limits = HttpLimits(bytes=2 * size)

    async def main() -> Response:
        transport = AiohttpTransport(limits=limits)
        try:
            return await transport.send(request)
        finally:
            await transport.aclose()

    tracemalloc.start()
    if kind == "aiohttp":
        response = asyncio.run(main())
    else:
        transport = Urllib3Transport(limits=limits)
        response = transport.send(request)
        transport.close()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    package = package_of(response, SOAP_1_1)
    assert package is not None
    assert package.attachments[0].size == size
    assert int(peer.heard[0].headers["content-length"]) > size
    assert peak < 10 * 1024 * 1024
