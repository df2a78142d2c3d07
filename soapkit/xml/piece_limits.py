"""Which limits the elements of a piece must be held against, from a look at its bytes: nearly always none.

An element that comes in pieces is freed before the document is whole, so it is checked by itself. To walk each one
would cost as much as to decode it; so the bytes say first what it may have at most, once for all that end in a piece.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeAlias

from lxml import etree
from lxml.etree import _Element

from soapkit.xml.huge import LIBXML2_TEXT
from soapkit.xml.measure import Measure
from soapkit.xml.parse import LIBXML2_DEPTH, XmlLimits, check_depth, check_limits, check_texts

Check: TypeAlias = Callable[[_Element], None]
"""Raises `LimitError` for an element that is beyond a limit."""

_IS_SHALLOW = 8  # levels; nearly every element that is found has fewer
_HAS_MORE = etree.XPath("boolean(/descendant::*[count(@*) > $most])")


class PieceLimits:
    """What may be part of the elements that end in the last piece, counted: bytes, equals signs, declarations.

    `above`: levels of the document that stand above the elements.
    """

    def __init__(self, limits: XmlLimits, source: str, *, above: int) -> None:
        self._limits = limits
        self._source = source
        self._above = above
        self._depth = min(limits.depth, LIBXML2_DEPTH) - above  # that an element may have
        self._namespaces = min(limits.in_scope, limits.namespaces)
        self._counted = self._last = (0, 0, 0)

    def add(self, piece: bytes, *, hidden: bool) -> None:
        """The next bytes. `hidden`: whether markup may stand there in other octets than those of ASCII."""
        fields = len(piece) if hidden else piece.count(b"=")
        few = hidden or fields <= self._namespaces
        self._last = len(piece), fields, fields if few else piece.count(b"xmlns") + 1  # one may be cut in two
        self._counted = (
            self._counted[0] + self._last[0],
            self._counted[1] + self._last[1],
            self._counted[2] + self._last[2],
        )

    def keep_last(self) -> None:
        """Elements were whole in the last piece: the next one begins in it at the earliest."""
        self._counted = self._last

    def checks(self, element: _Element, *, huge: bool) -> list[Check]:
        """What each element that ends in the last piece is to be held against. `element`: any of the document, with all
        that was read; `huge`: whether libxml2 was told to take what is longer or deeper than it takes by itself."""
        size, fields, declared = self._counted
        limits, source, checks = self._limits, self._source, list[Check]()
        if declared > self._namespaces or (fields > limits.attributes and _HAS_MORE(element, most=limits.attributes)):
            measure = Measure(bytes=0, elements=0, attributes=fields, namespaces=declared)
            checks.append(lambda each: check_limits(each, measure, source=source, limits=limits))
        if (huge or limits.depth < LIBXML2_DEPTH) and self._may_be_deep(element):
            checks.append(lambda each: check_depth(each, source, self._depth))
        if size > min(limits.text, LIBXML2_TEXT):
            checks.append(lambda each: check_texts(each, source, limits.text))
        return checks

    def _may_be_deep(self, element: _Element) -> bool:
        return self._depth < _IS_SHALLOW or bool(_deeper_than(self._above + _IS_SHALLOW)(element))


@cache
def _deeper_than(levels: int) -> etree.XPath:
    """Whether a document has an element below so many others."""
    return etree.XPath(f"boolean({'/*' * (levels + 1)})")
