"""Record -> the rows of a table that tells its parts, those of nested types indented below them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from soapkit.databinding.shape import (
    AnyAttributeField,
    AnyField,
    AttributeField,
    Choice,
    ChoiceField,
    ElementField,
    Field,
    Key,
    Particle,
    Record,
    RecordRef,
    Sequence,
    Shapes,
    TextField,
    Type,
)
from soapkit.server.page.words import key_name, occurrence, rules, type_name
from soapkit.xml.names import local_name

MAX_ROWS = 300  # of one table; types that hold each other are endless, and nobody reads further
MAX_DEPTH = 6


@dataclass(frozen=True, slots=True)
class Row:
    """One line: `name` as XML writes it (an attribute with ``@``), `type` with the `key` of its page if it has one."""

    depth: int
    name: str
    type: str
    occurs: str
    rules: tuple[str, ...] = ()
    documentation: str = ""
    key: str = ""


def rows_of(record: Record, shapes: Shapes, *, nested: bool = True) -> tuple[Row, ...]:
    """The rows for what a record may contain and carry. `nested`: those of the types of its fields too."""
    teller = _Teller(shapes, nested)
    found: list[Row] = []
    for row in teller.record(record, 0, (record.key,)):
        found.append(row)
        if len(found) == MAX_ROWS:
            found.append(Row(0, "...", "", "", ("and more: the rest is told by the pages of the types",)))
            break
    return tuple(found)


def link(type_: Type | None, shapes: Shapes) -> str:
    """The name by which the page of a type is asked for; ``""`` for one that has none, being no record, or nameless."""
    return key_of(type_.key) if isinstance(type_, RecordRef) and shapes[type_.key].name is not None else ""


def key_of(key: Key) -> str:
    """A record's key as text, as addresses carry it."""
    return key if isinstance(key, str) else f"{key.__module__}.{key.__qualname__}"


@dataclass(frozen=True, slots=True)
class _Teller:
    shapes: Shapes
    nested: bool

    def record(self, record: Record, depth: int, open_: tuple[Key, ...]) -> Iterator[Row]:
        for attribute in record.attributes:
            yield self._row(attribute, depth, "@" + local_name(attribute.tag), type_name(attribute.type))
        if record.any_attribute is not None:
            yield self._row(record.any_attribute, depth, "@...", "any attribute")
        if record.text is not None:
            yield self._row(record.text, depth, "(text)", type_name(record.text.type))
        yield from self._particle(record.content, depth, open_)

    def _particle(self, particle: Particle, depth: int, open_: tuple[Key, ...]) -> Iterator[Row]:
        if isinstance(particle, ElementField):
            row = self._row(particle, depth, local_name(particle.tag), type_name(particle.type))
            yield row
            yield from self._inside(particle.type, depth, open_)
        elif isinstance(particle, ChoiceField):
            yield self._row(particle, depth, "(one of)", "")
            for alternative in particle.alternatives:
                if alternative.tag is None:
                    yield from self._inside(alternative.type, depth, open_)
                else:
                    name = local_name(alternative.tag)
                    yield Row(depth + 1, name, type_name(alternative.type), "", key=link(alternative.type, self.shapes))
                    yield from self._inside(alternative.type, depth + 1, open_)
        elif isinstance(particle, AnyField):
            yield self._row(particle, depth, "(any element)", "")
        elif isinstance(particle, Choice) and len(particle.particles) > 1:
            yield Row(depth, "(one of)", "", "optional" if particle.optional else "required")
            for inner in particle.particles:
                yield from self._particle(inner, depth + 1, open_)
        else:
            grouped = isinstance(particle, Sequence) and particle.optional
            if grouped:
                yield Row(depth, "(together)", "", "optional")
            for inner in particle.particles:
                yield from self._particle(inner, depth + grouped, open_)

    def _inside(self, type_: Type, depth: int, open_: tuple[Key, ...]) -> Iterator[Row]:
        """What a field of a record type holds, unless we are inside of that already."""
        if not isinstance(type_, RecordRef):
            return
        anonymous = isinstance(type_.key, str) and "/" in local_name(type_.key)
        if type_.key in open_ or depth + 1 >= MAX_DEPTH or not (self.nested or anonymous):
            return
        yield from self.record(self.shapes[type_.key], depth + 1, (*open_, type_.key))

    def _row(self, field: Field, depth: int, name: str, type_: str) -> Row:
        shape = getattr(field, "type", None)
        return Row(
            depth, name, type_, occurrence(field), tuple(rules(field)), field.documentation, link(shape, self.shapes)
        )


def parameters_in_words(record: Record) -> str:
    """The parts of a message on one line: ``source, target, amount``; optional ones in brackets."""
    words = []
    for field in record.fields:
        if isinstance(field, (AttributeField, ElementField)):
            name = local_name(field.tag)
        elif isinstance(field, ChoiceField):
            name = " or ".join(
                local_name(one.tag) if one.tag is not None else key_name_of(one.type) for one in field.alternatives[:4]
            )
        elif isinstance(field, (AnyField, AnyAttributeField)):
            name = "any"
        else:
            assert isinstance(field, TextField)
            name = "text"
        many = isinstance(field, (ElementField, ChoiceField, AnyField)) and field.many
        name = f"{name}..." if many else name
        words.append(f"[{name}]" if occurrence(field) in ("optional", "any number") else name)
    return ", ".join(words)


def key_name_of(type_: Type) -> str:
    """What a type is called, a group by its last step."""
    return key_name(type_.key) if isinstance(type_, RecordRef) else type_name(type_)
