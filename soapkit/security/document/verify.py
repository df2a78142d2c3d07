"""Signatures of plain documents on the way in: only what is covered is handed on. Undoes sign.py.

The law of this file is its order of work, the same as for messages: algorithms against the policy; which key; whether
it is believed; the signature value over SignedInfo alone; and only then the references. Nothing outside the document
is ever opened, and the transforms are those of transforms.py: what leaves out elements, and canonical forms.

XML Signature 1.1, 3.2; See what is signed: its 8.1.2.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from cryptography import x509
from lxml import etree
from lxml.etree import _Element

from soapkit.errors import LimitError, SecurityError, UsageError, XmlError
from soapkit.security.canonical import Canonical, check_key, read_canonical, read_signature_method, signed_octets
from soapkit.security.crypto.algorithms import MODERN, AlgorithmPolicy, SignatureAlgorithm
from soapkit.security.crypto.certificates import PublicKey, name_of, public_key_of
from soapkit.security.crypto.with_cryptography import CryptographyProvider, signature_holds
from soapkit.security.document.covered import Covered, check_wanted, octets_outside
from soapkit.security.document.document import (
    Document,
    HmacKey,
    Recipe,
    SignedOctets,
    SignedPart,
    Verified,
    octets_of,
    read_measured,
    signatures_of,
    target_of,
)
from soapkit.security.document.transforms import recipe_of
from soapkit.security.hints import read_hints
from soapkit.security.ids import IdIndex
from soapkit.security.markup import (
    CANONICALIZATION_METHOD,
    DIGEST_METHOD,
    DIGEST_VALUE,
    DS_REFERENCE,
    KEY_INFO,
    MANIFEST,
    OBJECT,
    SIGNATURE,
    SIGNATURE_METHOD,
    SIGNATURE_VALUE,
    SIGNED_INFO,
    TRANSFORM,
    TRANSFORMS,
    algorithm_of,
    bytes_of,
    one,
)
from soapkit.security.references import Carried, key_info_of
from soapkit.security.require import Limits
from soapkit.security.trust.truststore import Chain, TrustStore
from soapkit.xml.names import local_name
from soapkit.xml.parse import parse_exact
from soapkit.xml.walk import children, path_of, place_of, tag_of

Trust: TypeAlias = TrustStore | x509.Certificate | PublicKey | HmacKey
"""Whose signature is believed: of certificates in a store or under it; of one certificate, one key, one secret."""

_MANIFEST_WARNING = (  # XML Signature 1.1, 5.1: whether they are right is for the application to look at
    "a Manifest is signed: the digests that are written there, and not what they are digests of"
)
_MOST_SIGNED = 64 * 1024 * 1024  # bytes that the references of one signature come to
_PRIMITIVES = CryptographyProvider()


def verify(
    document: Document,
    *,
    trust: Trust,
    signed: Sequence[str] | None = None,
    signature: int | str | None = None,
    algorithms: AlgorithmPolicy = MODERN,
    certificates: Sequence[x509.Certificate] = (),
    at: datetime | None = None,
    id_attributes: Sequence[str] = (),
    outside: Mapping[str, bytes] | None = None,
    limits: Limits | None = None,
) -> Verified:
    """Verify the signature of a document, and hand on what it covers.

    `trust`: whom to believe. A `TrustStore` believes certificates, which the signature carries or names; a certificate,
    a public key or an `HmacKey` is itself the key, whatever the signature says of it. `signed`: what must be covered:
    names of elements (Clark names or local names) of which there must be one at least, each of them covered; by default
    the whole document, or, when the signature stands around it, what that contains; ``[]`` for whatever it covers.
    `signature`: which one, by its number from 0 or its Id; needed when there are several. `algorithms`: what is
    accepted (`soapkit.security.profile`). `certificates`: where one is looked up that is only named; one alone is also
    that of a signature which names none. `at`: the time at which certificates must be valid; by default now.
    `id_attributes`: as in `sign`. `outside`: the octets of what references mean that lead out of the document, by their
    URI; nothing is ever fetched.

    Raises `SecurityError` with the first thing that is wrong and its place, `XmlError` and `LimitError` for a document
    that is not parsed, also for one with a DOCTYPE.
    """
    if signature is not None and not isinstance(signature, int | str):
        raise UsageError("signature= is a number from 0, or the Id of one")
    verifier = _verifier(document, trust, algorithms, certificates, at, id_attributes, outside, limits)
    return verifier.verify(_chosen(verifier.root, signature), signed)


def verify_all(
    document: Document,
    *,
    trust: Trust,
    algorithms: AlgorithmPolicy = MODERN,
    certificates: Sequence[x509.Certificate] = (),
    at: datetime | None = None,
    id_attributes: Sequence[str] = (),
    outside: Mapping[str, bytes] | None = None,
    limits: Limits | None = None,
) -> tuple[Verified, ...]:
    """Verify every signature of a document, in its order; each must hold. What they cover is not asked for: see
    `Verified.signed` of each. Parameters and errors as of `verify`."""
    verifier = _verifier(document, trust, algorithms, certificates, at, id_attributes, outside, limits)
    found = signatures_of(verifier.root)
    if not found:
        raise SecurityError("the document holds no signature")
    if len(found) > verifier.limits.signatures:
        raise SecurityError(f"more than {verifier.limits.signatures} signatures are not checked")
    return tuple(verifier.verify(entry, ()) for entry in found)


def _verifier(
    document: Document,
    trust: Trust,
    algorithms: AlgorithmPolicy,
    certificates: Sequence[x509.Certificate],
    at: datetime | None,
    id_attributes: Sequence[str],
    outside: Mapping[str, bytes] | None,
    limits: Limits | None,
) -> _Verifier:
    if not isinstance(trust, Trust):
        raise UsageError(
            f"trust= is a TrustStore, a certificate, a public key or an HmacKey, found {type(trust).__name__}"
        )
    if at is not None and at.tzinfo is None:
        raise UsageError("at= needs a time zone")
    root, measure = read_measured(document)
    index = IdIndex(root, id_attributes, measure)
    at, limits, outside = at or datetime.now(UTC), limits or Limits(), dict(outside or {})
    if any(uri.startswith("#") or not uri for uri in outside):
        raise UsageError("outside= is what stands outside of the document, by URIs that lead there")
    return _Verifier(root, index, trust, algorithms, tuple(certificates), at, limits, outside)


def _chosen(root: _Element, wanted: int | str | None) -> _Element:
    found = signatures_of(root)
    if not found:
        raise SecurityError("the document holds no signature", place=place_of(root))
    if wanted is None and len(found) > 1:
        raise SecurityError(f"the document holds {len(found)} signatures: which one? signature= tells, by number or Id")
    if isinstance(wanted, str):
        named = [entry for entry in found if entry.get("Id") == wanted]
        if len(named) != 1:
            raise SecurityError(f"{len(named)} signatures have the Id {wanted!r:.120}")
        return named[0]
    number = wanted or 0
    if not 0 <= number < len(found):
        raise SecurityError(f"there is no signature number {number}: the document holds {len(found)}")
    return found[number]


@dataclass(frozen=True, slots=True)
class _Read:
    """SignedInfo, within the policy."""

    algorithm: SignatureAlgorithm
    form: Canonical
    references: tuple[_Element, ...]
    recipes: tuple[Recipe, ...]


@dataclass(frozen=True, slots=True)
class _Verifier:
    """One document, and all that the proof of its signatures depends on."""

    root: _Element
    index: IdIndex
    trust: Trust
    policy: AlgorithmPolicy
    certificates: Chain
    now: datetime
    limits: Limits
    outside: Mapping[str, bytes]

    def verify(self, signature: _Element, wanted: Sequence[str] | None) -> Verified:
        _check_layout(signature)
        signed_info, value = one(signature, SIGNED_INFO), bytes_of(one(signature, SIGNATURE_VALUE))
        read = self._read(signed_info)
        right, chain = self._proof(read, signature, signed_octets(signed_info, read.form, self.index.measure), value)
        if not right:
            maker = name_of(chain[0]) if chain else "the key given"
            raise SecurityError(f"the signature is not that of {maker} over its SignedInfo", place=place_of(signature))
        covered: list[Covered] = []
        for reference, recipe in zip(read.references, read.recipes, strict=True):
            covered.append(self._check_reference(reference, recipe, signature))
            if sum(each.size for each in covered) > _MOST_SIGNED:
                raise SecurityError("its references come to more than is followed", place=place_of(signature))
        check_wanted(self.root, signature, covered, wanted)
        signer = chain[0] if chain else None
        parts = tuple(each.part for each in covered if isinstance(each.part, SignedPart))
        octets = tuple(each.part for each in covered if isinstance(each.part, SignedOctets))
        warnings = self.policy.warnings
        if any(each.element is not None and each.element.tag == MANIFEST for each in covered):
            warnings = (*warnings, _MANIFEST_WARNING)
        return Verified(parts, read.algorithm.name, path_of(signature), signer, chain, warnings, octets)

    def _read(self, signed_info: _Element) -> _Read:
        """The policy first, over the whole of SignedInfo."""
        algorithm = read_signature_method(one(signed_info, SIGNATURE_METHOD), self.policy, full_length=True)
        form = read_canonical(one(signed_info, CANONICALIZATION_METHOD))
        references = tuple(children(signed_info, DS_REFERENCE))
        if not references:
            raise SecurityError("the signature covers nothing", place=place_of(signed_info))
        if len(references) > self.limits.references:
            raise SecurityError(
                f"the signature has {len(references)} references; only {self.limits.references} are followed",
                place=place_of(signed_info),
            )
        if sum(reference.get("URI") is None for reference in references) > 1:  # XML Signature 1.1, 4.4.3.1
            raise SecurityError("one reference may be without a URI, not several", place=place_of(signed_info))
        for reference in references:
            self.policy.digest(algorithm_of(one(reference, DIGEST_METHOD)))
        recipes = tuple(recipe_of(reference, self.limits.transforms) for reference in references)
        return _Read(algorithm, form, references, recipes)

    def _proof(self, read: _Read, signature: _Element, octets: bytes, value: bytes) -> tuple[bool, Chain]:
        """Whether the value is right, and the chain of the certificate, once it is believed."""
        if isinstance(self.trust, HmacKey) != (read.algorithm.key == "secret"):
            kind = "shared secret" if isinstance(self.trust, HmacKey) else "public key"
            raise SecurityError(f"{read.algorithm.name} is not verified with a {kind}", place=place_of(signature))
        if isinstance(self.trust, HmacKey):
            return hmac.compare_digest(_PRIMITIVES.mac(read.algorithm, self.trust.value, octets), value), ()
        if isinstance(self.trust, TrustStore | x509.Certificate):
            certificate, others = self._certificate(signature)
            key = public_key_of(certificate)
        else:
            certificate, others, key = None, (), self.trust

        def whose() -> str:
            return name_of(certificate) if certificate is not None else "trust"

        check_key(read.algorithm, key, self.policy, whose)
        chain: Chain = ()
        if certificate is not None:
            store = self.trust if isinstance(self.trust, TrustStore) else TrustStore.of(certificate)
            chain = store.check(certificate, others, self.now)
        return signature_holds(read.algorithm, key, octets, value, whose), chain

    def _certificate(self, signature: _Element) -> tuple[x509.Certificate, Chain]:
        """The certificate of the key, with others that the document carries."""
        if isinstance(self.trust, x509.Certificate):
            return self.trust, ()
        assert isinstance(self.trust, TrustStore)
        key_info = key_info_of(signature)
        says = key_info is not None and len(key_info) > 0
        if not says and len(self.certificates) == 1:
            return self.certificates[0], ()
        if key_info is None or not says:
            raise SecurityError(
                "the signature does not say which key it was made with; say certificates=, the one of its signer",
                place=place_of(signature),
            )
        source = read_hints(key_info, self.index)
        if isinstance(source, Carried):
            return source.certificates[0], source.certificates[1:]
        return source.among((*self.certificates, *self.trust.certificates)), ()

    def _check_reference(self, reference: _Element, recipe: Recipe, signature: _Element) -> Covered:
        """What a reference covers, made anew of the octets whose digest is right."""
        uri = reference.get("URI") or ""
        name = uri or "the document"
        outside = self.outside.get(uri)
        target = target_of(uri, self.index, self.root, reference) if outside is None else None
        place = place_of(target.element if target is not None else reference)
        try:
            if target is None:
                octets = octets_outside(outside or b"", reference, recipe)
            else:
                octets = octets_of(target, recipe, signature)
        except (LimitError, XmlError) as error:
            raise SecurityError(f"{name!r:.120} cannot be canonicalised: {error}", place=place_of(reference)) from None
        digest = self.policy.digest(algorithm_of(one(reference, DIGEST_METHOD)))
        if not hmac.compare_digest(_PRIMITIVES.digest(digest, octets), bytes_of(one(reference, DIGEST_VALUE))):
            raise SecurityError(f"{name!r:.120} was altered after it was signed", place=place)
        path = path_of(target.element) if target is not None else ""
        if target is None or recipe.form is None:
            return Covered(SignedOctets(octets, path, uri, digest), len(octets), recipe)
        return Covered(SignedPart(parse_exact(octets), path, uri, digest), len(octets), recipe, target.element)


_LAYOUT = {
    SIGNATURE: (SIGNED_INFO, SIGNATURE_VALUE, KEY_INFO, OBJECT),
    SIGNED_INFO: (CANONICALIZATION_METHOD, SIGNATURE_METHOD, DS_REFERENCE),
    DS_REFERENCE: (TRANSFORMS, DIGEST_METHOD, DIGEST_VALUE),
    TRANSFORMS: (TRANSFORM,),
}


def _check_layout(signature: _Element) -> None:
    """A signature is what its schema says, at each level, and no comment is in what proves it.

    What another reader might take for the signed part (a second SignedInfo, one inside another element) is not
    left to guessing.
    """
    signed_info = one(signature, SIGNED_INFO)
    holders = [signature, signed_info, *children(signed_info, DS_REFERENCE)]
    holders += [entry for reference in holders[2:] for entry in children(reference, TRANSFORMS)]
    for holder in holders:
        order = _LAYOUT[tag_of(holder)]
        at = 0
        for entry in children(holder):
            tag = tag_of(entry)
            if tag not in order[at:]:
                raise SecurityError(f"{local_name(tag)} may not stand here", place=place_of(entry))
            at = order.index(tag)
    for proof in (signed_info, one(signature, SIGNATURE_VALUE)):
        for node in proof.iter(etree.Comment, etree.ProcessingInstruction):
            holding = node.getparent()
            place = place_of(holding if holding is not None else proof)
            raise SecurityError("a signature may not have comments or instructions in what proves it", place=place)
