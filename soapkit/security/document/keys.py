"""Keys from keys of plain XML Encryption, by their names: ConcatKDF, HKDF, PBKDF2 (XML Encryption 1.1, 5.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.crypto.algorithms import KEY_DERIVATIONS, AlgorithmPolicy
from soapkit.security.crypto.kdf import read_derivation, read_prf
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

_MOST_ITERATIONS = 2_000_000  # of PBKDF2: a second or so


def name_in(element: _Element) -> str:
    """The name of a key; blanks and line breaks in it are one blank each."""
    return " ".join(text_of(element).split())


def derived_key(element: _Element, secrets: Mapping[str, bytes], size: int, policy: AlgorithmPolicy) -> bytes:
    """The key of a DerivedKey, from the master key that it names. Raises `SecurityError`."""
    named = at_most_one(element, MASTER_KEY_NAME)
    name = name_in(named) if named is not None else ""
    if name not in secrets:
        raise SecurityError(f"no master key is called {name!r:.120}; give secrets={{...}}", place=place_of(element))
    method = one(element, KEY_DERIVATION_METHOD)
    uri = algorithm_of(method)
    derive = _METHODS.get(uri)
    if derive is None:
        raise SecurityError(f"keys are not derived by {uri!r:.120}", place=place_of(method))
    try:
        return derive(method, secrets[name], size, policy)
    except ValueError as error:
        raise SecurityError(f"the key cannot be derived: {error}", place=place_of(method)) from None


def _by_function(method: _Element, secret: bytes, size: int, policy: AlgorithmPolicy) -> bytes:
    return read_derivation(method, size, policy).key(secret, size)


def _pbkdf2(method: _Element, secret: bytes, size: int, policy: AlgorithmPolicy) -> bytes:
    params = one(method, f"{{{XENC11}}}PBKDF2-params")
    salt = bytes_of(one(one(params, f"{{{XENC11}}}Salt"), f"{{{XENC11}}}Specified"))
    iterations = _number(params, "IterationCount", _MOST_ITERATIONS)
    length = _number(params, "KeyLength", 1024)
    if length != size:
        raise ValueError(f"KeyLength is {length}, and the key must be of {size} bytes")
    prf = read_prf(one(params, f"{{{XENC11}}}PRF"), "PBKDF2", policy)
    return PBKDF2HMAC(hash_named(prf), size, salt, iterations).derive(secret)


def _number(params: _Element, name: str, most: int) -> int:
    element = one(params, f"{{{XENC11}}}{name}")
    text = text_of(element)
    if not text.isascii() or not text.isdigit() or len(text) > len(str(most)) or not 0 < int(text) <= most:
        raise SecurityError(f"{name} is {text!r:.40}; from 1 to {most:,} is done", place=place_of(element))
    return int(text)


_METHODS: dict[str, Callable[[_Element, bytes, int, AlgorithmPolicy], bytes]] = {
    **dict.fromkeys(KEY_DERIVATIONS, _by_function),
    f"{XENC11}pbkdf2": _pbkdf2,
}
