"""A contract -> example messages: whole envelopes for the requests, replies and faults of its operations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from lxml import etree

from soapkit.codegen.generate import module_in_memory
from soapkit.databinding.sample import sample_content, sample_element
from soapkit.databinding.shape import AnyField, ElementField, Key, RecordRef, Type, reachable
from soapkit.errors import ContractError, FaultCode, UsageError
from soapkit.exchange.body import codecs_for, decode_body
from soapkit.operations import FaultDetail, Message, Operation, Service
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.fault import write_fault
from soapkit.soap.version import BY_LABEL, SOAP_1_1, Version
from soapkit.wsdl.model import Contract, SoapVersion
from soapkit.xml.names import did_you_mean
from soapkit.xml.serialise import serialise
from soapkit.xml.walk import tag_of

Direction: TypeAlias = Literal["request", "reply", "fault"]


@dataclass(frozen=True, slots=True)
class Sampled:
    """Which message: of an operation of a service, in a direction. `fault`: the name of the declared fault."""

    service: Service
    operation: Operation[Any, Any]
    direction: Direction = "request"
    fault: str = ""

    @property
    def label(self) -> str:
        """How the message is called in lists and file names: ``transfer.fault.UnknownAccount``."""
        parts = [self.operation.method or self.operation.name, self.direction, self.fault]
        return ".".join(part for part in parts if part)

    @property
    def detail(self) -> FaultDetail:
        """The declared fault. Raises `UsageError` for a name that the operation does not declare."""
        for known in self.operation.faults:
            if known.name == self.fault:
                return known
        names = [known.name for known in self.operation.faults]
        raise UsageError(
            f"operation {self.operation.name} declares no fault {self.fault!r}; it has {', '.join(names) or 'none'}"
            f"{did_you_mean(self.fault, names)}"
        )

    @property
    def message(self) -> Message:
        """The request or the reply. Raises `UsageError` for the reply of a one-way operation."""
        if self.direction == "request":
            return self.operation.request
        if self.operation.reply is None:
            raise UsageError(f"operation {self.operation.name} is one-way: it has no reply")
        return self.operation.reply


def find_operation(contract: Contract, name: str, service: str = "") -> tuple[Service, Operation[Any, Any]]:
    """The operation of this contract name or method name. Raises `UsageError` where there is none."""
    services = [known for known in contract.services if service in ("", known.name)]
    if not services:
        names = [known.name for known in contract.services]
        raise UsageError(f"the contract has no service {service!r}; it has {', '.join(names)}")
    for known in services:
        for operation in known.operations:
            if name in (operation.method, operation.name):
                return known, operation
    names = [operation.name for known in services for operation in known.operations]
    raise UsageError(f"{contract.source} has no operation {name!r}{did_you_mean(name, names)}")


def messages_of(service: Service, operation: Operation[Any, Any]) -> Iterator[Sampled]:
    """Every message of an operation: request, reply, each declared fault."""
    yield Sampled(service, operation)
    if operation.reply is not None:
        yield Sampled(service, operation, "reply")
    for fault in operation.faults:
        yield Sampled(service, operation, "fault", fault.name)


def all_messages(contract: Contract) -> tuple[Sampled, ...]:
    """Every message of a contract. An operation that several services offer alike is told once."""
    found: dict[str, Sampled] = {}
    for service in contract.services:
        for operation in service.operations:
            for sampled in messages_of(service, operation):
                found.setdefault(sampled.label, sampled)
    return tuple(found.values())


def version_of(service: Service, label: SoapVersion | None = None) -> Version:
    """The SOAP version of this label; without one, that of the service's first port."""
    if label is not None:
        return BY_LABEL[label]
    return BY_LABEL[service.ports[0].version] if service.ports else SOAP_1_1


