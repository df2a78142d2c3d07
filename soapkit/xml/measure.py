"""What the bytes of a document tell of its tree before anybody walks it: how much of everything there is at most."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

# Encodings in which markup is written with the octets of ASCII. In others (UTF-7) it can hide.
_LIKE_ASCII = re.compile(rb"utf-8|utf8|us-ascii|ascii|latin1|iso-8859-\d{1,2}|windows-125\d", re.IGNORECASE)
_ENCODING = re.compile(rb"\sencoding\s*=\s*[\"']([^\"']*)")
_USUAL = 100  # bytes of a declaration
_FEW = 100  # attributes among which declarations need not be told
_SMALL = 65_536  # bytes that need not be looked through twice


@dataclass(frozen=True, slots=True)
class Measure:
    """The most that the tree of a document can have: `bytes` of it, `elements`, `attributes` in all (declarations of
    namespaces among them), declared `namespaces`."""

    bytes: int
    elements: int
    attributes: int
    namespaces: int


def measure_of(data: bytes) -> Measure:
    """The measure of a document, never too small; far too large for one that does not write markup in ASCII.

    >>> measure_of(b'<a xmlns="urn:a" b="1"/>')
    Measure(bytes=24, elements=6, attributes=2, namespaces=2)
    """
    size = len(data)
    if not is_like_ascii(data):
        return Measure(size, size, size, size)
    equals = _times(data, b"=")
    few = equals <= _FEW and size <= _SMALL
    # four bytes are the least that an element takes: <a/>
    return Measure(size, size // 4 if few else data.count(b"<"), equals, equals if few else data.count(b"xmlns"))


def _times(data: bytes, octet: bytes) -> int:
    """How often an octet occurs: where it is rare, to take it out is many times as quick as to count it."""
    found = len(data) - len(data.replace(octet, b"", _FEW + 1))
    return found if found <= _FEW else data.count(octet)


def is_like_ascii(data: bytes) -> bool:
    """Whether each angle bracket, equals sign and name of ASCII letters in a document is there as its ASCII octets."""
    if data[:1] == b"<" and data[1:2] not in b"?\0":  # UTF-8: no other goes without a declaration, or a second octet
        return True
    if b"\0" in data[:4] or data.startswith(b"Lo\xa7\x94"):  # UTF-16, UTF-32; EBCDIC (XML 1.0, appendix F)
        return False
    if not data.startswith((b"<?xml", b"\xef\xbb\xbf<?xml")):
        return True
    declaration = data[: data.find(b"?>")]
    return (_is_one_cached if len(declaration) < _USUAL else _is_one)(declaration)


def _is_one(declaration: bytes) -> bool:
    """Whether an XML declaration says one of those encodings, or none."""
    found = _ENCODING.search(declaration)
    return found is None or _LIKE_ASCII.fullmatch(found[1]) is not None


_is_one_cached = lru_cache(maxsize=64)(_is_one)
