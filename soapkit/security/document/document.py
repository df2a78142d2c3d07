"""A plain document that carries signatures: its exact tree, what a reference selects of it, the octets of that.

Both ways use this file: what sign() digests, verify() digests again. XML Signature 1.1, 4.4.3 and 6.6.4.
"""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar, cast

from cryptography import x509
from lxml import etree
from lxml.etree import _Element

from soapkit.errors import SecurityError, UsageError
from soapkit.security.canonical import Canonical
from soapkit.security.crypto.certificates import name_of
from soapkit.security.ids import IdIndex
from soapkit.security.markup import SIGNATURE, bytes_of
from soapkit.security.trust.truststore import Chain
from soapkit.xml.c14n import (
    EXCLUSIVE_WITH_COMMENTS,
    INCLUSIVE_11_WITH_COMMENTS,
    INCLUSIVE_WITH_COMMENTS,
    canonicalise,
    canonicalise_document,
)
from soapkit.xml.measure import Measure
from soapkit.xml.parse import parse_exact_measured
from soapkit.xml.walk import path_of, place_of

Document: TypeAlias = bytes | _Element
DocumentT = TypeVar("DocumentT", bound=Document)

_WITH_COMMENTS = frozenset({EXCLUSIVE_WITH_COMMENTS, INCLUSIVE_WITH_COMMENTS, INCLUSIVE_11_WITH_COMMENTS})
_POINTER_TO_ID = re.compile(r"""#xpointer\(id\((?P<quote>["'])(?P<id>[^"']+)(?P=quote)\)\)""")


@dataclass(frozen=True, slots=True)
class HmacKey:
    """A secret that both sides have, to sign and verify with. It is in no repr.

    >>> HmacKey(b"thirty-two bytes, both have them")
    HmacKey()
    """

    value: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.value, bytes) or not self.value:
            raise UsageError("an HmacKey is of bytes, at least one")


@dataclass(frozen=True, slots=True)
class SignedPart:
    """One part of a document that its signature covers.

    `element`: the root of a tree made anew of the very octets that were signed, so that nothing else is in it: without
    the signature, where that was enveloped, and without comments. `path`: where it stood in the document; `uri`: how
    the signature named it; `digest`: the hash, such as ``sha256``.
    """

    element: _Element
    path: str
    uri: str
    digest: str


