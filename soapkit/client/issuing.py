"""A client's token: asked of a token service before the first message, and again shortly before it ends."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

from soapkit.client.sts import Asked, BaseStsClient
from soapkit.errors import Fault, SoapkitError, UsageError
from soapkit.exchange.flow import Flow
from soapkit.security.issued import Issuing
from soapkit.transport.values import AsyncTransport, Transport
from soapkit.xml.names import WSSE, namespace_of

logger = logging.getLogger("soapkit.client")


class Issuance:
    """The token of one client for one service. Raises `UsageError` for a source of tokens that is no client of one."""

    def __init__(self, issuing: Issuing, address: str, now: Callable[[], datetime] | None = None) -> None:
        if not isinstance(issuing.source, BaseStsClient):
            raise UsageError("Issuing(source=...) is a soapkit.client.sts.StsClient, or an AsyncStsClient")
        self._issuing = issuing
        self._source = issuing.source
        self._applies_to = issuing.applies_to or address
        self._now = now or (lambda: datetime.now(UTC))

    def ready(self, _transport: Transport | AsyncTransport) -> Flow[None]:
        """The flow after which there is a token that lasts. The token service is asked over its client's own
        transport."""
        tokens = self._issuing.tokens
        if tokens.current(self._now(), self._issuing.margin) is None:
            tokens.add((yield from self._source.token(self._applies_to, cast("Asked", dict(self._issuing.asked)))))

    def lost(self, error: SoapkitError) -> None:
        """Forget the token where a service refuses a message for its security: the next call asks for another."""
        held = self._issuing.tokens.current(self._now())
        refused = isinstance(error, Fault) and any(namespace_of(code) == WSSE for code in error.code.subcodes)
        if held is not None and refused:
            logger.info("forgot %r: %s", held, error.for_log)
            self._source.forget(held)
            self._issuing.tokens.clear()

    def end(self, _transport: Callable[[], Transport | AsyncTransport]) -> Flow[None]:
        """Nothing is given back: another client may have been given the same token."""
        yield from ()
