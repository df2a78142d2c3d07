"""Encodings of documents: what was most likely meant by a false one; UTF-16 written anew as UTF-8."""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_LE, getincrementaldecoder
from collections.abc import Callable

_DECLARED_ENCODING = re.compile(rb"""^(<\?xml[^>]*?)\s+encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_ENCODING_BY_START = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def without_encoding(data: bytes) -> bytes:
    """UTF-8 text without the encoding that its XML declaration names."""
    return _DECLARED_ENCODING.sub(rb"\1", data)


def blanked_encoding(data: bytes) -> bytes:
    """The same with blanks in its place, so that all that follows stands where it stood."""
    return _DECLARED_ENCODING.sub(lambda found: found[1].ljust(len(found[0])), data)


UTF16_MARKS = (BOM_UTF16_LE, BOM_UTF16_BE)
_UTF16_STARTS = {
    **dict.fromkeys(UTF16_MARKS, "utf-16"),
    **{"<?".encode(encoding): encoding for encoding in ("utf-16-le", "utf-16-be")},
}


def utf16_of(start: bytes) -> str | None:
    """The encoding of a document that begins as one in UTF-16 does: with its mark, or with a declaration in it. None
    for any other, UTF-32 among them (XML 1.0, appendix F)."""
    if start.startswith(BOM_UTF32_LE):  # which begins as the mark of UTF-16 does
        return None
    return _UTF16_STARTS.get(start[:2]) or _UTF16_STARTS.get(start[:4])


def from_utf16(start: bytes) -> Callable[[bytes], bytes] | None:
    """For a document in UTF-16 that begins so, what makes UTF-8 of its pieces, one after the other, without the mark of
    the byte order; None for any other (XML 1.0, appendix F)."""
    encoding = utf16_of(start)
    if encoding is None:
        return None
    decoder = getincrementaldecoder(encoding)("replace")  # what is no character is refused by the parser
    return lambda piece: decoder.decode(piece).encode()


def begun(data: bytes) -> tuple[bytes, str] | None:
    """Bytes that have white space before the XML declaration, with it behind; and what was assumed. None for others."""
    stripped = data.lstrip()
    if stripped == data or not stripped.startswith(b"<?xml"):
        return None
    declaration, end, rest = stripped.partition(b"?>")
    blanks = data[: len(data) - len(stripped)]  # kept, so that each line has the number that it had
    words = "white space stands before the XML declaration; it was ignored (XML 1.0, 2.8)"
    return b"".join((declaration, end, blanks, rest)), words


def mended(data: bytes) -> tuple[bytes, str] | None:
    """Bytes whose declared encoding is not the true one, as UTF-8 without a declaration of it; and what was assumed.

    None where there is nothing to mend.
    """
    declared = _DECLARED_ENCODING.match(data.removeprefix(b"\xef\xbb\xbf"))
    named = declared.group(2).decode() if declared else "UTF-8"
    for encoding in (*(code for start, code in _ENCODING_BY_START if data.startswith(start)), "utf-8", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        body = without_encoding(text.encode("utf-8"))
        name = "windows-1252" if encoding == "cp1252" else encoding.removesuffix("-sig")
        return body, f"the encoding is said to be {named} and is not; {name} was assumed (XML 1.0, 4.3.3)"
    return None
