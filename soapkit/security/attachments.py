"""References to attachments: which one a ``cid:`` means, and what of it a signature covers.

The law of this file: a reference means one attachment of this very message, by its Content-ID, or none. Nothing
outside is ever opened, and two parts that one reference could mean are refused.

WSS SOAP Messages with Attachments Profile 1.1, 5.2 and 5.3; RFC 2392.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from lxml.etree import _Element

from soapkit.attachment import Attachment
from soapkit.errors import SecurityError
from soapkit.security.markup import TRANSFORM, TRANSFORMS, algorithm_of, one
from soapkit.security.mime_canonical import canonical_content, canonical_fields
from soapkit.soap.attachments import SIGNED_FIELDS, part_headers
from soapkit.xml.names import SWA
from soapkit.xml.walk import children, place_of

CONTENT_TRANSFORM = f"{SWA}#Attachment-Content-Signature-Transform"
COMPLETE_TRANSFORM = f"{SWA}#Attachment-Complete-Signature-Transform"

_WHOLE_BY = {CONTENT_TRANSFORM: False, COMPLETE_TRANSFORM: True}
_TRANSFORMS = {whole: uri for uri, whole in _WHOLE_BY.items()}
_UNESCAPED = "@=*!$,:()-._~"  # in an identifier of RFC 2392; a plus is a blank to some


@dataclass(frozen=True, slots=True)
class SignedAttachment:
    """An attachment that a signature covers. `whole`: with its header fields; else its content alone."""

    attachment: Attachment
    whole: bool


def is_cid(uri: str) -> bool:
    """Whether a URI refers to an attachment."""
    return uri[:4].lower() == "cid:"


def cid_of(attachment: Attachment) -> str:
    """The URI of an attachment."""
    return f"cid:{quote(attachment.content_id, safe=_UNESCAPED)}"


def attachment_named(attachments: Sequence[Attachment], uri: str, *, by: _Element) -> Attachment:
    """The attachment that a URI means; `by` is the element that refers to it.

    Peers write identifiers escaped or as they are: an attachment whose identifier is either is meant. Raises
    `SecurityError` for none, or several.
    """
    if not is_cid(uri):
        raise SecurityError(f"expected the Content-ID of an attachment (cid:), found {uri!r:.120}", place=place_of(by))
    wanted = {uri[4:], unquote(uri[4:])}
    found = [each for each in attachments if each.content_id in wanted]
    if len(found) != 1:
        told = "no attachment has" if not found else f"{len(found)} attachments have"
        raise SecurityError(f"{told} the Content-ID of {uri!r:.120}", place=place_of(by))
    return found[0]


def read_signature_transform(reference: _Element) -> bool:
    """Whether a ds:Reference to an attachment covers its header fields too. Raises `SecurityError` for transforms other
    than the one of the profile: no other yields what it says that it covers."""
    transforms = list(children(one(reference, TRANSFORMS)))
    whole = _WHOLE_BY.get(algorithm_of(transforms[0])) if len(transforms) == 1 else None
    if whole is None or transforms[0].tag != TRANSFORM:
        raise SecurityError(
            "a reference to an attachment has one transform of the SwA profile, and no other", place=place_of(reference)
        )
    return whole


def signature_transform(*, whole: bool) -> str:
    """The URI of the transform that `read_signature_transform` reads."""
    return _TRANSFORMS[whole]


def digest_of(attachment: Attachment, fields: Mapping[str, str] | None, name: str) -> bytes:
    """The hash, by its name, of an attachment in canonical form, read piece by piece; with `fields`, its header fields.

    Raises as `canonical_content` and `canonical_fields` do; `OSError` where its file cannot be read.
    """
    made = hashlib.new(name, usedforsecurity=False)
    if fields is not None:
        made.update(canonical_fields(fields))
    for piece in canonical_content(attachment):
        made.update(piece)
    return made.digest()


def fields_sent(attachment: Attachment) -> dict[str, str]:
    """The header fields that an attachment is sent with, of those that say what it is, by name in lower case."""
    headers = {name.lower(): value for name, value in part_headers(attachment).items()}
    return {name: headers[name] for name in SIGNED_FIELDS if name in headers}


def fields_received(attachment: Attachment) -> dict[str, str]:
    """The header fields that an attachment came with, as they came."""
    return fields_sent(attachment) | dict(attachment.headers)
