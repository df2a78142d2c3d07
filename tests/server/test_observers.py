"""Observers are told of every call, from its beginning to its end; none can harm it."""

from __future__ import annotations

import asyncio
import io
import logging
import subprocess
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import pytest

import soapkit
from soapkit.exchange.observing import Begun, CallLog, Ended
from soapkit.server.wsgi import Wsgi
from soapkit.testing import loopback
from soapkit.transport.values import Headers, Request, Response
from soapkit.xml.names import SOAP11, WSA


class Kept:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def begin(self, begun: Begun) -> Kept:
        self.told.append(begun)
        return self

    def carried(self) -> Mapping[str, str]:
        return {"X-Seen": "yes"}

    def routed(self, operation: str) -> None:
        self.told.append(operation)

    def end(self, ended: Ended) -> None:
        self.told.append(ended)


class Harmful:
    """One that fails wherever it can."""

    def __init__(self, at: str) -> None:
        self.at = at

    def __getattribute__(self, name: str) -> Any:
        if name == object.__getattribute__(self, "at"):
            raise RuntimeError("an observer fails")
        return object.__getattribute__(self, name)

    def begin(self, begun: Begun) -> Harmful:
        return self

    def carried(self) -> Mapping[str, str]:
        return {}

    def routed(self, operation: str) -> None: ...

    def end(self, ended: Ended) -> None: ...


@soapkit.service("urn:echo", name="Echo")
class Echo:
    @soapkit.operation
    def echo(self, text: str) -> str:
        return text

    @soapkit.operation
    async def hang(self, text: str) -> str:
        await asyncio.sleep(30)
        return text

    @soapkit.operation
    def broken(self, text: str) -> str:
        raise ZeroDivisionError

    @soapkit.operation
    def fault(self, text: str) -> str:
        raise soapkit.Fault("no", code="Sender")

    @soapkit.operation(one_way=True)
    def notify(self, text: str) -> None:
        if text == "break":
            raise KeyError


def post(app: Any, operation: str, text: str = "a", header: str = "", **headers: str) -> Response:
    inner = f"<e:{operation} xmlns:e='urn:echo'><e:text>{text}</e:text></e:{operation}>" if operation else "<a>"
    body = f"<s:Envelope xmlns:s='{SOAP11}'>{header}<s:Body>{inner}</s:Body></s:Envelope>"
    return loopback(app).send(Request("http://echo/", body.encode(), Headers({"Content-Type": "text/xml", **headers})))


@pytest.mark.parametrize("host", [soapkit.asgi, soapkit.wsgi])
def test_a_service_tells_beginning_operation_and_end(host: Any) -> None:
    kept = Kept()
    post(host(Echo(), observers=[kept]), "echo", traceparent="x")
    begun, operation, ended = kept.told
    assert (begun.side, begun.service, begun.namespace, begun.operation) == ("server", "Echo", "urn:echo", "")
    assert (begun.address, begun.peer, begun.headers["traceparent"]) == ("http://echo/", "127.0.0.1", "x")
    assert operation == "echo"
    assert ended == Ended("echo", ended.seconds, 200)
    assert 0 < ended.seconds < 10


ENDS = [
    ("broken", "a", Ended("broken", 0, 500, "Receiver", "ZeroDivisionError")),
    ("fault", "a", Ended("fault", 0, 500, "Sender", "Sender")),
    ("hang", "a", Ended("hang", 0, 500, "Receiver", "Receiver")),
    ("notify", "a", Ended("notify", 0, 202)),
    ("notify", "break", Ended("notify", 0, 500, "Receiver", "KeyError")),
    ("", "", Ended("", 0, 400, "Sender", "XmlError")),
    ("nothing", "a", Ended("", 0, 500, "Sender", "Sender")),
    ("echo", "<b/>", Ended("echo", 0, 500, "Sender", "DecodeError")),
]


@pytest.mark.parametrize("operation, text, wanted", ENDS)
def test_an_end_says_what_went_wrong(operation: str, text: str, wanted: Ended) -> None:
    kept = Kept()
    post(soapkit.asgi(Echo(), observers=[kept], handler_seconds=0.1), operation, text)
    ended = kept.told[-1]
    assert ended.seconds > 0
    assert (ended.operation, ended.fault_code, ended.error_type) == (
        wanted.operation,
        wanted.fault_code,
        wanted.error_type,
    )
    assert (ended.status >= 400) == bool(wanted.error_type)


@pytest.mark.parametrize("host", [soapkit.asgi, soapkit.wsgi])
def test_what_a_host_answers_itself_is_told_too(host: Any) -> None:
    kept = Kept()
    app = host({"/echo": Echo()}, observers=[kept], limit=100, in_flight=1)
    large = under(app, "/echo", [b"x" * 101])
    told = under(app, "/echo", [b"x"], length=101)
    assert app.gate.enter()
    many, nowhere = under(app, "/echo", [b"x"]), under(app, "/elsewhere", [b"x"])
    app.gate.leave()
    assert (large, told, many, nowhere) == (413, 413, 503, 503)
    ends = [(one.status, one.error_type, one.fault_code) for one in kept.told if isinstance(one, Ended)]
    assert ends == [(413, "413", "Sender"), (413, "413", "Sender"), (503, "503", "Receiver")]


def test_a_request_that_comes_too_slowly_is_told() -> None:
    kept = Kept()
    assert under(soapkit.asgi(Echo(), observers=[kept], receive_seconds=0.05), "/", []) == 408
    assert kept.told[-1].error_type == "408"


