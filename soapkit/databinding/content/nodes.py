"""A content model as the matcher asks for it: what may begin each particle, and whether it may be nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from soapkit.databinding.shape import (
    All,
    AnyField,
    Choice,
    ChoiceField,
    ElementField,
    Particle,
    Record,
    RecordRef,
    Sequence,
    leaves,
)
from soapkit.xml.names import namespace_of

RecordOf: TypeAlias = Callable[[RecordRef], Record]


def allows(namespaces: tuple[str, ...], tag: str) -> bool:
    """Whether a wildcard with these namespaces takes a name (`AnyField.namespaces`)."""
    if namespaces[:1] == ("##any",):
        return True
    namespace = namespace_of(tag)
    if namespaces[:1] == ("##other",):
        return namespace != "" and namespace not in namespaces[1:]
    return namespace in namespaces


@dataclass(frozen=True, slots=True)
class Node:
    """A particle with what the matcher asks of it."""

    particle: Particle
    first: frozenset[str]  # names that may begin it
    wild: tuple[AnyField, ...]  # wildcards that may begin it
    empty: bool  # whether it may be nothing
    inner: tuple[Node, ...] = ()
    groups: Mapping[int, Node] = field(default_factory=dict)  # of a choice field: its group records, by place
    after: frozenset[str] = frozenset()  # of a wildcard: names declared later, which it leaves alone

    def begins(self, tag: str) -> bool:
        return tag in self.first or any(allows(wildcard.namespaces, tag) for wildcard in self.wild)


def node_for(particle: Particle, record_of: RecordOf, later: tuple[Particle, ...] = ()) -> Node:
    """A particle compiled. `record_of` gives the group records of its choices; `later`: what stands behind it."""
    if isinstance(particle, (Sequence, All)):
        return _run(particle, record_of, later)
    if isinstance(particle, Choice):
        inner = tuple(node_for(branch, record_of, later) for branch in particle.particles)
        return Node(
            particle,
            frozenset().union(*(node.first for node in inner)),
            tuple(wildcard for node in inner for wildcard in node.wild),
            particle.optional or not inner or any(node.empty for node in inner),
            inner,
        )
    if isinstance(particle, ElementField):
        return Node(particle, frozenset((particle.tag,)), (), particle.minimum == 0)
    if isinstance(particle, AnyField):
        after = frozenset(leaf.tag for one in later for leaf in leaves(one) if isinstance(leaf, ElementField))
        return Node(particle, frozenset(), (particle,), particle.minimum == 0, after=after)
    return _choice_field(particle, record_of)


def _run(particle: Sequence | All, record_of: RecordOf, later: tuple[Particle, ...]) -> Node:
    inner = tuple(
        node_for(one, record_of, (*particle.particles[place + 1 :], *later))
        for place, one in enumerate(particle.particles)
    )
    first: frozenset[str] = frozenset()
    wild: tuple[AnyField, ...] = ()
    for node in inner:
        first, wild = first | node.first, wild + node.wild
        if not node.empty and isinstance(particle, Sequence):
            break
    return Node(particle, first, wild, particle.optional or all(node.empty for node in inner), inner)


def _choice_field(leaf: ChoiceField, record_of: RecordOf) -> Node:
    groups = {
        place: node_for(record_of(alternative.type).content, record_of)
        for place, alternative in enumerate(leaf.alternatives)
        if alternative.tag is None and isinstance(alternative.type, RecordRef)
    }
    tags = frozenset(alternative.tag for alternative in leaf.alternatives if alternative.tag is not None)
    return Node(
        leaf,
        tags.union(*(node.first for node in groups.values())),
        tuple(wildcard for node in groups.values() for wildcard in node.wild),
        leaf.minimum == 0 or any(node.empty for node in groups.values()),
        groups=groups,
    )
