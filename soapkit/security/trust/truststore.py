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
from pathlib import Path
from typing import TypeAlias

from cryptography import x509
from cryptography.x509 import verification
from cryptography.x509.ocsp import OCSPResponse

from soapkit.errors import Place, SecurityError, UsageError
from soapkit.security.crypto.certificates import PublicKey, issuer_name_of, name_of, name_of_key
from soapkit.security.crypto.given import check_each, check_given
from soapkit.security.crypto.keys import KeyPair, Source, load_certificates, load_public_key
from soapkit.security.trust.constraints import check_constraints
from soapkit.security.trust.crl import ListSource, load_list
from soapkit.security.trust.ocsp import ResponseSource, load_response
from soapkit.security.trust.ocsp_asking import AskedSource, OcspResponders
from soapkit.security.trust.revocation import REVOCATIONS, Revocation, StatusSource, check_not_revoked
from soapkit.security.trust.validity import check_issued, check_may_sign, check_time, is_issued_by

Chain: TypeAlias = tuple[x509.Certificate, ...]


@dataclass(frozen=True, slots=True)
class _Path:
    """A path that was found, from a certificate that may sign to one that is believed. It holds from `begins` to
    `ends`, while all in it are valid; whether one of them was revoked is asked anew."""

    chain: Chain
    begins: datetime
    ends: datetime

    @classmethod
    def of(cls, chain: Chain) -> _Path:
        return cls(
            chain,
            max(each.not_valid_before_utc for each in chain),
            min(each.not_valid_after_utc for each in chain),
        )


_REMEMBERED = 256
_SUFFIXES = frozenset({".pem", ".crt", ".cer", ".der"})


