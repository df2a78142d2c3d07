"""Where answers come that belong elsewhere than on the connection of their request: the ReplyTo of a client.

    pending = MemoryPendingReplies()
    app = answers_asgi(pending)                    # reached at https://shop.example/answers
    reply_to = EndpointReference("https://shop.example/answers")
    bank = BankClient(addressing=Addressing(reply_to=reply_to), pending=pending)
    bank.transfer(...)                             # asks, and waits until the answer has come here

A message is taken only if it relates to one that somebody waits for (WS-Addressing Core, 3.4). What it says is believed
by whoever asked: the security settings of the client apply, as to any reply.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from soapkit.errors import SoapkitError
from soapkit.exchange.faults import plain_fault
from soapkit.exchange.flow import Flow, call
from soapkit.exchange.pending import Answer, PendingReplies
from soapkit.server.asgi import Asgi
from soapkit.server.http import LOST_BODY, HttpRequest
from soapkit.server.limits import DEFAULT_HOST_LIMITS, HostLimits
from soapkit.server.wsgi import Wsgi
from soapkit.soap.attachments import DEFAULT_ATTACHMENT_LIMITS, AttachmentLimits, Package, pack_package
from soapkit.soap.envelope import Draft
from soapkit.soap.version import Version
from soapkit.transport.binding import (
    RequestReader,
    fault_status,
    method_not_allowed,
    one_way_accepted,
    response_for,
    unsupported_media_type,
    version_of_media_type,
)
from soapkit.transport.limits import DEFAULT_HTTP_LIMITS, HttpLimits
from soapkit.transport.values import Headers, Response
from soapkit.ws.addressing_headers import read_addressing
from soapkit.xml.parse import DEFAULT_LIMITS, XmlLimits

logger = logging.getLogger("soapkit.server")

_LONGEST_ID = 200  # characters


@dataclass(frozen=True, slots=True)
class Answers:
    """An address that takes answers, and nothing else. `pending`: which are waited for; `limits`, `xml_limits`,
    `attachment_limits`: of a message, as for a service."""

    pending: PendingReplies
    limits: HttpLimits = DEFAULT_HTTP_LIMITS
    xml_limits: XmlLimits = DEFAULT_LIMITS
    attachment_limits: AttachmentLimits = DEFAULT_ATTACHMENT_LIMITS

    def reader(self, headers: Headers) -> RequestReader:
        """What takes the body of a message while it comes."""
        return RequestReader(headers, self.limits, self.xml_limits, self.attachment_limits)

    def respond(self, request: HttpRequest) -> Flow[Response]:
        """The flow of one HTTP request: 202 for an answer that is waited for, else always the same fault."""
        if request.method != "POST":
            return method_not_allowed("POST")
        content_type = request.headers.get("content-type", "")
        version = version_of_media_type(content_type)
        if version is None:
            return unsupported_media_type(content_type)
        try:
            package = request.whole(self.reader)
            version = package.envelope.version
            related = _related(package)
            answer = _kept(package)
        except SoapkitError as error:
            if request.has_lost_its_body:
                logger.warning(LOST_BODY)
            logger.info("what came is no answer: %s", error.for_log)
            return _refused(version, "Sender", "the message is no answer that is waited for")
        try:
            for message_id in related:
                if (yield from call(self.pending.put, message_id, answer)):
                    return one_way_accepted()
        except SoapkitError as error:
            logger.error("an answer cannot be kept: %s", error.for_log)
            return _refused(version, "Receiver", "the answer cannot be taken now")
        logger.info("an answer came that nobody waits for")
        return _refused(version, "Sender", "the message is no answer that is waited for")

    def turned_away(self, request: HttpRequest, status: int) -> None:
        """Nobody observes what is turned away: those who wait are told by their time."""


def answers_asgi(pending: PendingReplies, *, limits: HostLimits = DEFAULT_HOST_LIMITS) -> Asgi:
    """An ASGI application that takes answers, to be served, or mounted, at the address that clients give as ReplyTo."""
    return Asgi({"": Answers(pending)}, limits)


def answers_wsgi(pending: PendingReplies, *, limits: HostLimits = DEFAULT_HOST_LIMITS) -> Wsgi:
    """The same as a WSGI application."""
    return Wsgi({"": Answers(pending)}, limits)


def _related(package: Package) -> list[str]:
    """The messages that a message says it answers; ours have short names."""
    found = read_addressing(package.envelope)
    if found is None:
        return []
    return [one for one, kind in found.relates_to if kind == found.version.reply and len(one) <= _LONGEST_ID]


def _kept(package: Package) -> Answer:
    """A message as it is kept: one alone as it came, so that errors tell its lines; one with parts written again."""
    if not package.attachments and not package.xop:
        return Answer(package.root, package.root_type or "")
    envelope = package.envelope
    body, fields = pack_package(envelope.to_bytes(), envelope.version, None, package.attachments, xop=package.xop)
    return Answer(b"".join(body), Headers(fields)["content-type"])


def _refused(version: Version, code: str, reason: str) -> Response:
    body = Draft(version, plain_fault(version, code, reason)).to_bytes()
    return response_for(version, body, status=fault_status(version, code))
