"""The header fields of an ASGI scope -> Headers, made once where the same come again: most callers send the same fields
with each of their requests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

from soapkit.transport.values import SECRETS, Headers

Raw: TypeAlias = tuple[tuple[bytes, bytes], ...]

_MOST: Final = 64  # heads that are kept
_LONGEST: Final = 4096  # bytes of one that is kept

_kept: dict[Raw, Headers] = {}


def headers_of(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The fields as ASGI has them, as a value. Those that carry credentials are not kept.

    >>> headers_of([(b"content-type", b"text/xml")])["Content-Type"]
    'text/xml'
    """
    key = tuple(raw)
    try:
        found = _kept.get(key)
    except TypeError:  # pairs that are lists, as ASGI allows
        return _read(key)
    if found is None:
        found = _read(key)
        if SECRETS.isdisjoint(found) and sum(len(name) + len(value) for name, value in key) <= _LONGEST:
            if len(_kept) >= _MOST:
                _kept.clear()
            _kept[key] = found
    return found


def _read(raw: Raw) -> Headers:
    return Headers([(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw])
