"""A contract as the rules look at it: its WSDL 1.1 documents, and each soap: element with all that it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from lxml.etree import _Element

from soapkit.errors import Place, Problem, Problems
from soapkit.wsdl.extensions import SOAP_VERSIONS, soap_child, soap_children
from soapkit.wsdl.model import Contract, MessageDefinition, OperationDefinition, PartDefinition, PortType, SoapVersion
from soapkit.wsdl.page import Page, page_for
from soapkit.xml.documents import Document
from soapkit.xml.names import WSDL11, WSDL11_MIME, clark, namespace_of
from soapkit.xml.walk import children, tag_of

Direction: TypeAlias = Literal["input", "output", "fault"]
Kind: TypeAlias = Literal["body", "header", "headerfault", "fault"]

_DIRECTIONS: dict[str, Direction] = {
    clark(WSDL11, "input"): "input",
    clark(WSDL11, "output"): "output",
    clark(WSDL11, "fault"): "fault",
}


@dataclass(frozen=True, slots=True)
class BindingView:
    """A wsdl:binding. `soap`: its soap:binding element; `version`: of SOAP; both None if it is of another protocol."""

    page: Page
    element: _Element
    soap: _Element | None
    version: SoapVersion | None
    port_type: PortType | None

    @property
    def name(self) -> str:
        """Its name, as written."""
        return (self.element.get("name") or "").strip()

    @property
    def operations(self) -> Iterator[_Element]:
        """Its wsdl:operation elements."""
        return children(self.element, clark(WSDL11, "operation"))

    def style_of(self, operation: _Element) -> str:
        """document or rpc: of the operation, else of the binding, else document (WSDL 1.1, 3.3 and 3.4)."""
        soap = soap_child(operation, "operation")
        for element in (soap, self.soap):
            style = (element.get("style") or "").strip() if element is not None else ""
            if style:
                return style
        return "document"

    def definition_of(self, operation: _Element) -> OperationDefinition | None:
        """The operation of the port type that it binds."""
        name = (operation.get("name") or "").strip()
        known = self.port_type.operations if self.port_type is not None else ()
        return next((found for found in known if found.name == name), None)


@dataclass(frozen=True, slots=True)
class SoapPart:
    """A soap:body, soap:header, soap:headerfault or soap:fault.

    `holder`: the wsdl:input, output or fault around it. `message`: the one that the port type names for that place; of
    a header, the one that it names itself.
    """

    binding: BindingView
    operation: _Element
    direction: Direction
    kind: Kind
    holder: _Element
    element: _Element
    message: MessageDefinition | None

    @property
    def style(self) -> str:
        """document or rpc."""
        return self.binding.style_of(self.operation)

    @property
    def where(self) -> str:
        """How a person calls it: ``soap:body of the input of transfer``."""
        direction = self.holder.get("name") or "fault" if self.direction == "fault" else f"the {self.direction}"
        return f"soap:{self.kind} of {direction} of {self.operation.get('name')}"

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.binding.page.place(self.element)

    @property
    def parts(self) -> tuple[PartDefinition, ...]:
        """The parts that it refers to: those it names, else all of the message."""
        if self.message is None:
            return ()
        if self.kind in ("header", "headerfault"):
            named = [(self.element.get("part") or self.element.get("parts") or "").strip()]
        else:
            written = self.element.get("parts")
            named = written.split() if written is not None else [part.name for part in self.message.parts]
        return tuple(part for part in self.message.parts if part.name in named)


class Description:
    """What the rules are asked of. Made once for a contract."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.pages = tuple(page_for(document, Problems()) for document in contract.definitions.documents)
        self.bindings = tuple(self._bindings())
        self.soap_parts = tuple(part for binding in self.bindings for part in self._soap_parts(binding))
        self.by_operation: dict[_Element, list[SoapPart]] = {}
        for part in self.soap_parts:
            self.by_operation.setdefault(part.operation, []).append(part)

    def of(self, *kinds: Kind) -> Iterator[SoapPart]:
        """The soap: elements of these kinds, in all bindings."""
        return (part for part in self.soap_parts if part.kind in kinds)

    def led_to(self, page_url: str, location: str) -> Document | None:
        """The document that a location leads to, or None if it was not read."""
        url = self.contract.links.get((page_url, location.strip()))
        return next((document for document in self.contract.documents if document.url == url), None)

    def elements(self, *path: str) -> Iterator[tuple[Page, _Element]]:
        """The WSDL elements at a path below definitions, in every document."""
        for page in self.pages:
            found = [page.document.root]
            for local in path:
                found = [child for element in found for child in children(element, clark(WSDL11, local))]
            yield from ((page, element) for element in found)

    # --- bindings -------------------------------------------------------------------------------------------------

    def _bindings(self) -> Iterator[BindingView]:
        for page, element in self.elements("binding"):
            soap = soap_child(element, "binding")
            version = SOAP_VERSIONS[namespace_of(tag_of(soap))] if soap is not None else None
            port_type = self.contract.definitions.port_types.get(page.reference(element, "type"))
            yield BindingView(page, element, soap, version, port_type)

    def _soap_parts(self, binding: BindingView) -> Iterator[SoapPart]:
        for operation in binding.operations:
            for holder in children(operation):
                direction = _DIRECTIONS.get(tag_of(holder))
                if direction is not None:
                    yield from self._held(binding, operation, direction, holder)

    def _held(
        self, binding: BindingView, operation: _Element, direction: Direction, holder: _Element
    ) -> Iterator[SoapPart]:
        message = self._message_of(binding.definition_of(operation), direction, holder)
        around = [holder, *holder.iter(clark(WSDL11_MIME, "part"))]
        for element in around:
            for body in soap_children(element, "body"):
                yield SoapPart(binding, operation, direction, "body", holder, body, message)
            for fault in soap_children(element, "fault"):
                yield SoapPart(binding, operation, direction, "fault", holder, fault, message)
            for header in soap_children(element, "header"):
                named = self._named_message(binding, header)
                yield SoapPart(binding, operation, direction, "header", holder, header, named)
                for inner in soap_children(header, "headerfault"):
                    named = self._named_message(binding, inner)
                    yield SoapPart(binding, operation, direction, "headerfault", holder, inner, named)

    def _named_message(self, binding: BindingView, element: _Element) -> MessageDefinition | None:
        return self.contract.definitions.messages.get(binding.page.reference(element, "message"))

    def _message_of(
        self, definition: OperationDefinition | None, direction: Direction, holder: _Element
    ) -> MessageDefinition | None:
        if definition is None:
            return None
        if direction == "fault":
            name = (holder.get("name") or "").strip()
            use = next((fault for fault in definition.faults if fault.name == name), None)
        else:
            use = definition.input if direction == "input" else definition.output
        return self.contract.definitions.messages.get(use.message) if use is not None else None


Check: TypeAlias = Callable[[Description], Iterator[Problem]]
"""What a rule is: every place where a description breaks it, in words."""
