"""A table of ratios, printed on a terminal or written as reStructuredText."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """`note`: a sentence that says what the numbers are."""

    title: str
    note: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def as_text(self) -> str:
        """For a terminal."""
        return "\n".join(["", self.title, self.note, "", *_aligned([self.head, *self.rows])])

    def as_rst(self) -> str:
        """For the documentation."""
        widths = _widths([self.head, *self.rows])
        rule = "  ".join("=" * width for width in widths)
        head, *rows = (_line(row, widths) for row in [self.head, *self.rows])
        return "\n".join(
            [self.title, "^" * len(self.title), "", wrapped(self.note), "", rule, head, rule, *rows, rule, ""]
        )


def wrapped(text: str) -> str:
    """A paragraph as the pages have it."""
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)


def ratio(value: float) -> str:
    """A ratio with the digits it deserves."""
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"


def duration(seconds: float) -> str:
    """A time in the unit it is read in."""
    return (
        f"{seconds * 1e6:.0f} us"
        if seconds < 0.001
        else f"{seconds * 1e3:.3g} ms"
        if seconds < 1
        else f"{seconds:.2f} s"
    )


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = _widths(rows)
    lines = [_line(row, widths) for row in rows]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]
