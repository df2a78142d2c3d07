"""An annotated class -> Shape.

Reads msgspec Structs and dataclasses annotated as `soapkit.databinding.annotations` says, enumerations, and what the
module says of them all: ``__xml_namespace__``, ``__xml_element_form__`` and, of generated packages,
``__xml_types__`` (Clark name of a schema type -> ``module:Class``).
"""

from __future__ import annotations

import importlib
import inspect
import sys
import threading
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Sequence as SequenceAbc
from dataclasses import dataclass, replace
from enum import Enum
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec

from soapkit.databinding.annotations import (
    AnyAttribute,
    AnyElement,
    Attribute,
    ChoiceOf,
    Element,
    Group,
    Text,
    XmlType,
)
from soapkit.databinding.annotations import (
    Builtin as BuiltinMark,
)
from soapkit.databinding.builtins import BUILTIN_OF, BUILTINS
from soapkit.databinding.classes import PythonField, base_class, fields_of, is_record_class, own_names
from soapkit.databinding.model_text import parse_model
from soapkit.databinding.shape import (
    ANY_TYPE,
    EMPTY,
    All,
    Alternative,
    AnyAttributeField,
    AnyField,
    Atomic,
    AttributeField,
    Choice,
    ChoiceField,
    ElementField,
    ElementLike,
    EnumValue,
    Facets,
    Key,
    ListOf,
    Particle,
    Record,
    RecordRef,
    Sequence,
    Simple,
    TextField,
    Type,
    UnionOf,
)
from soapkit.databinding.simple import simple_codec
from soapkit.databinding.values import Raw
from soapkit.errors import Place, UsageError
from soapkit.xml.names import clark

_LIST = "list"  # xsd("list"): one text of several items, not several elements


# --- what a class says of itself ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Home:
    """Where a class stands: the namespace of its names, the form of its elements."""

    namespace: str
    form: str

    def tag(self, mark: Element) -> str:
        if mark.namespace is not None:
            return clark(mark.namespace, mark.name)
        return clark(self.namespace if (mark.form or self.form) == "qualified" else "", mark.name)


def xml_type_of(cls: type) -> XmlType | None:
    """What `xml_type` said of this very class, not of its base."""
    found = cls.__dict__.get("__xml_type__")
    return found if isinstance(found, XmlType) else None


def _home(cls: type, namespace: str) -> _Home:
    module = sys.modules.get(cls.__module__)
    mark = xml_type_of(cls)
    named = mark.namespace if mark is not None else None
    found = named if named is not None else getattr(module, "__xml_namespace__", namespace)
    return _Home(found, getattr(module, "__xml_element_form__", "qualified"))


def type_name(cls: type, namespace: str = "") -> str | None:
    """The Clark name of the schema type that a class stands for, None if it is anonymous."""
    mark = xml_type_of(cls)
    name = cls.__name__ if mark is None else mark.name
    return None if name is None else clark(_home(cls, namespace).namespace, name)


def _documentation(cls: type) -> str:
    text = cls.__dict__.get("__doc__") or ""
    if text.startswith(f"{cls.__name__}(") and not isinstance(cls, type(Enum)):
        return ""  # the signature that dataclasses write
    return inspect.cleandoc(text)


# --- annotation -> type -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Annotation:
    """An annotation taken apart: the type itself, what stands beside it, whether None and UNSET may be given."""

    type: Any
    marks: tuple[Any, ...]
    none: bool
    unset: bool


def _take_apart(annotation: Any) -> _Annotation:
    marks: tuple[Any, ...] = ()
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            marks = (*more, *marks)
        elif isinstance(annotation, typing.NewType):
            annotation = annotation.__supertype__
        elif hasattr(annotation, "__value__") and type(annotation).__name__ == "TypeAliasType":
            annotation = annotation.__value__
        else:
            break
    if get_origin(annotation) not in (typing.Union, types.UnionType):
        return _Annotation(annotation, marks, annotation is type(None), annotation is msgspec.UnsetType)
    members = get_args(annotation)
    rest = tuple(member for member in members if member not in (type(None), msgspec.UnsetType))
    left: Any = typing.Union[rest] if rest else type(None)  # noqa: UP007  made of a tuple
    inner = _take_apart(left) if len(rest) == 1 else _Annotation(left, (), False, False)
    return _Annotation(
        inner.type,
        (*inner.marks, *marks),
        inner.none or type(None) in members,
        inner.unset or msgspec.UnsetType in members,
    )