def sample_envelope(
    contract: Contract, sampled: Sampled, version: Version, *, full: bool = False, seed: int = 0
) -> Envelope:
    """An example of a message, valid by the contract, with the header blocks it requires.

    `full`: all optional parts and header blocks too. `seed`: 0 for the plainest example, any other for varied ones.
    Raises `UsageError` for a message that the operation does not have, `DataError` where no finite value exists.
    """
    sampler = _Sampler(contract, full, seed)
    if sampled.direction == "fault":
        detail = sampler.element(sampled.detail.tag, sampled.detail.type)
        reason = sampled.detail.documentation.partition("\n")[0] or sampled.detail.name
        return Draft(version, write_fault(version, FaultCode("Sender"), reason, detail)).to_envelope()
    message = sampled.message
    headers = tuple(sampler.element(each.tag, each.type) for each in message.headers if full or each.required)
    return Draft(version, sampler.body(message, version), headers).to_envelope()


def pretty(envelope: Envelope) -> str:
    """The envelope as text, indented where white space means nothing."""
    etree.indent(envelope.root, "  ")
    return serialise(envelope.root).decode()


def value_of(contract: Contract, sampled: Sampled, envelope: Envelope) -> Any:
    """The message as Python has it: the record of a request, what a call returns, the detail of a fault."""
    service = service_with_classes(contract, sampled.service)
    codecs = codecs_for(service)
    operation = service.operation(sampled.operation.method or sampled.operation.name)
    counterpart = Sampled(service, operation, sampled.direction, sampled.fault)
    if sampled.direction == "fault":
        tag = counterpart.detail.tag
        element = next(found for found in envelope.body.iter(etree.Element) if tag_of(found) == tag)
        return codecs.codec(counterpart.detail.type).decode(element)
    record = decode_body(counterpart.message, envelope.body, codecs)
    return operation.value_of(record) if sampled.direction == "reply" else record


def service_with_classes(contract: Contract, service: Service) -> Service:
    """The same service with Python classes for its types: of the module that a dynamic client uses."""
    module = module_in_memory(contract.services, contract.shapes, name=f"soapkit_contract_{id(contract):x}")
    candidates = (getattr(value, "service", None) for value in list(vars(module).values()))
    for candidate in candidates:
        if isinstance(candidate, Service) and (candidate.name, candidate.port_type) == (
            service.name,
            service.port_type,
        ):
            return candidate
    raise ContractError(f"service {service.name} has no Python classes", place=service.place)


@dataclass(frozen=True, slots=True)
class _Sampler:
    contract: Contract
    full: bool
    seed: int

    def body(self, message: Message, version: Version) -> str:
        """The content of the Body."""
        shapes = self.contract.shapes
        if message.tag is None:
            elements = self._wildcards([message.record])
            found = sample_content(message.record, shapes, full=self.full, seed=self.seed, elements=elements)
            return "".join(serialise(element).decode() for element in found)
        text = self.element(message.tag, RecordRef(message.record))
        return _encoded(text, message, version) if message.encoded else text

    def element(self, tag: str, type_: Type) -> str:
        """One element, as text."""
        keys = [type_.key] if isinstance(type_, RecordRef) else []
        element = sample_element(
            tag, type_, self.contract.shapes, full=self.full, seed=self.seed, elements=self._wildcards(keys)
        )
        return serialise(element).decode()

    def _wildcards(self, keys: list[Key]) -> tuple[ElementField, ...]:
        """The global elements that may stand where a type wants any known element; none if no type does."""
        records = reachable(keys, self.contract.shapes).values()
        wanted = any(
            isinstance(leaf, AnyField) and leaf.process == "strict" and (leaf.minimum or self.full)
            for record in records
            for leaf in record.elements
        )
        if not wanted:
            return ()
        found = []
        for name in self.contract.schema.names("element"):
            try:
                found.append(self.contract.shapes.element(name))
            except ContractError:  # one that cannot be used serves as no example
                continue
        return tuple(found)


def _encoded(text: str, message: Message, version: Version) -> str:
    """A body of SOAP encoding says so on its wrapper (SOAP 1.1, 4.1.1; SOAP 1.2 part 2, 3)."""
    wrapper = etree.fromstring(text)
    wrapper.set(version.encoding_style, message.encoding_style if version is SOAP_1_1 else version.encoding)
    return serialise(wrapper).decode()
