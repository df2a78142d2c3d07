"""What a message said beside its values: attributes given with the value they have anyway, the order of an xs:all.

An attribute that is absent has its default (XSD part 1, 3.4.4), and so has one that is given with it: the values are
the same, the messages are not. What came is kept beside the fields of an instance, so that writing it again gives the
same message; it is no part of the value, and is neither compared nor shown, nor written as JSON. Only classes with room
for it keep it: generated ones whose type has such attributes or an xs:all, and those with a ``__dict__``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from soapkit.databinding.shape import All, AttributeField, Record

KEY: Final = "__xml_given__"


@dataclass(frozen=True, slots=True)
class Given:
    """`attributes`: the fields of attributes given with their default; `order`: the fields of an xs:all as they came,
    where that is not the order in which they are declared."""

    attributes: frozenset[str] = frozenset()
    order: tuple[str, ...] = ()


NOTHING: Final = Given()


def has_default(field: AttributeField) -> bool:
    """Whether an attribute may be left out for its default."""
    return field.default is not None and not field.required


def is_told(record: Record) -> bool:
    """Whether a message with this type may say more than its values."""
    return isinstance(record.content, All) or any(map(has_default, record.attributes))


def keeps(cls: type, record: Record) -> bool:
    """Whether instances have something to keep, and room for it."""
    return bool(getattr(cls, "__dictoffset__", 0)) and is_told(record)


def keep(value: Any, given: Given) -> None:
    """Keep what was given beside the fields of a value."""
    if given != NOTHING:
        value.__dict__[KEY] = given


def given_with(value: Any) -> Given:
    """What was given with a value; nothing for one that did not come in a message."""
    beside = getattr(value, "__dict__", None)
    found = beside.get(KEY, NOTHING) if beside else NOTHING
    assert isinstance(found, Given)
    return found


def order_of(names: Sequence[str], record: Record) -> tuple[str, ...]:
    """The order to keep of an xs:all; none where the fields came as they are declared."""
    came = tuple(dict.fromkeys(names))
    declared = tuple(leaf.name for leaf in record.elements if leaf.name in came)
    return () if came == declared else came
