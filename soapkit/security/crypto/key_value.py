"""A ds:KeyValue <-> the public key that it is (XML Signature 1.1, 4.5.2). Whose key that is it does not say.

Read too: dsig11:DEREncodedKeyValue (4.5.9), which has keys of any kind, and what stands in a KeyValue by itself, which
a RetrievalMethod may lead to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.crypto.certificates import PublicKey
from soapkit.security.markup import (
    DER_KEY_VALUE,
    EC_KEY_VALUE,
    KEY_VALUE,
    NAMED_CURVE,
    PUBLIC_KEY,
    base64_text,
    bytes_of,
    new,
    one,
    sub,
)
from soapkit.xml.names import DS, clark
from soapkit.xml.walk import children, place_of, tag_of

_RSA: Final = clark(DS, "RSAKeyValue")
_MODULUS, _EXPONENT = clark(DS, "Modulus"), clark(DS, "Exponent")
CURVES: Final[dict[str, type[ec.EllipticCurve]]] = {
    "urn:oid:1.2.840.10045.3.1.7": ec.SECP256R1,
    "urn:oid:1.3.132.0.34": ec.SECP384R1,
    "urn:oid:1.3.132.0.35": ec.SECP521R1,
}
_MOST_BITS, _LONGEST_EXPONENT = 16_384, 8  # of an RSA key, since a larger one takes long to check with
_LONGEST = 4 * 1024  # bytes of an encoded key
_UNCOMPRESSED = b"\x04"


def read_key_value(element: _Element) -> PublicKey:
    """The key in one of `BARE_KEYS`: RSA, or of a curve by name, or of any kind that has an encoding.

    Raises `SecurityError` for any other.
    """
    entries = list(children(element)) if element.tag == KEY_VALUE else [element]
    if len(entries) == 1 and entries[0].tag in _READERS:
        try:
            return _READERS[tag_of(entries[0])](entries[0])
        except (ValueError, UnsupportedAlgorithm):
            raise SecurityError("the key is no key, or no point on its curve", place=place_of(element)) from None
    raise SecurityError(
        f"a key as {tag_of(entries[-1]) if entries else 'nothing'} is not understood", place=place_of(element)
    )


def key_value_element(key: PublicKey) -> _Element:
    """The ds:KeyValue of a key. Raises `SecurityError` for a kind that has no such form."""
    if isinstance(key, rsa.RSAPublicKey):
        numbers, element = key.public_numbers(), new(KEY_VALUE)
        value = sub(element, _RSA)
        for tag, number in ((_MODULUS, numbers.n), (_EXPONENT, numbers.e)):
            sub(value, tag, base64_text(number.to_bytes((number.bit_length() + 7) // 8, "big")))
        return element
    if isinstance(key, ec.EllipticCurvePublicKey):
        for uri, curve in CURVES.items():
            if isinstance(key.curve, curve):
                element = new(KEY_VALUE)
                value = sub(element, EC_KEY_VALUE)
                sub(value, NAMED_CURVE, attributes={"URI": uri})
                sub(value, PUBLIC_KEY, base64_text(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)))
                return element
    raise SecurityError("a KeyValue holds an RSA key, or one of the curves P-256, P-384 and P-521")


def _rsa(element: _Element) -> PublicKey:
    modulus, exponent = (bytes_of(one(element, tag)) for tag in (_MODULUS, _EXPONENT))
    if len(modulus) * 8 > _MOST_BITS or len(exponent) > _LONGEST_EXPONENT:
        raise ValueError("the numbers are too large")
    numbers = rsa.RSAPublicNumbers(int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big"))
    return numbers.public_key()


def _ec(element: _Element) -> PublicKey:
    """XML Signature 1.1, 4.5.2.3.1: a named curve, and a point that is not compressed."""
    curve = CURVES.get(one(element, NAMED_CURVE).get("URI", ""))
    if curve is None:
        raise SecurityError("the key is on a curve that is not used here", place=place_of(element))
    point = bytes_of(one(element, PUBLIC_KEY))
    if not point.startswith(_UNCOMPRESSED):
        raise SecurityError("the key is a compressed point, which the standard excludes", place=place_of(element))
    return ec.EllipticCurvePublicKey.from_encoded_point(curve(), point)


def _der(element: _Element) -> PublicKey:
    octets = bytes_of(element)
    key = load_der_public_key(octets) if len(octets) <= _LONGEST else None
    if not isinstance(key, PublicKey):
        raise ValueError("the key is of a kind that is not used here")
    return key


_READERS: Final[dict[str, Callable[[_Element], PublicKey]]] = {_RSA: _rsa, EC_KEY_VALUE: _ec, DER_KEY_VALUE: _der}
BARE_KEYS: Final = frozenset({KEY_VALUE, *_READERS})
