"""XSD regular expressions -> a match that takes bounded time.

Source: XSD part 2, appendix F. An expression is parsed to a small tree. Most trees are handed to Python's `re`,
rewritten; where `re` could backtrack for ever (a repetition inside a repetition, alternatives inside one), the tree is
run as an automaton, in time proportional to text times expression.

One leniency: ``^`` at the start and ``$`` at the end, which are ordinary characters here and which many contracts
write as anchors, may be matched or not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache, lru_cache

from soapkit.databinding.patterns.automaton import Automaton
from soapkit.databinding.patterns.blocks import BLOCKS
from soapkit.databinding.patterns.tree import Chars, Either, Node, Ranges, Repeat, Run

_LAST = 0x10FFFF

# --- sets of characters -------------------------------------------------------------------------------------------


def _union(*sets: Ranges) -> Ranges:
    joined: list[tuple[int, int]] = []
    for low, high in sorted(pair for ranges in sets for pair in ranges):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return tuple(joined)


def _complement(ranges: Ranges) -> Ranges:
    found, start = [], 0
    for low, high in ranges:
        if low > start:
            found.append((start, low - 1))
        start = high + 1
    if start <= _LAST:
        found.append((start, _LAST))
    return tuple(found)


def _minus(ranges: Ranges, less: Ranges) -> Ranges:
    return _complement(_union(_complement(ranges), less))


def _single(character: str) -> Ranges:
    return ((ord(character), ord(character)),)


def _ranges(text: str) -> Ranges:
    """``"azAZ"`` -> a to z, A to Z."""
    return _union(*(((ord(low), ord(high)),) for low, high in zip(text[::2], text[1::2], strict=True)))


@cache
def _categories() -> dict[str, Ranges]:
    """The ranges of each general category of Unicode, read once when the first expression asks."""
    runs: dict[str, list[tuple[int, int]]] = {}
    current, start = unicodedata.category("\0"), 0
    for point in range(1, _LAST + 2):
        category = unicodedata.category(chr(point)) if point <= _LAST else ""
        if category != current:
            runs.setdefault(current, []).append((start, point - 1))
            current, start = category, point
    return {name: tuple(ranges) for name, ranges in runs.items()}


@lru_cache(maxsize=256)
def _property(name: str) -> Ranges:
    """``\\p{name}``: a category (Lu), a group of them (L), or a block (IsGreek)."""
    if name.startswith("Is"):
        key = name[2:].replace(" ", "").replace("_", "").lower()
        if key not in BLOCKS:
            raise ValueError(f"\\p{{{name}}} is not a block of Unicode")
        return BLOCKS[key]
    found = [ranges for category, ranges in _categories().items() if category == name or category[0] == name]
    if not found:
        raise ValueError(f"\\p{{{name}}} is not a category of Unicode")
    return _union(*found)


_INITIAL = _ranges(
    "::AZ__az\u00c0\u00d6\u00d8\u00f6\u00f8\u02ff\u0370\u037d\u037f\u1fff\u200c\u200d\u2070\u218f"
    "\u2c00\u2fef\u3001\ud7ff\uf900\ufdcf\ufdf0\ufffd\U00010000\U000effff"
)
_NAME_CHAR = _union(_INITIAL, _ranges("--..09\u00b7\u00b7\u0300\u036f\u203f\u2040"))
_NOT_WORD = ("P", "Z", "C")
_CLASSES: dict[str, Callable[[], Ranges]] = {
    "s": lambda: _ranges("  \t\t\n\n\r\r"),
    "i": lambda: _INITIAL,
    "c": lambda: _NAME_CHAR,
    "d": lambda: _property("Nd"),
    "w": lambda: _complement(_union(*(_property(name) for name in _NOT_WORD))),
}
_CONTROL = {"n": "\n", "r": "\r", "t": "\t"}
_ANY = _complement(_ranges("\n\n\r\r"))

# --- expression -> tree -------------------------------------------------------------------------------------------


class _Reader:
    """Reads one expression; every method starts where the one before it ended."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self) -> str:
        character = self.peek()
        if not character:
            raise ValueError("it ends too early")
        self.at += 1
        return character

    def expect(self, character: str) -> None:
        if self.peek() != character:
            raise ValueError(f"expected {character} at position {self.at}")
        self.at += 1

    def whole(self) -> Node:
        node = self.branches()
        if self.peek():
            raise ValueError(f"{self.peek()} at position {self.at} has no partner")
        return node

    def branches(self) -> Node:
        found = [self.branch()]
        while self.peek() == "|":
            self.at += 1
            found.append(self.branch())
        return found[0] if len(found) == 1 else Either(tuple(found))

    def branch(self) -> Node:
        parts: list[Node] = []
        while self.peek() not in ("", "|", ")"):
            parts.append(self.quantified(self.atom()))
        return parts[0] if len(parts) == 1 else Run(tuple(parts))

    def atom(self) -> Node:
        start, character = self.at, self.take()
        if character == "(":
            if self.text.startswith("?:", self.at):  # not in XSD; other dialects write it
                self.at += 2
            node = self.branches()
            self.expect(")")
            return node
        if character == "[":
            return Chars(self.bracket())
        if character == ".":
            return Chars(_ANY)
        if character == "\\":
            return Chars(self.escape())
        if character in "?*+{":
            raise ValueError(f"{character} at position {start} repeats nothing")
        anchor = (character == "^" and start == 0) or (character == "$" and self.at == len(self.text))
        node = Chars(_single(character))
        return Repeat(node, 0, 1) if anchor else node

    def quantified(self, body: Node) -> Node:
        character = self.peek()
        simple = {"?": (0, 1), "*": (0, None), "+": (1, None)}
        if character in simple and character:
            self.at += 1
            return Repeat(body, *simple[character])
        if character == "{":
            found = re.compile(r"\{([0-9]+)(,([0-9]*))?\}").match(self.text, self.at)
            if found is None:
                raise ValueError(f"{{ at position {self.at} is no count such as {{2,4}}")
            self.at = found.end()
            minimum = int(found[1])
            maximum = minimum if found[2] is None else int(found[3]) if found[3] else None
            if maximum is not None and maximum < minimum:
                raise ValueError(f"the count {found[0]} runs backwards")
            return Repeat(body, minimum, maximum)
        return body

    def escape(self) -> Ranges:
        character = self.take()
        if character in "pP":
            self.expect("{")
            end = self.text.find("}", self.at)
            if end < 0:
                raise ValueError("expected } after the name of a category")
            ranges = _property(self.text[self.at : end])
            self.at = end + 1
            return ranges if character == "p" else _complement(ranges)
        if character.lower() in _CLASSES:
            ranges = _CLASSES[character.lower()]()
            return ranges if character.islower() else _complement(ranges)
        if character.isalnum() and character not in _CONTROL:
            raise ValueError(f"\\{character} is not an escape of XSD")
        return _single(_CONTROL.get(character, character))

    def bracket(self) -> Ranges:
        """What stands in brackets, after the first of them."""
        negative = self.peek() == "^"
        self.at += negative
        found: list[Ranges] = []
        less: Ranges = ()
        while self.peek() != "]" or not found:
            if self.peek() == "-" and self.text[self.at + 1 : self.at + 2] == "[":
                self.at += 2
                less = self.bracket()
                break
            found.append(self.member())
        self.expect("]")
        ranges = _union(*found)
        return _minus(_complement(ranges) if negative else ranges, less)

    def member(self) -> Ranges:
        low = self.character()
        follows = self.text[self.at + 1 : self.at + 2]
        if self.peek() != "-" or follows in ("]", "[", "") or len(low) != 1 or low[0][0] != low[0][1]:
            return low
        self.at += 1
        high = self.character()
        if len(high) != 1 or high[0][0] != high[0][1] or high[0][0] < low[0][0]:
            raise ValueError(f"the range that ends at position {self.at} runs backwards")
        return ((low[0][0], high[0][0]),)

    def character(self) -> Ranges:
        character = self.take()
        return self.escape() if character == "\\" else _single(character)


