"""The proleptic Gregorian calendar of any year, and how XSD writes years, zones and fractions."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import NoReturn

DAY = 86_400
MAX_OFFSET = 14 * 60  # XSD part 2, 3.2.7.3: zones reach from -14:00 to +14:00


def days_in_month(year: int, month: int) -> int:
    """Days of a month of the proleptic Gregorian calendar. A year before 1 is counted as XSD 1.0 does: -1 is 1 BC."""
    if month == 2:
        astronomical = year if year > 0 else year + 1
        leap = astronomical % 4 == 0 and (astronomical % 100 != 0 or astronomical % 400 == 0)
        return 29 if leap else 28
    return 30 if month in (4, 6, 9, 11) else 31


def day_number(year: int, month: int, day: int) -> int:
    """Days since 0001-01-01, which is day 1, as `date.toordinal` counts them; for any year."""
    astronomical = year if year > 0 else year + 1
    cycles, within = divmod(astronomical - 1, 400)
    return date(within + 1, month, 1).toordinal() + day - 1 + cycles * 146_097


def format_year(year: int) -> str:
    """At least four digits (XSD part 2, 3.2.7)."""
    return f"{year:04d}" if year >= 0 else f"-{-year:04d}"


def format_offset(offset: timedelta | None) -> str:
    """``Z``, ``+02:00``, or nothing. Raises `ValueError` for an offset that XSD cannot write."""
    if offset is None:
        return ""
    minutes, rest = divmod(offset, timedelta(minutes=1))
    if rest or abs(minutes) > MAX_OFFSET:
        raise ValueError(f"a zone of {offset} cannot be written: expected whole minutes, at most 14:00 from UTC")
    if minutes == 0:
        return "Z"
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def checked_fraction(fraction: str | None, microsecond: int) -> str:
    if fraction is None:
        return f"{microsecond:06d}".rstrip("0") if microsecond else ""
    if not (fraction == "" or (fraction.isascii() and fraction.isdigit())):
        raise ValueError(f"a fraction of a second is written in digits, not as {fraction!r}")
    return fraction.rstrip("0")


def check_date(year: int, month: int, day: int) -> None:
    if year == 0:
        raise ValueError("there is no year 0 in XSD 1.0")
    if not 1 <= month <= 12:
        raise ValueError(f"month {month} is not in 1 to 12")
    if not 1 <= day <= days_in_month(year, month):
        raise ValueError(f"day {day} is not in 1 to {days_in_month(year, month)}")


def fraction_of(digits: str) -> Fraction:
    return Fraction(int(digits), 10 ** len(digits)) if digits else Fraction(0)


def micros_of(fraction: str) -> int:
    return int(fraction[:6].ljust(6, "0"))


def too_far(value: object) -> NoReturn:
    raise OverflowError(f"{value} is beyond what the standard library can reckon with (years 1 to 9999)")