def _marked(marks: Iterable[Any], kind: type) -> Any:
    for mark in marks:
        if isinstance(mark, kind):
            return mark
    return None


def _facets(marks: Iterable[Any]) -> Facets:
    found = Facets()
    for mark in marks:
        if isinstance(mark, msgspec.Meta):
            found = _joined(found, _from_meta(mark))
        elif isinstance(mark, Facets):
            found = _joined(found, mark)
    return found


def _joined(facets: Facets, more: Facets) -> Facets:
    given = {name: value for name in Facets.__dataclass_fields__ if (value := getattr(more, name)) not in (None, ())}
    if "patterns" in given:
        given["patterns"] = facets.patterns + more.patterns
    return replace(facets, **given)


def _from_meta(meta: msgspec.Meta) -> Facets:
    def text(value: object) -> str | None:
        return None if value is None else str(value)

    pattern = meta.pattern
    if pattern is not None:  # Python's, found anywhere unless anchored; XSD's always covers the whole text
        pattern = pattern[1:] if pattern.startswith("^") else ".*" + pattern
        pattern = pattern[:-1] if pattern.endswith("$") and not pattern.endswith("\\$") else pattern + ".*"
    return Facets(
        min_length=meta.min_length,
        max_length=meta.max_length,
        min_inclusive=text(meta.ge),
        max_inclusive=text(meta.le),
        min_exclusive=text(meta.gt),
        max_exclusive=text(meta.lt),
        patterns=((pattern,),) if pattern else (),
    )


def _is_list(annotation: Any) -> bool:
    origin = get_origin(annotation) or annotation
    return origin in (list, tuple, SequenceAbc, set, frozenset)


def _item_of(annotation: Any) -> Any:
    arguments = [argument for argument in get_args(annotation) if argument is not Ellipsis]
    return arguments[0] if arguments else Any


def type_for(annotation: Any, namespace: str = "", *, where: str = "") -> Type:
    """The shape of the values that an annotation allows: ``Annotated[int, xsd("short")]`` -> an `Atomic`.

    Raises `UsageError` for an annotation without a shape; `where` names its place in the error.
    """
    apart = _take_apart(annotation)
    return _type(apart.type, apart.marks, namespace, where)


def _type(annotation: Any, marks: tuple[Any, ...], namespace: str, where: str) -> Type:
    named = _marked(marks, BuiltinMark)
    facets = _facets(marks)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return _enumeration(annotation, namespace, named)
    if named is not None and named.name != _LIST:
        if named.name not in BUILTINS:
            raise UsageError(f"xsd({named.name!r}) is not a built-in type of XSD 1.0", place=Place(path=where))
        return replace(_atomic(annotation, where, named.name), facets=facets)
    if annotation in (Any, object) or annotation is Raw:
        return ANY_TYPE
    if is_record_class(annotation):
        return RecordRef(annotation)
    if get_origin(annotation) is Literal:
        return replace(_literal(annotation, where), facets=facets)
    if _is_list(annotation):
        return ListOf(_simple(_item_of(annotation), namespace, where), facets=facets)
    if get_origin(annotation) in (typing.Union, types.UnionType):
        return _union(annotation, facets, namespace, where)
    if isinstance(annotation, typing.TypeVar):
        return type_for(annotation.__bound__ or Any, namespace, where=where)
    return replace(_atomic(annotation, where), facets=facets)


def _atomic(annotation: Any, where: str, builtin: str | None = None) -> Atomic:
    if builtin is not None and get_origin(annotation) is Literal:
        return replace(_literal(annotation, where), builtin=builtin)
    found = builtin or (BUILTIN_OF.get(annotation) if isinstance(annotation, type) else None)
    if found is None:
        raise UsageError(
            f"{annotation!r} has no counterpart in XSD; expected a built-in type such as str or Decimal, an Enum, "
            "a dataclass or a Struct",
            place=Place(path=where),
        )
    return Atomic(found)