# --- tree -> Python's re ------------------------------------------------------------------------------------------


def _class_text(ranges: Ranges) -> str:
    def point(value: int) -> str:
        character = chr(value)
        return character if character.isalnum() and value < 128 else f"\\U{value:08x}"

    if not ranges:
        return "(?!)"
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return point(ranges[0][0])
    return "[" + "".join(point(low) if low == high else f"{point(low)}-{point(high)}" for low, high in ranges) + "]"


def _python(node: Node) -> str:
    if isinstance(node, Chars):
        return _class_text(node.ranges)
    if isinstance(node, Run):
        return "".join(_python(part) for part in node.parts)
    if isinstance(node, Either):
        return "(?:" + "|".join(_python(branch) for branch in node.branches) + ")"
    body = _python(node.body)
    body = body if isinstance(node.body, (Chars, Either)) else f"(?:{body})"
    return f"{body}{{{node.minimum},{'' if node.maximum is None else node.maximum}}}"


def _is_long(node: Repeat) -> bool:
    return node.maximum is None or node.maximum > 16


def _endless(node: Node) -> bool:
    """Whether some repetition inside may take one text in many ways: more than 16 times, or without end."""
    if isinstance(node, Repeat):
        return _is_long(node) or _endless(node.body)
    return any(_endless(inner) for inner in _inner(node))


