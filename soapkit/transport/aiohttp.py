"""AiohttpTransport: requests over aiohttp, for async code. Serves any event loop.

Nothing is sent twice: a POST that broke off may have been carried out.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from weakref import WeakKeyDictionary

import aiohttp

from soapkit.errors import ConnectError, Place, SoapkitError, TransportError, UsageError
from soapkit.errors import TimeoutError as NotInTimeError
from soapkit.transport.auth import Auth
from soapkit.transport.coding import ACCEPT_ENCODING, compress
from soapkit.transport.hops import hops, is_plain, origin_of, without_userinfo
from soapkit.transport.identity import Identity, Shown
from soapkit.transport.limits import DEFAULT_HTTP_LIMITS, BodyReader, HttpLimits, joined
from soapkit.transport.pieces import pieces_of
from soapkit.transport.proxy import proxy_for
from soapkit.transport.tls import Certificate, tls_context
from soapkit.transport.values import AsyncOpenResponse, Headers, Request, Response


class AiohttpTransport:
    """Sends requests with aiohttp, over connections that are kept.

    The parameters are those of `soapkit.transport.urllib3.Urllib3Transport`; only `connections` is how many are open
    at once. A session is made at the first request in an event loop.

    >>> AiohttpTransport(verify="company-ca.pem", auth=Basic("alice", "secret"))        # doctest: +SKIP
    """

    def __init__(
        self,
        *,
        limits: HttpLimits = DEFAULT_HTTP_LIMITS,
        verify: bool | str | Path | ssl.SSLContext = True,
        certificate: Certificate | None = None,
        proxy: str | None = None,
        auth: Auth | None = None,
        redirects: int = 0,
        gzip: bool = False,
        connections: int = 100,
    ) -> None:
        self._limits = limits
        self._verify = verify
        self._certificate = certificate
        self._proxy = proxy
        self._auth = auth
        self._redirects = redirects
        self._gzip = gzip
        self._connections = connections
        self._context: ssl.SSLContext | None = None
        self._proxies: dict[tuple[str, str, int], str | None] = {}
        self._timeout = self._timeout_of(limits.total_seconds)
        self._sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = WeakKeyDictionary()

    def shows(self, what: Shown) -> bool | None:
        """Whether it shows a client certificate, or an HTTP login; None where it does not know."""
        return Identity(self._verify, self._certificate, self._auth).shows(what)

    async def send(self, request: Request) -> Response:
        """The response, whatever its status.

        Raises `ConnectError`, `soapkit.errors.TimeoutError`, `soapkit.errors.LimitError`, `TransportError`, and
        `UsageError` for what is no URL or no header field.
        """
        async with await self.open(request) as opened:
            sink = request.sink(opened.status, opened.headers) if request.sink is not None else None
            if sink is None:
                body = joined([piece async for piece in opened])
                return Response(opened.status, opened.headers, body, opened.reason)
            async for piece in opened:
                sink.feed(piece)
            return Response(opened.status, opened.headers, b"", opened.reason, sink)

    async def open(self, request: Request) -> AsyncOpenResponse:
        """The response as soon as its head is there; its body comes as it is iterated over.

        Raises as `send` does, and so does the iteration. `Request.sink` is not asked.
        """
        if is_plain(request, self._auth, self._redirects):
            return await self._open_once(request)
        flow = hops(request, self._auth, self._redirects)
        hop = next(flow)
        while True:
            opened = await self._open_once(hop)
            try:
                hop = flow.send(opened)
            except StopIteration:
                return opened
            async with opened:
                await anext(opened.pieces, b"")  # a short body is read, so that the connection is kept

    async def aclose(self) -> None:
        """Close every connection of this event loop. Closing twice is harmless."""
        session = self._sessions.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.close()

    # --- one request ------------------------------------------------------------------------------------------

    async def _open_once(self, request: Request) -> AsyncOpenResponse:
        origin = origin_of(request.url)
        session = self._session()
        body, fields = self._prepared(request)
        timeout = self._timeout if request.timeout is None else self._timeout_of(request.timeout)
        try:
            raw = await session.request(
                request.method,
                request.url,
                data=body,
                headers=fields,
                allow_redirects=False,
                timeout=timeout,
                proxy=self._proxy_for(origin, request.url),
                ssl=self._tls() if origin[0] == "https" else True,
            )
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _told(error, request.url, timeout.total) from error
        headers = Headers(raw.headers.items())
        return AsyncOpenResponse(raw.status, headers, raw.reason or "", self._pieces(raw, request, timeout), raw.close)

    def _prepared(self, request: Request) -> tuple[bytes | AsyncIterator[bytes], dict[str, str]]:
        """What is sent: the body and the header fields."""
        fields = dict(request.headers.pairs)
        fields.setdefault("Accept-Encoding", ACCEPT_ENCODING)
        if request.stream is not None:
            fields["Content-Length"] = str(len(request.stream))  # else in chunks, which WSGI cannot read
            return pieces_of(request.stream), fields
        body = request.body
        if self._gzip and body:
            fields["Content-Encoding"] = "gzip"
            body = compress(body)
        if len(body) <= _AT_ONCE:
            return body, fields
        fields["Content-Length"] = str(len(body))
        return _in_pieces(body), fields

    async def _pieces(
        self, raw: aiohttp.ClientResponse, request: Request, timeout: aiohttp.ClientTimeout
    ) -> AsyncIterator[bytes]:
        """The body, within limits. At its end the connection goes back to the others."""
        reader = BodyReader(raw.headers.get("content-encoding"), self._limits, without_userinfo(request.url))
        if raw.content_length is not None:
            reader.expect(raw.content_length)
        try:
            while piece := await raw.content.readany():
                for expanded in reader.expand(piece):
                    yield expanded
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _told(error, request.url, timeout.total) from error
        reader.finish()

    # --- connections ------------------------------------------------------------------------------------------

    def _session(self) -> aiohttp.ClientSession:
        """The session of the running loop, made at its first request."""
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None:
            session = self._sessions[loop] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=self._timeout,
            )
        return session

    def _proxy_for(self, origin: tuple[str, str, int], url: str) -> str | None:
        if origin not in self._proxies:
            self._proxies[origin] = proxy_for(url, self._proxy)
        return self._proxies[origin]

    def _tls(self) -> ssl.SSLContext:
        """The context for https, made when it is first needed: it reads files."""
        if self._context is None:
            self._context = tls_context(self._verify, self._certificate)
        return self._context

    def _timeout_of(self, seconds: float | None) -> aiohttp.ClientTimeout:
        limits = self._limits
        return aiohttp.ClientTimeout(
            total=seconds, sock_connect=limits.connect_seconds, sock_read=limits.read_seconds, ceil_threshold=60
        )


_AT_ONCE = 256 * 1024  # bytes of a body


async def _in_pieces(body: bytes) -> AsyncIterator[bytes]:
    """A large body: given whole, aiohttp would not hear an answer before it has sent all of it."""
    for start in range(0, len(body), _AT_ONCE):
        yield body[start : start + _AT_ONCE]


# What each of aiohttp's exceptions means, the special ones first.
_KINDS: tuple[tuple[type[Exception], type[SoapkitError], str], ...] = (
    (aiohttp.ConnectionTimeoutError, NotInTimeError, "no connection in time"),
    (asyncio.TimeoutError, NotInTimeError, "no response in time"),
    (aiohttp.InvalidURL, UsageError, "not the address of a service"),
    (aiohttp.ClientProxyConnectionError, ConnectError, "the proxy does not answer"),
    (aiohttp.ClientHttpProxyError, ConnectError, "the proxy refuses"),
    (aiohttp.ClientSSLError, ConnectError, "no secure connection"),
    (aiohttp.ClientConnectorDNSError, ConnectError, "the name of the host is not known"),
    (aiohttp.ClientConnectorError, ConnectError, "nobody answers there"),
    (aiohttp.ClientPayloadError, ConnectError, "the connection broke before the response was whole"),
    (aiohttp.ClientConnectionError, ConnectError, "the connection broke before a response came"),
    (aiohttp.ClientError, TransportError, "no response"),
    (ValueError, UsageError, "the request cannot be sent"),
    (OSError, ConnectError, "the connection broke"),
)


def _told(error: Exception, url: str, seconds: float | None) -> SoapkitError:
    """The error in the kit's own words; aiohttp's stays as its cause."""
    for kind, told_as, sentence in _KINDS:
        if isinstance(error, kind):
            within = f" (within {seconds:g} s in all)" if told_as is NotInTimeError and seconds is not None else ""
            return told_as(f"{sentence}{within}: {error or type(error).__name__}", place=Place(without_userinfo(url)))
    return TransportError(str(error), place=Place(without_userinfo(url)))
