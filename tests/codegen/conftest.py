"""Whether generated classes say all that the contract says: each is described again and compared with its Shape."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from types import ModuleType
from typing import Any

import pytest

from soapkit.codegen.generate import module_in_memory
from soapkit.codegen.plan import ClassPlan, Options, Package
from soapkit.codegen.plan_services import plan_package
from soapkit.databinding.describe import shapes_for
from soapkit.databinding.shape import (
    EMPTY,
    All,
    Atomic,
    Choice,
    Field,
    ListOf,
    Particle,
    Record,
    RecordRef,
    Shapes,
    Type,
    UnionOf,
)
from soapkit.databinding.shape import Sequence as SequenceOf
from soapkit.operations import Message, Operation, Service

Losses = list[tuple[str, object, object]]


def service_of(records: Mapping[str, Record], namespace: str = "urn:test") -> Service:
    """A service with one operation, whose request is the first record."""
    first = next(iter(records))
    operation: Operation[Any, Any] = Operation(
        name="run", request=Message(record=first, tag=f"{{{namespace}}}run"), reply=None
    )
    return Service("Test", namespace, f"{{{namespace}}}Test", (operation,))


@pytest.fixture
def package_of() -> Callable[..., Package]:
    """The plan for some records."""

    def plan(*records: Record, **options: Any) -> Package:
        shapes = {str(record.key): record for record in records}
        return plan_package([service_of(shapes)], shapes, name="made", options=Options(**options))

    return plan


@pytest.fixture
def module_of() -> Callable[..., ModuleType]:
    """The module in memory that holds the first of some records."""

    def make(*records: Record) -> ModuleType:
        shapes = {str(record.key): record for record in records}
        services = [service_of(shapes)]
        package = plan_package(services, shapes, name="made")
        module = module_in_memory(services, shapes, "made")
        return importlib.import_module(f"{module.__name__}.{package.types.classes[records[0].key].module}")

    return make


@pytest.fixture
def losses() -> Callable[[Sequence[Service], Shapes], Losses]:
    """What the generated classes say otherwise than their Shapes: the name, what the class says, what the contract."""

    def compare(services: Sequence[Service], shapes: Shapes) -> Losses:
        package = plan_package(services, shapes, name="again")
        module = module_in_memory(services, shapes, "again")
        classes = {key: _class(module, plan) for key, plan in package.types.classes.items()}
        described = shapes_for()
        found: Losses = []
        for key, plan in package.types.classes.items():
            written = _essence(described[classes[key]], {}, {})
            meant = _essence(plan.record, _names(plan), classes)
            found += [
                (f"{plan.module}.{plan.name}: {part}", written.get(part), meant.get(part))
                for part in written.keys() | meant.keys()
                if written.get(part) != meant.get(part)
            ]
        return found

    return compare


@pytest.fixture
def record_losses(losses: Callable[[Sequence[Service], Shapes], Losses]) -> Callable[..., Losses]:
    """`losses` for some records by themselves."""

    def compare(*records: Record) -> Losses:
        shapes = {str(record.key): record for record in records}
        return losses([service_of(shapes)], shapes)

    return compare


def _class(module: ModuleType, plan: ClassPlan) -> type:
    found: type = getattr(importlib.import_module(f"{module.__name__}.{plan.module}"), plan.name)
    return found


def _names(plan: ClassPlan) -> dict[tuple[str, str], str]:
    return {(type(each.field).__name__, each.field.name): each.name for each in plan.all_fields}


def _essence(record: Record, names: Mapping[tuple[str, str], str], classes: Mapping[Any, type]) -> dict[str, object]:
    """A record as plain values, Python names for those of the schema, classes for keys."""

    def name(field: Any) -> str:
        return names.get((type(field).__name__, field.name), field.name)

    return {
        "name": record.name,
        "abstract": record.abstract,
        "group": record.group,
        "derivation": record.derivation,
        "content": _particle(record.content, name),
        **{name(field): _field(field, name(field), classes) for field in record.fields},
    }


def _field(field: Field, name: str, classes: Mapping[Any, type]) -> dict[str, object]:
    said: dict[str, Any] = {each.name: getattr(field, each.name) for each in fields(field) if each.compare}
    for dropped in ("documentation", "place"):
        said.pop(dropped, None)
    said["kind"], said["name"] = type(field).__name__, name
    if "type" in said:
        said["type"] = _type(said["type"], classes)
    if said.get("fixed") is not None and isinstance(said["type"], tuple):
        said["type"] = said["type"][:2]  # a Literal in Python: only the fixed value is left
    if "alternatives" in said:
        said["alternatives"] = [(each.tag, _type(each.type, classes), each.nillable) for each in said["alternatives"]]
    return said


def _type(type_: Type, classes: Mapping[Any, type]) -> object:
    match type_:
        case RecordRef():
            return classes.get(type_.key, type_.key)
        case Atomic() if type_.enumeration:
            return "atomic", type_.builtin, [value.value for value in type_.enumeration]
        case Atomic():
            return "atomic", type_.builtin, type_.facets
        case ListOf():
            return "list", _type(type_.item, classes), type_.facets
        case UnionOf():
            members: list[object] = []
            for member in type_.members:
                inner = _type(member, classes)
                flat = isinstance(inner, tuple) and inner[0] == "union"
                members += inner[1] if flat else [inner]  # type: ignore[index]  # just seen
            return "union", members, type_.facets
    return type_


def _particle(particle: Particle, name: Callable[[Any], str]) -> object:
    """A content model without what makes no difference: groups of one, sequences in sequences."""
    if not isinstance(particle, (SequenceOf, Choice, All)):
        return name(particle)
    optional = particle.optional or (isinstance(particle, Choice) and EMPTY in particle.particles)
    parts: list[Any] = []
    for inner in (_particle(each, name) for each in particle.particles):
        if isinstance(particle, SequenceOf) and isinstance(inner, tuple) and inner[0] == "Sequence" and not inner[2]:
            parts += inner[1]
        elif inner is not None:
            parts.append(inner)
    if not parts:
        return None
    if len(parts) == 1:
        return ("Sequence", parts, True) if optional else parts[0]
    return type(particle).__name__, parts, optional
