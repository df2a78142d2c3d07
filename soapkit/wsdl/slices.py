"""Elements of a document by where their bytes stand in it: to be parsed one by one, without the rest.

ranges = ranges_of(data)                       # once, for a document that was parsed whole
element = Slice(...).element(data)             # later, from the same bytes
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.parsers import expat

from lxml import etree
from lxml.etree import _Element

from soapkit.xml.parse import parse_document
from soapkit.xml.serialise import escape_attribute

# A start tag: a quoted value may hold the sign that ends it.
_TAG = re.compile(rb"""<(?:[^>"']++|"[^"]*+"|'[^']*+')*+>""")


@dataclass(slots=True)
class Range:
    """Where an element stands: its first byte, the one behind its last; its Clark name."""

    start: int
    end: int
    name: str


def ranges_of(data: bytes) -> list[Range]:
    """The elements of a document in UTF-8, in document order. Raises `ValueError` for what cannot be cut to slices."""
    if b"<!DOCTYPE" in data:
        raise ValueError("entities have no place of their own")
    parser = expat.ParserCreate("UTF-8", "}")
    found: list[Range] = []
    open_: list[Range] = []

    def start(name: str, _: object) -> None:
        one = Range(parser.CurrentByteIndex, 0, f"{{{name}" if "}" in name else name)
        found.append(one)
        open_.append(one)

    def end(_: str) -> None:
        one = open_.pop()
        if one is found[-1]:  # nothing inside: it may be one tag, of which expat tells the end at another place
            tag = _TAG.match(data, one.start)
            if tag is not None and data[tag.end() - 2 : tag.end()] == b"/>":
                one.end = tag.end()
                return
        one.end = data.index(b">", parser.CurrentByteIndex) + 1

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise ValueError(str(error)) from None
    return found


def line_at(data: bytes, found: Range, element: _Element) -> int:
    """The line in which an element's start tag begins: the parser tells that in which it ends."""
    tag = _TAG.match(data, found.start)
    return (element.sourceline or 1) - (data.count(b"\n", found.start, tag.end()) if tag is not None else 0)


def around(prefixes: Mapping[str | None, str]) -> bytes:
    """The start tag of an element in which these prefixes are declared."""
    declared = "".join(
        f' xmlns{":" + prefix if prefix else ""}="{escape_attribute(namespace)}"'
        for prefix, namespace in prefixes.items()
        if prefix != "xml"
    )
    return f"<w{declared}".encode()


def parsed(pieces: bytes, wrapper: bytes, line: int, source: str) -> _Element:
    """The element that `pieces` hold, inside `wrapper` (from `around`), as if it stood at `line` of its document."""
    # the line breaks stand inside the tag: outside they would be text
    text = b"".join((wrapper, b"\n" * (line - 1), b">", pieces, b"</w>"))
    return parse_document(text, source=source)[0]


def elements_of(root: _Element) -> list[_Element]:
    """The elements of a document in document order, as `ranges_of` has them."""
    return list(root.iter(etree.Element))
