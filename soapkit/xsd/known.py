"""The well-known schemas: known without a network. Their tables (`soapkit.xsd.known_tables`) -> components."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from soapkit.errors import Place
from soapkit.xml.names import SOAP11_ENC, SOAP12_ENC, XSD, clark, namespace_of
from soapkit.xsd.known_tables import PREFIXES, TABLES
from soapkit.xsd.model import (
    BUILTINS,
    Attribute,
    AttributeGroup,
    AttributeGroupRef,
    AttributeRef,
    AttributeUse,
    AttributeWildcard,
    ComplexType,
    Component,
    Element,
    ElementRef,
    Facet,
    Group,
    Particle,
    SimpleType,
    Use,
    Wildcard,
)

_OCCURRENCES: Final[dict[str, tuple[int, int | None]]] = {"?": (0, 1), "*": (0, None), "+": (1, None)}
_SPACE_OF: Final = {
    "element": "element",
    "attribute": "attribute",
    "simple": "type",
    "type": "type",
    "attributes": "attributeGroup",
}


def is_known_namespace(namespace: str) -> bool:
    """Whether a namespace has a table here.

    >>> is_known_namespace("http://www.w3.org/XML/1998/namespace")
    True
    """
    return namespace in TABLES


def known_component(space: str, name: str) -> Component | None:
    """The component `name` of a well-known schema, None where there is none. `space`: its symbol space."""
    namespace = namespace_of(name)
    return _components(namespace).get((space, name)) if namespace in TABLES else None


@cache
def known_names(space: str) -> frozenset[str]:
    """The names in a symbol space that the well-known schemas declare."""
    return frozenset(name for namespace in TABLES for inner, name in _components(namespace) if inner == space)


@cache
def _components(namespace: str) -> dict[tuple[str, str], Component]:
    reader = _Reader(namespace, Place(namespace))
    found = {key: component for line in _lines(TABLES[namespace]) for key, component in [reader.component(line)]}
    if namespace in (SOAP11_ENC, SOAP12_ENC):
        found.update(_like_builtins(namespace))
    return found


def _lines(table: str) -> Iterator[str]:
    """The lines of a table, continued ones joined."""
    yield from (line for line in table.replace("\n    ", " ").split("\n") if line)


def _like_builtins(namespace: str) -> Iterator[tuple[tuple[str, str], Component]]:
    """SOAP encoding names a type and an element after every built-in type (SOAP 1.1, 5.1); id and href aside."""
    place = Place(namespace)
    for name, builtin in BUILTINS.items():
        local = name.removeprefix(f"{{{XSD}}}")
        own = clark(namespace, local)
        if isinstance(builtin, SimpleType) and local != "anySimpleType":
            yield ("type", own), SimpleType(own, "restriction", name, place=place)
            yield ("element", own), Element(own, own, nillable=True, place=place)


@dataclass(slots=True)
class _Reader:
    """Reads the notation of one namespace."""

    namespace: str
    place: Place
    tokens: list[str] = field(default_factory=list)

    def component(self, line: str) -> tuple[tuple[str, str], Component]:
        """One line: its key (symbol space, Clark name) and its component."""
        head, _, body = line.partition(":")
        kind, name, *base = head.split()
        clark_name = clark(self.namespace, name)
        self.tokens = body.split()
        key = (_SPACE_OF[kind], clark_name)
        if kind == "element":
            return key, Element(clark_name, self._name(self.tokens[0]), place=self.place)
        if kind == "attribute":
            return key, Attribute(clark_name, self._name(self.tokens[0]), place=self.place)
        if kind == "simple":
            return key, self._simple(clark_name)
        if kind == "attributes":
            uses, wildcard = self._attributes()
            return key, AttributeGroup(clark_name, uses, wildcard, place=self.place)
        return key, self._complex(clark_name, self._name(base[1]) if base else None)

    def _name(self, text: str) -> str:
        prefix, colon, local = text.rpartition(":")
        return clark(PREFIXES[prefix] if colon else self.namespace, local)

    def _simple(self, name: str) -> SimpleType:
        tokens = self.tokens
        if tokens[0] == "list":
            return SimpleType(name, "list", item=self._name(tokens[1]), place=self.place)
        if "|" in tokens:
            members = tuple(self._name(member) for member in " ".join(tokens).split(" | "))
            return SimpleType(name, "union", members=members, place=self.place)
        values = tuple(Facet("enumeration", value.strip("'")) for value in tokens[2:])
        return SimpleType(name, "restriction", self._name(tokens[0]), facets=values, place=self.place)

    def _complex(self, name: str, base: str | None) -> ComplexType:
        mixed = self._take("mixed")
        text = self.tokens.pop(0)[5:] if self.tokens and self.tokens[0].startswith("text=") else None
        content = None if text is not None else self._particles()
        attributes, wildcard = self._attributes()
        simple_base = base is not None and self._is_simple(base)
        return ComplexType(
            name,
            self._name(text) if text is not None else base,
            "extension" if text is not None or base is not None else None,
            content if content is not None and content.particles else None,
            attributes,
            wildcard,
            mixed,
            simple=text is not None or simple_base,
            place=self.place,
        )

    def _is_simple(self, base: str) -> bool:
        """Whether the content of a type of this table is simple: its line, or that of its base, says ``text=``."""
        heads = (line.partition(":") for line in _lines(TABLES[self.namespace]))
        for head, _, body in heads:
            kind, name, *further = head.split()
            if kind == "type" and clark(self.namespace, name) == base:
                return (
                    body.split()[:1] != [] and body.split()[0].startswith("text=")
                    if not further
                    else (self._is_simple(self._name(further[1])))
                )
        return False

    def _take(self, word: str) -> bool:
        if self.tokens and self.tokens[0] == word:
            self.tokens.pop(0)
            return True
        return False

    def _particles(self) -> Group:
        """A sequence, or a choice of sequences, up to the closing bracket or the attributes."""
        branches: list[list[Particle]] = [[]]
        while self.tokens and not self.tokens[0].startswith(("@", ")")):
            if self._take("|"):
                branches.append([])
            else:
                branches[-1].append(self._particle())
        if len(branches) == 1:
            return Group("sequence", tuple(branches[0]), place=self.place)
        chosen = (one[0] if len(one) == 1 else Group("sequence", tuple(one), place=self.place) for one in branches)
        return Group("choice", tuple(chosen), place=self.place)

    def _particle(self) -> Particle:
        if self._take("("):
            inner = self._particles()
            low, high = _OCCURRENCES.get(self.tokens.pop(0)[1:], (1, 1))
            return Group(inner.kind, inner.particles, low, high, self.place)
        token = self.tokens.pop(0)
        low, high = _OCCURRENCES.get(token[-1], (1, 1))
        token = token.rstrip("?*+")
        if token in ("any", "other"):
            return Wildcard(self._wildcard(token), "lax", low, high, place=self.place)
        local, equals, type_ = token.partition("=")
        if equals:
            tag = local[1:] if local.startswith("-") else clark(self.namespace, local)
            return Element(tag, self._name(type_), low, high, place=self.place)
        return ElementRef(self._name(token), low, high, place=self.place)

    def _wildcard(self, word: str) -> tuple[str, ...]:
        return ("##any",) if word in ("any", "*") else ("##other", self.namespace, "")

    def _attributes(self) -> tuple[tuple[AttributeUse, ...], AttributeWildcard | None]:
        uses: list[AttributeUse] = []
        wildcard: AttributeWildcard | None = None
        for token in self.tokens:
            word = token[1:]
            if word in ("*", "other"):
                wildcard = AttributeWildcard(self._wildcard(word), "lax")
            elif word.startswith("{"):
                uses.append(AttributeGroupRef(self._name(word.strip("{}")), self.place))
            else:
                local, equals, type_ = word.partition("=")
                use: Use = "required" if local.endswith("!") else "optional"
                local = local.rstrip("!")
                if type_.startswith("'"):
                    uses.append(AttributeRef(self._name(local), use, fixed=type_.strip("'"), place=self.place))
                elif equals:
                    uses.append(Attribute(local, self._name(type_), use, place=self.place))
                else:
                    uses.append(AttributeRef(self._name(local), use, place=self.place))
        return tuple(uses), wildcard
