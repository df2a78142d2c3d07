"""An annotation -> the shape of the values it allows, and what stands beside them."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Collection,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    MutableSequence,
)
from collections.abc import Sequence as SequenceAbc
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from enum import Enum, Flag
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec

from soapkit.attachment import Attachment
from soapkit.databinding.adapted import ADAPTED
from soapkit.databinding.annotations import (
    Builtin as BuiltinMark,
)
from soapkit.databinding.annotations import (
    Enumeration,
)
from soapkit.databinding.builtins import BUILTIN_OF, BUILTINS
from soapkit.databinding.described.classes import is_record_class
from soapkit.databinding.described.constraints import as_of_msgspec, is_unsaid
from soapkit.databinding.described.generics import concrete
from soapkit.databinding.described.home import documentation, type_name, xml_type_of
from soapkit.databinding.shape import (
    ANY_TYPE,
    SWA_REF,
    Atomic,
    EnumValue,
    Facets,
    ListOf,
    RecordRef,
    Simple,
    Type,
    UnionOf,
)
from soapkit.databinding.simple import simple_codec
from soapkit.databinding.values import Raw
from soapkit.errors import Place, UsageError

# What a handler may return where a list is meant, so that it is sent while it is made.
_ITERATORS = (Iterator, AsyncIterator, Iterable, AsyncIterable, Generator, AsyncGenerator)

LIST = "list"  # xsd("list"): one text of several items, not several elements


@dataclass(frozen=True, slots=True)
class Annotation:
    """An annotation taken apart: the type itself, what stands beside it, whether None and UNSET may be given."""

    type: Any
    marks: tuple[Any, ...]
    none: bool
    unset: bool


def take_apart(annotation: Any) -> Annotation:
    marks: tuple[Any, ...] = ()
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            marks = (*as_of_msgspec(more), *marks)
        elif isinstance(annotation, typing.NewType):
            annotation = annotation.__supertype__
        elif hasattr(annotation, "__value__") and type(annotation).__name__ == "TypeAliasType":
            annotation = annotation.__value__
        elif get_origin(annotation) is Literal and None in get_args(annotation):  # PEP 586: as Literal["a"] | None
            rest = tuple(value for value in get_args(annotation) if value is not None)
            annotation = typing.Optional[Literal[rest]] if rest else type(None)  # noqa: UP045  made of a tuple
        else:
            break
    if get_origin(annotation) not in (typing.Union, types.UnionType):
        return Annotation(annotation, marks, annotation is type(None), annotation is msgspec.UnsetType)
    members = get_args(annotation)
    kinds = tuple(member for member in members if member not in (type(None), msgspec.UnsetType))
    left: Any = typing.Union[kinds] if kinds else type(None)  # noqa: UP007  made of a tuple
    inner = take_apart(left) if len(kinds) == 1 else Annotation(left, (), False, False)
    return Annotation(
        inner.type,
        (*inner.marks, *marks),
        inner.none or type(None) in members,
        inner.unset or msgspec.UnsetType in members,
    )


def marked(marks: Iterable[Any], kind: type) -> Any:
    for mark in marks:
        if isinstance(mark, kind):
            return mark
    return None


def _facets(marks: Iterable[Any], where: str) -> Facets:
    found = Facets()
    for mark in marks:
        if isinstance(mark, msgspec.Meta):
            found = _joined(found, _from_meta(mark, where))
        elif isinstance(mark, Facets):
            found = _joined(found, mark)
        elif is_unsaid(mark):
            raise UsageError(f"no facet of XSD says {mark!r}: check it in the method", place=Place(path=where))
    return found


def _joined(facets: Facets, more: Facets) -> Facets:
    given = {name: value for name in Facets.__dataclass_fields__ if (value := getattr(more, name)) not in (None, ())}
    if "patterns" in given:
        given["patterns"] = facets.patterns + more.patterns
    return replace(facets, **given)


_WITHOUT_FACET = ("multiple_of", "tz")


def _from_meta(meta: msgspec.Meta, where: str) -> Facets:
    def text(value: object) -> str | None:
        return None if value is None else str(value)

    for name in _WITHOUT_FACET:
        if getattr(meta, name) is not None:
            raise UsageError(f"no facet of XSD says {name}: check it in the method", place=Place(path=where))
    patterns = tuple(map(_whole, _alternatives(meta.pattern))) if meta.pattern is not None else ()
    return Facets(
        min_length=meta.min_length,
        max_length=meta.max_length,
        min_inclusive=text(meta.ge),
        max_inclusive=text(meta.le),
        min_exclusive=text(meta.gt),
        max_exclusive=text(meta.lt),
        patterns=(patterns,) if patterns else (),
    )


def _whole(pattern: str) -> str:
    """Python's pattern, found anywhere unless anchored, as one of XSD's, which always covers the whole text."""
    pattern = pattern[1:] if pattern.startswith("^") else ".*" + pattern
    return pattern[:-1] if pattern.endswith("$") and not pattern.endswith("\\$") else pattern + ".*"


def _alternatives(pattern: str) -> tuple[str, ...]:
    """What stands between the outermost ``|``: an anchor holds for one of them only.

    >>> _alternatives("^a|(b|c)[|]$")
    ('^a', '(b|c)[|]$')
    """
    bare = re.sub(r"\\.|\[\^?(?:\\.|[^\\])[^\]\\]*(?:\\.[^\]\\]*)*\]", lambda found: "_" * len(found[0]), pattern)
    ends = [at for at, one in enumerate(bare) if one == "|" and bare.count("(", 0, at) == bare.count(")", 0, at)]
    return tuple(pattern[start + 1 : end] for start, end in zip([-1, *ends], [*ends, len(pattern)], strict=True))


def is_list(annotation: Any) -> bool:
    origin = get_origin(annotation) or annotation
    return origin in (list, SequenceAbc, *_ITERATORS)


def record_members(annotation: Any) -> tuple[Any, ...]:
    """The members of a union of records, such as ``Cat | Dog``; nothing for any other annotation."""
    if get_origin(annotation) not in (typing.Union, types.UnionType):
        return ()
    members = tuple(take_apart(member).type for member in get_args(annotation))
    return members if all(is_record_class(get_origin(member) or member) for member in members) else ()


def item_of(annotation: Any) -> Any:
    arguments = [argument for argument in get_args(annotation) if argument is not Ellipsis]
    return arguments[0] if arguments else Any


def type_for(annotation: Any, namespace: str = "", *, where: str = "") -> Type:
    """The shape of the values that an annotation allows: ``Annotated[int, xsd("short")]`` -> an `Atomic`.

    Raises `UsageError` for an annotation without a shape; `where` names its place in the error.
    """
    apart = take_apart(annotation)
    return shape_of(apart.type, apart.marks, namespace, where)


def shape_of(annotation: Any, marks: tuple[Any, ...], namespace: str, where: str) -> Type:
    named = marked(marks, BuiltinMark)
    facets = _facets(marks, where)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return _enumeration(annotation, namespace, named, where)
    if named is not None and named.name != LIST:
        if named.name not in BUILTINS:
            raise UsageError(f"xsd({named.name!r}) is not a built-in type of XSD 1.0", place=Place(path=where))
        return replace(_named(annotation, named.name, where), facets=facets)
    if annotation in (Any, object) or annotation is Raw:
        return ANY_TYPE
    if is_record_class(annotation):
        return RecordRef(annotation)
    if is_record_class(get_origin(annotation)):
        return RecordRef(concrete(annotation))
    if get_origin(annotation) is Literal:
        return replace(_literal(annotation, where), facets=facets)
    if is_list(annotation):
        return ListOf(_simple(item_of(annotation), namespace, where), facets=facets, enumeration=_values(marks))
    if get_origin(annotation) in (typing.Union, types.UnionType):
        return _union(annotation, facets, _values(marks), namespace, where)
    if isinstance(annotation, typing.TypeVar):
        return type_for(annotation.__bound__ or Any, namespace, where=where)
    return _with_facets(_atomic(annotation, where), facets)


def _with_facets(atomic: Atomic, facets: Facets) -> Atomic:
    return replace(atomic, facets=_joined(atomic.facets, facets))


def _named(annotation: Any, builtin: str, where: str) -> Atomic:
    """The type that ``xsd(...)`` names. Raises `UsageError` where its values are not of the annotated class."""
    if get_origin(annotation) is Literal:
        return _literal(annotation, where, builtin)
    if annotation is Attachment and builtin == "anyURI":
        return Atomic(builtin, SWA_REF, python=Attachment)
    python = BUILTINS[builtin].classes[0]
    if annotation in BUILTIN_OF and annotation is not python:
        raise UsageError(
            f"a value of xs:{builtin} is no {_told(annotation)} in Python; expected {_told(python)}",
            place=Place(path=where),
        )
    if annotation in ADAPTED and ADAPTED[annotation].builtin == builtin:
        return _atomic(annotation, where)
    return Atomic(builtin)


def _atomic(annotation: Any, where: str) -> Atomic:
    if annotation in ADAPTED:
        return Atomic(ADAPTED[annotation].builtin, facets=ADAPTED[annotation].facets, python=annotation)
    found = BUILTIN_OF.get(annotation) if isinstance(annotation, type) else None
    if found is None:
        raise UsageError(
            f"{_told(annotation)} has no counterpart in XSD; expected {_instead(annotation)}", place=Place(path=where)
        )
    return Atomic(found)


_ROWS = "a list of a Struct or dataclass with a key and a value"
_ORDERED = "a list: XML keeps an order and has no rule against a second one"
_INSTEAD = {
    dict: _ROWS,
    Mapping: _ROWS,
    MutableMapping: _ROWS,
    set: _ORDERED,
    frozenset: _ORDERED,
    AbstractSet: _ORDERED,
    Collection: "a list",
    MutableSequence: "a list",
    tuple: "a list of one type, or a Struct, dataclass or NamedTuple with a name for each item",
    bytearray: "bytes",
    memoryview: "bytes",
    complex: "a Struct or dataclass with two fields",
}


def _instead(annotation: Any) -> str:
    """What to write for an annotation that cannot stand."""
    kind = get_origin(annotation) or annotation
    if typing.is_typeddict(kind):
        return "a Struct or dataclass: a dict does not say which type it is"
    return _INSTEAD.get(kind, "a built-in type such as str or Decimal, an Enum, a dataclass or a Struct")


def _told(annotation: Any) -> str:
    """An annotation as it is written."""
    return annotation.__qualname__ if isinstance(annotation, type) and not get_args(annotation) else repr(annotation)


def _simple(annotation: Any, namespace: str, where: str) -> Simple:
    found = type_for(annotation, namespace, where=where)
    if isinstance(found, (Atomic, ListOf, UnionOf)):
        return found
    raise UsageError(f"expected a type that is written as text, not {annotation!r}", place=Place(path=where))


def _literal(annotation: Any, where: str, builtin: str | None = None) -> Atomic:
    values = get_args(annotation)
    kinds = {type(value) for value in values}
    if len(kinds) > 1:
        raise UsageError(f"{_told(annotation)} has values of several types; expected one", place=Place(path=where))
    if issubclass(type(values[0]), Enum):
        raise UsageError(
            f"{_told(annotation)} has members of an Enum; expected {type(values[0]).__name__} itself, or their values",
            place=Place(path=where),
        )
    plain = _atomic(type(values[0]), where) if builtin is None else Atomic(builtin)
    return replace(plain, enumeration=_enumerated(values, plain, _told(annotation), where))


def _enumerated(values: Iterable[Any], plain: Atomic, told: str, where: str) -> tuple[EnumValue, ...]:
    """Values as a schema lists them. A `str` is the text of one, a QName's its Clark name."""
    codec = simple_codec(plain)
    try:
        texts = [value if isinstance(value, str) else codec.encode(value, clark_prefix, False) for value in values]
    except ValueError as error:
        raise UsageError(
            f"{told} has a value that is not xs:{plain.builtin}: {error}; Annotated[..., xsd(name)] names another type",
            place=Place(path=where),
        ) from None
    return tuple(map(EnumValue, texts))


