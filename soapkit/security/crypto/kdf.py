"""Key derivation functions: a secret that was agreed on -> the key that wraps another; their parameters, both ways.

XML Encryption 1.1, 5.4.1 (ConcatKDF, of NIST SP 800-56A); RFC 9231, 2.8.1 (HKDF, of RFC 5869).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.crypto.algorithms import (
    KEY_DERIVATIONS,
    SIGNATURES,
    AlgorithmPolicy,
    KeyDerivation,
    digest_uri,
    signature_named,
)
from soapkit.security.crypto.with_cryptography import hash_named
from soapkit.security.markup import (
    CONCAT_PARAMS,
    DIGEST_METHOD,
    HKDF_INFO,
    HKDF_KEY_LENGTH,
    HKDF_PARAMS,
    HKDF_PRF,
    HKDF_SALT,
    KEY_DERIVATION_METHOD,
    algorithm_of,
    at_most_one,
    base64_text,
    bytes_of,
    new,
    one,
    sub,
    text_of,
)
from soapkit.xml.walk import place_of

_BITS: Final = ("AlgorithmID", "PartyUInfo", "PartyVInfo", "SuppPubInfo", "SuppPrivInfo")
_LONGEST: Final = 1024  # octets of a parameter, which are hashed for whoever sends them


class Derives(Protocol):
    """What makes a key of a secret."""

    def key(self, secret: bytes, size: int) -> bytes:
        """`size` bytes made of a secret."""
        ...


@dataclass(frozen=True, slots=True)
class Derivation:
    """One use of a key derivation function. `info`: what is hashed with the secret besides a counter."""

    method: KeyDerivation
    hash: str
    info: bytes = b""
    salt: bytes = b""

    def key(self, secret: bytes, size: int) -> bytes:
        """`size` bytes made of a secret."""
        return _FUNCTIONS[self.method](self, secret, size)


def concat_kdf(derivation: Derivation, secret: bytes, size: int) -> bytes:
    """NIST SP 800-56A, 5.8.1."""
    return ConcatKDFHash(hash_named(derivation.hash), size, derivation.info).derive(secret)


def hkdf(derivation: Derivation, secret: bytes, size: int) -> bytes:
    """RFC 5869: extract, then expand."""
    return HKDF(hash_named(derivation.hash), size, derivation.salt, derivation.info).derive(secret)


_FUNCTIONS: dict[KeyDerivation, Callable[[Derivation, bytes, int], bytes]] = {"concat-kdf": concat_kdf, "hkdf": hkdf}


# --- on the way out -----------------------------------------------------------------------------------------------


def write_derivation(derivation: Derivation, size: int) -> _Element:
    """An xenc11:KeyDerivationMethod."""
    uri = next(uri for uri, method in KEY_DERIVATIONS.items() if method == derivation.method)
    method = new(KEY_DERIVATION_METHOD, attributes={"Algorithm": uri})
    if derivation.method == "concat-kdf":
        bits = {"AlgorithmID": f"00{derivation.info.hex()}", "PartyUInfo": "", "PartyVInfo": ""}
        params = sub(method, CONCAT_PARAMS, attributes=bits)
        sub(params, DIGEST_METHOD, attributes={"Algorithm": digest_uri(derivation.hash)})
        return method
    params = sub(method, HKDF_PARAMS)
    sub(params, HKDF_PRF, attributes={"Algorithm": signature_named(f"hmac-{derivation.hash}").uri})
    sub(params, HKDF_SALT, base64_text(derivation.salt))
    sub(params, HKDF_INFO, base64_text(derivation.info))
    sub(params, HKDF_KEY_LENGTH, str(size))
    return method


# --- on the way in ------------------------------------------------------------------------------------------------


def read_derivation(method: _Element, size: int, policy: AlgorithmPolicy) -> Derivation:
    """What a KeyDerivationMethod says, of a key of `size` bytes. Raises `SecurityError` for what is not understood, not
    allowed or out of measure."""
    uri = algorithm_of(method)
    reader = _READERS.get(KEY_DERIVATIONS.get(uri, ""))
    if reader is None:
        raise SecurityError(f"a key derived by {uri!r:.120} is not understood", place=place_of(method))
    return reader(method, size, policy)


def _read_concat(method: _Element, _size: int, policy: AlgorithmPolicy) -> Derivation:
    params = one(method, CONCAT_PARAMS)
    name = policy.digest(algorithm_of(one(params, DIGEST_METHOD)))
    return Derivation("concat-kdf", name, _bits([params.get(attribute, "") for attribute in _BITS], params))


def _bits(texts: list[str], params: _Element) -> bytes:
    """Bit strings side by side, zeros after the last to fill its octet. Each is hexadecimal, behind a first octet that
    says how many of the bits at its end do not belong to it (XML Encryption 1.1, 5.4.1)."""
    bits = ""
    for text in texts:
        octets = _hexadecimal(text.strip(), params)
        if not octets:
            continue
        unused, content = octets[0], octets[1:]
        if unused > min(7, 8 * len(content)):
            raise SecurityError("a parameter of ConcatKDF is shorter than it says", place=place_of(params))
        of_text = "".join(f"{octet:08b}" for octet in content)
        bits += of_text[: len(of_text) - unused]
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))


def _hexadecimal(text: str, params: _Element) -> bytes:
    if len(text) > 2 * _LONGEST:
        raise SecurityError(f"a parameter of ConcatKDF has at most {_LONGEST} bytes", place=place_of(params))
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise SecurityError("a parameter of ConcatKDF is not hexadecimal", place=place_of(params)) from None


def _read_hkdf(method: _Element, size: int, policy: AlgorithmPolicy) -> Derivation:
    params = one(method, HKDF_PARAMS)
    prf = read_prf(one(params, HKDF_PRF), "HKDF", policy)
    length = at_most_one(params, HKDF_KEY_LENGTH)
    if length is not None and text_of(length) != str(size):
        raise SecurityError(f"HKDF is to make a key of {size} bytes", place=place_of(length))
    salt, info = (_octets(at_most_one(params, tag)) for tag in (HKDF_SALT, HKDF_INFO))
    return Derivation("hkdf", prf, info, salt)


def read_prf(element: _Element, of: str, policy: AlgorithmPolicy) -> str:
    """The hash of the HMAC that a derivation is made with. Raises `SecurityError` unless the policy allows it."""
    prf = SIGNATURES.get(algorithm_of(element))
    if prf is None or prf.key != "secret" or prf.hash not in policy.hashes:
        raise SecurityError(f"the PRF of {of} is not allowed by the policy {policy.name!r}", place=place_of(element))
    return prf.hash


def _octets(element: _Element | None) -> bytes:
    octets = bytes_of(element) if element is not None else b""
    if len(octets) > _LONGEST:
        assert element is not None
        raise SecurityError(f"a parameter of HKDF has at most {_LONGEST} bytes", place=place_of(element))
    return octets


_READERS: dict[str, Callable[[_Element, int, AlgorithmPolicy], Derivation]] = {
    "concat-kdf": _read_concat,
    "hkdf": _read_hkdf,
}
