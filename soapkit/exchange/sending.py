"""A reply whose items are sent while a handler makes them: an iterator, or an async one, in place of a list.

The first item is waited for before anything is sent, so that a handler that fails at once is answered with a fault.
After that the caller sees a failure as a reply that breaks off: there is no way to take back what was sent.
"""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeAlias

from soapkit.databinding.codec import Codecs
from soapkit.errors import SoapkitError
from soapkit.exchange.failures import exc_info
from soapkit.exchange.flow import Flow, call
from soapkit.exchange.items import ItemPlace
from soapkit.exchange.masking import EVERYTHING, Known

logger = logging.getLogger("soapkit.server")

Items: TypeAlias = "Iterator[Any] | AsyncIterator[Any]"

_PIECE = 32_768  # characters that are sent at once
_PATIENCE = 0.05  # seconds after which what there is is sent


def items_in(record: Any, places: Iterable[ItemPlace]) -> tuple[ItemPlace, Items] | None:
    """The iterator that a handler put in place of a list, and where; None if there is none."""
    for place in places:
        found = place.items_of(record)
        if isinstance(found, (Iterator, AsyncIterator)):
            return place, found
    return None


def with_items(record: Any, place: ItemPlace, items: list[Any]) -> Any:
    """The same record with a list in place of the iterator."""
    name, *rest = place.names
    changed = copy.copy(record)
    inner = ItemPlace(tuple(rest), place.tags[1:], place.field)
    setattr(changed, name, with_items(getattr(record, name), inner, items) if rest else items)
    return changed


def taken(items: Items, count: int | None) -> Flow[list[Any]]:
    """The flow that takes the next items: so many, or all that come."""
    found: list[Any]
    if isinstance(items, AsyncIterator):
        found = yield from call(_taken_async, items, count)
    else:
        found = yield from call(_taken, items, count)
    return found


def _taken(items: Iterator[Any], count: int | None) -> list[Any]:
    return list(islice(items, count))


async def _taken_async(items: AsyncIterator[Any], count: int | None) -> list[Any]:
    found: list[Any] = []
    while count is None or len(found) < count:
        try:
            found.append(await anext(items))
        except StopAsyncIteration:
            break
    return found


class SentItems:
    """The bytes of such a reply, piece by piece: `head`, further items as they are made, `tail`. Iterated over once.

    `sent`: how many items stand in the head. `known`: what the log is not told of an exception.
    """

    def __init__(
        self,
        head: bytes,
        tail: bytes,
        codecs: Codecs,
        place: ItemPlace,
        items: Items,
        sent: int,
        known: Callable[[], Known] = lambda: EVERYTHING,
    ) -> None:
        self._head = head
        self._tail = tail
        self._codec = codecs.codec(place.field.type)
        self._place = place
        self._items = items
        self._sent = sent
        self._known = known

    @property
    def is_async(self) -> bool:
        """Whether the items come from async code."""
        return isinstance(self._items, AsyncIterator)

    def __iter__(self) -> Iterator[bytes]:
        items = self._items
        if isinstance(items, AsyncIterator):
            items = _waited_for(items)
        pieces = _Pieces()
        yield self._head
        try:
            for item in items:
                if ready := pieces.add(self._text(item)):
                    yield ready
        except Exception as error:
            raise self._broken(error) from None
        yield pieces.rest() + self._tail

    async def pieces_async(self) -> AsyncGenerator[bytes, None]:
        """The same, in an event loop, of items that come from async code."""
        assert isinstance(self._items, AsyncIterator)
        pieces = _Pieces()
        yield self._head
        try:
            async for item in self._items:
                if ready := pieces.add(self._text(item)):
                    yield ready
        except Exception as error:
            raise self._broken(error) from None
        yield pieces.rest() + self._tail

    def _text(self, item: Any) -> str:
        field = self._place.field
        path = f"{'.'.join(self._place.names)}[{self._sent}]"
        self._sent += 1
        if field.maximum is not None and self._sent > field.maximum:
            raise SoapkitError(f"{path}: the contract allows at most {field.maximum} items")
        return self._codec.encode(item, field.tag, nillable=field.nillable, path=path)

    def _broken(self, error: Exception) -> SoapkitError:
        """Tell the log; what is raised then says nothing more, since the server writes it to a log of its own."""
        logger.error("a reply broke off after %d items", self._sent, exc_info=exc_info(error, self._known()))
        return SoapkitError(f"the reply broke off after {self._sent} items")


class _Pieces:
    """Gathers texts until they are worth sending, or somebody has waited long enough."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._size = 0
        self._since = time.monotonic()

    def add(self, text: str) -> bytes:
        """What is to be sent now; nothing, if that can wait."""
        self._texts.append(text)
        self._size += len(text)
        if self._size < _PIECE and time.monotonic() - self._since < _PATIENCE:
            return b""
        return self.rest()

    def rest(self) -> bytes:
        """What was not sent yet."""
        texts, self._texts, self._size = self._texts, [], 0
        self._since = time.monotonic()
        return "".join(texts).encode()


def _waited_for(items: AsyncIterator[Any]) -> Iterator[Any]:
    """Async items in blocking code."""
    from soapkit.exchange.loops import wait_for  # only here: it loads asyncio

    end = object()

    async def following() -> Any:
        return await anext(items, end)

    while (item := wait_for(following())) is not end:
        yield item
