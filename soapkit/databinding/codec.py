"""The pair for one type, made at first use: Codec.decode and Codec.encode.

    codecs = Codecs(DescribedShapes("urn:example:bank"))
    codec = codecs.codec(Account)
    account = codec.decode(element)
    text = codec.encode(account, "{urn:example:bank}account")

`encode` and `decode`, the two functions of the public face, do it for annotated classes without more ado.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar, overload

from lxml import etree
from lxml.etree import _Element
from msgspec import UNSET

from soapkit.databinding.by_table.scribe import Scribe
from soapkit.databinding.by_table.walker import Walker
from soapkit.databinding.compiled.decoder import Decoder
from soapkit.databinding.compiled.encoder import Encoder
from soapkit.databinding.compiled.retold import RetoldReader
from soapkit.databinding.compiled.surprise import Surprise
from soapkit.databinding.context import Bound, Context, Settings, Unknown, Warn, no_warning
from soapkit.databinding.describe import DescribedShapes, type_for, type_name
from soapkit.databinding.described.classes import is_record_class
from soapkit.databinding.given import NOTHING, given_with
from soapkit.databinding.shape import Key, RecordRef, Shapes, Type
from soapkit.errors import UsageError
from soapkit.xml.names import local_name
from soapkit.xml.parse import parse_message, parse_own
from soapkit.xml.positions import columns_from
from soapkit.xml.walk import tag_of

ValueT = TypeVar("ValueT")


def declared(text: str, context: Context) -> str:
    """The text of one element, with the declarations of the prefixes it uses in its first tag."""
    end = text.index(">")
    if text[end - 1] == "/":
        end -= 1
    name_end = text.find(" ", 0, end)
    at = end if name_end < 0 else name_end
    return f"{text[:at]}{context.declarations(text, text[:end])}{text[at:]}"


class Codec:
    """Reads and writes the values of one type. Made by `Codecs.codec`; safe for several threads."""

    __slots__ = ("_listed", "context", "decoder", "encoder", "retold", "type")

    def __init__(self, context: Context, retold: RetoldReader, decoder: Decoder, encoder: Encoder, type_: Type) -> None:
        self.context = context
        self.retold = retold
        self.decoder = decoder
        self.encoder = encoder
        self.type = type_
        self._listed: bool | None = None  # whether lists may stand in it, once somebody has asked

    def decode(
        self,
        element: _Element,
        *,
        nillable: bool = False,
        default: str | None = None,
        fixed: str | None = None,
        path: str = "",
    ) -> Any:
        """The value of an element, whatever its name.

        `nillable`: whether xsi:nil may say that there is none. `default`, `fixed`: of the element, lexical, taken where
        it is empty. `path`: what problems call the value, else the element's local name. Raises `DecodeError` with
        every problem.
        """
        if isinstance(self.type, RecordRef) and not nillable:
            try:
                return self.retold.read(element, self.type.key)
            except Surprise:
                pass  # it is not plain
            try:
                return self.decoder.decode(element, self.type.key)
            except Surprise:
                pass  # the walker finds out what it is, and tells all of it
        walker = Walker(self.context, path or local_name(tag_of(element)), quick=self.decoder.decode)
        value = walker.element(element, self.type, nillable=nillable, default=default, fixed=fixed)
        walker.raise_problems()
        return value

    def encode(self, value: Any, tag: str, *, nillable: bool = False, path: str = "") -> str:
        """The text of one element named `tag` (Clark name), which declares every prefix it uses.

        Raises `EncodeError` with every problem; then nothing was written.
        """
        if isinstance(self.type, RecordRef):
            try:
                return self.encoder.encode(value, tag, self.type.key)
            except Surprise:
                pass  # the scribe finds out what it is, and tells all of it
        scribe = Scribe(self.context, path or local_name(tag))
        text = scribe.element(tag, value, self.type, nillable=nillable)
        scribe.raise_problems()
        return declared(text, self.context)

    def encode_pieces(self, value: Any, tag: str) -> Sequence[bytes]:
        """The bytes of the same element, in pieces where long lists stand in it, so that they are copied but once."""
        if self._listed is None:
            self._listed = isinstance(self.type, RecordRef) and self.encoder.has_lists(self.type.key)
        return (self._listed and self._pieces(value, tag, self.type)) or (self.encode(value, tag).encode(),)

    def _pieces(self, value: Any, tag: str, type_: Type) -> Sequence[bytes]:
        """None where the element is written whole."""
        if isinstance(type_, RecordRef) and self.encoder.has_lists(type_.key):
            try:
                return self.encoder.pieces(value, tag, type_.key)
            except Surprise:
                pass  # the scribe finds out what it is, and tells all of it
        return ()

    def decode_children(self, elements: Sequence[_Element], parent: _Element, *, path: str = "") -> Any:
        """A record without an element of its own (a bare body, a group record), from the elements for its fields.

        Raises `DecodeError` with every problem, `UsageError` if the type is no record.
        """
        key = self._key()
        if len(elements) == len(parent):
            try:
                return self.decoder.decode(parent, key)
            except Surprise:
                pass  # as above
        walker = Walker(self.context, path or local_name(tag_of(parent)), quick=self.decoder.decode)
        value = walker.children(elements, parent, key)
        walker.raise_problems()
        return value

    def encode_children(self, record: Any, *, path: str = "") -> str:
        """The elements for the fields of a record without an element of its own, each declaring its prefixes.

        Raises `EncodeError` with every problem, `UsageError` if the type is no record.
        """
        bound = self.context.bound(self._key())
        text = self._content(record, bound, path)
        if not text:
            return ""
        if bound.alone is not None and given_with(record) is NOTHING:
            return declared(text, self.context)
        around = parse_own(f"<around{self.context.declarations(text)}>{text}</around>")
        return "".join(etree.tostring(child, encoding="unicode", with_tail=False) for child in around)

    def encode_children_pieces(self, record: Any) -> Sequence[bytes]:
        """The bytes of the same elements, likewise in pieces."""
        bound = self.context.bound(self._key())
        alone = bound.alone
        if alone is not None and record.__class__ is bound.cls and given_with(record) is NOTHING:
            value = getattr(record, alone.name)
            if value is not None and value is not UNSET and (pieces := self._pieces(value, alone.tag, alone.type)):
                return pieces
        return (self.encode_children(record).encode(),)

    def _content(self, record: Any, bound: Bound, path: str) -> str:
        try:
            return self.encoder.content(record, bound.record.key)
        except Surprise:
            pass  # as above
        scribe = Scribe(self.context, path or bound.cls.__name__)
        text = scribe.children(record, bound)
        scribe.raise_problems()
        return text

    def _key(self) -> Key:
        if not isinstance(self.type, RecordRef):
            raise UsageError(f"{self.type} is no record: it has no fields that could stand alone")
        return self.type.key


class Codecs:
    """The codecs of one contract: shapes, prefixes, types by name, settings. Safe for several threads.

    `shapes`: records by their Python classes. `types`: further types by Clark name, for xsi:type. `unknown`:
    ``strict``, or ``lenient`` to skip what is unknown and to accept what is out of order, telling `warn` of each.
    `roots`: of a contract written from code, see `soapkit.databinding.context.Settings`.
    """

    def __init__(
        self,
        shapes: Shapes | None = None,
        *,
        types: Mapping[str, Type] | None = None,
        unknown: Unknown = "strict",
        warn: Warn = no_warning,
        roots: Iterable[Key] | None = None,
    ) -> None:
        self.shapes: Shapes = DescribedShapes() if shapes is None else shapes
        self.context = Context(
            self.shapes, types or {}, Settings(unknown, warn, None if roots is None else frozenset(roots))
        )
        self.retold = RetoldReader(self.context)
        self.decoder = Decoder(self.context)
        self.encoder = Encoder(self.context)
        self._codecs: dict[Type, Codec] = {}
        self._records: dict[Key, Codec] = {}
        self._lock = threading.Lock()

    def codec(self, type_: Type | type) -> Codec:
        """The codec of a shape, or of a class. Raises `UsageError` for what has no shape."""
        shape: Type = type_for(type_) if isinstance(type_, type) else type_
        found = self._codecs.get(shape)
        if found is None:
            with self._lock:
                found = self._codecs.setdefault(
                    shape, Codec(self.context, self.retold, self.decoder, self.encoder, shape)
                )
        return found

    def record(self, key: Key) -> Codec:
        """The codec of the record of this key."""
        found = self._records.get(key)
        if found is None:
            found = self._records[key] = self.codec(RecordRef(key))
        return found


_FACES: dict[object, Codecs] = {}


def _face(cls: object) -> Codecs:
    """One for each class, so that the prefixes it writes do not depend on what else a program writes."""
    found = _FACES.get(cls)
    return _FACES.setdefault(cls, Codecs()) if found is None else found


def _face_tag(cls: type) -> str:
    name = type_name(cls)
    if name is None:
        raise UsageError(f"{cls.__name__} is an anonymous type: say the tag of its element")
    return name


def encode(value: object, tag: str | None = None) -> bytes:
    """The bytes of one element that holds `value`, an instance of an annotated class.

    `tag`: Clark name of the element; the name of the value's type unless said. Raises `EncodeError` with every problem
    of the value, `UsageError` for a value whose class has no shape.

    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Point:
    ...     x: int
    >>> encode(Point(3), "p")
    b'<p><x>3</x></p>'
    """
    cls = type(value)
    if not is_record_class(cls):
        if tag is None:
            raise UsageError(f"{cls.__name__} names no element: say its tag")
        return _face(cls).codec(cls).encode(value, tag).encode()
    return b"".join(_face(cls).codec(RecordRef(cls)).encode_pieces(value, tag or _face_tag(cls)))


@overload
def decode(xml: bytes | str | _Element, cls: type[ValueT]) -> ValueT: ...
@overload
def decode(xml: bytes | str | _Element, cls: Any) -> Any: ...
def decode(xml: bytes | str | _Element, cls: Any) -> Any:
    """The value of one element, from bytes or an lxml element, as an instance of `cls`. The pair of `encode`.

    The element may have any name. Raises `XmlError` for bytes that are not XML, `DecodeError` with every problem.
    """
    codec = _face(cls).codec(type_for(cls))
    if isinstance(xml, _Element):
        return codec.decode(xml)
    data = xml.encode() if isinstance(xml, str) else xml
    with columns_from(data):
        return codec.decode(parse_message(data))
