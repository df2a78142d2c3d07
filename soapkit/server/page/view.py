"""Service -> what its pages show: frozen values, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from soapkit.databinding.sample.sample import derived_keys
from soapkit.databinding.shape import Key, Record, RecordRef, Shapes, Type, reachable
from soapkit.errors import SoapkitError
from soapkit.operations import Header, Message, Operation, Service
from soapkit.server.page.rows import Row, key_of, link, parameters_in_words, rows_of
from soapkit.server.page.words import key_name, type_name
from soapkit.xml.names import local_name

MAX_TYPES = 5_000  # told in the list of types


@dataclass(frozen=True, slots=True)
class Line:
    """An operation in the list: its name, its signature, the first line of its documentation."""

    id: str
    name: str
    takes: str
    gives: str
    one_way: bool
    documentation: str


@dataclass(frozen=True, slots=True)
class Part:
    """A message, a header block or a fault: its element, its type, and the rows of its table."""

    title: str
    element: str
    type: str
    key: str
    rows: tuple[Row, ...]
    documentation: str = ""
    required: bool = True


@dataclass(frozen=True, slots=True)
class OperationView:
    """All about one operation. `style`: how its messages are laid out, in words."""

    line: Line
    documentation: str
    action: str
    style: str
    request: Part
    reply: Part | None
    request_headers: tuple[Part, ...]
    reply_headers: tuple[Part, ...]
    faults: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class TypeView:
    """One type: what it is derived from, the rows of its table."""

    name: str
    qualified: str
    base: str
    base_key: str
    abstract: bool
    documentation: str
    rows: tuple[Row, ...]


def operations_by_id(service: Service) -> Mapping[str, Operation[Any, Any]]:
    """The operations by the name their pages have; a second one of a name is numbered."""
    found: dict[str, Operation[Any, Any]] = {}
    for operation in service.operations:
        name, number = operation.name, 1
        while name in found:
            number += 1
            name = f"{operation.name}-{number}"
        found[name] = operation
    return found


def lines_of(service: Service, shapes: Shapes) -> tuple[Line, ...]:
    """Every operation of a service, for the list."""
    return tuple(line_of(name, operation, shapes) for name, operation in operations_by_id(service).items())


def line_of(name: str, operation: Operation[Any, Any], shapes: Shapes) -> Line:
    """An operation, for the list."""
    return Line(
        name,
        operation.name,
        _in_words(operation.request.record, shapes),
        "" if operation.reply is None else _in_words(operation.reply.record, shapes) or "nothing",
        operation.one_way,
        operation.documentation.strip().partition("\n")[0],
    )


def _in_words(key: Key, shapes: Shapes) -> str:
    try:
        return parameters_in_words(shapes[key])
    except SoapkitError as error:  # a contract read leniently may have types that cannot be used
        return f"? {error}"


def view_of(name: str, operation: Operation[Any, Any], shapes: Shapes) -> OperationView:
    """All about one operation."""
    request, reply = operation.request, operation.reply
    return OperationView(
        line_of(name, operation, shapes),
        operation.documentation,
        operation.action,
        f"{'rpc' if request.style == 'rpc' else 'document'}/{'encoded' if request.encoded else 'literal'}"
        + (f" {request.style}" if request.style != "rpc" else ""),
        _message("Request", request, shapes),
        None if reply is None else _message("Reply", reply, shapes),
        tuple(_header(header, shapes) for header in request.headers),
        () if reply is None else tuple(_header(header, shapes) for header in reply.headers),
        tuple(_part(fault.name, fault.tag, fault.type, shapes, fault.documentation) for fault in operation.faults),
    )


def _message(title: str, message: Message, shapes: Shapes) -> Part:
    return _part(title, message.tag or "", RecordRef(message.record), shapes)


def _header(header: Header, shapes: Shapes) -> Part:
    return _part(header.name, header.tag, header.type, shapes, header.documentation, required=header.required)


def _part(title: str, tag: str, type_: Type, shapes: Shapes, documentation: str = "", *, required: bool = True) -> Part:
    rows = rows_of(shapes[type_.key], shapes) if isinstance(type_, RecordRef) else ()
    return Part(title, tag, type_name(type_), link(type_, shapes), rows, documentation, required)


def types_of(service: Service, shapes: Shapes) -> Mapping[str, Record]:
    """The named types that the messages of a service lead to, and those derived from them, by the name their pages
    have, in alphabetical order."""
    found: dict[str, Record] = {}
    for key, record in _records(tuple(_keys(service)), shapes).items():
        if record.name is not None and not record.group:
            found[key_of(key)] = record
    return dict(sorted(found.items(), key=lambda pair: key_name(pair[1].key).lower())[:MAX_TYPES])


def _records(keys: tuple[Key, ...], shapes: Shapes) -> dict[Key, Record]:
    """The records that keys lead to; none where one of them cannot be used."""
    try:
        records = reachable(keys, shapes)
        lower = tuple(one for key in records for one in derived_keys(key, shapes) if one not in records)
        return records | reachable(lower, shapes)
    except SoapkitError:
        return {}


def _keys(service: Service) -> Iterator[Key]:
    for operation in service.operations:
        messages = [message for message in (operation.request, operation.reply) if message is not None]
        yield from (message.record for message in messages)
        types = [header.type for message in messages for header in message.headers]
        types += [fault.type for fault in operation.faults]
        yield from (type_.key for type_ in types if isinstance(type_, RecordRef))


def type_view(record: Record, shapes: Shapes) -> TypeView:
    """One type: its own fields, those of its base included."""
    base = record.base
    return TypeView(
        local_name(record.name or key_name(record.key)),
        record.name or "",
        key_name(base.key) if base is not None else "",
        key_of(base.key) if base is not None else "",
        record.abstract,
        record.documentation,
        rows_of(record, shapes, nested=False),
    )
