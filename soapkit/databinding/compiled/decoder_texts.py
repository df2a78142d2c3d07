"""A simple type -> the lines that read its text, as generated decoders have them.

What is common is written in place: a look at the characters, then the quick converter of the standard library. All
else calls the type's `SimpleCodec`. A text that the quick way does not take raises, and the walker looks.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from soapkit.databinding.adapted import ADAPTED
from soapkit.databinding.builtins import BUILTINS, Builtin
from soapkit.databinding.compiled.source import Source, Workshop
from soapkit.databinding.compiled.surprise import Surprise
from soapkit.databinding.context import Context
from soapkit.databinding.facets import bound as bound_value
from soapkit.databinding.lexical import BEYOND_SINGLE, BOOLEANS
from soapkit.databinding.patterns.regex import matcher
from soapkit.databinding.shape import (
    NO_FACETS,
    Atomic,
    AttributeField,
    ElementField,
    Facets,
    Simple,
    TextField,
)
from soapkit.databinding.simple import SimpleCodec, is_same, no_scope, value_of

_DIGITS = "'0123456789.+-'"

NUMBERS = {("", "int"): r"[0-9+\-]", ("decimal", "Decimal"): r"[0-9.+\-]", ("", "float"): r"[0-9.+\-eEINFa]"}
"""What numbers are written with, by their Python types, as classes of regular expressions."""


class TextReader:
    """Writes lines that turn a text, in `t`, into a value of a simple type.

    `fail`: the line that gives up. `matched`: an expression has let through nothing but `NUMBERS` where a number is
    read, and t is never None; else t may be, and m counts the texts that were read.
    """

    def __init__(self, context: Context, workshop: Workshop, *, matched: bool = False) -> None:
        self.context = context
        self.workshop = workshop
        self.matched = matched

    def element_text(
        self, source: Source, field: ElementField | TextField, element: str, variable: str, fail: str
    ) -> None:
        """Lines that read the text of `element` into `variable`."""
        type_ = field.type
        assert not hasattr(type_, "key")
        source.line(f"t = {element}.text")
        if field.fixed is not None or field.default is not None:
            with source.block("if t is None:"):
                source.line(fail)
        simple: Any = type_
        codec = self.context.simple(simple)
        check = codec.check_binary
        if check is not None:
            with source.block(f"if len({element}):"):
                source.line(f"{variable} = {'attached' if codec.attached else 'included'}({element}, n)")
                source.line(f"{self.workshop.constant(check, 'check')}({variable})")
                source.line("m -= 1")
            source.line("else:")
            source.depth += 1
        self.text(source, simple, variable, element, fail)
        if check is not None:
            source.depth -= 1
        if field.fixed is not None:
            self.fixed(source, simple, field.fixed, variable, fail)

    def attribute(self, source: Source, field: AttributeField, variable: str, fail: str) -> None:
        """Lines that read the text t of an attribute of e into `variable`."""
        self.text(source, field.type, variable, "e", fail)
        if field.fixed is not None:
            self.fixed(source, field.type, field.fixed, variable, fail)

    def fixed(self, source: Source, type_: Simple, fixed: str, variable: str, fail: str) -> None:
        value = self.workshop.constant(value_of(fixed, self.context.simple(type_)), "fixed")
        differs = f"{variable} != {value}"
        if not isinstance(type_, Atomic):  # True is not 1, which a union may hold
            differs = f"not {self.workshop.constant(is_same, 'is_same')}({variable}, {value})"
        with source.block(f"if {differs}:"):
            source.line(fail)

    # --- by type --------------------------------------------------------------------------------------------------

    def text(self, source: Source, type_: Simple, variable: str, element: str, fail: str) -> None:
        """Lines that turn t into `variable`. Where t may be None, that is the empty text and no node: m counts none."""
        plain = isinstance(type_, Atomic) and type_.python not in ADAPTED
        if isinstance(type_, Atomic) and plain and not (type_.enumeration and type_.python is None):
            if type_.python is not None:
                if self._enumeration(source, type_, type_.python, variable, element):
                    return
            elif self._atomic(source, type_, BUILTINS[type_.builtin], variable, fail):
                return
        self._by_codec(source, self.context.simple(type_), variable, element)

    def _by_codec(self, source: Source, codec: SimpleCodec, variable: str, element: str) -> None:
        decode = self.workshop.constant(codec.decode, "decode")
        scope = f"lambda: {element}.nsmap" if codec.contextual else self.workshop.constant(no_scope, "no_scope")
        if not self.matched:
            with source.block("if t is None:"):
                source.line("t = ''")
                source.line("m -= 1")
        source.line(f"{variable} = {decode}(t, {scope})")

    def _enumeration(self, source: Source, type_: Atomic, python: type[Enum], variable: str, element: str) -> bool:
        if BUILTINS[type_.builtin].family != "text":
            return False
        codec = self.context.simple(type_)
        known = {entry.value: codec.decode(entry.value, no_scope) for entry in type_.enumeration}
        members = self.workshop.constant(known, python.__name__)
        source.line(f"{variable} = {members}.get(t)")
        with source.block(f"if {variable} is None:"):
            self._by_codec(source, codec, variable, element)
        return True

    def _atomic(self, source: Source, type_: Atomic, builtin: Builtin, variable: str, fail: str) -> bool:
        """The quick way for a built-in type; False where there is none."""
        writers = {
            "string": self._string,
            "boolean": self._boolean,
            "decimal": self._decimal,
            "double": self._float,
            "float": self._float,
            "dateTime": self._datetime,
            "date": self._date,
        }
        if type_.facets.white_space is not None:
            return False
        if builtin.python == ("", "int"):
            return self._integer(source, type_.facets, builtin, variable, fail)
        write = writers.get(builtin.name)
        return write is not None and write(source, type_.facets, builtin, variable, fail)

    def _string(self, source: Source, facets: Facets, _builtin: Builtin, variable: str, fail: str) -> bool:
        if not self.matched:
            with source.block("if t is None:"):
                source.line(f"{variable} = ''")
                source.line("m -= 1")
            source.line("else:")
            source.line(f"    {variable} = t")
        else:
            source.line(f"{variable} = t")
        tests = length_tests(facets, f"len({variable})")
        for step in facets.patterns:
            calls = [f"{self.workshop.constant(matcher(pattern), 'matches')}({variable})" for pattern in step]
            tests.append(" or ".join(calls) if len(calls) == 1 else f"({' or '.join(calls)})")
        self._demand(source, tests, fail)
        return True

    def _demand(self, source: Source, tests: list[str], fail: str) -> None:
        if tests:
            with source.block(f"if not ({' and '.join(tests)}):"):
                source.line(fail)

    def _boolean(self, source: Source, facets: Facets, _builtin: Builtin, variable: str, fail: str) -> bool:
        if facets != NO_FACETS:
            return False
        source.line(f"{variable} = {self.workshop.constant(BOOLEANS, 'booleans')}[t]")
        return True

    def _integer(self, source: Source, facets: Facets, builtin: Builtin, variable: str, fail: str) -> bool:
        if facets.patterns or facets.total_digits is not None:
            return False
        parse = self.workshop.constant(self._parse(builtin), f"parse_{builtin.name}")
        if self.matched:
            source.line(f"{variable} = int(t)")
        else:
            usual = "t.isdecimal() and t.isascii() and len(t) < 4000"
            source.line(f"{variable} = int(t) if {usual} else {parse}(t)")
        tests = range_tests(facets, builtin, variable, self.workshop)
        if builtin.minimum is not None:
            tests.append(f"{variable} >= {builtin.minimum}")
        if builtin.maximum is not None:
            tests.append(f"{variable} <= {builtin.maximum}")
        self._demand(source, tests, fail)
        return True

    def _decimal(self, source: Source, facets: Facets, builtin: Builtin, variable: str, fail: str) -> bool:
        if facets.patterns or facets.total_digits is not None or facets.fraction_digits is not None:
            return False
        parse = self.workshop.constant(self._parse(builtin), "parse_decimal")
        look = "" if self.matched else f"{parse}(t) if t.strip({_DIGITS}) else "
        source.line(f"{variable} = {look}Decimal(t)")
        self._demand(source, range_tests(facets, builtin, variable, self.workshop), fail)
        return True

    def _float(self, source: Source, facets: Facets, builtin: Builtin, variable: str, fail: str) -> bool:
        if facets.patterns:
            return False
        parse = self.workshop.constant(self._parse(builtin), "parse_float")
        single = builtin.name == "float"  # of 32 bits, which hold 38 digits
        if self.matched:
            source.line(f"{variable} = float(t)")
            # INF and NaN, which are no zero when they are taken from themselves; or +INF, which float takes alone
            odd = f"not {-BEYOND_SINGLE} < {variable} < {BEYOND_SINGLE}" if single else f"{variable} - {variable}"
            source.line(f"if {odd}: {variable} = {parse}(t)")
        else:
            usual = f"t.strip({_DIGITS})" + (" or len(t) > 38" if single else "")
            source.line(f"{variable} = {parse}(t) if {usual} else float(t)")
        self._demand(source, range_tests(facets, builtin, variable, self.workshop), fail)
        return True

    def _datetime(self, source: Source, facets: Facets, builtin: Builtin, variable: str, fail: str) -> bool:
        if facets != NO_FACETS:
            return False
        parse = self.workshop.constant(self._parse(builtin), "parse_datetime")
        usual = "t[4::3] == '--T::Z' and len(t) == 20"
        source.line(f"{variable} = datetime.fromisoformat(t) if {usual} else {parse}(t)")
        return True

    def _date(self, source: Source, facets: Facets, builtin: Builtin, variable: str, fail: str) -> bool:
        if facets != NO_FACETS:
            return False
        parse = self.workshop.constant(self._parse(builtin), "parse_date")
        source.line(f"{variable} = date.fromisoformat(t) if t[4::3] == '--' and len(t) == 10 else {parse}(t)")
        return True

    def _parse(self, builtin: Builtin) -> Any:
        """The type's own parser, white space and all."""
        decode = self.context.simple(Atomic(builtin.name)).decode

        def parse(text: str | None) -> Any:
            if text is None:
                raise Surprise
            return decode(text, no_scope)

        return parse


def length_tests(facets: Facets, measure: str) -> list[str]:
    """The facets on length, as conditions."""
    tests = []
    if facets.length is not None:
        tests.append(f"{measure} == {facets.length}")
    if facets.min_length is not None:
        tests.append(f"{measure} >= {facets.min_length}")
    if facets.max_length is not None:
        tests.append(f"{measure} <= {facets.max_length}")
    return tests


def range_tests(facets: Facets, builtin: Builtin, variable: str, workshop: Workshop) -> list[str]:
    """The bounds, as conditions. A number that is not one (NaN) satisfies none."""
    tests = []
    for text, sign in (
        (facets.min_inclusive, ">="),
        (facets.max_inclusive, "<="),
        (facets.min_exclusive, ">"),
        (facets.max_exclusive, "<"),
    ):
        if text is not None:
            tests.append(f"{variable} {sign} {workshop.constant(bound_value(builtin, text), 'bound')}")
    return tests
