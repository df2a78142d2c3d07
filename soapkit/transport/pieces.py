"""A streamed body for async code: its pieces, read in a thread, since they may wait for a disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable


async def pieces_of(stream: Iterable[bytes]) -> AsyncGenerator[bytes, None]:
    """The pieces of a stream, without blocking the event loop."""
    pieces = iter(stream)
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece
