"""Two simple types: which allows more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from typing import Literal, TypeAlias

from soapkit.databinding.shape import Atomic, Facets, ListOf, Type, UnionOf
from soapkit.xml.names import local_name

Extent: TypeAlias = Literal["wider", "narrower", "other"]
"""What is allowed after a change: all that was and more; less; or something else."""

# What each built-in type is derived from, among those that another may widen (XSD part 2, 3).
_PARENTS = {
    "byte": "short",
    "short": "int",
    "int": "long",
    "long": "integer",
    "unsignedByte": "unsignedShort",
    "unsignedShort": "unsignedInt",
    "unsignedInt": "unsignedLong",
    "unsignedLong": "nonNegativeInteger",
    "positiveInteger": "nonNegativeInteger",
    "negativeInteger": "nonPositiveInteger",
    "nonNegativeInteger": "integer",
    "nonPositiveInteger": "integer",
    "integer": "decimal",
    "float": "double",
    "normalizedString": "string",
    "token": "normalizedString",
    "language": "token",
    "Name": "token",
    "NMTOKEN": "token",
    "NCName": "Name",
    "ID": "NCName",
    "IDREF": "NCName",
    "ENTITY": "NCName",
}
# Facets of which a larger value allows more, and of which a smaller one does.
_LARGER_IS_WIDER = {"max_length", "total_digits", "fraction_digits", "max_inclusive", "max_exclusive"}
_SMALLER_IS_WIDER = {"min_length", "min_inclusive", "min_exclusive"}


def compare_values(old: Type, new: Type) -> Iterator[tuple[Extent, str]]:
    """What changed from one simple type to another, and which allows more.

    >>> list(compare_values(Atomic("int"), Atomic("long")))
    [('wider', 'was xs:int and is xs:long')]
    """
    if isinstance(old, Atomic) and isinstance(new, Atomic):
        if old.builtin != new.builtin:
            yield _builtins(old.builtin, new.builtin), f"was xs:{old.builtin} and is xs:{new.builtin}"
    elif isinstance(old, ListOf) and isinstance(new, ListOf):
        yield from compare_values(old.item, new.item)
    elif isinstance(old, UnionOf) and isinstance(new, UnionOf):
        yield from _members(old, new)
    else:
        yield _between(old, new), f"was {called(old)} and is {called(new)}"
    if isinstance(old, (Atomic, ListOf, UnionOf)) and isinstance(new, (Atomic, ListOf, UnionOf)):
        yield from _enumerations(old, new)
        yield from _facets(old.facets, new.facets)


def _builtins(old: str, new: str) -> Extent:
    if new in _ancestors(old):
        return "wider"
    return "narrower" if old in _ancestors(new) else "other"


def _ancestors(name: str) -> list[str]:
    found = []
    while name in _PARENTS:
        name = _PARENTS[name]
        found.append(name)
    return found


def _between(old: Type, new: Type) -> Extent:
    """A union that has the other type as a member allows more."""
    if isinstance(new, UnionOf) and old in new.members:
        return "wider"
    return "narrower" if isinstance(old, UnionOf) and new in old.members else "other"


def _members(old: UnionOf, new: UnionOf) -> Iterator[tuple[Extent, str]]:
    for member in old.members:
        if member not in new.members:
            yield "narrower", f"{called(member)} is no longer allowed"
    for member in new.members:
        if member not in old.members:
            yield "wider", f"{called(member)} is allowed too"


def _enumerations(old: Atomic | ListOf | UnionOf, new: Atomic | ListOf | UnionOf) -> Iterator[tuple[Extent, str]]:
    before, after = ([one.value for one in type_.enumeration] for type_ in (old, new))
    if bool(before) != bool(after):
        yield ("wider", "any value is allowed now") if before else ("narrower", "only some values are allowed now")
        return
    ours, theirs = set(before), set(after)
    yield from (("narrower", f"value {value!r} is gone") for value in before if value not in theirs)
    yield from (("wider", f"value {value!r} is new") for value in after if value not in ours)


def _facets(old: Facets, new: Facets) -> Iterator[tuple[Extent, str]]:
    for facet in fields(Facets):
        before, after = getattr(old, facet.name), getattr(new, facet.name)
        if before != after:
            words = facet.name.replace("_", " ")
            message = f"its {words} was {_said(before)} and is {_said(after)}"
            yield _extent(facet.name, before, after), message


def _extent(facet: str, before: object, after: object) -> Extent:
    if facet == "white_space":
        return "other"
    if not after and after != 0:
        return "wider"
    if not before and before != 0:
        return "narrower"
    try:
        larger = Decimal(str(after)) > Decimal(str(before))
    except InvalidOperation:
        return "other"
    if facet in _LARGER_IS_WIDER:
        return "wider" if larger else "narrower"
    if facet in _SMALLER_IS_WIDER:
        return "narrower" if larger else "wider"
    return "other"


def _said(value: object) -> str:
    return "not limited" if value in (None, ()) else repr(value)


def called(type_: Type) -> str:
    """A simple type for a person: its name, or what it is made of."""
    if isinstance(type_, (Atomic, ListOf, UnionOf)) and type_.name:
        return local_name(type_.name)
    return f"xs:{type_.builtin}" if isinstance(type_, Atomic) else "a list" if isinstance(type_, ListOf) else "a union"
