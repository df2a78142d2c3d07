"""An HTTP request as the endpoint sees it, whichever host carried it: a value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from soapkit.soap.attachments import Package
from soapkit.transport.values import NO_HEADERS, Headers, Response

# RFC 9110, 7.2: host and port; what else stands in a Host header is somebody's attempt to be quoted in our WSDL.
_HOST = re.compile(r"[A-Za-z0-9.\-_~%]+(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?")


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """`path`: below the host, mount point included; `query`: as it came, without the question mark; `client`: the
    peer's address; `scheme`, `server`: as the host program knows them, used where there is no usable Host header;
    `package`: of a message with parts, which was taken apart while it came: gives it, or raises what was wrong with it;
    `body` is then empty. `extra`: the environment of the host program (ASGI scope, WSGI environ)."""

    method: str
    path: str
    query: str = ""
    headers: Headers = NO_HEADERS
    body: bytes = field(default=b"", repr=False)
    scheme: str = "http"
    server: str = "localhost"
    client: str = ""
    package: Callable[[], Package] | None = field(default=None, repr=False)
    extra: Mapping[str, object] = field(default_factory=dict, repr=False)

    @property
    def address(self) -> str:
        """The URL, without query, under which the caller reached us."""
        host = self.headers.get("host", "")
        return f"{self.scheme}://{host if _HOST.fullmatch(host) else self.server}{self.path}"

    @property
    def parameters(self) -> dict[str, str]:
        """The query's parameters, names in lower case: ``?WSDL`` and ``?wsdl`` are one."""
        return {name.lower(): value for name, value in parse_qsl(self.query, keep_blank_values=True)}


NOT_FOUND = Response(404, Headers({"Content-Type": "text/plain; charset=utf-8"}), b"no service at this path\n")
TOO_LARGE = Response(413, Headers({"Content-Type": "text/plain; charset=utf-8"}), b"the request is too large\n")
