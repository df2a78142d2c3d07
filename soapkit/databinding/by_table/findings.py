"""What a walker finds wrong on its way: each problem with its path and line, counted, raised together at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lxml.etree import _Element

from soapkit.databinding.compiled.surprise import Surprise
from soapkit.databinding.context import Context
from soapkit.databinding.shape import Key
from soapkit.errors import MOST_TOLD, DecodeError, Place, Problem, and_more
from soapkit.xml.positions import UNKNOWN, starts_in_tree

_SHOWN = 60  # characters of a wrong value that an error repeats
_MOST_COUNTED = 10_000  # problems, after which nobody looks for more


def shown(text: str) -> str:
    """A value in an error message."""
    return repr(text) if len(text) <= _SHOWN else repr(text[: _SHOWN - 3] + "...")


class Findings:
    """The problems of one message, which grow while it is read; `path` leads to what is read now.

    `nested`: whether a generated decoder reads what is inside; the first problem is then the last.
    """

    def __init__(self, context: Context, path: str, nested: Callable[[_Element, Key], Any] | None) -> None:
        self.context = context
        self.nested = nested
        self.problems: list[Problem] = []
        self.elements: list[_Element] = []  # at which each of the problems stands
        self.wrong = 0  # problems, those that are not told among them
        self.warned = 0  # likewise of warnings
        self.path: list[str] = [path]

    def place(self, element: _Element) -> Place:
        return Place("", element.sourceline, None, "".join(self.path).removeprefix("."))

    def problem(self, element: _Element, message: str, bare: str | None = None) -> None:
        """`bare`: the message without the value it repeats, for a log."""
        if self.nested is not None:
            raise Surprise
        if self.wrong < MOST_TOLD:
            self.wrong += 1
            self.problems.append(Problem(message, self.place(element), bare))
            self.elements.append(element)
        else:
            self.untold(1)

    def untold(self, count: int) -> None:
        """So many problems more than are told; the last, where there are too many."""
        self.wrong += count
        if self.wrong > _MOST_COUNTED:
            self.raise_problems()

    def leniently(self, element: _Element, message: str, bare: str | None = None) -> None:
        """A problem, or in lenient mode a warning."""
        if self.context.settings.unknown == "lenient":
            self.warned += 1
            if self.warned <= MOST_TOLD:
                self.context.settings.warn(Problem(message, self.place(element), bare))
        else:
            self.problem(element, message, bare)

    def raise_problems(self) -> None:
        """Raise `DecodeError` with all problems; return when there are none. The last thing asked of a walker."""
        if self.warned > MOST_TOLD:
            self.context.settings.warn(and_more(self.warned - MOST_TOLD))
        if self.problems:
            more = min(self.wrong, _MOST_COUNTED) - len(self.problems)
            starts = starts_in_tree(self.elements) + ((UNKNOWN,) if more else ())
            raise DecodeError(problems=[*self.problems, *([and_more(more)] if more else [])]).at_starts(starts)
