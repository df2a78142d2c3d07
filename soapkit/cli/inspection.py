"""What a contract offers, in words: the signatures of its operations as Python has them, its types, its faults.

`describe` gives plain values (dicts, lists, text), which ``soapkit inspect`` prints as JSON or as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from soapkit.attachment import Attachment
from soapkit.codegen.naming import class_name, field_name, method_name
from soapkit.databinding.builtins import PYTHON_TYPES
from soapkit.databinding.shape import (
    AnyAttributeField,
    AnyField,
    AnyType,
    Atomic,
    Choice,
    ChoiceField,
    ElementField,
    Field,
    Key,
    ListOf,
    Particle,
    Record,
    RecordRef,
    Simple,
    Type,
    UnionOf,
    leaves,
    reachable,
)
from soapkit.errors import Problem, SoapkitError, UsageError
from soapkit.operations import AttachedPart, Header, Message, Operation, Port, Service
from soapkit.policy.attach import Policies
from soapkit.policy.words import tell
from soapkit.wsdl.model import Contract
from soapkit.xml.names import did_you_mean, local_name

Described: TypeAlias = "dict[str, Any]"  # as JSON has it


def describe(contract: Contract, *, operation: str = "", type_name: str = "") -> Described:
    """All that a contract offers; or one operation, or one type, by its contract name or its Python name.

    Raises `UsageError` for a name that is not there.
    """
    demands = _demands(contract)
    services = [_service(service, contract, demands, operation) for service in contract.services]
    if operation:
        services = _with_operation(services, operation, contract)
    types = [_type_named(contract, type_name)] if type_name else [] if operation else list(_types(contract))
    return {
        "source": contract.source,
        "target_namespace": contract.target_namespace,
        "documentation": contract.documentation,
        "services": [] if type_name and not operation else services,
        "types": types,
        "problems": [_problem(problem) for problem in contract.problems],
        "warnings": [_problem(problem) for problem in contract.warnings],
        "notes": [_problem(problem) for problem in contract.notes],
    }


def _problem(problem: Problem) -> Described:
    return {"source": problem.place.source, "line": problem.place.line, "message": problem.message}


# --- services and operations --------------------------------------------------------------------------------------


def _demands(contract: Contract) -> dict[str, Described]:
    """What each port demands of security and the like, by its name."""
    policies = Policies(contract)
    found: dict[str, Described] = {}
    try:
        for endpoint in policies.endpoints():
            told = tell(policies, endpoint)
            if told is not None:
                alternatives = [list(lines) for lines in told.alternatives]
                messages = {name: list(lines) for name, lines in told.messages.items()}
                found[endpoint.port] = {"alternatives": alternatives, "messages": messages}
    except SoapkitError as error:
        return {"": {"alternatives": [[f"its policies cannot be read: {error}"]], "messages": {}}}
    return found


def _service(service: Service, contract: Contract, demands: dict[str, Described], only: str) -> Described:
    return {
        "name": service.name,
        "namespace": service.namespace,
        "port_type": service.port_type,
        "documentation": service.documentation,
        "ports": [_port(port, demands) for port in service.ports],
        "operations": [
            _operation(operation, contract)
            for operation in service.operations
            if not only or only in (operation.name, _method(operation))
        ],
    }


def _port(port: Port, demands: dict[str, Described]) -> Described:
    return {
        "name": port.name,
        "soap": port.version,
        "address": port.address,
        "binding": port.binding,
        "policy": demands.get(port.name, demands.get("")),
    }


def _operation(operation: Operation[Any, Any], contract: Contract) -> Described:
    shapes = contract.shapes
    request = shapes[operation.request.record]
    return {
        "name": operation.name,
        "method": _method(operation),
        "signature": _signature(operation, request, contract),
        "documentation": operation.documentation,
        "action": operation.action,
        "one_way": operation.one_way,
        "request": _message(operation.request, request),
        "reply": _message(operation.reply, shapes[operation.reply.record]) if operation.reply is not None else None,
        "faults": [
            {
                "name": fault.name,
                "exception": class_name(fault.name),
                "tag": fault.tag,
                "detail": type_words(fault.type),
                "documentation": fault.documentation,
            }
            for fault in operation.faults
        ],
        "source": operation.place.source,
        "line": operation.place.line,
    }


def _method(operation: Operation[Any, Any]) -> str:
    return method_name(operation.method or operation.name)


def _message(message: Message, record: Record) -> Described:
    return {
        "style": message.style,
        "use": "encoded" if message.encoded else "literal",
        "tag": message.tag,
        "fields": _fields(record),
        "headers": [_header(header) for header in message.headers],
        "attached": [_attached(part) for part in message.attached],
    }


def _attached(part: AttachedPart) -> Described:
    return {
        "name": field_name(part.name),
        "type": "Attachment | bytes",
        "required": False,
        "media_types": list(part.types),
        "documentation": part.documentation,
    }


def media_types(part: Described) -> str:
    """What media types an attached part may have, in words."""
    return " or ".join(part["media_types"]) or "of any media type"


def _header(header: Header) -> Described:
    return {
        "name": field_name(header.name),
        "tag": header.tag,
        "type": type_words(header.type),
        "required": header.required,
        "documentation": header.documentation,
    }


def _signature(operation: Operation[Any, Any], request: Record, contract: Contract) -> str:
    """As a client offers it: ``transfer(source: str, amount: Decimal) -> Receipt``."""
    parameters = [_parameter(found) for found in _fields(request)]
    parameters += [_parameter(_header(header)) for header in operation.request.headers]
    parameters += [_parameter(_attached(part)) for part in operation.request.attached]
    return f"{_method(operation)}({', '.join(parameters)}) -> {_result(operation, contract)}"


def _parameter(found: Described) -> str:
    words = f"{found['name']}: {found['type']}"
    if found["required"]:
        return words
    if found["type"].startswith("list["):
        return f"{words} = []"
    return f"{words} = None" if found["type"].endswith("| None") else f"{words} | None = None"


def _result(operation: Operation[Any, Any], contract: Contract) -> str:
    if operation.reply is None:
        return "None"
    reply = contract.shapes[operation.reply.record]
    fields = _fields(reply)
    if operation.unwrap is None:
        return class_name(local_name(operation.reply.tag or f"{operation.name}Response")) if fields else "None"
    only = fields[0]
    optional = not only["required"] and not only["type"].startswith("list[") and not only["type"].endswith("| None")
    return f"{only['type']} | None" if optional else str(only["type"])


def _with_operation(services: list[Described], name: str, contract: Contract) -> list[Described]:
    """The services that have an operation of this name."""
    found = [service for service in services if service["operations"]]
    if not found:
        known = [operation.name for service in contract.services for operation in service.operations]
        raise UsageError(f"the contract has no operation {name!r}{did_you_mean(name, known)}")
    return found


# --- types --------------------------------------------------------------------------------------------------------


def _types(contract: Contract) -> Iterator[Described]:
    """The types that the operations lead to, and those derived from them; records first."""
    messages = [
        message
        for service in contract.services
        for operation in service.operations
        for message in (operation.request, operation.reply)
        if message is not None
    ]
    wrappers = {message.record for message in messages}
    types = [header.type for message in messages for header in message.headers]
    types += [
        fault.type for service in contract.services for operation in service.operations for fault in operation.faults
    ]
    keys: list[Key] = [message.record for message in messages]
    keys += [type_.key for type_ in types if isinstance(type_, RecordRef)]
    records = reachable(keys, contract.shapes)
    derived = [lower for key in records for lower in contract.shapes.derived(key)]
    records.update(reachable([key for key in derived if key not in records], contract.shapes))
    for key, record in records.items():
        if not record.group and (key not in wrappers or record.name):
            yield _record(record)
    simple = {found.name: found for record in records.values() for found in _simple_types(record) if found.name}
    yield from (_simple(found) for found in simple.values())


def _type_named(contract: Contract, name: str) -> Described:
    """Any type that the contract declares, used or not."""
    declared = [*contract.schema.names("type")]
    for key in declared:
        if name in (key, local_name(key), class_name(local_name(key))):
            type_ = contract.shapes.type(key)
            if isinstance(type_, RecordRef):
                return _record(contract.shapes[type_.key])
            if not isinstance(type_, AnyType):
                return _simple(type_)
    for described in _types(contract):
        if name in (described["python"], described["name"]):
            return described
    raise UsageError(f"the contract has no type {name!r}{did_you_mean(name, declared)}")


def _record(record: Record) -> Described:
    return {
        "name": record.name or str(record.key),
        "python": _class_of(record.name or record.key),
        "kind": "record",
        "base": _class_of(record.base.key) if record.base is not None else None,
        "abstract": record.abstract,
        "documentation": record.documentation,
        "fields": _fields(record),
        "source": record.place.source,
        "line": record.place.line,
    }


def _simple(type_: Simple) -> Described:
    return {
        "name": type_.name or "",
        "python": simple_words(type_),
        "kind": "enumeration" if type_.enumeration else "value",
        "documentation": type_.documentation,
        "values": [{"value": value.value, "documentation": value.documentation} for value in type_.enumeration],
    }


def _fields(record: Record) -> list[Described]:
    """The fields of a record, each once, in order: elements, then attributes or text."""
    optional = set(_optional_names(record.content, within=False))
    elements = record.elements
    ordered = [*elements, *record.fields[: len(record.fields) - len(elements)]]
    found = {
        field.name: {
            "name": field_name(field.name),
            "xml": _xml_name(field),
            "type": _field_words(field),
            "required": _is_required(field) and field.name not in optional,
            "documentation": field.documentation,
        }
        for field in reversed(ordered)
    }
    return list(reversed(found.values()))


def _optional_names(particle: Particle, within: bool) -> Iterator[str]:
    """The fields that stand in a choice or in an optional group: they may be absent."""
    particles = getattr(particle, "particles", None)
    if particles is None:
        if within:
            yield from (leaf.name for leaf in leaves(particle))
        return
    for inner in particles:
        yield from _optional_names(inner, within or isinstance(particle, Choice) or particle.optional)  # type: ignore[union-attr]  # a group has it


def _is_required(field: Field) -> bool:
    if isinstance(field, (ElementField, ChoiceField, AnyField)):
        return field.minimum > 0
    return getattr(field, "required", True) and not isinstance(field, AnyAttributeField)


def _xml_name(field: Field) -> str:
    if isinstance(field, ElementField):
        return local_name(field.tag)
    if isinstance(field, ChoiceField):
        return " | ".join(local_name(one.tag) if one.tag else "(...)" for one in field.alternatives)
    if isinstance(field, (AnyField, AnyAttributeField)):
        return "any element" if isinstance(field, AnyField) else "any attribute"
    return "@" + local_name(field.tag) if hasattr(field, "tag") else "text"


def _simple_types(record: Record) -> Iterator[Simple]:
    for field in record.fields:
        type_ = getattr(field, "type", None)
        if isinstance(type_, (Atomic, ListOf, UnionOf)):
            yield type_


# --- Python words -------------------------------------------------------------------------------------------------


def _field_words(field: Field) -> str:
    if isinstance(field, AnyAttributeField):
        return "dict[str, str]"
    if isinstance(field, AnyField):
        words = "Raw"
    elif isinstance(field, ChoiceField):
        words = _union(type_words(one.type) for one in field.alternatives)
        words = f"{words} | str" if field.mixed else words
    else:
        words = type_words(field.type)
    if isinstance(field, (ElementField, ChoiceField, AnyField)) and field.many:
        words = f"list[{words}]"
    return f"{words} | None" if isinstance(field, ElementField) and field.nillable and not field.many else words


def type_words(type_: Type) -> str:
    """A type as Python writes it."""
    if isinstance(type_, AnyType):
        return "object"
    return _class_of(type_.key) if isinstance(type_, RecordRef) else simple_words(type_)


def simple_words(type_: Simple) -> str:
    """A simple type as Python writes it: an enumeration by its class, others by what holds their values."""
    if isinstance(type_, ListOf):
        return f"list[{simple_words(type_.item)}]"
    if isinstance(type_, UnionOf):
        return _union(simple_words(member) for member in type_.members)
    if type_.enumeration:
        return class_name(local_name(type_.name)) if type_.name else _literals(type_)
    return "Attachment" if type_.python is Attachment else PYTHON_TYPES[type_.builtin][1]


def _literals(type_: Atomic) -> str:
    return f"Literal[{', '.join(repr(value.value) for value in type_.enumeration)}]"


def _union(words: Iterable[str]) -> str:
    return " | ".join(dict.fromkeys(words))


def _class_of(key: Key) -> str:
    """The class of a record: named by the last step of its key."""
    name = key if isinstance(key, str) else key.__name__
    return class_name(local_name(name).rpartition("/")[2])


def policy_lines(policy: Described) -> Iterator[str]:
    """What a port demands, a fact a line."""
    alternatives = policy["alternatives"]
    for number, lines in enumerate(alternatives, start=1):
        if len(alternatives) > 1:
            yield "demands" if number == 1 else "or else"
        yield from (f"  {line}" if len(alternatives) > 1 else line for line in lines)
    for name, lines in policy["messages"].items():
        yield f"{name}: {'; '.join(lines)}"