@dataclass(frozen=True, slots=True)
class SignedOctets:
    """Octets that a signature covers: those that stand in the document as base64, or outside of it.

    `octets`: the very ones that were signed; `path`: where they stood in the document, empty for those outside; `uri`,
    `digest`: as in `SignedPart`.
    """

    octets: bytes = field(repr=False)
    path: str
    uri: str
    digest: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What one signature of a document proved, and nothing else of the document is to be believed.

    `parts`: the elements that it covers, `octets`: what it covers that is no element; `signer`: the certificate, and
    `chain` from it to what is trusted (empty where `trust` was a bare key); `algorithm`: of the signature, a short
    name; `path`: where the signature stands.
    """

    parts: tuple[SignedPart, ...]
    algorithm: str
    path: str
    signer: x509.Certificate | None = None
    chain: Chain = ()
    warnings: tuple[str, ...] = ()
    octets: tuple[SignedOctets, ...] = ()

    @property
    def signed(self) -> tuple[_Element, ...]:
        """The elements that were signed: use these, not the document that came."""
        return tuple(part.element for part in self.parts)

    @property
    def signer_name(self) -> str:
        """The subject of the signer's certificate (RFC 4514, on one line), empty without one."""
        return name_of(self.signer) if self.signer is not None else ""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How what a reference selects becomes octets. `form`: None for those that stand there as base64; `enveloped`: the
    signature itself is taken out first; `left_out`: every element of these names too; `at_top`: those of these names
    that stand in the root."""

    form: Canonical | None
    enveloped: bool = False
    left_out: frozenset[str] = frozenset()
    at_top: frozenset[str] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        """Of the elements that are taken out, beside the signature itself."""
        return self.left_out | self.at_top

    def leaves_out(self, element: _Element) -> bool:
        """Whether an element is taken out by its name."""
        if element.tag in self.left_out:
            return True
        parent = element.getparent() if element.tag in self.at_top else None
        return parent is not None and parent.getparent() is None


@dataclass(frozen=True, slots=True)
class Target:
    """What a reference selects. `whole`: the document, with what stands around its root element; `measure`: of the
    document, where it is known."""

    element: _Element
    whole: bool
    with_comments: bool = False
    measure: Measure | None = None


def read_document(document: Document, source: str = "document") -> _Element:
    """The root element of an exact tree of our own.

    An element is written and parsed again, since its tree may have been made by any parser: what is in it must be what
    a receiver of its bytes would see. One that is not the root of its document becomes a document.

    Raises `XmlError`, also for a DOCTYPE, and `LimitError`.
    """
    return read_measured(document, source)[0]


def read_measured(document: Document, source: str = "document") -> tuple[_Element, Measure]:
    """The same, with the most that the tree can have."""
    if isinstance(document, bytes):
        return parse_exact_measured(document, source=source)
    if not isinstance(document, _Element) or not isinstance(document.tag, str):
        raise UsageError(f"a document is bytes or the element at its root, found {type(document).__name__}")
    if document.getparent() is None:
        return parse_exact_measured(etree.tostring(document.getroottree(), encoding="UTF-8"), source=source)
    return parse_exact_measured(etree.tostring(document, encoding="UTF-8", with_tail=False), source=source)


def write_document(root: _Element, like: DocumentT) -> DocumentT:
    """A document as the caller gave one: bytes for bytes, with an XML declaration where there was one."""
    if not isinstance(like, bytes):
        return cast("DocumentT", root)
    declared = like.startswith((b"<?xml ", b"\xef\xbb\xbf<?xml "))
    return cast("DocumentT", etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=declared))


def elements_at(root: _Element, path: str) -> list[_Element]:
    """Every element that an ElementPath finds from the root, at least one; the root itself for ``""``.

    Raises `UsageError` for what is no path, `SecurityError` when it finds nothing.
    """
    if not path:
        return [root]
    try:
        found = root.findall(path)
    except (SyntaxError, KeyError, ValueError):
        raise UsageError(f"{path!r} is not an ElementPath, such as './/{{namespace}}name'") from None
    if not found:
        raise SecurityError(f"there is no {path} in the document")
    return found


def target_of(uri: str | None, index: IdIndex, root: _Element, by: _Element) -> Target:
    """What a same-document URI selects: the whole document or one element by its id (XML Signature 1.1, 4.4.3.2).

    No URI is that of the document. Raises `SecurityError` for any other: nothing outside the document is ever opened.
    """
    # left out, it is for the application to know (XML Signature 1.1, 4.4.3.1): the document, as PHP means it
    whole = not uri or uri == "#xpointer(/)"
    pointer = _POINTER_TO_ID.fullmatch(uri or "")
    with_comments = uri == "#xpointer(/)" or pointer is not None
    named = f"#{pointer['id']}" if pointer is not None else uri or ""
    element = root if whole else index.find(named, by=by)
    return Target(element, whole=whole, with_comments=with_comments, measure=index.measure)


def octets_of(target: Target, recipe: Recipe, signature: _Element) -> bytes:
    """The octets that a reference of `signature` covers. Raises `SecurityError`, `XmlError`, `LimitError`."""
    element, form = target.element, recipe.form
    if form is None:  # XML Signature 1.1, 6.6.2
        return bytes_of(element)
    if recipe.enveloped:
        element = without(signature, element)
    if recipe.names:
        element = without_named(recipe, element)
    if target.with_comments and form.method in _WITH_COMMENTS and next(element.iter(etree.Comment), None) is not None:
        raise SecurityError("signed comments are not done: they would be seen by nobody", place=place_of(element))
    write = canonicalise_document if target.whole else canonicalise
    return write(element, method=form.method, prefixes=form.prefixes, measure=target.measure)


def without(signature: _Element, element: _Element) -> _Element:
    """`element` in a copy of its document that lacks `signature` (XML Signature 1.1, 6.6.4).

    Where the signature stands beside the element, as Brazil's invoices have it, there is nothing to take out. Raises
    `SecurityError` where it stands elsewhere: in its own element nothing would stay, and a signature that was made in
    an element, and is found in another, was moved.
    """
    if element.getparent() is not None and element.getparent() is signature.getparent():
        return element
    if not any(ancestor is element for ancestor in signature.iterancestors()):
        raise SecurityError(
            f"the signature is not enveloped by {path_of(element)}, as it says", place=place_of(signature)
        )
    root = deepcopy(element.getroottree()).getroot()
    taken = _counterpart(signature, root)
    found = _counterpart(element, root)
    take_out(taken)
    return found


def without_named(recipe: Recipe, element: _Element) -> _Element:
    """`element` in a copy of its document, without the elements in it that a recipe leaves out by their names.

    Raises `SecurityError` when nothing would stay.
    """
    if any(recipe.leaves_out(node) for node in (element, *element.iterancestors())):
        raise SecurityError(f"the transforms leave nothing of {path_of(element)}", place=place_of(element))
    found = _counterpart(element, deepcopy(element.getroottree()).getroot())
    for taken in [node for node in found.iter(*recipe.names) if recipe.leaves_out(node)]:
        take_out(taken)
    return found


def take_out(element: _Element) -> None:
    """Remove an element; the text after it stays."""
    parent, before, tail = element.getparent(), element.getprevious(), element.tail
    assert parent is not None
    if tail and before is not None:
        before.tail = (before.tail or "") + tail
    elif tail:
        parent.text = (parent.text or "") + tail
    parent.remove(element)


def _counterpart(element: _Element, root: _Element) -> _Element:
    """What stands in a copied tree where `element` stands in its own."""
    steps: list[int] = []
    parent = element.getparent()
    while parent is not None:
        steps.append(parent.index(element))
        element, parent = parent, parent.getparent()
    for step in reversed(steps):
        root = root[step]
    return root


def signatures_of(root: _Element) -> list[_Element]:
    """Every ds:Signature of a document, in its order."""
    return list(root.iter(SIGNATURE))
