"""Plain messages of a known operation, read by a template: no header block, no security, in UTF-8, as most are.

What stands before the first value, the *head*, is the same in each message that a peer sends for an operation. It is
never taken apart here: the first time, the parser says what it means; after that it is the same where its characters
are the same. The rest is for the template (`databinding.compiled.template`). Whatever is not exactly as expected is no
error: `PlainReader.read` gives None, and the message is read as a tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import msgspec
from lxml.etree import _Element

from soapkit.databinding.codec import Codecs
from soapkit.databinding.compiled.template import REFUSALS, Read, Templates
from soapkit.databinding.shape import ElementField, RecordRef
from soapkit.errors import SoapkitError
from soapkit.operations import Message, Operation
from soapkit.soap.envelope import Envelope
from soapkit.soap.rules import check_rules
from soapkit.soap.version import Version
from soapkit.xml.parse import may_have_too_many
from soapkit.xml.walk import tag_of

Resolve: TypeAlias = Callable[[Envelope], tuple[Operation[Any, Any], Message]]
"""What an envelope is for, by its Body's first element. Raises `SoapkitError`."""

_LONGEST_HEAD = 8192  # characters
_MOST_HEADS = 64  # that are kept
_PATIENCE = 16  # more failures than successes of a head, after which it is given up
_SEEN_BEFORE = 3  # messages with a head that are read as trees before a template is made: many are seen only once
_DECLARATION = re.compile(
    r"""(?:<\?xml\ version=["']1\.0["']
    (?:\ encoding=["']utf-8["'])?
    (?:\ standalone=["'](?:yes|no)["'])?\s*\?>)? (?!<\?)""",
    re.VERBOSE | re.IGNORECASE,
)
_TAG = re.compile(r"<(/?)([^\s<>/!?]+)[^<>]*?(/?)>")


class PlainMessage(msgspec.Struct, frozen=True):
    """What was read."""

    operation: Operation[Any, Any]
    version: Version
    value: Any


@dataclass(slots=True)
class _Head:
    """What a head means: the operation, the function that reads what follows, the expression for what must stand in
    the end. `score`: how often it worked, or less than never."""

    operation: Operation[Any, Any]
    version: Version
    read: Read
    tail: re.Pattern[str]
    score: int = 0


class PlainReader:
    """Reads the messages of one direction of a service. Safe for several threads: what is lost in a race is learnt
    again.

    `patience`: how often a head is seen before a template is made for it.
    """

    def __init__(self, codecs: Codecs, *, patience: int = _SEEN_BEFORE) -> None:
        self._context = codecs.context
        self._templates = Templates(codecs.context)
        self._patience = patience
        self._heads: dict[tuple[str, str], _Head | int] = {}

    def read(self, data: bytes, resolve: Resolve, hint: str = "") -> PlainMessage | None:
        """The message in `data`; None where it must be read as a tree. `hint`: what else `resolve` goes by."""
        if not data.startswith(b"<") or may_have_too_many(data):
            return None
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return None
        end = _end_of_head(text)
        if end < 0:
            return None
        key = text[:end], hint
        known = self._heads.get(key, 0)
        head = known if isinstance(known, _Head) else self._learnt(key, known, resolve, spaced=text[end].isspace())
        if head is None:
            return None
        try:
            value, position = head.read(text, end)
            whole = head.tail.match(text, position) is not None
        except REFUSALS:
            whole = False
        if not whole:
            self._missed(key, head)
            return None
        head.score = min(head.score + 1, _PATIENCE)
        return PlainMessage(head.operation, head.version, value)

    def _missed(self, key: tuple[str, str], head: _Head) -> None:
        """A head whose messages are not plain is given up: trying costs as much as parsing."""
        head.score -= 1
        if head.score < -_PATIENCE:
            self._heads[key] = -1

    def _learnt(self, key: tuple[str, str], seen: int, resolve: Resolve, *, spaced: bool) -> _Head | None:
        if seen < 0:
            return None
        if len(self._heads) > _MOST_HEADS:
            self._heads.clear()
        self._heads[key] = seen + 1
        if seen < self._patience:
            return None
        head = self._meaning(key[0], resolve, spaced)
        self._heads[key] = head or -1
        return head

    def _meaning(self, text: str, resolve: Resolve, spaced: bool) -> _Head | None:
        """What the parser says of a head, once its elements are closed."""
        declaration = _DECLARATION.match(text)
        if declaration is None:
            return None
        names = _open_elements(text[declaration.end() :])
        try:
            envelope = Envelope.parse((text + "".join(f"</{name}>" for name in names)).encode())
            check_rules(envelope)
            frame = [envelope.root, *([] if envelope.header is None else [envelope.header]), envelope.body]
            elements = list(envelope.root.iter())
            wrapper = elements[-1]
            if elements[:-1] != frame or wrapper.text is not None or any(len(one.attrib) for one in elements):
                return None
            operation, message = resolve(envelope)
        except SoapkitError:
            return None
        if message.encoded or any(header.required for header in message.headers):
            return None
        read = self._template(message, wrapper, spaced)
        tail = re.compile("".join(rf"[ \t\r\n]*</{re.escape(name)}>" for name in names) + r"[ \t\r\n]*\Z")
        return None if read is None else _Head(operation, envelope.version, read, tail)

    def _template(self, message: Message, wrapper: _Element, spaced: bool) -> Read | None:
        """The function for what follows the first tag in the Body, if that is the one it should be."""
        if message.tag is not None:
            key = message.record if message.tag == tag_of(wrapper) else None
            return self._templates.get(key, wrapper.nsmap, wrapper.prefix, spaced=spaced) if key else None
        bound = self._context.bound(message.record)  # bare: the element is the record's only field
        (field, *others) = bound.record.fields or (None,)
        if others or not isinstance(field, ElementField) or field.many or field.tag != tag_of(wrapper):
            return None
        if not isinstance(field.type, RecordRef) or bound.elements != bound.record.content.particles:
            return None
        inner = self._templates.get(field.type.key, wrapper.nsmap, wrapper.prefix, spaced=spaced)
        return None if inner is None else _in_field(bound.cls, field.name, inner)


def _in_field(cls: type, name: str, inner: Read) -> Read:
    """A value, in the only field of a record."""

    def read(text: str, position: int) -> tuple[Any, int]:
        value, end = inner(text, position)
        return cls(**{name: value}), end

    return read


@dataclass(frozen=True, slots=True)
class PlainReaders:
    """The readers of a service, in both directions."""

    requests: PlainReader
    replies: PlainReader


_READERS: WeakKeyDictionary[Codecs, PlainReaders] = WeakKeyDictionary()


def readers_of(codecs: Codecs) -> PlainReaders:
    """The readers that all share who share these codecs: clients of one class, however short they live."""
    found = _READERS.get(codecs)
    if found is None:
        found = _READERS.setdefault(codecs, PlainReaders(PlainReader(codecs), PlainReader(codecs)))
    return found


def _end_of_head(text: str) -> int:
    """Behind the first tag in the Body, if this is a message; a guess, since the parser is asked what is there."""
    body = text.find("Body", 0, _LONGEST_HEAD)
    end = text.find(">", text.find(">", body, _LONGEST_HEAD) + 1, _LONGEST_HEAD) + 1
    return end if 0 < body < end < len(text) else -1


def _open_elements(text: str) -> list[str]:
    """The elements that are open at the end of a head, the innermost first, as their names are written. A guess too:
    it is parsed with the head."""
    names: list[str] = []
    for closing, name, empty in _TAG.findall(text):
        if closing:
            names = names[1:]
        elif not empty:
            names.insert(0, name)
    return names
