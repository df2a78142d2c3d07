"""A contract's documents -> one document that refers to no other: GET /bank?singleWsdl.

What a WSDL document imports is moved into the first one, and so into its namespace: a document has one. On the wire
nothing tells the namespace of a message, port type or binding, but for Actions of WS-Addressing that a contract leaves
to their default. Schemas become one xs:schema a namespace. One that is redefined cannot be moved: it stays where
``?xsd=`` hands it out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from lxml import etree
from lxml.etree import _Element

from soapkit.wsdl.model import Contract
from soapkit.wsdl.page import POLICY_REFERENCES, POLICY_URIS, is_schema, schemas_in
from soapkit.wsdl.publish import links_of, queries_of, reachable, set_address
from soapkit.xml.documents import Document
from soapkit.xml.make import make_element
from soapkit.xml.names import WSDL11, WSDL20, clark, local_name, namespace_of
from soapkit.xml.serialise import serialise
from soapkit.xml.transplant import declared, prefix_for, transplant
from soapkit.xml.walk import children, tag_of
from soapkit.xsd.known import is_known_namespace
from soapkit.xsd.merge import SchemaPage, merge

# The attributes that name what WSDL documents define, by the element they stand at, each with the kind of component.
_REFERENCES: Final[Mapping[str, Mapping[str, str]]] = {
    "input": {"message": "message"},
    "output": {"message": "message"},
    "fault": {"message": "message", "ref": "fault"},
    "infault": {"ref": "fault"},
    "outfault": {"ref": "fault"},
    "header": {"message": "message"},
    "headerfault": {"message": "message"},
    "binding": {"type": "portType", "interface": "interface"},
    "port": {"binding": "binding"},
    "endpoint": {"binding": "binding"},
    "service": {"interface": "interface"},
    "interface": {"extends": "interface"},
}
# WSDL 1.1, appendix A.4: any order does, and this one suits readers that go through a document once.
_ORDER: Final = ("documentation", "", "types", "message", "portType", "interface", "binding", "service")
_NAMED: Final = _ORDER[3:]


def single(contract: Contract, address: str) -> bytes:
    """The whole contract in one document. `address`: see `soapkit.wsdl.publish.published`.

    >>> from soapkit.wsdl.load import load_contract
    >>> b"schemaLocation" in single(load_contract("wsdl/bank.wsdl"), "https://bank.example/soap")
    False
    """
    base = address.partition("?")[0]
    documents = reachable(contract)
    wsdls = [document for document in documents if not is_schema(document.root)]
    first = wsdls[0].root
    own = [prefix_and_uri for prefix_and_uri in first.nsmap.items() if prefix_and_uri[0]]
    prefixes = declared(dict(own), namespace_of(tag_of(first)), "wsdl")
    prefixes = declared(prefixes, _target(first), "tns", [document.root for document in wsdls])
    made = make_element(tag_of(first), first.attrib, prefixes)
    made.text = "\n"
    move = _Move(made, _target(first), _names(wsdls), frozenset(_target(document.root) for document in wsdls))
    for kind, component, document in _components(wsdls):
        if kind == "types":
            _write_types(made, list(_schema_pages(contract, documents, base)))
        else:
            move.take(kind, component, document)
    _lead_policies_here(made, wsdls)
    set_address(made, base)
    return serialise(made, declaration=True)


def _target(root: _Element) -> str:
    return (root.get("targetNamespace") or "").strip()


# --- what WSDL documents define -----------------------------------------------------------------------------------


def _components(documents: Iterable[Document]) -> Iterator[tuple[str, _Element, Document]]:
    """The children of all documents, in the order in which they are written, with their kind; types once."""
    found = []
    for number, document in enumerate(documents):
        language = namespace_of(tag_of(document.root))
        found += [("types", document.root, document)] if not number else []
        for child in children(document.root):
            kind = local_name(tag_of(child)) if namespace_of(tag_of(child)) == language else ""
            if kind in ("import", "include", "types") or (kind == "documentation" and number):
                continue
            found.append((kind if kind in _ORDER else "", child, document))
    yield from sorted(found, key=lambda one: _ORDER.index(one[0]))


def _names(documents: Iterable[Document]) -> dict[tuple[str, str], str]:
    """Kind and Clark name of each component -> its name in the namespace of all: its own, numbered where taken."""
    names: dict[tuple[str, str], str] = {}
    taken: set[tuple[str, str]] = set()
    for document in documents:
        for child in children(document.root):
            kind, own = local_name(tag_of(child)), (child.get("name") or "").strip()
            key = kind, clark(_target(document.root), own)
            if kind not in _NAMED or key in names:
                continue
            name, number = own, 1
            while (kind, name) in taken:
                number += 1
                name = f"{own}{number}"
            taken.add((kind, name))
            names[key] = name
    return names


@dataclass(frozen=True, slots=True)
class _Move:
    """Components of several documents on their way into `root`, whose target namespace is `target`. `names`: see
    `_names`; `namespaces`: those that components come from."""

    root: _Element
    target: str
    names: Mapping[tuple[str, str], str]
    namespaces: frozenset[str]
    _taken: set[tuple[str, str]] = field(default_factory=set)

    def take(self, kind: str, component: _Element, document: Document) -> None:
        """Write one component of a document; one that two documents of a namespace define, once."""
        own = (component.get("name") or "").strip()
        key = kind, clark(_target(document.root), own)
        if kind in _NAMED and own and key in self._taken:
            return
        self._taken.add(key)
        moved = transplant(component, self.root)
        moved.tail = "\n"
        if key in self.names:
            moved.set("name", self.names[key])
        for element in moved.iter(etree.Element):
            for attribute, named in _REFERENCES.get(local_name(tag_of(element)), {}).items():
                value = element.get(attribute)
                if value:
                    told = [self._told(one, named, element, _target(document.root)) for one in value.split()]
                    element.set(attribute, " ".join(told))

    def _told(self, text: str, kind: str, element: _Element, target: str) -> str:
        """A QName as it is to be written here; one that leads to nothing that was moved stays as it is."""
        prefix, _, local = text.rpartition(":")
        meant = element.nsmap.get(prefix or None, target)
        if meant in (WSDL11, WSDL20):
            meant = target  # as contracts are read, see `soapkit.wsdl.page.Page.reference`
        name = self.names.get((kind, clark(meant, local)))
        if kind == "fault" and meant in self.namespaces:  # of an interface, in which its name is its own
            name = local
        return text if name is None else f"{prefix_for(element, self.target)}:{name}"


def _lead_policies_here(root: _Element, documents: Iterable[Document]) -> None:
    """References to a policy in a document that was moved become references to it here."""
    files = {document.url.partition("?")[0].rpartition("/")[2] for document in documents}
    for element in root.iter(etree.Element):
        for attribute in (*POLICY_URIS, *(["URI"] if tag_of(element) in POLICY_REFERENCES else [])):
            value = element.get(attribute)
            if value:
                element.set(attribute, " ".join(_here(uri, files) for uri in value.split()))


def _here(uri: str, files: set[str]) -> str:
    location, sign, fragment = uri.partition("#")
    return f"#{fragment}" if sign and location.rpartition("/")[2] in files else uri


# --- schemas ------------------------------------------------------------------------------------------------------


def _write_types(made: _Element, pages: list[SchemaPage]) -> None:
    if not pages:
        return
    types = etree.SubElement(made, clark(namespace_of(tag_of(made)), "types"))
    types.text, types.tail = "\n", "\n"
    together: dict[tuple[str, str], list[SchemaPage]] = {}
    for page in pages:
        together.setdefault((page.namespace, tag_of(page.root)), []).append(page)
    for alike in together.values():
        merge(alike, types)


def _schema_pages(contract: Contract, documents: Iterable[Document], base: str) -> Iterator[SchemaPage]:
    """The schemas in the contract, and all that they import or include, each once in each namespace it is used in."""
    by_url = {document.url: document for document in documents}
    queries = queries_of(contract)
    waiting: list[tuple[_Element, Document, str]] = []
    for document in by_url.values():
        if not is_schema(document.root):
            for types in document.root.iterchildren(clark(namespace_of(tag_of(document.root)), "types")):
                waiting += [(schema, document, _target(schema)) for schema in schemas_in(types)]
            for element, _, location in links_of(document.root):
                target = by_url.get(contract.links.get((document.url, location), ""))
                if element.getparent() is document.root and target is not None and is_schema(target.root):
                    waiting.append((target.root, target, _target(target.root)))
    seen: set[tuple[int, str]] = set()
    while waiting:
        root, document, namespace = waiting.pop(0)
        if (id(root), namespace) in seen:
            continue
        seen.add((id(root), namespace))
        kept = []
        written = {element: location for element, _, location in links_of(root)}
        for element in children(root):
            kind, location = local_name(tag_of(element)), written.get(element, "")
            if kind not in ("import", "include", "redefine", "override"):
                continue
            target = by_url.get(contract.links.get((document.url, location), ""))
            if target is None:
                if kind == "import" and is_known_namespace(element.get("namespace") or "") and ":" not in location:
                    location = ""  # soapkit knows it without a document, and there is none at this location
                if kind == "import" or location:
                    kept.append((element, location))
            elif kind in ("redefine", "override"):
                kept.append((element, f"{base}?{queries[target.url]}"))
            else:
                inner = _target(target.root) or (namespace if kind == "include" else "")
                waiting.append((target.root, target, inner))
                if kind == "import":
                    kept.append((element, ""))
        yield SchemaPage(root, namespace, tuple(kept))
