"""The exclusive canonical form of an element, taken from the very bytes that it was parsed from.

Who signs a message mostly sends what was signed: the canonical form of the Body stands in the message as it is, but for
its start tag. To take it from there costs next to nothing; to make it from the tree is a fifth of all that it costs to
verify a message.

Why such octets may be held against a digest in place of those that the tree comes to. Call them O. Where they have the
digest, O is what was signed, so it is the exclusive canonical form of some element. Then it is well-formed; it declares
each prefix that its names have; it has no comment, no CDATA section, and no reference but those that canonical forms
write. So what it says is what the tree has in the place where it stands, as long as

* the bytes are UTF-8, as O is;
* it stands in the place of the element. It begins with the first start tag of that name and ends with the last end tag
  of it, so that, being well-formed, it holds every element of the name: the element in question, and nothing around
  that, for the element has no parent of its own name;
* nothing around it gives a namespace to names without a prefix, unless its own start tag says so too.

These are looked at here. Where one of them cannot be seen at once, None is returned, and the tree is to be asked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache

from lxml import etree
from lxml.etree import _Element

from soapkit.errors import XmlError
from soapkit.xml.c14n import MAX_NAMESPACES, canonicalise
from soapkit.xml.names import split
from soapkit.xml.walk import tag_of

_DECLARATION = re.compile(
    rb"""<\?xml\s+version=(["'])1\.0\1(?:\s+encoding=(["'])utf-8\2)?(?:\s+standalone=(["'])(?:yes|no)\3)?\s*\?>\s*<""",
    re.IGNORECASE,
)
# with values that a canonical form writes as they are here
_START = re.compile(rb"""<([^\s<>/=&"'!?]+)((?:\s+[^\s<>/=&"']+\s*=\s*(?:"[^<>&"\t\r\n]*"|'[^<>&"'\t\r\n]*'))*)\s*>""")
_ATTRIBUTE = re.compile(rb"""([^\s=]+)\s*=\s*(["'])(.*?)\2""")
_REFERENCE = re.compile(rb"&#(?!(?:x0*[9aAdD]|0*(?:9|10|13));)")
_WRITTEN_AS_IT_IS = re.compile(r'[^<>&"\t\r\n]*')


def is_plain(data: bytes) -> bool:
    """Whether a document can be seen to be UTF-8, and each ``<`` in it, after the XML declaration, to begin a tag or an
    instruction."""
    # one octet is found many times sooner than two
    if b"!" in data and b"<!" in data:
        return False
    return (data[:1] == b"<" and data[1:2] not in b"?\0") or _DECLARATION.match(data) is not None


def refers_to_characters(data: bytes, start: int = 0) -> bool:
    """Whether a character other than a blank is written as a reference anywhere in a document from `start` on:
    ``&#x41;``. Canonical forms, and Java in base64, write ``&#xD;`` for the end of a line."""
    # one octet is found many times sooner than two
    at = data.find(b"#", start)
    return at >= 0 and _REFERENCE.search(data, max(start, at - 1)) is not None


def start_tag(element: _Element, data: bytes) -> re.Match[bytes] | None:
    """The first start tag in a document that has the name of `element`, None where it has no prefix, or values that a
    canonical form would write in another way."""
    prefix = element.prefix
    if prefix is None:
        return None
    name = f"{prefix}:{split(tag_of(element))[1]}".encode()
    found = _START.match(data, data.find(b"<" + name))
    return found if found is not None and found[1] == name else None


def verbatim(element: _Element, data: bytes, prefixes: Collection[str] = ()) -> bytes | None:
    """The octets that the exclusive canonical form of `element` is, if they are one of anything; None where that cannot
    be said.

    `data`: the document that the element was parsed from, which nobody has changed since, and where it has no parent of
    its own name; `prefixes`: as `soapkit.xml.c14n.canonicalise` takes them.

    >>> from soapkit.xml.parse import parse_message
    >>> message = b'<a xmlns:p="urn:p"><p:b z="1" y="2"><c/></p:b></a>'
    >>> verbatim(parse_message(message)[0], message)
    b'<p:b xmlns:p="urn:p" y="2" z="1"><c/></p:b>'
    """
    scope: Mapping[str | None, str] = element.nsmap
    if None in scope or not is_plain(data):
        return None
    tag = start_tag(element, data)
    if tag is None:
        return None
    end = data.rfind(b"</" + tag[1])
    after = end + 2 + len(tag[1])
    opening = _opening(tag, scope, prefixes) if end >= tag.end() and data[after : after + 1] == b">" else None
    return b"".join((opening, data[tag.end() : after + 1])) if opening is not None else None


def _opening(tag: re.Match[bytes], scope: Mapping[str | None, str], prefixes: Collection[str]) -> bytes | None:
    """A start tag as the exclusive canonical form has it."""
    attributes = _ATTRIBUTE.findall(tag[2])
    plan = _plan(tag[1], tuple([name for name, _, _ in attributes]), tuple(scope.items()), tuple(prefixes))
    if plan is None:
        return None
    start, order = plan
    return b"".join([start, *[b' %b="%b"' % attributes[number][::2] for number in order], b">"])


@lru_cache(maxsize=256)
def _plan(
    name: bytes, attributes: tuple[bytes, ...], scope: tuple[tuple[str | None, str], ...], prefixes: tuple[str, ...]
) -> tuple[bytes, list[int]] | None:
    """What a start tag with attributes of these names begins with in the exclusive canonical form, and in which order
    the attributes follow (Exclusive XML Canonicalization 1.0, 3). None where that is not told by the names alone."""
    namespaces = {prefix: uri for prefix, uri in scope if prefix is not None}
    used = {name.partition(b":")[0].decode(), *(each for each in prefixes if each in namespaces)}
    found: list[tuple[str, str, int]] = []
    for number, attribute in enumerate(attributes):
        prefix, colon, local = attribute.decode().partition(":")
        if not colon:
            if prefix != "xmlns":
                found.append(("", prefix, number))
        elif prefix != "xmlns":
            used.add(prefix)
            found.append((namespaces.get(prefix, ""), local, number))
    own = {name.removeprefix(b"xmlns:").decode() for name in attributes if name.startswith(b"xmlns:")}
    if not _may_be_canonical({prefix: namespaces.get(prefix, "") for prefix in own}, len(scope)):
        return None
    # the prefix xml is declared by nobody
    if not used.issubset(namespaces) or not all(_WRITTEN_AS_IT_IS.fullmatch(namespaces[each]) for each in used):
        return None
    declared = [f' xmlns:{prefix}="{namespaces[prefix]}"'.encode() for prefix in sorted(used)]
    return b"".join((b"<", name, *declared)), [number for _, _, number in sorted(found)]


def _may_be_canonical(declared: Mapping[str | None, str], scope: int) -> bool:
    """Whether canonical forms are made of an element that declares these namespaces, used or not, with as many in
    scope: not where one is a relative URI."""
    if scope > MAX_NAMESPACES:
        return False
    try:
        canonicalise(etree.Element("a", None, declared))
    except (XmlError, ValueError):
        return False
    return True
