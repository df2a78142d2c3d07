"""WSDL 2.0 documents -> Definitions, in the words of WSDL 1.1.

    interface               port type; the operations of the interfaces it extends are its own
    input, output, fault    a use of a message with one part, the element
    binding, endpoint       binding, port; an operation that a binding does not mention is bound all the same

Source: WSDL 2.0 part 1 (core), section 2; part 2 (adjuncts), section 5 (SOAP binding).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from lxml.etree import _Element

from soapkit.errors import ContractError, Problems
from soapkit.wsdl.extensions import SOAP_OVER_HTTP
from soapkit.wsdl.model import (
    Binding,
    BoundMessage,
    BoundOperation,
    Definitions,
    MessageDefinition,
    MessageUse,
    OperationDefinition,
    PartDefinition,
    PortDefinition,
    PortType,
    Protocol,
    SchemaSource,
    ServiceDefinition,
    SoapBody,
    SoapHeader,
    SoapVersion,
)
from soapkit.wsdl.page import Page, action_of, documentation_of, page_for, schemas_in
from soapkit.xml.documents import Document, Documents
from soapkit.xml.names import WSDL20, clark, local_name, namespace_of
from soapkit.xml.walk import children, tag_of

# The Recommendation, and the drafts that tools of their time wrote.
NAMESPACES = (
    WSDL20,
    "http://www.w3.org/2006/01/wsdl",
    "http://www.w3.org/2005/08/wsdl",
    "http://www.w3.org/2005/05/wsdl",
    "http://www.w3.org/2004/08/wsdl",
    "http://www.w3.org/2004/03/wsdl",
)
DESCRIPTIONS = tuple(clark(namespace, "description") for namespace in NAMESPACES)

_ONE_WAY = ("in-only", "robust-in-only")
_CALLED = (*_ONE_WAY, "in-out", "in-opt-out")
_HTTP_PROTOCOLS = ("http://www.w3.org/2003/05/soap/bindings/HTTP", "http://www.w3.org/2006/01/soap11/bindings/HTTP")


@dataclass(frozen=True, slots=True)
class _Interface:
    """An interface as written, and the names of those it extends."""

    port_type: PortType
    extends: tuple[str, ...]


@dataclass(slots=True)
class _Found:
    """What was found so far, over all documents."""

    warnings: Problems
    problems: Problems
    messages: dict[str, MessageDefinition] = field(default_factory=dict)
    interfaces: dict[str, _Interface] = field(default_factory=dict)
    bindings: dict[str, Binding] = field(default_factory=dict)
    services: dict[str, tuple[str, ServiceDefinition]] = field(default_factory=dict)
    schemas: list[SchemaSource] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)


def read_wsdl20(first: Document, documents: Documents, *, warnings: Problems, problems: Problems) -> Definitions:
    """What the document `first` and those it imports and includes say.

    Broken rules go to `warnings`; imports that cannot be read, and operations that cannot be used, to `problems`.
    """
    found = _Found(warnings, problems)
    waiting = [first]
    seen: set[str] = set()
    while waiting:
        document = waiting.pop(0)
        if document.url not in seen:
            seen.add(document.url)
            waiting += _read_document(document, documents, found)
    page = page_for(first, warnings)
    port_types = {name: _whole(name, found, ()) for name in found.interfaces}
    bindings = dict(_bindings(found, port_types))
    return Definitions(
        target_namespace=page.target_namespace,
        messages=found.messages,
        port_types=port_types,
        bindings=bindings,
        services={
            name: _service_of(interface, service, found) for name, (interface, service) in found.services.items()
        },
        schemas=tuple(found.schemas),
        documents=tuple(found.documents),
        documentation=documentation_of(first.root),
        policies=page.attached(first.root),
        version="2.0",
    )


def _read_document(document: Document, documents: Documents, found: _Found) -> list[Document]:
    page = page_for(document, found.warnings)
    namespace = namespace_of(tag_of(document.root))
    found.documents.append(document)
    imported: list[Document] = []
    for element in children(document.root):
        if namespace_of(tag_of(element)) != namespace:
            continue
        kind = local_name(tag_of(element))
        if kind == "types":
            found.schemas += [SchemaSource(schema, document) for schema in schemas_in(element)]
        elif kind == "interface":
            interface = _interface(element, page, found)
            found.interfaces.setdefault(interface.port_type.name, interface)
        elif kind == "binding":
            binding = _binding(element, page)
            found.bindings.setdefault(binding.name, binding)
        elif kind == "service":
            service = _service(element, page)
            found.services.setdefault(service.name, (page.reference(element, "interface"), service))
        elif kind in ("import", "include"):
            imported += _imported(element, page, documents, found)
    return imported


def _imported(element: _Element, page: Page, documents: Documents, found: _Found) -> Iterator[Document]:
    place, location = page.place(element), (element.get("location") or "").strip()
    if not location:
        return
    try:
        url = documents.resolve(location, page.document.url, place=place, namespace=element.get("namespace", ""))
        document = documents.read(url, place=place, expected="a WSDL 2.0 document")
    except ContractError as error:
        found.problems.found += error.problems
        return
    if tag_of(document.root) in DESCRIPTIONS:
        yield document
    else:
        found.problems.add(
            f"expected a WSDL 2.0 document at {document.source}; found element {tag_of(document.root)}", place
        )


def _named(parent: _Element, local: str) -> Iterator[_Element]:
    """The children of a WSDL element that are of its own namespace and named `local`."""
    return children(parent, clark(namespace_of(tag_of(parent)), local))


# --- interfaces ---------------------------------------------------------------------------------------------------


def _interface(element: _Element, page: Page, found: _Found) -> _Interface:
    name = element.get("name", "").strip()
    for fault in _named(element, "fault"):
        _note_message(page.own(f"{name}.{fault.get('name', '')}"), fault, page, found)
    operations = [_operation(operation, name, page, found) for operation in _named(element, "operation")]
    port_type = PortType(
        name=page.own(name),
        operations=tuple(operation for operation in operations if operation is not None),
        documentation=documentation_of(element),
        policies=page.attached(element),
        place=page.place(element),
    )
    extended = (element.get("extends") or "").split()
    return _Interface(port_type, tuple(page.name_of(written, element, "extends") for written in extended))


def _operation(element: _Element, interface: str, page: Page, found: _Found) -> OperationDefinition | None:
    """The operation, or None after telling why it cannot be used."""
    name = element.get("name", "").strip()
    pattern = (element.get("pattern") or "").strip().rstrip("/").rpartition("/")[2]
    input_, output = next(_named(element, "input"), None), next(_named(element, "output"), None)
    outward = bool(pattern) and pattern not in _CALLED
    if not outward:
        for message in (input_, output):
            written = (message.get("element") or "#none").strip() if message is not None else "#none"
            if written in ("#any", "#other"):
                found.problems.add(
                    f"operation {name} cannot be used: its message is {written}; expected an element (WSDL 2.0, 2.5)",
                    page.place(element),
                )
                return None
    one_way = pattern in _ONE_WAY or (not pattern and output is None)
    return OperationDefinition(
        name=name,
        input=_use(input_, f"{interface}.{name}.In", page, found, element) if not outward else None,
        output=_use(output, f"{interface}.{name}.Out", page, found, element) if outward or not one_way else None,
        faults=tuple(_fault(fault, page) for fault in _named(element, "outfault")),
        documentation=documentation_of(element),
        policies=page.attached(element),
        place=page.place(element),
    )


def _use(element: _Element | None, message: str, page: Page, found: _Found, operation: _Element) -> MessageUse:
    where = element if element is not None else operation
    _note_message(page.own(message), element, page, found)
    return MessageUse(
        name=message,
        message=page.own(message),
        action=action_of(element) if element is not None else "",
        documentation=documentation_of(element) if element is not None else "",
        policies=page.attached(element) if element is not None else (),
        place=page.place(where),
    )


def _note_message(name: str, element: _Element | None, page: Page, found: _Found) -> None:
    """Keep a message with the element that an input, output or fault names as its one part."""
    parts: tuple[PartDefinition, ...] = ()
    written = (element.get("element") or "#none").strip() if element is not None else "#none"
    if element is not None and not written.startswith("#"):
        tag = page.qname(element, "element")
        parts = (PartDefinition(local_name(tag), element=tag, place=page.place(element)),)
    place = page.place(element if element is not None else page.document.root)
    found.messages.setdefault(name, MessageDefinition(name, parts, place=place))


def _fault(element: _Element, page: Page) -> MessageUse:
    """An outfault refers to a fault of an interface; which one, `_whole` finds out."""
    ref = page.reference(element, "ref")
    return MessageUse(
        name=local_name(ref),
        message=ref,
        action=action_of(element),
        documentation=documentation_of(element),
        place=page.place(element),
    )


def _whole(name: str, found: _Found, below: tuple[str, ...]) -> PortType:
    """The port type with the operations of those it extends, and its faults tied to their messages."""
    interface = found.interfaces[name]
    known = {operation.name for operation in interface.port_type.operations}
    operations = list(interface.port_type.operations)
    family = [name]
    for base in interface.extends:
        if base in found.interfaces and base not in below:
            extended = _whole(base, found, (*below, name))
            operations += [operation for operation in extended.operations if operation.name not in known]
            family.append(base)
        elif base not in found.interfaces:
            found.problems.add(
                f"interface {local_name(name)} extends {base}, which no document defines", interface.port_type.place
            )
    return replace(
        interface.port_type,
        operations=tuple(
            replace(operation, faults=tuple(_tied(fault, family, found) for fault in operation.faults))
            for operation in operations
        ),
    )


def _tied(use: MessageUse, family: list[str], found: _Found) -> MessageUse:
    """A use of a fault, with the message of the interface in the family that defines the fault."""
    for interface in family:
        message = clark(namespace_of(interface), f"{local_name(interface)}.{local_name(use.message)}")
        if message in found.messages:
            return replace(use, message=message)
    return use


# --- bindings and services ----------------------------------------------------------------------------------------


def _soap_of(element: _Element, local: str) -> str:
    """A wsoap: attribute, of the Recommendation or of a draft."""
    values = (value for name, value in element.attrib.items() if str(name).endswith(f"/soap}}{local}"))
    return next((str(value).strip() for value in values), "")


def _protocol(element: _Element) -> tuple[Protocol, SoapVersion, str]:
    kind = (element.get("type") or "").strip().rstrip("/")
    if kind.endswith("/http"):
        return "http", "1.1", ""
    if not kind.endswith(("/soap", "/soap12")):
        return "unknown", "1.1", ""
    version: Literal["1.1", "1.2"] = "1.1" if _soap_of(element, "version") == "1.1" else "1.2"
    protocol = _soap_of(element, "protocol").rstrip("/")
    return "soap", version, SOAP_OVER_HTTP if not protocol or protocol in _HTTP_PROTOCOLS else protocol


def _binding(element: _Element, page: Page) -> Binding:
    protocol, version, transport = _protocol(element)
    return Binding(
        name=page.own(element.get("name", "").strip()),
        port_type=page.reference(element, "interface"),
        protocol=protocol,
        version=version,
        transport=transport,
        operations=tuple(_bound(operation, page) for operation in _named(element, "operation")),
        policies=page.attached(element),
        documentation=documentation_of(element),
        place=page.place(element),
    )


def _bound(element: _Element, page: Page) -> BoundOperation:
    return BoundOperation(
        name=local_name(page.reference(element, "ref")),
        action=_soap_of(element, "action"),
        input=_bound_message(next(_named(element, "input"), None), page),
        output=_bound_message(next(_named(element, "output"), None), page),
        policies=page.attached(element),
        place=page.place(element),
    )


def _bound_message(element: _Element | None, page: Page) -> BoundMessage:
    """All of the message in the Body, and the header blocks, whose elements are named here and nowhere else."""
    if element is None:
        return BoundMessage(body=SoapBody())
    headers = [header for header in children(element) if tag_of(header).endswith("/soap}header")]
    return BoundMessage(
        body=SoapBody(),
        headers=tuple(
            SoapHeader(
                message="",
                part="",
                element=page.qname(header, "element"),
                required=(header.get("required") or "").strip() in ("true", "1"),
                place=page.place(header),
            )
            for header in headers
        ),
        policies=page.attached(element),
        place=page.place(element),
    )


def _bindings(found: _Found, port_types: dict[str, PortType]) -> Iterator[tuple[str, Binding]]:
    """Each binding with all operations of its interface; one for any interface, once for each that a service gives it
    (WSDL 2.0 part 1, 2.9.1)."""
    for name, binding in found.bindings.items():
        if binding.port_type:
            yield name, _complete(binding, port_types)
    for interface, service in found.services.values():
        for port in service.ports:
            binding_of_port = found.bindings.get(port.binding)
            if binding_of_port is not None and not binding_of_port.port_type:
                name = _reused(port.binding, interface)
                yield name, _complete(replace(binding_of_port, name=name, port_type=interface), port_types)


def _complete(binding: Binding, port_types: dict[str, PortType]) -> Binding:
    port_type = port_types.get(binding.port_type)
    known = {operation.name for operation in binding.operations}
    plain = BoundMessage(body=SoapBody())
    added = [
        BoundOperation(operation.name, input=plain, output=plain, place=operation.place)
        for operation in (port_type.operations if port_type is not None else ())
        if operation.name not in known
    ]
    return replace(binding, operations=(*binding.operations, *added))


def _reused(binding: str, interface: str) -> str:
    return f"{binding}.{local_name(interface)}"


def _service(element: _Element, page: Page) -> ServiceDefinition:
    return ServiceDefinition(
        name=page.own(element.get("name", "").strip()),
        ports=tuple(
            PortDefinition(
                name=endpoint.get("name", "").strip(),
                binding=page.reference(endpoint, "binding"),
                address=(endpoint.get("address") or "").strip(),
                documentation=documentation_of(endpoint),
                policies=page.attached(endpoint),
                place=page.place(endpoint),
            )
            for endpoint in _named(element, "endpoint")
        ),
        documentation=documentation_of(element),
        policies=page.attached(element),
        place=page.place(element),
    )


def _service_of(interface: str, service: ServiceDefinition, found: _Found) -> ServiceDefinition:
    """The service, its ports on the bindings made for its interface."""
    return replace(
        service,
        ports=tuple(
            replace(port, binding=_reused(port.binding, interface))
            if port.binding in found.bindings and not found.bindings[port.binding].port_type
            else port
            for port in service.ports
        ),
    )
