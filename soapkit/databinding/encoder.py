"""Shape -> a compiled function: value -> text.

For each record, a function is written that checks its fields and joins their texts, straight on. Law of this file: at
anything unexpected it hands the value to the scribe, which is right by definition and says what is wrong. What is
written here checks as strictly: the very class of a value, its range, its facets, what is required.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from soapkit.databinding.context import Bound, Context
from soapkit.databinding.encoder_texts import TextWriter
from soapkit.databinding.given import KEY
from soapkit.databinding.scribe import Scribe, own_class
from soapkit.databinding.shape import (
    AnyType,
    AttributeField,
    ElementField,
    Key,
    Particle,
    RecordRef,
    Sequence,
)
from soapkit.databinding.simple import value_of
from soapkit.databinding.source import Source, Workshop
from soapkit.databinding.surprise import Surprise
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

    def encode(self, value: Any, tag: str, key: Key) -> str:
        """The text of an element of a record type. Raises `Surprise` where the scribe must look at the whole."""
        return self.writer(key)(value, self.context.qualified(tag))

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
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = self.name(key)
        return self.workshop.call(name)

    def name(self, key: Key) -> str:
        return self.workshop.function(
            key,
            f"write_{getattr(key, '__name__', 'record')}",
            lambda name: _RecordWriter(self, self.context.bound(key)).write(name),
        )

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


class _Odd(Exception):
    """A record that is left to the scribe."""


class _RecordWriter:
    """Writes the function for one record."""

    def __init__(self, encoder: Encoder, bound: Bound) -> None:
        self.encoder = encoder
        self.context = encoder.context
        self.workshop = encoder.workshop
        self.bound = bound
        self.slow = self.workshop.constant(encoder.slow(bound), f"scribe_{bound.cls.__name__}")
        self.source = Source("")
        self.count = 0

    def write(self, name: str) -> Source:
        try:
            return self._straight(name)
        except _Odd:
            source = Source(f"def {name}(v, n):")
            with source.block():
                source.line(f"return {self.slow}(v, n)")
            return source

    def _straight(self, name: str) -> Source:
        record = self.bound.record
        if record.abstract or record.any_attribute is not None or record.text is not None:
            raise _Odd
        self.source = source = Source(f"def {name}(v, n):")
        cls = self.workshop.constant(self.bound.cls, self.bound.cls.__name__)
        with source.block():
            with source.block(f"if v.__class__ is not {cls}:"):
                self._fail()
            if self.bound.keeps:
                with source.block(f"if getattr(v, {KEY!r}, None) is not None:"):
                    self._fail()
            attributes = [self._attribute(field) for field in record.attributes]
            parts = self._parts(record.content)
            head, content = "".join(attributes), "".join(parts)
            self._result(head, content, bool(parts))
        return source

    def _fail(self) -> None:
        self.source.line(f"return {self.slow}(v, n)")

    def _variable(self) -> str:
        self.count += 1
        return f"x{self.count}"

    def _result(self, head: str, content: str, filled: bool) -> None:
        if not filled:
            self.source.line(f"return f'<{{n}}{head}/>'")
        elif self._always_filled(self.bound.record.content):
            self.source.line(f"return f'<{{n}}{head}>{content}</{{n}}>'")
        else:
            self.source.line(f"c = f'{content}'")
            self.source.line(f"return f'<{{n}}{head}>{{c}}</{{n}}>' if c else f'<{{n}}{head}/>'")

    def _always_filled(self, particle: Particle) -> bool:
        assert isinstance(particle, Sequence)
        return any(isinstance(inner, ElementField) and inner.minimum for inner in particle.particles)

    # --- fields ---------------------------------------------------------------------------------------------------

    def _attribute(self, field: AttributeField) -> str:
        """Lines that make the attribute's text; the piece of the f-string that holds it."""
        if field.fixed is not None:
            raise _Odd
        variable = self._variable()
        name = self.context.qualified(field.tag)
        self.source.line(f"a = v.{field.name}")
        with self.source.block("if a is None or a is UNSET:"):
            if field.required:
                self._fail()
            else:
                self.source.line(f"{variable} = ''")
        if field.default is not None and not field.required:
            default = value_of(field.default, self.bound.simple[field.name])
            with self.source.block(
                f"elif a == {self.workshop.constant(default, 'default')} and {self._same_class(default)}:"
            ):
                self.source.line(f"{variable} = ''")
        with self.source.block("else:"):
            piece = self.encoder.texts.piece(self.source, field.type, "a", self.slow, attribute=True)
            self.source.line(f"{variable} = f' {name}=\"{piece}\"'")
        return f"{{{variable}}}"

    def _same_class(self, default: Any) -> str:
        return f"a.__class__ is {self.workshop.constant(type(default), 'cls')}"

    def _parts(self, particle: Particle) -> list[str]:
        if not isinstance(particle, Sequence) or particle.optional:
            raise _Odd
        found = []
        for inner in particle.particles:
            if not isinstance(inner, ElementField) or inner.fixed is not None or inner.default is not None:
                raise _Odd
            found.append(self._many(inner) if inner.many else self._single(inner))
        return found

    def _single(self, field: ElementField) -> str:
        """Lines that check one element; the piece of the f-string that holds it."""
        if field.maximum != 1:
            raise _Odd
        variable = self._variable()
        self.source.line(f"{variable} = v.{field.name}")
        if field.minimum and not field.nillable:
            return self._element(field, variable, self.source)
        absent = [f"{variable} is UNSET"] if field.nillable else [f"{variable} is None", f"{variable} is UNSET"]
        with self.source.block(f"if {' or '.join(absent)}:"):
            if field.minimum:
                self._fail()
            else:
                self.source.line(f"{variable} = ''")
        if field.nillable:
            with self.source.block(f"elif {variable} is None:"):
                self.source.line(f"{variable} = {self._nil(field)!r}")
        with self.source.block("else:"):
            piece = self._element(field, variable, self.source)
            self.source.line(f"{variable} = f'{piece}'")
        return f"{{{variable}}}"

    def _nil(self, field: ElementField) -> str:
        return f'<{self.context.qualified(field.tag)} {self.context.prefix(XSI)}:nil="true"/>'

    def _element(self, field: ElementField, variable: str, source: Source) -> str:
        """The piece for a value that is there."""
        name = self.context.qualified(field.tag)
        if isinstance(field.type, RecordRef):
            return f"{{{self.encoder.name(field.type.key)}({variable}, {name!r})}}".replace("'", '"')
        if isinstance(field.type, AnyType):
            raise _Odd
        piece = self.encoder.texts.piece(source, field.type, variable, self.slow)
        return f"<{name}>{piece}</{name}>"

    def _many(self, field: ElementField) -> str:
        source, variable = self.source, self._variable()
        source.line(f"{variable} = v.{field.name}")
        limits = [f"len({variable}) < {field.minimum}"] if field.minimum else []
        limits += [f"len({variable}) > {field.maximum}"] if field.maximum is not None else []
        with source.block(f"if {' or '.join([f'{variable}.__class__ is not list', *limits])}:"):
            self._fail()
        with source.block(f"if {variable}:"):
            if isinstance(field.type, RecordRef) and not field.nillable:
                name = self.context.qualified(field.tag)
                writer = self.encoder.name(field.type.key)
                source.line(f"{variable} = ''.join([{writer}(x, {name!r}) for x in {variable}])")
            else:
                self._items(field, variable)
        with source.block("else:"):
            source.line(f"{variable} = ''")
        return f"{{{variable}}}"

    def _items(self, field: ElementField, variable: str) -> None:
        source = self.source
        source.line("p = []")
        with source.block(f"for x in {variable}:"):
            if field.nillable:
                with source.block("if x is None:"):
                    source.line(f"p.append({self._nil(field)!r})")
                    source.line("continue")
            piece = self._element(field, "x", source)
            source.line(f"p.append(f'{piece}')")
        source.line(f"{variable} = ''.join(p)")
