"""SecurityTokenReference and KeyInfo, read, every way: how a message names the key that signed it or that opens it.

What a reference says comes back as a value; whether the key is believed is decided elsewhere. Undone by
references_write.py.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from cryptography import x509
from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.context.context import CONTEXT_TOKENS, named_context
from soapkit.security.crypto.algorithms import DIGESTS
from soapkit.security.crypto.certificates import (
    certificate_from_der,
    computed_key_identifier,
    der_of,
    key_identifier,
    thumbprint,
)
from soapkit.security.crypto.key_value import BARE_KEYS
from soapkit.security.derive import DERIVED_KEY_TOKENS, implies_key
from soapkit.security.ids import IdIndex
from soapkit.security.markup import (
    AGREEMENT_METHOD,
    BASE64,
    BINARY_SECURITY_TOKEN,
    DER_KEY_VALUE,
    EMBEDDED,
    ENCRYPTED_DATA,
    ENCRYPTED_KEY,
    ENCRYPTED_KEY_SHA1,
    ENCRYPTED_KEY_TYPE,
    KEY_IDENTIFIER,
    KEY_INFO,
    KEY_NAME,
    KEY_VALUE,
    REFERENCE,
    RETRIEVAL_METHOD,
    THUMBPRINT,
    TOKEN_REFERENCE,
    USERNAME_TOKEN,
    USERNAME_TOKEN_TYPE,
    X509_CERTIFICATE,
    X509_DATA,
    X509_DIGEST,
    X509_ISSUER_NAME,
    X509_ISSUER_SERIAL,
    X509_KEY_IDENTIFIER,
    X509_SERIAL_NUMBER,
    X509_SKI,
    X509_SUBJECT_NAME,
    X509_V3,
    algorithm_of,
    all_of,
    bytes_of,
    one,
    text_of,
)
from soapkit.security.saml.names import BY_KEY_IDENTIFIER, BY_TAG, SamlVersion
from soapkit.security.tokens import MAX_CERTIFICATES, certificates_of
from soapkit.security.trust.names import names_the_same
from soapkit.security.trust.truststore import Chain
from soapkit.xml.names import local_name
from soapkit.xml.walk import children, place_of, tag_of


@dataclass(frozen=True, slots=True)
class Carried:
    """The certificate is in the message: `certificates`, the one in question first, and in `token` if in one."""

    certificates: Chain
    token: _Element | None = None

    def matches(self, certificate: x509.Certificate) -> bool:
        """Whether that is the one in question."""
        return self.certificates[0] == certificate


@dataclass(frozen=True, slots=True)
class Named:
    """The certificate is one that the receiver has: the one that `matches`. `words`: what was said of it; `name`: what
    a KeyName says, which a secret may be called by too."""

    words: str
    matches: Callable[[x509.Certificate], bool] = field(repr=False)
    name: str = ""

    def among(self, certificates: Iterable[x509.Certificate]) -> x509.Certificate:
        """The one certificate of those at hand. Raises `SecurityError`."""
        for certificate in certificates:
            if self.matches(certificate):
                return certificate
        raise SecurityError(f"no certificate at hand has {self.words}")


@dataclass(frozen=True, slots=True)
class Wrapped:
    """The key is a shared one: that an EncryptedKey brought, or derived from one (the element, or SHA-1 of its cipher
    value), or that of a security context (its token, or its identifier and instance), or the one that goes with a SAML
    assertion of another message (its id); or derived from the password of a user, by a UsernameToken (the element, or
    `user`, the id of one that we sent). `sent`: the id of an EncryptedKey that we sent. `implied`: the reference, where
    it means a key derived from that one."""

    element: _Element | None = None
    sha1: bytes = b""
    context: tuple[str, str | None] | None = None
    assertion: str = ""
    user: str = ""
    sent: str = ""
    implied: _Element | None = None


@dataclass(frozen=True, slots=True)
class Asserted:
    """The key is that of the subject of a SAML assertion in the message. `encrypted`: what it came as, where it is
    named by the id of that."""

    element: _Element
    encrypted: _Element | None = None


@dataclass(frozen=True, slots=True)
class Agreed:
    """The key is agreed on, as an AgreementMethod says."""

    method: _Element


@dataclass(frozen=True, slots=True)
class Bare:
    """The key stands there by itself, in a KeyValue: nothing says whose it is."""

    element: _Element


KeySource: TypeAlias = Carried | Named | Wrapped | Asserted | Agreed | Bare


def read_key_info(key_info: _Element, index: IdIndex) -> KeySource:
    """What a ds:KeyInfo says. Raises `SecurityError` for a reference that is not understood, or not safe."""
    entries = list(children(key_info))
    if len(entries) != 1:
        # BSP 1.1, R5402: exactly one child.
        raise SecurityError(f"KeyInfo must hold one reference, found {len(entries)}", place=place_of(key_info))
    return read_key(entries[0], index)


_OPENING = (ENCRYPTED_KEY, AGREEMENT_METHOD, TOKEN_REFERENCE, RETRIEVAL_METHOD, X509_DATA, KEY_NAME)


def read_opening_key(key_info: _Element, index: IdIndex) -> KeySource:
    """What the ds:KeyInfo of something encrypted says. Of several children, which all speak of one key (XML Signature
    1.1, 4.5), one that brings it goes before one that names it. Raises `SecurityError`."""
    if len(key_info) > 1:
        for tag in _OPENING:
            for entry in children(key_info, tag):
                return read_key(entry, index)
    return read_key_info(key_info, index)


def read_key(entry: _Element, index: IdIndex) -> KeySource:
    """What one child of a ds:KeyInfo says. Raises `SecurityError`."""
    return _read(entry, index, _IN_KEY_INFO)


def read_token_reference(reference: _Element, index: IdIndex) -> KeySource:
    """What a wsse:SecurityTokenReference says. Raises `SecurityError`."""
    entries = list(children(reference))
    if any(local_name(tag_of(entry)) == "AuthorityBinding" for entry in entries):
        raise SecurityError(
            "an assertion by AuthorityBinding is to be fetched from its authority; no address of a message is called",
            place=place_of(reference),
        )
    if len(entries) != 1:
        raise SecurityError(
            f"{_name(reference)} must hold one reference, found {len(entries)}", place=place_of(reference)
        )
    source = _read(entries[0], index, _IN_TOKEN_REFERENCE)
    if not implies_key(reference):
        return source
    if not isinstance(source, Wrapped):
        raise SecurityError("a key can be derived from a shared key only", place=place_of(reference))
    return replace(source, implied=reference)


_SHARED_KEYS = DERIVED_KEY_TOKENS | CONTEXT_TOKENS | {ENCRYPTED_KEY, USERNAME_TOKEN}
_Reader: TypeAlias = Callable[[_Element, IdIndex], KeySource]


def _read(element: _Element, index: IdIndex, readers: dict[str, _Reader]) -> KeySource:
    reader = readers.get(tag_of(element))
    if reader is None:
        raise SecurityError(f"a key named by {tag_of(element)} is not understood", place=place_of(element))
    return reader(element, index)


def _name(element: _Element) -> str:
    return local_name(tag_of(element))


def _read_reference(reference: _Element, index: IdIndex) -> KeySource:
    named = named_context(reference)
    if named is not None:
        return Wrapped(context=named)
    uri = reference.get("URI", "")
    name = uri.removeprefix("#")
    if reference.get("ValueType") == USERNAME_TOKEN_TYPE and name and name not in index:
        return Wrapped(user=name)  # an answer names what was in its request
    if reference.get("ValueType") == ENCRYPTED_KEY_TYPE and name and name not in index:
        return Wrapped(sent=name)  # so does Apache CXF in an asymmetric binding
    token = index.find(uri, by=reference)
    if token.tag == BINARY_SECURITY_TOKEN:
        return Carried(certificates_of(token), token)
    if token.tag in _SHARED_KEYS:
        return Wrapped(token)
    if token.tag in BY_TAG:
        return Asserted(token, _encrypted(name, index))
    raise SecurityError(f"a reference to {tag_of(token)} names no key", place=place_of(reference))


def _read_embedded(embedded: _Element, _index: IdIndex) -> KeySource:
    """A token in the reference itself (WSS SOAP Message Security 1.1, 7.4; SAML Token Profile 1.1, 3.4)."""
    tokens = list(children(embedded))
    if len(tokens) != 1:
        raise SecurityError(f"Embedded holds one token, found {len(tokens)}", place=place_of(embedded))
    if tag_of(tokens[0]) in BY_TAG:
        return Asserted(tokens[0])
    token = one(embedded, BINARY_SECURITY_TOKEN)
    return Carried(certificates_of(token), token)


def _read_key_identifier(identifier: _Element, index: IdIndex) -> KeySource:
    kind = identifier.get("ValueType", "")
    if kind in BY_KEY_IDENTIFIER:  # the id itself, not base64
        return _by_assertion_id(identifier, BY_KEY_IDENTIFIER[kind], index)
    if identifier.get("EncodingType", BASE64) != BASE64:
        raise SecurityError("a KeyIdentifier must be base64", place=place_of(identifier))
    value = bytes_of(identifier)
    if kind == X509_KEY_IDENTIFIER:
        return _by_key_identifier(value)
    if kind == THUMBPRINT:
        return Named(f"thumbprint {value.hex():.80}", lambda certificate: thumbprint(certificate) == value)
    if kind == ENCRYPTED_KEY_SHA1:
        return Wrapped(sha1=value)
    if kind == X509_V3:
        return Carried((certificate_from_der(value),))
    raise SecurityError(f"a KeyIdentifier of the type {kind!r:.120} is not understood", place=place_of(identifier))


def _by_assertion_id(identifier: _Element, version: SamlVersion, index: IdIndex) -> Asserted | Wrapped:
    name = text_of(identifier)
    if name and name not in index:  # an answer names what was in its request
        return Wrapped(assertion=name)
    found = index.find(f"#{name}", by=identifier)
    if found.tag == ENCRYPTED_DATA:
        told = "an assertion is named by the id of the EncryptedData around it, which was not decrypted"
        raise SecurityError(told, place=place_of(identifier))
    encrypted = _encrypted(name, index)
    by_own_id = found.get(version.id_attribute) == name
    if found.tag != version.assertion or not (by_own_id or encrypted is not None):
        raise SecurityError(f"a reference to an assertion leads to {tag_of(found)}", place=place_of(identifier))
    return Asserted(found, encrypted)


def _encrypted(name: str, index: IdIndex) -> _Element | None:
    """What an assertion came as, where that is what an id names, as the profiles of OIO IDWS have it."""
    return index.came[name].encrypted if name in index.came else None


def _by_key_identifier(value: bytes) -> Named:
    def matches(certificate: x509.Certificate) -> bool:
        own = key_identifier(certificate)
        return value == (own if own is not None else computed_key_identifier(certificate))

    return Named(f"key identifier {value.hex():.80}", matches)


def _read_x509_data(data: _Element, _index: IdIndex) -> KeySource:
    found = certificate_in(data)
    if found is None:
        raise SecurityError(f"{kind_told(data)} names no certificate in a way that is read", place=place_of(data))
    return found


def certificate_in(data: _Element) -> Carried | Named | None:
    """The certificate that a ds:X509Data carries or names; None where it does neither, but holds a revocation list
    alone, or a name of a kind that is not read. Raises `SecurityError` for one that is damaged."""
    carried = [certificate_from_der(bytes_of(entry)) for entry in children(data, X509_CERTIFICATE)]
    if len(carried) > MAX_CERTIFICATES:
        raise SecurityError(f"{len(carried)} certificates are not followed", place=place_of(data))
    if carried:
        return Carried(tuple(carried))
    for entry in children(data):
        if entry.tag == X509_ISSUER_SERIAL:
            return _by_issuer_serial(entry)
        if entry.tag == X509_SKI:
            return _by_key_identifier(bytes_of(entry))
        if entry.tag == X509_SUBJECT_NAME:
            return _by_subject(text_of(entry))
        if entry.tag == X509_DIGEST and algorithm_of(entry) in DIGESTS:
            return _by_digest(bytes_of(entry), DIGESTS[algorithm_of(entry)])
    return None


def kind_told(entry: _Element) -> str:
    """What an entry of a KeyInfo is, in words; of a ds:X509Data also what is in it."""
    name = local_name(tag_of(entry))
    held = ", ".join(map(kind_told, children(entry))) if entry.tag == X509_DATA else entry.get("Algorithm", "")
    return f"{name} ({held:.200})" if held else name


def _by_digest(value: bytes, digest: str) -> Named:
    """XML Signature 1.1, 4.5.4.1."""
    return Named(
        f"{digest} {value.hex():.80}", lambda certificate: hashlib.new(digest, der_of(certificate)).digest() == value
    )


def _on_one_line(text: str) -> str:
    """A stranger's text, fit to stand in a log."""
    return " ".join("".join(each if each.isprintable() else " " for each in text[:400]).split())[:200]


