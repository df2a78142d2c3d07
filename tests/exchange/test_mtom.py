"""Binary content beside the message, the whole way: client to service and back, over both hosts and both versions."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest

import soapkit
from soapkit import Attachment
from soapkit.databinding.annotations import attribute, element, text, xml_type, xsd
from soapkit.databinding.binary import carried_by
from soapkit.databinding.codec import Codecs
from soapkit.errors import DecodeError, EncodeError, Fault, UsageError
from soapkit.exchange.parts import Incoming
from soapkit.soap.attachments import Package
from soapkit.soap.envelope import Envelope
from soapkit.testing import FakeTransport, loopback
from soapkit.transport.values import Request
from soapkit.xml.parse import parse_message

PHOTO = bytes(range(256)) * 8


@xml_type("base64Binary", namespace="http://www.w3.org/2005/05/xmlmime")
class Typed(msgspec.Struct, kw_only=True):
    """xmime:base64Binary: bytes, and what they are."""

    value: Annotated[bytes, text()]
    content_type: Annotated[str | None, attribute("{http://www.w3.org/2005/05/xmlmime}contentType")] = None


class Album(msgspec.Struct, kw_only=True):
    """Binary content in every place it may stand."""

    cover: Annotated[bytes, msgspec.Meta(max_length=4096)] = b""
    photos: list[bytes] = []
    typed: Typed | None = None
    anything: Annotated[Any, element("anything")] = None


class Listed(msgspec.Struct, kw_only=True):
    """Base64 where no part of a message may travel by itself."""

    many: Annotated[list[bytes] | None, element("many"), xsd("list")] = None
    either: bytes | int | None = None
    number: int | None = None


class Damage(msgspec.Struct, kw_only=True):
    photo: bytes


class Broken(soapkit.DeclaredFault[Damage]):
    """A picture that cannot be kept."""


@soapkit.service("urn:album")
class Albums:
    seen: soapkit.Call
    passed: Attachment

    @soapkit.operation(raises=[Broken])
    def keep(self, album: Album, call: soapkit.Call) -> Album:
        Albums.seen = call
        return album

    @soapkit.operation
    def passed_on(self, file: Attachment) -> Attachment:
        Albums.passed = file
        return file

    @soapkit.operation
    def attach(self, name: str, call: soapkit.Call) -> str:
        Albums.seen = call
        call.reply_attachments.append(Attachment(b"answer\r\n", "text/plain", "answer@x"))
        return f"{name}: {', '.join(one.content_type for one in call.attachments)}"


class Recording:
    """A transport that keeps what passes."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.requests: list[Request] = []
        self.responses: list[Any] = []

    def send(self, request: Request) -> Any:
        self.requests.append(request)
        self.responses.append(self.inner.send(request))
        return self.responses[-1]

    def close(self) -> None:
        pass


WSDL = loopback(soapkit.asgi(Albums())).send(Request("http://x/?wsdl", method="GET")).body


@pytest.fixture(params=[soapkit.asgi, soapkit.wsgi])
def application(request: pytest.FixtureRequest) -> Any:
    return request.param(Albums())


def client(application: Any, **settings: Any) -> Any:
    transport = Recording(loopback(application))
    made = soapkit.Client.from_wsdl(WSDL, "http://x/", transport=transport, **settings)
    made.recorded = transport
    return made


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_large_binary_content_travels_beside_the_message_both_ways(application: Any, version: str) -> None:
    with client(application, mtom=True, version=version) as albums:
        kept = albums.keep(album={"cover": PHOTO, "photos": [PHOTO[:1000], PHOTO[1:], b""]})
    assert (kept.cover, kept.photos) == (PHOTO, [PHOTO[:1000], PHOTO[1:], b""])
    (request,), (response,) = albums.recorded.requests, albums.recorded.responses
    assert request.body.count(b"Include") == 2
    assert response.headers["content-type"].startswith('multipart/related; type="application/xop+xml"; start-info="')
    assert response.body.count(b"<xop:Include") == 2
    assert PHOTO in response.body


def test_the_threshold_says_what_travels_beside() -> None:
    application = soapkit.asgi(Albums(), mtom_threshold=10_000)
    with client(application, mtom=True, mtom_threshold=3) as albums:
        albums.keep(album={"cover": b"abc", "photos": [b"ab"]})
    assert albums.recorded.requests[0].body.count(b"Include") == 1
    assert b"Include" not in albums.recorded.responses[0].body


