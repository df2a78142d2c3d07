"""Which certificate is believed: pinned ones, and chains to an authority, at a given time.

A certificate that was itself loaded into the store is believed by being there (pinned). Any other needs a path to a
loaded authority, which `cryptography.x509.verification` builds (RFC 5280, section 6). Subject alternative names and
extended key usages, which the web demands, are not asked for: certificates of message security rarely have them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Literal, TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509 import verification

from soapkit.errors import Place, SecurityError
from soapkit.security.keys import KeyPair, Source, load_certificates, name_of

Chain: TypeAlias = tuple[x509.Certificate, ...]

_REMEMBERED = 256
_SUFFIXES = frozenset({".pem", ".crt", ".cer", ".der"})


@dataclass(frozen=True, slots=True, repr=False)
class TrustStore:
    """Certificates that are believed, and the authorities whose certificates are.

    `subjects`: where given, the subject (RFC 4514) of a signer must match one of these patterns whole; use it when
    an authority certifies more than your peers. `max_chain`: how many authorities may stand between a certificate
    and a loaded one. `revoked`: lists by those authorities; an outdated list is refused.
    `revocation`: ``given`` believes a certificate of an authority that no list is given of, ``required`` refuses it
    (RFC 5280, 6.3: its status is undetermined). `v1_roots`: whether a loaded
    certificate of X.509 version 1, which cannot say that it is an authority, is taken for one of what it issued itself.
    """

    certificates: Chain
    subjects: tuple[str, ...] = ()
    max_chain: int = 4
    revoked: tuple[x509.CertificateRevocationList, ...] = field(default=())
    v1_roots: bool = False
    revocation: Literal["given", "required"] = "given"
    _built: dict[tuple[x509.Certificate, Chain], Chain] = field(default_factory=dict, init=False, compare=False)

    @classmethod
    def load(
        cls,
        *sources: Source,
        password: str | bytes | None = None,
        subjects: Iterable[str] = (),
        revoked: Iterable[Source] = (),
        v1_roots: bool = False,
        revocation: Literal["given", "required"] = "given",
    ) -> TrustStore:
        """Load certificates from PEM, DER, PKCS#12 or JKS files, or from every PEM and DER file in a folder.

        Raises `SecurityError` for what cannot be read or holds no certificate.
        """
        found = [
            certificate
            for source in sources
            for path in _files(source)
            for certificate in load_certificates(path, password)
        ]
        lists = tuple(map(_load_list, revoked))
        return cls(tuple(found), tuple(subjects), revoked=lists, v1_roots=v1_roots, revocation=revocation)

    @classmethod
    def of(cls, *members: x509.Certificate | KeyPair) -> TrustStore:
        """A store of certificates at hand."""
        return cls(tuple(item.certificate if isinstance(item, KeyPair) else item for item in members))

    def check(self, certificate: x509.Certificate, others: Chain, now: datetime) -> Chain:
        """The path from `certificate` to what is believed, `others` (from the message) helping to build it.

        Raises `SecurityError` when there is none at `now`, or when the certificate may not sign.
        """
        if not self.certificates:
            raise SecurityError("no certificate is trusted: the trust store is empty")
        _check_time(certificate, now)
        _check_may_sign(certificate)
        if self.subjects and not any(re.fullmatch(pattern, name_of(certificate)) for pattern in self.subjects):
            raise SecurityError(f"certificate {name_of(certificate)} is none of the subjects that are believed")
        chain = self._built.get((certificate, others)) or self._build(certificate, others, now)
        for issuer in chain[1:]:  # a path once found holds as long as all in it are valid
            _check_time(issuer, now)
        self._check_revocation(chain, now)
        if len(self._built) >= _REMEMBERED:
            self._built.clear()
        self._built[certificate, others] = chain
        return chain

    def _build(self, certificate: x509.Certificate, others: Chain, now: datetime) -> Chain:
        if certificate in self.certificates:
            return (certificate,)
        for root in self.certificates if self.v1_roots else ():
            if root.version is x509.Version.v1 and _issued(root, certificate):
                _check_time(root, now)
                return (certificate, root)
        # what a message carries may help to build a path, never end one
        modern = [root for root in self.certificates if root.version is not x509.Version.v1]
        if not modern:
            raise SecurityError(f"certificate {name_of(certificate)} is not issued by an authority that is trusted")
        builder = (
            verification.PolicyBuilder()
            .store(verification.Store(modern))
            .time(now)
            .max_chain_depth(self.max_chain)
            .extension_policies(ca_policy=_AUTHORITY, ee_policy=verification.ExtensionPolicy.permit_all())
        )
        try:
            return tuple(builder.build_client_verifier().verify(certificate, list(others)).chain)
        except (verification.VerificationError, ValueError) as error:
            raise SecurityError(f"certificate {name_of(certificate)} is not trusted: {error}") from None

    def _check_revocation(self, chain: Chain, now: datetime) -> None:
        for certificate, issuer in pairwise(chain):
            lists = [entry for entry in self.revoked if entry.issuer == issuer.subject]
            if not lists and self.revocation == "required":
                raise SecurityError(f"no revocation list of {name_of(issuer)} is given, and one is required")
            for entry in lists:
                if not entry.is_signature_valid(issuer.public_key()):  # type: ignore[arg-type]  # any issuer's key
                    raise SecurityError(f"the revocation list of {name_of(issuer)} is not signed by it")
                if entry.next_update_utc is not None and entry.next_update_utc < now:
                    raise SecurityError(f"the revocation list of {name_of(issuer)} is out of date")
                if entry.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None:
                    raise SecurityError(f"certificate {name_of(certificate)} has been revoked")

    def __repr__(self) -> str:
        return f"TrustStore({', '.join(map(name_of, self.certificates))})"


def _may_certify(_policy: verification.Policy, _certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("its key usage does not allow it to certify")


_AUTHORITY = (
    verification.ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, verification.Criticality.AGNOSTIC, None)
    .may_be_present(x509.KeyUsage, verification.Criticality.AGNOSTIC, _may_certify)
)


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _check_time(certificate: x509.Certificate, now: datetime) -> None:
    if now < certificate.not_valid_before_utc:
        raise SecurityError(
            f"certificate {name_of(certificate)} is not valid before {certificate.not_valid_before_utc:%Y-%m-%d %H:%M}Z"
        )
    if now > certificate.not_valid_after_utc:
        raise SecurityError(
            f"certificate {name_of(certificate)} expired on {certificate.not_valid_after_utc:%Y-%m-%d %H:%M}Z"
        )


def _check_may_sign(certificate: x509.Certificate) -> None:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    except (ValueError, x509.DuplicateExtension) as error:
        raise SecurityError(f"the extensions of certificate {name_of(certificate)} cannot be read: {error}") from None
    if not (usage.digital_signature or usage.content_commitment):
        raise SecurityError(f"the key usage of certificate {name_of(certificate)} does not allow it to sign")


def _files(source: Source) -> list[Source]:
    if isinstance(source, bytes):
        return [source]
    path = Path(source)
    if not path.is_dir():
        return [path]
    found: list[Source] = [file for file in sorted(path.iterdir()) if file.suffix.lower() in _SUFFIXES]
    if not found:
        raise SecurityError("there is no certificate file in this folder", place=Place(str(path)))
    return found


def _load_list(source: Source) -> x509.CertificateRevocationList:
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    try:
        return x509.load_pem_x509_crl(data) if b"-----BEGIN" in data else x509.load_der_x509_crl(data)
    except ValueError as error:
        raise SecurityError(f"this is not a certificate revocation list: {error}") from None
