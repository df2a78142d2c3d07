"""A service that needs a database session, which its host opens for each call."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from contextvars import ContextVar

import soapkit

SESSION: ContextVar[sqlite3.Connection] = ContextVar("SESSION")


class Database:
    """What a host keeps from start to end; a real one would be an engine with a pool."""

    def __init__(self, path: str) -> None:
        self.path = path
        with self.session() as session:
            session.execute("CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")

    @contextmanager
    def session(self) -> Iterator[sqlite3.Connection]:
        """One transaction: committed at the end, rolled back where an error comes out."""
        with closing(sqlite3.connect(self.path, check_same_thread=False)) as session, session:
            yield session


@soapkit.service("urn:example:notes")
class Notes:
    """Keeps notes."""

    @soapkit.operation
    def add(self, text: str) -> int:
        """Keep a note, and give its number."""
        number = SESSION.get().execute("INSERT INTO note (text) VALUES (?)", (text,)).lastrowid
        if not text:
            raise soapkit.Fault("a note has a text", code="Sender")  # and is not kept
        return number or 0

    @soapkit.operation
    def texts(self) -> list[str]:
        """All notes."""
        return [text for (text,) in SESSION.get().execute("SELECT text FROM note ORDER BY id")]
