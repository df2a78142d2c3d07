"""STR-Transform: sign the token that a reference leads to. WSS SOAP Message Security 1.1, section 8.3."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509
from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.crypto.certificates import der_of
from soapkit.security.ids import IdIndex
from soapkit.security.markup import (
    KEY_IDENTIFIER,
    KEY_NAME,
    X509_CERTIFICATE,
    X509_DATA,
    X509_DIGEST,
    X509_ISSUER_NAME,
    X509_ISSUER_SERIAL,
    X509_SERIAL_NUMBER,
    X509_SKI,
    X509_SUBJECT_NAME,
    X509_V3,
    base64_text,
)
from soapkit.security.references import Agreed, Asserted, Bare, Carried, Named, Wrapped, read_token_reference
from soapkit.xml.c14n import canonicalise
from soapkit.xml.names import WSSE
from soapkit.xml.walk import place_of

_NAMING = frozenset(
    {
        *(KEY_IDENTIFIER, KEY_NAME, X509_DATA, X509_CERTIFICATE, X509_DIGEST),
        *(X509_ISSUER_SERIAL, X509_ISSUER_NAME, X509_SERIAL_NUMBER, X509_SKI, X509_SUBJECT_NAME),
    }
)
_EMPTY_DEFAULT = b'xmlns="" '


def dereferenced(
    reference: _Element, method: str, index: IdIndex, certificates: Sequence[x509.Certificate]
) -> tuple[_Element, bytes]:
    """The element that the transform selects and its octets.

    A token in the message is canonicalised where it stands; one that is named by the id of what it came encrypted as,
    as that stood there. For a certificate that is only named, the transform makes up the BinarySecurityToken that would
    have carried it (X.509 token profile 1.1, 3.2), and what is covered is the reference. Raises `SecurityError`.
    """
    source = read_token_reference(reference, index)
    if isinstance(source, Carried) and source.token is not None:
        return source.token, token_octets(source.token, method)
    if isinstance(source, Asserted):
        came_as = source.element if source.encrypted is None else source.encrypted
        return source.element, token_octets(came_as, method)
    if isinstance(source, Wrapped):
        if source.element is None:
            raise SecurityError("STR-Transform of a key that is not in the message", place=place_of(reference))
        return source.element, token_octets(source.element, method)
    if isinstance(source, Agreed | Bare):
        raise SecurityError("STR-Transform of a key that is no token", place=place_of(reference))
    if any(entry.tag not in _NAMING for entry in reference.iterdescendants()):
        # what is digested is the certificate: anything else in the reference would pass for covered with it
        raise SecurityError("a reference that STR-Transform covers holds more than a name", place=place_of(reference))
    certificate = source.among(certificates) if isinstance(source, Named) else source.certificates[0]
    return reference, made_up_token(reference.prefix, certificate)


def token_octets(token: _Element, method: str) -> bytes:
    """The octets of a token that is in the message."""
    return with_empty_default(canonicalise(token, method=method, prefixes=["#default"]))


def with_empty_default(octets: bytes) -> bytes:
    """Canonical octets of an element with ``xmlns=""`` on it where it declares no default namespace.

    WSS SOAP Message Security 1.1, 8.3 asks for it, so that the token means the same wherever it is dereferenced to.
    """
    declared, end = octets.find(b"xmlns="), octets.find(b">")
    if 0 <= declared < end:
        return octets
    blank = octets.find(b" ") + 1
    return octets[:blank] + _EMPTY_DEFAULT + octets[blank:]


def made_up_token(prefix: str | None, certificate: x509.Certificate) -> bytes:
    """The token that would have carried a certificate which is only named.

    As WSS4J makes it: the prefix of the reference, no EncodingType, no line breaks.
    """
    name, declaration = (f"{prefix}:", f' xmlns:{prefix}="{WSSE}"') if prefix else ("", "")
    default = f' xmlns="{WSSE if not prefix else ""}"'
    value = base64_text(der_of(certificate))
    return (
        f'<{name}BinarySecurityToken{default}{declaration} ValueType="{X509_V3}">{value}</{name}BinarySecurityToken>'
    ).encode()
