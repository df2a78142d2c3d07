"""Line and column of start tags, found anew where somebody has to be told: lxml keeps lines only.

An element is known by its number: how many start tags stand before its own, and by its local name, which tells whether
the bytes are those that the tree came from. An ``xop:Include`` does not count, since the bytes it stands for may have
been put in its place. Where the number is not known, an element is known by its path (`soapkit.xml.walk.path_of`).
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import NamedTuple, TypeAlias
from xml.parsers import expat

from lxml import etree
from lxml.etree import _Element

from soapkit.errors import Place, Problem, SoapkitError
from soapkit.xml.names import XOP, clark, local_name
from soapkit.xml.walk import tag_of

Start: TypeAlias = "tuple[int, str]"
"""The number of a start tag in its document, from 0, and its local name; -1 where it is not known."""


class Position(NamedTuple):
    """Where a start tag stands: line and column, from 1, and the line it ends in."""

    line: int
    column: int
    last: int


UNKNOWN: Start = (-1, "")

_MOST_LINES = 65_535  # that libxml2 counts; from there on it guesses by the texts inside of an element


def starts_in_tree(elements: Sequence[_Element]) -> tuple[Start, ...]:
    """The start tags of elements of one tree; unknown for one of another tree than the first is of."""
    if not elements:
        return ()
    wanted = set(elements)
    found: dict[_Element, Start] = {}
    for number, element in enumerate(counted(elements[0])):
        if element in wanted:
            found[element] = (number, local_name(tag_of(element)))
            if len(found) == len(wanted):
                break
    return tuple(found.get(element, UNKNOWN) for element in elements)


def counted(element: _Element) -> Iterator[_Element]:
    """The elements of a tree that have a number, in their order."""
    return (each for each in element.getroottree().iter(etree.Element) if each.tag != _INCLUDE)


_INCLUDE = clark(XOP, "Include")
_BYTE_ORDER_MARKS = (BOM_UTF8, BOM_UTF16_LE, BOM_UTF16_BE)


class _Enough(Exception):
    """All that was asked for is found."""


class _Finder:
    """Goes through a document for the positions of start tags, by number and by path."""

    def __init__(self, data: bytes, starts: Iterable[Start], paths: Iterable[str]) -> None:
        self.by_start: dict[Start, Position] = {}
        self.by_path: dict[str, Position] = {}
        self._names = {number: name for number, name in starts if number >= 0}
        self._paths = {_with_numbers(path): path for path in paths}
        self._ways = {way for path in self._paths for way in _ways(path)}
        self._last, self._number = max(self._names, default=-1), -1
        self._open: list[tuple[str | None, dict[str, int]]] = [("", {})]  # path, if it leads anywhere; children so far
        self._data = data
        self._marked = data.startswith(_BYTE_ORDER_MARKS)  # which expat counts for a character
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._start
        if self._paths:
            self._parser.EndElementHandler = lambda _name: self._open.pop()
        if self._names or self._paths:
            with suppress(_Enough, expat.ExpatError):  # the latter: an encoding that lxml reads and expat does not
                self._parser.Parse(data, True)
        del self._parser  # it holds our methods: else the two would wait for the garbage collector

    def _start(self, qualified: str, _attributes: object) -> None:
        name = qualified.rpartition(" ")[2]
        if qualified != _INCLUDE_IN_EXPAT:
            self._number += 1
            if self._names.get(self._number) == name:
                self.by_start[self._number, name] = self._position()
        if self._paths:
            self._step(qualified, name)
        if self._number >= self._last and len(self.by_path) == len(self._paths):
            raise _Enough

    def _step(self, qualified: str, name: str) -> None:
        above, times = self._open[-1]
        path = None
        if above is not None:
            times[qualified] = times.get(qualified, 0) + 1
            path = f"{above}/{name}[{times[qualified]}]"
            if path in self._paths:
                self.by_path.setdefault(self._paths[path], self._position())
        self._open.append((path if path in self._ways else None, {}))

    def _position(self) -> Position:
        line, column = self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1
        tag = _TAG.match(self._data, self._parser.CurrentByteIndex)
        last = line + tag.group().count(b"\n") if tag is not None else line
        return Position(line, column - self._marked if line == 1 else column, last)


REST_OF_TAG = rb"""(?:[^<>"']|"[^<"]*"|'[^<']*')*+>"""
_TAG = re.compile(b"<" + REST_OF_TAG)
_INCLUDE_IN_EXPAT = f"{XOP} Include"


def _with_numbers(path: str) -> str:
    """A path of `path_of` with a number for every step."""
    return "".join(f"/{step}" if step.endswith("]") else f"/{step}[1]" for step in path.split("/"))


def _ways(path: str) -> Iterator[str]:
    """All that lies above a path."""
    while path:
        path = path.rpartition("/")[0]
        yield path


@contextmanager
def columns_from(data: bytes) -> Iterator[None]:
    """What is refused inside is told with line and column in `data`, the bytes of the tree that was refused."""
    try:
        yield
    except SoapkitError as error:
        tell_columns(error, data)
        raise


def tell_columns(error: SoapkitError, data: bytes) -> None:
    """Put the column into the places of what an error tells, as far as they are to be found in `data`."""
    if error.problems and data:
        error.tell(with_columns(error.problems, data, error.starts))


def with_columns(problems: Sequence[Problem], data: bytes, starts: Sequence[Start] = ()) -> tuple[Problem, ...]:
    """Problems with their columns in `data`, where they stand in the line that lxml knows: what stands in another line
    there is in another document. `starts`: for each the start tag, where that is known."""
    return _told(problems, data, starts, place_at)


def place_at(place: Place, found: Position | None) -> Place:
    """A place with the line and column that were found for it, if its line may be that one."""
    if found is None or place.line is None:
        return place
    may_be = found.line <= place.line <= found.last or place.line >= _MOST_LINES  # lxml tells the line of its end
    return replace(place, line=found.line, column=found.column) if may_be else place


def tell_anew(error: SoapkitError, data: bytes, source: str) -> None:
    """Put line and column into what an error tells of a document that was made on the way, whose lines nobody knew.

    `source` names that document; what is not to be found in it has no line at all.
    """

    def told(place: Place, found: Position | None) -> Place:
        line, column = (found.line, found.column) if found is not None else (None, None)
        return replace(place, source=source, line=line, column=column)

    if error.problems:
        error.tell(_told(error.problems, data, error.starts, told))
        error.starts = ()  # of no other document


def _told(
    problems: Sequence[Problem],
    data: bytes,
    starts: Sequence[Start],
    told: Callable[[Place, Position | None], Place],
) -> tuple[Problem, ...]:
    starts = starts or (UNKNOWN,) * len(problems)
    waiting = [(problem.place, start) for problem, start in zip(problems, starts, strict=True) if _is_open(problem)]
    paths = [place.path for place, start in waiting if start == UNKNOWN]
    finder = _Finder(data, (start for _, start in waiting), paths)
    found = []
    for problem, start in zip(problems, starts, strict=True):
        if _is_open(problem):
            at = finder.by_path.get(problem.place.path) if start == UNKNOWN else finder.by_start.get(start)
            found.append(replace(problem, place=told(problem.place, at)))
        else:
            found.append(problem)
    return tuple(found)


def _is_open(problem: Problem) -> bool:
    """Whether a problem stands at an element whose column nobody has told yet."""
    return problem.place.column is None and problem.place.line is not None and bool(problem.place.path)


@contextmanager
def told_of_originals(copy: _Element, original_of: Callable[[_Element], _Element | None]) -> Iterator[None]:
    """What is refused inside of a copy is told of the elements that it was made of.

    `copy`: an element of the tree that is read; `original_of`: what one of its elements stands for, if anything.
    """
    try:
        yield
    except SoapkitError as error:
        numbered = list(counted(copy)) if error.starts else []
        problems, starts = [], []
        for problem, (number, name) in zip(error.problems, error.starts, strict=False):
            found = numbered[number] if 0 <= number < len(numbered) else None
            original = original_of(found) if found is not None and local_name(tag_of(found)) == name else None
            if original is not None:
                problem = replace(problem, place=replace(problem.place, line=original.sourceline))
            problems.append(problem)
            starts.append(original)
        if problems:
            error.tell(problems)
            error.starts = _starts_of(starts)
        raise


def _starts_of(elements: Sequence[_Element | None]) -> tuple[Start, ...]:
    known = [each for each in elements if each is not None]
    starts = dict(zip(known, starts_in_tree(known), strict=True))
    return tuple(UNKNOWN if each is None else starts[each] for each in elements)
