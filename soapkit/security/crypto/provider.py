"""The crypto provider protocol: all that WS-Security asks of a library of primitives.

XML stays on our side of it: a provider sees bytes, keys and algorithms, never a message. Two keep it:
`soapkit.security.crypto.with_cryptography` (the default) and `soapkit.security.crypto.with_xmlsec`.
"""

from __future__ import annotations

from typing import Protocol

from cryptography import x509

from soapkit.security.crypto.algorithms import CipherAlgorithm, KeyTransport, SignatureAlgorithm, WrapAlgorithm
from soapkit.security.crypto.certificates import AgreementKey
from soapkit.security.crypto.keys import KeyPair

NOT_XML = b"\0"
"""An octet that no XML document may hold."""


class CryptoProvider(Protocol):
    """Primitives. Each raises `soapkit.errors.SecurityError` when a key does not fit or an input is refused.

    Signatures are in the form that XML Signature writes (ECDSA: the two numbers side by side, XML Signature 1.1,
    6.4.3); ciphertexts in the form that XML Encryption writes (initialisation vector, ciphertext, tag).
    """

    name: str

    def random(self, size: int) -> bytes:
        """That many random bytes."""
        ...

    def digest(self, name: str, data: bytes) -> bytes:
        """The hash of `data` by a hash's name."""
        ...

    def sign(self, algorithm: SignatureAlgorithm, keypair: KeyPair, data: bytes) -> bytes:
        """The signature of `data`."""
        ...

    def verify(
        self, algorithm: SignatureAlgorithm, certificate: x509.Certificate, data: bytes, signature: bytes
    ) -> bool:
        """Whether `signature` is that of `data` by the key of `certificate`."""
        ...

    def mac(self, algorithm: SignatureAlgorithm, secret: bytes, data: bytes) -> bytes:
        """The keyed hash of `data`."""
        ...

    def wrap(self, transport: KeyTransport, certificate: x509.Certificate, secret: bytes) -> bytes:
        """`secret`, encrypted to `certificate`."""
        ...

    def unwrap(self, transport: KeyTransport, keypair: KeyPair, data: bytes) -> bytes:
        """The secret that was encrypted to `keypair`."""
        ...

    def agree_with(self, certificate: x509.Certificate) -> tuple[AgreementKey, bytes]:
        """The public half of a fresh key pair on the curve of `certificate`, and the secret that both agree on."""
        ...

    def agree(self, keypair: KeyPair, public: AgreementKey) -> bytes:
        """The secret that `keypair` and `public`, of the same kind and curve, agree on."""
        ...

    def wrap_key(self, algorithm: WrapAlgorithm, key: bytes, secret: bytes) -> bytes:
        """`secret`, encrypted under `key`."""
        ...

    def unwrap_key(self, algorithm: WrapAlgorithm, key: bytes, data: bytes) -> bytes:
        """The secret that was encrypted under `key`, which nobody altered."""
        ...

    def encrypt(self, algorithm: CipherAlgorithm, secret: bytes, data: bytes) -> bytes:
        """`data`, encrypted under `secret`."""
        ...

    def decrypt(self, algorithm: CipherAlgorithm, secret: bytes, data: bytes) -> bytes:
        """What was encrypted under `secret`; for CBC with a wrong padding something that ends in `NOT_XML`."""
        ...
