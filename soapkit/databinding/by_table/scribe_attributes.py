"""The attributes of a record -> text, by table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from soapkit.databinding.by_table.scribe_texts import TextScribe
from soapkit.databinding.content import allows
from soapkit.databinding.context import Bound
from soapkit.databinding.given import given_with, has_default
from soapkit.databinding.shape import AnyAttributeField, AttributeField
from soapkit.databinding.simple import value_of


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
        if has_default(field) and not given and value == value_of(field.default or "", codec):
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
