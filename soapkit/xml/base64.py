"""Octets <-> base64 on one line, strictly."""

from __future__ import annotations

import binascii

try:  # extra "fast": fifty times the speed
    from pybase64 import b64decode as _decode
    from pybase64 import b64encode_as_string as _encode
except ImportError:

    def _decode(text: str | bytes, *, validate: bool) -> bytes:  # type: ignore[misc]  # stands in for the other
        return binascii.a2b_base64(text, strict_mode=validate)

    def _encode(octets: bytes) -> str:  # type: ignore[misc]  # stands in for the other
        return binascii.b2a_base64(octets, newline=False).decode("ascii")


def to_base64(octets: bytes) -> str:
    """Octets as base64 (RFC 4648, 4).

    >>> to_base64(b"octets")
    'b2N0ZXRz'
    """
    return _encode(octets)


def from_base64(text: str | bytes) -> bytes:
    """The octets that a text holds as base64. Raises `ValueError` for anything else in it, a blank among others."""
    return _decode(text, validate=True)
