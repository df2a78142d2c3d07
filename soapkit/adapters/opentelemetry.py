"""Calls -> spans and metrics of OpenTelemetry, by its conventions for RPC. Needs the extra ``otel``.

    observer = Telemetry()
    BankClient("https://bank.example/soap", observers=[observer])
    soapkit.asgi(MyBank(), observers=[observer])

A client sends its trace along in the header fields of HTTP (``traceparent``, as the propagators that are set up write
it), a service goes on with the one it gets. What is exported, and where to, is the application's to set up.

Spans and metrics hold names of the contract, addresses and kinds of errors: nothing of what a message holds, nor what
an exception says.

Source: OpenTelemetry, semantic conventions for RPC spans and metrics. These name a method as ``service/method`` by
now; the older attributes ``rpc.system`` and ``rpc.service`` are given too, since many dashboards read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import Token
from typing import Any
from urllib.parse import urlsplit

from opentelemetry import context, metrics, propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, Status, StatusCode

from soapkit.exchange.observing import Begun, Ended, Watch
from soapkit.version import __version__

_KINDS = {"client": SpanKind.CLIENT, "server": SpanKind.SERVER}
_PORTS = {"http": 80, "https": 443}
# In seconds; the buckets that the conventions advise.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)


class Telemetry:
    """An observer that makes a span of each call, and measures how long it took.

    `tracer_provider`, `meter_provider`: those that are set up for the process, unless said.
    """

    def __init__(
        self,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
    ) -> None:
        self._tracer = trace.get_tracer("soapkit", __version__, tracer_provider)
        meter = metrics.get_meter("soapkit", __version__, meter_provider)
        self._durations = {
            side: meter.create_histogram(
                f"rpc.{side}.call.duration",
                unit="s",
                description=f"How long calls took, seen by the {side}.",
                explicit_bucket_boundaries_advisory=_BUCKETS,
            )
            for side in ("client", "server")
        }

    def begin(self, begun: Begun) -> Watch:
        """A call begins: a span, the current one while the call lasts."""
        parent = propagate.extract(_lower(begun.headers)) if begun.side == "server" else None
        attributes = _attributes(begun)
        span = self._tracer.start_span(_name(begun, begun.operation), parent, _KINDS[begun.side], attributes)
        return _Spanned(span, self._durations[begun.side], begun, attributes)


class _Spanned:
    """One call with its span."""

    def __init__(self, span: trace.Span, duration: metrics.Histogram, begun: Begun, attributes: dict[str, Any]) -> None:
        self._span = span
        self._duration = duration
        self._begun = begun
        self._attributes = attributes
        self._context = trace.set_span_in_context(span)
        self._token: Token[Context] | None = context.attach(self._context) if begun.encloses else None

    def carried(self) -> Mapping[str, str]:
        fields: dict[str, str] = {}
        propagate.inject(fields, self._context)
        return fields

    def routed(self, operation: str) -> None:
        self._span.update_name(_name(self._begun, operation))
        self._span.set_attribute("rpc.method", _method(self._begun, operation))

    def end(self, ended: Ended) -> None:
        if self._token is not None:
            context.detach(self._token)
        if ended.operation and ended.operation != self._begun.operation:
            self.routed(ended.operation)
        measured = {name: self._attributes[name] for name in _MEASURED if name in self._attributes}
        if ended.operation:
            measured["rpc.method"] = _method(self._begun, ended.operation)
        told: dict[str, Any] = {}
        if ended.fault_code:
            told["rpc.response.status_code"] = ended.fault_code
        if ended.error_type:
            told["error.type"] = ended.error_type
        self._span.set_attributes(told)
        if ended.status:
            self._span.set_attribute("http.response.status_code", ended.status)
        if ended.error_type and (self._begun.side == "client" or ended.fault_code != "Sender"):
            self._span.set_status(Status(StatusCode.ERROR))  # what a sender did wrong is no error of a service
        self._duration.record(ended.seconds, {**measured, **told}, self._context)
        self._span.end()


_MEASURED = ("rpc.system.name", "rpc.system", "rpc.service", "server.address", "server.port")


def _attributes(begun: Begun) -> dict[str, Any]:
    address = urlsplit(begun.address)
    found: dict[str, Any] = {
        "rpc.system.name": "soap",
        "rpc.system": "soap",
        "rpc.service": begun.service,
        "server.address": address.hostname or "",
        "server.port": address.port or _PORTS.get(address.scheme, 0),
        "client.address": begun.peer,
    }
    if begun.operation:
        found["rpc.method"] = _method(begun, begun.operation)
    return {name: value for name, value in found.items() if value}


def _method(begun: Begun, operation: str) -> str:
    return f"{begun.service}/{operation}"


def _name(begun: Begun, operation: str) -> str:
    """The name of a span. A request that asks for nothing that there is has the service's alone: few names, whatever
    strangers send."""
    return _method(begun, operation) if operation else begun.service


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    """Header fields as propagators look for them."""
    return {name.lower(): value for name, value in headers.items()}
