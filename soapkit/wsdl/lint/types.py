"""Rules on types, messages and port types (WS-I Basic Profile 1.1, 4.3 to 4.5 and 4.8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from lxml.etree import _Element

from soapkit.errors import Problem
from soapkit.wsdl.lint.description import Description
from soapkit.wsdl.page import Page
from soapkit.xml.names import SOAP11_ENC, WSDL11, XSD, clark, local_name
from soapkit.xml.walk import children, tag_of
from soapkit.xsd.document import OLD_NAMESPACES, SchemaDocument

_WSDL_REFERENCES = {
    "message": (
        ("portType", "operation", "input"),
        ("portType", "operation", "output"),
        ("portType", "operation", "fault"),
    ),
    "type": (("binding",),),
    "binding": (("service", "port"),),
}
_SCHEMA_REFERENCES = ("type", "ref", "base", "itemType", "memberTypes", "substitutionGroup", "refer")


# --- references and schemas ---------------------------------------------------------------------------------------


def references_to_what_is_imported(description: Description) -> Iterator[Problem]:
    """R2101."""
    for attribute, paths in _WSDL_REFERENCES.items():
        for path in paths:
            for page, element in description.elements(*path):
                namespace = _namespace_of_reference(element, attribute)
                if namespace is not None and namespace not in _known_to(page):
                    said = f"{attribute}={element.get(attribute)!r} is in namespace {namespace!r}"
                    message = f"{said}, which this document neither defines nor imports"
                    yield Problem(message, page.place(element))


def schema_references_to_what_is_imported(description: Description) -> Iterator[Problem]:
    """R2102."""
    for schema in description.contract.schema.documents:
        known = {XSD, schema.target} | {
            (element.get("namespace") or "").strip() for element in schema.root.iterchildren(clark(XSD, "import"))
        }
        told: set[str] = set()
        for element in schema.root.iterdescendants(f"{{{XSD}}}*"):
            for namespace, text in _references(element, schema):
                if namespace not in known and namespace not in told and namespace not in OLD_NAMESPACES:
                    told.add(namespace)
                    message = f"{text!r} is in namespace {namespace!r}, which this schema does not import"
                    yield Problem(message, schema.place(element))


def schemas_have_a_target(description: Description) -> Iterator[Problem]:
    """R2105."""
    for source in description.contract.definitions.schemas:
        inline = source.element.getparent() is not None
        others = [
            child for child in children(source.element) if local_name(tag_of(child)) not in ("import", "annotation")
        ]
        if inline and others and not (source.element.get("targetNamespace") or "").strip():
            yield Problem("an xs:schema in wsdl:types has no targetNamespace", source.document.place(source.element))


def no_encoded_arrays(description: Description) -> Iterator[Problem]:
    """R2110."""
    for schema in description.contract.schema.documents:
        for element in schema.root.iterdescendants(clark(XSD, "extension"), clark(XSD, "restriction")):
            prefix, _, local = (element.get("base") or "").strip().rpartition(":")
            if local == "Array" and element.nsmap.get(prefix or None) == SOAP11_ENC:
                how = local_name(tag_of(element))
                yield Problem(f"a type is derived from soapenc:Array by {how}", schema.place(element))


def no_array_types(description: Description) -> Iterator[Problem]:
    """R2111."""
    for schema in description.contract.schema.documents:
        for element in schema.root.iterdescendants(clark(XSD, "attribute")):
            if element.get(clark(WSDL11, "arrayType")) is not None:
                yield Problem("a type declaration uses wsdl:arrayType", schema.place(element))


def no_array_names(description: Description) -> Iterator[Problem]:
    """R2112."""
    for schema in description.contract.schema.documents:
        for element in schema.root.iterdescendants(clark(XSD, "element")):
            if (element.get("name") or "").startswith("ArrayOf"):
                yield Problem(f"an element is named {element.get('name')}", schema.place(element))


def schemas_of_the_recommendation(description: Description) -> Iterator[Problem]:
    """R2801. A schema of a draft is read as one of the Recommendation; only the warning still tells."""
    for warning in description.contract.warnings:
        if warning.message.startswith(tuple(f"the schema is written in {namespace};" for namespace in OLD_NAMESPACES)):
            yield warning


# --- messages and port types --------------------------------------------------------------------------------------


def parts_of_global_elements(description: Description) -> Iterator[Problem]:
    """R2206."""
    for message in description.contract.definitions.messages.values():
        for part in message.parts:
            if part.element and not description.contract.schema.has("element", part.element):
                yield Problem(f"part {part.name} refers to element {part.element}, which is not declared", part.place)


def parts_of_one_kind(description: Description) -> Iterator[Problem]:
    """R2306."""
    for message in description.contract.definitions.messages.values():
        for part in message.parts:
            if part.element and part.type:
                yield Problem(f"part {part.name} has both an element and a type", part.place)


def operations_start_at_the_client(description: Description) -> Iterator[Problem]:
    """R2303."""
    for port_type in description.contract.definitions.port_types.values():
        for operation in port_type.operations:
            if operation.output_first:
                yield Problem(f"operation {operation.name} is a solicit-response operation", operation.place)
            elif operation.input is None and operation.output is not None:
                yield Problem(f"operation {operation.name} is a notification operation", operation.place)


def operations_have_names_of_their_own(description: Description) -> Iterator[Problem]:
    """R2304."""
    for port_type in description.contract.definitions.port_types.values():
        times: Counter[str] = Counter()
        for operation in port_type.operations:
            times[operation.name] += 1
            if times[operation.name] > 1:
                name = local_name(port_type.name)
                yield Problem(f"port type {name} has {operation.name} a second time", operation.place)


def parameter_orders_omit_one_part(description: Description) -> Iterator[Problem]:
    """R2305."""
    for page, element in description.elements("portType", "operation"):
        order = element.get("parameterOrder")
        output = element.find(clark(WSDL11, "output"))
        if order is None or output is None:
            continue
        message = description.contract.definitions.messages.get(page.reference(output, "message"))
        omitted = [part.name for part in message.parts if part.name not in order.split()] if message is not None else []
        if len(omitted) > 1:
            said = f"parameterOrder of {element.get('name')} omits {', '.join(omitted)} of the output; it may omit one"
            yield Problem(said, page.place(element))


def _known_to(page: Page) -> set[str]:
    """The namespaces that a WSDL document defines or imports."""
    imports = children(page.document.root, clark(WSDL11, "import"))
    return {page.target_namespace} | {(element.get("namespace") or "").strip() for element in imports}


def _namespace_of_reference(element: _Element, attribute: str) -> str | None:
    """The namespace of a QName in an attribute; None where there is none, or its prefix is not declared."""
    text = (element.get(attribute) or "").strip()
    prefix, _, _ = text.rpartition(":")
    if not text or (prefix and prefix not in element.nsmap):
        return None
    return element.nsmap.get(prefix or None, "")


def _references(element: _Element, schema: SchemaDocument) -> Iterator[tuple[str, str]]:
    """The schema components that a declaration refers to: namespace, and as written."""
    for attribute in _SCHEMA_REFERENCES:
        for text in (element.get(attribute) or "").split():
            prefix, _, _ = text.rpartition(":")
            if prefix and prefix != "xml" and prefix not in element.nsmap:
                continue
            namespace = element.nsmap.get(prefix or None, "")
            if prefix == "xml":
                namespace = "http://www.w3.org/XML/1998/namespace"
            if not (schema.chameleon and not namespace):
                yield namespace, text