def test_a_service_answers_in_kind_unless_told_otherwise(application: Any) -> None:
    with client(application) as albums:
        albums.keep(album={"cover": PHOTO})
        assert albums.recorded.responses[0].headers["content-type"].startswith("text/xml")
    with client(soapkit.asgi(Albums(), mtom=True)) as albums:
        assert albums.keep(album={"cover": PHOTO}).cover == PHOTO
        assert albums.recorded.responses[0].headers["content-type"].startswith("multipart/related")
    with client(soapkit.asgi(Albums(), mtom=False), mtom=True) as albums:
        assert albums.keep(album={"cover": PHOTO}).cover == PHOTO
        assert albums.recorded.responses[0].headers["content-type"].startswith("text/xml")


@pytest.mark.parametrize("mtom", [True, False])
def test_an_attachment_stands_for_bytes(application: Any, tmp_path: Path, mtom: bool) -> None:
    path = tmp_path / "cover.png"
    path.write_bytes(PHOTO)
    cover = Attachment.from_path(path)
    with client(application, mtom=mtom) as albums:
        assert albums.keep(album={"cover": cover, "photos": [cover]}).photos == [PHOTO]
    if mtom:  # each Include has a part of its own: CXF finds nothing in one that it has read before
        assert [one.content_type for one in Albums.seen.attachments] == ["image/png", "image/png"]


@pytest.mark.parametrize("validate", ["off", "both"])
def test_equal_values_are_parts_of_their_own(application: Any, validate: Any) -> None:
    with client(application, mtom=True, validate=validate) as albums:
        assert albums.keep(album={"cover": PHOTO, "photos": [PHOTO, PHOTO]}).photos == [PHOTO, PHOTO]
        referred = re.findall(rb"cid:([^\"]+)", albums.recorded.requests[0].body)
    assert len(set(referred)) == 3
    assert [one.content_id for one in Albums.seen.attachments] == [name.decode() for name in referred]


@pytest.mark.parametrize("mtom", [True, False])
def test_a_parameter_may_be_an_attachment(application: Any, tmp_path: Path, mtom: bool) -> None:
    path = tmp_path / "large.bin"
    path.write_bytes(PHOTO * 1000)
    with client(application, mtom=mtom) as albums:
        assert albums.passed_on(file=Attachment.from_path(path)) == PHOTO * 1000
    assert Albums.passed.read() == PHOTO * 1000
    assert isinstance(Albums.passed.content, Path) is mtom  # never in memory: from socket to file


def test_what_a_record_says_of_its_bytes_is_said_of_the_part(application: Any) -> None:
    with client(application, mtom=True) as albums:
        kept = albums.keep(album={"typed": {"value": PHOTO, "content_type": "image/png"}})
    assert kept.typed.value == PHOTO
    assert [one.content_type for one in Albums.seen.attachments] == ["image/png"]


def test_async_clients_send_and_get_the_same(application: Any) -> None:
    class Async:
        async def send(self, request: Request) -> Any:
            return loopback(application).send(request)

        async def aclose(self) -> None: ...

    async def main() -> Any:
        albums = await soapkit.AsyncClient.from_wsdl(WSDL, "http://x/", transport=Async(), mtom=True)
        return await albums.with_attachments(Attachment(b"x")).keep(album={"cover": PHOTO})

    assert asyncio.run(main()).cover == PHOTO
    assert [one.size for one in Albums.seen.attachments] == [1, len(PHOTO)]


def test_attachments_travel_without_mtom(application: Any) -> None:
    sent = Attachment(b"one\r\n\r\n--b", "text/csv", "one@x")
    with client(application) as albums:
        exchange = albums.with_attachments(sent).with_exchange.attach(name="n")
    assert exchange.value == "n: text/csv"
    assert Albums.seen.attachments == (sent,)
    assert [(one.content_id, one.read()) for one in exchange.attachments] == [("answer@x", b"answer\r\n")]
    content_type = albums.recorded.requests[0].headers["content-type"]
    assert content_type.startswith('multipart/related; type="text/xml"; start="<')


def test_a_preview_tells_what_would_travel_beside(application: Any) -> None:
    with client(application, mtom=True) as albums:
        preview = albums.preview.keep(album={"cover": PHOTO})
    assert b"xop:Include" in preview.request
    assert [one.size for one in preview.attachments] == [len(PHOTO)]
    assert albums.recorded.requests == []


def test_bodies_are_validated_with_all_that_belongs_to_them() -> None:
    application = soapkit.asgi(Albums(), validate="both")
    with client(application, mtom=True, validate="both") as albums:
        assert albums.keep(album={"cover": PHOTO}).cover == PHOTO
        assert b"<xop:Include" in albums.recorded.requests[0].body


