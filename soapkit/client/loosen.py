"""What people type -> the value a field wants: text for a number or a date, a dict for a record.

Only a dynamic client does this. Text is read as XML would write it (the lexical form of the field's type); nothing is
guessed, and what does not fit is refused by the encoder as always.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from soapkit.attachment import Attachment
from soapkit.databinding.builtins import BUILTINS
from soapkit.databinding.codec import Codecs
from soapkit.databinding.given import given_with, keep
from soapkit.databinding.shape import (
    AnyAttributeField,
    AnyField,
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
from soapkit.errors import EncodeError, Place, UsageError
from soapkit.xml.names import did_you_mean


class Loosen:
    """A function from a request record, as it was filled by a person, to the record the encoder wants.

    Raises `UsageError` for a dict with an unknown key, `EncodeError` for text that is no value of its field's type.
    """

    def __init__(self, codecs: Codecs) -> None:
        self._codecs = codecs

    def __call__(self, record: Any, name: str) -> Any:
        """`name`: of the message, where paths begin."""
        return self._loosened(record, name)

    def _loosened(self, record: Any, path: str) -> Any:
        shape = self._codecs.shapes[type(record)]
        values = {field.name: getattr(record, field.name) for field in shape.fields}
        loosened = type(record)(**self._fields(shape, values, path))
        keep(loosened, given_with(record))
        return loosened

    def _fields(self, shape: Record, values: Mapping[str, Any], path: str) -> dict[str, Any]:
        fields = {field.name: field for field in shape.fields}
        for name in values:
            if name not in fields:
                known = ", ".join(fields)
                raise UsageError(f"{path} has no field {name!r}; it has {known}{did_you_mean(name, fields)}")
        return {name: self._field(fields[name], value, f"{path}.{name}") for name, value in values.items()}

    def _field(self, field: Field, value: Any, path: str) -> Any:
        if isinstance(field, (ChoiceField, AnyField, AnyAttributeField)):
            return value  # which alternative is meant, only its class can tell
        if isinstance(field, ElementField) and field.many and isinstance(value, (list, tuple)):
            return [self._value(field.type, item, f"{path}[{number}]") for number, item in enumerate(value)]
        return self._value(field.type, value, path)

    def _value(self, type_: Type, value: Any, path: str) -> Any:
        if isinstance(type_, RecordRef) and isinstance(type_.key, type):
            if isinstance(value, Mapping):
                return type_.key(**self._fields(self._codecs.shapes[type_.key], value, path))
            return self._loosened(value, path) if isinstance(value, type_.key) else value
        return _simple(type_, value, path) if isinstance(type_, (Atomic, ListOf)) else value


def _simple(type_: Simple, value: Any, path: str) -> Any:
    if isinstance(type_, ListOf) and isinstance(value, (list, tuple)):
        return [_simple(type_.item, item, f"{path}[{number}]") for number, item in enumerate(value)]
    if isinstance(type_, Atomic) and isinstance(value, str) and type_.python in (None, Attachment):
        try:
            return BUILTINS[type_.builtin].parse(value)
        except ValueError as error:
            told = f"is not xs:{type_.builtin}"
            raise EncodeError(f"{value!r} {told}: {error}", place=Place(path=path), bare=told) from None
    return value
