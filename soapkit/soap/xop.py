"""XOP: base64 in an envelope <-> attachments that it refers to.

optimise    base64 in the envelope -> xop:Include, attachments       (XOP 1.0, 3.1)
inline      xop:Include, attachments -> base64 in the envelope       (XOP 1.0, 3.2)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import quote

from lxml import etree
from lxml.etree import _Element

from soapkit.attachment import Attachment
from soapkit.errors import LimitError, MessageError
from soapkit.soap.attachments import DEFAULT_ATTACHMENT_LIMITS, AttachmentLimits, Package, look_up
from soapkit.soap.envelope import Envelope
from soapkit.xml.base64 import to_base64
from soapkit.xml.names import DS, XENC, XOP, clark
from soapkit.xml.walk import place_of

INCLUDE = clark(XOP, "Include")

_SIGNATURE_REFERENCE = clark(DS, "Reference")
_CIPHER_REFERENCE = clark(XENC, "CipherReference")


def include(attachment: Attachment) -> str:
    """The ``xop:Include`` element that refers to an attachment, as text."""
    return f'<xop:Include xmlns:xop="{XOP}" href="{uri_of(attachment)}"/>'


def uri_of(attachment: Attachment) -> str:
    """The ``cid:`` URI of an attachment (RFC 2392, 2)."""
    return f"cid:{quote(attachment.content_id, safe='@*!$,;:()+-._~')}"


def another(attachment: Attachment) -> Attachment:
    """The same content as a part of its own: MTOM 1.0, 4.3.1.2, has each part referred to once, and CXF, which reads
    parts as a stream, finds nothing in one that was read before. The content may be in a file that goes away with the
    first, so keep both."""
    return Attachment(
        attachment.content, attachment.content_type, location=attachment.location, headers=attachment.headers
    )


def optimise(envelope: Envelope, contents: Mapping[str, Attachment]) -> tuple[Attachment, ...]:
    """Take binary content out of an envelope: ``xop:Include`` in its place, and the attachments it refers to.

    `contents`: by the canonical base64 in which the envelope has them (XOP, 3.1: another form could not be put back as
    it was). Works on the tree it is given.
    """
    found: dict[str, Attachment] = {}
    for element in list(envelope.body.iter(etree.Element)) if contents else ():
        attachment = contents.get(element.text or "")
        if attachment is not None and not len(element):
            attachment = another(attachment) if attachment.content_id in found else attachment
            found[attachment.content_id] = attachment
            element.text = None
            element.append(etree.fromstring(include(attachment)))
    return tuple(found.values())


def inline(
    package: Package,
    *,
    strict: bool = False,
    decrypted: Collection[_Element] = (),
    limits: AttachmentLimits = DEFAULT_ATTACHMENT_LIMITS,
) -> Envelope:
    """The envelope with every ``xop:Include`` replaced by the base64 it stands for; what a signature covers, and a
    schema describes. Works on the tree it is given. `strict`: refuse attachments that no Include refers to.

    What went into the envelope is no attachment of it any more, unless a signature or a cipher refers to it as one. An
    Include whose attachment is encrypted waits until that is decrypted: until its EncryptedData is among `decrypted`.

    Raises `MessageError` for an Include without its attachment, beside other content, or inside another; `LimitError`
    where one small package would become a large envelope.
    """
    total = 0
    references = package.references()
    root = package.envelope.root
    encrypted = _named_by(root, _CIPHER_REFERENCE, references, but=decrypted)
    taken: list[Attachment] = []
    for element in list(root.iter(INCLUDE)):
        parent = element.getparent()
        attachment = _included(references, element, parent)
        if id(attachment) in encrypted:
            continue
        taken.append(attachment)
        total += attachment.size
        if total > limits.total_bytes:
            raise LimitError(
                f"the attachments come to more than {limits.total_bytes:,} bytes inside the message",
                place=place_of(element, "message"),
            )
        assert parent is not None
        parent.remove(element)
        parent.text = to_base64(attachment.read())
    gone = {id(attachment) for attachment in taken}
    unused = [each.content_id for each in package.attachments if id(each) not in gone] if strict else []
    if unused:
        raise MessageError(f"nothing in the message refers to its attachments {', '.join(sorted(unused))}")
    if not package.attachments:
        return package.envelope
    for tag in (_CIPHER_REFERENCE, _SIGNATURE_REFERENCE):
        gone -= _named_by(root, tag, references)
    return package.envelope.with_attachments(each for each in package.attachments if id(each) not in gone)


def _named_by(
    root: _Element, tag: str, references: Mapping[str, Attachment], but: Collection[_Element] = ()
) -> set[int]:
    """The attachments, by identity (equal ones are two), that elements of that name refer to by their URI; `but`: not
    those within these."""
    if not references:
        return set()
    elements = (each for each in root.iter(tag) if not but or set(but).isdisjoint(each.iterancestors()))
    found = (look_up(references, element.get("URI", "")) for element in elements)
    return {id(attachment) for attachment in found if attachment is not None}


def _included(references: Mapping[str, Attachment], element: _Element, parent: _Element | None) -> Attachment:
    """The attachment that an Include refers to."""
    alone = parent is not None and len(parent) == 1 and len(list(element.iter(INCLUDE))) == 1
    if not alone or _is_text(element.tail) or (parent is not None and _is_text(parent.text)):
        raise MessageError("an xop:Include is the only content of its element", place=place_of(element, "message"))
    reference = element.get("href", "")
    attachment = look_up(references, reference) if reference else None
    if attachment is None:
        raise MessageError(f"the message has no attachment for {reference!r}", place=place_of(element, "message"))
    return attachment


def _is_text(text: str | None) -> bool:
    return text is not None and not text.isspace() and text != ""
