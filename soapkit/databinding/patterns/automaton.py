"""The tree of a regular expression -> an automaton: time proportional to text times expression, whatever they are."""

from __future__ import annotations

from soapkit.databinding.patterns.tree import Chars, Either, Node, Ranges, Repeat, Run

_MAX_STATES = 20_000  # after counted repetitions are written out


class Automaton:
    """States numbered from 0; `moves[state]` are (characters, next), `leaps[state]` are next states for nothing."""

    def __init__(self, node: Node) -> None:
        self.moves: list[tuple[Ranges, int] | None] = []
        self.leaps: list[list[int]] = []
        start, self.end = self._state(), self._state()
        self._add(node, start, self.end)
        self.start = self._closure({start})

    def _state(self) -> int:
        if len(self.leaps) >= _MAX_STATES:
            raise ValueError("it is too large: its counts multiply to more than can be checked")
        self.moves.append(None)
        self.leaps.append([])
        return len(self.leaps) - 1

    def _add(self, node: Node, start: int, end: int) -> None:
        if isinstance(node, Chars):
            before = self._state()
            self.leaps[start].append(before)
            self.moves[before] = (node.ranges, end)
        elif isinstance(node, Run):
            for part in node.parts[:-1]:
                after = self._state()
                self._add(part, start, after)
                start = after
            if node.parts:
                self._add(node.parts[-1], start, end)
            else:
                self.leaps[start].append(end)
        elif isinstance(node, Either):
            for branch in node.branches:
                self._add(branch, start, end)
        else:
            self._repeat(node, start, end)

    def _repeat(self, node: Repeat, start: int, end: int) -> None:
        for _ in range(node.minimum):
            after = self._state()
            self._add(node.body, start, after)
            start = after
        if node.maximum is None:
            loop = self._state()
            self.leaps[start].append(loop)
            self._add(node.body, loop, loop)
            self.leaps[loop].append(end)
            return
        for _ in range(node.maximum - node.minimum):
            self.leaps[start].append(end)
            after = self._state()
            self._add(node.body, start, after)
            start = after
        self.leaps[start].append(end)

    def _closure(self, states: set[int]) -> frozenset[int]:
        waiting = list(states)
        while waiting:
            for following in self.leaps[waiting.pop()]:
                if following not in states:
                    states.add(following)
                    waiting.append(following)
        return frozenset(states)

    def matches(self, text: str) -> bool:
        current = self.start
        known: dict[tuple[frozenset[int], str], frozenset[int]] = {}
        for character in text:
            key = (current, character)
            following = known.get(key)
            if following is None:
                point = ord(character)
                reached = {
                    move[1]
                    for state in current
                    if (move := self.moves[state]) is not None and any(low <= point <= high for low, high in move[0])
                }
                following = known[key] = self._closure(reached)
            current = following
            if not current:
                return False
        return self.end in current
