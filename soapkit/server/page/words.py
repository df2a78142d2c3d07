"""Shape -> words: what a type is called, how often a field occurs, which values are allowed."""

from __future__ import annotations

from collections.abc import Iterator

from soapkit.databinding.shape import (
    AnyAttributeField,
    AnyField,
    AnyType,
    AttributeField,
    ChoiceField,
    ElementField,
    Facets,
    Field,
    Key,
    ListOf,
    Simple,
    TextField,
    Type,
    UnionOf,
)
from soapkit.xml.names import local_name

_BOUNDS = {
    "length": "length {}",
    "min_length": "at least {} long",
    "max_length": "at most {} long",
    "min_inclusive": "at least {}",
    "max_inclusive": "at most {}",
    "min_exclusive": "more than {}",
    "max_exclusive": "less than {}",
    "total_digits": "at most {} digits",
    "fraction_digits": "at most {} digits after the point",
}


def type_name(type_: Type) -> str:
    """What a type is called: its own name, or that of the built-in type it restricts."""
    if isinstance(type_, AnyType):
        return "anything"
    return simple_name(type_) if not hasattr(type_, "key") else key_name(type_.key)


def key_name(key: Key) -> str:
    """What a record is called: the last step of its key."""
    return local_name(key).rpartition("/")[2] if isinstance(key, str) else key.__name__


def simple_name(type_: Simple) -> str:
    """What a simple type is called: ``Currency``, ``decimal``, ``list of token``."""
    if type_.name is not None:
        return local_name(type_.name)
    if isinstance(type_, ListOf):
        return f"list of {simple_name(type_.item)}"
    if isinstance(type_, UnionOf):
        return " or ".join(dict.fromkeys(simple_name(member) for member in type_.members))
    return type_.builtin


def occurrence(field: Field) -> str:
    """How often a field occurs: ``required``, ``optional``, ``1 or more``, ``2 to 5``."""
    if isinstance(field, AttributeField):
        return "required" if field.required else "optional"
    if isinstance(field, (TextField, AnyAttributeField)):
        return "required" if isinstance(field, TextField) else "optional"
    low, high = field.minimum, field.maximum
    if high is None:
        return "any number" if low == 0 else f"{low} or more"
    if high == 1:
        return "optional" if low == 0 else "required"
    return f"{low}" if low == high else f"{low} to {high}" if low else f"up to {high}"


def rules(field: Field) -> Iterator[str]:
    """What else a field demands of its value, one sentence each."""
    if isinstance(field, ElementField) and field.nillable:
        yield "may be nil"
    for what in ("fixed", "default"):
        value = getattr(field, what, None)
        if value is not None:
            yield f"always {value!r}" if what == "fixed" else f"{value!r} where it is left out"
    if isinstance(field, (AnyField, ChoiceField, AnyAttributeField)):
        return
    type_ = field.type
    if not isinstance(type_, AnyType) and not hasattr(type_, "key"):
        yield from value_rules(type_)


def value_rules(type_: Simple) -> Iterator[str]:
    """What the facets of a simple type demand; a built-in type is told beside a name of the contract's own."""
    if type_.name is not None and hasattr(type_, "builtin") and local_name(type_.name) != type_.builtin:
        yield type_.builtin
    if type_.enumeration:
        yield "one of " + ", ".join(local_name(value.value) for value in type_.enumeration)
    yield from facet_words(type_.facets)


def facet_words(facets: Facets) -> Iterator[str]:
    """Facets in words."""
    for name, words in _BOUNDS.items():
        value = getattr(facets, name)
        if value is not None:
            yield words.format(value)
    for alternatives in facets.patterns:
        yield "like " + " or ".join(alternatives)
