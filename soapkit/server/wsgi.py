"""wsgi(): a WSGI application that hosts SOAP services, for gunicorn, mod_wsgi, waitress, or mounted in another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import replace
from http import HTTPStatus
from typing import Any, TypeAlias, Unpack

from soapkit.exchange.flow import run
from soapkit.server.endpoint import Endpoint
from soapkit.server.host import Settings, endpoint_at, endpoints_for
from soapkit.server.http import NOT_FOUND, TOO_LARGE, HttpRequest
from soapkit.server.interceptors import BlockingInterceptor, Chain, Interceptor
from soapkit.transport.binding import RequestReader, is_multipart
from soapkit.transport.coding import PIECE
from soapkit.transport.values import Headers, Response

Environ: TypeAlias = "dict[str, Any]"  # Any: PEP 3333's own typing
StartResponse: TypeAlias = Callable[..., Any]


class Wsgi:
    """The application that `wsgi` makes. `endpoints`: by path."""

    def __init__(self, endpoints: Mapping[str, Endpoint]) -> None:
        self.endpoints = endpoints

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        response = self._respond(environ)
        status = response.status
        body = response.body if response.stream is None else response.stream
        length = [("Content-Length", str(len(body)))] if isinstance(body, Sized) else []
        start_response(f"{status} {HTTPStatus(status).phrase}", [*response.headers.pairs, *length])
        if response.stream is not None:
            return response.stream
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else response.body]

    def _respond(self, environ: Environ) -> Response:
        endpoint = endpoint_at(self.endpoints, environ.get("PATH_INFO", ""))
        if endpoint is None:
            return NOT_FOUND
        limit, request = endpoint.limits.bytes, _request(environ)
        if is_multipart(request.headers.get("content-type", "")):
            return run(endpoint.respond(_taken_apart(request, environ, endpoint)))
        body = _read(environ, limit)
        if body is None:
            return TOO_LARGE
        return run(endpoint.respond(replace(request, body=body)))


def wsgi(
    implementation: object,
    *,
    interceptors: Iterable[BlockingInterceptor | Interceptor] = (),
    **settings: Unpack[Settings],
) -> Wsgi:
    """A WSGI application for an object that serves, or for several: a mapping from path to object.

    Settings: see `soapkit.server.host.Settings`. `interceptors`: what stands around every call, the first outermost
    (see `soapkit.BlockingInterceptor`). An async handler, and async interceptors, run in an event loop kept for that.

    Raises `soapkit.errors.UsageError` for an object that serves nothing or lacks an operation, and where blocking and
    async interceptors are mixed; `soapkit.errors.ContractError` for a contract that cannot be read.
    """
    return Wsgi(endpoints_for(implementation, Chain.of(interceptors), **settings))


def _request(environ: Environ) -> HttpRequest:
    headers = [(name[5:].replace("_", "-"), value) for name, value in environ.items() if name.startswith("HTTP_")]
    headers += [
        (name.replace("_", "-"), environ[name]) for name in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(name)
    ]
    return HttpRequest(
        method=environ["REQUEST_METHOD"],
        path=environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""),
        query=environ.get("QUERY_STRING", ""),
        headers=Headers(headers),
        scheme=environ.get("wsgi.url_scheme", "http"),
        server=f"{environ.get('SERVER_NAME', 'localhost')}:{environ.get('SERVER_PORT', '80')}",
        client=environ.get("REMOTE_ADDR", ""),
        extra=environ,
    )


def _taken_apart(request: HttpRequest, environ: Environ, endpoint: Endpoint) -> HttpRequest:
    """A request with parts, which go to where they are kept while they come."""
    reader = RequestReader(request.headers, endpoint.limits)
    for piece in _pieces(environ):
        if not reader.feed(piece):
            break
    return replace(request, package=reader.finish)


def _pieces(environ: Environ) -> Iterator[bytes]:
    """The request's body, as it comes; where it ends is told as in `_read`."""
    length = environ.get("CONTENT_LENGTH") or ""
    left = int(length) if length.isdecimal() else None
    if left is None and not environ.get("wsgi.input_terminated"):
        return
    while left is None or left > 0:
        piece: bytes = environ["wsgi.input"].read(PIECE if left is None else min(PIECE, left))
        if not piece:
            return
        left = None if left is None else left - len(piece)
        yield piece


def _read(environ: Environ, limit: int) -> bytes | None:
    """The request's body; None when it is too large.

    A length is read exactly: on wsgiref, reading more than was sent, even of an empty body, waits for ever. Without a
    length only a server that ends the input itself (chunked, ``wsgi.input_terminated``) has anything to read.
    """
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isdecimal():
        size = int(length)
        return None if size > limit else environ["wsgi.input"].read(size) if size else b""
    if environ.get("wsgi.input_terminated"):
        body: bytes = environ["wsgi.input"].read(limit + 1)
        return None if len(body) > limit else body
    return b""
