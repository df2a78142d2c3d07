"""The HTTP logins of a request: as its Authorization field has one, as the program that runs the application says.

A caller can write the field, and not what the program says: ``AUTH_TYPE`` and ``REMOTE_USER`` (RFC 3875, 4.1.1 and
4.1.11).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from soapkit.server.http import HttpRequest


def logins_of(request: HttpRequest) -> Iterator[tuple[str, str, str | None]]:
    """Scheme, name, and password where nobody has looked at that yet. What cannot be read is none."""
    scheme, name = request.extra.get("AUTH_TYPE"), request.extra.get("REMOTE_USER")
    if scheme and name:
        yield str(scheme).lower(), str(name), None
    found = _basic(request.headers.get("authorization", ""))
    if found is not None:
        yield ("basic", *found)


def _basic(field: str) -> tuple[str, str] | None:
    """RFC 7617, 2: the name has no colon; a caller that was not told of UTF-8 may have written Latin-1."""
    scheme, _, credentials = field.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        told = base64.b64decode(credentials.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    try:
        text = told.decode()
    except UnicodeDecodeError:
        text = told.decode("latin-1")
    name, colon, password = text.partition(":")
    return (name, password) if colon else None
