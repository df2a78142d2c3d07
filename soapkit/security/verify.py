"""Signatures on the way in. Undoes sign.py.

The law of this file is its order of work. Whoever sends a message is a stranger until the signature value is proved,
so the cheap and safe comes first: algorithms against the policy; which key; whether it is believed; the signature
value over SignedInfo alone; and only then the references, whose canonicalisation costs. What a reference selects is an
element of this message, found by its id and told by its identity; nothing outside is ever opened.

WSS SOAP Message Security 1.1, section 8; XML Signature 1.1, 3.2 (the order differs from its 3.2.1 on purpose).
"""

from __future__ import annotations

import hmac
from collections.abc import Container, Iterable
from dataclasses import dataclass, field

from cryptography import x509
from lxml.etree import _Element

from soapkit.errors import LimitError, SecurityError, XmlError
from soapkit.security.attachments import (
    SignedAttachment,
    attachment_named,
    digest_of,
    fields_received,
    is_cid,
    read_signature_transform,
)
from soapkit.security.canonical import (
    Canonical,
    check_key,
    read_canonical,
    read_signature_method,
    signed_octets,
    transforms_of,
)
from soapkit.security.context.context import SecurityContext
from soapkit.security.crypto.algorithms import ENVELOPED, STR_TRANSFORM, SignatureAlgorithm
from soapkit.security.crypto.certificates import PublicKey, name_of, name_of_key, public_key_of
from soapkit.security.crypto.key_value import read_key_value
from soapkit.security.crypto.provider import CryptoProvider
from soapkit.security.crypto.with_cryptography import signature_holds
from soapkit.security.keyring import KeyRing, Passing
from soapkit.security.markup import (
    CANONICALIZATION_METHOD,
    DIGEST_METHOD,
    DIGEST_VALUE,
    DS_REFERENCE,
    SIGNATURE_METHOD,
    SIGNATURE_VALUE,
    SIGNED_INFO,
    TOKEN_REFERENCE,
    TRANSFORMATION_PARAMETERS,
    algorithm_of,
    all_of,
    bytes_of,
    one,
    one_each,
)
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
from soapkit.security.strtransform import dereferenced
from soapkit.security.tokens import CheckedUser
from soapkit.security.trust.truststore import Chain, TrustStore
from soapkit.xml.c14n import INCLUSIVE, canonicalise
from soapkit.xml.measure import Measure
from soapkit.xml.walk import place_of

_NOBODY = TrustStore(())


@dataclass(frozen=True, slots=True)
class SignedReference:
    """One ds:Reference, read and within the policy. `form`: how what it refers to becomes bytes; `value`: what those
    come to."""

    element: _Element
    form: Canonical
    dereferences_token: bool
    hash: str
    value: bytes

    @property
    def uri(self) -> str:
        """What it refers to."""
        return self.element.get("URI", "")


@dataclass(frozen=True, slots=True)
class AttachmentReference:
    """One ds:Reference to an attachment, read and within the policy. `whole`: it covers header fields too."""

    element: _Element
    whole: bool
    hash: str
    value: bytes


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

    def verify(self, signature: _Element) -> Proved:
        """Prove one ds:Signature. Raises `SecurityError` with the first thing that is wrong, in the order of work."""
        signed_info, value = one_each(signature, SIGNED_INFO, SIGNATURE_VALUE)
        algorithm, form, references, beside = self._read(signed_info)
        source = self._source(signature)
        key = self._key(algorithm, source, signature)
        octets = signed_octets(signed_info, form, self.measure)
        signed = bytes_of(value)
        if not self._holds(algorithm, key, octets, signed):
            raise SecurityError(
                f"the signature is not that of {key.owner} over its SignedInfo", place=place_of(signature)
            )
        name = fingerprint(octets)
        if name in key.ours:
            raise SecurityError("this signature is our own, sent back to us", place=place_of(signature))
        attached = tuple(map(self._check_attachment, beside))
        covered = tuple(map(self._check_reference, references))
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
            form.method,
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

    def _read(
        self, signed_info: _Element
    ) -> tuple[SignatureAlgorithm, Canonical, list[SignedReference], list[AttachmentReference]]:
        """The policy first, over the whole of SignedInfo. What comes last: the references to attachments."""
        policy = self.require.algorithms
        canonicalization, method = one_each(signed_info, CANONICALIZATION_METHOD, SIGNATURE_METHOD)
        algorithm, form = read_signature_method(method, policy), read_canonical(canonicalization)
        references = all_of(signed_info, DS_REFERENCE)
        if not references:
            raise SecurityError("the signature covers nothing", place=place_of(signed_info))
        if len(references) > self.require.limits.references:
            raise SecurityError(
                f"the signature has {len(references)} references; only {self.require.limits.references} are followed",
                place=place_of(signed_info),
            )
        read: list[SignedReference] = []
        beside: list[AttachmentReference] = []
        for reference in references:
            digest_method, digest_value = one_each(reference, DIGEST_METHOD, DIGEST_VALUE)
            digest, value = policy.digest(algorithm_of(digest_method)), bytes_of(digest_value)
            if is_cid(reference.get("URI", "")):
                beside.append(AttachmentReference(reference, read_signature_transform(reference), digest, value))
            else:
                steps = _read_transforms(reference, self.require.limits.transforms)
                read.append(SignedReference(reference, *steps, digest, value))
        return algorithm, form, read, beside

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

    def _check_reference(self, reference: SignedReference) -> _Element:
        """The element that a reference covers, once its digest is right."""
        element = self.passing.index.find(reference.uri, by=reference.element)
        try:
            covered, octets = self._octets(reference, element)
        except (LimitError, XmlError) as error:
            raise SecurityError(f"what {reference.uri} refers to cannot be canonicalised: {error}") from None
        if not hmac.compare_digest(self.provider.digest(reference.hash, octets), reference.value):
            raise SecurityError(
                f"what {reference.uri} refers to was altered after it was signed", place=place_of(covered)
            )
        return covered

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


def _read_transforms(reference: _Element, most: int) -> tuple[Canonical, bool]:
    """The canonical form that a Reference's transforms come to, and whether it dereferences a token first.

    Allowed: one canonical form, or STR-Transform; before it, an enveloped-signature transform, which does nothing to
    what does not hold the signature (node-soap writes it on every reference). Without a canonical form it is Canonical
    XML 1.0 (XML Signature 1.1, 4.4.3.2), which Java's javax.xml.crypto leaves to its readers to know.
    """
    steps = [transform for transform in transforms_of(reference, most) if algorithm_of(transform) != ENVELOPED]
    if not steps:
        return Canonical(INCLUSIVE), False
    if len(steps) > 1:
        raise SecurityError(
            f"a reference needs one canonical form, found {len(steps)} transforms", place=place_of(reference)
        )
    if algorithm_of(steps[0]) == STR_TRANSFORM:
        parameters = one(steps[0], TRANSFORMATION_PARAMETERS)
        return read_canonical(one(parameters, CANONICALIZATION_METHOD)), True
    return read_canonical(steps[0]), False