def test_facets_hold_for_what_travels_beside(application: Any) -> None:
    with client(application, mtom=True) as albums, pytest.raises(EncodeError, match="at most 4096 bytes"):
        albums.keep(album={"cover": PHOTO * 3})


def test_two_attachments_of_one_id_are_refused(application: Any) -> None:
    one, other = Attachment(PHOTO, content_id="a@b"), Attachment(PHOTO, content_id="a@b")
    with client(application, mtom=True) as albums, pytest.raises(UsageError, match="content id 'a@b'"):
        albums.keep(album={"photos": [one, other]})


# --- what peers send ----------------------------------------------------------------------------------------------

EMPTY = Envelope.parse(b'<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body/></S:Envelope>')
XMIME = "http://www.w3.org/2005/05/xmlmime"
XOP = "http://www.w3.org/2004/08/xop/include"


def reply(inside: str, *parts: tuple[str, bytes]) -> Any:
    """A reply such as Metro packs it."""
    envelope = (
        '<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body><keepResponse xmlns="urn:album">'
        f"<result>{inside}</result></keepResponse></S:Body></S:Envelope>"
    )
    packed = [
        b"\r\n--uuid:1\r\nContent-Id: <root@x>\r\nContent-Type: "
        b'application/xop+xml;charset=utf-8;type="text/xml"\r\n\r\n' + envelope.encode()
    ]
    packed += [f"\r\n--uuid:1\r\nContent-Id: <{name}>\r\n\r\n".encode() + content for name, content in parts]
    content_type = (
        'multipart/related;start="<root@x>";type="application/xop+xml";boundary="uuid:1";start-info="text/xml"'
    )
    fields = {"Content-Type": content_type}
    return soapkit.testing.Response(200, soapkit.testing.Headers(fields), b"".join(packed) + b"\r\n--uuid:1--")


def include(name: str) -> str:
    return f'<xop:Include xmlns:xop="{XOP}" href="cid:{name}"/>'


def received(inside: str, *parts: tuple[str, bytes]) -> Any:
    with soapkit.Client.from_wsdl(WSDL, "http://x/", transport=FakeTransport(reply(inside, *parts))) as albums:
        return albums.keep(album={})


def test_an_include_reads_as_the_bytes_it_stands_for() -> None:
    photos = f"<photos>{include('a%40b')}</photos><photos>YWJj</photos><photos>\n {include('c')}\n</photos>"
    assert received(photos, ("c", b"\r\n"), ("a@b", PHOTO)).photos == [PHOTO, b"abc", b"\r\n"]


def test_the_content_type_that_peers_write_beside_an_include_is_passed_over() -> None:
    inside = f'<cover xmlns:m="{XMIME}" m:contentType="image/png">{include("a")}</cover>'
    assert received(inside, ("a", PHOTO)).cover == PHOTO


def test_xml_that_is_kept_has_the_bytes_inside() -> None:
    kept = received(f'<anything><x xmlns="">{include("a")}</x></anything>', ("a", b"abc")).anything
    assert b'<x xmlns="">YWJj</x>' in kept.xml


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        (include("b"), "no attachment for 'cid:b'"),
        (f"YWJj{include('a')}", "the only content of its element"),
        (include("a") * 2, "expected base64, or one xop:Include"),
        (f'<xop:Include xmlns:xop="{XOP}"/>', "no attachment for ''"),
        ("<a/>", "has the element a inside"),
    ],
)
def test_an_include_that_stands_for_nothing_is_told_with_its_path(inside: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words) as caught:
        received(f"<photos>YWJj</photos><photos>{inside}</photos>", ("a", b"abc"))
    assert caught.value.problems[0].place.path.endswith("photos[1]")


def test_an_include_stands_for_base64_whatever_the_type() -> None:
    codec = Codecs().codec(Listed)
    with carried_by(Incoming(Package(EMPTY, (Attachment(b"hi", content_id="a"),)))):
        found = codec.decode(
            parse_message(f"<x><many>{include('a')}</many><either>{include('a')}</either></x>".encode())
        )
        assert (found.many, found.either) == ([b"hi"], b"hi")
        with pytest.raises(DecodeError, match=r"x.number: 'aGk=' is not"):
            codec.decode(parse_message(f"<x><number>{include('a')}</number></x>".encode()))
        with pytest.raises(DecodeError, match=r"x.number: the message has no attachment for 'cid:b'"):
            codec.decode(parse_message(f"<x><number>{include('b')}</number></x>".encode()))


