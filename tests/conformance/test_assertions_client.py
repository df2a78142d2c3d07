"""The W3C's assertions on SOAP 1.2, of a client: what it sends, and what it makes of what comes back.

The list of them is in `assertions`; the messages are ours.
"""

# ruff: noqa: E501  one row of the table a line

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

import pytest
from lxml import etree

import soapkit
from soapkit.errors import Fault, FaultCode, HttpError, MessageError
from soapkit.server.service import operation, service
from soapkit.soap.envelope import Draft
from soapkit.soap.fault import write_fault
from soapkit.soap.version import SOAP_1_2
from soapkit.testing import FakeTransport, loopback
from soapkit.transport.values import Headers, Request, Response
from tests.conformance.assertions import shown

S12 = "http://www.w3.org/2003/05/soap-envelope"
RPC = "http://www.w3.org/2003/05/soap-rpc"
PREFIXES = {"e": S12, "t": "urn:test"}
SOAP = "application/soap+xml"


@service("urn:test")
class Called:
    """Is called."""

    @operation
    def echo(self, text: str, word: Annotated[str | None, soapkit.header()] = None) -> str:
        """Say it again."""
        return text

    @operation(one_way=True)
    def tell(self, text: str) -> None:
        """Listen."""


ANSWER = f'<e:Envelope xmlns:e="{S12}"><e:Body><t:echoResponse xmlns:t="urn:test"><t:result>hi</t:result></t:echoResponse></e:Body></e:Envelope>'.encode()
CONTRACT = loopback(soapkit.wsgi(Called())).send(Request("http://service.example/?wsdl", method="GET")).body

Answered: TypeAlias = Callable[[Response], tuple[soapkit.Client, FakeTransport]]


@pytest.fixture
def answered() -> Answered:
    """``answered(response)``: a client that is answered so, and its transport."""

    def made(response: Response) -> tuple[soapkit.Client, FakeTransport]:
        transport = FakeTransport(response)
        address = "http://service.example/"
        return soapkit.Client.from_wsdl(CONTRACT, address, version="1.2", transport=transport), transport

    return made


def reply(status: int, body: bytes = ANSWER, content_type: str = SOAP, **headers: str) -> Response:
    return Response(status, Headers({"Content-Type": content_type, **headers}), body)


# --- what it sends: an XPath that holds for the envelope, or what its header fields are ---------------------------


@dataclass(frozen=True)
class Sent:
    assertion: str
    demand: str
    holds: str = "true()"
    field: str = ""
    is_: str = ""


SENT = [
    Sent("x1-soapenv-pi", "no instruction is sent", "not(//processing-instruction())"),
    Sent("x1-soapenvelope-prop", "a Header, then a Body, and nothing else", "count(/e:Envelope/*) = 2 and /e:Envelope/*[1]/self::e:Header and /e:Envelope/*[2]/self::e:Body and not(/e:Envelope/@*)"),
    Sent("x1-soapencattr-restrictions", "no encodingStyle where it may not stand", "not(//@e:encodingStyle)"),
    Sent("x1-soapheadblock-prop", "a block is in a namespace", "count(/e:Envelope/e:Header/t:word) = 1"),
    Sent("x1-soaprole-acceptur", "no role says ultimateReceiver", "not(//@e:role)"),
    Sent("x1-soapmu-acceptfalse", "no mustUnderstand says false", "not(//@e:mustUnderstand)"),
    Sent("x1-soaprelay-acceptfalse", "no relay says false", "not(//@e:relay)"),
    Sent("x2-http-reqbindreqstate-reqfld", "the media type, with the action", field="content-type", is_='application/soap+xml; charset=utf-8; action="urn:test/echo"'),
    Sent("x2-http-reqbindreqstate-reqfld", "what is taken in answer", field="accept", is_="application/soap+xml, multipart/related"),
    Sent("x2-http-reqbindreqstate-reqfld", "no SOAPAction", field="soapaction"),
    Sent("x2-httpmediatype-mediatype", "application/soap+xml is sent", field="content-type", is_='application/soap+xml; charset=utf-8; action="urn:test/echo"'),
]  # fmt: skip


