"""The key that an assertion says its subject has: out of the KeyInfo of a holder-of-key confirmation.

Source: SAML Token Profile 1.1, 3.5.1; SAML 2.0 profiles, 3.1; XML Signature 1.1, 4.5.2.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.encrypted_key import cipher_value
from soapkit.security.ids import IdIndex
from soapkit.security.keys import PublicKey, public_key_of
from soapkit.security.markup import (
    ENCRYPTED_KEY,
    KEY_NAME,
    KEY_VALUE,
    TOKEN_REFERENCE,
    X509_DATA,
    bytes_of,
    one,
)
from soapkit.security.references import Carried, Named, read_key
from soapkit.security.saml_read import Assertion
from soapkit.xml.names import DS, DSIG11, clark
from soapkit.xml.walk import children, place_of, tag_of

_RSA = clark(DS, "RSAKeyValue")
_MODULUS, _EXPONENT = clark(DS, "Modulus"), clark(DS, "Exponent")
_EC = clark(DSIG11, "ECKeyValue")
_NAMED_CURVE, _POINT = clark(DSIG11, "NamedCurve"), clark(DSIG11, "PublicKey")
_CURVES: dict[str, type[ec.EllipticCurve]] = {
    "urn:oid:1.2.840.10045.3.1.7": ec.SECP256R1,
    "urn:oid:1.3.132.0.34": ec.SECP384R1,
    "urn:oid:1.3.132.0.35": ec.SECP521R1,
}
_MOST_BITS, _LONGEST_EXPONENT = 16_384, 8  # of an RSA key, since a larger one takes long to check with


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """What the subject signs with: a public key, with the certificate that it came in, or a secret, which came in an
    EncryptedKey. `ours`: as of a shared secret, what we signed with it ourselves."""

    public: PublicKey | None = None
    certificate: x509.Certificate | None = None
    encrypted: _Element | None = None
    secret: bytes = field(default=b"", repr=False)
    ours: Container[str] = field(default=frozenset(), repr=False)


def subject_key(assertion: Assertion, certificates: Sequence[x509.Certificate]) -> SubjectKey:
    """The key in the holder-of-key confirmations of an assertion, which is one and the same in all of them.

    `certificates`: where one is looked up that is only named. Raises `SecurityError` when there is none that can be
    read, or more than one: each could be good at another time.
    """
    holding = [each for group in assertion.confirmations for each in group if each.method == "holder-of-key"]
    keys = [read_subject_key(key, certificates) for each in holding for key in each.keys]
    if not keys:
        raise SecurityError("the assertion names no key of its subject (a KeyInfo with holder-of-key)")
    if any(not _same(keys[0], other) for other in keys[1:]):
        raise SecurityError("the assertion names several keys of its subject; one is taken")
    return keys[0]


def _same(one: SubjectKey, other: SubjectKey) -> bool:
    if one.encrypted is not None and other.encrypted is not None:
        return cipher_value(one.encrypted) == cipher_value(other.encrypted)
    return one.public is not None and one.public == other.public


def read_subject_key(key_info: _Element, certificates: Sequence[x509.Certificate]) -> SubjectKey:
    """A key by its ds:KeyInfo, whose children all speak of the same one. Raises `SecurityError`."""
    for tag, read in _READERS:
        found = next(children(key_info, tag), None)
        if found is not None:
            return read(found, certificates)
    raise SecurityError("the key of the subject is written in a way that is not understood", place=place_of(key_info))


def _by_certificate(element: _Element, certificates: Sequence[x509.Certificate]) -> SubjectKey:
    source = read_key(element, IdIndex(element.getroottree().getroot()))
    if isinstance(source, Carried):
        certificate = source.certificates[0]
    elif isinstance(source, Named):
        certificate = source.among(certificates)
    else:
        raise SecurityError("the key of the subject is named by another key", place=place_of(element))
    return SubjectKey(public_key_of(certificate), certificate)


def _by_value(element: _Element, _certificates: Sequence[x509.Certificate]) -> SubjectKey:
    """A bare key is enough here: the issuer says whose it is."""
    entries = list(children(element))
    if len(entries) == 1 and entries[0].tag in _VALUES:
        try:
            return SubjectKey(_VALUES[tag_of(entries[0])](entries[0]))
        except (ValueError, UnsupportedAlgorithm):
            raise SecurityError("the key of the subject is none", place=place_of(element)) from None
    raise SecurityError("a KeyValue of this kind is not read", place=place_of(element))


def _rsa(element: _Element) -> PublicKey:
    modulus, exponent = (bytes_of(one(element, tag)) for tag in (_MODULUS, _EXPONENT))
    if len(modulus) * 8 > _MOST_BITS or len(exponent) > _LONGEST_EXPONENT:
        raise ValueError("the numbers are too large")
    numbers = rsa.RSAPublicNumbers(int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big"))
    return numbers.public_key()


def _ec(element: _Element) -> PublicKey:
    curve = _CURVES.get(one(element, _NAMED_CURVE).get("URI", ""))
    if curve is None:
        raise ValueError("the curve is not known")
    return ec.EllipticCurvePublicKey.from_encoded_point(curve(), bytes_of(one(element, _POINT)))


def _by_encrypted_key(element: _Element, _certificates: Sequence[x509.Certificate]) -> SubjectKey:
    return SubjectKey(encrypted=element)


_VALUES: dict[str, Callable[[_Element], PublicKey]] = {_RSA: _rsa, _EC: _ec}
_READERS: tuple[tuple[str, Callable[[_Element, Sequence[x509.Certificate]], SubjectKey]], ...] = (
    (X509_DATA, _by_certificate),
    (KEY_VALUE, _by_value),
    (ENCRYPTED_KEY, _by_encrypted_key),
    (TOKEN_REFERENCE, _by_certificate),
    (KEY_NAME, _by_certificate),
)
