"""The service's side of a secure conversation: contexts are given, renewed and cancelled beside its operations."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Container
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from lxml.etree import _Element

from soapkit.errors import MessageError, SecurityError
from soapkit.exchange.flow import Flow, call, within
from soapkit.exchange.message_security import MessageSecurity, Waiting, believed
from soapkit.security.context.context import (
    CONTEXT_TOKENS,
    SecurityContext,
    context_element,
    context_reference,
    read_context,
)
from soapkit.security.context.conversation import GIVEN, Conversation
from soapkit.security.derive import NAMESPACES
from soapkit.security.ids import IdIndex
from soapkit.security.issued import check_key_size, computed_key
from soapkit.security.markup import TOKEN_REFERENCE
from soapkit.security.references import Wrapped, read_token_reference
from soapkit.security.security import Security
from soapkit.server.fault_answers import SoFar, late_fault
from soapkit.server.http import HttpRequest
from soapkit.server.intake import Intake
from soapkit.server.senders import from_sender
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.security_result import SecurityResult
from soapkit.soap.version import Version
from soapkit.transport.binding import response_for
from soapkit.transport.values import Response
from soapkit.ws.addressing import HEADERS, Properties
from soapkit.ws.addressing_headers import write_addressing
from soapkit.ws.trust import RequestKind, TokenRequest, TokenResponse, TrustVersion, context_request
from soapkit.ws.trust_read import read_request, version_of
from soapkit.ws.trust_write import write_responses
from soapkit.xml.names import local_name
from soapkit.xml.walk import tag_of


@dataclass(frozen=True, slots=True)
class ContextRequest:
    """A request for a security context that came. `security`: what secures it and its answer."""

    trust: TrustVersion
    kind: RequestKind
    security: MessageSecurity


@dataclass(frozen=True, slots=True)
class Agreements:
    """What answers requests for security contexts.

    A context belongs to whom `Conversation.bootstrap` believed when it was asked for; only under the context itself it
    is renewed or cancelled.
    """

    security: Security
    conversation: Conversation

    def asked(self, envelope: Envelope, action: str) -> ContextRequest | None:
        """Which request for a context a message says it is, by its action; None for any other message.

        Nothing is believed of that yet: it only chooses which settings the message must satisfy, and that it is
        answered by nothing but `answer`.
        """
        found = context_request(action or _addressed_action(envelope))
        if found is None:
            return None
        trust, kind = found
        return ContextRequest(trust, kind, self.conversation.bootstrap if kind == "issue" else self.security)

    def respond(
        self,
        asked: ContextRequest,
        envelope: Envelope,
        action: str,
        request: HttpRequest,
        intake: Intake,
        so_far: SoFar,
    ) -> Flow[Response]:
        """The answer to a request for a security context, which no handler sees. Contexts may be held outside of this
        process: then nobody else waits for them."""
        security = from_sender(asked.security, request, intake.certificate_header) or asked.security
        asked, processor, seconds = replace(asked, security=security), intake.processor, intake.handler_seconds
        late = partial(late_fault, "security", seconds)
        if isinstance(security, Waiting) and security.waits:
            result = yield from within(seconds, call(self.receive, asked, envelope, processor.understood), late)
        else:
            result = self.receive(asked, envelope, processor.understood)
        addressed = so_far.addressing = intake.addressing.read(result.envelope, action, processor.roles)
        if processor.waits:
            body = yield from within(seconds, call(self.answer, asked, result, so_far.version, addressed), late)
        else:
            body = self.answer(asked, result, so_far.version, addressed)
        response = response_for(so_far.version, body)
        if addressed is None:
            return response
        return (yield from intake.addressing.delivered(addressed, response, is_fault=False))

    def receive(self, asked: ContextRequest, envelope: Envelope, understood: Container[str]) -> SecurityResult:
        """What may be believed of the request. Raises `SecurityError`, `MessageError`."""
        result = believed(envelope, asked.security, understood)
        assert result is not None, "there is security"
        return result

    def answer(
        self, asked: ContextRequest, result: SecurityResult, version: Version, addressed: Properties | None
    ) -> bytes:
        """The answer, secured as the request was. Raises `MessageError`, `SecurityError`."""
        content = result.envelope.content
        if len(content) != 1 or version_of(content[0]) is not asked.trust:
            raise MessageError(f"expected a RequestSecurityToken of WS-Trust {asked.trust.label}")
        request = read_request(content[0])
        if request.kind != asked.kind:
            raise MessageError(f"the action says {asked.kind}, the request says {request.kind}")
        response = _ANSWERS[request.kind](self, request, result, asked.trust)
        blocks: tuple[str, ...] = ()
        if addressed is not None:
            action = asked.trust.response_action(request.kind, context=True)
            blocks = write_addressing(addressed.answer(action), version)
        draft = Draft(version, write_responses([replace(response, context=request.context)], asked.trust), blocks)
        return asked.security.apply(draft.to_envelope(), request=result).to_bytes()

    def _issue(self, request: TokenRequest, result: SecurityResult, trust: TrustVersion) -> TokenResponse:
        kinds = {f"{uri}/sct": label for label, uri in NAMESPACES.items()}
        kind = request.token_type or trust.context_type
        if kind not in kinds:
            raise MessageError(f"a token of the type {kind!r:.120} is not given here")
        now = datetime.now(UTC)
        secret, told = self._secret(request, trust)
        context = SecurityContext(
            f"urn:uuid:{uuid.uuid4()}",
            secret,
            "",
            self._end(request, now),
            kinds[kind],  # type: ignore[arg-type]  # the labels of the same table
            result.signer,
            result.username or (result.assertion.subject if result.assertion is not None else None),
        )
        return self._given(context, kind, told, now)

    def _renew(self, request: TokenRequest, result: SecurityResult, trust: TrustVersion) -> TokenResponse:
        now = datetime.now(UTC)
        context = self.conversation.contexts.find(_own_context(request, result), None, now)
        if context is None:
            raise SecurityError(f"the context {result.context} is gone")
        secret, told = self._secret(request, trust)
        renewed = replace(context, secret=secret, instance=secrets.token_hex(8), expires=self._end(request, now))
        return self._given(renewed, f"{NAMESPACES[context.version]}/sct", told, now)

    def _cancel(self, request: TokenRequest, result: SecurityResult, _trust: TrustVersion) -> TokenResponse:
        self.conversation.contexts.remove(_own_context(request, result))
        return TokenResponse(cancelled=True)

    def _given(self, context: SecurityContext, kind: str, told: TokenResponse, now: datetime) -> TokenResponse:
        self.conversation.contexts.add(context)
        token_id = f"SCT-{secrets.token_hex(16)}"
        return replace(
            told,
            token_type=kind,
            token=context_element(context, token_id),
            attached=context_reference(context, token_id),
            unattached=context_reference(context),
            created=now,
            expires=context.expires,
        )

    def _secret(self, request: TokenRequest, trust: TrustVersion) -> tuple[bytes, TokenResponse]:
        """The secret of a context, and what the answer says of it: both sides have a part in it where the client gave
        one (WS-Trust 1.4, 4.4.4)."""
        size = request.key_size or self.conversation.key_size
        check_key_size(size)
        fresh = secrets.token_bytes(size // 8)
        if request.entropy is None:
            return fresh, TokenResponse(proof=fresh, key_size=size)
        secret = computed_key(request.entropy, fresh, size)
        return secret, TokenResponse(entropy=fresh, computed_key=trust.computed_key, key_size=size)

    def _end(self, request: TokenRequest, now: datetime) -> datetime:
        longest = self.conversation.lifetime or GIVEN
        if request.expires is None:
            return now + longest
        wanted = request.expires - (request.created or now)
        return now + (min(wanted, longest) if wanted.total_seconds() > 0 else longest)


_ANSWERS = {"issue": Agreements._issue, "renew": Agreements._renew, "cancel": Agreements._cancel}


def agreements_of(security: object) -> Agreements | None:
    """What answers requests for contexts, where settings have a conversation."""
    if isinstance(security, Security) and security.conversation is not None:
        return Agreements(security, security.conversation)
    return None


def _addressed_action(envelope: Envelope) -> str:
    """The Action that a message's header says, as long as nobody is known to have written it."""
    found = (block for block in envelope.headers if tag_of(block) in HEADERS and local_name(tag_of(block)) == "Action")
    return next(((block.text or "").strip() for block in found), "")


def _own_context(request: TokenRequest, result: SecurityResult) -> str:
    """The context that is to be renewed or cancelled: the one that the request was made under, no other."""
    assert request.target is not None, "a request that is not to issue has a target"
    if not result.context or _identifier(request.target) != result.context:
        raise SecurityError("a security context is renewed and cancelled under itself alone")
    return result.context


def _identifier(target: _Element) -> str:
    if tag_of(target) in CONTEXT_TOKENS:
        return read_context(target)[0]
    if tag_of(target) == TOKEN_REFERENCE:
        source = read_token_reference(target, IdIndex(target.getroottree().getroot()))
        if isinstance(source, Wrapped) and source.context is not None:
            return source.context[0]
        if isinstance(source, Wrapped) and source.element is not None and tag_of(source.element) in CONTEXT_TOKENS:
            return read_context(source.element)[0]
    raise MessageError("the target of the request is no security context")
