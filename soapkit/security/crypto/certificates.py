"""A certificate and the public key in it: read from octets, named for a person, identified for a machine.

Strangers send them: whatever is wrong with one, cryptography tells it late and in many ways, and all of them are
`UNREADABLE`.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Final, TypeAlias, cast

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x448, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.utils import CryptographyDeprecationWarning

from soapkit.errors import SecurityError
from soapkit.security.crypto.algorithms import KeyKind

AgreementKey: TypeAlias = ec.EllipticCurvePublicKey | x25519.X25519PublicKey | x448.X448PublicKey
"""A public key that a secret can be agreed on with."""
PublicKey: TypeAlias = (
    rsa.RSAPublicKey | dsa.DSAPublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey | AgreementKey
)

UNREADABLE: Final = (
    ValueError,
    TypeError,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    UnsupportedAlgorithm,
    CryptographyDeprecationWarning,
)
"""What cryptography raises, often late, for a structure that is not as it should be; the warning, of a serial number
that is not positive, only where warnings are errors."""

_KINDS: tuple[tuple[type, KeyKind], ...] = (
    (rsa.RSAPublicKey, "rsa"),
    (dsa.DSAPublicKey, "dsa"),
    (ec.EllipticCurvePublicKey, "ec"),
    (ed25519.Ed25519PublicKey, "ed25519"),
    (ed448.Ed448PublicKey, "ed448"),
    (x25519.X25519PublicKey, "x25519"),
    (x448.X448PublicKey, "x448"),
)


def certificate_from_der(data: bytes) -> x509.Certificate:
    """One certificate from its DER bytes. Raises `SecurityError`.

    The last few of ordinary size are remembered: peers send the same with every message.
    """
    return _remembered(data) if len(data) <= _ORDINARY else _parsed(data)


def _parsed(data: bytes) -> x509.Certificate:
    try:
        certificate = x509.load_der_x509_certificate(data)
        # cryptography reads these only when asked, and a stranger's certificate may hold anything
        _ = (certificate.subject, certificate.issuer, certificate.not_valid_before_utc, certificate.not_valid_after_utc)
    except UNREADABLE as error:
        raise SecurityError(f"this is not an X.509 certificate: {error}") from None
    return certificate


_ORDINARY = 8_192
_remembered = lru_cache(maxsize=128)(_parsed)


_LONGEST_NAME = 1024  # characters


def name_of(certificate: x509.Certificate) -> str:
    """The subject of a certificate for a person, RFC 4514, on one line; its number where that is no name, or endless: a
    stranger's certificate stands in errors too, and those in the log."""
    try:
        return text_of_name(certificate.subject) or f"serial {certificate.serial_number}"
    except UNREADABLE:
        return f"serial {certificate.serial_number}"


def issuer_name_of(certificate: x509.Certificate) -> str:
    """The issuer of a certificate in the same way, empty where that is no name, or endless."""
    try:
        return text_of_name(certificate.issuer)
    except UNREADABLE:
        return ""


def text_of_name(name: x509.Name) -> str:
    """A name as RFC 4514 writes it, what cannot be printed as the octets that it is; empty for what is no text, or very
    long."""
    try:
        text = name.rfc4514_string()
    except UNREADABLE:  # a name that is not text
        return ""
    if len(text) > _LONGEST_NAME:
        return ""
    return text if text.isprintable() else "".join(map(_printable, text))


def _printable(character: str) -> str:
    """RFC 4514, 2.4: any character may be written as a backslash and two digits for each of its octets."""
    return character if character.isprintable() else "".join(f"\\{octet:02X}" for octet in character.encode())


def name_of_key(key: PublicKey) -> str:
    """A public key for a person: SHA-256 of it, as RFC 7469, 2.4 has it of those that are pinned, in hexadecimal."""
    return f"SHA-256 of key {hashlib.sha256(public_bytes(key)).hexdigest()}"


def public_key_of(certificate: x509.Certificate) -> PublicKey:
    """The public key of a certificate. Raises `SecurityError` when it is of a kind that is not used here."""
    try:
        key = certificate.public_key()
    except UNREADABLE as error:
        raise SecurityError(f"the key of certificate {name_of(certificate)} cannot be used: {error}") from None
    if _kind_of_class(type(key)) is None:
        raise SecurityError(f"the key of certificate {name_of(certificate)} is of a kind that is not used here")
    return cast("PublicKey", key)


def kind_of(certificate: x509.Certificate) -> KeyKind:
    """What kind of key a certificate holds. Raises `SecurityError`."""
    return kind_of_key(public_key_of(certificate))


def kind_of_key(key: PublicKey) -> KeyKind:
    """What kind of key this is."""
    kind = _kind_of_class(type(key))
    assert kind is not None, "a PublicKey is of one of the kinds"
    return kind


@lru_cache(maxsize=64)
def _kind_of_class(cls: type) -> KeyKind | None:
    """Remembered, since cryptography's are abstract classes, which take long to ask. None for a kind not used here."""
    return next((kind for base, kind in _KINDS if issubclass(cls, base)), None)


def key_bits(key: PublicKey) -> tuple[str, int] | None:
    """The size of a key of a kind that has several, ``RSA``, ``DSA`` or ``EC``; None for another kind."""
    name = _SIZED.get(kind_of_key(key))
    return (name, cast("rsa.RSAPublicKey", key).key_size) if name is not None else None


_SIZED: dict[KeyKind, str] = {"rsa": "RSA", "dsa": "DSA", "ec": "EC"}


def thumbprint(certificate: x509.Certificate) -> bytes:
    """SHA-1 of the whole certificate, as X.509 token profile 1.1, 3.2.1 names it (a name, not a proof)."""
    return hashlib.sha1(der_of(certificate), usedforsecurity=False).digest()


def der_of(certificate: x509.Certificate) -> bytes:
    """The certificate's own bytes."""
    return certificate.public_bytes(Encoding.DER)


def key_identifier(certificate: x509.Certificate) -> bytes | None:
    """The SubjectKeyIdentifier extension, None where there is none or it cannot be read."""
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except (x509.ExtensionNotFound, *UNREADABLE):
        return None


def computed_key_identifier(certificate: x509.Certificate) -> bytes:
    """SHA-1 of the public key (RFC 5280, 4.2.1.2, method 1): what stacks say where the extension is missing."""
    return x509.SubjectKeyIdentifier.from_public_key(public_key_of(certificate)).digest


def public_bytes(key: PublicKey) -> bytes:
    """A public key as DER has it (SubjectPublicKeyInfo)."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
