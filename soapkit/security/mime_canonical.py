"""MIME parts in canonical form: their header fields, and content by its media type.

WSS SOAP Messages with Attachments Profile 1.1, 5.4. Where its words leave a choice, the one that Apache WSS4J made, so
that signatures of header fields are understood: docs/decisions/0014-signed-attachments.rst.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from urllib.parse import unquote

from soapkit.attachment import Attachment
from soapkit.errors import LimitError, SecurityError
from soapkit.soap.attachments import SIGNED_FIELDS
from soapkit.xml.c14n import canonicalise_document
from soapkit.xml.parse import DEFAULT_LIMITS, parse_exact

_DEFAULT_TYPE = 'text/plain;charset="us-ascii"'
_CASE_FREE = frozenset(
    {"charset", "creation-date", "filename", "modification-date", "padding", "read-date", "size", "type"}
)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_SECTION = re.compile(r"[0-9]{1,4}")
_XML = re.compile(r"text/xml|application/xml|(?:application|image)/[^;\s]*\+xml")


# --- content (5.4.2) ----------------------------------------------------------------------------------------------


def canonical_content(attachment: Attachment) -> Iterator[bytes]:
    """The octets of an attachment that a signature covers, piece by piece: XML in its exclusive canonical form, text
    with lines that end in CR LF, all else as it is.

    Raises `XmlError` for what calls itself XML and is none, or has a DOCTYPE; `LimitError`.
    """
    kind = attachment.content_type.partition(";")[0].strip().lower()
    if _XML.fullmatch(kind):
        if attachment.size > DEFAULT_LIMITS.bytes:
            raise LimitError(f"XML of {attachment.size:,} bytes; at most {DEFAULT_LIMITS.bytes:,} are canonicalised")
        yield canonicalise_document(parse_exact(attachment.read(), source=f"cid:{attachment.content_id}"))
    elif kind.startswith("text/"):
        yield from _lines(attachment.chunks())
    else:
        yield from attachment.chunks()


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Text whose lines all end in CR LF, whatever they ended in."""
    split = b""  # a CR whose LF may come with the next piece
    for piece in pieces:
        text = split + piece
        split = b"\r" if text.endswith(b"\r") else b""
        text = text.removesuffix(split)
        yield text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    if split:
        yield b"\r\n"


# --- header fields (5.4.1) ----------------------------------------------------------------------------------------


def canonical_fields(fields: Mapping[str, str]) -> bytes:
    """The header fields of an attachment as a signature covers them. `fields`: by name in lower case, unfolded.

    Raises `SecurityError` for a parameter with two values, in which each reader could see another.

    >>> canonical_fields({"content-type": "Text/XML; Charset=UTF-8", "content-id": "<a@b>", "x-other": "1"})
    b'Content-ID:<a@b>\\r\\nContent-Type:text/xml;charset="utf-8"\\r\\n'
    """
    lines = [f"{FIELD_NAMES[name]}:{_FORMS[name](fields[name])}\r\n" for name in SIGNED_FIELDS if name in fields]
    if "content-type" not in fields:  # RFC 2045, 5.2
        lines.append(f"Content-Type:{_DEFAULT_TYPE}\r\n")
    return "".join(lines).encode("utf-8", "replace")


def _description(text: str) -> str:
    """Unstructured: encoded words are decoded (RFC 2047)."""
    if "=?" in text:
        try:
            text = str(make_header(decode_header(text)))
        except (HeaderParseError, LookupError, UnicodeError):
            raise SecurityError("a Content-Description has an encoded word that cannot be decoded") from None
    return _uncommented(text)


def _identifier(text: str) -> str:
    return _uncommented(text).strip()


def _with_parameters(text: str) -> str:
    """The value in lower case, parameters by name, each value in quotes."""
    value, *parameters = _split(_uncommented(text))
    named = sorted(_parameters(parameters).items())
    return value.strip().lower() + "".join(f";{name}={_quoted(name, value)}" for name, value in named)


FIELD_NAMES = {name: name.title() for name in SIGNED_FIELDS} | {"content-id": "Content-ID"}
"""How the names of the fields are spelled."""
_FORMS = {
    "content-description": _description,
    "content-disposition": _with_parameters,
    "content-id": _identifier,
    "content-location": _identifier,
    "content-type": _with_parameters,
}


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """A field in pieces: characters, and quoted strings as a whole, told apart."""
    at = 0
    while at < len(text):
        quoted = _QUOTED.match(text, at)
        yield (quoted[0], True) if quoted is not None else (text[at], False)
        at = quoted.end() if quoted is not None else at + 1


def _uncommented(text: str) -> str:
    """Without comments, which may hold comments (RFC 2822, 3.2.3); a parenthesis within quotes begins none."""
    if "(" not in text:
        return text
    kept: list[str] = []
    depth = 0
    for piece, quoted in _pieces(text):
        depth += {"(": 1, ")": -1 if depth else 0}.get(piece, 0)
        if not depth and (quoted or piece != ")"):
            kept.append(piece)
    return "".join(kept)


def _split(text: str) -> list[str]:
    """At the semicolons that no quotes enclose."""
    found = [""]
    for piece, quoted in _pieces(text):
        if piece == ";" and not quoted:
            found.append("")
        else:
            found[-1] += piece
    return found


def _parameters(parameters: Iterable[str]) -> dict[str, str]:
    """The parameters by name in lower case, without quotes; continued and encoded values put together (RFC 2184)."""
    found: dict[str, str] = {}
    sections: dict[str, list[tuple[int, str]]] = {}
    charsets: dict[str, str] = {}
    for parameter in parameters:
        name, equals, value = parameter.partition("=")
        name, value = name.strip().lower(), value.strip()
        if not equals or not name:
            continue
        if value.startswith('"'):
            value = _QUOTED_PAIR.sub(r"\1", value.removesuffix('"')[1:] if len(value) > 1 else "")
        encoded = name.endswith("*")
        name, continued, number = name.removesuffix("*").partition("*")
        if encoded:
            charset, quote, rest = value.partition("'")
            if quote:
                charsets[name], value = charset, rest.partition("'")[2]
            value = _decoded(value, charsets.get(name, ""))
        if continued:
            sections.setdefault(name, []).append((int(number) if _SECTION.fullmatch(number) else 0, value))
        elif found.setdefault(name, value) != value:
            raise SecurityError(f"a header field of an attachment has two values for {name!r:.80}")
    for name, values in sections.items():
        whole = "".join(value for _, value in sorted(values))
        if len({number for number, _ in values}) < len(values) or found.setdefault(name, whole) != whole:
            raise SecurityError(f"a header field of an attachment has two values for {name!r:.80}")
    return found


def _decoded(value: str, charset: str) -> str:
    try:
        return unquote(value, encoding=charset or "us-ascii", errors="replace")
    except LookupError:
        raise SecurityError(f"a header field of an attachment is in charset {charset!r:.80}, unknown here") from None


def _quoted(name: str, value: str) -> str:
    value = value.lower() if name in _CASE_FREE else value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
