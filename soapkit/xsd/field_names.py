"""Fields of one record that share a name: which are one field, and what the others are called."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeAlias

from soapkit.databinding.shape import All, Choice, ElementField, ElementLike, Sequence, leaves
from soapkit.databinding.shape import Particle as Field

Content: TypeAlias = Sequence | Choice | All


def as_content(made: Field | None) -> Content:
    """A particle as the content of a record."""
    if made is None:
        return Sequence()
    return made if isinstance(made, (Sequence, Choice, All)) else Sequence((made,))


def with_distinct_names(content: Content) -> Content:
    """Give fields of one name different names, unless they are one: in branches of a choice, alike in tag and type.

    The places of one field keep their own occurrences; it is a list at all of them if it is one at any.
    """
    fields = list(leaves(content))
    if len({each.name for each in fields}) == len(fields):
        return content
    slots: list[list[tuple[tuple[int, ...], ElementLike]]] = []  # one for each field: where it stands
    for path, leaf in _paths(content, ()):
        for slot in slots:
            if all(_alike(other, leaf) and _exclusive(content, path, place) for place, other in slot):
                slot.append((path, leaf))
                break
        else:
            slots.append([(path, leaf)])
    names: set[str] = set()
    final: dict[tuple[int, ...], ElementLike] = {}
    for slot in slots:
        first = name = slot[0][1].name
        number = 1
        while name in names:
            number += 1
            name = f"{first}_{number}"
        names.add(name)
        many = any(leaf.many for _, leaf in slot)
        nillable = any(isinstance(leaf, ElementField) and leaf.nillable for _, leaf in slot)
        for path, leaf in slot:
            leaf = replace(leaf, name=name, many=many)
            final[path] = replace(leaf, nillable=nillable) if isinstance(leaf, ElementField) else leaf
    return as_content(_rebuilt(content, (), final))


def _paths(particle: Field, path: tuple[int, ...]) -> Iterable[tuple[tuple[int, ...], ElementLike]]:
    if isinstance(particle, (Sequence, Choice, All)):
        for number, inner in enumerate(particle.particles):
            yield from _paths(inner, (*path, number))
    else:
        yield path, particle


def _exclusive(content: Field, one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether two places of the tree cannot both be filled: their lowest common group is a choice."""
    node = content
    for step, (left, right) in enumerate(zip(one, other, strict=False)):
        assert isinstance(node, (Sequence, Choice, All)), step
        if left != right:
            return isinstance(node, Choice)
        node = node.particles[left]
    return False


def _alike(one: ElementLike, other: ElementLike) -> bool:
    return (
        isinstance(one, ElementField)
        and isinstance(other, ElementField)
        and one.tag == other.tag
        and one.type == other.type
        and (one.default, one.fixed) == (other.default, other.fixed)
    )


def _rebuilt(particle: Field, path: tuple[int, ...], final: dict[tuple[int, ...], ElementLike]) -> Field:
    if isinstance(particle, (Sequence, Choice, All)):
        inner = tuple(_rebuilt(each, (*path, number), final) for number, each in enumerate(particle.particles))
        return replace(particle, particles=inner)
    return final[path]
