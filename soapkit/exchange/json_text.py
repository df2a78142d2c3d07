"""JSON that travels as text in a message: looked through by the names of its members, for what is secret in it.

Parsed, never searched. A name that comes twice in one object is kept twice: parsers differ about which one counts.
What is nested too deep for Python raises `RecursionError`, wherever it is looked through.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Members:
    """An object: its members as they stand."""

    pairs: tuple[tuple[str, object], ...]


def read_json(text: str | None) -> object | None:
    """The object or array that a text is: `Members`, or a list; or the text that it quotes. None for any other text.

    >>> read_json('{"user": "ada"}')
    Members(pairs=(('user', 'ada'),))
    >>> read_json("{urn:example}name") is None
    True
    """
    if text is None or text.lstrip()[:1] not in ("{", "[", '"'):
        return None
    try:
        found: object = json.loads(text, object_pairs_hook=lambda pairs: Members(tuple(pairs)))
    except (ValueError, RecursionError):
        return None
    return found


def is_like_json(text: str) -> bool:
    """Whether a text that is no JSON was meant as an object: cut short, or too deep to be read.

    >>> is_like_json('{"password": "hunt'), is_like_json("{urn:example}name")
    (True, False)
    """
    return text.lstrip("[ \t\r\n")[:1] == "{" and text.lstrip("[{ \t\r\n")[:1] in ('"', "'")


def write_json(value: object) -> str:
    """The pair of `read_json`."""
    if isinstance(value, Members):
        return "{" + ", ".join(f"{write_json(name)}: {write_json(member)}" for name, member in value.pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(write_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def blank(value: object, is_secret: Callable[[str], bool], mask: str, text: Callable[[str], str]) -> object:
    """A value with `mask` in the place of what a secret name has; `text`: what becomes of every other text."""
    if isinstance(value, Members):
        return Members(
            tuple(
                (name, mask if is_secret(name) and member is not None else blank(member, is_secret, mask, text))
                for name, member in value.pairs
            )
        )
    if isinstance(value, list):
        return [blank(item, is_secret, mask, text) for item in value]
    return text(value) if isinstance(value, str) else value


def secrets_in(value: object, is_secret: Callable[[str], bool]) -> Iterator[tuple[str, bool]]:
    """What secret names have, as text, and whether it stands deeper inside of what they have."""
    for name, member in value.pairs if isinstance(value, Members) else ():
        if is_secret(name):
            yield from ((one, isinstance(member, Members | list)) for one in _scalars(member))
        else:
            yield from secrets_in(member, is_secret)
    for item in value if isinstance(value, list) else ():
        yield from secrets_in(item, is_secret)


def texts_in(value: object) -> Iterator[str]:
    """Every text of a value but the names."""
    if isinstance(value, str):
        yield value
    for item in _inside(value):
        yield from texts_in(item)


def _scalars(value: object) -> Iterator[str]:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value)
    for item in _inside(value):
        yield from _scalars(item)


def _inside(value: object) -> list[object]:
    if isinstance(value, Members):
        return [member for _, member in value.pairs]
    return value if isinstance(value, list) else []
