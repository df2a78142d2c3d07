"""What is wrong with a message is told with line and column, by clients, services and `soapkit.decode`."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from typing import Any

import pytest
from lxml import etree

import soapkit
from soapkit.errors import DecodeError, Place, ValidationError
from soapkit.security import Encrypt, Require, Security, Sign, Timestamp, TrustStore
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.soap.wire import unpack
from soapkit.testing import FakeTransport, loopback
from soapkit.transport.values import Headers, Request, Response
from soapkit.xml.names import SOAP11, XOP
from soapkit.xml.parse import parse_message


@dataclass
class Line:
    item: str
    qty: int


@dataclass
class Order:
    number: int
    lines: list[Line]


@soapkit.service("urn:orders")
class Orders:
    @soapkit.operation
    def place(self, order: Order) -> Order:
        return order


ORDER = """<order>
  <number>7</number>
  <lines><item>nut</item><qty>1</qty></lines>  <lines><item>bolt</item> <qty>many</qty></lines>
  <lines><qty>2</qty></lines>
</order>"""


def places(error: soapkit.SoapkitError) -> list[tuple[str, int | None, int | None]]:
    return [(problem.place.path, problem.place.line, problem.place.column) for problem in error.problems]


def test_each_problem_of_a_message_has_path_line_and_column() -> None:
    with pytest.raises(DecodeError) as caught:
        soapkit.decode(ORDER, Order)
    assert places(caught.value) == [("order.lines[1].qty", 3, 73), ("order.lines[2]", 4, 3)]
    assert str(caught.value).startswith("line 3, column 73: order.lines[1].qty: 'many' is not xs:long")


def test_a_tree_has_lines_only() -> None:
    with pytest.raises(DecodeError) as caught:
        soapkit.decode(etree.fromstring(ORDER), Order)
    assert caught.value.place.line == 3
    assert caught.value.place.column is None


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "utf-8-sig"])
def test_columns_count_characters_in_any_encoding(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?><order c="ü"><number>x</number></order>'
    with pytest.raises(DecodeError) as caught:
        soapkit.decode(text.encode(encoding), Order)
    assert caught.value.problems[-1].place == Place(line=1, column=text.index("<number>") + 1, path="order.number")


def test_a_start_tag_of_several_lines_stands_where_it_begins() -> None:
    with pytest.raises(DecodeError) as caught:
        soapkit.decode(b"<order>\n <number\n xmlns:a='urn:a'\n >x</number></order>", Order)
    assert places(caught.value) == [("order.number", 2, 2)]


def test_so_does_one_beyond_the_lines_that_the_parser_counts() -> None:
    lines = "<lines><item>nut\n</item><qty>1</qty></lines>\n" * 40_000
    with pytest.raises(DecodeError) as caught:
        soapkit.decode(
            f"<order><number>7</number>\n{lines} <lines><item>\nnut</item><qty>x</qty></lines></order>", Order
        )
    assert places(caught.value) == [("order.lines[40000].qty", 80_003, 11)]


WSDL = loopback(soapkit.asgi(Orders())).send(Request("http://x/?wsdl", method="GET")).body
ENVELOPE = """<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><placeResponse xmlns="urn:orders">
  <result><number>x</number></result></placeResponse></s:Body></s:Envelope>"""


def test_a_client_tells_the_column_of_what_it_cannot_read_in_a_reply() -> None:
    with (
        soapkit.Client.from_wsdl(WSDL, "http://x/", transport=FakeTransport(ENVELOPE.encode())) as orders,
        pytest.raises(DecodeError) as caught,
    ):
        orders.place(order={"number": 1, "lines": []})
    assert (caught.value.place.line, caught.value.place.column) == (2, 11)


def test_so_does_one_that_validates() -> None:
    with (
        soapkit.Client.from_wsdl(
            WSDL, "http://x/", transport=FakeTransport(ENVELOPE.encode()), validate="in"
        ) as orders,
        pytest.raises(ValidationError) as caught,
    ):
        orders.place(order={"number": 1, "lines": []})
    assert (caught.value.place.line, caught.value.place.column) == (2, 11)


@pytest.mark.parametrize("settings", [{}, {"validate": "in"}])
def test_a_service_with_details_tells_the_column_of_what_it_cannot_read(settings: dict[str, Any]) -> None:
    request = ENVELOPE.replace("placeResponse", "place").replace("result>", "order>")
    application = loopback(soapkit.asgi(Orders(), details=True, **settings))
    headers = Headers((("Content-Type", "text/xml"),))
    reply = application.send(Request("http://x/", body=request.encode(), headers=headers))
    assert reply.status == 500
    assert b"line 2, column 10" in reply.body


def said(reply: Response) -> str:
    return " ".join(parse_message(reply.body).itertext("{*}faultstring"))


def ask(request: bytes, content_type: str = "text/xml", service: object = None, **settings: Any) -> str:
    """What a service with details says is wrong with a request."""
    headers = Headers((("Content-Type", content_type), *settings.pop("fields", ())))
    application = loopback(soapkit.asgi(service or Orders(), details=True, **settings))
    return said(application.send(Request("http://x/", body=request, headers=headers)))


REQUEST = ENVELOPE.replace("placeResponse", "place").replace("result>", "order>").encode()
WRONG = "line 2, column 10: place.order.number: 'x' is not xs:long"


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(REQUEST)),
        ("deflate", zlib.compress(REQUEST)),
        ("deflate", zlib.compress(REQUEST)[2:-4]),
    ],
    ids=["gzip", "deflate", "deflate without its wrapping"],
)
def test_columns_count_in_what_was_compressed(coding: str, body: bytes) -> None:
    assert ask(body, fields=(("Content-Encoding", coding),)).startswith(WRONG)


def test_they_count_in_the_root_part_of_a_message_with_attachments() -> None:
    body = b"--b\r\nContent-ID: <a>\r\n\r\n<x/>\r\n--b\r\nContent-Type: text/xml\r\nContent-ID: <r>\r\n\r\n"
    content_type = 'multipart/related; type="text/xml"; boundary=b; start="<r>"'
    assert ask(body + REQUEST + b"\r\n--b--\r\n", content_type).startswith(WRONG)


def test_they_count_in_a_message_whose_charset_is_not_the_one_it_declares() -> None:
    declared = b"<?xml version='1.0' encoding='iso-8859-1'?>" + REQUEST.replace(b">x<", ">ü<".encode())
    assert ask(declared, "text/xml; charset=utf-8").startswith(WRONG.replace("x", "ü", 1))


@dataclass
class Picture:
    data: bytes
    width: int


@soapkit.service("urn:pictures")
class Pictures:
    @soapkit.operation
    def put(self, picture: Picture) -> int:
        return picture.width


INCLUDED = f"""<s:Envelope xmlns:s="{SOAP11}"><s:Body><put xmlns="urn:pictures"><picture>
<data><i:Include xmlns:i="{XOP}" href="cid:a"/></data> <width>x</width></picture></put></s:Body></s:Envelope>"""


@pytest.mark.parametrize("settings", [{}, {"validate": "in"}])
def test_an_include_does_not_shift_what_comes_after_it(settings: dict[str, Any]) -> None:
    root = b'--b\r\nContent-Type: application/xop+xml; type="text/xml"\r\n\r\n' + INCLUDED.encode()
    content_type = 'multipart/related; type="application/xop+xml"; start-info="text/xml"; boundary=b'
    told = ask(root + b"\r\n--b\r\nContent-ID: <a>\r\n\r\nxyz\r\n--b--", content_type, Pictures(), **settings)
    column = INCLUDED.splitlines()[1].index("<width>") + 1
    assert told.startswith(f"line 2, column {column}: ")


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("<place ", "<plaice ", "Envelope/Body/plaice"),
        ("<s:Body>", "<s:Header/><s:Header/><s:Body>", "Envelope/Header[2]"),
        ("</s:Body>", "<b/></s:Body>", "Envelope/Body"),
        ("<s:Body>", "<s:Header><h/></s:Header><s:Body>", "Envelope/Header/h"),
    ],
)
def test_so_it_is_where_no_value_is_wrong_but_the_message(old: str, new: str, path: str) -> None:
    name = path.rpartition("/")[2].partition("[")[0]
    request = REQUEST.decode().replace(old, new).replace("</place>", "</plaice>" if name == "plaice" else "</place>")
    column = request.rindex(f"<s:{name}" if name[0].isupper() else f"<{name}") + 1
    assert ask(request.encode()).startswith(f"message:1:{column}: {path}: ")


def test_a_processing_instruction_is_told_with_its_line() -> None:
    assert ask(REQUEST.replace(b"<order>", b"<?a b?><order>")).startswith("request:2: a message may not carry")


@soapkit.service("urn:orders", style="rpc")
class Called:
    @soapkit.operation
    def place(self, order: Order) -> Order:
        return order


def test_what_is_read_though_its_names_are_wrong_is_told_where_it_stands() -> None:
    body = f"<c:place xmlns:c='urn:orders'><c:order>\n{ORDER[7:-8]}</c:order></c:place>"
    body = body.replace("<number", "<number xmlns='urn:orders'").replace("<lines", "<lines xmlns='urn:orders'")
    envelope = f'<s:Envelope xmlns:s="{SOAP11}"><s:Body>{body}</s:Body></s:Envelope>'
    column = envelope.splitlines()[3].rindex("<qty>") + 1
    told = ask(envelope.encode(), service=Called())
    assert told.startswith(f"line 4, column {column}: place.order.lines[1].qty: 'many'")


def test_what_was_encrypted_is_told_with_its_place_in_the_decrypted_message() -> None:
    authority = make_authority()
    alice, bob = make_keypair("alice", authority), make_keypair("bob", authority)
    sender = Security(outbound=[Timestamp(), Sign(alice), Encrypt(to=bob.certificate)])
    trust = TrustStore([authority.certificate])

    def receiver() -> Security:
        return Security(inbound=Require(signed=["Body"], encrypted=["Body"], trust=trust, key=bob))

    secured = sender.apply(unpack(REQUEST)).to_bytes()
    decrypted = receiver().verify(unpack(secured)).envelope.to_bytes().decode()
    line = decrypted[: decrypted.index("<number>")].count("\n") + 1
    assert ask(secured, security=receiver()).startswith(f"decrypted message:{line}:10: place.order.number: 'x'")
