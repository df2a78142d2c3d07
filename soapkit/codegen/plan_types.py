"""Shapes -> the modules of types: namespaces, classes, enumerations, aliases, and the order in which they stand.

Three laws make the modules importable in any order. A base class stands in the same module or in one that is imported
first; namespaces whose types inherit from each other in a circle share a module. Annotations may refer anywhere, since
nobody reads them before all is loaded. An alias refers only to its own module.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from soapkit.codegen.expressions import Alias, Named, PythonType, enum_ancestors, simple_owner, simple_type
from soapkit.codegen.naming import Names, class_name, member_name, module_names
from soapkit.codegen.plan import AliasPlan, ClassPlan, EnumPlan, Options, Types, TypesModule, enum_type
from soapkit.codegen.plan_fields import plan_fields
from soapkit.databinding.shape import (
    NO_FACETS,
    Atomic,
    ChoiceField,
    ElementField,
    Field,
    Key,
    ListOf,
    Record,
    RecordRef,
    Simple,
    Type,
    UnionOf,
)
from soapkit.xml.names import XSD, local_name, namespace_of


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
        self.module_of: dict[Key, str] = {}
        self.classes: dict[Key, ClassPlan] = {}
        self.bases: dict[Key, Named] = {}
        self.enums: dict[tuple[Key, Simple], tuple[str, EnumPlan]] = {}
        self.named: dict[Simple, Named | Alias] = {}

    def plan(self, modules_taken: Iterable[str]) -> Types:
        uses = list(_simple_uses(self.wanted))
        groups = self._groups(uses)
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
        for key in _bases_first(self.records):
            self._plan_class(key)
        for draft in drafts:
            modules += self._modules(draft)
        return Types(tuple(modules), self.classes, self.enums, self.named, self.bases)

    # --- which namespaces share a module --------------------------------------------------------------------------

    def _groups(self, uses: Sequence[_Use]) -> list[tuple[str, ...]]:
        namespaces = dict.fromkeys(namespace_for(record) for record in self.records.values())
        namespaces.update(dict.fromkeys(use.namespace for use in uses))
        edges: dict[str, set[str]] = {namespace: set() for namespace in namespaces}
        for record in self.records.values():
            if record.base is not None:
                edges[namespace_for(record)].add(namespace_for(self.records[record.base.key]))
        return _circles(list(namespaces), edges)

    def _contents(self, group: tuple[str, ...], uses: Sequence[_Use]) -> tuple[list[Record], list[_Use]]:
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

    def _taken_simple(self, draft: _Draft, use: _Use) -> str:
        if use.shape.name is not None and use.shape.name in self.options.names:
            return draft.names.take(self.options.names[use.shape.name])
        owner = self.class_names.get(use.owner, "") if not use.named else ""
        name = owner + class_name(use.name)
        return draft.names.take(name, f"{name}Type")

    # --- modules --------------------------------------------------------------------------------------------------

    def _place(self, draft: _Draft) -> None:
        """Give every type of a group its module: one, or several of at most `classes_per_module`."""
        draft.records = _in_order(draft.records)
        size = self.options.classes_per_module
        entries: list[_Use | Record] = [*draft.uses, *draft.records]
        many = len(entries) > size
        for index, entry in enumerate(entries):
            module = f"{draft.module}_{index // size + 1}" if many else draft.module
            if module not in draft.modules:
                draft.modules.append(module)
            if isinstance(entry, Record):
                self.module_of[entry.key] = module
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

    def _place_simple(self, draft: _Draft, use: _Use, module: str) -> None:
        name = draft.simple_names[use.owner, use.shape]
        if isinstance(use.shape, Atomic) and use.shape.enumeration:
            plan = EnumPlan(name, use.shape, enum_members(use.shape))
            self.enums["" if use.named else use.owner, use.shape] = (module, plan)
            draft.enums[module].append(plan)
            if use.named:
                self.named[use.shape] = Named(module, name, sibling=True, ancestors=enum_ancestors(use.shape))
        elif self._alone(use.shape, module):
            target = simple_type(use.shape, self._home, use.owner, home=False)
            self.named[use.shape] = Alias(module, name, target)
            draft.aliases[module].append(AliasPlan(name, use.shape, target))

    def _alone(self, shape: Simple, module: str) -> bool:
        """Whether an alias for `shape` would refer to its own module only."""
        owner = simple_owner(shape, "")
        return all(self._here(part, owner, module) for part in _parts(shape))

    def _here(self, shape: Simple, owner: Key, module: str) -> bool:
        home = self._home(shape, owner)
        if home is not None:
            return home.module == module
        if isinstance(shape, Atomic):
            return not shape.enumeration
        return all(self._here(part, simple_owner(shape, owner), module) for part in _parts(shape))

    def _home(self, shape: Simple, owner: Key) -> Named | Alias | None:
        held = self.enums.get((owner, shape))
        return enum_type(*held) if held is not None else self.named.get(shape)

    def _plan_class(self, key: Key) -> None:
        record = self.records[key]
        base = self.classes[record.base.key] if record.base is not None else None
        base_record = None if base is None else base.record
        planned = plan_fields(record, base_record, () if base is None else base.all_fields)
        self.classes[key] = ClassPlan(
            self.class_names[key],
            self.module_of[key],
            record,
            base,
            planned.own,
            planned.all,
            planned.content,
            planned.whole,
        )

    def _modules(self, draft: _Draft) -> Iterator[TypesModule]:
        namespace = draft.namespaces[0]
        for module in draft.modules:
            inside = [record.key for record in draft.records if self.module_of[record.key] == module]
            classes = tuple(self.classes[key] for key in inside)
            yield TypesModule(
                module,
                namespace,
                mostly_unqualified(classes, namespace),
                tuple(draft.enums.get(module, ())),
                tuple(draft.aliases.get(module, ())),
                classes,
            )


class _ListsByModule(dict[str, list]):  # type: ignore[type-arg]  # of enumerations, of aliases
    def __missing__(self, key: str) -> list:  # type: ignore[type-arg]
        return self.setdefault(key, [])


@dataclass(slots=True)
class _Draft:
    """A group on its way to modules."""

    namespaces: tuple[str, ...]
    module: str
    records: list[Record]
    uses: list[_Use]
    names: Names
    simple_names: dict[tuple[Key, Simple], str] = field(default_factory=dict)
    modules: list[str] = field(default_factory=list)
    enums: dict[str, list[EnumPlan]] = field(default_factory=_ListsByModule)
    aliases: dict[str, list[AliasPlan]] = field(default_factory=_ListsByModule)


# --- simple types -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Use:
    """A simple type that gets a class or an alias. `owner`: the record in which an anonymous one stands."""

    owner: Key
    namespace: str
    name: str
    shape: Simple

    @property
    def named(self) -> bool:
        return self.owner == ""


def _simple_uses(wanted: Wanted) -> Iterator[_Use]:
    """Each simple type that deserves a name, once, parts before what is made of them."""
    seen: set[tuple[Key, Simple]] = set()
    for record in wanted.records.values():
        base = wanted.records[record.base.key] if record.base is not None else None
        inherited = _enumerations(base, wanted.records)
        for name, type_ in _types(record.fields):
            for use in _uses(record.key, namespace_for(record), name, type_):
                if (use.owner, use.shape) not in seen and not (not use.named and use.shape in inherited):
                    seen.add((use.owner, use.shape))
                    yield use
    for owner, namespace, name, type_ in wanted.simples:
        for use in _uses(owner, namespace, name, type_):
            if (use.owner, use.shape) not in seen:
                seen.add((use.owner, use.shape))
                yield use


def _enumerations(record: Record | None, records: Mapping[Key, Record]) -> set[Simple]:
    """The anonymous enumerations of a record: a derived one uses those of its base."""
    if record is None:
        return set()
    found = _enumerations(records[record.base.key] if record.base is not None else None, records)
    for name, type_ in _types(record.fields):
        found.update(use.shape for use in _uses(record.key, "", name, type_) if not use.named)
    return found


def anonymous_uses(record: Record) -> dict[Simple, str]:
    """The anonymous enumerations that stand in a record, each with the name of its first field."""
    uses = (use for name, type_ in _types(record.fields) for use in _uses(record.key, "", name, type_))
    found: dict[Simple, str] = {}
    for use in uses:
        if not use.named:
            found.setdefault(use.shape, use.name)
    return found


def _types(fields: Iterable[Field]) -> Iterator[tuple[str, Type]]:
    for each in fields:
        if isinstance(each, ChoiceField):
            for alternative in each.alternatives:
                yield local_name(alternative.tag or each.name), alternative.type
        elif isinstance(each, ElementField) or hasattr(each, "type"):
            yield each.name, each.type


def _uses(owner: Key, namespace: str, name: str, type_: Type) -> Iterator[_Use]:
    """The type itself and its parts, as far as they get a name; an anonymous part of a named type after that."""
    if not isinstance(type_, (Atomic, ListOf, UnionOf)):
        return
    declared = type_.name if type_.name is not None and namespace_of(type_.name) != XSD else None
    within = simple_owner(type_, owner)
    for part in _parts(type_):
        if declared is None:
            yield from _uses(owner, namespace, name, part)
        else:
            yield from _uses(within, namespace_of(declared), f"{local_name(declared)}Value", part)
    enumerated = isinstance(type_, Atomic) and bool(type_.enumeration)
    if declared is not None and (enumerated or not isinstance(type_, Atomic) or type_.facets != NO_FACETS):
        yield _Use("", namespace_of(declared), local_name(declared), type_)
    elif enumerated:
        yield _Use(owner, namespace, name, type_)


def _parts(shape: Simple) -> tuple[Simple, ...]:
    match shape:
        case ListOf():
            return (shape.item,)
        case UnionOf():
            return shape.members
        case Atomic():
            return ()


def enum_members(shape: Atomic) -> tuple[tuple[str, str, str], ...]:
    """See `soapkit.codegen.plan.EnumPlan`."""
    names = Names({"MRO"})
    values = {value.value: value for value in shape.enumeration}
    return tuple((names.take(member_name(each.value)), each.value, each.documentation) for each in values.values())


# --- records ------------------------------------------------------------------------------------------------------


def namespace_for(record: Record) -> str:
    """The namespace in whose module the class of a record stands."""
    if record.name is not None:
        return namespace_of(record.name)
    return str(record.key).partition("{")[2].partition("}")[0]  # keys such as ``message:{urn:x}lookUpIn``


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


def mostly_unqualified(classes: Iterable[ClassPlan], namespace: str) -> bool:
    """Whether most elements of the classes of a module are in no namespace."""
    tags = [each.field.tag for plan in classes for each in plan.fields if isinstance(each.field, ElementField)]
    return bool(namespace) and sum(not namespace_of(tag) for tag in tags) * 2 > len(tags)


def _bases_first(records: Mapping[Key, Record]) -> Iterator[Key]:
    done: set[Key] = set()
    for key in records:
        chain: list[Key] = []
        at: Key | None = key
        while at is not None and at not in done:
            done.add(at)
            chain.append(at)
            base: RecordRef | None = records[at].base
            at = None if base is None else base.key
        yield from reversed(chain)


def _in_order(records: Sequence[Record]) -> list[Record]:
    """Bases before what is derived from them, and the alternatives of a choice before it where no circle forbids that;
    else as they come."""
    by_key = {record.key: record for record in records}
    placed: dict[Key, Record] = {}
    begun: dict[Key, None] = {}

    def may_begin(key: Key) -> bool:
        """Whether none of its bases is under way, which would have to stand before it."""
        while key in by_key and key not in placed:
            if key in begun:
                return False
            base = by_key[key].base
            if base is None:
                return True
            key = base.key
        return True

    for record in records:
        stack = [] if record.key in placed else [record]
        while stack:
            top = stack[-1]
            begun[top.key] = None
            wanted = (key for key in _before(top) if key in by_key and key not in placed and may_begin(key))
            before = next(wanted, None)
            if before is not None:
                stack.append(by_key[before])
            else:
                placed[stack.pop().key] = top
    return list(placed.values())


def _before(record: Record) -> Iterator[Key]:
    """What should stand before a record: its base first of all."""
    if record.base is not None:
        yield record.base.key
    for leaf in record.elements:
        if isinstance(leaf, ChoiceField):
            yield from (each.type.key for each in leaf.alternatives if isinstance(each.type, RecordRef))


def _circles(nodes: Sequence[str], edges: Mapping[str, set[str]]) -> list[tuple[str, ...]]:
    """The nodes, those that reach each other together, in their order (Tarjan's strongly connected components)."""
    order = {node: index for index, node in enumerate(nodes)}
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[tuple[str, ...]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in sorted(edges[node], key=order.__getitem__):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            circle = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            found.append(tuple(sorted(circle, key=order.__getitem__)))

    for node in nodes:
        if node not in index:
            visit(node)
    return sorted(found, key=lambda circle: order[circle[0]])
