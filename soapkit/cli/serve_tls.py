"""The certificates that ``soapkit serve`` is given: looked at before anything listens, so that what is wrong is told in
one line."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from soapkit.errors import UsageError

# Python's own list (ssl.create_default_context): forward secrecy, no SHA-1. uvicorn's would also take what has neither.
_CIPHERS = "ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES:DHE+AES:!aNULL:!eNULL:!aDSS:!SHA1:!AESCCM"


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files. `certificate`: the server's, and the chain to its authority; `key`: its private key, where the
    certificate's file does not hold it; `client_authorities`: who issues the certificates that callers must show."""

    certificate: str
    key: str | None = None
    client_authorities: str | None = None

    def check(self) -> None:
        """Raises `UsageError` naming the file that cannot be used, and what was expected of it."""
        key = self.key or self.certificate
        _holds(self.certificate, "CERTIFICATE", "a certificate")
        _holds(key, "PRIVATE KEY", "a private key" + ("" if self.key else ": give it with --tls-key"))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        sealed: list[bool] = []

        def password() -> str:  # instead of OpenSSL's question at the terminal, which a service cannot answer
            sealed.append(True)
            return ""

        try:
            context.load_cert_chain(self.certificate, key, password)
        except ssl.SSLError as error:
            if sealed:
                raise UsageError(
                    f"{key}: the private key is encrypted; a service needs it without a password"
                ) from None
            if error.reason == "KEY_VALUES_MISMATCH":
                raise UsageError(f"{key}: not the private key of the certificate {self.certificate}") from None
            raise UsageError(f"{self.certificate}, {key}: no certificate with its key: {_told(error)}") from None
        if self.client_authorities is not None:
            _holds(self.client_authorities, "CERTIFICATE", "a certificate of an authority")
            try:
                context.load_verify_locations(self.client_authorities)
            except ssl.SSLError as error:
                raise UsageError(f"{self.client_authorities}: no certificates of authorities: {_told(error)}") from None

    def expires(self) -> datetime | None:
        """When the certificate is no longer valid; None where the library cryptography is not there to tell."""
        try:
            from cryptography.x509 import load_pem_x509_certificates
        except ImportError:
            return None
        return load_pem_x509_certificates(Path(self.certificate).read_bytes())[0].not_valid_after_utc

    def settings(self) -> dict[str, Any]:
        """The arguments of ``uvicorn.Config``. TLS 1.2 at least; where authorities of callers are given, nobody is
        served without a certificate of theirs."""
        required = self.client_authorities is not None
        return {
            "ssl_certfile": self.certificate,
            "ssl_keyfile": self.key,
            "ssl_ca_certs": self.client_authorities,
            "ssl_cert_reqs": ssl.CERT_REQUIRED if required else ssl.CERT_NONE,
            "ssl_ciphers": _CIPHERS,
        }


def freshness(tls: Tls, margin: timedelta) -> Callable[[], None]:
    """A check for readiness, of the certificate as this process has loaded it: it raises once that expires within
    `margin`."""
    expires = tls.expires()

    def check() -> None:
        if expires is not None and expires <= datetime.now(UTC) + margin:
            raise RuntimeError(f"the certificate {tls.certificate} expires at {expires:%Y-%m-%d %H:%M} UTC")

    return check


def tls_of(certificate: str | None, key: str | None, client_authorities: str | None) -> Tls | None:
    """What the options say, checked; None where they say nothing. Raises `UsageError`."""
    if certificate is None:
        for option, value in (("--tls-key", key), ("--client-ca", client_authorities)):
            if value is not None:
                raise UsageError(f"{option} needs --tls-cert, the certificate of the service")
        return None
    tls = Tls(certificate, key, client_authorities)
    tls.check()
    return tls


def _holds(path: str, label: str, expected: str) -> None:
    """Raises `UsageError` where a file has no PEM block of this kind (RFC 7468)."""
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    if f"{label}-----".encode() not in text:
        raise UsageError(f"{path}: expected PEM with {expected}")


def _told(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).lower().replace("_", " ")
