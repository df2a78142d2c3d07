"""The xml:base of an element that is taken out of its ancestors: what theirs and its own come to.

Canonical XML 1.1, 2.4: RFC 3986, 5.2, with a base that need not be absolute, so that a relative path stays one, with
the ``../`` at its beginning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import reduce
from typing import TypeAlias

_REFERENCE = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#.*)?", re.DOTALL)
_SLASHES = re.compile("/{2,}")

_Parts: TypeAlias = tuple[str | None, str | None, str, str | None]
"""Scheme, authority, path, query; the fragment is left out."""


def joined(values: Iterable[str]) -> str:
    """The values of xml:base from the outermost element in, joined; one alone stays as it is.

    >>> joined(["http://a.example/x/y", "../z/", "w"])
    'http://a.example/z/w'
    >>> joined(["a/b/", "../../../c"])
    '../c'
    """
    return reduce(_join, values)


def _join(base: str, reference: str) -> str:
    return _written(_resolved(_parts(f"{base}/" if base.endswith("..") else base), _parts(reference)))


def _parts(text: str) -> _Parts:
    found = _REFERENCE.fullmatch(text)
    assert found is not None, "the path takes whatever the others leave"
    scheme, authority, path, query = found.groups()
    return scheme, authority, path or "", query


def _resolved(base: _Parts, reference: _Parts) -> _Parts:
    """RFC 3986, 5.2.2, where a reference of the base's own scheme is taken for one without."""
    scheme, authority, path, query = reference
    if scheme is not None and scheme != base[0]:
        return scheme, authority, _without_dots(path), query
    if authority is not None:
        return base[0], authority, _without_dots(path), query
    if not path:
        return *base[:3], query if query is not None else base[3]
    if not path.startswith("/"):
        above = "/" if base[1] is not None and not base[2] else base[2][: base[2].rfind("/") + 1]
        path = above + path
    return base[0], base[1], _without_dots(path), query


def _without_dots(path: str) -> str:
    """RFC 3986, 5.2.4, of a path that need not begin at a root; several slashes are one, and ``..`` ends in one."""
    path = _SLASHES.sub("/", path)
    root = "/" if path.startswith("/") else ""
    kept: list[str] = []
    segments = path[len(root) :].split("/")
    for segment in segments:
        if segment == ".." and kept and kept[-1] != "..":
            kept.pop()
        elif segment not in (".", "..") or (segment == ".." and not root):
            kept.append(segment)
    if segments[-1] in (".", "..") and kept:
        kept.append("")
    return root + "/".join(kept)


def _written(parts: _Parts) -> str:
    """RFC 3986, 5.3."""
    scheme, authority, path, query = parts
    text = f"{scheme}:" if scheme is not None else ""
    text += f"//{authority}" if authority is not None else ""
    return text + path + (f"?{query}" if query is not None else "")
