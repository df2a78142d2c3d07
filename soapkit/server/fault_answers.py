"""What went wrong with a request -> the fault that answers it, and what the log is told of it.

Every abnormal request gets the fault that SOAP names for it, in the version of the request. What a handler did wrong is
told to the log; the caller learns only that it failed.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from soapkit.errors import (
    DataError,
    DecodeError,
    Fault,
    FaultCode,
    LimitError,
    LoginError,
    MessageError,
    SecurityError,
    SoapkitError,
    ValidationError,
    XmlError,
)
from soapkit.exchange.addressed import fault_action
from soapkit.exchange.encoded import RPC
from soapkit.exchange.failures import exc_info
from soapkit.exchange.faults import plain_fault
from soapkit.exchange.log import secret_names
from soapkit.exchange.masking import EVERYTHING, NOTHING, Known
from soapkit.exchange.observing import Watched, fields
from soapkit.exchange.processor import Processor, Received
from soapkit.operations import Operation, Service
from soapkit.soap.envelope import Draft
from soapkit.soap.fault import write_fault
from soapkit.soap.headers import not_understood_blocks, upgrade_block
from soapkit.soap.security_result import SecurityResult
from soapkit.soap.version import SOAP_1_2, Version
from soapkit.transport.binding import fault_status, response_for
from soapkit.transport.values import Response
from soapkit.ws.addressing import Properties
from soapkit.ws.addressing_faults import AddressingError
from soapkit.ws.addressing_headers import write_addressing
from soapkit.xml.names import WSSE, clark

logger = logging.getLogger("soapkit.server")

# One and the same for every failure of security, whatever it was: an oracle tells nothing (WSS 1.1, section 12).
SECURITY_FAULT = FaultCode("Sender", (clark(WSSE, "InvalidSecurity"),))
# SOAP 1.2 part 2, 4.4: of a call whose arguments are not those of the procedure.
BAD_ARGUMENTS = FaultCode("Sender", (clark(RPC, "BadArguments"),))
SECURITY_REASON = "the message does not meet the security requirements"


class SoFar(msgspec.Struct, eq=False):
    """What is known of a request while it is read. `version`: of SOAP, at first as its media type has it;
    `addressing`: its properties, once they are believed; `operation`: once it is found."""

    version: Version
    addressing: Properties | None = None
    operation: Operation[Any, Any] | None = None

    @property
    def message_id(self) -> str:
        """As WS-Addressing has it; nothing where it has none, or is not believed yet."""
        return self.addressing.message_id if self.addressing is not None else ""


@dataclass(frozen=True, slots=True)
class FaultAnswers:
    """The faults of one endpoint; `details` and `sender_fault_status` are those of `soapkit.server.host.Settings`."""

    service: Service
    processor: Processor
    details: bool
    sender_fault_status: int

    def refused(self, error: Exception, so_far: SoFar) -> tuple[Fault | MessageError, Response]:
        """What is wrong with a request that could not be taken in, and the response that says so."""
        refusal = self._refusal(error, so_far)
        of_body = isinstance(error, SoapkitError) and error.of_body
        blocks = self._blocks(so_far, error)
        response = self._response(so_far.version, refusal, None, None, blocks, of_body=of_body)
        return refusal, self._asking(response, error) if isinstance(error, LoginError) else response

    def _asking(self, response: Response, error: LoginError) -> Response:
        """The same, as one that asks for a login (RFC 9110, 15.5.2; RFC 7617, 2.1)."""
        challenge = f'{error.scheme} realm="{self.service.name}", charset="UTF-8"'
        headers = response.headers.with_(("WWW-Authenticate", challenge))
        return replace(response, status=401, headers=headers, reason="Unauthorized")

    def _log_fields(self, error: Exception, so_far: SoFar) -> dict[str, Any]:
        """What a record of a log says of a call beside its message."""
        return fields(
            operation=so_far.operation.name if so_far.operation is not None else "",
            service=self.service.name,
            message_id=so_far.message_id,
            error_type=type(error).__name__,
        )

    def _refusal(self, error: Exception, so_far: SoFar) -> Fault | MessageError:
        extra = self._log_fields(error, so_far)
        if isinstance(error, MessageError):
            logger.info("refused a message: %s", error.for_log, extra=extra)
            return error
        if isinstance(error, Fault):
            return error
        if isinstance(error, SecurityError):
            logger.warning("refused a message for its security: %s", error.for_log, extra=extra)
            return Fault(SECURITY_REASON, code=SECURITY_FAULT)
        if isinstance(error, (XmlError, DataError, ValidationError)):
            logger.info("refused a message: %s", error.for_log, extra=extra)
            kind = "is too large" if isinstance(error, LimitError) else "cannot be read"
            code = _code_of(error, so_far) if so_far.version is SOAP_1_2 else FaultCode("Sender")
            return Fault(str(error) if self.details else f"the message {kind}", code=code)
        return internal_fault(error, None, EVERYTHING, extra)

    def failure(self, error: Exception, received: Received, so_far: SoFar, watched: Watched | None) -> Response | None:
        """What answers a call whose handler failed; None for a one-way one: no envelope does (WS-I BP 1.1, R2714)."""
        operation = received.operation
        extra = self._log_fields(error, so_far)
        fault = error if isinstance(error, Fault) else internal_fault(error, operation, secrets_of(received), extra)
        if watched is not None:
            watched.error, watched.fault_code = error, code_name(fault)
        if operation.one_way:
            return None
        blocks = self._blocks(so_far, fault, operation)
        return self._response(received.version, fault, operation, received.security, blocks, of_body=True)

    def _response(
        self,
        version: Version,
        refusal: Fault | MessageError,
        operation: Operation[Any, Any] | None,
        security: SecurityResult | None,
        blocks: tuple[str, ...] = (),
        *,
        of_body: bool = False,
    ) -> Response:
        """`of_body`: whether it was the Body of the request that could not be processed."""
        if isinstance(refusal, MessageError):
            return self._message_fault(version, refusal, blocks)
        try:
            body = self.processor.send_fault(version, refusal, operation, security, blocks, of_body=of_body)
        except SoapkitError as error:  # the fault itself cannot be written, or not secured
            extra = self._log_fields(error, SoFar(version, None, operation))
            internal = internal_fault(error, operation, NOTHING, extra)
            told = plain_fault(version, internal.code, internal.reason, of_body=of_body)
            refusal, body = internal, Draft(version, told).to_bytes()
        return response_for(version, body, status=self._status(version, refusal.code.name))

    def _message_fault(self, version: Version, error: MessageError, blocks: tuple[str, ...]) -> Response:
        if isinstance(error, AddressingError):
            return self._addressing_fault(version, error)
        reason = str(error) if self.details or error.code != "Sender" else "the message cannot be read"
        if error.code == "VersionMismatch":  # in the version of its media type
            blocks = (*blocks, upgrade_block())
        elif error.code == "MustUnderstand" and version is SOAP_1_2:
            blocks = (*blocks, *not_understood_blocks(error.not_understood))
        code = FaultCode(error.code, error.subcodes if version is SOAP_1_2 else ())
        role = error.role if version is SOAP_1_2 else ""  # SOAP 1.1's faultactor is a node, not a role (4.4)
        told = plain_fault(version, code, reason, role=role, of_body=error.of_body)
        body = Draft(version, told, blocks).to_bytes()
        return response_for(version, body, status=self._status(version, error.code))

    def _addressing_fault(self, version: Version, error: AddressingError) -> Response:
        """The fault that WS-Addressing has for wrong headers (SOAP Binding, 6)."""
        blocks = write_addressing(error.answer(), version)
        detail = error.detail() if version.label == "1.2" else ""
        if version.label == "1.1" and error.block():
            blocks = (*blocks, error.block())
        subcodes = error.subcodes if version.label == "1.2" else error.subcodes[-1:]  # SOAP 1.1 has room for one
        code = FaultCode("Sender", subcodes)
        body = Draft(version, write_fault(version, code, error.reason, detail), blocks).to_bytes()
        return response_for(version, body, status=self._status(version, "Sender"))

    def _status(self, version: Version, code: str) -> int:
        status = fault_status(version, code)
        return self.sender_fault_status if status == 400 else status

    def _blocks(self, so_far: SoFar, error: object, operation: Operation[Any, Any] | None = None) -> tuple[str, ...]:
        if so_far.addressing is None:
            return ()
        action = fault_action(self.service, operation, error, so_far.addressing.version)
        return write_addressing(so_far.addressing.answer(action, fault=True), so_far.version)


def _code_of(error: SoapkitError, so_far: SoFar) -> FaultCode:
    """The code of SOAP 1.2 for a message that cannot be read."""
    if isinstance(error, DecodeError) and error.subcode:
        return FaultCode("Sender", (error.subcode,))
    is_rpc = so_far.operation is not None and so_far.operation.request.style == "rpc"
    return BAD_ARGUMENTS if is_rpc and not isinstance(error, XmlError) else FaultCode("Sender")


def late_fault(what: str, seconds: float | None) -> Fault:
    """The fault for what did not answer in its time."""
    logger.error("%s did not answer within %g s", what, seconds)
    return Fault(f"the service did not answer within {seconds:g} s", code="Receiver")


def secrets_of(received: Received) -> Known:
    """What is secret in a request."""
    try:
        return Known.of([received.envelope.root], secret_names())
    except SoapkitError:  # one that was read in pieces, and is too large to be read as a tree
        return EVERYTHING


def reason_for_log(refusal: Fault | MessageError, error: Exception) -> str:
    """The reason of a fault, without what it repeats of the request."""
    if isinstance(refusal, Fault) and not isinstance(error, SoapkitError):
        return refusal.reason
    return error.for_log if isinstance(error, SoapkitError) else str(refusal)


def code_name(refusal: Fault | MessageError) -> str:
    return refusal.code.name if isinstance(refusal, Fault) else refusal.code


def internal_fault(
    error: Exception, operation: Operation[Any, Any] | None, known: Known, extra: Mapping[str, Any]
) -> Fault:
    """A fault without inner text; the log has it all, under the same number. `known`: what the log is not told."""
    number = uuid.uuid4().hex[:12]
    name = operation.name if operation is not None else "(none)"
    logger.error("operation %s failed (reference %s)", name, number, exc_info=exc_info(error, known), extra=extra)
    return Fault(f"internal error (reference {number})", code="Receiver")
