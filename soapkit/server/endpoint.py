"""Endpoint: a request comes in, a reply goes out; the journey of a call on the server, written once for every host.

What goes wrong on the way is answered by `soapkit.server.fault_answers`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from soapkit.databinding.codec import Codecs
from soapkit.errors import MessageError, SoapkitError
from soapkit.exchange.addressed import reply_action
from soapkit.exchange.attached import attachments_for
from soapkit.exchange.failures import exc_info
from soapkit.exchange.flow import Flow, call, within
from soapkit.exchange.items import ItemPlace, item_places, split_at
from soapkit.exchange.large import receive_large
from soapkit.exchange.log import log_message
from soapkit.exchange.masking import NOTHING
from soapkit.exchange.message_security import SECURITY_HEADER, Waiting
from soapkit.exchange.observing import Begun, Observer, Watched
from soapkit.exchange.parts import DEFAULT_THRESHOLD, Incoming, Outgoing
from soapkit.exchange.processor import Processor, Received, Route
from soapkit.exchange.sending import Items, SentItems, items_in, taken, with_items
from soapkit.operations import Message, Operation, Service
from soapkit.server.addressed import ACCEPTED, AddressedReplies
from soapkit.server.certificates import CertificateHeader, ClientCertificate
from soapkit.server.context import Call
from soapkit.server.dispatch import Handing, Job
from soapkit.server.fault_answers import FaultAnswers, code_name, late_fault, reason_for_log, secrets_of
from soapkit.server.hosted import Handler
from soapkit.server.http import LOST_BODY, HttpRequest
from soapkit.server.interceptors import NONE, Chain
from soapkit.server.jobs import job_of, new_job_id, request_of, security_of
from soapkit.server.limits import HANDLER_SECONDS
from soapkit.server.publication import Publication
from soapkit.server.route import Router
from soapkit.server.senders import from_sender
from soapkit.soap.attachments import DEFAULT_ATTACHMENT_LIMITS, AttachmentLimits, Package
from soapkit.soap.envelope import Envelope
from soapkit.soap.version import Version
from soapkit.transport.binding import (
    RequestReader,
    action_of,
    method_not_allowed,
    one_way_accepted,
    response_for,
    unsupported_coding,
    unsupported_media_type,
    version_of_media_type,
)
from soapkit.transport.coding import encoded, is_taken
from soapkit.transport.hops import url_for_log
from soapkit.transport.limits import DEFAULT_HTTP_LIMITS, HttpLimits, expand
from soapkit.transport.values import Headers, Response
from soapkit.ws.addressing import AddressingError, Properties, write_addressing
from soapkit.xml.parse import DEFAULT_LIMITS, XmlLimits
from soapkit.xml.positions import tell_columns

if TYPE_CHECKING:
    from soapkit.server.conversation import Agreements, ContextRequest  # it knows of cryptography

logger = logging.getLogger("soapkit.server")

_LARGE = 4 * 1024 * 1024  # bytes of attachments that are digested and decrypted while others wait


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One service at one address.

    `details`: tell a sender what was wrong with its message, and where; the reasons speak only of what the sender sent,
    and of the contract. `publication`: what GET hands out. `limits`: of a request's bytes, as sent and expanded.
    `sender_fault_status`: of HTTP, for a SOAP 1.2 fault that blames the sender. `mtom`: whether replies are sent as
    MTOM; None: where the request was. `threshold`: bytes from which binary content then travels beside the envelope.
    `gzip`: whether replies are compressed for callers that take that. `addressing`: how WS-Addressing is taken.
    `interceptors`: what stands around every call; `observers`: who is told of each.
    `xml_limits`, `attachment_limits`: of a message. `handler_seconds`: for a handler to answer in; None: without end.
    `certificate_header`: where a proxy tells of certificates. `agreements`: what answers requests for security
    contexts.
    """

    service: Service
    handlers: Mapping[str, Handler]
    processor: Processor
    router: Router
    publication: Publication
    details: bool = True
    limits: HttpLimits = DEFAULT_HTTP_LIMITS
    sender_fault_status: int = field(default=400)
    mtom: bool | None = None
    threshold: int = DEFAULT_THRESHOLD
    gzip: bool = False
    addressing: AddressedReplies = ACCEPTED
    interceptors: Chain = NONE
    observers: tuple[Observer, ...] = ()
    xml_limits: XmlLimits = DEFAULT_LIMITS
    attachment_limits: AttachmentLimits = DEFAULT_ATTACHMENT_LIMITS
    handler_seconds: float | None = HANDLER_SECONDS
    certificate_header: CertificateHeader | None = None
    handing: Handing | None = None
    agreements: Agreements | None = None
    _places: dict[str, tuple[ItemPlace, ...]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def faults(self) -> FaultAnswers:
        """What answers what goes wrong."""
        return FaultAnswers(self.service, self.processor, self.details, self.sender_fault_status)

    @property
    def codecs(self) -> Codecs:
        """Values <-> XML for this service."""
        return self.processor.codecs

    def reader(self, headers: Headers) -> RequestReader:
        """What takes the body of a request while it comes."""
        return RequestReader(headers, self.limits, self.xml_limits, self.attachment_limits)

    def respond(self, request: HttpRequest) -> Flow[Response]:
        """The flow of one HTTP request. It ends in a response, whatever came."""
        if request.method in ("GET", "HEAD"):
            return self.publication.respond(request)
        if request.method != "POST":
            return method_not_allowed()
        content_type = request.headers.get("content-type", "")
        version = version_of_media_type(content_type)
        if version is None:
            return unsupported_media_type(content_type)
        if not is_taken(coding := request.headers.get("content-encoding")):
            return unsupported_coding(coding)
        response = yield from (self._watched(request, version) if self.observers else self._answer(request, version))
        return encoded(response, request.headers.get("accept-encoding")) if self.gzip else response

    def _watched(self, request: HttpRequest, version: Version) -> Flow[Response]:
        """The same, with observers told."""
        watched = Watched(self.observers, self._begun(request))
        try:
            response = yield from self._answer(request, version, watched)
            watched.status = response.status
            return response
        except BaseException as error:  # the caller is gone, or the server stops
            watched.error = error
            raise
        finally:
            watched.end()

    def turned_away(self, request: HttpRequest, status: int) -> None:
        """Tell observers of a request that the host answered itself: it was too large, too slow, one too many."""
        if self.observers:
            watched = Watched(self.observers, self._begun(request))
            watched.status, watched.error_type = status, str(status)
            watched.fault_code = "Receiver" if status >= 500 else "Sender"
            watched.end()

    def _begun(self, request: HttpRequest) -> Begun:
        names = self.service.name, self.service.namespace
        return Begun("server", *names, "", request.address, request.headers, request.client)

    def _answer(self, request: HttpRequest, version: Version, watched: Watched | None = None) -> Flow[Response]:
        """Read, serve, reply; at whichever step something is wrong, the fault for it."""
        in_kind = False
        package: Package | None = None
        address: list[Properties] = []  # of the request, once it is believed
        routed: list[Operation[Any, Any]] = []  # and what it calls
        try:
            received = self._plain(request, version, address)
            if received is None:
                package = request.whole(self.reader)
                version, in_kind = package.envelope.version, package.xop
                action = action_of(version, request.headers)
                asked = self.agreements.asked(package.envelope, action) if self.agreements is not None else None
                if asked is not None:
                    asking = from_sender(asked.security, request, self.certificate_header) or asked.security
                    asked = replace(asked, security=asking)
                    return (yield from self._agree(asked, package.envelope, version, action, address))
                parts = Incoming(package) if in_kind or package.attachments else None
                received = yield from self._received(
                    package.envelope, lambda believed: self._route(believed, action, address, routed), parts, request
                )
        except Exception as error:
            if isinstance(error, SoapkitError) and package is not None:
                tell_columns(error, package.text)
            if request.has_lost_its_body:
                logger.warning(LOST_BODY)
            refusal = self.faults.refusal(error, version, routed, self.faults.log_fields(error, routed, address))
            blocks = self.faults.blocks(version, address, error)
            of_body = isinstance(error, SoapkitError) and error.of_body
            response = self.faults.response(version, refusal, None, None, blocks, of_body=of_body)
            if watched is not None:
                watched.error, watched.fault_code = error, code_name(refusal)
                watched.operation = routed[0].name if routed else ""
            log_message("sent", "fault", response.body, reason=reason_for_log(refusal, error))
            if address and not isinstance(error, AddressingError):
                return (yield from self._delivered(address[0], response, True))
            return response
        operation = received.operation
        addressed = address[0] if address else None
        if watched is not None:
            watched.routed(operation.name)
            watched.message_id = addressed.message_id if addressed is not None else ""
        plain = received.security is None  # else as it came over the wire, where it may be encrypted
        message = received.message if plain or not request.body else request.body
        log_message("received", operation.name, message, size=len(request.body))
        is_fault = False
        context = self._call(received, request, addressed)
        try:
            if self._is_handed_on(operation, addressed):
                return (yield from self._hand_on(context, received, in_kind=in_kind))
            response = yield from self._serve(context, version, received, in_kind=in_kind)
            response = context.response.put_on(response)
        except Exception as error:
            failed = self.faults.failure(error, received, version, address, watched)
            if failed is None:
                return _with_head(context, Response(500))
            response, is_fault = _with_head(context, failed), True
        log_message("sent", operation.name, response.body, known=partial(secrets_of, received))
        if addressed is None or operation.one_way:
            return response
        return (yield from self._delivered(addressed, response, is_fault))

    def _call(
        self, received: Received, request: HttpRequest, addressed: Properties | None, job: Job | None = None
    ) -> Call:
        """What a handler may know of a call; `job`: where it was taken from a queue, which has time limits of its own,
        and tells of the certificate itself."""
        seconds = self.handler_seconds if job is None else None
        return Call(
            received.operation,
            received.headers,
            received.message,
            received.security,
            request,
            attachments=received.attachments,
            value=received.value,
            addressing=addressed,
            deadline=None if seconds is None else time.monotonic() + seconds,
            certificate_header=self.certificate_header if job is None else None,
            job=job.id if job is not None else None,
            taken_up=job is not None,
            told_certificate=ClientCertificate(job.certificate) if job is not None and job.certificate else None,
        )

    def _is_handed_on(self, operation: Operation[Any, Any], addressed: Properties | None) -> bool:
        """Whether a call goes to a dispatcher: where nobody waits for its answer at the other end of the connection."""
        if self.handing is None:
            return False
        elsewhere = addressed is not None and not addressed.is_anonymous(addressed.goes_to(fault=False))
        return self.handing.takes(operation, elsewhere=elsewhere)

    def _hand_on(self, context: Call, received: Received, *, in_kind: bool) -> Flow[Response]:
        """Through the interceptors to the dispatcher: the call is taken."""
        assert self.handing is not None
        path, dispatch = self.handing.path, self.handing.dispatcher.dispatch
        context = replace(context, job=new_job_id())
        handing = self.interceptors.serve(
            context, dispatch, lambda call: {"job": job_of(call, received, path, xop=in_kind)}
        )
        late = partial(late_fault, f"the dispatcher of {received.operation.name}", self.handler_seconds)
        yield from within(self.handler_seconds, handing, late)
        return context.response.put_on(one_way_accepted())

    def perform(self, job: Job) -> Flow[None]:
        """A call that was handed on. Its message was believed when it came, and is not asked again; its answer goes
        where the request said. Raises what the handler of a one-way operation raises; what else goes wrong is
        answered."""
        request = request_of(job)
        names = self.service.name, self.service.namespace
        watched = Watched(self.observers, Begun("server", *names, "", request.address, request.headers, request.client))
        try:
            yield from self._perform(job, request, watched)
        except BaseException as error:
            watched.error = error
            raise
        finally:
            watched.end()

    def _perform(self, job: Job, request: HttpRequest, watched: Watched) -> Flow[None]:
        package = request.whole(self.reader)
        operation, address = self.service.operation(job.operation), list[Properties]()
        understood = _Both(self.processor.understood, (SECURITY_HEADER,))
        processor = replace(self.processor, security=None, validator=None, validate="off", understood=understood)

        def route(believed: Envelope) -> Operation[Any, Any]:
            self._route(believed, job.action, address)
            return operation

        parts = Incoming(package) if package.xop or package.attachments else None
        received = processor.receive_request(package.envelope, route, parts)
        received = replace(received, security=security_of(job, received.envelope))
        addressed = address[0] if address else None
        watched.routed(operation.name)
        watched.message_id = addressed.message_id if addressed is not None else ""
        context = self._call(received, request, addressed, job)
        unhurried, is_fault = replace(self, handler_seconds=None), False  # a queue has time limits of its own
        try:
            response = yield from unhurried._serve(context, received.version, received, in_kind=package.xop)
        except Exception as error:
            failed = self.faults.failure(error, received, received.version, address, watched)
            if failed is None:
                raise
            response, is_fault = failed, True
        if addressed is not None and not operation.one_way:
            yield from self._delivered(addressed, response, is_fault)

    def _agree(
        self, asked: ContextRequest, envelope: Envelope, version: Version, action: str, address: list[Properties]
    ) -> Flow[Response]:
        """The answer to a request for a security context, which no handler sees."""
        assert self.agreements is not None
        if isinstance(asked.security, Waiting) and asked.security.waits:
            receiving = call(self.agreements.receive, asked, envelope, self.processor.understood)
            result = yield from within(
                self.handler_seconds, receiving, partial(late_fault, "security", self.handler_seconds)
            )
        else:
            result = self.agreements.receive(asked, envelope, self.processor.understood)
        addressed = self.addressing.read(result.envelope, action, self.processor.roles)
        if addressed is not None:
            address[:] = [addressed]
        if self.processor.waits:  # contexts may be held outside of this process
            answering = call(self.agreements.answer, asked, result, version, addressed)
            body = yield from within(
                self.handler_seconds, answering, partial(late_fault, "security", self.handler_seconds)
            )
        else:
            body = self.agreements.answer(asked, result, version, addressed)
        response = response_for(version, body)
        return response if addressed is None else (yield from self._delivered(addressed, response, False))

    def _received(
        self, envelope: Envelope, route: Route, parts: Incoming | None, request: HttpRequest
    ) -> Flow[Received]:
        """The request of an envelope. Where security asks a store on another machine, or reads large attachments,
        nobody else waits for that: an event loop serves on, and tells whoever asks that it lives."""
        processor, security = self.processor, self.processor.security
        asking = from_sender(security, request, self.certificate_header)
        processor = processor if asking is security else replace(processor, security=asking)
        beside = parts.package.attachments if parts is not None and asking is not None else ()
        if not processor.waits and sum(attachment.size for attachment in beside) < _LARGE:
            return processor.receive_request(envelope, route, parts)
        receiving = call(processor.receive_request, envelope, route, parts)
        return (
            yield from within(self.handler_seconds, receiving, partial(late_fault, "security", self.handler_seconds))
        )

    def _route(
        self,
        believed: Envelope,
        action: str,
        address: list[Properties],
        routed: list[Operation[Any, Any]] | None = None,
    ) -> Operation[Any, Any]:
        """The operation of a request: by its Action, where WS-Addressing says one. `routed` keeps it."""
        found = self.addressing.read(believed, action, self.processor.roles)
        if found is None:
            operation = self.router.route(believed, action)
        else:
            address[:] = [found]
            operation = self._addressed_route(believed, found)
        if routed is not None:
            routed.append(operation)
        return operation

    def _addressed_route(self, believed: Envelope, found: Properties) -> Operation[Any, Any]:
        """The same, where the message says its Action: it may not be that of another operation than its Body's."""
        action = found.action
        try:
            operation = self.router.route(believed, action)
        except MessageError as error:
            if self.router.knows(action):
                raise
            raise AddressingError("ActionNotSupported", str(error), problem=action, request=found) from error
        if self.router.is_of_another(operation, action):
            told = f"the Action {action!r:.200} is not that of {operation.name}"
            raise AddressingError("ActionNotSupported", told, problem=action, request=found)
        self.addressing.check_answerable(found, operation)
        return operation

    def _delivered(self, addressed: Properties, response: Response, is_fault: bool) -> Flow[Response]:
        """The answer goes back, elsewhere, or nowhere."""
        target = addressed.goes_to(fault=is_fault)
        if addressed.is_none(target):
            return Response(202)
        if not self.addressing.is_elsewhere(addressed, target):
            return response
        try:
            return (yield from self.addressing.deliver(target.address, response))
        except SoapkitError as error:
            told, info = (addressed.message_id, url_for_log(target.address)), exc_info(error, NOTHING)
            logger.error("the answer to %r could not be delivered to %r", *told, exc_info=info)
            return Response(202)  # the request itself was taken

    def _plain(self, request: HttpRequest, version: Version, address: list[Properties]) -> Received | None:
        """The request, where it can be read without more ado; `version`: as its media type has it."""
        if request.package is not None or self.addressing.use == "required" or self.xml_limits is not DEFAULT_LIMITS:
            return None  # limits of a service's own are kept by the parser alone
        coding, body = request.headers.get("content-encoding"), request.body
        try:
            body = body if coding is None else expand(body, coding, self.limits)
        except SoapkitError:
            return None  # told by who reads it again
        action = action_of(version, request.headers)
        content_type, processor = request.headers.get("content-type", ""), self.processor

        def route(envelope: Envelope) -> Operation[Any, Any]:
            return self._route(envelope, action, address)

        def resolve(envelope: Envelope) -> tuple[Operation[Any, Any], Message]:
            operation = route(envelope)
            return operation, operation.request

        found = processor.receive_plain_request(body, content_type, route, action) or receive_large(
            processor,
            body,
            content_type,
            resolve,
            lambda envelope: processor.receive_request(envelope, route),
        )
        return found if found is not None and found.version is version else None

    def _serve(
        self,
        context: Call,
        version: Version,
        received: Received,
        *,
        in_kind: bool,
    ) -> Flow[Response]:
        operation, addressed = received.operation, context.addressing
        handler = self.handlers[operation.name]
        serving = self.interceptors.serve(
            context, handler.function, lambda call: handler.arguments(received, call, self.codecs)
        )
        value = yield from within(
            self.handler_seconds, serving, partial(late_fault, f"operation {operation.name}", self.handler_seconds)
        )
        if operation.reply is None:
            return one_way_accepted()
        mtom = in_kind if self.mtom is None else self.mtom
        beside = [*attachments_for(operation.reply, context.reply_parts), *context.reply_attachments]
        parts = Outgoing(self.threshold if mtom else None, beside)
        record = operation.record_for(value)
        blocks: tuple[str, ...] = ()
        if addressed is not None:
            blocks = write_addressing(addressed.answer(reply_action(self.service, operation)), version)
        stream = items_in(record, self._item_places(operation))
        if stream is not None:
            place, items = stream
            if self._is_whole or parts.as_package or addressed is not None:
                record = with_items(record, place, (yield from taken(items, None)))
            else:
                return (yield from self._sent_items(version, record, place, items, received, context))
        envelope = self.processor.send_reply(
            version,
            operation,
            record,
            context.reply_headers,
            received.security,
            parts if parts.as_package else None,
            blocks,
        )
        return response_for(version, envelope, attachments=parts.attachments, xop=parts.xop)

    @property
    def _is_whole(self) -> bool:
        """Whether a reply must be there whole before it is sent: to be signed, to be validated."""
        return self.processor.security is not None or self.processor.validate in ("out", "both")

    def _item_places(self, operation: Operation[Any, Any]) -> tuple[ItemPlace, ...]:
        """Where a handler may put an iterator; found out at the first call."""
        found = self._places.get(operation.name)
        if found is None:
            assert operation.reply is not None
            found = self._places[operation.name] = item_places(operation.reply, self.codecs)
        return found

    def _sent_items(
        self, version: Version, record: Any, place: ItemPlace, items: Items, received: Received, context: Call
    ) -> Flow[Response]:
        """A reply that is sent while its items are made."""
        operation = received.operation
        assert operation.reply is not None
        first = yield from taken(items, max(place.field.minimum, 1))
        record = with_items(record, place, first)
        envelope = self.processor.send_reply(version, operation, record, context.reply_headers)
        response = response_for(version, envelope)
        if not first:
            return response
        head, tail = split_at(Envelope.parse(envelope), operation.reply, place)
        known = partial(secrets_of, received)
        return replace(response, stream=SentItems(head, tail, self.codecs, place, items, len(first), known))


class _Both:
    """What is in either of two containers."""

    __slots__ = ("_containers",)

    def __init__(self, *containers: Container[str]) -> None:
        self._containers = containers

    def __contains__(self, item: object) -> bool:
        return any(item in each for each in self._containers)


def _with_head(context: Call, response: Response) -> Response:
    """A fault with what was to be said around it; without, where that is what went wrong."""
    try:
        return context.response.put_on(response)
    except SoapkitError as error:
        logger.error("a response goes without its header fields: %s", error.for_log)
        return response
