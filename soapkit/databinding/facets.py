"""Length, range, digits, pattern: the constraining facets of XSD part 2, 4.3, as checks made once a type.

`checks_for` gives each facet as a function and the sentence that is told when it fails, so that a type's checks are a
list to run through and nothing is decided a second time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from soapkit.attachment import Attachment
from soapkit.databinding.builtins import Builtin
from soapkit.databinding.dates.calendar import DAY, day_number, fraction_of
from soapkit.databinding.dates.days import XmlDate
from soapkit.databinding.dates.moments import XmlTime, instant
from soapkit.databinding.lexical import collapse_blanks
from soapkit.databinding.patterns.regex import matcher
from soapkit.databinding.shape import Facets
from soapkit.databinding.values import Duration, GDay, GMonth, GMonthDay, GYear, GYearMonth
from soapkit.errors import ContractError, Place

Test = Callable[[Any, str], object]  # value, lexical form -> whether it holds


@dataclass(frozen=True, slots=True)
class Check:
    """One facet: `holds(value, text)`, and what was expected, for the error."""

    expected: str
    holds: Test


def checks_for(builtin: Builtin | None, facets: Facets, *, name: str = "") -> tuple[Check, ...]:
    """The checks of `facets` on values of `builtin`, None for lists, whose lengths count items.

    `name`: of the type, for errors. Raises `ContractError` for a facet that cannot be read: a bound that is not a value
    of the type, a pattern that is no expression.
    """
    checks = [*_length_checks(builtin, facets), *_digit_checks(facets)]
    if builtin is not None:
        checks += _range_checks(builtin, facets, name)
    return (*checks, *_pattern_checks(facets, name))


def _size_of(builtin: Builtin | None) -> tuple[Callable[[Any], int], str] | None:
    """How long a value is (4.3.1): characters, octets or items; None where length means nothing."""
    if builtin is None or builtin.item is not None:
        return len, "items"
    if builtin.family == "text":
        return len, "characters"
    if builtin.family == "bytes":
        return _byte_count, "bytes"
    return None  # of QName and NOTATION every length holds (errata E2-36)


def _byte_count(value: bytes | bytearray | memoryview | Attachment) -> int:
    return value.size if isinstance(value, Attachment) else memoryview(value).nbytes


def _length_checks(builtin: Builtin | None, facets: Facets) -> list[Check]:
    size = _size_of(builtin)
    if size is None:
        return []
    measure, unit = size
    found = []
    if (exact := facets.length) is not None:
        found.append(Check(f"{exact} {unit}", lambda value, _: measure(value) == exact))
    if (least := facets.min_length) is not None:
        found.append(Check(f"at least {least} {unit}", lambda value, _: measure(value) >= least))
    if (most := facets.max_length) is not None:
        found.append(Check(f"at most {most} {unit}", lambda value, _: measure(value) <= most))
    return found


def _digits(value: Any) -> tuple[int, int]:
    """Digits in all and after the point, of the value, not of how it is written (4.3.11, 4.3.12)."""
    _sign, digits, exponent = (value if isinstance(value, Decimal) else Decimal(value)).as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits)).lstrip("0")
    if exponent >= 0:
        return len(text) + (exponent if text else 0), 0
    spare = len(text) - len(text.rstrip("0"))
    fraction = max(0, -exponent - spare)
    significant = text.rstrip("0") if -exponent >= spare else text[: len(text) + exponent]
    return max(len(significant), fraction), fraction


def _digit_checks(facets: Facets) -> list[Check]:
    found = []
    if (total := facets.total_digits) is not None:
        found.append(Check(f"at most {total} digits", lambda value, _: _digits(value)[0] <= total))
    if (fraction := facets.fraction_digits) is not None:
        found.append(
            Check(f"at most {fraction} digits after the point", lambda value, _: _digits(value)[1] <= fraction)
        )
    return found


_BOUNDS: tuple[tuple[str, str, Callable[[Any, Any], bool]], ...] = (
    ("min_inclusive", "at least", lambda value, bound: value >= bound),
    ("max_inclusive", "at most", lambda value, bound: value <= bound),
    ("min_exclusive", "more than", lambda value, bound: value > bound),
    ("max_exclusive", "less than", lambda value, bound: value < bound),
)


def _range_checks(builtin: Builtin, facets: Facets, name: str) -> list[Check]:
    found = []
    for facet, words, compare in _BOUNDS:
        bound_text: str | None = getattr(facets, facet)
        if bound_text is None or builtin.family not in ("number", "moment"):
            continue
        found.append(_range_check(f"{words} {bound_text}", bound(builtin, bound_text, name), compare))
    return found


def bound(builtin: Builtin, text: str, name: str = "") -> Any:
    """The value of a bound. Raises `ContractError`."""
    text = collapse_blanks(text)
    try:
        return builtin.parse(text)
    except ValueError:
        pass
    try:  # a bound outside the range of the base is legal in sloppy contracts: compare as decimals
        return Decimal(text)
    except ArithmeticError:
        raise ContractError(f"the bound {text!r} is not a value of xs:{builtin.name}", place=Place(path=name)) from None


def _range_check(expected: str, limit: Any, compare: Callable[[Any, Any], bool]) -> Check:
    def holds(value: Any, _text: str) -> bool:
        try:
            return compare(value, limit)
        except TypeError:
            return _compare_moments(value, limit, compare)

    return Check(expected, holds)


def _compare_moments(value: Any, limit: Any, compare: Callable[[Any, Any], bool]) -> bool:
    """With and without a zone, durations, gYear and its family, by the places XSD gives them on one time line.

    Where one has a zone and the other none, the order is partial (3.2.7.4): it must hold whichever zone is meant.
    """
    if isinstance(value, Duration) and isinstance(limit, Duration):
        return all(compare(mine, theirs) for mine, theirs in zip(_added(value), _added(limit), strict=True))
    mine, theirs = _position(value), _position(limit)
    if _has_zone(value) == _has_zone(limit):
        return compare(mine, theirs)
    reach = _REACH * (60 if isinstance(value, (date, time)) else 1)
    return compare(mine - reach, theirs) and compare(mine + reach, theirs)


_REACH = 14 * 60  # minutes that a zone may be from UTC


def _has_zone(value: Any) -> bool:
    return getattr(value, "tzinfo", None) is not None or getattr(value, "offset", None) is not None


def _seconds_from_utc(value: date | time) -> int:
    offset = value.utcoffset() if isinstance(value, (time, XmlDate)) else None
    return 0 if offset is None else int(offset.total_seconds())


def _added(value: Duration) -> tuple[Decimal, ...]:
    """The duration added to the four instants by which durations are compared (3.2.6.2)."""
    starts = ((1696, 9), (1697, 2), (1903, 3), (1903, 7))
    found = []
    for year, month in starts:
        years, month0 = divmod(year * 12 + month - 1 + value.months, 12)
        cycles, within = divmod(years - 1, 400)
        days = date(within + 1, month0 + 1, 1).toordinal() + cycles * 146_097
        found.append(days * 86_400 + value.seconds)
    return tuple(found)


def _position(value: Any) -> Any:
    """A number by which values of one moment type are ordered."""
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date):
        return day_number(value.year, value.month, value.day) * DAY - _seconds_from_utc(value)
    if isinstance(value, time):
        fraction = value.fraction if isinstance(value, XmlTime) else f"{value.microsecond:06}"
        seconds = value.hour * 3600 + value.minute * 60 + value.second + fraction_of(fraction)
        return seconds - _seconds_from_utc(value)
    if isinstance(value, (GYear, GYearMonth, GMonth, GMonthDay, GDay)):
        year, month, day = (getattr(value, part, 1) for part in ("year", "month", "day"))
        return ((year * 12 + month) * 31 + day) * 1440 - (value.offset or 0)
    return value


def _pattern_checks(facets: Facets, name: str) -> list[Check]:
    found = []
    for step in facets.patterns:
        try:
            tests = tuple(matcher(pattern) for pattern in step)
        except ValueError as error:
            raise ContractError(
                f"the pattern {' | '.join(step)} cannot be read: {error}", place=Place(path=name)
            ) from None
        found.append(Check(f"text that matches {' | '.join(step)}", _any_of(tests)))
    return found


def _any_of(tests: tuple[Callable[[str], object], ...]) -> Test:
    if len(tests) == 1:
        test = tests[0]
        return lambda _, text: test(text)
    return lambda _, text: any(test(text) for test in tests)
