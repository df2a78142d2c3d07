"""Shape, value -> text, by table: the reference that generated encoders must agree with.

Values are checked before anything goes out: class, range, facets, enumeration, what is required, one of a choice. Every
problem of a value is found before anything is raised, each with its path. No default namespace is ever declared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from lxml.etree import _Element

from soapkit.databinding.actual import builtin_for, is_any_simple, own_class
from soapkit.databinding.builtins import BUILTINS
from soapkit.databinding.by_table.scribe_attributes import AttributeScribe
from soapkit.databinding.by_table.scribe_content import ContentScribe
from soapkit.databinding.by_table.scribe_texts import TextScribe
from soapkit.databinding.context import Bound, Context
from soapkit.databinding.described.classes import is_record_class
from soapkit.databinding.described.generics import origin_of
from soapkit.databinding.given import Nil
from soapkit.databinding.shape import AnyType, Atomic, Key, RecordRef, Type
from soapkit.databinding.simple import SimpleCodec, value_of
from soapkit.databinding.typed import said_type
from soapkit.databinding.values import Raw
from soapkit.xml.names import XMIME, XSI, clark, did_you_mean


class Scribe:
    """Writes one value; `problems` grows on the way. Made anew for each.

    `nested`: writes the records inside in its place, where a generated encoder has asked for one level only.
    """

    def __init__(self, context: Context, path: str, nested: Callable[[Any, str, Key], str] | None = None) -> None:
        self.context = context
        self.nested = nested
        self.texts = TextScribe(context, path)
        self.problems = self.texts.problems
        self._attributes = AttributeScribe(self.texts)

    def raise_problems(self) -> None:
        """Raise `EncodeError` with all problems; return when there are none."""
        self.texts.raise_problems()

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
                said = "" if value is None else self._attributes.beside(value.attributes, type_, given=True)
                return f'<{name} {self.context.prefix(XSI)}:nil="true"{said}/>'
            return self.texts.problem("is None: expected a value, since it may not be nil")
        if isinstance(type_, RecordRef):
            return self._record(name, value, type_.key)
        if isinstance(type_, AnyType):
            return self._anything(tag, name, value)
        if is_any_simple(type_) and (not isinstance(value, str) or self._said(value)):
            return self._anything_simple(tag, name, value)
        codec = codec or self.context.simple(type_)
        if (markup := self.texts.beside(value, codec, fixed)) is not None:
            return f"<{name}>{markup}</{name}>"
        told = len(self.problems)
        text = self.texts.text(value, codec, fixed)
        if text == "" and default and len(self.problems) == told:
            return self.texts.problem(f"is empty, which would be read as the default {default!r}")
        return f"<{name}>{self.texts.escaped(text)}</{name}>"

    def _anything_simple(self, tag: str, name: str, value: Any) -> str:
        """The same of a value that is written as text, though it may have attributes."""
        cls = type(value)
        if is_record_class(cls) and self.context.bound(own_class(cls)).record.text is None:
            return self.texts.problem(f"is {cls.__name__}, which has elements: expected a value that is a text")
        return self._anything(tag, name, value)

    def _said(self, value: Any) -> tuple[str, Type | None] | None:
        """The type that a value says, with its name: None where it says none; of a class of enumeration, where it is
        one of the contract."""
        said = said_type(value)
        if said is None:
            return None
        found = self.context.find(said)
        if isinstance(value, Enum) and not (isinstance(found, Atomic) and found.python is type(value)):
            return None
        return said, found

    def _anything(self, tag: str, name: str, value: Any) -> str:
        """A value of no declared type: kept XML as it is, anything else with its xsi:type."""
        if isinstance(value, _Element):
            value = Raw(value)
        if isinstance(value, Raw):
            return value.named(tag).xml.decode()
        if is_record_class(type(value)):
            cls = own_class(type(value))
            if not self.context.is_of_contract(cls):
                adding = f"soapkit.service(types=[{cls.__name__}]) adds it"
                return self.texts.problem(f"is {cls.__name__}, which the contract does not have: {adding}")
            return self._record(name, value, None)
        said = self._said(value)
        if said is None and isinstance(value, Enum):
            return self._anything(tag, name, value.value)
        builtin = builtin_for(value)
        if said is None and builtin is None:
            return self.texts.problem(f"is {type(value).__name__}, which has no counterpart in XSD")
        type_name, type_ = said or (BUILTINS[builtin or ""].tag, Atomic(builtin or ""))
        if type_ is None or isinstance(type_, (RecordRef, AnyType)):
            return self.texts.problem(f"is of the type {type_name}: expected a simple type that the contract knows")
        text = self.texts.escaped(self.texts.text(value, self.context.simple(type_)))
        return f"<{name}{self._xsi_type(type_name)}>{text}</{name}>"

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
                return self.texts.problem(f"is {bound.cls.__name__}, an anonymous type, which xsi:type cannot name")
            said = self._xsi_type(bound.record.name)
        attributes = self._attributes.attributes(value, bound)
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
            self.texts.problem(_another(type(value), declared))
            return None, None
        bound = self.context.bound(key)
        if bound.record.abstract:
            self.texts.problem(f"is {key.__name__}, an abstract type: expected one derived from it")
            return None, None
        return bound, value

    def _made(self, given: Mapping[Any, Any], bound: Bound) -> Any:
        """An instance from a mapping of its fields."""
        known = [field.name for field in bound.record.fields]
        unknown = [name for name in given if name not in known]
        for name in unknown:
            self.texts.problem(f"has no field {name}{did_you_mean(str(name), known)}")
        if unknown:
            return None
        values = {name: bound.absent[name].make() for name in known} | dict(given)
        try:
            return bound.cls(**values)
        except (ValueError, TypeError) as error:
            self.texts.problem(f"{bound.cls.__name__} refuses it: {error}", f"{bound.cls.__name__} refuses it")
            return None

    def content(self, value: Any, bound: Bound) -> str:
        """What stands between the tags."""
        field = bound.record.text
        if field is None:
            return ContentScribe(self.texts, self).content(value, bound)  # not kept: it has us, and nobody waits for gc
        given = getattr(value, field.name)
        if given is None:
            given = value_of(field.fixed, bound.simple[field.name]) if field.fixed is not None else None
        self.texts.path.append(f".{field.name}")
        codec = bound.simple[field.name]
        if given is None:
            text = self.texts.problem("is None: expected a value")
        elif (markup := self.texts.beside(given, codec, field.fixed, _content_type(value, bound))) is not None:
            text = markup
        else:
            text = self.texts.escaped(self.texts.text(given, codec, field.fixed))
        self.texts.path.pop()
        return text

    def attributes_beside(self, attributes: Mapping[str, str], type_: Type) -> str:
        """The attributes that came with a value of this type that has no room for them."""
        return self._attributes.beside(attributes, type_)

    def children(self, record: Any, bound: Bound) -> str:
        """The elements for the fields of a record without an element of its own."""
        if isinstance(record, bound.cls):
            return self.content(record, bound)
        return self.texts.problem(_another(type(record), bound.cls))


def _another(given: type, expected: Key | None) -> str:
    """What is wrong with a value of a class that may not stand there: with modules, where the names are the same."""
    if not isinstance(expected, type):
        return f"is {given.__name__}: expected {expected}"
    if given.__name__ != expected.__name__:
        return f"is {given.__name__}: expected {expected.__name__}"
    return f"is {given.__module__}.{given.__qualname__}: expected {expected.__module__}.{expected.__qualname__}"


_CONTENT_TYPE = clark(XMIME, "contentType")


def _content_type(value: Any, bound: Bound) -> str:
    """What the record of some binary content says it is: its xmime:contentType."""
    field = bound.attributes.get(_CONTENT_TYPE)
    given = getattr(value, field.name) if field is not None else None
    return given if isinstance(given, str) else ""
