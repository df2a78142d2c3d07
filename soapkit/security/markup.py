"""The elements of WS-Security by name; a short way to write one, a strict way to read one."""

from __future__ import annotations

from lxml import etree
from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.xml.base64 import from_base64, to_base64
from soapkit.xml.names import (
    DS,
    DSIG11,
    DSIG_MORE_2021,
    EXC_C14N,
    SAML11,
    SAML20,
    WSC2005_02,
    WSC2005_12,
    WSSE,
    WSSE11,
    WSU,
    XENC,
    XENC11,
    local_name,
)
from soapkit.xml.walk import path_of, place_of, tag_of

SECURITY = f"{{{WSSE}}}Security"
TIMESTAMP = f"{{{WSU}}}Timestamp"
CREATED = f"{{{WSU}}}Created"
EXPIRES = f"{{{WSU}}}Expires"
USERNAME_TOKEN = f"{{{WSSE}}}UsernameToken"
USERNAME = f"{{{WSSE}}}Username"
PASSWORD = f"{{{WSSE}}}Password"
NONCE = f"{{{WSSE}}}Nonce"
BINARY_SECURITY_TOKEN = f"{{{WSSE}}}BinarySecurityToken"
TOKEN_REFERENCE = f"{{{WSSE}}}SecurityTokenReference"
REFERENCE = f"{{{WSSE}}}Reference"
KEY_IDENTIFIER = f"{{{WSSE}}}KeyIdentifier"
EMBEDDED = f"{{{WSSE}}}Embedded"
TRANSFORMATION_PARAMETERS = f"{{{WSSE}}}TransformationParameters"
TOKEN_TYPE = f"{{{WSSE11}}}TokenType"
ENCRYPTED_HEADER = f"{{{WSSE11}}}EncryptedHeader"
SIGNATURE_CONFIRMATION = f"{{{WSSE11}}}SignatureConfirmation"
SALT = f"{{{WSSE11}}}Salt"
ITERATION = f"{{{WSSE11}}}Iteration"

SIGNATURE = f"{{{DS}}}Signature"
SIGNED_INFO = f"{{{DS}}}SignedInfo"
CANONICALIZATION_METHOD = f"{{{DS}}}CanonicalizationMethod"
SIGNATURE_METHOD = f"{{{DS}}}SignatureMethod"
SIGNATURE_VALUE = f"{{{DS}}}SignatureValue"
HMAC_OUTPUT_LENGTH = f"{{{DS}}}HMACOutputLength"
DS_REFERENCE = f"{{{DS}}}Reference"
TRANSFORMS = f"{{{DS}}}Transforms"
TRANSFORM = f"{{{DS}}}Transform"
DIGEST_METHOD = f"{{{DS}}}DigestMethod"
DIGEST_VALUE = f"{{{DS}}}DigestValue"
OBJECT = f"{{{DS}}}Object"
MANIFEST = f"{{{DS}}}Manifest"
KEY_INFO = f"{{{DS}}}KeyInfo"
KEY_NAME = f"{{{DS}}}KeyName"
KEY_VALUE = f"{{{DS}}}KeyValue"
RETRIEVAL_METHOD = f"{{{DS}}}RetrievalMethod"
X509_DATA = f"{{{DS}}}X509Data"
X509_CERTIFICATE = f"{{{DS}}}X509Certificate"
X509_ISSUER_SERIAL = f"{{{DS}}}X509IssuerSerial"
X509_ISSUER_NAME = f"{{{DS}}}X509IssuerName"
X509_SERIAL_NUMBER = f"{{{DS}}}X509SerialNumber"
X509_SKI = f"{{{DS}}}X509SKI"
X509_SUBJECT_NAME = f"{{{DS}}}X509SubjectName"
X509_DIGEST = f"{{{DSIG11}}}X509Digest"
KEY_INFO_REFERENCE = f"{{{DSIG11}}}KeyInfoReference"
INCLUSIVE_NAMESPACES = f"{{{EXC_C14N}}}InclusiveNamespaces"

