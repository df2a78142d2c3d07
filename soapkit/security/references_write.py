"""SecurityTokenReference and KeyInfo, written, every way: how our messages name a key. Undone by references.py."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from cryptography import x509
from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.crypto.key_value import key_value_element
from soapkit.security.crypto.keys import (
    der_of,
    key_identifier,
    name_of,
    public_key_of,
    thumbprint,
)
from soapkit.security.markup import (
    BASE64,
    ENCRYPTED_KEY_SHA1,
    ENCRYPTED_KEY_TYPE,
    KEY_IDENTIFIER,
    KEY_NAME,
    REFERENCE,
    THUMBPRINT,
    TOKEN_REFERENCE,
    TOKEN_TYPE,
    X509_KEY_IDENTIFIER,
    X509_PKCS7,
    X509_PKI_PATH,
    X509_V3,
    base64_text,
    new,
    sub,
)
from soapkit.security.saml.names import BY_TAG
from soapkit.security.settings import KeyReference
from soapkit.xml.names import DS, WSSE, WSSE11
from soapkit.xml.parse import parse_own
from soapkit.xml.serialise import escape_attribute, escape_text
from soapkit.xml.walk import place_of, tag_of


def token_reference(certificate: x509.Certificate, how: KeyReference, token_id: str) -> _Element:
    """A ds:KeyInfo's content that names a certificate. `token_id`: of the BinarySecurityToken that carries it. One that
    leads to an assertion is made by `assertion_reference`."""
    if how == "key-name":
        return new(KEY_NAME, name_of(certificate))
    if how == "key-value":
        return key_value_element(public_key_of(certificate))
    reference = new(TOKEN_REFERENCE)
    _WRITERS[how](reference, certificate, token_id)
    return reference


def encrypted_key_reference(key_id: str) -> _Element:
    """A SecurityTokenReference to an EncryptedKey of the same message (WSS 1.1, 7.3; BSP 1.1, R3069)."""
    return parse_own(
        f'<wsse:SecurityTokenReference xmlns:wsse="{WSSE}" xmlns:wsse11="{WSSE11}" wsse11:TokenType='
        f'"{ENCRYPTED_KEY_TYPE}"><wsse:Reference URI="#{escape_attribute(key_id)}" ValueType="{ENCRYPTED_KEY_TYPE}"/>'
        "</wsse:SecurityTokenReference>"
    )


def encrypted_key_sha1_reference(sha1: bytes) -> _Element:
    """A SecurityTokenReference to the EncryptedKey of another message, by SHA-1 of its cipher value (WSS 1.1, 7.3)."""
    reference = new(TOKEN_REFERENCE, attributes={TOKEN_TYPE: ENCRYPTED_KEY_TYPE})
    _identify(reference, ENCRYPTED_KEY_SHA1, sha1)
    return reference


def assertion_reference(assertion: _Element) -> _Element:
    """A SecurityTokenReference to a SAML assertion, by its id (SAML Token Profile 1.1, 3.4; BSP 1.1, R6602 to R6611).

    Raises `SecurityError` for one without an id.
    """
    version = BY_TAG[tag_of(assertion)]
    identifier = assertion.get(version.id_attribute)
    if not identifier:
        raise SecurityError("a SAML assertion without an id cannot be referred to", place=place_of(assertion))
    reference = new(TOKEN_REFERENCE, attributes={TOKEN_TYPE: version.token_type})
    sub(reference, KEY_IDENTIFIER, identifier, {"ValueType": version.key_identifier})
    return reference


def _write_direct(reference: _Element, _certificate: x509.Certificate, token_id: str) -> None:
    sub(reference, REFERENCE, attributes={"URI": f"#{token_id}", "ValueType": X509_V3})


def _write_path(reference: _Element, _certificate: x509.Certificate, token_id: str) -> None:
    reference.set(TOKEN_TYPE, X509_PKI_PATH)  # BSP 1.1, R5215
    sub(reference, REFERENCE, attributes={"URI": f"#{token_id}", "ValueType": X509_PKI_PATH})


def _write_pkcs7(reference: _Element, _certificate: x509.Certificate, token_id: str) -> None:
    reference.set(TOKEN_TYPE, X509_PKCS7)  # BSP 1.1, R5212
    sub(reference, REFERENCE, attributes={"URI": f"#{token_id}", "ValueType": X509_PKCS7})


def _write_issuer_serial(reference: _Element, certificate: x509.Certificate, _token_id: str) -> None:
    reference.append(parse_own(_issuer_serial(certificate)))


@lru_cache(maxsize=128)
def _issuer_serial(certificate: x509.Certificate) -> str:
    """Remembered, since one signs and encrypts with few certificates."""
    return (
        f'<ds:X509Data xmlns:ds="{DS}"><ds:X509IssuerSerial>'
        f"<ds:X509IssuerName>{escape_text(certificate.issuer.rfc4514_string())}</ds:X509IssuerName>"
        f"<ds:X509SerialNumber>{certificate.serial_number}</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>"
    )


def _write_key_identifier(reference: _Element, certificate: x509.Certificate, _token_id: str) -> None:
    value = key_identifier(certificate)
    if value is None:
        raise SecurityError(
            f"certificate {name_of(certificate)} has no SubjectKeyIdentifier; name it by issuer-serial or thumbprint"
        )
    _identify(reference, X509_KEY_IDENTIFIER, value)


def _write_thumbprint(reference: _Element, certificate: x509.Certificate, _token_id: str) -> None:
    _identify(reference, THUMBPRINT, thumbprint(certificate))


def _write_embedded(reference: _Element, certificate: x509.Certificate, _token_id: str) -> None:
    """The certificate itself as a key identifier, as WSS4J writes and reads it; it reads no X509Certificate here."""
    _identify(reference, X509_V3, der_of(certificate))


def _identify(reference: _Element, kind: str, value: bytes) -> None:
    sub(reference, KEY_IDENTIFIER, base64_text(value), {"EncodingType": BASE64, "ValueType": kind})


_WRITERS: dict[str, Callable[[_Element, x509.Certificate, str], None]] = {
    "direct": _write_direct,
    "path": _write_path,
    "pkcs7": _write_pkcs7,
    "issuer-serial": _write_issuer_serial,
    "ski": _write_key_identifier,
    "thumbprint": _write_thumbprint,
    "embedded": _write_embedded,
}
