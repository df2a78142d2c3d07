"""The other ways to write a value: what a pattern may ask for instead of the canonical form."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from soapkit.databinding.builtins import Builtin

_MOST_ZEROS = 20
_MOST_ZEROS_OF_FLOATS = 7
_FRACTION = re.compile(r"(.*:[0-9]{2})(?:\.([0-9]+))?(Z|[+-][0-9]{2}:[0-9]{2})?")


def spellings(builtin: Builtin, canonical: str) -> Iterator[str]:
    """Texts of the same value, most likely first; none for a type that has only one.

    >>> from soapkit.databinding.builtins import BUILTINS
    >>> "009" in spellings(BUILTINS["int"], "9")
    True
    """
    if builtin.family == "boolean":
        yield "1" if canonical == "true" else "0"
    elif builtin.python == ("", "int"):
        yield from _padded(canonical)
    elif builtin.name == "decimal":
        yield from _decimals(canonical)
    elif builtin.python == ("", "float"):
        yield from _floats(canonical)
    elif builtin.name in ("dateTime", "time"):
        yield from _fractions(canonical)


def _padded(text: str) -> Iterator[str]:
    """With zeros in front, then with a plus sign."""
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    for zeros in range(1, _MOST_ZEROS + 1):
        yield f"{sign}{'0' * zeros}{digits}"
    if not sign:
        yield f"+{digits}"


def _decimals(text: str) -> Iterator[str]:
    """With fewer or more zeros at the end, then in front."""
    whole, _, fraction = text.partition(".")
    significant = fraction.rstrip("0")
    yield f"{whole}.{significant}" if significant else whole
    for zeros in range(_MOST_ZEROS + 1):
        if significant or zeros:
            yield f"{whole}.{significant}{'0' * zeros}"
    for padded in _padded(whole):
        for zeros in range(5):
            yield f"{padded}.{significant}{'0' * zeros}" if significant or zeros else padded


def _floats(text: str) -> Iterator[str]:
    """Without the ``.0`` of a whole number, then as decimals are, then with an exponent."""
    if text in ("NaN", "INF", "-INF"):
        return
    if "E" not in text:
        yield text.removesuffix(".0")
        yield from _decimals(text)
    yield from _with_exponent(text)


def _with_exponent(text: str) -> Iterator[str]:
    """With one digit before the point, none, then more; with zeros behind them and before the exponent."""
    sign, number = ("-", text[1:]) if text.startswith("-") else ("", text)
    mantissa, _, exponent = number.partition("E")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    power = len(digits) - len(fraction) + int(exponent or 0)  # of what stands behind all digits
    digits = digits.rstrip("0")
    for front in (1, 0, *range(2, len(digits) + 3)):
        ahead, behind = digits[:front].ljust(front, "0") or "0", digits[front:]
        size = abs(power - front) if digits else 0
        signs = ("-",) if digits and power < front else ("", "+")
        for zeros in range(_MOST_ZEROS_OF_FLOATS):
            point = f".{behind}{'0' * zeros}" if behind or zeros else ""
            for mark, width in itertools.product(signs, (1, 2, 3)):
                yield f"{sign}{ahead}{point}E{mark}{size:0{width}}"
                yield f"{sign}{ahead}{point}e{mark}{size:0{width}}"


def _fractions(text: str) -> Iterator[str]:
    """With zeros at the end of the seconds; UTC as an offset."""
    found = _FRACTION.fullmatch(text)
    if found is None:
        return
    before, fraction, zone = found[1], found[2] or "", found[3] or ""
    for written in (zone, *(("+00:00", "-00:00") if zone == "Z" else ())):
        for digits in range(max(len(fraction), 1), 10):
            yield f"{before}.{fraction.ljust(digits, '0')}{written}"
        yield f"{before}{'.' + fraction if fraction else ''}{written}"
