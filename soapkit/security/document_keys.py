"""Keys under keys, and keys from keys, of plain XML Encryption: key wrap (1.1, 5.7), ConcatKDF and PBKDF2 (5.4)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap
from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.algorithms import SIGNATURES, AlgorithmPolicy
from soapkit.security.decrypt import cipher_value
from soapkit.security.markup import (
    DIGEST_METHOD,
    KEY_DERIVATION_METHOD,
    MASTER_KEY_NAME,
    algorithm_of,
    at_most_one,
    bytes_of,
    one,
    text_of,
)
from soapkit.security.with_cryptography import hash_named
from soapkit.xml.names import XENC, XENC11
from soapkit.xml.walk import place_of

_MOST_ITERATIONS = 2_000_000  # of PBKDF2: a second or so
_3DES_IV = bytes.fromhex("4adda22c79e82105")  # XML Encryption 1.1, 5.7.2


@dataclass(frozen=True, slots=True)
class KeyWrap:
    """A symmetric algorithm to encrypt a key with. `size`: of the key that wraps, in bytes."""

    name: str
    size: int

    def allowed_by(self, policy: AlgorithmPolicy) -> bool:
        """AES by every policy; Triple DES where the cipher is allowed."""
        return self.name != "kw-tripledes" or "tripledes-cbc" in policy.ciphers


KEY_WRAPS = {
    f"{XENC}{name}": KeyWrap(name, size)
    for name, size in (("kw-aes128", 16), ("kw-aes192", 24), ("kw-aes256", 32), ("kw-tripledes", 24))
}


def unwrapped_key(wrap: KeyWrap, secret: bytes, encrypted_key: _Element) -> bytes:
    """The key in an EncryptedKey, which `secret` wraps. Raises `SecurityError`, the same for every reason."""
    value = cipher_value(encrypted_key)
    try:
        return _triple_des(secret, value) if wrap.name == "kw-tripledes" else aes_key_unwrap(secret, value)
    except (InvalidUnwrap, ValueError):
        raise SecurityError("the encrypted key cannot be unwrapped", place=place_of(encrypted_key)) from None


def _triple_des(secret: bytes, value: bytes) -> bytes:
    """RFC 3217, 3.2. Raises `ValueError`."""
    inner = _cbc(secret, _3DES_IV, value)[::-1]
    plain = _cbc(secret, inner[:8], inner[8:])
    key, checksum = plain[:-8], plain[-8:]
    if not hmac.compare_digest(hashlib.sha1(key, usedforsecurity=False).digest()[:8], checksum):
        raise ValueError("the checksum is wrong")
    return key


def _cbc(secret: bytes, iv: bytes, value: bytes) -> bytes:
    decryptor = Cipher(TripleDES(secret), modes.CBC(iv)).decryptor()
    return decryptor.update(value) + decryptor.finalize()


# --- derived keys -------------------------------------------------------------------------------------------------


def derived_key(element: _Element, secrets: Mapping[str, bytes], size: int, policy: AlgorithmPolicy) -> bytes:
    """The key of a DerivedKey, from the master key that it names. Raises `SecurityError`."""
    named = at_most_one(element, MASTER_KEY_NAME)
    name = " ".join(text_of(named).split()) if named is not None else ""
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


def _concat(method: _Element, secret: bytes, size: int, policy: AlgorithmPolicy) -> bytes:
    params = one(method, f"{{{XENC11}}}ConcatKDFParams")
    digest = policy.digest(algorithm_of(one(params, DIGEST_METHOD)))
    info = b"".join(
        _bits(params, name) for name in ("AlgorithmID", "PartyUInfo", "PartyVInfo", "SuppPubInfo", "SuppPrivInfo")
    )
    return ConcatKDFHash(hash_named(digest), size, info).derive(secret)


def _bits(params: _Element, name: str) -> bytes:
    """A string of bits in hexadecimal: its first octet says how many bits at its end do not count (5.4.1)."""
    octets = bytes.fromhex(params.get(name, ""))
    if octets[:1] not in (b"", b"\0"):
        raise ValueError(f"{name} is not of whole octets")
    return octets[1:]


def _pbkdf2(method: _Element, secret: bytes, size: int, policy: AlgorithmPolicy) -> bytes:
    params = one(method, f"{{{XENC11}}}PBKDF2-params")
    salt = bytes_of(one(one(params, f"{{{XENC11}}}Salt"), f"{{{XENC11}}}Specified"))
    iterations = _number(params, "IterationCount", _MOST_ITERATIONS)
    length = _number(params, "KeyLength", 1024)
    if length != size:
        raise ValueError(f"KeyLength is {length}, and the key must be of {size} bytes")
    uri = algorithm_of(one(params, f"{{{XENC11}}}PRF"))
    prf = SIGNATURES.get(uri)
    if prf is None or prf.key != "secret" or prf.hash not in policy.hashes:
        raise SecurityError(f"PRF {uri!r:.120} is not allowed by the policy {policy.name!r}", place=place_of(params))
    return PBKDF2HMAC(hash_named(prf.hash), size, salt, iterations).derive(secret)


def _number(params: _Element, name: str, most: int) -> int:
    element = one(params, f"{{{XENC11}}}{name}")
    text = text_of(element)
    if not text.isascii() or not text.isdigit() or len(text) > len(str(most)) or not 0 < int(text) <= most:
        raise SecurityError(f"{name} is {text!r:.40}; from 1 to {most:,} is done", place=place_of(element))
    return int(text)


_METHODS: dict[str, Callable[[_Element, bytes, int, AlgorithmPolicy], bytes]] = {
    f"{XENC11}ConcatKDF": _concat,
    f"{XENC11}pbkdf2": _pbkdf2,
}