def _simple(annotation: Any, namespace: str, where: str) -> Simple:
    found = type_for(annotation, namespace, where=where)
    if isinstance(found, (Atomic, ListOf, UnionOf)):
        return found
    raise UsageError(f"expected a type that is written as text, not {annotation!r}", place=Place(path=where))


def _literal(annotation: Any, where: str) -> Atomic:
    values = get_args(annotation)
    plain = _atomic(type(values[0]), where)
    codec = simple_codec(plain)
    return replace(plain, enumeration=tuple(EnumValue(codec.encode(value, str, False)) for value in values))


def _union(annotation: Any, facets: Facets, namespace: str, where: str) -> Type:
    members = [type_for(member, namespace, where=where) for member in get_args(annotation)]
    if all(isinstance(member, (Atomic, ListOf, UnionOf)) for member in members):
        return UnionOf(tuple(members), facets=facets)  # type: ignore[arg-type]  # just seen
    return ANY_TYPE


def _enumeration(cls: type[Enum], namespace: str, named: BuiltinMark | None) -> Atomic:
    mark = xml_type_of(cls)
    builtin = (mark.builtin if mark else None) or (named.name if named else None)
    if builtin is None:
        first = next(iter(cls), None)
        builtin = "string" if first is None or isinstance(first.value, str) else BUILTIN_OF.get(type(first.value))
    if builtin is None:
        raise UsageError(f"the values of {cls.__name__} have no counterpart in XSD")
    plain = simple_codec(Atomic(builtin))
    texts = [
        member.value if isinstance(member.value, str) else plain.encode(member.value, _clark_prefix, False)
        for member in cls
    ]
    return Atomic(
        builtin,
        type_name(cls, namespace),
        enumeration=tuple(EnumValue(text) for text in texts),
        python=cls,
        documentation=_documentation(cls),
    )


def _clark_prefix(namespace: str) -> str:
    raise UsageError(f"write the QNames of an enumeration as Clark names: {{{namespace}}}name")


# --- field -> field -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Described:
    """A field of a class on its way to a field of a record."""

    field: PythonField
    apart: _Annotation
    home: _Home
    namespace: str
    where: str

    @property
    def optional(self) -> bool:
        return not self.field.required

    def shape(self, annotation: Any, marks: tuple[Any, ...] = ()) -> Type:
        apart = _take_apart(annotation)
        return _type(apart.type, (*apart.marks, *marks), self.namespace, self.where)

    def simple(self) -> Simple:
        found = self.shape(self.apart.type, self.apart.marks)
        if isinstance(found, (Atomic, ListOf, UnionOf)):
            return found
        raise UsageError("expected a type that is written as text", place=Place(path=self.where))

    def text_of_default(self, type_: Simple) -> str | None:
        """The class's own default as text, so that a written schema can tell it."""
        default = self.field.default
        if self.field.required or self.field.factory is not None or default is None or default is msgspec.UNSET:
            return None
        try:
            return simple_codec(type_).encode(default, _clark_prefix, False)
        except (ValueError, UsageError):
            return None


def _occurs(mark_min: int | None, mark_max: Any, many: bool, optional: bool) -> tuple[int, int | None]:
    minimum = mark_min if mark_min is not None else 0 if many or optional else 1
    if mark_max == "unbounded":
        return minimum, None
    return minimum, mark_max if mark_max is not None else None if many else 1


def _is_many(described: _Described) -> bool:
    named = _marked(described.apart.marks, BuiltinMark)
    if named is not None and (named.name == _LIST or (named.name in BUILTINS and BUILTINS[named.name].item)):
        return False
    return _is_list(described.apart.type)


