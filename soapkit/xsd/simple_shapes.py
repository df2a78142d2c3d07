"""Simple types -> Simple shapes: facets and enumerations merged through their derivation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, Literal, cast

from soapkit.attachment import Attachment
from soapkit.databinding.lexical import collapse_blanks
from soapkit.databinding.shape import NO_FACETS, SWA_REF, Atomic, EnumValue, Facets, ListOf, Simple, Type, UnionOf
from soapkit.databinding.simple import simple_codec, value_of
from soapkit.errors import NOWHERE, ContractError, Place
from soapkit.xml.names import XSD, local_name
from soapkit.xsd.model import ComplexType, Facet, SimpleType, TypeUse
from soapkit.xsd.resolve import chain_of, circle
from soapkit.xsd.schema import Schema

_COUNTS: Final = {
    "length": "length",
    "minLength": "min_length",
    "maxLength": "max_length",
    "totalDigits": "total_digits",
    "fractionDigits": "fraction_digits",
}
_BOUNDS: Final = {
    "minInclusive": ("min_inclusive", "min_exclusive"),
    "minExclusive": ("min_exclusive", "min_inclusive"),
    "maxInclusive": ("max_inclusive", "max_exclusive"),
    "maxExclusive": ("max_exclusive", "max_inclusive"),
}
_KEEPS_BLANKS: Final = {"string", "normalizedString", "anySimpleType"}
_NAMES_IN_CONTENT: Final = {"QName", "NOTATION"}

_MOST_PARTS: Final = 10_000

ANY_SIMPLE: Final = Atomic("anySimpleType")


@dataclass(frozen=True, slots=True)
class SimpleShapes:
    """The simple shapes of a schema, each made once."""

    schema: Schema
    _made: dict[str, Simple] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)
    _sizes: dict[int, tuple[int, Simple]] = field(default_factory=dict)

    def of(self, use: TypeUse, place: Place = NOWHERE) -> Simple:
        """The shape of a simple type, by name or in line.

        Raises `ContractError` for a name that is not declared, or that is defined by itself. A complex type with simple
        content, where only a simple type may stand, is taken for its text, with a warning.
        """
        if not isinstance(use, str):
            return self.text_of(use, place) if isinstance(use, ComplexType) else self._make(use)
        made = self._made.get(use)
        if made is None:
            if use in self._open:
                raise circle(use, place)
            self._open.add(use)
            try:
                found = self.schema.type(use, place)
                if isinstance(found, ComplexType):
                    self.schema.tell(f"{use} stands for a simple type, but is complex; its text is taken", place)
                    made = self.text_of(found, place)
                else:
                    made = self._make(found)
            finally:
                self._open.discard(use)
            self._made[use] = made
        return made

    def text_of(self, component: ComplexType, place: Place = NOWHERE) -> Simple:
        """The simple type of a complex type's text (XSD part 1, 3.4.2); xs:anySimpleType where it has none."""
        steps = list(chain_of(self.schema, component))
        bottom = steps[-1]
        shape: Simple = ANY_SIMPLE
        if bottom.simple and bottom.base is not None and not isinstance(self.schema.type(bottom.base), ComplexType):
            shape = self.of(bottom.base, bottom.place)
        for step in reversed(steps):
            if step.simple_type is not None:
                shape = self.of(step.simple_type, step.place)
            if step.facets:
                shape = self.restricted(shape, step.facets, None)
        return shape

    def restricted(self, base: Simple, facets: tuple[Facet, ...], name: str | None, documentation: str = "") -> Simple:
        """`base` restricted by `facets`, as the type `name`."""
        merged = self._merged(base.facets, facets)
        values = self._values(base, facets)
        if isinstance(base, Atomic):
            python = Attachment if name == SWA_REF else base.python
            return Atomic(base.builtin, name, merged, values or base.enumeration, python, documentation)
        made: ListOf | UnionOf = replace(
            base, name=name, facets=merged, enumeration=values or base.enumeration, documentation=documentation
        )
        return self._sized(made, (base,))

    def _make(self, component: SimpleType) -> Simple:
        name, documentation = component.name, component.documentation
        if component.kind == "builtin":
            return Atomic(local_name(name or ""))
        if component.kind == "restriction":
            base = self.of(component.base or f"{{{XSD}}}string", component.place)
            return self.restricted(base, component.facets, name, documentation)
        if component.kind == "union":
            members = tuple(self.of(member, component.place) for member in component.members)
            return self._sized(UnionOf(members, name, documentation=documentation), members)
        item = self.of(component.item or f"{{{XSD}}}string", component.place)
        built_in = name is not None and name.startswith(f"{{{XSD}}}")  # NMTOKENS, IDREFS, ENTITIES
        made = ListOf(item, None if built_in else name, self._merged(NO_FACETS, component.facets), (), documentation)
        return self._sized(made, (item,))

    def _sized(self, made: ListOf | UnionOf, parts: tuple[Simple, ...]) -> Simple:
        """A type, unless its parts, and theirs, are too many: unions of unions double with each step."""
        size = sum(self._sizes.get(id(part), (1, part))[0] for part in parts)
        if size > _MOST_PARTS:
            raise ContractError(
                f"{made.name or 'a simple type'} has more than {_MOST_PARTS:,} parts, and theirs, in all"
            )
        if size > 1:
            self._sizes[id(made)] = (size, made)  # kept, so that no other is given its id
        return made

    def _merged(self, base: Facets, own: tuple[Facet, ...]) -> Facets:
        changes: dict[str, object] = {}
        patterns: list[str] = []
        for facet in own:
            if facet.name == "pattern":
                patterns.append(facet.value)
            elif facet.name in _COUNTS:
                self._count(changes, facet)
            elif facet.name in _BOUNDS:
                given, replaced = _BOUNDS[facet.name]
                changes[given] = facet.value.strip()
                changes[replaced] = None
            elif facet.name == "whiteSpace" and facet.value.strip() in ("preserve", "replace", "collapse"):
                changes["white_space"] = cast("Literal['preserve', 'replace', 'collapse']", facet.value.strip())
        if patterns:
            changes["patterns"] = (*base.patterns, tuple(patterns))
        return replace(base, **changes) if changes else base  # type: ignore[arg-type]  # the names are those of Facets

    def _count(self, changes: dict[str, object], facet: Facet) -> None:
        text = facet.value.strip()
        if text.isascii() and text.isdigit():
            changes[_COUNTS[facet.name]] = int(text)
        else:
            message = f"facet {facet.name} must be a whole number, not {facet.value!r} (XSD part 2, 4.3); passed over"
            self.schema.tell(message, facet.place)

    def _values(self, base: Simple, own: tuple[Facet, ...]) -> tuple[EnumValue, ...]:
        names = isinstance(base, Atomic) and base.builtin in _NAMES_IN_CONTENT
        keeps = isinstance(base, Atomic) and base.builtin in _KEEPS_BLANKS and base.facets.white_space != "collapse"
        found: dict[str, EnumValue] = {}
        for facet in own:
            if facet.name == "enumeration":
                value = facet.value if keeps else collapse_blanks(facet.value)
                if names and facet.clark is not None:
                    value = facet.clark
                found.setdefault(value, EnumValue(value, facet.documentation))
        return tuple(found.values())


