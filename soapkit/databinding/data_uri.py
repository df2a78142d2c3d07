"""``data:`` URIs (RFC 2397): an attachment where there is no message that it could travel beside."""

from __future__ import annotations

from urllib.parse import quote, unquote, unquote_to_bytes

from soapkit.attachment import Attachment
from soapkit.databinding.lexical import parse_base64
from soapkit.xml.base64 import to_base64

_PLAIN = "text/plain;charset=US-ASCII"  # RFC 2397, 2: what is meant where nothing is said
_IN_MEDIA_TYPE = "/;=+.-_!#$&^"  # stay as they are


def to_data_uri(attachment: Attachment) -> str:
    """The URI that holds the content of an attachment, and its media type.

    >>> to_data_uri(Attachment(b"ABC", "image/png"))
    'data:image/png;base64,QUJD'
    """
    return f"data:{quote(attachment.content_type, safe=_IN_MEDIA_TYPE)};base64,{to_base64(attachment.read())}"


def from_data_uri(uri: str) -> Attachment:
    """The attachment that a URI holds. Raises `ValueError` for what is none.

    >>> from_data_uri("data:,a%20b").read()
    b'a b'
    """
    head, comma, data = uri[5:].partition(",")
    if uri[:5].lower() != "data:" or not comma:
        raise ValueError("expected data:, a media type, a comma, and the data")
    media_type, _, coding = head.rpartition(";")
    in_base64 = coding.strip().lower() == "base64"
    told = unquote(media_type if in_base64 else head)
    content = parse_base64(unquote(data)) if in_base64 else unquote_to_bytes(data)
    return Attachment(content, told if told and not told.startswith(";") else f"text/plain{told}" if told else _PLAIN)
