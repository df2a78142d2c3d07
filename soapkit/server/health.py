"""/healthz and /readyz: whether a process lives, and whether it can serve, for whoever restarts it or sends it callers.

    /healthz    200 while the process answers at all: look no further, or a slow database restarts every process
    /readyz     200 while all that a call needs is there; 503 with the names of what is not

Why something is not there goes to the log, not to the caller: anybody may ask.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from soapkit.errors import SoapkitError
from soapkit.exchange.flow import Flow, aside, within
from soapkit.exchange.message_security import Probed
from soapkit.server.http import HttpRequest
from soapkit.transport.binding import method_not_allowed
from soapkit.transport.values import Headers, Response

logger = logging.getLogger("soapkit.server")

LIVE, READY = "/healthz", "/readyz"
_HEADERS = Headers({"Content-Type": "application/json", "Cache-Control": "no-store"})


@dataclass(frozen=True, slots=True)
class Health:
    """What readiness depends on.

    `checks`: by name, functions, blocking or async, that raise, or return False, when something is not there: a
    database, a queue. `certificates`: how long a certificate of ours must still be valid. `seconds`: for one check to
    answer in. `keep`: seconds for which an answer serves again, so that asking often costs nothing.

    >>> soapkit.asgi(MyBank(), health=Health(checks={"ledger": ledger.ping}))            # doctest: +SKIP
    """

    checks: Mapping[str, Callable[[], object]] = field(default_factory=dict)
    certificates: timedelta = timedelta(days=1)
    seconds: float = 5.0
    keep: float = 1.0


class Probes:
    """Answers the requests to `LIVE` and `READY`, wherever the application is mounted.

    `security`: asked for its stores and certificates, where it is a `soapkit.exchange.message_security.Probed`.
    """

    def __init__(
        self,
        health: Health,
        security: object = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._health = health
        self._clock, self._now = clock, now
        self._checks = dict(health.checks)
        if isinstance(security, Probed):
            self._checks = {"security": lambda: self._check_security(security), **self._checks}
        self._kept: tuple[float, Response] | None = None
        self._lock = threading.Lock()

    @staticmethod
    def are_at(path: str) -> bool:
        """Whether a path is one of ours."""
        return path.endswith((LIVE, READY))

    def respond(self, request: HttpRequest) -> Flow[Response]:
        """The flow of one request."""
        if request.method not in ("GET", "HEAD"):
            return method_not_allowed("GET, HEAD")
        if request.path.endswith(LIVE):
            return Response(200, _HEADERS, b'{"live": true}\n')
        with self._lock:
            kept = self._kept
        if kept is not None and self._clock() < kept[0]:
            return kept[1]
        response = yield from self._ready()
        with self._lock:
            self._kept = (self._clock() + self._health.keep, response)
        return response

    def _ready(self) -> Flow[Response]:
        found: dict[str, str] = {}
        for name, check in self._checks.items():
            try:
                passed = yield from within(
                    self._health.seconds, aside("probe", check), lambda: TimeoutError("no answer in time")
                )
                if passed is False:
                    raise RuntimeError("the check returned False")  # told like all others
            except Exception as error:
                told = error.for_log if isinstance(error, SoapkitError) else error
                logger.warning("not ready, %s: %s", name, told)
                found[name] = "failed"
            else:
                found[name] = "ok"
        ready = "failed" not in found.values()
        body = json.dumps({"ready": ready, "checks": found}) + "\n"
        return Response(200 if ready else 503, _HEADERS, body.encode())

    def _check_security(self, security: Probed) -> None:
        problems = security.problems(now=self._now(), margin=self._health.certificates)
        if problems:
            raise RuntimeError("; ".join(problems))


def probes_for(health: Health | bool, security: object) -> Probes | None:
    """The probes that a setting asks for: True for those that need no words."""
    if health is False:
        return None
    return Probes(Health() if health is True else health, security)
