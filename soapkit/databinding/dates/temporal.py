"""Text <-> date, time, dateTime, duration, gYear and its family.

Law of this file: the lexical spaces of XSD 1.0 part 2, 3.2.6 to 3.2.14, exactly. The standard library's
`fromisoformat` accepts more (week dates, ``20261123T150405``, a comma, a blank for the T), so the usual form is probed
by its length and separators before it is used, and everything else goes through a regular expression.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from typing import TypeAlias, TypeVar

from soapkit.databinding.dates.calendar import MAX_OFFSET, days_in_month, format_offset
from soapkit.databinding.dates.days import XmlDate
from soapkit.databinding.dates.moments import XmlDateTime, XmlTime
from soapkit.databinding.values import EXACT, Duration, GDay, GMonth, GMonthDay, GYear, GYearMonth

T = TypeVar("T")
_Numbers: TypeAlias = "tuple[int, int, int, int, int, int]"

_YEAR = r"(-?(?:[1-9][0-9]{3,}|0[0-9]{3}))"
_ZONE = r"(Z|[+-][0-9]{2}:[0-9]{2})?"
_TIME = r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"

_DATETIME = re.compile(rf"{_YEAR}-([0-9]{{2}})-([0-9]{{2}})T{_TIME}{_ZONE}")
_DATE = re.compile(rf"{_YEAR}-([0-9]{{2}})-([0-9]{{2}}){_ZONE}")
_TIME_ONLY = re.compile(_TIME + _ZONE)
_GYEAR = re.compile(_YEAR + _ZONE)
_GYEARMONTH = re.compile(rf"{_YEAR}-([0-9]{{2}}){_ZONE}")
_GMONTH = re.compile(rf"--([0-9]{{2}}){_ZONE}")
_GMONTHDAY = re.compile(rf"--([0-9]{{2}})-([0-9]{{2}}){_ZONE}")
_GDAY = re.compile(rf"---([0-9]{{2}}){_ZONE}")
_DURATION = re.compile(
    r"(-)?P(?=[0-9T])(?:([0-9]+)Y)?(?:([0-9]+)M)?(?:([0-9]+)D)?"
    r"(?:T(?=[0-9])(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+(?:\.[0-9]+)?)S)?)?"
)
UTC = UTC
_MAX_DIGITS = 4000  # of a year or a count: int() reads digits in quadratic time


@lru_cache(maxsize=256)
def _zone_minutes(text: str) -> int:
    """``+02:00`` -> 120."""
    if text == "Z":
        return 0
    hours, minutes = int(text[1:3]), int(text[4:6])
    if minutes > 59 or hours * 60 + minutes > MAX_OFFSET:
        raise ValueError("expected a zone from -14:00 to +14:00")
    return (hours * 60 + minutes) * (-1 if text[0] == "-" else 1)


@lru_cache(maxsize=256)
def _zone(text: str) -> timezone:
    minutes = _zone_minutes(text)
    return timezone(timedelta(minutes=minutes)) if minutes else UTC


def _matched(pattern: re.Pattern[str], text: str, expected: str) -> tuple[str | None, ...]:
    if len(text) > _MAX_DIGITS:
        raise ValueError(f"expected at most {_MAX_DIGITS} characters")
    found = pattern.fullmatch(text)
    if found is None:
        raise ValueError(f"expected {expected}")
    return found.groups()


# --- dateTime -----------------------------------------------------------------------------------------------------


def parse_datetime(text: str) -> datetime:
    """xs:dateTime; an `XmlDateTime` where a plain `datetime` cannot hold it.

    ``24:00:00`` is the first instant of the next day (3.2.7.1).
    """
    # The usual form: 2026-11-23T15:04:05, then nothing, a zone, or a fraction of 3 or 6 digits and a zone or not.
    if text[4:5] == "-" and text[7:8] == "-" and text[10:11] == "T" and text[13:14] == ":" and text[16:17] == ":":
        rest = text[19:]
        if (not rest or rest == "Z" or _usual_tail(rest)) and text[:4] != "0000":
            try:
                return datetime.fromisoformat(text)
            except ValueError:
                pass  # 24:00:00, or one to be told about below
    return _parse_datetime(text)


@lru_cache(maxsize=1024)
def _usual_zone(text: str) -> bool:
    try:
        return re.fullmatch(r"[+-][0-9]{2}:[0-9]{2}", text) is not None and _zone_minutes(text) is not None
    except ValueError:
        return False


def _usual_tail(rest: str) -> bool:
    """Whether `fromisoformat` reads what follows the seconds as XSD does."""
    if rest[0] != ".":
        return _usual_zone(rest)
    digits, zone = (
        (rest[1:-1], "") if rest[-1] == "Z" else (rest[1:-6], rest[-6:]) if rest[-3:-2] == ":" else (rest[1:], "")
    )
    return len(digits) <= 6 and digits.isascii() and digits.isdigit() and (not zone or _usual_zone(zone))


def _parse_datetime(text: str) -> datetime:
    year, month, day, hour, minute, second, fraction, zone = _matched(
        _DATETIME, text, "a date and time such as 2026-11-23T15:04:05, with a fraction and a zone or not"
    )
    numbers = (int(year or 0), int(month or 0), int(day or 0), int(hour or 0), int(minute or 0), int(second or 0))
    digits = (fraction or "").rstrip("0")
    tz = _zone(zone) if zone else None
    if numbers[3] == 24:
        numbers = _next_day(numbers, digits)
    if 1 <= numbers[0] <= 9999 and len(digits) <= 6:
        return datetime(*numbers, int(digits.ljust(6, "0")), tz)
    return XmlDateTime(*numbers, tzinfo=tz, fraction=digits)


def _next_day(numbers: _Numbers, digits: str) -> _Numbers:
    """24:00:00 of a day as 00:00:00 of the next."""
    year, month, day, _hour, minute, second = numbers
    if minute or second or digits:
        raise ValueError("expected no minutes and seconds after 24 hours")
    if not 1 <= month <= 12 or not 1 <= day <= days_in_month(year, month):
        raise ValueError("expected a day of the calendar")
    day += 1
    if day > days_in_month(year, month):
        day, month = 1, month + 1
    if month > 12:
        month, year = 1, year + 1
    return (year or 1, month, day, 0, 0, 0)  # the year before 1 is -1


def format_datetime(value: datetime) -> str:
    """The canonical form, in the value's own zone. Raises `ValueError` for a zone with seconds."""
    if isinstance(value, XmlDateTime):
        return value.isoformat()
    text = value.isoformat()
    if value.tzinfo is None:
        return text.rstrip("0") if value.microsecond else text
    text = text[:26].rstrip("0") if value.microsecond else text[:19]
    return text + ("Z" if value.tzinfo is UTC else format_offset(value.utcoffset()))


