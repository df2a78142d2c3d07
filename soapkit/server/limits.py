"""What a host puts up with beyond the size of a message: slow senders, slow handlers, too many at once."""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HostLimits:
    """Limits of an application, in one process.

    `receive_seconds`: for a request to arrive, from its head to its last byte (408 beyond); `in_flight`: requests that
    are read or served at once (503 with Retry-After beyond); `retry_after`: the seconds that are told then. None:
    without end. The time of a handler is a setting (`soapkit.server.host.Settings`).
    """

    receive_seconds: float | None = 120.0
    in_flight: int | None = 1000
    retry_after: int = 1


DEFAULT_HOST_LIMITS = HostLimits()

# CXF's clients wait for a minute unless told otherwise, and so does nginx: what takes longer is answered to nobody.
HANDLER_SECONDS = 60.0


class Gate:
    """Counts the requests in flight, and lets in no more than `most`. Threads and event loops may share it.

    >>> gate = Gate(1)
    >>> gate.enter(), gate.enter()
    (True, False)
    """

    __slots__ = ("_lock", "_most", "_within")

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._within = 0
        self._lock = threading.Lock()

    @property
    def within(self) -> int:
        """How many are in flight now."""
        return self._within

    def enter(self) -> bool:
        """One more; False, and not counted, where that is too many. Whoever is in leaves with `leave`."""
        with self._lock:
            if self._most is not None and self._within >= self._most:
                return False
            self._within += 1
            return True

    def leave(self) -> None:
        """One less."""
        with self._lock:
            self._within -= 1
