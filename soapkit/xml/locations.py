"""URLs of documents: a file, an archive's entry, bytes at hand, a page on the net; which of them lie at one place.

file:///wsdl/bank.wsdl    zip:file:///bank.zip!/wsdl/bank.wsdl    memory:/bank.wsdl    https://bank.example/soap?wsdl
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

REMOTE = ("http", "https")
LOCAL = ("file", "zip", "memory")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def url_of_path(path: Path) -> str:
    """The ``file:`` URL of a path."""
    return path.absolute().as_uri()


def path_of_url(url: str) -> Path:
    """The path of a ``file:`` URL."""
    path = unquote(urlsplit(url).path)
    return Path(path[1:] if re.match(r"/[A-Za-z]:", path) else path)  # file:///C:/x on Windows


def join_urls(location: str, base: str) -> str:
    """`location`, as written in the document at `base`, as a URL.

    >>> join_urls("../a.xsd", "zip:file:///x.zip!/wsdl/b.wsdl")
    'zip:file:///x.zip!/a.xsd'
    """
    # Windows tools write backslashes, which no URL may hold
    location = location.replace("\\", "/")
    if urlsplit(base).scheme in ("zip", "memory") and not urlsplit(location).scheme:
        container, inside, folder = base.rpartition("!/") if "!/" in base else base.partition("memory:/")
        joined = posixpath.normpath(posixpath.join("/", posixpath.dirname(folder), location)).lstrip("/")
        return f"{container}{inside}{joined}" if location else base
    if re.match(r"[A-Za-z]:/", location):  # a path with a drive is not a URL of scheme c
        return "file:///" + location
    return urljoin(base, location)


def container_of(url: str) -> str:
    """Where a local document lies: its archive, or what was handed in; ``""`` for one on the net."""
    scheme = urlsplit(url).scheme
    return url.rpartition("!/")[0] if scheme == "zip" else scheme if scheme in LOCAL else ""


def same_origin(url: str, base: str) -> bool:
    """The same host and port; from http to https is no step to elsewhere, the other way it is."""
    to, origin = urlsplit(url), urlsplit(base)
    if (to.hostname or "") != (origin.hostname or ""):
        return False
    if to.scheme == origin.scheme:
        return _port(url) == _port(base)
    return (to.scheme, origin.scheme) == ("https", "http") and to.port is None and origin.port is None


def is_downgrade(url: str, base: str) -> bool:
    """Whether a document read over https refers to its own host over plain http."""
    to, origin = urlsplit(url), urlsplit(base)
    return (to.scheme, origin.scheme) == ("http", "https") and to.hostname == origin.hostname and _port(url) == 80


def _port(url: str) -> int | None:
    parts = urlsplit(url)
    return parts.port or _DEFAULT_PORTS.get(parts.scheme)


def spellings(path: Path) -> list[Path]:
    """The path, and what a sloppy contract may have meant by it: doubly quoted, or of other case (from Windows)."""
    candidates = [path, Path(unquote(str(path)))]
    if not path.exists() and path.parent.is_dir():
        candidates += [sibling for sibling in path.parent.iterdir() if sibling.name.lower() == path.name.lower()]
    return candidates
