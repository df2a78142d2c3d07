"""Values that say their type, where any type may stand: an `int` that is an xs:short.

Where a contract says xs:anyType or xs:anySimpleType, xsi:type says what a value is. Of most values their Python type
says as much (`builtin_for`): 5 is an xs:int. Of others it does not: 5 that is an xs:short, a text that is of a type of
the contract. These are of a subclass that is named for the type and adds nothing else: they compare, hash and print as
what they are, and are written with the xsi:type that they came with.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from soapkit.databinding.actual import builtin_for
from soapkit.databinding.described.home import type_name
from soapkit.databinding.values import (
    Duration,
    GDay,
    GMonth,
    GMonthDay,
    GYear,
    GYearMonth,
    QName,
    XmlDate,
    XmlDateTime,
    XmlTime,
)
from soapkit.errors import UsageError
from soapkit.xml.names import XSD, clark, is_ncname, local_name

_NAME: Final = "__xml_said__"


def _again(cls: Any, value: Any) -> Any:
    return cls(value)


def _day(cls: Any, value: date) -> Any:
    return cls(value.year, value.month, value.day)


def _zoned_day(cls: Any, value: XmlDate) -> Any:
    return cls(value.year, value.month, value.day, value.tzinfo)


def _clock(value: datetime | time) -> tuple[int, int, int, int]:
    return value.hour, value.minute, value.second, value.microsecond


def _instant(cls: Any, value: datetime) -> Any:
    return cls(value.year, value.month, value.day, *_clock(value), value.tzinfo, fold=value.fold)


def _far_instant(cls: Any, value: XmlDateTime) -> Any:
    given = (value.year, value.month, value.day, *_clock(value), value.tzinfo)
    return cls(*given, fold=value.fold, fraction=value.fraction)


def _time(cls: Any, value: time) -> Any:
    return cls(*_clock(value), value.tzinfo, fold=value.fold)


def _fine_time(cls: Any, value: XmlTime) -> Any:
    return cls(*_clock(value), value.tzinfo, fold=value.fold, fraction=value.fraction)


def _fields(cls: Any, value: Any) -> Any:
    return cls(*(getattr(value, field.name) for field in dataclasses.fields(value)))


_OF_FIELDS = (Duration, GYear, GYearMonth, GMonth, GMonthDay, GDay, QName)
_MAKERS: dict[type, Callable[[Any, Any], Any]] = {
    **dict.fromkeys((str, int, float, Decimal, bytes, list), _again),
    date: _day,
    XmlDate: _zoned_day,
    datetime: _instant,
    XmlDateTime: _far_instant,
    time: _time,
    XmlTime: _fine_time,
    **dict.fromkeys(_OF_FIELDS, _fields),
}
"""What makes an instance of a subclass with the value of one of the class."""

_CLASSES: dict[tuple[type, str], type] = {}


def said_type(value: object) -> str | None:
    """The Clark name of the type that a value says: of a member of an enumeration, its class; None of one that says
    none.

    >>> said_type(typed(5, "{http://www.w3.org/2001/XMLSchema}short")), said_type(5)
    ('{http://www.w3.org/2001/XMLSchema}short', None)
    """
    found: str | None = type_name(type(value)) if isinstance(value, Enum) else getattr(type(value), _NAME, None)
    return found


def typed(value: Any, name: str) -> Any:
    """A value that is written with this xsi:type where any type may stand, and is else what it is.

    `name`: Clark name of a type of the contract, or of XML Schema. XSD part 1, 2.6.1. Raises `UsageError` for a
    value that cannot say its type: a `bool`, a member of an `Enum` (which says its own), a record, None.

    >>> guid = typed("8f14e45f-ceea-467f-a8d9-6f1f2d3c4b5a", "{http://schemas.microsoft.com/2003/10/Serialization/}guid")
    >>> guid
    '8f14e45f-ceea-467f-a8d9-6f1f2d3c4b5a'
    """
    if not is_ncname(local_name(name)):
        raise UsageError(f"{name!r} is no name of a type; expected {{namespace}}name")
    found = None if isinstance(value, Enum) else _typed(_plain(value), name)
    if found is None:
        raise UsageError(f"a value of {type(value).__name__} cannot say its type; expected a text, a number, a moment")
    return found


def read_as(value: Any, name: str, untyped: str) -> Any:
    """What is made of a value that came with this xsi:type: the value itself where it says as much, one that says it,
    or None where it cannot. `untyped`: what a text is of that says nothing, a built-in type."""
    if isinstance(value, Enum):
        return value if said_type(value) == name else None
    natural = untyped if type(value) is str else builtin_for(value)
    return value if name == clark(XSD, natural or "") else _typed(value, name)


def _typed(value: Any, name: str) -> Any:
    """None where a value cannot say its type."""
    make = _MAKERS.get(type(value))
    return None if make is None else make(_class_for(type(value), name), value)


def _plain(value: Any) -> Any:
    if said_type(value) is None:
        return value
    base: Any = type(value).__base__
    return _MAKERS[base](base, value)


def _class_for(base: type, name: str) -> type:
    found = _CLASSES.get((base, name))
    if found is None:
        members: dict[str, Any] = {"__slots__": (), _NAME: name, "__reduce_ex__": _reduced, "__repr__": _repr}
        if base in _OF_FIELDS:
            members |= {"__eq__": _equal, "__hash__": base.__hash__}  # theirs asks for the very class
        found = _CLASSES.setdefault((base, name), type(base.__name__, (base,), members))
    return found


def _reduced(value: Any, _protocol: object) -> tuple[Any, ...]:
    return typed, (_plain(value), said_type(value))


def _repr(value: Any) -> str:
    return repr(_plain(value))


def _equal(value: Any, other: object) -> bool:
    return bool(_plain(value) == _plain(other))
