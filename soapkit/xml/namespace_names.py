"""Namespace names that libxml2 refuses, since they are no URIs: in Cyrillic, with umlauts, with blanks in them.

Which characters a namespace name has is not a matter of being well-formed (Namespaces in XML 1.0, 2.3 and 7), and other
stacks take any. libxml2 goes on reading after such a name and says at the end that the document is wrong. It can be
told to give the tree all the same, but then it passes over mistakes too, some without a word: so expat is asked first.
"""

from __future__ import annotations

from typing import Any
from xml.parsers import expat

from lxml import etree
from lxml.etree import _Element

NAME_IS_NO_URI = etree.ErrorTypes.WAR_NS_URI
MOST_NAMES = 50  # that are no URIs, in one document: libxml2 falls silent after a hundred


def is_of_a_namespace_name(error: etree.XMLSyntaxError) -> bool:
    """Whether an error is of a name that is no URI. More may be wrong with the document."""
    return bool(error.code == NAME_IS_NO_URI)


def root_with_any_names(data: bytes, *, base_url: str | None = None, **options: Any) -> _Element | None:
    """The root of a document that is well-formed but for such names; None where anything else is wrong with it.

    Names with braces stay refused: a Clark name could not say where they end. So do documents with elements or
    attributes by names that the fourth edition of XML 1.0 does not know, by which expat goes.

    `options`: those of `lxml.etree.XMLParser` that it was read with before.

    >>> root_with_any_names('<a xmlns="urn:Обмен данными"/>'.encode()).tag
    '{urn:Обмен данными}a'
    """
    if not _is_well_formed(data):
        return None
    parser = etree.XMLParser(recover=True, **options)
    root: _Element = etree.fromstring(data, parser, base_url=base_url)
    log = parser.error_log
    if len(log) >= MOST_NAMES or any(entry.type != NAME_IS_NO_URI for entry in log):
        return None
    if any("}" in found[1] for _, found in etree.iterwalk(root, events=("start-ns",)) if found):
        return None
    return root


def _is_well_formed(data: bytes) -> bool:
    """By expat, with namespaces; nothing external is opened."""
    judge = expat.ParserCreate(namespace_separator="\f")  # no character of XML: expat refuses names with it
    try:
        judge.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError):  # the last two: encodings that it does not know
        return False
    return True
