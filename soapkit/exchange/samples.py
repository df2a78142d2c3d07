"""Shapes -> example messages: whole envelopes for the requests, replies and faults of an operation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from lxml import etree

from soapkit.databinding.codec import Codecs
from soapkit.databinding.sample.sample import sample_content, sample_element
from soapkit.databinding.shape import RecordRef, Shapes, Type
from soapkit.errors import FaultCode, UsageError
from soapkit.exchange.encoded_write import encoded_text
from soapkit.operations import FaultDetail, Message, Operation, Service
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.fault import write_fault
from soapkit.soap.version import BY_LABEL, SOAP_1_1, Version
from soapkit.xml.names import did_you_mean
from soapkit.xml.serialise import serialise

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


def messages_of(service: Service, operation: Operation[Any, Any]) -> Iterator[Sampled]:
    """Every message of an operation: request, reply, each declared fault."""
    yield Sampled(service, operation)
    if operation.reply is not None:
        yield Sampled(service, operation, "reply")
    for fault in operation.faults:
        yield Sampled(service, operation, "fault", fault.name)


def version_of(service: Service, label: Literal["1.1", "1.2"] | None = None) -> Version:
    """The SOAP version of this label; without one, that of the service's first port."""
    if label is not None:
        return BY_LABEL[label]
    return BY_LABEL[service.ports[0].version] if service.ports else SOAP_1_1


def sample_envelope(
    shapes: Shapes, sampled: Sampled, version: Version, *, full: bool = False, seed: int = 0
) -> Envelope:
    """An example of a message, valid by the contract, with the header blocks it requires.

    `shapes`: of a contract (`soapkit.wsdl.shapes.ContractShapes`), or of classes. `full`: all optional parts and
    header blocks too. `seed`: 0 for the plainest example, any other for varied ones.
    Raises `UsageError` for a message that the operation does not have, `DataError` where no finite value exists.
    """
    sampler = _Sampler(shapes, full, seed)
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


@dataclass(frozen=True, slots=True)
class _Sampler:
    shapes: Shapes
    full: bool
    seed: int

    def body(self, message: Message, version: Version) -> str:
        """The content of the Body."""
        if message.tag is None:
            found = sample_content(message.record, self.shapes, full=self.full, seed=self.seed)
            return "".join(serialise(element).decode() for element in found)
        text = self.element(message.tag, RecordRef(message.record))
        return encoded_text(message, text, Codecs(self.shapes), version) if message.encoded else text

    def element(self, tag: str, type_: Type) -> str:
        """One element, as text."""
        return serialise(sample_element(tag, type_, self.shapes, full=self.full, seed=self.seed)).decode()