def _inner(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Run):
        return node.parts
    if isinstance(node, Either):
        return node.branches
    return (node.body,) if isinstance(node, Repeat) else ()


_FEW = 3  # times: so often `re` may try a branch or a repetition again without harm


def _dangerous(node: Node) -> bool:
    """Whether `re` might backtrack for ever: a repetition of what holds an endless repetition, or, more than a few
    times, of what holds any repetition or alternatives; or several endless repetitions one after the other."""
    if isinstance(node, Repeat) and (node.maximum is None or node.maximum > 1):
        inside = list(_all(node.body))
        if any(map(_endless, inside)):
            return True
        often = node.maximum is None or node.maximum > _FEW
        if often and any(isinstance(one, (Repeat, Either)) for one in inside):
            return True
    if isinstance(node, Run) and sum(_endless(part) for part in node.parts) > _FEW:
        return True
    return any(_dangerous(inner) for inner in _inner(node))


def _flattened(node: Node) -> Node:
    """The same with a repetition of nothing but a repetition as one: ``(a{0,20}){0,20}`` is ``a{0,400}``."""
    if isinstance(node, Run):
        return Run(tuple(map(_flattened, node.parts)))
    if isinstance(node, Either):
        return Either(tuple(map(_flattened, node.branches)))
    if not isinstance(node, Repeat):
        return node
    body = _flattened(node.body)
    while isinstance(body, Run) and len(body.parts) == 1:
        body = body.parts[0]
    if isinstance(body, Repeat) and body.maximum == 0:
        return body
    if isinstance(body, Repeat) and body.minimum <= 1:  # else there are gaps: (a{2}){1,2} is not a{2,4}
        endless = node.maximum is None or body.maximum is None
        most = None if endless else (node.maximum or 0) * (body.maximum or 0)
        return Repeat(body.body, node.minimum * body.minimum, most)
    return Repeat(body, node.minimum, node.maximum)


def _all(node: Node) -> Iterator[Node]:
    yield node
    for inner in _inner(node):
        yield from _all(inner)


# --- the whole ----------------------------------------------------------------------------------------------------


def parse_pattern(expression: str) -> Node:
    """The tree of an expression. Raises `ValueError` with what is wrong with it."""
    try:
        return _Reader(expression).whole()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


@lru_cache(maxsize=4096)
def matcher(expression: str) -> Callable[[str], object]:
    """A function that tells whether a whole text matches the XSD expression, in bounded time.

    Raises `ValueError` for an expression that cannot be read.

    >>> bool(matcher("[A-Z]{2}\\\\d*")("DE77")), bool(matcher("(a+)+")("a" * 5000 + "b"))
    (True, False)
    """
    tree = _flattened(parse_pattern(expression))
    if _dangerous(tree):
        return Automaton(tree).matches
    return re.compile(_python(tree)).fullmatch