def _element(described: _Described, mark: Element) -> ElementField:
    apart = described.apart
    many = _is_many(described)
    type_ = described.shape(_item_of(apart.type), apart.marks) if many else described.shape(apart.type, apart.marks)
    absent_allowed = described.optional or apart.unset or (apart.none and not mark.nillable)
    minimum, maximum = _occurs(mark.min_occurs, mark.max_occurs, many, absent_allowed)
    meta = _marked(apart.marks, msgspec.Meta)
    return ElementField(
        name=described.field.name,
        tag=described.home.tag(mark),
        type=type_,
        minimum=minimum,
        maximum=maximum,
        many=many,
        nillable=mark.nillable,
        default=mark.default,
        fixed=mark.fixed,
        documentation=(meta.description or "") if meta else "",
    )


def _attribute(described: _Described, mark: Attribute) -> AttributeField:
    type_ = described.simple()
    default = mark.default if mark.default is not None or mark.fixed is not None else described.text_of_default(type_)
    required = mark.required if mark.required is not None else not described.optional and not described.apart.none
    return AttributeField(described.field.name, clark(mark.namespace, mark.name), type_, required, default, mark.fixed)


def _choice(described: _Described, mark: ChoiceOf) -> ChoiceField:
    many = _is_list(described.apart.type)
    minimum, maximum = _occurs(mark.min_occurs, mark.max_occurs, many, described.optional or described.apart.none)
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


def _any(described: _Described, mark: AnyElement) -> AnyField:
    many = _is_list(described.apart.type)
    minimum, maximum = _occurs(mark.min_occurs, mark.max_occurs, many, described.optional or described.apart.none)
    return AnyField(described.field.name, mark.namespaces, mark.process, minimum, maximum, many)


# --- class -> record ----------------------------------------------------------------------------------------------


def describe(cls: type, namespace: str = "") -> Record:
    """The record that a class stands for.

    `namespace`: of classes whose module says none. Raises `UsageError` for an annotation without a shape, naming class
    and field.

    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Point:
    ...     x: int
    >>> describe(Point, "urn:p").elements[0].tag
    '{urn:p}x'
    """
    mark = xml_type_of(cls) or XmlType(cls.__name__)
    parent = base_class(cls)
    base = describe(parent, namespace) if parent is not None else None
    own = _OwnFields.read(cls, namespace)
    inherited = {field.name: field for field in base.elements} if base else {}
    content = _content(cls, mark, base, own.elements, inherited)
    attributes = {field.name: field for field in (*(base.attributes if base else ()), *own.attributes)}
    return Record(
        key=cls,
        name=type_name(cls, namespace),
        content=content,
        attributes=tuple(attributes.values()),
        any_attribute=own.any_attribute or (base.any_attribute if base else None),
        text=own.text or (base.text if base else None),
        base=RecordRef(parent) if parent is not None else None,
        derivation=None if parent is None else "restriction" if mark.restriction else "extension",
        abstract=mark.abstract,
        group=mark.group,
        documentation=_documentation(cls),
    )


@dataclass(frozen=True, slots=True)
class _OwnFields:
    """The fields that a class itself declares, by kind."""

    elements: dict[str, ElementLike]
    attributes: tuple[AttributeField, ...]
    any_attribute: AnyAttributeField | None
    text: TextField | None

    @classmethod
    def read(cls, owner: type, namespace: str) -> _OwnFields:
        home, names = _home(owner, namespace), set(own_names(owner))
        elements: dict[str, ElementLike] = {}
        attributes: list[AttributeField] = []
        any_attribute: AnyAttributeField | None = None
        text: TextField | None = None
        for field in fields_of(owner):
            if field.name not in names:
                continue
            described = _Described(
                field, _take_apart(field.annotation), home, namespace, f"{owner.__name__}.{field.name}"
            )
            marks = described.apart.marks
            if (attribute := _marked(marks, Attribute)) is not None:
                attributes.append(_attribute(described, attribute))
            elif (wildcard := _marked(marks, AnyAttribute)) is not None:
                any_attribute = AnyAttributeField(field.name, wildcard.namespaces, wildcard.process)
            elif (content := _marked(marks, Text)) is not None:
                text = TextField(field.name, described.simple(), content.default, content.fixed)
            elif (choice := _marked(marks, ChoiceOf)) is not None:
                elements[field.name] = _choice(described, choice)
            elif (anything := _marked(marks, AnyElement)) is not None:
                elements[field.name] = _any(described, anything)
            else:
                elements[field.name] = _element(described, _marked(marks, Element) or Element(field.name))
        return cls(elements, tuple(attributes), any_attribute, text)


