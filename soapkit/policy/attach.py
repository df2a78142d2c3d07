"""Where policies are attached to a contract, and what they add up to: the effective policy of an endpoint, of an
operation, of each message.

    service    wsdl:service
    endpoint   wsdl:port, wsdl:binding, wsdl:portType
    operation  the operation in the binding, and in the port type
    message    the message in the binding's operation, in the port type's, and wsdl:message itself

Source: WS-PolicyAttachment 1.5, section 4 (1.2 says the same); WSDL 1.1 element identifiers for what stands outside.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urldefrag

from lxml.etree import _Element

from soapkit.errors import NOWHERE, ContractError, Place, UsageError
from soapkit.policy.expression import Policy, Reference
from soapkit.policy.normal import merge
from soapkit.policy.parse import parse_policy
from soapkit.wsdl.model import (
    Attached,
    Binding,
    BoundMessage,
    BoundOperation,
    Contract,
    MessageUse,
    OperationDefinition,
    PortDefinition,
    PortType,
    ServiceDefinition,
)
from soapkit.wsdl.model import Policy as Standing
from soapkit.wsdl.page import POLICY_NAMESPACES, named_policies
from soapkit.wsdl.policies import Direction
from soapkit.xml.base64 import to_base64
from soapkit.xml.c14n import canonicalise
from soapkit.xml.documents import Documents
from soapkit.xml.names import did_you_mean, local_name, namespace_of
from soapkit.xml.walk import children, tag_of


@dataclass(frozen=True, slots=True)
class Attachment:
    """A policy that stands outside the contract. `subjects`: URIs with WSDL 1.1 element identifiers, or the address of
    an endpoint (WS-PolicyAttachment 1.5, 3.4)."""

    subjects: tuple[str, ...]
    policies: tuple[Attached, ...]
    place: Place = NOWHERE


def read_attachments(root: _Element, *, source: str = "", base: str = "") -> tuple[Attachment, ...]:
    """The ``wsp:PolicyAttachment`` elements in a document.

    `source`: what a person knows it by; `base`: its URL.
    """
    found = []
    for namespace in POLICY_NAMESPACES:
        for element in root.iter(f"{{{namespace}}}PolicyAttachment"):
            subjects = [
                (entry.text or "").strip()
                for applies in children(element, f"{{{namespace}}}AppliesTo")
                for entry in applies.iter()
                if isinstance(entry.tag, str) and local_name(entry.tag) in ("URI", "Address")
            ]
            policies = tuple(_standing(element, source, base))
            found.append(Attachment(tuple(subjects), policies, Place(source, element.sourceline)))
    return tuple(found)


def _standing(element: _Element, source: str, base: str) -> Iterator[Attached]:
    from_here = named_policies(element.getroottree().getroot())
    for entry in children(element):
        if namespace_of(tag_of(entry)) not in POLICY_NAMESPACES:
            continue
        if local_name(tag_of(entry)) == "Policy":
            yield Standing(entry, Place(source, entry.sourceline), base)
        elif local_name(tag_of(entry)) == "PolicyReference":
            uri = (entry.get("URI") or "").strip()
            known = from_here.get(uri.removeprefix("#"))
            if known is None:
                raise ContractError(f"no policy {uri!r} is here", place=Place(source, entry.sourceline))
            yield Standing(known, Place(source, known.sourceline), base)


@dataclass(frozen=True, slots=True)
class MessageSubject:
    """A message of an endpoint, and all that is demanded of it. `own`: without what its endpoint demands."""

    operation: str
    direction: Direction
    policy: Policy
    own: Policy
    name: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A port, and what is demanded of all its messages (`policy`) and of each (`messages`).

    `operations`: the demands on operations, by name, those on the endpoint not among them.
    """

    service: str
    port: str
    policy: Policy
    operations: dict[str, Policy]
    messages: tuple[MessageSubject, ...]
    address: str = ""
    place: Place = NOWHERE

    @property
    def has_policy(self) -> bool:
        """Whether anything is demanded at all."""
        return bool(self.policy.items) or any(message.policy.items for message in self.messages)


