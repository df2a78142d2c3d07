"""The content of a record -> which child belongs to which field.

A record's content model is compiled to a `Model` once; `Model.assign` then takes the names of the children and gives,
for each field, the positions of its children, and every `Mismatch`. XSD's models are deterministic (part 1, 3.8.6): the
next name decides. Where a sloppy contract's is not, the branch that fits most is taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from soapkit.databinding.content.matching import Assigned, Mismatch, Run
from soapkit.databinding.content.nodes import Node, RecordOf, allows, node_for
from soapkit.databinding.shape import (
    All,
    AnyField,
    Choice,
    ChoiceField,
    ElementField,
    ElementLike,
    Particle,
    Record,
    RecordRef,
    Sequence,
    leaves,
)


def _in_choices(particle: Particle) -> Iterable[str]:
    if isinstance(particle, Choice):
        for leaf in leaves(particle):
            yield leaf.name
    elif isinstance(particle, (Sequence, All)):
        for inner in particle.particles:
            yield from _in_choices(inner)


_MOST_LOOKS = 10  # at children, some of which are too many or out of order


class Model:
    """The content model of one record.

    `record_of` gives the group records of its choices by key.
    """

    def __init__(self, record: Record, record_of: RecordOf) -> None:
        self._record_of = record_of
        self.record = record
        self.root = node_for(record.content, record_of)
        self.fields: dict[str, ElementLike] = {leaf.name: leaf for leaf in record.elements}
        self.owner: dict[str, str] = {}  # tag -> field
        self._note(record.elements)
        self._wildcards = tuple(self._wild_in(self.root))
        self._exclusive = frozenset(_in_choices(record.content))

    def _note(self, elements: Iterable[ElementLike]) -> None:
        for leaf in elements:
            if isinstance(leaf, ElementField):
                self.owner.setdefault(leaf.tag, leaf.name)
            elif isinstance(leaf, ChoiceField):
                for tag in self._tags_of_choice(leaf, ()):
                    self.owner.setdefault(tag, leaf.name)

    def _tags_of_choice(self, leaf: ChoiceField, seen: tuple[object, ...]) -> list[str]:
        found = []
        for alternative in leaf.alternatives:
            if alternative.tag is not None:
                found.append(alternative.tag)
            elif isinstance(alternative.type, RecordRef) and alternative.type.key not in seen:
                for inner in self._record_of(alternative.type).elements:
                    if isinstance(inner, ElementField):
                        found.append(inner.tag)
                    elif isinstance(inner, ChoiceField):
                        found += self._tags_of_choice(inner, (*seen, alternative.type.key))
        return found

    def is_shared(self, tag: str) -> bool:
        """Whether elements of this name may stand in more than one field."""
        owners = {leaf.name for leaf in self.fields.values() if isinstance(leaf, ElementField) and leaf.tag == tag}
        choices = (leaf for leaf in self.fields.values() if isinstance(leaf, ChoiceField))
        return len(owners) + sum(tag in self._tags_of_choice(leaf, ()) for leaf in choices) > 1

    def exclusive(self, name: str) -> bool:
        """Whether the field stands in a choice, where another branch may exclude it."""
        return name in self._exclusive

    def assign(self, tags: list[str]) -> tuple[Assigned, list[Mismatch]]:
        """The children of each field, and what does not fit."""
        strange = self.unknown(tags)
        known = list(range(len(tags)))
        if strange:
            here = set(strange)
            known = [place for place in known if place not in here]
        unknown = [Mismatch("unknown", place) for place in strange]
        run, left, moved = self._matched(tags, known)
        lacking = [still for each in run.mismatches for still in self._still(each, run.assigned, moved)]
        return run.assigned, sorted([*unknown, *left, *lacking], key=lambda mismatch: mismatch.position)

    def unknown(self, tags: list[str]) -> list[int]:
        """The places of the children that no field takes."""
        names = {tag for tag in set(tags) if not self._knows(tag)}
        return [place for place, tag in enumerate(tags) if tag in names] if names else []

    def _matched(self, tags: list[str], known: list[int]) -> tuple[Run, list[Mismatch], Counter[str]]:
        """The children matched; those that were left out, since they are one too many of their field or out of order,
        so that what comes after them is found in its place; and how many of each field are out of order."""
        left: list[Mismatch] = []
        moved: Counter[str] = Counter()
        for look in range(_MOST_LOOKS):
            run = Run(tags, known)
            end = run.match(self.root, 0, run.assigned)
            if end == len(known):
                break
            tag, after = tags[known[end]], len(known)
            if look < _MOST_LOOKS - 1:
                after = next((at for at in range(end, after) if tags[known[at]] != tag), after)
            left += [self._left(tags[place], place, run.assigned, moved) for place in known[end:after]]
            known = known[:end] + known[after:]
        return run, left, moved

    def _left(self, tag: str, place: int, assigned: Assigned, moved: Counter[str]) -> Mismatch:
        """A child that the model has no place for: out of order where its field lacks one, else too many of them."""
        name = self.owner.get(tag, "")
        if self._is_full(tag, assigned, moved[name]):
            return Mismatch("too many", place, field=name)
        moved[name] += 1
        return Mismatch("misplaced", place, field=name)

    def _is_full(self, tag: str, assigned: Assigned, moved: int) -> bool:
        """Whether the field of this child has all that it may, with so many that were moved to it."""
        leaf = self.fields.get(self.owner.get(tag, ""))
        if not isinstance(leaf, ElementField) or leaf.maximum is None:
            return False
        return len(assigned.get(leaf.name, ())) + moved >= leaf.maximum

    def _knows(self, tag: str) -> bool:
        return tag in self.owner or any(allows(wildcard.namespaces, tag) for wildcard in self._wildcards)

    def _wild_in(self, node: Node) -> Iterable[AnyField]:
        """The wildcards of a particle, those of its group records among them."""
        if isinstance(node.particle, AnyField):
            yield node.particle
        for inner in (*node.inner, *node.groups.values()):
            yield from self._wild_in(inner)

    def _still(self, mismatch: Mismatch, assigned: Assigned, moved: Mapping[str, int]) -> tuple[Mismatch, ...]:
        """What is missing all the same where some of it came later, out of order."""
        if mismatch.kind not in ("missing", "too few") or not moved[mismatch.field]:
            return (mismatch,)
        leaf = self.fields[mismatch.field]
        enough = leaf.minimum if isinstance(leaf, ElementField) else 1
        came = len(assigned.get(leaf.name, ())) + moved[leaf.name]
        return () if came >= enough else (replace(mismatch, kind="too few"),)
