"""A generator of signature wrapping: one signed message in, thousands of messages with a forged element out.

The signed element is kept somewhere, so that its reference still finds it, and a forged one stands in its place.
Varied, each with each: the parent that the signed element is moved under (every element of the message, the forged one
too), its place among that parent's children, what is wrapped around it, and how the ids of both are written. And
messages that keep the whole old envelope inside a new one.

McIntosh, Austel, "XML signature element wrapping attacks and countermeasures" (SWS 2005); Jensen, Liao, Schwenk, "The
curse of namespaces in the domain of XML signature" (SWS 2009); Somorovsky et al., "On breaking SAML" (USENIX 2012).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import product

from lxml import etree

from soapkit.xml.names import DS, WSSE, WSU, XENC

FORGED = "FORGED-BY-MALLORY"

SECURITY = f"{{{WSSE}}}Security"
WSU_ID = f"{{{WSU}}}Id"
SPELLINGS = (WSU_ID, "Id", "ID", "AssertionID", "{http://www.w3.org/XML/1998/namespace}id")

_SOAP = "{soap}"  # stands for the namespace of the message's own envelope
WRAPPERS = (
    None,
    "{urn:any}wrapper",
    f"{_SOAP}Header",
    f"{_SOAP}Body",
    f"{_SOAP}Envelope",
    SECURITY,
    f"{{{WSSE}}}Embedded",
    f"{{{DS}}}Object",
    f"{{{XENC}}}EncryptedData",
)
# How the id of the forged element, and of the signed one, is written: as it was, another value, not at all, or the same
# value under another of the attributes that are ids somewhere.
IDS = (
    ("same", "same"),
    ("other", "same"),
    ("none", "same"),
    ("respelled", "same"),
    ("same", "respelled"),
    ("none", "respelled"),
    ("none", SPELLINGS[2]),
    ("none", SPELLINGS[4]),
    ("same", "none"),
    ("same", "other"),
)


@dataclass(frozen=True)
class Variant:
    """Where the signed element went: under element number `parent`, child number `at`, in `wrapper`, ids as `ids`."""

    parent: int
    at: int
    wrapper: str | None
    ids: tuple[str, str]
    whole: bool = False

    def __str__(self) -> str:
        what = "old envelope" if self.whole else "signed element"
        return f"{what} as child {self.at} of element {self.parent} in {self.wrapper or 'nothing'}, ids {self.ids}"


class Wrapping:
    """The variants of one `message` whose signed element `find` finds in a tree of it.

    `forgery`: makes the forged element of a copy of the signed one, and may take from that; unless said, a request in
    the place of its content. `variants`: all there are; `forge`: the message of one of them; `sample`: a fixed choice,
    always the same.
    """

    def __init__(
        self,
        message: bytes,
        find: Callable[[etree._Element], etree._Element],
        forgery: Callable[[etree._Element, etree._Element], None] | None = None,
    ) -> None:
        self.message = message
        self.find = find
        self.forgery = forgery or _other_content
        self.soap = etree.QName(etree.fromstring(message)).namespace
        moved = [
            Variant(number, at, wrapper, ids)
            for number, at in _places(self._forged()[0])
            for wrapper, ids in product(WRAPPERS, IDS)
        ]
        kept = [
            Variant(number, at, wrapper, ("none", "same"), whole=True)
            for number, at in _places(self._enclosing()[0])
            for wrapper in WRAPPERS
        ]
        self.variants = [*moved, *kept]

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        for variant in self.variants:
            yield str(variant), self.forge(variant)

    def sample(self, most: int) -> Iterator[tuple[str, bytes]]:
        """As many of the variants, the same at each call."""
        chosen = random.Random(most).sample(self.variants, min(most, len(self.variants)))
        for variant in chosen:
            yield str(variant), self.forge(variant)

    def forge(self, variant: Variant) -> bytes:
        """The message of one variant."""
        root, forged, signed = self._enclosing() if variant.whole else self._forged()
        holder, at = list(root.iter(etree.Element))[variant.parent], variant.at
        if variant.wrapper is not None:
            wrapper = etree.Element(variant.wrapper.replace(_SOAP, f"{{{self.soap}}}"))
            if wrapper.tag == SECURITY:
                wrapper.set(f"{{{self.soap}}}actor", "urn:nobody")
            holder.insert(at, wrapper)
            holder, at = wrapper, 0
        holder.insert(at, signed)
        _write_id(forged, variant.ids[0])
        _write_id(signed, variant.ids[1])
        return etree.tostring(root)

    def _forged(self) -> tuple[etree._Element, etree._Element, etree._Element]:
        """A tree of the message with a forged element in the place of the signed one, that one, and the signed one."""
        root = etree.fromstring(self.message)
        signed = self.find(root)
        forged = deepcopy(signed)
        self.forgery(forged, signed)
        holder = signed.getparent()
        assert holder is not None, "what is wrapped is not the root"
        signed.tail = forged.tail = None
        holder.replace(signed, forged)
        return root, forged, signed

    def _enclosing(self) -> tuple[etree._Element, etree._Element, etree._Element]:
        """An envelope with the security header and a forged element, that one, and the old envelope without the header:
        together they hold each id once."""
        old = etree.fromstring(self.message)
        for header in list(old.iter(SECURITY)):
            _take_out(header)
        root, forged, _ = self._forged()
        for element in root.iter(etree.Element):
            if not any(around.tag == SECURITY for around in (element, *element.iterancestors())):
                for spelling in SPELLINGS:
                    element.attrib.pop(spelling, None)
        return root, forged, old


def _places(root: etree._Element) -> Iterator[tuple[int, int]]:
    """Every place in a tree: the number of an element, and one among its children."""
    for number, parent in enumerate(root.iter(etree.Element)):
        for at in range(len(parent) + 1):
            yield number, at


def _other_content(forged: etree._Element, _signed: etree._Element) -> None:
    for child in list(forged):
        forged.remove(child)
    forged.text = None
    etree.SubElement(forged, "{urn:bank}transfer").text = FORGED


def _take_out(element: etree._Element) -> None:
    holder = element.getparent()
    if holder is not None:
        holder.remove(element)


def _write_id(element: etree._Element, how: str) -> None:
    spelling = next((name for name in SPELLINGS if name in element.attrib), None)
    if how == "same" or spelling is None:
        return
    value = element.attrib.pop(spelling)
    if how == "other":
        element.set(spelling, f"{value}-2")
    elif how == "respelled":
        element.set("Id" if spelling != "Id" else WSU_ID, value)
    elif how != "none":
        element.set(how, value)


def believed(
    messages: Iterator[tuple[str, bytes]], verify: Callable[[bytes], bytes], error: type[Exception]
) -> tuple[int, list[str]]:
    """How many there were, and the labels of those of which `verify` gave something forged to go on with.

    `verify` gives the text of what it believes, or raises an `error`; anything else that it raises is a failure.
    """
    tried, fooled = 0, []
    for label, message in messages:
        tried += 1
        try:
            found = verify(message)
        except error:
            continue
        if FORGED.encode() in found:
            fooled.append(label)
    return tried, fooled
