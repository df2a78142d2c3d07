"""Canonical forms of an element, exact and bounded.

Exclusive XML Canonicalization 1.0, Canonical XML 1.0 and 1.1, all without comments, of an element as it stands in its
document. libxml2 does the work; four of its traps are guarded here:

* its cost grows with elements times the square of the namespaces in scope, so both are bounded first;
* lxml drops ``#default`` from a prefix list unless that word is in the dictionary of the document;
* lxml's inclusive form of an element inside a document leaves out ``xml:*`` attributes of the ancestors and some
  declarations, so that form is made from a document of its own;
* an ampersand in the name of a namespace is written as it is, and is to be escaped as in any attribute.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Collection
from io import BytesIO

from lxml import etree
from lxml.etree import _Element, _ProcessingInstruction

from soapkit.errors import LimitError, XmlError
from soapkit.xml.bases import joined
from soapkit.xml.measure import Measure
from soapkit.xml.names import EXC_C14N, XML
from soapkit.xml.parse import parse_own
from soapkit.xml.walk import place_of

EXCLUSIVE = EXC_C14N
EXCLUSIVE_WITH_COMMENTS = f"{EXC_C14N}WithComments"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
INCLUSIVE_WITH_COMMENTS = f"{INCLUSIVE}#WithComments"
INCLUSIVE_11 = "http://www.w3.org/2006/12/xml-c14n11"
INCLUSIVE_11_WITH_COMMENTS = f"{INCLUSIVE_11}#WithComments"

# A reference by #id selects a node set without comments (XML Signature 1.1, 4.4.3.3): the two spellings of a method
# come to the same bytes there.
METHODS = {
    EXCLUSIVE: True,
    EXCLUSIVE_WITH_COMMENTS: True,
    INCLUSIVE: False,
    INCLUSIVE_WITH_COMMENTS: False,
    INCLUSIVE_11: False,
    INCLUSIVE_11_WITH_COMMENTS: False,
}
_VERSION_11 = frozenset({INCLUSIVE_11, INCLUSIVE_11_WITH_COMMENTS})

MAX_NAMESPACES = 64
MAX_PREFIXES = 64
_FEW = 20  # values that are looked at one by one
MAX_COST = 60_000_000  # elements times namespaces squared: about a second and a half

_DEFAULT = "#default"
_XML_ID = f"{{{XML}}}id"
_XML_BASE = f"{{{XML}}}base"
_thread = threading.local()

# In a canonical form values stand in double quotes, which no value holds, and "<" begins markup alone.
_TAG = re.compile(rb'<\?.*?\?>|<[^/?][^">]*(?:"[^"]*"[^">]*)*>', re.DOTALL)
_NAMESPACE = re.compile(rb'( xmlns(?::[^=]*)?=")([^"]*)')
_WITH_AMPERSAND = re.compile(rb' xmlns(?::[^="<>]*)?="[^"<]*&')


def canonicalise(
    element: _Element,
    *,
    method: str = EXCLUSIVE,
    prefixes: Collection[str] = (),
    measure: Measure | None = None,
) -> bytes:
    """The canonical bytes of `element` and what is in it.

    `method`: the URI of a canonical form (`METHODS`); `prefixes`: those that the exclusive form treats as the
    inclusive one does, ``#default`` for the default namespace (Exclusive XML Canonicalization 1.0, 2.1);
    `measure`: of the element, or of the document around it, where it is known, from which the cost is estimated.

    Raises `LimitError` when the work would be out of proportion, `XmlError` for what has no canonical form (a namespace
    name that is a relative URI, or none) and for an unknown method.

    >>> from soapkit.xml.parse import parse_message
    >>> canonicalise(parse_message(b'<a xmlns:p="urn:p" z="1" b="2"/>'))
    b'<a b="2" z="1"></a>'
    """
    exclusive = METHODS.get(method)
    if exclusive is None:
        raise XmlError(f"{method!r} is not a canonical form that is known here", place=place_of(element))
    if len(prefixes) > MAX_PREFIXES:
        raise LimitError(f"{len(prefixes)} prefixes in a prefix list; at most {MAX_PREFIXES} are taken")
    _check_cost(element, measure)
    try:
        if not exclusive:
            made = _inclusive(element, version_11=method in _VERSION_11)
        else:
            if _DEFAULT in prefixes:
                element = _known_to_the_dictionary(element)
            made = _exclusive(element, prefixes)
    except etree.C14NError:
        raise XmlError(
            "this element has no canonical form; is one of its namespaces a relative URI, or no URI?",
            place=place_of(element),
        ) from None
    return _TAG.sub(_escaped, made) if b"&" in made and _names_with_ampersand(made) else made


def _names_with_ampersand(made: bytes) -> bool:
    """Whether the name of a namespace in a canonical form has an ampersand: a look at the first few values spares most
    forms the search of all their text."""
    at = made.find(b"=")
    for _ in range(_FEW):
        if at < 0:
            return False
        if b"&" in made[at : made.find(b'"', at + 2)]:
            break
        at = made.find(b"=", at + 1)
    return _WITH_AMPERSAND.search(made) is not None


def _escaped(tag: re.Match[bytes]) -> bytes:
    """A tag with the names of its namespaces as Canonical XML 1.0, 2.3 writes them; an instruction as it is."""
    if tag[0].startswith(b"<?"):
        return tag[0]
    return _NAMESPACE.sub(lambda found: found[1] + found[2].replace(b"&", b"&amp;"), tag[0])


def canonicalise_document(
    root: _Element, *, method: str = EXCLUSIVE, prefixes: Collection[str] = (), measure: Measure | None = None
) -> bytes:
    """The canonical bytes of the document whose root element is `root`: as `canonicalise`, with the processing
    instructions around the root, each on a line (Canonical XML 1.0, 2.3).

    >>> from soapkit.xml.parse import parse_exact
    >>> canonicalise_document(parse_exact(b'<?style sheet?><a/>'))
    b'<?style sheet?>\\n<a></a>'
    """
    before = [_instruction(node) + b"\n" for node in root.itersiblings(etree.PI, preceding=True)]
    after = [b"\n" + _instruction(node) for node in root.itersiblings(etree.PI)]
    return b"".join([*reversed(before), canonicalise(root, method=method, prefixes=prefixes, measure=measure), *after])


def _instruction(node: _Element) -> bytes:
    assert isinstance(node, _ProcessingInstruction)
    said = f"<?{node.target} {node.text}?>" if node.text else f"<?{node.target}?>"
    return said.replace("\r", "&#xD;").encode()


def _exclusive(element: _Element, prefixes: Collection[str]) -> bytes:
    return etree.tostring(
        element,
        method="c14n",
        exclusive=True,
        with_comments=False,
        inclusive_ns_prefixes=list(prefixes) if prefixes else None,
    )


def _inclusive(element: _Element, *, version_11: bool) -> bytes:
    """The inclusive form: as the root of a document of its own that inherited what an ancestor gave it.

    Canonical XML 1.1, 2.4 differs in two of the ancestors' attributes: xml:id is not inherited, and xml:base is joined.
    """
    root = _apart(element)
    for ancestor in element.iterancestors():
        for name, value in ancestor.attrib.items():
            if version_11 and name in (_XML_ID, _XML_BASE):
                continue
            # Canonical XML 1.0, 2.4: attributes in the xml namespace come from the nearest ancestor that has them.
            if isinstance(name, str) and name.startswith(f"{{{XML}}}") and name not in root.attrib:
                root.set(name, value)
    if version_11:
        _fix_base(root, element)
    return etree.tostring(root, method="c14n", exclusive=False, with_comments=False)


def _fix_base(root: _Element, element: _Element) -> None:
    """Give `root` the xml:base that `element` has by its ancestors, where any of those says one."""
    around = [base for each in element.iterancestors() if (base := each.get(_XML_BASE)) is not None]
    if not around:
        return
    own = element.get(_XML_BASE)
    base = joined([*reversed(around), *([own] if own is not None else [])])
    if base:
        root.set(_XML_BASE, base)
    else:
        root.attrib.pop(_XML_BASE, None)


def _apart(element: _Element) -> _Element:
    """The element as the root of a new document of this thread, with every namespace that was in scope."""
    return parse_own(etree.tostring(element, encoding="UTF-8", with_tail=False))


def _known_to_the_dictionary(element: _Element) -> _Element:
    """The element in a document whose dictionary holds ``#default``: lxml passes on only prefixes found there.

    All documents parsed in one thread share a dictionary. Matching a tag puts it in, and a probe proves that it did.
    """
    if not getattr(_thread, "default_interned", False):
        for _ in etree.iterparse(BytesIO(b"<a/>"), tag=_DEFAULT):
            pass
        probe = parse_own(b'<p:a xmlns:p="urn:p" xmlns="urn:d"/>')
        if _exclusive(probe, [_DEFAULT]) != b'<p:a xmlns="urn:d" xmlns:p="urn:p"></p:a>':
            raise XmlError("this build of lxml does not honour #default in a prefix list")
        _thread.default_interned = True
    return _apart(element)


def _check_cost(element: _Element, measure: Measure | None) -> None:
    """Refuse what would take out of proportion, counting no more than needed."""
    scope = len(element.nsmap)
    if scope > MAX_NAMESPACES:
        raise LimitError(
            f"{scope} namespaces are in scope; at most {MAX_NAMESPACES} are canonicalised", place=place_of(element)
        )
    if measure is not None and measure.elements * (scope + measure.namespaces) ** 2 <= MAX_COST:
        return
    text = etree.tostring(element, encoding="UTF-8", with_tail=False)
    elements, declared = text.count(b"<"), text.count(b" xmlns")  # at least as many as there are
    if elements * (scope + declared) ** 2 <= MAX_COST:
        return
    if scope + declared > MAX_NAMESPACES // 2:
        scope = _deepest_scope(element)
    else:
        scope += declared
    elements = int(element.xpath("count(descendant-or-self::*)"))
    if elements * scope * scope > MAX_COST:
        raise LimitError(
            f"{elements:,} elements with {scope} namespaces in scope are more than is canonicalised",
            place=place_of(element),
        )


def _deepest_scope(element: _Element) -> int:
    scope = deepest = len(element.nsmap) - _declared_by(element)
    for event, _ in etree.iterwalk(element, events=("start-ns", "end-ns")):
        scope += 1 if event == "start-ns" else -1
        deepest = max(deepest, scope)
        if deepest > MAX_NAMESPACES:
            raise LimitError(
                f"more than {MAX_NAMESPACES} namespaces are in scope; at most that many are canonicalised",
                place=place_of(element),
            )
    return deepest


def _declared_by(element: _Element) -> int:
    parent = element.getparent()
    return len(element.nsmap) - (len(parent.nsmap) if parent is not None else 0)
