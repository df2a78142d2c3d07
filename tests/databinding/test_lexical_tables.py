"""Hundreds of texts for each built-in type, held against the expressions and ranges of XML Schema part 2.

They are those of the hand-written table (`test_lexical_spaces`), each damaged in every small way.
"""

from __future__ import annotations

import calendar
import re
import sys
from functools import cache
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from test_lexical_spaces import SPACES, accepts

NAME_START = (
    ":A-Z_a-z\xc0-\xd6\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f\u2c00-\u2fef"
    "\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
NAME_CHAR = NAME_START + "\\-.0-9\xb7\u0300-\u036f\u203f-\u2040"
NCNAME = f"[{NAME_START.replace(':', '')}][{NAME_CHAR.replace(':', '')}]*"

INTEGER = "[+-]?[0-9]+"
FLOAT = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([Ee][+-]?[0-9]+)?|-?INF|NaN"
ZONE = "(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
YEAR = "(?P<year>-?([1-9][0-9]{3,}|0[0-9]{3}))"
MONTH, DAY = "(?P<month>0[1-9]|1[0-2])", "(?P<day>0[1-9]|[12][0-9]|3[01])"
CLOCK = r"(([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?|24:00:00(\.0+)?)"
BASE64 = "[A-Za-z0-9+/]"
RANGES = {
    "integer": (None, None),
    "nonPositiveInteger": (None, 0),
    "negativeInteger": (None, -1),
    "nonNegativeInteger": (0, None),
    "positiveInteger": (1, None),
    "long": (-(2**63), 2**63 - 1),
    "int": (-(2**31), 2**31 - 1),
    "short": (-(2**15), 2**15 - 1),
    "byte": (-128, 127),
    "unsignedLong": (0, 2**64 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedByte": (0, 255),
}
EXPRESSIONS = {
    "boolean": "true|false|1|0",
    "decimal": r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)",
    "double": FLOAT,
    "float": FLOAT,
    "duration": (
        r"-?P(?=.)([0-9]+Y)?([0-9]+M)?([0-9]+D)?(T(?=.)([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]+)?S)?)?"  # 3.2.6.1
    ),
    "dateTime": f"{YEAR}-{MONTH}-{DAY}T{CLOCK}{ZONE}",
    "date": f"{YEAR}-{MONTH}-{DAY}{ZONE}",
    "time": f"{CLOCK}{ZONE}",
    "gYear": f"{YEAR}{ZONE}",
    "gYearMonth": f"{YEAR}-{MONTH}{ZONE}",
    "gMonth": f"--{MONTH}{ZONE}",
    "gMonthDay": f"--{MONTH}-{DAY}{ZONE}",
    "gDay": f"---{DAY}{ZONE}",
    "hexBinary": "([0-9a-fA-F]{2})*",
    "base64Binary": (  # 3.2.16, of a text without blanks
        f"({BASE64}{{4}})*({BASE64}{{2}}[AEIMQUYcgkosw048]=|{BASE64}[AQgw]==)?"
    ),
    "language": "[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*",
    "NMTOKEN": f"[{NAME_CHAR}]+",
    "Name": f"[{NAME_START}][{NAME_CHAR}]*",
    "NCName": NCNAME,
    "ID": NCNAME,
    "IDREF": NCNAME,
    "ENTITY": NCNAME,
    "NMTOKENS": f"[{NAME_CHAR}]+( [{NAME_CHAR}]+)*",
    "IDREFS": f"{NCNAME}( {NCNAME})*",
    "ENTITIES": f"{NCNAME}( {NCNAME})*",
    **dict.fromkeys(RANGES, INTEGER),
}
LIKE = {"ID": "NCName", "IDREF": "NCName", "ENTITY": "NCName", "IDREFS": "NMTOKENS", "ENTITIES": "NMTOKENS"}
LETTERS = "019+-.:TZPEeaF= _\u0663\xe9/,"
MOST = 900


@cache
def texts(name: str) -> tuple[str, ...]:
    """The texts of the table, each with a character dropped, doubled, replaced and put in; the same ones each time."""
    valid, invalid = SPACES[LIKE.get(name, name)]
    found = dict.fromkeys([*valid.split("|"), *invalid.split("|")])
    for text in [one for one in found if len(one) <= 40]:
        for place in range(len(text) + 1):
            before, after = text[:place], text[place:]
            found[before + after[1:]] = None
            found[before + after[:1] + after] = None
            for letter in LETTERS:
                found[before + letter + after] = None
                found[before + letter + after[1:]] = None
    every = list(found)
    return tuple(every[:: max(1, len(every) // MOST)])


def standard(name: str, text: str) -> bool:
    """Whether XML Schema 1.0 part 2 has this text in the lexical space of the type, white space collapsed (4.3.6)."""
    collapsed = re.sub("[ \t\r\n]+", " ", text).strip(" ")
    if name == "base64Binary":
        collapsed = collapsed.replace(" ", "")
    found = re.fullmatch(EXPRESSIONS[name], collapsed)
    if found is None:
        return False
    if name in RANGES:
        least, most = RANGES[name]
        return (least is None or int(collapsed) >= least) and (most is None or int(collapsed) <= most)
    part = found.groupdict()
    if "year" in part and re.fullmatch("-?0+", part["year"]):
        return False  # 3.2.7.1: no year 0
    if "day" in part and "month" in part:
        year = int(part["year"]) if "year" in part else 4
        year += year < 0  # the year before 1 is -1, and a leap year
        return int(part["day"]) <= calendar.monthrange(4 if calendar.isleap(year) else 1, int(part["month"]))[1]
    return True


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_a_type_takes_what_the_standard_has_and_nothing_else(name: str) -> None:
    asked = texts(name)
    valid = [text for text in asked if standard(name, text)]
    assert len(asked) > 300
    assert 0 < len(valid) < len(asked)
    assert [text for text in asked if accepts(name, text) != standard(name, text)] == []
