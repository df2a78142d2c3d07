"""EncryptedKey, both ways: a fresh key that travels encrypted to a certificate, or wrapped under another key.

XML Encryption 1.1, 5.5 (key transport), 5.6 (key agreement) and 5.7 (key wrap).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from cryptography import x509
from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.crypto.agreement import agree_with
from soapkit.security.crypto.algorithms import (
    DIGESTS,
    MGFS,
    AlgorithmPolicy,
    KeyTransport,
    WrapAlgorithm,
    mgf_uri,
    oaep_digest_uri,
    transport_with,
    wrap_named,
)
from soapkit.security.crypto.certificates import kind_of
from soapkit.security.crypto.keys import KeyPair
from soapkit.security.crypto.provider import CryptoProvider
from soapkit.security.markup import (
    CIPHER_DATA,
    CIPHER_REFERENCE,
    CIPHER_VALUE,
    DIGEST_METHOD,
    ENCRYPTED_KEY,
    ENCRYPTION_METHOD,
    KEY_INFO,
    KEY_NAME,
    MGF,
    OAEP_PARAMS,
    algorithm_of,
    at_most_one,
    base64_text,
    bytes_of,
    new,
    one,
    sub,
)
from soapkit.security.references_write import token_reference, token_reference_text
from soapkit.security.steps import Encrypt, Recipient, SecretKey, SharedKey
from soapkit.security.tokens import binary_token_element
from soapkit.soap.security_result import SecurityResult
from soapkit.xml.names import DS, XENC, XENC11
from soapkit.xml.parse import parse_own
from soapkit.xml.walk import place_of

_WRAP = "kw-aes256"  # under a key that is agreed on, unless said


@dataclass(frozen=True, slots=True)
class WrappingKey:
    """A secret that another key is wrapped under. `name`: what stands in the KeyInfo."""

    wrap: WrapAlgorithm
    value: bytes = field(repr=False)
    name: _Element

    @classmethod
    def of(cls, key: SecretKey) -> WrappingKey:
        """One that both sides know by its name."""
        return cls(key.wrap, key.value, new(KEY_NAME, key.name))


Addressee: TypeAlias = x509.Certificate | WrappingKey
"""Whom a key is encrypted to, or what under."""

# --- on the way out -----------------------------------------------------------------------------------------------


def recipient(to: x509.Certificate | KeyPair | Recipient | SecretKey, request: SecurityResult | None) -> Addressee:
    """The certificate to encrypt to, or the key: of ``SIGNER``, also one that the key of an assertion's subject came
    in.

    Raises `SecurityError` for ``SIGNER`` when the request was not signed.
    """
    if isinstance(to, Recipient):
        signer = request.signer if request is not None else None
        if signer is None and request is not None and request.assertion is not None:
            signer = request.assertion.holder
        if to is not Recipient.SIGNER or not isinstance(signer, x509.Certificate):
            raise SecurityError("to=SIGNER answers a request; there is none that was signed")
        return signer
    if isinstance(to, SecretKey):
        return WrappingKey.of(to)
    return to.certificate if isinstance(to, KeyPair) else to


def encrypted_key(
    step: Encrypt | SharedKey, to: Addressee, secret: bytes, key_id: str, provider: CryptoProvider
) -> tuple[_Element, _Element | None]:
    """The EncryptedKey, and the token that carries its certificate if the reference is a direct one."""
    if isinstance(to, WrappingKey):
        return _wrapped(to, secret, key_id, provider), None
    token_id = f"X509-{provider.random(16).hex()}"
    token = binary_token_element(to, token_id) if step.key_reference == "direct" else None
    if kind_of(to) == "rsa":
        named = token_reference_text(to, step.key_reference, token_id)
        return _transported(step, to, named, secret, key_id, provider), token
    wrap = wrap_named(step.key_wrap or _WRAP)
    reference = token_reference(to, step.key_reference, token_id)
    method, agreed = agree_with(to, wrap, step.key_derivation, [reference], provider)
    return _wrapped(WrappingKey(wrap, agreed, method), secret, key_id, provider), token


def agreed_encrypted_key(
    certificate: x509.Certificate, named: Sequence[_Element], secret: bytes, provider: CryptoProvider
) -> _Element:
    """An EncryptedKey of a plain document, under a key that is agreed on; `named`: says with whom."""
    wrap = wrap_named(_WRAP)
    method, agreed = agree_with(certificate, wrap, "concat-kdf", named, provider)
    return _wrapped(WrappingKey(wrap, agreed, method), secret, f"EK-{provider.random(16).hex()}", provider)


def _transported(
    step: Encrypt | SharedKey,
    certificate: x509.Certificate,
    reference: str,
    secret: bytes,
    key_id: str,
    provider: CryptoProvider,
) -> _Element:
    transport = _transport_of(step)
    return parse_own(
        f'<xenc:EncryptedKey xmlns:xenc="{XENC}" Id="{key_id}">{transport_text(transport)}'
        f'<ds:KeyInfo xmlns:ds="{DS}">{reference}</ds:KeyInfo>'
        f"<xenc:CipherData><xenc:CipherValue>{base64_text(provider.wrap(transport, certificate, secret))}"
        "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>"
    )


@lru_cache(maxsize=64)
def transport_text(transport: KeyTransport) -> str:
    """The EncryptionMethod of an EncryptedKey, as text that stands where the prefix ``xenc`` is declared."""
    parameters = ""
    if transport.algorithm.padding == "oaep":
        parameters = f'<ds:DigestMethod xmlns:ds="{DS}" Algorithm="{oaep_digest_uri(transport.digest)}"/>'
        if not transport.algorithm.fixed_mgf:
            parameters += f'<xenc11:MGF xmlns:xenc11="{XENC11}" Algorithm="{mgf_uri(transport.mgf)}"/>'
    return f'<xenc:EncryptionMethod Algorithm="{transport.algorithm.uri}">{parameters}</xenc:EncryptionMethod>'


def _wrapped(by: WrappingKey, secret: bytes, key_id: str, provider: CryptoProvider) -> _Element:
    key = new(ENCRYPTED_KEY, attributes={"Id": key_id})
    sub(key, ENCRYPTION_METHOD, attributes={"Algorithm": by.wrap.uri})
    sub(key, KEY_INFO).append(by.name)
    sub(sub(key, CIPHER_DATA), CIPHER_VALUE, base64_text(provider.wrap_key(by.wrap, by.value, secret)))
    return key


def _transport_of(step: Encrypt | SharedKey) -> KeyTransport:
    """How the step's key travels."""
    return transport_with(step.key_transport, step.oaep_digest, step.oaep_mgf)


