"""A record -> the source of the function that reads it.

In the function: `e` is the element, `n` the count of what was read (elements, texts), `kids` its children with an end
mark behind them, `i` the place among them, `c` the child being read, `t` its text, `m` the texts read so far.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from lxml.etree import _Element

from soapkit.databinding.compiled.decoder_texts import TextReader
from soapkit.databinding.compiled.source import Source, Workshop
from soapkit.databinding.compiled.surprise import Surprise
from soapkit.databinding.context import Bound, Context
from soapkit.databinding.given import has_default
from soapkit.databinding.lexical import collapse_blanks, parse_qname
from soapkit.databinding.shape import (
    All,
    AnyField,
    AnyType,
    Choice,
    ChoiceField,
    ElementField,
    Key,
    Particle,
    RecordRef,
    Sequence,
    Type,
    may_be_empty,
)
from soapkit.databinding.simple import value_of
from soapkit.xml.names import XSI_TYPE


class Readers(Protocol):
    """What this file asks of the decoder: the names of other functions, and the ways out."""

    context: Context
    workshop: Workshop
    texts: TextReader

    def name(self, key: Key, careful: bool) -> str: ...
    def slow(self, bound: Bound, careful: bool) -> Callable[..., Any]: ...
    def typed(self, bound: Bound) -> Callable[..., Any]: ...
    def one(
        self, type_: Type, nillable: bool = False, default: str | None = None, fixed: str | None = None
    ) -> Callable[..., Any]: ...


class _Odd(Exception):
    """A content model that is left to the walker."""


_ALWAYS = 2  # the depth of lines that run in any case: in the function, in its try


class RecordReaderSource:
    """Writes the function for one record."""

    def __init__(self, decoder: Readers, bound: Bound, careful: bool) -> None:
        self.decoder = decoder
        self.context = decoder.context
        self.workshop = decoder.workshop
        self.bound = bound
        self.careful = careful
        self.slow = self.workshop.constant(decoder.slow(bound, careful), f"walk_{bound.cls.__name__}")
        self.fail = f"return {self.slow}(e, n, n0, n1)"
        self.variables: dict[str, str] = {}
        self.source = Source("")
        self.sure = 0  # texts that are read in any case
        self.at: int | None = 0  # the place among the children while it is known; then it is in the variable i

    def write(self, name: str) -> Source:
        try:
            return self._straight(name)
        except _Odd:
            self.source = source = Source(f"def {name}(e, n):")
            with source.block():
                if self.careful:
                    source.line(f"named = e.get({XSI_TYPE!r})")
                    self._other_type()
                source.line(f"return {self.slow}(e, n, *n)")
            return source

    def _straight(self, name: str) -> Source:
        record = self.bound.record
        if record.abstract or record.mixed:
            raise _Odd
        self.source = source = Source(f"def {name}(e, n):")
        with source.block():
            source.line("n0, n1 = n")
            counted = len(source.lines)
            source.line("m = 0")
            self._initial_values()
            with source.block("try:"):
                self._attributes()
                if record.text is not None:
                    self._text_content()
                else:
                    self._children()
            with source.block("except (ValueError, KeyError, AttributeError, TypeError, ArithmeticError):"):
                source.line(self.fail)
            self._result()
        source.lines[counted] = f"    m = {self.sure}"
        return source

    # --- frame ----------------------------------------------------------------------------------------------------

    def _initial_values(self) -> None:
        for place, field in enumerate(self.bound.record.fields):
            variable = f"v{place}"
            if field.name in self.variables:
                continue
            self.variables[field.name] = variable
            absent = self.bound.absent[field.name]
            if absent.factory is list:
                self.source.line(f"{variable} = []")
            elif absent.factory is dict:
                self.source.line(f"{variable} = {{}}")
            elif absent.factory is not None:
                self.source.line(f"{variable} = {self.workshop.constant(absent.factory, 'make')}()")
            else:
                self.source.line(f"{variable} = {self._value(absent.value)}")

    def _value(self, value: Any) -> str:
        if value is None or isinstance(value, bool):
            return repr(value)
        return self.workshop.constant(value, "absent")

    def _result(self) -> None:
        cls = self.workshop.constant(self.bound.cls, self.bound.cls.__name__)
        arguments = ", ".join(f"{name}={variable}" for name, variable in self.variables.items())
        if hasattr(self.bound.cls, "__post_init__") or not hasattr(self.bound.cls, "__struct_fields__"):
            with self.source.block("try:"):
                self.source.line(f"return {cls}({arguments})")
            with self.source.block("except (ValueError, TypeError):"):
                self.source.line("raise Surprise from None")
        else:
            self.source.line(f"return {cls}({arguments})")

    def _attributes(self) -> None:
        record = self.bound.record
        if record.any_attribute is not None or (not self.careful and any(one.required for one in record.attributes)):
            raise _Odd
        if not self.careful:
            self._absent_attributes()
            return
        self.source.line("if e.keys():")
        with self.source.block():
            self.source.line("given = dict(e.items())")
            self.source.line(f"named = given.pop({XSI_TYPE!r}, None)")
            self._other_type()
            for field in record.attributes:
                self.source.line(f"t = given.pop({field.tag!r}, None)")
                with self.source.block("if t is not None:"):
                    variable = self.variables[field.name]
                    self.decoder.texts.attribute(self.source, field, variable, self.fail)
                    if self.bound.keeps and has_default(field):  # given with its default: the walker keeps that
                        default = value_of(field.default or "", self.bound.simple[field.name])
                        with self.source.block(f"if {variable} == {self.workshop.constant(default, 'default')}:"):
                            self.source.line(self.fail)
                with self.source.block("else:"):
                    self._absent_attribute(field)
            with self.source.block("if given:"):
                self.source.line(self.fail)
        if record.attributes:
            with self.source.block("else:"):
                self._absent_attributes()

    def _other_type(self) -> None:
        """Leave the element to another function where xsi:type, in `named`, names another type."""
        typed = self.workshop.constant(self.decoder.typed(self.bound), "typed")
        own = self.workshop.constant(self._is_own, "is_own")
        with self.source.block(f"if named is not None and not {own}(e, named):"):
            self.source.line(f"return {typed}(e, n, named)")

    def _is_own(self, element: _Element, named: str) -> bool:
        """Whether xsi:type names the type that is read anyway."""
        try:
            return parse_qname(collapse_blanks(named), element.nsmap).text == self.bound.record.name
        except ValueError:
            raise Surprise from None

    def _absent_attributes(self) -> None:
        for field in self.bound.record.attributes:
            self._absent_attribute(field)
        if not self.bound.record.attributes:
            self.source.line("pass")

    def _absent_attribute(self, field: Any) -> None:
        given = field.default if field.default is not None else field.fixed
        if field.required:
            self.source.line(self.fail)
        elif given is not None:
            codec = self.bound.simple[field.name]
            value = value_of(given, codec)
            variable = self.variables[field.name]
            if isinstance(value, list):
                make = self.workshop.constant(lambda: value_of(given, codec), "make")
                self.source.line(f"{variable} = {make}()")
            else:
                self.source.line(f"{variable} = {self._value(value)}")
        else:
            self.source.line("pass")

    def _text_content(self) -> None:
        field = self.bound.record.text
        assert field is not None
        with self.source.block("if len(e):"):
            self.source.line(self.fail)
        self.source.line("m = 1")
        self.decoder.texts.element_text(self.source, field, "e", self.variables[field.name], self.fail)
        self.source.line("n[1] += m")

    # --- children -------------------------------------------------------------------------------------------------

    def _children(self) -> None:
        source = self.source
        if not self.bound.elements:
            with source.block("if len(e) or e.text:"):
                source.line(self.fail)
            return
        source.line("kids = e[:]")
        source.line("kids.append(END)")
        if may_be_empty(self.bound.record.content):
            with source.block("if kids[0] is END and e.text:"):
                source.line(self.fail)
        self._particle(self.bound.record.content)
        with source.block(f"if kids[{self._place()}] is not END:"):
            source.line(self.fail)
        source.line("n[0] += len(kids) - 1")
        source.line("n[1] += m")

    def _place(self) -> str:
        return "i" if self.at is None else str(self.at)

    def _moving(self) -> None:
        """From here on, the place depends on what came."""
        if self.at is not None:
            self.source.line(f"i = {self.at}")
            self.at = None

    def _fail(self) -> None:
        self.source.line(self.fail)

    def _particle(self, particle: Particle) -> None:
        if isinstance(particle, ElementField):
            self._element(particle)
        elif isinstance(particle, ChoiceField):
            self._choice_field(particle)
        elif isinstance(particle, AnyField):
            self._any(particle)
        elif isinstance(particle, All):
            raise _Odd
        elif isinstance(particle, Choice):
            self._choice(particle)
        elif particle.optional:
            self._moving()
            first = self._first(particle)
            with self.source.block(f"if kids[i].tag in {first}:"):
                self._sequence(particle)
        else:
            self._sequence(particle)

    def _sequence(self, particle: Particle) -> None:
        assert isinstance(particle, Sequence)
        if not particle.particles:
            self.source.line("pass")
        for inner in particle.particles:
            self._particle(inner)

    def _first(self, particle: Particle) -> str:
        """The names that may begin a particle, as a constant. Odd where a wildcard may begin it."""
        return self.workshop.constant(_first_names(particle), "first")

    def _choice(self, particle: Choice) -> None:
        firsts = [_first_names(inner) for inner in particle.particles]
        if sum(map(len, firsts)) != len(frozenset().union(*firsts)) or not firsts:
            raise _Odd  # branches that begin alike
        self._moving()
        self.source.line("t = kids[i].tag")
        for place, (inner, names) in enumerate(zip(particle.particles, firsts, strict=True)):
            test = (
                f"t == {next(iter(names))!r}" if len(names) == 1 else f"t in {self.workshop.constant(names, 'first')}"
            )
            with self.source.block(f"{'elif' if place else 'if'} {test}:"):
                self._particle(inner)
        if not (particle.optional or any(may_be_empty(inner) for inner in particle.particles)):
            with self.source.block("else:"):
                self._fail()

    def _element(self, field: ElementField) -> None:
        variable = self.variables[field.name]
        tag = repr(field.tag)
        if field.many:
            self._many(field, variable, tag)
        elif field.maximum != 1:
            raise _Odd
        elif field.minimum == 0:
            self._moving()
            with self.source.block(f"if kids[i].tag == {tag}:"):
                self.source.line("c = kids[i]")
                self.source.line("i += 1")
                self._value_of(field, variable)
        else:
            self.source.line(f"c = kids[{self._place()}]")
            with self.source.block(f"if c.tag != {tag}:"):
                self._fail()
            if self.at is None:
                self.source.line("i += 1")
            else:
                self.at += 1
            self._value_of(field, variable)

    def _many(self, field: ElementField, variable: str, tag: str) -> None:
        self._moving()
        if self.bound.absent[field.name].factory is not list:
            self.source.line(f"{variable} = []")
        with self.source.block(f"while kids[i].tag == {tag}:"):
            self.source.line("c = kids[i]")
            self.source.line("i += 1")
            self._value_of(field, "x")
            self.source.line(f"{variable}.append(x)")
        limits = [f"len({variable}) < {field.minimum}"] if field.minimum else []
        limits += [f"len({variable}) > {field.maximum}"] if field.maximum is not None else []
        if limits:
            with self.source.block(f"if {' or '.join(limits)}:"):
                self._fail()
        if self.bound.absent[field.name].factory is not list:
            with self.source.block(f"if not {variable}:"):
                absent = self.bound.absent[field.name]
                made = f"{self.workshop.constant(absent.factory, 'make')}()" if absent.factory else None
                self.source.line(f"{variable} = {made or self._value(absent.value)}")

    def _value_of(self, field: ElementField, variable: str) -> None:
        """The value of the child c."""
        is_record = isinstance(field.type, RecordRef)
        if not self.careful or (is_record and not field.nillable):
            self._plain_value(field, variable)
            return
        by_table = self.decoder.one(field.type, field.nillable, field.default, field.fixed)
        with self.source.block("if c.keys():"):
            self.source.line(f"{variable} = {self.workshop.constant(by_table, 'one')}(c, n)")
        with self.source.block("else:"):
            self._plain_value(field, variable)

    def _plain_value(self, field: ElementField, variable: str) -> None:
        if isinstance(field.type, RecordRef):
            self.source.line(f"{variable} = {self.decoder.name(field.type.key, self.careful)}(c, n)")
        elif isinstance(field.type, AnyType):
            self.source.line(f"{variable} = kept(c, n)")
        else:
            if self.source.depth == _ALWAYS:
                self.sure += 1
            else:
                self.source.line("m += 1")
            self.decoder.texts.element_text(self.source, field, "c", variable, self.fail)

    # --- choices and wildcards ------------------------------------------------------------------------------------

    def _choice_field(self, field: ChoiceField) -> None:
        readers: dict[str, Callable[..., Any]] = {}
        for alternative in field.alternatives:
            if alternative.tag is None or alternative.tag in readers:
                raise _Odd  # a group record in line
            readers[alternative.tag] = self.decoder.one(alternative.type, alternative.nillable)
        self._moving()
        variable = self.variables[field.name]
        known = self.workshop.constant(readers, "alternatives")
        if not field.many:
            with self.source.block(f"if kids[i].tag in {known}:"):
                self.source.line(f"{variable} = {known}[kids[i].tag](kids[i], n)")
                self.source.line("i += 1")
            if field.minimum:
                with self.source.block("else:"):
                    self._fail()
            return
        self.source.line("x = []")
        with self.source.block(f"while kids[i].tag in {known}:"):
            self.source.line(f"x.append({known}[kids[i].tag](kids[i], n))")
            self.source.line("i += 1")
        limits = [f"len(x) < {field.minimum}"] if field.minimum else []
        limits += [f"len(x) > {field.maximum}"] if field.maximum is not None else []
        if limits:
            with self.source.block(f"if {' or '.join(limits)}:"):
                self._fail()
        with self.source.block("if x:"):
            self.source.line(f"{variable} = x")

    def _any(self, field: AnyField) -> None:
        last = self.bound.elements[-1]
        if last is not field or not isinstance(self.bound.record.content, Sequence):
            raise _Odd  # names declared after it come first
        self._moving()
        variable = self.variables[field.name]
        namespaces = self.workshop.constant(field.namespaces, "namespaces")
        self.source.line("x = []")
        with self.source.block(f"while kids[i] is not END and allows({namespaces}, kids[i].tag):"):
            self.source.line("x.append(kept(kids[i], n))")
            self.source.line("i += 1")
        limits = [f"len(x) < {field.minimum}"] if field.minimum else []
        limits += [f"len(x) > {field.maximum}"] if field.maximum is not None else []
        if limits:
            with self.source.block(f"if {' or '.join(limits)}:"):
                self._fail()
        with self.source.block("if x:"):
            self.source.line(f"{variable} = {'x' if field.many else 'x[-1]'}")


def _first_names(particle: Particle) -> frozenset[str]:
    """The names that may begin a particle."""
    if isinstance(particle, ElementField):
        return frozenset((particle.tag,))
    if isinstance(particle, ChoiceField):
        if any(alternative.tag is None for alternative in particle.alternatives):
            raise _Odd
        return frozenset(alternative.tag for alternative in particle.alternatives if alternative.tag is not None)
    if isinstance(particle, (AnyField, All)):
        raise _Odd
    found: frozenset[str] = frozenset()
    for inner in particle.particles:
        found |= _first_names(inner)
        if isinstance(particle, Sequence) and not may_be_empty(inner):
            break
    return found
