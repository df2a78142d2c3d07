"""The service that the configurations beside this file host: ASGI for uvicorn and granian, WSGI for gunicorn.

PROXIES: addresses or networks of who may say X-Forwarded-*, where the server before us does not see to that itself.
LEDGER: stands for what a service needs from its surroundings; where it is set and cannot be reached, /readyz says so.
"""

from __future__ import annotations

import os
import socket
from datetime import datetime
from zoneinfo import ZoneInfo

import soapkit
from soapkit.server.health import Health


@soapkit.service("urn:example:clock")
class Clock:
    """Tells the time."""

    @soapkit.operation
    def now(self, zone: str = "UTC") -> datetime:
        """The time in a zone."""
        return datetime.now(ZoneInfo(zone))


def ledger() -> None:
    """Raises where it does not answer."""
    host, _, port = os.environ["LEDGER"].partition(":")
    socket.create_connection((host, int(port)), timeout=2).close()


health = Health(checks={"ledger": ledger} if "LEDGER" in os.environ else {})
proxies = os.environ.get("PROXIES", "").split()
app = soapkit.asgi(Clock(), health=health, proxies=proxies)
application = soapkit.wsgi(Clock(), health=health, proxies=proxies)
