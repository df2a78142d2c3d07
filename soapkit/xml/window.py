"""The bytes that were read last of a document in pieces, and where in the document a start tag among them stands.

The parser does not tell where in the bytes an element began, and what came before is gone. So a start tag is counted
from the end: as many of its local name come after it in the window as in the tree. Only where somebody has to be told
of a problem; until then, the window costs a look at the pieces that it lets go.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8, lookup
from collections.abc import Iterable

from soapkit.xml.positions import REST_OF_TAG, Position, Start

# In which there are no tags; at the end of a window they may be open.
_SILENT = re.compile(rb"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)", re.DOTALL)
_CONTINUATION = bytes(range(0x80, 0xC0))  # UTF-8: the octets of a character but the first


class Window:
    """Grows by `add`, is cut down by `keep_last`. For documents whose markup is written in the octets of ASCII."""

    __slots__ = ("_characters", "_line", "_octets", "_pieces", "_whole")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._whole = True  # from the first byte of the document
        self._line = 1  # that of the first byte
        self._octets = self._characters = 0  # before it in its line; as UTF-8 counts characters

    def add(self, piece: bytes) -> None:
        """The next piece of the document."""
        self._pieces.append(piece)

    def keep_last(self) -> None:
        """Let go of all pieces but the last."""
        if len(self._pieces) == 1:
            return
        last = self._pieces.pop()
        gone = self.data
        lines = gone.count(b"\n")
        rest = gone[gone.rfind(b"\n") + 1 :] if lines else gone
        if lines:
            self._line += lines
            self._octets = self._characters = 0
        self._octets += len(rest)
        self._characters += _characters(rest)
        self._whole = False
        self._pieces = [last]

    @property
    def data(self) -> bytes:
        """The bytes in it, without a byte order mark, which is no character of the first line."""
        data = b"".join(self._pieces)
        return data.removeprefix(BOM_UTF8) if self._whole else data

    def positions(self, wanted: Iterable[Start], encoding: str) -> dict[Start, Position]:
        """Line and column of start tags, each known by how many of its local name come after it in the window.

        `encoding`: of the document. What is not there, or in an encoding whose columns cannot be told, is left out.
        """
        wide = _is_wide(encoding)
        if wide is None:
            return {}
        data = self.data
        visible = _SILENT.sub(lambda found: found.group().replace(b"<", b" "), data)
        starts: dict[str, list[tuple[int, int]]] = {}
        found = {}
        for later, name in wanted:
            if name not in starts:
                tags = _tags(name.encode(encoding, "xmlcharrefreplace"))
                starts[name] = [tag.span() for tag in tags.finditer(visible)]
            if later < len(starts[name]):
                found[later, name] = self._position(data, *starts[name][-1 - later], wide=wide)
        return found

    def _position(self, data: bytes, start: int, end: int, *, wide: bool) -> Position:
        before = data[:start]
        lines = before.count(b"\n")
        rest = before[before.rfind(b"\n") + 1 :]
        column = _characters(rest) if wide else len(rest)
        if not lines:
            column += self._characters if wide else self._octets
        line = self._line + lines
        return Position(line, column + 1, line + data.count(b"\n", start, end))


def _is_wide(encoding: str) -> bool | None:
    """Whether characters have several octets, as in UTF-8; None for other encodings in which they have."""
    try:
        name = lookup(encoding).name
        return True if name == "utf-8" else None if len("\u00e9".encode(name, "replace")) > 1 else False
    except LookupError:
        return None


def _tags(name: bytes) -> re.Pattern[bytes]:
    """Whole start tags of a local name."""
    return re.compile(rb"<(?:[^\s<>/:=!?]+:)?+" + re.escape(name) + rb"(?=[\s/>])" + REST_OF_TAG)


def _characters(octets: bytes) -> int:
    return len(octets) if octets.isascii() else len(octets.translate(None, _CONTINUATION))
