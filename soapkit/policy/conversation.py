"""A SecureConversationToken assertion and keys -> how a context is agreed on (WS-SecurityPolicy 1.3, 5.4.7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from soapkit.errors import Problems
from soapkit.policy.demands import Demands, Parts, Protection, Token
from soapkit.policy.inbound import inbound
from soapkit.policy.issued import issuing_for
from soapkit.policy.keys import Keys
from soapkit.policy.outbound import outbound
from soapkit.policy.plan import Plan, context_tokens, plan_of
from soapkit.policy.undone import cannot
from soapkit.security.context.context import Contexts
from soapkit.security.context.conversation import Conversation
from soapkit.security.derive import DerivedVersion
from soapkit.security.require import Require
from soapkit.security.security import Security
from soapkit.security.steps import Step
from soapkit.ws.addressing import HEADERS
from soapkit.ws.trust import BY_NAMESPACE as TRUST_VERSIONS

_REQUESTS = tuple(version.name("RequestSecurityToken") for version in TRUST_VERSIONS.values())
_RESPONSES = tuple(
    version.name(local)
    for version in TRUST_VERSIONS.values()
    for local in ("RequestSecurityTokenResponse", "RequestSecurityTokenResponseCollection")
)
_VERSIONS: dict[str, DerivedVersion] = {
    "SC10SecurityContextToken": "2005/02",
    "SC200502SecurityContextToken": "2005/02",
    "SC13SecurityContextToken": "2005/12",
}


@dataclass(frozen=True, slots=True)
class Conversed:
    """The token that a policy asks for, what the messages demand that it secures, and keys with room for contexts."""

    token: Token
    demands: Demands
    keys: Keys
    contexts: Contexts

    def conversation(
        self,
        side: Literal["client", "server"],
        signing: Callable[[Demands], Demands],
        problems: Problems,
        *,
        rsa_1_5: bool,
    ) -> Conversation | None:
        """How a context is agreed on; what cannot be done, and what is missing among the keys, goes to `problems`.

        `signing`: gives demands the hash that is signed with; `rsa_1_5`: whether keys may be encrypted so.
        """
        bootstrap = self.token.bootstrap
        if bootstrap is None:  # told by who plans the messages
            return None
        request, reply = (plan_of(signing(bootstrap), request=asks) for asks in (True, False))
        unable = list(cannot(request, rsa_1_5=rsa_1_5))
        problems.found += [problem for problem in unable if problem not in problems.found]
        if unable:
            return None
        sent, received = (request, reply) if side == "client" else (reply, request)
        keys, issuing = self.keys, None
        if side == "client":
            keys, issuing = issuing_for(request.demands, keys, problems)
        binding = bootstrap.binding or self.demands.binding  # nothing said: over the connection of what follows
        https = binding is not None and binding.kind == "transport"
        security = Security(
            outbound(sent, keys, problems),
            inbound(received, keys, problems),
            https=https and side == "client",
            shows=bootstrap.shows if side == "client" else frozenset(),
            issuing=issuing,
        )
        return Conversation(
            self.contexts,
            security,
            self._version,
            self._key_size,
            cancel=not self.token.has("MustNotSendCancel"),
        )

    def outbound(
        self, side: Literal["client", "server"], requests: Plan, problems: Problems
    ) -> dict[str | None, Sequence[Step]]:
        """How a client secures what it asks under a context, to renew or cancel it: as its other messages, but always
        signed first, with Body and addressing, as CXF demands."""
        if side == "server":
            return {}
        demands = requests.demands
        protection = Protection(signed=Parts(body=True, headers=tuple(sorted(HEADERS))))
        over_https = not requests.message_level
        supporting = tuple(
            replace(each, protection=each.protection | protection) if each.endorsing and over_https else each
            for each in demands.supporting
        )
        binding = replace(demands.binding, encrypt_first=False) if demands.binding is not None else None
        changed = replace(demands, binding=binding, supporting=supporting, protection=demands.protection | protection)
        return dict.fromkeys(_REQUESTS, outbound(plan_of(changed, request=True), self.keys, problems))

    def inbound(
        self, side: Literal["client", "server"], replies: Plan, otherwise: Require, problems: Problems
    ) -> dict[str | None, Require]:
        """What a client believes of the answers to that: CXF signs them, under the key itself, and no more. Where one
        brings a secret, that it is not in the clear is seen to elsewhere. A service takes such requests in whatever
        order they were secured."""
        if side == "server":
            rules = replace(otherwise.rules, order="any", derived=False)
            return dict.fromkeys(_REQUESTS, replace(otherwise, rules=rules))
        demands = replies.demands
        binding = replace(demands.binding, encrypt_signature=False) if demands.binding is not None else None
        signed = Protection(signed=Parts(body=True))
        changed = replace(demands, binding=binding, protection=signed, wss=frozenset[str]())
        require = inbound(plan_of(changed, request=False), self.keys, problems)
        return dict.fromkeys(_RESPONSES, replace(require, rules=replace(require.rules, derived=False)))

    @property
    def _version(self) -> DerivedVersion:
        for option, version in _VERSIONS.items():
            if self.token.has(option):
                return version
        return self.demands.binding.conversation if self.demands.binding is not None else "2005/12"

    @property
    def _key_size(self) -> int:
        """Bits. Where keys are derived any size will do; else it is that of what it encrypts with."""
        binding = self.demands.binding
        if self.token.derived_keys or binding is None or binding.kind == "transport" or binding.suite is None:
            return 256
        return 8 * binding.suite.key_size


def conversed_about(demands: Demands, keys: Keys) -> Conversed | None:
    """What a policy says of agreeing on contexts; None where it asks for none that is agreed on."""
    for token in context_tokens(demands):
        if token.kind == "secure-conversation":
            contexts = keys.contexts if keys.contexts is not None else Contexts()
            return Conversed(token, demands, replace(keys, contexts=contexts), contexts)
    return None
