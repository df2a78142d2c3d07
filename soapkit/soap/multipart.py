"""multipart: a byte stream <-> its parts, through a window that slides over it.

    reader = MultipartReader(boundary)
    for piece in pieces:
        for event in reader.feed(piece):        # PartBegin, PartData, PartData, ..., PartEnd, PartBegin, ...
            ...
    reader.finish()                             # raises where the stream was cut short

No I/O, and no more memory than a piece, a boundary and one part's header. RFC 2046, 5.1; RFC 2387; RFC 822, 3.1.

The law of this file: the bytes of a part come out exactly as they went in, however the stream is cut into pieces.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

from soapkit.errors import LimitError, MessageError, Place, UsageError


@dataclass(frozen=True, slots=True)
class MultipartLimits:
    """What a reader puts up with. `parts`: in all; `header_bytes`: of one part's header; `preamble_bytes`: before the
    first part, and as many after the last."""

    parts: int = 1000
    header_bytes: int = 16_384
    preamble_bytes: int = 65_536


DEFAULT_MULTIPART_LIMITS = MultipartLimits()


@dataclass(frozen=True, slots=True)
class PartBegin:
    """A part begins. `headers`: its fields, the names in lower case; of a field that came twice, the first."""

    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PartData:
    """Some of the part's bytes. Pieces as they fall, none empty."""

    data: bytes


@dataclass(frozen=True, slots=True)
class PartEnd:
    """The part ends."""


Event: TypeAlias = PartBegin | PartData | PartEnd

_END = PartEnd()

_State: TypeAlias = Literal["preamble", "header", "start", "data", "epilogue"]

_BOUNDARY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?")  # RFC 2046 has 70 characters; some peers more
_PADDING = re.compile(rb"[ \t]*(\r?\n)?")
# A longer line that begins like a delimiter is data, such as that of a nested multipart.
_REST_OF_DELIMITER = rb"(?:--|-?\Z|[ \t]*+(?:\r?\n|\r?\Z))"
_NOTHING = re.compile(rb"(?!)")
_LINE_END = re.compile(r"\r?\n")
_WINDOW = 256 * 1024  # bytes looked at together: what is copied at a delimiter stays small and in the cache
_PADDED = 256  # blanks that may follow a delimiter


