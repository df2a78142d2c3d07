"""What a message said beside its values: defaults that were given, the order of an xs:all, what no type knows, why nil.

An attribute that is absent has its default (XSD part 1, 3.4.4), and so has one that is given with it: the values are
the same, the messages are not. What came is kept beside the fields of an instance, so that writing it again gives the
same message; it is no part of the value, and is neither compared nor shown, nor written as JSON. Only classes with room
for it keep it: dataclasses, and Structs with ``dict=True``, which generated classes have where their type may say more
than its values (`is_told`), and all of them where they are to keep what is unknown.

It travels with copies of the instance (`copy`, `pickle`), which msgspec makes of the fields alone: see `let_travel`.
What is made of another's fields, by a ``replace`` of whatever library, is a new value; `Given.beside` takes it along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, TypeVar

import msgspec

from soapkit.databinding.shape import (
    All,
    Alternative,
    AnyType,
    AttributeField,
    ChoiceField,
    ElementField,
    ElementLike,
    Record,
    RecordRef,
    Shapes,
)
from soapkit.databinding.values import Raw
from soapkit.errors import UsageError

ValueT = TypeVar("ValueT")

KEY: Final = "__xml_given__"

Beside: TypeAlias = Mapping[tuple[str, int], tuple[Any, Mapping[str, str]]]
"""Values and their attributes, by field and place in its list."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a message said beside one value.

    `attributes`: the fields of attributes given with their default; `order`: the fields of an xs:all as they came,
    where that is not the order in which they are declared. `unknown_attributes`, `unknown_elements`: what the type does
    not know (of a lenient reader), by Clark name and in order; `places`: before which known child each of these
    elements came, in mixed content before which item of its list. `texts`: what stood between elements where there may
    be only elements, with the number of elements, known and unknown, before it. `children`: of elements that have
    attributes and no room for them, since they are nil or of a simple type: their values and attributes, by field and
    place in its list (0 where it is none).
    """

    attributes: frozenset[str] = frozenset()
    order: tuple[str, ...] = ()
    unknown_attributes: Mapping[str, str] = field(default_factory=dict)
    unknown_elements: tuple[Raw, ...] = ()
    places: tuple[int, ...] = ()
    texts: tuple[tuple[int, str], ...] = ()
    children: Beside = field(default_factory=dict)

    def attributes_of(self, name: str, place: int = 0) -> Mapping[str, str]:
        """The attributes that came with the value of a field and are none of the value, by Clark name; QNames too."""
        return self.children[name, place][1] if (name, place) in self.children else {}

    def beside(self, value: ValueT) -> ValueT:
        """The value itself, with this beside it: for one that was made of the fields of another.

        Raises `UsageError` where its class has no room.

        >>> given_with(item).beside(dataclasses.replace(item, amount=3))                      # doctest: +SKIP
        """
        if not keeps(type(value)):
            raise UsageError(f"{type(value).__name__} has no room: expected a dataclass, or a Struct with dict=True")
        value.__dict__[KEY] = self
        return value


NOTHING: Final = Given()


class Nil:
    """See `nil`. No dataclass, which would be a type of the message."""

    __slots__ = ("attributes",)

    def __init__(self, attributes: Mapping[str, str]) -> None:
        self.attributes = attributes

    def __repr__(self) -> str:
        return f"nil({self.attributes!r})"

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return self.attributes == other.attributes if isinstance(other, Nil) else NotImplemented

    def __hash__(self) -> int:
        return hash(frozenset(self.attributes.items()))


def nil(attributes: Mapping[str, str] | None = None) -> Any:
    """A nil value with attributes, for a field that may be None: ``price=nil({"reason": "withdrawn"})``.

    `attributes`: texts by Clark name, QNames as Clark names; such as the type has, else `EncodeError`, but of a lenient
    codec. What comes so is None, and `given_with` tells the attributes; but an item of a stream, beside which there is
    no record, comes as this very value, which is false as None is. XSD part 1, 2.6.2 and 3.3.4: an element that is nil
    may have attributes, but no content.

    >>> nil({"reason": "withdrawn"})
    nil({'reason': 'withdrawn'})
    """
    return Nil(dict(attributes or {}))


def is_nil_unsaid(field: ElementField) -> bool:
    """Whether a field whose element may be nil has no value for that: of xs:anyType it may be, whatever is declared."""
    return isinstance(field.type, AnyType) and not field.nillable and not field.many


def has_default(field: AttributeField) -> bool:
    """Whether an attribute may be left out for its default."""
    return field.default is not None and not field.required


def is_told(record: Record, shapes: Shapes) -> bool:
    """Whether a message that is right may say more than the values of this type."""
    return (
        isinstance(record.content, All)
        or any(map(has_default, record.attributes))
        or any(_may_say_why(each, shapes) for field in record.elements for each in _elements_of(field))
    )


def _elements_of(field: ElementLike) -> tuple[ElementField | Alternative, ...]:
    """What may stand where a field does, as far as its type is known."""
    if isinstance(field, ElementField):
        return (field,)
    return field.alternatives if isinstance(field, ChoiceField) else ()


def _may_say_why(element: ElementField | Alternative, shapes: Shapes) -> bool:
    """Whether an element may be nil and have attributes, or where None says that it is absent (`is_nil_unsaid`)."""
    if isinstance(element.type, AnyType):
        return True
    if not element.nillable or not isinstance(element.type, RecordRef):
        return False
    record = shapes[element.type.key]
    return bool(record.attributes) or record.any_attribute is not None


def keeps(cls: type) -> bool:
    """Whether instances have room for what was said beside their values."""
    return bool(getattr(cls, "__dictoffset__", 0))


def let_travel(cls: type) -> None:
    """Let what is kept beside instances of a Struct travel with their copies; of a dataclass, it does.

    To the class itself, the first time that a codec reads into it: it may be anybody's.
    """
    if not issubclass(cls, msgspec.Struct):
        return
    ways = {"__copy__": _copied, "__reduce__": _reduced}
    for name, way in ways.items():
        if getattr(cls, name) is getattr(msgspec.Struct, name):  # it has none of its own
            setattr(cls, name, way)


def _copied(value: Any) -> Any:
    copied = msgspec.Struct.__copy__(value)  # type: ignore[attr-defined]  # its stubs do not tell
    copied.__dict__.update(value.__dict__)
    return copied


def _reduced(value: Any) -> tuple[Any, ...]:
    return (*msgspec.Struct.__reduce__(value), value.__dict__ or None)


def keep(value: Any, given: Given) -> None:
    """Keep what was given beside the fields of a value."""
    if given != NOTHING:
        value.__dict__[KEY] = given


def given_with(value: Any) -> Given:
    """What a message said beside a value; nothing for one that did not come in a message.

    >>> given_with(3).unknown_elements
    ()
    """
    found = getattr(value, KEY, NOTHING)  # asking for __dict__ would make one
    assert isinstance(found, Given)
    return found


def order_of(names: Sequence[str], record: Record) -> tuple[str, ...]:
    """The order to keep of an xs:all; none where the fields came as they are declared."""
    came = tuple(dict.fromkeys(names))
    declared = tuple(leaf.name for leaf in record.elements if leaf.name in came)
    return () if came == declared else came
