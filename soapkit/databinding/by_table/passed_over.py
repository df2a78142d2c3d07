"""A record with elements that its type does not know -> its value by generated code, as if they were not there.

A peer that adds one element to each of a thousand records is the ordinary case of a lenient reader: to walk them all by
table takes ten times as long.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lxml.etree import _Element

from soapkit.databinding.binary import kept_whole
from soapkit.databinding.compiled.surprise import Surprise
from soapkit.databinding.context import Bound
from soapkit.databinding.given import Given, keep
from soapkit.databinding.lexical import BLANKS
from soapkit.databinding.shape import Key
from soapkit.xml.walk import tag_of

_MOST = 16  # unknown elements of one record; to take out and put back each costs what stands beside it


def read_without(
    element: _Element, children: Sequence[_Element], bound: Bound, quick: Callable[[_Element, Key], Any]
) -> tuple[Any, list[int]] | None:
    """The value of an element whose type may be all that `quick` can read, and which of its children are unknown; None
    where the whole must be walked. The tree is in the end what it was."""
    if not bound.keeps or not bound.only_elements or bound.record.abstract:
        return None
    places = bound.model.unknown([tag_of(child) for child in children])
    strange = [children[place] for place in places]
    if not 0 < len(strange) <= _MOST or any((child.tail or "").strip(BLANKS) for child in strange):
        return None
    stood = [element.index(child) for child in strange]
    for child in strange:
        element.remove(child)
    try:
        value = quick(element, bound.record.key)
    except Surprise:
        return None
    finally:
        for at, child in zip(stood, strange, strict=True):
            element.insert(at, child)
    kept = tuple(kept_whole(child) for child in strange)
    keep(value, Given(unknown_elements=kept, places=tuple(place - before for before, place in enumerate(places))))
    return value, places
