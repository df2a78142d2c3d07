"""Shape, value -> text, by table: the reference that generated encoders must agree with.

Values are checked before anything goes out: class, range, facets, enumeration, what is required, one of a choice. Every
problem of a value is found before anything is raised, each with its path. No default namespace is ever declared.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from collections.abc import Sequence as SequenceAbc
from copy import deepcopy
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
from lxml import etree
from lxml.etree import _Element

from soapkit.databinding.binary import beside
from soapkit.databinding.builtins import BUILTIN_OF, BUILTINS
from soapkit.databinding.classes import is_record_class, own_names
from soapkit.databinding.content import allows
from soapkit.databinding.context import Bound, Context
from soapkit.databinding.generics import origin_of
from soapkit.databinding.given import NOTHING, Beside, Given, Nil, given_with, has_default
from soapkit.databinding.shape import (
    ANY_TYPE,
    NO_FACETS,
    All,
    Alternative,
    AnyAttributeField,
    AnyField,
    AnyType,
    Atomic,
    AttributeField,
    Choice,
    ChoiceField,
    ElementField,
    Key,
    Particle,
    RecordRef,
    Type,
    leaves,
)
from soapkit.databinding.simple import SimpleCodec, value_of
from soapkit.databinding.values import Raw
from soapkit.errors import EncodeError, Place, Problem, SoapkitError
from soapkit.xml.names import XMIME, XSI, clark, did_you_mean, is_ncname, split
from soapkit.xml.parse import parse_message
from soapkit.xml.serialise import escape_attribute, escape_text

_NAME = re.compile(r"[^ />]+")
_BASES_OF_MOMENTS = ((datetime, "dateTime"), (date, "date"), (time, "time"), (timedelta, "duration"))


_OWN_CLASSES: WeakKeyDictionary[type, type] = WeakKeyDictionary()


def own_class(cls: type) -> type:
    """The class that `cls` stands for in XML.

    A subclass without fields, without `xml_type` and in a module that names no namespace is its base: somebody added
    methods.
    """
    found = _OWN_CLASSES.get(cls)
    if found is None:
        found = _OWN_CLASSES[cls] = _own_class(cls)
    return found


def _own_class(cls: type) -> type:
    for one in cls.__mro__:
        if not is_record_class(one) or not is_record_class(one.__mro__[1]):
            break
        if (
            "__xml_type__" in one.__dict__
            or own_names(one)
            or hasattr(sys.modules[one.__module__], "__xml_namespace__")
        ):
            return one
    return one if is_record_class(one) else cls


def builtin_for(value: object) -> str | None:
    """The built-in type that says most of a value of no declared type."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return next((name for name in ("int", "long") if abs(value) <= (BUILTINS[name].maximum or 0)), "integer")
    for cls, name in _BASES_OF_MOMENTS:
        if isinstance(value, cls):
            return name
    return next((name for cls, name in BUILTIN_OF.items() if isinstance(value, cls)), None)


def _says_its_type(type_: Type, value: object) -> bool:
    """Whether a value that is no text stands where any simple one may (xs:anySimpleType): xsi:type says what it is."""
    anywhere = isinstance(type_, Atomic) and type_.builtin == "anySimpleType" and type_.facets == NO_FACETS
    return anywhere and not isinstance(value, str) and not is_record_class(type(value))


def _place_in(order: tuple[str, ...], particle: Particle) -> int:
    """Where a particle of an xs:all came; last where it did not."""
    name = getattr(particle, "name", None)
    return order.index(name) if name in order else len(order)


