"""Dates and times beyond the standard library: more digits, other years.

Law of this file: each class *is* the class of the standard library that it extends, with the value nearest to its own
that this one can hold; its own value, by which it compares, hashes and prints, is exact. So a field declared as
`datetime` holds a `datetime`, whatever arrives, and nothing of what arrived is lost.

    XmlDateTime(2026, 11, 23, 15, 4, 5, fraction="1234567")     2026-11-23T15:04:05.1234567
    XmlDateTime(12026, 1, 1)                                    12026-01-01T00:00:00
    XmlTime(15, 4, 5, fraction="1234567")                       15:04:05.1234567

The parsers of `soapkit.databinding.dates.temporal` make them only for what the standard library cannot hold.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo
from fractions import Fraction
from typing import Any, Self, SupportsIndex, TypeAlias

from soapkit.databinding.dates.calendar import (
    DAY,
    check_date,
    checked_fraction,
    day_number,
    format_offset,
    format_year,
    fraction_of,
    micros_of,
    too_far,
)

_Parts: TypeAlias = "tuple[int, int, int, int, int, int, str]"  # year, month, day, hour, minute, second, fraction


def instant(value: datetime) -> Fraction | int:
    """Exact seconds since 0001-01-01T00:00:00, in UTC if the value has a zone."""
    days = day_number(value.year, value.month, value.day)
    seconds: Fraction | int = days * DAY + value.hour * 3600 + value.minute * 60 + value.second
    if isinstance(value, XmlDateTime):
        seconds += fraction_of(value.fraction)
    else:
        seconds += Fraction(value.microsecond, 1_000_000)
    offset = value.utcoffset()
    return seconds if offset is None else seconds - Fraction(offset // timedelta(microseconds=1), 1_000_000)


Time: TypeAlias = time  # XmlDateTime has a method of that name


class XmlDateTime(datetime):
    """A `datetime` with any number of fractional digits, of any year.

    `fraction` is the digits after the decimal point (``"1234567"``). Adding a `timedelta` keeps them; the difference
    of two is a `timedelta`, cut to microseconds. What is beyond the standard library raises `OverflowError` where it
    would be reckoned with.
    """

    __slots__ = ("_parts",)
    _parts: _Parts

    def __new__(
        cls,
        year: int,
        month: int,
        day: int,
        hour: int = 0,
        minute: int = 0,
        second: int = 0,
        microsecond: int = 0,
        tzinfo: tzinfo | None = None,
        *,
        fold: int = 0,
        fraction: str | None = None,
    ) -> Self:
        check_date(year, month, day)
        digits = checked_fraction(fraction, microsecond)
        if 1 <= year <= 9999:
            self = super().__new__(cls, year, month, day, hour, minute, second, micros_of(digits), tzinfo, fold=fold)
        else:
            time(hour, minute, second)  # raises for what is no time of day
            edge = datetime.max if year > 0 else datetime.min
            self = super().__new__(
                cls,
                edge.year,
                edge.month,
                edge.day,
                edge.hour,
                edge.minute,
                edge.second,
                edge.microsecond,
                tzinfo,
                fold=fold,
            )
        self._parts = (year, month, day, hour, minute, second, digits)
        return self

    @property
    def year(self) -> int:
        return self._parts[0]

    @property
    def month(self) -> int:
        return self._parts[1]

    @property
    def day(self) -> int:
        return self._parts[2]

    @property
    def hour(self) -> int:
        return self._parts[3]

    @property
    def minute(self) -> int:
        return self._parts[4]

    @property
    def second(self) -> int:
        return self._parts[5]

    @property
    def microsecond(self) -> int:
        return micros_of(self._parts[6])

    @property
    def fraction(self) -> str:
        """The digits after the decimal point, without zeros at the end."""
        return self._parts[6]

    @property
    def far(self) -> bool:
        """Whether the year is beyond the standard library's 1 to 9999."""
        return not 1 <= self._parts[0] <= 9999

    def to_datetime(self) -> datetime:
        """The same value as a plain `datetime`. Raises `OverflowError` where it would lose something."""
        if self.far or len(self.fraction) > 6:
            raise OverflowError(f"{self} does not fit a datetime (years 1 to 9999, 6 fractional digits)")
        return self._near()

    def _near(self) -> datetime:
        if self.far:
            too_far(self)
        year, month, day, hour, minute, second, fraction = self._parts
        return datetime(year, month, day, hour, minute, second, micros_of(fraction), self.tzinfo, fold=self.fold)

    def _again(self, near: datetime) -> XmlDateTime:
        """`near`, with the digits that a plain `datetime` cannot hold."""
        parts = (near.year, near.month, near.day, near.hour, near.minute, near.second)
        digits = f"{near.microsecond:06d}" + self.fraction[6:]
        return XmlDateTime(*parts, tzinfo=near.tzinfo, fold=near.fold, fraction=digits)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, datetime):
            return NotImplemented
        if (self.utcoffset() is None) != (other.utcoffset() is None):
            return False
        return instant(self) == instant(other)

    def __ne__(self, other: object) -> bool:
        # said anew: C's own comparison of the base class would answer, and knows nothing of what is kept here
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    def __hash__(self) -> int:
        return hash(instant(self)) if self.far or len(self.fraction) > 6 else hash(self._near())

    def _difference(self, other: date) -> Fraction | int:
        if not isinstance(other, datetime):
            raise TypeError(f"can't compare XmlDateTime to {type(other).__name__}")
        if (self.utcoffset() is None) != (other.utcoffset() is None):
            raise TypeError("can't compare offset-naive and offset-aware datetimes")
        return instant(self) - instant(other)

    def __lt__(self, other: date) -> bool:
        return self._difference(other) < 0

    def __le__(self, other: date) -> bool:
        return self._difference(other) <= 0

    def __gt__(self, other: date) -> bool:
        return self._difference(other) > 0

    def __ge__(self, other: date) -> bool:
        return self._difference(other) >= 0

    def __add__(self, delta: timedelta) -> XmlDateTime:
        return self._again(self._near() + delta) if isinstance(delta, timedelta) else NotImplemented

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:  # overloaded in the base: a datetime or a timedelta
        if isinstance(other, timedelta):
            return self + (-other)
        if isinstance(other, datetime):
            return timedelta(microseconds=int(self._difference(other) * 1_000_000))
        return NotImplemented

    def __rsub__(self, other: Any) -> Any:  # as __sub__
        return -(self - other) if isinstance(other, datetime) else NotImplemented

    def replace(  # type: ignore[override]  # one keyword more than the base, and no positional ones
        self, *, fraction: str | None = None, microsecond: int | None = None, **parts: Any
    ) -> XmlDateTime:
        """As `datetime.replace`, by keyword; `fraction` too."""
        names = ("year", "month", "day", "hour", "minute", "second")
        given = dict(zip(names, self._parts, strict=False)) | {"tzinfo": self.tzinfo, "fold": self.fold} | parts
        if fraction is None:
            fraction = self.fraction if microsecond is None else f"{microsecond:06d}"
        return XmlDateTime(**given, fraction=fraction)  # type: ignore[arg-type]  # the names above

    def astimezone(self, tz: tzinfo | None = None) -> XmlDateTime:
        return self._again(self._near().astimezone(tz))

    def isoformat(self, sep: str = "T", timespec: str = "auto") -> str:
        """The exact lexical form; `timespec` as in `datetime.isoformat` where it is not ``auto``."""
        if timespec != "auto":
            return self._near().isoformat(sep, timespec)
        year, month, day, hour, minute, second, fraction = self._parts
        return (
            f"{format_year(year)}-{month:02d}-{day:02d}{sep}{hour:02d}:{minute:02d}:{second:02d}"
            f"{'.' + fraction if fraction else ''}{format_offset(self.utcoffset())}"
        )

    def __str__(self) -> str:
        return self.isoformat()

    def __repr__(self) -> str:
        year, month, day, hour, minute, second, fraction = self._parts
        tail = f", tzinfo={self.tzinfo!r}" if self.tzinfo else ""
        return f"XmlDateTime({year}, {month}, {day}, {hour}, {minute}, {second}, fraction={fraction!r}{tail})"

    def __format__(self, spec: str) -> str:
        return self.strftime(spec) if spec else str(self)

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        return _remake_datetime, (self._parts, self.tzinfo, self.fold)

    def date(self) -> date:
        return self._near().date()

    def time(self) -> Time:
        return _time_of(self._parts, None, self.fold)

    def timetz(self) -> Time:
        return _time_of(self._parts, self.tzinfo, self.fold)

    def timestamp(self) -> float:
        return self._near().timestamp()

    def timetuple(self) -> Any:
        return self._near().timetuple()

    def utctimetuple(self) -> Any:
        return self._near().utctimetuple()

    def toordinal(self) -> int:
        return self._near().toordinal()

    def strftime(self, format: str) -> str:  # noqa: A002  the base's word
        return self._near().strftime(format)

    def weekday(self) -> int:
        return (day_number(*self._parts[:3]) + 6) % 7

    def isoweekday(self) -> int:
        return self.weekday() + 1

    def isocalendar(self) -> Any:
        return self._near().isocalendar()

    def ctime(self) -> str:
        return self._near().ctime()


