"""Text <-> number, boolean, bytes, QName, white space.

Law of this file: each parser accepts the lexical space of its type and nothing else. `int`, `Decimal` and `float`
accept more (``1_000``, Arabic digits, ``1E5`` as a decimal, ``infinity``), so each is guarded: a look at the
characters costs a tenth of a regular expression. Parsers take text whose white space has been dealt with, raise
`ValueError` with what was expected.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal

from soapkit.databinding.values import QName
from soapkit.xml.base64 import from_base64, to_base64
from soapkit.xml.names import is_ncname

BLANKS = " \t\n\r"
_TO_BLANK = str.maketrans("\t\n\r", "   ")

BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_FLOATS = {"INF": math.inf, "-INF": -math.inf, "NaN": math.nan}
_MAX_DIGITS = 4300  # what int() itself refuses beyond: reading digits costs their square

# --- white space (XSD part 2, 4.3.6) ------------------------------------------------------------------------------


def replace_blanks(text: str) -> str:
    """Tab, LF and CR as blanks."""
    return text.translate(_TO_BLANK) if "\n" in text or "\t" in text or "\r" in text else text


def collapse_blanks(text: str) -> str:
    """Runs of white space as one blank, none at the ends."""
    text = replace_blanks(text).strip(" ")
    return " ".join(part for part in text.split(" ") if part) if "  " in text else text


# --- numbers ------------------------------------------------------------------------------------------------------


def parse_integer(text: str) -> int:
    """xs:integer: digits, with a sign or not."""
    digits = text[1:] if text[:1] in ("-", "+") else text
    if not (digits.isdigit() and digits.isascii()):
        raise ValueError("expected digits, with a sign or not")
    if len(digits) > _MAX_DIGITS:
        raise ValueError(f"expected at most {_MAX_DIGITS} digits")
    return int(text)


def parse_decimal(text: str) -> Decimal:
    """xs:decimal: digits, with a sign and a decimal point or not; no exponent."""
    if text.strip("0123456789.+-"):
        raise ValueError("expected a decimal number without exponent")
    try:
        return Decimal(text)
    except ArithmeticError:
        raise ValueError("expected a decimal number without exponent") from None


def format_decimal(value: Decimal) -> str:
    """All digits, no exponent."""
    if not value.is_finite():
        raise ValueError("expected a finite number")
    return f"{value:f}" if value else "0" if value.as_tuple().exponent == 0 else f"{abs(value):f}"


def parse_float(text: str) -> float:
    """xs:float and xs:double: a decimal with an exponent or not, INF, -INF, NaN."""
    if text.strip("0123456789.+-eE"):
        try:
            return _FLOATS[text]
        except KeyError:
            raise ValueError("expected a number, INF, -INF or NaN") from None
    try:
        return float(text)
    except ValueError:
        raise ValueError("expected a number, INF, -INF or NaN") from None


BEYOND_SINGLE = float.fromhex("0x1.ffffffp+127")  # half way from the largest number of 32 bits to the next


def parse_single(text: str) -> float:
    """xs:float, which has 32 bits: what they cannot hold is infinite, as it is of `parse_float`. Digits are kept."""
    value = parse_float(text)
    return math.copysign(math.inf, value) if abs(value) >= BEYOND_SINGLE else value


def format_single(value: float) -> str:
    """The pair of `parse_single`. Raises `ValueError` for a number that would be read as infinite."""
    if BEYOND_SINGLE <= abs(value) < math.inf:
        raise ValueError("expected a number that 32 bits can hold (xs:float)")
    return format_float(value)


def format_float(value: float) -> str:
    """The shortest digits that read back as the same value; the exponent as XSD's canonical form has it."""
    if value != value:
        return "NaN"
    if value in (math.inf, -math.inf):
        return "INF" if value > 0 else "-INF"
    text = repr(value)
    if "e" in text:
        mantissa, _, exponent = text.partition("e")
        text = f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(exponent)}"
    return text


def parse_boolean(text: str) -> bool:
    """xs:boolean: true, false, 1, 0."""
    try:
        return BOOLEANS[text]
    except KeyError:
        raise ValueError("expected true, false, 1 or 0") from None


# --- bytes --------------------------------------------------------------------------------------------------------

# The last character before the padding may carry only the bits that are used (XSD part 2, 3.2.16).
_BEFORE_TWO_PADS = frozenset("AQgw")
_BEFORE_ONE_PAD = frozenset("AEIMQUYcgkosw048")
_BASE64 = "expected base64: A-Z a-z 0-9 + / in groups of four, padded with ="


def parse_base64(text: str) -> bytes:
    """xs:base64Binary; blanks between characters are allowed."""
    for blank in BLANKS:  # not all that Python takes for white space
        if blank in text:
            text = text.replace(blank, "")
    if len(text) % 4 or not text.isascii():
        raise ValueError(_BASE64)
    try:
        value = from_base64(text)
    except ValueError:
        raise ValueError(_BASE64) from None
    if text.endswith("=") and (
        text[-3] not in _BEFORE_TWO_PADS if text.endswith("==") else text[-2] not in _BEFORE_ONE_PAD
    ):
        raise ValueError("expected base64 whose last character has no bits to spare")
    return value


def format_base64(value: bytes) -> str:
    """One line of base64."""
    return to_base64(value)


def parse_hex(text: str) -> bytes:
    """xs:hexBinary: pairs of hexadecimal digits."""
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) * 2 != len(text):  # fromhex skips blanks
        raise ValueError("expected pairs of hexadecimal digits")
    return value


def format_hex(value: bytes) -> str:
    """Upper case (XSD part 2, 3.2.15.2)."""
    return value.hex().upper()


# --- names --------------------------------------------------------------------------------------------------------


def parse_qname(text: str, namespaces: Mapping[str | None, str]) -> QName:
    """xs:QName, resolved by the namespaces in scope; without a prefix, by the default namespace (part 2, 3.2.18)."""
    prefix, colon, local = text.rpartition(":")
    if not is_ncname(local) or (colon and not is_ncname(prefix)):
        raise ValueError("expected a name, with a prefix or not")
    if not colon:
        return QName(namespaces.get(None, ""), local)
    if prefix == "xml":
        return QName("http://www.w3.org/XML/1998/namespace", local)
    if prefix not in namespaces:
        raise ValueError(f"the prefix {prefix} is not declared here")
    return QName(namespaces[prefix], local)
