"""A field of a class -> a field of a record."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import msgspec

from soapkit.databinding.annotations import (
    AnyElement,
    Attribute,
    ChoiceOf,
    Element,
    Group,
)
from soapkit.databinding.annotations import (
    Builtin as BuiltinMark,
)
from soapkit.databinding.builtins import BUILTINS
from soapkit.databinding.described.annotation_types import (
    LIST,
    Annotation,
    clark_prefix,
    is_list,
    item_of,
    marked,
    record_members,
    shape_of,
    take_apart,
)
from soapkit.databinding.described.classes import PythonField
from soapkit.databinding.described.home import Home
from soapkit.databinding.shape import (
    Alternative,
    AnyField,
    Atomic,
    AttributeField,
    ChoiceField,
    ElementField,
    ListOf,
    RecordRef,
    Simple,
    Type,
    UnionOf,
)
from soapkit.databinding.simple import simple_codec
from soapkit.errors import Place, UsageError
from soapkit.xml.names import clark


@dataclass(frozen=True, slots=True)
class DescribedField:
    """A field of a class on its way to a field of a record."""

    field: PythonField
    apart: Annotation
    home: Home
    namespace: str
    where: str

    @property
    def optional(self) -> bool:
        return not self.field.required

    def shape(self, annotation: Any, marks: tuple[Any, ...] = ()) -> Type:
        apart = take_apart(annotation)
        return shape_of(apart.type, (*apart.marks, *marks), self.namespace, self.where)

    def simple(self) -> Simple:
        found = self.shape(self.apart.type, self.apart.marks)
        if isinstance(found, (Atomic, ListOf, UnionOf)):
            return found
        raise UsageError("expected a type that is written as text", place=Place(path=self.where))

    def binary(self, type_: Type, content_types: str) -> Type:
        """The type with what its bytes may be. Raises `UsageError` where there are none."""
        if isinstance(type_, Atomic) and type_.builtin == "base64Binary":
            return replace(type_, content_types=content_types)
        raise UsageError("content_types is said of bytes or a soapkit.Attachment only", place=Place(path=self.where))

    def text_of_default(self, type_: Simple) -> str | None:
        """The class's own default as text, so that a written schema can tell it."""
        default = self.field.default
        if self.field.required or self.field.factory is not None or default is None or default is msgspec.UNSET:
            return None
        try:
            return simple_codec(type_).encode(default, clark_prefix, False)
        except (ValueError, UsageError):
            return None


def _occurs(
    mark: Element | ChoiceOf | AnyElement, described: DescribedField, many: bool, optional: bool
) -> tuple[int, int | None]:
    """How often the element stands: as the mark says, else the `msgspec.Meta` of a list, else as follows from the
    Python type."""
    least, most = _lengths(described) if many else (None, None)
    least = mark.min_occurs if mark.min_occurs is not None else least
    minimum = least if least is not None else 0 if many or optional else 1
    if mark.max_occurs == "unbounded":
        return minimum, None
    most = mark.max_occurs if mark.max_occurs is not None else most
    return minimum, most if most is not None else None if many else 1


def _lengths(described: DescribedField) -> tuple[int | None, int | None]:
    """Of a list, as msgspec counts them."""
    metas = [mark for mark in described.apart.marks if isinstance(mark, msgspec.Meta)]
    least = max((meta.min_length for meta in metas if meta.min_length is not None), default=None)
    return least, min((meta.max_length for meta in metas if meta.max_length is not None), default=None)


def _of_items(marks: tuple[Any, ...]) -> tuple[Any, ...]:
    """What is said of a list that holds for each of its items: all but its length."""
    return tuple(
        msgspec.Meta(pattern=mark.pattern)  # nothing else stands beside a length
        if isinstance(mark, msgspec.Meta) and (mark.min_length, mark.max_length) != (None, None)
        else mark
        for mark in marks
    )


def _is_many(described: DescribedField) -> bool:
    named = marked(described.apart.marks, BuiltinMark)
    if named is not None and (named.name == LIST or (named.name in BUILTINS and BUILTINS[named.name].item)):
        return False
    return is_list(described.apart.type)


def element_field(described: DescribedField, mark: Element) -> ElementField:
    apart = described.apart
    many = _is_many(described)
    type_ = (
        described.shape(item_of(apart.type), _of_items(apart.marks))
        if many
        else described.shape(apart.type, apart.marks)
    )
    nillable = mark.nillable or (many and take_apart(item_of(apart.type)).none)
    absent_allowed = described.optional or apart.unset or (apart.none and not mark.nillable)
    minimum, maximum = _occurs(mark, described, many, absent_allowed)
    if mark.content_types:
        type_ = described.binary(type_, mark.content_types)
    meta = marked(apart.marks, msgspec.Meta)
    return ElementField(
        name=described.field.name,
        tag=described.home.tag(mark),
        type=type_,
        minimum=minimum,
        maximum=maximum,
        many=many,
        nillable=nillable,
        default=mark.default,
        fixed=mark.fixed,
        documentation=(meta.description or "") if meta else "",
    )


def attribute_field(described: DescribedField, mark: Attribute) -> AttributeField:
    type_ = described.simple()
    default = mark.default if mark.default is not None or mark.fixed is not None else described.text_of_default(type_)
    required = mark.required if mark.required is not None else not described.optional and not described.apart.none
    return AttributeField(described.field.name, clark(mark.namespace, mark.name), type_, required, default, mark.fixed)


def choice_field(described: DescribedField, mark: ChoiceOf) -> ChoiceField:
    many = is_list(described.apart.type)
    minimum, maximum = _occurs(mark, described, many, described.optional or described.apart.none)
    alternatives = []
    for alternative in mark.alternatives:
        if isinstance(alternative, Group):
            alternatives.append(Alternative(None, RecordRef(alternative.type)))
        else:
            alternatives.append(
                Alternative(described.home.tag(alternative), described.shape(alternative.type), alternative.nillable)
            )
    if mark.mixed:
        minimum, maximum, many = 0, None, True
    return ChoiceField(described.field.name, tuple(alternatives), minimum, maximum, many, mark.mixed)


def union_of(described: DescribedField) -> ChoiceOf | None:
    """A choice between elements named like the classes, for a union of records or a list of one; None otherwise."""
    apart = described.apart
    inner = take_apart(item_of(apart.type)) if is_list(apart.type) else apart
    members = record_members(inner.type)
    if not members:
        return None
    references = [described.shape(member) for member in members]
    names = [reference.key.__name__ for reference in references if isinstance(reference, RecordRef)]  # type: ignore[union-attr]  # classes
    return ChoiceOf(tuple(Element(name, member) for name, member in zip(names, members, strict=True)))


def any_field(described: DescribedField, mark: AnyElement) -> AnyField:
    many = is_list(described.apart.type)
    minimum, maximum = _occurs(mark, described, many, described.optional or described.apart.none)
    return AnyField(described.field.name, mark.namespaces, mark.process, minimum, maximum, many)
