"""The certificate that a caller showed when the connection was made (mutual TLS): of the server, or told by a proxy.

Whoever ends the TLS connection has checked it against its authorities; soapkit only hands it on. That is either

* the server that runs the application: the TLS extension of ASGI (`soapkit serve`), ``gunicorn.socket``, or mod_ssl's
  ``SSL_CLIENT_CERT``; a caller cannot write there; or
* a proxy before it, in a header field, which anybody could write: it is believed only where a `CertificateHeader` says
  which field, and from which proxies.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import logging
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from soapkit.errors import UsageError
from soapkit.server.http import HttpRequest
from soapkit.server.proxies import Networks

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

logger = logging.getLogger("soapkit.server")

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
# Envoy's x-forwarded-client-cert: elements between commas, of pairs between semicolons; a quoted value may hold either.
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_ELEMENT = re.compile(rf"(?:[^\",]|{_QUOTED})+")
_PAIR = re.compile(rf"([A-Za-z]+)=({_QUOTED}|[^;]*)(?:;|$)")
_FORWARDED = re.compile(r"\s*(?:By|Hash|Cert|Chain|Subject|URI|DNS)=", re.IGNORECASE)


@dataclass(frozen=True)
class ClientCertificate:
    """Who a caller is, by TLS. `der`: the certificate itself.

    >>> call.client_certificate.subject                                             # doctest: +SKIP
    'CN=alice,O=Example'
    """

    der: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, in hexadecimal: what an allow-list compares."""
        return hashlib.sha256(self.der).hexdigest()

    @cached_property
    def certificate(self) -> Certificate:
        """As the library cryptography has it, with all its names and extensions.

        Raises `UsageError` where that library is not installed.
        """
        try:
            from cryptography import x509
        except ImportError:
            raise UsageError("reading a certificate needs cryptography: pip install 'soapkit[security]'") from None
        return x509.load_der_x509_certificate(self.der)

    @property
    def subject(self) -> str:
        """Its subject as RFC 4514 writes it. Compare it only where one authority issues all: another's may call
        somebody the same."""
        return self.certificate.subject.rfc4514_string()

    @property
    def issuer(self) -> str:
        """The subject of who issued it."""
        return self.certificate.issuer.rfc4514_string()


@dataclass(frozen=True)
class CertificateHeader:
    """A header field in which a proxy tells the certificate of its caller, and the addresses or networks of the proxies
    that are believed; ``unix`` is a socket on this machine.

    The proxy must set the field on every request, or take it away: else its callers write it themselves. It is read as
    nginx (``$ssl_client_escaped_cert``), HAProxy (``%[ssl_c_der,base64]``), Envoy (``x-forwarded-client-cert``) and RFC
    9440 write it. Raises `UsageError` for what is no address.

    >>> CertificateHeader("X-Client-Cert", proxies=["10.1.0.0/16"]).name
    'X-Client-Cert'
    """

    name: str
    proxies: tuple[str, ...]
    _networks: Networks = field(repr=False)

    def __init__(self, name: str, *, proxies: list[str] | tuple[str, ...]) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "proxies", tuple(proxies))
        object.__setattr__(self, "_networks", Networks(tuple(proxies)))

    def believes(self, peer: str) -> bool:
        """Whether a request over a connection from this address came through a proxy that is believed."""
        return self._networks.have(peer)


def certificate_of(request: HttpRequest, header: CertificateHeader | None = None) -> ClientCertificate | None:
    """The certificate of who sent a request, None where none was shown. Raises nothing: what cannot be read is none.

    Where a proxy is believed, its word is the only one: the connection's own certificate is then the proxy's.
    """
    if header is not None and header.believes(request.peer):
        return _told(request, header)
    for source in _SOURCES:
        der = source(request.extra)
        if der:
            return ClientCertificate(der)
    return None


def _told(request: HttpRequest, header: CertificateHeader) -> ClientCertificate | None:
    values = [value for name, value in request.headers.pairs if name.lower() == header.name.lower()]
    if len(values) > 1:  # one of them is the caller's own
        logger.warning("%s came %d times from %s: nobody is believed", header.name, len(values), request.peer)
        return None
    value = values[0].strip() if values else ""
    if not value:
        return None
    der = _read(value)
    if der is None:
        logger.warning("%s from %s holds no certificate", header.name, request.peer)
    return ClientCertificate(der) if der else None


def _read(value: str) -> bytes | None:
    """PEM, percent-encoded or not; base64, between colons (RFC 9440, 2.1) or not, the first of a list; Envoy's list, of
    which the last element is the nearest proxy's."""
    if _FORWARDED.match(value):
        pairs = {name.lower(): said for name, said in _PAIR.findall(_ELEMENT.findall(value)[-1].strip())}
        value = pairs.get("cert", "").strip('"')
    if "%" in value:
        value = unquote(value)
    pem = _PEM.search(value)
    text = pem[1] if pem is not None else value.partition(",")[0].strip().strip(":")
    try:
        der = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    return der if der.startswith(b"\x30") else None  # a SEQUENCE (X.690, 8.9), as every certificate is


def _asgi(scope: Mapping[str, Any]) -> bytes | None:
    """The TLS extension of ASGI, 0.2: a chain in PEM, and what was wrong with it."""
    tls = (scope.get("extensions") or {}).get("tls") or {}
    chain = list(tls.get("client_cert_chain") or ())
    return _read(chain[0]) if chain and not tls.get("client_cert_error") else None


def _mod_ssl(environ: Mapping[str, Any]) -> bytes | None:
    """Apache's variables, with ``SSLOptions +StdEnvVars +ExportCertData``."""
    if environ.get("SSL_CLIENT_VERIFY") != "SUCCESS":
        return None
    return _read(str(environ.get("SSL_CLIENT_CERT") or ""))


def _gunicorn(environ: Mapping[str, Any]) -> bytes | None:
    connection = environ.get("gunicorn.socket")
    return connection.getpeercert(binary_form=True) if isinstance(connection, ssl.SSLSocket) else None


_SOURCES: tuple[Callable[[Mapping[str, Any]], bytes | None], ...] = (_asgi, _mod_ssl, _gunicorn)
