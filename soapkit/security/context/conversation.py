"""Conversation: how two sides agree on a security context before the first message (WS-SecureConversation 1.4, 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, Protocol

from soapkit.errors import UsageError
from soapkit.security.by_message import ByMessage
from soapkit.security.context.context import Contexts
from soapkit.security.derive import NAMESPACES, DerivedVersion
from soapkit.security.issued import IssuedTokens, asked_key_size
from soapkit.security.require import Require
from soapkit.security.saml.settings import SamlToken
from soapkit.security.steps import Encrypt, SharedKey, Sign, Step
from soapkit.soap.envelope import Envelope
from soapkit.soap.security_result import SecurityResult

GIVEN = timedelta(hours=1)  # the lifetime of a context where a service says no other


class Secures(Protocol):
    """What `soapkit.security.Security` does, as far as a conversation needs it."""

    def apply(
        self, envelope: Envelope, *, now: datetime | None = None, request: SecurityResult | None = None
    ) -> Envelope:
        """The secured message."""
        ...

    def verify(self, envelope: Envelope, *, now: datetime | None = None) -> SecurityResult:
        """What may be believed of a message."""
        ...


@dataclass(frozen=True, slots=True)
class Conversation:
    """Messages are secured under a context that is asked of the service first, and used until shortly before it ends.

    `contexts`: the same object that the steps and requirements of the settings name: ``SharedKey(to=contexts)``,
    ``Require(contexts=contexts)``. Each client has its own, made of it. `bootstrap`: a `Security` for the request for a
    context and its answer; on a service it decides who gets one. `version`: of WS-SecureConversation. `key_size`: in
    bits. `lifetime`: what a client asks for, if anything; the longest that a service gives, an hour unless said.
    `margin`: how long before its end a client has a context replaced: by asking for another (`renewal` ``issue``) or by
    renewing it. `cancel`: whether a client that is closed says so. `secrets_in_clear`: let secrets travel neither
    encrypted nor over HTTPS, for tests alone.

    >>> contexts = Contexts()
    >>> security = Security(
    ...     outbound=[Timestamp(), SharedKey(to=contexts), Sign(SHARED), Encrypt(to=SHARED)],
    ...     inbound=Require(signed=["Body", "Timestamp"], encrypted=["Body"], contexts=contexts),
    ...     conversation=Conversation(contexts, bootstrap=Security(...)),
    ... )                                                                                   # doctest: +SKIP
    """

    contexts: Contexts
    bootstrap: Secures = field(repr=False)
    version: DerivedVersion = "2005/12"
    key_size: int = 256
    lifetime: timedelta | None = None
    margin: timedelta = timedelta(seconds=30)
    renewal: Literal["issue", "renew"] = "issue"
    cancel: bool = True
    secrets_in_clear: bool = False

    def __post_init__(self) -> None:
        asked_key_size(self.key_size)
        if self.version not in NAMESPACES or self.renewal not in ("issue", "renew"):
            raise UsageError("a conversation is of 2005/12 or 2005/02, and its contexts are issued or renewed")
        if self.lifetime is not None and self.lifetime <= self.margin:
            raise UsageError(f"a context that lasts {self.lifetime} would be replaced at once: see margin")


@dataclass(frozen=True, slots=True)
class Exchanged:
    """Settings with a holder of contexts, or of tokens, in the place of another: of one client alone."""

    old: Contexts | IssuedTokens
    new: Contexts | IssuedTokens

    def steps(self, steps: Sequence[Step]) -> tuple[Step, ...]:
        """The same steps with the new one."""
        return tuple(self._step(step) for step in steps)

    def _step(self, step: Step) -> Step:
        if isinstance(step, SharedKey) and step.to is self.old:
            return replace(step, to=self.new)
        if isinstance(step, Sign) and isinstance(step.keypair, SharedKey) and step.keypair.to is self.old:
            return replace(step, keypair=replace(step.keypair, to=self.new))
        if isinstance(step, Encrypt) and isinstance(step.to, SharedKey) and step.to.to is self.old:
            return replace(step, to=replace(step.to, to=self.new))
        if isinstance(step, SamlToken) and step.assertion is self.old and isinstance(self.new, IssuedTokens):
            return replace(step, assertion=self.new)
        return step

    def required(self, required: Require) -> Require:
        """The same requirements with the new one."""
        if required.contexts is self.old and isinstance(self.new, Contexts):
            return replace(required, contexts=self.new)
        return required

    def by_message(self, chosen: ByMessage) -> ByMessage:
        """The same choice with the new one."""
        return ByMessage(
            {tag: self.steps(steps) for tag, steps in chosen.outbound.items()},
            {tag: self.required(required) for tag, required in chosen.inbound.items()},
        )
