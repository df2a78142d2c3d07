"""WSDL 1.1 documents -> Definitions. Nothing is looked up yet: references stay names.

Every document that the first one imports, directly or not, is read once; what all of them define is put together. A
circle of imports is therefore no trouble (WSDL 1.1, 2.1.1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from lxml import etree
from lxml.etree import _Element

from soapkit.errors import ContractError, Problems
from soapkit.wsdl.extensions import (
    SOAP_VERSIONS,
    address_of,
    bound_message,
    location_of,
    protocol_of,
    soap_child,
    style_of,
    transport_of,
    verb_of,
)
from soapkit.wsdl.later import Later, Named
from soapkit.wsdl.model import (
    Attached,
    Binding,
    BoundOperation,
    Definitions,
    MessageDefinition,
    MessageUse,
    OperationDefinition,
    PartDefinition,
    PortDefinition,
    PortType,
    SchemaSource,
    ServiceDefinition,
)
from soapkit.wsdl.page import Page, action_of, documentation_of, is_schema, page_for, schemas_in
from soapkit.xml.documents import Document, Documents
from soapkit.xml.names import WSDL11, clark, local_name
from soapkit.xml.walk import children, tag_of

DEFINITIONS = clark(WSDL11, "definitions")

NamedT = TypeVar("NamedT", MessageDefinition, PortType, Binding, ServiceDefinition, OperationDefinition, BoundOperation)


@dataclass(slots=True)
class _Found:
    """What was found so far, over all documents."""

    warnings: Problems
    problems: Problems
    messages: dict[str, Callable[[], MessageDefinition]] = field(default_factory=dict)
    port_types: dict[str, Callable[[], PortType]] = field(default_factory=dict)
    bindings: dict[str, Callable[[], Binding]] = field(default_factory=dict)
    services: dict[str, Callable[[], ServiceDefinition]] = field(default_factory=dict)
    schemas: list[SchemaSource] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    documentation: str = ""
    policies: tuple[Attached, ...] = ()


def read_wsdl11(first: Document, documents: Documents, *, warnings: Problems, problems: Problems) -> Definitions:
    """What the document `first` and those it imports say.

    Broken rules go to `warnings`, imports that cannot be read to `problems`.
    """
    found = _Found(warnings, problems)
    waiting = [first]
    seen: set[str] = set()
    while waiting:
        document = waiting.pop(0)
        if document.url not in seen:
            seen.add(document.url)
            waiting += _read_document(document, documents, found)
    return Definitions(
        target_namespace=(first.root.get("targetNamespace") or "").strip(),
        messages=Named(found.messages),
        port_types=_read(found.port_types),
        bindings=_read(found.bindings),
        services=_read(found.services),
        schemas=tuple(found.schemas),
        documents=tuple(found.documents),
        documentation=found.documentation,
        policies=found.policies,
    )


def _read_document(document: Document, documents: Documents, found: _Found) -> list[Document]:
    """Read one document into `found`; the documents that it imports."""
    if is_schema(document.root):  # wsdl:import of a bare schema
        found.schemas.append(SchemaSource(document.root, document))
        return []
    page = page_for(document, found.warnings)
    found.documents.append(document)
    if len(found.documents) == 1:
        found.documentation = documentation_of(document.root)
        found.policies = page.attached(document.root)
    for types in children(document.root, clark(WSDL11, "types")):
        found.schemas += [SchemaSource(schema, document) for schema in schemas_in(types)]
    _collect(page, found.messages, "message", read_message)
    _collect(page, found.port_types, "portType", read_port_type)
    _collect(page, found.bindings, "binding", read_binding)
    _collect(page, found.services, "service", read_service)
    return list(_imported(page, documents, found))


def _imported(page: Page, documents: Documents, found: _Found) -> Iterator[Document]:
    for element in children(page.document.root, clark(WSDL11, "import")):
        place, namespace = page.place(element), (element.get("namespace") or "").strip()
        location = (element.get("location") or element.get("schemaLocation") or "").strip()
        if not location:
            page.warn("wsdl:import has no location (WSDL 1.1, 2.1.1); it was passed over", element)
            continue
        try:
            url = documents.resolve(location, page.document.url, place=place, namespace=namespace)
            imported = documents.read(url, place=place, expected="a WSDL document or a schema")
        except ContractError as error:
            found.problems.found += error.problems
            continue
        if tag_of(imported.root) != DEFINITIONS and not is_schema(imported.root):
            found.problems.add(
                f"expected a WSDL document or a schema at {imported.source}; found element {tag_of(imported.root)}",
                place,
            )
            continue
        target = (imported.root.get("targetNamespace") or "").strip()
        if target != namespace:
            page.warn(
                f"the import is of namespace {namespace!r}, {imported.source} is of {target!r} (WSDL 1.1, 2.1.1); what "
                "the document says was taken",
                element,
            )
        yield imported


def _collect(
    page: Page, into: dict[str, Callable[[], NamedT]], local: str, read: Callable[[str, _Element, Page], NamedT]
) -> None:
    """Note the children named `local`; of two of one name the first counts, and the second is told."""
    for element in children(page.document.root, clark(WSDL11, local)):
        name = page.own(_name(element, page))
        if name not in into:
            into[name] = partial(read, name, element, page)
        elif (first := into[name]()) != read(name, element, page):
            page.warn(
                f"{local} {local_name(name)} is defined a second time (first at {first.place}); the first was taken",
                element,
            )


def _read(found: Mapping[str, Callable[[], NamedT]]) -> dict[str, NamedT]:
    return {name: read() for name, read in found.items()}


def _name(element: _Element, page: Page) -> str:
    """The name of a component. Blanks around it, which no NCName has, are dropped."""
    name = (element.get("name") or "").strip()
    if not name:
        page.warn(f"{local_name(tag_of(element))} has no name (WSDL 1.1, 2.1)", element)
    return name


# --- messages and port types --------------------------------------------------------------------------------------


def read_message(name: str, element: _Element, page: Page) -> MessageDefinition:
    return MessageDefinition(
        name=name,
        parts=tuple(_part(part, page) for part in children(element, clark(WSDL11, "part"))),
        documentation=documentation_of(element),
        policies=page.attached(element),
        place=page.place(element),
    )


def _part(element: _Element, page: Page) -> PartDefinition:
    return PartDefinition(
        name=_name(element, page),
        element=page.qname(element, "element") or None,
        type=page.qname(element, "type") or None,
        documentation=documentation_of(element),
        place=page.place(element),
    )


def read_port_type(name: str, element: _Element, page: Page) -> PortType:
    return PortType(
        name=name,
        operations=_operations(element, page, read_operation),
        documentation=documentation_of(element),
        policies=page.attached(element),
        place=page.place(element),
    )


def _operations(parent: _Element, page: Page, read: Callable[[str, _Element, Page], NamedT]) -> Later[NamedT]:
    elements = list(children(parent, clark(WSDL11, "operation")))
    names = [_name(element, page) for element in elements]
    return Later(names, lambda place: read(names[place], elements[place], page), partial(_written, parent))


def _written(binding: _Element) -> bytes:
    """The operations of a binding as the document has them."""
    text = etree.tostring(binding, with_tail=False)
    operations = text.find(b"operation", text.find(b">"))  # what comes before says version and transport
    return same_words(text[operations:], binding.nsmap)


def same_words(text: bytes, prefixes: Mapping[str | None, str]) -> bytes:
    """A piece of a binding, with one prefix for the namespaces of SOAP in both versions."""
    for prefix, namespace in prefixes.items():
        if namespace in SOAP_VERSIONS and prefix:
            for start in (b"<", b"</"):
                text = text.replace(start + prefix.encode() + b":", start + b"soap:")
    return text


def read_operation(name: str, element: _Element, page: Page) -> OperationDefinition:
    input_, output = element.find(clark(WSDL11, "input")), element.find(clark(WSDL11, "output"))
    both = input_ is not None and output is not None
    return OperationDefinition(
        name=name,
        # WSDL 1.1, 2.4.5: what an input and an output are called when they do not say
        input=_use(input_, page, name + "Request" if both else name) if input_ is not None else None,
        output=_use(output, page, name + "Response" if both else name) if output is not None else None,
        faults=tuple(_use(fault, page, "") for fault in children(element, clark(WSDL11, "fault"))),
        output_first=_comes_first(output, input_),
        documentation=documentation_of(element),
        policies=page.attached(element),
        place=page.place(element),
    )


def _comes_first(one: _Element | None, other: _Element | None) -> bool:
    """Whether both are there, `one` before `other`."""
    return one is not None and other is not None and other in one.itersiblings()


def _use(element: _Element, page: Page, default_name: str) -> MessageUse:
    return MessageUse(
        name=(element.get("name") or "").strip() or default_name,
        message=page.reference(element, "message"),
        action=action_of(element),
        documentation=documentation_of(element),
        policies=page.attached(element),
        place=page.place(element),
    )


# --- bindings and services ----------------------------------------------------------------------------------------


def read_binding(name: str, element: _Element, page: Page) -> Binding:
    protocol, version, soap = protocol_of(element)
    return Binding(
        name=name,
        port_type=page.reference(element, "type"),
        protocol=protocol,
        version=version,
        default_style=style_of(soap, page) or "document",
        transport=transport_of(soap) if soap is not None else "",
        verb=verb_of(element),
        operations=_operations(element, page, read_bound_operation),
        policies=page.attached(element),
        extensions=page.extensions(element),
        documentation=documentation_of(element),
        place=page.place(element),
    )


def read_bound_operation(name: str, element: _Element, page: Page) -> BoundOperation:
    soap = soap_child(element, "operation")
    input_, output = element.find(clark(WSDL11, "input")), element.find(clark(WSDL11, "output"))
    return BoundOperation(
        name=name,
        action=(soap.get("soapAction") or "").strip() if soap is not None else "",
        location=location_of(element),
        style=style_of(soap, page),
        input=bound_message(input_, page) if input_ is not None else None,
        output=bound_message(output, page) if output is not None else None,
        faults=tuple(bound_message(fault, page) for fault in children(element, clark(WSDL11, "fault"))),
        policies=page.attached(element),
        place=page.place(element),
    )


def read_service(name: str, element: _Element, page: Page) -> ServiceDefinition:
    return ServiceDefinition(
        name=name,
        ports=tuple(_port(port, page) for port in children(element, clark(WSDL11, "port"))),
        documentation=documentation_of(element),
        policies=page.attached(element),
        place=page.place(element),
    )


def _port(element: _Element, page: Page) -> PortDefinition:
    return PortDefinition(
        name=_name(element, page),
        binding=page.reference(element, "binding"),
        address=address_of(element),
        documentation=documentation_of(element),
        policies=page.attached(element),
        extensions=page.extensions(element),
        place=page.place(element),
    )
