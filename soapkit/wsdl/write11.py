"""A Service and its Shapes -> a WSDL 1.1 document: for services declared in code, and for contracts to be rewritten.

What `soapkit.wsdl.load.load_contract` reads from it is an equal Service. Types stand in line, in one schema for each
namespace (`soapkit.xsd.write`).

Source: WSDL 1.1, sections 2 and 3; WSDL 1.1 Binding Extension for SOAP 1.2; WS-I Basic Profile 1.1, section 4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree
from lxml.etree import _Element

from soapkit.databinding.sample.sample import derived_keys
from soapkit.databinding.shape import (
    NO_FACETS,
    AnyType,
    Atomic,
    ElementField,
    Key,
    ListOf,
    RecordRef,
    Shapes,
    Simple,
    Type,
    UnionOf,
    reachable,
)
from soapkit.errors import UsageError
from soapkit.operations import FaultDetail, Message, Operation, Port, Service
from soapkit.wsdl.extensions import SOAP_OVER_HTTP
from soapkit.wsdl.policies import NO_POLICIES, Direction, WrittenPolicies
from soapkit.xml.names import (
    WSAM,
    WSDL11,
    WSDL11_MIME,
    WSDL11_SOAP11,
    WSDL11_SOAP12,
    WSP15,
    XSD,
    clark,
    local_name,
    namespace_of,
    split,
)
from soapkit.xml.serialise import escape_attribute, escape_text, serialise
from soapkit.xsd.write import write_schemas

_SOAP = {"1.1": (WSDL11_SOAP11, "soap"), "1.2": (WSDL11_SOAP12, "soap12")}
_CUSTOMARY = {WSDL11: "wsdl", XSD: "xs", WSAM: "wsam", WSDL11_MIME: "mime", WSP15: "wsp", **dict(_SOAP.values())}
# The lists that XML Schema itself names (part 2, 3.3.5, 3.3.10, 3.3.12), by what they hold.
_BUILTIN_LISTS = {
    "NMTOKEN": clark(XSD, "NMTOKENS"),
    "IDREF": clark(XSD, "IDREFS"),
    "ENTITY": clark(XSD, "ENTITIES"),
}

Lines = list[str]


def write_wsdl(
    service: Service, shapes: Shapes, *, address: str = "", policies: WrittenPolicies = NO_POLICIES
) -> bytes:
    """The WSDL 1.1 document of a service, with its types.

    `address`: where it is reached; it takes the place of the address of every port. `policies`: of its bindings and
    messages (WS-PolicyAttachment 1.5, section 4). One document has one target
    namespace: a port type of another namespace than the service's is written in that of the service. Raises
    `soapkit.errors.UsageError` for what a contract cannot say.
    """
    lines = _Writer(service, shapes, address, policies).document()
    return "\n".join(('<?xml version="1.0" encoding="UTF-8"?>', *lines, "")).encode()


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a message: an element, or a type."""

    name: str
    element: str = ""
    type: Type | None = None
    documentation: str = ""


