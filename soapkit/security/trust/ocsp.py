"""An OCSP response: what it tells of a certificate, once it is proved to be an authority's word, and of now.

The law of this file: a response is believed for who signed it, never for where it came from. That is the issuer of the
certificate itself, or whom that issuer has certified for nothing but this, by the very key that certified the other.

Source: RFC 6960, sections 3.2 and 4.2; RFC 5019. Not read: responders that are trusted by local configuration alone.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

from soapkit.errors import Place, SecurityError
from soapkit.security.crypto.certificates import UNREADABLE, computed_key_identifier, name_of, public_key_of
from soapkit.security.crypto.keys import Source, read_source
from soapkit.security.trust.ocsp_pss import pss_hash
from soapkit.security.trust.revocation import GOOD, REVOKED, Standing, StatusSource, Told, out_of_time, untold
from soapkit.security.trust.validity import check_may_sign, check_time, is_issued_by, is_strong, unknown_and_critical

LARGEST: Final = 65_536  # bytes of a response; those of the web have 500 to 5,000
_MOST = 10  # certificates in a response, and certificates that it is about
_LASTS = timedelta(hours=1)  # a response that does not say when there is a newer one: there is always one
_SMALLEST = 2048  # bits of an RSA key


def load_response(source: Source) -> ocsp.OCSPResponse:
    """A response from DER. Raises `SecurityError` for what is none, and for one that says that there is none."""
    data, name = read_source(source)
    return read_response(data, name)


def read_response(data: bytes, name: str = "") -> ocsp.OCSPResponse:
    """The same of bytes; `name`: where they are from. Raises `SecurityError`."""
    if len(data) > LARGEST:
        raise SecurityError(f"an OCSP response has at most {LARGEST:,} bytes", place=Place(name))
    try:
        response = ocsp.load_der_ocsp_response(data)
        status = response.response_status
    except UNREADABLE as error:
        raise SecurityError(f"this is not an OCSP response: {error}", place=Place(name)) from None
    if status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        # RFC 6960, 2.3: such a response is signed by nobody
        raise SecurityError(f"the OCSP responder says {status.name.lower()}, and nothing else", place=Place(name))
    return response


@dataclass(frozen=True, slots=True, eq=False)
class ResponseSource:
    """What one response tells: a `soapkit.security.trust.revocation.StatusSource`.

    `lists`: whether its signer is revoked. `nonce`: the one that was asked with, which it must repeat then.
    """

    response: ocsp.OCSPResponse
    lists: Sequence[StatusSource] = ()
    nonce: bytes = field(default=b"", repr=False)

    def tell(self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> Told | None:
        """See `soapkit.security.trust.revocation.StatusSource`."""
        try:
            about = self._about(certificate, issuer)
            if not about:
                return None
            why = self._unusable(issuer, now)
            return untold(why) if why else _told(about, name_of(certificate), now)
        except UNREADABLE as error:
            return untold(f"its OCSP response cannot be read: {error}")

    def next_update(self) -> datetime | None:
        """When the first of its answers is void; None where one does not say so."""
        ends = [each.next_update_utc for each in self.response.responses]
        return None if None in ends else min(end for end in ends if end is not None)

    def _about(self, certificate: x509.Certificate, issuer: x509.Certificate) -> list[ocsp.OCSPSingleResponse]:
        """The answers about this certificate: its number, under its issuer's name and key (RFC 6960, 4.1.1)."""
        answers = list(self.response.responses)
        if len(answers) > _MOST:
            raise ValueError(f"it is about {len(answers)} certificates; at most {_MOST} are read")
        return [each for each in answers if _is_about(each, certificate, issuer)]

    def _unusable(self, issuer: x509.Certificate, now: datetime) -> str:
        """Why nothing in this response counts, in words; empty when it does."""
        extensions = self.response.extensions
        unknown = unknown_and_critical(extensions)
        if not unknown and len(list(self.response.responses)) == 1:  # of several, cryptography does not tell them
            unknown = unknown_and_critical(self.response.single_extensions)
        if unknown:
            return f"its OCSP response has a critical extension that is not known: {unknown}"
        if self.nonce and not hmac.compare_digest(_nonce(extensions), self.nonce):
            return "its OCSP response does not repeat our nonce: it may be an old one"
        if not is_strong(self._hash):
            return "its OCSP response is signed with a hash that can be forged"
        reasons = [self._not_by(signer, issuer, now) for signer in self._signers(issuer)]
        if not reasons:
            return "its OCSP response is not signed by its issuer, nor by anybody who is in it"
        return "" if "" in reasons else f"its OCSP response is signed by somebody who may not: {reasons[0]}"

    def _signers(self, issuer: x509.Certificate) -> list[x509.Certificate]:
        """Those whom the response names as its signer, and whose signature it is."""
        enclosed = self.response.certificates
        if len(enclosed) > _MOST:
            raise ValueError(f"there are {len(enclosed)} certificates in it; at most {_MOST} are read")
        return [each for each in (issuer, *enclosed) if self._is_named(each) and self._is_signed_by(each)]

    def _is_named(self, signer: x509.Certificate) -> bool:
        name, key_hash = self.response.responder_name, self.response.responder_key_hash
        if name is not None:
            return name == signer.subject
        return key_hash is not None and key_hash == computed_key_identifier(signer)

    def _is_signed_by(self, signer: x509.Certificate) -> bool:
        key, value, octets = public_key_of(signer), self.response.signature, self.response.tbs_response_bytes
        used = self._hash
        try:
            if isinstance(key, rsa.RSAPublicKey):
                if used is None or key.key_size < _SMALLEST:
                    return False
                key.verify(value, octets, self._padding(used), used)
            elif isinstance(key, ec.EllipticCurvePublicKey):
                if used is None:
                    return False
                key.verify(value, octets, ec.ECDSA(used))
            elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
                key.verify(value, octets)
            else:
                return False
        except InvalidSignature:
            return False
        return True

    @property
    def _is_pss(self) -> bool:
        return self.response.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS

    @property
    def _hash(self) -> hashes.HashAlgorithm | None:
        """The hash that it is signed with, None for EdDSA. Raises one of `UNREADABLE` for an algorithm that is not
        read."""
        return pss_hash(self.response) if self._is_pss else self.response.signature_hash_algorithm

    def _padding(self, used: hashes.HashAlgorithm) -> padding.AsymmetricPadding:
        if self._is_pss:
            return padding.PSS(padding.MGF1(used), used.digest_size)
        return padding.PKCS1v15()

    def _not_by(self, signer: x509.Certificate, issuer: x509.Certificate, now: datetime) -> str:
        """Why this signer's word does not count, in words; empty when it does (RFC 6960, 4.2.2.2)."""
        if signer == issuer:
            return ""
        name = name_of(signer)
        if not is_issued_by(signer, issuer):
            return f"{name} is not certified by {name_of(issuer)}"
        if not is_strong(signer.signature_hash_algorithm):
            return f"the certificate of {name} is signed with a hash that can be forged"
        if unknown_and_critical(signer.extensions):
            return f"the certificate of {name} has a critical extension that is not known"
        if not _may_answer(signer):
            return f"the certificate of {name} is not for signing OCSP responses"
        try:
            check_time(signer, now)
            check_may_sign(signer)
        except SecurityError as error:
            return str(error)
        # Where the authority says that it need not be looked up (id-pkix-ocsp-nocheck), a list at hand is heard too.
        told = (source.tell(signer, issuer, now) for source in self.lists)
        if any(each is not None and each.standing is Standing.REVOKED for each in told):
            return f"certificate {name} has been revoked"
        return ""


