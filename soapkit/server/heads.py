"""uvicorn's HTTP protocol, with an end to the time in which the head of a request must arrive.

An application is called when the head is there, so it cannot see who never finishes one; uvicorn itself waits for ever.
Needs uvicorn; only `soapkit serve` imports this.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

HEAD_SECONDS = 20.0  # of Apache's RequestReadTimeout: header=20


class PromptHTTPProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # chosen when uvicorn is imported
    """Closes a connection whose request has no whole head within `head_seconds` of its first byte, or that never sends
    one. An idle connection between two requests is uvicorn's ``timeout_keep_alive``."""

    head_seconds = HEAD_SECONDS
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:  # Any: as uvicorn's own protocols narrow it
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:  # what came is the beginning of a head
            self._wait()
        else:
            self._stop()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._waiting is None and not self.transport.is_closing():
            self._waiting = self.loop.call_later(self.head_seconds, self.transport.abort)

    def _stop(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