class Scribe:
    """Writes one value; `problems` grows on the way. Made anew for each.

    `nested`: writes the records inside in its place, where a generated encoder has asked for one level only.
    """

    def __init__(self, context: Context, path: str, nested: Callable[[Any, str, Key], str] | None = None) -> None:
        self.context = context
        self.nested = nested
        self.problems: list[Problem] = []
        self.path: list[str] = [path]

    def problem(self, message: str, bare: str | None = None) -> str:
        """`bare`: the message without the value it repeats, for a log."""
        self.problems.append(Problem(message, Place(path="".join(self.path).removeprefix(".")), bare))
        return ""

    def raise_problems(self) -> None:
        """Raise `EncodeError` with all problems; return when there are none."""
        if self.problems:
            raise EncodeError(problems=self.problems)

    # --- an element -----------------------------------------------------------------------------------------------

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
    ) -> str:
        """The text of an element of a declared type, without declarations."""
        name = self.context.qualified(tag)
        if value is None or isinstance(value, Nil):
            if nillable or isinstance(type_, AnyType):
                said = "" if value is None else self._named_texts(value.attributes)
                return f'<{name} {self.context.prefix(XSI)}:nil="true"{said}/>'
            return self.problem("is None: expected a value, since it may not be nil")
        if isinstance(type_, RecordRef):
            return self._record(name, value, type_.key)
        if isinstance(type_, AnyType) or _says_its_type(type_, value):
            return self._anything(tag, name, value)
        codec = codec or self.context.simple(type_)
        if (markup := self._beside(value, codec, fixed)) is not None:
            return f"<{name}>{markup}</{name}>"
        told = len(self.problems)
        text = self._text(value, codec, fixed)
        if text == "" and default and len(self.problems) == told:
            return self.problem(f"is empty, which would be read as the default {default!r}")
        return f"<{name}>{self._escaped(text)}</{name}>"

    def _beside(self, value: Any, codec: SimpleCodec, fixed: str | None, content_type: str = "") -> str | None:
        """What stands for bytes that travel beside the message; None for any other value."""
        if codec.check_binary is None or fixed is not None or isinstance(value, str):
            return None
        try:
            codec.check_binary(value)
        except ValueError:
            return None  # told where its text is made
        return beside(value, content_type or codec.media_type)

    def _text(self, value: Any, codec: SimpleCodec, fixed: str | None = None) -> str:
        try:
            text = codec.encode(value, self.context.prefix, False)
            if fixed is not None and not self._is_fixed(text, fixed, codec):
                told = f"is {value!r:.60}: expected the fixed value {fixed!r}"
                return self.problem(told, "is not the fixed value")
            return text
        except ValueError as error:
            return self.problem(f"{value!r:.60} is not {codec.words}: {error}", f"is not {codec.words}")

    def _is_fixed(self, text: str, fixed: str, codec: SimpleCodec) -> bool:
        """Whether a text is the fixed value, however it is written (XSD part 1, 3.3.4)."""
        wanted = value_of(fixed, codec)
        if text == codec.encode(wanted, self.context.prefix, False):
            return True
        return not codec.contextual and bool(value_of(text, codec) == wanted)

    def _escaped(self, text: str) -> str:
        try:
            return escape_text(text)
        except EncodeError as error:
            return self.problem(str(error))

    def _escaped_attribute(self, text: str) -> str:
        try:
            return escape_attribute(text)
        except EncodeError as error:
            return self.problem(str(error))

    def _anything(self, tag: str, name: str, value: Any) -> str:
        """A value of no declared type: kept XML as it is, anything else with its xsi:type."""
        if isinstance(value, _Element):
            value = Raw(value)
        if isinstance(value, Raw):
            if value.tag != tag:
                return self.problem(f"holds the element {value.tag}: expected {tag}")
            return value.xml.decode()
        if is_record_class(type(value)):
            return self._record(name, value, None)
        if isinstance(value, Enum):
            return self._anything(tag, name, value.value)
        builtin = builtin_for(value)
        if builtin is None:
            return self.problem(f"is {type(value).__name__}, which has no counterpart in XSD")
        atomic = Atomic(builtin)
        text = self._escaped(self._text(value, self.context.simple(atomic)))
        return f"<{name}{self._xsi_type(BUILTINS[builtin].tag)}>{text}</{name}>"

    def _xsi_type(self, type_name: str) -> str:
        return f' {self.context.prefix(XSI)}:type="{self.context.qualified(type_name)}"'

    # --- a record -------------------------------------------------------------------------------------------------

    def _record(self, name: str, value: Any, declared: Key | None) -> str:
        """An element of a record type; `declared` None where anything may stand."""
        if self.nested is not None and declared is not None:
            return self.nested(value, name, declared)
        return self.write_record(name, value, declared)

    def write_record(self, name: str, value: Any, declared: Key | None) -> str:
        """The same, by table in any case; `name` as it is written."""
        bound, value = self._actual(value, declared)
        if bound is None:
            return ""
        said = ""
        if bound.record.key != declared:
            if bound.record.name is None:
                return self.problem(f"is {bound.cls.__name__}, an anonymous type, which xsi:type cannot name")
            said = self._xsi_type(bound.record.name)
        attributes = self._attributes(value, bound)
        content = self.content(value, bound)
        return f"<{name}{said}{attributes}>{content}</{name}>" if content else f"<{name}{said}{attributes}/>"

    def _actual(self, value: Any, declared: Key | None) -> tuple[Bound | None, Any]:
        """The record that a value belongs to, if it may stand where `declared` is expected."""
        if isinstance(value, Mapping) and declared is not None:
            value = self._made(value, self.context.bound(declared))
            if value is None:
                return None, None
        key = own_class(type(value))
        if isinstance(declared, type) and key is origin_of(declared):
            key = declared  # a generic class: its instances do not know with which parameters they were made
        if key is not declared and (
            not is_record_class(key) or (declared is not None and not self.context.derives(key, declared))
        ):
            expected = getattr(declared, "__name__", declared)
            self.problem(f"is {type(value).__name__}: expected {expected}")
            return None, None
        bound = self.context.bound(key)
        if bound.record.abstract:
            self.problem(f"is {key.__name__}, an abstract type: expected one derived from it")
            return None, None
        return bound, value

    def _made(self, given: Mapping[Any, Any], bound: Bound) -> Any:
        """An instance from a mapping of its fields."""
        known = [field.name for field in bound.record.fields]
        unknown = [name for name in given if name not in known]
        for name in unknown:
            self.problem(f"has no field {name}{did_you_mean(str(name), known)}")
        if unknown:
            return None
        values = {name: bound.absent[name].make() for name in known} | dict(given)
        try:
            return bound.cls(**values)
        except (ValueError, TypeError) as error:
            self.problem(f"{bound.cls.__name__} refuses it: {error}", f"{bound.cls.__name__} refuses it")
            return None

    def content(self, value: Any, bound: Bound) -> str:
        """What stands between the tags."""
        record = bound.record
        if record.text is None:
            content = self._particle(record.content, value, bound)
            said = given_with(value) if bound.keeps else NOTHING
            return self._with_unknown(content, said) if said.unknown_elements and not record.mixed else content
        field = record.text
        given = getattr(value, field.name)
        if given is None:
            given = value_of(field.fixed, bound.simple[field.name]) if field.fixed is not None else None
        self.path.append(f".{field.name}")
        codec = bound.simple[field.name]
        if given is None:
            text = self.problem("is None: expected a value")
        elif (markup := self._beside(given, codec, field.fixed, _content_type(value, bound))) is not None:
            text = markup
        else:
            text = self._escaped(self._text(given, codec, field.fixed))
        self.path.pop()
        return text

    def _with_unknown(self, text: str, given: Given) -> str:
        """The content with the elements that no type knows, each before the child that it came before."""
        if self.problems:
            return text
        around = parse_message(f"<around{self.context.declarations(text)}>{text}</around>".encode())
        known = list(around)
        for element, place in zip(given.unknown_elements, given.places, strict=True):
            if place < len(known):
                known[place].addprevious(deepcopy(element.element))
            else:
                around.append(deepcopy(element.element))
        written = etree.tostring(around, encoding="unicode")
        return written[written.index(">") + 1 : -len("</around>")]

    def _attributes(self, value: Any, bound: Bound) -> str:
        given = given_with(value).attributes if bound.keeps else frozenset()
        found = [
            self._attribute(field, getattr(value, field.name), bound, field.name in given)
            for field in bound.record.attributes
        ]
        wildcard = bound.record.any_attribute
        if wildcard is not None:
            found.append(self._any_attributes(wildcard, getattr(value, wildcard.name), bound))
        if bound.keeps and (unknown := given_with(value).unknown_attributes):
            found.append(self._named_texts(unknown))
        return "".join(found)

    def _named_texts(self, attributes: Mapping[str, str]) -> str:
        """Attributes of no known type."""
        found = []
        for name, text in attributes.items():
            if not isinstance(name, str) or not isinstance(text, str) or not is_ncname(split(name)[1]):
                told = f"has {name!r}: {text!r:.60}: expected a Clark name and a text"
                self.problem(told, "has what is not a Clark name and a text")
            else:
                found.append(f' {self.context.qualified(name)}="{self._escaped_attribute(text)}"')
        return "".join(found)

    def _attribute(self, field: AttributeField, value: Any, bound: Bound, given: bool) -> str:
        codec = bound.simple[field.name]
        if value is None or value is msgspec.UNSET:
            if field.fixed is None:
                if field.required:
                    self.path.append(f".{field.name}")
                    self.problem("is missing: the attribute is required")
                    self.path.pop()
                return ""
            value = value_of(field.fixed, codec)
        self.path.append(f".{field.name}")
        text = self._escaped_attribute(self._text(value, codec, field.fixed))
        self.path.pop()
        if has_default(field) and not given and value == value_of(field.default or "", codec):
            return ""  # absent says the same (XSD part 1, 3.4.4), and most stacks leave it out
        return f' {self.context.qualified(field.tag)}="{text}"'

    def _any_attributes(self, wildcard: AnyAttributeField, value: Any, bound: Bound) -> str:
        if value is None or value is msgspec.UNSET:
            return ""
        self.path.append(f".{wildcard.name}")
        if not isinstance(value, Mapping):
            self.problem(f"is {type(value).__name__}: expected a dict from Clark names to texts")
            value = {}
        allowed = {}
        for name, text in value.items():
            if isinstance(name, str) and (name in bound.attributes or not allows(wildcard.namespaces, name)):
                self.problem(f"has {name}, which may not stand here")
            else:
                allowed[name] = text
        written = self._named_texts(allowed)
        self.path.pop()
        return written

    # --- content --------------------------------------------------------------------------------------------------

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
            return self.problem(f"lacks one of {_names(particle)}: exactly one is required")
        both = " and ".join(_names(inner) for inner in given)
        fitting = self._with_room(particle, value)
        if not fitting:
            return self.problem(f"has {both}: expected only one of them")
        return self._first_whole(fitting, value, bound)

    def _with_room(self, particle: Choice, value: Any) -> list[Particle]:
        """Where branches share fields: those that have room for all that is given."""
        given = {leaf.name for leaf in leaves(particle) if is_given(leaf, getattr(value, leaf.name))}
        return [inner for inner in particle.particles if given <= {leaf.name for leaf in leaves(inner)}]

    def _first_whole(self, branches: list[Particle], value: Any, bound: Bound) -> str:
        """The first branch that lacks nothing; the last one's problems where each lacks something."""
        text, before = "", len(self.problems)
        for branch in branches:
            del self.problems[before:]
            text = self._particle(branch, value, bound)
            if len(self.problems) == before:
                break
        return text

    def _element_field(self, field: ElementField, value: Any, bound: Bound, beside: Beside) -> str:
        codec = bound.simple.get(field.name)
        if field.many:
            return self._many(field, value, codec, beside)
        self.path.append(f".{field.name}")
        text = self._single(field, value, codec)
        self.path.pop()
        return self._said_again(text, field.name, value, beside, 0) if beside else text

    def _said_again(self, text: str, field: str, value: Any, beside: Beside, place: int) -> str:
        """An element with the attributes that came with its value, if it is still that value."""
        came, attributes = beside.get((field, place), (None, {}))
        if not attributes or not text or value != came or isinstance(value, Nil):
            return text
        end = _NAME.match(text, 1).end()  # type: ignore[union-attr]  # a first tag has a name
        return f"{text[:end]}{self._named_texts(attributes)}{text[end:]}"

    def _single(self, field: ElementField, value: Any, codec: SimpleCodec | None) -> str:
        if value is msgspec.UNSET or (value is None and not field.nillable):
            if field.minimum == 0:
                return ""
            if field.fixed is None or codec is None:
                return self.problem("is missing: a value is required")
            value = value_of(field.fixed, codec)
        return self.element(
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
            self.path.append(f".{field.name}[{place}]")
            text = self.element(
                field.tag,
                item,
                field.type,
                codec=codec,
                nillable=field.nillable,
                default=field.default,
                fixed=field.fixed,
            )
            found.append(self._said_again(text, field.name, item, beside, place) if beside else text)
            self.path.pop()
        return "".join(found)

    def _items(self, name: str, value: Any, minimum: int, maximum: int | None) -> SequenceAbc[Any]:
        if value is None or value is msgspec.UNSET:
            value = ()
        self.path.append(f".{name}")
        if not isinstance(value, (list, tuple)):
            self.problem(f"is {type(value).__name__}: expected a list")
            value = ()
        elif len(value) < minimum:
            self.problem(f"has {len(value)} items: expected at least {minimum}")
        elif maximum is not None and len(value) > maximum:
            self.problem(f"has {len(value)} items: expected at most {maximum}")
        self.path.pop()
        return value  # type: ignore[no-any-return]  # a list or a tuple, as just seen

    def _any_field(self, field: AnyField, value: Any) -> str:
        single = None if value is None or value is msgspec.UNSET else (value,)
        items = self._items(field.name, value if field.many else single, field.minimum, field.maximum)
        found = []
        for place, item in enumerate(items):
            self.path.append(f".{field.name}[{place}]" if field.many else f".{field.name}")
            found.append(self._raw(field, item))
            self.path.pop()
        return "".join(found)

    def _raw(self, field: AnyField, item: Any) -> str:
        if isinstance(item, (_Element, bytes, str)):
            try:
                item = Raw(item)
            except SoapkitError as error:
                return self.problem(f"is not an element: {error}", "is not an element")
        if not isinstance(item, Raw):
            return self.problem(f"is {type(item).__name__}: expected Raw or an lxml element")
        if not allows(field.namespaces, item.tag):
            return self.problem(f"is {item.tag}, whose namespace may not stand here")
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
            self.path.append(f".{field.name}[{place}]" if field.many else f".{field.name}")
            if field.mixed and isinstance(item, str):
                found.append(self._escaped(item))
            else:
                found.append(self._said_again(self._chosen(field, item), field.name, item, said.children, place))
            self.path.pop()
        found += [element.xml.decode() for _, element in reversed(unknown)]
        return "".join(found)

    def _chosen(self, field: ChoiceField, item: Any) -> str:
        alternative = self._alternative(field, item)
        if alternative is None:
            known = ", ".join(dict.fromkeys(self._alternative_name(one) for one in field.alternatives))
            return self.problem(f"is {type(item).__name__}: expected one of {known}")
        if alternative.tag is not None:
            return self.element(alternative.tag, item, alternative.type, nillable=alternative.nillable)
        assert isinstance(alternative.type, RecordRef)
        return self.content(item, self.context.bound(alternative.type.key))

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


_CONTENT_TYPE = clark(XMIME, "contentType")


def _content_type(value: Any, bound: Bound) -> str:
    """What the record of some binary content says it is: its xmime:contentType."""
    field = bound.attributes.get(_CONTENT_TYPE)
    given = getattr(value, field.name) if field is not None else None
    return given if isinstance(given, str) else ""


# --- what is given ------------------------------------------------------------------------------------------------


def is_given(leaf: Particle, value: Any) -> bool:
    """Whether a field holds something to write. None is a value (nil) only where nil is told from absent."""
    if value is msgspec.UNSET:
        return False
    if isinstance(leaf, ElementField) and not leaf.many:
        return value is not None or leaf.nillable
    return value is not None and value != [] and value != ()


def present(particle: Particle, value: Any) -> bool:
    """Whether any field below a particle is given."""
    return any(is_given(leaf, getattr(value, leaf.name)) for leaf in leaves(particle))


def may_be_empty(particle: Particle) -> bool:
    """Whether a particle may be nothing at all."""
    if isinstance(particle, Choice):
        return particle.optional or any(may_be_empty(inner) for inner in particle.particles)
    if isinstance(particle, (ElementField, ChoiceField, AnyField)):
        return particle.minimum == 0
    return particle.optional or all(may_be_empty(inner) for inner in particle.particles)


def _names(particle: Particle) -> str:
    return ", ".join(leaf.name for leaf in leaves(particle))
