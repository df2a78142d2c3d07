"""uvicorn's HTTP protocol over TLS: applications are told of the connection by the TLS extension of ASGI, 0.2, and a
connection that is closed ends soon.

uvicorn itself does neither. Needs uvicorn; only `soapkit serve` imports this.
"""

from __future__ import annotations

import asyncio
import ssl
from functools import partial
from typing import Any

from soapkit.server.heads import PromptHTTPProtocol

_VERSIONS = {"TLSv1": 0x0301, "TLSv1.1": 0x0302, "TLSv1.2": 0x0303, "TLSv1.3": 0x0304}


# asyncio's is 30: for so long one idle caller would hold up a service that was told to stop.
CLOSE_SECONDS = 1.0


class TlsHTTPProtocol(PromptHTTPProtocol):
    """Puts ``extensions["tls"]`` into the scope of every request of a TLS connection; waits no longer than
    `CLOSE_SECONDS` for a caller to agree to its end."""

    def connection_made(self, transport: Any) -> None:  # Any: as uvicorn's own protocols narrow it
        connection = transport.get_extra_info("ssl_object")
        super().connection_made(transport if connection is None else _PromptlyClosed(transport, self.loop))
        if connection is not None:
            self.app: Any = partial(_told, self.app, extension_for(connection))


class _PromptlyClosed:
    """A transport whose `close` says close_notify and does not wait long for the caller's (RFC 8446, 6.1: it need
    not). What is not yet sent goes out first."""

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def close(self) -> None:
        self._transport.close()
        self._loop.call_later(CLOSE_SECONDS, self._end)

    def _end(self) -> None:
        if self._transport.get_write_buffer_size():
            self._loop.call_later(CLOSE_SECONDS, self._end)
        else:
            self._transport.abort()


def extension_for(connection: ssl.SSLObject | ssl.SSLSocket) -> dict[str, object]:
    """What ASGI's TLS extension says of a connection. The certificate was checked when the connection was made: without
    that there would be none."""
    der = connection.getpeercert(binary_form=True)
    return {
        "server_cert": None,
        "client_cert_chain": [ssl.DER_cert_to_PEM_cert(der)] if der else [],
        "client_cert_name": None,  # optional, and `soapkit.server.certificates` reads it from the certificate
        "client_cert_error": None,
        "tls_version": _VERSIONS.get(connection.version() or ""),
        "cipher_suite": None,
    }


async def _told(application: Any, tls: dict[str, object], scope: Any, receive: Any, send: Any) -> None:
    scope["extensions"] = {**(scope.get("extensions") or {}), "tls": tls}
    await application(scope, receive, send)
