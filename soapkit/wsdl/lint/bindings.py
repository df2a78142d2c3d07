"""Rules on SOAP bindings (WS-I Basic Profile 1.1, 4.4, 4.6 and 4.7)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml.etree import _Element

from soapkit.errors import Problem
from soapkit.wsdl.extensions import SOAP_OVER_HTTP, soap_children
from soapkit.wsdl.lint.description import BindingView, Check, Description, SoapPart
from soapkit.wsdl.lint.documents import is_absolute
from soapkit.wsdl.model import SoapVersion
from soapkit.xml.names import WSDL11, WSDL11_MIME, clark, local_name
from soapkit.xml.walk import children

_NMTOKEN = re.compile(r"[\w.:-]+")


# --- the binding as a whole ---------------------------------------------------------------------------------------


def soap_bindings(version: SoapVersion | None) -> Check:
    """R2401: for one version of SOAP, or (None) for either."""

    def check(description: Description) -> Iterator[Problem]:
        for binding in description.bindings:
            place = binding.page.place(binding.element)
            if binding.version is None:
                yield Problem(f"binding {binding.name} is no SOAP binding", place)
            elif version is not None and binding.version != version:
                yield Problem(f"binding {binding.name} is of SOAP {binding.version}; expected SOAP {version}", place)

    return check


def transports_are_named(description: Description) -> Iterator[Problem]:
    """R2701."""
    for binding in description.bindings:
        if binding.soap is not None and binding.soap.get("transport") is None:
            yield Problem(f"soap:binding of {binding.name} names no transport", binding.page.place(binding.soap))


def transports_are_http(description: Description) -> Iterator[Problem]:
    """R2702."""
    for binding in description.bindings:
        transport = binding.soap.get("transport") if binding.soap is not None else None
        if binding.soap is not None and transport is not None and transport != SOAP_OVER_HTTP:
            message = f"the transport of {binding.name} is {transport!r}; expected {SOAP_OVER_HTTP!r}"
            yield Problem(message, binding.page.place(binding.soap))


def bindings_of_one_style(description: Description) -> Iterator[Problem]:
    """R2705."""
    for binding in _soap(description):
        styles = {binding.style_of(operation): operation for operation in binding.operations}
        if len(styles) > 1:
            place = binding.page.place(list(styles.values())[-1])
            yield Problem(f"binding {binding.name} has both document and rpc operations", place)


def bindings_of_the_same_operations(description: Description) -> Iterator[Problem]:
    """R2718."""
    for binding in _soap(description):
        if binding.port_type is None:
            continue
        bound = [(operation.get("name") or "").strip() for operation in binding.operations]
        for definition in binding.port_type.operations:
            if definition.name not in bound:
                message = f"binding {binding.name} lacks operation {definition.name} of its port type"
                yield Problem(message, binding.page.place(binding.element))
        for operation in binding.operations:
            if binding.definition_of(operation) is None:
                name = local_name(binding.port_type.name)
                message = f"operation {operation.get('name')} of binding {binding.name} is not in port type {name}"
                yield Problem(message, binding.page.place(operation))


def operations_of_different_signatures(description: Description) -> Iterator[Problem]:
    """R2710."""
    for binding in _soap(description):
        known: dict[str, str] = {}
        parts = (part for operation in binding.operations for part in description.by_operation.get(operation, ()))
        for part in parts:
            if part.kind != "body" or part.direction != "input":
                continue
            signature, name = _signature(part), part.operation.get("name") or ""
            if signature in known:
                said = f"element {signature}" if signature else "an empty Body"
                message = f"operation {name} has the same request as {known[signature]}: {said}"
                yield Problem(message, part.place)
            elif signature is not None:
                known[signature] = name


def ports_of_different_addresses(description: Description) -> Iterator[Problem]:
    """R2711."""
    known: dict[tuple[str, str], str] = {}
    for page, port in description.elements("service", "port"):
        for address in soap_children(port, "address"):
            key = (str(address.tag), (address.get("location") or "").strip())
            name = port.get("name") or ""
            if key in known:
                yield Problem(f"port {name} has the address of port {known[key]}: {key[1]}", page.place(address))
            known.setdefault(key, name)


# --- bodies and their parts ---------------------------------------------------------------------------------------


def document_bodies_of_one_part(description: Description) -> Iterator[Problem]:
    """R2201."""
    for part in _styled(description, "document"):
        named = (part.element.get("parts") or "").split()
        if len(named) > 1:
            yield Problem(f"{part.where} names {len(named)} parts", part.place)


def document_messages_of_one_part(description: Description) -> Iterator[Problem]:
    """R2210."""
    for part in _styled(description, "document"):
        if part.element.get("parts") is None and part.message is not None and len(part.message.parts) > 1:
            name, number = local_name(part.message.name), len(part.message.parts)
            yield Problem(f"{part.where} names no parts, and message {name} has {number}", part.place)


def document_parts_have_elements(description: Description) -> Iterator[Problem]:
    """R2204."""
    yield from _parts_without(description, "document", "element")


def rpc_parts_have_types(description: Description) -> Iterator[Problem]:
    """R2203."""
    yield from _parts_without(description, "rpc", "type")


def headers_and_faults_have_elements(description: Description) -> Iterator[Problem]:
    """R2205."""
    for part in description.of("header", "headerfault", "fault"):
        for found in part.parts:
            if not found.element:
                yield Problem(f"{part.where} refers to part {found.name}, which has no element", part.place)


def parts_are_bound(description: Description) -> Iterator[Problem]:
    """R2209."""
    for binding in _soap(description):
        for operation in binding.operations:
            definition = binding.definition_of(operation)
            for use in (definition.input, definition.output) if definition is not None else ():
                message = description.contract.definitions.messages.get(use.message) if use is not None else None
                for part in message.parts if message is not None else ():
                    if message is not None and part.name not in _bound_parts(description, operation, message.name):
                        said = f"part {part.name} of message {local_name(message.name)} is not bound by {binding.name}"
                        yield Problem(said, binding.page.place(operation))


# --- attributes ---------------------------------------------------------------------------------------------------


def literal(description: Description) -> Iterator[Problem]:
    """R2706, for all but soap:fault, which has a requirement of its own."""
    yield from _not_literal(description.of("body", "header", "headerfault"))


def literal_faults(description: Description) -> Iterator[Problem]:
    """R2723."""
    yield from _not_literal(description.of("fault"))


def document_without_namespaces(description: Description) -> Iterator[Problem]:
    """R2716."""
    for part in description.soap_parts:
        if part.style == "document" and part.element.get("namespace") is not None:
            yield Problem(f"{part.where}, which is document, has a namespace attribute", part.place)


def rpc_bodies_with_namespaces(description: Description) -> Iterator[Problem]:
    """R2717."""
    for part in _styled(description, "rpc"):
        namespace = part.element.get("namespace")
        if namespace is None:
            yield Problem(f"{part.where}, which is rpc, has no namespace attribute", part.place)
        elif not is_absolute(namespace):
            yield Problem(f"the namespace {namespace!r} of the {part.where} is not an absolute URI", part.place)


def rpc_headers_without_namespaces(description: Description) -> Iterator[Problem]:
    """R2726."""
    for part in description.of("header", "headerfault", "fault"):
        if part.style == "rpc" and part.element.get("namespace") is not None:
            yield Problem(f"{part.where} has a namespace attribute", part.place)


def headers_name_their_part(description: Description) -> Iterator[Problem]:
    """R2720."""
    for part in description.of("header", "headerfault"):
        name = part.element.get("part")
        if name is None:
            yield Problem(f"{part.where} has no part attribute", part.place)
        elif _NMTOKEN.fullmatch(name.strip()) is None:
            yield Problem(f"part={name!r} of the {part.where} is not one name", part.place)


def headers_name_no_parts(description: Description) -> Iterator[Problem]:
    """R2749."""
    for part in description.of("header", "headerfault"):
        if part.element.get("parts") is not None:
            yield Problem(f"{part.where} has a parts attribute", part.place)


def faults_have_names(description: Description) -> Iterator[Problem]:
    """R2721."""
    for part in description.of("fault"):
        if not (part.element.get("name") or "").strip():
            yield Problem(f"{part.where} has no name", part.place)


def faults_are_named_alike(description: Description) -> Iterator[Problem]:
    """R2754."""
    for part in description.of("fault"):
        name, around = part.element.get("name"), part.holder.get("name")
        if name is not None and name != around:
            yield Problem(f"soap:fault is named {name!r}, the wsdl:fault around it {around!r}", part.place)


def faults_are_bound(description: Description) -> Iterator[Problem]:
    """R2740."""
    for binding in _soap(description):
        for operation in binding.operations:
            definition = binding.definition_of(operation)
            bound = {fault.get("name") for fault in children(operation, clark(WSDL11, "fault")) if _has_fault(fault)}
            for fault in definition.faults if definition is not None else ():
                if fault.name not in bound:
                    message = (
                        f"binding {binding.name} has no soap:fault for fault {fault.name} of {operation.get('name')}"
                    )
                    yield Problem(message, binding.page.place(operation))


# --- what the checks share ----------------------------------------------------------------------------------------


def _soap(description: Description) -> Iterator[BindingView]:
    return (binding for binding in description.bindings if binding.soap is not None)


def _styled(description: Description, style: str) -> Iterator[SoapPart]:
    return (part for part in description.of("body") if part.style == style)


def _parts_without(description: Description, style: str, wanted: str) -> Iterator[Problem]:
    for part in _styled(description, style):
        for found in part.parts:
            if not getattr(found, wanted):
                yield Problem(
                    f"{part.where}, which is {style}, refers to part {found.name}, which has no {wanted}", part.place
                )


def _not_literal(parts: Iterator[SoapPart]) -> Iterator[Problem]:
    for part in parts:
        use = part.element.get("use")
        if use is not None and use != "literal":
            yield Problem(f"the use of the {part.where} is {use!r}", part.place)


def _signature(part: SoapPart) -> str | None:
    """The element in the Body of a request, empty if there is none; None where it is not known."""
    if part.style == "rpc":
        return clark(part.element.get("namespace"), part.operation.get("name") or "")
    if part.message is None:
        return None
    return part.parts[0].element if part.parts else ""


def _bound_parts(description: Description, operation: _Element, message: str) -> set[str]:
    """The parts of a message that an operation's binding puts anywhere."""
    soap_parts = description.by_operation.get(operation, ())
    bound = {
        found.name
        for part in soap_parts
        if part.message is not None and part.message.name == message
        for found in part.parts
    }
    return bound | {content.get("part") or "" for content in operation.iter(clark(WSDL11_MIME, "content"))}


def _has_fault(holder: _Element) -> bool:
    return next(soap_children(holder, "fault"), None) is not None
