"""What a plain document says of the certificate that signed it, or that it is encrypted to: its ds:KeyInfo.

XML Signature 1.1, 4.5.1 KeyName, 4.5.4 X509Data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias, get_args

from cryptography import x509
from lxml.etree import _Element

from soapkit.errors import SecurityError, UsageError
from soapkit.security.crypto.certificates import der_of, key_identifier, name_of
from soapkit.security.markup import (
    KEY_INFO,
    KEY_NAME,
    X509_CERTIFICATE,
    X509_DATA,
    X509_ISSUER_NAME,
    X509_ISSUER_SERIAL,
    X509_SERIAL_NUMBER,
    X509_SKI,
    X509_SUBJECT_NAME,
    base64_text,
    new,
    sub,
)

KeyInfo: TypeAlias = Literal["certificate", "chain", "issuer-serial", "subject", "ski", "key-name", "none"]
"""What is said of a key: the ``certificate``, with its ``chain`` too, or words for one the receiver has."""


def key_info_for(certificate: x509.Certificate, how: KeyInfo, chain: Sequence[x509.Certificate]) -> list[_Element]:
    """The KeyInfo, none for ``none``. Raises `UsageError` for an unknown `how`, `SecurityError` for a certificate
    without what is asked for."""
    if how not in get_args(KeyInfo):
        raise UsageError(f"there is no key_info {how!r} (known: {', '.join(get_args(KeyInfo))})")
    if how == "none":
        return []
    made = new(KEY_INFO)
    if how == "key-name":
        sub(made, KEY_NAME, name_of(certificate))
        return [made]
    data = sub(made, X509_DATA)
    match how:
        case "certificate" | "chain":
            for entry in (certificate, *(chain if how == "chain" else ())):
                sub(data, X509_CERTIFICATE, base64_text(der_of(entry)))
        case "issuer-serial":
            holder = sub(data, X509_ISSUER_SERIAL)
            sub(holder, X509_ISSUER_NAME, certificate.issuer.rfc4514_string())
            sub(holder, X509_SERIAL_NUMBER, str(certificate.serial_number))
        case "subject":
            sub(data, X509_SUBJECT_NAME, name_of(certificate))
        case "ski":
            value = key_identifier(certificate)
            if value is None:
                raise SecurityError(f"certificate {name_of(certificate)} has no SubjectKeyIdentifier")
            sub(data, X509_SKI, base64_text(value))
    return [made]
