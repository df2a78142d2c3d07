"""A call whose reply is read while it comes: its items one by one, blocking or async.

What is not a stream of items (a fault, a page, a reply with attachments, one in another encoding) is read whole, as any
reply is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from soapkit.client.call import Route, watch
from soapkit.errors import HttpError, UsageError
from soapkit.exchange.items import ItemPlace, ReplyItems, check_streamable, item_place
from soapkit.exchange.log import log_message
from soapkit.exchange.parts import Incoming
from soapkit.operations import Operation
from soapkit.soap.wire import fits_in_pieces, parse_media_type
from soapkit.transport.values import (
    AsyncStreamingTransport,
    AsyncTransport,
    Head,
    Request,
    Response,
    StreamingTransport,
    Transport,
)

# A stream lasts as long as who reads it likes; silence has a limit of its own (`HttpLimits.read_seconds`).
_SECONDS = 7 * 24 * 3600.0

_MEDIA_TYPES = ("text/xml", "application/soap+xml", "application/xml")
_CHARSETS = ("", "utf-8", "utf8")


class Streaming:
    """The operations of a client, each giving the items of its reply one by one:
    ``client.streaming.records(since=day)``.

    What comes back is an iterator; of an async client, an async one.
    """

    def __init__(self, stream: Callable[..., Any]) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda **arguments: self._stream(name, **arguments)


class Stream:
    """One call: its request, and what reads its reply."""

    def __init__(
        self,
        route: Route,
        operation: Operation[Any, Any],
        record: object,
        headers: Mapping[str, object] | None,
        path: str,
    ) -> None:
        check_streamable(route.processor)
        if route.pending is not None:
            raise UsageError("a reply that comes elsewhere (pending=) is not streamed")
        self._route = route
        self._operation = operation
        self._place: ItemPlace = item_place(operation, route.processor.codecs, path)
        beside = route.outgoing(operation, headers)
        self._request = replace(route.request(operation, record, headers, beside), timeout=_SECONDS)
        log_message("sent", operation.name, self._request.body)

    def items(self, transport: Transport) -> Iterator[Any]:
        """The items, blocking. Who leaves early closes the connection."""
        with self._watched() as request:
            yield from self._items(transport, request)

    def _items(self, transport: Transport, request: Request) -> Iterator[Any]:
        if not isinstance(transport, StreamingTransport):
            yield from self._whole(transport.send(request))
            return
        with transport.open(request) as opened:
            charset, pieces, start = _charset(opened), iter(opened), b""
            fits = None if charset is not None else False
            while fits is None and (piece := next(pieces, None)) is not None:
                start += piece
                fits = fits_in_pieces(start, charset or "")
            if not fits:
                yield from self._whole(_collected(opened, opened.reason, [start, *pieces]))
                return
            reader = self._reader()
            yield from reader.feed(start)
            for piece in pieces:
                yield from reader.feed(piece)
            yield from reader.finish()

    async def items_async(self, transport: AsyncTransport) -> AsyncIterator[Any]:
        """The same in an event loop."""
        with self._watched() as request:
            async for item in self._items_async(transport, request):
                yield item

    async def _items_async(self, transport: AsyncTransport, request: Request) -> AsyncIterator[Any]:
        if not isinstance(transport, AsyncStreamingTransport):
            for item in self._whole(await transport.send(request)):
                yield item
            return
        async with await transport.open(request) as opened:
            charset, pieces, start = _charset(opened), aiter(opened), b""
            fits = None if charset is not None else False
            while fits is None and (piece := await anext(pieces, None)) is not None:
                start += piece
                fits = fits_in_pieces(start, charset or "")
            if not fits:
                for item in self._whole(_collected(opened, opened.reason, [start, *[one async for one in pieces]])):
                    yield item
                return
            reader = self._reader()
            for item in reader.feed(start):
                yield item
            async for piece in pieces:
                for item in reader.feed(piece):
                    yield item
            for item in reader.finish():
                yield item

    @contextmanager
    def _watched(self) -> Iterator[Request]:
        """The request, while observers watch, where there are any. Who leaves early has not failed."""
        if not self._route.observers:
            yield self._request
            return
        watched = watch(self._route, self._operation, encloses=False)
        try:
            yield replace(self._request, headers=self._request.headers.with_(*watched.carried()))
        except GeneratorExit:
            raise
        except BaseException as error:
            watched.error = error
            raise
        finally:
            watched.end()

    def _reader(self) -> ReplyItems:
        route = self._route
        return ReplyItems(route.processor, route.version, self._operation, self._place, route.xml_limits)

    def _whole(self, response: Response) -> Iterator[Any]:
        """The items of a reply that is read like any other."""
        package = self._route.package_in(response, self._operation)
        if package is None:
            raise HttpError("expected a reply, got none", status=response.status, body=b"")
        parts = Incoming.of(package)
        received = self._route.processor.receive_reply(package.envelope, self._operation, parts)
        yield from self._place.told_of(received.value)


def _charset(head: Head) -> str | None:
    """The charset of what may be read in pieces, empty where it says none; None for what may not."""
    media_type = parse_media_type(head.headers.get("content-type"))
    charset = media_type.parameters.get("charset", "").lower()
    fits = 200 <= head.status < 300 and media_type.name in _MEDIA_TYPES and charset in _CHARSETS
    return charset if fits else None


def _collected(head: Head, reason: str, pieces: list[bytes]) -> Response:
    return Response(head.status, head.headers, b"".join(pieces), reason)
