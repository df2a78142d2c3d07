"""Services -> the names of what is generated for them; then, with their types, the whole plan of a package."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from soapkit.codegen.naming import Names, class_name, constant_name, field_name, method_name
from soapkit.codegen.plan import FaultPlan, MethodPlan, Options, Package, ServicePlan, Types
from soapkit.codegen.plan_types import Wanted, plan_types
from soapkit.databinding.shape import Key, Record, RecordRef, Shapes, Type, reachable
from soapkit.errors import ContractError, UsageError
from soapkit.operations import AttachedPart, FaultDetail, Header, Message, Operation, Service
from soapkit.xml.names import did_you_mean, local_name, namespace_of

OWN_MODULES = ("services", "_types", "_views")
"""Modules that every package has, beside those of its types."""


def plan_package(services: Iterable[Service], shapes: Shapes, *, name: str, options: Options | None = None) -> Package:
    """The plan of the package `name` for these services.

    Raises `UsageError` if the options name a service or an operation that is not there, or what is no identifier.
    """
    options = options or Options()
    _check_python_names(options)
    chosen = _chosen(list(services), options)
    named = _NamedServices(chosen, options)
    records, left_out = _records(chosen, shapes, everything=not options.chooses)
    wanted = Wanted(records, list(_outer_types(chosen)), named.reserved, _suffixes(named))
    types = plan_types(wanted, options, OWN_MODULES)
    planned = tuple(_service(service, named, types, options) for service in chosen)
    return Package(name, options, types, planned, tuple(named.faults.values()), left_out, shapes)


def plan_operation(service: Service, operation: Operation[Any, Any], method: str, types: Types) -> ServicePlan:
    """The plan of a service of one operation, called `method`, whose types are planned elsewhere."""
    alone = replace(service, operations=(operation,))
    options = Options(names={operation.name: method})
    return _service(alone, _NamedServices([alone], options), types, options)


def header_owner(header: Header) -> Key:
    """The key under which anonymous simple types of a header block are planned."""
    return f"header:{header.tag}"


def fault_owner(tag: str) -> Key:
    """As `header_owner`, of a fault detail."""
    return f"fault:{tag}"


# --- what is generated --------------------------------------------------------------------------------------------


def _chosen(services: list[Service], options: Options) -> list[Service]:
    if not options.chooses:
        return services
    _check_known("service", options.services, {service.name for service in services})
    known = {operation.name for service in services for operation in service.operations}
    _check_known("operation", options.operations | options.exclude, known)
    kept = []
    for service in services:
        operations = tuple(each for each in service.operations if options.wants(service.name, each.name))
        if operations:
            kept.append(replace(service, operations=operations))
    if not kept:
        raise UsageError("no operation is left to generate")
    return kept


def _check_python_names(options: Options) -> None:
    for what, names in (("names", options.names), ("modules", options.modules)):
        for name, python in names.items():
            if not python.isidentifier() or keyword.iskeyword(python):
                raise UsageError(f"{what}: {python!r}, given for {name}, is not a Python identifier")


def _check_known(kind: str, asked: frozenset[str], known: set[str]) -> None:
    for name in sorted(asked - known):
        raise UsageError(f"the contract has no {kind} {name}{did_you_mean(name, sorted(known))}")


def _messages(services: Iterable[Service]) -> Iterator[Message]:
    for service in services:
        for operation in service.operations:
            yield operation.request
            if operation.reply is not None:
                yield operation.reply


def _records(services: list[Service], shapes: Shapes, *, everything: bool) -> tuple[dict[Key, Record], tuple[str, ...]]:
    """The records that the operations need, then all others that may be had; and which could not be had."""
    needed: dict[Key, None] = {}
    for message in _messages(services):
        needed[message.record] = None
        needed.update(dict.fromkeys(_keys(header.type for header in message.headers)))
    for service in services:
        for operation in service.operations:
            needed.update(dict.fromkeys(_keys(fault.type for fault in operation.faults)))
    found = reachable(list(needed), shapes)
    offered, left_out = _offered(found, shapes)
    while more := [key for key in offered if key not in found and (everything or _derived(offered[key], found))]:
        found.update(reachable(more, shapes))
    # By name, so that what is written does not depend on the order of operations.
    return dict(sorted(found.items(), key=lambda item: (item[1].name or str(item[0]), str(item[0])))), left_out


def _derived(record: Record, found: Mapping[Key, Record]) -> bool:
    """Whether the type may stand, by xsi:type, for one that is needed."""
    return record.base is not None and record.base.key in found


def _offered(found: Mapping[Key, Record], shapes: Shapes) -> tuple[dict[Key, Record], tuple[str, ...]]:
    """Every other record that can be had with all that it refers to; and those that cannot, with the reason."""
    offered: dict[Key, Record] = {}
    left_out: list[str] = []
    known = _Known(found, offered, shapes)
    for key in shapes:
        try:
            met = reachable([key], known)
        except ContractError as error:
            left_out.append(f"{key}: {error}")
        else:
            offered.update((each, record) for each, record in met.items() if each not in found and each not in offered)
    return offered, tuple(left_out)


class _Known(dict[Key, Record]):
    """Shapes in which those already met lead no further."""

    def __init__(self, found: Mapping[Key, Record], offered: Mapping[Key, Record], shapes: Shapes) -> None:
        super().__init__()
        self._met = (found, offered)
        self._shapes = shapes

    def __missing__(self, key: Key) -> Record:
        for met in self._met:
            if key in met:
                return Record(key, met[key].name)
        return self._shapes[key]


def _keys(types: Iterable[Type]) -> Iterator[Key]:
    return (type_.key for type_ in types if isinstance(type_, RecordRef))


def _outer_types(services: list[Service]) -> Iterator[tuple[Key, str, str, Type]]:
    """Simple types of header blocks and fault details: owner, namespace, name, type."""
    for message in _messages(services):
        for header in message.headers:
            yield header_owner(header), namespace_of(header.tag), local_name(header.tag), header.type
    for service in services:
        for operation in service.operations:
            for fault in operation.faults:
                yield fault_owner(fault.tag), namespace_of(fault.tag), local_name(fault.tag), fault.type


# --- names of services and faults ---------------------------------------------------------------------------------


class _NamedServices:
    """The names that services need, which types then keep clear of."""

    def __init__(self, services: list[Service], options: Options) -> None:
        self.names = Names({"SERVICE"})
        self.constants = Names({"SERVICE"})
        wrappers = {
            class_name(local_name(message.tag)) for message in _messages(services) if message.tag is not None
        } | {class_name(fault.name) for service in services for each in service.operations for fault in each.faults}
        self.services = {id(service): self._service_name(service, services, wrappers, options) for service in services}
        self.service_constants = {id(service): self._service_constant(service, len(services)) for service in services}
        self.faults: dict[tuple[str, str, str], FaultPlan] = {}
        for service in services:
            for operation in service.operations:
                for fault in operation.faults:
                    self._add_fault(fault, options)
        self.reserved = frozenset(
            {fault.exception for fault in self.faults.values()}
            | {form for name in self.services.values() for form in _forms(name)}
        )
        for name in self.reserved:
            self.constants.hold(name)

    def _service_name(self, service: Service, services: list[Service], wrappers: set[str], options: Options) -> str:
        """The port type's name, or the service's where it says more: ``BankService`` -> ``Bank``."""
        key = f"{{{service.namespace}}}{service.name}"
        if key in options.names:
            return self._free_service(options.names[key])
        alone = sum(other.name == service.name for other in services) == 1
        full = class_name(service.name if alone else local_name(service.port_type))
        short = _without(full, ("WebService", "Service", "PortType"))
        for candidate in (short, full, f"{full}Service"):
            if candidate not in wrappers and not any(self.names.holds(form) for form in _forms(candidate)):
                return self._free_service(candidate)
        return self._free_service(full)

    def _service_constant(self, service: Service, count: int) -> str:
        return "SERVICE" if count == 1 else self.constants.take(f"{constant_name(service.name)}_SERVICE")

    def _free_service(self, name: str) -> str:
        number = 2
        candidate = name
        while any(self.names.holds(form) for form in _forms(candidate)):
            candidate = f"{name}{number}"
            number += 1
        for form in _forms(candidate):
            self.names.take(form)
        return candidate

    def _add_fault(self, fault: FaultDetail, options: Options) -> None:
        if fault_key(fault) in self.faults:
            return
        wanted = options.names.get(fault.name) or class_name(fault.name)
        alike = (known for known in self.faults.values() if (known.name, known.tag) == (fault.name, fault.tag))
        same = next(alike, None)
        name = same.exception if same is not None else self.names.take(wanted, f"{wanted}Fault")
        constant = f"_{self.constants.take(constant_name(name))}"
        self.faults[fault_key(fault)] = FaultPlan(
            name, constant, fault.name, fault.tag, fault.type, fault.action, fault.documentation
        )


def fault_key(fault: FaultDetail) -> tuple[str, str, str]:
    """What tells declared faults apart."""
    return fault.name, fault.tag, fault.action


def _forms(name: str) -> tuple[str, ...]:
    return name, f"Async{name}", f"{name}Client", f"Async{name}Client"


def _without(name: str, endings: tuple[str, ...]) -> str:
    for ending in endings:
        if name.endswith(ending) and name != ending:
            return name.removesuffix(ending)
    return name


def _suffixes(named: _NamedServices) -> dict[Key, str]:
    """What the record of a fault is called where the exception has its name: ``InsufficientFundsDetail``."""
    return {fault.type.key: "Detail" for fault in named.faults.values() if isinstance(fault.type, RecordRef)}


# --- services with their types ------------------------------------------------------------------------------------


def _service(service: Service, named: _NamedServices, types: Types, options: Options) -> ServicePlan:
    methods = Names()
    return ServicePlan(
        named.services[id(service)],
        named.service_constants[id(service)],
        service,
        tuple(_method(operation, methods, named, types, options) for operation in service.operations),
    )


def _method(
    operation: Operation[Any, Any], methods: Names, named: _NamedServices, types: Types, options: Options
) -> MethodPlan:
    name = methods.take(method_name(options.names.get(operation.name, operation.name)))
    request = types.classes[operation.request.record]
    reply = None if operation.reply is None else types.classes[operation.reply.record]
    parameters = Names(plan.name for plan in request.all_fields)
    headers = tuple(_header(header, parameters) for header in operation.request.headers)
    reply_names = Names()
    reply_blocks = () if operation.reply is None else operation.reply.headers
    reply_parts = () if operation.reply is None else operation.reply.attached
    return MethodPlan(
        name=name,
        constant=named.constants.take(constant_name(operation.name), f"{constant_name(operation.name)}_OPERATION"),
        operation=operation,
        request=request,
        reply=reply,
        unwrap=reply.all_fields[0] if reply is not None and len(reply.all_fields) == 1 else None,
        headers=headers,
        reply_headers=tuple(_header(header, reply_names) for header in reply_blocks),
        attached=tuple(_attached(part, parameters) for part in operation.request.attached),
        reply_attached=tuple(_attached(part, reply_names) for part in reply_parts),
        faults=tuple(named.faults[fault_key(fault)] for fault in operation.faults),
    )


def _header(header: Header, names: Names) -> Header:
    return replace(header, name=names.take(field_name(header.name)))


def _attached(part: AttachedPart, names: Names) -> AttachedPart:
    return replace(part, name=names.take(field_name(part.part)))
