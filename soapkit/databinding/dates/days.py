"""A date beyond the standard library: with a zone, of any year.

As in `soapkit.databinding.dates.moments`, the class *is* a `date`, the nearest there is, and its own value is exact.

    XmlDate(2026, 11, 23, tzinfo=timezone.utc)                  2026-11-23Z
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Self, SupportsIndex

from soapkit.databinding.dates.calendar import (
    DAY,
    check_date,
    day_number,
    format_offset,
    format_year,
    too_far,
)


class XmlDate(date):
    """A `date` with a zone, of any year.

    A date with a zone is the day that begins at midnight there; two are equal if they begin at one instant (XSD part
    2, 3.2.9). It never equals a date without a zone.
    """

    __slots__ = ("_parts", "_zone")
    _parts: tuple[int, int, int]
    _zone: tzinfo | None

    def __new__(cls, year: int, month: int, day: int, tzinfo: tzinfo | None = None) -> Self:
        check_date(year, month, day)
        if 1 <= year <= 9999:
            self = super().__new__(cls, year, month, day)
        else:
            edge = date.max if year > 0 else date.min
            self = super().__new__(cls, edge.year, edge.month, edge.day)
        self._parts = (year, month, day)
        self._zone = tzinfo
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
    def tzinfo(self) -> tzinfo | None:
        """The zone; None where the date has none."""
        return self._zone

    @property
    def far(self) -> bool:
        """Whether the year is beyond the standard library's 1 to 9999."""
        return not 1 <= self._parts[0] <= 9999

    def utcoffset(self) -> timedelta | None:
        """How far the zone is from UTC."""
        return None if self._zone is None else self._zone.utcoffset(None if self.far else self.to_datetime())

    def to_date(self) -> date:
        """The same value as a plain `date`. Raises `OverflowError` where it would lose something."""
        if self.far or self._zone is not None:
            raise OverflowError(f"{self} does not fit a date (years 1 to 9999, no zone)")
        return date(*self._parts)

    def to_datetime(self) -> datetime:
        """Midnight, when the day begins, in its zone. Raises `OverflowError` for a year beyond 1 to 9999."""
        if self.far:
            too_far(self)
        return datetime(*self._parts, tzinfo=self._zone)

    def _near(self) -> date:
        if self.far:
            too_far(self)
        return date(*self._parts)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, date) or isinstance(other, datetime):
            return NotImplemented
        return _begin(self) == _begin(other)

    def __ne__(self, other: object) -> bool:
        # said anew: C's own comparison of the base class would answer, and knows nothing of what is kept here
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    def __hash__(self) -> int:
        return hash(_begin(self)) if self.far or self._zone is not None else hash(self.to_date())

    def _difference(self, other: date) -> int:
        mine, theirs = _begin(self), _begin(other)
        if mine[0] != theirs[0]:
            raise TypeError("can't compare dates with and without a zone")
        return mine[1] - theirs[1]

    def __lt__(self, other: date) -> bool:
        return self._difference(other) < 0

    def __le__(self, other: date) -> bool:
        return self._difference(other) <= 0

    def __gt__(self, other: date) -> bool:
        return self._difference(other) > 0

    def __ge__(self, other: date) -> bool:
        return self._difference(other) >= 0

    def __add__(self, delta: timedelta) -> XmlDate:
        if not isinstance(delta, timedelta):
            return NotImplemented
        moved = self._near() + delta
        return XmlDate(moved.year, moved.month, moved.day, self._zone)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:  # overloaded in the base: a date or a timedelta
        if isinstance(other, timedelta):
            return self + (-other)
        return timedelta(seconds=self._difference(other)) if isinstance(other, date) else NotImplemented

    def __rsub__(self, other: Any) -> Any:  # as __sub__
        return -(self - other) if isinstance(other, date) else NotImplemented

    def replace(self, **parts: Any) -> XmlDate:  # type: ignore[override]  # by keyword, tzinfo too
        """As `date.replace`, by keyword; `tzinfo` too."""
        given = dict(zip(("year", "month", "day"), self._parts, strict=True)) | {"tzinfo": self._zone} | parts
        return XmlDate(**given)

    def isoformat(self) -> str:
        year, month, day = self._parts
        return f"{format_year(year)}-{month:02d}-{day:02d}{format_offset(self.utcoffset())}"

    def __str__(self) -> str:
        return self.isoformat()

    def __repr__(self) -> str:
        tail = f", {self._zone!r}" if self._zone else ""
        return "XmlDate({}, {}, {}{})".format(*self._parts, tail)

    def __format__(self, spec: str) -> str:
        return self.strftime(spec) if spec else str(self)

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        return XmlDate, (*self._parts, self._zone)

    def toordinal(self) -> int:
        return self._near().toordinal()

    def timetuple(self) -> Any:
        return self._near().timetuple()

    def strftime(self, format: str) -> str:  # noqa: A002  the base's word
        return self._near().strftime(format)

    def weekday(self) -> int:
        return (day_number(*self._parts) + 6) % 7

    def isoweekday(self) -> int:
        return self.weekday() + 1

    def isocalendar(self) -> Any:
        return self._near().isocalendar()

    def ctime(self) -> str:
        return self._near().ctime()


def _begin(value: date) -> tuple[bool, int]:
    """Whether a date has a zone, and the second at which it begins."""
    offset = value.utcoffset() if isinstance(value, XmlDate) else None
    seconds = day_number(value.year, value.month, value.day) * DAY
    return (offset is not None, seconds if offset is None else seconds - int(offset.total_seconds()))
