"""A Python value -> the type that it stands for in XML."""

from __future__ import annotations

import sys
from datetime import date, datetime, time, timedelta
from weakref import WeakKeyDictionary

from soapkit.databinding.builtins import BUILTIN_OF, BUILTINS
from soapkit.databinding.described.classes import is_record_class, own_names
from soapkit.databinding.shape import NO_FACETS, Atomic, Type

_BASES_OF_MOMENTS = ((datetime, "dateTime"), (date, "date"), (time, "time"), (timedelta, "duration"))
_OWN_CLASSES: WeakKeyDictionary[type, type] = WeakKeyDictionary()


def own_class(cls: type) -> type:
    """The class that `cls` stands for in XML.

    A subclass without fields, without `xml_type` and in a module that names no namespace is its base: somebody added
    methods.
    """
    found = _OWN_CLASSES.get(cls)
    if found is None:
        found = _OWN_CLASSES[cls] = _own_class(cls)
    return found


def _own_class(cls: type) -> type:
    for one in cls.__mro__:
        if not is_record_class(one) or not is_record_class(one.__mro__[1]):
            break
        if (
            "__xml_type__" in one.__dict__
            or own_names(one)
            or hasattr(sys.modules[one.__module__], "__xml_namespace__")
        ):
            return one
    return one if is_record_class(one) else cls


def builtin_for(value: object) -> str | None:
    """The built-in type that says most of a value of no declared type."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return next((name for name in ("int", "long") if abs(value) <= (BUILTINS[name].maximum or 0)), "integer")
    for cls, name in _BASES_OF_MOMENTS:
        if isinstance(value, cls):
            return name
    return next((name for cls, name in BUILTIN_OF.items() if isinstance(value, cls)), None)


def is_any_simple(type_: Type) -> bool:
    """Whether a value of any simple type may stand here (xs:anySimpleType): xsi:type says which it is."""
    return isinstance(type_, Atomic) and type_.builtin == "anySimpleType" and type_.facets == NO_FACETS
