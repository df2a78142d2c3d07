"""DerivedKeyToken: a key for one signature or one encryption, made of a shared one.

WS-SecureConversation 1.3 (and the submission of 2005/02), section 7: P_SHA-1 of RFC 2246, 5, over a label and a nonce.
What is made with a key is not weakened by what is made with another, though both come from one.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.crypto.provider import CryptoProvider
from soapkit.security.ids import WSU_ID
from soapkit.security.markup import (
    TOKEN_REFERENCE,
    at_most_one,
    base64_text,
    bytes_of,
    new,
    reference_around,
    sub,
    text_of,
)
from soapkit.xml.base64 import from_base64
from soapkit.xml.names import WSC2005_02, WSC2005_12, clark, namespace_of
from soapkit.xml.parse import parse_own
from soapkit.xml.serialise import serialise
from soapkit.xml.walk import place_of, tag_of

DerivedVersion: TypeAlias = Literal["2005/12", "2005/02"]

NAMESPACES: Final[dict[str, str]] = {"2005/12": WSC2005_12, "2005/02": WSC2005_02}
DERIVED_KEY_TOKENS: Final = frozenset(clark(namespace, "DerivedKeyToken") for namespace in NAMESPACES.values())

_NONCES = tuple(clark(namespace, "Nonce") for namespace in NAMESPACES.values())
_LABEL = b"WS-SecureConversation" * 2  # where the message says none
_LENGTH = 32  # bytes, where the message says none
# A key that a stranger has made short could be guessed. What stands before a key has to be computed too.
_SHORTEST, _LONGEST, _FURTHEST, _LONGEST_NONCE = 16, 64, 1024, 256


def p_sha1(secret: bytes, seed: bytes, offset: int, length: int) -> bytes:
    """`length` bytes of the stream that a secret and a seed make, from `offset` on (RFC 2246, 5)."""
    stream, block = b"", seed
    while len(stream) < offset + length:
        block = hmac.digest(secret, block, hashlib.sha1)
        stream += hmac.digest(secret, block + seed, hashlib.sha1)
    return stream[offset : offset + length]


def derived_from(token: _Element) -> _Element:
    """The SecurityTokenReference of a DerivedKeyToken, to what it is derived from. Raises `SecurityError`."""
    found = at_most_one(token, TOKEN_REFERENCE)
    if found is None:
        raise SecurityError("a derived key does not say what it is derived from", place=place_of(token))
    return found


def derive(token: _Element, secret: bytes) -> bytes:
    """The key that a DerivedKeyToken describes. Raises `SecurityError` for what is not understood or out of measure."""
    namespace = namespace_of(tag_of(token))
    algorithm = token.get("Algorithm", f"{namespace}/dk/p_sha1")
    if algorithm not in {f"{each}/dk/p_sha1" for each in NAMESPACES.values()}:
        raise SecurityError(f"a key derived by {algorithm!r:.120} is not understood", place=place_of(token))
    length = _number(token, namespace, "Length", _LENGTH, _LONGEST)
    offset = _number(token, namespace, "Offset", 0, _FURTHEST)
    if at_most_one(token, clark(namespace, "Generation")) is not None:
        if at_most_one(token, clark(namespace, "Offset")) is not None:
            raise SecurityError("a derived key has both Offset and Generation", place=place_of(token))
        offset = length * _number(token, namespace, "Generation", 0, _FURTHEST // _LONGEST)
    if length < _SHORTEST:
        raise SecurityError(f"a derived key of {length} bytes is too short", place=place_of(token))
    nonce = at_most_one(token, clark(namespace, "Nonce"))
    seed = bytes_of(nonce) if nonce is not None else b""
    if not 0 < len(seed) <= _LONGEST_NONCE:
        raise SecurityError(f"a derived key has a Nonce of 1 to {_LONGEST_NONCE} bytes", place=place_of(token))
    label = at_most_one(token, clark(namespace, "Label"))
    words = text_of(label).encode() if label is not None else _LABEL
    if len(words) > _LONGEST_NONCE:
        raise SecurityError("the label of a derived key is too long", place=place_of(token))
    return p_sha1(secret, words + seed, offset, length)


def implies_key(reference: _Element) -> bool:
    """Whether a SecurityTokenReference is to a key derived from that of the token, and not to that (implied derived
    keys: WS-SecureConversation 1.4, 7.3)."""
    return any(reference.get(name) is not None for name in _NONCES)


def derive_implied(reference: _Element, secret: bytes) -> bytes:
    """The key that such a reference is to. Raises `SecurityError` for what is out of measure."""
    namespace = next(each for each in NAMESPACES.values() if reference.get(clark(each, "Nonce")) is not None)
    try:
        nonce = from_base64(reference.get(clark(namespace, "Nonce")) or "")
    except ValueError:
        nonce = b""
    length = reference.get(clark(namespace, "Length"), str(_LENGTH))
    if not 0 < len(nonce) <= _LONGEST_NONCE:
        raise SecurityError(f"a derived key has a Nonce of 1 to {_LONGEST_NONCE} bytes", place=place_of(reference))
    if length not in map(str, range(_SHORTEST, _LONGEST + 1)):
        raise SecurityError(
            f"a derived key has {_SHORTEST} to {_LONGEST} bytes, found {length!r:.40}", place=place_of(reference)
        )
    return p_sha1(secret, _LABEL + nonce, 0, int(length))


def _number(token: _Element, namespace: str, name: str, otherwise: int, most: int) -> int:
    found = at_most_one(token, clark(namespace, name))
    if found is None:
        return otherwise
    text = text_of(found)
    if not (text.isascii() and text.isdigit()) or len(text) > 6 or int(text) > most:
        raise SecurityError(f"the {name} of a derived key is a number up to {most}", place=place_of(found))
    return int(text)


@dataclass(frozen=True, slots=True)
class DerivedKey:
    """A derived key in a message being made, and the DerivedKeyToken that tells how it is made."""

    element: _Element
    value: bytes = field(repr=False)
    namespace: str = WSC2005_12

    def reference(self) -> str:
        """A SecurityTokenReference to it, as text."""
        return reference_around(f'<wsse:Reference URI="#{self.element.get(WSU_ID)}" ValueType="{self.namespace}/dk"/>')


@dataclass(frozen=True, slots=True)
class ImpliedKey:
    """A derived key in a message being made, without a token: the reference to what it is derived from tells it.
    `element`: that, in the message."""

    element: _Element | None
    value: bytes = field(repr=False)
    nonce: bytes
    namespace: str
    base: Callable[[], str] = field(repr=False)

    def reference(self) -> str:
        """A SecurityTokenReference to it, as text."""
        made = parse_own(self.base())
        made.set(clark(self.namespace, "Nonce"), base64_text(self.nonce))
        made.set(clark(self.namespace, "Length"), str(len(self.value)))
        return serialise(made).decode()


def implied_key(
    version: DerivedVersion,
    secret: bytes,
    reference: Callable[[], str],
    element: _Element | None,
    length: int,
    provider: CryptoProvider,
) -> ImpliedKey:
    """A fresh key of `length` bytes, derived from the secret that `reference` refers to, in `element`."""
    nonce = provider.random(16)
    value = p_sha1(secret, _LABEL + nonce, 0, length)
    return ImpliedKey(element, value, nonce, NAMESPACES[version], reference)


def derived_key(
    version: DerivedVersion, secret: bytes, reference: Callable[[], str], length: int, provider: CryptoProvider
) -> DerivedKey:
    """A fresh key of `length` bytes, derived from the secret that `reference` refers to."""
    namespace, nonce = NAMESPACES[version], provider.random(16)
    token = new(
        clark(namespace, "DerivedKeyToken"),
        attributes={WSU_ID: f"DK-{provider.random(16).hex()}", "Algorithm": f"{namespace}/dk/p_sha1"},
    )
    token.append(parse_own(reference()))
    sub(token, clark(namespace, "Offset"), "0")
    sub(token, clark(namespace, "Length"), str(length))
    sub(token, clark(namespace, "Nonce"), base64_text(nonce))
    return DerivedKey(token, p_sha1(secret, _LABEL + nonce, 0, length), namespace)