class MultipartReader:
    """Reads one multipart body: `feed` it the pieces, then `finish`.

    Lines end in CR LF. A peer that ends them in LF alone is understood, from its first delimiter on.

    Raises `MessageError` for what is no multipart of this boundary, `LimitError` beyond a limit.
    """

    __slots__ = ("_buffer", "_delimiter", "_limits", "_newline", "_parts", "_skipped", "_source", "_state", "_whole")

    def __init__(
        self, boundary: str, *, limits: MultipartLimits = DEFAULT_MULTIPART_LIMITS, source: str = "message"
    ) -> None:
        if _BOUNDARY.fullmatch(boundary) is None:
            raise MessageError(f"{boundary[:80]!r} is no boundary of a multipart", place=Place(source))
        self._limits = limits
        self._source = source
        self._newline = b"\r\n"
        self._delimiter = b"--" + boundary.encode("ascii")  # with the newline before it, once that is known
        self._whole = _NOTHING  # the delimiter with the rest of its line, or what may become that
        self._state: _State = "preamble"
        self._buffer = (
            b"\n"  # what came and was not judged yet; at first a line's end, for the first delimiter to follow
        )
        self._parts = 0
        self._skipped = 0

    def feed(self, piece: bytes) -> Iterator[Event]:
        """What the next piece of the stream brings. Run the iterator to its end before the next piece."""
        for start in range(0, len(piece), _WINDOW):
            window = piece[start : start + _WINDOW]  # of a piece that is no longer: the piece itself, not a copy
            self._buffer = self._buffer + window if self._buffer else window
            while True:
                before = self._state, len(self._buffer)
                yield from _STEPS[self._state](self)
                if not self._buffer or before == (self._state, len(self._buffer)):
                    break  # nothing more to be done with what there is

    def finish(self) -> None:
        """Raise `MessageError` unless the last delimiter was seen."""
        if self._state == "preamble":
            raise self._broken("the multipart body has no part: its boundary never comes")
        if self._state != "epilogue":
            raise self._broken(f"the multipart body is cut short in part {self._parts}")

    # --- the steps, in the order of the stream ----------------------------------------------------------------
    # Each takes from the buffer what it can judge, leaves what it cannot, and says in _state what comes next.

    def _preamble(self) -> Iterator[Event]:
        """Up to the first delimiter, which may stand at the very start."""
        buffer, start = self._buffer, 0
        while (found := buffer.find(b"\n" + self._delimiter, start)) >= 0:
            verdict, end = self._judge(found + 1 + len(self._delimiter))
            if verdict == "unknown":
                self._skip(found)
                return
            if verdict != "none":
                self._newline = b"\n" if verdict == "next" and buffer[end - 2 : end] != b"\r\n" else b"\r\n"
                self._delimiter = self._newline + self._delimiter
                self._whole = re.compile(re.escape(self._delimiter) + _REST_OF_DELIMITER)
                self._pass(verdict, end)
                return
            start = found + 1
        self._skip(max(len(buffer) - len(self._delimiter), 0))  # a line's end and half a delimiter may stay
        yield from ()

    def _header(self) -> Iterator[Event]:
        """The fields up to the empty line, which may be the first. That line's end is left: see `_start`."""
        newline = self._newline
        if self._buffer.startswith(newline):
            end = rest = 0
        else:
            end = self._buffer.find(newline * 2)
            rest = end + len(newline)
        if end > self._limits.header_bytes or (end < 0 and len(self._buffer) > self._limits.header_bytes):
            raise LimitError(
                f"the header of part {self._parts} has more than {self._limits.header_bytes:,} bytes",
                place=Place(self._source),
            )
        if end >= 0:
            yield PartBegin(self._fields(self._buffer[:end]))
            self._buffer = self._buffer[rest:]
            self._state = "start"

    def _start(self) -> Iterator[Event]:
        """The end of the empty line: it may be the start of a delimiter, of a part without a body (RFC 2046, 5.1.1)."""
        if len(self._buffer) < len(self._delimiter) and self._delimiter.startswith(self._buffer):
            return
        if self._buffer.startswith(self._delimiter):
            verdict, end = self._judge(len(self._delimiter))
            if verdict == "unknown":
                return
            if verdict != "none":
                yield _END
                self._pass(verdict, end)
                return
        self._buffer = self._buffer[len(self._newline) :]
        self._state = "data"

    def _data(self) -> Iterator[Event]:
        """Bytes of the part, up to a delimiter or to what may become one."""
        buffer, delimiter = self._buffer, self._delimiter
        # Most buffers hold none, which a search from the end sees in less than half the time. It takes no longer than
        # its bytes: what a delimiter begins with, CR or LF, stands in it but once.
        whole = self._whole.search(buffer) if buffer.rfind(delimiter) >= 0 else None
        while whole is not None:
            found = whole.start()
            verdict, end = self._judge(found + len(delimiter))
            if verdict == "none":
                whole = self._whole.search(buffer, found + 1)
                continue
            if found:
                yield PartData(buffer[:found])
            if verdict == "unknown":
                self._buffer = buffer[found:]
                return
            yield _END
            self._pass(verdict, end)
            return
        start = buffer.find(self._newline[:1], max(len(buffer) - len(delimiter) + 1, 0))
        if start < 0:  # most pieces: they go through without a copy
            self._buffer = b""
            if buffer:
                yield PartData(buffer)
        else:
            self._buffer = buffer[start:]
            if start:
                yield PartData(buffer[:start])

    def _epilogue(self) -> Iterator[Event]:
        """What follows the last delimiter: nothing that matters, and not much of it."""
        self._skip(len(self._buffer))
        yield from ()

    # --- what the steps have in common ------------------------------------------------------------------------

    def _judge(self, after: int) -> tuple[Literal["next", "last", "none", "unknown"], int]:
        """What a delimiter is that ends at `after`, by the rest of its line; and where that ends."""
        buffer = self._buffer
        if buffer.startswith(b"--", after):
            return "last", after + 2
        padding = _PADDING.match(buffer, after)
        end = padding.end() if padding is not None else after
        if padding is not None and padding.group(1):
            return "next", end
        undecided = len(buffer) - after < 2 or end >= len(buffer) or buffer[end:] == b"\r"
        return ("unknown", after) if undecided and end - after < _PADDED else ("none", after)

    def _pass(self, verdict: Literal["next", "last", "none", "unknown"], end: int) -> None:
        """Go on behind a delimiter."""
        self._buffer = self._buffer[end:]
        self._skipped = 0
        if verdict == "last":
            self._state = "epilogue"
            return
        self._parts += 1
        if self._parts > self._limits.parts:
            raise LimitError(f"the message has more than {self._limits.parts:,} parts", place=Place(self._source))
        self._state = "header"

    def _skip(self, size: int) -> None:
        self._buffer = self._buffer[size:]
        self._skipped += size
        if self._skipped > self._limits.preamble_bytes:
            raise LimitError(
                f"more than {self._limits.preamble_bytes:,} bytes stand outside the parts of the message",
                place=Place(self._source),
            )

    def _fields(self, block: bytes) -> Mapping[str, str]:
        """The header fields of a part, folded lines joined (RFC 822, 3.1.1)."""
        fields: dict[str, str] = {}
        name = ""
        for line in _LINE_END.split(block.decode("utf-8", "replace")):  # nothing else ends one, whatever Unicode says
            if line[:1] in (" ", "\t") and name:
                fields[name] = f"{fields[name]} {line.strip()}".strip()
                continue
            name, colon, value = line.partition(":")
            name = name.strip().lower()
            if not line:
                continue
            if not colon or not name:
                raise self._broken(f"part {self._parts} has a header line {line[:80]!r}, which has no name")
            if name in fields:
                name = f"{name} (again)"  # the first counts; lines that continue a later one join nothing
            fields[name] = value.strip()
        return MappingProxyType({key: value for key, value in fields.items() if not key.endswith(" (again)")})

    def _broken(self, sentence: str) -> MessageError:
        return MessageError(sentence, place=Place(self._source))


_STEPS = {
    "preamble": MultipartReader._preamble,
    "header": MultipartReader._header,
    "start": MultipartReader._start,
    "data": MultipartReader._data,
    "epilogue": MultipartReader._epilogue,
}


def write_multipart(boundary: str, parts: Iterable[tuple[Mapping[str, str], Iterable[bytes]]]) -> Iterator[bytes]:
    """The bytes of a multipart, piece by piece: each part a header and the pieces of its body. The pair of
    `MultipartReader`.

    Raises `UsageError` for a header that cannot be written.
    """
    for headers, pieces in parts:
        yield f"--{boundary}\r\n{_written(headers)}\r\n".encode()
        yield from pieces
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode("ascii")


def new_boundary() -> str:
    """A boundary that no content holds: 128 random bits. It needs no quotes, whatever the reader."""
    return f"soapkit-{os.urandom(16).hex()}"


def _written(headers: Mapping[str, str]) -> str:
    for name, value in headers.items():
        if not value.isprintable() or not name.isascii() or not name.replace("-", "").isalnum():
            raise UsageError(f"the header {name}: {value!r} cannot be written")
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())
