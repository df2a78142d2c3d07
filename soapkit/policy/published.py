"""The settings of a service -> the policies that its contract publishes, or what of them no policy can say.

The law of this file: publish, read, settings that work. A policy is written only where a client that keeps to it, and
to nothing else, is believed, and believes the answers; each suite of algorithms is tried for that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from soapkit.databinding.shape import Shapes
from soapkit.errors import Problem, Problems, SecurityError
from soapkit.exchange.first_tags import first_tags
from soapkit.operations import Message, Operation
from soapkit.operations import Service as Contract
from soapkit.policy.demands import Demands, Protection
from soapkit.policy.expression import Assertion, Policy
from soapkit.policy.from_settings import (
    Service,
    Side,
    known_blocks,
    reply_protection,
    request_protection,
)
from soapkit.policy.inbound import inbound
from soapkit.policy.issued import as_assertions
from soapkit.policy.keys import Keys
from soapkit.policy.outbound import outbound
from soapkit.policy.parse import policy_element
from soapkit.policy.plan import plan_of
from soapkit.policy.security_write import endpoint_assertions, message_assertions, say_in_2005
from soapkit.policy.suites import SUITES, Suite
from soapkit.policy.undone import cannot
from soapkit.policy.unmet import brings_key, signature_of, unmet
from soapkit.security.connection import Shown
from soapkit.security.context.context import Contexts
from soapkit.security.crypto.certificates import public_key_of
from soapkit.security.crypto.keys import KeyPair
from soapkit.security.issued import IssuedTokens
from soapkit.security.require import Require
from soapkit.security.saml.settings import SamlRequirement, SamlToken
from soapkit.security.security import Security
from soapkit.security.steps import REQUEST, SIGNER, Encrypt, Recipient, SharedKey, Sign, Step, Timestamp
from soapkit.security.throwaway import make_authority
from soapkit.security.trust.truststore import TrustStore
from soapkit.ws.addressing import HEADERS
from soapkit.wsdl.policies import Direction, WrittenPolicies
from soapkit.xml.names import local_name

# In this order, where several would do: what most stacks know comes first.
_SUITES: Final = tuple(
    SUITES[name]
    for name in (
        *("Basic256Sha256", "Basic128Sha256", "Basic192Sha256", "Basic256", "Basic128", "Basic192"),
        *("Basic256GCM", "Basic128GCM", "Basic192GCM", "CustomAlgorithmSuite"),
        *("TripleDesSha256", "TripleDes", "Basic256Sha256Rsa15", "Basic128Sha256Rsa15", "Basic256Rsa15"),
        *("Basic128Rsa15", "TripleDesSha256Rsa15", "TripleDesRsa15"),
    )
)


_SHOWN: Final[dict[Shown, str]] = {
    "certificate": "a client certificate",
    "basic": "a Basic login",
    "digest": "a Digest login",
}
_ADDRESSING: Final = tuple(sorted(HEADERS))


def policies_for(
    service: Contract,
    shapes: Shapes,
    security: Security | None,
    *,
    https: bool = False,
    addressing: bool = False,
) -> WrittenPolicies | None:
    """The policies to write into the contract of a service, as `soapkit.wsdl.write11.write_wsdl` takes them; None where
    nothing is demanded.

    `security`: what its requests must satisfy and how its answers are secured; `https`: whether clients reach it by
    that; `addressing`: whether requests must have WS-Addressing headers. Raises `SecurityError` with all that its
    policies would have to say and cannot, by name.

    WS-SecurityPolicy 1.3, appendix A: bindings and tokens stand at the endpoint, parts at the messages.
    """
    problems = Problems()
    found = _published(service, shapes, security, problems, https=https, addressing=addressing)
    problems.raise_as(SecurityError)
    return found


def _published(
    service: Contract, shapes: Shapes, security: Security | None, problems: Problems, *, https: bool, addressing: bool
) -> WrittenPolicies | None:
    kinds = _kinds(service, shapes, security or Security())
    firsts = [alike[0] for alike in kinds]
    demands = _Publisher(firsts, security or Security(), https or (security is not None and security.https)).demands(
        problems
    )
    demands = replace(demands, addressing="2005/08" if addressing else "")
    around = tuple(endpoint_assertions(demands))
    policies: dict[Policy, str] = {}

    def named(assertions: Iterator[Assertion] | Sequence[Assertion], name: str) -> str:
        policy = Policy(tuple(assertions))
        if not policy.items:
            return ""
        taken = sum(known.rstrip("0123456789") == name for known in policies.values())
        return policies.setdefault(policy, name if not taken else f"{name}{taken + 1}")

    binding = named(around, f"{service.name}Policy")
    messages: dict[tuple[str, Direction], str] = {}
    if demands.binding is not None and demands.binding.kind != "transport":
        for alike in kinds:
            asked = named(message_assertions(alike[0].request), f"{service.name}Parts")
            answer = named(message_assertions(alike[0].reply), f"{service.name}Parts")
            for kind in alike:
                method = kind.operation.method or kind.operation.name
                messages[method, "input"] = asked
                messages[method, "output"] = messages[method, "fault"] = answer
    if not policies:
        return None
    elements = tuple(policy_element(replace(policy, id=name)) for policy, name in policies.items())
    if demands.binding is not None and demands.binding.conversation == "2005/02":
        for element in elements:
            for told in say_in_2005(element):
                problems.add(told)
    return WrittenPolicies(elements, binding, {key: name for key, name in messages.items() if name})


@dataclass(frozen=True, slots=True)
class _Kind:
    """An operation, and what its messages demand."""

    operation: Operation[object, object]
    side: Side

    @property
    def request(self) -> Protection:
        return request_protection(self.side.require)

    @property
    def reply(self) -> Protection:
        return reply_protection(self.side.steps or ())


def _kinds(service: Contract, shapes: Shapes, security: Security) -> list[list[_Kind]]:
    """The operations, those together that are secured by the very same settings: most are, and one stands for all."""
    found: dict[tuple[int, ...], list[_Kind]] = {}
    for operation in service.operations:
        kind = _kind(operation, shapes, security)
        steps = kind.side.steps
        key = (id(kind.side.require), *(map(id, steps) if steps is not None else (0,)))
        found.setdefault(key, []).append(kind)
    return list(found.values())


def _kind(operation: Operation[object, object], shapes: Shapes, security: Security) -> _Kind:
    require, steps = security.inbound, security.outbound
    chosen = security.by_message
    if chosen is not None:
        require = next(
            (chosen.inbound[tag] for tag in _tags(operation.request, shapes) if tag in chosen.inbound), require
        )
        steps = next((chosen.outbound[tag] for tag in _tags(operation.reply, shapes) if tag in chosen.outbound), steps)
    blocks = [header.tag for header in operation.request.headers]
    require = _with_known_blocks(require, [*blocks, *_ADDRESSING])
    if operation.reply is None:
        return _Kind(operation, Side(require, None))
    blocks = [header.tag for header in operation.reply.headers]
    known = _by_local([*blocks, *_ADDRESSING])
    return _Kind(operation, Side(require, [_step_with(step, known) for step in steps]))


def _tags(message: Message | None, shapes: Shapes) -> list[str | None]:
    return first_tags(message, shapes) if message is not None else []


def _by_local(blocks: Sequence[str]) -> dict[str, str]:
    return {local_name(tag): tag for tag in reversed(blocks)}


def _with_known_blocks(require: Require, blocks: Sequence[str]) -> Require:
    known = _by_local(blocks)
    given = tuple(require.signed), tuple(require.encrypted), tuple(require.present)
    signed, encrypted, present = (known_blocks(parts, known) for parts in given)
    if (signed, encrypted, present) == given:
        return require
    return replace(require, signed=signed, encrypted=encrypted, present=present)


def _step_with(step: Step, known: Mapping[str, str]) -> Step:
    if not isinstance(step, Sign | Encrypt):
        return step
    parts = known_blocks(step.parts, known)
    return replace(step, parts=parts) if parts != tuple(step.parts) else step


@dataclass(frozen=True, slots=True)
class _Publisher:
    """What is published of these settings, and whether a client could live by it."""

    kinds: Sequence[_Kind]
    security: Security
    https: bool

    def demands(self, problems: Problems) -> Demands:
        """The demands of all messages, under the suite that fits; what none can say goes to `problems`."""
        service = self._service(problems)
        if problems.found or (not service.is_secured and not self.security.https):
            return Demands()
        if self.security.actor:
            problems.add(f"the security header is for the role {self.security.actor}, which no policy can say")
            return Demands()
        lacking: list[list[str]] = []
        for suite in self._suites(service):
            found = service.demands(suite)
            lacks = list(dict.fromkeys(self._lacks(found, suite, service)))
            if not lacks:
                return found
            lacking.append(lacks)
        for told in min(lacking, key=len):
            problems.add(told)
        return Demands()

    def _service(self, problems: Problems) -> Service:
        sides = [kind.side for kind in self.kinds]
        conversation = self.security.conversation
        bootstrap = None
        if conversation is not None and isinstance(conversation.bootstrap, Security):
            bootstrap = self._bootstrap(conversation.bootstrap, problems)
        return Service(sides, self.https, bootstrap)

    def _bootstrap(self, security: Security, problems: Problems) -> Demands:
        """What secures requests for a context: one policy, for request and answer alike."""
        kind = _Kind(self.kinds[0].operation, Side(security.inbound, security.outbound))
        demands = _Publisher([kind], security, self.https).demands(problems)
        if demands.binding is None or demands.binding.kind == "transport":
            return demands
        return replace(demands, protection=kind.request | kind.reply)

    def _suites(self, service: Service) -> Iterator[Suite]:
        """Those that answers keep to exactly before those that allow them; the hash that the standard signs with before
        the one that it digests with."""
        signing = [replace(suite, signature=suite.digest) for suite in _SUITES if suite.signature != suite.digest]
        both = (*_SUITES, *signing)
        exact = [suite for suite in both if _is_kept(suite, service)]
        return iter(dict.fromkeys((*exact, *both)))

    def _lacks(self, demands: Demands, suite: Suite, service: Service) -> Iterator[str]:
        """Why a client that keeps to these demands would not be believed, or would not believe."""
        keys = self._keys
        for kind in self.kinds:
            request = replace(demands, protection=demands.protection | kind.request)
            reply = replace(demands, protection=demands.protection | kind.reply)
            request, reply = as_assertions(request, "client"), as_assertions(reply, "client")
            asked, answered = plan_of(request, request=True), plan_of(reply, request=False)
            for problem in (*cannot(asked, rsa_1_5=True), *cannot(answered, rsa_1_5=True)):
                yield problem.message
            for shown in kind.side.require.connection.shown ^ request.shows:
                yield f"in requests of {kind.operation.name}: {_SHOWN[shown]} must be shown: said of HTTPS alone"
            sent = outbound(asked, keys, _unheard())
            for told in unmet(sent, kind.side.require):
                yield f"in requests of {kind.operation.name}: {told}"
            if kind.side.steps is not None:
                for told in _unanswerable(sent, kind.side.steps):
                    yield f"in answers of {kind.operation.name}: {told}"
                if answered.timestamp and not any(isinstance(step, Timestamp) for step in kind.side.steps):
                    yield f"in answers of {kind.operation.name}: Timestamp must be there, and is not"
                for told in unmet(kind.side.steps, inbound(answered, keys, _unheard())):
                    yield f"in answers of {kind.operation.name}: {told}"

    @property
    def _keys(self) -> Keys:
        """What a client has at hand, as far as it matters here: of the kind that the service has."""
        own = _key_of(self.security)
        trust = TrustStore.of(own, public_key_of(own.certificate))
        saml = next((k.side.require.saml for k in self.kinds if k.side.require.saml is not None), None)
        return Keys(
            own,
            peer=own,
            trust=trust,
            username="anybody",
            password="of anybody",  # noqa: S106 -- nobody's
            passwords={},
            contexts=Contexts(),
            assertion=SamlToken(b""),
            tokens=IssuedTokens(),
            saml=saml or SamlRequirement(trust),
        )


def _unanswerable(sent: Sequence[Step], steps: Sequence[Step]) -> Iterator[str]:
    """What an answer takes from its request, and would not find there."""
    if _to(steps, REQUEST) and not any(isinstance(step, SharedKey) for step in sent):
        yield "they are secured with the key that a request brought, and requests need not bring one"
    if _to(steps, SIGNER) and not any(_has_certificate(step) for step in sent):
        yield "they are encrypted to whoever signed the request, and requests need not be signed with a certificate"


def _has_certificate(step: Step) -> bool:
    return isinstance(step, Sign) and isinstance(step.keypair, KeyPair) and step.key_reference != "key-value"


def _to(steps: Sequence[Step], recipient: Recipient) -> bool:
    return any(isinstance(step, Encrypt | SharedKey) and step.to is recipient for step in steps)


def _unheard() -> Problems:
    """Keys are at hand: what is said to be missing among them is of no concern."""
    return Problems(list[Problem]())


def _is_kept(suite: Suite, service: Service) -> bool:
    """Whether answers are secured by the very algorithms of a suite."""
    hashes = {signature_of(step).rpartition("-")[2] for step in service.signs}
    digests = {step.digest for step in service.signs}
    ciphers = {step.algorithm for step in service.encrypts}
    transports = {step.key_transport for step in service.encrypts if brings_key(step)}
    return (
        hashes <= {suite.signature}
        and digests <= {suite.digest}
        and ciphers <= {suite.cipher}
        and transports <= {suite.transport}
    )


def _key_of(security: Security) -> KeyPair:
    """A key pair of the service, to stand for whose ever; one made for this where it has none."""
    for step in security.outbound:
        if isinstance(step, Sign) and isinstance(step.keypair, KeyPair):
            return step.keypair
    return next(iter(security.inbound.keys), None) or _any_key()


@lru_cache(maxsize=1)
def _any_key() -> KeyPair:
    return make_authority()
