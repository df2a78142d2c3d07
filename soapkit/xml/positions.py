"""Line and column of start tags, found anew where somebody has to be told: lxml keeps lines only.

An element is known by its number: how many start tags stand before its own, and by its local name, which tells whether
the bytes are those that the tree came from.
"""

from __future__ import annotations

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TypeAlias
from xml.parsers import expat

from lxml import etree
from lxml.etree import _Element

from soapkit.errors import SoapkitError
from soapkit.xml.names import local_name
from soapkit.xml.walk import tag_of

Start: TypeAlias = "tuple[int, str]"
"""The number of a start tag in its document, from 0, and its local name; -1 where it is not known."""

Position: TypeAlias = "tuple[int, int]"
"""Line and column, from 1."""

UNKNOWN: Start = (-1, "")


def starts_in_tree(elements: Sequence[_Element]) -> tuple[Start, ...]:
    """The start tags of elements of one tree; unknown for one of another tree than the first is of."""
    if not elements:
        return ()
    wanted = set(elements)
    found: dict[_Element, Start] = {}
    for number, element in enumerate(elements[0].getroottree().iter(etree.Element)):
        if element in wanted:
            found[element] = (number, local_name(tag_of(element)))
            if len(found) == len(wanted):
                break
    return tuple(found.get(element, UNKNOWN) for element in elements)


_BYTE_ORDER_MARKS = (BOM_UTF8, BOM_UTF16_LE, BOM_UTF16_BE)


class _Enough(Exception):
    """All that was asked for is found."""


def positions_of_starts(data: bytes, wanted: Iterable[Start]) -> dict[Start, Position]:
    """Where these start tags stand in a document; what is not there, or has another name there, is left out."""
    names = {number: name for number, name in wanted if number >= 0}
    found: dict[Start, Position] = {}
    last, number = max(names, default=-1), -1
    marked = data.startswith(_BYTE_ORDER_MARKS)  # which expat counts for a character
    parser = expat.ParserCreate()

    def start(qualified: str, _attributes: object) -> None:
        nonlocal number
        number += 1
        name = qualified.rpartition(":")[2]
        if names.get(number) == name:
            line, column = parser.CurrentLineNumber, parser.CurrentColumnNumber + 1
            found[number, name] = (line, column - marked if line == 1 else column)
        if number >= last:
            raise _Enough

    parser.StartElementHandler = start
    with suppress(_Enough, expat.ExpatError):  # the latter: an encoding that lxml reads and expat does not
        parser.Parse(data, True)
    return found


@contextmanager
def columns_from(data: bytes) -> Iterator[None]:
    """What is refused inside is told with line and column in `data`, the bytes of the tree that was refused."""
    try:
        yield
    except SoapkitError as error:
        tell_columns(error, data)
        raise


def tell_columns(error: SoapkitError, data: bytes) -> None:
    """Put line and column into the places of what an error tells, as far as they are to be found in `data`."""
    positions = positions_of_starts(data, error.starts) if data else {}
    if not positions:
        return
    told = []
    for problem, start in zip(error.problems, error.starts, strict=True):
        place, found = problem.place, positions.get(start)
        if found is not None and found[0] == place.line:  # else it is another document, or lxml counts no further
            place = replace(place, column=found[1])
        told.append(replace(problem, place=place))
    error.tell(told)
