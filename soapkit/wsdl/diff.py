"""What changed between two versions of a contract, and whether it breaks who uses the old one.

The law of this file: a change is compatible when every request that was valid still is, and every reply that may come
now was valid before. So requests may become wider, replies narrower; all else breaks a client of the old contract.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from soapkit.databinding.shape import (
    AnyAttributeField,
    AnyField,
    AnyType,
    Atomic,
    AttributeField,
    Choice,
    ChoiceField,
    ElementField,
    Field,
    Key,
    ListOf,
    Particle,
    Record,
    RecordRef,
    Sequence,
    Type,
    UnionOf,
    leaves,
)
from soapkit.errors import NOWHERE, Place
from soapkit.operations import FaultDetail, Header, Message, Operation, Port, Service
from soapkit.wsdl.model import Contract
from soapkit.wsdl.values import Extent, called, compare_values
from soapkit.xml.names import local_name

Direction: TypeAlias = Literal["request", "reply"]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changed. `subject`: what, such as ``transfer, request, amount``; `place`: in the new contract,
    or in the old one if it is gone."""

    breaking: bool
    subject: str
    message: str
    place: Place = NOWHERE

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place != NOWHERE else ""
        return f"{'breaking' if self.breaking else 'compatible'}: {where}{self.subject}: {self.message}"


def diff(old: Contract, new: Contract) -> tuple[Change, ...]:
    """What changed from `old` to `new`, in the order of the old contract; what is new comes last.

    >>> from soapkit.wsdl.load import load_contract
    >>> contract = load_contract("wsdl/bank.wsdl")
    >>> diff(contract, contract)
    ()
    """
    differ = _Differ(old, new)
    return tuple(dict.fromkeys(differ.contracts()))


