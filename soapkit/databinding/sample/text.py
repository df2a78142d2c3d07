"""A simple shape -> an example of its text, valid by facets, enumeration and pattern."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from soapkit.databinding.builtins import BUILTINS, Builtin
from soapkit.databinding.context import Context
from soapkit.databinding.patterns.regex import parse_pattern
from soapkit.databinding.patterns.tree import Chars, Either, Node, Repeat, Run
from soapkit.databinding.shape import Atomic, Facets, ListOf, Simple, UnionOf
from soapkit.databinding.values import QName
from soapkit.errors import DataError
from soapkit.xml.names import XSD

# What a person would write first. Each is checked against the facets before it is used.
_EXAMPLES: dict[str, tuple[str, ...]] = {
    "boolean": ("true",),
    "float": ("1.5", "0", "-1"),
    "double": ("1.5", "0", "-1"),
    "duration": ("P1D", "PT1H", "P1Y", "PT0S"),
    "dateTime": ("2026-01-01T12:00:00Z", "2026-01-01T12:00:00"),
    "date": ("2026-01-01",),
    "time": ("12:00:00", "12:00:00Z"),
    "gYear": ("2026",),
    "gYearMonth": ("2026-01",),
    "gMonth": ("--01",),
    "gMonthDay": ("--01-01",),
    "gDay": ("---01",),
    "anyURI": ("http://example.com/", "urn:x", "a"),
    "language": ("en", "en-GB"),
    "NMTOKEN": ("token",),
    "Name": ("name",),
    "NCName": ("name",),
    "ENTITY": ("name",),
    "ID": ("id1",),
    "IDREF": ("id1",),
}
_WORDS = ("text", "example", "sample")
_PREFERRED = "aA0 bB1-./_@"
_TRIES = 400
_MANY_TRIES = 4_000  # for all the different texts of one type


class TextSampler:
    """Makes texts, one after the other; with a seed other than 0, each run another choice."""

    def __init__(self, context: Context, seed: int) -> None:
        self.context = context
        self.random = random.Random(seed) if seed else None  # noqa: S311  examples, not secrets
        self.ids = 0

    def pick(self, count: int) -> int:
        """One of `count` things: the first, unless there is a seed."""
        return self.random.randrange(count) if self.random is not None else 0

    def text(self, shape: Simple) -> str:
        """A valid text; QNames with prefixes of the context.

        Raises `DataError` where none is found: facets that contradict each other, a pattern beyond what is tried.
        """
        if shape.enumeration:
            return self._enumerated(shape)
        for tried, candidate in enumerate(self._candidates(shape)):
            if self.valid(shape, candidate):
                return candidate
            if tried > _TRIES:
                break
        raise DataError(f"no example of {self.context.simple(shape).words} was found by its facets")

    def others(self, shape: Simple) -> Iterator[str]:
        """Valid texts, all different, for where a schema wants values to differ; as many as are found."""
        given: set[str] = set()
        for tried, candidate in enumerate(self._varied(shape)):
            if tried > _MANY_TRIES:
                return
            if candidate not in given and self.valid(shape, candidate):
                given.add(candidate)
                yield candidate

    def _varied(self, shape: Simple) -> Iterator[str]:
        if shape.enumeration:
            yield from (value.value for value in shape.enumeration if not self.context.simple(shape).contextual)
        elif isinstance(shape, UnionOf):
            yield from itertools.chain.from_iterable(self.others(member) for member in shape.members)
        elif isinstance(shape, ListOf):
            yield from self.others(shape.item)
        elif shape.facets.patterns:
            for number in itertools.count(1):
                yield from (_numbered(parse_pattern(pattern), number) for pattern in _patterns(shape.facets))
        else:
            yield from _numbered_plain(BUILTINS[shape.builtin], shape.facets)

    def _enumerated(self, shape: Simple) -> str:
        value = shape.enumeration[self.pick(len(shape.enumeration))].value
        if value.startswith("{") and self.context.simple(shape).contextual:
            name = QName.of(value)
            return f"{self.context.prefix(name.namespace)}:{name.localname}"
        return value

    def valid(self, shape: Simple, text: str) -> bool:
        """Whether the type allows the text."""
        codec = self.context.simple(shape)
        try:
            codec.decode(text, lambda: {"xs": XSD})
        except ValueError:
            return False
        return True

    def _candidates(self, shape: Simple) -> Iterator[str]:
        if isinstance(shape, UnionOf):
            for member in shape.members:
                yield self.text(member)
            for pattern in _patterns(shape.facets):
                yield from _matching(pattern)
        elif isinstance(shape, ListOf):
            least = shape.facets.length or shape.facets.min_length or 0
            yield " ".join(self.text(shape.item) for _ in range(max(least, 1)))
            yield ""
            for pattern in _patterns(shape.facets):
                yield from _matching(pattern)
        else:
            yield from self._atomic(shape)

    def _atomic(self, shape: Atomic) -> Iterator[str]:
        builtin = BUILTINS[shape.builtin]
        if builtin.name == "ID":
            self.ids += 1
            yield f"id{self.ids}"
        if builtin.family == "name":
            self.context.prefix(XSD)
            yield "xs:string"
        if shape.refers:
            yield "data:text/plain;base64,aGVsbG8="  # no message, no attachment: the URI holds it itself
        if builtin.item is not None:
            least = shape.facets.length or shape.facets.min_length or 1
            yield " ".join([_EXAMPLES[builtin.item][0]] * least)
        if not shape.facets.patterns:
            yield from _plain(builtin, shape.facets)
        for pattern in _patterns(shape.facets):
            yield from _matching(pattern)
        yield from _plain(builtin, shape.facets)


def _patterns(facets: Facets) -> list[str]:
    """The patterns to make texts from: those of the last derivation first, which are the narrowest."""
    return [pattern for step in reversed(facets.patterns) for pattern in step]


def _plain(builtin: Builtin, facets: Facets) -> Iterator[str]:
    """Texts of the type, by its facets alone."""
    if builtin.family == "bytes":
        size = facets.length or facets.min_length or min(3, facets.max_length if facets.max_length is not None else 3)
        yield builtin.format(bytes(65 + place % 26 for place in range(size)))
        return
    bounds = [facets.min_inclusive, facets.max_inclusive, facets.min_exclusive, facets.max_exclusive]
    if builtin.family == "number":
        if builtin.python == ("", "float"):
            yield from _EXAMPLES[builtin.name]
        yield from _numbers(facets, [bound for bound in bounds if bound is not None])
    yield from _EXAMPLES.get(builtin.name, ())
    yield from (bound.strip() for bound in bounds if bound is not None)
    if builtin.family == "text":
        yield from _EXAMPLES.get(builtin.name, ())
        yield from _sized(facets)


def _numbers(facets: Facets, bounds: list[str]) -> Iterator[str]:
    """1, 0, -1; the bounds and their neighbours, by what the digits allow."""
    digits = facets.fraction_digits if facets.fraction_digits is not None else 2
    steps = dict.fromkeys((Decimal(1), Decimal("0.5"), Decimal(1).scaleb(-digits)))
    yield from ("1", "0", "-1")
    for bound in bounds:
        try:
            value = Decimal(bound.strip())
        except ArithmeticError:
            continue  # INF and NaN bound nothing
        for moved in (value, *(value + step for step in steps), *(value - step for step in steps)):
            yield f"{moved:f}"


def _sized(facets: Facets) -> Iterator[str]:
    """Words of the length that is asked for."""
    least = facets.length if facets.length is not None else facets.min_length or 0
    most = facets.length if facets.length is not None else facets.max_length
    for word in _WORDS:
        if most is not None:
            word = word[:most]
        yield word + "x" * (least - len(word))


def _numbered_plain(builtin: Builtin, facets: Facets) -> Iterator[str]:
    """Texts of the type that differ by a number or a day."""
    if builtin.name in ("date", "dateTime"):
        rest = "T12:00:00Z" if builtin.name == "dateTime" else ""
        days = (date(2026, 1, 1) + timedelta(days=number) for number in itertools.count(1))
        yield from (f"{day.isoformat()}{rest}" for day in days)
    bounds = [bound for bound in (facets.min_inclusive, facets.max_inclusive, facets.min_exclusive) if bound]
    for number in itertools.count(2):
        if builtin.family == "number":
            yield str(number)
            yield from _numbers(facets, [f"{Decimal(bound) + number}" for bound in bounds if bound.isdigit()])
        elif builtin.family == "bytes":
            size = facets.length or facets.min_length or 3
            yield builtin.format(number.to_bytes(size, "big")) if number < 256**size else ""
        else:
            least = facets.length or facets.min_length or 0
            yield f"a{number}".rjust(least, "a")


# --- texts from a pattern -----------------------------------------------------------------------------------------


def _matching(pattern: str) -> Iterator[str]:
    """Texts that match an XSD expression, the short ones first. Nothing for an expression that cannot be read."""
    try:
        tree = parse_pattern(pattern)
    except ValueError:
        return
    for extra in (*range(41), 64, 100, 255):
        for branch in range(4):
            yield _one(tree, extra, branch)


def _one(node: Node, extra: int, branch: int) -> str:
    """A text: each repetition `extra` times more than it must, the branch of that number of each alternative."""
    if isinstance(node, Chars):
        return _character(node, branch)
    if isinstance(node, Run):
        return "".join(_one(part, extra, branch) for part in node.parts)
    if isinstance(node, Either):
        return _one(node.branches[branch % len(node.branches)], extra, branch)
    assert isinstance(node, Repeat)
    times = node.minimum + extra if node.maximum is None else min(node.minimum + extra, node.maximum)
    return _one(node.body, extra, branch) * times


def _character(node: Chars, branch: int) -> str:
    preferred = [one for one in _PREFERRED if any(low <= ord(one) <= high for low, high in node.ranges)]
    if preferred:
        return preferred[branch % len(preferred)]
    printable = _printable(node)
    return printable[branch % len(printable)] if printable else chr(node.ranges[0][0]) if node.ranges else ""


def _printable(node: Chars) -> list[str]:
    """Some of the characters of a class: letters and digits first, no blanks and controls where there are others."""
    some = list(
        itertools.islice((chr(one) for low, high in node.ranges for one in range(max(low, 0x20), high + 1)), 200)
    )
    return sorted((one for one in some if one.isprintable()), key=lambda one: (not one.isalnum(), one == " ")) or some


def _numbered(tree: Node, number: int) -> str:
    """A text that matches, its characters chosen by the digits of a number: another number, most often another text."""
    digits = [number]

    def digit(count: int) -> int:
        digits[0], found = divmod(digits[0], count)
        return found

    def text(node: Node) -> str:
        if isinstance(node, Chars):
            usable = _printable(node)[:10]
            return usable[digit(len(usable))] if usable else ""
        if isinstance(node, Run):
            return "".join([text(part) for part in reversed(node.parts)][::-1])
        if isinstance(node, Either):
            return text(node.branches[digit(len(node.branches))])
        assert isinstance(node, Repeat)
        most = node.minimum + 2 if node.maximum is None else min(node.maximum, node.minimum + 2)
        return "".join([text(node.body) for _ in range(max(node.minimum, min(most, 2)))][::-1])

    return text(tree)
