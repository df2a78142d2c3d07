"""Simple types -> ``xs:simpleType``, by name or in line."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Final

from lxml import etree
from lxml.etree import _Element

from soapkit.databinding.shape import Atomic, Facets, ListOf, Simple, UnionOf
from soapkit.xml.names import XSD, local_name, namespace_of
from soapkit.xsd.write_pages import Page, Pages, set_documentation

_XS: Final = f"{{{XSD}}}"
_COUNTS: Final = (
    ("length", "length"),
    ("min_length", "minLength"),
    ("max_length", "maxLength"),
    ("total_digits", "totalDigits"),
    ("fraction_digits", "fractionDigits"),
    ("min_inclusive", "minInclusive"),
    ("max_inclusive", "maxInclusive"),
    ("min_exclusive", "minExclusive"),
    ("max_exclusive", "maxExclusive"),
    ("white_space", "whiteSpace"),
)


@dataclass(frozen=True, slots=True)
class SimpleTypes:
    """Those of all pages."""

    pages: Pages

    def name_of(self, simple: Simple) -> str | None:
        """The Clark name of a simple type, which is then written; None for one that stands in line."""
        if simple.name is not None and not simple.name.startswith(_XS):
            page = self.pages.page(namespace_of(simple.name))
            if simple.name not in page.types:
                page.types[simple.name] = self.definition(simple, page, local_name(simple.name))
            return simple.name
        if isinstance(simple, Atomic) and simple.facets == Facets() and not simple.enumeration:
            return f"{_XS}{simple.builtin}"
        return None

    def set_type(self, owner: _Element, simple: Simple, page: Page, attribute: str = "type") -> None:
        """Give an element, an attribute, a list or a restriction its type, by name or in line."""
        name = self.name_of(simple)
        if name is not None:
            owner.set(attribute, page.name(name))
        else:
            owner.append(self.definition(simple, page, None))

    def definition(self, simple: Simple, page: Page, name: str | None) -> _Element:
        """``xs:simpleType``: a step of restriction for each step of patterns, around the list, union or built-in."""
        element = etree.Element(f"{_XS}simpleType")
        if name:
            element.set("name", name)
        set_documentation(element, simple.documentation)
        simple = _without_enumerated_booleans(simple)
        steps = simple.facets.patterns
        plain = simple.facets == Facets() and not simple.enumeration
        if plain and isinstance(simple, ListOf):
            self.set_type(etree.SubElement(element, f"{_XS}list"), simple.item, page, "itemType")
        elif plain and isinstance(simple, UnionOf):
            self._union(element, simple, page)
        else:
            last = replace(simple.facets, patterns=steps[-1:])
            restriction = etree.SubElement(element, f"{_XS}restriction")
            inner = replace(simple, name=None, facets=Facets(patterns=steps[:-1]), enumeration=(), documentation="")
            self.set_type(restriction, inner, page, "base")
            self._facets(restriction, last, simple, page)
        return element

    def _union(self, element: _Element, simple: UnionOf, page: Page) -> None:
        union = etree.SubElement(element, f"{_XS}union")
        names = [self.name_of(member) for member in simple.members]
        named = list(itertools.takewhile(lambda name: name is not None, names))
        if named:  # memberTypes come before types in line (XSD part 1, 3.14.2)
            union.set("memberTypes", " ".join(page.name(name) for name in named if name is not None))
        for member, name in list(zip(simple.members, names, strict=True))[len(named) :]:
            if name is None:
                union.append(self.definition(member, page, None))
            else:
                inner = etree.SubElement(union, f"{_XS}simpleType")
                etree.SubElement(inner, f"{_XS}restriction", base=page.name(name))

    def _facets(self, restriction: _Element, facets: Facets, simple: Simple, page: Page) -> None:
        names = isinstance(simple, Atomic) and simple.builtin in ("QName", "NOTATION")
        for attribute, facet in _COUNTS:
            value = getattr(facets, attribute)
            if value is not None:
                etree.SubElement(restriction, f"{_XS}{facet}", value=str(value))
        for pattern in (pattern for step in facets.patterns for pattern in step):
            etree.SubElement(restriction, f"{_XS}pattern", value=pattern)
        for permitted in simple.enumeration:
            value = page.name(permitted.value) if names else permitted.value
            set_documentation(etree.SubElement(restriction, f"{_XS}enumeration", value=value), permitted.documentation)


_SPELLINGS = {"true": ("true", "1"), "false": ("false", "0")}


def _without_enumerated_booleans(simple: Simple) -> Simple:
    """xs:boolean takes no enumeration (XSD part 2, 3.2.2.2): the same in patterns."""
    if not (isinstance(simple, Atomic) and simple.builtin == "boolean" and simple.enumeration):
        return simple
    spelled = tuple(text for one in simple.enumeration for text in _SPELLINGS[one.value.strip()])
    facets = replace(simple.facets, patterns=(*simple.facets.patterns, spelled))
    return replace(simple, facets=facets, enumeration=())
