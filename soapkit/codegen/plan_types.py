"""Shapes -> the modules of types: namespaces, classes, enumerations, aliases, and the order in which they stand.

Three laws make the modules importable in any order. A base class stands in the same module or in one that is imported
first; namespaces whose types inherit from each other in a circle share a module. Annotations may refer anywhere, since
nobody reads them before all is loaded. An alias refers only to its own module.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from soapkit.codegen.expressions import Alias, Named, PythonType, simple_owner, simple_type
from soapkit.codegen.naming import Names, class_name, module_names
from soapkit.codegen.plan import (
    AliasPlan,
    ClassPlan,
    EnumPlan,
    Options,
    Types,
    TypesModule,
    enum_type,
    mostly_unqualified,
)
from soapkit.codegen.plan_class import plan_class
from soapkit.codegen.plan_order import bases_first, in_order, module_groups, namespace_for
from soapkit.codegen.plan_simple import SimpleUse, parts_of, plan_enum, simple_uses
from soapkit.databinding.shape import Atomic, Key, Record, Simple, Type
from soapkit.xml.names import local_name


@dataclass(frozen=True, slots=True)
class Wanted:
    """What types must be planned.

    `records`: all of them, by key, in the order in which they are to stand. `simples`: simple types outside of records
    (header blocks, fault details), each with its owner and the name it would like. `reserved`: class names that the
    services need; `suffixes`: what a type of such a name is called instead.
    """

    records: Mapping[Key, Record]
    simples: Sequence[tuple[Key, str, str, Type]] = ()  # owner, namespace, name, type
    reserved: frozenset[str] = frozenset()
    suffixes: Mapping[Key, str] = field(default_factory=dict)


def plan_types(wanted: Wanted, options: Options, modules_taken: Iterable[str] = ()) -> Types:
    """The modules for `wanted`."""
    return _TypesPlanner(wanted, options).plan(modules_taken)


class _TypesPlanner:
    """Plans group by group, a group being the namespaces that share a module."""

    def __init__(self, wanted: Wanted, options: Options) -> None:
        self.wanted = wanted
        self.options = options
        self.records = wanted.records
        self.class_names: dict[Key, str] = {}
        self.classes: dict[Key, ClassPlan] = {}
        self.bases: dict[Key, Named] = {}
        self.enums: dict[tuple[Key, Simple], tuple[str, EnumPlan]] = {}
        self.named: dict[Simple, Named | Alias] = {}

    def plan(self, modules_taken: Iterable[str]) -> Types:
        uses = list(simple_uses(self.records, self.wanted.simples))
        groups = module_groups(self.records, (use.namespace for use in uses))
        names = module_names([group[0] for group in groups], modules_taken)
        for group in groups:
            names[group[0]] = self.options.modules.get(group[0], names[group[0]])
        named_records = {class_name(local_name(record.name)) for record in self.records.values() if record.name}
        modules: list[TypesModule] = []
        drafts = [
            _Draft(group, names[group[0]], *self._contents(group, uses), Names(self.wanted.reserved))
            for group in groups
        ]
        for draft in drafts:
            self._name(draft, named_records)
        for draft in drafts:
            self._place(draft)
        for key in bases_first(self.records):
            base = self.records[key].base
            above = self.classes[base.key] if base is not None else None
            self.classes[key] = plan_class(self.bases[key], self.records[key], above)
        for draft in drafts:
            modules += self._modules(draft)
        return Types(tuple(modules), self.classes, self.enums, self.named, self.bases)

    def _contents(self, group: tuple[str, ...], uses: Sequence[SimpleUse]) -> tuple[list[Record], list[SimpleUse]]:
        inside = frozenset(group)
        records = [record for record in self.records.values() if namespace_for(record) in inside]
        return records, [use for use in uses if use.namespace in inside]

    # --- names ----------------------------------------------------------------------------------------------------

    def _name(self, draft: _Draft, named_records: set[str]) -> None:
        """Class names: of named types first, then of anonymous ones, which give way to those of any namespace."""
        for record in draft.records:
            if record.name is not None:
                self.class_names[record.key] = self._taken(draft, record, class_name(local_name(record.name)))
        for use in draft.uses:
            if use.named:
                draft.simple_names[use.owner, use.shape] = self._taken_simple(draft, use)
        for record in sorted(draft.records, key=_is_message):  # stable: what the schema has first
            if record.name is None:
                name = class_name(_anonymous_name(record.key))
                elsewhere = name in named_records and not draft.names.holds(name)
                if elsewhere:
                    name = f"{name}{_suffix(record)}"
                self.class_names[record.key] = self._taken(draft, record, name)
        for use in draft.uses:
            if not use.named:
                draft.simple_names[use.owner, use.shape] = self._taken_simple(draft, use)

    def _taken(self, draft: _Draft, record: Record, name: str) -> str:
        if record.name is not None and record.name in self.options.names:
            return draft.names.take(self.options.names[record.name])
        suffix = self.wanted.suffixes.get(record.key) or _suffix(record)
        return draft.names.take(name, f"{name}{suffix}")

    def _taken_simple(self, draft: _Draft, use: SimpleUse) -> str:
        if use.shape.name is not None and use.shape.name in self.options.names:
            return draft.names.take(self.options.names[use.shape.name])
        owner = self.class_names.get(use.owner, "") if not use.named else ""
        name = owner + class_name(use.name)
        return draft.names.take(name, f"{name}Type")

    # --- modules --------------------------------------------------------------------------------------------------

    def _place(self, draft: _Draft) -> None:
        """Give every type of a group its module: one, or several of at most `classes_per_module`."""
        draft.records = in_order(draft.records)
        size = self.options.classes_per_module
        entries: list[SimpleUse | Record] = [*draft.uses, *draft.records]
        many = len(entries) > size
        for index, entry in enumerate(entries):
            module = f"{draft.module}_{index // size + 1}" if many else draft.module
            if module not in draft.modules:
                draft.modules.append(module)
            if isinstance(entry, Record):
                self.bases[entry.key] = self._named(entry, module)
            else:
                self._place_simple(draft, entry, module)
        if not draft.modules:
            draft.modules.append(draft.module)

    def _named(self, record: Record, module: str) -> Named:
        ancestors: tuple[PythonType, ...] = ()
        if record.base is not None:
            base = self.bases.get(record.base.key)
            ancestors = (base, *base.ancestors) if base is not None else ()
        return Named(module, self.class_names[record.key], sibling=True, ancestors=ancestors)

    def _place_simple(self, draft: _Draft, use: SimpleUse, module: str) -> None:
        name = draft.simple_names[use.owner, use.shape]
        if isinstance(use.shape, Atomic) and use.shape.enumeration:
            plan = plan_enum(name, use.shape)
            self.enums["" if use.named else use.owner, use.shape] = (module, plan)
            draft.enums[module].append(plan)
            if use.named:
                self.named[use.shape] = enum_type(module, plan)
        elif self._alone(use.shape, module):
            target = simple_type(use.shape, self._home, use.owner, home=False)
            self.named[use.shape] = Alias(module, name, target)
            draft.aliases[module].append(AliasPlan(name, use.shape, target))

    def _alone(self, shape: Simple, module: str) -> bool:
        """Whether an alias for `shape` would refer to its own module only."""
        owner = simple_owner(shape, "")
        return all(self._here(part, owner, module) for part in parts_of(shape))

    def _here(self, shape: Simple, owner: Key, module: str) -> bool:
        home = self._home(shape, owner)
        if home is not None:
            return home.module == module
        if isinstance(shape, Atomic):
            return not shape.enumeration
        return all(self._here(part, simple_owner(shape, owner), module) for part in parts_of(shape))

    def _home(self, shape: Simple, owner: Key) -> Named | Alias | None:
        held = self.enums.get((owner, shape))
        return enum_type(*held) if held is not None else self.named.get(shape)

    def _modules(self, draft: _Draft) -> Iterator[TypesModule]:
        namespace = draft.namespaces[0]
        for module in draft.modules:
            inside = [record.key for record in draft.records if self.bases[record.key].module == module]
            classes = tuple(self.classes[key] for key in inside)
            yield TypesModule(
                module,
                namespace,
                mostly_unqualified(classes, namespace),
                tuple(draft.enums.get(module, ())),
                tuple(draft.aliases.get(module, ())),
                classes,
            )


@dataclass(slots=True)
class _Draft:
    """A group on its way to modules."""

    namespaces: tuple[str, ...]
    module: str
    records: list[Record]
    uses: list[SimpleUse]
    names: Names
    simple_names: dict[tuple[Key, Simple], str] = field(default_factory=dict)
    modules: list[str] = field(default_factory=list)
    enums: defaultdict[str, list[EnumPlan]] = field(default_factory=lambda: defaultdict(list))
    aliases: defaultdict[str, list[AliasPlan]] = field(default_factory=lambda: defaultdict(list))


# --- records ------------------------------------------------------------------------------------------------------


def _is_message(record: Record) -> bool:
    """Whether a record is the content of an rpc or bare message, which no schema knows."""
    return isinstance(record.key, str) and record.key.startswith("message:")


def _suffix(record: Record) -> str:
    """What follows the name of a class whose plain name is taken."""
    if record.name is not None:
        return "Type"
    return "Message" if _is_message(record) else "Element"


def _anonymous_name(key: Key) -> str:
    """What an anonymous type is called after: what stands behind the namespace in its key."""
    return str(key).rpartition("}")[2] if isinstance(key, str) else key.__name__
