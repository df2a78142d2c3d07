"""A call whose reply is read while it comes: its items one by one, blocking or async.

What is not a stream of items (a fault, a page, a reply with attachments, one in another encoding) is read whole, as any
reply is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from soapkit.attachment import Attachment
from soapkit.client.call import exchange_of, receive_package, watch
from soapkit.client.route import Route
from soapkit.errors import HttpError, SoapkitError, UsageError
from soapkit.exchange.items import ItemPlace, ReplyItems, check_streamable, item_place
from soapkit.exchange.log import log_message
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
        attachments: tuple[Attachment, ...] = (),
    ) -> None:
        check_streamable(route.processor)
        if route.pending is not None:
            raise UsageError("a reply that comes elsewhere (pending=) is not streamed")
        self._route = route
        self._operation = operation
        self._place: ItemPlace = item_place(operation, route.processor.codecs, path)
        beside = route.outgoing(operation, headers, attachments)
        self._request = replace(route.request(operation, record, headers, beside), timeout=_SECONDS)
        self._head: Head | None = None  # of the reply
        log_message("sent", operation.name, self._request.body)

    def items(self, transport: Transport) -> Iterator[Any]:
        """The items, blocking. Who leaves early closes the connection."""
        with self._watched() as request:
            yield from self._items(transport, request)

    def _items(self, transport: Transport, request: Request) -> Iterator[Any]:
        if not isinstance(transport, StreamingTransport):
            yield from self.whole(transport.send(request))
            return
        with transport.open(request) as opened:
            self._head = opened
            reading = _Reading(opened, opened.reason, self)
            for piece in opened:
                yield from reading.feed(piece)
            yield from reading.finish()

    async def items_async(self, transport: AsyncTransport) -> AsyncIterator[Any]:
        """The same in an event loop."""
        with self._watched() as request:
            async for item in self._items_async(transport, request):
                yield item

    async def _items_async(self, transport: AsyncTransport, request: Request) -> AsyncIterator[Any]:
        if not isinstance(transport, AsyncStreamingTransport):
            for item in self.whole(await transport.send(request)):
                yield item
            return
        async with await transport.open(request) as opened:
            self._head = opened
            reading = _Reading(opened, opened.reason, self)
            async for piece in opened:
                for item in reading.feed(piece):
                    yield item
            for item in reading.finish():
                yield item

    @contextmanager
    def _watched(self) -> Iterator[Request]:
        """The request, while observers watch, where there are any. Who leaves early has not failed. Every error carries
        the exchange as far as it is kept: without the reply."""
        try:
            with self._observed() as request:
                yield request
        except SoapkitError as error:
            error.exchange = exchange_of(self._operation, self._request, self._head)
            raise

    @contextmanager
    def _observed(self) -> Iterator[Request]:
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

    def reader(self) -> ReplyItems:
        """What takes a reply piece by piece."""
        route = self._route
        return ReplyItems(route.processor, route.version, self._operation, self._place, route.xml_limits)

    def whole(self, response: Response) -> Iterator[Any]:
        """The items of a reply that is read like any other."""
        received = receive_package(self._route, self._operation, response)
        if received is None:
            raise HttpError("expected a reply, got none", status=response.status, body=b"")
        yield from self._place.told_of(received.value)


class _Reading:
    """Takes what comes and gives its items: from piece to piece, as soon as its beginning tells that it may be read so;
    else at the end, as of any other reply."""

    def __init__(self, head: Head, reason: str, stream: Stream) -> None:
        self._head, self._reason = head, reason
        self._stream = stream
        self._charset = _charset(head)
        self._fits: bool | None = None if self._charset is not None else False  # None: not known yet
        self._kept: list[bytes] = []  # while it is not read from piece to piece
        self._reader: ReplyItems | None = None

    def feed(self, piece: bytes) -> Iterator[Any]:
        if self._reader is not None:
            yield from self._reader.feed(piece)
            return
        self._kept.append(piece)
        if self._fits is None:
            start = b"".join(self._kept)
            self._fits = fits_in_pieces(start, self._charset or "")
            if self._fits:
                self._kept, self._reader = [], self._stream.reader()
                yield from self._reader.feed(start)

    def finish(self) -> Iterator[Any]:
        if self._reader is not None:
            yield from self._reader.finish()
        else:
            yield from self._stream.whole(_collected(self._head, self._reason, self._kept))


def _charset(head: Head) -> str | None:
    """The charset of what may be read in pieces, empty where it says none; None for what may not."""
    media_type = parse_media_type(head.headers.get("content-type"))
    charset = media_type.parameters.get("charset", "").lower()
    fits = 200 <= head.status < 300 and media_type.name in _MEDIA_TYPES and charset in _CHARSETS
    return charset if fits else None


def _collected(head: Head, reason: str, pieces: list[bytes]) -> Response:
    return Response(head.status, head.headers, b"".join(pieces), reason)
