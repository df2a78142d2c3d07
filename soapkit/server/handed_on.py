"""Calls that go through a queue: handed on where they come, performed where they are taken up."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from msgspec import structs

from soapkit.exchange.flow import Flow, in_time
from soapkit.exchange.message_security import SECURITY_HEADER
from soapkit.exchange.observing import Watched
from soapkit.exchange.parts import Incoming
from soapkit.exchange.processor import Received
from soapkit.operations import Operation
from soapkit.server.context import Call
from soapkit.server.dispatch import Handing, Job
from soapkit.server.fault_answers import FaultAnswers, SoFar, late_fault
from soapkit.server.http import HttpRequest
from soapkit.server.intake import Intake
from soapkit.server.jobs import job_of, new_job_id, security_of
from soapkit.server.serving import Serving
from soapkit.soap.envelope import Envelope
from soapkit.transport.binding import one_way_accepted
from soapkit.transport.values import Response
from soapkit.ws.addressing import Properties


@dataclass(frozen=True, slots=True)
class HandedOn:
    """The calls of an endpoint whose dispatcher is that of `handing`."""

    handing: Handing
    intake: Intake
    serving: Serving
    faults: FaultAnswers

    def takes(self, operation: Operation[Any, Any], addressed: Properties | None) -> bool:
        """Whether a call goes to the dispatcher: where nobody waits for its answer at the other end of the
        connection."""
        elsewhere = addressed is not None and not addressed.is_anonymous(addressed.goes_to(fault=False))
        return self.handing.takes(operation, elsewhere=elsewhere)

    def hand_on(self, context: Call, received: Received, *, in_kind: bool) -> Flow[Response]:
        """Through the interceptors to the dispatcher: the call is taken."""
        path, dispatch = self.handing.path, self.handing.dispatcher.dispatch
        context = structs.replace(context, job=new_job_id())
        serving = self.serving.interceptors.around(
            context, dispatch, lambda call: {"job": job_of(call, received, path, xop=in_kind)}
        )
        seconds = self.serving.handler_seconds
        yield in_time(serving, seconds, partial(late_fault, f"the dispatcher of {received.operation.name}", seconds))
        return context.response.put_on(one_way_accepted())

    def perform(self, job: Job, request: HttpRequest, watched: Watched) -> Flow[None]:
        """A call that was handed on. Its message was believed when it came, and is not asked again; its answer goes
        where the request said. Raises what the handler of a one-way operation raises; what else goes wrong is
        answered."""
        received, so_far, in_kind = self._taken_up(job, request)
        operation, addressed = received.operation, so_far.addressing
        watched.routed(operation.name, so_far.message_id)
        context = self.serving.call_for(received, request, addressed, job)
        unhurried, is_fault = replace(self.serving, handler_seconds=None), False  # a queue has time limits of its own
        try:
            response = yield from unhurried.serve(context, received, in_kind=in_kind)
        except Exception as error:
            failed = self.faults.failure(error, received, so_far, watched)
            if failed is None:
                raise
            response, is_fault = failed, True
        if addressed is not None and not operation.one_way:
            yield from self.intake.addressing.delivered(addressed, response, is_fault=is_fault)

    def _taken_up(self, job: Job, request: HttpRequest) -> tuple[Received, SoFar, bool]:
        """The request of a job, what is known of it, and whether it was MTOM."""
        package = request.whole(self.intake.reader)
        operation, so_far = self.serving.service.operation(job.operation), SoFar(package.envelope.version)
        known = self.intake.processor
        understood = _Both(known.understood, (SECURITY_HEADER,))
        processor = replace(known, security=None, validator=None, understood=understood)

        def route(believed: Envelope) -> Operation[Any, Any]:
            self.intake.route(believed, job.action, so_far)
            return operation

        parts = Incoming.of(package)
        received = processor.receive_request(package.envelope, route, parts)
        return structs.replace(received, security=security_of(job, received.envelope)), so_far, package.xop


class _Both:
    """What is in either of two containers."""

    __slots__ = ("_containers",)

    def __init__(self, *containers: Container[str]) -> None:
        self._containers = containers

    def __contains__(self, item: object) -> bool:
        return any(item in each for each in self._containers)