@dataclass(slots=True)
class _Writer:
    """Writes one service. Messages and prefixes are noted as they are used, and written when all is known. `uses`: how
    many operations have each name."""

    service: Service
    shapes: Shapes
    address: str
    policies: WrittenPolicies
    messages: dict[str, tuple[_Part, ...]] = field(default_factory=dict)
    prefixes: dict[str, str] = field(default_factory=dict)
    uses: Counter[str] = field(init=False)

    def __post_init__(self) -> None:
        self.uses = Counter(operation.name for operation in self.service.operations)

    def document(self) -> Lines:
        """The whole document, in the order of WSDL 1.1, 2.1."""
        self.prefixes[WSDL11] = "wsdl"
        if self.service.namespace:
            self.prefixes[self.service.namespace] = "tns"
        port_type = self._port_type()
        bindings = [line for port in _by_binding(self._ports()) for line in self._binding(port)]
        service = self._service()
        messages = [line for name, parts in self.messages.items() for line in self._message(name, parts)]
        types = self._types()
        policies = [line for element in self.policies.elements for line in _tree(element)]
        declared = {f"xmlns:{prefix}": namespace for namespace, prefix in self.prefixes.items()}
        attributes = {**declared, "name": self.service.name}
        if self.service.namespace:
            attributes["targetNamespace"] = self.service.namespace
        return _node("wsdl:definitions", attributes, policies, types, messages, port_type, bindings, service)

    # --- what is said ---------------------------------------------------------------------------------------------

    def _types(self) -> Lines:
        try:
            schemas = write_schemas(
                self._elements(), self.shapes, types=self._named_records(), simple_types=self._named_values()
            )
        except ValueError as error:  # lxml's word for a name that XML cannot hold
            raise UsageError(f"the types of {self.service.name} cannot be written: {error}") from None
        return _node("wsdl:types", {}, *(_tree(schema, level=2) for schema in schemas.values())) if schemas else []

    def _named_records(self) -> tuple[Key, ...]:
        """The named records that elements do not lead to: types of rpc parts, those that the service names, and what is
        derived from a type that is used, which xsi:type may put in its place."""
        keys: dict[Key, None] = {}
        typed = (one.type for one in (*self._elements(), *self._typed_parts()))
        waiting = [*(type_.key for type_ in typed if isinstance(type_, RecordRef)), *self.service.types]
        while waiting:
            found = reachable([key for key in waiting if key not in keys], self.shapes)
            keys.update(dict.fromkeys(found))
            waiting = [lower for key in found for lower in derived_keys(key, self.shapes) if lower not in keys]
        return tuple(key for key in keys if self.shapes[key].name is not None)

    def _named_values(self) -> tuple[Simple, ...]:
        types = [part.type for part in self._typed_parts()]
        return tuple(
            type_ for type_ in types if isinstance(type_, (Atomic, ListOf, UnionOf)) and type_.name is not None
        )

    def _typed_parts(self) -> Iterator[ElementField]:
        for message in self._all_messages():
            if message.style != "wrapped":
                yield from (found for found in self._fields(message) if self._is_typed(found, message))

    def _all_messages(self) -> Iterator[Message]:
        return (message for operation in self.service.operations for message in _messages(operation))

    def _elements(self) -> Iterator[ElementField]:
        """The global elements that the messages name, each once."""
        found: dict[str, ElementField] = {}
        for message in self._all_messages():
            for one in self._elements_of(message):
                found.setdefault(one.tag, one)
        for operation in self.service.operations:
            for fault in operation.faults:
                found.setdefault(fault.tag, ElementField(local_name(fault.tag), fault.tag, fault.type))
        yield from found.values()

    def _elements_of(self, message: Message) -> Iterator[ElementField]:
        if message.style == "wrapped" and message.tag is not None:
            yield ElementField(local_name(message.tag), message.tag, RecordRef(message.record))
        else:
            yield from (found for found in self._fields(message) if not self._is_typed(found, message))
        for header in message.headers:
            yield ElementField(header.name, header.tag, header.type)

    def _fields(self, message: Message) -> Iterator[ElementField]:
        for found in self.shapes[message.record].elements:
            if not isinstance(found, ElementField):
                raise UsageError(f"field {found.name} of a {message.style} message is no element; a part must be one")
            yield found

    def _message(self, name: str, parts: tuple[_Part, ...]) -> Lines:
        return _node("wsdl:message", {"name": name}, *(self._part(part) for part in parts))

    def _part(self, part: _Part) -> Lines:
        said = {"element": self._qname(part.element)} if part.element else {"type": self._type(part)}
        return _node("wsdl:part", {"name": part.name, **said}, _documentation(part.documentation))

    def _type(self, part: _Part) -> str:
        name = self._type_name(part.type) if part.type is not None else None
        if name is None:
            raise UsageError(f"the type of part {part.name} has no name; a part can refer to named types only")
        return self._qname(name)

    def _type_name(self, type_: Type) -> str | None:
        """The Clark name of a type, if it has one."""
        if isinstance(type_, AnyType):
            return clark(XSD, "anyType")
        if isinstance(type_, RecordRef):
            return self.shapes[type_.key].name
        if isinstance(type_, ListOf) and type_.name is None and isinstance(type_.item, Atomic):
            return _BUILTIN_LISTS.get(type_.item.builtin)
        plain = isinstance(type_, Atomic) and type_.facets == NO_FACETS and not type_.enumeration
        return clark(XSD, type_.builtin) if isinstance(type_, Atomic) and plain and not type_.name else type_.name

    def _is_typed(self, found: ElementField, message: Message) -> bool:
        """Whether a part has a type, not an element: then it is written in no namespace, under the name of the part."""
        unqualified = found.tag == found.name
        return unqualified and (message.style == "rpc" or self._type_name(found.type) is not None)

    def _port_type(self) -> Lines:
        operations = [line for operation in self.service.operations for line in self._operation(operation)]
        attributes = {"name": local_name(self.service.port_type) or self.service.name}
        return _node("wsdl:portType", attributes, _documentation(self.service.documentation), operations)

    def _operation(self, operation: Operation[Any, Any]) -> Lines:
        request, reply = self._request_name(operation), self._reply_name(operation)
        children = [_documentation(operation.documentation)]
        children.append(self._use("input", operation, request, operation.request))
        if operation.reply is not None:
            children.append(self._use("output", operation, reply, operation.reply))
        children += [self._fault(operation, fault) for fault in operation.faults]
        return _node("wsdl:operation", {"name": operation.name}, *children)

    def _use(self, kind: str, operation: Operation[Any, Any], name: str, message: Message) -> Lines:
        self.messages[name] = tuple(self._parts(message))
        attributes = {"message": self._own(name), **self._action(message.action)}
        if self._is_overloaded(operation):
            attributes["name"] = name
        return _node(f"wsdl:{kind}", attributes)

    def _parts(self, message: Message) -> Iterator[_Part]:
        yield from self._body_parts(message)
        for part in message.attached:
            yield _Part(part.part, type=Atomic("base64Binary"), documentation=part.documentation)

    def _body_parts(self, message: Message) -> Iterator[_Part]:
        if message.style == "wrapped":
            yield _Part("parameters", element=message.tag or "")
        else:
            for found in self._fields(message):
                if self._is_typed(found, message):
                    yield _Part(found.name, type=found.type, documentation=found.documentation)
                else:
                    yield _Part(found.name, element=found.tag, documentation=found.documentation)

    def _fault(self, operation: Operation[Any, Any], fault: FaultDetail) -> Lines:
        parts = (_Part("detail", element=fault.tag),)
        name = fault.name
        if self.messages.get(name, parts) != parts:  # another operation has another fault of that name
            name = f"{operation.method or operation.name}{fault.name}"
        self.messages[name] = parts
        attributes = {"name": fault.name, "message": self._own(name), **self._action(fault.action)}
        return _node("wsdl:fault", attributes, _documentation(fault.documentation))

    def _action(self, action: str) -> dict[str, str]:
        return {f"{self._prefix(WSAM)}:Action": action} if action else {}

    # --- how and where --------------------------------------------------------------------------------------------

    def _ports(self) -> tuple[Port, ...]:
        return self.service.ports or (Port(f"{self.service.name}Soap11", self.address),)

    def _binding(self, port: Port) -> Lines:
        namespace, _ = _SOAP[port.version]
        soap = self._prefix(namespace)
        styles = {_wsdl_style(operation) for operation in self.service.operations}
        style = "rpc" if styles == {"rpc"} else "document"
        operations = [
            line for operation in self.service.operations for line in self._bound(operation, port, soap, style)
        ]
        return _node(
            "wsdl:binding",
            {"name": _binding_name(port), "type": self._own(local_name(self.service.port_type) or self.service.name)},
            self._policy(self.policies.binding),
            _node(f"{soap}:binding", {"style": style, "transport": SOAP_OVER_HTTP}),
            operations,
        )

    def _bound(self, operation: Operation[Any, Any], port: Port, soap: str, style: str) -> Lines:
        own_style = {"style": _wsdl_style(operation)} if _wsdl_style(operation) != style else {}
        action = port.actions.get(operation.method, port.actions.get(operation.name, operation.action))
        children = [_node(f"{soap}:operation", {"soapAction": action, **own_style})]
        children.append(self._bound_message("input", operation, self._request_name(operation), operation.request, soap))
        if operation.reply is not None:
            name = self._reply_name(operation)
            children.append(self._bound_message("output", operation, name, operation.reply, soap))
        for fault in operation.faults:
            policy = self._policy_of(operation, "fault")
            attributes = {"name": fault.name, "use": "literal"}
            children.append(_node("wsdl:fault", {"name": fault.name}, policy, _node(f"{soap}:fault", attributes)))
        return _node("wsdl:operation", {"name": operation.name}, *children)

    def _bound_message(
        self, kind: Direction, operation: Operation[Any, Any], name: str, message: Message, soap: str
    ) -> Lines:
        body = {"use": "encoded", "encodingStyle": message.encoding_style} if message.encoded else {"use": "literal"}
        if message.style == "rpc":
            body["namespace"] = namespace_of(message.tag or "")
        children = [_node(f"{soap}:body", body)]
        for header in message.headers:
            holder = f"{name}Headers"
            self.messages[holder] = tuple(
                _Part(one.name, element=one.tag, documentation=one.documentation) for one in message.headers
            )
            attributes = {"message": self._own(holder), "part": header.name, "use": "literal"}
            if header.required:
                attributes["wsdl:required"] = "true"
            children.append(_node(f"{soap}:header", attributes))
        named = {"name": name} if self._is_overloaded(operation) else {}
        children = self._packaged(children, message) if message.attached else children
        return _node(f"wsdl:{kind}", named, self._policy_of(operation, kind), *children)

    def _policy_of(self, operation: Operation[Any, Any], kind: Direction) -> Lines:
        return self._policy(self.policies.messages.get((operation.method or operation.name, kind), ""))

    def _policy(self, name: str) -> Lines:
        """A reference to a policy of this document (WS-Policy 1.5, 4.3.4)."""
        return _node(f"{self._prefix(WSP15)}:PolicyReference", {"URI": f"#{name}"}) if name else []

    def _packaged(self, envelope: list[Lines], message: Message) -> list[Lines]:
        """``mime:multipartRelated`` of the envelope and the parts beside it (WSDL 1.1, 5)."""
        mime = self._prefix(WSDL11_MIME)
        parts = [_node(f"{mime}:part", {}, *envelope)]
        for part in message.attached:
            contents = [
                _node(f"{mime}:content", {"part": part.part, **({"type": each} if each else {})})
                for each in part.types or ("",)
            ]
            parts.append(_node(f"{mime}:part", {}, *contents))
        return [_node(f"{mime}:multipartRelated", {}, *parts)]

    def _service(self) -> Lines:
        ports = [line for port in self._ports() for line in self._port(port)]
        return _node("wsdl:service", {"name": self.service.name}, ports)

    def _port(self, port: Port) -> Lines:
        soap = self._prefix(_SOAP[port.version][0])
        address = _node(f"{soap}:address", {"location": self.address or port.address})
        return _node("wsdl:port", {"name": port.name, "binding": self._own(_binding_name(port))}, address)

    # --- names ----------------------------------------------------------------------------------------------------

    def _is_overloaded(self, operation: Operation[Any, Any]) -> bool:
        return self.uses[operation.name] > 1

    def _request_name(self, operation: Operation[Any, Any]) -> str:
        return operation.method if self._is_overloaded(operation) else operation.name

    def _reply_name(self, operation: Operation[Any, Any]) -> str:
        return f"{self._request_name(operation)}Response"

    def _prefix(self, namespace: str) -> str:
        if namespace not in self.prefixes:
            numbered = sum(1 for prefix in self.prefixes.values() if prefix.startswith("ns"))
            self.prefixes[namespace] = _CUSTOMARY.get(namespace) or f"ns{numbered + 1}"
        return self.prefixes[namespace]

    def _own(self, local: str) -> str:
        """The QName of a component of this document."""
        return self._qname(clark(self.service.namespace, local))

    def _qname(self, name: str) -> str:
        namespace, local = split(name)
        return f"{self._prefix(namespace)}:{local}" if namespace else local


