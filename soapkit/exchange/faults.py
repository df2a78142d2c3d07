"""Declared faults <-> exceptions: the detail of a fault, typed.

SOAP 1.1, 4.4; SOAP 1.2 part 1, 5.4; WSDL 1.1, 3.6.
"""

from __future__ import annotations

import logging

from lxml import etree

from soapkit.databinding.binary import put_back_found
from soapkit.databinding.codec import Codecs
from soapkit.errors import DataError, DeclaredFault, Fault, FaultCode
from soapkit.operations import FaultDetail, Operation
from soapkit.soap.fault import FaultMessage, write_fault
from soapkit.soap.version import Version
from soapkit.xml.serialise import serialise
from soapkit.xml.walk import tag_of

logger = logging.getLogger("soapkit.exchange")


def fault_from(message: FaultMessage, declared: tuple[FaultDetail, ...], codecs: Codecs) -> Fault:
    """The exception for a fault that came: of the declared class, with a typed ``detail``, where its first detail
    entry is one that the operation declares; else a plain `Fault` with the entries as elements."""
    for entry in message.detail:
        for fault in declared:
            if fault.tag == tag_of(entry) and fault.exception is not None:
                try:
                    detail = codecs.codec(fault.type).decode(entry)
                except DataError as error:
                    logger.warning("the detail of fault %s does not fit its type: %s", fault.name, error.for_log)
                    continue
                exception = fault.exception(detail, message.reason)
                assert isinstance(exception, Fault)
                exception.code, exception.reasons = message.code, message.reasons
                exception.actor, exception.node = message.role, message.node
                return exception
    return undeclared_fault(message)


def undeclared_fault(message: FaultMessage) -> Fault:
    """The exception for a fault that nobody declares, with the entries of its detail as elements."""
    for entry in message.detail:
        put_back_found(entry)
    return Fault(
        message.reason,
        code=message.code,
        detail=message.detail,
        actor=message.role,
        node=message.node,
        reasons=message.reasons,
    )


def encode_fault(
    version: Version,
    fault: Fault,
    operation: Operation[object, object] | None,
    codecs: Codecs,
    *,
    of_body: bool = False,
) -> str:
    """The soap:Fault element, as text, for a fault that a handler raised. The pair of `fault_from`. `of_body`: as for
    `write_fault`.

    Raises `soapkit.errors.EncodeError` where the detail of a declared fault does not fit its type.
    """
    return write_fault(
        version,
        fault.code,
        fault.reasons or {"en": fault.reason},
        detail=_detail_text(fault, operation, codecs),
        role=fault.actor,
        node=fault.node,
        of_body=of_body,
    )


def plain_fault(version: Version, code: str | FaultCode, reason: str, *, role: str = "", of_body: bool = False) -> str:
    """The soap:Fault element, as text, for a failure of the kit's own finding. `role`, `of_body`: see `write_fault`."""
    told = FaultCode(code) if isinstance(code, str) else code
    return write_fault(version, told, {"en": reason}, role=role, of_body=of_body)


def _detail_text(fault: Fault, operation: Operation[object, object] | None, codecs: Codecs) -> str:
    if isinstance(fault, DeclaredFault):
        declared = operation.faults if operation is not None else ()
        for candidate in declared:
            if candidate.exception is not None and isinstance(fault, candidate.exception):
                return codecs.codec(candidate.type).encode(fault.detail, candidate.tag)
        logger.warning(
            "%s was raised, which operation %s does not declare: its detail is not sent",
            type(fault).__name__,
            operation.name if operation is not None else "(unknown)",
        )
        return ""
    return "".join(serialise(entry).decode() for entry in fault.detail if isinstance(entry, etree._Element))
