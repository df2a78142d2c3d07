"""Contract, and what WSDL documents say: services, ports, bindings, port types, messages. All frozen.

    Definitions    what the documents say, in the words of WSDL 1.1, each component with its place
    Contract       Definitions, the schema, the Shapes of its types, and the Services that can be called

WSDL 2.0 is read into the same words: an interface is a port type, an endpoint a port, an element a message of one part.
References are Clark names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from lxml.etree import _Element

from soapkit.errors import NOWHERE, Place, Problem, Problems
from soapkit.operations import Operation, Service
from soapkit.wsdl.later import Later
from soapkit.wsdl.shapes import ContractShapes
from soapkit.xml.documents import Document
from soapkit.xsd.schema import Schema

SoapVersion: TypeAlias = Literal["1.1", "1.2"]
Protocol: TypeAlias = Literal["soap", "http", "unknown"]
Style: TypeAlias = Literal["document", "rpc"]


@dataclass(frozen=True, slots=True)
class Policy:
    """A WS-Policy that stands at a component, or that it refers to: the ``wsp:Policy`` element, as read.

    `base`: the URL of its document, which references in it start from.
    """

    element: _Element
    place: Place = NOWHERE
    base: str = ""


@dataclass(frozen=True, slots=True)
class PolicyReference:
    """A reference from a component to a policy that does not stand in its document: the URI, as written."""

    uri: str
    place: Place = NOWHERE
    base: str = ""


Attached: TypeAlias = Policy | PolicyReference


@dataclass(frozen=True, slots=True)
class Extension:
    """An element of another language inside a binding or port, such as ``wsaw:UsingAddressing``. `required`: a reader
    that does not know it may not go on (WSDL 1.1, 2.1.3)."""

    tag: str
    element: _Element
    required: bool = False
    place: Place = NOWHERE


# --- what is said: messages and port types ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PartDefinition:
    """A part of a message: an element, or a type (WSDL 1.1, 2.3)."""

    name: str
    element: str | None = None
    type: str | None = None
    documentation: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class MessageDefinition:
    """A message: its parts in order."""

    name: str
    parts: tuple[PartDefinition, ...] = ()
    documentation: str = ""
    policies: tuple[Attached, ...] = ()
    place: Place = NOWHERE

    def part(self, name: str) -> PartDefinition | None:
        """The part of this name, or None."""
        return next((part for part in self.parts if part.name == name), None)


@dataclass(frozen=True, slots=True)
class MessageUse:
    """An input, output or fault of an operation. `action`: its WS-Addressing Action, where the contract says one."""

    name: str
    message: str
    action: str = ""
    documentation: str = ""
    policies: tuple[Attached, ...] = ()
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class OperationDefinition:
    """An operation of a port type. `output_first`: a notification or solicit-response (WSDL 1.1, 2.4)."""

    name: str
    input: MessageUse | None = None
    output: MessageUse | None = None
    faults: tuple[MessageUse, ...] = ()
    output_first: bool = False
    documentation: str = ""
    policies: tuple[Attached, ...] = ()
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class PortType:
    """A set of operations."""

    name: str
    operations: Sequence[OperationDefinition] = ()
    documentation: str = ""
    policies: tuple[Attached, ...] = ()
    place: Place = NOWHERE

    def named(self, name: str) -> tuple[OperationDefinition, ...]:
        """The operations of this name: several, where it is overloaded."""
        if isinstance(self.operations, Later):
            return self.operations.named(name)
        return tuple(operation for operation in self.operations if operation.name == name)


# --- how it is said: bindings -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SoapBody:
    """soap:body. `parts` None: all of the message. `literal` False: encoded, in `encoding_style`."""

    literal: bool = True
    parts: tuple[str, ...] | None = None
    namespace: str | None = None
    encoding_style: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class SoapHeader:
    """soap:header, or a soap:headerfault inside one: a part of a message. `required`: ``wsdl:required``.

    `element`: the element itself, which WSDL 2.0 names instead of a part.
    """

    message: str
    part: str
    element: str | None = None
    literal: bool = True
    namespace: str | None = None
    required: bool = False
    faults: tuple[SoapHeader, ...] = ()
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class BoundMessage:
    """The binding of an input, output or fault. `attachments`: parts that a MIME binding sends beside the envelope,
    each with its media types. `serialisation`: of an HTTP binding (WSDL 1.1, 4 and 5), ``""`` where it says none."""

    name: str = ""
    body: SoapBody | None = None
    headers: tuple[SoapHeader, ...] = ()
    attachments: tuple[tuple[str, tuple[str, ...]], ...] = ()
    serialisation: Literal["", "query", "path", "form", "xml"] = ""
    policies: tuple[Attached, ...] = ()
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class BoundOperation:
    """The binding of an operation. `style` None: that of the binding. `location`: of an HTTP binding."""

    name: str
    action: str = ""
    location: str = ""
    style: Style | None = None
    input: BoundMessage | None = None
    output: BoundMessage | None = None
    faults: tuple[BoundMessage, ...] = ()
    policies: tuple[Attached, ...] = ()
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Binding:
    """How a port type is spoken. `version` and `style` matter for SOAP; `transport` is an URI, without stray blanks.

    `default_style`: for operations that do not say theirs. `verb`: of an HTTP binding.
    """

    name: str
    port_type: str
    protocol: Protocol = "unknown"
    version: SoapVersion = "1.1"
    default_style: Style = "document"
    transport: str = ""
    verb: str = ""
    operations: Sequence[BoundOperation] = ()
    policies: tuple[Attached, ...] = ()
    extensions: tuple[Extension, ...] = ()
    documentation: str = ""
    place: Place = NOWHERE


# --- where: services ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PortDefinition:
    """A port: a binding at an address."""

    name: str
    binding: str
    address: str = ""
    documentation: str = ""
    policies: tuple[Attached, ...] = ()
    extensions: tuple[Extension, ...] = ()
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class ServiceDefinition:
    """A service: a set of ports."""

    name: str
    ports: tuple[PortDefinition, ...] = ()
    documentation: str = ""
    policies: tuple[Attached, ...] = ()
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class SchemaSource:
    """A schema that a contract holds in its types, or imports bare: its root element and the document it stands in."""

    element: _Element
    document: Document


@dataclass(frozen=True, slots=True)
class Definitions:
    """What the WSDL documents of a contract say, together. `documents`: those documents, the first one first."""

    target_namespace: str
    messages: Mapping[str, MessageDefinition]
    port_types: Mapping[str, PortType]
    bindings: Mapping[str, Binding]
    services: Mapping[str, ServiceDefinition]
    schemas: tuple[SchemaSource, ...] = ()
    documents: tuple[Document, ...] = ()
    documentation: str = ""
    policies: tuple[Attached, ...] = ()
    version: Literal["1.1", "2.0"] = "1.1"


@dataclass(frozen=True, slots=True)
class Told:
    """Where to tell what was found: broken rules, operations that cannot be used, what soapkit does not speak."""

    warnings: Problems = field(default_factory=Problems)
    problems: Problems = field(default_factory=Problems)
    notes: Problems = field(default_factory=Problems)


@dataclass(frozen=True, slots=True)
class Sources:
    """What was read: see the properties of these names of `Contract`."""

    definitions: Definitions
    schema: Schema
    documents: tuple[Document, ...] = ()
    links: Mapping[tuple[str, str], str] = field(default_factory=dict)


# --- the whole ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract, read whole.

    `source`: what a person knows it by. `definitions`: what its documents say. `schema`: its schema components.
    `shapes`: its types as Shapes, with a record for the content of every rpc and bare message. `services`: what can be
    called. `documents`: every document that was read; `links`: where the locations written in them led, by URL of the
    document and location.

    Messages, operations and types are read when they are first asked for; `problems`, `notes` and `warnings` read every
    operation. `told`: the lists behind them. `outline`: the definitions, of a contract from the cache without documents
    and schemas. `fingerprint`: what tells the contract from others.
    """

    source: str
    target_namespace: str
    documentation: str
    shapes: ContractShapes
    services: tuple[Service, ...]
    outline: Definitions
    fingerprint: str
    told: Told = field(default_factory=Told, repr=False)
    _sources: Sources | None = field(default=None, repr=False)
    _whole: Callable[[], Contract] | None = field(default=None, repr=False, compare=False)

    @property
    def sources(self) -> Sources:
        """What was read. Of a contract from the cache, all of it is read now."""
        if self._sources is not None:
            return self._sources
        assert self._whole is not None  # one or the other is given
        return self._whole().sources

    @property
    def definitions(self) -> Definitions:
        """What the documents say."""
        return self.sources.definitions

    @property
    def schema(self) -> Schema:
        """The schema components."""
        return self.sources.schema

    @property
    def documents(self) -> tuple[Document, ...]:
        """Every document that was read."""
        return self.sources.documents

    @property
    def links(self) -> Mapping[tuple[str, str], str]:
        """Where the locations written in the documents led, by URL of the document and location."""
        return self.sources.links

    def read_operations(self) -> None:
        """Read every operation, so that all is told that is wrong with one."""
        for service in self.services:
            len(service.operations)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Operations that cannot be used, each by name with the reason."""
        self.read_operations()
        return tuple(dict.fromkeys(self.told.problems.found))

    @property
    def notes(self) -> tuple[Problem, ...]:
        """What soapkit does not speak: JMS, notifications."""
        self.read_operations()
        return tuple(dict.fromkeys(self.told.notes.found))

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The rules that the contract breaks, and what was assumed. Types are read when they are first used, so that
        more may be told later."""
        self.read_operations()
        return tuple(dict.fromkeys(self.told.warnings.found))

    def service(self, name: str = "", *, port: str = "") -> Service:
        """The service of this name, or that has this port; without either, the first. Raises `KeyError`."""
        for service in self.services:
            if name in ("", service.name) and (not port or port in (known.name for known in service.ports)):
                return service
        raise KeyError(port or name)

    def operation(self, name: str) -> Operation[object, object]:
        """The first operation of this contract name or method name. Raises `KeyError`."""
        for service in self.services:
            try:
                return service.operation(name)
            except KeyError:
                continue
        raise KeyError(name)
