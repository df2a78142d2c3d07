"""UsernameToken and BinarySecurityToken: written and read."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.crypto.certificates import UNREADABLE, certificate_from_der, der_of, name_of
from soapkit.security.crypto.keys import KeyPair
from soapkit.security.markup import (
    BASE64,
    CREATED,
    NONCE,
    PASSWORD,
    PASSWORD_DIGEST,
    PASSWORD_TEXT,
    USERNAME,
    USERNAME_TOKEN,
    X509_PKCS7,
    X509_PKI_PATH,
    X509_V1,
    X509_V3,
    at_most_one,
    base64_text,
    bytes_of,
    new,
    one,
    sub,
    text_of,
)
from soapkit.security.steps import PasswordOf, UsernameToken
from soapkit.security.timestamp import check_age, read_instant, write_instant
from soapkit.security.trust.truststore import Chain
from soapkit.xml.names import WSSE, WSU
from soapkit.xml.parse import parse_own
from soapkit.xml.walk import place_of

MAX_CERTIFICATES = 10


@dataclass(frozen=True, slots=True)
class CheckedUser:
    """A user whose password was right. `nonce`: what may not be seen again, if the token said any; as octets, since
    base64 can be spelled in many ways."""

    name: str
    nonce: bytes = b""


def username_token_element(settings: UsernameToken, now: datetime, nonce: bytes) -> _Element:
    """A UsernameToken (UsernameToken profile 1.1, 3.1)."""
    token = new(USERNAME_TOKEN)
    sub(token, USERNAME, settings.username)
    created = write_instant(now)
    if settings.password is not None:
        if settings.digest:
            sub(token, PASSWORD, _digest(nonce, created, settings.password), {"Type": PASSWORD_DIGEST})
        else:
            sub(token, PASSWORD, settings.password, {"Type": PASSWORD_TEXT})
    if settings.digest or settings.nonce:
        sub(token, NONCE, base64_text(nonce), {"EncodingType": BASE64})
    if settings.digest or settings.created:
        sub(token, CREATED, created)
    return token


def check_username_token(
    token: _Element, passwords: PasswordOf, *, now: datetime, max_age: int, skew: int
) -> CheckedUser:
    """The user of a UsernameToken, whose password is right and, where it says when it was made, is fresh.

    Raises `SecurityError`; that for an unknown user is the same as for a wrong password.
    """
    name = text_of(one(token, USERNAME))
    password, nonce, created = at_most_one(token, PASSWORD), at_most_one(token, NONCE), at_most_one(token, CREATED)
    if password is None:
        raise SecurityError(f"the UsernameToken of {name!r:.120} carries no password", place=place_of(token))
    if created is not None:
        check_age(read_instant(created), now=now, max_age=max_age, skew=skew)
    kind = password.get("Type", PASSWORD_TEXT)
    expected = password_of(passwords, name)
    if kind == PASSWORD_DIGEST:
        if nonce is None or created is None:
            raise SecurityError("a password digest without Nonce and Created could be replayed", place=place_of(token))
        wanted = _digest(bytes_of(nonce), text_of(created), expected or "")
    elif kind == PASSWORD_TEXT:
        wanted = expected or ""
    else:
        raise SecurityError(f"passwords of the type {kind!r:.120} are not understood", place=place_of(password))
    # The password may begin or end with a blank: .text, not its stripped form, for text.
    found = text_of(password) if kind == PASSWORD_DIGEST else (password.text or "")
    right = hmac.compare_digest(wanted.encode(), found.encode())
    if not right or expected is None:
        raise SecurityError(
            f"the password of user {name!r:.120} is wrong, or there is no such user", place=place_of(token)
        )
    return CheckedUser(name, bytes_of(nonce) if nonce is not None else b"")


def binary_token_element(certificate: x509.Certificate, token_id: str) -> _Element:
    """A BinarySecurityToken that carries one certificate (X.509 token profile 1.1, 3.3)."""
    return _binary_token(X509_V3, token_id, _carried(certificate))


def _binary_token(kind: str, token_id: str, content: str) -> _Element:
    return parse_own(
        f'<wsse:BinarySecurityToken xmlns:wsse="{WSSE}" EncodingType="{BASE64}" ValueType="{kind}" xmlns:wsu="{WSU}" '
        f'wsu:Id="{token_id}">{content}</wsse:BinarySecurityToken>'
    )


@lru_cache(maxsize=64)
def _carried(certificate: x509.Certificate) -> str:
    """Remembered, since one signs with few certificates."""
    return base64_text(der_of(certificate))


def token_of_key(keypair: KeyPair, kind: str, token_id: str) -> _Element:
    """A BinarySecurityToken with the certificate of a key pair, and its chain where the kind has room for it."""
    if kind == "direct":
        return binary_token_element(keypair.certificate, token_id)
    writer = path_token_element if kind == "path" else pkcs7_token_element
    return writer((keypair.certificate, *keypair.chain), token_id)


def path_token_element(certificates: Chain, token_id: str) -> _Element:
    """A BinarySecurityToken that carries a certificate and those above it, given leaf first (X.509 token profile 1.1,
    3.3.2)."""
    path = b"".join(der_of(certificate) for certificate in reversed(certificates))
    return _binary_token(X509_PKI_PATH, token_id, base64_text(_as_sequence(path)))


def pkcs7_token_element(certificates: Chain, token_id: str) -> _Element:
    """A BinarySecurityToken that carries certificates as PKCS#7 (X.509 token profile 1.1, 3.3.3)."""
    data = pkcs7.serialize_certificates(list(certificates), Encoding.DER)
    return _binary_token(X509_PKCS7, token_id, base64_text(data))


