"""Answers that come elsewhere than over the connection of their request, kept until whoever asked takes them.

    client:   expect(message id) -> the request, with a ReplyTo of its own -> take(message id), until an answer is there
    service:  an answer comes to that ReplyTo -> put(message id that it relates to)

The two may be in different processes: `soapkit.exchange.pending_shared`. An answer to what nobody asked, or asked too
long ago, is not kept. No I/O happens here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from soapkit.errors import UsageError

MOST_ANSWERS: Final = 4
"""Answers that are kept for one message. Where security is asked for, one that is not believed does not stand in the
way of the one that is."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A message that came: its bytes, and the media type that says how they are read."""

    body: bytes = field(repr=False)
    content_type: str


class PendingReplies(Protocol):
    """Which messages wait for an answer, and the answers that came. Each step is atomic; the methods may be blocking
    or async."""

    def expect(self, message_id: str, ttl: int) -> object:
        """From now on, for `ttl` seconds, answers to this message are kept."""
        ...

    def put(self, message_id: str, answer: Answer) -> bool:
        """Keep an answer. False where nobody waits for it, or `MOST_ANSWERS` are there."""
        ...

    def take(self, message_id: str) -> Answer | None:
        """The first of the answers that came, which is then gone; None where there is none yet."""
        ...

    def forget(self, message_id: str) -> object:
        """Answers to this message are waited for no more."""
        ...


@dataclass(slots=True)
class _Waiting:
    until: float
    answers: list[Answer] = field(default_factory=list)


class MemoryPendingReplies:
    """`PendingReplies` of one process: client and `soapkit.server.answers` in it share one of these. Thread-safe.

    `capacity`: calls that wait at once; one more is refused. `clock`: for tests.

    >>> pending = MemoryPendingReplies()
    >>> pending.expect("urn:uuid:1", 60)
    >>> pending.put("urn:uuid:1", Answer(b"<e/>", "text/xml")), pending.put("urn:uuid:2", Answer(b"<e/>", "text/xml"))
    (True, False)
    >>> pending.take("urn:uuid:1")
    Answer(content_type='text/xml')
    """

    def __init__(self, capacity: int = 100_000, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._capacity, self._clock = capacity, clock
        self._waiting: dict[str, _Waiting] = {}
        self._looked = clock()
        self._lock = threading.Lock()

    def expect(self, message_id: str, ttl: int) -> None:
        """See `PendingReplies`. Raises `UsageError` where as many wait as may."""
        with self._lock:
            now = self._clock()
            if now - self._looked >= 1:
                self._waiting = {one: waiting for one, waiting in self._waiting.items() if waiting.until > now}
                self._looked = now
            if len(self._waiting) >= self._capacity:
                raise UsageError(f"{self._capacity:,} calls wait for their answers already")
            self._waiting[message_id] = _Waiting(now + ttl)

    def put(self, message_id: str, answer: Answer) -> bool:
        """See `PendingReplies`."""
        with self._lock:
            found = self._waiting.get(message_id)
            if found is None or found.until <= self._clock() or len(found.answers) >= MOST_ANSWERS:
                return False
            found.answers.append(answer)
            return True

    def take(self, message_id: str) -> Answer | None:
        """See `PendingReplies`."""
        with self._lock:
            found = self._waiting.get(message_id)
            return found.answers.pop(0) if found is not None and found.answers else None

    def forget(self, message_id: str) -> None:
        """See `PendingReplies`."""
        with self._lock:
            self._waiting.pop(message_id, None)

    def __repr__(self) -> str:
        return f"MemoryPendingReplies({len(self._waiting)} waiting)"
