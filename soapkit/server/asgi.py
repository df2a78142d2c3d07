"""asgi(): an ASGI 3 application that hosts SOAP services, for uvicorn, hypercorn, granian, or mounted in another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, MutableMapping, Sized
from typing import Any, TypeAlias, Unpack

from msgspec.structs import replace

from soapkit.errors import LimitError
from soapkit.exchange.flow import arun
from soapkit.exchange.loops import within_seconds
from soapkit.exchange.sending import SentItems
from soapkit.server.beside import Beside
from soapkit.server.dispatch import attached
from soapkit.server.fields import headers_of
from soapkit.server.host import Settings, endpoint_at, endpoints_for, host_limits, host_probes
from soapkit.server.http import NOT_FOUND, HttpRequest, Responder, turned_away
from soapkit.server.interceptors import Chain, Interceptor
from soapkit.server.limits import DEFAULT_HOST_LIMITS, Gate, HostLimits
from soapkit.server.mount import standing
from soapkit.server.refusals import too_large, too_many, too_slow
from soapkit.transport.binding import announced
from soapkit.transport.limits import joined
from soapkit.transport.pieces import pieces_of
from soapkit.transport.values import Headers, Response

logger = logging.getLogger("soapkit.server")

Scope: TypeAlias = "MutableMapping[str, Any]"  # Any: the ASGI specification's own typing
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class ClientGone(Exception):
    """The caller has closed its connection before its request was whole: there is nobody to answer."""


class _TooSlow(Exception):
    """A request did not arrive in time."""


class Asgi:
    """The application that `asgi` makes. `endpoints`: by path; `limits`: on how many there are, and how slow; `probes`:
    what answers beside the services, where that is asked for; `close`: what ends with the server."""

    def __init__(
        self,
        endpoints: Mapping[str, Responder],
        limits: HostLimits = DEFAULT_HOST_LIMITS,
        probes: Beside | None = None,
        close: Callable[[], None] | None = None,
    ) -> None:
        self._close = close
        self.endpoints = endpoints
        self.probes = probes
        self.limits = limits
        self.gate = Gate(limits.in_flight)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:  # a websocket: closed before it is accepted, which a server tells the client as 403
            await send({"type": "websocket.close", "code": 1003})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                if self._close is not None:
                    await asyncio.to_thread(self._close)
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.probes is not None and self.probes.are_at(scope["path"]):
            response = await arun(self.probes.respond(_request(scope, scope["path"], headers_of(scope["headers"]))))
            await _write(scope, receive, send, response)
            return
        if not self.gate.enter():
            await _write(scope, receive, send, self._one_too_many(scope))
            return
        try:
            await _write(scope, receive, send, await self._respond(scope, receive))
        except ClientGone:
            logger.info("%s went away before its request was whole", _client(scope))
        finally:
            self.gate.leave()

    def _one_too_many(self, scope: Scope) -> Response:
        path, inner = standing(scope["path"], scope.get("root_path", ""), scope.get("raw_path") or b"")
        headers = headers_of(scope["headers"])
        answer = too_many(headers, self.limits.retry_after)
        return turned_away(endpoint_at(self.endpoints, inner), _request(scope, path, headers), answer)

    async def _respond(self, scope: Scope, receive: Receive) -> Response:
        path, inner = standing(scope["path"], scope.get("root_path", ""), scope.get("raw_path") or b"")
        endpoint = endpoint_at(self.endpoints, inner)
        if endpoint is None:
            return NOT_FOUND
        headers = headers_of(scope["headers"])
        most, seconds = endpoint.limits.bytes, self.limits.receive_seconds
        said = headers.known(announced)
        if said.length > most:
            return turned_away(endpoint, _request(scope, path, headers), too_large(headers, most))
        reading: Coroutine[Any, Any, HttpRequest | bytes] = (
            _taken_apart(_request(scope, path, headers), receive, endpoint)
            if said.is_multipart
            else _read(receive, most)
        )
        try:
            read = await (reading if seconds is None else within_seconds(reading, seconds, _TooSlow))
        except _TooSlow:
            assert seconds is not None
            return turned_away(endpoint, _request(scope, path, headers), too_slow(headers, seconds))
        except LimitError:
            return turned_away(endpoint, _request(scope, path, headers), too_large(headers, most))
        request = _request(scope, path, headers, read) if isinstance(read, bytes) else read
        return await arun(endpoint.respond(request))


def asgi(implementation: object, *, interceptors: Iterable[Interceptor] = (), **settings: Unpack[Settings]) -> Asgi:
    """An ASGI application for an object that serves, or for several: a mapping from path to object.

    Settings: see `soapkit.server.host.Settings`. `interceptors`: what stands around every call, the first outermost
    (see `soapkit.Interceptor`). A blocking handler runs in a thread, so the event loop is never blocked.

    Raises `soapkit.errors.UsageError` for an object that serves nothing or lacks an operation, and for blocking
    interceptors; `soapkit.errors.ContractError` for a contract that cannot be read.

    >>> app = asgi(MyBank())                                    # doctest: +SKIP
    """
    chain = Chain.of(interceptors)
    chain.check_async()
    endpoints = endpoints_for(implementation, chain, **settings)
    close = attached(settings.get("dispatcher"), endpoints)
    return Asgi(endpoints, host_limits(settings), host_probes(settings), close)


def _request(scope: Scope, path: str, headers: Headers, body: bytes = b"") -> HttpRequest:
    server = scope.get("server") or ("localhost", None)
    client = scope.get("client")
    return HttpRequest(
        method=scope["method"],
        path=path,
        query=scope.get("query_string", b"").decode("latin-1"),
        headers=headers,
        body=body,
        scheme=scope.get("scheme", "http"),
        server=f"{server[0]}:{server[1]}" if server[1] else str(server[0]),
        client=client[0] if client else "",
        extra=scope,
    )


def _client(scope: Scope) -> str:
    return str((scope.get("client") or ("a caller",))[0])


async def _taken_apart(request: HttpRequest, receive: Receive, endpoint: Responder) -> HttpRequest:
    """A request with parts, which go to where they are kept while they come: in a thread, since that may be a disk.
    Raises as `_read`."""
    reader = endpoint.reader(request.headers)
    try:
        message = _piece(await receive())
        while await asyncio.to_thread(reader.feed, message.get("body", b"")) and message.get("more_body"):
            message = _piece(await receive())
        if reader.received > endpoint.limits.bytes:
            raise LimitError("the request is too large")
    except BaseException:  # a caller that is gone, or too slow: its files with it
        reader.discard()
        raise
    return replace(request, package=reader.finish)


async def _read(receive: Receive, limit: int) -> bytes:
    """The request's body. Raises `LimitError` when it is too large, and reads it no further than that; `ClientGone`."""
    pieces, size, more = [], 0, True
    while more and size <= limit:
        message = await receive()
        if message["type"] == "http.disconnect":  # what was cut short is not taken for whole
            raise ClientGone
        body: bytes = message.get("body", b"")
        pieces.append(body)
        size += len(body)
        more = message.get("more_body", False)
    if size > limit:
        raise LimitError("the request is too large")
    return joined(pieces)


