"""What a contract cannot say, found when a class is decorated: types without a form in XML, names that clash."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from soapkit.databinding.builtins import BUILTINS
from soapkit.databinding.describe import DescribedShapes, describe
from soapkit.databinding.shape import (
    AnyType,
    Atomic,
    AttributeField,
    ChoiceField,
    ElementField,
    Key,
    ListOf,
    Record,
    RecordRef,
    Simple,
    TextField,
    Type,
    UnionOf,
    reachable,
)
from soapkit.databinding.simple import simple_codec
from soapkit.errors import Place, UsageError
from soapkit.operations import Message, Service
from soapkit.xml.names import local_name

_ONLY = {  # which facets say something of a type of each family (XSD part 2, 4.1.5)
    "text": {"length", "min_length", "max_length", "patterns", "white_space"},
    "bytes": {"length", "min_length", "max_length", "patterns", "white_space"},
    "name": {"length", "min_length", "max_length", "patterns", "white_space"},
    "boolean": {"patterns", "white_space"},
}
_LENGTHS = {"length", "min_length", "max_length"}
_PYTHON_NAMES = {"min_inclusive": "ge", "max_inclusive": "le", "min_exclusive": "gt", "max_exclusive": "lt"}


def check_type(annotation: Any, namespace: str) -> None:
    """Raise `soapkit.errors.SoapkitError` where an annotation, or what it leads to, has no form in XML.

    The problem's path is empty where the annotation itself is the problem, else it names class and field.
    """
    asked = msgspec.defstruct("Asked", [("value", annotation)])
    try:
        shapes = DescribedShapes(namespace)
        for record in reachable([asked], shapes).values():
            _check_record(record)
    except UsageError as error:
        (first, *_) = error.problems
        path = "" if first.place.path == "Asked.value" else first.place.path
        raise UsageError(first.message, place=Place(path=path)) from error


def _check_record(record: Record) -> None:
    name = record.key.__name__ if isinstance(record.key, type) else record.key
    tags: dict[str, str] = {}
    for field in record.fields:
        for tag in _tags(field):
            if tags.setdefault(tag, field.name) != field.name:
                raise UsageError(
                    f"{tags[tag]} and {field.name} are both element {local_name(tag)}; name one of them otherwise, "
                    f"with element() or choice()",
                    place=Place(path=name),
                )
        if isinstance(field, (ElementField, AttributeField, TextField)):
            _check_simple(field.type, f"{name}.{field.name}")


def _tags(field: Any) -> Iterator[str]:
    if isinstance(field, ElementField):
        yield field.tag
    elif isinstance(field, ChoiceField):
        yield from (one.tag for one in field.alternatives if one.tag is not None)


def _check_simple(type_: Type, where: str) -> None:
    if isinstance(type_, (RecordRef, AnyType)):
        return
    try:
        simple_codec(type_)  # facets that cannot be read
    except Exception as error:
        raise UsageError(str(error), place=Place(path=where)) from error
    for one in _parts(type_):
        wrong = _misplaced(one)
        if wrong:
            raise UsageError(
                f"{_PYTHON_NAMES.get(wrong, wrong)} says nothing of {_called(one)}", place=Place(path=where)
            )
        if isinstance(one, UnionOf) and any(map(_takes_all, one.members[:-1])):
            raise UsageError(
                "str takes every text, so what stands after it in the union would never be read: put str last",
                place=Place(path=where),
            )


def _parts(type_: Simple) -> Iterator[Simple]:
    yield type_
    for member in (type_.item,) if isinstance(type_, ListOf) else type_.members if isinstance(type_, UnionOf) else ():
        yield from _parts(member)


def _takes_all(type_: Simple) -> bool:
    return type_ == Atomic("string")


def _misplaced(type_: Simple) -> str | None:
    """A facet that XML Schema does not allow on the type."""
    given = {name for name in type_.facets.__dataclass_fields__ if getattr(type_.facets, name) not in (None, ())}
    if isinstance(type_, UnionOf):
        return next(iter(sorted(given - {"patterns"})), None)
    if isinstance(type_, ListOf):
        return next(iter(sorted(given - _LENGTHS - {"patterns", "white_space"})), None)
    allowed = _ONLY.get(BUILTINS[type_.builtin].family)
    wrong = given & _LENGTHS if allowed is None else given - allowed
    return next(iter(sorted(wrong)), None)


def _called(type_: Simple) -> str:
    return f"xs:{type_.builtin}" if isinstance(type_, Atomic) else "a list" if isinstance(type_, ListOf) else "a union"


# --- names that clash ---------------------------------------------------------------------------------------------


def check_clashes(service: Service) -> None:
    """Raise `UsageError` where two types, or two elements, of a service have one name."""
    shapes = DescribedShapes(service.namespace)
    roots: list[Key] = []
    elements: dict[str, tuple[Type, str]] = {}
    for tag, type_, what in _elements(service):
        known = elements.setdefault(tag, (type_, what))
        if known[0] != type_:
            raise UsageError(f"{service.name}: {what} and {known[1]} are both element {tag}; rename one of them")
        if isinstance(type_, RecordRef):
            roots.append(type_.key)
    roots += [message.record for operation in service.operations for message in _messages(operation)]
    types: dict[str, object] = {}
    for key, record in reachable(roots, shapes).items():
        named: list[tuple[str | None, object]] = [(record.name, key)]
        named += [
            (field.type.name, field.type.python)
            for field in record.fields
            if isinstance(field, (ElementField, AttributeField, TextField)) and isinstance(field.type, Atomic)
        ]
        for name, cls in named:
            if name is not None and types.setdefault(name, cls) is not cls:
                raise UsageError(
                    f"{service.name}: {_full(types[name])} and {_full(cls)} are both type {name}; "
                    "give one of them another name with xml_type()"
                )


def _full(cls: object) -> str:
    return f"{cls.__module__}.{cls.__qualname__}" if isinstance(cls, type) else str(cls)


def _elements(service: Service) -> Iterator[tuple[str, Type, str]]:
    """Each global element of the contract, its type, and what it is in words."""
    for operation in service.operations:
        for message in _messages(operation):
            kind = "the request" if message is operation.request else "the reply"
            if message.style == "wrapped" and message.tag is not None:
                yield message.tag, RecordRef(message.record), f"{kind} of {operation.name}"
            elif message.style == "bare":
                for field in describe(message.record, service.namespace).elements:  # type: ignore[arg-type]  # a class
                    if isinstance(field, ElementField):
                        yield field.tag, field.type, f"{kind} of {operation.name}"
            for header in message.headers:
                yield header.tag, header.type, f"header {header.name} of {operation.name}"
        for fault in operation.faults:
            yield fault.tag, fault.type, f"fault {fault.name} of {operation.name}"


def _messages(operation: Any) -> Iterator[Message]:
    yield operation.request
    if operation.reply is not None:
        yield operation.reply
