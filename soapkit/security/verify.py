"""Signatures on the way in. Undoes sign.py.

The law of this file is its order of work. Whoever sends a message is a stranger until the signature value is proved,
so the cheap and safe comes first: algorithms against the policy; which key; whether it is believed; the signature
value over SignedInfo alone; and only then the references, whose canonicalisation costs. What a reference selects is an
element of this message, found by its id and told by its identity; nothing outside is ever opened.

WSS SOAP Message Security 1.1, section 8; XML Signature 1.1, 3.2 (the order differs from its 3.2.1 on purpose).
"""

from __future__ import annotations

import hmac
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from cryptography import x509
from lxml.etree import _Element

from soapkit.errors import LimitError, SecurityError, XmlError
from soapkit.security.attachments import (
    SignedAttachment,
    attachment_named,
    digest_of,
    fields_received,
)
from soapkit.security.canonical import check_key, signed_octets
from soapkit.security.context.context import SecurityContext
from soapkit.security.crypto.algorithms import SignatureAlgorithm
from soapkit.security.crypto.certificates import PublicKey, name_of, name_of_key, public_key_of
from soapkit.security.crypto.key_value import read_key_value
from soapkit.security.crypto.provider import CryptoProvider
from soapkit.security.crypto.with_cryptography import signature_holds
from soapkit.security.keyring import KeyRing, Passing
from soapkit.security.markup import SIGNATURE_VALUE, SIGNED_INFO, TOKEN_REFERENCE, bytes_of, one_each
from soapkit.security.references import (
    Agreed,
    Asserted,
    Bare,
    Carried,
    KeySource,
    Named,
    Wrapped,
    key_info_of,
    read_key_info,
)
from soapkit.security.require import Require
from soapkit.security.shared import Secret
from soapkit.security.sign import fingerprint
from soapkit.security.signed_info import AttachmentReference, SignedInfo, SignedReference, read_signed_info
from soapkit.security.strtransform import dereferenced
from soapkit.security.tokens import CheckedUser
from soapkit.security.trust.truststore import Chain, TrustStore
from soapkit.xml.c14n import METHODS, canonicalise
from soapkit.xml.measure import Measure
from soapkit.xml.verbatim import verbatim
from soapkit.xml.walk import place_of

_NOBODY = TrustStore(())


@dataclass(frozen=True, slots=True)
class Proved:
    """A signature that holds. `elements` and `attachments`: what it covers; `signer`: None when the key was a shared
    one, unless we made that key, and for whom. `context`: the security context whose key it was, or that it was derived
    from; `assertion`: the one whose subject's key it was; `user`: whose password the key was derived from; `token`:
    the one in the message that brought the certificate, or that assertion; `pinned`: the public key alone, of the
    trust store; `root`: the shared key that it was made with, or that this was derived from; `derived`: which of the
    two; `canonical`: the canonical form of its SignedInfo.

    `fingerprint`: names what was signed, for the replay store; `value`: of the signature.
    """

    signature: _Element
    algorithm: SignatureAlgorithm
    elements: tuple[_Element, ...]
    fingerprint: str
    value: bytes = field(repr=False)
    signer: x509.Certificate | None = None
    chain: Chain = ()
    context: SecurityContext | None = None
    assertion: _Element | None = None
    user: CheckedUser | None = None
    attachments: tuple[SignedAttachment, ...] = ()
    token: _Element | None = None
    pinned: PublicKey | None = None
    root: bytes = field(default=b"", repr=False)
    derived: bool = False
    canonical: str = ""

    @property
    def is_known(self) -> bool:
        """Whether it tells who signed: the owner of a certificate, the one a security context was agreed on with, the
        subject of an assertion, a user, or whoever has a key of the trust store."""
        return (
            self.signer is not None
            or self.context is not None
            or self.assertion is not None
            or self.user is not None
            or self.pinned is not None
        )


@dataclass(frozen=True, slots=True)
class ReadSignature:
    """A ds:Signature that was read, and that nobody has proved. `value`: its SignatureValue; `source`: what it says of
    its key."""

    element: _Element
    value: _Element
    said: SignedInfo
    source: KeySource


Target: TypeAlias = tuple[_Element, bytes | None]
"""What a reference refers to, and the canonical form of that, where it is known."""


def covers(proofs: Iterable[Proved], element: _Element) -> bool:
    """Whether one of these signatures covers this very element, or one around it."""
    covered = {item for proof in proofs for item in proof.elements}
    return element in covered or not covered.isdisjoint(element.iterancestors())


