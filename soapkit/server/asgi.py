"""asgi(): an ASGI 3 application that hosts SOAP services, for uvicorn, hypercorn, granian, or mounted in another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sized
from dataclasses import replace
from typing import Any, TypeAlias, Unpack

from soapkit.exchange.flow import arun
from soapkit.exchange.sending import SentItems
from soapkit.server.host import Settings, endpoint_at, endpoints_for
from soapkit.server.http import NOT_FOUND, TOO_LARGE, HttpRequest, Responder
from soapkit.server.interceptors import Chain, Interceptor
from soapkit.transport.binding import RequestReader, is_multipart
from soapkit.transport.pieces import pieces_of
from soapkit.transport.values import Headers, Response

Scope: TypeAlias = "MutableMapping[str, Any]"  # Any: the ASGI specification's own typing
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Asgi:
    """The application that `asgi` makes. `endpoints`: by path."""

    def __init__(self, endpoints: Mapping[str, Responder]) -> None:
        self.endpoints = endpoints

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await _write(send, await self._respond(scope, receive), head=scope["method"] == "HEAD")
        else:  # a websocket: closed before it is accepted, which a server tells the client as 403
            await send({"type": "websocket.close", "code": 1003})

    async def _respond(self, scope: Scope, receive: Receive) -> Response:
        root = scope.get("root_path", "")
        path = scope["path"]
        inner = path[len(root) :] if root and path.startswith(root) else path
        endpoint = endpoint_at(self.endpoints, inner)
        if endpoint is None:
            return NOT_FOUND
        headers = Headers([(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]])
        if is_multipart(headers.get("content-type", "")):
            request = _request(scope, path, headers)
            return await arun(endpoint.respond(await _taken_apart(request, receive, endpoint)))
        body = await _read(receive, endpoint.limits.bytes)
        if body is None:
            return TOO_LARGE
        return await arun(endpoint.respond(_request(scope, path, headers, body)))


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
    return Asgi(endpoints_for(implementation, chain, **settings))


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


async def _taken_apart(request: HttpRequest, receive: Receive, endpoint: Responder) -> HttpRequest:
    """A request with parts, which go to where they are kept while they come: in a thread, since that may be a disk."""
    reader = RequestReader(request.headers, endpoint.limits)
    message = await receive()
    while await asyncio.to_thread(reader.feed, message.get("body", b"")) and message.get("more_body"):
        message = await receive()
    return replace(request, package=reader.finish)


async def _read(receive: Receive, limit: int) -> bytes | None:
    """The request's body; None when it is too large. It is read no further than that."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body if len(body) <= limit else None
    pieces, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        piece = message.get("body", b"")
        size += len(piece)
        if size > limit:
            return None
        pieces.append(piece)
    return b"".join(pieces)


async def _write(send: Send, response: Response, *, head: bool) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.pairs]
    body = response.body if response.stream is None else response.stream
    if isinstance(body, Sized):
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if response.stream is not None:
        pieces = body.pieces_async() if isinstance(body, SentItems) and body.is_async else pieces_of(response.stream)
        async for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"" if head or response.stream is not None else response.body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await send({"type": "lifespan.shutdown.complete"})
            return
