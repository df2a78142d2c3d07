"""An HTTP request as the endpoint sees it, whichever host carried it: a value."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit

import msgspec

from soapkit.exchange.flow import Flow
from soapkit.soap.attachments import Package
from soapkit.transport.binding import RequestReader
from soapkit.transport.limits import HttpLimits
from soapkit.transport.values import NO_HEADERS, Headers, Response

# RFC 9110, 7.2: host and port; what else stands in a Host header is somebody's attempt to be quoted in our WSDL.
_HOST = re.compile(r"[A-Za-z0-9.\-_~%]+(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?")

LOST_BODY: Final = (
    "a request that asks for another protocol (Upgrade) came without its body: uvicorn with httptools drops it. Run "
    "uvicorn with --http h11, or let the caller keep to HTTP/1.1"
)

_PATH = "/:@!$&'()*+,;=~"  # RFC 3986, 3.3: what stands in a path as it is


@dataclass(init=False, repr=False, eq=False, match_args=False)  # so that dataclasses.replace() takes it
class HttpRequest(msgspec.Struct, frozen=True):
    """`path`: below the host, mount point included, percent-decoded; `query`: as it came, without the question mark;
    `client`: the peer's address; `scheme`, `server`: as the host program knows them, used where there is no usable Host
    header; `package`: of a message with parts, which was taken apart while it came: gives it, or raises what was wrong
    with it; `body` is then empty. `extra`: the environment of the host program (ASGI scope, WSGI environ). `proxy`: the
    proxy whose word it is that the caller came from `client`; None without one (`soapkit.server.proxies`)."""

    method: str
    path: str
    query: str = ""
    headers: Headers = NO_HEADERS
    body: bytes = b""
    scheme: str = "http"
    server: str = "localhost"
    client: str = ""
    package: Callable[[], Package] | None = None
    extra: Mapping[str, object] = {}
    proxy: str | None = None

    def __repr__(self) -> str:
        return f"HttpRequest({self.method!r}, {self.path!r}, query={self.query!r}, headers={self.headers!r})"

    @property
    def address(self) -> str:
        """The URL, without query, under which the caller reached us."""
        host = self.headers.get("host", "")
        return f"{self.scheme}://{host if is_host(host) else self.server}{quote(self.path, safe=_PATH)}"

    @property
    def host(self) -> str:
        """The host that the caller asked for, without its port."""
        return urlsplit(self.address).hostname or ""

    @property
    def peer(self) -> str:
        """The address at the other end of the connection: the caller's, or that of a proxy that is believed."""
        return self.client if self.proxy is None else self.proxy

    @property
    def is_local(self) -> bool:
        """Whether a request comes from this machine and asks for it by a name of its own: behind a proxy on this
        machine, and for a name that somebody made point here, it does not."""
        return is_loopback(self.client) and is_loopback(self.host)

    @property
    def has_lost_its_body(self) -> bool:
        """Whether the server program dropped the body of a request that asks for another protocol (`LOST_BODY`)."""
        return not self.body and self.package is None and "upgrade" in self.headers

    def whole(self, reader: Callable[[Headers], RequestReader]) -> Package:
        """The message with its parts: as it was taken apart while it came, else by a reader that is made for it.

        Raises what was, or is, wrong with it."""
        if self.package is not None:
            return self.package()
        made = reader(self.headers)
        made.feed(self.body)
        return made.finish()

    @property
    def parameters(self) -> dict[str, str]:
        """The query's parameters, names in lower case: ``?WSDL`` and ``?wsdl`` are one."""
        return {name.lower(): value for name, value in parse_qsl(self.query, keep_blank_values=True)}


def is_host(host: str) -> bool:
    """Whether this is a host, with a port or without, as it stands in a Host field."""
    return _HOST.fullmatch(host) is not None


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own, which nobody else can make it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Responder(Protocol):
    """What answers the requests to one path, such as a `soapkit.server.endpoint.Endpoint`."""

    @property
    def limits(self) -> HttpLimits:
        """Of a request."""
        ...

    def reader(self, headers: Headers) -> RequestReader:
        """What takes the body of a request with parts while it comes."""
        ...

    def respond(self, request: HttpRequest) -> Flow[Response]:
        """The flow of one HTTP request. It ends in a response, whatever came."""
        ...

    def turned_away(self, request: HttpRequest, status: int) -> None:
        """Tell observers of a request that the host answered itself: it was too large, too slow, one too many."""
        ...


ResponderT = TypeVar("ResponderT", bound=Responder)


def turned_away(responder: Responder | None, request: HttpRequest, response: Response) -> Response:
    """The response of a host to a request that `responder` does not get to see, which is told of it."""
    if responder is not None:
        responder.turned_away(request, response.status)
    return response


NOT_FOUND = Response(404, Headers({"Content-Type": "text/plain; charset=utf-8"}), b"no service at this path\n")
