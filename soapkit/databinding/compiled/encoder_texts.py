"""A simple type -> the lines that write its values, as generated encoders have them.

Each checks the very class of the value first, so that nothing else is ever joined into a message, then range and
facets.
All that is not common goes through the type's `SimpleCodec`.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum

import msgspec

from soapkit.databinding.adapted import ADAPTED
from soapkit.databinding.binary import beside, carried
from soapkit.databinding.builtins import BUILTINS, Builtin
from soapkit.databinding.compiled.decoder_texts import length_tests, range_tests
from soapkit.databinding.compiled.source import Source, Workshop
from soapkit.databinding.compiled.surprise import Surprise
from soapkit.databinding.context import Context
from soapkit.databinding.dates.temporal import format_datetime
from soapkit.databinding.lexical import BEYOND_SINGLE, format_base64, format_decimal, format_float
from soapkit.databinding.patterns.regex import matcher
from soapkit.databinding.shape import NO_FACETS, Atomic, Facets, Simple
from soapkit.errors import EncodeError
from soapkit.xml.serialise import escape_attribute, escape_text


def _escaped(text: str) -> str:
    try:
        return escape_text(text)
    except EncodeError:
        raise Surprise from None


def _escaped_attribute(text: str) -> str:
    try:
        return escape_attribute(text)
    except EncodeError:
        raise Surprise from None


def _written_binary(value: object) -> str:
    markup = beside(value)
    if markup is not None:
        return markup
    if value.__class__ is bytes:
        return format_base64(value)
    raise Surprise


class TextWriter:
    """Writes lines that check a value of a simple type, and gives the piece of an f-string that is its text."""

    def __init__(self, context: Context, workshop: Workshop) -> None:
        self.context = context
        self.workshop = workshop
        workshop.globals.update(
            escaped=_escaped,
            escaped_attribute=_escaped_attribute,
            as_json=msgspec.json.Encoder().encode,
            as_text=msgspec.to_builtins,
            datetime=datetime,
            date=date,
            Decimal=Decimal,
            format_datetime=format_datetime,
            UTC=UTC,
            inf=math.inf,
            format_decimal=format_decimal,
            format_float=format_float,
            carried=carried,
            written_binary=_written_binary,
        )

    def piece(self, source: Source, type_: Simple, variable: str, fail: str, *, attribute: bool = False) -> str:
        """Lines that check `variable` and make it a text, where that is needed; the piece that holds it. `fail`: the
        line that gives up."""
        escape = "escaped_attribute" if attribute else "escaped"
        plain = isinstance(type_, Atomic) and type_.python not in ADAPTED
        if isinstance(type_, Atomic) and plain and not (type_.enumeration and type_.python is None):
            if type_.python is not None:
                return self._enumeration(source, type_, type_.python, variable, fail, escape)
            if self._atomic(source, type_, BUILTINS[type_.builtin], variable, fail, escape):
                return f"{{{variable}}}"
        self._by_codec(source, type_, variable, fail, escape)
        return f"{{{variable}}}"

    def _demand(self, source: Source, tests: list[str], fail: str) -> None:
        with source.block(f"if not ({' and '.join(tests)}):"):
            source.line(fail)

    def _by_codec(self, source: Source, type_: Simple, variable: str, fail: str, escape: str) -> None:
        codec = self.context.simple(type_)
        if codec.check_binary is not None and escape == "escaped":
            with source.block("if carried():"):
                source.line(fail)
        encode = self.workshop.constant(codec.encode, "encode")
        prefix = self.workshop.constant(self.context.prefix, "prefix")
        with source.block("try:"):
            source.line(f"{variable} = {escape}({encode}({variable}, {prefix}, False))")
        with source.block("except ValueError:"):
            source.line("raise Surprise from None")

    def _enumeration(
        self, source: Source, type_: Atomic, python: type[Enum], variable: str, fail: str, escape: str
    ) -> str:
        codec = self.context.simple(type_)
        if codec.contextual:
            self._by_codec(source, type_, variable, fail, escape)
            return f"{{{variable}}}"
        write = escape_attribute if escape == "escaped_attribute" else escape_text
        texts = {member: write(codec.encode(member, self.context.prefix, True)) for member in python}
        known = self.workshop.constant(texts, python.__name__)
        cls = self.workshop.constant(python, python.__name__)
        self._demand(source, [f"{variable}.__class__ is {cls}"], fail)
        return f"{{{known}[{variable}]}}"

    def _atomic(self, source: Source, type_: Atomic, builtin: Builtin, variable: str, fail: str, escape: str) -> bool:
        """The quick way for a built-in type; False where there is none."""
        facets = type_.facets
        if builtin.name == "string" or (builtin.name == "anySimpleType" and facets == NO_FACETS):
            return self._string(source, facets, variable, fail, escape)
        if builtin.python == ("", "int") and not facets.patterns and facets.total_digits is None:
            return self._integer(source, facets, builtin, variable, fail)
        if facets != NO_FACETS:
            return False
        if builtin.name == "boolean":
            self._demand(source, [f"{variable}.__class__ is bool"], fail)
            source.line(f"{variable} = 'true' if {variable} else 'false'")
        elif builtin.name == "decimal":
            self._demand(source, [f"{variable}.__class__ is Decimal"], fail)
            source.line(f"d, {variable} = {variable}, str({variable})")
            # 1e+5 is written by a program that has set `decimal.getcontext().capitals` so
            with source.block(f"if not d or 'E' in {variable} or 'e' in {variable} or not d.is_finite():"):
                self._demand(source, ["d.is_finite()"], fail)
                source.line(f"{variable} = format_decimal(d)")
        elif builtin.name in ("double", "float"):
            self._demand(source, [f"{variable}.__class__ is float"], fail)
            # Three times as quick as repr, and the same where it has neither exponent nor small digits.
            source.line(f"d, {variable} = {variable}, as_json({variable}).decode()")
            with source.block(f"if 'e' in {variable} or 'n' in {variable} or '0.0000' in {variable}:"):
                if builtin.name == "float":
                    self._demand(source, [f"not {BEYOND_SINGLE} <= abs(d) < inf"], fail)
                source.line(f"{variable} = format_float(d)")
        elif builtin.name == "dateTime":
            self._demand(source, [f"{variable}.__class__ is datetime"], fail)
            with source.block(f"if {variable}.tzinfo is UTC and not {variable}.microsecond:"):
                source.line(f"{variable} = as_text({variable})")  # eight times as quick as isoformat
            with source.block("else:"), source.block("try:"):
                source.line(f"{variable} = format_datetime({variable})")
            with source.block("    except ValueError:"):
                source.line(f"    {fail}")
        elif builtin.name == "date":
            self._demand(source, [f"{variable}.__class__ is date"], fail)
            source.line(f"{variable} = as_text({variable})")
        elif builtin.name == "base64Binary":
            if escape == "escaped_attribute" or type_.content_types:
                return False
            source.line(f"{variable} = written_binary({variable})")
        else:
            return False
        return True

    def _string(self, source: Source, facets: Facets, variable: str, fail: str, escape: str) -> bool:
        if facets.white_space not in (None, "preserve"):
            return False
        tests = [f"{variable}.__class__ is str", *length_tests(facets, f"len({variable})")]
        for step in facets.patterns:
            calls = [f"{self.workshop.constant(matcher(pattern), 'matches')}({variable})" for pattern in step]
            tests.append(f"({' or '.join(calls)})")
        self._demand(source, tests, fail)
        special = f"'&' in {variable} or '<' in {variable} or '>' in {variable}"
        if escape == "escaped_attribute":
            special += f" or '\"' in {variable}"
        with source.block(f"if not {variable}.isalnum() and ({special} or not {variable}.isprintable()):"):
            source.line(f"{variable} = {escape}({variable})")
        return True

    def _integer(self, source: Source, facets: Facets, builtin: Builtin, variable: str, fail: str) -> bool:
        tests = [f"{variable}.__class__ is int", *range_tests(facets, builtin, variable, self.workshop)]
        if builtin.minimum is not None:
            tests.append(f"{variable} >= {builtin.minimum}")
        if builtin.maximum is not None:
            tests.append(f"{variable} <= {builtin.maximum}")
        self._demand(source, tests, fail)
        return True
