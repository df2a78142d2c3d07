"""A record -> the source of the function that reads its text by regular expressions, without a tree.

One expression for each stretch of a record without lists matches names and texts at once; each text then goes through
the very lines that the generated decoders have (`TextReader`). Every name that can stand at a place is another literal,
and a text ends where the next name begins, so no expression can match in two ways, nor take long.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from soapkit.databinding.compiled.decoder_texts import TextReader
from soapkit.databinding.compiled.source import Source, Workshop
from soapkit.databinding.compiled.surprise import Surprise
from soapkit.databinding.compiled.template_texts import PLAIN, RETOLD, unescaped
from soapkit.databinding.context import Bound, Context
from soapkit.databinding.given import has_default
from soapkit.databinding.shape import (
    AnyType,
    AttributeField,
    Choice,
    ElementField,
    Key,
    Particle,
    RecordRef,
    Sequence,
    Simple,
    TextField,
    Type,
    leaves,
)
from soapkit.databinding.simple import value_of
from soapkit.xml.names import XSI, split

_GAP = r"[ \t\r\n]{0,1000}+"
_MOST_FIELDS = 400
_DEEPEST = 12


class NoTemplate(Exception):
    """A type whose messages are left to the tree."""


@dataclass(slots=True)
class _Stretch:
    """An expression that is being written: its pieces, the names of its groups, and who writes lines once it has
    matched."""

    pieces: list[str]
    groups: list[str]
    lines: list[Callable[[], None]]


class TemplateSource:
    """Writes the function for one record.

    In the function: `d` is the text, `p` the position in it, `t` the text of a field, `g1` ... the groups.

    `prefixes`: how namespaces are written at that place (``""``: without a prefix). `spaced`: white space stands
    between elements. `retold`: libxml2 wrote the text, from a tree: it holds nothing that XML forbids.
    """

    def __init__(self, context: Context, prefixes: Mapping[str, str], *, spaced: bool, retold: bool) -> None:
        self.context = context
        self.prefixes = prefixes
        self.gap = _GAP if spaced else ""
        self.allowed = RETOLD if retold else PLAIN
        self.workshop = Workshop("template")
        self.texts = TextReader(context, self.workshop, matched=True)
        self.workshop.globals.update(
            Surprise=Surprise, unescaped=unescaped, Decimal=Decimal, datetime=datetime, date=date
        )
        self.source = Source("")
        self.stretch = _Stretch([], [], [])
        self.count = 0
        self.open: list[Key] = []  # the records that are being written, to notice a circle

    def write(self, name: str, key: Key) -> Source:
        self.source = Source(f"def {name}(d, p):")
        with self.source.block():
            self._record(key, "value", self._begun)
            self._flush()
            self.source.line("return value, p")
        return self.source

    # --- frame ----------------------------------------------------------------------------------------------------

    def _variable(self, kind: str) -> str:
        self.count += 1
        if self.count > _MOST_FIELDS * 3:
            raise NoTemplate
        return f"{kind}{self.count}"

    def _literal(self, tag: str) -> str:
        """A name as the peer writes it."""
        namespace, local = split(tag)
        prefix = self.prefixes.get(namespace)
        if prefix is None:
            raise NoTemplate
        return f"{prefix}:{local}" if prefix else local

    def _add(self, piece: str) -> None:
        self.stretch.pieces.append(piece)

    def _group(self, expression: str) -> tuple[str, str]:
        """A group: what is written, and the variable that holds it."""
        variable = self._variable("g")
        self.stretch.groups.append(variable)
        return f"({expression})", variable

    def _flush(self) -> None:
        """Write the match of what has gathered, and the lines for it."""
        stretch, self.stretch = self.stretch, _Stretch([], [], [])
        if stretch.pieces:
            match = self.workshop.constant(re.compile("".join(stretch.pieces)).match, "match")
            self.source.line(f"m = {match}(d, p)")
            self.source.line("if m is None: raise Surprise")
            self.source.line("p = m.end()")
        self._unpacked(stretch)

    def _unpacked(self, stretch: _Stretch) -> None:
        if stretch.groups:
            self.source.line(f"{', '.join(stretch.groups)}, = m.groups()")
        for write in stretch.lines:
            write()

    def _later(self, write: Callable[[], None]) -> None:
        self.stretch.lines.append(write)

    # --- a record -------------------------------------------------------------------------------------------------

    def _record(self, key: Key, variable: str, content: Callable[[Bound, dict[str, str]], None]) -> None:
        """The fields of a record; then, once their texts are there, the instance in `variable`."""
        bound = self.context.bound(key)
        record = bound.record
        if key in self.open or len(self.open) > _DEEPEST or record.abstract or record.mixed:
            raise NoTemplate
        self.open.append(key)
        variables: dict[str, str] = {}
        content(bound, variables)
        self.open.pop()
        cls = self.workshop.constant(bound.cls, bound.cls.__name__)
        arguments = [
            f"{field.name}={variables[field.name]}" if field.name in variables else self._absent(bound, field.name)
            for field in record.fields
        ]
        self._later(lambda: self.source.line(f"{variable} = {cls}({', '.join(arguments)})"))

    def _absent(self, bound: Bound, name: str) -> str:
        return f"{name}={self._absent_value(bound, name)}"

    def _absent_value(self, bound: Bound, name: str) -> str:
        absent = bound.absent[name]
        if absent.factory is not None:
            return f"{self.workshop.constant(absent.factory, 'make')}()"
        return self._constant(absent.value)

    def _constant(self, value: Any) -> str:
        return repr(value) if value is None or isinstance(value, bool) else self.workshop.constant(value, "absent")

    def _begun(self, bound: Bound, variables: dict[str, str]) -> None:
        """The content of an element whose first tag was read: one without attributes."""
        for field in bound.record.attributes:
            given = field.default if field.default is not None else field.fixed
            if field.required:
                raise NoTemplate
            if given is not None:
                variables[field.name] = f"{self._made(bound, field, given)}()"
        self._content(bound, variables)

    def _made(self, bound: Bound, field: AttributeField, given: str) -> str:
        """What makes the value of an attribute that is absent, anew each time."""
        codec = bound.simple[field.name]
        return self.workshop.constant(lambda: value_of(given, codec), "make")

    def _element(self, tag: str, key: Key, variable: str) -> None:
        """A whole element of a record type."""

        def whole(bound: Bound, variables: dict[str, str]) -> None:
            name = re.escape(self._literal(tag))
            self._add(f"{self.gap}<{name}")
            for field in bound.record.attributes:
                self._attribute(bound, field, variables)
            self._add(">")
            self._content(bound, variables)
            self._add(f"{'' if bound.record.text else self.gap}</{name}>")

        self._record(key, variable, whole)

    def _attribute(self, bound: Bound, field: AttributeField, variables: dict[str, str]) -> None:
        if split(field.tag)[0]:
            raise NoTemplate  # its prefix could be any
        variable = variables[field.name] = self._variable("v")
        expression = self._expression(field.type, attribute=True)
        group, text = self._group(expression)
        written = f' {re.escape(field.tag)}="{group}"'
        self._add(written if field.required else f"(?:{written})?")
        given = field.default if field.default is not None else field.fixed

        def lines() -> None:
            self.source.line(f"t = {text}")
            if field.required:
                self._value(field.type, variable, field.fixed, expression)
                return
            with self.source.block("if t is None:"):
                if given is None:
                    self.source.line(f"{variable} = {self._absent_value(bound, field.name)}")
                else:
                    self.source.line(f"{variable} = {self._made(bound, field, given)}()")
            with self.source.block("else:"):
                self._value(field.type, variable, field.fixed, expression)
                if bound.keeps and has_default(field):  # given with its default: the tree keeps that
                    default = value_of(field.default or "", bound.simple[field.name])
                    self.source.line(f"if {variable} == {self.workshop.constant(default, 'default')}: raise Surprise")

        self._later(lines)

    def _content(self, bound: Bound, variables: dict[str, str]) -> None:
        text = bound.record.text
        if text is not None:
            self._text_field(text, variables)
            return
        fields = list(leaves(bound.record.content))
        tags = {field.tag for field in fields if isinstance(field, ElementField)}
        if not fields or len(tags) != len(fields):
            raise NoTemplate  # nothing to match; or what stands at a place is not told by its name
        self._particle(bound.record.content, bound, variables)

    def _text_field(self, field: TextField, variables: dict[str, str]) -> None:
        variable = variables[field.name] = self._variable("v")
        group, text = self._group(self._expression(field.type))
        self._add(group)
        self._later(lambda: self._text_lines(text, field, variable))

    # --- texts ----------------------------------------------------------------------------------------------------

    def _expression(self, type_: Simple, *, attribute: bool = False) -> str:
        if self.context.simple(type_).contextual:
            raise NoTemplate  # the namespaces in scope are known to the tree
        return self.allowed.in_attribute(type_) if attribute else self.allowed.in_element(type_)

    def _is_free(self, type_: Simple) -> bool:
        """Whether the content of an element may be any text, and none."""
        return self._expression(type_) == self.allowed.free

    def _text_lines(self, text: str, field: ElementField | TextField, variable: str) -> None:
        assert not isinstance(field.type, (RecordRef, AnyType))
        empty = " or ''" if isinstance(field, ElementField) and self._is_free(field.type) else ""
        self.source.line(f"t = {text}{empty}")
        if field.default is not None or field.fixed is not None:
            self.source.line("if not t: raise Surprise")
        self._value(field.type, variable, field.fixed, self._expression(field.type))

    def _value(self, type_: Simple, variable: str, fixed: str | None, expression: str) -> None:
        if self.allowed.has_references(expression):
            self.source.line("if '&' in t: t = unescaped(t)")
        self.texts.text(self.source, type_, variable, "None", "raise Surprise")
        if fixed is not None:
            self.texts.fixed(self.source, type_, fixed, variable, "raise Surprise")

    # --- children -------------------------------------------------------------------------------------------------

    def _particle(self, particle: Particle, bound: Bound, variables: dict[str, str]) -> None:
        if isinstance(particle, ElementField):
            self._field(particle, bound, variables)
        elif isinstance(particle, Choice):
            self._choice(particle, bound, variables)
        elif isinstance(particle, Sequence) and not particle.optional:
            for inner in particle.particles:
                self._particle(inner, bound, variables)
        else:
            raise NoTemplate

    def _field(self, field: ElementField, bound: Bound, variables: dict[str, str]) -> None:
        variable = variables[field.name] = self._variable("v")
        if field.many:
            self._list(field, bound, variable)
        elif field.maximum != 1:
            raise NoTemplate
        elif field.minimum:
            self._one(field, variable)
        elif self._has_list(field.type, ()):
            self._optional_with_lists(field, bound, variable)
        else:
            self._add("(?:")
            lines = self._maybe(field, bound, variable)
            self._add("|)")
            self._later(lines)

    def _one(self, field: ElementField, variable: str) -> None:
        """One element that must be there."""
        if isinstance(field.type, RecordRef):
            self._element(field.tag, field.type.key, variable)
            return
        if isinstance(field.type, AnyType):
            raise NoTemplate
        name = re.escape(self._literal(field.tag))
        group, text = self._group(self._expression(field.type))
        ways, nil, xsi = [f">{group}</{name}>"], None, self.prefixes.get(XSI)  # what is met most comes first
        if self._is_free(field.type):
            ways.append(" ?/>")
        if field.nillable and xsi and field.fixed is None:
            way, nil = self._group(f' {re.escape(xsi)}:nil="(?:true|1)" ?/>')
            ways.append(way)
        self._add(f"{self.gap}<{name}(?:{'|'.join(ways)})" if len(ways) > 1 else f"{self.gap}<{name}{ways[0]}")

        def lines() -> None:
            if nil is None:
                self._text_lines(text, field, variable)
                return
            with self.source.block(f"if {nil} is not None:"):
                self.source.line(f"{variable} = None")
            with self.source.block("else:"):
                self._text_lines(text, field, variable)

        self._later(lines)

    def _maybe(self, field: ElementField, bound: Bound, variable: str) -> Callable[[], None]:
        """One element that may be there; who writes its lines."""
        around, self.stretch.lines = self.stretch.lines, []
        if isinstance(field.type, (RecordRef, AnyType)) or field.nillable or self._is_free(field.type):
            self._one(field, variable)
            mark, present = self._group("")  # an empty group: whether the expression came along here
            self._add(mark)
        else:
            present = f"g{self.count + 1}"
            self._one(field, variable)
        inside, self.stretch.lines = self.stretch.lines, around

        def lines() -> None:
            with self.source.block(f"if {present} is None:"):
                self.source.line(f"{variable} = {self._absent_value(bound, field.name)}")
            with self.source.block("else:"):
                for write in inside:
                    write()

        return lines

    def _choice(self, choice: Choice, bound: Bound, variables: dict[str, str]) -> None:
        """One of several single elements."""
        fields = [inner for inner in choice.particles if isinstance(inner, ElementField)]
        listed = any(field.many or field.maximum != 1 or self._has_list(field.type, ()) for field in fields)
        if len(fields) != len(choice.particles) or not fields or listed:
            raise NoTemplate
        lines = []
        for place, field in enumerate(fields):
            variable = variables[field.name] = self._variable("v")
            self._add("|" if place else "(?:")
            lines.append(self._maybe(field, bound, variable))
        self._add("|)" if choice.optional or any(field.minimum == 0 for field in fields) else ")")
        for write in lines:
            self._later(write)

    # --- lists ----------------------------------------------------------------------------------------------------

    def _has_list(self, type_: Type, seen: tuple[Key, ...]) -> bool:
        if not isinstance(type_, RecordRef):
            return False
        if type_.key in seen:
            raise NoTemplate
        return any(
            isinstance(leaf, ElementField) and (leaf.many or self._has_list(leaf.type, (*seen, type_.key)))
            for leaf in leaves(self.context.shapes[type_.key].content)
        )

    def _list(self, field: ElementField, bound: Bound, variable: str) -> None:
        self._flush()
        self.source.line(f"{variable} = []")
        if self._has_list(field.type, ()):
            with self.source.block(f"while {self._ahead(field)}(d, p):"):
                self._one(field, "x" + variable)
                self._flush()
                self.source.line(f"{variable}.append(x{variable})")
        else:
            self._flat_list(field, variable)
        limits = [f"len({variable}) < {field.minimum}"] if field.minimum else []
        limits += [f"len({variable}) > {field.maximum}"] if field.maximum is not None else []
        if limits:
            self.source.line(f"if {' or '.join(limits)}: raise Surprise")
        if bound.absent[field.name].factory is not list:
            self.source.line(f"if not {variable}: {variable} = {self._absent_value(bound, field.name)}")

    def _flat_list(self, field: ElementField, variable: str) -> None:
        """Items that one expression describes."""
        self._one(field, "x")
        stretch, self.stretch = self.stretch, _Stretch([], [], [])
        scanner = self.workshop.constant(re.compile("".join(stretch.pieces)).scanner, "scanner")  # type: ignore[attr-defined]  # not in typeshed
        self.source.line(f"scan = {scanner}(d, p).match")
        self.source.line("last = None")
        with self.source.block("while (m := scan()) is not None:"):
            self.source.line("last = m")
            self._unpacked(stretch)
            self.source.line(f"{variable}.append(x)")
        self.source.line("if last is not None: p = last.end()")

    def _optional_with_lists(self, field: ElementField, bound: Bound, variable: str) -> None:
        self._flush()
        with self.source.block(f"if {self._ahead(field)}(d, p):"):
            self._one(field, variable)
            self._flush()
        with self.source.block("else:"):
            self.source.line(f"{variable} = {self._absent_value(bound, field.name)}")

    def _ahead(self, field: ElementField) -> str:
        """Whether an element comes next, as a constant."""
        expression = re.compile(f"{self.gap}<{re.escape(self._literal(field.tag))}[ >]")
        return self.workshop.constant(expression.match, "ahead")
