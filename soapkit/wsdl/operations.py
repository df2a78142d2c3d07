"""Definitions -> Services: what of a contract can be called, and how.

A message of a contract becomes a record whose fields are the parameters (see `soapkit.operations`). Ports that say the
same in both SOAP versions become one service.

What cannot be understood costs the operation it belongs to, which is told by name with file and line; no operation is
ever dropped in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from soapkit.databinding.shape import Key, Record, RecordRef, reachable
from soapkit.errors import ContractError, Place
from soapkit.operations import Operation, Port, Service
from soapkit.wsdl.addressing import ADDRESSING_MARKS, addressing_demanded
from soapkit.wsdl.extensions import HTTP_TRANSPORTS, SOAP_OVER_HTTP
from soapkit.wsdl.later import Later, Usable
from soapkit.wsdl.lookup import look_up
from soapkit.wsdl.messages import MessageReader
from soapkit.wsdl.model import (
    Binding,
    BoundMessage,
    BoundOperation,
    Definitions,
    OperationDefinition,
    PortDefinition,
    PortType,
    ServiceDefinition,
    SoapBody,
    Told,
)
from soapkit.wsdl.shapes import ContractShapes
from soapkit.xml.names import did_you_mean, local_name, namespace_of, split

FoundT = TypeVar("FoundT")


def services_of(definitions: Definitions, shapes: ContractShapes, told: Told) -> tuple[Service, ...]:
    """The services of a contract. A contract without any is offered by its bindings, or by its port types alone."""
    if definitions.services:
        builder = _Builder(definitions, shapes, told)
        services = [service for found in definitions.services.values() for service in builder.services(found)]
        builder.tell_unused_bindings()
        return tuple(services)
    assumed = tuple(_assumed(definitions, told))
    known = {**definitions.bindings, **{binding.name: binding for _, binding in assumed}}
    builder = _Builder(replace(definitions, bindings=known), shapes, told)
    return tuple(service for found, _ in assumed for service in builder.services(found))


def _assumed(definitions: Definitions, told: Told) -> Iterator[tuple[ServiceDefinition, Binding]]:
    """A contract that names no service is read as if each binding were one, without an address; one that has no
    binding either, as if its port types were bound to SOAP 1.1 over HTTP."""
    bindings = tuple(definitions.bindings.values())
    if not bindings and definitions.port_types:
        bindings = tuple(_assumed_binding(port_type, definitions) for port_type in definitions.port_types.values())
        told.notes.add(
            "the contract has no binding: SOAP 1.1 over HTTP was assumed",
            next(iter(definitions.port_types.values())).place,
        )
    for binding in bindings:
        port = PortDefinition(local_name(binding.name), binding.name, place=binding.place)
        yield ServiceDefinition(binding.name, (port,), binding.documentation, place=binding.place), binding


def _assumed_binding(port_type: PortType, definitions: Definitions) -> Binding:
    uses = [use for operation in port_type.operations for use in (operation.input, operation.output) if use is not None]
    messages = [found for use in uses if (found := definitions.messages.get(use.message)) is not None]
    typed = any(part.type for message in messages for part in message.parts)
    binding = Binding(
        name=port_type.name,
        port_type=port_type.name,
        protocol="soap",
        default_style="rpc" if typed else "document",
        transport=SOAP_OVER_HTTP,
        place=port_type.place,
    )
    return _with_all_operations(binding, port_type)


def _with_all_operations(binding: Binding, port_type: PortType) -> Binding:
    """The binding with every operation of its port type, all of the message in the Body, without actions."""
    bound = BoundMessage(body=SoapBody(namespace=namespace_of(port_type.name)))
    return replace(
        binding,
        operations=tuple(
            BoundOperation(operation.name, input=bound, output=bound, place=operation.place)
            for operation in port_type.operations
        ),
    )


@dataclass(frozen=True, slots=True)
class _Bound:
    """A port and what its binding makes of the operations."""

    port: Port
    http: bool
    port_type: PortType
    binding: Binding
    operations: Usable[Operation[Any, Any]]


@dataclass(frozen=True, slots=True)
class _Builder:
    definitions: Definitions
    shapes: ContractShapes
    told: Told
    whole: set[Key] = field(default_factory=set)

    # --- services and ports ---------------------------------------------------------------------------------------

    def services(self, definition: ServiceDefinition) -> list[Service]:
        """The services that a wsdl:service holds: one for each set of ports that say the same."""
        groups: list[list[_Bound]] = []
        for port in definition.ports:
            bound = self._bound(port)
            if bound is not None:
                alike = (group for group in groups if _agree(group[0], bound))
                group = next(alike, None)
                if group is None:
                    groups.append([bound])
                else:
                    group.append(bound)
        return [_service(definition, group) for group in groups]

    def tell_unused_bindings(self) -> None:
        """A binding that no port uses offers nothing; that is no fault."""
        used = {port.binding for service in self.definitions.services.values() for port in service.ports}
        for binding in self.definitions.bindings.values():
            if binding.name not in used:
                self.told.notes.add(f"no port uses binding {local_name(binding.name)}", binding.place)

    def _bound(self, port: PortDefinition) -> _Bound | None:
        """The port with its operations, or None after telling why it cannot be called."""
        try:
            binding = self._look_up(port.binding, self.definitions.bindings, "binding", f"port {port.name}", port.place)
        except ContractError as error:
            self.told.problems.found += error.problems
            return None
        if binding.protocol != "soap":
            kind = "an HTTP GET or POST binding" if binding.protocol == "http" else "a binding that is not SOAP"
            by_name = binding.protocol == "http" and self.definitions.version == "1.1"
            how = "a dynamic client calls it when it is asked for by name" if by_name else "which is not called"
            self.told.notes.add(f"port {port.name} has {kind}, {how}", port.place)
            return None
        http = binding.transport in HTTP_TRANSPORTS
        if not http:
            self.told.notes.add(
                f"port {port.name} is reached over {binding.transport}, which is not called; only HTTP is", port.place
            )
        for extension in (*binding.extensions, *port.extensions):
            if extension.required and extension.tag not in ADDRESSING_MARKS:
                self.told.notes.add(
                    f"port {port.name} requires {extension.tag} (WSDL 1.1, 2.1.3), which is not acted on",
                    extension.place,
                )
        port_type = self._port_type(binding)
        if port_type is None:
            return None
        operations = self._operations(binding, port_type)
        value = Port(
            port.name,
            port.address,
            binding.version,
            binding.name,
            place=port.place,
            addressing=addressing_demanded(binding, port),
        )
        return _Bound(value, http, port_type, binding, operations)

    def _port_type(self, binding: Binding) -> PortType | None:
        """The port type of a binding. Without it, each of the binding's operations is told."""
        who = f"binding {local_name(binding.name)}"
        try:
            return self._look_up(binding.port_type, self.definitions.port_types, "port type", who, binding.place)
        except ContractError as error:
            self.told.problems.found += error.problems
        for operation in binding.operations:
            self.told.problems.add(
                f"operation {operation.name} cannot be used: its port type is missing", operation.place
            )
        return None

    def _look_up(self, name: str, known: Mapping[str, FoundT], kind: str, who: str, place: Place) -> FoundT:
        return look_up(name, known, kind=kind, who=who, place=place, warnings=self.told.warnings)

    # --- operations -----------------------------------------------------------------------------------------------

    def _operations(self, binding: Binding, port_type: PortType) -> Usable[Operation[Any, Any]]:
        if not binding.operations and port_type.operations:
            self.told.warnings.add(
                f"binding {local_name(binding.name)} has no operations (WSDL 1.1, 2.5); those of port type "
                f"{local_name(port_type.name)} were assumed, {binding.default_style}/literal, without actions",
                binding.place,
            )
            binding = _with_all_operations(binding, port_type)
        pairs, unpaired = _paired(binding, port_type)
        names = _names(port_type.operations)
        self._tell_unpaired(binding, port_type, unpaired, names)
        for place, chosen in enumerate(pairs):
            if chosen is None:
                self.told.problems.add(
                    f"operation {names[place]} of port type {local_name(port_type.name)} is not in binding "
                    f"{local_name(binding.name)} (WSDL 1.1, 2.5)",
                    port_type.operations[place].place,
                )
        return Usable(self._later(binding, port_type, names, pairs))

    def _later(
        self, binding: Binding, port_type: PortType, names: list[str], pairs: list[int | None]
    ) -> Later[Operation[Any, Any] | None]:
        """Each operation, read when it is asked for; None for one that cannot be used."""
        found: Later[Operation[Any, Any] | None]

        def read(place: int) -> Operation[Any, Any] | None:
            chosen = pairs[place]
            if chosen is None:
                return None
            operation = self._usable(port_type.operations[place], binding.operations[chosen], binding)
            if operation is None:
                return None
            alike = (earlier for earlier in range(place) if names[earlier] == operation.name) if repeated else ()
            number = 1 + sum(found[earlier] is not None for earlier in alike)
            # an overloaded name is told apart by a number: send, send_2
            return replace(operation, method=operation.name if number == 1 else f"{operation.name}_{number}")

        repeated = len(set(names)) < len(names)
        found = Later(names, read)
        return found

    def _tell_unpaired(self, binding: Binding, port_type: PortType, unpaired: list[int], names: list[str]) -> None:
        for bound in (binding.operations[place] for place in unpaired):
            hint = "" if bound.name in names else did_you_mean(bound.name, names)
            self.told.problems.add(
                f"operation {bound.name} of binding {local_name(binding.name)} is not in port type "
                f"{local_name(port_type.name)}{hint}",
                bound.place,
            )

    def _usable(
        self, definition: OperationDefinition, bound: BoundOperation, binding: Binding
    ) -> Operation[Any, Any] | None:
        """The operation, or None after telling why it cannot be used."""
        if definition.input is None or definition.output_first:
            self.told.notes.add(
                f"operation {definition.name} starts at the server (WSDL 1.1, 2.4.3 and 2.4.4); it is not called",
                definition.place,
            )
            return None
        try:
            operation = self._operation(definition, bound, binding)
            self._check_types(operation)
        except ContractError as error:
            for problem in error.problems:
                self.told.problems.add(f"operation {definition.name} cannot be used: {problem.message}", problem.place)
            return None
        return operation

    def _check_types(self, operation: Operation[Any, Any]) -> None:
        """Raise `ContractError` where something that the operation's messages lead to is missing."""
        messages = [message for message in (operation.request, operation.reply) if message is not None]
        types = [header.type for message in messages for header in message.headers]
        types += [fault.type for fault in operation.faults]
        keys = [message.record for message in messages]
        keys += [type_.key for type_ in types if isinstance(type_, RecordRef)]
        # operations share types: what one has led to, and found whole, the next need not follow again
        self.whole.update(reachable(keys, _Beyond(self.shapes, self.whole)))

    def _operation(
        self, definition: OperationDefinition, bound: BoundOperation, binding: Binding
    ) -> Operation[Any, Any]:
        reader = MessageReader(
            self.definitions,
            self.shapes,
            self.told.warnings,
            namespace_of(binding.port_type),
            bound.style or binding.default_style,
        )
        request = reader.request(definition, bound)
        reply = reader.reply(definition, bound, request) if definition.output is not None else None
        return Operation(
            name=definition.name,
            request=request,
            reply=reply,
            action=bound.action,
            method=definition.name,
            unwrap=_only_field(self.shapes[reply.record]) if reply is not None else None,
            faults=tuple(reader.faults(definition)),
            documentation=definition.documentation,
            place=definition.place,
        )


