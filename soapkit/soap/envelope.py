"""Envelope: header blocks and a body, as a tree; Draft: the same as text, on its way out.

    incoming    bytes -> Envelope.parse() -> verified, routed, decoded
    outgoing    encoded text -> Draft -> bytes;  where security or another needs a tree: Draft.to_envelope()

SOAP 1.1, section 4; SOAP 1.2 part 1, section 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from lxml.etree import _Element

from soapkit.attachment import Attachment
from soapkit.errors import MessageError
from soapkit.soap.version import SOAP_1_2, VERSIONS, Version
from soapkit.xml.measure import Measure
from soapkit.xml.names import namespace_of, split
from soapkit.xml.parse import DEFAULT_LIMITS, XmlLimits, parse_measured
from soapkit.xml.serialise import serialise
from soapkit.xml.walk import children, place_of, tag_of


@dataclass(frozen=True, slots=True)
class Envelope:
    """A SOAP message as a tree. `root` is the Envelope element; born whole by `parse` or `read`.

    `attachments`: what travels beside it, for those who secure the two together; `with_attachments` adds them.
    `measure`: the most that the tree can have, where the bytes that it was parsed from are known; `limits`: what it was
    parsed under, and is again when it was decrypted; `received`: those bytes, held by who changes nothing of the tree.
    """

    root: _Element
    version: Version
    header: _Element | None
    body: _Element
    attachments: tuple[Attachment, ...] = field(default=(), compare=False, repr=False)
    measure: Measure | None = field(default=None, compare=False, repr=False)
    limits: XmlLimits = field(default=DEFAULT_LIMITS, compare=False, repr=False)
    received: bytes | None = field(default=None, compare=False, repr=False)

    @classmethod
    def parse(
        cls, data: bytes, *, source: str = "message", limits: XmlLimits = DEFAULT_LIMITS, hold: bool = False
    ) -> Envelope:
        """Parse the bytes of a SOAP message. Raises as `soapkit.xml.parse.parse_message` and `read` do.

        `hold`: the bytes with the tree. What they say of it is then taken for true, so nobody may change the tree.

        >>> message = b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body/></e:Envelope>'
        >>> Envelope.parse(message).version.label
        '1.2'
        """
        root, measure = parse_measured(data, source=source, limits=limits)
        return cls.read(root, measure, limits, data if hold else None)

    @classmethod
    def read(
        cls,
        root: _Element,
        measure: Measure | None = None,
        limits: XmlLimits = DEFAULT_LIMITS,
        received: bytes | None = None,
    ) -> Envelope:
        """Take a tree for a SOAP message.

        Raises `MessageError`: code ``VersionMismatch`` when the root is an Envelope of neither SOAP version (SOAP 1.1,
        4.1.2; SOAP 1.2 part 1, 5.4.7), ``Sender`` for a wrong structure.
        """
        version = _BY_ENVELOPE.get(tag_of(root))
        if version is None:
            raise _no_envelope(root)
        header: _Element | None = None
        body: _Element | None = None
        for element in children(root):
            if element.tag == version.body and body is None:
                body = element
            elif element.tag == version.header and header is None and body is None:
                header = element
            elif body is None or version is SOAP_1_2 or namespace_of(tag_of(element)) in ("", version.namespace):
                # SOAP 1.1 alone lets qualified elements follow the Body (section 4, 4.3)
                raise MessageError(
                    f"element {tag_of(element)} may not stand here: an Envelope has an optional Header, then one Body",
                    place=place_of(element, "message"),
                )
        if body is None:
            raise MessageError("the Envelope has no Body", place=place_of(root, "message"))
        return cls(root, version, header, body, measure=measure, limits=limits, received=received)

    @property
    def headers(self) -> tuple[_Element, ...]:
        """The header blocks, in order."""
        return tuple(children(self.header)) if self.header is not None else ()

    @property
    def content(self) -> tuple[_Element, ...]:
        """The child elements of the Body."""
        return tuple(children(self.body))

    def with_attachments(self, attachments: Iterable[Attachment]) -> Envelope:
        """The same message, with these attachments beside it, and without its bytes: whoever has it may change it."""
        beside = tuple(attachments)
        if not beside and not self.attachments and self.received is None:
            return self
        return Envelope(self.root, self.version, self.header, self.body, beside, self.measure, self.limits)

    def to_bytes(self) -> bytes:
        """The message, UTF-8 without an XML declaration."""
        return serialise(self.root)


_BY_ENVELOPE = {version.envelope: version for version in VERSIONS.values()}


def _no_envelope(root: _Element) -> MessageError:
    """What is wrong with a root that is no Envelope of a version we know."""
    namespace, local = split(tag_of(root))
    if local != "Envelope":
        return MessageError(f"expected a SOAP Envelope, found element {tag_of(root)}", place=place_of(root, "message"))
    return MessageError(
        f"expected an Envelope of SOAP 1.1 or 1.2, found one in namespace {namespace!r}",
        code="VersionMismatch",
        place=place_of(root, "message"),
    )


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to be sent: header blocks as text; `body`, its content, as text or as bytes in pieces. Blocks and
    content are well-formed and declare every prefix they use."""

    version: Version
    body: str | Sequence[bytes] = ""
    headers: tuple[str, ...] = ()

    def with_headers(self, *blocks: str) -> Draft:
        """The same message with these header blocks after its own."""
        return replace(self, headers=(*self.headers, *blocks)) if blocks else self

    def to_bytes(self) -> bytes:
        """The message, UTF-8 without an XML declaration."""
        body = (self.body.encode(),) if isinstance(self.body, str) else self.body
        return envelope_bytes(self.version, body, self.headers)

    def to_envelope(self) -> Envelope:
        """The message as a tree, for those who need one: security, validation."""
        return Envelope.parse(self.to_bytes())


def envelope_bytes(version: Version, body: Sequence[bytes], headers: Sequence[str]) -> bytes:
    """What a draft comes to, without making one. The one prefix, ``soap``, is declared on the root."""
    opening = _OPENINGS[version.namespace]
    if headers:
        opening += f"<soap:Header>{''.join(headers)}</soap:Header>".encode()
    return b"".join((opening, b"<soap:Body>", *body, b"</soap:Body></soap:Envelope>"))


_OPENINGS = {name: f'<soap:Envelope xmlns:soap="{name}">'.encode() for name in VERSIONS}
