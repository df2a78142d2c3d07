"""A record -> the source of the function that writes it, whole or in pieces.

In the function: `v` is the value, `n` the name of its element as it is written, `x1` ... the texts of its fields; `add`
takes a piece.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from soapkit.databinding.compiled.encoder_texts import TextWriter
from soapkit.databinding.compiled.source import Source, Workshop
from soapkit.databinding.context import Bound, Context
from soapkit.databinding.given import KEY
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
from soapkit.xml.names import XSI

_AT_ONCE = 64  # items of a list that make a piece
_STEPS = 4  # records, one in the other, that are looked through for a list: not all that a large contract describes


class Writers(Protocol):
    """What this file asks of the encoder: the names of other functions, and the way out."""

    context: Context
    workshop: Workshop
    texts: TextWriter

    def name(self, key: Key) -> str: ...
    def name_of_pieces(self, key: Key) -> str: ...
    def has_lists(self, key: Key) -> bool: ...
    def slow(self, bound: Bound) -> Callable[[Any, str], str]: ...


def lists_in(context: Context, key: Key) -> bool:
    """Whether a list of records may stand in a record, or a few steps below it, where it is written straight on."""
    seen, level = {key}, [key]
    for _ in range(_STEPS):
        below: list[Key] = []
        for each in level:
            content = context.shapes[each].content
            for field in content.particles if isinstance(content, Sequence) else ():
                if not isinstance(field, ElementField) or (inner := _key_in(field)) is None:
                    continue
                if field.many:
                    return True
                if inner not in seen:
                    seen.add(inner)
                    below.append(inner)
        level = below
    return False


def _key_in(field: ElementField) -> Key | None:
    """The record that an element holds, where it is never nil."""
    return field.type.key if isinstance(field.type, RecordRef) and not field.nillable else None


class _Odd(Exception):
    """A record that is left to the scribe."""


@dataclass(frozen=True, slots=True)
class _Apart:
    """Part of a record that makes pieces of its own: the lines that add them; `long`: whether it is worth while."""

    long: str
    lines: tuple[str, ...]


class RecordWriterSource:
    """Writes the functions for one record."""

    def __init__(self, encoder: Writers, bound: Bound) -> None:
        self.encoder = encoder
        self.context = encoder.context
        self.workshop = encoder.workshop
        self.bound = bound
        self.fail = ""  # the line that gives up
        self.source = Source("")
        self.in_pieces = False
        self.count = 0

    def write(self, name: str) -> Source:
        """The function that gives the text of a record, whole."""
        slow = self.workshop.constant(self.encoder.slow(self.bound), f"scribe_{self.bound.cls.__name__}")
        self.fail = f"return {slow}(v, n)"
        return self._written(f"def {name}(v, n):", self._whole)

    def write_in_pieces(self, name: str) -> Source:
        """The function that adds the text of a record piece by piece; what it does not know is written whole."""
        self.fail = f"return add({self.encoder.name(self.bound.record.key)}(v, n))"
        self.in_pieces = True
        return self._written(f"def {name}(v, n, add):", self._pieces)

    def _written(self, head: str, result: Callable[[str, list[str | _Apart]], None]) -> Source:
        try:
            self.source = Source(head)
            with self.source.block():
                result(*self._checked())
        except _Odd:
            self.source = Source(head)
            with self.source.block():
                self._fail()
        return self.source

    def _checked(self) -> tuple[str, list[str | _Apart]]:
        """Lines that check the fields; what their texts are: in the tag, and in the content."""
        record = self.bound.record
        if record.abstract or record.any_attribute is not None or record.text is not None:
            raise _Odd
        source = self.source
        cls = self.workshop.constant(self.bound.cls, self.bound.cls.__name__)
        with source.block(f"if v.__class__ is not {cls}:"):
            self._fail()
        if self.bound.keeps:
            with source.block(f"if getattr(v, {KEY!r}, None) is not None:"):
                self._fail()
        attributes = [self._attribute(field) for field in record.attributes]
        return "".join(attributes), self._parts(record.content)

    def _fail(self) -> None:
        self.source.line(self.fail)

    def _variable(self) -> str:
        self.count += 1
        return f"x{self.count}"

    # --- results --------------------------------------------------------------------------------------------------

    def _whole(self, head: str, parts: list[str | _Apart]) -> None:
        content = "".join(str(part) for part in parts)
        if not parts:
            self.source.line(f"return f'<{{n}}{head}/>'")
        elif self._always_filled(self.bound.record.content):
            self.source.line(f"return f'<{{n}}{head}>{content}</{{n}}>'")
        else:
            self.source.line(f"c = f'{content}'")
            self.source.line(f"return f'<{{n}}{head}>{{c}}</{{n}}>' if c else f'<{{n}}{head}/>'")

    def _always_filled(self, particle: Particle) -> bool:
        assert isinstance(particle, Sequence)
        return any(isinstance(inner, ElementField) and inner.minimum for inner in particle.particles)

    def _pieces(self, head: str, parts: list[str | _Apart]) -> None:
        """Every field was checked before the first piece is added: from there on there is no way back."""
        aside = [part.long for part in parts if isinstance(part, _Apart)]
        with self.source.block(f"if not ({' or '.join(aside)}):"):
            self._fail()
        text = f"<{{n}}{head}>"
        for part in parts:
            if isinstance(part, str):
                text += part
                continue
            if text:
                self.source.line(f"add(f'{text}')")
                text = ""
            for line in part.lines:
                self.source.line(line)
        self.source.line(f"add(f'{text}</{{n}}>')")

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
            piece = self.encoder.texts.piece(self.source, field.type, "a", self.fail, attribute=True)
            self.source.line(f"{variable} = f' {name}=\"{piece}\"'")
        return f"{{{variable}}}"

    def _same_class(self, default: Any) -> str:
        return f"a.__class__ is {self.workshop.constant(type(default), 'cls')}"

    def _parts(self, particle: Particle) -> list[str | _Apart]:
        if not isinstance(particle, Sequence) or particle.optional:
            raise _Odd
        found: list[str | _Apart] = []
        for inner in particle.particles:
            if not isinstance(inner, ElementField) or inner.fixed is not None or inner.default is not None:
                raise _Odd
            found.append(self._many(inner) if inner.many else self._single(inner))
        return found

    def _single(self, field: ElementField) -> str | _Apart:
        """Lines that check one element; the piece of the f-string that holds it."""
        if field.maximum != 1:
            raise _Odd
        variable = self._variable()
        self.source.line(f"{variable} = v.{field.name}")
        key = _key_in(field)
        if self.in_pieces and key is not None and self.encoder.has_lists(key):
            return self._record_apart(field, key, variable)
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

    def _name(self, field: ElementField) -> str:
        """The name of an element, for a call that may stand in an f-string: without a single quote, or a backslash."""
        name = self.context.qualified(field.tag)
        return f'"{name}"' if name.isprintable() else self.workshop.constant(name, "name")

    def _nil(self, field: ElementField) -> str:
        return f'<{self.context.qualified(field.tag)} {self.context.prefix(XSI)}:nil="true"/>'

    def _element(self, field: ElementField, variable: str, source: Source) -> str:
        """The piece for a value that is there."""
        name = self.context.qualified(field.tag)
        if isinstance(field.type, RecordRef):
            return f"{{{self.encoder.name(field.type.key)}({variable}, {self._name(field)})}}"
        if isinstance(field.type, AnyType):
            raise _Odd
        piece = self.encoder.texts.piece(source, field.type, variable, self.fail)
        return f"<{name}>{piece}</{name}>"

    def _record_apart(self, field: ElementField, key: Key, variable: str) -> _Apart:
        """A record in which lists may stand: its own function adds its pieces."""
        call = f"{self.encoder.name_of_pieces(key)}({variable}, {self._name(field)}, add)"
        given = f"{variable} is not None and {variable} is not UNSET"
        return _Apart(given, (call,) if field.minimum else (f"if {given}:", f"    {call}"))

    def _many(self, field: ElementField) -> str | _Apart:
        source, variable = self.source, self._variable()
        source.line(f"{variable} = v.{field.name}")
        limits = [f"len({variable}) < {field.minimum}"] if field.minimum else []
        limits += [f"len({variable}) > {field.maximum}"] if field.maximum is not None else []
        with source.block(f"if {' or '.join([f'{variable}.__class__ is not list', *limits])}:"):
            self._fail()
        key = _key_in(field)
        if key is not None:
            write = f"{self.encoder.name(key)}(x, {self._name(field)})"
            if not self.in_pieces:
                source.line(f"{variable} = ''.join([{write} for x in {variable}])")
                return f"{{{variable}}}"
            step = f"for i in range(0, len({variable}), {_AT_ONCE}):"
            some = f"    add(''.join([{write} for x in {variable}[i:i + {_AT_ONCE}]]))"
            return _Apart(f"len({variable}) > {_AT_ONCE}", (step, some))
        with source.block(f"if {variable}:"):
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
