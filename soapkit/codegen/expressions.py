"""Shape types -> Python type expressions.

`PythonType` is a small algebra: a name by its home, a list, a union, a literal, an annotated type. It is written out
for one place in one module (`source`), and compared (`fits`) where a restriction narrows a field of its base.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields
from typing import TypeAlias

from soapkit.attachment import Attachment
from soapkit.codegen.literals import literal
from soapkit.codegen.scope import NOTHING, Scope
from soapkit.databinding.builtins import BUILTIN_OF, PYTHON_TYPES
from soapkit.databinding.shape import NO_FACETS, Atomic, Facets, Key, ListOf, Simple, UnionOf
from soapkit.xml.names import XSD, namespace_of

ANNOTATIONS = "soapkit.databinding.annotations"
SHAPES = "soapkit.databinding.shape"
VALUES = "soapkit.databinding.values"


@dataclass(frozen=True, slots=True)
class Named:
    """A class or an alias by its home: a module (of the package, if `sibling`) and its name there.

    `ancestors`: what it may be used as, besides itself, nearest first.
    """

    module: str
    name: str
    sibling: bool = False
    ancestors: tuple[PythonType, ...] = ()


@dataclass(frozen=True, slots=True)
class ListType:
    item: PythonType


@dataclass(frozen=True, slots=True)
class AttributesType:
    """``dict[str, str]``"""


@dataclass(frozen=True, slots=True)
class LiteralType:
    """One value. `value`: its source; `of`: the type it belongs to; `enum`: whether `value` is a member of `of`."""

    value: str
    of: Named
    enum: bool = False


@dataclass(frozen=True, slots=True)
class UnionType:
    members: tuple[PythonType, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A call in an annotation: ``Facets(max_length=3)``, ``choice(element("cat", Cat))``.

    `arguments`: source (written by `soapkit.codegen.literals`), types, and further calls.
    """

    module: str
    name: str
    arguments: tuple[str | PythonType | Mark, ...]


@dataclass(frozen=True, slots=True)
class Marked:
    """``Annotated[type, marks]``; `plain` sources leave the marks out."""

    type: PythonType
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Alias:
    """A type alias by its home, and what it stands for."""

    module: str
    name: str
    target: PythonType


PythonType: TypeAlias = "Named | ListType | AttributesType | LiteralType | UnionType | Marked | Alias"

STR = Named("builtins", "str")
NONE = Named("builtins", "None")
OBJECT = Named("builtins", "object")
UNSET = Named("msgspec", "UnsetType")
RAW = Named(VALUES, "Raw")
BYTES = Named("builtins", "bytes")
ATTACHMENT = Named("soapkit.attachment", "Attachment")

Homes: TypeAlias = Callable[[Simple, Key], "PythonType | None"]
"""The class or alias that stands for a simple type in what `Key` names (a record, a named simple type), if one does."""

OWNERS_WITHOUT_CLASS = ("simple:", "header:", "fault:")
"""How the keys begin of what owns anonymous simple types and is no record."""

# Built-in types that follow from their Python type; any other is said with ``xsd(...)``.
_FOLLOWING = frozenset(BUILTIN_OF.values())


# --- from Shapes --------------------------------------------------------------------------------------------------


def simple_type(shape: Simple, homes: Homes, owner: Key, *, home: bool = True) -> PythonType:
    """The Python type of a simple shape in `owner`; its own alias or class is used unless `home` is False."""
    if home and (found := homes(shape, owner)) is not None:
        return found
    if isinstance(shape, Atomic):
        value = ATTACHMENT if shape.python is Attachment else builtin_type(shape.builtin)
        return _marked(value, [*_builtin(shape), *_facets(shape.facets)])
    owner = simple_owner(shape, owner)
    if isinstance(shape, ListOf):
        one_text = Mark(ANNOTATIONS, "xsd", (literal("list"),))
        return _marked(ListType(simple_type(shape.item, homes, owner)), [one_text, *_limits(shape)])
    members = [simple_type(member, homes, owner) for member in shape.members]
    return _marked(union(*members) if members else STR, _limits(shape))


def simple_owner(shape: Simple, owner: Key) -> Key:
    """Whose the anonymous parts of a simple type are: its own if it has a name, else those of what it stands in."""
    return owner if shape.name is None or namespace_of(shape.name) == XSD else f"simple:{shape.name}"


def builtin_type(builtin: str) -> PythonType:
    """The Python type of a built-in type of XSD."""
    module, name = PYTHON_TYPES[builtin]
    if name == "list[str]":
        return ListType(STR)
    return Named(module or "builtins", name)


def enum_ancestors(shape: Atomic) -> tuple[PythonType, ...]:
    """What an enumeration's members are besides: text, where the values are text."""
    return (STR,) if builtin_type(shape.builtin) == STR else ()


def union(*members: PythonType) -> PythonType:
    """The union, flat and without doubles; None and UNSET last."""
    flat: dict[PythonType, None] = {}
    for member in members:
        flat.update(dict.fromkeys(member.members if isinstance(member, UnionType) else (member,)))
    ordered = sorted(flat, key=lambda member: (member in (NONE, UNSET), member == UNSET))
    return ordered[0] if len(ordered) == 1 else UnionType(tuple(ordered))