@dataclass(frozen=True, slots=True, repr=False)
class TrustStore:
    """Certificates that are believed, and the authorities whose certificates are.

    `subjects`, `issuers`: where given, the subject of a signer, and the name of who certified it (both as RFC 4514
    writes them), must match one of these patterns whole; use them when an authority certifies more than your peers.
    `max_chain`: how many authorities may stand between a certificate and a loaded one. `revoked`: lists by those
    authorities; `ocsp`: OCSP responses; `responders`: who may be asked for one. All are looked at for every certificate
    of a path but the last, which is believed by being here; where none of those that are about it can be used now, it
    is refused. `revocation`: ``given`` believes a certificate that none is about, ``required`` refuses it (RFC 5280,
    6.3: its status is undetermined). `v1_roots`: whether a loaded certificate of X.509 version 1, which cannot say that
    it is an authority, is taken for one of what it issued itself. `keys`: public keys without a certificate, believed
    by being here under a policy that takes such keys (the profile ``key_value``).

    Raises `SecurityError` for a list that cannot be read, `UsageError` for a pattern that is none.
    """

    certificates: Chain
    subjects: tuple[str, ...] = ()
    max_chain: int = 4
    revoked: tuple[x509.CertificateRevocationList, ...] = field(default=())
    v1_roots: bool = False
    revocation: Revocation = "given"
    ocsp: tuple[OCSPResponse, ...] = field(default=())
    responders: OcspResponders | None = None
    issuers: tuple[str, ...] = ()
    keys: tuple[PublicKey, ...] = ()
    _built: dict[tuple[x509.Certificate, Chain], _Path] = field(default_factory=dict, init=False, compare=False)
    _at_hand: tuple[StatusSource, ...] = field(init=False, compare=False)
    _to_ask: tuple[StatusSource, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        check_each("TrustStore", "certificates", self.certificates, x509.Certificate, "certificates (load reads files)")
        if self.revocation not in REVOCATIONS:
            raise UsageError(f"revocation= is one of {', '.join(REVOCATIONS)}, found {self.revocation!r}")
        for name in ("subjects", "issuers"):
            _check_patterns(name, getattr(self, name))
        lists = tuple(map(ListSource, self.revoked))
        object.__setattr__(self, "_at_hand", (*lists, *(ResponseSource(each, lists) for each in self.ocsp)))
        asked = (AskedSource(self.responders, lists),) if self.responders is not None else ()
        object.__setattr__(self, "_to_ask", asked)

    @classmethod
    def load(
        cls,
        *sources: Source,
        password: str | bytes | None = None,
        subjects: Iterable[str] = (),
        revoked: Iterable[Source] = (),
        v1_roots: bool = False,
        revocation: Revocation = "given",
        ocsp: Iterable[Source] = (),
        responders: OcspResponders | None = None,
        issuers: Iterable[str] = (),
        keys: Iterable[Source] = (),
    ) -> TrustStore:
        """Load certificates from PEM, DER, PKCS#12 or JKS files, or from every PEM and DER file in a folder.

        `revoked`: PEM or DER files of revocation lists; `ocsp`: DER files of OCSP responses. They are read once: make a
        new store when there are newer ones. `keys`: PEM files of public keys.

        Raises `SecurityError` for what cannot be read or holds no certificate.

        >>> TrustStore.load("ca.pem", ocsp=["alice.ocsp"], revocation="required")       # doctest: +SKIP
        TrustStore(CN=a bank's authority)
        """
        for name, given in {
            "subjects": subjects,
            "issuers": issuers,
            "revoked": revoked,
            "ocsp": ocsp,
            "keys": keys,
        }.items():
            if isinstance(given, str | bytes):
                raise UsageError(f"{name}= is a list, not one value")
        found = [
            certificate
            for source in sources
            for path in _files(source)
            for certificate in load_certificates(path, password)
        ]
        store = cls(
            tuple(found),
            tuple(subjects),
            revoked=tuple(map(load_list, revoked)),
            v1_roots=v1_roots,
            revocation=revocation,
            ocsp=tuple(map(load_response, ocsp)),
            responders=responders,
            issuers=tuple(issuers),
            keys=tuple(map(load_public_key, keys)),
        )
        if not sources and not store.keys:
            raise UsageError("TrustStore.load reads files or folders of certificates; none is named")
        return store

    @classmethod
    def of(cls, *members: x509.Certificate | KeyPair | PublicKey) -> TrustStore:
        """A store of certificates, and public keys, at hand."""
        check_each("TrustStore.of", "members", members, (x509.Certificate, KeyPair, PublicKey), "certificates and keys")
        certificates = [item.certificate if isinstance(item, KeyPair) else item for item in members]
        return cls(
            tuple(item for item in certificates if isinstance(item, x509.Certificate)),
            keys=tuple(item for item in certificates if not isinstance(item, x509.Certificate)),
        )

    def check_key(self, key: PublicKey) -> None:
        """Whether a public key alone is believed. Raises `SecurityError` where it is none of `keys`."""
        if key not in self.keys:
            raise SecurityError(f"a bare key is not among those that are trusted: {name_of_key(key)}")

    def check(self, certificate: x509.Certificate, others: Chain, now: datetime) -> Chain:
        """The path from `certificate` to what is believed, `others` (from the message) helping to build it.

        Raises `SecurityError` when there is none at `now`, or when the certificate may not sign.
        """
        path = self._built.get((certificate, others)) or self._found(certificate, others, now)
        if not path.begins <= now <= path.ends:
            for each in path.chain:
                check_time(each, now)
        check_not_revoked(path.chain, self._at_hand, self._to_ask, now, self.revocation)
        return path.chain

    def _found(self, certificate: x509.Certificate, others: Chain, now: datetime) -> _Path:
        """The path, looked for and remembered."""
        if not self.certificates:
            raise SecurityError("no certificate is trusted: the trust store is empty")
        check_time(certificate, now)
        check_may_sign(certificate, pinned=certificate in self.certificates)
        if self.subjects and not any(re.fullmatch(pattern, name_of(certificate)) for pattern in self.subjects):
            raise SecurityError(f"certificate {name_of(certificate)} is none of the subjects that are believed")
        if self.issuers and not any(re.fullmatch(pattern, issuer_name_of(certificate)) for pattern in self.issuers):
            raise SecurityError(f"certificate {name_of(certificate)} is from none of the issuers that are believed")
        path = _Path.of(self._build(certificate, others, now))
        if len(self._built) >= _REMEMBERED:
            self._built.clear()
        self._built[certificate, others] = path
        return path

    def _build(self, certificate: x509.Certificate, others: Chain, now: datetime) -> Chain:
        if certificate in self.certificates:
            return (certificate,)
        for root in self.certificates if self.v1_roots else ():
            if root.version is x509.Version.v1 and is_issued_by(certificate, root):
                check_time(root, now)
                check_issued(certificate)
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
            path = tuple(builder.build_client_verifier().verify(certificate, list(others)).chain)
        except (verification.VerificationError, ValueError) as error:
            issuer = issuer_name_of(certificate)
            is_at_hand = any(name_of(each) == issuer for each in (*modern, *others))
            told = error if is_at_hand else f"its issuer {issuer} is not among those that are trusted"
            raise SecurityError(f"certificate {name_of(certificate)} is not trusted: {told}") from None
        check_constraints(path)
        return path

    def __repr__(self) -> str:
        return f"TrustStore({', '.join((*map(name_of, self.certificates), *map(name_of_key, self.keys)))})"


def _check_patterns(name: str, patterns: object) -> None:
    if not isinstance(patterns, tuple | list):
        raise UsageError(f"{name}= is a list of patterns, not {type(patterns).__name__}")
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise UsageError(f"{name}= has no regular expression {pattern!r}: {error}") from None


def _may_certify(_policy: verification.Policy, _certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("its key usage does not allow it to certify")


_AUTHORITY = (
    verification.ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, verification.Criticality.AGNOSTIC, None)
    .may_be_present(x509.KeyUsage, verification.Criticality.AGNOSTIC, _may_certify)
)


def _files(source: Source) -> list[Source]:
    check_given("TrustStore.load", sources=(source, (str, Path, bytes), "paths, or the bytes of files"))
    if isinstance(source, bytes):
        return [source]
    path = Path(source)
    if not path.is_dir():
        return [path]
    found: list[Source] = [file for file in sorted(path.iterdir()) if file.suffix.lower() in _SUFFIXES]
    if not found:
        raise SecurityError("there is no certificate file in this folder", place=Place(str(path)))
    return found
