"""Whether a certificate was revoked: what all that is at hand tells of it, and when that is enough.

The law of this file: one current word that a certificate is revoked refuses it, whatever others say; one current word
that it is not is enough; where nobody's word can be used though somebody's is there, it is refused too, since an
attacker who can spoil or hold back a word must gain nothing by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from itertools import chain, pairwise
from typing import Final, Literal, Protocol, TypeAlias

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from soapkit.errors import SecurityError
from soapkit.security.crypto.certificates import UNREADABLE, name_of

Revocation: TypeAlias = Literal["given", "required"]
REVOCATIONS: Final = ("given", "required")

SKEW: Final = timedelta(seconds=60)
"""How much the clock of who publishes lists and answers may be ahead of ours, or behind."""


class Standing(Enum):
    """What one source says of a certificate."""

    GOOD = "it is not revoked"
    REVOKED = "it is revoked"
    UNTOLD = "that cannot be told"


@dataclass(frozen=True, slots=True)
class Told:
    """What one source says of a certificate; `why` it cannot be told, in words."""

    standing: Standing
    why: str = ""


GOOD: Final = Told(Standing.GOOD)
REVOKED: Final = Told(Standing.REVOKED)


def untold(why: str) -> Told:
    """The source is about this certificate, and cannot be used."""
    return Told(Standing.UNTOLD, why)


class StatusSource(Protocol):
    """A revocation list, an OCSP response, or somebody to ask for one."""

    def tell(self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> Told | None:
        """What this source says of `certificate`, which `issuer` certified; None when it is about others."""
        ...


def check_not_revoked(
    path: tuple[x509.Certificate, ...],
    at_hand: Iterable[StatusSource],
    to_ask: Iterable[StatusSource],
    now: datetime,
    revocation: Revocation,
) -> None:
    """Raises `SecurityError` when a certificate of the path is revoked, or may be.

    `at_hand`: all are heard; `to_ask`: only while nobody said anything good. The last of the path is believed by being
    trusted, and is not looked at.
    """
    for certificate, issuer in pairwise(path):
        good, reasons = False, []
        for source in chain(at_hand, (source for source in to_ask if not good)):
            told = source.tell(certificate, issuer, now)
            if told is None:
                continue
            if told.standing is Standing.REVOKED:
                raise SecurityError(f"certificate {name_of(certificate)} has been revoked")
            good = good or told.standing is Standing.GOOD
            reasons.append(told.why)
        if good:
            continue
        if reasons:
            raise SecurityError(f"whether certificate {name_of(certificate)} is revoked cannot be told: {reasons[0]}")
        if revocation == "required":
            missing = f"no revocation list of {name_of(issuer)} is given, and one is required (or an OCSP response)"
            if addresses := responders_of(certificate):
                missing += f"; {addresses[0]!r:.120} is asked for one where OcspResponders(hosts=...) has its host"
            raise SecurityError(missing)


def responders_of(certificate: x509.Certificate) -> list[str]:
    """The addresses of OCSP responders that a certificate names (RFC 5280, 4.2.2.1)."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, *UNREADABLE):
        return []
    return [
        each.access_location.value
        for each in access
        if each.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(each.access_location, x509.UniformResourceIdentifier)
    ]


def out_of_time(what: str, this_update: datetime, next_update: datetime | None, now: datetime) -> str:
    """Why a list or an answer is not of now, in words; empty when it is (RFC 5280, 5.1.2; RFC 6960, 4.2.2.1)."""
    if this_update > now + SKEW:
        return f"{what} is of {this_update:%Y-%m-%d %H:%M}Z, which is to come"
    if next_update is not None and next_update < now - SKEW:
        return f"{what} is out of date since {next_update:%Y-%m-%d %H:%M}Z"
    return ""
