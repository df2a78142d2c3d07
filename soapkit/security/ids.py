"""wsu:Id and its kin: give, find, refuse doubles.

The law of this file: an id that two elements carry names neither. All the attributes that some specification takes
for an id are looked at together, so that a forged element cannot hide behind another spelling.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeAlias, cast

from lxml import etree
from lxml.etree import _Element

from soapkit.errors import SecurityError, UsageError
from soapkit.xml.measure import Measure
from soapkit.xml.names import DS, WSSE11, WSU, XENC, XENC11, XML, namespace_of
from soapkit.xml.walk import path_of, place_of, tag_of

WSU_ID = f"{{{WSU}}}Id"
ID_ATTRIBUTES = (WSU_ID, "Id", "ID", "AssertionID", f"{{{XML}}}id")


class _AttributeValue(Protocol):
    """What XPath gives for an attribute: its text, which knows where it stands."""

    @property
    def attrname(self) -> str: ...

    def getparent(self) -> _Element: ...


_Find: TypeAlias = "Callable[[_Element], list[_AttributeValue]]"

# Attribute by attribute: asking each element for all of them takes libxml2 four times as long. Where there are few
# attributes, looking at them all is three times faster still.
_FIND_ALL = tuple(
    cast("_Find", etree.XPath(f"/descendant-or-self::*/@{name}", namespaces={"wsu": WSU, "xml": XML}))
    for name in ("wsu:Id", "Id", "ID", "AssertionID", "xml:id")
)
_COUNT = cast("Callable[[_Element], float]", etree.XPath("count(/descendant-or-self::*/@*)"))
_EVERY = cast("_Find", etree.XPath("/descendant-or-self::*/@*"))
_NAMES = frozenset(ID_ATTRIBUTES)
_FEW = 200
_TOLD = 3
_NAME = re.compile(r"[^\W\d][\w.-]*")
_PLAIN_ID = frozenset({DS, XENC, XENC11})

# so that an attribute set on an element of the caller's gets the prefix that a reader expects
etree.register_namespace("wsu", WSU)
etree.register_namespace("wsse11", WSSE11)


def id_of(element: _Element) -> str | None:
    """The id an element carries, wsu:Id before others; None without one."""
    for name in ID_ATTRIBUTES:
        value = element.get(name)
        if value:
            return value
    return None


def ids_of(element: _Element) -> tuple[str, ...]:
    """All the ids an element carries, each once."""
    return tuple(dict.fromkeys(value for name in ID_ATTRIBUTES if (value := element.get(name))))


def give_id(element: _Element, fresh: str) -> str:
    """The id of `element`, which gets `fresh` when it has none: plain ``Id`` where its schema says so, else wsu:Id."""
    existing = id_of(element)
    if existing is not None:
        return existing
    element.set("Id" if namespace_of(tag_of(element)) in _PLAIN_ID else WSU_ID, fresh)
    return fresh


def _finder(name: str) -> _Find:
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is not the name of an attribute in no namespace")
    return cast("_Find", etree.XPath(f"/descendant-or-self::*/@{name}"))


def _ids(root: _Element, also: tuple[str, ...], measure: Measure | None) -> list[_AttributeValue]:
    """Every attribute of the document that is an id."""
    finders = [_finder(name) for name in also]
    if (measure is not None and measure.attributes <= _FEW) or _COUNT(root) <= _FEW:
        names = _NAMES.union(also) if also else _NAMES
        return [value for value in _EVERY(root) if value.attrname in names]
    return [value for find in (*_FIND_ALL, *finders) for value in find(root)]


@dataclass(frozen=True, slots=True)
class Came:
    """An element that was decrypted, and what stood in its place, in the tree before."""

    element: _Element
    encrypted: _Element


class IdIndex:
    """Every element of a tree by its id. Made once, since walking a large message is dear."""

    def __init__(
        self,
        root: _Element,
        also: Iterable[str] = (),
        measure: Measure | None = None,
        came: Iterable[tuple[str, Came]] = (),
    ) -> None:
        """`also`: further attributes in no namespace that are ids in this kind of document; `measure`: of the document,
        where it is known; `came`: what may be found, too, by the id that its EncryptedData had."""
        self.measure = measure
        self.came: dict[str, Came] = {}
        self._found: dict[str, list[_Element]] = {}
        for value in _ids(root, tuple(also), measure):
            name, element = str(value), value.getparent()
            holders = self._found.get(name)
            if holders is None:
                self._found[name] = [element]
            # one id in two spellings is one; of many holders only a few are kept, to be told
            elif len(holders) < _TOLD and element not in holders:
                holders.append(element)

        for name, each in came:
            self.came[name] = each
            holders = self._found.setdefault(name, [])
            if each.element not in holders:
                holders.append(each.element)

    def __contains__(self, name: object) -> bool:
        """Whether some element carries that id."""
        return name in self._found

    def find(self, uri: str, *, by: _Element) -> _Element:
        """The one element that a reference ``#id`` names; `by` is the element that refers to it.

        Raises `SecurityError` for any other URI (nothing outside the message is ever opened), when no element or more
        than one carries the id.
        """
        if not uri.startswith("#") or len(uri) == 1 or "(" in uri:
            raise SecurityError(
                f"a reference must name an element of this message by its id, found URI {uri!r:.120}",
                place=place_of(by),
            )
        found = self._found.get(uri[1:], [])
        if not found:
            raise SecurityError(f"no element carries the id {uri[1:]!r:.120}", place=place_of(by))
        if len(found) > 1:
            paths = ", ".join(map(path_of, found))
            raise SecurityError(f"several elements carry the id {uri[1:]!r:.120}: {paths}", place=place_of(by))
        return found[0]
