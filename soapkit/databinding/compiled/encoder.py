"""Shape -> a compiled function: value -> text.

For each record, a function is written that checks its fields and joins their texts, straight on. Law of this file: at
anything unexpected it hands the value to the scribe, which is right by definition and says what is wrong. What is
written here checks as strictly: the very class of a value, its range, its facets, what is required.

A record in which a list of records may stand has a second function, which writes it in pieces.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from soapkit.databinding.actual import own_class
from soapkit.databinding.by_table.scribe import Scribe
from soapkit.databinding.compiled.encoder_records import RecordWriterSource, lists_in
from soapkit.databinding.compiled.encoder_texts import TextWriter
from soapkit.databinding.compiled.pieces import Pieces
from soapkit.databinding.compiled.source import Workshop
from soapkit.databinding.compiled.surprise import Surprise
from soapkit.databinding.context import Bound, Context
from soapkit.databinding.shape import Key
from soapkit.xml.names import XSI

Write = Callable[[Any, str], str]


class Encoder:
    """Compiled functions for the records of one context, made as they are needed. Safe for several threads."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.workshop = Workshop("encoder")
        self.texts = TextWriter(context, self.workshop)
        self.workshop.globals.update(Surprise=Surprise, UNSET=msgspec.UNSET)
        self._names: dict[Key, str] = {}
        self._listed: dict[Key, bool] = {}

    def encode(self, value: Any, tag: str, key: Key) -> str:
        """The text of an element of a record type, which declares every prefix it uses. Raises `Surprise` where the
        scribe must look at the whole."""
        name = self.context.qualified(tag)
        text: str = self.workshop.globals[self._names.get(key) or self._named(key)](value, name)
        begin = f"<{name}"
        return text.replace(begin, begin + self.context.declarations(text), 1)  # copied once

    def pieces(self, value: Any, tag: str, key: Key) -> list[bytes]:
        """The bytes of the same element, which declares every prefix it uses, in pieces. Raises `Surprise` likewise."""
        name = self.context.qualified(tag)
        pieces = Pieces(self.context)
        self.workshop.call(self.name_of_pieces(key))(value, name, pieces.add)
        return pieces.element(f"<{name}")

    def content(self, value: Any, key: Key) -> str:
        """The text of the fields of a record without an element of its own. Raises `Surprise` likewise."""
        text = self.writer(key)(value, "")
        if text == "</>":
            return ""
        if not text.startswith("<>"):
            raise Surprise  # it has attributes, or another type than was asked for
        return text[2:-3]

    def writer(self, key: Key) -> Write:
        """The function for a record, or its stand-in."""
        return self.workshop.call(self._names.get(key) or self._named(key))

    def _named(self, key: Key) -> str:
        name = self._names[key] = self.name(key)
        return name

    # --- what generated code calls --------------------------------------------------------------------------------

    def name(self, key: Key) -> str:
        """The name of the function that writes a record."""
        return self.workshop.function(
            key,
            f"write_{getattr(key, '__name__', 'record')}",
            lambda name: RecordWriterSource(self, self.context.bound(key)).write(name),
        )

    def name_of_pieces(self, key: Key) -> str:
        """The name of the function that writes a record in pieces."""
        return self.workshop.function(
            (key, "pieces"),
            f"pieces_{getattr(key, '__name__', 'record')}",
            lambda name: RecordWriterSource(self, self.context.bound(key)).write_in_pieces(name),
        )

    def has_lists(self, key: Key) -> bool:
        """Whether lists of records may stand in a record, so that it is worth while to write it in pieces."""
        found = self._listed.get(key)
        if found is None:
            found = self._listed[key] = lists_in(self.context, key)
        return found

    def slow(self, bound: Bound) -> Write:
        """One level by table; the records inside by their functions again."""

        def nested(value: Any, name: str, key: Key) -> str:
            return self.writer(key)(value, name)

        def write(value: Any, name: str) -> str:
            actual = own_class(type(value))
            known = actual is not bound.cls and bound.record.group is False and actual in self.context.shapes
            if known and self.context.derives(actual, bound.record.key) and self.context.bound(actual).record.name:
                return self._derived(value, name, actual)
            scribe = Scribe(self.context, "", nested)
            text = scribe.write_record(name, value, bound.record.key)
            if scribe.problems:
                raise Surprise
            return text

        return write

    def _derived(self, value: Any, name: str, key: Key) -> str:
        """A value of a derived class: its own function's text, with xsi:type in the first tag."""
        record = self.context.bound(key).record
        if record.abstract or record.name is None:
            raise Surprise
        text = self.writer(key)(value, name)
        said = f' {self.context.prefix(XSI)}:type="{self.context.qualified(record.name)}"'
        end = len(name) + 1
        return f"{text[:end]}{said}{text[end:]}"