def test_what_is_unknown_is_kept_with_the_bytes_inside() -> None:
    transport = FakeTransport(reply(f"<new>{include('a')}</new><newer>{include('b')}</newer>", ("a", b"abc")))
    with soapkit.Client.from_wsdl(WSDL, "http://x/", transport=transport, unknown="lenient") as albums:
        new, newer = soapkit.given_with(albums.keep(album={})).unknown_elements
    assert new.element.text == "YWJj"
    assert newer.element[0].get("href") == "cid:b"  # what refers to nothing stays


@pytest.mark.parametrize("declared", [True, False])
def test_the_detail_of_a_fault_has_the_bytes_inside(declared: bool) -> None:
    name = "Broken" if declared else "Unheard"
    detail = f'<{name} xmlns="urn:album"><photo>{include("a")}</photo></{name}>'
    fault = f"<S:Fault><faultcode>S:Server</faultcode><faultstring>no</faultstring><detail>{detail}</detail></S:Fault>"
    package = reply("", ("a", b"abc"))
    body = re.sub(rb"<keepResponse.*</keepResponse>", fault.encode(), package.body)
    transport = FakeTransport(soapkit.testing.Response(500, package.headers, body))
    with (
        soapkit.Client.from_wsdl(WSDL, "http://x/", transport=transport) as albums,
        pytest.raises(Fault, match="no") as caught,
    ):
        albums.keep(album={})
    detail = caught.value.detail
    assert (detail.photo == b"abc") if declared else (detail[0][0].text == "YWJj")


def test_what_came_beside_a_fault_is_in_its_exchange(serve: Callable[..., str]) -> None:
    async def application(_scope: Any, _receive: Any, send: Any) -> None:
        package = reply("", ("a", b"abc"))
        body = re.sub(
            rb"<keepResponse.*</keepResponse>", b"<S:Fault><faultstring>no</faultstring></S:Fault>", package.body
        )
        fields = [(b"content-type", package.headers["content-type"].encode())]
        await send({"type": "http.response.start", "status": 500, "headers": fields})
        await send({"type": "http.response.body", "body": body})

    with soapkit.Client.from_wsdl(WSDL, serve(application)) as albums, pytest.raises(Fault) as caught:
        albums.keep(album={})
    assert [one.read() for one in caught.value.exchange.attachments] == [b"abc"]


def test_facets_hold_for_what_came_beside() -> None:
    with pytest.raises(DecodeError, match="at most 4096 bytes"):
        received(f"<cover>{include('a')}</cover>", ("a", PHOTO * 3))


def test_a_service_tells_what_is_wrong_with_a_package(application: Any) -> None:
    class Cut:
        def send(self, request: Request) -> Any:
            assert request.stream is not None
            body = b"".join(request.stream)[:-200]
            return loopback(application).send(Request(request.url, body, request.headers))

        def close(self) -> None: ...

    with (
        soapkit.Client.from_wsdl(WSDL, "http://x/", transport=Cut(), mtom=True) as albums,
        pytest.raises(Fault, match="cut short in part 2"),
    ):
        albums.keep(album={"cover": PHOTO})


# --- with security ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def secured() -> Any:
    from soapkit.security import KeyPair, Require, Security, Sign, Timestamp, TrustStore
    from soapkit.security.throwaway import make_authority, make_keypair

    authority = make_authority()
    pair: KeyPair = make_keypair("alice", authority)
    return Security(
        outbound=[Timestamp(), Sign(pair, parts=["Body"])],
        inbound=Require(signed=["Body"], trust=TrustStore.of(authority)),
    )


def test_a_signature_covers_what_travels_beside(secured: Any) -> None:
    application = soapkit.asgi(Albums(), security=secured)
    with client(application, mtom=True, security=secured) as albums:
        assert albums.keep(album={"cover": PHOTO, "photos": [b"small"]}).cover == PHOTO
    (request,), (response,) = albums.recorded.requests, albums.recorded.responses
    assert request.body.count(b"<xop:Include") == response.body.count(b"<xop:Include") == 1


def test_a_changed_part_breaks_the_signature(secured: Any) -> None:
    class Mallory:
        def send(self, request: Request) -> Any:
            assert request.stream is not None
            body = b"".join(request.stream).replace(PHOTO, PHOTO[::-1])
            return loopback(soapkit.asgi(Albums(), security=secured)).send(Request(request.url, body, request.headers))

        def close(self) -> None: ...

    with (
        soapkit.Client.from_wsdl(WSDL, "http://x/", transport=Mallory(), mtom=True, security=secured) as albums,
        pytest.raises(Fault, match="security requirements"),
    ):
        albums.keep(album={"cover": PHOTO})
