"""SignedInfo on the way in: what a signature says that it covers, and how, read and within the policy.

XML Signature 1.1, 4.4. Nothing of it is believed yet: that is for `soapkit.security.verify`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.attachments import is_cid, read_signature_transform
from soapkit.security.canonical import Canonical, read_canonical, read_signature_method, transforms_of
from soapkit.security.crypto.algorithms import ENVELOPED, STR_TRANSFORM, AlgorithmPolicy, SignatureAlgorithm
from soapkit.security.markup import (
    CANONICALIZATION_METHOD,
    DIGEST_METHOD,
    DIGEST_VALUE,
    DS_REFERENCE,
    SIGNATURE_METHOD,
    TRANSFORMATION_PARAMETERS,
    algorithm_of,
    all_of,
    bytes_of,
    one,
    one_each,
)
from soapkit.security.require import Limits
from soapkit.xml.c14n import INCLUSIVE
from soapkit.xml.walk import place_of


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
class SignedInfo:
    """A ds:SignedInfo. `form`: how it becomes bytes itself; `references`: to elements; `beside`: to attachments.
    `octets`: its canonical form, where that is known."""

    element: _Element
    algorithm: SignatureAlgorithm
    form: Canonical
    references: tuple[SignedReference, ...]
    beside: tuple[AttachmentReference, ...] = ()
    octets: bytes | None = field(default=None, repr=False)


def read_signed_info(element: _Element, policy: AlgorithmPolicy, limits: Limits) -> SignedInfo:
    """What a ds:SignedInfo says, the policy first, over the whole of it. Raises `SecurityError`."""
    canonicalization, method = one_each(element, CANONICALIZATION_METHOD, SIGNATURE_METHOD)
    algorithm, form = read_signature_method(method, policy), read_canonical(canonicalization)
    found = all_of(element, DS_REFERENCE)
    if not found:
        raise SecurityError("the signature covers nothing", place=place_of(element))
    if len(found) > limits.references:
        raise SecurityError(
            f"the signature has {len(found)} references; only {limits.references} are followed",
            place=place_of(element),
        )
    references: list[SignedReference] = []
    beside: list[AttachmentReference] = []
    for reference in found:
        digest_method, digest_value = one_each(reference, DIGEST_METHOD, DIGEST_VALUE)
        digest, value = policy.digest(algorithm_of(digest_method)), bytes_of(digest_value)
        if is_cid(reference.get("URI", "")):
            beside.append(AttachmentReference(reference, read_signature_transform(reference), digest, value))
        else:
            references.append(
                SignedReference(reference, *_read_transforms(reference, limits.transforms), digest, value)
            )
    return SignedInfo(element, algorithm, form, tuple(references), tuple(beside))


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
