"""A stranger's bytes -> a tree, safely.

The law of this file: every tree in soapkit that did not come from our own encoder was made by `parse_message()` or
`parse_document()`. No DTD of a message is ever read, nothing external is ever opened, no entity is expanded without
a bound, and what lxml does not limit (attributes, namespaces, children) is limited here.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from lxml import etree
from lxml.etree import _Element

from soapkit.errors import LimitError, Place, XmlError
from soapkit.xml.huge import LIBXML2_TEXT, has_doctype, is_of_size
from soapkit.xml.measure import Measure, is_like_ascii, measure_of
from soapkit.xml.namespace_names import is_of_a_namespace_name, root_with_any_names
from soapkit.xml.walk import tag_of

LIBXML2_DEPTH = 256


@dataclass(frozen=True, slots=True)
class XmlLimits:
    """How large a document may be. The defaults are generous for messages and fatal for bombs.

    `bytes`: of the document; `depth`: of nesting (256 at most); `text`: characters of one text (10 MB at most of an
    attribute); `elements`: in all; `children`, `attributes`: of one element;
    `namespaces`: declarations in all; `in_scope`: at one element (canonicalisation costs the square of them).
    """

    bytes: int = 128 * 1024 * 1024
    depth: int = LIBXML2_DEPTH
    text: int = 128 * 1024 * 1024
    elements: int = 5_000_000
    children: int = 5_000_000
    attributes: int = 500
    namespaces: int = 200_000
    in_scope: int = 128


DEFAULT_LIMITS = XmlLimits()

_local = threading.local()

_Kind: TypeAlias = Literal["own", "message", "exact", "contract"]
_OF_STRANGERS: Mapping[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "huge_tree": False,
    "remove_comments": True,  # a comment inside a value would cut its text in two
    "remove_pis": False,  # told apart from comments: a message may not carry any
    "remove_blank_text": False,
}
_OPTIONS: Mapping[_Kind, Mapping[str, Any]] = {
    "own": {"resolve_entities": False, "no_network": True, "remove_comments": True, "huge_tree": True},
    "message": _OF_STRANGERS,
    "exact": {**_OF_STRANGERS, "remove_comments": False},
    # no collect_ids=False here: it makes libxml2 load the external DTD, from the disk too
    "contract": {**_OF_STRANGERS, "resolve_entities": "internal", "remove_pis": True},
}

# A DOCTYPE can only stand before the root element: after the declaration, comments, processing instructions, blanks.
# Atomic groups: without them, forty comments before a mistake would keep the expression busy for ever.
_DOCTYPE = re.compile(rb"\s*+(?:<\?(?>.*?\?>)\s*+|<!--(?>.*?-->)\s*+)*+<!DOCTYPE", re.DOTALL)


def _parser(kind: _Kind) -> etree.XMLParser:
    """One parser of a kind a thread, kept: making one costs as much as reading a small message."""
    parser: etree.XMLParser | None = getattr(_local, kind, None)
    if parser is None:
        parser = etree.XMLParser(**_OPTIONS[kind])
        setattr(_local, kind, parser)
    return parser


def parse_own(text: bytes | str) -> _Element:
    """The root element of what this process has just written itself, or has read before, within limits."""
    return _root_of(text, _parser("own"), _OPTIONS["own"])


def _root_of(
    text: bytes | str, parser: etree.XMLParser, options: Mapping[str, Any], base_url: str | None = None
) -> _Element:
    """The root that a parser of these options reads, whatever its namespace names."""
    try:
        return etree.fromstring(text, parser, base_url=base_url)
    except etree.XMLSyntaxError as error:
        if not is_of_a_namespace_name(error):
            raise
        data = text.encode() if isinstance(text, str) else text
        root = root_with_any_names(data, base_url=base_url, **options)
        if root is None:
            raise
        return root


def _root_within(data: bytes, kind: _Kind, source: str, limits: XmlLimits) -> _Element:
    """The root of a stranger's document, which may have texts longer than libxml2 takes unless told, where it has no
    DOCTYPE. Raises as lxml does, and `LimitError`."""
    try:
        return _root_of(data, _parser(kind), _OPTIONS[kind])
    except etree.XMLSyntaxError as error:
        may_be = is_of_size(error) or is_of_a_namespace_name(error)  # the first mistake is told, not the last
        if not may_be or min(limits.text, len(data)) <= LIBXML2_TEXT or has_doctype(data):
            raise
    huge = {**_OPTIONS[kind], "huge_tree": True}
    root = _root_of(data, etree.XMLParser(**huge), huge)
    check_depth(root, source, min(limits.depth, LIBXML2_DEPTH))
    check_texts(root, source, limits.text)
    return root


def parse_message(data: bytes, *, source: str = "message", limits: XmlLimits = DEFAULT_LIMITS) -> _Element:
    """Parse the bytes of a message to its root element.

    Comments are dropped. Raises `XmlError` for what is not well-formed and for a DOCTYPE or a processing
    instruction (SOAP 1.1, 3; SOAP 1.2 part 1, 5), `LimitError` beyond `limits`; both with line and column.

    >>> parse_message(b"<a>1</a>").tag
    'a'
    """
    return parse_measured(data, source=source, limits=limits)[0]


def parse_measured(
    data: bytes, *, source: str = "message", limits: XmlLimits = DEFAULT_LIMITS
) -> tuple[_Element, Measure]:
    """As `parse_message`, with the most that the tree can have, for who would have to walk it to know."""
    root, measure = _parse(data, "message", source, limits), measure_of(data)
    if _may_hold_instructions(data) and (found := _instructions(root)):
        raise XmlError("a message may not carry a processing instruction", place=Place(source, found[0].sourceline))
    check_limits(root, measure, source=source, limits=limits)
    return root, measure


def parse_exact(data: bytes, *, source: str = "document", limits: XmlLimits = DEFAULT_LIMITS) -> _Element:
    """Parse a document that may carry signatures to its root element: as `parse_message` does, except that comments and
    processing instructions stay, since they count in canonical forms and must be seen to be refused.

    Raises `XmlError` for what is not well-formed and for a DOCTYPE, `LimitError` beyond `limits`.
    """
    return parse_exact_measured(data, source=source, limits=limits)[0]


def parse_exact_measured(
    data: bytes, *, source: str = "document", limits: XmlLimits = DEFAULT_LIMITS
) -> tuple[_Element, Measure]:
    """As `parse_exact`, with the most that the tree can have."""
    root, measure = _parse(data, "exact", source, limits), measure_of(data)
    check_limits(root, measure, source=source, limits=limits)
    return root, measure


def _parse(data: bytes, kind: _Kind, source: str, limits: XmlLimits) -> _Element:
    if len(data) > limits.bytes:
        raise LimitError(f"{len(data):,} bytes; at most {limits.bytes:,} are read", place=Place(source))
    try:
        root = _root_within(data, kind, source, limits)
    except etree.XMLSyntaxError as error:
        raise _told(error, data, source, doctype=False) from None
    except ValueError as error:
        raise XmlError(str(error), place=Place(source)) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise XmlError("a message may not carry a DOCTYPE", place=Place(source, 1))
    return root


def parse_document(
    data: bytes, *, source: str, limits: XmlLimits = DEFAULT_LIMITS, base_url: str | None = None
) -> _Element:
    """Parse a contract (WSDL, schema, policy, catalog) to its root element.

    A contract may carry an internal DTD subset, whose general entities are expanded by libxml2 within its
    amplification limit; nothing external is opened. Comments and processing instructions are dropped.

    Raises `XmlError` and `LimitError` as `parse_message` does.
    """
    if len(data) > limits.bytes:
        raise LimitError(f"{len(data):,} bytes; at most {limits.bytes:,} are read", place=Place(source))
    if not data.strip():
        raise XmlError("the document is empty", place=Place(source, 1))
    try:
        root = _root_of(data, _parser("contract"), _OPTIONS["contract"], base_url)
    except etree.XMLSyntaxError as error:
        raise _told(error, data, source, doctype=True) from None
    except ValueError as error:
        raise XmlError(str(error), place=Place(source)) from None
    check_limits(root, measure_of(data), source=source, limits=limits)
    return root


def check_limits(root: _Element, measure: Measure, *, source: str, limits: XmlLimits = DEFAULT_LIMITS) -> None:
    """Raise `LimitError` where the tree under `root` exceeds what lxml itself does not limit.

    `measure`: the most that it can have, which spares ordinary documents the walk.
    """
    if measure.attributes > min(limits.attributes, limits.namespaces, limits.in_scope):
        found = next((each for each in root.iter(etree.Element) if len(each.attrib) > limits.attributes), None)
        if found is not None:
            raise LimitError(
                f"element {tag_of(found)} has {len(found.attrib):,} attributes; at most {limits.attributes:,} are read",
                place=Place(source, found.sourceline),
            )
        if measure.namespaces > limits.in_scope:
            _check_namespaces(root, source, limits)
    if measure.elements > limits.elements and sum(1 for _ in root.iter()) > limits.elements:
        raise LimitError(f"the document has more than {limits.elements:,} elements", place=Place(source))
    wide = (each for each in root.iter() if len(each) > limits.children)
    if measure.elements > limits.children and (many := next(wide, None)) is not None:
        told = f"element {tag_of(many)} has {len(many):,} children; at most {limits.children:,} are read"
        raise LimitError(told, place=Place(source, many.sourceline))
    if limits.depth < LIBXML2_DEPTH:
        check_depth(root, source, limits.depth)
    if limits.text < LIBXML2_TEXT and measure.bytes > limits.text:
        check_texts(root, source, limits.text)


def check_depth(root: _Element, source: str, most: int) -> None:
    """Raise `LimitError` where elements are nested deeper than `most`, the root counting as one."""
    depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > most:
            raise LimitError(f"elements are nested more than {most} deep", place=Place(source, element.sourceline))


def check_texts(root: _Element, source: str, most: int) -> None:
    """Raise `LimitError` where a text has more characters than `most`, or an attribute more than libxml2 takes."""
    for element in root.iter(etree.Element):
        for kind, text, limit in (
            ("a text", element.text, most),
            ("a text", element.tail, most),
            *(("an attribute", str(value), min(most, LIBXML2_TEXT)) for value in element.attrib.values()),
        ):
            if text is not None and len(text) > limit:
                told = f"{kind} has {len(text):,} characters; at most {limit:,} are read"
                raise LimitError(told, place=Place(source, element.sourceline))


def may_have_too_many(data: bytes, limits: XmlLimits = DEFAULT_LIMITS) -> bool:
    """Whether a document may be larger, or have more elements, than the limits allow, as its bytes tell: each element
    has an end, with a slash in it."""
    if len(data) > limits.bytes:
        return True
    most = limits.elements
    return len(data) >= 4 * most and data.count(b"/") > most and data.count(b"</") + data.count(b"/>") > most


def _check_namespaces(root: _Element, source: str, limits: XmlLimits) -> None:
    declared = 0
    for _event in etree.iterwalk(root, events=("start-ns",)):
        declared += 1
        if declared > limits.namespaces:
            raise LimitError(
                f"the document declares more than {limits.namespaces:,} namespaces",
                place=Place(source, root.sourceline),
            )
    if declared > limits.in_scope:
        scope = 0
        for event, element in etree.iterwalk(root, events=("start-ns", "end-ns", "start")):
            scope += 1 if event == "start-ns" else -1 if event == "end-ns" else 0
            if scope > limits.in_scope:
                raise LimitError(
                    f"more than {limits.in_scope} namespaces are in scope at one element",
                    place=Place(source, getattr(element, "sourceline", None)),
                )


def _may_hold_instructions(data: bytes) -> bool:
    """A look at the bytes spares nearly every message the walk: only the XML declaration may start with ``<?``."""
    if not is_like_ascii(data):
        return True
    start = data.find(b"?>") + 2 if data.startswith((b"<?xml ", b"\xef\xbb\xbf<?xml ")) else 0
    # One character is found thirty times sooner than two.
    return data.find(b"?", start) >= 0 and data.find(b"<?", start) >= 0


def _instructions(root: _Element) -> list[_Element]:
    around = (*root.itersiblings(preceding=True), *root.itersiblings())
    return [*root.iter(etree.ProcessingInstruction), *(node for node in around if callable(node.tag))]


_AGAIN = re.compile(r"\s*,? line \d+, column \d+( \(.*\))?$")  # the place, which is told by itself


def words_of(error: etree.XMLSyntaxError) -> str:
    """What the parser says is wrong, without its place."""
    return _AGAIN.sub("", error.msg or "not well-formed").strip()


def _told(error: etree.XMLSyntaxError, data: bytes, source: str, *, doctype: bool) -> XmlError:
    """The parser's complaint in words a person can use."""
    line, column = error.position
    place = Place(source, line or None, column or None)
    message = words_of(error)
    if not doctype and _DOCTYPE.match(data):
        told = "a DOCTYPE is not accepted, nor are its entities"
        return XmlError(f"{told}: {message}", place=Place(source, 1), bare=told)
    if "XML_PARSE_HUGE" in message or "huge" in message.lower():
        # libxml2's own limits: depth 256, text 10 MB, names and attribute values likewise
        return LimitError(f"the document is beyond a limit of the parser: {message.split(',')[0]}", place=place)
    if not data.strip():
        return XmlError("expected XML, found nothing", place=place)
    if data.lstrip()[:1] != b"<" and not data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return XmlError(f"expected XML, found {data[:40]!r}", place=place, bare="expected XML")
    return XmlError(f"not well-formed XML: {message}", place=place, bare="not well-formed XML")