def _remake_datetime(parts: _Parts, zone: tzinfo | None, fold: int) -> XmlDateTime:
    return XmlDateTime(*parts[:6], tzinfo=zone, fold=fold, fraction=parts[6])


def _time_of(parts: _Parts, zone: tzinfo | None, fold: int) -> time:
    hour, minute, second, fraction = parts[3:]
    if len(fraction) > 6:
        return XmlTime(hour, minute, second, tzinfo=zone, fold=fold, fraction=fraction)
    return time(hour, minute, second, micros_of(fraction), zone, fold=fold)


class XmlTime(time):
    """A `time` with any number of fractional digits."""

    __slots__ = ("_fraction",)
    _fraction: str

    def __new__(
        cls,
        hour: int = 0,
        minute: int = 0,
        second: int = 0,
        microsecond: int = 0,
        tzinfo: tzinfo | None = None,
        *,
        fold: int = 0,
        fraction: str | None = None,
    ) -> Self:
        digits = checked_fraction(fraction, microsecond)
        self = super().__new__(cls, hour, minute, second, micros_of(digits), tzinfo, fold=fold)
        self._fraction = digits
        return self

    @property
    def fraction(self) -> str:
        """The digits after the decimal point, without zeros at the end."""
        return self._fraction

    def to_time(self) -> time:
        """The same value as a plain `time`. Raises `OverflowError` where it would lose something."""
        if len(self._fraction) > 6:
            raise OverflowError(f"{self} does not fit a time (6 fractional digits)")
        return time(self.hour, self.minute, self.second, self.microsecond, self.tzinfo, fold=self.fold)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, time):
            return NotImplemented
        if (self.utcoffset() is None) != (other.utcoffset() is None):
            return False
        return _seconds(self) == _seconds(other)

    def __ne__(self, other: object) -> bool:
        # said anew: C's own comparison of the base class would answer, and knows nothing of what is kept here
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    def __hash__(self) -> int:
        return hash(_seconds(self)) if len(self._fraction) > 6 else hash(self.to_time())

    def _difference(self, other: time) -> Fraction:
        if (self.utcoffset() is None) != (other.utcoffset() is None):
            raise TypeError("can't compare offset-naive and offset-aware times")
        return _seconds(self) - _seconds(other)

    def __lt__(self, other: time) -> bool:
        return self._difference(other) < 0

    def __le__(self, other: time) -> bool:
        return self._difference(other) <= 0

    def __gt__(self, other: time) -> bool:
        return self._difference(other) > 0

    def __ge__(self, other: time) -> bool:
        return self._difference(other) >= 0

    def replace(self, *, fraction: str | None = None, **parts: Any) -> XmlTime:  # type: ignore[override]  # by keyword
        """As `time.replace`, by keyword; `fraction` too."""
        given = {
            "hour": self.hour,
            "minute": self.minute,
            "second": self.second,
            "tzinfo": self.tzinfo,
            "fold": self.fold,
        } | parts
        if fraction is None and "microsecond" not in parts:
            fraction = self._fraction
        return XmlTime(**given, fraction=fraction)

    def isoformat(self, timespec: str = "auto") -> str:
        """The exact lexical form; `timespec` as in `time.isoformat` where it is not ``auto``."""
        if timespec != "auto":
            return super().isoformat(timespec)
        return (
            f"{self.hour:02d}:{self.minute:02d}:{self.second:02d}{'.' + self._fraction if self._fraction else ''}"
            f"{format_offset(self.utcoffset())}"
        )

    def __str__(self) -> str:
        return self.isoformat()

    def __repr__(self) -> str:
        tail = f", tzinfo={self.tzinfo!r}" if self.tzinfo else ""
        return f"XmlTime({self.hour}, {self.minute}, {self.second}, fraction={self._fraction!r}{tail})"

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        return _remake_time, (self.hour, self.minute, self.second, self._fraction, self.tzinfo, self.fold)


def _seconds(value: time) -> Fraction:
    """Exact seconds since midnight, in UTC if the value has a zone."""
    fraction = fraction_of(value.fraction) if isinstance(value, XmlTime) else Fraction(value.microsecond, 1_000_000)
    offset = value.utcoffset()
    seconds = value.hour * 3600 + value.minute * 60 + value.second + fraction
    return seconds if offset is None else seconds - int(offset.total_seconds())


def _remake_time(hour: int, minute: int, second: int, fraction: str, zone: tzinfo | None, fold: int) -> XmlTime:
    return XmlTime(hour, minute, second, tzinfo=zone, fold=fold, fraction=fraction)
