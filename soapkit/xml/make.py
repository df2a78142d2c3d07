"""Elements made by hand, in any namespace.

lxml's own factories refuse namespace names that are no URIs, which `soapkit.xml.namespace_names` lets in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from lxml import etree
from lxml.etree import _Attrib, _Element

from soapkit.xml.names import split
from soapkit.xml.parse import parse_own
from soapkit.xml.serialise import escape_attribute

_Attributes: TypeAlias = "Mapping[str, str] | _Attrib"
_Prefixes: TypeAlias = Mapping[Any, str]  # Any: str or None, and a Mapping is invariant in its keys


def make_element(tag: str, attributes: _Attributes | None = None, nsmap: _Prefixes | None = None) -> _Element:
    """As `lxml.etree.Element`.

    >>> make_element("{urn:Обмен данными}a").tag
    '{urn:Обмен данными}a'
    """
    try:
        return etree.Element(tag, dict(attributes or {}), nsmap=nsmap)
    except ValueError:
        return _parsed(tag, attributes or {}, dict(nsmap or {}))


def make_child(
    parent: _Element, tag: str, attributes: _Attributes | None = None, nsmap: _Prefixes | None = None
) -> _Element:
    """As `lxml.etree.SubElement`."""
    try:
        return etree.SubElement(parent, tag, dict(attributes or {}), nsmap=nsmap)
    except ValueError:
        made = _parsed(tag, attributes or {}, {**parent.nsmap, **(nsmap or {})})
        parent.append(made)  # which takes away what is declared there already
        return made


def _parsed(tag: str, attributes: _Attributes, nsmap: dict[str | None, str]) -> _Element:
    namespace, local = split(tag)
    prefix: str | None
    if namespace and namespace not in nsmap.values():
        nsmap[next(prefix for number in range(len(nsmap) + 1) if (prefix := f"ns{number}") not in nsmap)] = namespace
    prefix = next((known for known, uri in nsmap.items() if uri == namespace), None)
    name = f"{prefix}:{local}" if prefix else local
    declared = "".join(
        f' xmlns{f":{known}" if known else ""}="{escape_attribute(uri)}"' for known, uri in nsmap.items()
    )
    made = parse_own(f"<{name}{declared}/>")
    for key, value in attributes.items():
        made.set(key, value)
    return made
