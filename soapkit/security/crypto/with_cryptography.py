"""The default crypto provider: `hashlib`, `hmac` and the cryptography library."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa, x448, x25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from soapkit.errors import SecurityError
from soapkit.security.crypto.algorithms import CipherAlgorithm, KeyKind, KeyTransport, SignatureAlgorithm, WrapAlgorithm
from soapkit.security.crypto.certificates import AgreementKey, PublicKey, kind_of_key, name_of, public_key_of
from soapkit.security.crypto.keys import KeyPair
from soapkit.security.crypto.provider import NOT_XML

_HASHES: dict[str, Callable[[], hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
    "sha3_256": hashes.SHA3_256,
    "sha3_384": hashes.SHA3_384,
    "sha3_512": hashes.SHA3_512,
}
_DIGESTS: dict[str, Callable[..., Any]] = {name: getattr(hashlib, name) for name in _HASHES}  # hashlib.new asks by name
_GCM_IV = 12
_GCM_TAG = 16


def hash_named(name: str) -> hashes.HashAlgorithm:
    """The library's hash of a short name such as ``sha256``."""
    return _HASHES[name]()


class CryptographyProvider:
    """Keeps `soapkit.security.crypto.provider.CryptoProvider`."""

    name = "cryptography"

    def random(self, size: int) -> bytes:
        return os.urandom(size)

    def digest(self, name: str, data: bytes) -> bytes:
        octets: bytes = _DIGESTS[name](data, usedforsecurity=False).digest()
        return octets

    def sign(self, algorithm: SignatureAlgorithm, keypair: KeyPair, data: bytes) -> bytes:
        key = keypair.private_key
        match key:
            case rsa.RSAPrivateKey() if algorithm.key in ("rsa", "rsa-pss"):
                return key.sign(data, *_rsa_form(algorithm))
            case ec.EllipticCurvePrivateKey() if algorithm.key == "ec":
                size = _coordinate_size(key.curve)
                numbers = decode_dss_signature(key.sign(data, ec.ECDSA(_HASHES[algorithm.hash]())))
                return b"".join(number.to_bytes(size, "big") for number in numbers)
            case ed25519.Ed25519PrivateKey() if algorithm.key == "ed25519":
                return key.sign(data)
            case ed448.Ed448PrivateKey() if algorithm.key == "ed448":
                return key.sign(data)
        raise SecurityError(f"{keypair!r} holds a {keypair.kind} key, which cannot sign with {algorithm.name}")

    def verify(
        self, algorithm: SignatureAlgorithm, certificate: x509.Certificate, data: bytes, signature: bytes
    ) -> bool:
        return signature_holds(algorithm, public_key_of(certificate), data, signature, lambda: name_of(certificate))

    def mac(self, algorithm: SignatureAlgorithm, secret: bytes, data: bytes) -> bytes:
        return hmac.digest(secret, data, algorithm.hash)

    def wrap(self, transport: KeyTransport, certificate: x509.Certificate, secret: bytes) -> bytes:
        key = public_key_of(certificate)
        if not isinstance(key, rsa.RSAPublicKey):
            raise SecurityError(f"certificate {name_of(certificate)} holds no RSA key to encrypt to")
        return key.encrypt(secret, _transport_padding(transport))

    def unwrap(self, transport: KeyTransport, keypair: KeyPair, data: bytes) -> bytes:
        key = keypair.private_key
        if not isinstance(key, rsa.RSAPrivateKey):
            raise SecurityError(f"{keypair!r} holds no RSA key to decrypt with")
        try:
            return key.decrypt(data, _transport_padding(transport))
        except (ValueError, UnsupportedAlgorithm):
            raise SecurityError(f"the encrypted key cannot be decrypted with {keypair!r}") from None

    def agree_with(self, certificate: x509.Certificate) -> tuple[AgreementKey, bytes]:
        key = public_key_of(certificate)
        match key:
            case ec.EllipticCurvePublicKey():
                fresh = ec.generate_private_key(key.curve)
                return fresh.public_key(), fresh.exchange(ec.ECDH(), key)
            case x25519.X25519PublicKey():
                fresh_x = x25519.X25519PrivateKey.generate()
                return fresh_x.public_key(), fresh_x.exchange(key)
            case x448.X448PublicKey():
                fresh_x448 = x448.X448PrivateKey.generate()
                return fresh_x448.public_key(), fresh_x448.exchange(key)
        raise SecurityError(f"certificate {name_of(certificate)} holds no key that a secret can be agreed on with")

    def agree(self, keypair: KeyPair, public: AgreementKey) -> bytes:
        try:
            match keypair.private_key, public:
                case ec.EllipticCurvePrivateKey() as own, ec.EllipticCurvePublicKey():
                    return own.exchange(ec.ECDH(), public)
                case x25519.X25519PrivateKey() as own_x, x25519.X25519PublicKey():
                    return own_x.exchange(public)
                case x448.X448PrivateKey() as own_x448, x448.X448PublicKey():
                    return own_x448.exchange(public)
        except ValueError:  # of small order (RFC 7748, 6.1), or on another curve
            raise SecurityError(f"{keypair!r} and the ephemeral key agree on nothing") from None
        raise SecurityError(f"{keypair!r} and the ephemeral key are of different kinds")

    def wrap_key(self, algorithm: WrapAlgorithm, key: bytes, secret: bytes) -> bytes:
        try:
            return _wrap_3des(key, secret) if algorithm.mode == "3des" else aes_key_wrap(key, secret)
        except ValueError as error:
            raise SecurityError(f"{algorithm.name} cannot wrap this key: {error}") from None

    def unwrap_key(self, algorithm: WrapAlgorithm, key: bytes, data: bytes) -> bytes:
        try:
            return _unwrap_3des(key, data) if algorithm.mode == "3des" else aes_key_unwrap(key, data)
        except (InvalidUnwrap, ValueError):
            raise SecurityError("the wrapped key was altered, or wrapped under another key") from None

    def encrypt(self, algorithm: CipherAlgorithm, secret: bytes, data: bytes) -> bytes:
        if algorithm.mode == "gcm":
            vector = self.random(_GCM_IV)
            return vector + AESGCM(secret).encrypt(vector, data, None)
        cipher, block = _cbc(algorithm, secret)
        vector = self.random(block)
        encryptor = Cipher(cipher, modes.CBC(vector)).encryptor()
        # XML Encryption 1.1, 5.2: the last byte of the padding is its length, the others are arbitrary.
        size = block - len(data) % block
        return vector + encryptor.update(data + self.random(size - 1) + bytes([size])) + encryptor.finalize()

    def decrypt(self, algorithm: CipherAlgorithm, secret: bytes, data: bytes) -> bytes:
        if len(secret) != algorithm.key_size:
            raise SecurityError(f"{algorithm.name} needs a key of {algorithm.key_size} bytes, found {len(secret)}")
        if algorithm.mode == "gcm":
            return _decrypt_gcm(secret, data)
        cipher, block = _cbc(algorithm, secret)
        if len(data) < 2 * block or len(data) % block:
            raise SecurityError(f"the encrypted data cannot be decrypted with {algorithm.name}")
        decryptor = Cipher(cipher, modes.CBC(data[:block])).decryptor()
        plain = decryptor.update(data[block:]) + decryptor.finalize()
        if not 1 <= plain[-1] <= block:
            return plain + NOT_XML
        return plain[: -plain[-1]]


