"""A tree -> bytes, and text -> text that XML can carry."""

from __future__ import annotations

import re

from lxml import etree
from lxml.etree import _Element

from soapkit.errors import EncodeError

# XML 1.0, production 2: the characters a document cannot carry, however they are escaped.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def serialise(element: _Element, *, declaration: bool = False) -> bytes:
    """The bytes of an element, UTF-8, without its tail. The pair of `soapkit.xml.parse.parse_message`."""
    return etree.tostring(element, encoding="UTF-8", xml_declaration=declaration, with_tail=False)


def escape_text(text: str) -> str:
    """Text as element content. CR is written as a reference, since a parser would read it as LF (XML 1.0, 2.11).

    Raises `EncodeError` for a character that XML cannot carry.
    """
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    if "\r" in text:
        text = text.replace("\r", "&#13;")
    if not text.isprintable():
        check_characters(text)
    return text


def escape_attribute(text: str) -> str:
    """Text as an attribute's value between double quotes; tab, LF and CR as references (XML 1.0, 3.3.3)."""
    text = escape_text(text)
    if '"' in text:
        text = text.replace('"', "&quot;")
    if "\n" in text:
        text = text.replace("\n", "&#10;")
    if "\t" in text:
        text = text.replace("\t", "&#9;")
    return text


def check_characters(text: str) -> None:
    """Raise `EncodeError` for the first character of `text` that XML 1.0 cannot carry."""
    found = _FORBIDDEN.search(text)
    if found:
        raise EncodeError(f"character U+{ord(found.group()):04X} at position {found.start()} cannot be written in XML")
