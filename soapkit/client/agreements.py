"""All that a client agrees on before its first message: tokens of token services, security contexts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from soapkit.client.conversation import conversing
from soapkit.client.issuing import Issuance
from soapkit.errors import SoapkitError
from soapkit.exchange.flow import Flow
from soapkit.exchange.message_security import Agreement
from soapkit.security.security import Security
from soapkit.soap.version import Version
from soapkit.transport.values import AsyncTransport, Transport
from soapkit.ws.addressing import Addressing


def agreed_by(
    security: Any,  # whatever a user gave that asks for it: a Security
    address: str,
    version: Version,
    addressing: Addressing | None,
    timeout: float | None,
) -> tuple[Security, Agreement]:
    """The settings of one client, with tokens and contexts of its own, and what it agrees on.

    Raises `UsageError` for a source of tokens that is none.
    """
    own: Security = security.of_one_client()
    found: list[Agreement] = []
    if own.issuing is not None:
        found.append(Issuance(own.issuing, address))
    if own.conversation is not None:
        found.append(conversing(own, address, version, addressing, timeout))
    return own, found[0] if len(found) == 1 else Together(found)


class Together:
    """Several things to agree on, in their order."""

    def __init__(self, agreements: Sequence[Agreement]) -> None:
        self._agreements = tuple(agreements)

    def ready(self, transport: Transport | AsyncTransport) -> Flow[None]:
        """Each is agreed on."""
        for each in self._agreements:
            yield from each.ready(transport)

    def lost(self, error: SoapkitError) -> None:
        """Each is told."""
        for each in self._agreements:
            each.lost(error)

    def end(self, transport: Callable[[], Transport | AsyncTransport]) -> Flow[None]:
        """Each is given back, the last first."""
        for each in reversed(self._agreements):
            yield from each.end(transport)
