"""uvicorn's HTTP protocol, telling applications of the TLS connection by the TLS extension of ASGI, 0.2.

uvicorn itself does not. Needs uvicorn; only `soapkit serve` imports this.
"""

from __future__ import annotations

import ssl
from functools import partial
from typing import Any

from soapkit.server.heads import PromptHTTPProtocol

_VERSIONS = {"TLSv1": 0x0301, "TLSv1.1": 0x0302, "TLSv1.2": 0x0303, "TLSv1.3": 0x0304}


class TlsHTTPProtocol(PromptHTTPProtocol):
    """Puts ``extensions["tls"]`` into the scope of every request of a TLS connection."""

    def connection_made(self, transport: Any) -> None:  # Any: as uvicorn's own protocols narrow it
        super().connection_made(transport)
        connection = transport.get_extra_info("ssl_object")
        if connection is not None:
            self.app: Any = partial(_told, self.app, extension_for(connection))


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
