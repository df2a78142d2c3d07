"""Binary content that travels beside the XML: where it goes and comes from while one message is written or read.

MTOM takes the bytes of xs:base64Binary out of the envelope and leaves ``<xop:Include href="cid:..."/>`` in their place.
A value of swaRef (WS-I Attachments Profile 1.0, 4.4) is the URI of an attachment.
Codecs need not know how messages are packed: who carries a message (`soapkit.exchange.processor`) says so for the time
of one encode or decode, with `carried_by`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, Protocol

from lxml.etree import _Element

from soapkit.attachment import Attachment
from soapkit.databinding.data_uri import from_data_uri, to_data_uri
from soapkit.databinding.lexical import BLANKS
from soapkit.databinding.values import Raw
from soapkit.xml.base64 import to_base64
from soapkit.xml.names import XOP, clark
from soapkit.xml.walk import children, tag_of

INCLUDE = clark(XOP, "Include")

BINARY_CLASSES = (bytes, bytearray, memoryview, Attachment)


class Parts(Protocol):
    """What travels beside one message."""

    def put(self, content: bytes | Attachment, content_type: str) -> str | None:
        """The XML that stands for `content`, which then travels beside; None: it is to stand in the XML, as base64.

        `content_type`: what the record says of it; empty if nothing.
        """
        ...

    def refer(self, attachment: Attachment) -> str:
        """The URI of an attachment, which then travels beside in any case."""
        ...

    def take(self, reference: str, *, in_memory: bool) -> Attachment:
        """What an Include's href means. Raises `ValueError` where there is nothing, or too much."""
        ...

    def referred(self, reference: str) -> Attachment:
        """What a URI in the message means. Raises `ValueError` where there is nothing."""
        ...


class _InPlace(threading.local):
    count = 0


in_place = _InPlace()
"""How many attachments were written as ``data:`` URIs, in this thread: who sends a message sees by it that parts are
needed, without having had to ask for each message."""

_parts: ContextVar[Parts | None] = ContextVar("soapkit_parts", default=None)


@contextmanager
def carried_by(parts: Parts | None) -> Iterator[None]:
    """Until its end, what is encoded or decoded in this context belongs to a message with these parts."""
    token = _parts.set(parts)
    try:
        yield
    finally:
        _parts.reset(token)


def carried() -> bool:
    """Whether what is encoded or decoded belongs to a message with parts."""
    return _parts.get() is not None


def beside(value: Any, content_type: str = "") -> str | None:
    """The XML for a value that travels beside the message; None where it stands in the XML."""
    parts = _parts.get()
    if parts is None or not isinstance(value, BINARY_CLASSES):
        return None
    return parts.put(value if isinstance(value, Attachment) else bytes(value), content_type)


def reference_to(value: Any) -> str:
    """The URI of what a message refers to: ``data:`` where nobody has said how it travels. Raises `ValueError` for what
    is no binary content."""
    if not isinstance(value, BINARY_CLASSES):
        raise ValueError(f"expected Attachment, not {type(value).__name__}")
    attachment, parts = value if isinstance(value, Attachment) else Attachment(value), _parts.get()
    if parts is not None:
        return parts.refer(attachment)
    in_place.count += 1
    return to_data_uri(attachment)


def referred(reference: str) -> Attachment:
    """What a URI in a message refers to. Raises `ValueError` where nothing of that name came with the message."""
    if reference[:5].lower() == "data:":
        return from_data_uri(reference)
    parts = _parts.get()
    if parts is None:
        raise ValueError(f"the message has no attachment for {reference!r}: nothing came beside it")
    return parts.referred(reference)


def is_included(element: _Element) -> bool:
    """Whether the content of an element is an Include of this message."""
    return len(element) > 0 and carried() and any(tag_of(child) == INCLUDE for child in children(element))


def included(element: _Element, *, in_memory: bool = True) -> Attachment:
    """What an element's ``xop:Include`` refers to (XOP 1.0, 3.2). Raises `ValueError` for anything else inside."""
    parts = _parts.get()
    inside = list(children(element))
    texts = [element.text or "", *(child.tail or "" for child in inside)]
    if parts is None or len(inside) != 1 or tag_of(inside[0]) != INCLUDE or list(inside[0].iter(INCLUDE)) != inside:
        raise ValueError("expected base64, or one xop:Include")
    if any(text.strip(BLANKS) for text in texts):
        raise ValueError("an xop:Include is the only content of its element")
    return parts.take(inside[0].get("href", ""), in_memory=in_memory)


def put_back(element: _Element) -> _Element:
    """An element that is kept as XML, with base64 in place of every Include inside. Works on the tree it is given."""
    if carried():
        for include in list(element.iter(INCLUDE)):
            parent = include.getparent()
            if parent is not None:
                content = included(parent).read()
                parent.remove(include)
                parent.text = to_base64(content)
    return element


def put_back_found(element: _Element) -> _Element:
    """The same of an element that is worth more than its attachments: an Include that refers to nothing stays."""
    with suppress(ValueError):
        put_back(element)
    return element


def kept_whole(element: _Element) -> Raw:
    """An element that is kept as XML, with base64 in place of every Include inside that refers to something."""
    return Raw(put_back_found(element))
