"""The outline of a message: its text up to the content of the Body, but for values that differ from message to message.

Who secures messages writes each header after one pattern. Ids, moments, digests and the values of signatures change;
the rest stays the same to the octet.

What may be concluded from an outline that two messages have: what a document says up to some place depends on nothing
after it, so as far as the Body their trees are the same but for these values, and each element of the one stands where
it stands in the other. Wherever the one has the same id twice, so has the other. An id that a reference
names is nowhere else in the message, so that it names what it named in the other.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from lxml.etree import _Element

from soapkit.security.canonical import Canonical
from soapkit.soap.envelope import Envelope
from soapkit.xml.c14n import canonicalise
from soapkit.xml.names import local_name
from soapkit.xml.parse import parse_own
from soapkit.xml.verbatim import is_plain, refers_to_characters, start_tag
from soapkit.xml.walk import tag_of

_LONGEST = 65_536  # bytes

# What may differ: ids, and texts that mean nothing but themselves.
_ID = re.compile(rb'[\s:](?:Id|ID)="([^"<&]*)"|\sURI="#([^"<&]*)"')
_TEXT = re.compile(
    rb"<(?:[^\s<>/:]+:)?(?:DigestValue|SignatureValue|Created|Expires|MessageID|RelatesTo)(?:\s[^<>]*)?>([^<&]*)<"
)
_ANY_START = re.compile(rb"<[^/!?]")
_MARK = re.compile(rb"soapkit-value-(\d+)-")
_WRITTEN_AS_IT_IS = re.compile(rb'[^<>&"\t\r\n]*')

Path: TypeAlias = tuple[int, ...]
"""Where an element stands: its number among the children of each element around it, from the root."""


def path_to(element: _Element) -> Path:
    """Where an element stands in its document."""
    steps: list[int] = []
    while (around := element.getparent()) is not None:
        steps.append(around.index(element))
        element = around
    return tuple(reversed(steps))


def element_at(root: _Element, path: Path) -> _Element:
    """The element that stands there."""
    for step in path:
        root = root[step]
    return root


@dataclass(frozen=True, slots=True)
class Outline:
    """`pieces`: the text between the values, each with the octet that ends the value after it; `last`: the text after
    all of them. `ids`: the numbers of those values that are ids; `alike`: of each of these, the number of the first
    that is the same; `named`: the numbers of those that references name, each with how often it is there."""

    pieces: tuple[tuple[bytes, bytes], ...]
    last: bytes
    ids: tuple[int, ...]
    alike: tuple[int, ...]
    named: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, envelope: Envelope) -> Outline | None:
        """That of a message; None where its bytes are not at hand, or do not tell for certain where the Body begins."""
        head = _before_content(envelope)
        if head is None:
            return None
        ids = {found.span(found.lastindex or 0): found.lastindex == 2 for found in _ID.finditer(head)}
        spans = sorted([*ids, *(found.span(1) for found in _TEXT.finditer(head))])
        begins = [0, *(end for _, end in spans)]
        between = zip(begins, spans, strict=False)
        pieces = tuple([(head[begin:start], head[end : end + 1]) for begin, (start, end) in between])
        values = [head[start:end] for start, end in spans]
        numbers = [number for number, span in enumerate(spans) if span in ids]
        times = Counter(values[number] for number in numbers)
        named = tuple([(number, times[values[number]]) for number in numbers if ids[spans[number]]])
        return cls(pieces, head[begins[-1] :], tuple(numbers), _alike(values, numbers), named)

    def values(self, data: bytes) -> list[bytes] | None:
        """The values in the bytes of another message; None where it has not this outline."""
        position, values = 0, []
        for piece, stop in self.pieces:
            if not data.startswith(piece, position):
                return None
            position += len(piece)
            end = data.find(stop, position)
            values.append(data[position:end])
            position = end
        if not data.startswith(self.last, position) or _alike(values, self.ids) != self.alike:
            return None
        if not _WRITTEN_AS_IT_IS.fullmatch(b"".join([values[number] for number in self.ids])):
            return None
        for number, times in self.named:
            if data.count(values[number]) != times:
                return None
        return values if not refers_to_characters(data, position) else None


def _alike(values: Sequence[bytes], numbers: Iterable[int]) -> tuple[int, ...]:
    first: dict[bytes, int] = {}
    return tuple([first.setdefault(values[number], number) for number in numbers])


def _before_content(envelope: Envelope) -> bytes | None:
    data = envelope.received
    tag = start_tag(envelope.body, data) if data is not None and is_plain(data) else None
    if data is None or tag is None or tag.end() > _LONGEST:
        return None
    head = data[: tag.end()]
    # every element up to the Body begins in it: it is the tag of the Body that it ends with
    elements = 1 + next(number for number, each in enumerate(envelope.root.iter()) if each is envelope.body)
    return head if len(_ANY_START.findall(head)) == elements else None


@dataclass(frozen=True, slots=True)
class CanonicalText:
    """The canonical form of an element before the Body, for all messages of an outline: its octets between the values,
    and the numbers of these."""

    parts: tuple[bytes | int, ...]

    def filled(self, values: Sequence[bytes]) -> bytes | None:
        """That of the message with these values; None where one is not written in it as it is in the message."""
        found = [values[part] if isinstance(part, int) else part for part in self.parts]
        return b"".join(found) if _WRITTEN_AS_IT_IS.fullmatch(b"".join(found[1::2])) else None


class Marked:
    """A message of an outline with a mark in the place of each value, and nothing in its Body."""

    def __init__(self, outline: Outline, envelope: Envelope) -> None:
        text = b"".join(piece + b"soapkit-value-%d-" % number for number, (piece, _) in enumerate(outline.pieces))
        ends = "".join(f"</{_qualified(each)}>" for each in (envelope.body, envelope.root))
        self._root = parse_own(text + outline.last + ends.encode())
        self._around = [element_at(self._root, path_to(each)) for each in (envelope.body, envelope.root)]
        self._body = path_to(envelope.body)

    def has(self, path: Path) -> bool:
        """Whether an element stands in what the outline says: not in the Body, which holds something else each time."""
        return path[: len(self._body)] != self._body or path == self._body

    def text_of(self, path: Path, form: Canonical) -> CanonicalText | None:
        """The canonical form of the element there; None where that holds what the outline does not."""
        element = element_at(self._root, path)
        if element in self._around:
            return None
        parts = _MARK.split(canonicalise(element, method=form.method, prefixes=form.prefixes))
        return CanonicalText(tuple(int(part) if number % 2 else part for number, part in enumerate(parts)))


def _qualified(element: _Element) -> str:
    name = local_name(tag_of(element))
    return f"{element.prefix}:{name}" if element.prefix else name
