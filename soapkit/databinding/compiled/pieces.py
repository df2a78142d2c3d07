"""Pieces: what a generated encoder writes of a large value, one text after the other.

Each text is turned into bytes at once and let go, so that a message with a list of any length is never held as text,
and its bytes are copied but once, when they are joined.
"""

from __future__ import annotations

from soapkit.databinding.context import Context


class Pieces:
    """Takes the texts of one element, in order. Made anew for each."""

    __slots__ = ("_context", "_taken", "_used")

    def __init__(self, context: Context) -> None:
        self._context = context
        self._taken: list[bytes] = []
        self._used: set[str] = set()

    def add(self, text: str) -> None:
        """Take the next text."""
        self._context.note_prefixes(text, self._used)
        self._taken.append(text.encode())

    def element(self, begin: str) -> list[bytes]:
        """The bytes of the element whose tag opens with `begin`: joined, they declare every prefix they use."""
        first, *rest = self._taken
        opening = len(begin.encode())
        return [first[:opening], self._context.in_order(self._used).encode(), first[opening:], *rest]
