"""The journey of a message, both ways: the page to read first.

    send:     value -> encode body -> headers -> [validate] -> security.apply -> bytes
    receive:  bytes -> parse (hardened) -> security.verify -> mustUnderstand -> route -> [validate] -> decode -> value

Read side by side, each line of one undoes a line of the other. Client and server take the same journey: what one sends
the other receives. No I/O happens here.

What is decoded is what was verified: `security.verify` returns the envelope that may be believed, and from there on
nothing else of the message is used.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol, TypeAlias

import msgspec
from lxml.etree import _Element

from soapkit.attachment import Attachment
from soapkit.databinding.binary import carried_by, in_place
from soapkit.databinding.codec import Codecs
from soapkit.errors import Fault, MessageError, SecurityError, SoapkitError
from soapkit.exchange.attached import parts_among
from soapkit.exchange.body import decode_body, decode_headers, encode_body, encode_headers
from soapkit.exchange.faults import encode_fault, fault_from
from soapkit.exchange.message_security import FromDraft, MessageSecurity, Waiting, believed, hears_unsigned_faults
from soapkit.exchange.parts import Incoming, Outgoing
from soapkit.exchange.plain import PlainReader, PlainReaders, Resolve, readers_of
from soapkit.exchange.validation import NO_CHECKS, Checks
from soapkit.operations import Message, Operation
from soapkit.soap.envelope import Draft, Envelope, envelope_bytes
from soapkit.soap.fault import read_fault
from soapkit.soap.headers import check_understood
from soapkit.soap.rules import check_encodings
from soapkit.soap.security_result import SecurityResult
from soapkit.soap.version import SOAP_1_2, Version
from soapkit.soap.wire import Unparsed, is_utf8
from soapkit.xml.positions import tell_anew

logger = logging.getLogger("soapkit.exchange")


class Validator(Protocol):
    """What checks an element against its schema, such as `soapkit.xsd.validate.Validator`."""

    def check(self, element: _Element) -> None:
        """Raises `soapkit.errors.ValidationError`."""
        ...


Route: TypeAlias = Callable[[Envelope], Operation[Any, Any]]


class Received(msgspec.Struct, frozen=True):
    """A message that was received: believed, understood, decoded.

    `value`: the request or reply record; `headers`: declared header blocks by part name; `message`: what the security
    layer let through; `security`: what was signed and encrypted, None where no security was asked for; `attachments`:
    what came beside the envelope; `parts`: those of them that the contract describes, by part name.
    """

    operation: Operation[Any, Any]
    value: Any
    headers: dict[str, Any]
    message: Envelope | Unparsed
    security: SecurityResult | None = None
    attachments: tuple[Attachment, ...] = ()
    parts: Mapping[str, Attachment] = {}

    @property
    def envelope(self) -> Envelope:
        """The message as a tree."""
        return self.message if isinstance(self.message, Envelope) else self.message.envelope

    @property
    def version(self) -> Version:
        """The SOAP version it came in."""
        return self.message.version


@dataclass(frozen=True, slots=True)
class Processor:
    """The journey, with its collaborators.

    `codecs`: values <-> XML; `security`: apply and verify, None for plain messages; `validator`: checks those bodies
    against the schema that `validate` names; `understood`: Clark names of the header blocks that
    this node understands beside those of security, `declared`: those among them that are understood for the operations
    alone which declare them; `roles`: that this node plays beside ``next`` and the ultimate receiver; `now`: a clock
    for tests, None for the real one. `rpc_result`: whether rpc replies in SOAP 1.2 say which of their parts is the
    return value.
    """

    codecs: Codecs
    security: MessageSecurity | None = None
    validator: Validator | None = None
    validate: Checks = NO_CHECKS
    understood: Container[str] = frozenset()
    declared: frozenset[str] = frozenset()
    roles: Container[str] = frozenset()
    now: Callable[[], datetime] | None = None
    rpc_result: bool = False
    _plain: PlainReaders = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_plain", readers_of(self.codecs))

    @property
    def waits(self) -> bool:
        """Whether receiving a message may wait for what is outside of this process."""
        security: object = self.security  # of any kind: it need not tell
        return isinstance(security, Waiting) and security.waits

    def checks_going(self, operation: Operation[Any, Any], *, request: bool) -> bool:
        """Whether a request of an operation, or a reply, is checked before it is sent: then it must be there whole."""
        return self.validator is not None and self.validate.going(operation, request=request)

    def may_check_coming(self, *, request: bool) -> bool:
        """Whether some requests, or replies, are checked when they are received: then they are read as trees."""
        return self.validator is not None and self.validate.may_come(request=request)

    # --- send -------------------------------------------------------------------------------------------------

    def send_request(
        self,
        version: Version,
        operation: Operation[Any, Any],
        record: object,
        headers: Mapping[str, object],
        parts: Outgoing | None = None,
        blocks: tuple[str, ...] = (),
    ) -> bytes:
        """The bytes of a request; `parts` takes what travels beside it; `blocks`: further header blocks, as text.

        Raises `UsageError`, `EncodeError`, `ValidationError`, `SecurityError`.
        """
        checked = self.checks_going(operation, request=True)
        return self._send(version, operation.request, record, headers, None, parts, blocks, checked=checked)

    def send_reply(
        self,
        version: Version,
        operation: Operation[Any, Any],
        record: object,
        headers: Mapping[str, object],
        request: SecurityResult | None = None,
        parts: Outgoing | None = None,
        blocks: tuple[str, ...] = (),
    ) -> bytes:
        """The bytes of a reply. `request`: what was believed of the request, such as whom to encrypt the reply to;
        `parts` takes what travels beside it; `blocks`: further header blocks, as text."""
        assert operation.reply is not None
        named = operation if self.rpc_result and version is SOAP_1_2 else None
        checked = self.checks_going(operation, request=False)
        return self._send(version, operation.reply, record, headers, request, parts, blocks, named, checked=checked)

    def send_fault(
        self,
        version: Version,
        fault: Fault,
        operation: Operation[Any, Any] | None = None,
        request: SecurityResult | None = None,
        blocks: tuple[str, ...] = (),
        *,
        of_body: bool = False,
    ) -> bytes:
        """The bytes of a fault, secured as a reply is where the request could be believed. `of_body`: whether it was
        the Body that could not be processed."""
        draft = Draft(version, encode_fault(version, fault, operation, self.codecs, of_body=of_body), blocks)
        return self._secured(draft, request) if request is not None else draft.to_bytes()

    def _send(
        self,
        version: Version,
        message: Message,
        record: object,
        headers: Mapping[str, object],
        request: SecurityResult | None = None,
        parts: Outgoing | None = None,
        blocks: tuple[str, ...] = (),
        named: Operation[Any, Any] | None = None,
        *,
        checked: bool,
    ) -> bytes:
        """`named`: the operation whose return value a reply names. `checked`: against the schema."""
        if parts is None or parts.as_package:
            return self._written(version, message, record, headers, request, parts, blocks, named, checked=checked)
        before = in_place.count
        written = self._written(version, message, record, headers, request, None, blocks, named, checked=checked)
        if in_place.count == before:
            return written  # most messages refer to nothing, and are written quicker without parts
        return self._written(version, message, record, headers, request, parts, blocks, named, checked=checked)

    def _written(
        self,
        version: Version,
        message: Message,
        record: object,
        headers: Mapping[str, object],
        request: SecurityResult | None,
        parts: Outgoing | None,
        blocks: tuple[str, ...],
        named: Operation[Any, Any] | None,
        *,
        checked: bool,
    ) -> bytes:
        if parts is None and self.security is None and not checked:
            body = encode_body(message, record, self.codecs, version, named)
            return envelope_bytes(version, body, (*encode_headers(message.headers, headers, self.codecs), *blocks))
        if parts is not None and (checked or self.security is not None):
            parts.whole_first()
        with carried_by(parts):
            body = encode_body(message, record, self.codecs, version, named)
            draft = Draft(version, body, (*encode_headers(message.headers, headers, self.codecs), *blocks))
        if checked:
            self._check(message, draft.to_envelope())
        if parts is None or not (checked or self.security is not None):
            return self._secured(draft, request)
        secured = self._secured_envelope(draft, request, parts.attachments)
        parts.secured_as(secured.attachments)
        return parts.take_out(secured).to_bytes()

    def _secured(self, draft: Draft, request: SecurityResult | None) -> bytes:
        return draft.to_bytes() if self.security is None else self._secured_envelope(draft, request).to_bytes()

    def _secured_envelope(
        self, draft: Draft, request: SecurityResult | None, beside: Iterable[Attachment] = ()
    ) -> Envelope:
        security, now = self.security, self._now()
        if security is None:
            return draft.to_envelope().with_attachments(beside)
        return (
            security.apply_draft(draft, beside, now=now, request=request)
            if isinstance(security, FromDraft)
            else security.apply(draft.to_envelope().with_attachments(beside), now=now, request=request)
        )

    # --- receive ----------------------------------------------------------------------------------------------

    def receive_request(self, envelope: Envelope, route: Route, parts: Incoming | None = None) -> Received:
        """The request that an envelope carries; `parts`: what came beside it.

        Raises `SecurityError`, `MessageError`, `ValidationError`, `DecodeError`, and what `route` raises.
        """
        envelope = self._whole(envelope, parts, request=True)
        security = self.believed(envelope)
        envelope = security.envelope if security is not None else envelope
        if security is not None and read_fault(envelope) is not None:
            # what lets a client hear an unsigned fault lets nobody past the security of a service
            raise SecurityError("a fault is no request")
        with _places_in(security):
            with of_body:
                operation = route(envelope)
            self._check_processed(envelope, operation.request)
            check_encodings(envelope, self.understood, self.roles)
            return self._receive(envelope, security, operation, operation.request, parts)

    def _check_processed(self, envelope: Envelope, message: Message) -> None:
        """A mandatory block that only another operation declares is processed by nobody (SOAP 1.2 part 1, 2.4)."""
        if envelope.header is not None and self.declared:
            others = self.declared - {header.tag for header in message.headers}
            check_understood(envelope, lambda block: block.tag not in others, roles=self.roles)

    def receive_reply(
        self, envelope: Envelope, operation: Operation[Any, Any], parts: Incoming | None = None
    ) -> Received:
        """The reply that an envelope carries, with `parts` beside it; a fault is raised as the exception it stands for.

        A fault whose security fails, where security is asked for, is raised all the same, marked ``unverified``: peers
        commonly send faults in the clear, and a caller learns more from one than from "not signed". Settings may refuse
        it instead (``Require(unsigned_faults=False)``).
        """
        assert operation.reply is not None
        envelope, security = self._faultless(envelope, operation, parts)
        with _places_in(security):
            return self._receive(envelope, security, operation, operation.reply, parts)

    def receive_fault(self, envelope: Envelope, operation: Operation[Any, Any], parts: Incoming | None = None) -> None:
        """What came in answer to a one-way request: a fault is raised as by `receive_reply`; anything else is no reply,
        and ignored (WS-I BP 1.1, R2750)."""
        with suppress(SecurityError, MessageError):
            self._faultless(envelope, operation, parts)
        logger.info("an envelope that came in answer to %s, which is one-way, is ignored", operation.name)

    def _faultless(
        self, envelope: Envelope, operation: Operation[Any, Any], parts: Incoming | None
    ) -> tuple[Envelope, SecurityResult | None]:
        """What may be believed of an answer that is no fault."""
        envelope = self._whole(envelope, parts, request=False)
        try:
            security = self.believed(envelope)
        except SecurityError as error:
            unverified = self._fault_in(envelope, operation, None) if hears_unsigned_faults(self.security) else None
            if unverified is None:
                raise
            unverified.unverified = True
            try:
                raise unverified from error
            finally:
                del unverified  # it holds this frame, and with it the message
        envelope = security.envelope if security is not None else envelope
        fault = self._fault_in(envelope, operation, parts)
        if fault is not None:
            fault.unverified = security is not None and not security.is_signed(envelope.content[0])
            try:
                raise fault
            finally:
                del fault  # likewise
        return envelope, security

    def receive_plain_request(self, body: bytes, content_type: str, resolve: Resolve, action: str) -> Received | None:
        """The request in the body of an HTTP message, where it is as plain as most are: without header blocks, and
        nothing asked of it but that it is right. None: it must be read as a tree. What `resolve` raises is not raised
        here."""
        if self.may_check_coming(request=True):
            return None
        return self._receive_plain(self._plain.requests, body, content_type, resolve, action)

    def receive_plain_reply(self, body: bytes, content_type: str, operation: Operation[Any, Any]) -> Received | None:
        """The reply likewise."""
        reply = operation.reply
        if reply is None or self.may_check_coming(request=False):
            return None
        return self._receive_plain(
            self._plain.replies, body, content_type, lambda _: (operation, reply), operation.name
        )

    def _receive_plain(
        self, reader: PlainReader, body: bytes, content_type: str, resolve: Resolve, hint: str
    ) -> Received | None:
        if self.security is not None or not is_utf8(content_type):
            return None
        found = reader.read(body, resolve, hint)
        if found is None:
            return None
        return Received(found.operation, found.value, {}, Unparsed(body, content_type, found.version))

    def believed(self, envelope: Envelope) -> SecurityResult | None:
        """What may be believed of a message, its mandatory header blocks understood; None without security."""
        return believed(envelope, self.security, self.understood, self._now(), self.roles)

    def _whole(self, envelope: Envelope, parts: Incoming | None, *, request: bool) -> Envelope:
        """A signature covers, and a schema describes, the envelope with all that belongs to it. Where there is security
        the label of the package does not matter: what says MTOM on the outside is not signed."""
        if parts is None:
            # who is handed a tree that nobody verified may change it before he does: he has not its bytes
            return envelope if self.security is not None else envelope.with_attachments(())
        if self.security is not None or (parts.package.xop and self.may_check_coming(request=request)):
            return parts.put_back()
        return envelope.with_attachments(parts.package.attachments)

    def _receive(
        self,
        envelope: Envelope,
        security: SecurityResult | None,
        operation: Operation[Any, Any],
        message: Message,
        parts: Incoming | None,
    ) -> Received:
        if self.validator is not None and self.validate.coming(operation, request=message is operation.request):
            with of_body:
                self._check(message, envelope)
        with carried_by(_believed(parts, envelope, security)):
            headers = decode_headers(message.headers, envelope, self.codecs, self.roles)
            # SOAP 1.2 part 2, 3.1.5: a value may be referred to in the Header; one that nobody signed is not believed
            within = envelope.root if self.security is None else None
            with of_body:
                value = decode_body(message, envelope.body, self.codecs, within)
        attachments = parts.package.attachments if parts is not None else ()
        if self.security is not None:  # decrypted; none from security that looks at the envelope alone
            attachments = envelope.attachments or attachments
        named = parts_among(message, attachments) if message.attached else {}
        return Received(operation, value, headers, envelope, security, attachments, named)

    def _fault_in(self, envelope: Envelope, operation: Operation[Any, Any], parts: Incoming | None) -> Fault | None:
        message = read_fault(envelope)
        if message is None:
            return None
        with carried_by(parts if self.security is None else None):
            return fault_from(message, operation.faults, self.codecs)

    def _check(self, message: Message, envelope: Envelope) -> None:
        if message.style == "rpc":  # an rpc wrapper is no element of the schema: its parts are checked in decoding
            return
        assert self.validator is not None
        for entry in envelope.content:
            self.validator.check(entry)

    def _now(self) -> datetime | None:
        return self.now() if self.now is not None else None


def _believed(parts: Incoming | None, envelope: Envelope, security: SecurityResult | None) -> Incoming | None:
    return parts if parts is None or security is None else parts.believed(envelope, security)


class _OfBody:
    """What is wrong with a message is wrong with its Body. Not a generator: this is asked of every message."""

    __slots__ = ()

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, SoapkitError):
            error.of_body = True


of_body: Final = _OfBody()


@contextmanager
def _places_in(security: SecurityResult | None) -> Iterator[None]:
    """What is wrong with a message that was encrypted is told with its places in the decrypted one."""
    try:
        yield
    except SoapkitError as error:
        if security is not None and security.encrypted:
            tell_anew(error, security.envelope.to_bytes(), DECRYPTED)
        raise


DECRYPTED: Final = "decrypted message"
"""What errors call the document that stands in no bytes that came: ``soapkit decrypt`` writes it."""
