"""Timestamp: when a message was made and when it is void. WSS SOAP Message Security 1.1, section 10."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.markup import CREATED, EXPIRES, text_of
from soapkit.xml.names import WSU, local_name
from soapkit.xml.parse import parse_own
from soapkit.xml.walk import children, place_of, tag_of

# BSP 1.1, R3217 and R3220 to R3223: xs:dateTime in UTC, seconds below 60.
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-]00:00)", re.ASCII)


_CONTENTS: tuple[list[str], ...] = ([CREATED, EXPIRES], [CREATED], [EXPIRES], [])


@dataclass(frozen=True, slots=True)
class Lifetime:
    """What a Timestamp says."""

    created: datetime | None
    expires: datetime | None


def timestamp_element(ttl: int, now: datetime) -> _Element:
    """A Timestamp made at `now`."""
    return parse_own(
        f'<wsu:Timestamp xmlns:wsu="{WSU}"><wsu:Created>{write_instant(now)}</wsu:Created>'
        f"<wsu:Expires>{write_instant(now + timedelta(seconds=ttl))}</wsu:Expires></wsu:Timestamp>"
    )


def read_timestamp(element: _Element) -> Lifetime:
    """What a Timestamp says. Raises `SecurityError` unless it holds at most one Created, then at most one Expires."""
    entries = list(children(element))
    names = [tag_of(entry) for entry in entries]
    if names not in _CONTENTS:
        raise SecurityError(
            f"a Timestamp holds Created, then Expires; found {', '.join(map(local_name, names))}",
            place=place_of(element),
        )
    moments = dict(zip(names, map(read_instant, entries), strict=True))
    return Lifetime(moments.get(CREATED), moments.get(EXPIRES))


def check_lifetime(lifetime: Lifetime, *, now: datetime, max_age: int, skew: int) -> None:
    """Raise `SecurityError` for a message from the future, an expired or an old one. Clocks may differ by `skew`."""
    created, expires = lifetime.created, lifetime.expires
    tolerance = timedelta(seconds=skew)
    if created is None:
        raise SecurityError("the Timestamp does not say when the message was created")
    check_age(created, now=now, max_age=max_age, skew=skew)
    if expires is not None and expires <= created:
        raise SecurityError("the Timestamp expires before it was created")
    if expires is not None and now - expires > tolerance:  # no sum: a Timestamp may end with the year 9999
        raise SecurityError(f"the message expired at {write_instant(expires)}; it is now {write_instant(now)}")


def check_age(created: datetime, *, now: datetime, max_age: int, skew: int) -> None:
    """Raise `SecurityError` for what was created after `now`, or more than `max_age` seconds before."""
    if created - now > timedelta(seconds=skew):
        raise SecurityError(f"the message was created at {write_instant(created)}, which is after {write_instant(now)}")
    if now - created > timedelta(seconds=max_age + skew):
        raise SecurityError(
            f"the message was created at {write_instant(created)}, over {max_age} seconds before {write_instant(now)}"
        )


def write_instant(moment: datetime) -> str:
    """A moment in UTC with milliseconds, as all stacks read it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def read_instant(element: _Element) -> datetime:
    """The moment an element holds. Raises `SecurityError` unless it is an xs:dateTime in UTC."""
    return instant_from(text_of(element), "", element)


def instant_from(text: str, name: str, by: _Element) -> datetime:
    """The moment that a text says, of an attribute called `name`, or, without one, of the element `by`, where it
    stands. Raises `SecurityError` unless it is an xs:dateTime in UTC."""
    if _INSTANT.fullmatch(text) is None:
        told = name or local_name(tag_of(by))
        raise SecurityError(f"{told} must be a dateTime in UTC, found {text[:40]!r}", place=place_of(by))
    try:
        return datetime.fromisoformat(text)  # what is beyond microseconds is left out
    except ValueError:
        raise SecurityError(f"there is no such moment as {text!r:.120}", place=place_of(by)) from None
