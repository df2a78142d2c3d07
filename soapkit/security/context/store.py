"""Security contexts that several processes share: in a file, or on a Redis server.

What is stored, for each context: its identifier (as a digest, on Redis), its instance, and when it ends, readable;
sealed under the service's key: the secret, the certificate and the name of whom it was agreed on with. Of each answer:
the digest of what was signed. Who can read the store and has not the key learns how many contexts there are and when
they end. Who can write to it can take contexts away, and bring one back that was cancelled, until it ends.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from soapkit.security.context.context import SecurityContext
from soapkit.security.context.sealed import Sealing
from soapkit.security.shared_state import SqliteFile, on_redis, redis_at

_NEVER: Final = 253402300799.0  # the end of the year 9999

_TABLES = """CREATE TABLE IF NOT EXISTS contexts (number INTEGER PRIMARY KEY AUTOINCREMENT, identifier TEXT NOT NULL,
    instance TEXT NOT NULL, expires REAL NOT NULL, sealed BLOB NOT NULL, UNIQUE (identifier, instance));
CREATE INDEX IF NOT EXISTS contexts_expires ON contexts (expires);
CREATE TABLE IF NOT EXISTS sent (fingerprint TEXT PRIMARY KEY, expires REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sent_expires ON sent (expires);"""
_FORGET = ("DELETE FROM contexts WHERE expires <= ?", "DELETE FROM sent WHERE expires <= ?")
_PUT = "INSERT OR REPLACE INTO contexts (identifier, instance, expires, sealed) VALUES (?, ?, ?, ?)"
_LATEST = "SELECT instance, sealed FROM contexts WHERE identifier = ? ORDER BY number DESC LIMIT 1"
_NAMED = "SELECT instance, sealed FROM contexts WHERE identifier = ? AND instance = ?"


class SqliteContextStore:
    """A `ContextStore` in a file on a local disk, for several processes of one machine.

    `key`: 32 random bytes, the same for all of them, under which contexts are sealed; several, to replace one: the
    first seals. `timeout`: seconds to wait for the other processes. The store may be made before a server forks.

    Raises `UsageError` without such a key, `SecurityError` where the file cannot be made; where it cannot be used
    later, nothing is believed.

    >>> SqliteContextStore("contexts.sqlite", key=secrets.token_bytes(32))           # doctest: +SKIP
    """

    def __init__(self, path: str | Path, *, key: bytes | Sequence[bytes], timeout: float = 10.0) -> None:
        self._sealing = Sealing.under(key)
        self._file = SqliteFile("the store of security contexts", path, _TABLES, _FORGET, timeout)

    def put(self, context: SecurityContext) -> None:
        """See `ContextStore`."""
        row = (context.identifier, context.instance, _moment(context.expires), self._sealing.seal(context))
        self._file.run(None, lambda opened: opened.execute(_PUT, row))

    def get(self, identifier: str, instance: str | None, now: datetime) -> SecurityContext | None:
        """See `ContextStore`."""
        statement, named = (_LATEST, [identifier]) if instance is None else (_NAMED, [identifier, instance])
        row = self._file.run(now.timestamp(), lambda opened: opened.execute(statement, named).fetchone())
        return self._sealing.open(row[1], identifier, row[0]) if row is not None else None

    def remove(self, identifier: str) -> None:
        """See `ContextStore`."""
        statement = "DELETE FROM contexts WHERE identifier = ?"
        self._file.run(None, lambda opened: opened.execute(statement, [identifier]))

    def add_sent(self, fingerprint: str, until: datetime) -> None:
        """See `ContextStore`."""
        statement, row = "INSERT OR REPLACE INTO sent VALUES (?, ?)", [fingerprint, until.timestamp()]
        self._file.run(None, lambda opened: opened.execute(statement, row))

    def was_sent(self, fingerprint: str) -> bool:
        """See `ContextStore`."""
        statement = "SELECT 1 FROM sent WHERE fingerprint = ?"
        return self._file.run(None, lambda opened: opened.execute(statement, [fingerprint]).fetchone()) is not None

    def __repr__(self) -> str:
        return f"SqliteContextStore({self._file.path!r})"


class ContextRedis(Protocol):
    """The commands of a ``redis.Redis`` that are used."""

    def pipeline(self) -> Any:
        """Commands that are done together: MULTI and EXEC."""
        ...

    def hget(self, name: str, key: str) -> Any:
        """One field of a hash, None without it."""
        ...

    def delete(self, name: str) -> Any:
        """Forget a name."""
        ...

    def set(self, name: str, value: str, *, exat: int) -> Any:
        """SET name value EXAT moment."""
        ...

    def exists(self, name: str) -> Any:
        """How many there are of that name."""
        ...


class RedisContextStore:
    """A `ContextStore` on a Redis or Valkey server, for any number of machines.

    `client`: a ``redis.Redis``, best one with short timeouts, as `at` makes it. `key`: 32 random bytes, as for a
    `SqliteContextStore`. The server's clock says when contexts are forgotten. Give the store a database that evicts
    nothing: a context that is evicted is lost to its client, and an answer could be sent back to us.

    Raises `UsageError` without such a key; where the server does not answer later, nothing is believed.
    """

    def __init__(self, client: ContextRedis, *, key: bytes | Sequence[bytes], prefix: str = "soapkit:context:") -> None:
        self._sealing = Sealing.under(key)
        self._client, self._prefix = client, prefix

    @classmethod
    def at(
        cls, url: str, *, key: bytes | Sequence[bytes], timeout: float = 1.0, prefix: str = "soapkit:context:"
    ) -> RedisContextStore:
        """The store at a URL such as ``redis://cache.example:6379/0`` or ``rediss://...``; nothing is sent yet.

        `timeout`: seconds to wait for the server, to connect and to answer. Raises `UsageError` for what is no such
        URL, and where the library redis is not installed."""
        return cls(redis_at(url, timeout, "a store of security contexts"), key=key, prefix=prefix)

    def put(self, context: SecurityContext) -> None:
        """See `ContextStore`."""
        sealed = b64encode(self._sealing.seal(context)).decode("ascii")
        fields = {f"sealed {context.instance}": sealed, "latest": f"instance {context.instance}"}
        name = self._name(context.identifier)
        self._asked(lambda: self._put(name, fields, context.expires))

    def _put(self, name: str, fields: Mapping[str, str], expires: datetime | None) -> None:
        together = self._client.pipeline().hset(name, mapping=fields)
        together.persist(name) if expires is None else together.expireat(name, int(expires.timestamp()) + 1)
        together.execute()

    def get(self, identifier: str, instance: str | None, now: datetime) -> SecurityContext | None:
        """See `ContextStore`."""
        name = self._name(identifier)
        if instance is None:
            latest = _text(self._asked(lambda: self._client.hget(name, "latest")))
            if latest is None:
                return None
            instance = latest.removeprefix("instance ")
        sealed = _text(self._asked(lambda: self._client.hget(name, f"sealed {instance}")))
        return self._sealing.open(b64decode(sealed), identifier, instance) if sealed is not None else None

    def remove(self, identifier: str) -> None:
        """See `ContextStore`."""
        self._asked(lambda: self._client.delete(self._name(identifier)))

    def add_sent(self, fingerprint: str, until: datetime) -> None:
        """See `ContextStore`."""
        moment = int(until.timestamp()) + 1
        self._asked(lambda: self._client.set(f"{self._prefix}sent:{fingerprint}", "1", exat=moment))

    def was_sent(self, fingerprint: str) -> bool:
        """See `ContextStore`."""
        return bool(self._asked(lambda: self._client.exists(f"{self._prefix}sent:{fingerprint}")))

    def _name(self, identifier: str) -> str:
        return self._prefix + hashlib.sha256(identifier.encode()).hexdigest()  # a stranger's may be long

    def _asked(self, command: Callable[[], Any]) -> Any:
        return on_redis("the store of security contexts", command)

    def __repr__(self) -> str:
        return f"RedisContextStore(prefix={self._prefix!r})"


def _moment(expires: datetime | None) -> float:
    return _NEVER if expires is None else expires.timestamp()


def _text(found: bytes | str | None) -> str | None:
    """What the client gives, which decodes texts or does not, as it was made."""
    return found.decode("ascii", "replace") if isinstance(found, bytes) else found