# --- on the way in ------------------------------------------------------------------------------------------------


def read_key_transport(encrypted_key: _Element, policy: AlgorithmPolicy) -> KeyTransport:
    """How a key was encrypted (XML Encryption 1.1, 5.5). Raises `SecurityError` where the policy forbids it."""
    method = one(encrypted_key, ENCRYPTION_METHOD)
    algorithm = policy.transport(algorithm_of(method))
    digest_method, mgf = at_most_one(method, DIGEST_METHOD), at_most_one(method, MGF)
    label = at_most_one(method, OAEP_PARAMS)
    digest = DIGESTS.get(algorithm_of(digest_method), "") if digest_method is not None else "sha1"
    # rsa-oaep-mgf1p has SHA-1 in its name, and xmlsec1 goes by an MGF that is said beside it all the same
    mask = MGFS.get(algorithm_of(mgf), "") if mgf is not None else "sha1"
    if algorithm.padding == "oaep" and not {digest, mask} <= policy.oaep_hashes:
        said = ", ".join(f"{algorithm_of(each)!r:.120}" for each in (digest_method, mgf) if each is not None)
        told = f"the hashes of OAEP ({said or 'sha1'}) are not allowed by the policy {policy.name!r}"
        raise SecurityError(told, place=place_of(method))
    return KeyTransport(algorithm, digest, mask, bytes_of(label) if label is not None else b"")


def unwrap(
    encrypted_key: _Element, keys: Sequence[KeyPair], policy: AlgorithmPolicy, provider: CryptoProvider
) -> bytes:
    """The secret in an EncryptedKey, by the first of `keys` that opens it. Raises `SecurityError`."""
    transport = read_key_transport(encrypted_key, policy)
    value = cipher_value(encrypted_key)
    if len(keys) > 1:  # where none is an RSA key, that is told
        keys = [key for key in keys if key.kind == "rsa"] or keys
    if transport.algorithm.padding == "pkcs1":
        return _unwrap_pkcs1(transport, keys[0], value, provider)
    for keypair in keys[:-1]:
        try:
            return provider.unwrap(transport, keypair, value)
        except SecurityError:
            continue
    return provider.unwrap(transport, keys[-1], value)


def _unwrap_pkcs1(transport: KeyTransport, keypair: KeyPair, value: bytes, provider: CryptoProvider) -> bytes:
    """RFC 3218: a bad padding must not be told from a wrong key, so a random secret goes on in its place."""
    instead = provider.random(32)
    try:
        secret = provider.unwrap(transport, keypair, value)
    except SecurityError:
        return instead
    return secret


def unwrap_under(
    encrypted_key: _Element, wrap: WrapAlgorithm, keys: Iterable[bytes], provider: CryptoProvider
) -> bytes:
    """The secret in an EncryptedKey that is wrapped, by the first of `keys` that opens it; one that is longer than what
    wraps with is cut. Raises `SecurityError`."""
    value = cipher_value(encrypted_key)
    for key in keys:
        if len(key) < wrap.key_size:
            continue
        try:
            return provider.unwrap_key(wrap, key[: wrap.key_size], value)
        except SecurityError:
            continue
    raise SecurityError("the wrapped key was altered, or wrapped under another key", place=place_of(encrypted_key))


def cipher_value(element: _Element) -> bytes:
    """The octets in an EncryptedKey or EncryptedData; those elsewhere (CipherReference) are never fetched."""
    data = one(element, CIPHER_DATA)
    if (elsewhere := at_most_one(data, CIPHER_REFERENCE)) is not None:
        told = f"what is encrypted stands elsewhere, at {elsewhere.get('URI', '')!r:.120}, which is never fetched"
        raise SecurityError(told, place=place_of(elsewhere))
    return bytes_of(one(data, CIPHER_VALUE))
