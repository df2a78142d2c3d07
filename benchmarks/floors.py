"""What no stack over lxml and cryptography can do without, at its least: the bare calls of libxml2 and of OpenSSL.

Each step parses, canonicalises, hashes, signs, wraps, encrypts and writes as often as it must, and nothing else: no
header is written or read, no id looked for, no certificate looked at, nothing checked.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from soapkit.xml.base64 import from_base64, to_base64

_PKCS1 = padding.PKCS1v15()
_OAEP = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA256(), None)
_SIGNED_INFO = b"x" * 1_200  # about as long as one of two references


def floors_of(data: bytes, key: rsa.RSAPrivateKey) -> Mapping[str, Callable[[], Any]]:
    """The floor of each step, for one plain message."""
    public = key.public_key()
    value, wrapped = key.sign(_SIGNED_INFO, _PKCS1, hashes.SHA256()), public.encrypt(b"k" * 32, _OAEP)
    cipher, vector = AESGCM(b"k" * 32), b"v" * 12
    sent = to_base64(cipher.encrypt(vector, data, None)).encode()
    secured = b"<a>" + sent + b"</a>"

    def as_it_came(text: bytes) -> bytes:
        """Who verifies need not make a canonical form of what came in one."""
        return hashlib.sha256(text).digest()

    def canonical(root: Any) -> bytes:
        octets: bytes = etree.tostring(root[0], method="c14n", exclusive=True, with_comments=False)
        return hashlib.sha256(octets).digest()

    def sign() -> Any:
        root = etree.fromstring(data)
        return canonical(root), key.sign(_SIGNED_INFO, _PKCS1, hashes.SHA256()), etree.tostring(root)

    def verify() -> Any:
        public.verify(value, _SIGNED_INFO, _PKCS1, hashes.SHA256())
        return etree.fromstring(data), as_it_came(data)

    def hide(root: Any) -> bytes:
        octets = cipher.encrypt(os.urandom(12), etree.tostring(root[0]), None)
        public.encrypt(os.urandom(32), _OAEP)
        hidden = etree.Element("a")
        hidden.text = to_base64(octets)
        return etree.tostring(hidden)

    def encrypt() -> Any:
        return hide(etree.fromstring(data))

    def opened() -> Any:
        octets = from_base64(etree.fromstring(secured).text or "")
        key.decrypt(wrapped, _OAEP)
        return etree.fromstring(cipher.decrypt(vector, octets, None))

    def sign_and_encrypt() -> Any:
        root = etree.fromstring(data)
        return canonical(root), key.sign(_SIGNED_INFO, _PKCS1, hashes.SHA256()), hide(root)

    def decrypt_and_verify() -> Any:
        root = opened()
        public.verify(value, _SIGNED_INFO, _PKCS1, hashes.SHA256())
        return root, as_it_came(data)

    return {
        "sign": sign,
        "verify": verify,
        "encrypt": encrypt,
        "decrypt": opened,
        "sign and encrypt": sign_and_encrypt,
        "decrypt and verify": decrypt_and_verify,
    }
