"""Keys from keys of plain XML Encryption, by their names: ConcatKDF, HKDF, PBKDF2 (XML Encryption 1.1, 5.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.crypto.algorithms import AlgorithmPolicy
from soapkit.security.crypto.kdf import Derivation, read_derivation, read_prf
from soapkit.security.crypto.with_cryptography import hash_named
from soapkit.security.markup import (
    KEY_DERIVATION_METHOD,
    MASTER_KEY_NAME,
    algorithm_of,
    at_most_one,
    bytes_of,
    one,
    text_of,
)
from soapkit.xml.names import XENC11
from soapkit.xml.walk import place_of

PBKDF2 = f"{XENC11}pbkdf2"
_MOST_ITERATIONS = 2_000_000  # of PBKDF2, for one document: a second or so


def name_in(element: _Element) -> str:
    """The name of a key; blanks and line breaks in it are one blank each."""
    return " ".join(text_of(element).split())


@dataclass(frozen=True, slots=True)
class Pbkdf2:
    """One use of PBKDF2 (RFC 8018, 5.2)."""

    hash: str
    salt: bytes
    iterations: int

    def key(self, secret: bytes, size: int) -> bytes:
        """`size` bytes made of a secret."""
        return PBKDF2HMAC(hash_named(self.hash), size, self.salt, self.iterations).derive(secret)


def derived_key(element: _Element, secrets: Mapping[str, bytes], size: int, derivations: Derivations) -> bytes:
    """The key of a DerivedKey, from the master key that it names. Raises `SecurityError`."""
    named = at_most_one(element, MASTER_KEY_NAME)
    name = name_in(named) if named is not None else ""
    if name not in secrets:
        raise SecurityError(f"no master key is called {name!r:.120}; give secrets={{...}}", place=place_of(element))
    return derivations.read(one(element, KEY_DERIVATION_METHOD), size).key(secrets[name], size)


@dataclass(slots=True)
class Derivations:
    """Reads the key derivations of one document, which say how long they take."""

    policy: AlgorithmPolicy
    iterations: int = 0

    def read(self, method: _Element, size: int) -> Derivation | Pbkdf2:
        """What a KeyDerivationMethod says, of a key of `size` bytes. Raises `SecurityError` for what is not understood,
        not allowed or out of measure."""
        if algorithm_of(method) != PBKDF2:
            return read_derivation(method, size, self.policy)
        found = _pbkdf2(method, size, self.policy)
        self.iterations += found.iterations
        if self.iterations > _MOST_ITERATIONS:
            raise SecurityError(f"more than {_MOST_ITERATIONS:,} iterations are not made", place=place_of(method))
        return found


def _pbkdf2(method: _Element, size: int, policy: AlgorithmPolicy) -> Pbkdf2:
    params = one(method, f"{{{XENC11}}}PBKDF2-params")
    salt = bytes_of(one(one(params, f"{{{XENC11}}}Salt"), f"{{{XENC11}}}Specified"))
    iterations = _number(params, "IterationCount", _MOST_ITERATIONS)
    length = _number(params, "KeyLength", 1024)
    if length != size:
        raise SecurityError(f"KeyLength is {length}, and the key must be of {size} bytes", place=place_of(params))
    prf = read_prf(one(params, f"{{{XENC11}}}PRF"), "PBKDF2", policy)
    return Pbkdf2(prf, salt, iterations)


def _number(params: _Element, name: str, most: int) -> int:
    element = one(params, f"{{{XENC11}}}{name}")
    text = text_of(element)
    if not text.isascii() or not text.isdigit() or len(text) > len(str(most)) or not 0 < int(text) <= most:
        raise SecurityError(f"{name} is {text!r:.40}; from 1 to {most:,} is done", place=place_of(element))
    return int(text)
