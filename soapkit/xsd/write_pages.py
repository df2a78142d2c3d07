"""The schema documents that `write` fills, one for each namespace; and the attributes their elements share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lxml import etree
from lxml.etree import _Element

from soapkit.databinding.shape import Atomic, AttributeField, ElementField
from soapkit.xml.names import CUSTOMARY_PREFIXES, XML, XSD, split

_XS: Final = f"{{{XSD}}}"
_XML_SCHEMA: Final = "http://www.w3.org/2001/xml.xsd"


@dataclass(slots=True)
class Page:
    """The schema of one namespace while it is written."""

    namespace: str
    elements: dict[str, _Element] = field(default_factory=dict)
    types: dict[str, _Element] = field(default_factory=dict)
    attributes: dict[str, _Element] = field(default_factory=dict)
    prefixes: dict[str, str] = field(default_factory=dict)

    def name(self, clark_name: str) -> str:
        """A Clark name as a QName of this document."""
        namespace, local = split(clark_name)
        if not namespace:
            return local
        if namespace == XSD:  # also where it is the target: contracts declare types of their own in it
            return f"xs:{local}"
        if namespace not in self.prefixes:
            wanted = "tns" if namespace == self.namespace else CUSTOMARY_PREFIXES.get(namespace, "")
            if not wanted or wanted in self.prefixes.values():
                wanted = f"ns{len(self.prefixes) + 1}"
            self.prefixes[namespace] = wanted
        return f"{self.prefixes[namespace]}:{local}"

    def has_content(self) -> bool:
        """Whether it declares anything."""
        return bool(self.elements or self.types or self.attributes)

    def root(self, locations: Mapping[str, str]) -> _Element:
        """The ``xs:schema`` element."""
        if self.namespace:
            self.name(f"{{{self.namespace}}}x")
        others = [namespace for namespace in self.prefixes if namespace not in (self.namespace, XSD)]
        nsmap = {"xs": XSD, **{p: n for n, p in self.prefixes.items() if n not in (XML, XSD)}}
        root = etree.Element(f"{_XS}schema", nsmap=nsmap)
        if self.namespace:
            root.set("targetNamespace", self.namespace)
        root.set("elementFormDefault", "qualified")
        for namespace in others:
            imported = etree.SubElement(root, f"{_XS}import", namespace=namespace)
            location = locations.get(namespace, _XML_SCHEMA if namespace == XML else "")
            if location:
                imported.set("schemaLocation", location)
        for part in (self.elements, self.types, self.attributes):
            root.extend(part.values())
        return root


@dataclass(frozen=True, slots=True)
class Pages:
    """The schemas of all namespaces, in the order in which they are met."""

    by_namespace: dict[str, Page] = field(default_factory=dict)

    def page(self, namespace: str) -> Page:
        """That of a namespace, begun where it is not there yet."""
        return self.by_namespace.setdefault(namespace, Page(namespace))

    def roots(self, locations: Mapping[str, str]) -> dict[str, _Element]:
        """The ``xs:schema`` elements of those that declare something."""
        written = {namespace: page for namespace, page in self.by_namespace.items() if page.has_content()}
        return {namespace: page.root(locations) for namespace, page in written.items()}


def occurring(element: _Element, minimum: int, maximum: int | None) -> _Element:
    if minimum != 1:
        element.set("minOccurs", str(minimum))
    if maximum != 1:
        element.set("maxOccurs", "unbounded" if maximum is None else str(maximum))
    return element


def set_value(element: _Element, declared: ElementField | AttributeField, page: Page) -> None:
    kind, text = ("default", declared.default) if declared.fixed is None else ("fixed", declared.fixed)
    if text is not None:
        names = isinstance(declared.type, Atomic) and declared.type.builtin in ("QName", "NOTATION")
        element.set(kind, page.name(text) if names else text)


def set_namespaces(element: _Element, namespaces: tuple[str, ...], page: Page) -> None:
    """The namespace constraint; one that excludes other names than this schema's is written as any."""
    if namespaces[:1] == ("##other",) and page.namespace in namespaces[1:]:
        element.set("namespace", "##other")
    elif namespaces[:1] not in (("##any",), ("##other",)):
        element.set("namespace", " ".join(name or "##local" for name in namespaces))


def set_documentation(element: _Element, documentation: str) -> None:
    if documentation:
        annotation = etree.Element(f"{_XS}annotation")
        etree.SubElement(annotation, f"{_XS}documentation").text = documentation
        element.insert(0, annotation)