def _by_subject(subject: str) -> Named:
    return Named(f"subject {_on_one_line(subject)}", lambda certificate: names_the_same(subject, certificate.subject))


def _read_issuer_serial(element: _Element, _index: IdIndex) -> KeySource:
    return _by_issuer_serial(element)


_SERIAL = re.compile(r"-?[0-9]{1,60}")


def _by_issuer_serial(element: _Element) -> Named:
    issuer, serial_text = text_of(one(element, X509_ISSUER_NAME)), text_of(one(element, X509_SERIAL_NUMBER))
    if _SERIAL.fullmatch(serial_text) is None:
        raise SecurityError("X509SerialNumber is not a number", place=place_of(element))
    serial = int(serial_text)
    return Named(
        f"issuer {_on_one_line(issuer)} and serial number {serial}",
        lambda certificate: certificate.serial_number == serial and names_the_same(issuer, certificate.issuer),
    )


def _read_key_name(element: _Element, _index: IdIndex) -> KeySource:
    return by_key_name(element)


def by_key_name(element: _Element) -> Named:
    """The certificate that a ds:KeyName names: by its subject, or the CN of that."""
    said = text_of(element)

    def matches(certificate: x509.Certificate) -> bool:
        common = [str(entry.value) for entry in certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]
        return said in common or names_the_same(said, certificate.subject)

    return Named(f"name {_on_one_line(said)}", matches, said)


