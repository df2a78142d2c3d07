"""No secret ever reaches a log, whatever goes wrong with the message that holds it; all loggers at DEBUG."""

from __future__ import annotations

import ast
import asyncio
import base64
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import pytest
from msgspec import Meta

import soapkit
from soapkit.errors import FaultCode, HttpError, SoapkitError, UsageError
from soapkit.exchange.log import MessageLog, set_message_log
from soapkit.security import Require, Security, UsernameToken
from soapkit.testing import FakeTransport, loopback
from soapkit.transport.aiohttp import AiohttpTransport
from soapkit.transport.auth import Basic, Bearer, Digest
from soapkit.transport.urllib3 import Urllib3Transport
from soapkit.transport.values import Headers, Request, Response
from soapkit.xml.names import SOAP11, WSA, WSSE

SECRET = "hunter2-&-more"
WRITTEN = "hunter2-&amp;-more"  # in XML
XSI_DECLARED = "xmlns:i='http://www.w3.org/2001/XMLSchema-instance'"
SHOWN = "hunter2"  # what no log may hold


class BadToken(Exception):
    """What an application might raise: it says what it was given."""


@dataclass
class Login:
    user: str
    password: Annotated[str, Meta(min_length=3, max_length=40, pattern="^[^!]*$")]
    pin: int = 0


@soapkit.service("urn:door")
class Door:
    @soapkit.operation
    def enter(self, login: Login) -> str:
        return f"welcome {login.user}"

    @soapkit.operation
    def number(self, password: int) -> int:
        return password

    @soapkit.operation
    def tell(self, password: str) -> str:
        raise BadToken(f"{password!r} is not what I expected")

    @soapkit.operation
    def nest(self, password: str) -> str:
        try:
            int(password)
        except ValueError as error:
            error.add_note(f"password was {password}")
            raise RuntimeError("it failed") from error
        return ""

    @soapkit.operation
    def group(self, password: str) -> str:
        raise ExceptionGroup("several", [BadToken(password), ValueError("another")])

    @soapkit.operation
    def syntax(self, password: str) -> str:
        return str(eval(password))

    @soapkit.operation
    def fault(self, password: str) -> str:
        raise soapkit.Fault(f"{password} is wrong", code="Sender")

    @soapkit.operation
    def echo(self, password: str) -> str:
        return f"you said {password}"

    @soapkit.operation
    def reply(self, password: str) -> Login:
        return Login("ada", password + "!")

    @soapkit.operation
    def issue(self, user: str) -> Annotated[int, Meta(ge=5)]:
        return SECRET  # type: ignore[return-value]  # what a careless handler does

    @soapkit.operation
    def items(self, password: str) -> list[str]:
        def made() -> Iterator[str]:
            yield "one"
            raise BadToken(password)

        return made()  # type: ignore[return-value]

    @soapkit.operation
    def async_items(self, password: str) -> list[str]:
        async def made() -> AsyncIterator[str]:
            yield "one"
            raise BadToken(password)

        return made()  # type: ignore[return-value]

    @soapkit.operation
    def headed(self, password: str, call: soapkit.Call) -> str:
        call.response.headers["Set-Cookie"] = f"session={password}\n"
        return ""

    @soapkit.operation
    def onward(self, password: str) -> str:
        told = (
            f"<f:Fault xmlns:f='{SOAP11}'><faultcode>f:Client</faultcode><faultstring>{WRITTEN}</faultstring></f:Fault>"
        )
        with _client(
            FakeTransport(f"<f:Envelope xmlns:f='{SOAP11}'><f:Body>{told}</f:Body></f:Envelope>".encode())
        ) as one:
            return str(one.echo(password=password))

    @soapkit.operation
    def gateway(self, password: str) -> str:
        body = f"{password}: no such page".encode()
        with _client(FakeTransport(Response(502, Headers({"Content-Type": "text/plain"}), body))) as one:
            return str(one.echo(password=password))


@pytest.fixture(autouse=True)
def everything_is_told(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    before = set_message_log(MessageLog(bodies=True))
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("soapkit"):
            logging.getLogger(name).setLevel(logging.DEBUG)
    yield
    set_message_log(before)
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("soapkit"):
            logging.getLogger(name).setLevel(logging.NOTSET)


def _client(transport: Any, **settings: Any) -> Any:
    return soapkit.Client.from_wsdl(_contract(), transport=transport, address="http://door/", **settings)


@cache
def hosted(host: str, details: bool, validate: Any) -> Any:
    return {"asgi": soapkit.asgi, "wsgi": soapkit.wsgi}[host](Door(), details=details, validate=validate)


@cache
def _contract() -> bytes:
    application = soapkit.wsgi(Door())
    started: list[Any] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/",
        "QUERY_STRING": "wsdl",
        "SERVER_NAME": "door",
        "SERVER_PORT": "80",
    }
    return b"".join(application(environ, lambda *told: started.append(told)))


