"""The content of a record -> text, by table: its elements in order, choices, wildcards."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
from lxml import etree
from lxml.etree import _Element

from soapkit.databinding.actual import own_class
from soapkit.databinding.by_table.scribe_texts import TextScribe
from soapkit.databinding.content.nodes import allows
from soapkit.databinding.context import Bound
from soapkit.databinding.described.classes import is_record_class
from soapkit.databinding.described.generics import origin_of
from soapkit.databinding.given import NOTHING, Beside, Given, Nil, given_with, is_nil_unsaid
from soapkit.databinding.presence import is_given, names_of, present
from soapkit.databinding.shape import (
    ANY_TYPE,
    All,
    Alternative,
    AnyField,
    AnyType,
    Choice,
    ChoiceField,
    ElementField,
    Particle,
    RecordRef,
    Type,
    leaves,
    may_be_empty,
)
from soapkit.databinding.simple import SimpleCodec, value_of
from soapkit.databinding.values import Raw
from soapkit.errors import SoapkitError
from soapkit.xml.parse import parse_own

_NAME = re.compile(r"[^ />]+")


class Elements(Protocol):
    """What this file asks of the scribe: the text of an element, and of what a group holds."""

    def element(
        self,
        tag: str,
        value: Any,
        type_: Type,
        *,
        codec: SimpleCodec | None = None,
        nillable: bool = False,
        default: str | None = None,
        fixed: str | None = None,
    ) -> str: ...
    def content(self, value: Any, bound: Bound) -> str: ...
    def attributes_beside(self, attributes: Mapping[str, str], type_: Type) -> str: ...


_UNKNOWN = "soapkit-unknown"  # the mark for an unknown element: no message has processing instructions


def _place_in(order: tuple[str, ...], particle: Particle) -> int:
    """Where a particle of an xs:all came; last where it did not."""
    name = getattr(particle, "name", None)
    return order.index(name) if name in order else len(order)


class ContentScribe:
    """Writes what stands between the tags of records of one value."""

    def __init__(self, texts: TextScribe, elements: Elements) -> None:
        self.context = texts.context
        self.texts = texts
        self.elements = elements

    def content(self, value: Any, bound: Bound) -> str:
        """The content of an instance of a record without text."""
        content = self._particle(bound.record.content, value, bound)
        said = given_with(value) if bound.keeps else NOTHING
        unknown = bool(said.unknown_elements or said.texts) and bound.only_elements
        return self._with_unknown(content, said) if unknown else content

    def _with_unknown(self, text: str, given: Given) -> str:
        """The content with the elements and texts that no type knows, each before the child that it came before."""
        if self.texts.problems:
            return text
        around = parse_own(f"<around{self.context.declarations(text)}>{text}</around>")
        known = list(around)
        for place in given.places:
            # a mark: an element that moves into another tree loses declarations that only its values need
            mark = etree.ProcessingInstruction(_UNKNOWN)
            if place < len(known):
                known[place].addprevious(mark)
            else:
                around.append(mark)
        children = list(around)  # once: a place in a tree is counted to
        for place, said in given.texts:
            last = children[min(place, len(children)) - 1] if place and children else None
            if last is None:
                around.text = (around.text or "") + said
            else:
                last.tail = (last.tail or "") + said
        written = etree.tostring(around, encoding="unicode")
        first, *others = written[written.index(">") + 1 : -len("</around>")].split(f"<?{_UNKNOWN} ?>")
        kept = (element.xml.decode() for element in given.unknown_elements)
        return first + "".join(f"{element}{text}" for element, text in zip(kept, others, strict=True))

    def _particle(self, particle: Particle, value: Any, bound: Bound) -> str:
        if isinstance(particle, ElementField):
            beside = given_with(value).children if bound.keeps else {}
            return self._element_field(particle, getattr(value, particle.name), bound, beside)
        if isinstance(particle, ChoiceField):
            said = given_with(value) if bound.keeps else NOTHING
            return self._choice_field(particle, getattr(value, particle.name), said)
        if isinstance(particle, AnyField):
            return self._any_field(particle, getattr(value, particle.name))
        if particle.optional and not present(particle, value):
            return ""
        if isinstance(particle, Choice):
            return self._choice(particle, value, bound)
        inside = particle.particles
        if isinstance(particle, All) and bound.keeps and (order := given_with(value).order):
            inside = tuple(sorted(inside, key=lambda one: _place_in(order, one)))
        return "".join([self._particle(inner, value, bound) for inner in inside])

    def _choice(self, particle: Choice, value: Any, bound: Bound) -> str:
        given = [inner for inner in particle.particles if present(inner, value)]
        if len(given) == 1:
            return self._particle(given[0], value, bound)
        if not given:
            if particle.optional or any(may_be_empty(inner) for inner in particle.particles):
                return ""
            return self.texts.problem(f"lacks one of {names_of(particle)}: exactly one is required")
        both = " and ".join(names_of(inner) for inner in given)
        fitting = self._with_room(particle, value)
        if not fitting:
            return self.texts.problem(f"has {both}: expected only one of them")
        return self._first_whole(fitting, value, bound)

    def _with_room(self, particle: Choice, value: Any) -> list[Particle]:
        """Where branches share fields: those that have room for all that is given."""
        given = {leaf.name for leaf in leaves(particle) if is_given(leaf, getattr(value, leaf.name))}
        return [inner for inner in particle.particles if given <= {leaf.name for leaf in leaves(inner)}]

    def _first_whole(self, branches: list[Particle], value: Any, bound: Bound) -> str:
        """The first branch that lacks nothing; the last one's problems where each lacks something."""
        text, before = "", len(self.texts.problems)
        for branch in branches:
            del self.texts.problems[before:]
            text = self._particle(branch, value, bound)
            if len(self.texts.problems) == before:
                break
        return text

    def _element_field(self, field: ElementField, value: Any, bound: Bound, beside: Beside) -> str:
        codec = bound.simple.get(field.name)
        if field.many:
            return self._many(field, value, codec, beside)
        self.texts.path.append(f".{field.name}")
        if value is None and (field.name, 0) in beside and is_nil_unsaid(field):
            text = self.elements.element(field.tag, None, field.type)
        else:
            text = self._single(field, value, codec)
        self.texts.path.pop()
        return self._said_again(text, field, field.type, value, beside, 0) if beside else text

    def _said_again(
        self, text: str, field: ElementField | ChoiceField, type_: Type, value: Any, beside: Beside, place: int
    ) -> str:
        """An element of this type with the attributes that came with its value, if it is still that value."""
        came, attributes = beside.get((field.name, place), (None, {}))
        if not attributes or not text or value != came or isinstance(value, Nil):
            return text
        end = _NAME.match(text, 1).end()  # type: ignore[union-attr]  # a first tag has a name
        return f"{text[:end]}{self.elements.attributes_beside(attributes, type_)}{text[end:]}"

    def _single(self, field: ElementField, value: Any, codec: SimpleCodec | None) -> str:
        if value is msgspec.UNSET or (value is None and not field.nillable):
            if field.minimum == 0:
                return ""
            if field.fixed is None or codec is None:
                return self.texts.problem("is missing: a value is required")
            value = value_of(field.fixed, codec)
        return self.elements.element(
            field.tag,
            value,
            field.type,
            codec=codec,
            nillable=field.nillable,
            default=field.default if field.default is not None else None,
            fixed=field.fixed,
        )

    def _many(self, field: ElementField, value: Any, codec: SimpleCodec | None, beside: Beside) -> str:
        items = self._items(field.name, value, field.minimum, field.maximum)
        found = []
        for place, item in enumerate(items):
            self.texts.path.append(f".{field.name}[{place}]")
            text = self.elements.element(
                field.tag,
                item,
                field.type,
                codec=codec,
                nillable=field.nillable,
                default=field.default,
                fixed=field.fixed,
            )
            found.append(self._said_again(text, field, field.type, item, beside, place) if beside else text)
            self.texts.path.pop()
        return "".join(found)

    def _items(self, name: str, value: Any, minimum: int, maximum: int | None) -> Sequence[Any]:
        if value is None or value is msgspec.UNSET:
            value = ()
        self.texts.path.append(f".{name}")
        if not isinstance(value, (list, tuple)):
            self.texts.problem(f"is {type(value).__name__}: expected a list")
            value = ()
        elif len(value) < minimum:
            self.texts.problem(f"has {len(value)} items: expected at least {minimum}")
        elif maximum is not None and len(value) > maximum:
            self.texts.problem(f"has {len(value)} items: expected at most {maximum}")
        self.texts.path.pop()
        return value  # type: ignore[no-any-return]  # a list or a tuple, as just seen

    def _any_field(self, field: AnyField, value: Any) -> str:
        single = None if value is None or value is msgspec.UNSET else (value,)
        items = self._items(field.name, value if field.many else single, field.minimum, field.maximum)
        found = []
        for place, item in enumerate(items):
            self.texts.path.append(f".{field.name}[{place}]" if field.many else f".{field.name}")
            found.append(self._raw(field, item))
            self.texts.path.pop()
        return "".join(found)

    def _raw(self, field: AnyField, item: Any) -> str:
        if isinstance(item, (_Element, bytes, str)):
            try:
                item = Raw(item)
            except SoapkitError as error:
                return self.texts.problem(f"is not an element: {error}", "is not an element")
        if not isinstance(item, Raw):
            return self.texts.problem(f"is {type(item).__name__}: expected Raw or an lxml element")
        if not allows(field.namespaces, item.tag):
            return self.texts.problem(f"is {item.tag}, whose namespace may not stand here")
        return item.xml.decode()

    # --- choices --------------------------------------------------------------------------------------------------

    def _choice_field(self, field: ChoiceField, value: Any, said: Given) -> str:
        single = None if value is None or value is msgspec.UNSET else (value,)
        items = self._items(field.name, value if field.many else single, field.minimum, field.maximum)
        unknown = list(zip(said.places, said.unknown_elements, strict=True))[::-1] if field.mixed else []
        found = []
        for place, item in enumerate(items):
            while unknown and unknown[-1][0] <= place:
                found.append(unknown.pop()[1].xml.decode())
            self.texts.path.append(f".{field.name}[{place}]" if field.many else f".{field.name}")
            if field.mixed and isinstance(item, str):
                found.append(self.texts.escaped(item))
            else:
                chosen = self._alternative(field, item)
                type_ = ANY_TYPE if chosen is None else chosen.type
                text = self._chosen(field, chosen, item)
                found.append(self._said_again(text, field, type_, item, said.children, place))
            self.texts.path.pop()
        found += [element.xml.decode() for _, element in reversed(unknown)]
        return "".join(found)

    def _chosen(self, field: ChoiceField, alternative: Alternative | None, item: Any) -> str:
        if alternative is None:
            known = ", ".join(dict.fromkeys(self._alternative_name(one) for one in field.alternatives))
            return self.texts.problem(f"is {type(item).__name__}: expected one of {known}")
        if alternative.tag is not None:
            return self.elements.element(alternative.tag, item, alternative.type, nillable=alternative.nillable)
        assert isinstance(alternative.type, RecordRef)
        return self.elements.content(item, self.context.bound(alternative.type.key))

    def _alternative_name(self, alternative: Alternative) -> str:
        if isinstance(alternative.type, RecordRef):
            return getattr(alternative.type.key, "__name__", str(alternative.type.key))
        return "Raw" if alternative.type == ANY_TYPE else self._words(alternative.type)

    def _words(self, type_: Type) -> str:
        return "anything" if isinstance(type_, (AnyType, RecordRef)) else self.context.simple(type_).words

    def _alternative(self, field: ChoiceField, item: Any) -> Alternative | None:
        """The alternative that the class of `item` stands for: the very class first, then a base, then a text."""
        if item is None:
            return next((one for one in field.alternatives if one.nillable), None)
        cls = own_class(type(item)) if is_record_class(type(item)) else type(item)
        for one in field.alternatives:
            if isinstance(one.type, RecordRef) and isinstance(one.type.key, type) and origin_of(one.type.key) is cls:
                return one
        if isinstance(item, Raw):
            return next((one for one in field.alternatives if one.type == ANY_TYPE and one.tag == item.tag), None)
        for one in field.alternatives:
            if isinstance(one.type, RecordRef):
                if one.tag is not None and is_record_class(cls) and self.context.derives(cls, one.type.key):
                    return one
            elif not isinstance(one.type, AnyType) and self._writes(one.type, item):
                return one
        return next((one for one in field.alternatives if one.type == ANY_TYPE), None)

    def _writes(self, type_: Type, item: Any) -> bool:
        assert not isinstance(type_, (RecordRef, AnyType))
        try:
            self.context.simple(type_).encode(item, self.context.prefix, True)
        except ValueError:
            return False
        return True
