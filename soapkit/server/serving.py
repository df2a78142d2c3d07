"""A request that was understood -> its handler -> the reply; a handler may give an iterator, and the reply streams."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from soapkit.exchange.addressed import reply_action
from soapkit.exchange.attached import attachments_for
from soapkit.exchange.flow import Flow, contained, in_time
from soapkit.exchange.items import ItemPlace, item_places, split_at
from soapkit.exchange.parts import Outgoing
from soapkit.exchange.processor import Processor, Received
from soapkit.exchange.sending import Items, SentItems, items_in, taken, with_items
from soapkit.operations import Operation, Service
from soapkit.server.certificates import CertificateHeader, ClientCertificate
from soapkit.server.context import Call
from soapkit.server.dispatch import Job
from soapkit.server.fault_answers import late_fault, secrets_of
from soapkit.server.hosted import Handler
from soapkit.server.http import HttpRequest
from soapkit.server.interceptors import Chain
from soapkit.soap.envelope import Envelope
from soapkit.transport.binding import one_way_accepted, response_for
from soapkit.transport.values import Response
from soapkit.ws.addressing import Properties
from soapkit.ws.addressing_headers import write_addressing


@dataclass(frozen=True, slots=True)
class Serving:
    """What serves the calls of an endpoint. `handlers`: by operation; `interceptors`: what stands around every call.
    The other fields are those of `soapkit.server.host.Settings`."""

    service: Service
    handlers: Mapping[str, Handler]
    processor: Processor
    interceptors: Chain
    mtom: bool | None
    threshold: int
    handler_seconds: float | None
    certificate_header: CertificateHeader | None
    _places: dict[str, tuple[ItemPlace, ...]] = field(default_factory=dict, repr=False, compare=False)

    def call_for(
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

    def serve(self, context: Call, received: Received, *, in_kind: bool) -> Flow[Response]:
        """The reply to a call. `in_kind`: whether its request was MTOM. Raises what the handler raises, and
        `EncodeError` for what it returns that the contract does not allow."""
        operation, addressed, version = received.operation, context.addressing, received.version
        handler = self.handlers[operation.name]
        serving = self.interceptors.around(
            context, handler.function, lambda call: handler.arguments(received, call, self.processor.codecs)
        )
        late = partial(late_fault, f"operation {operation.name}", self.handler_seconds)
        value = yield from contained(in_time(serving, self.handler_seconds, late))
        if operation.reply is None:
            return one_way_accepted()
        mtom = in_kind if self.mtom is None else self.mtom
        beside = context.reply_attachments
        if operation.reply.attached:
            beside = [*attachments_for(operation.reply, context.reply_parts), *beside]
        parts = Outgoing(self.threshold if mtom else None, beside)
        record = operation.record_for(value)
        blocks: tuple[str, ...] = ()
        if addressed is not None:
            blocks = write_addressing(addressed.answer(reply_action(self.service, operation)), version)
        places = self._item_places(operation)
        stream = items_in(record, places) if places else None
        if stream is not None:
            place, items = stream
            if self._is_whole(operation) or parts.as_package or addressed is not None:
                record = with_items(record, place, (yield from taken(items, None)))
            else:
                return (yield from self._sent_items(record, place, items, received, context))
        envelope = self.processor.send_reply(
            version,
            operation,
            record,
            context.reply_headers,
            received.security,
            parts,
            blocks,
        )
        return response_for(version, envelope, attachments=parts.attachments, xop=parts.xop)

    def _is_whole(self, operation: Operation[Any, Any]) -> bool:
        """Whether a reply must be there whole before it is sent: to be signed, to be validated."""
        return self.processor.security is not None or self.processor.checks_going(operation, request=False)

    def _item_places(self, operation: Operation[Any, Any]) -> tuple[ItemPlace, ...]:
        """Where a handler may put an iterator; found out at the first call."""
        found = self._places.get(operation.name)
        if found is None:
            assert operation.reply is not None
            found = self._places[operation.name] = item_places(operation.reply, self.processor.codecs)
        return found

    def _sent_items(
        self, record: Any, place: ItemPlace, items: Items, received: Received, context: Call
    ) -> Flow[Response]:
        """A reply that is sent while its items are made."""
        operation, version = received.operation, received.version
        assert operation.reply is not None
        first = yield from taken(items, max(place.field.minimum, 1))
        record = with_items(record, place, first)
        envelope = self.processor.send_reply(version, operation, record, context.reply_headers)
        response = response_for(version, envelope)
        if not first:
            return response
        head, tail = split_at(Envelope.parse(envelope), operation.reply, place)
        known = partial(secrets_of, received)
        return replace(response, stream=SentItems(head, tail, self.processor.codecs, place, items, len(first), known))
