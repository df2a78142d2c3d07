"""A key that is agreed on: the sender's ephemeral key and the receiver's own make the key that wraps another.

Ephemeral-static Diffie-Hellman: XML Encryption 1.1, 5.6.4 (ECDH-ES) and RFC 9231, 2.6.13 and 2.6.14 (X25519, X448). Who
reads needs the private key that the message was made for; who sent is not proved by it. What others write is read too:
a key of the sender's that lasts, which a certificate is named for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, x448, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.crypto.algorithms import (
    AGREEMENTS,
    AgreementAlgorithm,
    AlgorithmPolicy,
    KeyDerivation,
    WrapAlgorithm,
)
from soapkit.security.crypto.certificates import AgreementKey, kind_of, name_of, public_key_of
from soapkit.security.crypto.kdf import Derivation, Derives, read_derivation, write_derivation
from soapkit.security.crypto.key_value import BARE_KEYS, CURVES, key_value_element, read_key_value
from soapkit.security.crypto.keys import KeyPair
from soapkit.security.crypto.provider import CryptoProvider
from soapkit.security.markup import (
    AGREEMENT_METHOD,
    DER_KEY_VALUE,
    KEY_DERIVATION_METHOD,
    KEY_NAME,
    ORIGINATOR_KEY_INFO,
    RECIPIENT_KEY_INFO,
    X509_DATA,
    algorithm_of,
    at_most_one,
    base64_text,
    new,
    sub,
)
from soapkit.xml.walk import children, place_of, tag_of

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
    method: _Element,
    size: int,
    keys: Sequence[KeyPair],
    policy: AlgorithmPolicy,
    provider: CryptoProvider,
    named: Callable[[_Element], x509.Certificate] | None = None,
    derivation_of: Callable[[_Element], Derives] | None = None,
) -> list[bytes]:
    """What an AgreementMethod and each of `keys` that is of its kind agree on: keys of `size` bytes.

    `named`: looks up the certificate that is said to hold the sender's key (X509Data, KeyName); without it the key
    itself must be there. `derivation_of`: reads more functions than messages may use.

    Raises `SecurityError` for what the policy does not allow, for a missing key of the sender or one that is none, and
    where no key of ours is of its kind, or on its curve.
    """
    algorithm = policy.agreement(algorithm_of(method))
    derived = at_most_one(method, KEY_DERIVATION_METHOD)
    if derived is None:
        raise SecurityError("a key agreement does not say how the key is derived", place=place_of(method))
    derivation = derivation_of(derived) if derivation_of is not None else read_derivation(derived, size, policy)
    senders = _read_key(method, algorithm, named)
    ours = [keypair for keypair in keys if keypair.kind == algorithm.key and _on_one_curve(keypair, senders)]
    if not ours:
        raise SecurityError(f"no key of ours is of the kind that {algorithm.name} needs here", place=place_of(method))
    return [derivation.key(provider.agree(keypair, senders), size) for keypair in ours]


def _on_one_curve(keypair: KeyPair, key: AgreementKey) -> bool:
    """A point on another curve than that of our key would tell of the key (invalid curve attack)."""
    own = keypair.private_key
    if not isinstance(own, ec.EllipticCurvePrivateKey) or not isinstance(key, ec.EllipticCurvePublicKey):
        return True
    return own.curve.name == key.curve.name


def _read_key(
    method: _Element, algorithm: AgreementAlgorithm, named: Callable[[_Element], x509.Certificate] | None
) -> AgreementKey:
    """The sender's key, ephemeral for the most part. Raises `SecurityError`."""
    info = at_most_one(method, ORIGINATOR_KEY_INFO)
    entries = list(children(info)) if info is not None else []
    if len(entries) != 1:
        raise SecurityError(
            f"a key agreement needs one key of its sender, found {len(entries)}", place=place_of(method)
        )
    entry = entries[0]
    if entry.tag in BARE_KEYS:
        key = read_key_value(entry)
    elif named is not None and entry.tag in (X509_DATA, KEY_NAME):
        key = public_key_of(named(entry))
    else:
        raise SecurityError(f"a key of the sender as {tag_of(entry)} is not understood", place=place_of(entry))
    if not isinstance(key, _TYPES[algorithm.key]):
        raise SecurityError(f"the key of the sender is none for {algorithm.name}", place=place_of(entry))
    return key


_TYPES: dict[str, type[AgreementKey]] = {
    "ec": ec.EllipticCurvePublicKey,
    "x25519": x25519.X25519PublicKey,
    "x448": x448.X448PublicKey,
}
