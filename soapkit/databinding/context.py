"""What the codecs of one contract share: records bound to their classes, types by name, prefixes, settings."""

from __future__ import annotations

import threading
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from soapkit.databinding.builtins import BUILTINS
from soapkit.databinding.content.model import Model
from soapkit.databinding.described.classes import NO_DEFAULT, PythonField, fields_of
from soapkit.databinding.described.generics import origin_of
from soapkit.databinding.given import keeps, let_travel
from soapkit.databinding.shape import (
    AnyAttributeField,
    Atomic,
    AttributeField,
    ElementField,
    ElementLike,
    Field,
    Key,
    ListOf,
    Record,
    RecordRef,
    Shapes,
    Simple,
    TextField,
    Type,
    UnionOf,
    reachable,
)
from soapkit.databinding.simple import SimpleCodec, simple_codec
from soapkit.errors import Problem
from soapkit.xml.names import CUSTOMARY_PREFIXES, XSD, split
from soapkit.xml.serialise import escape_attribute

_MOST_NAMES = 20_000

Unknown = Literal["strict", "lenient"]
Warn = Callable[[Problem], None]


def no_warning(problem: Problem) -> None:
    """Where nobody listens."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a codec reads.

    `unknown`: ``strict`` refuses elements and attributes that the type does not know, and elements out of order;
    ``lenient`` skips and reorders them, and tells `warn`. `roots`: the records of a contract that is written from them:
    it has those that they lead to, and no other; None: it is not known what there is.
    """

    unknown: Unknown = "strict"
    warn: Warn = no_warning
    roots: frozenset[Key] | None = None


@dataclass(frozen=True, slots=True)
class Absent:
    """What an absent field becomes: a value, or what a function makes anew."""

    value: Any = None
    factory: Callable[[], Any] | None = None

    def make(self) -> Any:
        """The value."""
        return self.value if self.factory is None else self.factory()


@dataclass(frozen=True, slots=True)
class Bound:
    """A record tied to its class, with all that reading and writing it asks for.

    `cls`: whose instances the values are. `absent`: by field. `simple`: the codec of each field with a simple type.
    `attributes`: by tag. `elements`, `mixed`: what the record says, found once. `only_elements`: whether its content is
    elements, and no text (XSD part 1, 3.4.2: element-only, or empty). `keeps`: whether an instance keeps what a message
    said beside its values. `alone`: the one element of a record that has no more, such as that of a bare Body.
    """

    record: Record
    cls: type
    model: Model
    absent: Mapping[str, Absent]
    simple: Mapping[str, SimpleCodec]
    attributes: Mapping[str, AttributeField]
    elements: tuple[ElementLike, ...]
    mixed: bool
    only_elements: bool
    keeps: bool = False
    alone: ElementField | None = None


@dataclass(slots=True)
class _Prefixes:
    """A prefix for each namespace, given once and kept, so that generated code may hold it."""

    by_namespace: dict[str, str] = field(default_factory=dict)
    taken: dict[str, str] = field(default_factory=dict)
    declarations: tuple[tuple[str, str, str], ...] = ()  # what shows that a prefix is used; how it is declared

    def add(self, namespace: str) -> str:
        escaped = escape_attribute(namespace)  # raises EncodeError for what XML cannot carry
        wanted = CUSTOMARY_PREFIXES.get(namespace, "")
        number = 1
        prefix = wanted
        while not prefix or prefix in self.taken:
            prefix = f"ns{number}"
            number += 1
        self.taken[prefix] = namespace
        self.by_namespace[namespace] = prefix
        if prefix != "xml":
            declared = f"xmlns:{prefix}="
            self.declarations = (*self.declarations, (f"{prefix}:", declared, f' {declared}"{escaped}"'))
        return prefix


