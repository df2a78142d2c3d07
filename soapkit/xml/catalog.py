"""An OASIS XML catalog: which document stands for which location.

    <catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">
      <uri name="http://example.org/common.xsd" uri="schemas/common.xsd"/>
      <rewriteURI uriStartString="http://example.org/" rewritePrefix="mirror/"/>
    </catalog>

Source: OASIS XML Catalogs 1.1, sections 4, 6 and 7. Entries for public identifiers, which no schema has, are not read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lxml.etree import _Element

from soapkit.errors import ContractError, Place
from soapkit.xml.names import XML, clark, local_name, namespace_of
from soapkit.xml.walk import children, tag_of

CATALOG = "urn:oasis:names:tc:entity:xmlns:xml:catalog"

# Which attribute of an entry holds what it is looked up by, and which where that is.
_EXACT = {"uri": ("name", "uri"), "system": ("systemId", "uri")}
_PREFIX = {"rewriteURI": ("uriStartString", "rewritePrefix"), "rewriteSystem": ("systemIdStartString", "rewritePrefix")}
_SUFFIX = {"uriSuffix": ("uriSuffix", "uri"), "systemSuffix": ("systemIdSuffix", "uri")}
_DELEGATES = {"delegateURI": ("uriStartString", "catalog"), "delegateSystem": ("systemIdStartString", "catalog")}

Join = Callable[[str, str], str]
"""A location and the URL it stands in -> a URL."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """The entries of a catalog, their targets as URLs, in the order in which they apply."""

    exact: tuple[tuple[str, str], ...] = ()
    prefixes: tuple[tuple[str, str], ...] = ()
    suffixes: tuple[tuple[str, str], ...] = ()
    delegates: tuple[tuple[str, str], ...] = ()
    next: tuple[str, ...] = ()

    def delegated(self, location: str) -> tuple[str, ...]:
        """The catalogs that alone are asked about `location`, where no entry speaks of it: those of the longest start
        first; none if it is not delegated (OASIS XML Catalogs 1.1, 7.2.2, 5)."""
        found = [(start, url) for start, url in self.delegates if location.startswith(start)]
        return tuple(dict.fromkeys(url for _, url in sorted(found, key=lambda entry: -len(entry[0]))))

    def lookup(self, location: str) -> str | None:
        """The URL that stands for `location`, or None: an exact entry, else the longest prefix, else the longest suffix
        (OASIS XML Catalogs 1.1, 7.2.2).

        >>> Catalog(prefixes=(("http://example.org/", "file:///mirror/"),)).lookup("http://example.org/a.xsd")
        'file:///mirror/a.xsd'
        """
        for name, url in self.exact:
            if name == location:
                return url
        starts = [(start, url) for start, url in self.prefixes if location.startswith(start)]
        if starts:
            start, url = max(starts, key=lambda entry: len(entry[0]))
            return url + location[len(start) :]
        ends = [(end, url) for end, url in self.suffixes if location.endswith(end)]
        return max(ends, key=lambda entry: len(entry[0]))[1] if ends else None


def look_up(location: str, first: str, catalogs: Mapping[str, Catalog]) -> str | None:
    """The URL that stands for `location` by the catalog `first` and those it leads to (OASIS XML Catalogs 1.1, 7.2.2):
    its own entries; else, where it delegates, what the catalogs named there say, and nothing else; else the next ones.
    """
    return _asked(location, first, catalogs, set())[0]


def _asked(location: str, url: str, catalogs: Mapping[str, Catalog], seen: set[str]) -> tuple[str | None, bool]:
    """What is found, and whether that is the last word."""
    if url in seen or url not in catalogs:
        return None, False
    seen.add(url)
    catalog = catalogs[url]
    found = catalog.lookup(location)
    if found is not None:
        return found, True
    delegated = catalog.delegated(location)
    for following in delegated or catalog.next:
        found, final = _asked(location, following, catalogs, set() if delegated else seen)
        if final:
            return found, True
    return None, bool(delegated)


def read_catalog(root: _Element, url: str, join: Join, source: str = "") -> Catalog:
    """The entries below the root element of the catalog at `url`.

    Raises `ContractError` when the root is not a catalog.
    """
    if tag_of(root) != clark(CATALOG, "catalog"):
        raise ContractError(
            f"expected an XML catalog, element {clark(CATALOG, 'catalog')}; found {tag_of(root)}",
            place=Place(source or url, root.sourceline),
        )
    exact: list[tuple[str, str]] = []
    prefixes: list[tuple[str, str]] = []
    suffixes: list[tuple[str, str]] = []
    delegates: list[tuple[str, str]] = []
    following: list[str] = []

    def collect(parent: _Element, base: str) -> None:
        base = join(parent.get(clark(XML, "base"), ""), base)
        for entry in children(parent):
            if namespace_of(tag_of(entry)) != CATALOG:
                continue  # 7.1.3: entries of other namespaces are ignored
            kind = local_name(tag_of(entry))
            if kind == "group":
                collect(entry, base)
            elif kind == "nextCatalog":
                following.append(join(entry.get("catalog", ""), join(entry.get(clark(XML, "base"), ""), base)))
            tables = ((_EXACT, exact), (_PREFIX, prefixes), (_SUFFIX, suffixes), (_DELEGATES, delegates))
            for table, found in tables:
                if kind in table:
                    key, target = (entry.get(name, "") for name in table[kind])
                    found.append((key, join(target, join(entry.get(clark(XML, "base"), ""), base))))

    collect(root, url)
    return Catalog(tuple(exact), tuple(prefixes), tuple(suffixes), tuple(delegates), tuple(following))
