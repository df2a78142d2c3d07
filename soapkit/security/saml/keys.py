"""The key that an assertion says its subject has: out of the KeyInfo of a holder-of-key confirmation.

Source: SAML Token Profile 1.1, 3.5.1; SAML 2.0 profiles, 3.1; XML Signature 1.1, 4.5.2.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field

from cryptography import x509
from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.crypto.certificates import PublicKey, public_key_of
from soapkit.security.crypto.key_value import read_key_value
from soapkit.security.encrypted_key import cipher_value
from soapkit.security.ids import IdIndex
from soapkit.security.markup import (
    ENCRYPTED_KEY,
    KEY_NAME,
    KEY_VALUE,
    TOKEN_REFERENCE,
    X509_DATA,
)
from soapkit.security.references import Carried, Named, read_key
from soapkit.security.saml.read import Assertion
from soapkit.xml.walk import children, place_of


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
    return SubjectKey(read_key_value(element))


def _by_encrypted_key(element: _Element, _certificates: Sequence[x509.Certificate]) -> SubjectKey:
    return SubjectKey(encrypted=element)


_READERS: tuple[tuple[str, Callable[[_Element, Sequence[x509.Certificate]], SubjectKey]], ...] = (
    (X509_DATA, _by_certificate),
    (KEY_VALUE, _by_value),
    (ENCRYPTED_KEY, _by_encrypted_key),
    (TOKEN_REFERENCE, _by_certificate),
    (KEY_NAME, _by_certificate),
)
