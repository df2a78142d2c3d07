"""A contract's policies and keys -> `Security`, for a client or a server.

What a policy demands and we cannot do, or have no key for, is told here, before the first message.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, TypeVar

from soapkit.errors import NOWHERE, ContractError, LimitError, Problem, Problems, SecurityError
from soapkit.exchange.first_tags import first_tags
from soapkit.operations import Operation
from soapkit.policy.attach import Attachment, Endpoint, MessageSubject, Policies
from soapkit.policy.conversation import conversed_about
from soapkit.policy.demands import Demands
from soapkit.policy.expression import Alternative
from soapkit.policy.inbound import inbound
from soapkit.policy.issued import as_assertions, issuing_for
from soapkit.policy.keys import Keys
from soapkit.policy.normal import normalise
from soapkit.policy.outbound import outbound, to_signer
from soapkit.policy.plan import Plan, plan_of
from soapkit.policy.security import read_demands
from soapkit.policy.suites import Hash
from soapkit.policy.undone import cannot, unanswerable
from soapkit.security.by_message import ByMessage
from soapkit.security.security import Security
from soapkit.soap.version import BY_LABEL
from soapkit.wsdl.model import Contract
from soapkit.xml.documents import Documents

ValueT = TypeVar("ValueT")

_NO_ALTERNATIVE = "the policy has no alternative: nothing can satisfy it"
Side: TypeAlias = Literal["client", "server"]


def security_from(
    contract: Contract,
    *,
    keys: Keys,
    side: Side = "client",
    port: str = "",
    documents: Documents | None = None,
    attachments: Sequence[Attachment] = (),
    signature_hash: Hash | None = None,
    allow_rsa_1_5: bool = False,
    allow_any_inclusion: bool = False,
) -> Security:
    """The settings that the policies of a port demand.

    `keys`: what to sign, decrypt and believe with. `side`: for a client or for the service. `port`: of the contract, by
    name; the first SOAP port without it. `documents`: where policies in other documents are read; `attachments`:
    policies that stand outside the contract (`soapkit.policy.attach.read_attachments`). `signature_hash`: what we sign
    with, ``sha1`` or ``sha256``; None for what the standard says of the algorithm suite, SHA-1, save for a contract of
    .NET, which signs with the hash that the suite digests with. Both are believed under a suite that digests with
    either. `allow_rsa_1_5`: keep to algorithm suites that encrypt keys with RSA 1.5 (``Basic256Rsa15`` and the like),
    which are refused otherwise: whoever can ask repeatedly whether a key is right can decrypt a recorded message.
    `allow_any_inclusion`: believe signatures whose certificate is only named where the policy has it travel, and the
    other way round (IncludeToken), as some stacks have it; whose certificates are believed stays the same.

    Of several alternatives, the first that can be kept is taken, those that demand more before those that demand less.
    Raises `SecurityError` with what each alternative demands and cannot be kept, each thing with file and line;
    `ContractError` for a policy that cannot be read; `UsageError` for an unknown port.
    """
    policies = Policies(contract, documents if documents is not None else Documents(), tuple(attachments))
    endpoint = policies.endpoint(port)
    if not endpoint.has_policy:
        raise SecurityError(f"{contract.source} demands nothing of port {endpoint.port}: it has no policy")
    around = _by_demand(normalise(endpoint.policy, policies.resolve))
    told: list[Problem] = []
    sign_with = signature_hash or ("digest" if _is_dotnet(contract) else "suite")
    for alternative in around:
        built = _Builder(
            contract, policies, endpoint, alternative, keys, side, sign_with, allow_rsa_1_5, allow_any_inclusion
        ).build()
        if isinstance(built, Security):
            return built
        told += [problem for problem in built if problem not in told]
    raise SecurityError(problems=told or [Problem(_NO_ALTERNATIVE, endpoint.place)])


def _by_demand(alternatives: Iterable[Alternative]) -> list[Alternative]:
    """Those that demand more first: an optional assertion is kept where it can be, and security is never left out
    for being optional."""
    return sorted(alternatives, key=lambda each: -len(each.assertions))


@dataclass(frozen=True, slots=True)
class _Message:
    """A message whose demands can be read: its plan."""

    subject: MessageSubject
    plan: Plan


@dataclass(frozen=True, slots=True)
class _Builder:
    contract: Contract
    policies: Policies
    endpoint: Endpoint
    around: Alternative
    keys: Keys
    side: Side
    sign_with: Literal["sha1", "sha256", "digest", "suite"]
    allow_rsa_1_5: bool
    allow_any_inclusion: bool

    def build(self) -> Security | list[Problem]:
        problems = Problems()
        messages = [
            found for subject in self.endpoint.messages if (found := self._message(subject, problems)) is not None
        ]
        if problems.found:
            return problems.found
        try:
            common = self._signing(read_demands(self.around))
        except ContractError as error:
            return list(error.problems)
        sends = "input" if self.side == "client" else "output"
        sent = [each for each in messages if each.subject.direction == sends]
        received = [each for each in messages if each.subject.direction not in (sends, "fault")]
        requests = _together(common, sent if self.side == "client" else received, request=True)
        replies = _together(common, received if self.side == "client" else sent, request=False)
        plan_out, plan_in = (requests, replies) if self.side == "client" else (replies, requests)
        conversed = conversed_about(requests.demands, self.keys)
        keys = conversed.keys if conversed is not None else self.keys
        issuing = None
        if self.side == "client":
            keys, issuing = issuing_for(requests.demands, keys, problems)
        conversed = replace(conversed, keys=keys) if conversed is not None else None
        outgoing = {id(each): outbound(each.plan, keys, problems) for each in sent}
        incoming = {id(each): inbound(each.plan, keys, problems) for each in received}
        for each in received if self.side == "client" else sent:
            asked = self._request_of(each, messages)
            if asked is not None:
                problems.found += unanswerable(asked.plan, each.plan)
                if id(each) in incoming and not (asked.plan.signed or asked.plan.endorsing):
                    incoming[id(each)] = replace(incoming[id(each)], confirmed=False)  # there is nothing to confirm
                if id(each) in outgoing and to_signer(outgoing[id(each)]) and not asked.plan.certified:
                    told = "answers are encrypted to who signed the request, and nobody does; give Keys(peer=...)"
                    problems.add(told, each.plan.binding.place if each.plan.binding is not None else NOWHERE)
        everything_in, everything_out = inbound(plan_in, keys, problems), outbound(plan_out, keys, problems)
        fault = plan_of(common, request=False)
        faults_in = inbound(fault, keys, problems) if self.side == "client" else None
        conversation = None
        if conversed is not None:
            conversation = conversed.conversation(self.side, self._signing, problems, rsa_1_5=self.allow_rsa_1_5)
        if problems.found:
            return list(dict.fromkeys(problems.found))
        by_message = ByMessage(
            outbound=self._by_tag([(each, outgoing[id(each)]) for each in sent], everything_out)
            | (conversed.outbound(self.side, requests, problems) if conversed is not None else {}),
            inbound=self._by_tag([(each, incoming[id(each)]) for each in received], everything_in)
            | ({version.fault: faults_in for version in BY_LABEL.values()} if faults_in is not None else {})
            | (conversed.inbound(self.side, replies, everything_in, problems) if conversed is not None else {}),
        )
        https = common.binding is not None and common.binding.kind == "transport"
        return Security(
            everything_out,
            everything_in,
            by_message=by_message,
            https=https and self.side == "client",
            shows=requests.demands.shows if self.side == "client" else frozenset(),
            conversation=conversation,
            issuing=issuing,
            addressing=max(common.addressing, *(each.plan.demands.addressing for each in messages), ""),
        )

    @staticmethod
    def _request_of(reply: _Message, messages: list[_Message]) -> _Message | None:
        found = (each for each in messages if each.subject.direction == "input")
        return next((each for each in found if each.subject.operation == reply.subject.operation), None)

    def _message(self, subject: MessageSubject, problems: Problems) -> _Message | None:
        """The plan of a message: of its own alternatives, the first that can be kept."""
        told: list[Problem] = []
        try:
            alternatives = _by_demand(normalise(subject.own, self.policies.resolve))
            if not alternatives:
                told.append(Problem(_NO_ALTERNATIVE, self.endpoint.place))
            for own in alternatives:
                demands = read_demands((*self.around, *own))
                plan = plan_of(self._signing(demands), request=subject.direction == "input")
                unable = list(cannot(plan, rsa_1_5=self.allow_rsa_1_5))
                if not unable:
                    return _Message(subject, plan)
                told += unable
        except (ContractError, LimitError) as error:
            told += error.problems
        problems.found += [problem for problem in told if problem not in problems.found]
        return None

    def _signing(self, demands: Demands) -> Demands:
        """The demands, with the hash that is signed with, what is looked at, and issued tokens told as assertions."""
        demands = as_assertions(demands, self.side)
        if demands.binding is None:
            return demands
        binding = replace(demands.binding, any_inclusion=self.allow_any_inclusion)
        if binding.suite is not None and self.sign_with != "suite":
            chosen = binding.suite.digest if self.sign_with == "digest" else self.sign_with
            binding = replace(binding, suite=replace(binding.suite, signature=chosen))
        return replace(demands, binding=binding)

    def _by_tag(self, found: list[tuple[_Message, ValueT]], otherwise: ValueT) -> dict[str | None, ValueT]:
        """Settings by what the Body holds; where messages look alike and differ in settings, all that any demands."""
        by_tag: dict[str | None, ValueT] = {}
        for message, value in found:
            for tag in self._tags(message.subject):
                by_tag[tag] = value if tag not in by_tag or by_tag[tag] == value else otherwise
        return by_tag

    def _tags(self, subject: MessageSubject) -> list[str | None]:
        tags: list[str | None] = []
        for operation in self._operations(subject.operation):
            message = operation.request if subject.direction == "input" else operation.reply
            if message is not None:
                tags += first_tags(message, self.contract.shapes)
        return tags

    def _operations(self, name: str) -> list[Operation[object, object]]:
        return [
            operation
            for service in self.contract.services
            if any(port.name == self.endpoint.port for port in service.ports)
            for operation in service.operations
            if operation.name == name
        ]


def _is_dotnet(contract: Contract) -> bool:
    """Whether .NET wrote the contract: it declares namespaces of its own on top."""
    documents = contract.definitions.documents
    return any("schemas.microsoft.com/ws/" in uri for each in documents for uri in each.root.nsmap.values())


def _together(common: Demands, messages: list[_Message], *, request: bool) -> Plan:
    """All that any message demands: what holds for one that looks like none of them."""
    demands = common
    for each in messages:
        found = each.plan.demands
        supporting = tuple(dict.fromkeys((*demands.supporting, *found.supporting)))
        binding = demands.binding or found.binding
        demands = replace(
            demands,
            binding=binding,
            supporting=supporting,
            protection=demands.protection | found.protection,
            wss=demands.wss | found.wss,
            logins=demands.logins | found.logins,
        )
    return plan_of(demands, request=request)