ENCRYPTED_ASSERTION = f"{{{SAML20}}}EncryptedAssertion"
ENCRYPTED_KEY = f"{{{XENC}}}EncryptedKey"
ENCRYPTED_DATA = f"{{{XENC}}}EncryptedData"
ENCRYPTION_METHOD = f"{{{XENC}}}EncryptionMethod"
CIPHER_DATA = f"{{{XENC}}}CipherData"
CIPHER_VALUE = f"{{{XENC}}}CipherValue"
CIPHER_REFERENCE = f"{{{XENC}}}CipherReference"
CIPHER_TRANSFORMS = f"{{{XENC}}}Transforms"
REFERENCE_LIST = f"{{{XENC}}}ReferenceList"
DATA_REFERENCE = f"{{{XENC}}}DataReference"
OAEP_PARAMS = f"{{{XENC}}}OAEPparams"
AGREEMENT_METHOD = f"{{{XENC}}}AgreementMethod"
CARRIED_KEY_NAME = f"{{{XENC}}}CarriedKeyName"
MGF = f"{{{XENC11}}}MGF"
DERIVED_KEY = f"{{{XENC11}}}DerivedKey"
MASTER_KEY_NAME = f"{{{XENC11}}}MasterKeyName"
ORIGINATOR_KEY_INFO = f"{{{XENC}}}OriginatorKeyInfo"
RECIPIENT_KEY_INFO = f"{{{XENC}}}RecipientKeyInfo"
KEY_DERIVATION_METHOD = f"{{{XENC11}}}KeyDerivationMethod"
CONCAT_PARAMS = f"{{{XENC11}}}ConcatKDFParams"
HKDF_PARAMS = f"{{{DSIG_MORE_2021}}}HKDFParams"
HKDF_PRF = f"{{{DSIG_MORE_2021}}}PRF"
HKDF_SALT = f"{{{DSIG_MORE_2021}}}Salt"
HKDF_INFO = f"{{{DSIG_MORE_2021}}}Info"
HKDF_KEY_LENGTH = f"{{{DSIG_MORE_2021}}}KeyLength"
EC_KEY_VALUE = f"{{{DSIG11}}}ECKeyValue"
DER_KEY_VALUE = f"{{{DSIG11}}}DEREncodedKeyValue"
NAMED_CURVE = f"{{{DSIG11}}}NamedCurve"
PUBLIC_KEY = f"{{{DSIG11}}}PublicKey"
TYPE_ELEMENT = f"{XENC}Element"
TYPE_CONTENT = f"{XENC}Content"

_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
BASE64 = f"{_OASIS}soap-message-security-1.0#Base64Binary"
X509_V3 = f"{_OASIS}x509-token-profile-1.0#X509v3"
X509_V1 = f"{_OASIS}x509-token-profile-1.0#X509v1"
X509_PKI_PATH = f"{_OASIS}x509-token-profile-1.0#X509PKIPathv1"
X509_PKCS7 = f"{_OASIS}x509-token-profile-1.0#PKCS7"
X509_KEY_IDENTIFIER = f"{_OASIS}x509-token-profile-1.0#X509SubjectKeyIdentifier"
PASSWORD_TEXT = f"{_OASIS}username-token-profile-1.0#PasswordText"
PASSWORD_DIGEST = f"{_OASIS}username-token-profile-1.0#PasswordDigest"
USERNAME_TOKEN_TYPE = f"{_OASIS}username-token-profile-1.0#UsernameToken"
_OASIS11 = "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#"
THUMBPRINT = f"{_OASIS11}ThumbprintSHA1"
ENCRYPTED_KEY_SHA1 = f"{_OASIS11}EncryptedKeySHA1"
ENCRYPTED_KEY_TYPE = f"{_OASIS11}EncryptedKey"


_FEW = 20  # children that are asked for their names one by one
_PREFIXES = {DS: "ds", XENC: "xenc", XENC11: "xenc11", WSSE: "wsse", WSSE11: "wsse11", WSU: "wsu", EXC_C14N: "ec"}
_PREFIXES |= {DSIG11: "dsig11", DSIG_MORE_2021: "dsigm"}
_PREFIXES |= {WSC2005_12: "wsc", WSC2005_02: "wsc", SAML11: "saml1", SAML20: "saml2"}
NAMESPACES = frozenset(_PREFIXES)
"""Of all elements that may say something of keys, of what is signed, or of what is encrypted."""


