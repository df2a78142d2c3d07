"""What XSD has and Python lacks: QName, Duration, GYear and its family, Raw; and the exact dates and times.

All are frozen, hashable, and print as they are written in XML.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Context, Decimal
from typing import Any

from lxml import etree
from lxml.etree import _Element

from soapkit.databinding.dates.calendar import MAX_OFFSET, days_in_month, format_offset, format_year
from soapkit.databinding.dates.days import XmlDate
from soapkit.databinding.dates.moments import XmlDateTime, XmlTime
from soapkit.errors import UsageError
from soapkit.xml.names import clark, is_ncname, split
from soapkit.xml.parse import parse_message
from soapkit.xml.walk import tag_of

__all__ = [
    "Duration",
    "GDay",
    "GMonth",
    "GMonthDay",
    "GYear",
    "GYearMonth",
    "QName",
    "Raw",
    "XmlDate",
    "XmlDateTime",
    "XmlTime",
]

EXACT = Context(prec=100_000)  # arithmetic on seconds never rounds


@dataclass(frozen=True, slots=True)
class QName:
    """A value of xs:QName or xs:NOTATION: a name with its namespace, whatever the prefix was.

    >>> QName("urn:x", "red").text
    '{urn:x}red'
    """

    namespace: str
    localname: str

    def __post_init__(self) -> None:
        if not is_ncname(self.localname):
            raise ValueError(f"{self.localname!r} is not a name")

    @classmethod
    def of(cls, text: str) -> QName:
        """From a Clark name."""
        return cls(*split(text))

    @property
    def text(self) -> str:
        """The Clark name: ``{namespace}localname``."""
        return clark(self.namespace, self.localname)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, order=False)
class Duration:
    """A value of xs:duration: months and exact seconds, which nothing converts into each other.

    Both have one sign. Two durations compare only where the months are equal or the seconds are. Seconds may be given
    as an int; a float is a `TypeError`, since it is not the number that was meant.

    >>> str(Duration(months=14, seconds=Decimal("93.5")))
    'P1Y2MT1M33.5S'
    """

    months: int = 0
    seconds: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        given: object = self.seconds
        if isinstance(given, int):
            object.__setattr__(self, "seconds", Decimal(given))
        elif not isinstance(given, Decimal):
            raise TypeError(f"the seconds of a duration are a Decimal or an int, not {type(given).__name__}")
        if not self.seconds.is_finite():
            raise ValueError("the seconds of a duration are a finite number")
        if (self.months < 0 < self.seconds) or (self.seconds < 0 < self.months):
            raise ValueError("a duration has one sign: months and seconds both forward or both back")

    @classmethod
    def from_timedelta(cls, delta: timedelta) -> Duration:
        """Days, seconds and microseconds, exactly."""
        return cls(0, Decimal(delta // timedelta(microseconds=1)).scaleb(-6, EXACT).normalize(EXACT))

    def to_timedelta(self) -> timedelta:
        """The same length. Raises `OverflowError` where it would lose something: months, or less than microseconds."""
        micros = self.seconds.scaleb(6, EXACT)
        if self.months or micros != micros.to_integral_value():
            raise OverflowError(f"{self} does not fit a timedelta (no months, 6 fractional digits)")
        return timedelta(microseconds=int(micros))

    def __str__(self) -> str:
        sign = "-" if self.months < 0 or self.seconds < 0 else ""
        years, months = divmod(abs(self.months), 12)
        whole, fraction = EXACT.divmod(EXACT.abs(self.seconds), 1)
        minutes, seconds = divmod(int(whole), 60)
        hours, minutes = divmod(minutes, 60)
        days, hours = divmod(hours, 24)
        digits = f"{fraction:f}"[1:].rstrip("0").rstrip(".") if fraction else ""
        dates = "".join(f"{count}{unit}" for count, unit in ((years, "Y"), (months, "M"), (days, "D")) if count)
        times = "".join(f"{count}{unit}" for count, unit in ((hours, "H"), (minutes, "M")) if count)
        if seconds or digits:
            times += f"{seconds}{digits}S"
        if not dates and not times:
            return "PT0S"
        return f"{sign}P{dates}{'T' + times if times else ''}"

    def __neg__(self) -> Duration:
        return Duration(-self.months, EXACT.minus(self.seconds))


def _check_offset(offset: int | None) -> None:
    if offset is not None and abs(offset) > MAX_OFFSET:
        raise ValueError(f"a zone {offset} minutes from UTC: at most 14 hours are allowed")


def _zone(offset: int | None) -> str:
    return format_offset(None if offset is None else timedelta(minutes=offset))


def _check_year(year: int) -> None:
    if year == 0:
        raise ValueError("there is no year 0 in XSD 1.0")


def _check_month(month: int) -> None:
    if not 1 <= month <= 12:
        raise ValueError(f"month {month} is not in 1 to 12")


def _check_day(day: int, last: int) -> None:
    if not 1 <= day <= last:
        raise ValueError(f"day {day} is not in 1 to {last}")


@dataclass(frozen=True, slots=True)
class GYear:
    """A year (xs:gYear). `offset`: of its zone, in minutes east of UTC, None without one."""

    year: int
    offset: int | None = None

    def __post_init__(self) -> None:
        _check_year(self.year)
        _check_offset(self.offset)

    def __str__(self) -> str:
        return format_year(self.year) + _zone(self.offset)


@dataclass(frozen=True, slots=True)
class GYearMonth:
    """A month of a year (xs:gYearMonth). `offset` as in `GYear`."""

    year: int
    month: int
    offset: int | None = None

    def __post_init__(self) -> None:
        _check_year(self.year)
        _check_month(self.month)
        _check_offset(self.offset)

    def __str__(self) -> str:
        return f"{format_year(self.year)}-{self.month:02d}{_zone(self.offset)}"


@dataclass(frozen=True, slots=True)
class GMonth:
    """A month of every year (xs:gMonth). `offset` as in `GYear`."""

    month: int
    offset: int | None = None

    def __post_init__(self) -> None:
        _check_month(self.month)
        _check_offset(self.offset)

    def __str__(self) -> str:
        return f"--{self.month:02d}{_zone(self.offset)}"


@dataclass(frozen=True, slots=True)
class GMonthDay:
    """A day of every year (xs:gMonthDay). `offset` as in `GYear`."""

    month: int
    day: int
    offset: int | None = None

    def __post_init__(self) -> None:
        _check_month(self.month)
        _check_day(self.day, days_in_month(4, self.month))
        _check_offset(self.offset)

    def __str__(self) -> str:
        return f"--{self.month:02d}-{self.day:02d}{_zone(self.offset)}"


@dataclass(frozen=True, slots=True)
class GDay:
    """A day of every month (xs:gDay). `offset` as in `GYear`."""

    day: int
    offset: int | None = None

    def __post_init__(self) -> None:
        _check_day(self.day, 31)
        _check_offset(self.offset)

    def __str__(self) -> str:
        return f"---{self.day:02d}{_zone(self.offset)}"


class Raw:
    """An XML element of no known type, kept whole, with the namespaces in scope.

    Made from an lxml element, bytes or text. Two are equal if their canonical forms are (exclusive XML
    canonicalisation). Raises `XmlError` for what is not one element.

    >>> Raw("<a xmlns='urn:x'>1</a>").tag
    '{urn:x}a'
    """

    __slots__ = ("_canonical", "_element", "xml")
    xml: bytes
    _element: _Element | None
    _canonical: bytes | None

    def __init__(self, xml: _Element | bytes | str) -> None:
        if isinstance(xml, _Element):
            data = etree.tostring(xml, encoding="UTF-8", xml_declaration=False, with_tail=False)
            element = None
        elif isinstance(xml, (bytes, str)):
            element = parse_message(xml if isinstance(xml, bytes) else xml.encode(), source="raw XML")
            data = etree.tostring(element, encoding="UTF-8", xml_declaration=False, with_tail=False)
        else:
            raise UsageError(f"Raw is made from an lxml element, bytes or str, not from {type(xml).__name__}")
        object.__setattr__(self, "xml", data)
        object.__setattr__(self, "_element", element)
        object.__setattr__(self, "_canonical", None)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Raw is frozen; {name} cannot be set")

    @property
    def element(self) -> _Element:
        """The element, as the root of a tree of its own. It is shared: do not change it."""
        if self._element is None:
            object.__setattr__(self, "_element", parse_message(self.xml, source="raw XML"))
        assert self._element is not None
        return self._element

    def named(self, tag: str) -> Raw:
        """The same under another name: what stands in an element, and with it, without its name."""
        if self.tag == tag:
            return self
        renamed = copy.deepcopy(self.element)
        renamed.tag = tag
        return Raw(renamed)

    @property
    def tag(self) -> str:
        """The Clark name of the element."""
        return tag_of(self.element)

    @property
    def canonical(self) -> bytes:
        """The exclusive canonical form, by which it compares."""
        if self._canonical is None:
            object.__setattr__(self, "_canonical", etree.tostring(self.element, method="c14n", exclusive=True))
        assert self._canonical is not None
        return self._canonical

    def __iter__(self) -> Iterator[_Element]:
        return iter(self.element)

    def __eq__(self, other: object) -> bool:
        return self.canonical == other.canonical if isinstance(other, Raw) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.canonical)

    def __str__(self) -> str:
        return self.xml.decode()

    def __repr__(self) -> str:
        text = str(self)
        return f"Raw({text if len(text) <= 80 else text[:77] + '...'!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Raw, (self.xml,)