class Context:
    """What the codecs of one contract share. Safe for several threads.

    `shapes`: records by key; where it has a method ``find(name)``, that finds types for xsi:type, else the records are
    looked through. `types`: further types by Clark name.
    """

    def __init__(self, shapes: Shapes, types: Mapping[str, Type], settings: Settings) -> None:
        self.shapes = shapes
        self.settings = settings
        self._types: dict[str, Type | None] = dict(types)
        self._bound: dict[Key, Bound] = {}
        self._simple: dict[Simple, SimpleCodec] = {}
        self._prefixes = _Prefixes()
        self._qualified: dict[str, str] = {}
        self._index: dict[str, Type] | None = None
        self._of_contract: frozenset[Key] | None = None
        self._lock = threading.RLock()

    # --- types ----------------------------------------------------------------------------------------------------

    def bound(self, key: Key) -> Bound:
        """The record of this key, tied to its class. Raises `KeyError` for an unknown key."""
        found = self._bound.get(key)
        if found is None:
            found = self._bound.setdefault(key, self._bind(self.shapes[key]))
        return found

    def _bind(self, record: Record) -> Bound:
        assert isinstance(record.key, type), f"{record.key} has no Python class yet"
        python = {one.name: one for one in fields_of(record.key)}
        fields, cls = record.fields, origin_of(record.key)
        if keeps(cls):
            let_travel(cls)
        return Bound(
            record,
            cls,
            self.model(record),
            {one.name: _absent(one, python.get(one.name)) for one in fields},
            {
                one.name: self.simple(one.type)
                for one in fields
                if isinstance(one, (ElementField, AttributeField, TextField))
                and isinstance(one.type, (Atomic, ListOf, UnionOf))
            },
            {one.tag: one for one in record.attributes},
            record.elements,
            record.mixed,
            record.text is None and not record.mixed,
            keeps(cls),
            _alone(record),
        )

    def model(self, record: Record) -> Model:
        """The compiled content model of a record."""
        return Model(record, lambda ref: self.shapes[ref.key])

    def simple(self, shape: Simple) -> SimpleCodec:
        """The codec of a simple shape, made once."""
        found = self._simple.get(shape)
        if found is None:
            found = self._simple.setdefault(shape, simple_codec(shape))
        return found

    def find(self, name: str) -> Type | None:
        """The type of this Clark name, for xsi:type; None if nobody knows it."""
        if name in self._types:
            return self._types[name]
        namespace, local = split(name)
        found: Type | None
        if namespace == XSD:
            found = Atomic(local) if local in BUILTINS else None
        else:
            finder = getattr(self.shapes, "find", None)
            found = finder(name) if finder is not None else self._by_name().get(name)
        if found is not None:  # what is not found is not kept: a stranger's names would fill the memory
            self._types[name] = found
        return found

    def _by_name(self) -> dict[str, Type]:
        if self._index is None:
            self._index = {
                record.name: RecordRef(record.key) for record in self.shapes.values() if record.name is not None
            }
        return self._index

    def is_of_contract(self, cls: type) -> bool:
        """Whether a contract has the record of a class, or one that it is derived from: it may stand where any type
        may."""
        if self.settings.roots is None:
            return True
        if self._of_contract is None:
            self._of_contract = frozenset(reachable(tuple(self.settings.roots), self.shapes))
        return any(base in self._of_contract for base in cls.__mro__)

    def derives(self, key: Key, base: Key) -> bool:
        """Whether the record of `key` is that of `base` or derived from it."""
        current: Key | None = key
        while current is not None:
            if current == base:
                return True
            parent = self.shapes[current].base
            current = parent.key if parent is not None else None
        return False

    # --- names ----------------------------------------------------------------------------------------------------

    def prefix(self, namespace: str) -> str:
        """The prefix of a namespace in all that this context writes."""
        found = self._prefixes.by_namespace.get(namespace)
        if found is None:
            with self._lock:
                found = self._prefixes.by_namespace.get(namespace) or self._prefixes.add(namespace)
        return found

    def namespace(self, prefix: str) -> str | None:
        """The namespace that a prefix means in all that this context writes; None where it means nothing."""
        return self._prefixes.taken.get(prefix)

    def qualified(self, tag: str) -> str:
        """A Clark name as it is written: ``ns1:iban``."""
        found = self._qualified.get(tag)
        if found is None:
            namespace, local = split(tag)
            found = f"{self.prefix(namespace)}:{local}" if namespace else local
            if len(self._qualified) < _MOST_NAMES:  # some are those of strangers: xs:anyAttribute
                self._qualified[tag] = found
        return found

    def declarations(self, text: str, head: str = "") -> str:
        """The declarations of the prefixes that `text` uses: `` xmlns:ns1="urn:x"``.

        A prefix that occurs only inside a value is declared too: harmless, and cheaper than to look closer. `head`: the
        first tag of the text, which declares prefixes of its own where it is kept XML.
        """
        found = ""
        for mark, declared, declaration in self._prefixes.declarations:
            # from the end, where a mark that is nowhere is missed three times sooner
            if text.rfind(mark) >= 0 and declared not in head:
                found += declaration
        return found

    def note_prefixes(self, text: str, used: set[str]) -> None:
        """Add to `used` the declarations of the prefixes that `text` uses: for a text that is written in pieces."""
        for mark, _, declaration in self._prefixes.declarations:
            if declaration not in used and text.rfind(mark) >= 0:
                used.add(declaration)

    def in_order(self, used: Container[str]) -> str:
        """The declarations that were noted, as `declarations` gives them."""
        return "".join([declaration for _, _, declaration in self._prefixes.declarations if declaration in used])


def _alone(record: Record) -> ElementField | None:
    first, *others = record.elements or (None,)
    return first if isinstance(first, ElementField) and not first.many and not others else None


def _absent(field_: Field, python: PythonField | None) -> Absent:
    """The class's own default; where it has none, what says "absent" for this kind of field."""
    if python is not None and python.factory is not None:
        return Absent(factory=python.factory)
    if python is not None and python.default is not NO_DEFAULT:
        default = python.default
        return Absent(factory=default.copy) if isinstance(default, (list, dict)) else Absent(default)
    if isinstance(field_, AnyAttributeField):
        return Absent(factory=dict)
    if isinstance(field_, (AttributeField, TextField)):
        return Absent()
    if field_.many:
        return Absent(factory=list)
    return Absent(msgspec.UNSET if isinstance(field_, ElementField) and field_.nillable else None)
