"""An element that holds text, or any XML, -> value, by table: simple types, xsi:type, what came beside the message."""

from __future__ import annotations

from typing import Any

from lxml.etree import _Element

from soapkit.databinding.actual import is_any_simple
from soapkit.databinding.binary import included, is_included, put_back
from soapkit.databinding.builtins import BUILTINS
from soapkit.databinding.by_table.findings import Findings, shown
from soapkit.databinding.by_table.given_read import OF_THE_MESSAGE
from soapkit.databinding.lexical import collapse_blanks, parse_qname
from soapkit.databinding.shape import AnyType, Atomic, RecordRef, Type
from soapkit.databinding.simple import SimpleCodec, is_same, value_of
from soapkit.databinding.typed import read_as
from soapkit.databinding.values import Raw
from soapkit.xml.names import local_name, namespace_of
from soapkit.xml.walk import tag_of


def elements_of(element: _Element) -> list[_Element]:
    """The child elements, without comments and processing instructions."""
    return [child for child in element if isinstance(child.tag, str)]


def text_of(element: _Element) -> str:
    """The text directly inside an element, in one piece although a comment may stand in it."""
    text = element.text or ""
    if len(element):
        text += "".join(child.tail or "" for child in element if not isinstance(child.tag, str))
    return text


class TextWalker(Findings):
    """Reads what has no records inside."""

    def _typed(self, element: _Element, named: str, actual: Type, declared: Type) -> Any:
        """A simple value of the type that it says, where any may stand: it is written with the same again."""
        assert not isinstance(actual, (RecordRef, AnyType))
        before = self.wrong
        value = self._simple(element, self.context.simple(actual), None, None)
        if self.wrong > before:
            return None
        name = parse_qname(collapse_blanks(named), element.nsmap).text
        said = read_as(value, name, "string" if isinstance(declared, AnyType) else "anySimpleType")
        return self._kept(element) if said is None else said

    def _no_attributes(self, element: _Element) -> None:
        for name in element.keys():  # noqa: SIM118  an element is not a dict
            if namespace_of(name) not in OF_THE_MESSAGE:
                self.leniently(element, f"has the attribute {name}, which its type does not know")

    def _actual_type(self, element: _Element, named: str, declared: Type) -> Type:
        """The type that xsi:type names, if it may stand here (XSD part 1, 3.3.4)."""
        try:
            name = parse_qname(collapse_blanks(named), element.nsmap).text
        except ValueError as error:
            self.problem(element, f"xsi:type is {shown(named)}: {error}", "has a wrong xsi:type")
            return declared
        found = self.context.find(name)
        if found is None:
            lost = is_any_simple(declared)
            if lost or (isinstance(declared, RecordRef) and self.context.shapes[declared.key].name != name):
                self.problem(element, f"xsi:type names {name}, a type nobody declares")
            return declared  # a simple value must satisfy its declared type in any case
        if isinstance(declared, AnyType) or self._derives(found, declared):
            return found
        if isinstance(found, RecordRef) and not isinstance(declared, RecordRef):
            text = self.context.shapes[found.key].text
            if text is not None and self._derives(text.type, declared):
                return (
                    found if is_any_simple(declared) else declared
                )  # the same text with attributes (3.4.2), for which the field has no room
        if isinstance(declared, RecordRef) or isinstance(found, RecordRef):
            self.problem(element, f"xsi:type names {name}, which is not derived from {self._name_of(declared)}")
        return declared

    def _derives(self, actual: Type, declared: Type) -> bool:
        if isinstance(actual, RecordRef) and isinstance(declared, RecordRef):
            return self.context.derives(actual.key, declared.key)
        if is_any_simple(declared) and not isinstance(actual, (RecordRef, AnyType)):
            return True
        if isinstance(actual, Atomic) and isinstance(declared, Atomic) and not declared.python:
            name = actual.builtin
            while name in BUILTINS:
                if name == declared.builtin:
                    return actual.name is not None or not declared.enumeration
                name = BUILTINS[name].base
        return actual == declared

    def _name_of(self, type_: Type) -> str:
        if isinstance(type_, RecordRef):
            return self.context.shapes[type_.key].name or str(getattr(type_.key, "__name__", type_.key))
        return self.context.simple(type_).words if not isinstance(type_, AnyType) else "xs:anyType"

    def _simple(self, element: _Element, codec: SimpleCodec, default: str | None, fixed: str | None) -> Any:
        return self._only_text(element, codec, default, fixed, bare=True)

    def _only_text(
        self, element: _Element, codec: SimpleCodec, default: str | None, fixed: str | None, *, bare: bool = False
    ) -> Any:
        """The value of an element that may hold text alone. `bare`: it may have no attributes either."""
        if is_included(element):
            if codec.check_binary is not None:
                return self._included(element, codec)
            self._put_back(element)
        children = elements_of(element)
        if children:
            found = local_name(tag_of(children[0]))
            self.problem(element, f"has the element {found} inside: expected only text, {codec.words}")
            return None
        if bare:
            self._no_attributes(element)
        return self._text_value(element, codec, text_of(element), default, fixed)

    def _included(self, element: _Element, codec: SimpleCodec) -> Any:
        """Bytes that travelled beside the message."""
        assert codec.check_binary is not None
        try:
            attachment = included(element, in_memory=not codec.attached)
            codec.check_binary(attachment)
        except ValueError as error:
            self.problem(element, f"is not {codec.words}: {error}", f"is not {codec.words}")
            return None
        return attachment if codec.attached else attachment.read()

    def _kept(self, element: _Element) -> Any:
        """XML that is kept, with all that belongs to it inside."""
        return Raw(element) if self._put_back(element) else None

    def _put_back(self, element: _Element) -> bool:
        """Base64 in place of every Include inside, whatever the type (XOP 1.0, 3.2)."""
        try:
            put_back(element)
        except ValueError as error:
            self.problem(element, str(error), "refers to an attachment that is not there")
            return False
        return True

    def _text_value(
        self, element: _Element, codec: SimpleCodec, text: str, default: str | None, fixed: str | None, what: str = ""
    ) -> Any:
        given = default if default is not None else fixed
        try:
            if text == "" and given is not None:
                return value_of(given, codec)
            value = codec.decode(text, lambda: element.nsmap)
            if fixed is None or is_same(value, value_of(fixed, codec)):
                return value
            self.problem(
                element,
                f"{what}{shown(text)}: expected the fixed value {shown(fixed)}",
                f"{what}is not the fixed value",
            )
        except ValueError as error:
            self.problem(element, f"{what}{shown(text)} is not {codec.words}: {error}", f"{what}is not {codec.words}")
        return None
