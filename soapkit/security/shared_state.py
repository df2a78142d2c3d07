"""Where processes keep what they share: a file of SQLite, for those of one machine, or a Redis server."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from soapkit.errors import SecurityError, UsageError

FoundT = TypeVar("FoundT")


class SqliteFile:
    """A file on a local disk that several processes of one machine use. Thread-safe.

    `what`: what it is, for those who are told that it cannot be used; `tables`: the statements that make them;
    `forget`: those that delete what is over at a moment. It may be made before a server forks: each process opens the
    file for itself. `timeout`: seconds to wait for the other processes.

    What is written is in the file at once, and on the disk soon after (SQLite's WAL, ``synchronous=NORMAL``): a machine
    that loses power may forget the last of it. Raises `SecurityError` where the file cannot be made.
    """

    def __init__(self, what: str, path: str | Path, tables: str, forget: Sequence[str], timeout: float) -> None:
        self.path = str(path)
        self._what, self._tables, self._forget, self._timeout = what, tables, forget, timeout
        # By process: SQLite says of a connection that came through a fork not even to close it.
        self._opened: dict[int, _Opened] = {}
        try:
            self._open().close()
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    def run(self, moment: float | None, work: Callable[[sqlite3.Connection], FoundT]) -> FoundT:
        """What `work` gives; before it, once a second, what is over at `moment`, if one is given, is forgotten. Raises
        `SecurityError` when the file cannot be read or written."""
        process = os.getpid()
        try:
            opened = self._opened.get(process)
            if opened is None or not opened.is_current:
                opened = self._opened[process] = self._open()
            return opened.run(moment, self._forget, work)
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    def _open(self) -> _Opened:
        return _Opened(self.path, self._tables, self._timeout)

    def _unusable(self, error: sqlite3.Error) -> SecurityError:
        return SecurityError(f"{self._what} {self.path} cannot be used: {error}")


class _Opened:
    """A `SqliteFile` as one process has it open. Raises ``sqlite3.Error``."""

    def __init__(self, path: str, tables: str, timeout: float) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._forgotten = 0.0
        self._connection = sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(tables, time.monotonic() + timeout)
            self._file = self._identity()
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self, tables: str, deadline: float) -> None:
        """Tables and journal; while others do the same, SQLite may refuse without waiting."""
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode=WAL")
                self._connection.execute("PRAGMA synchronous=NORMAL")
                self._connection.executescript(tables)
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

    def run(self, moment: float | None, forget: Sequence[str], work: Callable[[sqlite3.Connection], FoundT]) -> FoundT:
        """What `work` gives; what is over is forgotten every second."""
        with self._lock:
            if moment is not None and abs(moment - self._forgotten) >= 1:
                for statement in forget:
                    self._connection.execute(statement, (moment,))
                self._forgotten = moment
            return work(self._connection)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __del__(self) -> None:
        if hasattr(self, "_connection"):
            self._connection.close()


def on_redis(what: str, command: Callable[[], FoundT]) -> FoundT:
    """What a command of a Redis client gives. Raises `SecurityError` where the server does not answer, whatever the
    client raises then: nothing is believed of what it might have said."""
    try:
        return command()
    except Exception as error:
        raise SecurityError(f"{what} cannot be used: {error}") from error


def redis_at(url: str, timeout: float, what: str) -> Any:  # a redis.Redis, which need not be installed
    """The client of a server at a URL such as ``redis://cache.example:6379/0`` or ``rediss://...``; nothing is sent
    yet.

    `timeout`: seconds to wait for the server, to connect and to answer; a connection that broke is made anew once.
    `what`: what it is for. Raises `UsageError` for what is no such URL, and where the library redis is not installed.
    """
    try:
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError:
        raise UsageError(f"{what} on Redis needs redis: pip install 'soapkit[redis]'") from None
    try:
        return Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=Retry(NoBackoff(), 1))
    except ValueError as error:
        raise UsageError(f"no address of a Redis server: {url!r}: {error}") from None
