"""Schema: every global component of a set of schema documents, by name, read when it is first asked for.

Loading only notes where each component stands; an element of the document becomes a component when something needs
it. So a large contract costs what is used of it, and a dangling reference costs only what refers to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias, cast

from lxml import etree
from lxml.etree import _Element

from soapkit.errors import NOWHERE, ContractError, Place, Problem, Problems
from soapkit.xml.names import SOAP11_ENC, XSD, did_you_mean, local_name, namespace_of
from soapkit.xsd.document import SchemaDocument
from soapkit.xsd.known import known_component, known_names
from soapkit.xsd.model import (
    ANY_TYPE_NAME,
    BUILTINS,
    AnyTypeDefinition,
    Attribute,
    AttributeGroup,
    Component,
    Element,
    NamedGroup,
    Notation,
    TypeUse,
)
from soapkit.xsd.parse import PARSERS
from soapkit.xsd.parse_simple import EXTENSION, RESTRICTION, XS

Space: TypeAlias = Literal["element", "type", "group", "attribute", "attributeGroup", "notation"]
"""The symbol spaces of XML Schema (part 1, 2.5): simple and complex types share one."""

SPACES: Final[dict[str, Space]] = {
    f"{XS}element": "element",
    f"{XS}complexType": "type",
    f"{XS}simpleType": "type",
    f"{XS}group": "group",
    f"{XS}attribute": "attribute",
    f"{XS}attributeGroup": "attributeGroup",
    f"{XS}notation": "notation",
}

_WORDS: Final[dict[Space, str]] = {"attributeGroup": "attribute group"}


@dataclass(frozen=True, slots=True)
class Declared:
    """Where a global component stands: its element and the document that says how to read it."""

    element: _Element
    document: SchemaDocument

    def read(self) -> Component:
        """The component."""
        return PARSERS[local_name(cast("str", self.element.tag))](self.document, self.element)

    @property
    def place(self) -> Place:
        """Its file and line."""
        return self.document.place(self.element)


Index: TypeAlias = "Mapping[Space, Mapping[str, Declared]]"
Relation: TypeAlias = Callable[[], Iterator[tuple[str, str]]]


def empty_index() -> dict[Space, dict[str, Declared]]:
    """An index without components."""
    return {space: {} for space in ("element", "type", "group", "attribute", "attributeGroup", "notation")}


@dataclass(frozen=True, slots=True)
class Schema:
    """The components of a set of schema documents, by Clark name.

    Look-ups raise `ContractError` with the place of the reference and the nearest name. `warnings` grows while
    components are read. Made by `soapkit.xsd.load.load_schema`.
    """

    documents: tuple[SchemaDocument, ...]
    index: Index
    warnings: Problems
    _read: dict[tuple[Space, str], Component] = field(default_factory=dict, repr=False)
    _derived: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict, repr=False)
    _told: set[Problem] = field(default_factory=set, repr=False)

    def type(self, use: TypeUse, place: Place = NOWHERE) -> AnyTypeDefinition:
        """A type by name, built-in or declared; a type in line is given back."""
        if not isinstance(use, str):
            return use
        return BUILTINS.get(use) or cast("AnyTypeDefinition", self._find("type", use, place))

    def element(self, name: str, place: Place = NOWHERE) -> Element:
        """The global element `name`."""
        return cast("Element", self._find("element", name, place))

    def attribute(self, name: str, place: Place = NOWHERE) -> Attribute:
        """The global attribute `name`."""
        return cast("Attribute", self._find("attribute", name, place))

    def group(self, name: str, place: Place = NOWHERE) -> NamedGroup:
        """The model group `name`."""
        return cast("NamedGroup", self._find("group", name, place))

    def attribute_group(self, name: str, place: Place = NOWHERE) -> AttributeGroup:
        """The attribute group `name`."""
        return cast("AttributeGroup", self._find("attributeGroup", name, place))

    def notation(self, name: str, place: Place = NOWHERE) -> Notation:
        """The notation `name`."""
        return cast("Notation", self._find("notation", name, place))

    def has(self, space: Space, name: str) -> bool:
        """Whether the documents, or the well-known schemas, declare `name`."""
        return name in self.index[space] or (space == "type" and name in BUILTINS) or name in known_names(space)

    def names(self, space: Space) -> Mapping[str, Declared]:
        """The components that the documents declare, in document order."""
        return self.index[space]

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The target namespaces, in the order they were met."""
        return tuple(dict.fromkeys(document.target for document in self.documents))

    def members(self, head: str) -> tuple[str, ...]:
        """The elements that may stand for the global element `head`, transitively, in document order (3.3.6)."""
        return _closure(self._relation("substitution", self._substitutions), head)

    def derived_types(self, name: str) -> tuple[str, ...]:
        """The named types derived from the type `name`, transitively, in document order."""
        return _closure(self._relation("derivation", self._derivations), name)

    def relations(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """Which elements may stand for others, and which types are derived from others, directly: by the upper name."""
        self._relation("substitution", self._substitutions)
        self._relation("derivation", self._derivations)
        return self._derived

    def tell(self, message: str, place: Place) -> None:
        """Note in `warnings`, once, a rule that is broken and what was assumed."""
        problem = Problem(message, place)
        if problem not in self._told:
            self._told.add(problem)
            self.warnings.found.append(problem)

    def read_everything(self) -> None:
        """Read every component, so that `warnings` holds all there is to tell."""
        for space, names in self.index.items():
            for name in names:
                self._find(space, name, NOWHERE)

    def _find(self, space: Space, name: str, place: Place) -> Component:
        found = self._read.get((space, name))
        if found is None:
            found = self._read_component(space, name) or self._assumed(space, name, place)
            found = self._read.setdefault((space, name), found)
        return found

    def _read_component(self, space: Space, name: str) -> Component | None:
        declared = self.index[space].get(name)
        if declared is None:
            return known_component(space, name)
        try:
            return _named(declared.read(), name)
        except RecursionError:
            raise ContractError(f"{_word(space)} {name} is nested too deeply", place=declared.place) from None

    def _assumed(self, space: Space, name: str, place: Place) -> Component:
        """What a dangling name most likely means where only one thing can be meant; else the error."""
        local = local_name(name)
        built_in = f"{{{XSD}}}{local}"
        if space == "type" and built_in in BUILTINS and not namespace_of(name):
            self.tell(f"type {local} is in no namespace; read as xs:{local}", place)
            return BUILTINS[built_in]
        if space == "type" and local == "Array":
            self.tell(f"type {name} is not declared; read as the array of SOAP encoding (SOAP 1.1, 5.4.2)", place)
            return cast("Component", known_component("type", f"{{{SOAP11_ENC}}}Array"))
        missing_namespace = not any(namespace_of(known) == namespace_of(name) for known in self.index[space])
        if not namespace_of(name) or (space == "type" and missing_namespace):
            alike = [known for known in self.index[space] if local_name(known) == local]
            if space == "type":  # what is derived from it is not it
                alike = [known for known in alike if known not in self.derived_types(name)]
            if len(alike) == 1:
                self.tell(f"{_word(space)} {name} is not declared; {alike[0]} assumed", place)
                return self._find(space, alike[0], place)
        if name.startswith(XS) and space == "element":
            self.tell(f"element {name} is one of XML Schema itself; kept as it is, unread", place)
            return Element(name, ANY_TYPE_NAME, place=place)
        names = self.index[space].keys() | (BUILTINS.keys() if space == "type" else set())
        raise ContractError(
            f"{_word(space)} {name} is referred to, but no schema declares it{did_you_mean(name, names)}", place=place
        )

    def _relation(self, kind: str, build: Relation) -> dict[str, tuple[str, ...]]:
        found = self._derived.get(kind)
        if found is None:
            gathered: dict[str, list[str]] = {}
            for lower, upper in build():
                gathered.setdefault(upper, []).append(lower)
            found = self._derived.setdefault(kind, {upper: tuple(lower) for upper, lower in gathered.items()})
        return found

    def _substitutions(self) -> Iterator[tuple[str, str]]:
        for name, declared in self.index["element"].items():
            heads = declared.element.get("substitutionGroup")
            for head in heads.split() if heads else ():
                yield name, declared.document.qname(head, declared.element)

    def _derivations(self) -> Iterator[tuple[str, str]]:
        for name, declared in self.index["type"].items():
            for outer in declared.element:
                inner = next(outer.iterchildren(EXTENSION, RESTRICTION), outer)
                base = inner.get("base")
                if base is not None:
                    yield name, declared.document.qname(base, inner)
                    break


def _closure(relation: Mapping[str, Sequence[str]], start: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    waiting = list(relation.get(start, ()))
    while waiting:
        name = waiting.pop(0)
        if name not in found and name != start:
            found[name] = None
            waiting.extend(relation.get(name, ()))
    return tuple(found)


def _named(component: Component, name: str) -> Component:
    """The component under the name it is known by: one that was redefined is known by another (`load`)."""
    if isinstance(component, (Element, Attribute, Notation)) or component.name == name:
        return component
    return replace(component, name=name)


def _word(space: Space) -> str:
    return _WORDS.get(space, space)


def same_text(one: _Element, other: _Element) -> bool:
    """Whether two declarations are written alike (annotations included, white space aside)."""

    def flat(element: _Element) -> list[tuple[object, ...]]:
        return [
            (node.tag, sorted(node.attrib.items()), (node.text or "").strip()) for node in element.iter(etree.Element)
        ]

    return flat(one) == flat(other)
