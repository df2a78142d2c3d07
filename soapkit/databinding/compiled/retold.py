"""An element that was parsed already -> value, by a template: the tree is written out again, and that text is read.

It sounds roundabout, and takes a fifth less time than to walk the tree: libxml2 writes 30 kB of elements in a tenth of
a millisecond, where lxml makes a Python object for each. What was verified is what is read, since nothing else is
written. The law of `soapkit.databinding.compiled.template` holds: whatever is not plain raises `Surprise`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lxml import etree
from lxml.etree import _Element

from soapkit.databinding.compiled.surprise import Surprise
from soapkit.databinding.compiled.template import REFUSALS, Read, Templates
from soapkit.databinding.context import Context
from soapkit.databinding.shape import Key

_MOST_HEADS = 256  # that are kept
_LONGEST_HEAD = 4096  # characters
_SEEN_BEFORE = 3  # elements with a head that are walked before a template is made
_PATIENCE = 16  # more failures than successes of a head, after which it is given up


@dataclass(slots=True)
class _Head:
    """What the first tag of an element means. `score`: how often it worked, or less than never."""

    read: Read
    tail: str
    score: int = 0


class RetoldReader:
    """Reads elements of the record types of one context. Safe for several threads: what is lost in a race is learnt
    again."""

    def __init__(self, context: Context, *, patience: int = _SEEN_BEFORE) -> None:
        self._templates = Templates(context, retold=True)
        self._patience = patience
        self._heads: dict[tuple[Key, str], _Head | int] = {}
        self._hopeless: set[Key] = set()

    def read(self, element: _Element, key: Key) -> Any:
        """The value of an element of a record type. Raises `Surprise` where the tree must be walked."""
        if key in self._hopeless:
            raise Surprise
        text = etree.tostring(element, encoding="unicode", with_tail=False)
        end = text.find(">", 0, _LONGEST_HEAD) + 1
        place = key, text[:end]
        known = self._heads.get(place, 0)
        head = known if isinstance(known, _Head) else self._learnt(place, known, element, text[end : end + 1])
        if head is None:
            raise Surprise
        try:
            value, position = head.read(text, end)
            whole = text[position:].lstrip(" \t\n") == head.tail
        except REFUSALS:
            whole = False
        if not whole:
            head.score -= 1
            if head.score < -_PATIENCE:
                self._heads[place] = -1
            raise Surprise
        head.score = min(head.score + 1, _PATIENCE)
        return value

    def _learnt(self, place: tuple[Key, str], seen: int, element: _Element, following: str) -> _Head | None:
        if seen < 0:
            return None
        if len(self._heads) > _MOST_HEADS:
            self._heads.clear()
        self._heads[place] = seen + 1
        if seen < self._patience:
            return None
        head = self._meaning(*place, element, spaced=following.isspace())
        self._heads[place] = head or -1
        return head

    def _meaning(self, key: Key, head: str, element: _Element, *, spaced: bool) -> _Head | None:
        if element.keys() or not head or head.endswith("/>") or not isinstance(element.tag, str):
            return None
        read = self._templates.get(key, element.nsmap, element.prefix, spaced=spaced)
        if read is None:
            self._hopeless.add(key)
            return None
        local = etree.QName(element).localname
        return _Head(read, f"</{element.prefix}:{local}>" if element.prefix else f"</{local}>")
