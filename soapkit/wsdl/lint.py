"""What in a contract breaks the WS-I Basic Profile: each requirement on a description, with its number and place.

`RULES` is the table. A rule is a number, what it asks, why that matters, and a function that finds where it is broken.

Source: WS-I Basic Profile 1.1 and 1.2, section 4 (Service Description); Simple SOAP Binding Profile 1.0, section 4.
Where the profiles speak of the SOAP 1.1 binding, that for SOAP 1.2 is held to the same (Basic Profile 2.0).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from lxml.etree import _Element

from soapkit.databinding.shape import ElementField
from soapkit.errors import Place, Problem
from soapkit.operation import Message
from soapkit.wsdl.extensions import HTTP_TRANSPORTS, SOAP_VERSIONS, soap_child, soap_children
from soapkit.wsdl.model import Binding, BoundMessage, BoundOperation, Contract, MessageDefinition, PartDefinition, Style
from soapkit.wsdl.page import is_schema
from soapkit.xml.documents import Document
from soapkit.xml.names import SOAP11_ENC, WSDL11, XSD, clark, local_name, namespace_of
from soapkit.xml.walk import children, tag_of
from soapkit.xsd.document import OLD_NAMESPACES

Broken: TypeAlias = "Iterator[tuple[str, Place]]"
"""What is wrong, and where."""


_Body: TypeAlias = "tuple[BoundOperation, BoundMessage, MessageDefinition | None]"


@dataclass(frozen=True, slots=True)
class Rule:
    """A requirement of the Basic Profile: its number, what it asks, why, and what finds where it is broken."""

    number: str
    asks: str
    why: str
    find: Callable[[Contract], Broken]


@dataclass(frozen=True, slots=True)
class Finding:
    """A requirement that a contract breaks at one place."""

    rule: Rule
    message: str
    place: Place

    def __str__(self) -> str:
        return f"{Problem(f'{self.rule.number}: {self.message}', self.place)} ({self.rule.asks})"


def lint(contract: Contract) -> tuple[Finding, ...]:
    """Where a contract breaks the Basic Profile, in the order of the documents.

    >>> lint(load_contract("wsdl/bank.wsdl"))
    ()
    """
    found = [Finding(rule, message, place) for rule in RULES for message, place in dict.fromkeys(rule.find(contract))]
    return tuple(sorted(found, key=lambda finding: (finding.place.source, finding.place.line or 0)))


# --- walking ------------------------------------------------------------------------------------------------------


def _elements(contract: Contract, tag: str) -> Iterator[tuple[Document, _Element]]:
    """The elements of a name in all WSDL documents."""
    for document in contract.definitions.documents:
        for element in document.root.iter(tag):
            yield document, element


def _bound(contract: Contract) -> Iterator[tuple[Binding, BoundOperation, Style]]:
    """The operations of SOAP bindings, each with its style."""
    for binding in contract.definitions.bindings.values():
        if binding.protocol == "soap":
            for operation in binding.operations:
                yield binding, operation, operation.style or binding.default_style


def _bodies(contract: Contract, style: Style) -> Iterator[_Body]:
    """The inputs and outputs of literal operations of a style, with the messages that they bind."""
    definitions = contract.definitions
    for binding, operation, its_style in _bound(contract):
        if its_style != style:
            continue
        port_type = definitions.port_types.get(binding.port_type)
        defined = next((one for one in port_type.operations if one.name == operation.name), None) if port_type else None
        for bound, use in (
            (operation.input, defined.input if defined else None),
            (operation.output, defined.output if defined else None),
        ):
            if bound is not None and (bound.body is None or bound.body.literal):
                yield operation, bound, definitions.messages.get(use.message) if use is not None else None


def _body_parts(bound: BoundMessage, message: MessageDefinition | None) -> Iterator[PartDefinition]:
    for part in message.parts if message is not None else ():
        if bound.body is None or bound.body.parts is None or part.name in bound.body.parts:
            yield part


# --- documents and types ------------------------------------------------------------------------------------------


def _imports_of_schemas(contract: Contract) -> Broken:
    by_url = {document.url: document for document in contract.documents}
    for document, element in _elements(contract, clark(WSDL11, "import")):
        imported = by_url.get(contract.links.get((document.url, (element.get("location") or "").strip()), ""))
        if imported is not None and is_schema(imported.root):
            yield f"wsdl:import of {imported.source}, which is a schema", document.place(element)


def _imports_of_other_namespaces(contract: Contract) -> Broken:
    by_url = {document.url: document for document in contract.documents}
    for document, element in _elements(contract, clark(WSDL11, "import")):
        imported = by_url.get(contract.links.get((document.url, (element.get("location") or "").strip()), ""))
        if imported is not None and imported.root.get("targetNamespace", "") != element.get("namespace", ""):
            yield (
                (
                    f"the import is of {element.get('namespace', '')!r}, the document of "
                    f"{imported.root.get('targetNamespace', '')!r}"
                ),
                document.place(element),
            )


def _imports_without_location(contract: Contract) -> Broken:
    for document, element in _elements(contract, clark(WSDL11, "import")):
        if not (element.get("location") or "").strip():
            yield "wsdl:import has no location", document.place(element)


def _schemas_without_namespace(contract: Contract) -> Broken:
    for document, schema in _elements(contract, clark(XSD, "schema")):
        declares = any(local_name(tag_of(child)) not in ("import", "annotation") for child in children(schema))
        if declares and not schema.get("targetNamespace"):
            yield "the schema has no targetNamespace", document.place(schema)


def _old_schemas(contract: Contract) -> Broken:
    for source in contract.definitions.schemas:
        # the element itself was renamed when it was read; what it declares still tells
        for namespace in sorted(OLD_NAMESPACES.intersection(source.element.nsmap.values())):
            yield f"the schema is written in {namespace}", source.document.place(source.element)


def _soap_arrays(contract: Contract) -> Broken:
    for document in contract.documents:
        for element in document.root.iter(clark(XSD, "restriction"), clark(XSD, "extension")):
            prefix, _, local = (element.get("base") or "").rpartition(":")
            if local == "Array" and element.nsmap.get(prefix or None) == SOAP11_ENC:
                yield "the type is derived from soapenc:Array", document.place(element)


def _array_types(contract: Contract) -> Broken:
    for document in contract.documents:
        for element in document.root.iter(clark(XSD, "attribute")):
            if element.get(clark(WSDL11, "arrayType")) is not None:
                yield "the attribute has wsdl:arrayType", document.place(element)


# --- messages and port types --------------------------------------------------------------------------------------


def _parts_of_both_kinds(contract: Contract) -> Broken:
    for message in contract.definitions.messages.values():
        for part in message.parts:
            if part.element and part.type:
                yield f"part {part.name} has both an element and a type", part.place


def _parts_of_unknown_elements(contract: Contract) -> Broken:
    for message in contract.definitions.messages.values():
        for part in message.parts:
            if part.element and not contract.schema.has("element", part.element):
                yield f"part {part.name} refers to {part.element}, which no schema declares", part.place


def _overloaded(contract: Contract) -> Broken:
    for port_type in contract.definitions.port_types.values():
        seen: set[str] = set()
        for operation in port_type.operations:
            if operation.name in seen:
                yield f"port type {local_name(port_type.name)} has operation {operation.name} twice", operation.place
            seen.add(operation.name)


def _outward(contract: Contract) -> Broken:
    for port_type in contract.definitions.port_types.values():
        for operation in port_type.operations:
            if operation.input is None or operation.output_first:
                yield f"operation {operation.name} starts at the server", operation.place


# --- bindings -----------------------------------------------------------------------------------------------------


def _not_soap(contract: Contract) -> Broken:
    for binding in contract.definitions.bindings.values():
        if binding.protocol != "soap":
            yield f"binding {local_name(binding.name)} is not a SOAP binding", binding.place


def _without_transport(contract: Contract) -> Broken:
    for document, element in _elements(contract, clark(WSDL11, "binding")):
        soap = soap_child(element, "binding")
        if soap is not None and not (soap.get("transport") or "").strip():
            yield "soap:binding names no transport", document.place(soap)


def _other_transports(contract: Contract) -> Broken:
    for binding in contract.definitions.bindings.values():
        if binding.protocol == "soap" and binding.transport not in HTTP_TRANSPORTS:
            yield f"binding {local_name(binding.name)} is over {binding.transport}", binding.place


def _mixed_styles(contract: Contract) -> Broken:
    styles: dict[str, set[str]] = {}
    for binding, _, style in _bound(contract):
        styles.setdefault(binding.name, set()).add(style)
        if len(styles[binding.name]) == 2:
            yield f"binding {local_name(binding.name)} has document and rpc operations", binding.place


def _encoded(contract: Contract) -> Broken:
    for _, operation, _style in _bound(contract):
        for bound in (operation.input, operation.output, *operation.faults):
            if bound is not None and bound.body is not None and not bound.body.literal:
                yield f"operation {operation.name} is encoded", bound.body.place
            for header in bound.headers if bound is not None else ():
                if not header.literal:
                    yield f"a header of operation {operation.name} is encoded", header.place


def _several_body_parts(contract: Contract) -> Broken:
    for operation, bound, _ in _bodies(contract, "document"):
        if bound.body is not None and bound.body.parts is not None and len(bound.body.parts) > 1:
            yield f"soap:body of operation {operation.name} names {len(bound.body.parts)} parts", bound.body.place


def _several_parts_without_choice(contract: Contract) -> Broken:
    for operation, bound, message in _bodies(contract, "document"):
        unsaid = bound.body is None or bound.body.parts is None
        if unsaid and message is not None and len(message.parts) > 1:
            yield (
                (
                    f"message {local_name(message.name)} has {len(message.parts)} parts, and soap:body of operation "
                    f"{operation.name} does not say which it holds"
                ),
                bound.body.place if bound.body is not None else bound.place,
            )


def _document_types(contract: Contract) -> Broken:
    for operation, bound, message in _bodies(contract, "document"):
        for part in _body_parts(bound, message):
            if not part.element:
                yield f"part {part.name} of document operation {operation.name} has no element", part.place


def _rpc_elements(contract: Contract) -> Broken:
    for operation, bound, message in _bodies(contract, "rpc"):
        for part in _body_parts(bound, message):
            if not part.type:
                yield f"part {part.name} of rpc operation {operation.name} has no type", part.place


def _typed_headers(contract: Contract) -> Broken:
    messages = contract.definitions.messages
    for _, operation, _style in _bound(contract):
        for bound in filter(None, (operation.input, operation.output)):
            for header in bound.headers:
                message = messages.get(header.message)
                part = message.part(header.part) if message is not None else None
                if part is not None and not part.element:
                    yield f"header {part.name} of operation {operation.name} has no element", part.place


def _typed_faults(contract: Contract) -> Broken:
    for port_type in contract.definitions.port_types.values():
        for operation in port_type.operations:
            for fault in operation.faults:
                message = contract.definitions.messages.get(fault.message)
                for part in message.parts if message is not None else ():
                    if not part.element:
                        yield f"fault {fault.name} of operation {operation.name} has no element", part.place


def _document_namespaces(contract: Contract) -> Broken:
    for operation, bound, _ in _bodies(contract, "document"):
        if bound.body is not None and bound.body.namespace is not None:
            yield f"soap:body of document operation {operation.name} has a namespace", bound.body.place


def _rpc_without_namespace(contract: Contract) -> Broken:
    for operation, bound, _ in _bodies(contract, "rpc"):
        if bound.body is None or ":" not in (bound.body.namespace or ""):
            place = bound.body.place if bound.body is not None else bound.place
            yield f"soap:body of rpc operation {operation.name} has no absolute namespace", place


def _other_operations(contract: Contract) -> Broken:
    for binding in contract.definitions.bindings.values():
        port_type = contract.definitions.port_types.get(binding.port_type)
        if port_type is not None:
            offered = {operation.name for operation in port_type.operations}
            bound = {operation.name for operation in binding.operations}
            for name in sorted(offered ^ bound):
                lacks = "port type" if name in bound else "binding"
                yield f"operation {name} is missing in the {lacks} of {local_name(binding.name)}", binding.place


def _same_signatures(contract: Contract) -> Broken:
    for service in contract.services:
        seen: dict[str, str] = {}
        for operation in service.operations:
            signature = _signature(contract, operation.request)
            if signature in seen:
                yield (
                    (
                        f"operations {seen[signature]} and {operation.name} have the same Body on the wire, "
                        f"{signature or 'an empty one'}"
                    ),
                    operation.place,
                )
            seen.setdefault(signature, operation.name)


def _signature(contract: Contract, message: Message) -> str:
    """The element in the Body: what a receiver that does not look at the action can tell an operation by."""
    if message.tag is not None:
        return message.tag
    first = next(iter(contract.shapes[message.record].elements), None)
    return first.tag if isinstance(first, ElementField) else ""


def _soap_faults(contract: Contract) -> Broken:
    for document, element in _elements(contract, clark(WSDL11, "fault")):
        for fault in soap_children(element, "fault"):
            if not fault.get("name"):
                yield "soap:fault has no name", document.place(fault)
            elif fault.get("name") != element.get("name"):
                yield (
                    f"soap:fault is named {fault.get('name')!r}, the wsdl:fault around it {element.get('name')!r}",
                    document.place(fault),
                )


def _header_parts(contract: Contract) -> Broken:
    for document, element in _elements(contract, "{*}header"):
        if namespace_of(tag_of(element)) in SOAP_VERSIONS and element.get("part") is None:
            yield "soap:header has no part", document.place(element)


def _encodings(contract: Contract) -> Broken:
    for document in contract.documents:
        encoding = (document.root.getroottree().docinfo.encoding or "UTF-8").upper()
        if not encoding.startswith(("UTF-8", "UTF-16")):
            yield f"the document is encoded in {encoding}", Place(document.source, 1)


_READERS = "Tools differ in what they do with it: some stop, some guess."
_WIRE = "Two implementations may write different messages for the same contract."

RULES: tuple[Rule, ...] = (
    Rule("R2001", "wsdl:import imports WSDL only", _READERS, _imports_of_schemas),
    Rule("R2005", "an import has the namespace of what it imports", _READERS, _imports_of_other_namespaces),
    Rule("R2007", "wsdl:import has a location", "Nobody can know what is meant.", _imports_without_location),
    Rule("R2105", "a schema has a target namespace", _READERS, _schemas_without_namespace),
    Rule("R2110", "no type is derived from soapenc:Array", "Literal messages know no SOAP arrays.", _soap_arrays),
    Rule("R2111", "wsdl:arrayType is not used", "Literal messages know no SOAP arrays.", _array_types),
    Rule("R2201", "soap:body of a document operation holds one part", _WIRE, _several_body_parts),
    Rule("R2203", "parts of rpc operations have types", _WIRE, _rpc_elements),
    Rule("R2204", "parts of document operations have elements", _WIRE, _document_types),
    Rule("R2205", "headers have elements", _WIRE, _typed_headers),
    Rule("R2205", "faults have elements", "The detail of a fault has no name that all agree on.", _typed_faults),
    Rule("R2206", "a part refers to a global element", "The operation cannot be used.", _parts_of_unknown_elements),
    Rule("R2210", "without parts, the message of a document body has one part", _WIRE, _several_parts_without_choice),
    Rule("R2303", "operations start at the client", "Nobody says where the server would send to.", _outward),
    Rule(
        "R2304", "operations of a port type have different names", "Many languages cannot tell them apart.", _overloaded
    ),
    Rule("R2306", "a part has an element or a type", _READERS, _parts_of_both_kinds),
    Rule("R2401", "bindings are SOAP bindings", "SOAP tools cannot call it.", _not_soap),
    Rule("R2701", "a SOAP binding names its transport", _READERS, _without_transport),
    Rule("R2702", "the transport is HTTP", "Few implementations speak another.", _other_transports),
    Rule("R2705", "a binding is document or rpc, not both", _READERS, _mixed_styles),
    Rule("R2706", "messages are literal", "Encoded messages interoperate badly and cannot be validated.", _encoded),
    Rule(
        "R2710",
        "each operation of a binding has its own Body on the wire",
        "A receiver that does not look at the action cannot tell them apart.",
        _same_signatures,
    ),
    Rule("R2716", "document bindings have no namespace on soap:body", _READERS, _document_namespaces),
    Rule("R2717", "rpc bindings have an absolute namespace on soap:body", _WIRE, _rpc_without_namespace),
    Rule("R2718", "a binding has the operations of its port type", "They are called, and fail.", _other_operations),
    Rule("R2720", "soap:header names its part", _READERS, _header_parts),
    Rule("R2754", "soap:fault is named like its wsdl:fault", _READERS, _soap_faults),
    Rule("R2801", "schemas are written in XML Schema 1.0 of 2001", _READERS, _old_schemas),
    Rule("R4003", "documents are encoded in UTF-8 or UTF-16", "No other encoding must be understood.", _encodings),
)
