"""A service, code first: its WSDL is written from these annotations.

soapkit serve clock:Clock
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

import soapkit


class Zone(msgspec.Struct, kw_only=True):
    """The zone that was asked for."""

    name: str


class UnknownZone(soapkit.DeclaredFault[Zone]):
    """There is no such time zone."""


@soapkit.service("urn:example:clock")
class Clock:
    """Tells the time."""

    @soapkit.operation(raises=[UnknownZone])
    def now(self, zone: str = "UTC") -> datetime:
        """The time in a zone."""
        try:
            return datetime.now(ZoneInfo(zone))
        except (ZoneInfoNotFoundError, ValueError):
            raise UnknownZone(Zone(name=zone), f"there is no zone {zone}") from None


app = soapkit.asgi(Clock())