@dataclass(slots=True)
class Policies:
    """The policies of a contract. `documents`: where references to other documents are read; `attachments`: policies
    that stand outside the contract."""

    contract: Contract
    documents: Documents = field(default_factory=Documents)
    attachments: tuple[Attachment, ...] = ()

    def endpoints(self) -> Iterator[Endpoint]:
        """Every port of the contract, with what is demanded of it. Raises `ContractError` for a policy that cannot be
        read, as `endpoint` does."""
        definitions = self.contract.definitions
        for service in definitions.services.values():
            for port in service.ports:
                yield self._endpoint(service, port)
        if not definitions.services:  # as `services_of` does: a contract without services is offered by its bindings
            for binding in definitions.bindings.values():
                port = PortDefinition(local_name(binding.name), binding.name, place=binding.place)
                yield self._endpoint(ServiceDefinition(binding.name, (port,)), port)

    def endpoint(self, port: str = "") -> Endpoint:
        """The port of this name; without a name, the first SOAP port. Raises `UsageError` when there is none."""
        definitions = self.contract.definitions
        known = []
        for service in definitions.services.values():
            for candidate in service.ports:
                binding = definitions.bindings.get(candidate.binding)
                if port == candidate.name or (not port and binding is not None and binding.protocol == "soap"):
                    return self._endpoint(service, candidate)
                known.append(candidate.name)
        if not definitions.services:
            for endpoint in self.endpoints():
                if port in ("", endpoint.port):
                    return endpoint
                known.append(endpoint.port)
        has = ", ".join(known) or "none"
        wanted = f"no port {port!r}{did_you_mean(port, known)}" if port else "no port with a SOAP binding"
        raise UsageError(f"{self.contract.source} has {wanted} (it has {has})")

    # --- one endpoint ---------------------------------------------------------------------------------------------

    def _endpoint(self, service: ServiceDefinition, port: PortDefinition) -> Endpoint:
        definitions = self.contract.definitions
        binding = definitions.bindings.get(port.binding)
        port_type = definitions.port_types.get(binding.port_type) if binding is not None else None
        around = self._merged(
            service.policies,
            port.policies,
            binding.policies if binding is not None else (),
            port_type.policies if port_type is not None else (),
            self._outside(service, port, binding, port_type),
        )
        operations: dict[str, Policy] = {}
        messages: list[MessageSubject] = []
        for bound in binding.operations if binding is not None else ():
            assert binding is not None, "it has operations"
            said = _operation_of(port_type, bound)
            own = self._merged(
                bound.policies,
                said.policies if said is not None else (),
                self._outside_at(binding.name, f"wsdl11.bindingOperation({local_name(binding.name)}/{bound.name})"),
                self._outside_at(
                    binding.port_type, f"wsdl11.portTypeOperation({local_name(binding.port_type)}/{bound.name})"
                ),
            )
            operations[bound.name] = own
            for direction, found, use, name in _messages(bound, said):
                alone = merge(own, self._message(binding, bound, use, found, direction))
                messages.append(MessageSubject(bound.name, direction, merge(around, alone), alone, name))
        return Endpoint(
            local_name(service.name), port.name, around, operations, tuple(messages), port.address, port.place
        )

    def _message(
        self,
        binding: Binding,
        bound: BoundOperation,
        use: MessageUse | None,
        found: BoundMessage | None,
        direction: Direction,
    ) -> Policy:
        message = self.contract.definitions.messages.get(use.message) if use is not None else None
        path = f"{bound.name}/{found.name}" if direction == "fault" and found is not None else bound.name
        kinds = {"input": "Input", "output": "Output", "fault": "Fault"}
        identifiers = (
            (binding.name, f"wsdl11.bindingOperation{kinds[direction]}({local_name(binding.name)}/{path})"),
            (binding.name, f"wsdl11.bindingOperation.{direction}({local_name(binding.name)}/{path})"),
            (binding.port_type, f"wsdl11.portTypeOperation.{direction}({local_name(binding.port_type)}/{path})"),
        )
        return self._merged(
            found.policies if found is not None else (),
            use.policies if use is not None else (),
            message.policies if message is not None else (),
            *(self._outside_at(name, identifier) for name, identifier in identifiers),
        )

    def _merged(self, *attached: Iterable[Attached]) -> Policy:
        return merge(*(self.read(policy) for policies in attached for policy in dict.fromkeys(policies)))

    # --- what stands elsewhere ------------------------------------------------------------------------------------

    def read(self, attached: Attached) -> Policy:
        """The expression of an attached policy. Raises `ContractError` when it is not there."""
        if isinstance(attached, Standing):
            return parse_policy(attached.element, source=attached.place.source, base=attached.base)
        return self.resolve(Reference(attached.uri, attached.base, attached.place))

    def resolve(self, reference: Reference) -> Policy:
        """The policy that a reference names: in its own document, in another of the contract, or elsewhere.

        Raises `ContractError` at the reference when it is nowhere.
        """
        found, source, base = self._referred(reference)
        check_digest(found, reference)
        return parse_policy(found, source=source, base=base)

    def _referred(self, reference: Reference) -> tuple[_Element, str, str]:
        """The element of that policy, the name of the document that it stands in, and where that is."""
        location, fragment = urldefrag(reference.uri)
        if reference.root is not None and not location:
            found = named_policies(reference.root).get(fragment)
            if found is not None:
                return found, reference.place.source, reference.base
        for document in self.contract.documents:
            named = named_policies(document.root)
            found = named.get(reference.uri) if location else named.get(fragment)
            if found is not None:
                return found, document.source, document.url
        if not location:
            raise ContractError(f"no policy {reference.uri!r} in {self.contract.source}", place=reference.place)
        url = self.documents.resolve(location, reference.base, place=reference.place)
        document = self.documents.read(url, place=reference.place, expected="a policy")
        found = named_policies(document.root).get(fragment) if fragment else document.root
        if found is None:
            raise ContractError(f"no policy #{fragment} in {document.source}", place=reference.place)
        return found, document.source, document.url

    def _outside(
        self,
        service: ServiceDefinition,
        port: PortDefinition,
        binding: Binding | None,
        port_type: PortType | None,
    ) -> list[Attached]:
        identifiers = [
            (service.name, f"wsdl11.service({local_name(service.name)})"),
            (service.name, f"wsdl11.endpoint({local_name(service.name)}/{port.name})"),
            (service.name, f"wsdl11.port({local_name(service.name)}/{port.name})"),
        ]
        if binding is not None:
            identifiers.append((binding.name, f"wsdl11.binding({local_name(binding.name)})"))
        if port_type is not None:
            identifiers.append((port_type.name, f"wsdl11.portType({local_name(port_type.name)})"))
        found = [policy for name, identifier in identifiers for policy in self._outside_at(name, identifier)]
        for attachment in self.attachments:
            if port.address and port.address in attachment.subjects:
                found += attachment.policies
        return found

    def _outside_at(self, name: str, identifier: str) -> list[Attached]:
        """What is attached to a component from outside: ``{namespace of the WSDL}#wsdl11.endpoint(S/P)``."""
        wanted = {f"{namespace_of(name)}#{identifier}", f"#{identifier}"}
        return [
            policy
            for attachment in self.attachments
            if wanted & {re.sub(r"\s", "", subject) for subject in attachment.subjects}
            for policy in attachment.policies
        ]


