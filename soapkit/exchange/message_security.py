"""The Protocol that `soapkit.security.Security` keeps: all that the journey of a message knows of security."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

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


@runtime_checkable
class Probed(Protocol):
    """Security that tells whether it can do its work."""

    def problems(self, *, now: datetime, margin: timedelta) -> tuple[str, ...]:
        """What keeps it from its work now, a sentence each; a certificate that expires within `margin` among it."""
        ...