def constraint_value(schema: Schema, type_: Type, text: str | None, clark_name: str | None, place: Place) -> str | None:
    """A default or fixed value as shapes keep it: a QName by its Clark name, all else as it is written.

    One that is no value of its type is passed over, with a warning (XSD part 1, 3.2.6 and 3.3.6, a-props-correct.2).
    """
    if text is None or not isinstance(type_, (Atomic, ListOf, UnionOf)):
        return text
    names = isinstance(type_, Atomic) and type_.builtin in _NAMES_IN_CONTENT
    value = clark_name if names and clark_name is not None else text
    try:
        codec = simple_codec(type_)
    except ContractError:
        return value  # told where the type is first used
    try:
        value_of(value, codec)
    except ValueError as error:
        schema.tell(f"the default or fixed value {text!r} is not {codec.words}: {error}; passed over", place)
        return None
    return value


def with_content_types(type_: Type, content_types: str) -> Type:
    """The type of an element with xmime:expectedContentTypes: its bytes are an `Attachment`, which says what they are.

    Describing Media Content of Binary Data in XML (W3C note, 2005), 3.1. Of anything but plain xs:base64Binary it says
    nothing that a value could keep, and is passed over.
    """
    if not content_types or not isinstance(type_, Atomic) or type_.builtin != "base64Binary":
        return type_
    if type_.enumeration or type_.facets.patterns:
        return type_
    return replace(type_, name=None, python=Attachment, documentation="", content_types=content_types)


def simple_or_error(shapes: SimpleShapes, use: TypeUse, place: Place) -> Simple:
    """`shapes.of`, for attributes: an unknown type of an attribute costs its type only."""
    try:
        return shapes.of(use, place)
    except ContractError as error:
        shapes.schema.tell(f"{error.problems[0].message}; read as text", place)
        return Atomic("string")
