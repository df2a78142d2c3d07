"""A law: whatever Shapes come, the classes generated from them are described as those Shapes again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soapkit.databinding.shape import (
    ANY_TYPE,
    Alternative,
    AnyAttributeField,
    AnyField,
    Atomic,
    AttributeField,
    Choice,
    ChoiceField,
    ElementField,
    EnumValue,
    Facets,
    ListOf,
    Record,
    RecordRef,
    Sequence,
    TextField,
    UnionOf,
)

# Names that try the patience of a generator: types, keywords, functions of the annotations, doubles.
NAMES = [
    "a",
    "A",
    "a-b",
    "a_b",
    "aB",
    "date",
    "str",
    "list",
    "int",
    "class",
    "self",
    "None",
    "element",
    "text",
    "choice",
]
NAMES += [
    "field",
    "Struct",
    "Decimal",
    "group",
    "xsd",
    "bytes",
    "转",
    "_x",
    "datetime",
    "Annotated",
    "far",
    "test",
    "é",
]
NAMESPACES = ["urn:test", "urn:far", ""]
BUILTINS = ["string", "token", "int", "long", "integer", "decimal", "double", "boolean", "date", "dateTime", "anyURI"]
BUILTINS += ["base64Binary", "hexBinary", "QName", "gYear", "duration", "NMTOKENS"]

names = st.sampled_from(NAMES)
namespaces = st.sampled_from(NAMESPACES)
enumerations = st.lists(st.sampled_from(["a", "A", "b-c", "", "1", "x y", '"'])).map(
    lambda values: tuple(EnumValue(value) for value in dict.fromkeys(values))
)
plain = st.builds(Atomic, st.sampled_from(BUILTINS))
texts = st.builds(
    Atomic,
    st.just("string"),
    facets=st.builds(Facets, max_length=st.none() | st.integers(1, 9), patterns=st.sampled_from([(), (("[a-z]+",),)])),
)
chosen = st.builds(Atomic, st.just("string"), enumeration=enumerations.filter(bool))
atomics = st.one_of(plain, texts, chosen)
# The members of a union in one order only: Python's typing caches `A | B` and takes it for `B | A`.
unions = st.lists(plain, min_size=2, max_size=3, unique_by=lambda shape: shape.builtin).map(
    lambda members: UnionOf(tuple(sorted(members, key=lambda shape: BUILTINS.index(shape.builtin))))
)
simples = st.one_of(atomics, st.builds(ListOf, plain.filter(lambda shape: shape.builtin != "NMTOKENS")), unions)


@st.composite
def elements(draw: st.DrawFn, name: str, keys: list[str]) -> ElementField | AnyField | ChoiceField:
    minimum = draw(st.sampled_from([0, 1]))
    many = draw(st.booleans())
    maximum = draw(st.sampled_from([None, 5])) if many else 1
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return AnyField(name, ("##other", "urn:test"), "lax", minimum, maximum, many)
    if kind == 1:
        keys = draw(st.lists(st.sampled_from(keys), min_size=1, max_size=3, unique=True))
        alternatives = tuple(Alternative(f"{{urn:test}}e{number}", RecordRef(key)) for number, key in enumerate(keys))
        return ChoiceField(name, alternatives, minimum, maximum, many)
    type_ = draw(st.one_of(simples, st.sampled_from(keys).map(RecordRef), st.just(ANY_TYPE)))
    namespace = draw(namespaces)
    tag = f"{{{namespace}}}{name}" if namespace else name
    return ElementField(name, tag, type_, minimum, maximum, many, draw(st.booleans()))


@st.composite
def contents(draw: st.DrawFn, leaves: list[Any]) -> Sequence | Choice:
    """The leaves, in groups and groups in groups."""
    parts: list[Any] = []
    rest = list(leaves)
    while rest:
        size = draw(st.integers(1, len(rest)))
        first, rest = rest[:size], rest[size:]
        parts += [draw(contents(first))] if 1 < size < len(leaves) else first
    group = draw(st.sampled_from([Sequence, Choice]))
    return group(tuple(parts), draw(st.booleans())) if parts else Sequence()


@st.composite
def contracts(draw: st.DrawFn) -> list[Record]:
    keys = [f"{{urn:{'far' if number % 2 else 'test'}}}T{number}" for number in range(draw(st.integers(1, 4)))]
    records: list[Record] = []
    for key in keys:
        used = draw(st.lists(names, max_size=5, unique=True))
        base = draw(st.sampled_from([None, *records])) if draw(st.booleans()) else None
        if base is not None and (base.text is not None or base.abstract):
            base = None
        taken = {field.name for field in base.fields} if base is not None else set()
        fresh = [name for name in used if name not in taken]
        leaves = [draw(elements(name, keys)) for name in fresh]
        attributes = tuple(
            AttributeField(f"at-{name}", f"at-{name}", draw(simples), required=draw(st.booleans()))
            for name in fresh[:2]
        )
        if base is None and not leaves:
            records.append(Record(key, key, attributes=attributes, text=TextField("value", draw(simples))))
            continue
        own = draw(contents(leaves))
        if base is None:
            content: Any = own
        else:
            content = Sequence(tuple(part for part in (base.content, own) if part != Sequence()))
        wild = AnyAttributeField("more") if draw(st.booleans()) else None
        records.append(
            Record(
                key,
                key,
                content,
                (*(base.attributes if base else ()), *attributes),
                (base.any_attribute if base else None) or wild,
                base=None if base is None else RecordRef(base.key),
                derivation=None if base is None else "extension",
            )
        )
    return records


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(records=contracts())
def test_a_class_is_described_as_the_shape_it_was_made_from(
    records: list[Record], record_losses: Callable[..., list[Any]]
) -> None:
    assert record_losses(*records) == []
