"""An annotated class -> Shape.

Reads msgspec Structs and dataclasses annotated as `soapkit.databinding.annotations` says, enumerations, and what the
module says of them all: ``__xml_namespace__``, ``__xml_element_form__`` and, of generated packages,
``__xml_types__`` (Clark name of a schema type -> ``module:Class``).
"""

from __future__ import annotations

import importlib
import sys
import threading
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from soapkit.databinding.annotations import (
    AnyAttribute,
    AnyElement,
    Attribute,
    ChoiceOf,
    Element,
    Text,
    XmlType,
)
from soapkit.databinding.described.annotation_types import marked, take_apart, type_for
from soapkit.databinding.described.classes import base_class, fields_of, is_record_class, own_names
from soapkit.databinding.described.fields import (
    DescribedField,
    any_field,
    attribute_field,
    choice_field,
    element_field,
    union_of,
)
from soapkit.databinding.described.home import documentation, home_of, type_name, xml_type_of
from soapkit.databinding.described.model_text import parse_model
from soapkit.databinding.shape import (
    EMPTY,
    All,
    AnyAttributeField,
    AttributeField,
    Choice,
    ElementLike,
    Key,
    Particle,
    Record,
    RecordRef,
    Sequence,
    TextField,
    Type,
)
from soapkit.errors import Place, UsageError

__all__ = ["DescribedShapes", "describe", "shapes_for", "type_for", "type_name"]


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
        documentation=documentation(cls),
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
        home, names = home_of(owner, namespace), set(own_names(owner))
        elements: dict[str, ElementLike] = {}
        attributes: list[AttributeField] = []
        any_attribute: AnyAttributeField | None = None
        text: TextField | None = None
        for field in fields_of(owner):
            if field.name not in names:
                continue
            described = DescribedField(
                field, take_apart(field.annotation), home, namespace, f"{owner.__name__}.{field.name}"
            )
            marks = described.apart.marks
            if (attribute := marked(marks, Attribute)) is not None:
                attributes.append(attribute_field(described, attribute))
            elif (wildcard := marked(marks, AnyAttribute)) is not None:
                any_attribute = AnyAttributeField(field.name, wildcard.namespaces, wildcard.process)
            elif (content := marked(marks, Text)) is not None:
                if text is not None:
                    raise UsageError(
                        f"{text.name} is the text of the element already", place=Place(path=described.where)
                    )
                text = TextField(field.name, described.simple(), content.default, content.fixed)
            elif (choice := marked(marks, ChoiceOf)) is not None:
                elements[field.name] = choice_field(described, choice)
            elif (anything := marked(marks, AnyElement)) is not None:
                elements[field.name] = any_field(described, anything)
            elif not marked(marks, Element) and (members := union_of(described)):
                elements[field.name] = choice_field(described, members)
            else:
                elements[field.name] = element_field(described, marked(marks, Element) or Element(field.tag_name))
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
