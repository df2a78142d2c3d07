"""Freshness across messages: what was seen is not believed again."""

from __future__ import annotations

import heapq
import os
import sqlite3
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from soapkit.errors import SecurityError, UsageError


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
        self._path, self._timeout = str(path), timeout
        # By process: SQLite says of a connection that came through a fork not even to close it.
        self._opened: dict[int, _Opened] = {}
        try:
            _Opened(self._path, timeout).close()
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    def claim(self, key: str, ttl: int, *, now: datetime) -> bool:
        """See `ReplayStore`. Raises `SecurityError` when the file cannot be written: then nothing is believed."""
        process = os.getpid()
        try:
            opened = self._opened.get(process)
            if opened is None or not opened.is_current:
                opened = self._opened[process] = _Opened(self._path, self._timeout)
            return opened.claim(key, ttl, now.timestamp())
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    def _unusable(self, error: sqlite3.Error) -> SecurityError:
        return SecurityError(f"the replay store {self._path} cannot be used: {error}")

    def __repr__(self) -> str:
        return f"SqliteReplayStore({self._path!r})"


class _Opened:
    """The file of a `SqliteReplayStore` as one process has it open. Raises ``sqlite3.Error``."""

    _TABLE = """CREATE TABLE IF NOT EXISTS claimed (key TEXT PRIMARY KEY, expires REAL) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS claimed_expires ON claimed (expires);"""
    # One statement, hence one transaction: a key that is new, or whose time is over.
    _CLAIM = """INSERT INTO claimed (key, expires) VALUES (:key, :expires)
    ON CONFLICT (key) DO UPDATE SET expires = :expires WHERE expires <= :now"""

    def __init__(self, path: str, timeout: float) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._forgotten = 0.0
        self._connection = sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(time.monotonic() + timeout)
            self._file = self._identity()
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self, deadline: float) -> None:
        """Tables and journal; while others do the same, SQLite may refuse without waiting."""
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode=WAL")
                self._connection.execute("PRAGMA synchronous=NORMAL")
                self._connection.executescript(self._TABLE)
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return

    @property
    def is_current(self) -> bool:
        """Whether the file that is open is still the one at its path: others will have opened that one."""
        return self._identity() == self._file

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = Path(self._path).stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def claim(self, key: str, ttl: int, moment: float) -> bool:
        """Whether the key was free at `moment`; what is over is forgotten every second."""
        with self._lock:
            if abs(moment - self._forgotten) >= 1:
                self._connection.execute("DELETE FROM claimed WHERE expires <= ?", (moment,))
                self._forgotten = moment
            done = self._connection.execute(self._CLAIM, {"key": key, "expires": moment + ttl, "now": moment})
            return done.rowcount == 1

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __del__(self) -> None:
        if hasattr(self, "_connection"):
            self._connection.close()


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
        try:
            from redis import Redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError:
            raise UsageError("a replay store on Redis needs redis: pip install 'soapkit[redis]'") from None
        try:
            client = Redis.from_url(
                url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=Retry(NoBackoff(), 1)
            )
        except ValueError as error:
            raise UsageError(f"no address of a Redis server: {url!r}: {error}") from None
        return cls(client, prefix=prefix)

    def claim(self, key: str, ttl: int, *, now: datetime) -> bool:
        """See `ReplayStore`. Raises `SecurityError` when the server does not answer: then nothing is believed."""
        try:
            return bool(self._client.set(self._prefix + key, "1", ex=ttl, nx=True))
        except Exception as error:
            raise SecurityError(f"the replay store cannot be used: {error}") from error