def _marked(type_: PythonType, marks: list[Mark]) -> PythonType:
    return Marked(type_, tuple(marks)) if marks else type_


def _builtin(shape: Atomic) -> list[Mark]:
    if shape.builtin in _FOLLOWING:
        return []
    return [Mark(ANNOTATIONS, "xsd", (literal(shape.builtin),))]


def _limits(shape: ListOf | UnionOf) -> list[Mark]:
    """Of a list and a union, which no `Enum` can stand for."""
    values = tuple(literal(value.value) for value in shape.enumeration)
    return [*_facets(shape.facets), *([Mark(ANNOTATIONS, "enumeration", values)] if values else [])]


def _facets(facets: Facets) -> list[Mark]:
    if facets == NO_FACETS:
        return []
    given = {field.name: getattr(facets, field.name) for field in fields(facets)}
    arguments = tuple(f"{name}={_data(value)}" for name, value in given.items() if value not in (None, ()))
    return [Mark(SHAPES, "Facets", arguments)]


def _data(value: object) -> str:
    """A literal of nested tuples of text and numbers."""
    if isinstance(value, tuple):
        return f"({', '.join(map(_data, value))}{',' if len(value) == 1 else ''})"
    assert isinstance(value, (str, int))
    return literal(value)


# --- to source ----------------------------------------------------------------------------------------------------


def source(type_: PythonType, scope: Scope, hidden: AbstractSet[str] = NOTHING, *, plain: bool = False) -> str:
    """The expression, with what it names imported into `scope`; `plain`: without marks, as in a signature."""

    def inner(part: PythonType) -> str:
        return source(part, scope, hidden, plain=plain)

    match type_:
        case Named(module="builtins", name="None"):
            return "None"
        case Named(sibling=True) | Alias():
            return scope.sibling(type_.module, type_.name, hidden)
        case Named():
            return scope.use(type_.module, type_.name, hidden)
        case ListType():
            return f"{scope.use('builtins', 'list', hidden)}[{inner(type_.item)}]"
        case AttributesType():
            text = scope.use("builtins", "str", hidden)
            return f"{scope.use('builtins', 'dict', hidden)}[{text}, {text}]"
        case LiteralType(enum=True):
            return f"{scope.use('typing', 'Literal', hidden)}[{inner(type_.of)}.{type_.value}]"
        case LiteralType():
            return f"{scope.use('typing', 'Literal', hidden)}[{type_.value}]"
        case UnionType():
            return " | ".join(dict.fromkeys(map(inner, type_.members)))
        case Marked() if plain:
            return inner(type_.type)
        case Marked():
            return annotated(inner(type_.type), type_.marks, scope, hidden)


def annotated(inner: str, marks: tuple[Mark, ...], scope: Scope, hidden: AbstractSet[str]) -> str:
    """``Annotated[inner, marks]``"""
    calls = [call(mark, scope, hidden) for mark in marks]
    return f"{scope.use('typing', 'Annotated', hidden)}[{', '.join([inner, *calls])}]"


def call(mark: Mark, scope: Scope, hidden: AbstractSet[str] = NOTHING) -> str:
    """``name(arguments)``"""

    def argument(part: str | PythonType | Mark) -> str:
        if isinstance(part, str):
            return part
        return call(part, scope, hidden) if isinstance(part, Mark) else source(part, scope, hidden)

    return f"{scope.use(mark.module, mark.name, hidden)}({', '.join(map(argument, mark.arguments))})"


# --- comparing ----------------------------------------------------------------------------------------------------

# What a type checker takes one type for besides itself (PEP 484 promotions among them).
_WIDER = {
    ("builtins", "bool"): [("builtins", "int"), ("builtins", "float")],
    ("builtins", "int"): [("builtins", "float")],
    ("datetime", "datetime"): [("datetime", "date")],
}


def fits(narrow: PythonType, wide: PythonType) -> bool:
    """Whether a type checker takes every `narrow` for a `wide`."""
    narrow, wide = bare(narrow), bare(wide)
    if narrow == wide or wide == OBJECT:
        return True
    if isinstance(narrow, UnionType):
        return all(fits(member, wide) for member in narrow.members)
    if isinstance(wide, UnionType):
        return any(fits(narrow, member) for member in wide.members)
    if isinstance(narrow, LiteralType):
        return not isinstance(wide, LiteralType) and fits(narrow.of, wide)
    if isinstance(narrow, Named) and isinstance(wide, Named):
        if any(fits(ancestor, wide) for ancestor in narrow.ancestors):
            return True
        return (wide.module, wide.name) in _WIDER.get((narrow.module, narrow.name), ())
    return False


def bare(type_: PythonType) -> PythonType:
    """The type as a checker sees it: without marks and aliases."""
    match type_:
        case Marked():
            return bare(type_.type)
        case Alias():
            return bare(type_.target)
        case ListType():
            return ListType(bare(type_.item))
        case UnionType():
            return union(*map(bare, type_.members))
        case _:
            return type_
