"""SignedInfo's methods, read: which algorithm, which canonical form, whether a key fits. XML Signature 1.1, 4.4.

What a signature of a message and a signature of a plain document have in common on the way in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from lxml.etree import _Element

from soapkit.errors import LimitError, SecurityError, XmlError
from soapkit.security.crypto.algorithms import AlgorithmPolicy, SignatureAlgorithm
from soapkit.security.crypto.certificates import PublicKey, key_bits, kind_of_key
from soapkit.security.crypto.pss import PSS, read_pss
from soapkit.security.markup import (
    HMAC_OUTPUT_LENGTH,
    INCLUSIVE_NAMESPACES,
    TRANSFORM,
    TRANSFORMS,
    algorithm_of,
    all_of,
    at_most_one,
    text_of,
)
from soapkit.xml.c14n import MAX_PREFIXES, METHODS, canonicalise
from soapkit.xml.measure import Measure
from soapkit.xml.walk import place_of


@dataclass(frozen=True, slots=True)
class Canonical:
    """One canonical form: its method and its prefix list."""

    method: str
    prefixes: tuple[str, ...] = ()


def read_signature_method(
    method: _Element, policy: AlgorithmPolicy, *, full_length: bool = False
) -> SignatureAlgorithm:
    """A ds:SignatureMethod, within the policy. `full_length`: whether an HMACOutputLength may stand there that shortens
    nothing; messages have none (BSP 1.1, R5401). Raises `SecurityError`, also for one that shortens."""
    if algorithm_of(method) == PSS:
        return read_pss(method, policy)
    algorithm = policy.signature(algorithm_of(method))
    if len(method) and not (full_length and _says_full_length(method, algorithm)):
        raise SecurityError("a shortened signature (HMACOutputLength) is never believed", place=place_of(method))
    return algorithm


def _says_full_length(method: _Element, algorithm: SignatureAlgorithm) -> bool:
    """XML Signature 1.1, 6.3.1: the length is in bits, and of the whole digest where it is as long as that."""
    length = at_most_one(method, HMAC_OUTPUT_LENGTH)
    if algorithm.key != "secret" or length is None or len(method) > 1:
        return False
    return text_of(length) == str(8 * hashlib.new(algorithm.hash).digest_size)


def check_key(algorithm: SignatureAlgorithm, key: PublicKey, policy: AlgorithmPolicy, whose: Callable[[], str]) -> None:
    """Raise `SecurityError` unless the key is of the kind that the algorithm needs, and as large as is asked for.

    `whose`: tells whose key it is.
    """
    kind = kind_of_key(key)
    if not algorithm.fits(kind):
        raise SecurityError(f"{algorithm.name} needs another key than the {kind} key of {whose()}")
    sized = key_bits(key)
    if sized is None:
        return
    name, bits = sized
    least = policy.ec_bits if name == "EC" else policy.rsa_bits
    if bits < least:
        raise SecurityError(f"the {name} key of {whose()} has {bits} bits; at least {least} are asked for")


def signed_octets(signed_info: _Element, form: Canonical, measure: Measure | None = None) -> bytes:
    """The octets that a signature value is of; `measure`: of the document, where known. Raises `SecurityError`."""
    try:
        return canonicalise(signed_info, method=form.method, prefixes=form.prefixes, measure=measure)
    except (LimitError, XmlError) as error:
        raise SecurityError(f"SignedInfo cannot be canonicalised: {error}") from None


def transforms_of(reference: _Element, most: int) -> list[_Element]:
    """The ds:Transform of a ds:Reference, in their order. Raises `SecurityError` for more than `most`."""
    holder = at_most_one(reference, TRANSFORMS)
    if holder is None:
        return []
    transforms = all_of(holder, TRANSFORM)
    if len(transforms) > most:
        raise SecurityError(f"{len(transforms)} transforms are not followed", place=place_of(holder))
    return transforms


def read_canonical(element: _Element) -> Canonical:
    """A CanonicalizationMethod or the Transform of a canonical form. Raises `SecurityError` for an unknown one."""
    method = algorithm_of(element)
    if method not in METHODS:
        raise SecurityError(f"canonical form {method!r:.120} is not allowed", place=place_of(element))
    namespaces = at_most_one(element, INCLUSIVE_NAMESPACES) if len(element) else None
    if namespaces is None:
        return Canonical(method)
    prefixes = tuple(namespaces.get("PrefixList", "").split())
    if len(prefixes) > MAX_PREFIXES:
        raise SecurityError(f"a list of {len(prefixes)} prefixes is not followed", place=place_of(element))
    return Canonical(method, prefixes if METHODS[method] else ())
