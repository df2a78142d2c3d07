"""Spans and metrics of OpenTelemetry: one trace from client to service, by the conventions for RPC."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import soapkit
from soapkit.adapters.opentelemetry import Telemetry
from soapkit.errors import ConnectError, SoapkitError
from soapkit.testing import FakeTransport, loopback
from soapkit.transport.values import Request, Response


class Seen:
    """What was traced and measured."""

    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        self._metrics = InMemoryMetricReader()
        tracer = TracerProvider()
        tracer.add_span_processor(SimpleSpanProcessor(self._spans))
        self.tracer = tracer.get_tracer("application")
        self.meter_provider = MeterProvider([self._metrics])
        self.observer = Telemetry(tracer, self.meter_provider)

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self._spans.get_finished_spans()

    def span(self, kind: SpanKind) -> ReadableSpan:
        (found,) = [span for span in self.spans if span.kind is kind]
        return found

    def points(self, name: str) -> list[Any]:
        data = self._metrics.get_metrics_data()
        scopes = [scope for resource in data.resource_metrics for scope in resource.scope_metrics] if data else []
        return [
            point
            for scope in scopes
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]


@pytest.fixture
def seen() -> Iterator[Seen]:
    found = Seen()
    yield found
    found.meter_provider.shutdown()


@soapkit.service("urn:clock", name="Clock")
class Clock:
    def __init__(self, tracer: trace.Tracer) -> None:
        self.tracer = tracer

    @soapkit.operation
    def now(self, zone: str) -> str:
        with self.tracer.start_as_current_span("look at the wall"):
            return zone

    @soapkit.operation
    async def soon(self, zone: str) -> str:
        with self.tracer.start_as_current_span("look at the wall"):
            return zone

    @soapkit.operation
    def broken(self, zone: str) -> str:
        raise ZeroDivisionError(zone)

    @soapkit.operation
    def refused(self, zone: str) -> str:
        raise soapkit.Fault("no such zone", code="Sender")


def application(host: Any, seen: Seen) -> Any:
    return host(Clock(seen.tracer), observers=[seen.observer])


def client_of(app: Any, seen: Seen, transport: Any = None) -> Any:
    contract = loopback(app).send(Request("http://clock.example:8080/?wsdl", b"", method="GET")).body
    settings = {"transport": transport or loopback(app), "address": "http://clock.example:8080/"}
    return soapkit.Client.from_wsdl(contract, observers=[seen.observer], **settings)


@pytest.mark.parametrize("host", [soapkit.asgi, soapkit.wsgi])
@pytest.mark.parametrize("operation", ["now", "soon"])
def test_a_call_is_one_trace_from_the_client_to_what_the_handler_does(host: Any, operation: str, seen: Seen) -> None:
    with seen.tracer.start_as_current_span("all of it"):
        assert getattr(client_of(application(host, seen), seen), operation)(zone="UTC") == "UTC"
    client, server = seen.span(SpanKind.CLIENT), seen.span(SpanKind.SERVER)
    wall, around = (
        next(span for span in seen.spans if span.name == name) for name in ("look at the wall", "all of it")
    )
    assert len({span.context.trace_id for span in (client, server, wall, around)}) == 1
    assert client.parent.span_id == around.context.span_id
    assert server.parent.span_id == client.context.span_id
    assert server.parent.is_remote
    assert wall.parent.span_id == server.context.span_id
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_spans_have_the_names_and_attributes_of_the_conventions(seen: Seen) -> None:
    client_of(application(soapkit.asgi, seen), seen).now(zone="UTC")
    for span in (seen.span(SpanKind.CLIENT), seen.span(SpanKind.SERVER)):
        assert span.name == "Clock/now"
        wanted = {
            "rpc.system.name": "soap",
            "rpc.system": "soap",
            "rpc.service": "Clock",
            "rpc.method": "Clock/now",
            "server.address": "clock.example",
            "server.port": 8080,
            "http.response.status_code": 200,
        }
        assert wanted.items() <= dict(span.attributes).items()
        assert span.status.status_code is StatusCode.UNSET
        assert "error.type" not in span.attributes


ENDS = [
    # operation, error.type and status of the client's span, then of the service's
    ("broken", "Receiver", StatusCode.ERROR, "ZeroDivisionError", StatusCode.ERROR),
    ("refused", "Sender", StatusCode.ERROR, "Sender", StatusCode.UNSET),
]


@pytest.mark.parametrize("operation, sent, client_status, inner, server_status", ENDS)
def test_a_fault_is_told_by_its_kind(
    operation: str, sent: str, client_status: StatusCode, inner: str, server_status: StatusCode, seen: Seen
) -> None:
    with pytest.raises(soapkit.Fault):
        getattr(client_of(application(soapkit.asgi, seen), seen), operation)(zone="hunter2")
    client, server = seen.span(SpanKind.CLIENT), seen.span(SpanKind.SERVER)
    assert (client.attributes["error.type"], client.status.status_code) == (sent, client_status)
    assert (server.attributes["error.type"], server.status.status_code) == (inner, server_status)
    assert client.attributes["rpc.response.status_code"] == server.attributes["rpc.response.status_code"] == sent
    assert "hunter2" not in client.to_json() + server.to_json()


def test_the_name_of_a_declared_fault_is_told(bank: ModuleType, bank_service: ModuleType, seen: Seen) -> None:
    app = soapkit.asgi(bank_service.MyBank(), observers=[seen.observer])
    client = bank.BankClient("http://bank/", transport=loopback(app), observers=[seen.observer])
    with pytest.raises(soapkit.DeclaredFault) as caught:
        client.transfer(source="DE1", target="DE2", amount="1000000.00")
    names = {span.attributes["error.type"] for span in seen.spans}
    assert names == {type(caught.value).__name__}


def test_a_request_that_cannot_be_read_has_a_span_with_the_name_of_the_service(seen: Seen) -> None:
    app = application(soapkit.asgi, seen)
    headers = {"Content-Type": "text/xml"}
    loopback(app).send(Request("http://clock/", b"<a>hunter2", soapkit.transport.values.Headers(headers)))
    span = seen.span(SpanKind.SERVER)
    assert span.name == "Clock"
    assert span.attributes["error.type"] == "XmlError"
    assert span.attributes["rpc.response.status_code"] == "Sender"
    assert "rpc.method" not in span.attributes
    assert "hunter2" not in span.to_json()


def test_a_service_that_is_not_there_is_an_error_of_the_client(seen: Seen) -> None:
    class Nobody:
        def send(self, request: Request) -> Response:
            raise ConnectError("nobody answers there")

        def close(self) -> None: ...

    client = client_of(application(soapkit.asgi, seen), seen, Nobody())
    with pytest.raises(ConnectError):
        client.now(zone="UTC")
    span = seen.span(SpanKind.CLIENT)
    assert span.attributes["error.type"] == "ConnectError"
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description is None


def test_durations_are_measured_in_seconds_by_operation_and_end(seen: Seen) -> None:
    client = client_of(application(soapkit.asgi, seen), seen)
    client.now(zone="UTC")
    client.now(zone="UTC")
    with pytest.raises(soapkit.Fault):
        client.broken(zone="UTC")
    for name, kind in (("rpc.client.call.duration", "Receiver"), ("rpc.server.call.duration", "ZeroDivisionError")):
        counts = {(p.attributes["rpc.method"], p.attributes.get("error.type")): p.count for p in seen.points(name)}
        assert counts == {("Clock/now", None): 2, ("Clock/broken", kind): 1}
        assert all(point.sum < 10 for point in seen.points(name))


def test_a_stream_is_a_span_that_is_nobodys_surroundings(seen: Seen) -> None:
    @soapkit.service("urn:clock", name="Ticks")
    class Ticks:
        @soapkit.operation
        def ticks(self) -> list[int]:
            return [1, 2, 3]

    client = client_of(soapkit.asgi(Ticks()), seen)
    for item in client.stream("ticks"):
        assert trace.get_current_span() is trace.INVALID_SPAN
        if item == 2:
            break
    assert seen.span(SpanKind.CLIENT).status.status_code is StatusCode.UNSET


def test_an_async_client_calls_in_one_trace_for_each_task(seen: Seen) -> None:
    app = application(soapkit.asgi, seen)
    contract = loopback(app).send(Request("http://clock/?wsdl", b"", method="GET")).body

    class Sent:
        """A transport of an async client."""

        async def send(self, request: Request) -> Response:
            await asyncio.sleep(0)
            return await asyncio.to_thread(loopback(app).send, request)

        async def aclose(self) -> None: ...

    async def both() -> None:
        settings = {"transport": Sent(), "address": "http://clock/", "observers": [seen.observer]}
        client = await soapkit.AsyncClient.from_wsdl(contract, **settings)
        await asyncio.gather(client.now(zone="a"), client.now(zone="b"))

    asyncio.run(both())
    calls = [span for span in seen.spans if span.kind is SpanKind.CLIENT]
    served = {span.parent.span_id for span in seen.spans if span.kind is SpanKind.SERVER}
    assert len({span.context.trace_id for span in calls}) == 2
    assert served == {span.context.span_id for span in calls}


def test_the_errors_of_a_call_that_was_never_sent_are_told(seen: Seen) -> None:
    client = client_of(application(soapkit.asgi, seen), seen, FakeTransport(b""))
    with pytest.raises(SoapkitError):
        client.now(zone="\x00")
    assert seen.span(SpanKind.CLIENT).attributes["error.type"] == "EncodeError"
