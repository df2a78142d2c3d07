"""What a contract cannot say, found when a class is decorated: types without a form in XML, names that clash."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from lxml import etree

from soapkit.databinding.builtins import BUILTINS
from soapkit.databinding.describe import DescribedShapes, describe
from soapkit.databinding.described.annotation_types import clark_prefix
from soapkit.databinding.described.classes import fields_of, is_record_class
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
from soapkit.databinding.simple import SimpleCodec, simple_codec, value_of
from soapkit.errors import Place, UsageError
from soapkit.operations import Message, Service
from soapkit.xml.names import is_ncname, local_name, namespace_of

_ONLY = {  # which facets say something of a type of each family (XSD part 2, 4.1.5)
    "text": {"length", "min_length", "max_length", "patterns", "white_space"},
    "bytes": {"length", "min_length", "max_length", "patterns", "white_space"},
    "name": {"length", "min_length", "max_length", "patterns", "white_space"},
    "boolean": {"patterns", "white_space"},
}
_LENGTHS = {"length", "min_length", "max_length"}
_PYTHON_NAMES = {"min_inclusive": "ge", "max_inclusive": "le", "min_exclusive": "gt", "max_exclusive": "lt"}


def check_namespace(namespace: str) -> None:
    """Raise `UsageError` for what is no URI (RFC 3986): all that stands on libxml2, zeep and lxml among them, could not
    read the contract. A service that has such a namespace already is hosted from its contract, which may."""
    try:
        etree.Element("a", nsmap={"a": namespace})
    except ValueError:
        told = f"{namespace!r} is no URI, such as urn:example:clock; not every client could read the contract"
        raise UsageError(told) from None


def check_further(cls: object, namespace: str) -> None:
    """Raise `soapkit.errors.UsageError` for what is no class with fields that a contract can have a type for."""
    if not isinstance(cls, type) or not is_record_class(cls):
        raise UsageError(
            f"types: {getattr(cls, '__name__', cls)} is no class with fields: expected Structs and dataclasses"
        )
    check_type(cls, namespace)


def check_type(annotation: Any, namespace: str, default: Any = msgspec.NODEFAULT) -> None:
    """Raise `soapkit.errors.SoapkitError` where an annotation, or what it leads to, has no form in XML, and where
    `default` is no value of it.

    The problem's path is empty where the annotation itself is the problem, else it names class and field.
    """
    asked = msgspec.defstruct("Asked", [("value", annotation, default)])
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
    tags: dict[tuple[str, str], str] = {}
    if record.name is not None:
        _check_name(record.name, name)
    for field in record.fields:
        for kind, tag, say in _tags(field):
            _check_name(tag, f"{name}.{field.name}")
            if (known := tags.setdefault((kind, tag), field.name)) != field.name:
                raise UsageError(
                    f"{known} and {field.name} are both {kind} {local_name(tag)}; "
                    f"name one of them otherwise, with {say}",
                    place=Place(path=name),
                )
        if isinstance(field, (ElementField, AttributeField, TextField)):
            _check_simple(field.type, f"{name}.{field.name}")
    if record.text is not None and record.elements:
        raise UsageError(
            f"{record.text.name} is the text of the element, which then has no elements ({record.elements[0].name}); "
            "write them as attributes",
            place=Place(path=name),
        )
    _check_defaults(record, name)


def _check_name(tag: str, where: str) -> None:
    if not is_ncname(local_name(tag)):
        raise UsageError(f"{local_name(tag)!r} is no name in XML", place=Place(path=where))
    try:
        check_namespace(namespace_of(tag))
    except UsageError as error:
        raise UsageError(str(error), place=Place(path=where)) from None


def _check_defaults(record: Record, name: str) -> None:
    """A default is sent where a caller gives nothing: it must be a value of the type."""
    if not isinstance(record.key, type):
        return
    types = {field.name: field for field in record.fields if isinstance(field, (ElementField, AttributeField))}
    for field in fields_of(record.key):
        shaped = types.get(field.name)
        if shaped is None or field.required or field.factory is not None or field.default in (None, msgspec.UNSET):
            continue
        if isinstance(shaped.type, (RecordRef, AnyType)) or (isinstance(shaped, ElementField) and shaped.many):
            continue
        try:
            simple_codec(shaped.type).encode(field.default, clark_prefix, False)
        except ValueError as error:
            told = f"the default {field.default!r} is no value of its type: {error}"
            raise UsageError(told, place=Place(path=f"{name}.{field.name}")) from None


def _tags(field: Any) -> Iterator[tuple[str, str, str]]:
    """What a field is written as, its name, and how to say another."""
    if isinstance(field, ElementField):
        yield "element", field.tag, "element() or choice()"
    elif isinstance(field, AttributeField):
        yield "attribute", field.tag, "attribute()"
    elif isinstance(field, ChoiceField):
        yield from (("element", one.tag, "element() or choice()") for one in field.alternatives if one.tag is not None)


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
        if _contradicts_itself(one):
            raise UsageError("its facets leave no value", place=Place(path=where))
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


def _contradicts_itself(type_: Simple) -> bool:
    """Whether facets exclude each other (XSD part 2, 4.3.1.4, 4.3.2.4, 4.3.7.4 and the like), so that no other stack
    reads the schema."""
    facets = type_.facets
    least, most = facets.min_length, facets.max_length
    if least is not None and most is not None and least > most:
        return True
    if facets.length is not None and not (least or 0) <= facets.length <= (facets.length if most is None else most):
        return True
    digits, fraction = facets.total_digits, facets.fraction_digits
    if digits is not None and fraction is not None and fraction > digits:
        return True
    if not isinstance(type_, Atomic):
        return False
    plain = simple_codec(Atomic(type_.builtin))
    low, below = _bound(facets.min_inclusive, facets.min_exclusive, plain)
    high, above = _bound(facets.max_inclusive, facets.max_exclusive, plain)
    try:
        return low is not None and high is not None and bool(low > high or (low == high and (below or above)))
    except TypeError:  # durations, and moments with and without a zone, have no whole order
        return False


def _bound(inclusive: str | None, exclusive: str | None, plain: SimpleCodec) -> tuple[Any, bool]:
    """A bound, and whether it is excluded itself."""
    text = inclusive if inclusive is not None else exclusive
    return (None if text is None else value_of(text, plain)), inclusive is None


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
