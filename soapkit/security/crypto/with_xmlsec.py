"""The second crypto provider: libxmlsec, for those who must use it, and as an independent oracle in the tests.

Only primitives are asked of it, through its binary interface: it never sees a message, so that nothing a stranger
wrote makes it open a file. A small EncryptedData of our own carries each cipher's parameters in. It has no EdDSA, no
SHA-224 with RSA, no RSA-PSS and no key agreement in that interface, and encrypts no empty content with GCM.
"""

from __future__ import annotations

import hashlib
import os
from base64 import b64decode, b64encode
from typing import Any

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree
from lxml.etree import _Element
from xmlsec import constants

from soapkit.errors import SecurityError
from soapkit.security.crypto.algorithms import (
    CipherAlgorithm,
    KeyTransport,
    SignatureAlgorithm,
    WrapAlgorithm,
    digest_uri,
    mgf_uri,
)
from soapkit.security.crypto.certificates import AgreementKey, kind_of, name_of
from soapkit.security.crypto.keys import KeyPair
from soapkit.security.markup import (
    CIPHER_DATA,
    CIPHER_VALUE,
    DIGEST_METHOD,
    ENCRYPTED_DATA,
    ENCRYPTION_METHOD,
    MGF,
    OAEP_PARAMS,
    base64_text,
    new,
    sub,
)

_SIGNATURES = {
    "rsa-sha1": constants.TransformRsaSha1,
    "rsa-sha224": constants.TransformRsaSha224,
    "rsa-sha256": constants.TransformRsaSha256,
    "rsa-sha384": constants.TransformRsaSha384,
    "rsa-sha512": constants.TransformRsaSha512,
    "ecdsa-sha1": constants.TransformEcdsaSha1,
    "ecdsa-sha224": constants.TransformEcdsaSha224,
    "ecdsa-sha256": constants.TransformEcdsaSha256,
    "ecdsa-sha384": constants.TransformEcdsaSha384,
    "ecdsa-sha512": constants.TransformEcdsaSha512,
    "hmac-sha1": constants.TransformHmacSha1,
    "hmac-sha224": constants.TransformHmacSha224,
    "hmac-sha256": constants.TransformHmacSha256,
    "hmac-sha384": constants.TransformHmacSha384,
    "hmac-sha512": constants.TransformHmacSha512,
}


_NO_AGREEMENT = "the xmlsec provider has no key agreement; the cryptography provider has"


class XmlsecProvider:
    """Keeps `soapkit.security.crypto.provider.CryptoProvider`."""

    name = "xmlsec"

    def random(self, size: int) -> bytes:
        return os.urandom(size)

    def digest(self, name: str, data: bytes) -> bytes:
        return hashlib.new(name, data, usedforsecurity=False).digest()

    def sign(self, algorithm: SignatureAlgorithm, keypair: KeyPair, data: bytes) -> bytes:
        if algorithm.key != keypair.kind:
            raise SecurityError(
                f"{keypair!r} holds a key of kind {keypair.kind}, which cannot sign with {algorithm.name}"
            )
        context = xmlsec.SignatureContext()
        context.key = _private_key(keypair)
        try:
            return bytes(context.sign_binary(data, _transform(algorithm)))
        except xmlsec.Error as error:
            raise SecurityError(f"xmlsec cannot sign with {keypair!r}: {error}") from None

    def verify(
        self, algorithm: SignatureAlgorithm, certificate: x509.Certificate, data: bytes, signature: bytes
    ) -> bool:
        if algorithm.key != kind_of(certificate):
            raise SecurityError(
                f"certificate {name_of(certificate)} holds no key of the kind that {algorithm.name} needs"
            )
        context = xmlsec.SignatureContext()
        context.key = _public_key(certificate)
        try:
            context.verify_binary(data, _transform(algorithm), signature)
        except xmlsec.Error:
            return False
        return True

    def mac(self, algorithm: SignatureAlgorithm, secret: bytes, data: bytes) -> bytes:
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_binary_data(constants.KeyDataHmac, secret)
        return bytes(context.sign_binary(data, _transform(algorithm)))

    def wrap(self, transport: KeyTransport, certificate: x509.Certificate, secret: bytes) -> bytes:
        if kind_of(certificate) != "rsa":
            raise SecurityError(f"certificate {name_of(certificate)} holds no RSA key to encrypt to")
        return _encrypt(_transport_template(transport), _public_key(certificate), secret)

    def unwrap(self, transport: KeyTransport, keypair: KeyPair, data: bytes) -> bytes:
        if keypair.kind != "rsa":
            raise SecurityError(f"{keypair!r} holds no RSA key to decrypt with")
        refused = f"the encrypted key cannot be decrypted with {keypair!r}"
        return _decrypt(_transport_template(transport), _private_key(keypair), data, refused)

    def agree_with(self, certificate: x509.Certificate) -> tuple[AgreementKey, bytes]:
        raise SecurityError(_NO_AGREEMENT)

    def agree(self, keypair: KeyPair, public: AgreementKey) -> bytes:
        raise SecurityError(_NO_AGREEMENT)

    def wrap_key(self, algorithm: WrapAlgorithm, key: bytes, secret: bytes) -> bytes:
        return _encrypt(_template(algorithm.uri), _wrapping_key(algorithm, key), secret)

    def unwrap_key(self, algorithm: WrapAlgorithm, key: bytes, data: bytes) -> bytes:
        refused = "the wrapped key was altered, or wrapped under another key"
        return _decrypt(_template(algorithm.uri), _wrapping_key(algorithm, key), data, refused)

    def encrypt(self, algorithm: CipherAlgorithm, secret: bytes, data: bytes) -> bytes:
        return _encrypt(_template(algorithm.uri), _secret_key(algorithm, secret), data)

    def decrypt(self, algorithm: CipherAlgorithm, secret: bytes, data: bytes) -> bytes:
        if len(secret) != algorithm.key_size:
            raise SecurityError(f"{algorithm.name} needs a key of {algorithm.key_size} bytes, found {len(secret)}")
        refused = "the encrypted data was altered, or encrypted under another key"
        return _decrypt(_template(algorithm.uri), _secret_key(algorithm, secret), data, refused)


