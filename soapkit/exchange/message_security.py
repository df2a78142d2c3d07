"""The Protocol that `soapkit.security.Security` keeps: all that the journey of a message knows of security."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from soapkit.soap.envelope import Envelope
from soapkit.soap.security_result import SecurityResult


class MessageSecurity(Protocol):
    """A pair: `apply` secures a plain message, `verify` gives back what may be believed of a secured one."""

    def apply(
        self, envelope: Envelope, *, now: datetime | None = None, request: SecurityResult | None = None
    ) -> Envelope:
        """The secured message. Raises `soapkit.errors.SecurityError`.

        `request`: for a reply, what was believed of its request: whom to encrypt to.
        """
        ...

    def verify(self, envelope: Envelope, *, now: datetime | None = None) -> SecurityResult:
        """What may be believed. Raises `soapkit.errors.SecurityError`."""
        ...