def _piece(message: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What came, if that is the next piece of the body. What was cut short is not taken for whole."""
    if message["type"] == "http.disconnect":
        raise ClientGone
    return message


async def _write(scope: Scope, receive: Receive, send: Send, response: Response) -> None:
    headers = list(response.headers.raw)
    if not scope.get("http_version", "1.1").startswith("1"):  # RFC 9113, 8.2.2: no Connection field in HTTP/2
        headers = [field for field in headers if field[0] != b"connection"]
    if response.stream is None:
        headers.append((b"content-length", str(len(response.body)).encode()))
    elif isinstance(response.stream, Sized):
        headers.append((b"content-length", str(len(response.stream)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if response.stream is not None:
        await _write_pieces(receive, send, response.stream)
        return
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else response.body})


async def _write_pieces(receive: Receive, send: Send, stream: Iterable[bytes]) -> None:
    """A body in pieces, for as long as somebody takes them: most servers drop what is sent to nobody, silently."""
    pieces = stream.pieces_async() if isinstance(stream, SentItems) and stream.is_async else pieces_of(stream)
    gone = asyncio.ensure_future(receive())  # the request was read: what comes next is the end of the connection
    try:
        async for piece in pieces:
            await asyncio.sleep(0)  # a send need not yield, nor an async iterator: others would never have their turn
            if gone.done():
                logger.info("the caller went away while its reply was sent")
                break
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        else:
            await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()
        await pieces.aclose()
