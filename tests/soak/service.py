"""The service that is given a hard time: `soapkit serve service:app`, in a folder with what it needs.

SOAK_STORE: where its replay store is, a path or a URL; without it messages need no signature. SOAK_BOOKED: a file that
gets a line for each call that was really served. SOAK_SECONDS: its limits of time.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from typing import Any

import soapkit
from soapkit.security import RedisReplayStore, Require, Security, SqliteReplayStore, TrustStore
from soapkit.server.heads import PromptHTTPProtocol

SECONDS = float(os.environ.get("SOAK_SECONDS", 2))  # instead of 20, 120 and 60: so that each limit is seen at work

PromptHTTPProtocol.head_seconds = SECONDS


def note(line: object) -> None:
    """Written at once, whole, whatever happens to this process next."""
    file = os.open(os.environ["SOAK_BOOKED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{line}\n".encode())
    os.close(file)


@soapkit.service("urn:example:ledger")
class Ledger:
    @soapkit.operation
    def book(self, number: int) -> int:
        note(number)
        return number

    @soapkit.operation
    async def echo(self, text: str) -> str:
        return text

    @soapkit.operation
    def raises(self) -> str:
        raise ValueError("the password is swordfish")

    @soapkit.operation
    def hangs(self) -> str:
        time.sleep(3 * SECONDS)
        return "late"

    @soapkit.operation
    async def hangs_async(self) -> str:
        await asyncio.sleep(3600)
        return "never"

    @soapkit.operation
    def recurses(self) -> str:
        return self.recurses()

    @soapkit.operation
    def devours(self) -> str:
        """Takes memory until there is no more."""
        held = []
        while True:
            held.append(bytearray(32 << 20))

    @soapkit.operation
    def dies(self) -> str:
        """As a crash in a C library does."""
        os.abort()

    @soapkit.operation
    def rows(self, count: int) -> Iterator[str]:
        try:
            for number in range(count):
                yield f"row {number} " + "x" * 200
        finally:
            note("closed")


def _settings() -> dict[str, Any]:
    place = os.environ.get("SOAK_STORE")
    if place is None:
        return {}
    store = RedisReplayStore.at(place, timeout=0.5) if place.startswith("redis:") else SqliteReplayStore(place)
    required = Require(signed=["Body", "Timestamp"], trust=TrustStore.load("ca.pem"), replay=store)
    return {"security": Security(inbound=required)}


app = soapkit.asgi(Ledger(), receive_seconds=SECONDS, handler_seconds=SECONDS, health=True, **_settings())
