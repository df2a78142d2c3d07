"""Where the calls of a client go, and how: the `Route`, settled when the client is made."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from soapkit.attachment import Attachment
from soapkit.client.pending import Waiting
from soapkit.client.without_soap import request_without_soap
from soapkit.errors import UsageError
from soapkit.exchange.addressed import request_action
from soapkit.exchange.attached import attachments_for
from soapkit.exchange.message_security import Agreement, MessageSecurity, OfOneCall
from soapkit.exchange.observing import Observer
from soapkit.exchange.parts import Outgoing
from soapkit.exchange.pending import PendingReplies
from soapkit.exchange.processor import Processor
from soapkit.operations import Operation, Port, Service
from soapkit.soap.attachments import DEFAULT_ATTACHMENT_LIMITS, AttachmentLimits, Package
from soapkit.soap.version import Version
from soapkit.transport.binding import package_of, reply_sink, request_for
from soapkit.transport.values import Request, Response
from soapkit.ws.addressing import HEADERS, Addressing, Properties
from soapkit.ws.addressing_headers import write_addressing
from soapkit.xml.names import did_you_mean
from soapkit.xml.parse import DEFAULT_LIMITS, XmlLimits


@dataclass(frozen=True, slots=True)
class Route:
    """Where calls go, and how: what a client holds.

    `headers`: default values of declared header blocks, by part name, for the operations that declare them. `timeout`:
    seconds for one exchange. `threshold`: bytes from which binary content travels beside the envelope (MTOM), None for
    never. `addressing`: how messages are addressed (WS-Addressing), None for not at all; `service`: whose operations
    are called; `agreement`: what is agreed on before the first message; `observers`: who is told of each call;
    `pending`: where answers come that do not come back over the connection; `xml_limits`, `attachment_limits`: of a
    reply.
    """

    address: str
    version: Version
    actions: Mapping[str, str]
    processor: Processor
    headers: Mapping[str, object]
    timeout: float | None
    threshold: int | None = None
    service: Service | None = None
    addressing: Addressing | None = None
    agreement: Agreement | None = None
    observers: tuple[Observer, ...] = ()
    pending: PendingReplies | None = None
    xml_limits: XmlLimits = DEFAULT_LIMITS
    attachment_limits: AttachmentLimits = DEFAULT_ATTACHMENT_LIMITS

    def of_one_call(self) -> Route:
        """The same for one call, whose answer is held against its request."""
        security: object = self.processor.security  # of any kind: it need not tell
        own = security.of_one_call() if isinstance(security, OfOneCall) else None
        if own is None:
            return self
        return replace(self, processor=replace(self.processor, security=own))

    def outgoing(
        self,
        operation: Operation[Any, Any],
        headers: Mapping[str, object] | None,
        attachments: tuple[Attachment, ...] = (),
    ) -> Outgoing:
        """What takes what travels beside a request, parts that the contract describes too."""
        if headers and operation.request.attached:
            attachments = (*attachments_for(operation.request, headers), *attachments)
        return Outgoing(self.threshold, attachments)

    def request(
        self,
        operation: Operation[Any, Any],
        record: object,
        headers: Mapping[str, object] | None = None,
        parts: Outgoing | None = None,
        addressed: Properties | None = None,
    ) -> Request:
        """The HTTP request of a call; `addressed`: as `addressed` gave it.

        Raises `UsageError`, `EncodeError`, `ValidationError`, `SecurityError`.
        """
        blocks: dict[str, object] = {}
        if self.headers:
            declared = {header.name for header in operation.request.headers}
            blocks = {name: value for name, value in self.headers.items() if name in declared}
        if headers:
            beside = {part.name for part in operation.request.attached}
            given = ((name, value) for name, value in headers.items() if name not in beside)
            blocks.update((name, value) for name, value in given if value is not None)
        if operation.http is not None:
            codecs = self.processor.codecs
            return request_without_soap(operation, record, self.address, codecs, self.timeout)
        action = self.actions.get(operation.name, operation.action)
        addressed = addressed or self.addressed(operation)
        added: tuple[str, ...] = ()
        if addressed is not None and self.addressing is not None:
            added = write_addressing(addressed, self.version, must_understand=self.addressing.must_understand)
        body = self.processor.send_request(self.version, operation, record, blocks, parts, added)
        return request_for(
            self.address,
            self.version,
            action,
            body,
            timeout=self.timeout,
            attachments=parts.attachments if parts is not None else (),
            xop=parts is not None and parts.xop,
            sink=partial(reply_sink, attachments=self.attachment_limits, xml=self.xml_limits),
        )

    def package_in(self, response: Response, operation: Operation[Any, Any]) -> Package | None:
        """The message that a response carries, within limits. As `package_of`."""
        return package_of(
            response,
            self.version,
            one_way=operation.one_way,
            source=operation.name,
            limits=self.xml_limits,
            attachments=self.attachment_limits,
        )

    def addressed(self, operation: Operation[Any, Any]) -> Properties | None:
        """The properties of WS-Addressing for a request; None where messages are not addressed."""
        if self.addressing is None or self.service is None:
            return None
        action = request_action(self.service, operation, self.actions.get(operation.name, operation.action))
        return self.addressing.properties(self.address, action, one_way=operation.one_way)

    def waiting(self, operation: Operation[Any, Any], addressed: Properties | None) -> Waiting | None:
        """The wait for an answer that does not come back over the connection; None where it does."""
        if self.pending is None or addressed is None or operation.one_way or operation.http is not None:
            return None
        return Waiting(self.pending, addressed.message_id, self.timeout)


# --- what is settled when a client is made -----------------------------------------------------------------------


def choose_port(service: Service, port: str | None, version: str | None) -> Port:
    """The port of a service with this name, else the first of this version. Raises `UsageError`."""
    if port is not None:
        names = {candidate.name: candidate for candidate in service.ports}
        if port not in names:
            raise UsageError(
                f"{service.name} has no port {port!r}; it has {', '.join(names)}{did_you_mean(port, names)}"
            )
        return names[port]
    for candidate in service.ports:
        if version in (None, candidate.version):
            return candidate
    if not service.ports:
        return Port("", "", "1.1" if version is None else version)  # type: ignore[arg-type]  # checked by the annotation of the constructor
    raise UsageError(f"{service.name} has no port for SOAP {version}")


def addressing_for(asked: Addressing | bool | None, port: Port, security: MessageSecurity | None) -> Addressing | None:
    """How a client addresses its messages: as it was asked to, else as the contract demands, or the alternative of its
    policy that the settings keep to."""
    if isinstance(asked, Addressing):
        return asked
    demanded = port.addressing or getattr(security, "addressing", "")
    wanted = bool(demanded) if asked is None else asked
    return Addressing(demanded or "2005/08") if wanted else None


def agreement_for(
    security: MessageSecurity | None,
    address: str,
    version: Version,
    addressing: Addressing | None,
    timeout: float | None,
) -> tuple[MessageSecurity | None, Agreement | None]:
    """Settings for this client alone, and what it agrees on before its first message; None where that is nothing."""
    if getattr(security, "conversation", None) is None and getattr(security, "issuing", None) is None:
        return security, None
    from soapkit.client.agreements import agreed_by  # it knows of cryptography: only where it is used

    return agreed_by(security, address, version, addressing, timeout)


class Understood(Container[str]):
    """The header blocks that replies of a service declare; collected when a reply has one that must be understood."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._tags: frozenset[str] | None = None

    def __contains__(self, tag: object) -> bool:
        if self._tags is None:
            replies = (operation.reply for operation in self._service.operations if operation.reply is not None)
            self._tags = HEADERS | {header.tag for reply in replies for header in reply.headers}
        return tag in self._tags
