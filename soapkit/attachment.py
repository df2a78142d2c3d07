"""Attachment: bytes that travel beside a message, in memory or in a file.

A value that both wings know: a field of a record may hold one, and a message may carry some. It touches the disk, since
an attachment may be larger than the memory, and then goes from file to socket and from socket to file.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import AsyncIterator, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, Self

from soapkit.errors import UsageError

CHUNK = 256 * 1024

_DEFAULT_TYPE = "application/octet-stream"
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Attachment:
    """One attachment.

    `content`: its bytes, or the `Path` of a file that holds them (read when it is sent). `content_type`: of the bytes.
    `content_id`: by which the message refers to it, with or without angle brackets; made up where none is given
    (RFC 2392).
    `location`: its Content-Location, where a peer refers to it by that. `headers`: MIME header fields by name in lower
    case: those that came with it, as they came; of one that is sent, ``content-description`` and
    ``content-disposition`` go with it. Raises `UsageError` for content of another kind.

    >>> Attachment(b"%PDF-1.7 ...", "application/pdf").size
    12
    """

    __slots__ = ("__weakref__", "content", "content_id", "content_type", "headers", "location")

    def __init__(
        self,
        content: bytes | bytearray | memoryview | Path,
        content_type: str = _DEFAULT_TYPE,
        content_id: str = "",
        location: str = "",
        headers: Mapping[str, str] = _NO_HEADERS,
    ) -> None:
        self.content = _taken(content)
        self.content_type = content_type
        if content_id.startswith("<") and content_id.endswith(">"):
            content_id = content_id[1:-1]
        self.content_id = content_id or f"{os.urandom(16).hex()}@soapkit"
        self.location = location
        self.headers: Mapping[str, str] = (
            MappingProxyType({name.lower(): value for name, value in headers.items()}) if headers else _NO_HEADERS
        )

    @classmethod
    def from_path(cls, path: str | os.PathLike[str], content_type: str = "", content_id: str = "") -> Attachment:
        """A file as an attachment; its type is guessed from its name where none is given. Read when sent."""
        import mimetypes  # here: most programs never need it

        place = Path(path)
        guessed = mimetypes.guess_type(place.name)[0] or _DEFAULT_TYPE
        return cls(place, content_type or guessed, content_id, place.name)

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size

    def read(self) -> bytes:
        """All of the bytes."""
        return self.content if isinstance(self.content, bytes) else self.content.read_bytes()

    def open(self) -> BinaryIO:
        """A file to read the bytes from; close it."""
        return BytesIO(self.content) if isinstance(self.content, bytes) else self.content.open("rb")

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the bytes to a file, and give its path. Raises `OSError`, as for the file that they are read from."""
        place = Path(path)
        if isinstance(self.content, bytes):
            place.write_bytes(self.content)
        else:
            import shutil  # here: its copy stays in the kernel, and few programs need it

            shutil.copyfile(self.content, place)
        return place

    def chunks(self) -> Iterator[bytes]:
        """The bytes in pieces, as many as there are when it is begun."""
        if isinstance(self.content, bytes):
            if self.content:
                yield self.content
            return
        with self.content.open("rb") as source:
            while piece := source.read(CHUNK):
                yield piece

    async def aread(self) -> bytes:
        """`read`, without blocking the event loop."""
        import asyncio  # here: blocking programs need not load it

        return await asyncio.to_thread(self.read)

    async def aopen(self) -> AsyncFile:
        """`open`, without blocking the event loop: ``async with await attachment.aopen() as file``.

        >>> import asyncio
        >>> async def head(attachment: Attachment) -> bytes:
        ...     async with await attachment.aopen() as file:
        ...         return await file.read(4)
        >>> asyncio.run(head(Attachment(b"%PDF-1.7 ...")))
        b'%PDF'
        """
        import asyncio  # here: as above

        return AsyncFile(await asyncio.to_thread(self.open))

    async def achunks(self) -> AsyncIterator[bytes]:
        """`chunks`, without blocking the event loop."""
        import asyncio  # here: as above

        pieces = self.chunks()
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            yield piece

    async def asave(self, path: str | os.PathLike[str]) -> Path:
        """`save`, without blocking the event loop."""
        import asyncio  # here: as above

        return await asyncio.to_thread(self.save, path)

    def __eq__(self, other: object) -> bool:
        """Of the same bytes and the same type; by which id a message refers to them is the message's affair."""
        return (
            isinstance(other, Attachment)
            and (self.content_type, self.size) == (other.content_type, other.size)
            and self.read() == other.read()
        )

    def __hash__(self) -> int:
        return hash((self.content_type, self.size))

    def __repr__(self) -> str:
        return f"Attachment({self.content_id!r}, {self.content_type!r}, {self.size:,} bytes)"


def _taken(content: object) -> bytes | Path:
    if isinstance(content, (bytes, Path)):
        return content
    if isinstance(content, (bytearray, memoryview)):
        return bytes(content)
    told = f"not from {type(content).__name__}; Attachment.from_path takes the name of a file"
    raise UsageError(f"an attachment is made from bytes or a Path, {told}")


class AsyncFile:
    """A file that is read in an async program; closed at the end of its ``async with``."""

    __slots__ = ("_file",)

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    async def read(self, size: int = -1) -> bytes:
        """The next `size` bytes, fewer at the end; all that is left, if `size` is negative."""
        import asyncio  # here: as in `Attachment`

        return await asyncio.to_thread(self._file.read, size)

    async def aclose(self) -> None:
        """Close the file."""
        self._file.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class Spool:
    """Takes bytes piece by piece and keeps them: in memory up to `threshold`, beyond that in a temporary file, which is
    removed with the attachment made of it, or with the spool that nobody made one of."""

    __slots__ = ("__weakref__", "_file", "_path", "_pieces", "_removal", "_size", "_threshold")

    def __init__(self, threshold: int) -> None:
        self._threshold = threshold
        self._pieces: list[bytes] = []
        self._size = 0
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self._removal: weakref.finalize[..., Spool] | None = None  # of the file, where whoever feeds it goes away

    @property
    def size(self) -> int:
        """How many bytes were taken."""
        return self._size

    def write(self, piece: bytes) -> None:
        """Take the next piece."""
        self._size += len(piece)
        if self._file is not None:
            self._file.write(piece)
            return
        self._pieces.append(piece)
        if self._size > self._threshold:
            import tempfile  # here: as above

            handle, name = tempfile.mkstemp(prefix="soapkit-")
            self._path = Path(name)
            self._file = os.fdopen(handle, "wb")
            self._removal = weakref.finalize(self, _removed, self._file, self._path)
            self._file.writelines(self._pieces)
            self._pieces.clear()

    def attachment(
        self, content_type: str, content_id: str, location: str, headers: Mapping[str, str] = _NO_HEADERS
    ) -> Attachment:
        """What was taken, as an attachment. The spool is used up."""
        if self._file is None or self._path is None:
            return Attachment(b"".join(self._pieces), content_type, content_id, location, headers)
        self._file.close()
        attachment = Attachment(self._path, content_type, content_id, location, headers)
        weakref.finalize(attachment, self._path.unlink, missing_ok=True)
        self._path = None
        if self._removal is not None:
            self._removal.detach()
        return attachment

    def discard(self) -> None:
        """Let go of what was taken. Harmless after `attachment`."""
        self._pieces.clear()
        self._path = None
        if self._removal is not None:
            self._removal()  # once, and not where an attachment has the file


def _removed(file: BinaryIO, path: Path) -> None:
    file.close()
    path.unlink(missing_ok=True)
