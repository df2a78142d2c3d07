"""Freshness across messages: what was seen is not believed again."""

from __future__ import annotations

import heapq
import sqlite3
import threading
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
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


class SqliteReplayStore:
    """A `ReplayStore` in a file, for several processes on one machine.

    Each claim is one transaction, so that of any number of processes exactly one gets a key.
    """

    def __init__(self, path: str | Path, *, timeout: float = 10.0) -> None:
        self._path, self._timeout = str(path), timeout
        with closing(self._connect()) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS claimed (key TEXT PRIMARY KEY, expires REAL) WITHOUT ROWID")
            connection.execute("CREATE INDEX IF NOT EXISTS claimed_expires ON claimed (expires)")

    def claim(self, key: str, ttl: int, *, now: datetime) -> bool:
        """See `ReplayStore`. Raises `SecurityError` when the file cannot be written: then nothing is believed."""
        moment = now.timestamp()
        try:
            with closing(self._connect()) as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("DELETE FROM claimed WHERE expires <= ?", (moment,))
                done = connection.execute("INSERT OR IGNORE INTO claimed VALUES (?, ?)", (key, moment + ttl))
                connection.execute("COMMIT")
                return done.rowcount == 1
        except sqlite3.Error as error:
            raise SecurityError(f"the replay store {self._path} cannot be used: {error}") from None

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=self._timeout, isolation_level=None)

    def __repr__(self) -> str:
        return f"SqliteReplayStore({self._path!r})"


class RedisClient(Protocol):
    """The one command of a ``redis.Redis`` that is used."""

    def set(self, name: str, value: str, *, ex: int, nx: bool) -> object:
        """SET name value EX ex NX: something true for the first, None while the name is taken."""
        ...


class RedisReplayStore:
    """A `ReplayStore` on a Redis server, for any number of machines: one atomic ``SET NX EX`` a claim.

    `client`: a ``redis.Redis``. The server's clock counts the seconds.
    """

    def __init__(self, client: RedisClient, *, prefix: str = "soapkit:replay:") -> None:
        self._client, self._prefix = client, prefix

    def claim(self, key: str, ttl: int, *, now: datetime) -> bool:
        """See `ReplayStore`. Raises `SecurityError` when the server does not answer: then nothing is believed."""
        try:
            return bool(self._client.set(self._prefix + key, "1", ex=ttl, nx=True))
        except Exception as error:
            raise SecurityError(f"the replay store cannot be used: {error}") from error
