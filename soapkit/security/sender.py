"""Sender: what the connection says of who sends a message, beside what the message says."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from cryptography import x509

from soapkit.soap.envelope import Envelope
from soapkit.soap.security_result import SecurityResult


@dataclass(frozen=True, slots=True)
class Login:
    """An HTTP login (RFC 9110, 11). `scheme`: in small letters; `password`: as Basic brings it, nobody having looked at
    it; None: whoever runs the application has checked the login."""

    scheme: str
    name: str
    password: str | None = field(default=None, repr=False)

    @property
    def is_checked(self) -> bool:
        """Whether it is known to be right."""
        return self.password is None


@dataclass(frozen=True, slots=True)
class Sender:
    """`address`: of the peer, an IP address, empty where it is not known; `certificate`: the one that the peer showed
    when the connection was made, proving that it has its key (TLS 1.3, RFC 8446, 4.4.3); `logins`: of its request."""

    address: str = ""
    certificate: x509.Certificate | None = field(default=None, repr=False)
    logins: tuple[Login, ...] = ()

    def is_at(self, address: str) -> bool:
        """Whether this is the address: compared as numbers, where both are IP addresses."""
        try:
            return ipaddress.ip_address(self.address.partition("%")[0]) == ipaddress.ip_address(address.strip())
        except ValueError:
            return bool(self.address) and self.address.casefold() == address.strip().casefold()


class Verifies(Protocol):
    """What `soapkit.security.Security` does, as far as it is needed here."""

    @property
    def waits(self) -> bool:
        """Whether verifying may wait for what is outside of this process."""
        ...

    def apply(
        self, envelope: Envelope, *, now: datetime | None = None, request: SecurityResult | None = None
    ) -> Envelope:
        """The secured message."""
        ...

    def verify(
        self, envelope: Envelope, *, now: datetime | None = None, sender: Sender | None = None
    ) -> SecurityResult:
        """What may be believed of a message."""
        ...


@dataclass(frozen=True, slots=True)
class FromSender:
    """Settings for the messages of one sender."""

    security: Verifies
    sender: Sender

    @property
    def waits(self) -> bool:
        """As of the settings."""
        return self.security.waits

    @property
    def goes_by_text(self) -> bool:
        """As the settings do."""
        return bool(getattr(self.security, "goes_by_text", False))

    def apply(
        self, envelope: Envelope, *, now: datetime | None = None, request: SecurityResult | None = None
    ) -> Envelope:
        """As the settings do."""
        return self.security.apply(envelope, now=now, request=request)

    def verify(self, envelope: Envelope, *, now: datetime | None = None) -> SecurityResult:
        """As the settings do, with this sender."""
        return self.security.verify(envelope, now=now, sender=self.sender)
