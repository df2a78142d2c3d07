"""Ports with an HTTP binding -> Services: operations that are called without SOAP, by GET or POST (WSDL 1.1, 4).

They are none of `Contract.services`, since those who have a contract of .NET want its SOAP port; asked for by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from soapkit.errors import ContractError
from soapkit.operations import HttpUse, Operation, Port, Service
from soapkit.wsdl.messages import MessageReader
from soapkit.wsdl.model import Binding, BoundOperation, Contract, OperationDefinition, PortDefinition, ServiceDefinition
from soapkit.xml.names import local_name, namespace_of, split


def http_ports(contract: Contract) -> tuple[str, ...]:
    """The names of the ports that have an HTTP binding."""
    return tuple(port.name for _, port, _ in _ports(contract))


def http_service(contract: Contract, name: str) -> Service | None:
    """The operations of a port with an HTTP binding, as a service; None where the contract has no such port.

    Operations that cannot be called this way are told in `Contract.problems`.
    """
    found = next((found for found in _ports(contract) if found[1].name == name), None)
    if found is None:
        return None
    definition, port, binding = found
    port_type = contract.definitions.port_types.get(binding.port_type)
    if port_type is None:
        raise ContractError(f"port type {local_name(binding.port_type)} is not declared", place=binding.place)
    bound = {each.name: each for each in binding.operations}
    operations = [
        operation
        for each in port_type.operations
        if each.name in bound and (operation := _operation(contract, binding, each, bound[each.name])) is not None
    ]
    namespace, local = split(definition.name)
    return Service(
        name=local,
        namespace=namespace,
        port_type=port_type.name,
        operations=tuple(operations),
        ports=(Port(port.name, port.address, binding=binding.name, place=port.place),),
        documentation=definition.documentation or port_type.documentation,
        place=definition.place,
    )


def _ports(contract: Contract) -> Iterator[tuple[ServiceDefinition, PortDefinition, Binding]]:
    definitions = contract.definitions
    if definitions.version != "1.1":
        return
    for service in definitions.services.values():
        for port in service.ports:
            binding = definitions.bindings.get(port.binding)
            if binding is not None and binding.protocol == "http":
                yield service, port, binding


def _operation(
    contract: Contract, binding: Binding, definition: OperationDefinition, bound: BoundOperation
) -> Operation[Any, Any] | None:
    namespace = namespace_of(binding.port_type)
    reader = MessageReader(contract.definitions, contract.shapes, contract.told.warnings, namespace, "document")
    try:
        if definition.input is None or bound.input is None:
            raise ContractError("it has no input", place=bound.place)
        request = reader.http_message(definition.input, bound.input, f"{definition.name}Request")
        reply = None
        if definition.output is not None and bound.output is not None:
            reply = reader.http_message(definition.output, bound.output, f"{definition.name}Response")
    except ContractError as error:
        for problem in error.problems:
            contract.told.problems.add(f"operation {definition.name} cannot be used: {problem.message}", problem.place)
        return None
    fields = {found.name for found in contract.shapes[reply.record].fields} if reply is not None else set()
    return Operation(
        name=definition.name,
        request=request,
        reply=reply,
        method=definition.name,
        unwrap=fields.pop() if len(fields) == 1 else None,
        documentation=definition.documentation,
        place=definition.place,
        http=HttpUse(binding.verb, bound.location, bound.input.serialisation or "query"),
    )
