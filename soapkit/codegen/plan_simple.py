"""Which simple types get a class or an alias of their own: where each is met, and what it would be called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from soapkit.codegen.expressions import simple_owner
from soapkit.codegen.naming import Names, member_name
from soapkit.codegen.plan import EnumPlan
from soapkit.codegen.plan_order import namespace_for
from soapkit.databinding.shape import (
    NO_FACETS,
    Atomic,
    ChoiceField,
    ElementField,
    Field,
    Key,
    ListOf,
    Record,
    Simple,
    Type,
    UnionOf,
)
from soapkit.xml.names import XSD, local_name, namespace_of


@dataclass(frozen=True, slots=True)
class SimpleUse:
    """A simple type that gets a class or an alias. `owner`: the record in which an anonymous one stands."""

    owner: Key
    namespace: str
    name: str
    shape: Simple

    @property
    def named(self) -> bool:
        return self.owner == ""


def simple_uses(records: Mapping[Key, Record], others: Iterable[tuple[Key, str, str, Type]]) -> Iterator[SimpleUse]:
    """Each simple type that deserves a name, once, parts before what is made of them. `others`: outside of records,
    each with its owner, its namespace and the name it would like."""
    seen: set[tuple[Key, Simple]] = set()
    for record in records.values():
        base = records[record.base.key] if record.base is not None else None
        inherited = _enumerations(base, records)
        for name, type_ in _types(record.fields):
            for use in _uses(record.key, namespace_for(record), name, type_):
                if (use.owner, use.shape) not in seen and not (not use.named and use.shape in inherited):
                    seen.add((use.owner, use.shape))
                    yield use
    for owner, namespace, name, type_ in others:
        for use in _uses(owner, namespace, name, type_):
            if (use.owner, use.shape) not in seen:
                seen.add((use.owner, use.shape))
                yield use


def _enumerations(record: Record | None, records: Mapping[Key, Record]) -> set[Simple]:
    """The anonymous enumerations of a record: a derived one uses those of its base."""
    if record is None:
        return set()
    found = _enumerations(records[record.base.key] if record.base is not None else None, records)
    for name, type_ in _types(record.fields):
        found.update(use.shape for use in _uses(record.key, "", name, type_) if not use.named)
    return found


def anonymous_uses(record: Record) -> dict[Simple, str]:
    """The anonymous enumerations that stand in a record, each with the name of its first field."""
    uses = (use for name, type_ in _types(record.fields) for use in _uses(record.key, "", name, type_))
    found: dict[Simple, str] = {}
    for use in uses:
        if not use.named:
            found.setdefault(use.shape, use.name)
    return found


def _types(fields: Iterable[Field]) -> Iterator[tuple[str, Type]]:
    for each in fields:
        if isinstance(each, ChoiceField):
            for alternative in each.alternatives:
                yield local_name(alternative.tag or each.name), alternative.type
        elif isinstance(each, ElementField) or hasattr(each, "type"):
            yield each.name, each.type


def _uses(owner: Key, namespace: str, name: str, type_: Type) -> Iterator[SimpleUse]:
    """The type itself and its parts, as far as they get a name; an anonymous part of a named type after that."""
    if not isinstance(type_, (Atomic, ListOf, UnionOf)):
        return
    declared = type_.name if type_.name is not None and namespace_of(type_.name) != XSD else None
    within = simple_owner(type_, owner)
    for part in parts_of(type_):
        if declared is None:
            yield from _uses(owner, namespace, name, part)
        else:
            yield from _uses(within, namespace_of(declared), f"{local_name(declared)}Value", part)
    enumerated = isinstance(type_, Atomic) and bool(type_.enumeration)
    if declared is not None and (enumerated or not isinstance(type_, Atomic) or type_.facets != NO_FACETS):
        yield SimpleUse("", namespace_of(declared), local_name(declared), type_)
    elif enumerated:
        yield SimpleUse(owner, namespace, name, type_)


def parts_of(shape: Simple) -> tuple[Simple, ...]:
    """The item of a list, the members of a union."""
    match shape:
        case ListOf():
            return (shape.item,)
        case UnionOf():
            return shape.members
        case Atomic():
            return ()


def plan_enum(name: str, shape: Atomic) -> EnumPlan:
    """The class for an enumeration."""
    names = Names({"MRO"})
    values = {value.value: value for value in shape.enumeration}
    members = tuple((names.take(member_name(each.value)), each.value, each.documentation) for each in values.values())
    return EnumPlan(name, shape, members)
