"""Urllib3Transport: requests over urllib3, for blocking code. Safe for threads.

Nothing is sent twice: a POST that broke off may have been carried out.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote

import urllib3
from urllib3 import exceptions
from urllib3.response import BaseHTTPResponse

from soapkit.errors import ConnectError, Place, SoapkitError, TransportError, UsageError
from soapkit.errors import TimeoutError as NotInTimeError
from soapkit.transport.auth import Auth
from soapkit.transport.coding import ACCEPT_ENCODING, PIECE, compress
from soapkit.transport.hops import hops, is_plain, origin_of, parts_of, without_userinfo
from soapkit.transport.identity import Identity, Shown
from soapkit.transport.limits import DEFAULT_HTTP_LIMITS, BodyReader, HttpLimits, collected
from soapkit.transport.listening import ListeningHttp, ListeningHttps
from soapkit.transport.proxy import proxy_for
from soapkit.transport.tls import Certificate, tls_context
from soapkit.transport.values import Headers, OpenResponse, Request, Response

Body: TypeAlias = bytes | Iterable[bytes]
Opener: TypeAlias = Callable[[Request, Body, dict[str, str], urllib3.Timeout], BaseHTTPResponse]


class Urllib3Transport:
    """Sends requests with urllib3, over connections that are kept.

    `limits`: sizes and times; `verify`, `certificate`: see `soapkit.transport.tls.tls_context`; `proxy`: see
    `soapkit.transport.proxy.proxy_for`; `auth`: a login such as `soapkit.transport.auth.Basic`; `redirects`: how many
    are followed; `gzip`: whether request bodies are compressed; `connections`: how many are kept for each host.

    >>> Urllib3Transport(verify="company-ca.pem", auth=Basic("alice", "secret"))        # doctest: +SKIP
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
        connections: int = 10,
    ) -> None:
        self._limits = limits
        self._verify = verify
        self._certificate = certificate
        self._proxy = proxy
        self._auth = auth
        self._redirects = redirects
        self._gzip = gzip
        self._connections = connections
        self._lock = threading.Lock()
        self._openers: dict[tuple[str, str, int], Opener] = {}
        self._pools: list[urllib3.PoolManager | urllib3.HTTPConnectionPool] = []

    def shows(self, what: Shown) -> bool | None:
        """Whether it shows a client certificate, or an HTTP login; None where it does not know."""
        return Identity(self._verify, self._certificate, self._auth).shows(what)

    def send(self, request: Request) -> Response:
        """The response, whatever its status.

        Raises `ConnectError`, `soapkit.errors.TimeoutError`, `soapkit.errors.LimitError`, `TransportError`, and
        `UsageError` for what is no URL or no header field.
        """
        with self.open(request) as opened:
            return collected(opened, request)

    def open(self, request: Request) -> OpenResponse:
        """The response as soon as its head is there; its body comes as it is iterated over.

        Raises as `send` does, and so does the iteration. `Request.sink` is not asked.
        """
        if is_plain(request, self._auth, self._redirects):
            return self._open_once(request)
        flow = hops(request, self._auth, self._redirects)
        hop = next(flow)
        while True:
            opened = self._open_once(hop)
            try:
                hop = flow.send(opened)
            except StopIteration:
                return opened
            with opened:  # read, if it is short, so that the connection is kept
                list(islice(opened, 4))

    def close(self) -> None:
        """Close every connection. Closing twice is harmless."""
        with self._lock:
            pools, self._pools, self._openers = self._pools, [], {}
        for pool in pools:
            if isinstance(pool, urllib3.PoolManager):
                pool.clear()
            else:
                pool.close()

    # --- one request ------------------------------------------------------------------------------------------

    def _open_once(self, request: Request) -> OpenResponse:
        limits = self._limits
        seconds = limits.total_seconds if request.timeout is None else request.timeout
        deadline = None if seconds is None else time.monotonic() + seconds
        timeout = urllib3.Timeout(connect=limits.connect_seconds, read=limits.read_seconds, total=seconds)
        opened = self._openers.get(origin_of(request.url)) or self._opener_for(request.url)
        body, fields = self._prepared(request)
        try:
            raw = opened(request, body, fields, timeout)
        except (exceptions.HTTPError, OSError, ValueError) as error:
            raise _told(error, request.url, seconds) from error
        headers = Headers(raw.headers.items())
        return OpenResponse(raw.status, headers, raw.reason or "", self._pieces(raw, request, deadline), raw.close)

    def _prepared(self, request: Request) -> tuple[Body, dict[str, str]]:
        """What is sent: the body and the header fields."""
        fields = dict(request.headers.pairs)
        fields.setdefault("Accept-Encoding", ACCEPT_ENCODING)
        if request.stream is not None:
            fields["Content-Length"] = str(len(request.stream))  # else in chunks, which WSGI cannot read
            return request.stream, fields
        if self._gzip and request.body:
            fields["Content-Encoding"] = "gzip"
            return compress(request.body), fields
        return request.body, fields

    def _pieces(self, raw: BaseHTTPResponse, request: Request, deadline: float | None) -> Iterator[bytes]:
        """The body, within limits. At its end the connection goes back to the others."""
        place = without_userinfo(request.url)
        reader = BodyReader(raw.headers.get("content-encoding"), self._limits, place)
        announced = raw.headers.get("content-length", "")
        if announced.isdecimal():
            reader.expect(int(announced))
        try:
            while piece := raw.read1(PIECE, decode_content=False):
                yield from reader.expand(piece)
                if deadline is not None and time.monotonic() > deadline:
                    raise NotInTimeError("the response did not end in time", place=Place(place))
        except SoapkitError:
            raise
        except (exceptions.HTTPError, OSError, ValueError) as error:
            raise _told(error, request.url, request.timeout) from error
        reader.finish()
        raw.release_conn()

    # --- connections ------------------------------------------------------------------------------------------

    def _opener_for(self, url: str) -> Opener:
        """What opens a request to the origin of `url`; made at the first one."""
        origin = origin_of(url)
        with self._lock:
            if origin not in self._openers:
                proxy = proxy_for(url, self._proxy)
                self._openers[origin] = self._through(proxy) if proxy else self._straight(*origin)
            return self._openers[origin]

    def _straight(self, scheme: str, host: str, port: int) -> Opener:
        pool: urllib3.HTTPConnectionPool
        if scheme == "https":
            context = tls_context(self._verify, self._certificate)
            pool = urllib3.HTTPSConnectionPool(host, port, maxsize=self._connections, ssl_context=context)
            pool.ConnectionCls = ListeningHttps
        else:
            pool = urllib3.HTTPConnectionPool(host, port, maxsize=self._connections)
            pool.ConnectionCls = ListeningHttp
        self._pools.append(pool)

        def opened(request: Request, body: Body, fields: dict[str, str], timeout: urllib3.Timeout) -> BaseHTTPResponse:
            parts = parts_of(request.url)
            return pool.urlopen(
                request.method,
                f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/",
                body,
                fields,
                retries=False,
                redirect=False,
                assert_same_host=False,
                timeout=timeout,
                preload_content=False,
                decode_content=False,
            )

        return opened

    def _through(self, proxy: str) -> Opener:
        login = unquote(parts_of(proxy).netloc.rpartition("@")[0])
        manager = urllib3.ProxyManager(
            without_userinfo(proxy),
            proxy_headers=urllib3.make_headers(proxy_basic_auth=login) if login else None,
            maxsize=self._connections,
            ssl_context=tls_context(self._verify, self._certificate),
        )
        self._pools.append(manager)

        def opened(request: Request, body: Body, fields: dict[str, str], timeout: urllib3.Timeout) -> BaseHTTPResponse:
            return manager.urlopen(
                request.method,
                request.url,
                body=body,
                headers=fields,
                retries=False,
                redirect=False,
                timeout=timeout,
                preload_content=False,
                decode_content=False,
            )

        return opened


