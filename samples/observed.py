"""A service and its client, watched: traces, metrics, and a line in the log for each call.

python observed.py
uvicorn observed:app                and then http://localhost:8000/metrics
"""

from __future__ import annotations

import logging

from clock import Clock
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

import soapkit
from soapkit.adapters.opentelemetry import Telemetry
from soapkit.adapters.prometheus import Metrics
from soapkit.exchange.observing import CallLog
from soapkit.testing import loopback
from soapkit.transport.values import Request


def line(span: ReadableSpan) -> str:
    return f"{span.kind.name} {span.name} in trace {span.context.trace_id:032x}\n"


provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(formatter=line)))
metrics = Metrics(path="/metrics")
observers = [Telemetry(provider), metrics, CallLog()]
app = soapkit.asgi(Clock(), observers=observers)

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    contract = loopback(app).send(Request("http://clock/?wsdl", b"", method="GET")).body
    with soapkit.Client.from_wsdl(contract, transport=loopback(app), observers=observers) as clock:
        clock.now(zone="UTC")
    print(metrics.page()[1].decode())
