"""Encryption of plain XML documents: an element, its content, or all of one. Undone by decrypt.py.

XML Encryption 1.1, 3.1 and 4.
"""

from __future__ import annotations

from cryptography import x509
from lxml.etree import _Element

from soapkit.errors import SecurityError, UsageError
from soapkit.security.crypto.algorithms import KeyTransport, cipher_named, transport_with
from soapkit.security.crypto.certificates import kind_of
from soapkit.security.crypto.keys import KeyPair
from soapkit.security.crypto.provider import CryptoProvider
from soapkit.security.crypto.with_cryptography import CryptographyProvider
from soapkit.security.document.document import DocumentT, elements_at, read_document, write_document
from soapkit.security.document.key_info import KeyInfo, key_info_for
from soapkit.security.encrypt import content_bytes, empty
from soapkit.security.encrypted_key import agreed_encrypted_key, transport_text
from soapkit.security.markup import (
    CIPHER_DATA,
    CIPHER_VALUE,
    ENCRYPTED_DATA,
    ENCRYPTION_METHOD,
    KEY_INFO,
    KEY_NAME,
    TYPE_CONTENT,
    TYPE_ELEMENT,
    base64_text,
    new,
    sub,
)
from soapkit.xml.names import XENC
from soapkit.xml.parse import parse_own
from soapkit.xml.serialise import serialise
from soapkit.xml.walk import place_of


def encrypt(
    document: DocumentT,
    *,
    to: x509.Certificate | KeyPair | None = None,
    secret: bytes | None = None,
    name: str = "",
    path: str = "",
    content: bool = False,
    algorithm: str = "aes256-gcm",
    key_transport: str = "rsa-oaep",
    oaep_digest: str = "sha256",
    oaep_mgf: str = "sha256",
    key_info: KeyInfo = "certificate",
    provider: CryptoProvider | None = None,
) -> DocumentT:
    """An encrypted copy of a document: bytes for bytes, an element for an element; what came in is not changed.

    `to`: whose certificate it is for; or `secret`: a key that both sides have, `name` what the document calls it
    (KeyName). `path`: what is encrypted, an ElementPath from the root, every element that it finds; ``""`` the root.
    `content`: what is in the element, and not its tag and attributes. `algorithm`: a short name or URI.
    `key_transport`, `oaep_digest`, `oaep_mgf`: how a fresh key travels to the certificate, one for each element.
    `key_info`: how that certificate is named.

    Raises `SecurityError` when there is nothing at `path`, one match stands in another, or a key does not fit;
    `UsageError` for an unknown name, and unless one of `to` and `secret` is given; `XmlError` for a document that
    cannot be parsed.

    >>> encrypt(b"<order><card>4711</card></order>", secret=bytes(16), path="card", algorithm="aes128-gcm")[:22]
    b'<order><xenc:Encrypted'
    """
    if (to is None) == (secret is None):
        raise UsageError("a document is encrypted to a certificate (to=...) or under a secret (secret=...)")
    provider = provider or CryptographyProvider()
    cipher = cipher_named(algorithm)
    if secret is not None and len(secret) != cipher.key_size:
        raise SecurityError(f"{cipher.name} needs a key of {cipher.key_size} bytes, not {len(secret)}")
    transport = transport_with(key_transport, oaep_digest, oaep_mgf)
    root = read_document(document)
    for element in _apart(elements_at(root, path)):
        key = secret if secret is not None else provider.random(cipher.key_size)
        plain = content_bytes(element) if content else serialise(element)
        kind = TYPE_CONTENT if content else TYPE_ELEMENT
        data = new(ENCRYPTED_DATA, attributes={"Id": f"ED-{provider.random(16).hex()}", "Type": kind})
        sub(data, ENCRYPTION_METHOD, attributes={"Algorithm": cipher.uri})
        if to is not None:
            sub(data, KEY_INFO).append(_encrypted_key(to, key, transport, key_info, provider))
        elif name:
            sub(sub(data, KEY_INFO), KEY_NAME, name)
        sub(sub(data, CIPHER_DATA), CIPHER_VALUE, base64_text(provider.encrypt(cipher, key, plain)))
        root = _put(root, element, data, content=content)
    return write_document(root, document)


def _encrypted_key(
    to: x509.Certificate | KeyPair, secret: bytes, transport: KeyTransport, how: KeyInfo, provider: CryptoProvider
) -> _Element:
    certificate = to.certificate if isinstance(to, KeyPair) else to
    named = key_info_for(certificate, how, to.chain if isinstance(to, KeyPair) else ())
    if kind_of(certificate) != "rsa":
        return agreed_encrypted_key(certificate, [entry for info in named for entry in info], secret, provider)
    key = parse_own(f'<xenc:EncryptedKey xmlns:xenc="{XENC}">{transport_text(transport)}</xenc:EncryptedKey>')
    key.extend(named)
    sub(sub(key, CIPHER_DATA), CIPHER_VALUE, base64_text(provider.wrap(transport, certificate, secret)))
    return key


def _apart(elements: list[_Element]) -> list[_Element]:
    """The elements, none of which stands in another: what would be encrypted twice could be meant in two ways."""
    taken = set(elements)
    for element in elements:
        if any(ancestor in taken for ancestor in element.iterancestors()):
            raise SecurityError("an element to encrypt stands inside another one", place=place_of(element))
    return elements


def _put(root: _Element, element: _Element, data: _Element, *, content: bool) -> _Element:
    """EncryptedData in the place of an element or of what is in it; the root of the document after that."""
    if content:
        empty(element)
        element.append(data)
        return root
    parent = element.getparent()
    if parent is None:
        return data
    data.tail = element.tail
    parent.replace(element, data)
    return root
