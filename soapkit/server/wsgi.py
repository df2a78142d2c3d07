"""wsgi(): a WSGI application that hosts SOAP services, for gunicorn, mod_wsgi, waitress, or mounted in another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from http import HTTPStatus
from typing import Any, TypeAlias, Unpack

from msgspec.structs import replace

from soapkit.errors import LimitError
from soapkit.exchange.flow import run
from soapkit.server.beside import Beside
from soapkit.server.dispatch import attached
from soapkit.server.host import Settings, endpoint_at, endpoints_for, host_limits, host_probes
from soapkit.server.http import NOT_FOUND, HttpRequest, Responder, turned_away
from soapkit.server.interceptors import BlockingInterceptor, Chain, Interceptor
from soapkit.server.limits import DEFAULT_HOST_LIMITS, Gate, HostLimits
from soapkit.server.refusals import cut_short, is_announced_too_large, too_large, too_many
from soapkit.transport.binding import announced
from soapkit.transport.coding import PIECE
from soapkit.transport.limits import joined
from soapkit.transport.values import Headers, Response

Environ: TypeAlias = "dict[str, Any]"  # Any: PEP 3333's own typing
StartResponse: TypeAlias = Callable[..., Any]


class Wsgi:
    """The application that `wsgi` makes. `endpoints`: by path; `limits`: on how many there are; `probes`: of health,
    where they are asked for."""

    def __init__(
        self,
        endpoints: Mapping[str, Responder],
        limits: HostLimits = DEFAULT_HOST_LIMITS,
        probes: Beside | None = None,
    ) -> None:
        self.endpoints = endpoints
        self.probes = probes
        self.limits = limits
        self.gate = Gate(limits.in_flight)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if self.probes is not None and self.probes.are_at(environ.get("PATH_INFO", "")):
            response = run(self.probes.respond(_request(environ)))
        elif not self.gate.enter():
            request = _request(environ)
            endpoint = endpoint_at(self.endpoints, _decoded(environ.get("PATH_INFO", "")))
            response = turned_away(endpoint, request, too_many(request.headers, self.limits.retry_after))
        else:
            try:
                response = self._respond(environ)
            finally:
                self.gate.leave()
        status = response.status
        body = response.body if response.stream is None else response.stream
        length = [("Content-Length", str(len(body)))] if isinstance(body, Sized) else []
        # PEP 3333 leaves Connection to the server, which closes what was not read to its end.
        fields = [pair for pair in response.headers.pairs if pair[0] != "Connection"]
        start_response(f"{status} {HTTPStatus(status).phrase}", [*fields, *length])
        if response.stream is not None:
            return response.stream
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else response.body]

    def _respond(self, environ: Environ) -> Response:
        endpoint = endpoint_at(self.endpoints, _decoded(environ.get("PATH_INFO", "")))
        if endpoint is None:
            return NOT_FOUND
        request, most = _request(environ), endpoint.limits.bytes
        if is_announced_too_large(request.headers, most):
            return turned_away(endpoint, request, too_large(request.headers, most))
        try:
            if request.headers.known(announced).is_multipart:
                whole = _taken_apart(request, environ, endpoint)
            else:
                whole = replace(request, body=_read(environ, most))
        except LimitError:
            return turned_away(endpoint, request, too_large(request.headers, most))
        except EOFError:
            return turned_away(endpoint, request, cut_short(request.headers))
        return run(endpoint.respond(whole))


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
    endpoints = endpoints_for(implementation, Chain.of(interceptors), **settings)
    attached(settings.get("dispatcher"), endpoints)
    return Wsgi(endpoints, host_limits(settings), host_probes(settings))


def _request(environ: Environ) -> HttpRequest:
    headers = [(name[5:].replace("_", "-"), value) for name, value in environ.items() if name.startswith("HTTP_")]
    headers += [
        (name.replace("_", "-"), environ[name]) for name in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(name)
    ]
    return HttpRequest(
        method=environ["REQUEST_METHOD"],
        path=_decoded(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")),
        query=environ.get("QUERY_STRING", ""),
        headers=Headers(headers),
        scheme=environ.get("wsgi.url_scheme", "http"),
        server=f"{environ.get('SERVER_NAME', 'localhost')}:{environ.get('SERVER_PORT', '80')}",
        client=environ.get("REMOTE_ADDR", ""),
        extra=environ,
    )


def _decoded(path: str) -> str:
    """A path of WSGI, which has its bytes as Latin-1 (PEP 3333)."""
    return path if path.isascii() else path.encode("latin-1").decode("utf-8", "replace")


def _taken_apart(request: HttpRequest, environ: Environ, endpoint: Responder) -> HttpRequest:
    """A request with parts, which go to where they are kept while they come."""
    reader = endpoint.reader(request.headers)
    try:
        for piece in _pieces(environ):
            if not reader.feed(piece):
                break
        if reader.received > endpoint.limits.bytes:
            raise LimitError("the request is too large")
    except BaseException:  # what was cut short goes with its files, whatever the server has read it with
        reader.discard()
        raise
    return replace(request, package=reader.finish)


def _pieces(environ: Environ) -> Iterator[bytes]:
    """The request's body, as it comes. Raises `EOFError` where it ends before its length.

    A length is read exactly: on wsgiref, reading more than was sent, even of an empty body, waits for ever. Without a
    length only a server that ends the input itself (chunked, ``wsgi.input_terminated``) has anything to read.
    """
    length = environ.get("CONTENT_LENGTH") or ""
    left = int(length) if length.isdecimal() else None
    if left is None and not environ.get("wsgi.input_terminated"):
        return
    while left is None or left > 0:
        piece: bytes = environ["wsgi.input"].read(PIECE if left is None else min(PIECE, left))
        if not piece:
            if left:
                raise EOFError
            return
        left = None if left is None else left - len(piece)
        yield piece


def _read(environ: Environ, limit: int) -> bytes:
    """The request's body. Raises `LimitError` when it is too large, `EOFError` where it ends before its length."""
    pieces, size = [], 0
    for piece in _pieces(environ):
        size += len(piece)
        if size > limit:
            raise LimitError("the request is too large")
        pieces.append(piece)
    return joined(pieces)