@dataclass(frozen=True, slots=True)
class _Differ:
    old: Contract
    new: Contract
    met: set[tuple[Key, Key, Direction]] = field(default_factory=set)

    # --- services -------------------------------------------------------------------------------------------------

    def contracts(self) -> Iterator[Change]:
        """All changes."""
        before, after = _services(self.old), _services(self.new)
        for name, service in before.items():
            if name in after:
                yield from self.services(service, after[name])
            else:
                yield Change(True, f"service {service.name}", "is gone", service.place)
        for name, service in after.items():
            if name not in before:
                yield Change(False, f"service {service.name}", "is new", service.place)

    def services(self, old: Service, new: Service) -> Iterator[Change]:
        yield from _ports(old, new)
        before = {operation.method: operation for operation in old.operations}
        after = {operation.method: operation for operation in new.operations}
        for name, operation in before.items():
            if name in after:
                yield from self.operations(operation, after[name])
            else:
                yield Change(True, name, "the operation is gone", operation.place)
        for name, operation in after.items():
            if name not in before:
                yield Change(False, name, "the operation is new", operation.place)

    def operations(self, old: Operation[Any, Any], new: Operation[Any, Any]) -> Iterator[Change]:
        name = old.method
        if old.action != new.action:
            yield Change(True, name, f"the action was {old.action!r} and is {new.action!r}", new.place)
        yield from self.messages(name, old.request, new.request, "request", new.place)
        if (old.reply is None) != (new.reply is None):
            now = "is one-way now" if new.reply is None else "is answered now"
            yield Change(True, name, f"the operation {now}", new.place)
        elif old.reply is not None and new.reply is not None:
            yield from self.messages(name, old.reply, new.reply, "reply", new.place)
        yield from self.faults(name, old.faults, new.faults, new.place)

    def faults(
        self, name: str, old: tuple[FaultDetail, ...], new: tuple[FaultDetail, ...], place: Place
    ) -> Iterator[Change]:
        """A fault may always come, declared or not; only the detail of a known one can break."""
        before, after = {fault.tag: fault for fault in old}, {fault.tag: fault for fault in new}
        for tag in before:
            if tag in after:
                yield from self.types(
                    f"{name}, fault {after[tag].name}", before[tag].type, after[tag].type, "reply", place
                )
            else:
                yield Change(False, name, f"fault {before[tag].name} is gone", place)
        for tag in after:
            if tag not in before:
                yield Change(False, name, f"fault {after[tag].name} is new", place)

    def messages(self, name: str, old: Message, new: Message, direction: Direction, place: Place) -> Iterator[Change]:
        subject = f"{name}, {direction}"
        if (old.tag, old.style == "rpc", old.encoded) != (new.tag, new.style == "rpc", new.encoded):
            yield Change(True, subject, f"was {_written(old)} and is {_written(new)}", place)
        yield from self.headers(subject, old.headers, new.headers, direction, place)
        before, after = {each.part for each in old.attached}, {each.part for each in new.attached}
        for part in sorted(before ^ after):
            yield Change(True, subject, f"attached part {part} is {'gone' if part in before else 'new'}", place)
        yield from self.records(subject, old.record, new.record, direction)

    def headers(
        self, subject: str, old: tuple[Header, ...], new: tuple[Header, ...], direction: Direction, place: Place
    ) -> Iterator[Change]:
        before, after = {header.tag: header for header in old}, {header.tag: header for header in new}
        for tag, header in before.items():
            if tag not in after:
                yield Change(direction == "request", subject, f"header {header.name} is gone", place)
                continue
            if header.required != after[tag].required:
                extent: Extent = "narrower" if after[tag].required else "wider"
                now = "required" if after[tag].required else "optional"
                yield _change(extent, direction, subject, f"header {header.name} is {now} now", place)
            yield from self.types(f"{subject}, header {header.name}", header.type, after[tag].type, direction, place)
        for tag, header in after.items():
            if tag not in before:
                breaking = header.required and direction == "request"
                yield Change(breaking, subject, f"header {header.name} is new", place)

    # --- types ----------------------------------------------------------------------------------------------------

    def types(self, subject: str, old: Type, new: Type, direction: Direction, place: Place) -> Iterator[Change]:
        if isinstance(old, RecordRef) and isinstance(new, RecordRef):
            yield from self.records(subject, old.key, new.key, direction)
        elif isinstance(new, AnyType) != isinstance(old, AnyType):
            extent: Extent = "wider" if isinstance(new, AnyType) else "narrower"
            yield _change(extent, direction, subject, f"was {_called(old)} and is {_called(new)}", place)
        elif _is_simple(old) and _is_simple(new):
            for how, message in compare_values(old, new):
                yield _change(how, direction, subject, message, place)
        elif old != new:
            yield Change(True, subject, f"was {_called(old)} and is {_called(new)}", place)

    def records(self, subject: str, old_key: Key, new_key: Key, direction: Direction) -> Iterator[Change]:
        if (old_key, new_key, direction) in self.met:
            return
        self.met.add((old_key, new_key, direction))
        old, new = self.old.shapes[old_key], self.new.shapes[new_key]
        if old.name is not None:
            subject = f"{direction} type {local_name(old.name)}"
        before, after = dict(_fields(old)), dict(_fields(new))
        for identity, found in before.items():
            if identity in after:
                yield from self.fields(f"{subject}, {found.name}", found, after[identity], old, new, direction)
            else:
                extent: Extent = "narrower" if _may_be_absent(found, old) else "other"
                yield _change(extent, direction, subject, f"{found.name} is gone", old.place)
        for identity, found in after.items():
            if identity not in before:
                optional = _may_be_absent(found, new)
                message = f"{found.name} is new, and {'may be absent' if optional else 'required'}"
                yield _change("wider" if optional else "other", direction, subject, message, new.place)
        kept = before.keys() & after.keys()
        if _model(old.content, kept) != _model(new.content, kept):
            yield Change(True, subject, "the order or grouping of its elements changed", new.place)
        yield from self.derived(subject, old, new, direction)

    def derived(self, subject: str, old: Record, new: Record, direction: Direction) -> Iterator[Change]:
        """The types that xsi:type may put in the place of a record."""
        before, after = self.old.shapes.derived(old.key), self.new.shapes.derived(new.key)
        for key in before:
            if key in after:
                yield from self.records(subject, key, key, direction)
            else:
                yield _change("narrower", direction, subject, f"{_named(key)} no longer extends it", old.place)
        for key in after:
            if key not in before:
                yield _change("wider", direction, subject, f"{_named(key)} extends it now", new.place)

    def fields(
        self, subject: str, old: Field, new: Field, old_in: Record, new_in: Record, direction: Direction
    ) -> Iterator[Change]:
        place = new_in.place
        was, now = _may_be_absent(old, old_in), _may_be_absent(new, new_in)
        if was != now:
            message = "may be absent now" if now else "is required now"
            yield _change("wider" if now else "narrower", direction, subject, message, place)
        was_nil, nil = getattr(old, "nillable", False), getattr(new, "nillable", False)
        if was_nil != nil:
            message = "may be nil now" if nil else "may not be nil any more"
            yield _change("wider" if nil else "narrower", direction, subject, message, place)
        if isinstance(old, (ElementField, ChoiceField, AnyField)) and isinstance(new, type(old)):
            yield from _occurrences(subject, old, new, direction, place)
        for name in ("default", "fixed"):
            one, other = getattr(old, name, None), getattr(new, name, None)
            if one != other:
                yield Change(True, subject, f"its {name} value was {one!r} and is {other!r}", place)
        if isinstance(old, ChoiceField) and isinstance(new, ChoiceField):
            yield from self.choices(subject, old, new, direction, place)
        elif hasattr(old, "type") and hasattr(new, "type"):
            yield from self.types(subject, old.type, new.type, direction, place)

    def choices(
        self, subject: str, old: ChoiceField, new: ChoiceField, direction: Direction, place: Place
    ) -> Iterator[Change]:
        before = {one.tag: one for one in old.alternatives}
        after = {one.tag: one for one in new.alternatives}
        for tag, one in before.items():
            if tag in after:
                yield from self.types(f"{subject}, {_named(tag or '')}", one.type, after[tag].type, direction, place)
            else:
                yield _change("narrower", direction, subject, f"{_named(tag or '')} may not stand there now", place)
        for tag in after:
            if tag not in before:
                yield _change("wider", direction, subject, f"{_named(tag or '')} may stand there now", place)