def retrieved(method: _Element, index: IdIndex) -> _Element:
    """What a ds:RetrievalMethod leads to, in the same document: nothing outside is ever opened (XML Signature 1.1,
    4.5.3). Raises `SecurityError`."""
    if len(method):
        raise SecurityError("a RetrievalMethod with transforms is not followed", place=place_of(method))
    target = index.find(method.get("URI", ""), by=method)
    kind = method.get("Type", "")
    if kind and kind != tag_of(target)[1:].replace("}", ""):
        raise SecurityError(
            f"a RetrievalMethod leads to {tag_of(target)}, not to {kind!r:.120}", place=place_of(method)
        )
    return target


def referred(reference: _Element, index: IdIndex) -> _Element:
    """The other ds:KeyInfo of the same document that a dsig11:KeyInfoReference leads to (XML Signature 1.1, 4.5.10).
    Raises `SecurityError`."""
    target = index.find(reference.get("URI", ""), by=reference)
    if target.tag != KEY_INFO:
        raise SecurityError(f"a KeyInfoReference leads to {tag_of(target)}", place=place_of(reference))
    return target


def _read_retrieval(element: _Element, index: IdIndex) -> KeySource:
    target = retrieved(element, index)
    reader = _RETRIEVED.get(tag_of(target))
    if reader is None:
        raise SecurityError(f"a RetrievalMethod leads to {tag_of(target)}, not to a key", place=place_of(element))
    return reader(target, index)


