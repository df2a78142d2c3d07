"""swaRef: a URI in the message whose value is the attachment that it refers to (WS-I Attachments Profile 1.0, 4.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import soapkit
from soapkit import Attachment
from soapkit.codegen.generate import generated
from soapkit.databinding.annotations import element, xsd
from soapkit.errors import DecodeError, Fault
from soapkit.security import Require, Security, Sign, Timestamp, TrustStore
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.soap.attachments import pack_package
from soapkit.soap.version import SOAP_1_1
from soapkit.testing import loopback
from soapkit.transport.values import Headers, Request
from soapkit.wsdl.load import load_contract

Reference = Annotated[Attachment, xsd("anyURI")]
SCAN = Attachment(b"%PDF\r\n" * 300, "application/pdf", "a scan@example")


class Paper(msgspec.Struct, kw_only=True):
    title: str = ""
    scan: Annotated[Reference | None, element("scan")] = None
    pages: list[Reference] = []


class Torn(soapkit.DeclaredFault[Paper]):
    """A paper that cannot be kept."""


@soapkit.service("urn:papers")
class Papers:
    came: tuple[Attachment, ...] = ()

    @soapkit.operation(raises=[Torn])
    def keep(self, paper: Paper, call: soapkit.Call) -> Paper:
        Papers.came = call.attachments
        if paper.title == "torn":
            raise Torn(paper)
        return paper

    @soapkit.operation
    def each(self) -> Iterator[Paper]:
        yield Paper(scan=SCAN)


def wsdl_of(app: Any) -> bytes:
    return loopback(app).send(Request("http://x/?wsdl", method="GET")).body


def client(app: Any, **settings: Any) -> Any:
    return soapkit.Client.from_wsdl(wsdl_of(app), "http://x/", transport=loopback(app), **settings)


@pytest.mark.parametrize("host", [soapkit.asgi, soapkit.wsgi])
@pytest.mark.parametrize("settings", [{}, {"mtom": True}, {"version": "1.2"}], ids=["1.1", "MTOM", "1.2"])
def test_what_is_referred_to_travels_beside_the_message(host: Any, settings: dict[str, Any]) -> None:
    kept = client(host(Papers()), **settings).keep(paper={"scan": SCAN, "pages": [b"one", Attachment(b"", "text/x")]})
    assert (kept.scan.read(), kept.scan.content_type) == (SCAN.read(), "application/pdf")
    assert [page.read() for page in kept.pages] == [b"one", b""]
    assert Papers.came[0].content_id == SCAN.content_id
    assert len(Papers.came) == 3


def test_one_attachment_may_be_referred_to_twice() -> None:
    kept = client(soapkit.asgi(Papers())).keep(paper={"scan": SCAN, "pages": [SCAN]})
    assert kept.pages[0] == kept.scan
    assert len(Papers.came) == 1


def test_a_uri_may_be_given_with_the_attachment_beside() -> None:
    app = soapkit.asgi(Papers())
    kept = client(app).with_attachments(SCAN).keep(paper={"scan": "cid:a%20scan@example"})
    assert kept.scan.read() == SCAN.read()


def test_nothing_travels_beside_a_message_that_refers_to_nothing() -> None:
    exchange = client(soapkit.asgi(Papers())).with_exchange.keep(paper={"title": "x"})
    assert exchange.value.scan is None
    assert exchange.response_headers["content-type"].startswith("text/xml")


def sent(app: Any, uri: str, *beside: Attachment) -> bytes:
    message = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><keep xmlns="urn:papers">'
        f"<paper><title>x</title><scan>{uri}</scan></paper></keep></s:Body></s:Envelope>"
    ).encode()
    fields: dict[str, str] = {"Content-Type": "text/xml"}
    if beside:
        pieces, packed = pack_package(message, SOAP_1_1, None, beside)
        message, fields = b"".join(pieces), dict(packed)
    headers = Headers({**fields, "SOAPAction": '""'})
    return loopback(app).send(Request("http://x/", method="POST", headers=headers, body=message)).body


@pytest.mark.parametrize("beside", [(), (SCAN,)], ids=["nothing beside", "another beside"])
def test_a_reference_to_nothing_is_refused_with_its_place(beside: tuple[Attachment, ...]) -> None:
    told = sent(soapkit.asgi(Papers(), details=True), "cid:gone", *beside).decode()
    assert "keep.paper.scan: 'cid:gone' is not swaRef: the message has no attachment for 'cid:gone'" in told


@pytest.mark.parametrize("call", ["each", "torn"])
def test_where_nothing_travels_beside_the_uri_holds_the_attachment(call: str) -> None:
    papers = client(soapkit.asgi(Papers()))
    if call == "each":
        (paper,) = papers.each()
    else:
        with pytest.raises(Fault) as caught:
            papers.keep(paper={"title": "torn", "scan": SCAN})
        paper = caught.value.detail
    assert (paper.scan.read(), paper.scan.content_type) == (SCAN.read(), "application/pdf")


def test_the_contract_says_swa_ref_and_generated_code_attachment(tmp_path: Any) -> None:
    path = tmp_path / "papers.wsdl"
    path.write_bytes(wsdl_of(soapkit.asgi(Papers())))
    assert b'targetNamespace="http://ws-i.org/profiles/basic/1.1/xsd"' in path.read_bytes()
    source = generated(load_contract(path), "papers").files["papers.py"]
    assert 'scan: Annotated[Attachment | None, element("scan"), xsd("anyURI")] = None' in source


# --- outside of a message -----------------------------------------------------------------------------------------


@given(st.binary(max_size=50), st.sampled_from(["image/png", "text/xml; charset=utf-8", 'a/b; n="x,y;base64"', "ä/ö"]))
def test_alone_a_value_is_a_data_uri_that_holds_it(content: bytes, media_type: str) -> None:
    paper = Paper(title="x", scan=Attachment(content, media_type))
    back = soapkit.decode(soapkit.encode(paper), Paper)
    assert back.scan is not None
    assert (back.scan.read(), back.scan.content_type) == (content, media_type)


@pytest.mark.parametrize(
    ("uri", "content", "media_type"),
    [
        ("data:,a%20b", b"a b", "text/plain;charset=US-ASCII"),
        ("DATA:;charset=utf-8,%c3%a4", b"\xc3\xa4", "text/plain;charset=utf-8"),
        ("data:image/png;BASE64,QUJD", b"ABC", "image/png"),
        ("data:;base64,QUJD", b"ABC", "text/plain;charset=US-ASCII"),
        ("data:text/x;q=%22,%22", b'"', 'text/x;q="'),
    ],
)
def test_data_uris_are_read_as_rfc_2397_has_them(uri: str, content: bytes, media_type: str) -> None:
    read = soapkit.decode(f"<Paper><title/><scan>{uri}</scan></Paper>", Paper).scan
    assert read is not None
    assert (read.read(), read.content_type) == (content, media_type)


@pytest.mark.parametrize("uri", ["data:image/png", "data:image/png;base64,Q", "cid:x", "http://x/"])
def test_what_holds_nothing_is_refused(uri: str) -> None:
    with pytest.raises(DecodeError, match=r"Paper\.scan"):
        soapkit.decode(f"<Paper><title/><scan>{uri}</scan></Paper>", Paper)


# --- signed -------------------------------------------------------------------------------------------------------

AUTHORITY = make_authority()
ALICE, SERVER = make_keypair("alice", AUTHORITY), make_keypair("server", AUTHORITY)


def security(own: Any, *parts: str, wanted: tuple[str, ...] = ("Body", "Timestamp")) -> Security:
    signed = ["Body", "Timestamp", *parts]
    return Security(
        outbound=[Timestamp(), Sign(own, parts=signed)],
        inbound=Require(signed=list(wanted), trust=TrustStore.of(AUTHORITY)),
    )


def test_what_a_signed_body_refers_to_is_signed_too() -> None:
    app = soapkit.asgi(Papers(), security=security(SERVER, "Attachments"))
    kept = client(app, security=security(ALICE, "Attachments")).keep(paper={"scan": SCAN})
    assert kept.scan.read() == SCAN.read()


def test_an_attachment_that_nobody_signed_is_not_what_a_signed_body_refers_to() -> None:
    app = soapkit.asgi(Papers(), security=security(SERVER, "Attachments"), details=True)
    with pytest.raises(Fault, match="the message has no verified attachment for 'cid:a%20scan@example'"):
        client(app, security=security(ALICE)).keep(paper={"scan": SCAN})
