"""What messages and documents have in common when they are told in words: algorithms, keys, and which of them are weak.

Each function adds to `weak` what is to be looked at, and never raises for an algorithm that is not known.
"""

from __future__ import annotations

from contextlib import suppress

from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.crypto.algorithms import CIPHERS, DIGESTS, MODERN, SIGNATURES, TRANSPORTS, WRAPS, profile
from soapkit.security.crypto.certificates import name_of
from soapkit.security.crypto.pss import PSS, read_pss
from soapkit.security.markup import DIGEST_METHOD, ENCRYPTION_METHOD, SIGNATURE_METHOD, USERNAME_TOKEN, one
from soapkit.security.references import Agreed, Asserted, Bare, Carried, KeySource, Named


def signature_method(signed_info: _Element, weak: list[str]) -> str:
    """The algorithm of a signature."""
    uri = algorithm_at(signed_info, SIGNATURE_METHOD)
    name = SIGNATURES[uri].name if uri in SIGNATURES else _unknown(uri)
    if uri == PSS:
        with suppress(SecurityError):
            name = read_pss(one(signed_info, SIGNATURE_METHOD), profile("legacy")).name
    if name not in MODERN.signatures:
        weak.append(f"a signature is made with {name}")
    return name


def digest_method(reference: _Element, weak: list[str]) -> str:
    """The hash of a reference."""
    name = DIGESTS.get(uri := algorithm_at(reference, DIGEST_METHOD), _unknown(uri))
    if name not in MODERN.hashes:
        weak.append(f"a reference is digested with {name}")
    return name


def cipher(data: _Element, weak: list[str]) -> str:
    """The algorithm of an EncryptedData."""
    found = CIPHERS.get(uri := algorithm_at(data, ENCRYPTION_METHOD))
    name = found.name if found is not None else _unknown(uri)
    if found is None or found.mode != "gcm":
        weak.append(f"data is encrypted with {name}, which does not show alterations")
    return name


def key_method(key: _Element, weak: list[str]) -> tuple[str, bool]:
    """The algorithm of an EncryptedKey, and whether it wraps the key under another."""
    uri = algorithm_at(key, ENCRYPTION_METHOD)
    method = TRANSPORTS.get(uri) or WRAPS.get(uri)
    name = method.name if method is not None else _unknown(uri)
    if name not in MODERN.transports | MODERN.wraps:
        weak.append(f"a key is encrypted with {name}")
    return name, uri in WRAPS


def named_key(source: KeySource) -> str:
    """A key in words, as a KeyInfo names it."""
    if isinstance(source, Carried):
        return f"certificate {name_of(source.certificates[0])}"
    if isinstance(source, Asserted):
        return "the key that the SAML assertion names"
    if isinstance(source, Named):
        return f"the certificate with {source.words}"
    if isinstance(source, Agreed):
        return "a key that is agreed on"
    if isinstance(source, Bare):
        return "a bare key (KeyValue), which says nothing of its owner"
    by_password = source.user or (source.element is not None and source.element.tag == USERNAME_TOKEN)
    return "a key derived from a password" if by_password else "an encrypted key"


def algorithm_at(parent: _Element, method: str) -> str:
    """The URI in the child `method`, empty without one."""
    found = parent.find(method)
    return found.get("Algorithm", "") if found is not None else ""


def _unknown(uri: str) -> str:
    return f"an algorithm that is not known ({uri!r:.120})"
