"""Schema documents of one namespace -> one xs:schema that refers to no document.

What a document says for all in it (``elementFormDefault`` and its like) is said at each component where the first
document says otherwise; what it includes without a namespace (a chameleon) is given the one that includes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree
from lxml.etree import _Element

from soapkit.xml.make import make_child
from soapkit.xml.names import clark, local_name, namespace_of
from soapkit.xml.transplant import declared, prefix_for, transplant
from soapkit.xml.walk import children, tag_of

# The attributes that hold QNames of components (XSD 1.0, part 1).
_QNAMES: Final = ("type", "ref", "base", "itemType", "memberTypes", "substitutionGroup", "refer")
# What a schema says for the components in it: its attribute -> the attribute of each, and the elements that have it.
_DEFAULTS: Final = {
    "elementFormDefault": ("form", ("element",)),
    "attributeFormDefault": ("form", ("attribute",)),
    "blockDefault": ("block", ("element", "complexType")),
    "finalDefault": ("final", ("element", "complexType", "simpleType")),
}
_FORMS: Final = ("elementFormDefault", "attributeFormDefault")


@dataclass(frozen=True, slots=True)
class SchemaPage:
    """A schema document, or a schema in a contract. `namespace`: that its components are in; `kept`: elements that
    refer to documents and must go on doing so, each with the location it is to have, "" for none."""

    root: _Element
    namespace: str
    kept: tuple[tuple[_Element, str], ...] = ()

    @property
    def is_chameleon(self) -> bool:
        """Whether its own text says no namespace, and it is in one all the same."""
        return bool(self.namespace) and not (self.root.get("targetNamespace") or "").strip()


def merge(pages: Iterable[SchemaPage], parent: _Element) -> _Element:
    """Write the components of `pages`, all of one namespace, as one xs:schema, the last child of `parent`."""
    pages = tuple(pages)
    first = pages[0]
    language = namespace_of(tag_of(first.root))
    prefixes = declared({prefix: uri for prefix, uri in first.root.nsmap.items() if prefix}, language, "xs")
    if first.namespace:
        prefixes = declared(prefixes, first.namespace, "tns", [page.root for page in pages])
    around = parent.nsmap
    missing = {prefix: uri for prefix, uri in prefixes.items() if around.get(prefix) != uri}
    made = make_child(parent, tag_of(first.root), first.root.attrib, missing)
    if first.namespace:
        made.set("targetNamespace", first.namespace)
    made.text, made.tail = "\n", "\n"
    for element, location in _links(pages):
        link = transplant(element, made)
        link.attrib.pop("schemaLocation", None)
        if location:
            link.set("schemaLocation", location)
        link.tail = "\n"
    seen: set[tuple[str, str]] = set()
    for page in pages:
        for component in _components(page.root, seen):
            moved = transplant(component, made)
            moved.tail = "\n"
            _say_defaults(moved, page.root, made)
            if page.is_chameleon:
                _give_namespace(moved, page.namespace)
    return made


def _links(pages: Iterable[SchemaPage]) -> Iterator[tuple[_Element, str]]:
    """What refers to other namespaces or documents, each namespace imported once."""
    imported: dict[str, tuple[_Element, str]] = {}
    others = []
    for page in pages:
        for element, location in page.kept:
            if local_name(tag_of(element)) != "import":
                others.append((element, location))
            elif not imported.get(element.get("namespace", ""), (element, ""))[1]:
                imported[element.get("namespace", "")] = element, location
    yield from imported.values()
    yield from others


def _components(root: _Element, seen: set[tuple[str, str]]) -> Iterator[_Element]:
    """The children of a schema but for its links; a component that two documents have alike, once."""
    for child in children(root):
        local = local_name(tag_of(child))
        key = (local, child.get("name", ""))
        if local in ("import", "include", "redefine", "override") or (key[1] and key in seen):
            continue
        seen.add(key)
        yield child


def _say_defaults(component: _Element, source: _Element, made: _Element) -> None:
    """Say at a component what its own document says for all, where that differs from what the new schema says."""
    language = namespace_of(tag_of(made))
    for default, (attribute, locals_) in _DEFAULTS.items():
        is_form = default in _FORMS
        unsaid = "unqualified" if is_form else ""
        own = source.get(default, unsaid)
        if own == made.get(default, unsaid):
            continue
        for element in component.iter(*(clark(language, local) for local in locals_)):
            if is_form and (element is component or element.get("ref") is not None):
                continue  # global ones are qualified as they are
            if element.get("ref") is None and element.get(attribute) is None:
                element.set(attribute, own)


def _give_namespace(component: _Element, namespace: str) -> None:
    """What refers to no namespace in a chameleon refers to that of the schema (XSD 1.0 part 1, 4.2.1)."""
    for element in component.iter(etree.Element):
        if namespace_of(tag_of(element)) != namespace_of(tag_of(component)) or element.nsmap.get(None):
            continue  # of a foreign language; or no prefix means something
        for attribute in _QNAMES:
            value = element.get(attribute)
            if value:
                own = prefix_for(element, namespace)
                element.set(attribute, " ".join(one if ":" in one else f"{own}:{one}" for one in value.split()))