@pytest.mark.parametrize("case", SENT, ids=shown)
def test_a_client_sends_what_the_assertion_demands(answered: Answered, case: Sent) -> None:
    client, transport = answered(reply(200))
    client.echo(text="hi", word="there")
    (request,) = transport.requests
    assert (request.method, request.url) == ("POST", "http://service.example/")
    assert etree.XPath(f"boolean({case.holds})", namespaces=PREFIXES)(etree.fromstring(request.body)), request.body
    assert not case.field or request.headers.get(case.field, "") == case.is_


# --- what it makes of what comes back -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Read:
    assertion: str
    demand: str
    response: Response
    gives: Any = "hi"
    """The value; or what is raised: the code of a fault, the status of an `HttpError`."""


def fault(code: str | FaultCode, inside: Callable[[str], str] = str) -> bytes:
    written = write_fault(SOAP_1_2, FaultCode(code) if isinstance(code, str) else code, {"en": "no", "de": "nein"})
    return Draft(SOAP_1_2, inside(written)).to_bytes()


PAGE = b"<html><title>Oh</title></html>"
NESTED = FaultCode("Sender", ("{urn:a}One", "{urn:b}Two"))

READ = [
    Read("x2-httpmediatype-mediatype", "a reply in it is read", reply(200)),
    Read("x2-httpmediatype-mediatype", "with parameters, in capitals", reply(200, content_type='Application/SOAP+XML;Action="urn:x" ; CHARSET="utf-8"')),
    Read("x2-http-reqbindwaitstate-trans", "200 is a reply", reply(200)),
    Read("x2-http-reqbindwaitstate-trans", "200 may be a fault", reply(200, fault("Receiver")), FaultCode("Receiver")),
    Read("x2-http-reqbindwaitstate-trans", "307 is not followed unasked", reply(307, b"", Location="http://other.example/"), 307),
    Read("x2-http-reqbindwaitstate-trans", "400 with a fault", reply(400, fault("Sender")), FaultCode("Sender")),
    Read("x2-http-reqbindwaitstate-trans", "400 without one", reply(400, PAGE, "text/html"), 400),
    Read("x2-http-reqbindwaitstate-trans", "401", reply(401, PAGE, "text/html"), 401),
    Read("x2-http-reqbindwaitstate-trans", "405", reply(405, b"no", "text/plain", Allow="GET"), 405),
    Read("x2-http-reqbindwaitstate-trans", "415", reply(415, b"no", "text/plain"), 415),
    Read("x2-http-reqbindwaitstate-trans", "500 with a fault", reply(500, fault("Receiver")), FaultCode("Receiver")),
    Read("x2-http-reqbindwaitstate-trans", "500 without one", reply(500, PAGE, "text/html"), 500),
    *[Read("x1-faultcodes-mu", code, reply(500, fault(code)), FaultCode(code)) for code in SOAP_1_2.codes],
    Read("x1-faultcodes-mu", "with subcodes", reply(400, fault(NESTED)), NESTED),
    Read("x1-faultsubvalueelem-prop", "white space around a QName", reply(400, fault(NESTED).replace(b"One<", b"One\n <")), NESTED),
    Read("x1-soapfault-single", "a Fault alone is a fault", reply(500, fault("Receiver")), FaultCode("Receiver")),
    Read("x1-soapfault-only", "a Fault that is inside of a reply is none", reply(200, ANSWER.replace(b"<t:result>hi", b"<t:result>&lt;e:Fault/>")), "<e:Fault/>"),
    Read("x1-soapnotunderstood-prop", "a block for information", reply(200, ANSWER.replace(b"<e:Body>", b'<e:Header><e:NotUnderstood qname="q:n" xmlns:q="urn:q" e:mustUnderstand="1"/></e:Header><e:Body>'))),
    Read("x1-soapupgrade-prop", "a VersionMismatch that offers versions", reply(500, fault("VersionMismatch").replace(b"<soap:Body>", b'<soap:Header><soap:Upgrade><soap:SupportedEnvelope qname="soap:Envelope"/></soap:Upgrade></soap:Header><soap:Body>')), FaultCode("VersionMismatch")),
    Read("x1-soapenv-diichild", "comments around the Envelope", reply(200, b"<!-- a -->" + ANSWER + b"<!-- b -->")),
]  # fmt: skip


