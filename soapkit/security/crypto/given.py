"""What settings are given, held against what they take: told by name when they are made, not by every message.

Values are never told, since they may be secrets; their kinds are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import UnionType
from typing import TypeAlias

from soapkit.errors import UsageError

Kinds: TypeAlias = type | UnionType | tuple[type | UnionType, ...]


def check_given(of: str, **given: tuple[object, Kinds, str]) -> None:
    """Raises `UsageError` for the first of these settings that is of another kind: each its value, the kinds that it
    may be of, and those in words.

    >>> check_given("Timestamp", ttl=("300", int, "seconds"))
    Traceback (most recent call last):
    soapkit.errors.UsageError: Timestamp(ttl=...) is seconds, not a str
    """
    for name, (value, kinds, words) in given.items():
        if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is int):
            raise UsageError(f"{of}({name}=...) is {words}, not {told(value)}")


def check_each(of: str, name: str, values: object, kinds: Kinds, words: str) -> None:
    """The same of a setting that is a list: of the list, and of each in it."""
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise UsageError(f"{of}({name}=...) is a list of {words}, not {told(values)}")
    for each in values if isinstance(values, Sequence) else ():
        if not isinstance(each, kinds):
            raise UsageError(f"{of}({name}=...) is a list of {words}; there is {told(each)} in it")


def told(value: object) -> str:
    """What kind of thing a value is, in words."""
    if isinstance(value, type):
        return f"the class {value.__name__} itself"
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"
