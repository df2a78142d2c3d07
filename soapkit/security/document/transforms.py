"""The transforms of a reference of a plain document: what they come to, for those that are followed.

No XPath is ever run: an expression is a stranger's program. But schemes of invoices and of authorities write a few
that say nothing but which elements are left out, the signatures mostly; these are known by how they are spelt, and
any other is refused.

XML Signature 1.1, 6.6.3 XPath, 6.6.4 enveloped-signature; XML-Signature XPath Filter 2.0, 3.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.canonical import Canonical, read_canonical, transforms_of
from soapkit.security.crypto.algorithms import ENVELOPED
from soapkit.security.document.document import Recipe
from soapkit.security.markup import SIGNATURE, algorithm_of, at_most_one
from soapkit.xml.c14n import INCLUSIVE, METHODS
from soapkit.xml.names import DS, clark
from soapkit.xml.walk import children, place_of

BASE64 = f"{DS}base64"
_XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
_FILTER = "http://www.w3.org/2002/06/xmldsig-filter2"


def recipe_of(reference: _Element, most: int) -> Recipe:
    """What the transforms of a Reference come to: base64 alone, or those that leave out elements, then at most one
    canonical form.

    Without a canonical form it is Canonical XML 1.0 (XML Signature 1.1, 4.4.3.2). `most`: how many are followed.
    Raises `SecurityError`.
    """
    transforms = transforms_of(reference, most)
    if [algorithm_of(transform) for transform in transforms] == [BASE64]:
        return Recipe(None)
    left_out = _LeftOut()
    while transforms and (read := _READERS.get(algorithm_of(transforms[0]))) is not None:
        left_out |= read(transforms.pop(0))
    for transform in transforms:
        if algorithm_of(transform) not in METHODS:
            raise _never(transform, "")
    if len(transforms) > 1:
        raise SecurityError("a reference needs one canonical form at most", place=place_of(reference))
    form = read_canonical(transforms[0]) if transforms else Canonical(INCLUSIVE)
    return Recipe(form, left_out.itself, left_out.names, left_out.at_top)


@dataclass(frozen=True, slots=True)
class _LeftOut:
    """`itself`: the signature that the transform stands in; `names`: every element of these names; `at_top`: those that
    stand in the root."""

    itself: bool = False
    names: frozenset[str] = frozenset()
    at_top: frozenset[str] = frozenset()

    def __or__(self, other: _LeftOut) -> _LeftOut:
        return _LeftOut(self.itself or other.itself, self.names | other.names, self.at_top | other.at_top)


def _never(transform: _Element, expression: str) -> SecurityError:
    told = f" ({expression!r:.120})" if expression else ""
    return SecurityError(
        f"the transform {algorithm_of(transform)!r:.120}{told} is never run; those that leave out the signature, or "
        "elements by their names, are followed, and then one canonical form",
        place=place_of(transform),
    )


_QNAME = r"(?:[\w.-]+:)?[\w.-]+"
_NOT = re.compile(rf"not\((ancestor-or-self::{_QNAME}(?:(?:\|| or )ancestor-or-self::{_QNAME})*)\)")
# XML Signature 1.1, 6.6.4: what enveloped-signature comes to, as an expression
_ITSELF = re.compile(
    rf"count\(ancestor-or-self::({_QNAME})\|here\(\)/ancestor::\1\[1\]\)>count\(ancestor-or-self::\1\)"
)
_SUBTRACTED = re.compile(rf"(?://|/descendant::|/descendant-or-self::)({_QNAME})")
_SUBTRACTED_AT_TOP = re.compile(rf"/\*/({_QNAME})")
_AROUND_HERE = re.compile(rf"here\(\)/ancestor::({_QNAME})\[1\]")


def _read_xpath(transform: _Element) -> _LeftOut:
    """``not(ancestor-or-self::x)``, several of them with ``and``: the nodes that are in no such element stay."""
    if (element := at_most_one(transform, clark(DS, "XPath"))) is None:
        raise _never(transform, "")
    text = _spelt(element)
    if (itself := _ITSELF.fullmatch(text)) is not None and _clark(itself[1], element) == SIGNATURE:
        return _LeftOut(itself=True)
    names: set[str] = set()
    for term in re.split(r"(?<=\))and (?=not\()", text):
        if (found := _NOT.fullmatch(term)) is None:
            raise _never(transform, text)
        names.update(_clark(path.partition("::")[2], element) for path in re.split(r"\|| or ", found[1]))
    return _LeftOut(names=frozenset(names))


def _read_filter(transform: _Element) -> _LeftOut:
    """Filters that subtract, by name: what is selected goes with all that is in it."""
    left_out = _LeftOut()
    for element in children(transform):
        text = _spelt(element)
        if element.tag != clark(_FILTER, "XPath") or element.get("Filter") != "subtract":
            raise _never(transform, text)
        for path in text.split("|"):
            if (found := _SUBTRACTED.fullmatch(path)) is not None:
                left_out |= _LeftOut(names=frozenset({_clark(found[1], element)}))
            elif (found := _SUBTRACTED_AT_TOP.fullmatch(path)) is not None:
                left_out |= _LeftOut(at_top=frozenset({_clark(found[1], element)}))
            elif (here := _AROUND_HERE.fullmatch(path)) is not None and _clark(here[1], element) == SIGNATURE:
                left_out |= _LeftOut(itself=True)
            else:
                raise _never(transform, text)
    if left_out == _LeftOut():
        raise _never(transform, "")
    return left_out


_READERS: dict[str, Callable[[_Element], _LeftOut]] = {
    ENVELOPED: lambda _: _LeftOut(itself=True),
    _XPATH: _read_xpath,
    _FILTER: _read_filter,
}


def _spelt(element: _Element) -> str:
    """An expression without the blanks that say nothing; none for one that is not text alone."""
    text = "" if len(element) else " ".join((element.text or "").split())
    return re.sub(r" ?([()|:\[\]/>]) ?", r"\1", text)


def _clark(name: str, element: _Element) -> str:
    """The name that a QName in the text of `element` means: without a prefix, in no namespace (XPath 1.0, 2.3)."""
    prefix, _, local = name.rpartition(":")
    namespace = element.nsmap.get(prefix) if prefix else ""
    if namespace is None:
        raise SecurityError(f"the prefix {prefix!r:.60} is not declared", place=place_of(element))
    return clark(namespace, local)
