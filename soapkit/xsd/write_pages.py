"""The schema documents that `write` writes: one for each namespace; and the attributes its elements share."""

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


def has_content(page: Page) -> bool:
    return bool(page.elements or page.types or page.attributes)


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