@dataclass(frozen=True, slots=True)
class _Key:
    """What a signature is proved with: the certificate at the head of a chain, a bare public key, or a secret."""

    chain: Chain = ()
    public: PublicKey | None = None
    secret: bytes | None = field(default=None, repr=False)
    ours: Container[str] = frozenset()
    context: SecurityContext | None = None
    assertion: _Element | None = None
    user: CheckedUser | None = None
    pinned: PublicKey | None = None
    root: bytes = field(default=b"", repr=False)
    derived: bool = False

    @property
    def owner(self) -> str:
        """Whose it is, in words."""
        if self.pinned is not None:
            return name_of_key(self.pinned)
        if self.assertion is not None:
            return "the subject of the assertion"
        return name_of(self.chain[0]) if self.chain else "the shared key"


@dataclass(frozen=True, slots=True)
class Verifier:
    """All that the proof of a signature depends on besides itself: the message that it is in, and the keys of that."""

    passing: Passing
    keys: KeyRing

    @property
    def require(self) -> Require:
        return self.passing.require

    @property
    def provider(self) -> CryptoProvider:
        return self.passing.provider

    @property
    def trust(self) -> TrustStore:
        return self.require.trust or _NOBODY

    @property
    def measure(self) -> Measure | None:
        return self.passing.message.envelope.measure

    def read(self, signature: _Element) -> ReadSignature:
        """What one ds:Signature says. Raises `SecurityError`."""
        signed_info, value = one_each(signature, SIGNED_INFO, SIGNATURE_VALUE)
        said = read_signed_info(signed_info, self.require.algorithms, self.require.limits)
        return ReadSignature(signature, value, said, self._source(signature))

    def prove(self, read: ReadSignature, targets: Sequence[Target] = ()) -> Proved:
        """Prove one that was read. `targets`: what its references refer to, where that is known.

        Raises `SecurityError` with the first thing that is wrong, in the order of work.
        """
        signature, said, source = read.element, read.said, read.source
        algorithm = said.algorithm
        key = self._key(algorithm, source, signature)
        octets = said.octets or signed_octets(said.element, said.form, self.measure)
        signed = bytes_of(read.value)
        if not self._holds(algorithm, key, octets, signed):
            raise SecurityError(
                f"the signature is not that of {key.owner} over its SignedInfo", place=place_of(signature)
            )
        name = fingerprint(octets)
        if name in key.ours:
            raise SecurityError("this signature is our own, sent back to us", place=place_of(signature))
        attached = tuple(map(self._check_attachment, said.beside))
        covered = tuple(map(self._check_reference, said.references, targets or map(self._referred, said.references)))
        signer = key.chain[0] if key.chain else None
        return Proved(
            signature,
            algorithm,
            covered,
            name,
            signed,
            signer,
            key.chain,
            key.context,
            key.assertion,
            key.user,
            attached,
            source.token if isinstance(source, Carried) else key.assertion,
            key.pinned,
            key.root,
            key.derived,
            said.form.method,
        )

    def _source(self, signature: _Element) -> KeySource:
        """What a signature says of its key; of one that says nothing, as some token services sign, the one certificate
        that we were given to look keys up in."""
        key_info = key_info_of(signature)
        if key_info is not None:
            return read_key_info(key_info, self.passing.index)
        if len(self.require.certificates) == 1:
            return Carried(tuple(self.require.certificates))
        raise SecurityError(
            "the signature does not say which key it was made with; say certificates=, the one of its signer",
            place=place_of(signature),
        )

    def _key(self, algorithm: SignatureAlgorithm, source: KeySource, signature: _Element) -> _Key:
        """The key that a signature names, once it is believed."""
        if isinstance(source, Wrapped):
            secret = self._shared_secret(algorithm, source, signature)
            chain = (secret.holder,) if secret.holder is not None else ()
            return _Key(
                chain,
                secret=secret.value,
                ours=secret.ours,
                context=secret.context,
                assertion=secret.assertion,
                user=secret.user,
                root=secret.root,
                derived=bool(secret.base),
            )
        if isinstance(source, Asserted):
            return self._subject_key(algorithm, source.element, signature)
        if isinstance(source, Agreed):
            raise SecurityError("a key that is agreed on opens another, and signs nothing", place=place_of(signature))
        if isinstance(source, Bare):
            return self._bare_key(algorithm, source.element)
        return _Key(self._check_signer(algorithm, source))

    def _bare_key(self, algorithm: SignatureAlgorithm, element: _Element) -> _Key:
        """One that the trust store has, which is all that makes it anybody's."""
        if not self.require.algorithms.key_values:
            told = f"and the policy {self.require.algorithms.name!r} believes none"
            raise SecurityError(f"a bare key (KeyValue) says nothing about who signed, {told}", place=place_of(element))
        key = read_key_value(element)
        check_key(algorithm, key, self.require.algorithms, lambda: "the bare key")
        self.trust.check_key(key)
        return _Key(public=key, pinned=key)

    def _subject_key(self, algorithm: SignatureAlgorithm, assertion: _Element, signature: _Element) -> _Key:
        """That of an assertion's subject, believed on the word of its issuer: a certificate that it came in is not
        looked at, so that its name is never told for that of the signer."""
        found = self.keys.subject_of(assertion)
        if (algorithm.key == "secret") != (found.public is None):
            raise SecurityError(f"{algorithm.name} is not made with the key of this subject", place=place_of(signature))
        if found.public is None:
            return _Key(secret=found.secret, ours=found.ours, assertion=assertion, root=found.secret)
        check_key(algorithm, found.public, self.require.algorithms, lambda: "the subject of the assertion")
        return _Key(public=found.public, assertion=assertion)

    def _holds(self, algorithm: SignatureAlgorithm, key: _Key, octets: bytes, value: bytes) -> bool:
        if key.secret is not None:
            return hmac.compare_digest(self.provider.mac(algorithm, key.secret, octets), value)
        if key.public is not None:
            return signature_holds(algorithm, key.public, octets, value, lambda: key.owner)
        return self.provider.verify(algorithm, key.chain[0], octets, value)

    def _check_signer(self, algorithm: SignatureAlgorithm, source: Carried | Named) -> Chain:
        """The certificate the key comes from, with its chain, once it is believed."""
        if isinstance(source, Carried):
            certificate, others = source.certificates[0], source.certificates[1:]
        else:
            certificate, others = source.among(self.keys.certificates), ()
        check_key(algorithm, public_key_of(certificate), self.require.algorithms, lambda: name_of(certificate))
        return self.trust.check(certificate, others, self.passing.now)

    def _shared_secret(self, algorithm: SignatureAlgorithm, source: Wrapped, signature: _Element) -> Secret:
        if algorithm.key != "secret":
            raise SecurityError(f"{algorithm.name} cannot be made with a shared key", place=place_of(signature))
        return self.keys.secret_of(source)

    def _referred(self, reference: SignedReference) -> Target:
        return self.passing.index.find(reference.uri, by=reference.element), None

    def _check_reference(self, reference: SignedReference, target: Target) -> _Element:
        """The element that a reference covers, once its digest is right."""
        element, known = target
        known = known or self._as_received(reference, element)
        if known is not None and self._is_right(reference, known):
            return element
        try:
            covered, octets = self._octets(reference, element)
        except (LimitError, XmlError) as error:
            raise SecurityError(f"what {reference.uri} refers to cannot be canonicalised: {error}") from None
        if not self._is_right(reference, octets):
            raise SecurityError(
                f"what {reference.uri} refers to was altered after it was signed", place=place_of(covered)
            )
        return covered

    def _is_right(self, reference: SignedReference, octets: bytes) -> bool:
        return hmac.compare_digest(self.provider.digest(reference.hash, octets), reference.value)

    def _as_received(self, reference: SignedReference, element: _Element) -> bytes | None:
        """The canonical form of the Body, if it is what its text is: nobody need make it from the tree then."""
        envelope, form = self.passing.message.envelope, reference.form
        if envelope.received is None or element is not envelope.body or reference.dereferences_token:
            return None
        return verbatim(element, envelope.received, form.prefixes) if METHODS[form.method] else None

    def _check_attachment(self, reference: AttachmentReference) -> SignedAttachment:
        """The attachment that a reference covers, once its digest is right."""
        element = reference.element
        uri = element.get("URI", "")
        attachment = attachment_named(self.passing.message.attachments, uri, by=element)
        try:
            digest = digest_of(attachment, fields_received(attachment) if reference.whole else None, reference.hash)
        except (LimitError, XmlError) as error:
            told = f"what {uri!r:.120} refers to cannot be canonicalised"
            raise SecurityError(f"{told}: {error}", bare=f"{told}: {error.for_log}") from None
        if not hmac.compare_digest(digest, reference.value):
            raise SecurityError(f"what {uri!r:.120} refers to was altered after it was signed", place=place_of(element))
        return SignedAttachment(attachment, reference.whole)

    def _octets(self, reference: SignedReference, element: _Element) -> tuple[_Element, bytes]:
        """The element that a reference covers, and the octets that were signed. `element`: what it refers to."""
        form = reference.form
        if reference.dereferences_token:
            if element.tag != TOKEN_REFERENCE:
                raise SecurityError("STR-Transform needs a SecurityTokenReference", place=place_of(reference.element))
            return dereferenced(element, form.method, self.passing.index, self.keys.certificates)
        return element, canonicalise(element, method=form.method, prefixes=form.prefixes, measure=self.measure)
