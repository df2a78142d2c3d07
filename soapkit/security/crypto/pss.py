"""RSA-PSS that says its parameters itself (RFC 9231, 2.3.9) -> the algorithm that it is. Read, never written."""

from __future__ import annotations

from dataclasses import replace

from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.crypto.algorithms import DIGESTS, AlgorithmPolicy, SignatureAlgorithm, signature_named
from soapkit.security.markup import DIGEST_METHOD, algorithm_of, at_most_one, text_of
from soapkit.xml.walk import children, place_of

_SPACE = "http://www.w3.org/2007/05/xmldsig-more#"
_MGF1 = f"{_SPACE}MGF1"
PSS = f"{_SPACE}rsa-pss"
_PARAMS, _MGF, _SALT, _TRAILER = (
    f"{{{_SPACE}}}{name}" for name in ("RSAPSSParams", "MaskGenerationFunction", "SaltLength", "TrailerField")
)
_LONGEST_SALT = 512  # bytes


def read_pss(method: _Element, policy: AlgorithmPolicy) -> SignatureAlgorithm:
    """The algorithm of a ds:SignatureMethod whose URI is `PSS`, within the policy: SHA-256, a mask of the same hash and
    a salt as long as the hash, unless it says otherwise. Raises `SecurityError`, also for a mask of another hash."""
    params = at_most_one(method, _PARAMS)
    if params is None:
        return policy.signature(signature_named("rsa-pss-sha256").uri)
    digest = _digest(params) or "sha256"
    mask = at_most_one(params, _MGF)
    usual = mask is None or (mask.get("Algorithm", _MGF1) == _MGF1 and _digest(mask) in ("", digest))
    if not usual or _number(params, _TRAILER, 1) != 1 or digest not in _BY_HASH:
        raise SecurityError("RSA-PSS with these parameters is not done", place=place_of(params))
    algorithm = policy.signature(signature_named(_BY_HASH[digest]).uri)
    return replace(algorithm, salt=_number(params, _SALT, None))


_BY_HASH = {name: f"rsa-pss-{name}" for name in ("sha1", "sha224", "sha256", "sha384", "sha512")}


def _digest(holder: _Element) -> str:
    return next((DIGESTS.get(algorithm_of(entry), "unknown") for entry in children(holder, DIGEST_METHOD)), "")


def _number(params: _Element, tag: str, default: int | None) -> int | None:
    element = at_most_one(params, tag)
    if element is None:
        return default
    text = text_of(element)
    if not text.isascii() or not text.isdecimal() or len(text) > 4 or int(text) > _LONGEST_SALT:
        raise SecurityError(f"{text!r:.40} is no length of a salt", place=place_of(element))
    return int(text)