def identifies(
    certificate: x509.Certificate, issuer: x509.Certificate, algorithm: hashes.HashAlgorithm
) -> ocsp.OCSPRequest:
    """A request about a certificate, whose CertID is the certificate's under this hash (RFC 6960, 4.1.1)."""
    return ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, algorithm).build()


def _is_about(each: ocsp.OCSPSingleResponse, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    if each.serial_number != certificate.serial_number:
        return False
    wanted = identifies(certificate, issuer, each.hash_algorithm)
    return each.issuer_name_hash == wanted.issuer_name_hash and each.issuer_key_hash == wanted.issuer_key_hash


def _told(about: list[ocsp.OCSPSingleResponse], name: str, now: datetime) -> Told:
    """What the answers about one certificate come to: the worst of them."""
    found = [_told_by(each, name, now) for each in about]
    by_standing = {each.standing: each for each in found}
    return by_standing.get(Standing.REVOKED) or by_standing.get(Standing.UNTOLD) or found[0]


def _told_by(each: ocsp.OCSPSingleResponse, name: str, now: datetime) -> Told:
    late = out_of_time(f"the OCSP response for {name}", each.this_update_utc, each.next_update_utc, now)
    if late:
        return untold(late)
    if each.next_update_utc is None and each.this_update_utc + _LASTS < now:
        return untold(f"the OCSP response for {name} is of {each.this_update_utc:%Y-%m-%d %H:%M}Z, and for that moment")
    if each.certificate_status is ocsp.OCSPCertStatus.REVOKED:
        return REVOKED
    if each.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        return untold(f"the OCSP responder does not know {name}")
    return GOOD


def _nonce(extensions: x509.Extensions) -> bytes:
    try:
        return extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        return b""


def _may_answer(signer: x509.Certificate) -> bool:
    try:
        usages = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in usages
