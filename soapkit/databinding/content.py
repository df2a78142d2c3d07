"""The content of a record -> which child belongs to which field.

A record's content model is compiled to a `Model` once; `Model.assign` then takes the names of the children and gives,
for each field, the positions of its children, and every `Mismatch`. XSD's models are deterministic (part 1, 3.8.6): the
next name decides. Where a sloppy contract's is not, the branch that fits most is taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from soapkit.databinding.shape import (
    All,
    Alternative,
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
from soapkit.xml.names import namespace_of


@dataclass(frozen=True, slots=True)
class Chosen:
    """What stands in a choice field once: an element at a position, or a group record with its own children."""

    alternative: Alternative
    position: int
    group: Assigned | None = None


Assigned: TypeAlias = "dict[str, list[int] | list[Chosen]]"
"""By field: the positions of its children; of a choice field, what was chosen."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A child that does not fit, or one that is missing.

    `position`: of the child, or before which one is missing. `tags`: what was expected there. `field`: whose place it
    is, where that is known.
    """

    kind: Literal["unknown", "misplaced", "too many", "missing", "too few"]
    position: int
    tags: tuple[str, ...] = ()
    field: str = ""


def allows(namespaces: tuple[str, ...], tag: str) -> bool:
    """Whether a wildcard with these namespaces takes a name (`AnyField.namespaces`)."""
    if namespaces[:1] == ("##any",):
        return True
    namespace = namespace_of(tag)
    if namespaces[:1] == ("##other",):
        return namespace != "" and namespace not in namespaces[1:]
    return namespace in namespaces


def _in_choices(particle: Particle) -> Iterable[str]:
    if isinstance(particle, Choice):
        for leaf in leaves(particle):
            yield leaf.name
    elif isinstance(particle, (Sequence, All)):
        for inner in particle.particles:
            yield from _in_choices(inner)


@dataclass(slots=True)
class _Node:
    """A particle with what the matcher asks of it."""

    particle: Particle
    first: frozenset[str]  # names that may begin it
    wild: tuple[AnyField, ...]  # wildcards that may begin it
    empty: bool  # whether it may be nothing
    inner: tuple[_Node, ...] = ()
    groups: Mapping[int, _Node] = field(default_factory=dict)  # of a choice field: its group records, by place
    after: frozenset[str] = frozenset()  # of a wildcard: names declared later, which it leaves alone

    def begins(self, tag: str) -> bool:
        return tag in self.first or any(allows(wildcard.namespaces, tag) for wildcard in self.wild)


_MOST_LOOKS = 10  # at children, some of which are too many or out of order
_SHARED_LOOKS, _LEAST_LOOKS = 5, 100_000  # at each child, and at all, where groups are to share them


class Model:
    """The content model of one record.

    `record_of` gives the group records of its choices by key.
    """

    def __init__(self, record: Record, record_of: Callable[[RecordRef], Record]) -> None:
        self._record_of = record_of
        self.record = record
        self.root = self._compile(record.content, ())
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

    # --- compiling ------------------------------------------------------------------------------------------------

    def _compile(self, particle: Particle, later: tuple[Particle, ...]) -> _Node:
        if isinstance(particle, (Sequence, All)):
            return self._compile_run(particle, later)
        if isinstance(particle, Choice):
            inner = tuple(self._compile(branch, later) for branch in particle.particles)
            return _Node(
                particle,
                frozenset().union(*(node.first for node in inner)),
                tuple(wildcard for node in inner for wildcard in node.wild),
                particle.optional or not inner or any(node.empty for node in inner),
                inner,
            )
        if isinstance(particle, ElementField):
            return _Node(particle, frozenset((particle.tag,)), (), particle.minimum == 0)
        if isinstance(particle, AnyField):
            after = frozenset(leaf.tag for one in later for leaf in leaves(one) if isinstance(leaf, ElementField))
            return _Node(particle, frozenset(), (particle,), particle.minimum == 0, after=after)
        return self._compile_choice_field(particle)

    def _compile_run(self, particle: Sequence | All, later: tuple[Particle, ...]) -> _Node:
        inner = tuple(
            self._compile(one, (*particle.particles[place + 1 :], *later))
            for place, one in enumerate(particle.particles)
        )
        first: frozenset[str] = frozenset()
        wild: tuple[AnyField, ...] = ()
        for node in inner:
            first, wild = first | node.first, wild + node.wild
            if not node.empty and isinstance(particle, Sequence):
                break
        return _Node(particle, first, wild, particle.optional or all(node.empty for node in inner), inner)

    def _compile_choice_field(self, leaf: ChoiceField) -> _Node:
        groups = {
            place: self._compile(self._record_of(alternative.type).content, ())
            for place, alternative in enumerate(leaf.alternatives)
            if alternative.tag is None and isinstance(alternative.type, RecordRef)
        }
        tags = frozenset(alternative.tag for alternative in leaf.alternatives if alternative.tag is not None)
        return _Node(
            leaf,
            tags.union(*(node.first for node in groups.values())),
            tuple(wildcard for node in groups.values() for wildcard in node.wild),
            leaf.minimum == 0 or any(node.empty for node in groups.values()),
            groups=groups,
        )

    # --- assigning ------------------------------------------------------------------------------------------------

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

    def _matched(self, tags: list[str], known: list[int]) -> tuple[_Run, list[Mismatch], Counter[str]]:
        """The children matched; those that were left out, since they are one too many of their field or out of order,
        so that what comes after them is found in its place; and how many of each field are out of order."""
        left: list[Mismatch] = []
        moved: Counter[str] = Counter()
        for look in range(_MOST_LOOKS):
            run = _Run(tags, known)
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

    def _wild_in(self, node: _Node) -> Iterable[AnyField]:
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


@dataclass(slots=True)
class _Budget:
    """How many children may still be looked at to share them out among groups."""

    looks: int


class _Run:
    """One list of children on its way to fields. Positions inside are places in `known`.

    `budget`: that of the run of all children, for one of a group's alone.
    """

    def __init__(self, tags: list[str], known: list[int], budget: _Budget | None = None) -> None:
        self.budget = budget or _Budget(_SHARED_LOOKS * len(known) + _LEAST_LOOKS)
        self.tags = tags
        self.known = known
        self.assigned: Assigned = {}
        self.mismatches: list[Mismatch] = []

    def tag(self, at: int) -> str | None:
        return self.tags[self.known[at]] if at < len(self.known) else None

    def place(self, at: int) -> int:
        return self.known[at] if at < len(self.known) else len(self.tags)

    def match(self, node: _Node, at: int, into: Assigned) -> int:
        """Match `node` from place `at`, and give the place after it."""
        particle = node.particle
        if isinstance(particle, ElementField):
            return self._element(particle, at, into)
        if isinstance(particle, AnyField):
            return self._any(particle, node, at, into)
        if isinstance(particle, ChoiceField):
            return self._choice_field(particle, node, at, into)
        tag = self.tag(at)
        if particle.optional and not (tag is not None and node.begins(tag)):
            return at
        if isinstance(particle, Sequence):
            for inner in node.inner:
                at = self.match(inner, at, into)
            return at
        return self._all(node, at, into) if isinstance(particle, All) else self._choice(node, at, into)

    def _element(self, leaf: ElementField, at: int, into: Assigned) -> int:
        end = at
        last = len(self.known) if leaf.maximum is None else min(len(self.known), at + leaf.maximum)
        while end < last and self.tags[self.known[end]] == leaf.tag:
            end += 1
        if end - at < leaf.minimum:
            kind: Literal["missing", "too few"] = "missing" if end == at else "too few"
            self.mismatches.append(Mismatch(kind, self.place(end), (leaf.tag,), leaf.name))
        if end > at:
            into.setdefault(leaf.name, []).extend(self.known[at:end])  # type: ignore[arg-type]  # positions, by its kind
        return end

    def _any(self, leaf: AnyField, node: _Node, at: int, into: Assigned) -> int:
        end = at
        while (
            (tag := self.tag(end)) is not None
            and (leaf.maximum is None or end - at < leaf.maximum)
            and tag not in node.after
            and allows(leaf.namespaces, tag)
        ):
            end += 1
        if end - at < leaf.minimum:
            self.mismatches.append(Mismatch("missing", self.place(end), (), leaf.name))
        if end > at:
            into.setdefault(leaf.name, []).extend(self.known[at:end])  # type: ignore[arg-type]  # as above
        return end

    def _choice_field(self, leaf: ChoiceField, node: _Node, at: int, into: Assigned) -> int:
        chosen: list[Chosen] = []
        bounds = [at]
        while (tag := self.tag(at)) is not None and (leaf.maximum is None or len(chosen) < leaf.maximum):
            following = self._choose_once(leaf, node, at, tag, chosen)
            if following == at:
                break
            at = following
            bounds.append(at)
        if 0 < len(chosen) < leaf.minimum:
            chosen = self._split(leaf, node, chosen, bounds)
        if len(chosen) < leaf.minimum and not (node.empty and not chosen):
            self.mismatches.append(Mismatch("missing", self.place(at), tuple(sorted(node.first)), leaf.name))
        if chosen:
            into.setdefault(leaf.name, []).extend(chosen)  # type: ignore[arg-type]  # choices, by its kind
        return at

    def _split(self, leaf: ChoiceField, node: _Node, chosen: list[Chosen], bounds: list[int]) -> list[Chosen]:
        """As many groups as there must be, of the same children: each took all that it may, also of what another must
        have (two of ``(a+)`` in ``aaa``). As it was, where they cannot be shared out."""
        found: list[Chosen] = []
        missing = leaf.minimum - len(chosen)
        for one, start, end in zip(chosen, bounds[:-1], bounds[1:], strict=True):
            group = next((node.groups.get(at) for at, each in enumerate(leaf.alternatives) if each is one.alternative))
            rest, at = one, start + 1
            while group is not None and missing and at < end and self.budget.looks > 0:
                self.budget.looks -= end - start
                first = self._group(group, one.alternative, start, at)
                second = self._group(group, one.alternative, at, end) if first is not None else None
                if first is not None and second is not None:
                    found.append(first)
                    rest, start, missing = second, at, missing - 1
                at += 1
            found.append(rest)
        return chosen if missing else found

    def _group(self, group: _Node, alternative: Alternative, start: int, end: int) -> Chosen | None:
        """The children between two places as one group; None where they are none, or more."""
        run = _Run(self.tags, self.known[start:end], self.budget)
        whole = run.match(group, 0, run.assigned) == end - start and not run.mismatches
        return Chosen(alternative, self.known[start], run.assigned) if whole else None

    def _choose_once(self, leaf: ChoiceField, node: _Node, at: int, tag: str, chosen: list[Chosen]) -> int:
        for place, alternative in enumerate(leaf.alternatives):
            if alternative.tag == tag:
                chosen.append(Chosen(alternative, self.known[at]))
                return at + 1
            group = node.groups.get(place)
            if group is not None and group.begins(tag):
                inner: Assigned = {}
                following = self.match(group, at, inner)
                if following > at:
                    chosen.append(Chosen(alternative, self.known[at], inner))
                    return following
        return at

    def _all(self, node: _Node, at: int, into: Assigned) -> int:
        waiting = list(node.inner)
        while (tag := self.tag(at)) is not None:
            following = next((one for one in waiting if one.begins(tag)), None)
            if following is not None:
                waiting.remove(following)
                at = self.match(following, at, into)
            elif self._one_more(node, at, into):
                at += 1
            else:
                break
        for one in waiting:
            if not one.empty:
                self.match(one, at, into)  # tells what is missing: nothing that begins it stands there
        return at

    def _one_more(self, node: _Node, at: int, into: Assigned) -> bool:
        """Take one more of an element that repeats, with others between: XSD 1.1, 3.8.4.1.3, which contracts use."""
        for one in node.inner:
            leaf = one.particle
            if isinstance(leaf, ElementField) and leaf.tag == self.tag(at):
                taken = into.get(leaf.name, [])
                if leaf.maximum is None or len(taken) < leaf.maximum:
                    into.setdefault(leaf.name, []).append(self.known[at])  # type: ignore[arg-type]  # by its kind
                    return True
        return False

    def _choice(self, node: _Node, at: int, into: Assigned) -> int:
        tag = self.tag(at)
        branches = [inner for inner in node.inner if tag is not None and inner.begins(tag)]
        if not branches:
            if not node.empty:
                names = tuple(sorted(node.first))
                field_ = next(iter(leaves(node.particle))).name
                self.mismatches.append(Mismatch("missing", self.place(at), names, field_))
            return at
        if len(branches) == 1:
            return self.match(branches[0], at, into)
        return self._best(branches, at, into)

    def _best(self, branches: list[_Node], at: int, into: Assigned) -> int:
        """Several branches begin alike: the one that leaves fewest mismatches, then takes most."""
        best: tuple[int, int, Assigned, list[Mismatch]] | None = None
        before = self.mismatches
        for branch in branches:
            self.mismatches = []
            inner: Assigned = {}
            end = self.match(branch, at, inner)
            if best is None or (len(self.mismatches), -end) < (len(best[3]), -best[1]):
                best = (0, end, inner, self.mismatches)
        assert best is not None
        self.mismatches = before + best[3]
        for name, found in best[2].items():
            into.setdefault(name, []).extend(found)  # type: ignore[arg-type]  # as they were
        return best[1]
