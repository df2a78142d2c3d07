"""One schema document: what its root says for everything in it, and what its prefixes mean."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

from lxml import etree
from lxml.etree import _Element

from soapkit.errors import Place, Problems
from soapkit.xml.names import XML, XSD, clark
from soapkit.xsd.model import BUILTINS, FOREIGN_BUILTINS

# Namespaces of drafts, read as the Recommendation's (XSD 1.0, 2001).
OLD_NAMESPACES = frozenset(
    {
        "http://www.w3.org/1999/XMLSchema",
        "http://www.w3.org/2000/08/XMLSchema",
        "http://www.w3.org/2000/10/XMLSchema",
        "http://www.w3.org/2001/XMLSchema-datatypes",
        "http://www.w3.org/2001/XMLSchema/",
        "https://www.w3.org/2001/XMLSchema",
    }
)

# Types of other versions of the language, and types of this one in the wrong case, by their names in lower case.
_MISSPELT = {
    **{name.removeprefix(f"{{{XSD}}}").casefold(): name.removeprefix(f"{{{XSD}}}") for name in BUILTINS},
    **{name.casefold(): meant for name, meant in FOREIGN_BUILTINS.items()},
}

SCHEMA = f"{{{XSD}}}schema"


@dataclass(frozen=True, slots=True)
class SchemaDocument:
    """A schema document and its defaults.

    `target`: its target namespace, ``""`` for none; in a chameleon include that of the including document. `aliases`:
    references that mean another name, inside xs:redefine (the component as it was before). `source`: what a person
    knows the document by.
    """

    root: _Element
    url: str
    source: str
    target: str
    warnings: Problems
    prefixes: dict[str | None, str]
    local_prefixes: frozenset[str | None] = frozenset()
    qualified_elements: bool = False
    qualified_attributes: bool = False
    block: frozenset[str] = frozenset()
    final: frozenset[str] = frozenset()
    chameleon: bool = False
    aliases: tuple[tuple[str, str], ...] = ()

    def place(self, element: _Element) -> Place:
        """Where `element` stands in this document."""
        return Place(self.source, element.sourceline)

    def warn(self, message: str, element: _Element) -> None:
        """A rule that the document breaks at `element`, and what was assumed."""
        self.warnings.add(message, self.place(element))

    def name(self, local: str) -> str:
        """The Clark name of a global component of this document."""
        return f"{{{self.target}}}{local}" if self.target else local

    def qname(self, text: str, element: _Element) -> str:
        """A QName written at `element`, as a Clark name.

        A prefix that nothing declares is taken for XML Schema's if it looks like it, else for the target namespace,
        with a warning.
        """
        prefix, _, local = text.strip().rpartition(":")
        key = prefix or None
        namespace = element.nsmap.get(key) if key in self.local_prefixes else self.prefixes.get(key)
        if namespace is None:
            if key is not None:
                namespace = self._undeclared(prefix, local, element)
            else:
                namespace = self.target if self.chameleon else ""
        elif namespace in OLD_NAMESPACES:
            namespace = XSD
        if namespace == XSD and f"{{{XSD}}}{local}" not in BUILTINS and local.casefold() in _MISSPELT:
            local = self._foreign_builtin(local, element)
        name = f"{{{namespace}}}{local}" if namespace else local
        return dict(self.aliases).get(name, name) if self.aliases else name

    def base_name(self, text: str, element: _Element) -> str:
        """The name of a base type. In xs:redefine it can only be the type itself (4.2.2), whatever its prefix says."""
        local = text.strip().rpartition(":")[2]
        for name, original in self.aliases:
            if name == self.name(local):
                return original
        return self.qname(text, element)

    def clark_or_none(self, text: str | None, element: _Element) -> str | None:
        """`text` as a Clark name if it is a QName whose prefix is declared (a value that may be one), else None."""
        prefix, _, local = (text or "").strip().rpartition(":")
        if text is None or not local or " " in text.strip():
            return None
        namespace = element.nsmap.get(prefix or None)
        if namespace is None and prefix:
            return None
        return clark(namespace, local)

    def inside_redefine(self, local: str, original: str) -> SchemaDocument:
        """This document as the children of an xs:redefine see it: `local` means the component named `original`."""
        return replace(self, aliases=(*self.aliases, (self.name(local), original)))

    def _undeclared(self, prefix: str, local: str, element: _Element) -> str:
        if prefix == "xml":
            return XML
        looks_built_in = prefix in {"xs", "xsd", "s", "schema"} and f"{{{XSD}}}{local}" in BUILTINS
        namespace = XSD if looks_built_in else self.target
        self.warn(
            f"prefix {prefix!r} of {prefix}:{local} is not declared (Namespaces in XML, 5); taken for {namespace!r}",
            element,
        )
        return namespace

    def _foreign_builtin(self, local: str, element: _Element) -> str:
        meant = _MISSPELT[local.casefold()]
        self.warn(f"xs:{local} is not a type of XML Schema 1.0; read as xs:{meant}", element)
        return meant


def document_for(
    root: _Element, url: str, source: str, warnings: Problems, *, target: str | None = None, chameleon: bool = False
) -> SchemaDocument:
    """The document of an ``xs:schema`` element. `target`: its namespace where not its own (chameleon include).

    A root in a draft's namespace is renamed to the Recommendation's, in place.
    """
    if root.tag != SCHEMA:
        _rename_draft(root, source, warnings)
    own = (root.get("targetNamespace") or "").strip()
    return SchemaDocument(
        root,
        url,
        source,
        target if target is not None else own,
        warnings,
        dict(root.nsmap),
        local_prefixes=_local_prefixes(root),
        qualified_elements=root.get("elementFormDefault") == "qualified",
        qualified_attributes=root.get("attributeFormDefault") == "qualified",
        block=frozenset((root.get("blockDefault") or "").split()),
        final=frozenset((root.get("finalDefault") or "").split()),
        chameleon=chameleon,
    )


def _local_prefixes(root: _Element) -> frozenset[str | None]:
    """The prefixes declared below the root: only for them must an element's own declarations be asked."""
    found: dict[str | None, int] = {}
    at_root = _declared_at(root)
    for _, declared in etree.iterwalk(root, events=("start-ns",)):
        prefix = cast("tuple[str, str]", declared)[0]
        found[prefix or None] = found.get(prefix or None, 0) + 1
    return frozenset(prefix for prefix, times in found.items() if times > (1 if prefix in at_root else 0))


def _declared_at(root: _Element) -> set[str | None]:
    parent = root.getparent()
    above = parent.nsmap if parent is not None else {}
    return {prefix for prefix, namespace in root.nsmap.items() if above.get(prefix) != namespace}


def _rename_draft(root: _Element, source: str, warnings: Problems) -> None:
    namespace = etree.QName(root).namespace
    if namespace not in OLD_NAMESPACES:
        return
    warnings.add(f"the schema is written in {namespace}; read as {XSD}", Place(source, root.sourceline))
    old = f"{{{namespace}}}"
    for element in root.iter(f"{old}*"):
        element.tag = f"{{{XSD}}}{str(element.tag)[len(old) :]}"
