"""The client's side of a secure conversation: a context before the first message, given back in the end."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from soapkit.client.issuing import Issuance
from soapkit.client.trust import Answer, Channel, ask, proof_of
from soapkit.errors import Fault, MessageError, SecurityError, SoapkitError
from soapkit.exchange.flow import Flow
from soapkit.security.context.context import CONTEXT_TOKENS, SecurityContext, context_reference, read_context
from soapkit.security.context.conversation import Conversation
from soapkit.security.derive import NAMESPACES
from soapkit.security.security import Security
from soapkit.soap.version import Version
from soapkit.transport.values import AsyncTransport, Transport
from soapkit.ws.addressing import Addressing
from soapkit.ws.trust import BY_LABEL, TokenRequest
from soapkit.xml.names import WSC2005_02, WSC2005_12, WSSE, namespace_of
from soapkit.xml.serialise import serialise
from soapkit.xml.walk import tag_of

logger = logging.getLogger("soapkit.client")

_VERSIONS = {uri: label for label, uri in NAMESPACES.items()}
_OF_SECURITY = frozenset({WSSE, WSC2005_12, WSC2005_02})


def conversing(
    security: Security, address: str, version: Version, addressing: Addressing | None, timeout: float | None
) -> Conversing:
    """What agrees on the contexts of a client's settings."""
    conversation = security.conversation
    assert conversation is not None, "made for settings that have one"
    return Conversing(security, conversation, address, version, addressing, timeout)


class Conversing:
    """A conversation of one client with one service. Thread-safe."""

    def __init__(
        self,
        security: Security,
        conversation: Conversation,
        address: str,
        version: Version,
        addressing: Addressing | None,
        timeout: float | None,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._conversation = conversation
        self._now = now or (lambda: datetime.now(UTC))
        self._turn = threading.Lock()
        trust = BY_LABEL["1.3" if conversation.version == "2005/12" else "2005/02"]
        self._bootstrap = Channel(
            address,
            version,
            trust,
            conversation.bootstrap,
            addressing or Addressing(),
            timeout,
            in_clear=conversation.secrets_in_clear,
            now=now,
        )
        self._under = replace(self._bootstrap, security=security)
        issuing = getattr(conversation.bootstrap, "issuing", None)
        self._before = Issuance(issuing, address, now) if issuing is not None else None

    def ready(self, transport: Transport | AsyncTransport) -> Flow[None]:
        """The flow after which there is a context that lasts.

        Whoever comes while another replaces a context uses the old one as long as it is valid. Raises what the request
        for a context raises.
        """
        contexts, now = self._conversation.contexts, self._now()
        if contexts.current(now, self._conversation.margin) is not None:
            return
        first = self._turn.acquire(blocking=False)
        try:
            current = contexts.current(now)
            if contexts.current(now, self._conversation.margin) is None and (first or current is None):
                contexts.add((yield from self._agreed(transport, current, now)))
        finally:
            if first:
                self._turn.release()

    def lost(self, error: SoapkitError) -> None:
        """Forget the context where a service says that it does not know it: the next call agrees on another.

        The call that failed is not made again: nobody signed that fault, and the service may have done what was asked.
        """
        if isinstance(error, Fault) and any(namespace_of(code) in _OF_SECURITY for code in error.code.subcodes):
            current = self._conversation.contexts.current(self._now())
            if current is not None:
                logger.info("forgot the security context %s: %s", current.identifier, error.code)
                self._conversation.contexts.remove(current.identifier)

    def end(self, transport: Callable[[], Transport | AsyncTransport]) -> Flow[None]:
        """Give back what is held. A service that cannot be reached, or refuses, lets contexts end by themselves."""
        contexts = self._conversation.contexts
        while (current := contexts.current(self._now())) is not None:
            if self._conversation.cancel:
                request = TokenRequest("cancel", target=context_reference(current))
                try:
                    yield from ask(self._under, transport(), request, context=True)
                except SoapkitError as error:
                    logger.info("the security context %s was not cancelled: %s", current.identifier, error.for_log)
            contexts.remove(current.identifier)

    def _agreed(
        self, transport: Transport | AsyncTransport, current: SecurityContext | None, now: datetime
    ) -> Flow[SecurityContext]:
        conversation, trust = self._conversation, self._bootstrap.trust
        renewing = current is not None and conversation.renewal == "renew"
        request = TokenRequest(
            "renew" if renewing else "issue",
            trust.context_type,
            key_size=conversation.key_size,
            key_type="symmetric",
            entropy=secrets.token_bytes(conversation.key_size // 8),
            created=now if conversation.lifetime is not None else None,
            expires=now + conversation.lifetime if conversation.lifetime is not None else None,
            target=context_reference(current) if renewing and current is not None else None,
            computed_key=trust.computed_key,
        )
        channel = self._under if renewing else self._bootstrap
        if self._before is not None and not renewing:
            yield from self._before.ready(transport)
        answer = yield from ask(channel, transport, request, context=True)
        made = self._context(answer, request, now)
        if renewing and current is not None:
            if made.identifier != current.identifier:
                raise SecurityError("the service renewed another security context than the one it was asked to")
            made = replace(made, holder=current.holder)
        return made

    def _context(self, answer: Answer, request: TokenRequest, now: datetime) -> SecurityContext:
        response = answer.response
        token = response.token
        if token is None or tag_of(token) not in CONTEXT_TOKENS:
            raise MessageError("the service answered the request for a security context with none")
        identifier, instance = read_context(token)
        secret = proof_of(response, request, self._bootstrap)
        if secret is None:
            raise SecurityError("the service gave a security context without a secret")
        expires = response.expires
        if expires is not None and response.created is not None:  # by our own clock
            expires = now + (expires - response.created)
        return SecurityContext(
            identifier,
            secret,
            instance,
            expires,
            _VERSIONS[namespace_of(tag_of(token))],  # type: ignore[arg-type]  # the labels of the same table
            holder=answer.security.signer if answer.security is not None else None,
            token=serialise(token),
        )
