"""A contract -> which of its operations is meant, all its messages, and what a message is in Python."""

from __future__ import annotations

from typing import Any

from lxml import etree

from soapkit.codegen.generate import module_in_memory
from soapkit.errors import ContractError, UsageError
from soapkit.exchange.body import codecs_for, decode_body
from soapkit.exchange.samples import Sampled, messages_of
from soapkit.operations import Operation, Service
from soapkit.soap.envelope import Envelope
from soapkit.wsdl.model import Contract
from soapkit.xml.names import did_you_mean
from soapkit.xml.walk import tag_of


def find_operation(contract: Contract, name: str, service: str = "") -> tuple[Service, Operation[Any, Any]]:
    """The operation of this contract name or method name. Raises `UsageError` where there is none."""
    services = [known for known in contract.services if service in ("", known.name)]
    if not services:
        names = [known.name for known in contract.services]
        raise UsageError(f"the contract has no service {service!r}; it has {', '.join(names)}")
    for known in services:
        for operation in known.operations:
            if name in (operation.method, operation.name):
                return known, operation
    names = [operation.name for known in services for operation in known.operations]
    raise UsageError(f"{contract.source} has no operation {name!r}{did_you_mean(name, names)}")


def all_messages(contract: Contract) -> tuple[Sampled, ...]:
    """Every message of a contract. An operation that several services offer alike is told once."""
    found: dict[str, Sampled] = {}
    for service in contract.services:
        for operation in service.operations:
            for sampled in messages_of(service, operation):
                found.setdefault(sampled.label, sampled)
    return tuple(found.values())


def value_of(contract: Contract, sampled: Sampled, envelope: Envelope) -> Any:
    """The message as Python has it: the record of a request, what a call returns, the detail of a fault."""
    service = service_with_classes(contract, sampled.service)
    codecs = codecs_for(service)
    operation = service.operation(sampled.operation.method or sampled.operation.name)
    counterpart = Sampled(service, operation, sampled.direction, sampled.fault)
    if sampled.direction == "fault":
        tag = counterpart.detail.tag
        element = next(found for found in envelope.body.iter(etree.Element) if tag_of(found) == tag)
        return codecs.codec(counterpart.detail.type).decode(element)
    record = decode_body(counterpart.message, envelope.body, codecs)
    return operation.value_of(record) if sampled.direction == "reply" else record


def service_with_classes(contract: Contract, service: Service) -> Service:
    """The same service with Python classes for its types: of the module that a dynamic client uses."""
    module = module_in_memory(contract.services, contract.shapes, name=f"soapkit_contract_{id(contract):x}")
    candidates = (getattr(value, "service", None) for value in list(vars(module).values()))
    for candidate in candidates:
        if isinstance(candidate, Service) and (candidate.name, candidate.port_type) == (
            service.name,
            service.port_type,
        ):
            return candidate
    raise ContractError(f"service {service.name} has no Python classes", place=service.place)