def under(app: Any, path: str, pieces: list[bytes], length: int | None = None) -> int:
    """The status that an application answers, as its server would see it. Without pieces nothing ever comes."""
    if isinstance(app, Wsgi):
        began: list[str] = []
        body = b"".join(pieces)
        environ = {"REQUEST_METHOD": "POST", "PATH_INFO": path, "CONTENT_TYPE": "text/xml"}
        more = {"CONTENT_LENGTH": str(length or len(body)), "wsgi.input": io.BytesIO(body)}
        list(app({**environ, **more}, lambda status, headers: began.append(status)))
        return int(began[0][:3])
    sent: list[Any] = []
    rest = list(pieces)

    async def receive() -> Any:
        if not rest:
            await asyncio.sleep(60)
        return {"type": "http.request", "body": rest.pop(0), "more_body": bool(rest)}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"text/xml")]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
    asyncio.run(app(scope, receive, send))
    status: int = sent[0]["status"]
    return status


def test_a_service_goes_on_with_a_trace_in_its_handlers_threads() -> None:
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider

    from soapkit.adapters.opentelemetry import Telemetry

    seen: list[int] = []

    @soapkit.service("urn:echo", name="Traced")
    class Traced:
        @soapkit.operation
        def echo(self, text: str) -> str:
            seen.append(trace.get_current_span().get_span_context().trace_id)
            return text

    app = soapkit.asgi(Traced(), observers=[Telemetry(TracerProvider(shutdown_on_exit=False))])
    body = (
        f"<s:Envelope xmlns:s='{SOAP11}'><s:Body><e:echo xmlns:e='urn:echo'><e:text>a</e:text></e:echo>"
        "</s:Body></s:Envelope>"
    ).encode()
    parent = (b"traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": b"",
        "headers": [(b"content-type", b"text/xml"), parent],
    }

    async def receive() -> Any:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None: ...

    asyncio.run(app(scope, receive, send))
    assert seen == [0x0AF7651916CD43DD8448EB211C80319C]


def test_a_client_carries_what_its_observers_say(bank: ModuleType, bank_service: ModuleType) -> None:
    kept = Kept()
    app = soapkit.asgi(bank_service.MyBank())
    client = bank.BankClient("http://ada:hunter2@bank/", transport=loopback(app), observers=[kept])
    exchange = client.with_exchange.balance(iban="DE1")
    assert exchange.request_headers["X-Seen"] == "yes"
    begun, ended = kept.told
    assert (begun.side, begun.operation, begun.address) == ("client", "balance", "http://bank/")
    assert (ended.status, ended.error_type) == (200, "")


@pytest.mark.parametrize("at", ["begin", "carried", "routed", "end"])
def test_an_observer_that_fails_harms_no_call_and_no_other_observer(at: str, caplog: pytest.LogCaptureFixture) -> None:
    kept = Kept()
    observers = [Harmful(at), kept]
    app = soapkit.asgi(Echo(), observers=observers)
    contract = loopback(app).send(Request("http://echo/?wsdl", b"", method="GET")).body
    client = soapkit.Client.from_wsdl(contract, transport=loopback(app), observers=observers)
    assert client.echo(text="a") == "a"  # type: ignore[attr-defined]
    assert len(kept.told) == 5
    assert "Harmful failed" in caplog.text


def test_the_log_of_calls_has_a_line_for_each_and_fields_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    app = soapkit.asgi(Echo(), observers=[CallLog()])
    blocks = "<w:MessageID>urn:m:1</w:MessageID><w:Action>urn:echo/Echo/echoRequest</w:Action>"
    post(app, "echo", header=f"<s:Header xmlns:w='{WSA}'>{blocks}</s:Header>")
    post(app, "broken")
    served, failed = (record for record in caplog.records if record.name == "soapkit.calls")
    assert served.levelno == logging.INFO
    assert served.getMessage().startswith("served echo of Echo in ")
    assert vars(served)["soap_operation"] == "echo"
    assert (vars(served)["soap_service"], vars(served)["soap_message_id"]) == ("Echo", "urn:m:1")
    assert vars(served)["soap_seconds"] > 0
    assert "soap_fault_code" not in vars(served)
    assert failed.levelno == logging.WARNING
    assert failed.getMessage().endswith("ms: ZeroDivisionError")
    assert (vars(failed)["soap_fault_code"], vars(failed)["soap_error_type"]) == ("Receiver", "ZeroDivisionError")


def test_what_a_service_logs_of_a_call_says_which_call_it_was(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    app = soapkit.asgi(Echo())
    post(app, "broken")
    post(app, "echo", "<b/>")
    failed, refused = (record for record in caplog.records if record.name == "soapkit.server")
    assert (vars(failed)["soap_operation"], vars(failed)["soap_error_type"]) == ("broken", "ZeroDivisionError")
    assert (vars(refused)["soap_operation"], vars(refused)["soap_error_type"]) == ("echo", "DecodeError")
    assert vars(refused)["soap_service"] == "Echo"


def test_no_library_of_observers_is_loaded_unless_asked_for() -> None:
    code = (
        "import sys, soapkit, soapkit.client.client, soapkit.server.asgi, soapkit.server.wsgi, soapkit.cli.serve\n"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"opentelemetry", "prometheus_client"} & set(loaded)
