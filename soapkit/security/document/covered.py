"""What the references of a signature cover, held against what must be covered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml.etree import _Element

from soapkit.errors import SecurityError, UsageError
from soapkit.security.canonical import transforms_of
from soapkit.security.document.document import Recipe, SignedOctets, SignedPart
from soapkit.security.markup import SIGNATURE
from soapkit.xml.base64 import from_base64
from soapkit.xml.c14n import canonicalise_document
from soapkit.xml.parse import parse_exact
from soapkit.xml.walk import path_of, place_of


@dataclass(frozen=True, slots=True)
class Covered:
    """What one reference covers: `part`, which is made of `size` octets; `element`: where in the document, None for
    octets, which cover no element."""

    part: SignedPart | SignedOctets
    size: int
    recipe: Recipe
    element: _Element | None = None

    def covers(self, element: _Element, signature: _Element) -> bool:
        """Whether an element stands in it, and not in the signature or what else was taken out."""
        around = (element, *element.iterancestors())
        if self.element is None or not any(node is self.element for node in around):
            return False
        if self.recipe.enveloped and any(node is signature for node in around):
            return False
        return not any(map(self.recipe.leaves_out, around))

    def __str__(self) -> str:
        return path_of(self.element) if self.element is not None else f"the octets at {self.part.path or self.part.uri}"


def check_wanted(root: _Element, signature: _Element, covered: Sequence[Covered], wanted: Sequence[str] | None) -> None:
    """Raise `SecurityError` unless each element that must be covered is; None: all but the signature."""
    if isinstance(wanted, str):
        raise UsageError("signed= is a list of names, not one string")
    if wanted is None:
        _check_whole(root, signature, covered)
        return
    for name in wanted:
        found = list(root.iter(name if name.startswith("{") else f"{{*}}{name}"))
        if not found:
            raise SecurityError(f"there is no {name} in the document, which must be signed")
        for element in found:
            if not any(each.covers(element, signature) for each in covered):
                raise SecurityError(f"{name} is not signed", place=place_of(element))


def _check_whole(root: _Element, signature: _Element, covered: Sequence[Covered]) -> None:
    around = [each.recipe for each in covered if each.element is root]
    if signature is root or any(recipe.names <= {SIGNATURE} for recipe in around):
        return
    told = ", ".join(map(str, covered))
    if around:
        told = f"what is not in {', '.join(sorted(around[0].names))}"
    raise SecurityError(
        f"the signature does not cover the whole document, only {told}; signed= says what must be covered",
        place=place_of(signature),
    )


def octets_outside(given: bytes, reference: _Element, recipe: Recipe) -> bytes:
    """The octets that a reference covers of what stands outside of the document: these themselves without transforms
    (XML Signature 1.1, 4.4.3.2), else what base64 or a canonical form makes of them.

    Raises `SecurityError`, `XmlError`.
    """
    if not transforms_of(reference, 1):
        return given
    if recipe.form is None:
        try:
            return from_base64(b"".join(given.split()))
        except ValueError:
            raise SecurityError("what stands outside is not base64", place=place_of(reference)) from None
    if recipe.enveloped or recipe.names:
        raise SecurityError("no elements are left out of what stands outside", place=place_of(reference))
    root = parse_exact(given, source=reference.get("URI", ""))
    return canonicalise_document(root, method=recipe.form.method, prefixes=recipe.form.prefixes)