@dataclass(frozen=True, slots=True)
class _Beyond(Mapping[Key, Record]):
    """Shapes in which the records already known to be whole lead nowhere."""

    shapes: ContractShapes
    whole: set[Key]

    def __getitem__(self, key: Key) -> Record:
        return Record(key) if key in self.whole else self.shapes[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self.shapes)

    def __len__(self) -> int:
        return len(self.shapes)


def _only_field(record: Record) -> str | None:
    """The name of a record's only field, which a call returns in its place."""
    names = {found.name for found in record.fields}  # a field may stand in several branches of a choice
    return names.pop() if len(names) == 1 else None


def _paired(binding: Binding, port_type: PortType) -> tuple[list[int | None], list[int]]:
    """For each operation of a port type where its binding stands, if anywhere; and the bindings that are left over.

    Of several of one name, the names of input and output tell which is which (WSDL 1.1, 2.5), else their order.
    """
    pairs: list[int | None] = []
    free: dict[str, list[int]] = {}
    for place, name in enumerate(_names(binding.operations)):
        free.setdefault(name, []).append(place)
    for place, name in enumerate(_names(port_type.operations)):
        candidates = free.get(name, [])
        named = (
            [each for each in candidates if _same_messages(port_type.operations[place], binding.operations[each])]
            if len(candidates) > 1
            else ()
        )
        chosen = next(iter(named or candidates), None)
        if chosen is not None:
            candidates.remove(chosen)
        pairs.append(chosen)
    return pairs, [place for places in free.values() for place in places]


