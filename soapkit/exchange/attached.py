"""The parts of a message that its contract sends beside it: values -> attachments, attachments -> parts.

WSDL 1.1, 5 (MIME binding); WS-I Attachments Profile 1.0, 3.8: the content id of such a part begins with its name.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from soapkit.attachment import Attachment
from soapkit.errors import UsageError
from soapkit.operations import AttachedPart, Message


def attachments_for(message: Message, values: Mapping[str, object]) -> list[Attachment]:
    """The attachments that carry the parts given among `values`, which may hold more than these.

    Raises `UsageError` for what is neither bytes nor an `Attachment`.
    """
    given = [(part, values.get(part.name)) for part in message.attached]
    return [_attachment(part, value) for part, value in given if value is not None]


def _attachment(part: AttachedPart, value: object) -> Attachment:
    mark = f"{quote(part.part)}="
    if isinstance(value, Attachment):
        if value.content_id.startswith(mark):
            return value
        return Attachment(value.content, value.content_type, _content_id(mark), value.location, value.headers)
    if not isinstance(value, bytes):
        raise UsageError(
            f"{part.name} travels as an attachment: give bytes or a soapkit.Attachment, not {type(value).__name__}"
        )
    media_type = next((one for one in part.types if "*" not in one), "application/octet-stream")
    return Attachment(value, media_type, _content_id(mark))


def _content_id(mark: str) -> str:
    return f"{mark}{os.urandom(16).hex()}@soapkit"


def parts_among(message: Message, attachments: Sequence[Attachment]) -> dict[str, Attachment]:
    """Which attachment is which part of the message, by the part's name in Python.

    By the beginning of the content id; of what is left, by the media type; then by the order, since peers of before the
    profile say nothing better.
    """
    found: dict[str, Attachment] = {}
    left = list(attachments)
    for fits in (_is_marked, _is_of_type, _is_any):
        for part in message.attached:
            if part.name not in found:
                chosen = next((each for each in left if fits(part, each)), None)
                if chosen is not None:
                    found[part.name] = chosen
                    left = [each for each in left if each is not chosen]  # equal ones are two
    return found


def _is_marked(part: AttachedPart, attachment: Attachment) -> bool:
    return attachment.content_id.startswith((f"{part.part}=", f"{quote(part.part)}="))


def _is_of_type(part: AttachedPart, attachment: Attachment) -> bool:
    if "=" in attachment.content_id:  # it says whose it is
        return False
    media_type = attachment.content_type.partition(";")[0].strip().lower()
    return media_type in (one.lower() for one in part.types)


def _is_any(_part: AttachedPart, attachment: Attachment) -> bool:
    return "=" not in attachment.content_id
