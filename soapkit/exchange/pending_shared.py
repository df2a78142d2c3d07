"""Pending replies that several processes share: a file of SQLite on one machine, Redis or Valkey for many.

An answer may come to another worker than the one that asked. Messages are kept as they came, for as long as somebody
waits: what is secret in them is as secret in the file, or on the server.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from soapkit.exchange.pending import MOST_ANSWERS, Answer
from soapkit.security.shared_state import SqliteFile, on_redis, redis_at


class SqlitePendingReplies:
    """`soapkit.exchange.pending.PendingReplies` in a file on a local disk, for several processes of one machine.

    `timeout`: seconds to wait for the other processes. It may be made before a server forks. Raises `SecurityError`
    where the file cannot be made, as each method does where it cannot be used.
    """

    def __init__(self, path: str | Path, *, timeout: float = 10.0, clock: Callable[[], float] = time.time) -> None:
        self._file = SqliteFile("the file of pending replies", path, _TABLES, _FORGET, timeout)
        self._clock = clock

    def expect(self, message_id: str, ttl: int) -> None:
        """See `PendingReplies`."""
        self._run(_EXPECT, id=message_id, expires=self._clock() + ttl)

    def put(self, message_id: str, answer: Answer) -> bool:
        """See `PendingReplies`."""
        given = {"id": message_id, "now": self._clock(), "type": answer.content_type, "body": answer.body}
        return self._run(_PUT, **given).rowcount == 1

    def take(self, message_id: str) -> Answer | None:
        """See `PendingReplies`."""
        found = self._file.run(self._clock(), lambda opened: opened.execute(_TAKE, {"id": message_id}).fetchall())
        return Answer(found[0][1], found[0][0]) if found else None

    def forget(self, message_id: str) -> None:
        """See `PendingReplies`."""
        self._run("DELETE FROM waiting WHERE id = :id", id=message_id)
        self._run("DELETE FROM answers WHERE id = :id", id=message_id)

    def _run(self, statement: str, **given: object) -> sqlite3.Cursor:
        return self._file.run(self._clock(), lambda opened: opened.execute(statement, given))

    def __repr__(self) -> str:
        return f"SqlitePendingReplies({self._file.path!r})"


_TABLES = """CREATE TABLE IF NOT EXISTS waiting (id TEXT PRIMARY KEY, expires REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answers (number INTEGER PRIMARY KEY, id TEXT, type TEXT, body BLOB);
CREATE INDEX IF NOT EXISTS answers_id ON answers (id);"""
_FORGET = (
    "DELETE FROM waiting WHERE expires <= ?",
    "DELETE FROM answers WHERE ? AND id NOT IN (SELECT id FROM waiting)",
)
_EXPECT = "INSERT INTO waiting (id, expires) VALUES (:id, :expires)"
# One statement, hence one transaction.
_PUT = f"""INSERT INTO answers (id, type, body) SELECT :id, :type, :body
WHERE EXISTS (SELECT 1 FROM waiting WHERE id = :id AND expires > :now)
AND (SELECT count(*) FROM answers WHERE id = :id) < {MOST_ANSWERS}"""  # noqa: S608  a number of ours
_TAKE = """DELETE FROM answers WHERE number = (SELECT min(number) FROM answers WHERE id = :id) RETURNING type, body"""


class RedisClient(Protocol):
    """The commands of a ``redis.Redis`` that are used."""

    def set(self, name: str, value: str, *, ex: int) -> object: ...

    def eval(self, script: str, numkeys: int, *keys_and_args: Any) -> Any: ...

    def lpop(self, name: str) -> Any: ...

    def delete(self, *names: str) -> object: ...


class RedisPendingReplies:
    """`soapkit.exchange.pending.PendingReplies` on a Redis or Valkey server, for any number of machines.

    `client`: a ``redis.Redis`` that gives bytes (no ``decode_responses``), best one with short timeouts, as `at` makes
    it. Each method raises `SecurityError` where the server does not answer.
    """

    def __init__(self, client: RedisClient, *, prefix: str = "soapkit:pending:") -> None:
        self._client, self._prefix = client, prefix

    @classmethod
    def at(cls, url: str, *, timeout: float = 1.0, prefix: str = "soapkit:pending:") -> RedisPendingReplies:
        """Those at a URL such as ``redis://cache.example:6379/0`` or ``rediss://...``; nothing is sent yet.

        `timeout`: seconds to wait for the server, to connect and to answer. Raises `UsageError` for what is no such
        URL, and where the library redis is not installed.
        """
        return cls(redis_at(url, timeout, "pending replies"), prefix=prefix)

    def expect(self, message_id: str, ttl: int) -> None:
        """See `PendingReplies`."""
        self._done(lambda: self._client.set(self._names(message_id)[0], "1", ex=ttl))

    def put(self, message_id: str, answer: Answer) -> bool:
        """See `PendingReplies`."""
        value = answer.content_type.encode() + b"\n" + answer.body
        return bool(
            self._done(lambda: self._client.eval(_PUT_SCRIPT, 2, *self._names(message_id), value, MOST_ANSWERS))
        )

    def take(self, message_id: str) -> Answer | None:
        """See `PendingReplies`."""
        found = self._done(lambda: self._client.lpop(self._names(message_id)[1]))
        if found is None:
            return None
        content_type, _, body = found.partition(b"\n")
        return Answer(body, content_type.decode())

    def forget(self, message_id: str) -> None:
        """See `PendingReplies`."""
        self._done(lambda: self._client.delete(*self._names(message_id)))

    def _names(self, message_id: str) -> tuple[str, str]:
        """Of what says that a message waits, and of the list of its answers; in one slot of a cluster."""
        return f"{self._prefix}{{{message_id}}}:waits", f"{self._prefix}{{{message_id}}}:answers"

    def _done(self, work: Callable[[], Any]) -> Any:
        return on_redis("the pending replies on Redis", work)


_PUT_SCRIPT = """
if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('LLEN', KEYS[2]) >= tonumber(ARGV[2]) then return 0 end
redis.call('RPUSH', KEYS[2], ARGV[1])
redis.call('PEXPIRE', KEYS[2], redis.call('PTTL', KEYS[1]))
return 1
"""
