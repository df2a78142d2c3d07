"""What people type -> the value a field wants: text for a number or a date, a dict for a record.

Only a dynamic client does this. Text is read as XML would write it (the lexical form of the field's type); nothing is
guessed, and what does not fit is refused by the encoder as always.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from soapkit.databinding.builtins import BUILTINS
from soapkit.databinding.codec import Codecs
from soapkit.databinding.shape import (
    Atomic,
    ChoiceField,
    ElementField,
    Field,
    ListOf,
    Record,
    RecordRef,
    Simple,
    Type,
)
from soapkit.errors import UsageError
from soapkit.xml.names import did_you_mean


class Loosen:
    """A function from a request record, as it was filled by a person, to the record the encoder wants."""

    def __init__(self, codecs: Codecs) -> None:
        self._codecs = codecs

    def __call__(self, record: Any) -> Any:
        shape = self._codecs.shapes[type(record)]
        values = {field.name: getattr(record, field.name) for field in shape.fields}
        return type(record)(**self._fields(shape, values))

    def _fields(self, shape: Record, values: Mapping[str, Any]) -> dict[str, Any]:
        fields = {field.name: field for field in shape.fields}
        for name in values:
            if name not in fields:
                raise UsageError(
                    f"{shape.name or shape.key} has no field {name!r}; it has {', '.join(fields)}"
                    f"{did_you_mean(name, fields)}"
                )
        return {name: self._field(fields[name], value) for name, value in values.items()}

    def _field(self, field: Field, value: Any) -> Any:
        if isinstance(field, ChoiceField) or not hasattr(field, "type"):
            return value  # which alternative is meant, only its class can tell
        if isinstance(field, ElementField) and field.many and isinstance(value, (list, tuple)):
            return [self._value(field.type, item) for item in value]
        return self._value(field.type, value)

    def _value(self, type_: Type, value: Any) -> Any:
        if isinstance(type_, RecordRef):
            return self._record(type_, value)
        if isinstance(type_, (Atomic, ListOf)):
            return _simple(type_, value)
        return value

    def _record(self, ref: RecordRef, value: Any) -> Any:
        shape = self._codecs.shapes[ref.key]
        if isinstance(value, Mapping):
            assert isinstance(ref.key, type)
            return ref.key(**self._fields(shape, value))
        if isinstance(value, ref.key) if isinstance(ref.key, type) else False:
            return self(value)
        return value


def _simple(type_: Simple, value: Any) -> Any:
    if isinstance(type_, ListOf) and isinstance(value, (list, tuple)):
        return [_simple(type_.item, item) for item in value]
    if isinstance(type_, Atomic) and isinstance(value, str) and type_.python is None:
        return BUILTINS[type_.builtin].parse(value)
    return value
