"""The schema documents that `normalise` writes: a page for each namespace, and what is still to be written on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from soapkit.errors import NOWHERE, Problem
from soapkit.xml.names import XML, XSD, is_ncname, local_name, namespace_of, split
from soapkit.xml.serialise import escape_attribute
from soapkit.xsd.model import Attribute, Element, ElementRef, Group, GroupRef, Particle, is_builtin
from soapkit.xsd.resolve import group_of
from soapkit.xsd.schema import Schema, Space

ComponentKey: TypeAlias = "tuple[Space, str]"
Looser: TypeAlias = "Mapping[ComponentKey, int]"
"""How loosely a component is written: 1 without what restricts values and order, 2 as anything at all."""

DRIVER: Final = "soapkit:all"


@dataclass(frozen=True, slots=True)
class Normalised:
    """Schema documents by URL, and the one (`DRIVER`) that imports all.

    `owners`: the component of each line of each document, after the first. `components`: all that is in them. `gaps`:
    what is referred to and nobody declares; it is written as anything. `relaxed`:
    components that say less than the contract, and why. `cost`: of compiling, roughly in nanoseconds.
    """

    documents: Mapping[str, str]
    owners: Mapping[str, tuple[ComponentKey, ...]]
    components: frozenset[ComponentKey]
    gaps: tuple[Problem, ...] = ()
    relaxed: tuple[tuple[ComponentKey, str], ...] = ()
    cost: int = 0


@dataclass(slots=True)
class Page:
    """The schema document of one namespace while it is written."""

    namespace: str
    url: str
    lines: list[str] = field(default_factory=list)
    owners: list[ComponentKey] = field(default_factory=list)
    prefixes: dict[str, str] = field(default_factory=dict)

    def name(self, clark_name: str) -> str:
        """A Clark name as a QName of this document."""
        namespace, local = split(clark_name)
        if not namespace:
            return local
        if namespace in (XSD, XML):
            return f"{'xs' if namespace == XSD else 'xml'}:{local}"
        prefix = self.prefixes.setdefault(namespace, f"n{len(self.prefixes) + 1}")
        return f"{prefix}:{local}"

    def text(self, urls: Mapping[str, str]) -> str:
        """The document: its first line is the root and the imports."""
        declared = "".join(
            f' xmlns:{prefix}="{escape_attribute(namespace)}"'
            for namespace, prefix in self.prefixes.items()
            if namespace != XML
        )
        target = f' targetNamespace="{escape_attribute(self.namespace)}"' if self.namespace else ""
        imports = "".join(
            import_of(namespace, urls[namespace]) for namespace in urls if namespace not in (self.namespace, XSD)
        )
        body = "\n".join(self.lines)
        return f'<xs:schema xmlns:xs="{XSD}"{declared}{target}>{imports}\n{body}\n</xs:schema>'


def import_of(namespace: str, url: str) -> str:
    """``xs:import`` of a page."""
    name = f' namespace="{escape_attribute(namespace)}"' if namespace else ""
    return f'<xs:import{name} schemaLocation="{url}"/>'


@dataclass(slots=True)
class Plan:
    """What is written, what waits, what could not be."""

    schema: Schema
    looser: Looser
    tags: frozenset[str] | None = None
    cost: int = 0
    pages: dict[str, Page] = field(default_factory=dict)
    seen: set[ComponentKey] = field(default_factory=set)
    waiting: list[ComponentKey] = field(default_factory=list)
    gaps: list[Problem] = field(default_factory=list)
    relaxed: list[tuple[ComponentKey, str]] = field(default_factory=list)
    made_attributes: dict[str, Attribute] = field(default_factory=dict)
    made_elements: dict[str, Element | None] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)

    def open_to(self, element: Element | ElementRef) -> None:
        """Have a lax wildcard check `element`: for that it must be global.

        A local one becomes so, if no other of its name has another type.
        """
        if isinstance(element, ElementRef):
            if self.schema.has("element", element.name):
                self.need("element", element.name)
        elif namespace_of(element.tag) and not self.schema.has("element", element.tag):
            alone = replace(element, minimum=1, maximum=1, place=NOWHERE, documentation="", constraints=())
            known = self.made_elements.setdefault(element.tag, alone)
            if known is not None and known.type != alone.type:
                self.made_elements[element.tag] = None

    def declare_local_elements(self) -> bool:
        """Have the elements of `open_to` written. Whether there were any."""
        for tag, element in self.made_elements.items():
            if element is not None:
                self.need("element", tag)
        return bool(self.waiting)

    def need(self, space: Space, name: str) -> None:
        """Have a global component written, once. One whose name is none cannot be, nor can anything refer to it."""
        if (space, name) not in self.seen and not is_builtin(name) and is_ncname(local_name(name)):
            self.seen.add((space, name))
            self.waiting.append((space, name))

    def is_about(self, element: Element) -> bool:
        """Whether an element, local or global, can occur in what is to be checked."""
        return self.tags is None or element.tag in self.tags

    def size(self, particle: Particle) -> int:
        """How many particles there are when groups are unfolded, without unfolding them."""
        if isinstance(particle, Group):
            return 1 + sum(map(self.size, particle.particles))
        if not isinstance(particle, GroupRef):
            return 1
        if particle.name not in self.sizes:
            self.sizes[particle.name] = 0  # a group inside itself ends here
            self.sizes[particle.name] = self.size(group_of(self.schema, particle))
        return self.sizes[particle.name]

    def page(self, namespace: str) -> Page:
        """The page of a namespace."""
        page = self.pages.get(namespace)
        if page is None:
            page = self.pages[namespace] = Page(namespace, f"soapkit:{len(self.pages) + 1}.xsd")
        return page

    def finish(self) -> Normalised:
        """The documents as they stand."""
        urls = {namespace: page.url for namespace, page in self.pages.items()}
        documents = {page.url: page.text(urls) for page in self.pages.values()}
        imports = "".join(import_of(namespace, url) for namespace, url in urls.items())
        documents[DRIVER] = f'<xs:schema xmlns:xs="{XSD}" targetNamespace="{DRIVER}">{imports}</xs:schema>'
        owners = {page.url: tuple(page.owners) for page in self.pages.values()}
        return Normalised(
            documents, owners, frozenset(self.seen), tuple(dict.fromkeys(self.gaps)), tuple(self.relaxed), self.cost
        )