@pytest.mark.parametrize("case", READ, ids=shown)
def test_a_client_reads_what_the_assertion_says(answered: Answered, case: Read) -> None:
    client, _ = answered(case.response)
    if isinstance(case.gives, FaultCode):
        with pytest.raises(Fault) as caught:
            client.echo(text="hi")
        assert caught.value.code == case.gives
        assert (caught.value.reason, caught.value.reasons["de"]) == ("no", "nein")
    elif isinstance(case.gives, int):
        with pytest.raises(HttpError) as refused:
            client.echo(text="hi")
        assert refused.value.status == case.gives
    else:
        assert client.echo(text="hi") == case.gives


def test_a_mandatory_block_of_a_reply_is_understood_or_ends_it(answered: Answered) -> None:
    """Part 1, 2.4: a client is a node too."""
    block = b'<e:Header><h xmlns="urn:h" e:mustUnderstand="1"/></e:Header><e:Body>'
    client, _ = answered(reply(200, ANSWER.replace(b"<e:Body>", block)))
    with pytest.raises(MessageError, match=r"\{urn:h\}h"):
        client.echo(text="hi")
    client, _ = answered(reply(200, ANSWER.replace(b"<e:Body>", block.replace(b"<h ", b'<h e:role="urn:other" '))))
    assert client.echo(text="hi") == "hi"


@pytest.mark.parametrize("status", [200, 202, 204])
def test_nothing_is_the_answer_to_a_one_way_message(answered: Answered, status: int) -> None:
    """136, part 2, 7.5.1.2; WS-I BP 1.1, R1112."""
    client, _ = answered(Response(status))
    assert client.tell(text="hi") is None


def test_what_comes_in_answer_to_a_one_way_message_is_ignored_unless_it_is_a_fault(answered: Answered) -> None:
    """WS-I BP 1.1, R2750."""
    client, _ = answered(reply(200))
    assert client.tell(text="hi") is None
    client, _ = answered(reply(500, fault("Receiver")))
    with pytest.raises(Fault):
        client.tell(text="hi")


# --- while it sends -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Early:
    """A large request, answered before any of its body is read."""

    assertion: str
    demand: str
    attachments: tuple[soapkit.Attachment, ...] = ()
    text: str = ""


EARLY = (
    Early("x2-bindformdesc-dlock", "an answer is heard while the envelope is sent", text="x" * 20_000_000),
    Early("x2-http-reqsoapnode-dlock", "and while its attachments are", (soapkit.Attachment(bytes(20_000_000)),)),
)


@pytest.mark.parametrize("case", EARLY, ids=shown)
def test_nobody_waits_for_a_service_that_waits_for_nothing(case: Early) -> None:
    body = Draft(SOAP_1_2, write_fault(SOAP_1_2, FaultCode("Sender"), "too much")).to_bytes()
    over = threading.Event()

    def answer(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(64)
            head = f"HTTP/1.1 400 Bad Request\r\nContent-Type: {SOAP}\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)
            over.wait(30)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer, args=(listener,), daemon=True).start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        with (
            soapkit.Client.from_wsdl(CONTRACT, address, version="1.2", timeout=20) as client,
            pytest.raises(Fault, match="too much"),
        ):
            client.with_attachments(*case.attachments).echo(text=case.text)
        over.set()
