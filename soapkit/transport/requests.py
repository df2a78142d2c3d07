"""RequestsTransport: a user's own `requests.Session` as a transport, for what lives there: NTLM, Kerberos, caches.

This file does not import requests: it takes the session, and tells requests' exceptions by their names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from soapkit.errors import SoapkitError
from soapkit.transport.coding import PIECE
from soapkit.transport.foreign import told
from soapkit.transport.hops import without_userinfo
from soapkit.transport.limits import DEFAULT_HTTP_LIMITS, BodyReader, HttpLimits
from soapkit.transport.values import Headers, Request, Response


class RequestsResponse(Protocol):
    """What is used of a `requests.Response`."""

    status_code: int
    reason: str
    headers: Any  # requests' own mapping

    def iter_content(self, chunk_size: int) -> Iterator[bytes]: ...

    def close(self) -> None: ...


class RequestsSession(Protocol):
    """What is used of a `requests.Session`."""

    def request(
        self,
        method: str,
        url: str,
        *,
        data: bytes | Iterable[bytes],
        headers: Mapping[str, str],
        timeout: tuple[float | None, float | None],
        allow_redirects: bool,
        stream: bool,
    ) -> RequestsResponse: ...

    def close(self) -> None: ...


class RequestsTransport:
    """Sends requests with a session that the caller made, and closes it only if asked to.

    >>> RequestsTransport(session)                                                      # doctest: +SKIP
    """

    def __init__(
        self, session: RequestsSession, *, limits: HttpLimits = DEFAULT_HTTP_LIMITS, owned: bool = False
    ) -> None:
        self._session = session
        self._limits = limits
        self._owned = owned

    def send(self, request: Request) -> Response:
        """The response, whatever its status. Raises as `soapkit.transport.urllib3.Urllib3Transport.send` does."""
        limits = self._limits
        read_seconds = limits.read_seconds if request.timeout is None else request.timeout
        fields = dict(request.headers.pairs)
        if request.stream is not None:
            fields["Content-Length"] = str(len(request.stream))
        try:
            raw = self._session.request(
                request.method,
                request.url,
                data=request.body if request.stream is None else request.stream,
                headers=fields,
                timeout=(limits.connect_seconds, read_seconds),
                allow_redirects=False,
                stream=True,
            )
            try:
                headers = Headers(raw.headers.items())
                sink = request.sink(raw.status_code, headers) if request.sink is not None else None
                # requests undoes the content-coding itself
                reader = BodyReader(None, limits, without_userinfo(request.url), sink)
                for piece in raw.iter_content(PIECE):
                    reader.feed(piece)
            finally:
                raw.close()
        except SoapkitError:
            raise
        except Exception as error:
            raise told(error, request.url) from error
        return Response(raw.status_code, headers, reader.finish(), raw.reason or "", sink)

    def close(self) -> None:
        """Close the session, if it was given to us to own."""
        if self._owned:
            self._session.close()
