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
from soapkit.transport.limits import DEFAULT_HTTP_LIMITS, BodyReader, HttpLimits
from soapkit.transport.pieces import pieces_of
from soapkit.transport.proxy import proxy_for
from soapkit.transport.tls import Certificate, tls_context
from soapkit.transport.values import Headers, Request, Response


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

    async def send(self, request: Request) -> Response:
        """The response, whatever its status.

        Raises `ConnectError`, `soapkit.errors.TimeoutError`, `soapkit.errors.LimitError`, `TransportError`, and
        `UsageError` for what is no URL or no header field.
        """
        if is_plain(request, self._auth, self._redirects):
            return await self._send_once(request)
        flow = hops(request, self._auth, self._redirects)
        hop = next(flow)
        while True:
            response = await self._send_once(hop)
            try:
                hop = flow.send(response)
            except StopIteration as end:
                result: Response = end.value
                return result

    async def aclose(self) -> None:
        """Close every connection of this event loop. Closing twice is harmless."""
        session = self._sessions.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.close()

    # --- one request ------------------------------------------------------------------------------------------

    async def _send_once(self, request: Request) -> Response:
        url = request.url
        session = self._session_for(url)
        body, fields = self._prepared(request)
        timeout = self._timeout if request.timeout is None else self._timeout_of(request.timeout)
        try:
            async with session.request(
                request.method,
                url,
                data=body,
                headers=fields,
                allow_redirects=False,
                timeout=timeout,
                proxy=self._proxies[origin_of(url)],
            ) as raw:
                return await self._read(raw, request)
        except SoapkitError:
            raise
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _told(error, url, timeout.total) from error

    def _prepared(self, request: Request) -> tuple[bytes | AsyncIterator[bytes], dict[str, str]]:
        """What is sent: the body and the header fields."""
        fields = dict(request.headers.pairs)
        fields.setdefault("Accept-Encoding", ACCEPT_ENCODING)
        if request.stream is not None:
            fields["Content-Length"] = str(len(request.stream))  # else in chunks, which WSGI cannot read
            return pieces_of(request.stream), fields
        if self._gzip and request.body:
            fields["Content-Encoding"] = "gzip"
            return compress(request.body), fields
        return request.body, fields

    async def _read(self, raw: aiohttp.ClientResponse, request: Request) -> Response:
        headers = Headers(raw.headers.items())
        sink = request.sink(raw.status, headers) if request.sink is not None else None
        place = without_userinfo(request.url)
        reader = BodyReader(raw.headers.get("content-encoding"), self._limits, place, sink)
        if raw.content_length is not None:
            reader.expect(raw.content_length)
        while piece := await raw.content.readany():
            reader.feed(piece)
        return Response(raw.status, headers, reader.finish(), raw.reason or "", sink)

    # --- connections ------------------------------------------------------------------------------------------

    def _session_for(self, url: str) -> aiohttp.ClientSession:
        """The session of the running loop; made at the first request, TLS settings only when they are needed."""
        origin = origin_of(url)
        if origin not in self._proxies:
            self._proxies[origin] = proxy_for(url, self._proxy)
        if self._context is None and origin[0] == "https":
            self._context = tls_context(self._verify, self._certificate)
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None:
            session = self._sessions[loop] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, ssl=self._context or True),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=self._timeout,
            )
        return session

    def _timeout_of(self, seconds: float | None) -> aiohttp.ClientTimeout:
        limits = self._limits
        return aiohttp.ClientTimeout(
            total=seconds, sock_connect=limits.connect_seconds, sock_read=limits.read_seconds, ceil_threshold=60
        )


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