def _names(operations: Sequence[OperationDefinition] | Sequence[BoundOperation]) -> list[str]:
    """Their names, for which none is read."""
    return list(operations.names) if isinstance(operations, Later) else [each.name for each in operations]


def _same_messages(definition: OperationDefinition, bound: BoundOperation) -> bool:
    """Whether the names of input and output, where the binding says them, are those of the port type."""
    pairs = ((definition.input, bound.input), (definition.output, bound.output))
    return all(
        use is not None and (not message.name or message.name == use.name)
        for use, message in pairs
        if message is not None
    )


def _agree(one: _Bound, other: _Bound) -> bool:
    """Whether two ports say the same, but for SOAP version and action."""
    return one.port_type.name == other.port_type.name and (
        _written_alike(one, other)
        or [replace(operation, action="") for operation in one.operations]
        == [replace(operation, action="") for operation in other.operations]
    )


def _written_alike(one: _Bound, other: _Bound) -> bool:
    """Whether two bindings say the same in the same words, actions too: then no operation need be read to know it."""
    ours, theirs = one.binding, other.binding
    if not (isinstance(ours.operations, Later) and isinstance(theirs.operations, Later)):
        return False
    written = ours.operations.written()
    same_terms = (ours.default_style, ours.protocol) == (theirs.default_style, theirs.protocol)
    return bool(written) and same_terms and written == theirs.operations.written()


def _service(definition: ServiceDefinition, group: list[_Bound]) -> Service:
    """One service of ports that agree; those over HTTP first. Its actions are those of the first port."""
    ordered = sorted(group, key=lambda bound: not bound.http)
    first = ordered[0]
    namespace, name = split(definition.name)
    return Service(
        name=name,
        namespace=namespace,
        port_type=first.port_type.name,
        operations=first.operations,
        ports=tuple(replace(bound.port, actions=_differing_actions(first, bound)) for bound in ordered),
        documentation=definition.documentation or first.port_type.documentation,
        place=definition.place,
    )


def _differing_actions(first: _Bound, bound: _Bound) -> dict[str, str]:
    """The actions in which a port differs from the first, by method (the contract's name, but for overloaded ones)."""
    if bound is first or _written_alike(first, bound):
        return {}
    return {
        mine.method: mine.action
        for mine, its in zip(bound.operations, first.operations, strict=True)
        if mine.action != its.action
    }
