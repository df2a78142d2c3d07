"""Which WS-Addressing Action each message of an operation has: as its contract says, else by the rule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from soapkit.operations import Operation, Service
from soapkit.ws.addressing import VERSION_2005, AddressingVersion, default_action
from soapkit.xml.names import local_name, namespace_of


def request_action(service: Service, operation: Operation[Any, Any], soap_action: str = "") -> str:
    """That of a request: the contract's Action, else the SOAPAction where there is one, else by the default pattern
    (WS-Addressing Metadata, 4.4.1 to 4.4.4)."""
    said = operation.request.action or soap_action or operation.action
    return said or _default(service, f"{operation.name}Request" if operation.reply is not None else operation.name)


def spellings(service: Service, operation: Operation[Any, Any], actions: Iterable[str]) -> frozenset[str]:
    """The Actions under which peers know a request whose contract has these: the default pattern where they pass over
    what the contract says, with either delimiter, and with ``Request`` at its end or without, as inputs that have a
    name of their own and those that have none."""
    patterns = {operation.name, f"{operation.name}Request"}
    namespace = namespace_of(service.port_type) or service.namespace
    port_type = local_name(service.port_type) or service.name
    found = {default_action(namespace, port_type, name, delimiter) for name in patterns for delimiter in "/:"}
    for action in actions:
        found |= {f"{action}Request", action.removesuffix("Request")} if action else set()
    return frozenset(found)


def reply_action(service: Service, operation: Operation[Any, Any]) -> str:
    """That of the reply."""
    said = operation.reply.action if operation.reply is not None else ""
    return said or _default(service, f"{operation.name}Response")


def fault_action(
    service: Service,
    operation: Operation[Any, Any] | None,
    error: object,
    version: AddressingVersion = VERSION_2005,
) -> str:
    """That of a fault: a declared one by its name, any other by the action that the version has for them."""
    for declared in operation.faults if operation is not None else ():
        if declared.exception is not None and isinstance(error, declared.exception):
            assert operation is not None
            return declared.action or _default(service, f"{operation.name}/Fault/{declared.name}")
    return version.fault_action


def _default(service: Service, message: str) -> str:
    namespace = namespace_of(service.port_type) or service.namespace
    return default_action(namespace, local_name(service.port_type) or service.name, message)
