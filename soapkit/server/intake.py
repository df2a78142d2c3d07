"""A request's bytes -> what it says, once it is believed, understood, and its operation found.

What is known of a request grows as it is read. `SoFar` keeps it, for the fault that answers where reading ends early.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from soapkit.errors import MessageError, SoapkitError
from soapkit.exchange.flow import Flow, call, within
from soapkit.exchange.large import receive_large
from soapkit.exchange.parts import Incoming
from soapkit.exchange.processor import Processor, Received, Route
from soapkit.operations import Message, Operation
from soapkit.server.addressed import AddressedReplies
from soapkit.server.certificates import CertificateHeader
from soapkit.server.fault_answers import SoFar, late_fault
from soapkit.server.http import HttpRequest
from soapkit.server.route import Router
from soapkit.server.senders import from_sender
from soapkit.soap.attachments import AttachmentLimits, Package
from soapkit.soap.envelope import Envelope
from soapkit.transport.binding import RequestReader, announced
from soapkit.transport.limits import HttpLimits, expand
from soapkit.transport.values import Headers
from soapkit.ws.addressing import Properties
from soapkit.ws.addressing_faults import AddressingError
from soapkit.xml.parse import DEFAULT_LIMITS, XmlLimits

_LARGE = 4 * 1024 * 1024  # bytes of attachments that are digested and decrypted while others wait


@dataclass(frozen=True, slots=True)
class Intake:
    """What reads the requests of an endpoint. The fields are those of `soapkit.server.host.Settings`."""

    processor: Processor
    router: Router
    addressing: AddressedReplies
    limits: HttpLimits
    xml_limits: XmlLimits
    attachment_limits: AttachmentLimits
    handler_seconds: float | None
    certificate_header: CertificateHeader | None

    def reader(self, headers: Headers) -> RequestReader:
        """What takes the body of a request while it comes."""
        return RequestReader(headers, self.limits, self.xml_limits, self.attachment_limits)

    def plain(self, request: HttpRequest, so_far: SoFar) -> Received | None:
        """The request, where it can be read without more ado. `so_far.version`: as its media type has it."""
        if request.package is not None or self.addressing.use == "required" or self.xml_limits is not DEFAULT_LIMITS:
            return None  # limits of a service's own are kept by the parser alone
        said, body, processor = request.headers.known(announced), request.body, self.processor
        action, content_type = said.action, said.content_type
        if action is None:
            return None  # as below
        if said.coding is not None:
            try:
                body = expand(body, said.coding, self.limits)
            except SoapkitError:
                return None  # told by who reads it again

        def resolve(envelope: Envelope) -> tuple[Operation[Any, Any], Message]:
            operation = self.route(envelope, action, so_far)
            return operation, operation.request

        found = processor.receive_plain_request(body, content_type, resolve, action) or receive_large(
            processor,
            body,
            content_type,
            resolve,
            lambda envelope: processor.receive_request(envelope, lambda inner: self.route(inner, action, so_far)),
            request=True,
        )
        return found if found is not None and found.version is so_far.version else None

    def received(self, package: Package, action: str, request: HttpRequest, so_far: SoFar) -> Flow[Received]:
        """The request, read as a tree. Raises what is wrong with it."""
        parts = Incoming.of(package)

        def route(believed: Envelope) -> Operation[Any, Any]:
            return self.route(believed, action, so_far)

        return (yield from self._verified(package.envelope, route, parts, request))

    def _verified(
        self, envelope: Envelope, route: Route, parts: Incoming | None, request: HttpRequest
    ) -> Flow[Received]:
        """Where security asks a store on another machine, or reads large attachments, nobody else waits for that: an
        event loop serves on, and tells whoever asks that it lives."""
        processor, security = self.processor, self.processor.security
        asking = from_sender(security, request, self.certificate_header)
        processor = processor if asking is security else replace(processor, security=asking)
        beside = parts.package.attachments if parts is not None and asking is not None else ()
        if not processor.waits and sum(attachment.size for attachment in beside) < _LARGE:
            return processor.receive_request(envelope, route, parts)
        receiving = call(processor.receive_request, envelope, route, parts)
        late = partial(late_fault, "security", self.handler_seconds)
        return (yield from within(self.handler_seconds, receiving, late))

    def route(self, believed: Envelope, action: str, so_far: SoFar) -> Operation[Any, Any]:
        """The operation of a request: by its Action, where WS-Addressing says one."""
        found = self.addressing.read(believed, action, self.processor.roles)
        so_far.addressing = found
        if found is None:
            operation = self.router.route(believed, action)
        else:
            operation = self._addressed_route(believed, found)
        so_far.operation = operation
        return operation

    def _addressed_route(self, believed: Envelope, found: Properties) -> Operation[Any, Any]:
        """The same, where the message says its Action: it must be one of the operation that its Body is for."""
        action = found.action
        try:
            operation = self.router.route(believed, action)
        except MessageError as error:
            if self.router.knows(action):
                raise
            raise AddressingError("ActionNotSupported", str(error), problem=action, request=found) from error
        if not (self.router.is_of(operation, action) or (self.addressing.any_action and not self.router.knows(action))):
            told = f"the Action {action!r:.200} is not that of {operation.name}"
            raise AddressingError("ActionNotSupported", told, problem=action, request=found)
        self.addressing.check_answerable(found, operation)
        return operation
