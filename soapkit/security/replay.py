"""Freshness across messages: what was seen is not believed again."""

from __future__ import annotations

import heapq
import threading
from datetime import datetime, timedelta
from typing import Protocol

from soapkit.errors import SecurityError


class ReplayStore(Protocol):
    """Remembers keys for a while. One atomic step, so that two receivers never both accept."""

    def claim(self, key: str, ttl: int, *, now: datetime) -> bool:
        """Take `key` for `ttl` seconds: True for the first to come, False while it is taken."""
        ...


class MemoryReplayStore:
    """A `ReplayStore` for one process. Thread-safe; forgets what has expired.

    `capacity`: how many keys are held at once; beyond that no message is accepted, rather than one twice.
    """

    def __init__(self, capacity: int = 1_000_000) -> None:
        self._capacity = capacity
        self._taken: set[str] = set()
        self._expiries: list[tuple[datetime, str]] = []
        self._lock = threading.Lock()

    def claim(self, key: str, ttl: int, *, now: datetime) -> bool:
        """See `ReplayStore`. Raises `SecurityError` when the store is full."""
        with self._lock:
            while self._expiries and self._expiries[0][0] <= now:
                self._taken.discard(heapq.heappop(self._expiries)[1])
            if key in self._taken:
                return False
            if len(self._taken) >= self._capacity:
                raise SecurityError(f"the replay store is full: {self._capacity:,} messages are still fresh")
            self._taken.add(key)
            heapq.heappush(self._expiries, (now + timedelta(seconds=ttl), key))
            return True

    def __repr__(self) -> str:
        return f"MemoryReplayStore({len(self._taken)} held)"
