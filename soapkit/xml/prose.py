"""Documentation in a document -> its text, without the indentation of the file."""

from __future__ import annotations

import inspect


def prose(text: str) -> str:
    """Text without the margin of its lines, and blanks at their ends. What it gives, it gives back unchanged."""
    if "\n" not in text:
        return text.strip()
    # twice, since the first line may stand deeper than the rest
    cleaned = inspect.cleandoc(inspect.cleandoc(text.expandtabs()))
    return "\n".join(line.rstrip() for line in cleaned.splitlines()).strip()