def _read_bare_key(element: _Element, _index: IdIndex) -> KeySource:
    return Bare(element)


def _read_encrypted_key(element: _Element, _index: IdIndex) -> KeySource:
    return Wrapped(element)


_IN_TOKEN_REFERENCE: dict[str, _Reader] = {
    REFERENCE: _read_reference,
    EMBEDDED: _read_embedded,
    KEY_IDENTIFIER: _read_key_identifier,
    X509_DATA: _read_x509_data,
    X509_ISSUER_SERIAL: _read_issuer_serial,  # WSS 1.0 drafts wrote it without X509Data around it
    KEY_NAME: _read_key_name,
}

_IN_KEY_INFO: dict[str, _Reader] = {
    TOKEN_REFERENCE: read_token_reference,
    X509_DATA: _read_x509_data,
    KEY_NAME: _read_key_name,
    **dict.fromkeys((KEY_VALUE, DER_KEY_VALUE), _read_bare_key),
    RETRIEVAL_METHOD: _read_retrieval,
    ENCRYPTED_KEY: _read_encrypted_key,
    AGREEMENT_METHOD: lambda method, _index: Agreed(method),
}

_RETRIEVED: dict[str, _Reader] = {
    X509_DATA: _read_x509_data,
    ENCRYPTED_KEY: _read_encrypted_key,
    **dict.fromkeys(BARE_KEYS, _read_bare_key),
}


def key_info_of(parent: _Element) -> _Element | None:
    """The ds:KeyInfo of a Signature, EncryptedKey or EncryptedData."""
    found = all_of(parent, KEY_INFO)
    if len(found) > 1:
        raise SecurityError(f"{_name(parent)} holds {len(found)} KeyInfo", place=place_of(parent))
    return found[0] if found else None
