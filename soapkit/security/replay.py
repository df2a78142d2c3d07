"""Freshness across messages: what was seen is not believed again."""

from __future__ import annotations

import heapq
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from soapkit.errors import SecurityError
from soapkit.security.shared_state import SqliteFile, on_redis, redis_at


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
    """A `ReplayStore` in a file on a local disk, for several processes on one machine.

    Each claim is one transaction, so that of any number of processes exactly one gets a key, also where one of them is
    killed. It is written to the file at once, and to the disk soon after (SQLite's WAL, ``synchronous=NORMAL``): a
    machine that loses power may forget the last claims. `timeout`: seconds to wait for the other processes. The store
    may be made before a server forks: each process opens the file for itself.

    Raises `SecurityError` where the file cannot be made.
    """

    def __init__(self, path: str | Path, *, timeout: float = 10.0) -> None:
        self._file = SqliteFile("the replay store", path, _TABLE, [_FORGET], timeout)

    def claim(self, key: str, ttl: int, *, now: datetime) -> bool:
        """See `ReplayStore`. Raises `SecurityError` when the file cannot be written: then nothing is believed."""
        moment = now.timestamp()
        given = {"key": key, "expires": moment + ttl, "now": moment}
        return self._file.run(moment, lambda opened: opened.execute(_CLAIM, given).rowcount == 1)

    def __repr__(self) -> str:
        return f"SqliteReplayStore({self._file.path!r})"


_TABLE = """CREATE TABLE IF NOT EXISTS claimed (key TEXT PRIMARY KEY, expires REAL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS claimed_expires ON claimed (expires);"""
_FORGET = "DELETE FROM claimed WHERE expires <= ?"
# One statement, hence one transaction: a key that is new, or whose time is over.
_CLAIM = """INSERT INTO claimed (key, expires) VALUES (:key, :expires)
ON CONFLICT (key) DO UPDATE SET expires = :expires WHERE expires <= :now"""


class RedisClient(Protocol):
    """The one command of a ``redis.Redis`` that is used."""

    def set(self, name: str, value: str, *, ex: int, nx: bool) -> object:
        """SET name value EX ex NX: something true for the first, None while the name is taken."""
        ...


class RedisReplayStore:
    """A `ReplayStore` on a Redis or Valkey server, for any number of machines: one atomic ``SET NX EX`` a claim.

    `client`: a ``redis.Redis``, best one with short timeouts, as `at` makes it. The server's clock counts the seconds.
    Give the store a database that evicts nothing (``maxmemory-policy noeviction``): what is evicted is believed again.
    """

    def __init__(self, client: RedisClient, *, prefix: str = "soapkit:replay:") -> None:
        self._client, self._prefix = client, prefix

    @classmethod
    def at(cls, url: str, *, timeout: float = 1.0, prefix: str = "soapkit:replay:") -> RedisReplayStore:
        """The store at a URL such as ``redis://cache.example:6379/0`` or ``rediss://...``; nothing is sent yet.

        `timeout`: seconds to wait for the server, to connect and to answer; a connection that broke is made anew once.
        Raises `UsageError` for what is no such URL, and where the library redis is not installed.
        """
        return cls(redis_at(url, timeout, "a replay store"), prefix=prefix)

    def claim(self, key: str, ttl: int, *, now: datetime) -> bool:
        """See `ReplayStore`. Raises `SecurityError` when the server does not answer: then nothing is believed."""
        return bool(on_redis("the replay store", lambda: self._client.set(self._prefix + key, "1", ex=ttl, nx=True)))
