"""Name constraints of authorities that path building by the library passes over: on the subjects of certificates.

It holds alternative names against them, and refuses a path where it must do more and cannot, if the extension is marked
critical. What RFC 5280, 4.2.1.10 says of subjects is left: a directory name is constrained by directory names, wherever
they stand; an e-mail address in it by those of mail, where the certificate has no alternative name for mail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias, TypeVar

from cryptography import x509

from soapkit.errors import SecurityError
from soapkit.security.crypto.certificates import UNREADABLE, name_of
from soapkit.security.trust.validity import extension_of

_NameT = TypeVar("_NameT")
_Rdn: TypeAlias = frozenset[tuple[str, str]]


def check_constraints(path: Sequence[x509.Certificate]) -> None:
    """Raises `SecurityError` when a subject of a path, leaf first, is none that an authority above it may certify."""
    for at, authority in enumerate(path):
        constraints = extension_of(authority, x509.NameConstraints)
        if constraints is None:
            continue
        for number, certificate in enumerate(path[:at]):
            if number and certificate.subject == certificate.issuer:
                continue  # RFC 5280, 6.1.3 (b): an authority that changes its key
            if not _is_permitted(certificate, constraints):
                raise SecurityError(
                    f"certificate {name_of(certificate)} is not trusted: {name_of(authority)} may not certify that name"
                )


def _is_permitted(certificate: x509.Certificate, constraints: x509.NameConstraints) -> bool:
    permitted, excluded = constraints.permitted_subtrees or (), constraints.excluded_subtrees or ()
    subject = tuple(_rdns(certificate.subject))
    return (not subject or _allows(subject, _directory_names(permitted), _directory_names(excluded), _begins)) and all(
        _allows(address, _mail(permitted), _mail(excluded), _is_within) for address in _addresses(certificate)
    )


def _allows(
    name: _NameT, permitted: Sequence[_NameT], excluded: Sequence[_NameT], matches: Callable[[_NameT, _NameT], bool]
) -> bool:
    return not any(matches(name, each) for each in excluded) and (
        not permitted or any(matches(name, each) for each in permitted)
    )


def _directory_names(found: Iterable[x509.GeneralName]) -> list[tuple[_Rdn, ...]]:
    return [tuple(_rdns(each.value)) for each in found if isinstance(each, x509.DirectoryName)]


def _mail(found: Iterable[x509.GeneralName]) -> list[str]:
    return [each.value.casefold() for each in found if isinstance(each, x509.RFC822Name)]


def _rdns(name: x509.Name) -> Iterator[_Rdn]:
    """Compared without regard to case and blanks (RFC 5280, 7.1)."""
    for rdn in name.rdns:
        yield frozenset((each.oid.dotted_string, " ".join(str(each.value).split()).casefold()) for each in rdn)


def _begins(name: tuple[_Rdn, ...], base: tuple[_Rdn, ...]) -> bool:
    return name[: len(base)] == base


def _addresses(certificate: x509.Certificate) -> list[str]:
    """Those in the subject, where the certificate does not say them as alternative names."""
    found = certificate.subject.get_attributes_for_oid(x509.NameOID.EMAIL_ADDRESS)
    if not found:
        return []
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, *UNREADABLE):
        names = None
    if names is not None and names.get_values_for_type(x509.RFC822Name):
        return []
    return [str(each.value).strip().casefold() for each in found]


def _is_within(address: str, base: str) -> bool:
    """A mailbox, all of a host, or, with a dot before it, all below a domain."""
    if "@" in base:
        return address == base
    host = address.rpartition("@")[2]
    return host.endswith(base) if base.startswith(".") else host == base
