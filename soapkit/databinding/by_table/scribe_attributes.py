"""The attributes of a record -> text, by table; those of an element that is nil or of a simple type."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from soapkit.databinding.by_table.given_read import OF_THE_MESSAGE
from soapkit.databinding.by_table.scribe_texts import TextScribe
from soapkit.databinding.content.nodes import allows
from soapkit.databinding.context import Bound
from soapkit.databinding.given import given_with, has_default
from soapkit.databinding.shape import AnyAttributeField, AnyType, AttributeField, RecordRef, Type
from soapkit.databinding.simple import SimpleCodec, is_same, no_scope, value_of
from soapkit.xml.names import XMLNS, XSI_TYPE, did_you_mean, is_ncname, local_name, namespace_of, split


class AttributeScribe:
    """Writes the attributes of records of one value."""

    def __init__(self, texts: TextScribe) -> None:
        self.context = texts.context
        self.texts = texts

    def attributes(self, value: Any, bound: Bound) -> str:
        """All that stand in the tag of an instance."""
        given = given_with(value).attributes if bound.keeps else frozenset()
        found = [
            self._attribute(field, getattr(value, field.name), bound, field.name in given)
            for field in bound.record.attributes
        ]
        wildcard = bound.record.any_attribute
        if wildcard is not None:
            found.append(self._any_attributes(wildcard, getattr(value, wildcard.name), bound))
        if bound.keeps and (unknown := given_with(value).unknown_attributes):
            found.append(self.texts.named(unknown))
        return "".join(found)

    def _attribute(self, field: AttributeField, value: Any, bound: Bound, given: bool) -> str:
        codec = bound.simple[field.name]
        if value is None or value is msgspec.UNSET:
            if field.fixed is None:
                if field.required:
                    self.texts.path.append(f".{field.name}")
                    self.texts.problem("is missing: the attribute is required")
                    self.texts.path.pop()
                return ""
            value = value_of(field.fixed, codec)
        self.texts.path.append(f".{field.name}")
        text = self.texts.escaped_attribute(self.texts.text(value, codec, field.fixed))
        self.texts.path.pop()
        if has_default(field) and not given:
            default = value_of(field.default or "", codec)
            if value == default and is_same(value, default):
                return ""  # absent says the same (XSD part 1, 3.4.4), and most stacks leave it out
        return f' {self.context.qualified(field.tag)}="{text}"'

    def _any_attributes(self, wildcard: AnyAttributeField, value: Any, bound: Bound) -> str:
        if value is None or value is msgspec.UNSET:
            return ""
        self.texts.path.append(f".{wildcard.name}")
        if not isinstance(value, Mapping):
            self.texts.problem(f"is {type(value).__name__}: expected a dict from Clark names to texts")
            value = {}
        allowed = {}
        for name, text in value.items():
            if isinstance(name, str) and (name in bound.attributes or not allows(wildcard.namespaces, name)):
                self.texts.problem(f"has {name}, which may not stand here")
            else:
                allowed[name] = text
        written = self.texts.named(allowed)
        self.texts.path.pop()
        return written

    # --- of an element whose value has no room for them -----------------------------------------------------------

    def beside(self, attributes: Mapping[str, str], type_: Type, *, given: bool = False) -> str:
        """Attributes of an element that is nil, or of a simple type. `given`: by a program, not by a message."""
        if XSI_TYPE in attributes:
            type_ = self.context.find(attributes[XSI_TYPE]) or type_
        bound = self.context.bound(type_.key) if isinstance(type_, RecordRef) else None
        written: dict[str, str] = {}
        declared: dict[str, str] = {}
        for name, text in attributes.items():
            if namespace_of(name) == XMLNS:
                declared[local_name(name)] = text
                continue
            field = bound.attributes.get(name) if bound is not None else None
            codec = bound.simple[field.name] if bound is not None and field is not None else None
            is_name = name == XSI_TYPE or (codec is not None and codec.contextual)
            written[name] = self._with_prefixes(text) if is_name else text
            if given and not is_name:
                self._check(name, text, codec, bound, type_)
        for prefix, namespace in declared.items():
            if self.context.namespace(prefix) not in (None, namespace):  # the tag may use it for what we mean by it
                ours = self.context.prefix(namespace)
                written = {name: _renamed(text, prefix, ours) for name, text in written.items()}
        declarations = [
            f' xmlns:{prefix}="{self.texts.escaped_attribute(namespace)}"'
            for prefix, namespace in declared.items()
            if self.context.namespace(prefix) is None
        ]
        return "".join(declarations) + self.texts.named(written)

    def _with_prefixes(self, text: str) -> str:
        """A text with Clark names as QNames that the message declares."""
        parts = text.split()
        for part in parts:
            if not is_ncname(split(part)[1]):
                return self.texts.problem(f"has {part!r:.60}: expected a Clark name")
        return " ".join(self.context.qualified(part) for part in parts)

    def _check(self, name: str, text: str, codec: SimpleCodec | None, bound: Bound | None, type_: Type) -> None:
        """Whether an attribute may stand there, for who reads strictly; what is no name or text is told elsewhere."""
        if codec is not None:
            try:
                codec.decode(text, no_scope)
            except ValueError as error:
                self.texts.problem(f"has {name}={text!r:.60}, which is not {codec.words}: {error}")
        elif not isinstance(type_, AnyType) and namespace_of(name) not in OF_THE_MESSAGE:
            wildcard = bound.record.any_attribute if bound is not None else None
            allowed = wildcard is not None and allows(wildcard.namespaces, name)
            if not allowed and self.context.settings.unknown == "strict":
                known = did_you_mean(name, bound.attributes) if bound is not None else ""
                self.texts.problem(f"has the attribute {name}, which its type does not know{known}")


def _renamed(text: str, prefix: str, ours: str) -> str:
    """A text with another prefix for its QNames."""
    return " ".join(re.sub(rf"^{re.escape(prefix)}:", f"{ours}:", part) for part in text.split(" "))
