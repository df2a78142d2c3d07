"""A certificate revocation list: what it tells of a certificate, once it is proved to be its issuer's and of now.

Source: RFC 5280, sections 5 and 6.3. Lists are given, never fetched. Not read: indirect lists, which are signed by
somebody else than the issuer of the certificates. A delta list revokes; that nothing in it does is told by its base.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509

from soapkit.errors import Place, SecurityError
from soapkit.security.crypto.certificates import UNREADABLE, name_of
from soapkit.security.crypto.keys import Source, read_source
from soapkit.security.trust.revocation import GOOD, REVOKED, Told, out_of_time, untold
from soapkit.security.trust.validity import is_strong, unknown_and_critical, usage_of


def load_list(source: Source) -> x509.CertificateRevocationList:
    """A revocation list from PEM or DER. Raises `SecurityError`."""
    data, name = read_source(source)
    try:
        return x509.load_pem_x509_crl(data) if b"-----BEGIN" in data else x509.load_der_x509_crl(data)
    except UNREADABLE as error:
        raise SecurityError(f"this is not a certificate revocation list: {error}", place=Place(name)) from None


@dataclass(frozen=True, slots=True, eq=False)
class ListSource:
    """What one list tells: a `trust.revocation.StatusSource`. Raises `SecurityError` for one that cannot be
    read."""

    entries: x509.CertificateRevocationList
    scope: x509.IssuingDistributionPoint | None = field(init=False)
    is_delta: bool = field(init=False)
    _why_not: dict[x509.Certificate, str] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        try:
            extensions = self.entries.extensions
            _ = (self.entries.issuer, self.entries.last_update_utc, self.entries.next_update_utc)
        except UNREADABLE as error:
            raise SecurityError(f"a certificate revocation list cannot be read: {error}") from None
        by_kind = {type(each.value): each.value for each in extensions}
        object.__setattr__(self, "scope", by_kind.get(x509.IssuingDistributionPoint))
        object.__setattr__(self, "is_delta", x509.DeltaCRLIndicator in by_kind)

    def tell(self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> Told | None:
        """See `soapkit.security.trust.revocation.StatusSource`."""
        if self.entries.issuer != issuer.subject:
            return None
        name = f"the revocation list of {name_of(issuer)}"
        why = self._why_not.get(issuer)
        if why is None:  # once: the signature of a long list costs
            why = self._why_not[issuer] = self._unusable(issuer)
        if why:
            return untold(f"{name} {why}")
        late = out_of_time(name, self.entries.last_update_utc, self.entries.next_update_utc, now)
        if late:
            return untold(late)
        if self._names(certificate):
            return REVOKED
        return self._good(certificate, name)

    def _unusable(self, issuer: x509.Certificate) -> str:
        """Why nothing in this list counts, in words; empty when it does."""
        try:
            if not is_strong(self.entries.signature_hash_algorithm):
                return "is signed with a hash that can be forged"
            signed = self.entries.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]  # any issuer's key
        except UNREADABLE:
            signed = False
        if not signed:
            return "is not signed by it"
        usage = usage_of(issuer)
        if usage is not None and not usage.crl_sign:
            return "is signed by a key whose usage does not allow that"  # RFC 5280, 6.3.3 (f)
        unknown = unknown_and_critical(self.entries.extensions)
        if unknown:
            return f"has a critical extension that is not known: {unknown}"  # RFC 5280, 5.2
        if self.scope is not None and self.scope.indirect_crl:
            return "is an indirect one, which is not read"
        if self.entries.next_update_utc is None:
            return "does not say when there is a newer one (RFC 5280, 5.1.2.5)"
        return ""

    def _names(self, certificate: x509.Certificate) -> bool:
        """Whether there is an entry of this serial number. What an entry says more is not looked at: whatever it is, it
        would not make the certificate good, and only in an indirect list can it name another issuer's."""
        found = self.entries.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if found is None:
            return False
        return not (self.is_delta and _is_removal(found))

    def _good(self, certificate: x509.Certificate, name: str) -> Told | None:
        """What it means that a certificate is not in the list (RFC 5280, 6.3.3 (b) to (d))."""
        if self.is_delta:
            return untold(f"{name} is a delta, and its base is not given")
        scope = self.scope
        if scope is None:
            return GOOD
        if scope.only_contains_attribute_certs:
            return None
        if scope.only_contains_user_certs and _is_authority(certificate):
            return None
        if scope.only_contains_ca_certs and not _is_authority(certificate):
            return None
        if scope.only_some_reasons:
            return untold(f"{name} is of some reasons only")
        if scope.relative_name is not None:
            return untold(f"{name} names its place by a relative name, which is not read")
        if scope.full_name is not None and not set(scope.full_name) & set(_published_at(certificate)):
            return None  # the authority spreads its certificates over several lists, and this is another's
        return GOOD


def _is_removal(entry: x509.RevokedCertificate) -> bool:
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except (x509.ExtensionNotFound, *UNREADABLE):
        return False
    return reason is x509.ReasonFlags.remove_from_crl


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, *UNREADABLE):
        return False


def _published_at(certificate: x509.Certificate) -> list[x509.GeneralName]:
    """Where a certificate says that it would be revoked."""
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except (x509.ExtensionNotFound, *UNREADABLE):
        return []
    return [name for point in points for name in point.full_name or ()]
