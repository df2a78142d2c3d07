"""Messages with attachments: MTOM/XOP and SOAP with Attachments.

    pack_package      envelope bytes, attachments -> pieces of the HTTP body, header fields
    Unpacker          pieces of an HTTP body, with or without attachments -> Package(envelope, attachments)

MTOM 1.0, and the member submission that takes it to SOAP 1.1; SOAP Messages with Attachments; RFC 2387
(multipart/related); RFC 2392 (cid).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from urllib.parse import quote, unquote, urljoin

from soapkit.attachment import Attachment, Spool
from soapkit.errors import LimitError, MessageError, Place
from soapkit.soap.envelope import Envelope
from soapkit.soap.multipart import (
    DEFAULT_MULTIPART_LIMITS,
    MultipartLimits,
    MultipartReader,
    PartBegin,
    PartData,
    new_boundary,
    write_multipart,
)
from soapkit.soap.transfer import DECODERS, TransferDecoder
from soapkit.soap.version import SOAP_1_1, Version
from soapkit.soap.wire import MediaType, pack, parse_media_type, quoted_action, to_parsable, unpack
from soapkit.xml.parse import DEFAULT_LIMITS, XmlLimits

_XOP_TYPE = "application/xop+xml"
_ROOT_ID = "envelope@soapkit"

SIGNED_FIELDS = ("content-description", "content-disposition", "content-id", "content-location", "content-type")
"""The MIME header fields that say what an attachment is, which a signature may cover; in the order of their names."""


@dataclass(frozen=True, slots=True)
class AttachmentLimits:
    """What a receiver puts up with. `spool_bytes`: from this size on an attachment is kept in a file; `total_bytes`: of
    all attachments, and of what `inline` writes; `multipart`: parts and headers."""

    spool_bytes: int = 1024 * 1024
    total_bytes: int = 1024 * 1024 * 1024
    multipart: MultipartLimits = DEFAULT_MULTIPART_LIMITS


DEFAULT_ATTACHMENT_LIMITS = AttachmentLimits()


@dataclass(frozen=True, slots=True)
class Package:
    """A message with what came beside it. `xop`: the envelope may refer to attachments by ``xop:Include``. `root`: the
    bytes of the envelope as they came, `root_type` their media type. `base`: the location of the envelope."""

    envelope: Envelope
    attachments: tuple[Attachment, ...] = ()
    xop: bool = False
    root: bytes = field(default=b"", repr=False, compare=False)
    root_type: str | None = field(default=None, repr=False, compare=False)
    base: str = field(default="", repr=False, compare=False)

    @classmethod
    def single(
        cls, body: bytes, content_type: str | None, *, source: str = "message", limits: XmlLimits = DEFAULT_LIMITS
    ) -> Package:
        """A message alone in its body. Raises what `soapkit.soap.wire.unpack` raises."""
        return cls(unpack(body, content_type, source=source, limits=limits), root=body, root_type=content_type)

    @property
    def text(self) -> bytes:
        """The envelope as the parser took it, in which its lines and columns count."""
        return to_parsable(self.root, parse_media_type(self.root_type).parameters.get("charset", ""))

    def references(self) -> dict[str, Attachment]:
        """The attachments by all that may refer to them: ``cid:`` with the content id (RFC 2392, 2); the location, also
        as it is from that of the envelope (SOAP Messages with Attachments, 3; RFC 2557, 5)."""
        found = {attachment.location: attachment for attachment in self.attachments if attachment.location}
        if self.base:
            around = self.base[: self.base.rfind("/") + 1]
            for location, attachment in tuple(found.items()):
                with suppress(ValueError):  # of what is no URI
                    found.setdefault(urljoin(self.base, location), attachment)
                found.setdefault(location.removeprefix(around), attachment)
        found |= {f"cid:{attachment.content_id}": attachment for attachment in self.attachments}
        for attachment in self.attachments:  # some peers write the id as its references have it
            found.setdefault(f"cid:{unquote(attachment.content_id)}", attachment)
        return found

    def attachment(self, reference: str) -> Attachment | None:
        """The attachment that a reference in the message means, or None."""
        return look_up(self.references(), reference)


def look_up(references: Mapping[str, Attachment], reference: str) -> Attachment | None:
    """The attachment that ``cid:a%40b`` or a location means, among `Package.references`."""
    reference = reference.strip(" \t\r\n")  # XSD part 2, 3.2.17: around a URI white space does not count
    if reference[:4].lower() == "cid:":
        return references.get(f"cid:{unquote(reference[4:])}")
    return references.get(unquote(reference))


# --- pack ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PackedBody:
    """The body of an HTTP message with attachments: iterate over its pieces, as often as needed. `size`: in bytes."""

    boundary: str
    parts: tuple[tuple[Mapping[str, str], Callable[[], Iterable[bytes]]], ...]
    size: int

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[bytes]:
        return write_multipart(self.boundary, ((headers, pieces()) for headers, pieces in self.parts))


def pack_package(
    envelope: bytes,
    version: Version,
    action: str | None,
    attachments: Iterable[Attachment],
    *,
    xop: bool = True,
    boundary: str = "",
) -> tuple[PackedBody, tuple[tuple[str, str], ...]]:
    """The HTTP body and the header fields for a message with attachments.

    `action`: as for `soapkit.soap.wire.pack`. `xop`: MTOM, where the envelope refers to attachments by ``xop:Include``;
    else SOAP with Attachments. Raises `soapkit.errors.UsageError` for an action, a type or an id that no header can
    carry.
    """
    boundary = boundary or new_boundary()
    beside = tuple(attachments)
    root_id = _ROOT_ID
    while any(attachment.content_id == root_id for attachment in beside):
        root_id = f"_{root_id}"
    root_type = f"{version.media_type}; charset=utf-8"
    if xop:
        root_type = f'{_XOP_TYPE}; charset=utf-8; type="{version.media_type}"'
    root = {
        "Content-Type": root_type,
        "Content-Transfer-Encoding": "binary",
        "Content-ID": f"<{root_id}>",
    }
    parts: list[tuple[Mapping[str, str], Callable[[], Iterable[bytes]]]] = [(root, lambda: (envelope,))]
    size = len(envelope)
    for attachment in beside:
        parts.append((part_headers(attachment), attachment.chunks))
        size += attachment.size
    frame = sum(map(len, write_multipart(boundary, ((headers, ()) for headers, _ in parts))))
    return PackedBody(boundary, tuple(parts), size + frame), _package_fields(version, action, boundary, xop, root_id)


def part_headers(attachment: Attachment) -> dict[str, str]:
    """The MIME header fields that an attachment is sent with, by name."""
    headers = {
        "Content-Type": attachment.content_type,
        "Content-Transfer-Encoding": "binary",
        "Content-ID": f"<{attachment.content_id}>",
    }
    if attachment.location:
        headers["Content-Location"] = _quoted_location(attachment.location)
    for name in _SENT_ALONG:
        if name.lower() in attachment.headers:
            headers[name] = attachment.headers[name.lower()]
    return headers


def _quoted_location(location: str) -> str:
    """A location as a URI: one that is a URI already stays as it is (RFC 3986, 2.1 and 2.2)."""
    pieces = _ESCAPE.split(location)
    return "".join(piece if place % 2 else quote(piece, safe=_IN_A_URI) for place, piece in enumerate(pieces))


_ESCAPE = re.compile(r"(%[0-9A-Fa-f]{2})")
_IN_A_URI = "/:?#[]@!$&'()*+,;=~"
_SENT_ALONG = ("Content-Description", "Content-Disposition")


def _package_fields(
    version: Version, action: str | None, boundary: str, xop: bool, root_id: str
) -> tuple[tuple[str, str], ...]:
    """The outer header: MTOM says what the root is in start-info, SwA in type (MTOM, 3.2 and 4.2; RFC 2387, 3.4)."""
    kind = f'type="{_XOP_TYPE}"; start-info="{version.media_type}"' if xop else f'type="{version.media_type}"'
    content_type = f'multipart/related; {kind}; start="<{root_id}>"; boundary="{boundary}"'
    if action and version is not SOAP_1_1:
        content_type += f"; action={quoted_action(action)}"
    return (("Content-Type", content_type), *pack(b"", version, action)[1][1:])


# --- unpack -------------------------------------------------------------------------------------------------------


class Unpacker:
    """Takes the body of an HTTP message piece by piece, with or without attachments: `feed`, then `finish`.

    The envelope is kept in memory, attachments beyond a size in files. Raises `MessageError` for a broken package:
    cut short, without its root part, one content id twice, an unknown transfer encoding; `LimitError` beyond `limits`
    and `xml_limits`; for the envelope, whatever `soapkit.soap.wire.unpack` raises.
    """

    def __init__(
        self,
        content_type: str | None,
        *,
        source: str = "message",
        limits: AttachmentLimits = DEFAULT_ATTACHMENT_LIMITS,
        xml_limits: XmlLimits = DEFAULT_LIMITS,
    ) -> None:
        self._content_type = content_type
        self._media_type = parse_media_type(content_type)
        self._source = source
        self._limits = limits
        self._xml_limits = xml_limits
        self._reader: MultipartReader | None = None
        if self._media_type.name == "multipart/related":
            boundary = self._media_type.parameters.get("boundary", "")
            self._reader = MultipartReader(boundary, limits=limits.multipart, source=source)
        self._envelope = bytearray()
        self._envelope_type = content_type
        self._envelope_location = ""
        self._start = _content_id(self._media_type.parameters.get("start", ""))
        self._rooted = False
        self._part: _PartSink | None = None
        self._ids: set[str] = set()
        self._attachments: list[Attachment] = []
        self._total = 0

    def feed(self, piece: bytes) -> None:
        """Take the next piece of the body."""
        if self._reader is None:
            self._keep(piece)
            return
        try:
            for event in self._reader.feed(piece):
                if isinstance(event, PartData):
                    assert self._part is not None
                    self._part.write(event.data)
                elif isinstance(event, PartBegin):
                    self._part = self._begin(event.headers)
                else:
                    assert self._part is not None
                    self._part.end()
                    self._part = None
        except BaseException:
            self.discard()
            raise

    def finish(self) -> Package:
        """The whole message."""
        if self._reader is None:
            return Package.single(self.root, self._content_type, source=self._source, limits=self._xml_limits)
        try:
            self._reader.finish()
        except MessageError:
            self.discard()
            raise
        if not self._rooted:
            named = f"no part of the message has the content id {self._start!r} that start names"
            raise self._broken(named if self._start else "the multipart body has no part")
        single = Package.single(self.root, self._envelope_type, source=self._source, limits=self._xml_limits)
        return replace(
            single,
            attachments=tuple(self._attachments),
            xop=_is_xop(self._media_type, self._envelope_type),
            base=self._envelope_location,
        )

    @property
    def root(self) -> bytes:
        """The envelope as it came."""
        return bytes(self._envelope)

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """What came beside the envelope."""
        return tuple(self._attachments)

    def discard(self) -> None:
        """Let go of what came, where the message is given up."""
        if self._part is not None:
            self._part.discard()
            self._part = None
        self._attachments.clear()
        self._envelope.clear()

    # --- parts ------------------------------------------------------------------------------------------------

    def _begin(self, headers: Mapping[str, str]) -> _PartSink:
        content_id = _content_id(headers.get("content-id", ""))
        decoder = self._decoder(headers.get("content-transfer-encoding", ""), content_id)
        if content_id in self._ids:
            raise self._broken(f"two parts of the message have the content id {content_id!r}")
        if content_id:
            self._ids.add(content_id)
        location = unquote(headers.get("content-location", ""))
        is_root = content_id == self._start if self._start else not self._rooted
        if is_root and not self._rooted:
            self._rooted = True
            self._envelope_type = headers.get("content-type")
            self._envelope_location = location
            return _PartSink(decoder, self._keep)
        spool = Spool(self._limits.spool_bytes)
        content_type = headers.get("content-type", "text/plain; charset=us-ascii")  # RFC 2045, 5.2
        made = partial(spool.attachment, content_type, content_id, location, _kept(headers))
        return _PartSink(decoder, partial(self._spool, spool), lambda: self._attachments.append(made()), spool.discard)

    def _decoder(self, told: str, content_id: str) -> TransferDecoder:
        """By the token that the field begins with: comments may follow it (RFC 2045, 6.1; RFC 822, 3.1.4)."""
        part, named = f"part {content_id!r}", _TOKEN.match(told)
        decoder = DECODERS.get(named[1].lower()) if named is not None else None
        if decoder is None:
            raise self._broken(f"{part} has the transfer encoding {told!r}, which is not known")
        return decoder(part, Place(self._source))

    def _keep(self, piece: bytes) -> None:
        self._envelope += piece
        if len(self._envelope) > self._xml_limits.bytes:
            raise LimitError(
                f"the message has more than the {self._xml_limits.bytes:,} bytes that are read",
                place=Place(self._source),
            )

    def _spool(self, spool: Spool, piece: bytes) -> None:
        self._total += len(piece)
        if self._total > self._limits.total_bytes:
            raise LimitError(
                f"the attachments have more than the {self._limits.total_bytes:,} bytes that are read",
                place=Place(self._source),
            )
        spool.write(piece)

    def _broken(self, sentence: str) -> MessageError:
        return MessageError(sentence, place=Place(self._source))


def unpack_package(
    body: bytes,
    content_type: str | None,
    *,
    source: str = "message",
    limits: AttachmentLimits = DEFAULT_ATTACHMENT_LIMITS,
    xml_limits: XmlLimits = DEFAULT_LIMITS,
) -> Package:
    """A whole body at once: `Unpacker` fed with it. The pair of `pack_package`."""
    unpacker = Unpacker(content_type, source=source, limits=limits, xml_limits=xml_limits)
    unpacker.feed(body)
    return unpacker.finish()


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    """The header fields that may be signed (WSS SwA Profile 1.1, 5.3.2)."""
    return {name: headers[name] for name in SIGNED_FIELDS if name in headers}


_TOKEN = re.compile(r'"?([A-Za-z0-9-]+|\Z)')
_COMMENTED = re.compile(r"(<.*>)\s*\([^()]*\)")


def _content_id(text: str) -> str:
    """``<a@b>`` -> ``a@b``; the brackets are missing in what some peers send. A comment may follow (RFC 822, 3.1.4)."""
    text = text.strip()
    commented = _COMMENTED.fullmatch(text)
    text = text if commented is None else commented[1]
    return text[1:-1].strip() if text.startswith("<") and text.endswith(">") else text


def _is_xop(media_type: MediaType, root_type: str | None) -> bool:
    """By the type that the package says its root has (RFC 2387, 3.1), or that the root itself has."""
    told = (media_type.parameters.get("type", ""), (root_type or "").strip())
    return any(each.lower().startswith(_XOP_TYPE) for each in told)


class _PartSink:
    """Where the bytes of one part go, its transfer encoding undone."""

    __slots__ = ("_decoder", "_discard", "_end", "_write")

    def __init__(
        self,
        decoder: TransferDecoder,
        write: Callable[[bytes], None],
        end: Callable[[], None] = lambda: None,
        discard: Callable[[], None] = lambda: None,
    ) -> None:
        self._decoder = decoder
        self._write = write
        self._end = end
        self._discard = discard

    def write(self, piece: bytes) -> None:
        self._write(self._decoder.decode(piece))

    def end(self) -> None:
        self._write(self._decoder.finish())
        self._end()

    def discard(self) -> None:
        self._discard()
