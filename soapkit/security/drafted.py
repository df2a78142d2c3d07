"""The content of a Body as it was written, where it can stand for its part of the tree.

It is encrypted as it is, and tells that prefixes are used in names alone. That spares a message that was written just
now two walks over its tree.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from soapkit.security.parts import plain_name
from soapkit.security.steps import Encrypt, Sign, Step
from soapkit.soap.envelope import Draft

_PREFIX = re.compile(rb"[^\s=\"'<>&:]+")
_ATTRIBUTE = re.compile(rb"[^\s=\"'<>/&:]+=\"")  # what follows the prefix in an attribute's name
_MANY = 50  # places of a prefix that are looked at one by one
_AROUND = b"soap:"  # the one prefix that the envelope of a draft declares


def content_of(draft: Draft, steps: Sequence[Step]) -> bytes | None:
    """The Body's content, where it stands by itself and these steps leave it as it is until they encrypt it, if they
    do; else None."""
    parts = [part for step in steps if isinstance(step, (Sign, Encrypt)) for part in step.parts]
    hiding = [part for step in steps if isinstance(step, Encrypt) for part in step.parts if plain_name(part) == "Body"]
    if len(hiding) > 1 or any(part.startswith(("/", "#")) for part in parts):  # a second time it is another content
        return None
    content = draft.body.encode() if isinstance(draft.body, str) else b"".join(draft.body)
    return content if stands_by_itself(content) else None


def stands_by_itself(content: bytes) -> bool:
    """Whether content declares all prefixes that it uses, and uses them in names alone, as a look at the text tells.

    Where that would take more than a look, it does not: where words may be hidden by references, comments, or CDATA, or
    declarations are written in an unusual way. A prefix that is used in a value, as in ``xsi:type``, must be signed
    with it (Exclusive XML Canonicalization 1.0, 4).

    >>> stands_by_itself(b'<p:a xmlns:p="urn:p" p:b="1">see p</p:a>')
    True
    >>> stands_by_itself(b'<a xmlns:p="urn:p" type="p:b"/>')
    False
    """
    # one octet is found many times sooner than two
    if (b"#" in content and b"&#" in content) or (b"!" in content and b"<!" in content) or _AROUND in content:
        return False
    declared = set()
    for before, piece in pairwise(content.split(b"xmlns:")):
        prefix = piece.partition(b'="')[0]
        if not before.endswith(b" ") or not _PREFIX.fullmatch(prefix):
            return False
        declared.add(prefix)
    return all(_is_in_names_alone(prefix + b":", content) for prefix in declared)


def _is_in_names_alone(word: bytes, content: bytes) -> bool:
    at, seen = content.find(word), 0
    while at >= 0 and seen < _MANY:
        before = content[max(at - 2, 0) : at]
        is_attribute = before.endswith(b" ") and _ATTRIBUTE.match(content, at + len(word)) is not None
        if not is_attribute and not before.endswith(b"<") and before != b"</":
            return False
        at, seen = content.find(word, at + 1), seen + 1
    return at < 0 or content.count(word) == content.count(b"<" + word) + content.count(b"</" + word)
