"""Charts of the tables of `messages` and `large`, as small SVG files beside docs/performance.rst."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from report import PAGE
from tables import Table

CHARTS = {
    "Decode": ("100 records", "decode 100 records, in bare parses"),
    "Encode": ("100 records", "encode 100 records, in tostrings"),
}


def draw(tables: Sequence[Table], folder: Path = PAGE.parent) -> None:
    """A chart for each table that has one. Without matplotlib, which only developers have, none is drawn."""
    try:
        import matplotlib as mpl
    except ImportError:
        print("no charts: matplotlib is not installed")
        return
    mpl.use("svg")
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "soapkit", "font.size": 9})
    for table in tables:
        if table.title in CHARTS:
            column, title = CHARTS[table.title]
            place = table.head.index(column)
            bars = [(row[0], _number(row[place])) for row in table.rows]
            _bars(title, bars, folder / f"performance-{table.title.lower()}.svg")
        elif table.title == "Large messages":
            row = next(row for row in table.rows if row[0] == "decode 10 MB")
            cells = [(name, _in_brackets(cell)) for name, cell in zip(table.head[1:], row[1:], strict=True)]
            bars = [(name, cell) for name, cell in cells if cell is not None]
            _bars("peak memory of decoding 10 MB, bytes a byte", bars, folder / "performance-memory.svg")


def _number(cell: str) -> float:
    found = re.match(r"[0-9.]+", cell)
    assert found is not None
    return float(found.group())


def _in_brackets(cell: str) -> float | None:
    found = re.search(r"\(([0-9.]+)\)", cell)
    return float(found.group(1)) if found is not None else None


def _bars(title: str, bars: Sequence[tuple[str, float]], path: Path) -> None:
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 0.32 * len(bars) + 0.7))
    names = [name for name, _ in bars]
    colours = ["#1f6feb" if name.startswith(("soapkit", "in pieces")) else "#9aa4b2" for name in names]
    drawn = axes.barh(names, [value for _, value in bars], color=colours)
    axes.bar_label(drawn, fmt="%.3g", padding=3)
    axes.set_title(title, fontsize=9, loc="left")
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.xaxis.set_visible(False)
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