def encrypt_pieces(
    algorithm: CipherAlgorithm, secret: bytes, pieces: Iterable[bytes], random: Callable[[int], bytes]
) -> Iterator[bytes]:
    """`CryptographyProvider.encrypt` for what is larger than memory: pieces in, pieces out."""
    if algorithm.mode == "gcm":
        vector = random(_GCM_IV)
        gcm = Cipher(AES(secret), modes.GCM(vector)).encryptor()
        yield vector
        for piece in pieces:
            yield gcm.update(piece)
        yield gcm.finalize() + gcm.tag
        return
    cipher, block = _cbc(algorithm, secret)
    vector, size = random(block), 0
    cbc = Cipher(cipher, modes.CBC(vector)).encryptor()
    yield vector
    for piece in pieces:
        size += len(piece)
        yield cbc.update(piece)
    padding_size = block - size % block
    yield cbc.update(random(padding_size - 1) + bytes([padding_size])) + cbc.finalize()


def decrypt_pieces(algorithm: CipherAlgorithm, secret: bytes, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """`CryptographyProvider.decrypt` likewise. Nothing of it may be believed before the last piece came, which raises
    `SecurityError` where GCM was altered. A wrong padding of CBC is not told: it stays in what comes."""
    if algorithm.mode == "gcm":
        yield from _decrypt_gcm_pieces(secret, pieces)
        return
    cipher, block = _cbc(algorithm, secret)
    vector, rest = _first(block, iter(pieces))
    cbc, size, last = Cipher(cipher, modes.CBC(vector)).decryptor(), 0, b""
    for piece in rest:
        size += len(piece)
        text = last + cbc.update(piece)
        last = text[-block:]
        yield text[:-block]
    if size == 0 or size % block:
        raise SecurityError(f"the encrypted data cannot be decrypted with {algorithm.name}")
    last += cbc.finalize()
    yield last[: -last[-1]] if 1 <= last[-1] <= block else last


def _decrypt_gcm_pieces(secret: bytes, pieces: Iterable[bytes]) -> Iterator[bytes]:
    vector, rest = _first(_GCM_IV, iter(pieces))
    gcm, tag = Cipher(AES(secret), modes.GCM(vector)).decryptor(), b""
    for piece in rest:
        text = tag + piece
        tag = text[-_GCM_TAG:]
        yield gcm.update(text[:-_GCM_TAG])
    if len(tag) < _GCM_TAG:
        raise SecurityError("the encrypted data is too short to be AES-GCM")
    try:
        yield gcm.finalize_with_tag(tag)
    except InvalidTag:
        raise SecurityError("the encrypted data was altered, or encrypted under another key") from None


def _first(size: int, pieces: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes, and the pieces without them. Raises `SecurityError` where there are too few."""
    start = b""
    for piece in pieces:
        start += piece
        if len(start) >= size:
            return start[:size], chain((start[size:],), pieces)
    raise SecurityError("the encrypted data is too short")


def signature_holds(
    algorithm: SignatureAlgorithm,
    key: PublicKey,
    data: bytes,
    signature: bytes,
    whose: Callable[[], str] = lambda: "of the caller",
) -> bool:
    """Whether `signature` is that of `data` by `key`; `whose`: tells whose key it is. Raises `SecurityError` for a key
    of another kind."""
    kind = kind_of_key(key)  # not by a match of classes: these are abstract, and long to ask
    verify = _VERIFIERS.get(kind)
    if verify is None or not algorithm.fits(kind):
        raise SecurityError(f"certificate {whose()} holds no key of the kind that {algorithm.name} needs")
    try:
        verify(key, algorithm, data, signature)
    except (InvalidSignature, ValueError):
        return False
    return True


def _verify_rsa(key: rsa.RSAPublicKey, algorithm: SignatureAlgorithm, data: bytes, signature: bytes) -> None:
    key.verify(signature, data, *_rsa_form(algorithm))


def _verify_ec(key: ec.EllipticCurvePublicKey, algorithm: SignatureAlgorithm, data: bytes, signature: bytes) -> None:
    numbers = _der_signature(_coordinate_size(key.curve), signature)
    key.verify(numbers, data, ec.ECDSA(_HASHES[algorithm.hash]()))


def _verify_dsa(key: dsa.DSAPublicKey, algorithm: SignatureAlgorithm, data: bytes, signature: bytes) -> None:
    size = (key.parameters().parameter_numbers().q.bit_length() + 7) // 8
    key.verify(_der_signature(size, signature), data, _HASHES[algorithm.hash]())


def _verify_edwards(
    key: ed25519.Ed25519PublicKey | ed448.Ed448PublicKey,
    _algorithm: SignatureAlgorithm,
    data: bytes,
    signature: bytes,
) -> None:
    key.verify(signature, data)


_Verify: TypeAlias = Callable[[Any, SignatureAlgorithm, bytes, bytes], None]  # each takes keys of its own kind
_VERIFIERS: dict[KeyKind, _Verify] = {
    "rsa": _verify_rsa,
    "ec": _verify_ec,
    "dsa": _verify_dsa,
    "ed25519": _verify_edwards,
    "ed448": _verify_edwards,
}


def _decrypt_gcm(secret: bytes, data: bytes) -> bytes:
    if len(data) < _GCM_IV + _GCM_TAG:
        raise SecurityError("the encrypted data is too short to be AES-GCM")
    try:
        return AESGCM(secret).decrypt(data[:_GCM_IV], data[_GCM_IV:], None)
    except InvalidTag:
        raise SecurityError("the encrypted data was altered, or encrypted under another key") from None


def _rsa_form(algorithm: SignatureAlgorithm) -> tuple[Any, hashes.HashAlgorithm]:
    hash_ = _HASHES[algorithm.hash]()
    if algorithm.key == "rsa":
        return padding.PKCS1v15(), hash_
    # RFC 9231, 2.3.9: MGF1 with the same hash, a salt as long as the hash.
    return padding.PSS(padding.MGF1(hash_), hash_.digest_size if algorithm.salt is None else algorithm.salt), hash_


def _transport_padding(transport: KeyTransport) -> padding.AsymmetricPadding:
    if transport.algorithm.padding == "pkcs1":
        return padding.PKCS1v15()
    return padding.OAEP(padding.MGF1(_HASHES[transport.mgf]()), _HASHES[transport.digest](), transport.label or None)


_3DES_VECTOR = bytes.fromhex("4adda22c79e82105")  # RFC 3217, 3.1


def _wrap_3des(key: bytes, secret: bytes) -> bytes:
    """XML Encryption 1.1, 5.7.1: CBC twice, the second time back to front (RFC 3217)."""
    vector = os.urandom(8)
    check = hashlib.sha1(secret, usedforsecurity=False).digest()[:8]
    return _3des(key, _3DES_VECTOR, (vector + _3des(key, vector, secret + check))[::-1])


def _unwrap_3des(key: bytes, data: bytes) -> bytes:
    inner = _3des(key, _3DES_VECTOR, data, back=True)[::-1]
    plain = _3des(key, inner[:8], inner[8:], back=True)
    secret, check = plain[:-8], plain[-8:]
    if not hmac.compare_digest(hashlib.sha1(secret, usedforsecurity=False).digest()[:8], check):
        raise ValueError("the checksum of the key is wrong")
    return secret


def _3des(key: bytes, vector: bytes, data: bytes, *, back: bool = False) -> bytes:
    if len(vector) != 8 or not data or len(data) % 8:
        raise ValueError("the key is not of whole blocks")
    cipher = Cipher(TripleDES(key), modes.CBC(vector))
    worker = cipher.decryptor() if back else cipher.encryptor()
    return worker.update(data) + worker.finalize()


def _cbc(algorithm: CipherAlgorithm, secret: bytes) -> tuple[AES | TripleDES, int]:
    """The cipher and the size of its blocks in bytes."""
    return (TripleDES(secret), 8) if algorithm.mode == "3des-cbc" else (AES(secret), 16)


def _coordinate_size(curve: ec.EllipticCurve) -> int:
    return (curve.key_size + 7) // 8


def _der_signature(size: int, signature: bytes) -> bytes:
    """XML Signature's two numbers side by side, each of `size` bytes, as the pair that cryptography takes.

    Java wrote both as long as the longer of the two for many years, which is less than `size` for one signature of
    P-521 in four, and others write a zero before them: they are the same numbers.
    """
    half, odd = divmod(len(signature), 2)
    if odd or not 0 < half <= size + 1:
        raise ValueError("the signature is not two numbers long")
    return encode_dss_signature(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
