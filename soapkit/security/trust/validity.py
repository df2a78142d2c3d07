"""What a certificate says of itself that must hold whoever issued it: its time, its usage, its strength."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes

from soapkit.errors import SecurityError
from soapkit.security.crypto.certificates import UNREADABLE, name_of

_ExtensionT = TypeVar("_ExtensionT", bound=x509.ExtensionType)

_WEAK: Final = (hashes.MD5, hashes.SHA1)


def check_time(certificate: x509.Certificate, now: datetime) -> None:
    """Raises `SecurityError` when a certificate is not valid at `now` (RFC 5280, 4.1.2.5)."""
    if now < certificate.not_valid_before_utc:
        raise SecurityError(
            f"certificate {name_of(certificate)} is not valid before {certificate.not_valid_before_utc:%Y-%m-%d %H:%M}Z"
        )
    if now > certificate.not_valid_after_utc:
        raise SecurityError(
            f"certificate {name_of(certificate)} expired on {certificate.not_valid_after_utc:%Y-%m-%d %H:%M}Z"
        )


def check_may_sign(certificate: x509.Certificate, *, pinned: bool = False) -> None:
    """Raises `SecurityError` when a certificate's key usage is for other things than signing (RFC 5280, 4.2.1.3).

    `pinned`: it is believed itself, so that it need not be readable: some authorities' extensions are not in DER.
    """
    try:
        usage = usage_of(certificate)
    except SecurityError:
        if not pinned:
            raise
        return
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        raise SecurityError(f"the key usage of certificate {name_of(certificate)} does not allow it to sign")


def usage_of(certificate: x509.Certificate) -> x509.KeyUsage | None:
    """What the key may be used for; None for anything. Raises `SecurityError` for extensions that cannot be read."""
    return extension_of(certificate, x509.KeyUsage)


def extension_of(certificate: x509.Certificate, kind: type[_ExtensionT]) -> _ExtensionT | None:
    """The extension of this kind; None where there is none. Raises `SecurityError` for extensions that cannot be
    read."""
    with _reading(certificate), suppress(x509.ExtensionNotFound):
        return certificate.extensions.get_extension_for_class(kind).value
    return None


@contextmanager
def _reading(certificate: x509.Certificate) -> Iterator[None]:
    try:
        yield
    except UNREADABLE as error:
        raise SecurityError(f"the extensions of certificate {name_of(certificate)} cannot be read: {error}") from None


def is_strong(algorithm: hashes.HashAlgorithm | None) -> bool:
    """Whether a signature with this hash can still be believed; None: of a scheme that has its own, such as Ed25519."""
    return not isinstance(algorithm, _WEAK)


def check_issued(certificate: x509.Certificate) -> None:
    """Raises `SecurityError` for an extension that must be understood and is not (RFC 5280, 6.1.5)."""
    with _reading(certificate):
        unknown = unknown_and_critical(certificate.extensions)
    if unknown:
        raise SecurityError(f"certificate {name_of(certificate)} has a critical extension that is not known: {unknown}")


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the name is the issuer's, and the signature holds under its key; not whether that may certify."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, *UNREADABLE):
        return False
    return True


def unknown_and_critical(extensions: x509.Extensions) -> str:
    """The first extension that must be understood and is not, by its number; empty without one (RFC 5280, 4.2)."""
    found = (each for each in extensions if each.critical and isinstance(each.value, x509.UnrecognizedExtension))
    return next((each.oid.dotted_string for each in found), "")
