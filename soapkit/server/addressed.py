"""WS-Addressing on the server: what a request says of itself, and where its answer may go.

An answer goes elsewhere only to addresses of an allow-list, which is empty unless somebody fills it: a service that
sent wherever a stranger says would be anybody's relay.
"""

from __future__ import annotations

import logging
from collections.abc import Container, Sized
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal, TypeAlias

from soapkit.errors import SoapkitError
from soapkit.exchange.failures import exc_info
from soapkit.exchange.flow import Flow, send
from soapkit.exchange.masking import NOTHING
from soapkit.exchange.message_security import SECURITY_HEADER
from soapkit.operations import Operation
from soapkit.soap.envelope import Envelope
from soapkit.transport.hops import url_for_log
from soapkit.transport.values import AsyncTransport, Headers, Request, Response, Transport
from soapkit.ws.addressing import HEADERS, VERSION_2005, EndpointReference, Properties
from soapkit.ws.addressing_faults import AddressingError, missing
from soapkit.ws.addressing_headers import read_addressing
from soapkit.ws.allowed_addresses import is_allowed
from soapkit.xml.walk import tag_of

# What a stranger may not have us write in a message of ours, as a parameter of his address.
_OURS: Final = HEADERS | {SECURITY_HEADER}

logger = logging.getLogger("soapkit.server")

Use: TypeAlias = Literal["off", "accepted", "required"]


@dataclass(frozen=True)
class AddressedReplies:
    """How a service takes WS-Addressing.

    `use`: ``accepted`` (where a request has it, it is kept to), ``required``, or ``off`` (its blocks are not
    understood). `allowed`: addresses that answers may be sent to, and all below them; none unless said. `transport`:
    what sends them, urllib3 unless said. `timeout`: seconds. `to`: addresses that requests may be for, and all below
    them, any where there are none: who may send to one service must not have his messages served by another.
    `any_action`: whether an Action that no operation has is passed over, and the Body alone decides.
    """

    use: Use = "accepted"
    allowed: tuple[str, ...] = ()
    transport: Transport | AsyncTransport | None = field(default=None, repr=False)
    timeout: float = 60.0
    to: tuple[str, ...] = ()
    any_action: bool = False

    def read(self, envelope: Envelope, soap_action: str, roles: Container[str] = ()) -> Properties | None:
        """The addressing properties of a request, checked; None where it has none. `roles`: that the service plays.

        Raises `AddressingError` for what is wrong or missing, for a request that is for somebody else, and for an
        answer that would go where none may.
        """
        if self.use == "off":
            return None
        found = read_addressing(envelope, roles)
        if found is None:
            if self.use == "required":
                raise missing("Action")
            return None
        if not found.action:
            raise missing("Action", found)
        if soap_action and soap_action != found.action:
            raise AddressingError(
                "ActionMismatch",
                f"the Action {found.action!r} is not the SOAPAction {soap_action!r}",
                problem=soap_action,
                request=found,
            )
        if self.to and found.to is not None and not is_allowed(found.to.address, self.to):
            raise AddressingError(
                "DestinationUnreachable",
                f"the message is for {found.to.address!r:.200}",
                problem=found.to.address,
                bare=f"the message is for {url_for_log(found.to.address)!r:.200}",
                request=found,
            )
        for reference in (found.reply_to, found.fault_to):
            for one in reference.parameters if reference is not None else ():
                if tag_of(one) in _OURS:
                    told = f"{tag_of(one)} is no reference parameter: it would speak for the sender of the answer"
                    raise AddressingError("InvalidAddressingHeader", told, one, request=found)
            if reference is not None and self.is_elsewhere(found, reference) and not self._may(reference):
                raise AddressingError(
                    "OnlyAnonymousAddressSupported",
                    f"answers are not sent to {reference.address!r}, only back over the connection",
                    problem=found.version.name("ReplyTo"),
                    bare=f"answers are not sent to {url_for_log(reference.address)!r:.200}, only back",
                    request=found,
                )
        return found

    def check_answerable(self, found: Properties, operation: Operation[Any, Any]) -> None:
        """Raise `AddressingError` for a request whose reply could not say which message it answers: without MessageID
        (1.0 Core, 3.4: "the processor MUST fault"; in the submission only where it says where answers go)."""
        says_where = found.reply_to is not None or found.fault_to is not None
        if operation.reply is not None and not found.message_id and (found.version is VERSION_2005 or says_where):
            raise missing("MessageID", found)

    def delivered(self, request: Properties, response: Response, *, is_fault: bool) -> Flow[Response]:
        """The answer to a request goes back, elsewhere, or nowhere; what the caller then gets."""
        target = request.goes_to(fault=is_fault)
        if request.is_none(target):
            return Response(202)
        if not self.is_elsewhere(request, target):
            return response
        try:
            return (yield from self.deliver(target.address, response))
        except SoapkitError as error:
            told, info = (request.message_id, url_for_log(target.address)), exc_info(error, NOTHING)
            logger.error("the answer to %r could not be delivered to %r", *told, exc_info=info)
            return Response(202)  # the request itself was taken

    def is_elsewhere(self, properties: Properties, reference: EndpointReference) -> bool:
        """Whether an answer goes neither back nor nowhere."""
        return not (properties.is_anonymous(reference) or properties.is_none(reference))

    def _may(self, reference: EndpointReference) -> bool:
        return is_allowed(reference.address, self.allowed)

    @cached_property
    def _sender(self) -> Transport | AsyncTransport:
        from soapkit.transport.urllib3 import Urllib3Transport  # only a service that sends answers elsewhere needs it

        return self.transport if self.transport is not None else Urllib3Transport()

    def deliver(self, address: str, answer: Response) -> Flow[Response]:
        """Send an answer elsewhere; what the caller then gets."""
        said = {"Content-Type": answer.headers.get("content-type", "text/xml; charset=utf-8")}
        if said["Content-Type"].startswith("text/xml"):
            said["SOAPAction"] = '""'
        stream = answer.stream if isinstance(answer.stream, Sized) else None  # of a message with parts
        asked = Request(address, answer.body, Headers(said), timeout=self.timeout, stream=stream)
        taken = yield from send(self._sender, asked)
        if not 200 <= taken.status < 300:
            logger.warning("an answer was not taken at %r: status %d", url_for_log(address), taken.status)
        return Response(202)


def addressing_use(asked: Use | None, security: object) -> Use:
    """How a service takes WS-Addressing: as it was asked to, else as the policy that its settings are from demands."""
    return asked or ("required" if getattr(security, "addressing", "") else "accepted")


ACCEPTED: Final = AddressedReplies()