# What each of urllib3's exceptions means, the special ones first.
_KINDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], type[SoapkitError], str], ...] = (
    (exceptions.NameResolutionError, ConnectError, "the name of the host is not known"),
    (exceptions.NewConnectionError, ConnectError, "nobody answers there"),
    (exceptions.ConnectTimeoutError, NotInTimeError, "no connection in time"),
    (exceptions.ReadTimeoutError, NotInTimeError, "no response in time"),
    ((exceptions.LocationValueError, exceptions.URLSchemeUnknown), UsageError, "not the address of a service"),
    (exceptions.ProxyError, ConnectError, "the proxy does not answer"),
    (exceptions.SSLError, ConnectError, "no secure connection"),
    (exceptions.ProtocolError, ConnectError, "the connection broke before the response was whole"),
    (exceptions.HTTPError, TransportError, "no response"),
    (ValueError, UsageError, "the request cannot be sent"),
    (OSError, ConnectError, "the connection broke"),
)


def _told(error: Exception, url: str, seconds: float | None) -> SoapkitError:
    """The error in the kit's own words; urllib3's stays as its cause."""
    for kind, told_as, sentence in _KINDS:
        if isinstance(error, kind):
            within = f" (within {seconds:g} s in all)" if told_as is NotInTimeError and seconds is not None else ""
            return told_as(f"{sentence}{within}: {_reason(error)}", place=Place(without_userinfo(url)))
    return TransportError(str(error), place=Place(without_userinfo(url)))


def _reason(error: Exception) -> str:
    """urllib3 wraps the reason of the operating system two or three deep, and puts objects' reprs before it."""
    while isinstance(error.__cause__, Exception):
        error = error.__cause__
    text = str(error) or type(error).__name__
    return text.rpartition(">: ")[2] if ">: " in text else text
