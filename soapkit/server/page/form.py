"""Operation -> the description that the form of a browser is built from: plain values, as JSON has them.

Records are told once each, by number, since they hold each other; keys are short, since contracts are large:

    record    name, abstract, a (attributes), t (text), c (content), d (numbers of the records derived from it)
    particle  k: e an element, s a sequence, c a choice, l an all, r a repeated choice, w a wildcard
    type      {r: number} a record, {b: builtin, ...} a value, {any: true} anything
"""

from __future__ import annotations

from typing import Any, TypeAlias

from soapkit.databinding.sample.sample import derived_keys
from soapkit.databinding.shape import (
    All,
    AnyField,
    AnyType,
    AttributeField,
    Choice,
    ChoiceField,
    ElementField,
    Key,
    ListOf,
    Particle,
    Record,
    RecordRef,
    Shapes,
    Simple,
    Type,
    UnionOf,
)
from soapkit.errors import SoapkitError
from soapkit.operations import Message, Operation
from soapkit.server.page.words import facet_words, key_name
from soapkit.xml.names import local_name, split

Json: TypeAlias = "dict[str, Any]"  # as JSON has it

MAX_RECORDS = 400  # of one form; beyond that the message is written by hand


def form_of(operation: Operation[Any, Any], shapes: Shapes) -> Json | None:
    """The description of a request; None for one that no form is made for: SOAP encoding, or types without number."""
    if operation.request.encoded:
        return None
    teller = _Teller(shapes)
    body = teller.message(operation.request)
    headers = [
        {**_name(header.tag), "t": teller.type(header.type), "min": int(header.required)}
        for header in operation.request.headers
    ]
    return teller.whole(body, headers)


class _Teller:
    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self._numbers: dict[Key, int] = {}
        self._waiting: list[Key] = []

    def message(self, message: Message) -> Json:
        """Where the request stands, and the number of its record."""
        wrapper = None if message.tag is None else _name(message.tag)
        return {"wrapper": wrapper, "r": self._number(message.record)}

    def whole(self, body: Json, headers: list[Json]) -> Json | None:
        """All of it, with the records that were met on the way."""
        records: list[Json] = []
        while self._waiting:
            records.append(self._record(self._shapes[self._waiting.pop(0)]))
            if len(records) > MAX_RECORDS:
                return None
        return {"body": body, "headers": headers, "records": records}

    def _number(self, key: Key) -> int:
        if key not in self._numbers:
            self._numbers[key] = len(self._numbers)
            self._waiting.append(key)
        return self._numbers[key]

    def _record(self, record: Record) -> Json:
        told: Json = {"name": key_name(record.name or record.key)}
        if record.name is not None:
            told["q"] = record.name
        if record.abstract:
            told["abstract"] = True
        if record.attributes:
            told["a"] = [self._attribute(field) for field in record.attributes]
        if record.text is not None:
            told["t"] = self.type(record.text.type)
        elif record.mixed:
            told["raw"] = True  # text between elements is written by hand
        else:
            told["c"] = self._particle(record.content)
        derived = [] if record.group else self._derived(record.key)
        if derived:
            told["d"] = derived
        return told

    def _derived(self, key: Key) -> list[int]:
        try:
            keys = derived_keys(key, self._shapes)
            return [self._number(one) for one in keys if self._shapes[one].name is not None]
        except SoapkitError:  # one that cannot be used is not offered
            return []

    def _attribute(self, field: AttributeField) -> Json:
        told = {**_name(field.tag), "t": self.type(field.type), "min": int(field.required)}
        return _with_values(told, field.default, field.fixed)

    def _particle(self, particle: Particle) -> Json:
        if isinstance(particle, ElementField):
            told: Json = {"k": "e", **_name(particle.tag), "t": self.type(particle.type), **_occurs(particle)}
            if particle.nillable:
                told["nil"] = True
            return _with_values(told, particle.default, particle.fixed)
        if isinstance(particle, ChoiceField):
            alternatives = [
                {"t": self.type(one.type), **({} if one.tag is None else _name(one.tag))}
                for one in particle.alternatives
            ]
            return {"k": "r", "of": alternatives, **_occurs(particle)}
        if isinstance(particle, AnyField):
            return {"k": "w", **_occurs(particle)}
        kind = "c" if isinstance(particle, Choice) else "l" if isinstance(particle, All) else "s"
        told = {"k": kind, "of": [self._particle(inner) for inner in particle.particles]}
        return {**told, "opt": True} if particle.optional else told

    def type(self, type_: Type) -> Json:
        """A type, as the form knows it."""
        if isinstance(type_, AnyType):
            return {"any": True}
        return {"r": self._number(type_.key)} if isinstance(type_, RecordRef) else _simple(type_)


def _simple(type_: Simple) -> Json:
    told: Json = {"b": _builtin(type_)}
    if type_.enumeration:
        told["enum"] = [value.value for value in type_.enumeration]
    words = list(facet_words(type_.facets))
    if words:
        told["rules"] = ", ".join(words)
    return told


def _builtin(type_: Simple) -> str:
    if isinstance(type_, ListOf):
        return "list"
    if isinstance(type_, UnionOf):
        return "union"
    return "swaRef" if type_.refers else type_.builtin  # a URI that may hold the bytes of a file


def _occurs(field: ElementField | ChoiceField | AnyField) -> Json:
    return {"min": field.minimum, "max": field.maximum}


def _with_values(told: Json, default: str | None, fixed: str | None) -> Json:
    if default is not None:
        told["default"] = default
    if fixed is not None:
        told["fixed"] = fixed
    return told


def _name(tag: str) -> Json:
    namespace, local = split(tag)
    return {"ns": namespace, "n": local or local_name(tag)}
