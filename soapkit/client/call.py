"""One call, written once: request out, reply in, for blocking and async clients alike."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from soapkit.attachment import Attachment
from soapkit.client.pending import is_only_accepted
from soapkit.client.route import Route
from soapkit.client.without_soap import answer_without_soap
from soapkit.errors import SoapkitError
from soapkit.exchange.body import encode_body
from soapkit.exchange.flow import Flow, send
from soapkit.exchange.large import receive_large
from soapkit.exchange.log import log_message, secret_names
from soapkit.exchange.masking import Known
from soapkit.exchange.observing import Begun, Watched
from soapkit.exchange.parts import Incoming
from soapkit.exchange.processor import Received
from soapkit.operations import Operation
from soapkit.soap.attachments import Unpacker
from soapkit.soap.security_result import SecurityResult
from soapkit.transport.hops import url_for_log
from soapkit.transport.values import AsyncTransport, Head, Headers, Request, Response, Transport
from soapkit.ws.addressing_headers import check_related
from soapkit.xml.parse import DEFAULT_LIMITS
from soapkit.xml.positions import tell_columns

ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True)
class Exchange(Generic[ValueT]):
    """A call that took place: its value, and all that passed.

    `value`: what the plain method returns. `request`, `response`: the envelopes as they went over the wire, bytes.
    `headers`: the reply's declared header blocks, typed, by part name. `request_headers`, `response_headers`: of HTTP.
    `status`: of HTTP, 0 if none came. `seconds`: from sending to the reply's last byte. `security`: what was believed
    of the reply, and why. `attachments`: what came beside the reply's envelope; `parts`: those of them that the
    contract describes, by part name. An exchange that failed is the `exchange` of the error, its `value` None.
    """

    operation: str
    address: str
    value: ValueT
    request: bytes = field(repr=False)
    response: bytes = field(default=b"", repr=False)
    headers: Mapping[str, Any] = field(default_factory=dict)
    request_headers: Headers = field(default_factory=Headers, repr=False)
    response_headers: Headers = field(default_factory=Headers, repr=False)
    status: int = 0
    seconds: float = 0.0
    security: SecurityResult | None = field(default=None, repr=False)
    attachments: tuple[Attachment, ...] = field(default=(), repr=False)
    parts: Mapping[str, Attachment] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Preview:
    """A message that would be sent: ``bank.preview.transfer(...)``. `request` is the envelope, bytes; `attachments`:
    what would travel beside it."""

    operation: str
    address: str
    request: bytes = field(repr=False)
    request_headers: Headers = field(default_factory=Headers, repr=False)
    attachments: tuple[Attachment, ...] = field(default=(), repr=False)


def call(
    route: Route,
    transport: Transport | AsyncTransport,
    operation: Operation[Any, ValueT],
    record: object,
    headers: Mapping[str, object] | None = None,
    attachments: tuple[Attachment, ...] = (),
) -> Flow[Exchange[ValueT]]:
    """The flow of one call. Every error it ends with carries the exchange as far as it got."""
    if not route.observers:
        return (yield from _called(route, transport, operation, record, headers, attachments))
    watched = watch(route, operation)
    try:
        exchange = yield from _called(route, transport, operation, record, headers, attachments, watched)
        watched.status = exchange.status
        return exchange
    except BaseException as error:
        watched.error = error
        raise
    finally:
        watched.end()


def watch(route: Route, operation: Operation[Any, Any], *, encloses: bool = True) -> Watched:
    """Tell the observers of a client that a call begins."""
    service = route.service
    names = (service.name, service.namespace) if service is not None else ("", "")
    address = url_for_log(route.address)
    return Watched(route.observers, Begun("client", *names, operation.name, address, encloses=encloses))


def _called(
    route: Route,
    transport: Transport | AsyncTransport,
    operation: Operation[Any, ValueT],
    record: object,
    headers: Mapping[str, object] | None,
    attachments: tuple[Attachment, ...],
    watched: Watched | None = None,
) -> Flow[Exchange[ValueT]]:
    if route.agreement is not None:
        yield from route.agreement.ready(transport)
    route = route.of_one_call()
    addressed = route.addressed(operation)
    request = route.request(operation, record, headers, route.outgoing(operation, headers, attachments), addressed)
    if watched is not None:
        if carried := watched.carried():
            request = replace(request, headers=request.headers.with_(*carried))
        watched.message_id = addressed.message_id if addressed is not None else ""
    log_message("sent", operation.name, request.body)
    response: Response | None = None
    started = time.perf_counter()

    def read(came: Response) -> Received | None:
        nonlocal response
        response = came
        log_message("received", operation.name, _envelope_in(came), known=lambda: _known(route, operation, record))
        received = receive(route, operation, came)
        if addressed is not None and received is not None:
            check_related(addressed, received.envelope)
        return received

    waiting = route.waiting(operation, addressed)
    try:
        if waiting is not None:
            yield from waiting.begun()
        response = yield from send(transport, request)
        seconds = time.perf_counter() - started
        if watched is not None:
            watched.status = response.status
        if waiting is not None and is_only_accepted(response):
            received = yield from waiting.answered(read)
            seconds = time.perf_counter() - started
        else:
            received = read(response)
        if waiting is not None:
            yield from waiting.over()
    except SoapkitError as error:
        if waiting is not None:
            yield from waiting.over()
        if route.agreement is not None:
            route.agreement.lost(error)
        error.exchange = _exchange(operation, request, response, None, None, time.perf_counter() - started)
        raise
    value = operation.value_of(received.value) if received is not None else None
    return _exchange(operation, request, response, received, value, seconds)


def receive(route: Route, operation: Operation[Any, Any], response: Response) -> Received | None:
    """The reply of a response; None where none is due. The quickest reader that can takes it."""
    if operation.http is not None:
        return answer_without_soap(operation, response, route.processor.codecs)
    reply = operation.reply
    # limits of a client's own are kept by the parser alone
    if response.sink is None and reply is not None and route.xml_limits is DEFAULT_LIMITS:
        processor, content_type = route.processor, response.headers.get("content-type", "")
        plain = processor.receive_plain_reply(response.body, content_type, operation) or receive_large(
            processor,
            response.body,
            content_type,
            lambda _: (operation, reply),
            lambda envelope: processor.receive_reply(envelope, operation),
            request=False,
        )
        if plain is not None:
            return plain
    return receive_package(route, operation, response)


def receive_package(route: Route, operation: Operation[Any, Any], response: Response) -> Received | None:
    """The same over the tree."""
    package = route.package_in(response, operation)
    if package is None:
        return None
    parts = Incoming.of(package)
    try:
        if operation.reply is None:
            route.processor.receive_fault(package.envelope, operation, parts)
            return None
        return route.processor.receive_reply(package.envelope, operation, parts)
    except SoapkitError as error:
        tell_columns(error, package.text)
        raise


def _known(route: Route, operation: Operation[Any, Any], record: object) -> Known:
    """What is secret in a request, which a reply may repeat: as it was before it was encrypted."""
    if operation.http is not None:
        return Known()
    body = encode_body(operation.request, record, route.processor.codecs, route.version)
    return Known.of([b"".join((b"<body>", *body, b"</body>"))], secret_names())


def _envelope_in(response: Response) -> bytes:
    """The envelope as it came, without what came beside it."""
    return response.sink.root if isinstance(response.sink, Unpacker) else response.body


def _beside(response: Response | None) -> tuple[Attachment, ...]:
    """What came beside an envelope that is no reply: a fault, or one that was refused."""
    return response.sink.attachments if response is not None and isinstance(response.sink, Unpacker) else ()


def _exchange(
    operation: Operation[Any, Any],
    request: Request,
    response: Response | None,
    received: Received | None,
    value: Any,
    seconds: float,
) -> Exchange[Any]:
    return Exchange(
        operation=operation.name,
        address=request.url,
        value=value,
        request=request.body,
        response=_envelope_in(response) if response is not None else b"",
        headers=received.headers if received is not None else {},
        request_headers=request.headers,
        response_headers=response.headers if response is not None else Headers(),
        status=response.status if response is not None else 0,
        seconds=seconds,
        security=received.security if received is not None else None,
        attachments=received.attachments if received is not None else _beside(response),
        parts=received.parts if received is not None else {},
    )


def exchange_of(operation: Operation[Any, Any], request: Request, head: Head | None) -> Exchange[Any]:
    """An exchange of whose reply only the head is kept, since it was read while it came; None where none came."""
    return Exchange(
        operation=operation.name,
        address=request.url,
        value=None,
        request=request.body,
        request_headers=request.headers,
        response_headers=head.headers if head is not None else Headers(),
        status=head.status if head is not None else 0,
    )
