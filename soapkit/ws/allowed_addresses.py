"""Whether an address lies below one of those that are allowed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

# RFC 3986, 2. What has other characters is taken apart by each library in its own way: http://evil.example\@host/ is a
# URL of host to one and of evil.example to another.
_URI = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def is_allowed(address: str, allowed: Iterable[str]) -> bool:
    """Whether an address lies below one of these: the same scheme, host and port, and a path that starts like it. One
    that names a user, or whose path leads upwards, lies nowhere."""
    try:
        wanted = urlsplit(address)
        place = _place(wanted)
    except ValueError:  # no address at all, such as http://[::1 or one whose port is no number
        return False
    if not _URI.fullmatch(address) or not wanted.hostname or "@" in wanted.netloc:
        return False
    if {".", ".."} & set(unquote(wanted.path).split("/")):
        return False
    for one in allowed:
        known = urlsplit(one)
        base = known.path.rstrip("/")
        if _place(known) == place and (wanted.path == base or wanted.path.startswith(f"{base}/")):
            return True
    return False


def _place(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or _DEFAULT_PORTS.get(url.scheme)
