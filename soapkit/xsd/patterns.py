"""Which patterns libxml2 may be given: those that it matches as they are meant, and without going back again and again.

It reads ``[\\P{L}]``, a category that is not meant inside a class, as the category itself. And its engine tries one
way after the other. That is harmless where a repetition can be read in one way only, and takes for ever where a
repetition inside a repetition can be read in many: ``(a+a+)+b``. Told by the positions of the expression (Glushkov's
construction): a repetition is read in one way if no two positions that may come next share a character.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from soapkit.databinding.patterns.regex import parse_pattern
from soapkit.databinding.patterns.tree import Chars, Either, Node, Ranges, Repeat, Run

_MOST_POSITIONS = 300
_MISREAD = re.compile(r"\[[^\]]*\\P\{")


def objection(expression: str) -> str | None:
    """Why libxml2 may not be given an XSD pattern; None where it may."""
    if _MISREAD.search(expression):
        return "misreads"
    return None if is_tame(expression) else "might match for ever"


@lru_cache(maxsize=4096)
def is_tame(expression: str) -> bool:
    """Whether libxml2 matches an XSD pattern in reasonable time, whatever the text. What is no pattern is left to it.

    >>> is_tame("[A-Z]{2}(-[0-9]+)*"), is_tame("(a+a+)+b")
    (True, False)
    """
    try:
        tree = parse_pattern(expression)
    except ValueError:
        return True
    return all(_has_one_reading(node) for node in _below(tree) if _repeats(node) and _holds_choices(node))


def _inner(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Run):
        return node.parts
    if isinstance(node, Either):
        return node.branches
    return (node.body,) if isinstance(node, Repeat) else ()


def _below(node: Node) -> Iterator[Node]:
    yield node
    for inner in _inner(node):
        yield from _below(inner)


def _repeats(node: Node) -> bool:
    return isinstance(node, Repeat) and (node.maximum is None or node.maximum > 8)


def _holds_choices(node: Node) -> bool:
    """Whether what repeats holds alternatives or a repetition of its own."""
    return any(isinstance(inner, (Either, Repeat)) for child in _inner(node) for inner in _below(child))


@dataclass(slots=True)
class _Positions:
    """The characters of an expression, each at its position, and which may follow which."""

    ranges: list[Ranges] = field(default_factory=list)
    follow: list[set[int]] = field(default_factory=list)

    def read(self, node: Node) -> tuple[bool, set[int], set[int]]:
        """Whether a node may be empty, and its first and last positions."""
        if isinstance(node, Chars):
            self.ranges.append(node.ranges)
            self.follow.append(set())
            return False, {len(self.ranges) - 1}, {len(self.ranges) - 1}
        if isinstance(node, Either):
            read = [self.read(branch) for branch in node.branches]
            return (
                any(empty for empty, _, _ in read),
                _joined(one for _, one, _ in read),
                _joined(one for *_, one in read),
            )
        if isinstance(node, Repeat):
            empty, first, last = self.read(node.body)
            if node.maximum is None or node.maximum > 1:
                self.link(last, first)
            return empty or node.minimum == 0, first, last
        empty, first, last = True, set[int](), set[int]()
        for part in node.parts:
            part_empty, part_first, part_last = self.read(part)
            self.link(last, part_first)
            first = first | part_first if empty else first
            last = last | part_last if part_empty else part_last
            empty = empty and part_empty
        return empty, first, last

    def link(self, before: set[int], after: set[int]) -> None:
        for position in before:
            self.follow[position] |= after


def _has_one_reading(node: Node) -> bool:
    if sum(isinstance(inner, Chars) for inner in _below(node)) > _MOST_POSITIONS:
        return False
    positions = _Positions()
    _, first, _ = positions.read(node)
    return all(_apart([positions.ranges[each] for each in after]) for after in (first, *positions.follow))


def _joined(sets: Iterable[set[int]]) -> set[int]:
    return set().union(*sets)


def _apart(sets: list[Ranges]) -> bool:
    """Whether no two sets of characters share one."""
    pairs = sorted(pair for ranges in sets for pair in ranges)
    return all(one[1] < other[0] for one, other in itertools.pairwise(pairs))
