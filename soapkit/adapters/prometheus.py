"""Calls -> metrics of Prometheus, and the page that it reads. Needs the extra ``prometheus``.

    soapkit.asgi(MyBank(), observers=[Metrics(path="/metrics")])

    soapkit_server_calls_total{service="Bank",operation="transfer",outcome="ok"}            how many, and how they ended
    soapkit_server_call_seconds_bucket{service="Bank",operation="transfer",le="0.01"}       how long they took
    soapkit_server_calls_in_flight{service="Bank"}                                          how many are served now

A client has the same with ``client``. `outcome` is ``ok``, the name of a declared fault or of an exception, or the code
of a fault. All labels are names of a contract or of classes, so there are few of them, whatever strangers send.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector

from soapkit.exchange.observing import Begun, Ended, Watch

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)  # seconds


class Metrics:
    """An observer that counts and measures calls. Make one for a process, and give it to all clients and services.

    `path`: where the numbers are told beside a service, such as ``/metrics``; nowhere unless said. Whoever reaches the
    service reaches them. `registry`: Prometheus' own registry of the process, unless said. `buckets`: of the durations,
    in seconds.

    Several processes of one service (gunicorn, ``--workers``) tell their numbers together where
    ``PROMETHEUS_MULTIPROC_DIR`` names a folder, as Prometheus' library has it.
    """

    def __init__(
        self, *, path: str = "", registry: CollectorRegistry = REGISTRY, buckets: Sequence[float] = BUCKETS
    ) -> None:
        self.path = path
        self._registry = registry
        self._calls, self._seconds, self._in_flight = {}, {}, {}
        for side, what in (("client", "made"), ("server", "served")):
            name = f"soapkit_{side}"
            labels = ("service", "operation")
            self._calls[side] = Counter(
                f"{name}_calls", f"Calls {what}, by outcome.", (*labels, "outcome"), registry=registry
            )
            self._seconds[side] = Histogram(
                f"{name}_call_seconds", f"How long calls {what} took.", labels, buckets=buckets, registry=registry
            )
            self._in_flight[side] = Gauge(
                f"{name}_calls_in_flight",
                f"Calls being {what} now.",
                ("service",),
                registry=registry,
                multiprocess_mode="livesum",
            )

    def begin(self, begun: Begun) -> Watch:
        """A call begins."""
        gauge = self._in_flight[begun.side].labels(begun.service)
        gauge.inc()
        return _Counted(begun, self._calls[begun.side], self._seconds[begun.side], gauge)

    def page(self) -> tuple[str, bytes]:
        """What Prometheus reads: its media type, and the numbers as text."""
        registry = self._registry
        if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            registry = CollectorRegistry()
            collector: Any = MultiProcessCollector  # prometheus_client gives it no types
            collector(registry)
        return CONTENT_TYPE_LATEST, generate_latest(registry)


class _Counted:
    """One call that is counted."""

    def __init__(self, begun: Begun, calls: Counter, seconds: Histogram, in_flight: Gauge) -> None:
        self._begun = begun
        self._calls = calls
        self._seconds = seconds
        self._in_flight = in_flight

    def carried(self) -> Mapping[str, str]:
        return {}

    def routed(self, operation: str) -> None: ...

    def end(self, ended: Ended) -> None:
        self._in_flight.dec()
        self._calls.labels(self._begun.service, ended.operation, ended.error_type or "ok").inc()
        self._seconds.labels(self._begun.service, ended.operation).observe(ended.seconds)
