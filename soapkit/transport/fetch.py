"""A document by GET: how contracts are read from the net."""

from __future__ import annotations

from collections.abc import Callable

from soapkit.errors import HttpError
from soapkit.transport.urllib3 import Urllib3Transport
from soapkit.transport.values import Request, Transport


def fetcher(transport: Transport | None = None) -> Callable[[str], bytes]:
    """A function from a URL to the bytes there, for `soapkit.xml.documents.Documents`.

    `transport`: the one to use, with its TLS settings and its login; without one, a plain one for each document.

    Raises `HttpError` for any status but 200, and what the transport raises.
    """

    def fetch(url: str) -> bytes:
        used = transport if transport is not None else Urllib3Transport()
        try:
            response = used.send(Request(url, method="GET"))
        finally:
            if transport is None:
                used.close()
        if response.status != 200:
            told = f"HTTP {response.status} {response.reason}".strip()
            raise HttpError(f"{url}: expected a document, got {told}", status=response.status, body=response.body)
        return response.body

    return fetch