def posted(application: Any, body: str | bytes, content_type: str = "text/xml", **headers: str) -> Response:
    if isinstance(body, str):
        body = body.encode()
    fields = {"Content-Type": content_type, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return loopback(application).send(Request("http://door/", body, Headers(fields)))


def envelope(body: str, header: str = "") -> str:
    return (
        f"<s:Envelope xmlns:s='{SOAP11}' xmlns:d='urn:door' {XSI_DECLARED}>{header}<s:Body>{body}</s:Body></s:Envelope>"
    )


def told(caplog: pytest.LogCaptureFixture) -> str:
    """All that was logged, tracebacks too, as handlers write it."""
    return caplog.text + "".join(
        repr(record.args) + str(record.__dict__) for record in caplog.records if not record.exc_info
    )


UNREADABLE = {
    "not a number": f"<d:number><d:password>{WRITTEN}</d:password></d:number>",
    "facet": f"<d:enter><d:login><d:user>a</d:user><d:password>{WRITTEN}!</d:password></d:login></d:enter>",
    "too long": f"<d:enter><d:login><d:user>a</d:user><d:password>{WRITTEN * 9}</d:password></d:login></d:enter>",
    "other": f"<d:enter><d:login><d:user/><d:password>1</d:password><d:pin>{WRITTEN}</d:pin></d:login></d:enter>",
    "unknown attribute": f"<d:number><d:password key='{WRITTEN}'>{WRITTEN}</d:password></d:number>",
    "wrong nil": f"<d:number><d:password i:nil='{WRITTEN}'/></d:number>",
    "wrong type": f"<d:number><d:password i:type='{WRITTEN}'>1</d:password></d:number>",
    "text where none belongs": f"<d:enter>{WRITTEN}<d:login/></d:enter>",
    "an element inside": f"<d:number><d:password>{WRITTEN}<b/></d:password></d:number>",
    "unknown element": f"<d:number><d:passwort>{WRITTEN}</d:passwort></d:number>",
    "unknown operation": f"<d:password>{WRITTEN}</d:password>",
    "two entries": f"<d:password>{WRITTEN}</d:password><d:number/>",
    "text in the Body": f"{WRITTEN}<d:number/>",
    "wrong name of an entity": "<d:number><d:password>1&hunter2;</d:password></d:number>",
    "a tag that is none": "<d:number><d:password>1<2hunter2</d:password></d:number>",
    "an attribute cut short": "<d:number><d:password hunter2 =1/></d:number>",
    "markup that does not match": "<d:number><d:password>1</hunter2></d:number>",
}


@pytest.mark.parametrize(
    "host, details, validate", [("asgi", True, "off"), ("asgi", False, "both"), ("wsgi", True, "both")]
)
@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_a_refused_request_is_told_without_its_values(
    body: str, host: str, details: bool, validate: str, caplog: pytest.LogCaptureFixture
) -> None:
    response = posted(hosted(host, details, validate), envelope(body))
    assert response.status >= 400
    assert "refused" in caplog.text or "sent fault" in caplog.text
    assert SHOWN not in told(caplog)


def test_the_sender_is_told_what_it_sent_all_the_same() -> None:
    response = posted(soapkit.asgi(Door()), envelope(UNREADABLE["not a number"]))
    assert b"hunter2" in response.body


NO_MESSAGE = {
    "words": (b"password=hunter2", "text/xml"),
    "a page": (b"<html><title>hunter2</title></html>", "text/xml"),
    "a doctype": (b"<!DOCTYPE a [<!ENTITY b 'hunter2'>]><a>&b;</a>", "text/xml"),
    "not in its encoding": (b"<a>hunter2\xff</a>", "text/xml; charset=utf-8"),
    "multipart": (b"--b\r\nContent-Type: text/xml\r\n\r\nhunter2\r\n--b--", 'multipart/related; boundary="b"'),
}


@pytest.mark.parametrize("body, content_type", NO_MESSAGE.values(), ids=NO_MESSAGE)
def test_what_is_no_message_is_not_repeated(body: bytes, content_type: str, caplog: pytest.LogCaptureFixture) -> None:
    assert posted(soapkit.asgi(Door()), body, content_type).status >= 400
    assert SHOWN not in told(caplog)


FAILING = ["tell", "nest", "group", "syntax", "fault", "echo", "reply", "headed", "onward", "gateway"]


@pytest.mark.parametrize("host, validate", [("asgi", "off"), ("wsgi", "both")])
@pytest.mark.parametrize("operation", FAILING)
def test_a_handler_that_repeats_a_secret_is_logged_without(
    operation: str, host: str, validate: str, caplog: pytest.LogCaptureFixture
) -> None:
    body = f"<d:{operation}><d:password>{WRITTEN}</d:password></d:{operation}>"
    posted(hosted(host, True, validate), envelope(body))
    assert f"received {operation}" in caplog.text
    assert SHOWN not in told(caplog)


def test_a_reply_that_does_not_fit_is_logged_without_its_value(caplog: pytest.LogCaptureFixture) -> None:
    assert posted(soapkit.asgi(Door()), envelope("<d:issue><d:user>a</d:user></d:issue>")).status == 500
    assert "is not" in caplog.text
    assert SHOWN not in told(caplog)


def test_a_traceback_keeps_its_frames_and_the_names_of_its_exceptions(caplog: pytest.LogCaptureFixture) -> None:
    posted(soapkit.asgi(Door()), envelope(f"<d:nest><d:password>{WRITTEN}</d:password></d:nest>"))
    assert "int(password)" in caplog.text
    assert "ValueError: (the text is withheld" in caplog.text
    assert "RuntimeError: it failed" in caplog.text


def test_an_exception_that_repeats_no_secret_is_logged_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    posted(soapkit.asgi(Door()), envelope("<d:nest><d:password>7</d:password></d:nest>"))
    posted(soapkit.asgi(Door()), envelope("<d:group><d:password>quite other</d:password></d:group>"))
    (record,) = [record for record in caplog.records if record.exc_info]
    assert record.exc_info is not None
    assert "several" in str(record.exc_info[1])


@pytest.mark.parametrize("operation", ["items", "async_items"])
@pytest.mark.parametrize("host", [soapkit.asgi, soapkit.wsgi])
def test_a_stream_that_breaks_off_tells_neither_the_log_nor_the_server(
    host: Any, operation: str, caplog: pytest.LogCaptureFixture
) -> None:
    body = envelope(f"<d:{operation}><d:password>{WRITTEN}</d:password></d:{operation}>")
    with pytest.raises(SoapkitError, match="broke off after") as caught:
        posted(host(Door()), body)
    assert SHOWN not in str(caught.value)
    assert caught.value.__suppress_context__
    assert "broke off" in caplog.text
    assert SHOWN not in told(caplog)


TOKENS = {
    "password": f"<w:UsernameToken xmlns:w='{WSSE}'><w:Username/><w:Password>{WRITTEN}</w:Password></w:UsernameToken>",
    "nonce": f"<w:UsernameToken xmlns:w='{WSSE}'><w:Nonce>{WRITTEN}</w:Nonce></w:UsernameToken>",
    "kerberos": f"<w:BinarySecurityToken xmlns:w='{WSSE}' ValueType='k'>{WRITTEN}</w:BinarySecurityToken>",
    "assertion": f"<a:Assertion xmlns:a='urn:oasis:names:tc:SAML:2.0:assertion'>{WRITTEN}</a:Assertion>",
    "old assertion": f"<a:Assertion xmlns:a='urn:oasis:names:tc:SAML:1.0:assertion'><a:S x='{WRITTEN}'/></a:Assertion>",
    "binary secret": f"<t:BinarySecret xmlns:t='urn:trust'>{WRITTEN}</t:BinarySecret>",
}


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
@pytest.mark.parametrize("secured", [True, False])
def test_tokens_in_the_header_stay_out_of_the_log(token: str, secured: bool, caplog: pytest.LogCaptureFixture) -> None:
    security = Security(inbound=Require(username=lambda name: "another")) if secured else None
    header = f"<s:Header><w:Security xmlns:w='{WSSE}'>{token}</w:Security></s:Header>"
    body = f"<d:echo><d:password>{WRITTEN}</d:password></d:echo>"
    posted(
        soapkit.asgi(Door(), security=security), envelope(body, header), Authorization=f"Basic {SECRET}", Cookie=SECRET
    )
    assert SHOWN not in told(caplog)
    assert caplog.records


def test_a_client_tells_nothing_of_what_it_sends_and_is_answered(caplog: pytest.LogCaptureFixture) -> None:
    basic = base64.b64encode(f"ada:{SECRET}".encode()).decode()
    security = Security(outbound=[UsernameToken("ada", SECRET, digest=False)])
    server = soapkit.asgi(Door(), security=Security(inbound=Require(username=lambda name: SECRET)))
    with _client(loopback(server), security=security) as client:
        for operation in ("echo", "fault", "tell", "number", "onward"):
            try:
                getattr(client, operation)(password=SECRET)
            except SoapkitError as error:
                assert operation != "echo"
                assert error.exchange is not None or operation == "number"
    assert "sent echo" in caplog.text
    assert "received fault" in caplog.text
    assert SHOWN not in told(caplog)
    assert basic not in told(caplog)


def test_a_reply_that_a_client_reads_leniently_is_told_without_its_values(caplog: pytest.LogCaptureFixture) -> None:
    body = f"<d:echoResponse><d:password>{WRITTEN}</d:password><d:result>1</d:result></d:echoResponse>"
    with _client(FakeTransport(envelope(body).encode()), unknown="lenient") as client:
        assert client.echo(password="another") == "1"
    assert "read leniently" in caplog.text
    assert SHOWN not in told(caplog)


def test_the_error_of_a_local_caller_says_what_it_sent() -> None:
    with _client(FakeTransport(b"")) as client, pytest.raises(SoapkitError, match=SHOWN) as caught:
        client.number(password=SECRET)
    assert SHOWN not in caught.value.for_log


def test_an_error_says_for_a_log_what_it_says_where_it_repeats_nothing() -> None:
    assert UsageError("there is no operation go").for_log == "there is no operation go"
    assert HttpError("got words that start 'hunter2'", status=500, bare="got words").for_log == "got words"


@pytest.mark.parametrize("block", ["To", "ReplyTo"])
def test_addresses_are_told_without_their_secrets(block: str, caplog: pytest.LogCaptureFixture) -> None:
    address = f"https://ada:{SHOWN}@other.example/soap?token={SHOWN}"
    inner = address if block == "To" else f"<w:Address>{address}</w:Address>"
    header = f"<w:Action>urn:door/Door/echoRequest</w:Action><w:{block}>{inner}</w:{block}>"
    body = "<d:echo><d:password>okay</d:password></d:echo>"
    app = soapkit.asgi(Door(), to=["http://door/"])
    assert posted(app, envelope(body, f"<s:Header xmlns:w='{WSA}'>{header}</s:Header>")).status >= 400
    assert "https://other.example/soap" in caplog.text
    assert SHOWN not in told(caplog)


LOGINS = [Basic("ada", SECRET), Digest("ada", SECRET), Bearer(SECRET.replace("&", "-"))]


@pytest.mark.parametrize("login", LOGINS, ids=["basic", "digest", "bearer"])
def test_no_login_is_in_any_log_of_a_call_over_http(
    login: Any, serve: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    """The loggers of the HTTP libraries and of the server too."""
    address = serve(soapkit.asgi(Door()))
    address = address.replace("http://", f"http://ada:{SHOWN}@")
    transports = Urllib3Transport(auth=login), AiohttpTransport(auth=login)
    with soapkit.Client.from_wsdl(_contract(), transport=transports[0], address=address) as client:
        assert client.echo(password="another") == "you said another"  # type: ignore[attr-defined]
        with pytest.raises(soapkit.Fault):
            client.tell(password=SECRET)  # type: ignore[attr-defined]
    transports[0].close()

    async def call_once() -> None:
        async with await soapkit.AsyncClient.from_wsdl(_contract(), transport=transports[1], address=address) as client:
            assert await client.echo(password="another") == "you said another"  # type: ignore[attr-defined]
        await transports[1].aclose()

    asyncio.run(call_once())
    assert SHOWN not in told(caplog)
    assert base64.b64encode(f"ada:{SECRET}".encode()).decode() not in told(caplog)
    assert "received echo" in caplog.text


# What is logged of an error is what it says for a log; a check of health is the application's, and told as it is.
BARE = {"error", "problem", "str", "reason"}


def logging_calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(Path(soapkit.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("debug", "info", "warning", "error", "exception", "critical", "log")
                and ast.unparse(node.func.value).endswith(("logger", "getLogger('soapkit.calls')"))
            ):
                yield path.name, node


def test_no_logging_call_writes_out_an_error_or_its_traceback_as_it_is() -> None:
    calls = list(logging_calls())
    assert len(calls) > 15
    for name, call in calls:
        where = f"{name}:{call.lineno}"
        for argument in call.args:
            assert not (isinstance(argument, ast.Name) and argument.id in BARE), where
            assert not isinstance(argument, ast.JoinedStr), where
        for keyword in call.keywords:
            if keyword.arg == "exc_info":
                assert ast.unparse(keyword.value) == "info" or "exc_info(" in ast.unparse(keyword.value), where


def test_a_fault_says_its_code_for_a_log_and_no_reason() -> None:
    code = FaultCode("Sender", ("{urn:x}Refused",))
    assert soapkit.Fault(f"{SHOWN} is wrong", code=code).for_log == "fault Sender {urn:x}Refused"
