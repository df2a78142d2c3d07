"""Distinguished names as different stacks write them: compared by what they say, not by how."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

from cryptography import x509

# What names are written with, and the one spelling that each counts as here.
_SAME = {
    spelling: spellings[0]
    for spellings in (
        ("EMAILADDRESS", "E", "EMAIL", "1.2.840.113549.1.9.1"),
        ("CN", "COMMONNAME", "2.5.4.3"),
        ("SURNAME", "SN", "2.5.4.4"),
        ("SERIALNUMBER", "2.5.4.5"),
        ("C", "COUNTRYNAME", "2.5.4.6"),
        ("L", "LOCALITYNAME", "2.5.4.7"),
        ("ST", "S", "STATEORPROVINCENAME", "2.5.4.8"),
        ("STREET", "STREETADDRESS", "2.5.4.9"),
        ("O", "ORGANIZATIONNAME", "2.5.4.10"),
        ("OU", "ORGANIZATIONALUNITNAME", "2.5.4.11"),
        ("TITLE", "T", "2.5.4.12"),
        ("POSTALCODE", "2.5.4.17"),
        ("GIVENNAME", "G", "GN", "2.5.4.42"),
        ("DNQUALIFIER", "DNQ", "2.5.4.46"),
        ("ORGANIZATIONIDENTIFIER", "2.5.4.97"),
        ("UID", "USERID", "0.9.2342.19200300.100.1.1"),
        ("DC", "DOMAINCOMPONENT", "0.9.2342.19200300.100.1.25"),
    )
    for spelling in spellings
}
# The kinds of text in a value that is written in DER (RFC 4514, 2.4): UTF8String, PrintableString, IA5String, ...
_TEXTS = {
    0x0C: "utf-8",
    0x12: "ascii",
    0x13: "ascii",
    0x14: "latin-1",
    0x16: "ascii",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}
# Possessive: what was once read as blanks, or as a value, is not divided anew where the rest does not fit. Without it
# 2,000 blanks before a lone backslash take a minute.
_PART = re.compile(
    r'\s*+(?:OID\.)?([\w.-]++)\s*+=\s*+("(?:[^"\\]|\\.)*+"|(?:[^,;+\\]|\\.)*+)\s*+(?:[,;+]|$)',
    re.IGNORECASE | re.DOTALL,
)
_LONGEST = 2048  # a stranger's text meets patterns here
_ESCAPED = re.compile(r"((?:\\[0-9A-Fa-f]{2})+)|\\(.)", re.DOTALL)


def names_the_same(text: str, name: x509.Name) -> bool:
    """Whether `text`, a distinguished name in any customary spelling, says what `name` says.

    Order, blanks, letter case, quoting, and the aliases of attribute types (``E``, ``emailAddress``, an OID) do not
    matter, nor whether a value is text or the DER of it, as Java writes those of types that it has no name for
    (``1.2.840.113549.1.9.1=#1603614062``). XML Signature 1.1, 4.5.4.1 asks for RFC 4514; few write it.
    """
    if len(text) > _LONGEST:
        return False
    try:
        known = name.rfc4514_string()
    except ValueError:
        return False
    wanted = _parts(text)
    return wanted is not None and wanted == _parts(known)


@lru_cache(maxsize=256)  # peers and we are named by the same names again and again
def _parts(text: str) -> Counter[tuple[str, str]] | None:
    """The attributes of a name, None for what is not one."""
    found: Counter[tuple[str, str]] = Counter()
    at = 0
    while at < len(text):
        match = _PART.match(text, at)
        if match is None or match.end() == at:
            return None
        kind = match[1].upper()
        found[_SAME.get(kind, kind), _value(match[2])] += 1
        at = match.end()
    return found or None


def _value(text: str) -> str:
    bare = text.strip()
    if bare.startswith("#") and (said := _text_in_der(bare[1:])) is not None:
        return " ".join(said.split()).casefold()
    if len(bare) >= 2 and bare[0] == bare[-1] == '"':
        text = bare[1:-1]
    plain = _ESCAPED.sub(
        lambda found: bytes.fromhex(found[1].replace("\\", "")).decode("utf-8", "replace") if found[1] else found[2],
        text,
    )
    return " ".join(plain.split()).casefold()


def _text_in_der(text: str) -> str | None:
    """The text of a string in DER, in hexadecimal; None for what is none."""
    try:
        octets = bytes.fromhex(text)
        kind, size = octets[0], octets[1]
        start = 2
        if size >= 0x80:
            start += size - 0x80
            size = int.from_bytes(octets[2:start], "big")
        return octets[start:].decode(_TEXTS[kind]) if len(octets) == start + size else None
    except (ValueError, IndexError, KeyError):
        return None