# --- date ---------------------------------------------------------------------------------------------------------


def parse_date(text: str) -> date:
    """xs:date; an `XmlDate` where a plain `date` cannot hold it: a zone, a far year."""
    if len(text) == 10 and text[4] == "-" and text[7] == "-" and text[:4] != "0000":
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass  # told below
    year, month, day, zone = _matched(_DATE, text, "a date such as 2026-11-23, with a zone or not")
    numbers = (int(year or 0), int(month or 0), int(day or 0))
    if zone is None and 1 <= numbers[0] <= 9999:
        return date(*numbers)
    return XmlDate(*numbers, _zone(zone) if zone else None)


def format_date(value: date) -> str:
    """The canonical form."""
    return value.isoformat()


# --- time ---------------------------------------------------------------------------------------------------------


def parse_time(text: str) -> time:
    """xs:time; an `XmlTime` where a plain `time` cannot hold it. ``24:00:00`` is midnight."""
    hour, minute, second, fraction, zone = _matched(
        _TIME_ONLY, text, "a time such as 15:04:05, with a fraction and a zone or not"
    )
    hours, minutes, seconds = int(hour or 0), int(minute or 0), int(second or 0)
    digits = (fraction or "").rstrip("0")
    tz = _zone(zone) if zone else None
    if hours == 24:
        if minutes or seconds or digits:
            raise ValueError("expected no minutes and seconds after 24 hours")
        hours = 0
    if len(digits) > 6:
        return XmlTime(hours, minutes, seconds, tzinfo=tz, fraction=digits)
    return time(hours, minutes, seconds, int(digits.ljust(6, "0") or 0), tz)


def format_time(value: time) -> str:
    """The canonical form, in the value's own zone."""
    if isinstance(value, XmlTime):
        return value.isoformat()
    offset = value.utcoffset()
    if value.tzinfo is not None and offset is None:
        raise ValueError(f"the offset of {value.tzinfo} depends on the day; expected a fixed one")
    text = time.isoformat(value.replace(tzinfo=None))
    return (text.rstrip("0") if value.microsecond else text) + format_offset(offset)


# --- gYear and its family -----------------------------------------------------------------------------------------


def _partial(pattern: re.Pattern[str], make: Callable[..., T], expected: str) -> Callable[[str], T]:
    """A parser of numbers and a zone."""

    def parse(text: str) -> T:
        *numbers, zone = _matched(pattern, text, expected + ", with a zone or not")
        return make(*(int(number or 0) for number in numbers), _zone_minutes(zone) if zone else None)

    return parse


parse_gyear = _partial(_GYEAR, GYear, "a year such as 2026")
parse_gyearmonth = _partial(_GYEARMONTH, GYearMonth, "a month such as 2026-11")
parse_gmonth = _partial(_GMONTH, GMonth, "a month such as --11")
parse_gmonthday = _partial(_GMONTHDAY, GMonthDay, "a day such as --11-23")
parse_gday = _partial(_GDAY, GDay, "a day such as ---23")


# --- duration -----------------------------------------------------------------------------------------------------


def parse_duration(text: str) -> Duration:
    """xs:duration."""
    sign, *counts, seconds = _matched(_DURATION, text, "a duration such as P1Y2M3DT4H5M6.5S")
    years, months, days, hours, minutes = (int(count or 0) for count in counts)
    whole = ((days * 24 + hours) * 60 + minutes) * 60
    total = EXACT.add(Decimal(whole), Decimal(seconds or 0))
    value = Duration(years * 12 + months, total)
    return -value if sign else value


def format_duration(value: Duration | timedelta) -> str:
    """The canonical form. A `timedelta` is taken for the duration of its length."""
    return str(Duration.from_timedelta(value) if isinstance(value, timedelta) else value)
