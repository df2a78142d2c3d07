"""Services and Shapes -> a plan of the package: which module holds which class, in which order, under which name.

    Package                 the whole
    ├── TypesModule         one namespace, or a part of a large one
    │   ├── EnumPlan        a simple type with an enumeration
    │   ├── AliasPlan       a named simple type with facets
    │   └── ClassPlan       a complex type, with a FieldPlan for each field of its own
    └── ServicePlan         a service: its Protocol, its clients
        ├── MethodPlan      an operation
        └── FaultPlan       a declared fault: its exception (shared by the operations that declare it)

Plans are values; names and order depend on the contract alone. Nothing is written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from soapkit.codegen.expressions import Alias, Named, PythonType, enum_ancestors
from soapkit.databinding.shape import Atomic, ElementField, Field, Key, Record, Shapes, Simple, Type
from soapkit.operations import AttachedPart, Header, Operation, Service
from soapkit.xml.names import namespace_of


@dataclass(frozen=True, slots=True)
class Options:
    """What a user decides.

    `operations`: only these, by contract name, and what they reach; all if empty. `exclude`: not these. `services`:
    only these, by contract name. `http_ports`: also these, whose binding is HTTP GET or POST. `names`: Python names
    for types, elements and operations, by Clark name (or the plain name of an operation). `modules`: module names by
    namespace. `generated_from`: what the first line of each file names as its source. `contract`: the file in the
    package that holds the contract, for servers to hand out. `classes_per_module`: a namespace with more is split
    (type checkers give up on very long modules). `eager`: classes up to which ``__init__`` imports everything at once
    instead of at first use. `keep_unknown`: whether instances have room for what a lenient client passes over.
    """

    operations: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    http_ports: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)
    modules: Mapping[str, str] = field(default_factory=dict)
    generated_from: str = ""
    contract: str = ""
    classes_per_module: int = 500
    eager: int = 100
    keep_unknown: bool = False

    @property
    def chooses(self) -> bool:
        """Whether only a part of the contract is wanted."""
        return bool(self.operations or self.exclude or self.services)

    def wants(self, service: str, operation: str) -> bool:
        """Whether an operation of a service is wanted."""
        return (
            (not self.services or service in self.services)
            and (not self.operations or operation in self.operations)
            and operation not in self.exclude
        )


@dataclass(frozen=True, slots=True)
class EnumPlan:
    """An enumeration class. `members`: Python name, lexical value, documentation."""

    name: str
    shape: Atomic
    members: tuple[tuple[str, str, str], ...]

    def member(self, value: str) -> str | None:
        """The Python name of a value."""
        return next((name for name, lexical, _ in self.members if lexical == value), None)


@dataclass(frozen=True, slots=True)
class AliasPlan:
    """A type alias for a named simple type. `target`: what it stands for."""

    name: str
    shape: Simple
    target: PythonType


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """A field. `name`: the Python name. `absent`: whether it may be left out, because of its occurrence or of a choice
    or optional group around it. `redefines`: the field of the base that it narrows."""

    name: str
    field: Field
    absent: bool
    redefines: FieldPlan | None = None


@dataclass(frozen=True, slots=True)
class ClassPlan:
    """A class. `fields`: its own, in the order they are written; `all_fields`: with those of its bases.

    `content`: its content model in the notation of `annotations.xml_type`, None if it is the sequence of its fields.
    `whole`: the content speaks of inherited fields too.
    """

    name: str
    module: str
    record: Record
    base: ClassPlan | None
    fields: tuple[FieldPlan, ...]
    all_fields: tuple[FieldPlan, ...]
    content: str | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class TypesModule:
    """A module of types. `unqualified`: its local elements are in no namespace unless they say otherwise."""

    name: str
    namespace: str
    unqualified: bool
    enums: tuple[EnumPlan, ...]
    aliases: tuple[AliasPlan, ...]
    classes: tuple[ClassPlan, ...]

    @property
    def names(self) -> frozenset[str]:
        """What it defines."""
        plans: tuple[EnumPlan | AliasPlan | ClassPlan, ...] = (*self.enums, *self.aliases, *self.classes)
        return frozenset(plan.name for plan in plans)


@dataclass(frozen=True, slots=True)
class Types:
    """All modules, and where each type is found in them."""

    modules: tuple[TypesModule, ...]
    classes: Mapping[Key, ClassPlan]
    enums: Mapping[tuple[Key, Simple], tuple[str, EnumPlan]]  # module, plan; by owner and shape
    named: Mapping[Simple, Named | Alias]  # named simple types that have a class or an alias
    bases: Mapping[Key, Named]

    def record(self, key: Key) -> Named:
        """The class of a record, as an expression."""
        return self.bases[key]

    def simple(self, shape: Simple, owner: Key) -> PythonType | None:
        """The class or alias that stands for a simple type in a field of `owner`."""
        found = self.named.get(shape)
        if found is None and isinstance(shape, Atomic) and shape.enumeration:
            held = self._enum(shape, owner)
            return None if held is None else enum_type(*held)
        return found

    def member(self, shape: Simple, owner: Key, value: str) -> tuple[Named, str] | None:
        """The enumeration class of a simple type, and the member for a value; None if it has none."""
        held = self._enum(shape, owner) if isinstance(shape, Atomic) else None
        name = None if held is None else held[1].member(value)
        return None if held is None or name is None else (enum_type(*held), name)

    def _enum(self, shape: Simple, owner: Key) -> tuple[str, EnumPlan] | None:
        named = self.enums.get(("", shape))
        if named is not None:
            return named
        plan = self.classes.get(owner)
        while plan is not None:
            if found := self.enums.get((plan.record.key, shape)):
                return found
            plan = plan.base
        return self.enums.get((owner, shape))


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """A declared fault. `exception`: the name of its class; `constant`: of its `FaultDetail`.

    Operations that declare it alike but for the action share the class.
    """

    exception: str
    constant: str
    name: str
    tag: str
    type: Type
    action: str = ""
    documentation: str = ""


@dataclass(frozen=True, slots=True)
class MethodPlan:
    """An operation. `name`: of the method; `constant`: of its Operation; `unwrap`: the only field of the reply.

    `headers`: the header blocks of the request, each with the name of its parameter in `Header.name`; `attached`: the
    parts beside the request, likewise.
    """

    name: str
    constant: str
    operation: Operation[Any, Any]
    request: ClassPlan
    reply: ClassPlan | None
    unwrap: FieldPlan | None
    headers: tuple[Header, ...]
    reply_headers: tuple[Header, ...]
    attached: tuple[AttachedPart, ...]
    reply_attached: tuple[AttachedPart, ...]
    faults: tuple[FaultPlan, ...]


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """A service. `name`: of the Protocol; the clients are called ``<name>Client`` and ``Async<name>Client``."""

    name: str
    constant: str
    service: Service
    methods: tuple[MethodPlan, ...]

    @property
    def hosted(self) -> bool:
        """Whether it can be served; without SOAP, it can be called only."""
        return all(method.operation.http is None for method in self.methods)

    @property
    def client(self) -> str:
        return f"{self.name}Client"

    @property
    def async_client(self) -> str:
        return f"Async{self.name}Client"

    @property
    def async_protocol(self) -> str:
        return f"Async{self.name}"


@dataclass(frozen=True, slots=True)
class Package:
    """The plan of a package. `left_out`: types that cannot be written, each with the reason. `shapes`: those of its
    records."""

    name: str
    options: Options
    types: Types
    services: tuple[ServicePlan, ...]
    faults: tuple[FaultPlan, ...]
    left_out: tuple[str, ...] = ()
    shapes: Shapes = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many classes of types there are."""
        return sum(len(module.names) for module in self.types.modules)


def enum_type(module: str, plan: EnumPlan) -> Named:
    """An enumeration class as an expression."""
    return Named(module, plan.name, sibling=True, ancestors=enum_ancestors(plan.shape))


def mostly_unqualified(classes: Iterable[ClassPlan], namespace: str) -> bool:
    """Whether most elements of the classes of a module are in no namespace."""
    tags = [each.field.tag for plan in classes for each in plan.fields if isinstance(each.field, ElementField)]
    return bool(namespace) and sum(not namespace_of(tag) for tag in tags) * 2 > len(tags)