def _content(
    cls: type, mark: XmlType, base: Record | None, own: dict[str, ElementLike], inherited: dict[str, ElementLike]
) -> Sequence | Choice | All:
    if mark.restriction:
        known = inherited | own
        if mark.content is None:
            return Sequence(tuple(known.values()))
        return parse_model(mark.content, known, spare=inherited, where=cls.__name__)
    added: Sequence | Choice | All = Sequence(tuple(field for name, field in own.items() if name not in inherited))
    if mark.content is not None:
        added = parse_model(mark.content, own, where=cls.__name__)
    if base is None or base.content == EMPTY:
        return added
    again = {name: field for name, field in own.items() if name in inherited}
    before = _redeclared(base.content, again) if again else base.content
    if added == EMPTY:
        assert isinstance(before, (Sequence, Choice, All))
        return before
    return Sequence((*_in_line(before), *_in_line(added)))


def _redeclared(particle: Particle, again: dict[str, ElementLike]) -> Particle:
    """The particle with the fields that a subclass declares anew."""
    if isinstance(particle, (Sequence, Choice, All)):
        return replace(particle, particles=tuple(_redeclared(inner, again) for inner in particle.particles))
    return again.get(particle.name, particle)


def _in_line(particle: Particle) -> tuple[Particle, ...]:
    return particle.particles if isinstance(particle, Sequence) and not particle.optional else (particle,)


# --- classes as shapes --------------------------------------------------------------------------------------------


class DescribedShapes(Mapping[Key, Record]):
    """Records by class, described when they are first asked for; `Shapes` for annotated classes.

    `find` gives the class of a schema type's name, for xsi:type: subclasses of what is known, and what the
    ``__xml_types__`` of their packages name. Safe for several threads.
    """

    def __init__(self, namespace: str = "", classes: Iterable[type] = ()) -> None:
        self.namespace = namespace
        self._records: dict[Key, Record] = {}
        self._lock = threading.RLock()
        for cls in classes:
            self[cls]

    def __getitem__(self, key: Key) -> Record:
        found = self._records.get(key)
        if found is not None:
            return found
        if not is_record_class(key):
            raise KeyError(key)
        with self._lock:
            return self._records.setdefault(key, describe(key, self.namespace))

    def __contains__(self, key: object) -> bool:
        return key in self._records or is_record_class(key)

    def __iter__(self) -> Iterator[Key]:
        return iter(list(self._records))

    def __len__(self) -> int:
        return len(self._records)

    def find(self, name: str) -> Type | None:
        """The type of this Clark name, or None."""
        for module in self._modules():
            target = module.__dict__.get("__xml_types__", {}).get(name)
            if target is not None:
                return self._imported(target)
        for cls in self._family():
            if type_name(cls, self.namespace) == name:
                return RecordRef(cls)
        return None

    def _imported(self, target: str) -> Type:
        module, _, attribute = target.partition(":")
        cls = importlib.import_module(module)
        for part in attribute.split("."):
            cls = getattr(cls, part)
        return type_for(cls, self.namespace, where=target)

    def _modules(self) -> Iterator[types.ModuleType]:
        """The modules of the known classes and the packages around them."""
        seen = set()
        for key in list(self._records):
            name = key.__module__ if isinstance(key, type) else ""
            while name and name not in seen:
                seen.add(name)
                if name in sys.modules:
                    yield sys.modules[name]
                name = name.rpartition(".")[0]

    def _family(self) -> Iterator[type]:
        """The known classes and all that inherit from them."""
        seen: set[type] = set()
        waiting: list[type] = [key for key in list(self._records) if isinstance(key, type)]
        while waiting:
            cls = waiting.pop()
            if cls not in seen:
                seen.add(cls)
                yield cls
                waiting.extend(filter(is_record_class, cls.__subclasses__()))


def shapes_for(*classes: type, namespace: str = "") -> DescribedShapes:
    """`DescribedShapes` that know these classes. Raises `UsageError` as `describe` does."""
    return DescribedShapes(namespace, classes)
