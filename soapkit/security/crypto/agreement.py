"""A key that is agreed on: the sender's ephemeral key and the receiver's own make the key that wraps another.

Ephemeral-static Diffie-Hellman: XML Encryption 1.1, 5.6.4 (ECDH-ES) and RFC 9231, 2.6.13 and 2.6.14 (X25519, X448). Who
reads needs the private key that the message was made for; who sent is not proved by it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, x448, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.crypto.algorithms import (
    AGREEMENTS,
    AgreementAlgorithm,
    AlgorithmPolicy,
    KeyDerivation,
    WrapAlgorithm,
)
from soapkit.security.crypto.kdf import Derivation, read_derivation, write_derivation
from soapkit.security.crypto.key_value import CURVES, key_value_element
from soapkit.security.crypto.keys import AgreementKey, KeyPair, kind_of, name_of, public_key_of
from soapkit.security.crypto.provider import CryptoProvider
from soapkit.security.markup import (
    AGREEMENT_METHOD,
    DER_KEY_VALUE,
    EC_KEY_VALUE,
    KEY_DERIVATION_METHOD,
    KEY_VALUE,
    NAMED_CURVE,
    ORIGINATOR_KEY_INFO,
    PUBLIC_KEY,
    RECIPIENT_KEY_INFO,
    algorithm_of,
    at_most_one,
    base64_text,
    bytes_of,
    new,
    one,
    sub,
)
from soapkit.xml.walk import children, place_of, tag_of

_UNCOMPRESSED = b"\x04"
_LONGEST = 1024  # bytes of an encoded key


# --- on the way out -----------------------------------------------------------------------------------------------


def agree_with(
    certificate: x509.Certificate,
    wrap: WrapAlgorithm,
    derivation: KeyDerivation,
    recipient: Sequence[_Element],
    provider: CryptoProvider,
) -> tuple[_Element, bytes]:
    """An xenc:AgreementMethod with a fresh ephemeral key, and the key that is agreed on by it.

    `recipient`: names the certificate, for RecipientKeyInfo. The URI of `wrap` goes into the derivation, so that a key
    is of use for that alone.
    """
    kind = kind_of(certificate)
    uri = next((uri for uri, row in AGREEMENTS.items() if row.key == kind), None)
    if uri is None or not _is_on_known_curve(certificate):
        raise SecurityError(f"certificate {name_of(certificate)} holds no key to encrypt to")
    ephemeral, secret = provider.agree_with(certificate)
    salt = provider.random(32) if derivation == "hkdf" else b""
    derived = Derivation(derivation, "sha256", wrap.uri.encode(), salt)
    method = new(AGREEMENT_METHOD, attributes={"Algorithm": uri})
    method.append(write_derivation(derived, wrap.key_size))
    _write_key(sub(method, ORIGINATOR_KEY_INFO), ephemeral)
    if recipient:
        sub(method, RECIPIENT_KEY_INFO).extend(recipient)
    return method, derived.key(secret, wrap.key_size)


def _is_on_known_curve(certificate: x509.Certificate) -> bool:
    key = public_key_of(certificate)
    return not isinstance(key, ec.EllipticCurvePublicKey) or isinstance(key.curve, tuple(CURVES.values()))


def _write_key(key_info: _Element, key: AgreementKey) -> None:
    if not isinstance(key, ec.EllipticCurvePublicKey):
        der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        sub(key_info, DER_KEY_VALUE, base64_text(der))
        return
    key_info.append(key_value_element(key))


# --- on the way in ------------------------------------------------------------------------------------------------


def agreed_keys(
    method: _Element, size: int, keys: Sequence[KeyPair], policy: AlgorithmPolicy, provider: CryptoProvider
) -> list[bytes]:
    """What an AgreementMethod and each of `keys` that is of its kind agree on: keys of `size` bytes.

    Raises `SecurityError` for what the policy does not allow, for a missing ephemeral key or one that is none, and
    where no key of ours is of its kind, or on its curve.
    """
    algorithm = policy.agreement(algorithm_of(method))
    derived = at_most_one(method, KEY_DERIVATION_METHOD)
    if derived is None:
        raise SecurityError("a key agreement does not say how the key is derived", place=place_of(method))
    derivation = read_derivation(derived, size, policy)
    ephemeral = _read_key(method, algorithm)
    ours = [keypair for keypair in keys if keypair.kind == algorithm.key and _on_one_curve(keypair, ephemeral)]
    if not ours:
        raise SecurityError(f"no key of ours is of the kind that {algorithm.name} needs here", place=place_of(method))
    return [derivation.key(provider.agree(keypair, ephemeral), size) for keypair in ours]


def _on_one_curve(keypair: KeyPair, key: AgreementKey) -> bool:
    """A point on another curve than that of our key would tell of the key (invalid curve attack)."""
    own = keypair.private_key
    if not isinstance(own, ec.EllipticCurvePrivateKey) or not isinstance(key, ec.EllipticCurvePublicKey):
        return True
    return own.curve.name == key.curve.name


def _read_key(method: _Element, algorithm: AgreementAlgorithm) -> AgreementKey:
    """The sender's ephemeral key. Raises `SecurityError`."""
    info = at_most_one(method, ORIGINATOR_KEY_INFO)
    entries = list(children(info)) if info is not None else []
    if len(entries) != 1:
        raise SecurityError(
            f"a key agreement needs one ephemeral key of its sender, found {len(entries)}", place=place_of(method)
        )
    entry = entries[0]
    if entry.tag == KEY_VALUE:
        entry = next(children(entry), entry)
    reader = _READERS.get(tag_of(entry))
    if reader is None:
        raise SecurityError(f"an ephemeral key as {tag_of(entry)} is not understood", place=place_of(entry))
    try:
        key = reader(entry)
    except (ValueError, UnsupportedAlgorithm):
        raise SecurityError("the ephemeral key is no key, or no point on its curve", place=place_of(entry)) from None
    if not isinstance(key, _TYPES[algorithm.key]):
        raise SecurityError(f"the ephemeral key is none for {algorithm.name}", place=place_of(entry))
    return key


def _read_ec_key(value: _Element) -> AgreementKey:
    """XML Signature 1.1, 4.5.2.3.1: a named curve, and a point that is not compressed."""
    curve = CURVES.get(one(value, NAMED_CURVE).get("URI", ""))
    if curve is None:
        raise SecurityError("the ephemeral key is on a curve that is not used here", place=place_of(value))
    point = bytes_of(one(value, PUBLIC_KEY))
    if not point.startswith(_UNCOMPRESSED):
        raise SecurityError(
            "the ephemeral key is a compressed point, which the standard excludes", place=place_of(value)
        )
    return ec.EllipticCurvePublicKey.from_encoded_point(curve(), point)


def _read_der_key(value: _Element) -> AgreementKey:
    octets = bytes_of(value)
    key = load_der_public_key(octets) if len(octets) <= _LONGEST else None
    if not isinstance(key, AgreementKey):
        raise SecurityError("the ephemeral key is of a kind that agrees on nothing", place=place_of(value))
    return key


_READERS: dict[str, Callable[[_Element], AgreementKey]] = {EC_KEY_VALUE: _read_ec_key, DER_KEY_VALUE: _read_der_key}
_TYPES: dict[str, type] = {
    "ec": ec.EllipticCurvePublicKey,
    "x25519": x25519.X25519PublicKey,
    "x448": x448.X448PublicKey,
}