def _operation_of(port_type: PortType | None, bound: BoundOperation) -> OperationDefinition | None:
    if port_type is None:
        return None
    alike = port_type.named(bound.name)
    if len(alike) > 1 and bound.input is not None and bound.input.name:  # overloaded: told apart by the input's name
        for operation in alike:
            if operation.input is not None and operation.input.name == bound.input.name:
                return operation
    return alike[0] if alike else None


def _messages(
    bound: BoundOperation, said: OperationDefinition | None
) -> Iterator[tuple[Direction, BoundMessage | None, MessageUse | None, str]]:
    input_, output = (said.input, said.output) if said is not None else (None, None)
    if bound.input is not None or input_ is not None:
        yield "input", bound.input, input_, ""
    if bound.output is not None or output is not None:
        yield "output", bound.output, output, ""
    faults = {fault.name: fault for fault in said.faults} if said is not None else {}
    for name in dict.fromkeys([*faults, *(fault.name for fault in bound.faults)]):
        found = next((fault for fault in bound.faults if fault.name == name), None)
        yield "fault", found, faults.get(name), name


def check_digest(policy: _Element, reference: Reference) -> None:
    """Raise `ContractError` where a reference says the digest of its policy, and this is another one (WS-Policy 1.5,
    4.3.4)."""
    digest, algorithm = reference.digest
    if not digest:
        return
    if algorithm and not algorithm.endswith("/Sha1Exc"):
        raise ContractError(
            f"the digest of policy {reference.uri!r} is by {algorithm}, not Sha1Exc", place=reference.place
        )
    found = hashlib.sha1(canonicalise(policy), usedforsecurity=False).digest()
    if to_base64(found) != digest:
        raise ContractError(f"policy {reference.uri!r} is not the one whose digest is said", place=reference.place)
