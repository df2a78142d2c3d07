"""Documents whose declared encoding is not the true one: what was most likely meant."""

from __future__ import annotations

import re

_DECLARED_ENCODING = re.compile(rb"""^(<\?xml[^>]*?)\s+encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_ENCODING_BY_START = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def without_encoding(data: bytes) -> bytes:
    """UTF-8 text without the encoding that its XML declaration names."""
    return _DECLARED_ENCODING.sub(rb"\1", data)


def mended(data: bytes) -> tuple[bytes, str] | None:
    """Bytes whose declared encoding is not the true one, as UTF-8 without a declaration of it; and what was assumed.

    None where there is nothing to mend.
    """
    stripped = data.lstrip()
    if stripped != data and stripped.startswith(b"<?xml"):
        return stripped, "white space stands before the XML declaration; it was ignored (XML 1.0, 2.8)"
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
