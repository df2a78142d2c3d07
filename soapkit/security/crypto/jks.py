"""Java key stores (JKS): the keys and certificates in them.

The format of ``sun.security.provider.JavaKeyStore``: big-endian, names as length and UTF-8, private keys under a
keystream of SHA-1 over password and salt, a SHA-1 over all at the end. Java itself has written PKCS#12 since version 9.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field

from soapkit.errors import SecurityError

MAGIC = b"\xfe\xed\xfe\xed"
_WHITENER = b"Mighty Aphrodite"
_SALT = _DIGEST = 20
# The algorithm in EncryptedPrivateKeyInfo: 1.3.6.1.4.1.42.2.17.1.1 (JavaSoft's own), with the parameter NULL or none.
_PROTECTIONS = (bytes.fromhex("300e060a2b060104012a021101010500"), bytes.fromhex("300c060a2b060104012a02110101"))


@dataclass(frozen=True, slots=True)
class JksEntry:
    """One entry: `certificates` in DER, of a private key its own first; `protected`: the key under its password."""

    alias: str
    certificates: tuple[bytes, ...]
    protected: bytes | None = field(default=None, repr=False)

    def private_key(self, password: str) -> bytes:
        """The private key, PKCS#8 in DER. Raises `SecurityError` for a wrong password."""
        assert self.protected is not None, "asked of entries with a key only"
        salt, sealed, check = (
            self.protected[:_SALT],
            self.protected[_SALT:-_DIGEST],
            self.protected[-_DIGEST:],
        )
        secret, stream, block = password.encode("utf-16-be"), b"", salt
        while len(stream) < len(sealed):
            block = _sha1(secret + block)
            stream += block
        plain = bytes(left ^ right for left, right in zip(sealed, stream, strict=False))
        if not hmac.compare_digest(_sha1(secret + plain), check):
            raise SecurityError(f"the password of the key {self.alias!r} is wrong; key_password=, if it has its own")
        return plain


def read_jks(data: bytes, password: str | None) -> tuple[JksEntry, ...]:
    """The entries of a store. Without a password its integrity is not checked.

    Raises `SecurityError` for a wrong password and for what is not such a store.
    """
    if not data.startswith(MAGIC) or len(data) < len(MAGIC) + 8 + _DIGEST:
        raise SecurityError("this is not a Java key store")
    content, check = data[:-_DIGEST], data[-_DIGEST:]
    if password is not None and not hmac.compare_digest(
        _sha1(password.encode("utf-16-be") + _WHITENER + content), check
    ):
        raise SecurityError("the password of the key store is wrong, or the store was altered")
    try:
        return tuple(_Reader(content).entries())
    except (IndexError, UnicodeDecodeError):
        raise SecurityError("the Java key store is damaged") from None


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, len(MAGIC)

    def entries(self) -> Iterator[JksEntry]:
        version = self._number(4)
        for _ in range(self._number(4)):
            kind, alias, _created = self._number(4), self._name(), self._number(8)
            if kind == 1:
                protected = _unwrapped(self._bytes(self._number(4)))
                chain = tuple(self._certificate(version) for _ in range(self._number(4)))
                yield JksEntry(alias, chain, protected)
            elif kind == 2:
                yield JksEntry(alias, (self._certificate(version),))
            else:
                raise SecurityError(f"an entry of kind {kind} in a Java key store is not understood")

    def _certificate(self, version: int) -> bytes:
        if version == 2:
            self._name()  # "X.509"
        return self._bytes(self._number(4))

    def _name(self) -> str:
        return self._bytes(self._number(2)).decode()

    def _number(self, size: int) -> int:
        return int.from_bytes(self._bytes(size), "big")

    def _bytes(self, size: int) -> bytes:
        found = self._data[self._at : self._at + size]
        if len(found) != size:
            raise IndexError
        self._at += size
        return found


def _unwrapped(info: bytes) -> bytes:
    """What the EncryptedPrivateKeyInfo holds: all after the algorithm and the header of the octet string."""
    for algorithm in _PROTECTIONS:
        at = info.find(algorithm, 0, 4 + len(algorithm))
        if at >= 0:
            break
    else:
        raise SecurityError("a key in the Java key store is protected in a way that is not understood")
    start = at + len(algorithm) + 2  # tag and length of the OCTET STRING
    first = info[start - 1]
    return info[start + (first & 0x7F if first & 0x80 else 0) :]


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()