def _values(marks: tuple[Any, ...]) -> tuple[EnumValue, ...]:
    said = marked(marks, Enumeration)
    return tuple(map(EnumValue, said.values)) if said is not None else ()


def _union(annotation: Any, facets: Facets, enumeration: tuple[EnumValue, ...], namespace: str, where: str) -> Type:
    members = [type_for(member, namespace, where=where) for member in get_args(annotation)]
    if all(isinstance(member, (Atomic, ListOf, UnionOf)) for member in members):
        return UnionOf(tuple(members), facets=facets, enumeration=enumeration)  # type: ignore[arg-type]  # just seen
    if ANY_TYPE in members:
        return ANY_TYPE
    raise UsageError(
        f"{_told(annotation)} is no one element; expected a name for each member: "
        "Annotated[..., choice(element(name, type), ...)]",
        place=Place(path=where),
    )


def _enumeration(cls: type[Enum], namespace: str, named: BuiltinMark | None, where: str) -> Atomic:
    mark = xml_type_of(cls)
    builtin = (mark.builtin if mark else None) or (named.name if named else None) or _builtin_of_values(cls, where)
    return Atomic(
        builtin,
        type_name(cls, namespace),
        enumeration=_enumerated((member.value for member in cls), Atomic(builtin), cls.__name__, where),
        python=cls,
        documentation=documentation(cls),
    )


def _builtin_of_values(cls: type[Enum], where: str) -> str:
    """The built-in type of all values of an enumeration."""
    if issubclass(cls, Flag):
        raise UsageError(
            f"the members of {cls.__name__}, a Flag, add up; expected int, or a list of an Enum",
            place=Place(path=where),
        )
    kinds = {type(member.value) for member in cls}
    if not kinds:
        raise UsageError(f"{cls.__name__} has no members", place=Place(path=where))
    kinds = {str} if all(issubclass(kind, str) for kind in kinds) else kinds
    if len(kinds) > 1:
        told = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise UsageError(f"the values of {cls.__name__} are of several types ({told})", place=Place(path=where))
    (kind,) = kinds
    builtin = BUILTIN_OF.get(kind)
    if builtin is None:
        raise UsageError(f"the values of {cls.__name__} have no counterpart in XSD", place=Place(path=where))
    return builtin


def clark_prefix(namespace: str) -> str:
    raise UsageError(f"write the QNames of an enumeration as Clark names: {{{namespace}}}name")
