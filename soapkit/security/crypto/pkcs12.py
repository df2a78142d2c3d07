"""The private keys in a PKCS#12 file, each with its name: RFC 7292, 4.

The cryptography library reads the first key of a file alone, and Java, whose key stores are PKCS#12 since version 9,
keeps several in one. Here the bags are found; what is in one is decrypted by the library, which has also proved by
then that the file is whole and the password right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_private_key

_OCTETS = 0x04
_DATA = bytes.fromhex("2a864886f70d010701")  # pkcs7-data
_KEY_BAG, _SHROUDED_KEY_BAG, _SAFE_CONTENTS_BAG = (
    bytes.fromhex(f"2a864886f70d010c0a01{n}") for n in ("01", "02", "06")
)
_FRIENDLY_NAME = bytes.fromhex("2a864886f70d010914")
_DEEPEST = 4  # bags in bags


@dataclass(frozen=True, slots=True)
class Pkcs12Key:
    """One private key; `alias`: its name, empty where it has none."""

    alias: str
    key: object = field(repr=False)


def keys_in(data: bytes, password: bytes | None) -> tuple[Pkcs12Key, ...]:
    """The private keys of a file that the library has read with this password, in their order.

    One that is of no kind that the library reads is left out, and so are those inside what is encrypted as a whole,
    which no tool writes. Raises `ValueError` for what is not as RFC 7292 has it.
    """
    (whole,) = _entries(data)
    _version, content, *_mac = _entries(whole.value)
    (authenticated,) = _entries(_data_in(content) or b"")
    bags = [
        bag for part in _entries(authenticated.value) if (safe := _data_in(part)) is not None for bag in _bags(safe, 0)
    ]
    found = []
    for bag in bags:
        try:
            key = load_der_private_key(bag.key, password if bag.shrouded else None)
        except (UnsupportedAlgorithm, TypeError):  # TypeError: it is encrypted, and there is no password
            continue
        found.append(Pkcs12Key(bag.alias, key))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry of DER: its tag, and the octets in it; `encoded`: with both."""

    tag: int
    value: bytes
    encoded: bytes


@dataclass(frozen=True, slots=True)
class _KeyBag:
    alias: str
    key: bytes
    shrouded: bool


def _entries(data: bytes) -> Iterator[_Entry]:
    """The entries side by side. Raises `ValueError`."""
    at = 0
    while at < len(data):
        start, size, at = at, data[at + 1] if at + 1 < len(data) else 0x80, at + 2
        if size >= 0x80:
            width = size - 0x80
            if not 1 <= width <= 4:  # 0x80 alone: of no definite length, which is not DER
                raise ValueError("an entry without a definite length")
            size, at = int.from_bytes(data[at : at + width], "big"), at + width
        if at + size > len(data):
            raise ValueError("an entry reaches beyond its end")
        yield _Entry(data[start], data[at : at + size], data[start : at + size])
        at += size


def _data_in(content: _Entry) -> bytes | None:
    """The octets of a ContentInfo of plain data; None of another."""
    kind, *rest = _entries(content.value)
    if kind.value != _DATA:
        return None
    (holder,) = rest
    (octets,) = _entries(holder.value)
    if octets.tag != _OCTETS:
        raise ValueError("the data is not octets")
    return octets.value


def _bags(safe: bytes, depth: int) -> Iterator[_KeyBag]:
    """The bags of SafeContents with a key in them."""
    (contents,) = _entries(safe)
    for bag in _entries(contents.value):
        kind, holder, *attributes = _entries(bag.value)
        (value,) = _entries(holder.value)
        if kind.value in (_KEY_BAG, _SHROUDED_KEY_BAG):
            alias = _friendly_name(attributes[0].value) if attributes else ""
            yield _KeyBag(alias, value.encoded, kind.value == _SHROUDED_KEY_BAG)
        elif kind.value == _SAFE_CONTENTS_BAG and depth < _DEEPEST:
            yield from _bags(value.encoded, depth + 1)


def _friendly_name(attributes: bytes) -> str:
    for attribute in _entries(attributes):
        kind, values = _entries(attribute.value)
        if kind.value == _FRIENDLY_NAME:
            return next((text.value.decode("utf-16-be") for text in _entries(values.value)), "")
    return ""