# --- small comparisons --------------------------------------------------------------------------------------------


def _change(extent: Extent, direction: Direction, subject: str, message: str, place: Place) -> Change:
    """The law of this file."""
    compatible = extent == ("wider" if direction == "request" else "narrower")
    return Change(not compatible, subject, message, place)


def _services(contract: Contract) -> Mapping[tuple[str, str, int], Service]:
    """The services by name and port type; several that agree in both are told apart by their order."""
    found: dict[tuple[str, str, int], Service] = {}
    for service in contract.services:
        number = sum(1 for name, port_type, _ in found if (name, port_type) == (service.name, service.port_type))
        found[(service.name, service.port_type, number)] = service
    return found


def _ports(old: Service, new: Service) -> Iterator[Change]:
    before: dict[str, Port] = {port.name: port for port in old.ports}
    after: dict[str, Port] = {port.name: port for port in new.ports}
    for name, port in before.items():
        if name not in after:
            yield Change(True, f"port {name}", "is gone", port.place)
        elif port.version != after[name].version:
            message = f"was SOAP {port.version} and is SOAP {after[name].version}"
            yield Change(True, f"port {name}", message, after[name].place)
        elif port.address != after[name].address:
            message = f"the address was {port.address!r} and is {after[name].address!r}"
            yield Change(False, f"port {name}", message, after[name].place)
    for name, port in after.items():
        if name not in before:
            yield Change(False, f"port {name}", "is new", port.place)


def _occurrences(
    subject: str,
    old: ElementField | ChoiceField | AnyField,
    new: ElementField | ChoiceField | AnyField,
    direction: Direction,
    place: Place,
) -> Iterator[Change]:
    """Occurrences beyond none and one, which `_may_be_absent` tells."""
    if max(old.minimum, 1) != max(new.minimum, 1):
        extent: Extent = "narrower" if new.minimum > old.minimum else "wider"
        message = f"at least {new.minimum} must occur, where {old.minimum} had to"
        yield _change(extent, direction, subject, message, place)
    if old.maximum != new.maximum:
        wider = new.maximum is None or (old.maximum is not None and new.maximum > old.maximum)
        message = f"at most {new.maximum or 'any number'} may occur, where {old.maximum or 'any number'} might"
        yield _change("wider" if wider else "narrower", direction, subject, message, place)


def _fields(record: Record) -> Iterator[tuple[str, Field]]:
    """The fields of a record by what they are on the wire."""
    repeated = 0
    for found in record.fields:
        if isinstance(found, ElementField):
            yield f"<{found.tag}>", found
        elif isinstance(found, AttributeField):
            yield f"@{found.tag}", found
        elif isinstance(found, (ChoiceField, AnyField)):
            repeated += 1
            yield f"{type(found).__name__} {repeated}", found
        else:
            yield type(found).__name__, found


def _may_be_absent(found: Field, record: Record) -> bool:
    if isinstance(found, AttributeField):
        return not found.required
    if isinstance(found, (ElementField, ChoiceField, AnyField)):
        return found.minimum == 0 or found.name in _optional(record.content, within=False)
    return isinstance(found, AnyAttributeField)


def _optional(particle: Particle, within: bool) -> Iterator[str]:
    """The names of the fields that stand in a choice or in an optional group."""
    if isinstance(particle, (ElementField, ChoiceField, AnyField)):
        if within:
            yield from (leaf.name for leaf in leaves(particle))
    else:
        for inner in particle.particles:
            yield from _optional(inner, within or isinstance(particle, Choice) or particle.optional)


def _model(particle: Particle, kept: set[str]) -> tuple[Any, ...]:
    """The order and grouping of elements, without those that one side alone has."""
    if isinstance(particle, ElementField):
        return (particle.tag,) if f"<{particle.tag}>" in kept else ()
    if isinstance(particle, (ChoiceField, AnyField)):
        return ()
    inner = [model for one in particle.particles if (model := _model(one, kept))]
    if isinstance(particle, Sequence) or len(inner) == 1:
        return tuple(step for model in inner for step in model)
    return ((type(particle).__name__, *inner),) if inner else ()


def _is_simple(type_: Type) -> bool:
    return isinstance(type_, (Atomic, ListOf, UnionOf))


def _written(message: Message) -> str:
    use = "encoded" if message.encoded else "literal"
    return f"{'rpc' if message.style == 'rpc' else 'document'}/{use} {message.tag or 'bare'}"


def _called(type_: Type) -> str:
    if isinstance(type_, RecordRef):
        return _named(type_.key)
    return "xs:anyType" if isinstance(type_, AnyType) else called(type_)


def _named(key: Key) -> str:
    return local_name(key) if isinstance(key, str) else key.__name__
