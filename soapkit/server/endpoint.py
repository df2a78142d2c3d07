"""Endpoint: a request comes in, a reply goes out; the journey of a call on the server, written once for every host.

    respond    is it a POST of SOAP?                            else a page, a contract, a refusal
    _answer    intake: read, believe, route, decode             else the fault for what is wrong with it
    _answered  a queue takes it, or its handler serves it       else the fault for what went wrong
    and then the answer goes back, or where WS-Addressing says

The rooms: `soapkit.server.intake`, `serving`, `handed_on`, `fault_answers`, `addressed`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from soapkit.errors import SoapkitError
from soapkit.exchange.flow import Flow, aside
from soapkit.exchange.log import is_heard, log_message
from soapkit.exchange.observing import Begun, Observer, Watched
from soapkit.exchange.processor import Received
from soapkit.operations import Service
from soapkit.server.context import Call
from soapkit.server.dispatch import Job
from soapkit.server.fault_answers import FaultAnswers, SoFar, code_name, reason_for_log, secrets_of
from soapkit.server.handed_on import HandedOn
from soapkit.server.http import LOST_BODY, HttpRequest
from soapkit.server.intake import Intake
from soapkit.server.jobs import request_of
from soapkit.server.proxies import Proxies
from soapkit.server.publication import Publication
from soapkit.server.serving import Serving
from soapkit.soap.attachments import Package
from soapkit.soap.version import Version
from soapkit.transport.binding import (
    RequestReader,
    action_of,
    announced,
    method_not_allowed,
    unsupported_coding,
    unsupported_media_type,
)
from soapkit.transport.coding import encoded, is_taken
from soapkit.transport.limits import HttpLimits
from soapkit.transport.values import Headers, Response
from soapkit.ws.addressing_faults import AddressingError
from soapkit.xml.positions import tell_columns

if TYPE_CHECKING:
    from soapkit.server.conversation import Agreements  # it knows of cryptography

logger = logging.getLogger("soapkit.server")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One service at one address.

    `intake`: what reads requests; `serving`: what answers them; `faults`: what answers where that is not possible;
    `publication`: what GET hands out; `observers`: who is told of each call; `gzip`: whether replies are compressed for
    callers that take that; `handed_on`: the calls that go to a dispatcher; `agreements`: what answers requests for
    security contexts; `proxies`: who is believed to say where a request comes from.
    """

    service: Service
    intake: Intake
    serving: Serving
    faults: FaultAnswers
    publication: Publication
    observers: tuple[Observer, ...] = ()
    gzip: bool = False
    handed_on: HandedOn | None = None
    agreements: Agreements | None = None
    proxies: Proxies | None = None

    @property
    def limits(self) -> HttpLimits:
        """Of a request's bytes, as sent and expanded."""
        return self.intake.limits

    def reader(self, headers: Headers) -> RequestReader:
        """What takes the body of a request while it comes."""
        return self.intake.reader(headers)

    def respond(self, request: HttpRequest) -> Flow[Response]:
        """The flow of one HTTP request. It ends in a response, whatever came."""
        if self.proxies is not None:
            request = self.proxies.told(request)
        if request.method in ("GET", "HEAD"):
            # under an event loop in threads of their own: the first page of a large contract takes a while, calls go on
            return (yield from aside("page", self.publication.respond, request))
        if request.method != "POST":
            return method_not_allowed()
        said = request.headers.known(announced)
        version = said.version
        if version is None:
            return unsupported_media_type(said.content_type)
        if said.coding is not None and not is_taken(said.coding):
            return unsupported_coding(said.coding)
        response = yield from (self._watched(request, version) if self.observers else self._answer(request, version))
        return encoded(response, request.headers.get("accept-encoding")) if self.gzip else response

    # --- observers ------------------------------------------------------------------------------------------------

    def _watched(self, request: HttpRequest, version: Version) -> Flow[Response]:
        """The same, with observers told."""
        watched = self._begun(request)
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
            watched = self._begun(request if self.proxies is None else self.proxies.told(request))
            watched.status, watched.error_type = status, str(status)
            watched.fault_code = "Receiver" if status >= 500 else "Sender"
            watched.end()

    def _begun(self, request: HttpRequest) -> Watched:
        names = self.service.name, self.service.namespace
        begun = Begun("server", *names, "", request.address, request.headers, request.client)
        return Watched(self.observers, begun)

    def perform(self, job: Job) -> Flow[None]:
        """A call that was handed on, taken up from its queue. Raises what the handler of a one-way operation raises."""
        assert self.handed_on is not None
        request = request_of(job)
        watched = self._begun(request)
        try:
            yield from self.handed_on.perform(job, request, watched)
        except BaseException as error:
            watched.error = error
            raise
        finally:
            watched.end()

    # --- one call -------------------------------------------------------------------------------------------------

    def _answer(self, request: HttpRequest, version: Version, watched: Watched | None = None) -> Flow[Response]:
        """Read, serve, reply; at whichever step something is wrong, the fault for it."""
        so_far, package = SoFar(version), None
        try:
            received = self.intake.plain(request, so_far)
            if received is None:
                package = request.whole(self.reader)
                so_far.version = package.envelope.version
                action = action_of(so_far.version, request.headers)
                asked = self.agreements.asked(package.envelope, action) if self.agreements is not None else None
                if asked is not None:
                    assert self.agreements is not None
                    arguments = package.envelope, action, request, self.intake, so_far
                    return (yield from self.agreements.respond(asked, *arguments))
                received = yield from self.intake.received(package, action, request, so_far)
        except Exception as error:
            return (yield from self._refused(error, request, package, so_far, watched))
        return (yield from self._answered(received, request, package, so_far, watched))

    def _refused(
        self,
        error: Exception,
        request: HttpRequest,
        package: Package | None,
        so_far: SoFar,
        watched: Watched | None,
    ) -> Flow[Response]:
        """The answer to a request that could not be taken in."""
        if isinstance(error, SoapkitError) and package is not None:
            tell_columns(error, package.text)
        if request.has_lost_its_body:
            logger.warning(LOST_BODY)
        refusal, response = self.faults.refused(error, so_far)
        if watched is not None:
            watched.error, watched.fault_code = error, code_name(refusal)
            watched.operation = so_far.operation.name if so_far.operation is not None else ""
        log_message("sent", "fault", response.body, reason=reason_for_log(refusal, error))
        if so_far.addressing is None or isinstance(error, AddressingError):
            return response
        return (yield from self.intake.addressing.delivered(so_far.addressing, response, is_fault=True))

    def _answered(
        self,
        received: Received,
        request: HttpRequest,
        package: Package | None,
        so_far: SoFar,
        watched: Watched | None,
    ) -> Flow[Response]:
        """The answer to a request that was understood."""
        operation, addressed = received.operation, so_far.addressing
        so_far.operation = operation
        if watched is not None:
            watched.routed(operation.name, so_far.message_id)
        heard = is_heard()
        if heard:
            plain = received.security is None  # else as it came over the wire, where it may be encrypted
            message = received.message if plain or not request.body else request.body
            log_message("received", operation.name, message, size=len(request.body))
        context = self.serving.call_for(received, request, addressed)
        in_kind, is_fault = package is not None and package.xop, False
        try:
            if self.handed_on is not None and self.handed_on.takes(operation, addressed):
                return (yield from self.handed_on.hand_on(context, received, in_kind=in_kind))
            response = yield from self.serving.serve(context, received, in_kind=in_kind)
            response = context.response.put_on(response)
        except Exception as error:
            failed = self.faults.failure(error, received, so_far, watched)
            if failed is None:
                return _with_head(context, Response(500))
            response, is_fault = _with_head(context, failed), True
        if heard:
            log_message("sent", operation.name, response.body, known=partial(secrets_of, received))
        if addressed is None or operation.one_way:
            return response
        return (yield from self.intake.addressing.delivered(addressed, response, is_fault=is_fault))


def _with_head(context: Call, response: Response) -> Response:
    """A fault with what was to be said around it; without, where that is what went wrong."""
    try:
        return context.response.put_on(response)
    except SoapkitError as error:
        logger.error("a response goes without its header fields: %s", error.for_log)
        return response