def certificates_of(token: _Element) -> Chain:
    """The certificates a BinarySecurityToken carries, the one that signs first. Raises `SecurityError`."""
    encoding, kind = token.get("EncodingType", BASE64), token.get("ValueType", X509_V3)
    if encoding != BASE64:
        raise SecurityError(f"a token encoded as {encoding!r:.120} is not understood", place=place_of(token))
    reader = _READERS.get(kind)
    if reader is None:
        raise SecurityError(f"a token of the type {kind!r:.120} is not understood", place=place_of(token))
    certificates = reader(bytes_of(token))
    if len(certificates) > MAX_CERTIFICATES:
        raise SecurityError(f"a token of {len(certificates)} certificates is not followed", place=place_of(token))
    return certificates


def password_of(passwords: PasswordOf, name: str) -> str | None:
    """The password of a user, None for nobody known."""
    return passwords.get(name) if isinstance(passwords, Mapping) else passwords(name)


def _digest(nonce: bytes, created: str, password: str) -> str:
    """UsernameToken profile 1.1, 3.1: Base64(SHA-1(nonce + created + password))."""
    hashed = hashlib.sha1(nonce + created.encode() + password.encode(), usedforsecurity=False)
    return base64_text(hashed.digest())


def _from_one(data: bytes) -> Chain:
    return (certificate_from_der(data),)


def _from_path(data: bytes) -> Chain:
    """ITU-T X.509, 7.7: PkiPath runs from the authority to the certificate in question."""
    return tuple(certificate_from_der(item) for item in reversed(_sequence(data)))


def _from_pkcs7(data: bytes) -> Chain:
    try:
        found = pkcs7.load_der_pkcs7_certificates(data)
    except UNREADABLE as error:
        raise SecurityError(f"the PKCS#7 token cannot be read: {error}") from None
    return _end_first(tuple(certificate_from_der(der_of(certificate)) for certificate in found))


def _end_first(certificates: Chain) -> Chain:
    """The certificate that issued none of the others first: PKCS#7 is a set."""
    issuers = [certificate.issuer for certificate in certificates if certificate.issuer != certificate.subject]
    ends = [certificate for certificate in certificates if certificate.subject not in issuers]
    if len(ends) != 1:
        told = ", ".join(map(name_of, certificates)) or "none"
        raise SecurityError(f"a PKCS#7 token must lead to one certificate, found {told}")
    return (ends[0], *(certificate for certificate in certificates if certificate is not ends[0]))


def _sequence(data: bytes) -> list[bytes]:
    """The elements of a DER SEQUENCE, each with its own tag and length."""
    start, end = _content(data, 0)
    items = []
    while start < end:
        _, after = _content(data, start)
        if after > end:
            raise SecurityError("the PKIPath token is not well formed")
        items.append(data[start:after])
        start = after
    if not items:
        raise SecurityError("the PKIPath token holds no certificate")
    return items


def _as_sequence(content: bytes) -> bytes:
    """DER SEQUENCE around what stands in it."""
    length = len(content)
    if length < 0x80:
        return bytes([0x30, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([0x30, 0x80 | size]) + length.to_bytes(size, "big") + content


def _content(data: bytes, at: int) -> tuple[int, int]:
    """Where the content of the SEQUENCE at `at` begins and ends."""
    if len(data) < at + 2 or data[at] != 0x30:
        raise SecurityError("the PKIPath token is not well formed")
    length, start = data[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= 4 or len(data) < start + size:
            raise SecurityError("the PKIPath token is not well formed")
        length, start = int.from_bytes(data[start : start + size], "big"), start + size
    if start + length > len(data):
        raise SecurityError("the PKIPath token is not well formed")
    return start, start + length


_READERS: dict[str, Callable[[bytes], Chain]] = {
    X509_V3: _from_one,
    X509_V1: _from_one,
    X509_PKI_PATH: _from_path,
    X509_PKCS7: _from_pkcs7,
}
