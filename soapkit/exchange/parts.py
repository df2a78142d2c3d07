"""Outgoing, Incoming: what travels beside one message, for the codecs that write and read its envelope.

    outgoing = Outgoing(threshold=1024)
    envelope = processor.send_request(version, operation, record, {}, outgoing)     # xop:Include where bytes stood
    request_for(url, version, action, envelope, attachments=outgoing.attachments)

MTOM 1.0; XOP 1.0. A signature covers the bytes as base64 in the envelope (WSS 1.1, 8.1 and XOP 1.0, 5), so a message
that is secured or validated is written whole first, and only then are the bytes taken out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from soapkit.attachment import Attachment
from soapkit.errors import UsageError
from soapkit.soap.attachments import DEFAULT_ATTACHMENT_LIMITS, Package, look_up
from soapkit.soap.envelope import Envelope
from soapkit.soap.security_result import SecurityResult
from soapkit.soap.xop import another, include, inline, optimise, uri_of
from soapkit.xml.base64 import to_base64

DEFAULT_THRESHOLD = 1024
"""Bytes from which a value travels beside its message: what is smaller costs more as a part than as base64."""


class Outgoing:
    """What travels beside a message that is being written.

    `threshold`: bytes from which a value travels beside; None: none does (no MTOM). `given`: attachments that travel in
    any case (SOAP with Attachments). `attachments`: all of them, once the message is written.

    Raises `UsageError` for two attachments with one content id.
    """

    __slots__ = ("_by_id", "_included", "_taken", "attachments", "threshold")

    def __init__(self, threshold: int | None = None, given: Iterable[Attachment] = ()) -> None:
        self.threshold = threshold
        self.attachments: list[Attachment] = []
        self._by_id: dict[str, Attachment] = {}
        self._included: set[int] = set()
        self._taken: dict[str, Attachment] | None = None
        for attachment in given:
            self._add(attachment)

    @property
    def xop(self) -> bool:
        """Whether the message is sent as MTOM."""
        return self.threshold is not None

    @property
    def as_package(self) -> bool:
        """Whether the message is sent as multipart: MTOM always is, so that a peer can answer in kind."""
        return self.threshold is not None or bool(self.attachments)

    def whole_first(self) -> None:
        """The envelope is to be written with all that belongs to it; `take_out` then makes it smaller."""
        self._taken = {}

    def put(self, content: bytes | Attachment, content_type: str) -> str | None:
        """See `soapkit.databinding.binary.Parts`."""
        size = content.size if isinstance(content, Attachment) else len(content)
        if self.threshold is None or size < self.threshold:
            return None
        if self._taken is None:
            return include(self._add(self._included_once(_as_attachment(content, content_type))))
        data = content.read() if isinstance(content, Attachment) else content
        text = to_base64(data)
        self._taken.setdefault(text, _as_attachment(content, content_type))
        return text

    def refer(self, attachment: Attachment) -> str:
        """See `soapkit.databinding.binary.Parts`."""
        return uri_of(self._add(attachment))

    def take(self, reference: str, *, in_memory: bool) -> Attachment:
        """Nothing is read while a message is written."""
        raise ValueError(f"there is no attachment for {reference!r}")

    def referred(self, reference: str) -> Attachment:
        """As `take`."""
        return self.take(reference, in_memory=False)

    def take_out(self, envelope: Envelope) -> Envelope:
        """The envelope without what travels beside it, the pair of `whole_first`. Works on the tree it is given.

        What was encrypted meanwhile is not found, and stays.
        """
        for attachment in optimise(envelope, self._taken or {}):
            self._add(attachment)
        return envelope

    def _included_once(self, attachment: Attachment) -> Attachment:
        """The attachment, or another of the same content where the message refers to it already."""
        attachment = another(attachment) if id(attachment) in self._included else attachment
        self._included.add(id(attachment))  # it is kept in `attachments`
        return attachment

    def secured_as(self, attachments: Sequence[Attachment]) -> None:
        """Take what security made of the attachments so far; nothing, where it looks at the envelope alone."""
        self.attachments = list(attachments) or self.attachments
        self._by_id = {each.content_id: each for each in self.attachments}

    def _add(self, attachment: Attachment) -> Attachment:
        other = self._by_id.setdefault(attachment.content_id, attachment)
        if other is not attachment:
            raise UsageError(f"two attachments of a message have the content id {attachment.content_id!r}")
        if len(self.attachments) < len(self._by_id):
            self.attachments.append(attachment)
        return attachment


def _as_attachment(content: bytes | Attachment, content_type: str) -> Attachment:
    if isinstance(content, Attachment):
        return content
    return Attachment(content, content_type) if content_type else Attachment(content)


@dataclass(slots=True)
class Incoming:
    """What came beside a message that is being read. `verified`: as security handed it on."""

    package: Package
    verified: bool = False
    _references: Mapping[str, Attachment] = field(init=False, repr=False)
    _read: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        self._references = self.package.references()

    @classmethod
    def of(cls, package: Package) -> Incoming | None:
        """What came beside the envelope of a package; None where nothing did."""
        return cls(package) if package.xop or package.attachments else None

    def believed(self, envelope: Envelope, security: SecurityResult) -> Incoming:
        """What a verified envelope may refer to: as security handed it on, and signed, if the Body is."""
        beside = envelope.attachments or self.package.attachments
        if security.is_signed(envelope.body):
            beside = tuple(filter(security.is_signed, beside))
        return Incoming(replace(self.package, attachments=beside), verified=True)

    def put(self, content: bytes | Attachment, content_type: str) -> str | None:
        """Nothing is written while a message is read."""
        return None

    def refer(self, attachment: Attachment) -> str:
        """Nothing is written while a message is read."""
        raise ValueError("a message that is read has no room for another attachment")

    def take(self, reference: str, *, in_memory: bool) -> Attachment:
        """See `soapkit.databinding.binary.Parts`."""
        if self.verified:  # what was put back is all that is believed: what is left refers to what nobody verified
            raise ValueError("what an xop:Include refers to did not come with the message that was verified")
        found = self.referred(reference)
        self._read += found.size if in_memory else 0
        if self._read > DEFAULT_ATTACHMENT_LIMITS.total_bytes:  # one part may be referred to a million times
            raise ValueError(f"the attachments come to more than {DEFAULT_ATTACHMENT_LIMITS.total_bytes:,} bytes")
        return found

    def referred(self, reference: str) -> Attachment:
        """See `soapkit.databinding.binary.Parts`."""
        found = look_up(self._references, reference) if reference else None
        if found is None:
            raise ValueError(f"the message has no {'verified ' * self.verified}attachment for {reference!r}")
        return found

    def put_back(self) -> Envelope:
        """The envelope with all that belongs to it: what a signature covers, and a schema describes. Beside it, the
        attachments that did not go into it.

        Raises as `soapkit.soap.xop.inline` does.
        """
        return inline(self.package)