def _transform(algorithm: SignatureAlgorithm) -> Any:  # the type is private to xmlsec
    transform = _SIGNATURES.get(algorithm.name)
    if transform is None:
        raise SecurityError(f"the xmlsec provider has no {algorithm.name}; the cryptography provider has")
    return transform


def _private_key(keypair: KeyPair) -> xmlsec.Key:
    try:
        pem = keypair.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    except (TypeError, ValueError, NotImplementedError) as error:  # what classes of users raise
        raise SecurityError(
            f"the key of {keypair} is not handed out, as xmlsec needs it; the other provider asks the key itself"
        ) from error
    return xmlsec.Key.from_memory(pem, constants.KeyDataFormatPem)


def _public_key(certificate: x509.Certificate) -> xmlsec.Key:
    return xmlsec.Key.from_memory(certificate.public_bytes(Encoding.PEM), constants.KeyDataFormatCertPem)


def _secret_key(algorithm: CipherAlgorithm, secret: bytes) -> xmlsec.Key:
    kind = constants.KeyDataDes if algorithm.mode == "3des-cbc" else constants.KeyDataAes
    return xmlsec.Key.from_binary_data(kind, secret)


def _wrapping_key(algorithm: WrapAlgorithm, key: bytes) -> xmlsec.Key:
    return xmlsec.Key.from_binary_data(constants.KeyDataDes if algorithm.mode == "3des" else constants.KeyDataAes, key)


def _template(uri: str) -> _Element:
    data = new(ENCRYPTED_DATA)
    sub(data, ENCRYPTION_METHOD, attributes={"Algorithm": uri})
    sub(sub(data, CIPHER_DATA), CIPHER_VALUE)
    return data


def _transport_template(transport: KeyTransport) -> _Element:
    """A key is encrypted as if it were data: this interface makes no EncryptedKey."""
    data = _template(transport.algorithm.uri)
    method = data[0]
    if transport.algorithm.padding == "oaep":
        if transport.label:
            sub(method, OAEP_PARAMS, base64_text(transport.label))
        sub(method, DIGEST_METHOD, attributes={"Algorithm": digest_uri(transport.digest)})
        if transport.mgf != transport.algorithm.fixed_mgf:
            sub(method, MGF, attributes={"Algorithm": mgf_uri(transport.mgf)})
    return data


def _value_of(data: _Element) -> _Element:
    value = data.find(f"{CIPHER_DATA}/{CIPHER_VALUE}")
    assert value is not None, "the template has one"
    return value


def _encrypt(template: _Element, key: xmlsec.Key, data: bytes) -> bytes:
    context = xmlsec.EncryptionContext()
    context.key = key
    try:
        done = context.encrypt_binary(template, data)
    except xmlsec.Error as error:
        raise SecurityError(f"xmlsec cannot encrypt: {error}") from None
    return b64decode("".join((_value_of(done).text or "").split()))


def _decrypt(template: _Element, key: xmlsec.Key, data: bytes, refused: str) -> bytes:
    # in a document of its own, as the interface expects of a node
    _value_of(template).text = b64encode(data).decode("ascii")
    root = etree.fromstring(etree.tostring(template, encoding="UTF-8"))
    context = xmlsec.EncryptionContext()
    context.key = key
    try:
        plain: object = context.decrypt(root)
    except xmlsec.Error:
        raise SecurityError(refused) from None
    if not isinstance(plain, bytes):  # an empty plaintext comes back as nothing
        return b""
    return plain
