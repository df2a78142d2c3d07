"""The transport of a client: given, or made when it is first needed and then the client's own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from soapkit.transport.values import AsyncTransport, Transport


class Connection:
    """One for a client and all its views. Safe for several threads.

    `given`: what the user gave, which stays his; `make`: makes one where that is None.
    """

    __slots__ = ("_given", "_lock", "_make", "_own")

    def __init__(self, given: Any, make: Callable[[], Any]) -> None:
        self._given = given
        self._make = make
        self._own: Any = None
        self._lock = threading.Lock()

    def transport(self) -> Any:
        """The transport; made now, where none was given and none was made yet."""
        if self._given is not None:
            return self._given
        with self._lock:
            if self._own is None:
                self._own = self._make()
            return self._own

    def close(self) -> None:
        """Let go of a blocking transport that was made here."""
        own: Transport | None = self._released()
        if own is not None:
            own.close()

    async def aclose(self) -> None:
        """The same of one for event loops."""
        own: AsyncTransport | None = self._released()
        if own is not None:
            await own.aclose()

    def _released(self) -> Any:
        with self._lock:
            own, self._own = self._own, None
            return own


def urllib3_transport() -> Transport:
    """What carries the calls of blocking clients, unless said."""
    from soapkit.transport.urllib3 import Urllib3Transport  # an HTTP library only once one is needed

    return Urllib3Transport()


def aiohttp_transport() -> AsyncTransport:
    """What carries those of clients in an event loop, unless said."""
    from soapkit.transport.aiohttp import AiohttpTransport  # as above

    return AiohttpTransport()
