"""Python classes beyond those of the built-in types, and how their values are held by one of these: timedelta, UUID."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from soapkit.attachment import Attachment
from soapkit.databinding.shape import Facets
from soapkit.databinding.values import Duration


@dataclass(frozen=True, slots=True)
class Adapted:
    """`to_python` makes the class's value of the built-in type's, or raises `ValueError`; `from_python` is its pair."""

    builtin: str
    facets: Facets
    to_python: Callable[[Any], Any]
    from_python: Callable[[Any], Any]


def _timedelta(duration: Duration) -> timedelta:
    try:
        return duration.to_timedelta()
    except OverflowError:
        raise ValueError("expected a duration without years and months, to the microsecond") from None


_HEX = "[0-9A-Fa-f]"
_UUID = Facets(patterns=((f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}",),), white_space="collapse")

ADAPTED: dict[Any, Adapted] = {
    timedelta: Adapted("duration", Facets(), _timedelta, Duration.from_timedelta),
    Attachment: Adapted("base64Binary", Facets(), Attachment, Attachment.read),
    UUID: Adapted("string", _UUID, UUID, str),
}
"""By class."""
