"""Requests that are like those before them are read without a tree, and nobody can tell."""

from __future__ import annotations

import gzip

import pytest
from msgspec import Struct

import soapkit
from soapkit.exchange.flow import run
from soapkit.server.host import endpoint_for
from soapkit.server.http import HttpRequest
from soapkit.transport.values import Headers, Response

SOAP = {"1.1": "http://schemas.xmlsoap.org/soap/envelope/", "1.2": "http://www.w3.org/2003/05/soap-envelope"}
MEDIA_TYPE = {"1.1": "text/xml; charset=utf-8", "1.2": "application/soap+xml; charset=utf-8"}


class Item(Struct):
    n: int


@soapkit.service("urn:example:sums")
class Sums:
    """Tells what it was sent, too."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.without_tree = 0

    @soapkit.operation
    def add(self, a: int, b: int, note: str = "", *, call: soapkit.Call) -> int:
        self.without_tree += type(call.message).__name__ == "Unparsed"
        self.seen.append(str(call.envelope.content[0].tag))
        return a + b


def body(content: str, version: str = "1.1", header: str = "") -> bytes:
    return (
        f'<s:Envelope xmlns:s="{SOAP[version]}">{header}<s:Body><add xmlns="urn:example:sums">{content}</add></s:Body>'
        "</s:Envelope>"
    ).encode()


def post(endpoint: object, data: bytes, version: str = "1.1", **fields: str) -> Response:
    headers = Headers({"Content-Type": MEDIA_TYPE[version], **{k.replace("_", "-"): v for k, v in fields.items()}})
    return run(endpoint.respond(HttpRequest("POST", "/", headers=headers, body=data)))  # type: ignore[attr-defined]


PLAIN = "<a>2</a><b>3</b><note>x</note>"


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_later_requests_need_no_tree_and_still_have_one(version: str) -> None:
    service = Sums()
    endpoint = endpoint_for(service)
    replies = [post(endpoint, body(PLAIN, version), version) for _ in range(8)]
    assert len({(reply.status, reply.body) for reply in replies}) == 1
    assert b">5<" in replies[-1].body
    assert service.without_tree >= 4
    assert service.seen == ["{urn:example:sums}add"] * 8


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("a number that is none", body("<a>x</a><b>3</b>")),
        ("an element that is missing", body("<b>3</b>")),
        ("an element too many", body(PLAIN + "<c/>")),
        ("a message cut short", body(PLAIN)[:-5]),
        (
            "a header block that must be understood",
            body(PLAIN, header='<s:Header><h s:mustUnderstand="1"/></s:Header>'),
        ),
        ("a DOCTYPE", b"<!DOCTYPE a>" + body(PLAIN)),
        ("a processing instruction", body(PLAIN) + b"<?a b?>"),
        ("another operation", body(PLAIN).replace(b"add", b"sub")),
        ("the envelope of another version", body(PLAIN, "1.2")),
    ],
)
def test_what_is_wrong_is_told_the_same_first_and_later(said: str, message: bytes) -> None:
    used = endpoint_for(Sums())
    for _ in range(8):
        assert post(used, body(PLAIN)).status == 200
    first, later = post(endpoint_for(Sums()), message), post(used, message)
    assert (later.status, later.body) == (first.status, first.body), said


def test_a_compressed_request_needs_no_tree_either() -> None:
    service = Sums()
    endpoint = endpoint_for(service)
    for _ in range(8):
        assert post(endpoint, gzip.compress(body(PLAIN)), Content_Encoding="gzip").status == 200
    assert service.without_tree >= 4


def test_an_envelope_in_another_media_type_is_answered_in_its_own_version() -> None:
    endpoint = endpoint_for(Sums())
    replies = {post(endpoint, body(PLAIN, "1.2"), "1.1").body for _ in range(8)}
    assert len(replies) == 1
    assert SOAP["1.2"].encode() in replies.pop()


def test_a_large_request_is_read_in_pieces() -> None:
    @soapkit.service("urn:example:sums")
    class Many:
        @soapkit.operation
        def add(self, item: list[Item]) -> int:
            return sum(one.n for one in item)

    message = body("".join(f"<item><n>{n}</n></item>" for n in range(60_000)))
    reply = post(endpoint_for(Many()), message)
    assert len(message) > 1_000_000
    assert b">1799970000<" in reply.body
