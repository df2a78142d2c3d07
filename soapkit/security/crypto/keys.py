"""Files of keys and certificates -> `KeyPair`, certificates: PEM, PKCS#12, PKCS#7, JKS, DER; loaded once, never shown.

A `KeyPair` is what one signs and decrypts with; whom one believes is a `soapkit.security.trust.truststore.TrustStore`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x448, x25519
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
    pkcs12,
)
from cryptography.hazmat.primitives.serialization.pkcs7 import load_der_pkcs7_certificates, load_pem_pkcs7_certificates

from soapkit.errors import Place, SecurityError, UsageError
from soapkit.security.crypto.algorithms import KeyKind
from soapkit.security.crypto.certificates import (
    UNREADABLE,
    PublicKey,
    certificate_from_der,
    kind_of,
    name_of,
    public_bytes,
    public_key_of,
)
from soapkit.security.crypto.given import check_each, check_given
from soapkit.security.crypto.jks import MAGIC as JKS_MAGIC
from soapkit.security.crypto.jks import read_jks
from soapkit.security.crypto.pkcs12 import keys_in

PrivateKey: TypeAlias = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
    | x25519.X25519PrivateKey
    | x448.X448PrivateKey
)
Source: TypeAlias = str | Path | bytes
"""A path, or the bytes themselves."""

_JCEKS_MAGIC = b"\xce\xce\xce\xce"


@dataclass(frozen=True, slots=True, repr=False)
class KeyPair:
    """A private key and the certificate that goes with it.

    `chain`: the certificates between this one and its authority, as far as they were loaded. The key is in no repr.
    `private_key`: one of ``cryptography``, or one that stays in a device (PKCS#11, a key service): an object of your
    own class below one of its classes, such as ``RSAPrivateKey``, whose ``sign`` and ``decrypt`` ask the device.

    Raises `UsageError` for a key of another certificate.

    >>> KeyPair.load("alice.p12", "secret")          # doctest: +SKIP
    KeyPair(CN=alice)
    """

    private_key: PrivateKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = field(default=())

    def __post_init__(self) -> None:
        check_given(
            "KeyPair",
            private_key=(self.private_key, PrivateKey, "a private key of the cryptography library"),
            certificate=(self.certificate, x509.Certificate, "its certificate"),
        )
        check_each("KeyPair", "chain", self.chain, x509.Certificate, "certificates")
        if self.private_key.public_key() != public_key_of(self.certificate):
            raise UsageError(f"the private key is not that of certificate {name_of(self.certificate)}")

    @classmethod
    def load(
        cls,
        source: Source,
        password: str | bytes | None = None,
        *,
        certificate: Source | None = None,
        alias: str = "",
        key_password: str = "",
    ) -> KeyPair:
        """Load from PKCS#12 or JKS, or from PEM that holds key and certificate, or key and certificate from two files.

        `certificate`: where the certificate is, when `source` holds the key alone. `alias`: which key of a file with
        several, as Java keeps them; without it the first of PKCS#12, the only one of JKS. `key_password`: of a key that
        has its own in JKS. Raises `SecurityError` for a file that cannot be read, a wrong password, a key that is not
        there, one without a certificate or with that of another key; `UsageError` for an argument of the wrong kind.
        """
        check_given(
            "KeyPair.load",
            password=(password, _A_PASSWORD, "text or bytes"),
            key_password=(key_password, str, "text"),
            alias=(alias, str, "the name of a key"),
        )
        data, name = read_source(source)
        secret = _octets(password, name)
        if data.startswith(JKS_MAGIC):
            return _from_jks(data, name, _text(secret or b"", name), alias, key_password)
        if b"-----BEGIN" in data or certificate is not None:
            return _from_pem_or_der(data, name, secret, certificate)
        return _from_pkcs12(data, name, secret, alias)

    @property
    def kind(self) -> KeyKind:
        """What kind of key this is."""
        return kind_of(self.certificate)

    def __repr__(self) -> str:
        return f"KeyPair({name_of(self.certificate)})"

    def __reduce__(self) -> str:
        raise SecurityError("a KeyPair is not pickled, since that would write its private key")


def load_certificate(source: Source) -> x509.Certificate:
    """Load the one certificate in a PEM or DER file; the first, when PEM holds several. Raises `SecurityError`."""
    return load_certificates(source)[0]


def load_certificates(source: Source, password: str | bytes | None = None) -> tuple[x509.Certificate, ...]:
    """Load every certificate in a PEM, DER, PKCS#7, PKCS#12 or JKS file. Raises `SecurityError`, `UsageError` for an
    argument of the wrong kind."""
    check_given("load_certificates", password=(password, _A_PASSWORD, "text or bytes"))
    data, name = read_source(source)
    found = _certificates(data, name, _octets(password, name))
    if not found:
        raise SecurityError("there is no certificate in it", place=Place(name))
    return found


def load_public_key(source: Source) -> PublicKey:
    """A public key without a certificate, from PEM or DER. Raises `SecurityError`."""
    data, name = read_source(source)
    load = load_pem_public_key if data.lstrip().startswith(b"-----") else load_der_public_key
    try:
        key = load(data)
    except UNREADABLE as error:
        raise SecurityError(f"this is not a public key: {error}", place=Place(name)) from None
    if not isinstance(key, PublicKey):
        raise SecurityError(f"keys of the kind {type(key).__name__} are not used here", place=Place(name))
    return key


_A_PASSWORD = (str, bytes, type(None))


def _octets(password: str | bytes | None, name: str) -> bytes | None:
    """A password as files are sealed with it. Raises `SecurityError` for a text that UTF-8 has not."""
    try:
        return password.encode() if isinstance(password, str) else password
    except UnicodeEncodeError:
        raise SecurityError("the password is not text in UTF-8", place=Place(name)) from None


def _text(password: bytes, name: str) -> str:
    """A password as Java has it. Raises `SecurityError`."""
    try:
        return password.decode()
    except UnicodeDecodeError:
        raise SecurityError("the password of a Java key store is text, in UTF-8", place=Place(name)) from None


def read_source(source: Source) -> tuple[bytes, str]:
    """The bytes, and the name of the file where they are from one. Raises `SecurityError`, `UsageError` for what is
    neither."""
    check_given("load", source=(source, (str, Path, bytes), "a path, or the bytes of a file"))
    if isinstance(source, bytes):
        return source, ""
    try:
        return Path(source).read_bytes(), str(source)
    except OSError as error:
        raise SecurityError(f"cannot be read: {error.strerror}", place=Place(str(source))) from None


def _certificates(data: bytes, name: str, password: bytes | None = None) -> tuple[x509.Certificate, ...]:
    if b"-----BEGIN" in data:
        return _certificates_from_pem(data, name)
    if data.startswith(JKS_MAGIC):
        return _certificates_from_jks(data, name, password)
    _check_readable(data, name)
    try:
        return (x509.load_der_x509_certificate(data),)
    except ValueError:  # perhaps it is something else
        pass
    except UNREADABLE as error:
        raise SecurityError(f"this is not an X.509 certificate: {error}", place=Place(name)) from None
    with suppress(*UNREADABLE):
        return tuple(load_der_pkcs7_certificates(data))
    try:
        bundle = pkcs12.load_pkcs12(data, password)
    except UNREADABLE:
        which = "that" if password else "no"
        told = f"neither PEM nor DER, nor PKCS#12 with {which} password" if data else "it is empty"
        raise SecurityError(told, place=Place(name)) from None
    found = ([bundle.cert] if bundle.cert else []) + list(bundle.additional_certs)
    return tuple(item.certificate for item in found)


def _certificates_from_pem(data: bytes, name: str) -> tuple[x509.Certificate, ...]:
    try:
        if b"BEGIN PKCS7-----" in data:
            return tuple(load_pem_pkcs7_certificates(data))
        return tuple(x509.load_pem_x509_certificates(data)) if b"CERTIFICATE-----" in data else ()
    except UNREADABLE as error:
        raise SecurityError(f"a certificate in it cannot be read: {error}", place=Place(name)) from None


def _check_readable(data: bytes, name: str) -> None:
    """Raise `SecurityError`, with what to do, for a store of a kind that is not read."""
    if data.startswith(_JCEKS_MAGIC):
        told = f"keytool -importkeystore -srckeystore {name or 'FILE'} -destkeystore NEW.p12 -deststoretype PKCS12"
        raise SecurityError(f"a Java key store of the kind JCEKS is not read; convert it: {told}", place=Place(name))


def _from_pem_or_der(data: bytes, name: str, password: bytes | None, certificate: Source | None) -> KeyPair:
    try:
        if b"-----BEGIN" in data:
            key = load_pem_private_key(data, password)
        else:
            key = load_der_private_key(data, password)
    except TypeError:
        asked = "its private key is encrypted: a password is needed" if password is None else "it needs no password"
        raise SecurityError(asked, place=Place(name)) from None
    except (ValueError, UnsupportedAlgorithm):
        told = "no private key can be read from it (a wrong password?)"
        if b"-----BEGIN" in data and b"PRIVATE KEY-----" not in data:
            told = "there is no private key in it"
        raise SecurityError(told, place=Place(name)) from None
    if certificate is None:
        return _paired(key, _certificates(data, name), name)
    held, file = read_source(certificate)
    return _paired(key, _certificates(held, file), name, file)


def _from_jks(data: bytes, name: str, password: str, alias: str, key_password: str) -> KeyPair:
    try:
        keys = [entry for entry in read_jks(data, password) if entry.protected is not None]
        chosen = [entry for entry in keys if not alias or entry.alias.casefold() == alias.casefold()]
        if len(chosen) != 1:
            asked = f"it holds no key {alias!r}" if alias and not chosen else "which key? alias= tells"
            raise SecurityError(f"{asked}; there are: {', '.join(entry.alias for entry in keys) or 'none'}")
        (entry,) = chosen
        key = load_der_private_key(entry.private_key(key_password or password), None)
        return _paired(key, tuple(map(certificate_from_der, entry.certificates)), "")
    except SecurityError as error:
        raise SecurityError(str(error), place=Place(name)) from None
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SecurityError(f"its private key cannot be used: {error}", place=Place(name)) from None


def _certificates_from_jks(data: bytes, name: str, password: bytes | None) -> tuple[x509.Certificate, ...]:
    try:
        entries = read_jks(data, password.decode() if password is not None else None)
        return tuple(certificate_from_der(der) for entry in entries for der in entry.certificates)
    except SecurityError as error:
        raise SecurityError(str(error), place=Place(name)) from None


def _from_pkcs12(data: bytes, name: str, password: bytes | None, alias: str) -> KeyPair:
    """The first key of a file, or the one of that alias: Java keeps several keys in one file."""
    _check_readable(data, name)
    try:
        bundle = pkcs12.load_pkcs12(data, password)
        keys = keys_in(data, password) if alias else ()
    except UNREADABLE as error:
        is_wrong = "password" in str(error)
        told = "it is not PKCS#12, or the password is wrong" if is_wrong else _instead_of_pkcs12(data, error)
        raise SecurityError(told, place=Place(name)) from None
    certificates = ([bundle.cert] if bundle.cert else []) + list(bundle.additional_certs)
    chosen = [entry.key for entry in keys if entry.alias.casefold() == alias.casefold()] if alias else [bundle.key]
    if alias and len(chosen) != 1:
        told = ", ".join(entry.alias or "one without a name" for entry in keys) or "none"
        raise SecurityError(f"it holds {len(chosen) or 'no'} key {alias!r}; there are: {told}", place=Place(name))
    if chosen == [None]:
        raise SecurityError("there is no private key in it", place=Place(name))
    return _paired(chosen[0], tuple(item.certificate for item in certificates), name)


def _instead_of_pkcs12(data: bytes, error: Exception) -> str:
    """What a file is that is not PKCS#12, where that tells what to do."""
    if not data:
        return "it is empty"
    with suppress(ValueError, TypeError, UnsupportedAlgorithm):
        load_der_private_key(data, None)
        return "it is a private key in DER: certificate= says where its certificate is"
    with suppress(*UNREADABLE):
        x509.load_der_x509_certificate(data)
        return "there is no private key in it, it is a certificate in DER"
    return f"it is neither PEM nor a key store: {error}"


def _paired(key: object, certificates: tuple[x509.Certificate, ...], name: str, file: str = "") -> KeyPair:
    """The key with its own certificate, told by the public key, and those of its authorities as its chain. `file`:
    which they come from, if that is another than the key's."""
    if not isinstance(key, PrivateKey):
        raise SecurityError(f"keys of the kind {type(key).__name__} are not used here", place=Place(name))
    wanted = public_bytes(key.public_key())
    own = next((item for item in certificates if _holds(item, wanted)), None)
    if own is None:
        told = "there is no certificate in it; certificate= says where it is"
        if certificates or file:
            told = f"no certificate in {file or 'it'} belongs to its private key"
        raise SecurityError(told, place=Place(name))
    return KeyPair(key, own, tuple(_above(own, [item for item in certificates if item is not own])))


def _above(certificate: x509.Certificate, others: Sequence[x509.Certificate]) -> Iterator[x509.Certificate]:
    """The issuer of a certificate, the issuer of that, and so on, as far as they are at hand: a file may hold those of
    other keys too, which are in no path of this one."""
    seen = [certificate]
    while (issuer := next((item for item in others if _issued(item, seen[-1]) and item not in seen), None)) is not None:
        seen.append(issuer)
        yield issuer


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        return issuer.subject == certificate.issuer
    except UNREADABLE:  # a name that is not text
        return False


def _holds(certificate: x509.Certificate, public: bytes) -> bool:
    try:
        return public_bytes(public_key_of(certificate)) == public
    except SecurityError:
        return False
