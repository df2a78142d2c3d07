"""What annotated_types and pydantic say of a value -> the same in marks of msgspec. Neither need be installed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

_PACKAGES = ("annotated_types", "pydantic")
_SAME = ("gt", "ge", "lt", "le", "multiple_of", "pattern", "min_length", "max_length", "description")


def as_of_msgspec(marks: Iterable[Any]) -> tuple[Any, ...]:
    """The marks, with those that msgspec has a word for in its words; others stay, see `is_unsaid`.

    >>> as_of_msgspec([annotated_types.Len(1, 9), pydantic.Field(gt=5)])                    # doctest: +SKIP
    (Meta(min_length=1, max_length=9), Meta(gt=5))
    """
    return tuple(said for mark in marks for said in (_said(mark) if _is_theirs(mark) else (mark,)))


def is_unsaid(mark: Any) -> bool:
    """Whether a mark limits values in a way that msgspec, and so XML Schema, has no word for: a predicate."""
    return _is_theirs(mark)


def _is_theirs(mark: Any) -> bool:
    return type(mark).__module__.partition(".")[0] in _PACKAGES


def _said(mark: Any) -> Iterator[Any]:
    parts = getattr(mark, "metadata", None)  # what is behind a Field(gt=5) of pydantic
    if parts is None and getattr(mark, "__is_annotated_types_grouped_metadata__", False):
        parts = list(mark)  # an Interval, a Len
    same = {name: value for name in _SAME if (value := getattr(mark, name, None)) is not None}
    if same:
        yield msgspec.Meta(**same)
    elif parts is None:
        yield mark
    for part in parts or ():
        yield from _said(part)
