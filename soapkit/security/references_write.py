"""SecurityTokenReference and KeyInfo, written, every way: how our messages name a key. Undone by references.py."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from cryptography import x509
from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.crypto.certificates import der_of, key_identifier, name_of, public_key_of, thumbprint
from soapkit.security.crypto.key_value import key_value_element
from soapkit.security.ids import id_of
from soapkit.security.markup import (
    BASE64,
    ENCRYPTED_ASSERTION,
    ENCRYPTED_DATA,
    ENCRYPTED_KEY_SHA1,
    ENCRYPTED_KEY_TYPE,
    THUMBPRINT,
    X509_KEY_IDENTIFIER,
    X509_PKCS7,
    X509_PKI_PATH,
    X509_V3,
    base64_text,
    one,
    reference_around,
)
from soapkit.security.saml.names import BY_TAG, SAML_2_0
from soapkit.security.steps import KeyReference
from soapkit.xml.names import DS, WSSE11
from soapkit.xml.parse import parse_own
from soapkit.xml.serialise import escape_attribute, escape_text, serialise
from soapkit.xml.walk import place_of, tag_of


def token_reference(certificate: x509.Certificate, how: KeyReference, token_id: str) -> _Element:
    """A ds:KeyInfo's content that names a certificate. `token_id`: of the BinarySecurityToken that carries it. One that
    leads to an assertion is made by `assertion_reference`."""
    return parse_own(token_reference_text(certificate, how, token_id))


def token_reference_text(certificate: x509.Certificate, how: KeyReference, token_id: str) -> str:
    """The same as text, which declares all of its prefixes."""
    return _WRITERS[how](certificate, token_id)


def encrypted_key_reference_text(key_id: str) -> str:
    """A SecurityTokenReference to an EncryptedKey of the same message, as text (WSS 1.1, 7.3; BSP 1.1, R3069)."""
    return _by_uri(key_id, ENCRYPTED_KEY_TYPE, token_type=ENCRYPTED_KEY_TYPE)


def encrypted_key_sha1_reference_text(sha1: bytes) -> str:
    """One to the EncryptedKey of another message, by SHA-1 of its cipher value, as text (WSS 1.1, 7.3)."""
    return _by_identifier(ENCRYPTED_KEY_SHA1, sha1, token_type=ENCRYPTED_KEY_TYPE)


def assertion_reference(assertion: _Element) -> _Element:
    """A SecurityTokenReference to a SAML assertion, by its id (SAML Token Profile 1.1, 3.4; BSP 1.1, R6602 to R6611).

    To an EncryptedAssertion by that of its EncryptedData, which is all that its sender can see (OIO IDWS).

    Raises `SecurityError` for one without an id.
    """
    return parse_own(assertion_reference_text(assertion))


def assertion_reference_text(assertion: _Element) -> str:
    """The same as text, which declares all of its prefixes."""
    if assertion.tag == ENCRYPTED_ASSERTION:
        version, identifier = SAML_2_0, id_of(one(assertion, ENCRYPTED_DATA))
    else:
        version = BY_TAG[tag_of(assertion)]
        identifier = assertion.get(version.id_attribute)
    if not identifier:
        raise SecurityError("a SAML assertion without an id cannot be referred to", place=place_of(assertion))
    return _reference(
        f'<wsse:KeyIdentifier ValueType="{version.key_identifier}">{escape_text(identifier)}</wsse:KeyIdentifier>',
        version.token_type,
    )


def _reference(inside: str, token_type: str = "") -> str:
    return reference_around(inside, f'xmlns:wsse11="{WSSE11}" wsse11:TokenType="{token_type}"' if token_type else "")


def _by_uri(name: str, value_type: str, token_type: str = "") -> str:
    return _reference(f'<wsse:Reference URI="#{escape_attribute(name)}" ValueType="{value_type}"/>', token_type)


def _by_identifier(value_type: str, value: bytes, token_type: str = "") -> str:
    return _reference(
        f'<wsse:KeyIdentifier EncodingType="{BASE64}" ValueType="{value_type}">{base64_text(value)}'
        "</wsse:KeyIdentifier>",
        token_type,
    )


def _key_name(certificate: x509.Certificate, _token_id: str) -> str:
    return f'<ds:KeyName xmlns:ds="{DS}">{escape_text(name_of(certificate))}</ds:KeyName>'


def _key_value(certificate: x509.Certificate, _token_id: str) -> str:
    return serialise(key_value_element(public_key_of(certificate))).decode()


def _direct(_certificate: x509.Certificate, token_id: str) -> str:
    return _by_uri(token_id, X509_V3)


def _path(_certificate: x509.Certificate, token_id: str) -> str:
    return _by_uri(token_id, X509_PKI_PATH, token_type=X509_PKI_PATH)  # BSP 1.1, R5215


def _pkcs7(_certificate: x509.Certificate, token_id: str) -> str:
    return _by_uri(token_id, X509_PKCS7, token_type=X509_PKCS7)  # BSP 1.1, R5212


@lru_cache(maxsize=128)
def _issuer_serial_of(certificate: x509.Certificate) -> str:
    """Remembered, since one signs and encrypts with few certificates."""
    return _reference(
        f'<ds:X509Data xmlns:ds="{DS}"><ds:X509IssuerSerial>'
        f"<ds:X509IssuerName>{escape_text(certificate.issuer.rfc4514_string())}</ds:X509IssuerName>"
        f"<ds:X509SerialNumber>{certificate.serial_number}</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>"
    )


def _issuer_serial(certificate: x509.Certificate, _token_id: str) -> str:
    return _issuer_serial_of(certificate)


def _key_identifier(certificate: x509.Certificate, _token_id: str) -> str:
    value = key_identifier(certificate)
    if value is None:
        raise SecurityError(
            f"certificate {name_of(certificate)} has no SubjectKeyIdentifier; name it by issuer-serial or thumbprint"
        )
    return _by_identifier(X509_KEY_IDENTIFIER, value)


def _thumbprint(certificate: x509.Certificate, _token_id: str) -> str:
    return _by_identifier(THUMBPRINT, thumbprint(certificate))


def _embedded(certificate: x509.Certificate, _token_id: str) -> str:
    """The certificate itself as a key identifier, as WSS4J writes and reads it; it reads no X509Certificate here."""
    return _by_identifier(X509_V3, der_of(certificate))


_WRITERS: dict[str, Callable[[x509.Certificate, str], str]] = {
    "direct": _direct,
    "path": _path,
    "pkcs7": _pkcs7,
    "issuer-serial": _issuer_serial,
    "ski": _key_identifier,
    "thumbprint": _thumbprint,
    "embedded": _embedded,
    "key-name": _key_name,
    "key-value": _key_value,
}
