"""The order in which types stand: which namespaces share a module, which record comes before which."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from soapkit.databinding.shape import ChoiceField, Key, Record, RecordRef
from soapkit.xml.names import namespace_of


def namespace_for(record: Record) -> str:
    """The namespace in whose module the class of a record stands."""
    if record.name is not None:
        return namespace_of(record.name)
    return str(record.key).partition("{")[2].partition("}")[0]  # keys such as ``message:{urn:x}lookUpIn``


def module_groups(records: Mapping[Key, Record], others: Iterable[str]) -> list[tuple[str, ...]]:
    """The namespaces of the records, and `others`; those together whose types inherit from each other in a circle."""
    namespaces = dict.fromkeys(namespace_for(record) for record in records.values())
    namespaces.update(dict.fromkeys(others))
    edges: dict[str, set[str]] = {namespace: set() for namespace in namespaces}
    for record in records.values():
        if record.base is not None:
            edges[namespace_for(record)].add(namespace_for(records[record.base.key]))
    return _circles(list(namespaces), edges)


def bases_first(records: Mapping[Key, Record]) -> Iterator[Key]:
    """The keys, that of a base before those of what is derived from it."""
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


def in_order(records: Sequence[Record]) -> list[Record]:
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
