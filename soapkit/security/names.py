"""Distinguished names as different stacks write them: compared by what they say, not by how."""

from __future__ import annotations

import re
from collections import Counter

from cryptography import x509

_SAME = {
    "E": "EMAILADDRESS",
    "EMAIL": "EMAILADDRESS",
    "1.2.840.113549.1.9.1": "EMAILADDRESS",
    "S": "ST",
    "2.5.4.3": "CN",
    "2.5.4.5": "SERIALNUMBER",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
}
_PART = re.compile(
    r'\s*(?:OID\.)?([\w.-]+)\s*=\s*("(?:[^"\\]|\\.)*"|(?:[^,;+\\]|\\.)*)\s*(?:[,;+]|$)', re.IGNORECASE | re.DOTALL
)
_LONGEST = 2048  # a stranger's text meets patterns here
_ESCAPED = re.compile(r"((?:\\[0-9A-Fa-f]{2})+)|\\(.)", re.DOTALL)


def names_the_same(text: str, name: x509.Name) -> bool:
    """Whether `text`, a distinguished name in any customary spelling, says what `name` says.

    Order, blanks, letter case, quoting, and the aliases of attribute types (``E``, ``emailAddress``, an OID) do not
    matter. XML Signature 1.1, 4.5.4.1 asks for RFC 4514; few write it.
    """
    if len(text) > _LONGEST:
        return False
    try:
        known = name.rfc4514_string()
    except ValueError:
        return False
    wanted = _parts(text)
    return wanted is not None and wanted == _parts(known)


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
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    plain = _ESCAPED.sub(
        lambda found: bytes.fromhex(found[1].replace("\\", "")).decode("utf-8", "replace") if found[1] else found[2],
        text,
    )
    return " ".join(plain.split()).casefold()
