"""The built-in types of XSD 1.0, one table.

Each row says how text becomes a value and a value becomes text, what Python type the value has, and what the type
demands beyond its base: white space, a range, a pattern. `PYTHON_TYPES` hands the Python types to the code generator.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal

from soapkit.attachment import Attachment
from soapkit.databinding import lexical
from soapkit.databinding.dates import temporal
from soapkit.databinding.values import Duration, GDay, GMonth, GMonthDay, GYear, GYearMonth, QName
from soapkit.xml.names import XSD, is_ncname

WhiteSpace = Literal["preserve", "replace", "collapse"]
Family = Literal["text", "bytes", "number", "moment", "boolean", "name"]

Parse = Callable[[str], Any]  # a table of functions from text to values of many types
Format = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Builtin:
    """A built-in type.

    `parse`: text, white space already dealt with, to value; raises `ValueError`. `format`: a value of one of
    `classes` to canonical text; raises `ValueError` where the value is outside the type. `family`: what the facets on
    length and range mean for it. `minimum`, `maximum`: of an integer type. `base`: the type it is derived from.
    `item`: of a list type. `python`: module and expression of the Python type. QName and NOTATION are parsed and
    formatted by `soapkit.databinding.simple`, which knows the namespaces in scope.
    """

    name: str
    python: tuple[str, str]
    classes: tuple[type, ...]
    parse: Parse
    format: Format
    white_space: WhiteSpace = "collapse"
    family: Family = "text"
    minimum: int | None = None
    maximum: int | None = None
    base: str = "anySimpleType"
    item: str | None = None

    @property
    def tag(self) -> str:
        """The Clark name of the type."""
        return f"{{{XSD}}}{self.name}"


# --- texts --------------------------------------------------------------------------------------------------------

# XML 1.0, productions 4 to 8, on the name classes of the fifth edition.
_NAME_START = (
    ":A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_NAME_CHAR = _NAME_START + "\\-.0-9\u00b7\u0300-\u036f\u203f-\u2040"
_NMTOKEN = re.compile(f"[{_NAME_CHAR}]+")
_NAME = re.compile(f"[{_NAME_START}][{_NAME_CHAR}]*")
_LANGUAGE = re.compile("[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*")


def _text(value: str) -> str:
    return value if value.__class__ is str else str.__str__(value)


def _normalized(value: str) -> str:
    if "\t" in value or "\n" in value or "\r" in value:
        raise ValueError("expected no tab, line feed or carriage return")
    return _text(value)


def _token(value: str) -> str:
    if lexical.collapse_blanks(value) != value:
        raise ValueError("expected single blanks only, none at the ends")
    return _text(value)


def _matching(pattern: re.Pattern[str], expected: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if pattern.fullmatch(text) is None:
            raise ValueError(f"expected {expected}")
        return _text(text)

    return check


def _ncname(text: str) -> str:
    if not is_ncname(text):
        raise ValueError("expected a name without a colon")
    return _text(text)


_language = _matching(_LANGUAGE, "a language tag such as en-GB")
_nmtoken = _matching(_NMTOKEN, "letters, digits and .-_: only")
_name = _matching(_NAME, "an XML name")

# --- integers with a range ----------------------------------------------------------------------------------------


def _between(minimum: int | None, maximum: int | None) -> str:
    if minimum is None:
        return f"a whole number, at most {maximum}"
    if maximum is None:
        return f"a whole number, at least {minimum}"
    return f"a whole number from {minimum} to {maximum}"


def _integer_in(minimum: int | None, maximum: int | None) -> tuple[Parse, Format]:
    expected = _between(minimum, maximum)

    def check(value: int) -> int:
        if (minimum is not None and value < minimum) or (maximum is not None and value > maximum):
            raise ValueError(f"expected {expected}")
        return value

    return (lambda text: check(lexical.parse_integer(text))), (lambda value: int.__repr__(check(value)))


def _decimal(value: Decimal | int) -> str:
    return int.__repr__(value) if isinstance(value, int) else lexical.format_decimal(value)


def _base64(value: bytes | Attachment) -> str:
    return lexical.format_base64(value.read() if isinstance(value, Attachment) else value)


def _float(value: float) -> str:
    return lexical.format_float(_as_float(value))


def _single(value: float) -> str:
    return lexical.format_single(_as_float(value))


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # of an int
        raise ValueError("expected a number that 64 bits can hold") from None


def _unresolved(text: str) -> QName:
    raise ValueError(f"{text} can only be read with the namespaces in scope")


def _clark(value: QName) -> str:
    return value.text


def _items(parse: Parse) -> Parse:
    def items(text: str) -> list[Any]:
        text = lexical.collapse_blanks(text)  # a no-break space separates nothing
        if not text:
            raise ValueError("expected at least one item")
        return [parse(part) for part in text.split(" ")]

    return items


def _joined(format_: Format) -> Format:
    def joined(values: list[Any]) -> str:
        if not values:
            raise ValueError("expected at least one item")
        return " ".join(map(format_, values))

    return joined


# --- the table ----------------------------------------------------------------------------------------------------

_STR, _INT = ("", "str"), ("", "int")
_BUFFERS = (bytes, bytearray, memoryview)
_SPAN = (Duration, timedelta)
_VALUES = "soapkit.databinding.values"


def _string(
    name: str,
    base: str,
    check: Callable[[str], str] = _text,
    white_space: WhiteSpace = "collapse",
    parse: Parse = _text,
) -> Builtin:
    return Builtin(name, _STR, (str,), parse, check, white_space, "text", base=base)


def _whole(name: str, base: str, minimum: int | None, maximum: int | None) -> Builtin:
    parse, format_ = _integer_in(minimum, maximum)
    return Builtin(name, _INT, (int,), parse, format_, "collapse", "number", minimum, maximum, base)


def _moment(name: str, python: tuple[str, str], classes: tuple[type, ...], parse: Parse, format_: Format) -> Builtin:
    return Builtin(name, python, classes, parse, format_, family="moment")


def _list(name: str, item: str, check: Callable[[str], str]) -> Builtin:
    return Builtin(name, ("", "list[str]"), (list, tuple), _items(check), _joined(check), item=item)


_TABLE = (
    _string("anySimpleType", "anyType", white_space="preserve"),
    _string("string", "anySimpleType", white_space="preserve"),
    _string("normalizedString", "string", _normalized, "replace"),
    _string("token", "normalizedString", _token),
    _string("language", "token", _language, parse=_language),
    _string("NMTOKEN", "token", _nmtoken, parse=_nmtoken),
    _string("Name", "token", _name, parse=_name),
    _string("NCName", "Name", _ncname, parse=_ncname),
    _string("ID", "NCName", _ncname, parse=_ncname),
    _string("IDREF", "NCName", _ncname, parse=_ncname),
    _string("ENTITY", "NCName", _ncname, parse=_ncname),
    _string("anyURI", "anySimpleType", _token),
    _list("NMTOKENS", "NMTOKEN", _nmtoken),
    _list("IDREFS", "IDREF", _ncname),
    _list("ENTITIES", "ENTITY", _ncname),
    Builtin(
        "boolean",
        ("", "bool"),
        (bool,),
        lexical.parse_boolean,
        lambda value: "true" if value else "false",
        family="boolean",
    ),
    Builtin("decimal", ("decimal", "Decimal"), (Decimal, int), lexical.parse_decimal, _decimal, family="number"),
    Builtin("float", ("", "float"), (float, int), lexical.parse_single, _single, family="number"),
    Builtin("double", ("", "float"), (float, int), lexical.parse_float, _float, family="number"),
    _whole("integer", "decimal", None, None),
    _whole("nonPositiveInteger", "integer", None, 0),
    _whole("negativeInteger", "nonPositiveInteger", None, -1),
    _whole("nonNegativeInteger", "integer", 0, None),
    _whole("positiveInteger", "nonNegativeInteger", 1, None),
    _whole("long", "integer", -(2**63), 2**63 - 1),
    _whole("int", "long", -(2**31), 2**31 - 1),
    _whole("short", "int", -(2**15), 2**15 - 1),
    _whole("byte", "short", -(2**7), 2**7 - 1),
    _whole("unsignedLong", "nonNegativeInteger", 0, 2**64 - 1),
    _whole("unsignedInt", "unsignedLong", 0, 2**32 - 1),
    _whole("unsignedShort", "unsignedInt", 0, 2**16 - 1),
    _whole("unsignedByte", "unsignedShort", 0, 2**8 - 1),
    Builtin(
        "base64Binary",
        ("", "bytes"),
        (*_BUFFERS, Attachment),
        lexical.parse_base64,
        _base64,
        family="bytes",
    ),
    Builtin(
        "hexBinary",
        ("", "bytes"),
        _BUFFERS,
        lexical.parse_hex,
        lexical.format_hex,
        family="bytes",
    ),
    _moment("duration", (_VALUES, "Duration"), _SPAN, temporal.parse_duration, temporal.format_duration),
    _moment("dateTime", ("datetime", "datetime"), (datetime,), temporal.parse_datetime, temporal.format_datetime),
    _moment("date", ("datetime", "date"), (date,), temporal.parse_date, temporal.format_date),
    _moment("time", ("datetime", "time"), (time,), temporal.parse_time, temporal.format_time),
    _moment("gYear", (_VALUES, "GYear"), (GYear,), temporal.parse_gyear, str),
    _moment("gYearMonth", (_VALUES, "GYearMonth"), (GYearMonth,), temporal.parse_gyearmonth, str),
    _moment("gMonth", (_VALUES, "GMonth"), (GMonth,), temporal.parse_gmonth, str),
    _moment("gMonthDay", (_VALUES, "GMonthDay"), (GMonthDay,), temporal.parse_gmonthday, str),
    _moment("gDay", (_VALUES, "GDay"), (GDay,), temporal.parse_gday, str),
    Builtin("QName", (_VALUES, "QName"), (QName,), _unresolved, _clark, family="name"),
    Builtin("NOTATION", (_VALUES, "QName"), (QName,), _unresolved, _clark, family="name"),
)

BUILTINS: dict[str, Builtin] = {builtin.name: builtin for builtin in _TABLE}
"""Every built-in type, by its local name."""

PYTHON_TYPES: dict[str, tuple[str, str]] = {builtin.name: builtin.python for builtin in _TABLE}
"""Built-in type -> (module, expression) of its Python type; the module is empty for what needs no import.

>>> PYTHON_TYPES["decimal"], PYTHON_TYPES["int"]
(('decimal', 'Decimal'), ('', 'int'))
"""

BUILTIN_OF: dict[type, str] = {
    str: "string",
    bool: "boolean",
    int: "long",
    float: "double",
    Decimal: "decimal",
    bytes: "base64Binary",
    datetime: "dateTime",
    date: "date",
    time: "time",
    Duration: "duration",
    GYear: "gYear",
    GYearMonth: "gYearMonth",
    GMonth: "gMonth",
    GMonthDay: "gMonthDay",
    GDay: "gDay",
    QName: "QName",
}
"""The built-in type that a Python type stands for where nothing else is said.

`int` is xs:long, since other platforms have no better type for xs:integer than a text; say ``xsd("integer")`` for more.
"""


def accepts(builtin: Builtin, value: object) -> bool:
    """Whether `value` has a Python type that `builtin` writes: a `bool` is no number, a `datetime` no `date`."""
    if isinstance(value, bool):
        return builtin.family == "boolean"
    if isinstance(value, datetime):
        return builtin.name == "dateTime"
    return isinstance(value, builtin.classes)
