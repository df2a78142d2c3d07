"""OcspResponders: who may be asked whether a certificate was revoked, and how.

Nobody is, unless it was allowed by name: an address in a certificate is somebody else's choice.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from soapkit.errors import SecurityError, SoapkitError, UsageError
from soapkit.security.trust.ocsp import ResponseSource, read_response
from soapkit.security.trust.revocation import Standing, StatusSource, Told, responders_of, untold

_PORTS: Final = {"http": 80, "https": 443}
_REMEMBERED: Final = 1_000
_MOST = 2  # addresses of one certificate that are tried


@dataclass(frozen=True, slots=True)
class OcspResponders:
    """Who may be asked about certificates, and how. Asking takes time, in which the message waits.

    `post`: a function from an address and the bytes of a request to the bytes of the response, such as
    `soapkit.transport.ocsp.poster` gives. `hosts`: those that may be asked, ``ocsp.example`` or ``ocsp.example:8080``;
    no other address that a certificate names is ever called. `nonce`: demand an answer that was made for us; most
    responders of the web do not do that. `remember`: how long an answer is used at most, never beyond its own end;
    `again`: how long a responder that gave no answer is left alone about that certificate.

    Raises `UsageError` without hosts.

    >>> responders = OcspResponders(poster(), hosts=["ocsp.bank.example"])             # doctest: +SKIP
    >>> TrustStore.load("bank-ca.pem", responders=responders, revocation="required")   # doctest: +SKIP
    """

    post: Callable[[str, bytes], bytes] = field(repr=False)
    hosts: Sequence[str]
    nonce: bool = False
    remember: timedelta = timedelta(hours=1)
    again: timedelta = timedelta(seconds=30)

    def __post_init__(self) -> None:
        if isinstance(self.hosts, str) or not self.hosts or not all(self.hosts):
            raise UsageError("OcspResponders(hosts=...) is a list of those that may be asked, one at least")

    def allows(self, address: str) -> bool:
        """Whether an address is one that may be called: HTTP or HTTPS, of a host in the list, at its port."""
        try:
            parts = urlsplit(address)
            port = parts.port
        except ValueError:
            return False
        standard = _PORTS.get(parts.scheme)
        if standard is None or not parts.hostname or "@" in parts.netloc:
            return False
        named = parts.hostname if port in (None, standard) else f"{parts.hostname}:{port}"
        return named.casefold() in {host.casefold() for host in self.hosts}


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came of asking, until when it is used."""

    source: ResponseSource | None
    told: Told | None
    until: datetime


class AskedSource:
    """What responders say when they are asked: a `soapkit.security.trust.revocation.StatusSource`. Thread-safe."""

    def __init__(self, responders: OcspResponders, lists: Sequence[StatusSource] = ()) -> None:
        self._responders, self._lists = responders, lists
        self._answers: dict[tuple[x509.Certificate, x509.Certificate], _Answer] = {}
        self._lock = threading.Lock()

    def tell(self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> Told | None:
        """See `trust.revocation.StatusSource`. None for a certificate that names nobody who may be asked."""
        with self._lock:
            answer = self._answers.get((certificate, issuer))
        if answer is None or answer.until <= now:
            addresses = [each for each in responders_of(certificate) if self._responders.allows(each)]
            if not addresses:
                return None
            answer = self._asked(addresses[:_MOST], certificate, issuer, now)
            with self._lock:
                if len(self._answers) >= _REMEMBERED:
                    self._answers.clear()
                self._answers[certificate, issuer] = answer
        return answer.told if answer.source is None else answer.source.tell(certificate, issuer, now)

    def _asked(
        self, addresses: list[str], certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
    ) -> _Answer:
        """The first answer that tells anything; else why the last does not."""
        told = untold("nobody was asked")
        for address in addresses:
            try:
                source = self._answer_of(address, certificate, issuer)
            except (SoapkitError, OSError) as error:
                told = untold(f"the OCSP responder at {address} gave no answer: {error}")
                continue
            found = source.tell(certificate, issuer, now)
            if found is None:
                told = untold(f"the OCSP responder at {address} answered about another certificate")
            elif found.standing is Standing.UNTOLD:
                told = found
            else:
                end = source.next_update()
                longest = now + self._responders.remember
                return _Answer(source, None, longest if end is None else min(end, longest))
        return _Answer(None, told, now + self._responders.again)

    def _answer_of(self, address: str, certificate: x509.Certificate, issuer: x509.Certificate) -> ResponseSource:
        # SHA-1, of all, is the hash that every responder knows a certificate by: here it only names (RFC 5019, 2.1.1).
        builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303
        nonce = secrets.token_bytes(32) if self._responders.nonce else b""
        if nonce:
            builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
        data = self._responders.post(address, builder.build().public_bytes(Encoding.DER))
        if not isinstance(data, bytes):
            raise SecurityError(f"what posts to OCSP responders gave {type(data).__name__}, expected bytes")
        return ResponseSource(read_response(data), self._lists, nonce)