def _messages(operation: Operation[Any, Any]) -> Iterator[Message]:
    yield operation.request
    if operation.reply is not None:
        yield operation.reply


def _wsdl_style(operation: Operation[Any, Any]) -> str:
    return "rpc" if operation.request.style == "rpc" else "document"


def _binding_name(port: Port) -> str:
    return local_name(port.binding) or port.name


def _by_binding(ports: tuple[Port, ...]) -> list[Port]:
    """One port for each binding."""
    return list({_binding_name(port): port for port in reversed(ports)}.values())[::-1]


def _tree(element: _Element, level: int = 1) -> Lines:
    """An element with its children, indented as one that stands so deep."""
    etree.indent(element, level=level)
    return [serialise(element).decode()]


def _documentation(text: str) -> Lines:
    return [f"<wsdl:documentation>{escape_text(text)}</wsdl:documentation>"] if text else []


def _node(name: str, attributes: Mapping[str, str], *children: Lines) -> Lines:
    """The lines of an element, its children indented. A text that spans lines is one of them, and stays as it is."""
    said = "".join(f' {key}="{escape_attribute(value)}"' for key, value in attributes.items())
    inner = [f"  {line}" for child in children for line in child]
    return [f"<{name}{said}>", *inner, f"</{name}>"] if inner else [f"<{name}{said}/>"]
