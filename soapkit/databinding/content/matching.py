"""One list of children on its way to fields: matched against a content model, particle by particle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from soapkit.databinding.content.nodes import Node, allows
from soapkit.databinding.shape import All, Alternative, AnyField, ChoiceField, ElementField, Sequence, leaves

_SHARED_LOOKS: Final = 5  # at each child,
_LEAST_LOOKS: Final = 100_000  # and at all, where groups are to share them


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


@dataclass(slots=True)
class _Budget:
    """How many children may still be looked at to share them out among groups."""

    looks: int


class Run:
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

    def match(self, node: Node, at: int, into: Assigned) -> int:
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

    def _any(self, leaf: AnyField, node: Node, at: int, into: Assigned) -> int:
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

    def _choice_field(self, leaf: ChoiceField, node: Node, at: int, into: Assigned) -> int:
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

    def _split(self, leaf: ChoiceField, node: Node, chosen: list[Chosen], bounds: list[int]) -> list[Chosen]:
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

    def _group(self, group: Node, alternative: Alternative, start: int, end: int) -> Chosen | None:
        """The children between two places as one group; None where they are none, or more."""
        run = Run(self.tags, self.known[start:end], self.budget)
        whole = run.match(group, 0, run.assigned) == end - start and not run.mismatches
        return Chosen(alternative, self.known[start], run.assigned) if whole else None

    def _choose_once(self, leaf: ChoiceField, node: Node, at: int, tag: str, chosen: list[Chosen]) -> int:
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

    def _all(self, node: Node, at: int, into: Assigned) -> int:
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

    def _one_more(self, node: Node, at: int, into: Assigned) -> bool:
        """Take one more of an element that repeats, with others between: XSD 1.1, 3.8.4.1.3, which contracts use."""
        for one in node.inner:
            leaf = one.particle
            if isinstance(leaf, ElementField) and leaf.tag == self.tag(at):
                taken = into.get(leaf.name, [])
                if leaf.maximum is None or len(taken) < leaf.maximum:
                    into.setdefault(leaf.name, []).append(self.known[at])  # type: ignore[arg-type]  # by its kind
                    return True
        return False

    def _choice(self, node: Node, at: int, into: Assigned) -> int:
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

    def _best(self, branches: list[Node], at: int, into: Assigned) -> int:
        """Several branches begin alike: the one that leaves fewest mismatches, then takes most."""
        best: tuple[int, Assigned, list[Mismatch]] | None = None
        before = self.mismatches
        for branch in branches:
            self.mismatches = []
            inner: Assigned = {}
            end = self.match(branch, at, inner)
            if best is None or (len(self.mismatches), -end) < (len(best[2]), -best[0]):
                best = end, inner, self.mismatches
        assert best is not None
        end, chosen, mismatches = best
        self.mismatches = before + mismatches
        for name, found in chosen.items():
            into.setdefault(name, []).extend(found)  # type: ignore[arg-type]  # as they were
        return end