def new(tag: str, text: str | None = None, attributes: dict[str, str] | None = None) -> _Element:
    """A new element, its namespace under the customary prefix."""
    namespace = tag[1:].partition("}")[0]
    element = etree.Element(tag, attributes, {_PREFIXES[namespace]: namespace})
    element.text = text
    return element


def sub(parent: _Element, tag: str, text: str | None = None, attributes: dict[str, str] | None = None) -> _Element:
    """A new last child of `parent`."""
    namespace = tag[1:].partition("}")[0]
    element = etree.SubElement(parent, tag, attributes, {_PREFIXES[namespace]: namespace})
    element.text = text
    return element


def reference_around(inside: str, attributes: str = "") -> str:
    """A SecurityTokenReference as text, around text in which the prefix ``wsse`` is declared."""
    opening = f'<wsse:SecurityTokenReference xmlns:wsse="{WSSE}" {attributes}'.rstrip()
    return f"{opening}>{inside}</wsse:SecurityTokenReference>"


def base64_text(data: bytes) -> str:
    """Bytes as base64 on one line."""
    return to_base64(data)


BLANKS = " \t\r\n"  # of XML 1.0, 2.3: what others call blank is part of a name, which it would make another's


def text_of(element: _Element) -> str:
    """The text of an element without child elements, blanks around it gone. Raises `SecurityError` for children."""
    if len(element):
        raise SecurityError(f"{local_name(tag_of(element))} must hold text alone", place=place_of(element))
    return (element.text or "").strip(BLANKS)


def bytes_of(element: _Element) -> bytes:
    """The bytes an element holds as base64, line breaks allowed. Raises `SecurityError`."""
    text = text_of(element)
    try:
        return from_base64(text)
    except ValueError:
        pass  # few write line breaks
    try:
        return from_base64("".join(text.split()))
    except ValueError:
        raise SecurityError(f"{local_name(tag_of(element))} does not hold base64", place=place_of(element)) from None


def one(parent: _Element, tag: str) -> _Element:
    """The one child of that name. Raises `SecurityError` when there is none, or more than one."""
    found = at_most_one(parent, tag)
    if found is None:
        raise SecurityError(f"expected a {local_name(tag)} in {path_of(parent)}", place=place_of(parent))
    return found


def one_each(parent: _Element, *tags: str) -> tuple[_Element, ...]:
    """The one child of each of these names, in one look at all. Raises `SecurityError` as `one` does."""
    found: dict[str, _Element] = {}
    for entry in parent:
        tag = entry.tag
        if tag in tags and found.setdefault(tag, entry) is not entry:
            raise SecurityError(f"expected one {local_name(tag)}, found several", place=place_of(entry))
    if len(found) < len(tags):
        missing = next(tag for tag in tags if tag not in found)
        raise SecurityError(f"expected a {local_name(missing)} in {path_of(parent)}", place=place_of(parent))
    return tuple([found[tag] for tag in tags])


def at_most_one(parent: _Element, tag: str) -> _Element | None:
    """The child of that name, or None. Raises `SecurityError` for more than one."""
    found = all_of(parent, tag)
    if len(found) > 1:
        raise SecurityError(f"expected one {local_name(tag)}, found {len(found)}", place=place_of(found[1]))
    return found[0] if found else None


def all_of(parent: _Element, tag: str) -> list[_Element]:
    """The children of that name; among few, in half the time that `iterchildren` takes."""
    if len(parent) > _FEW:
        return list(parent.iterchildren(tag))
    return [entry for entry in parent if entry.tag == tag]


def algorithm_of(element: _Element) -> str:
    """The Algorithm attribute. Raises `SecurityError` without one."""
    uri = element.get("Algorithm")
    if not uri:
        raise SecurityError(f"{local_name(tag_of(element))} names no Algorithm", place=place_of(element))
    return uri
