"""HttpxTransport, AsyncHttpxTransport: a user's own httpx-like client as a transport.

This file does not import the library: it takes the client, and tells its exceptions by their names.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import replace
from typing import Any, Protocol

from soapkit.errors import SoapkitError
from soapkit.transport.foreign import told
from soapkit.transport.hops import without_userinfo
from soapkit.transport.limits import DEFAULT_HTTP_LIMITS, BodyReader, HttpLimits
from soapkit.transport.pieces import pieces_of
from soapkit.transport.values import Headers, Request, Response


class HttpxResponse(Protocol):
    """What is used of an httpx response."""

    status_code: int
    reason_phrase: str
    headers: Any  # httpx's own mapping

    def iter_bytes(self) -> Iterator[bytes]: ...

    def aiter_bytes(self) -> AsyncIterator[bytes]: ...


class HttpxClient(Protocol):
    """What is used of an ``httpx.Client``."""

    def stream(
        self, method: str, url: str, *, content: Any, headers: Mapping[str, str], timeout: float | None
    ) -> AbstractContextManager[HttpxResponse]: ...

    def close(self) -> None: ...


class AsyncHttpxClient(Protocol):
    """What is used of an ``httpx.AsyncClient``."""

    def stream(
        self, method: str, url: str, *, content: Any, headers: Mapping[str, str], timeout: float | None
    ) -> AbstractAsyncContextManager[HttpxResponse]: ...

    async def aclose(self) -> None: ...


class HttpxTransport:
    """Sends requests with a client that the caller made, and closes it only if asked to."""

    def __init__(self, client: HttpxClient, *, limits: HttpLimits = DEFAULT_HTTP_LIMITS, owned: bool = False) -> None:
        self._client = client
        self._limits = limits
        self._owned = owned

    def send(self, request: Request) -> Response:
        """The response, whatever its status. Raises as `soapkit.transport.urllib3.Urllib3Transport.send` does."""
        content = request.body if request.stream is None else request.stream
        try:
            with self._client.stream(
                request.method,
                request.url,
                content=content,
                headers=_fields(request),
                timeout=_seconds(request, self._limits),
            ) as raw:
                head, reader = _begun(raw, request, self._limits)
                for piece in raw.iter_bytes():
                    reader.feed(piece)
                return replace(head, body=reader.finish())
        except SoapkitError:
            raise
        except Exception as error:
            raise told(error, request.url) from error

    def close(self) -> None:
        """Close the client, if it was given to us to own."""
        if self._owned:
            self._client.close()


class AsyncHttpxTransport:
    """The same for an ``AsyncClient``."""

    def __init__(
        self, client: AsyncHttpxClient, *, limits: HttpLimits = DEFAULT_HTTP_LIMITS, owned: bool = False
    ) -> None:
        self._client = client
        self._limits = limits
        self._owned = owned

    async def send(self, request: Request) -> Response:
        """The response, whatever its status. Raises as `soapkit.transport.urllib3.Urllib3Transport.send` does."""
        content = request.body if request.stream is None else pieces_of(request.stream)
        try:
            async with self._client.stream(
                request.method,
                request.url,
                content=content,
                headers=_fields(request),
                timeout=_seconds(request, self._limits),
            ) as raw:
                head, reader = _begun(raw, request, self._limits)
                async for piece in raw.aiter_bytes():
                    reader.feed(piece)
                return replace(head, body=reader.finish())
        except SoapkitError:
            raise
        except Exception as error:
            raise told(error, request.url) from error

    async def aclose(self) -> None:
        """Close the client, if it was given to us to own."""
        if self._owned:
            await self._client.aclose()


def _fields(request: Request) -> dict[str, str]:
    fields = dict(request.headers.pairs)
    if request.stream is not None:
        fields["Content-Length"] = str(len(request.stream))
    return fields


def _seconds(request: Request, limits: HttpLimits) -> float | None:
    return limits.read_seconds if request.timeout is None else request.timeout


def _begun(raw: HttpxResponse, request: Request, limits: HttpLimits) -> tuple[Response, BodyReader]:
    """The response so far, and what takes its body."""
    headers = Headers(raw.headers.items())
    sink = request.sink(raw.status_code, headers) if request.sink is not None else None
    reader = BodyReader(None, limits, without_userinfo(request.url), sink)  # httpx undoes the content-coding itself
    return Response(raw.status_code, headers, reason=raw.reason_phrase, sink=sink), reader
