"""Children by name; where an element stands."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree
from lxml.etree import _Element

from soapkit.errors import Place
from soapkit.xml.names import local_name


def children(element: _Element, tag: str | None = None) -> Iterator[_Element]:
    """The child elements (no comments, no processing instructions), all or those with the Clark name `tag`."""
    return element.iterchildren(tag if tag is not None else etree.Element)


def child(element: _Element, tag: str) -> _Element | None:
    """The first child element named `tag`, or None."""
    return element.find(tag)


def tag_of(element: _Element) -> str:
    """The Clark name of an element (lxml gives `str`, its stubs allow more)."""
    return element.tag  # type: ignore[return-value]  # not by a cast, which is a call


def path_of(element: _Element) -> str:
    """Where an element stands, for a person: ``Envelope/Body/transfer/lines/line[3]``."""
    steps: list[str] = []
    current: _Element | None = element
    while current is not None:
        tag = tag_of(current)
        name = local_name(tag)
        before = len(list(current.itersiblings(tag, preceding=True)))
        alone = before == 0 and next(current.itersiblings(tag), None) is None
        steps.append(name if alone else f"{name}[{before + 1}]")
        current = current.getparent()
    return "/".join(reversed(steps))


def place_of(element: _Element, source: str = "") -> Place:
    """The `Place` of an element: its file, line and path."""
    return Place(source, element.sourceline, path=path_of(element))
