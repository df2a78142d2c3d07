"""The outline of a message: its text up to the content of the Body, but for values that differ from message to message.

Who secures messages writes each header after one pattern. Ids, moments, digests, the values of signatures and what
header blocks say change; the rest stays the same to the octet.

What may be concluded from an outline that two messages have: what a document says up to some place depends on nothing
after it, so as far as the Body their trees are the same but for these values, and each element of the one stands where
it stands in the other. Wherever the one has the same id twice, so has the other. An id that a reference
names is nowhere else in the message, so that it names what it named in the other.

The law of this file: what tags say is told from each tag as a whole, attribute by attribute, one for each element of
the tree; and no id that may be named can be written in two ways: it has no character that a tag may write as a
reference, or that is read as another.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TypeAlias

from lxml.etree import _Element

from soapkit.security.canonical import Canonical
from soapkit.security.markup import (
    CREATED,
    DIGEST_VALUE,
    EXPIRES,
    NAMESPACES,
    SECURITY,
    SIGNATURE_CONFIRMATION,
    SIGNATURE_VALUE,
)
from soapkit.soap.envelope import Envelope
from soapkit.xml.c14n import canonicalise
from soapkit.xml.names import local_name, namespace_of
from soapkit.xml.parse import parse_own
from soapkit.xml.verbatim import is_plain, refers_to_characters, start_tag
from soapkit.xml.walk import tag_of

_LONGEST = 65_536  # bytes
_MOST = 200  # values

# The texts of a security header that mean nothing but themselves. Those of other header blocks do so for security, too.
_TEXTS = frozenset({CREATED, DIGEST_VALUE, EXPIRES, SIGNATURE_VALUE})
_IDS = (b"Id", b"ID")
_START = re.compile(rb"""<[^\s<>/=&"'!?]+((?:\s+[^\s<>/=&"']+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(/?)>""")
_ATTRIBUTE = re.compile(rb"""([^\s<>/=&"']+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')""")
_ID = re.compile(rb"""[^\s<>&"'()#%]+""")
_SEVERAL_IDS = re.compile(rb"""[^\s<>&"'()#%]*""")
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
class _Value:
    """Where a value begins and ends in a text. `kind`: a ``text``, an ``id``, or what ``names`` one."""

    start: int
    end: int
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class _Name:
    """An id that is named: the number of a value that names it, how often it is among the ids, and among those that
    elements carry."""

    number: int
    times: int
    carried: int


@dataclass(frozen=True, slots=True)
class Outline:
    """`pieces`: the text between the values, each with the octet that ends the value after it; `last`: the text after
    all of them. `ids`: the numbers of those values that are ids; `alike`: of each of these, the number of the first
    that is the same; `named`: the ids that references name."""

    pieces: tuple[tuple[bytes, bytes], ...]
    last: bytes
    ids: tuple[int, ...]
    alike: tuple[int, ...]
    named: tuple[_Name, ...]

    @classmethod
    def of(cls, envelope: Envelope) -> Outline | None:
        """That of a message; None where its bytes are not at hand, or do not tell for certain what is before the
        content of the Body, or what it names."""
        data = envelope.received
        head = _before_content(envelope, data) if data is not None else None
        found = _values(envelope, head) if head is not None else None
        if data is None or head is None or found is None or len(found) > _MOST:
            return None
        begins = [0, *(each.end for each in found)]
        between = zip(begins, found, strict=False)
        pieces = tuple([(head[begin : each.start], head[each.end : each.end + 1]) for begin, each in between])
        values = [head[each.start : each.end] for each in found]
        numbers = [number for number, each in enumerate(found) if each.kind != "text"]
        times = Counter(values[number] for number in numbers)
        carried = Counter(values[number] for number in numbers if found[number].kind == "id")
        named = {values[number]: number for number in numbers if found[number].kind == "names"}
        names = tuple([_Name(number, times[value], carried[value]) for value, number in named.items()])
        outline = cls(pieces, head[begins[-1] :], tuple(numbers), _alike(values, numbers), names)
        return outline if outline.values(data) == values else None

    def values(self, data: bytes) -> list[bytes] | None:
        """The values in the bytes of another message; None where it has not this outline."""
        position, values = 0, []
        for piece, stop in self.pieces:
            if not data.startswith(piece, position):
                return None
            position += len(piece)
            end = data.find(stop, position)
            if end < 0:
                return None
            values.append(data[position:end])
            position = end
        if not data.startswith(self.last, position) or _alike(values, self.ids) != self.alike:
            return None
        ids = [values[number] for number in self.ids]
        if b"" in ids or not _SEVERAL_IDS.fullmatch(b"".join(ids)):
            return None
        if any(not _is_nowhere_else(values[name.number], name, data) for name in self.named):
            return None
        return values if not refers_to_characters(data, position) else None


def _is_nowhere_else(value: bytes, name: _Name, data: bytes) -> bool:
    """Whether no element of a message carries an id that is named, but those that are known to."""
    if data.count(value) == name.times:
        return True
    return data.count(b'"%b"' % value) + data.count(b"'%b'" % value) == name.carried


def _alike(values: Sequence[bytes], numbers: Iterable[int]) -> tuple[int, ...]:
    first: dict[bytes, int] = {}
    return tuple([first.setdefault(values[number], number) for number in numbers])


def _before_content(envelope: Envelope, data: bytes) -> bytes | None:
    """The text of a message up to the content of its Body, where it may have an outline."""
    tag = start_tag(envelope.body, data) if is_plain(data) else None
    if tag is None or tag.end() > _LONGEST:
        return None
    head = data[: tag.end()]
    return head if not refers_to_characters(head) and _MARK.search(head) is None else None


def _values(envelope: Envelope, head: bytes) -> list[_Value] | None:
    """The values in that text; None where its tags are not those of the elements up to the Body, one for each, or one
    names what is no plain id."""
    body = envelope.body
    elements = [*takewhile(lambda each: each is not body, envelope.root.iter()), body]
    tags = list(_START.finditer(head))
    if len(tags) != len(elements):
        return None
    found: list[_Value] = []
    secured: set[_Element] = set()
    for element, tag in zip(elements, tags, strict=True):
        around = element.getparent()
        if element.tag == SECURITY or around in secured:
            secured.add(element)
        for each in _in_attributes(element, tag):
            if each.kind == "names" and not _ID.fullmatch(head, each.start, each.end):
                return None
            if each.kind != "id" or _ID.fullmatch(head, each.start, each.end):
                found.append(each)
        end = head.find(b"<", tag.end())
        means_itself = element.tag in _TEXTS or (element not in secured and _says_nothing_of_keys(element))
        if means_itself and not tag[2] and head.startswith(b"</", end):
            found.append(_Value(tag.end(), end))
    return found


def _says_nothing_of_keys(element: _Element) -> bool:
    """Whether none may be carried or named by an element: a token may stand in any header block."""
    return namespace_of(tag_of(element)) not in NAMESPACES


def _in_attributes(element: _Element, tag: re.Match[bytes]) -> Iterator[_Value]:
    """The values that the attributes of an element have."""
    for found in _ATTRIBUTE.finditer(tag.string, *tag.span(1)):
        prefix, _, local = found[1].rpartition(b":")
        start, end = found.span(found.lastindex or 0)
        if local in _IDS and prefix != b"xmlns":
            yield _Value(start, end, "id")
        elif found[1] == b"URI" and found[found.lastindex or 0].startswith(b"#"):
            yield _Value(start + 1, end, "names")
        elif found[1] == b"Value" and element.tag == SIGNATURE_CONFIRMATION:
            yield _Value(start, end)


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
