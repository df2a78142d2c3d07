"""iter_decode(): the values of the elements at one place of a large document, one by one, in constant memory."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, overload

from soapkit.databinding.codec import Codecs
from soapkit.databinding.describe import type_for
from soapkit.errors import DecodeError, Place, UsageError, XmlError
from soapkit.xml.parse import DEFAULT_LIMITS, XmlLimits
from soapkit.xml.pieces import ElementReader

ValueT = TypeVar("ValueT")

_PIECE = 65_536
_GZIP = b"\x1f\x8b"


@overload
def iter_decode(
    source: str | os.PathLike[str] | BinaryIO | Iterable[bytes],
    cls: type[ValueT],
    path: str,
    *,
    limits: XmlLimits = ...,
) -> Iterator[ValueT]: ...
@overload
def iter_decode(
    source: str | os.PathLike[str] | BinaryIO | Iterable[bytes], cls: Any, path: str, *, limits: XmlLimits = ...
) -> Iterator[Any]: ...
def iter_decode(
    source: str | os.PathLike[str] | BinaryIO | Iterable[bytes],
    cls: Any,
    path: str,
    *,
    limits: XmlLimits = DEFAULT_LIMITS,
) -> Iterator[Any]:
    """The values of the elements at `path`, as instances of `cls`, one by one while the document is read.

    `source`: the path of a file, a file open for reading bytes, or pieces of bytes; gzip is undone. `path`: names from
    the root to the elements, with slashes between, such as ``orders/order``; in Clark notation, or local names for any
    namespace. What stands elsewhere in the document is passed over. `limits`: `bytes` bounds one element and what
    stands before it.

    Memory holds one element. Raises `XmlError`, `LimitError` and `DecodeError`, with line and column, at the element
    concerned.

    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Order:
    ...     number: int
    >>> pieces = [b"<orders><order><number>1</number></order>", b"<order><number>2</number></order></orders>"]
    >>> [order.number for order in iter_decode(pieces, Order, "orders/order")]
    [1, 2]
    """
    names = _names(path)
    codec = Codecs().codec(type_for(cls))
    told = _told(source)
    reader = ElementReader(names, instructions=True, source=told, limits=limits)
    for piece in _expanded(_pieces(source), told):
        for element in reader.feed(piece):
            try:
                with reader.telling():
                    value = codec.decode(element, path=f"{names[-1].rpartition('}')[2]}[{reader.found - 1}]")
            except DecodeError as error:
                error.tell(replace(one, place=replace(one.place, source=told)) for one in error.problems)
                raise
            yield value
    reader.finish()


def _names(path: str) -> tuple[str, ...]:
    """``{urn:a/b}x/y`` -> its names: a slash inside braces belongs to a namespace."""
    names: list[str] = []
    for part in path.strip("/").split("/"):
        if names and names[-1].startswith("{") and "}" not in names[-1]:
            names[-1] += "/" + part
        else:
            names.append(part)
    if not all(names):
        raise UsageError(f"{path!r} is no path: expected names from the root to the elements, such as orders/order")
    return tuple(names)


def _told(source: object) -> str:
    return os.fspath(source) if isinstance(source, (str, os.PathLike)) else str(getattr(source, "name", "document"))


def _expanded(pieces: Iterator[bytes], source: str) -> Iterator[bytes]:
    """The pieces; of a gzip file (RFC 1952), which may have several members, what it expands to."""
    first = b""
    while len(first) < len(_GZIP) and (piece := next(pieces, b"")):
        first += piece
    pieces = chain((first,), pieces)
    if not first.startswith(_GZIP):
        yield from pieces
        return
    decoder = zlib.decompressobj(16 + zlib.MAX_WBITS)
    for piece in pieces:
        while piece and not (decoder.eof and not piece.startswith(_GZIP)):  # what else follows a member is padding
            decoder = zlib.decompressobj(16 + zlib.MAX_WBITS) if decoder.eof else decoder
            try:
                while expanded := decoder.decompress(piece, _PIECE):
                    yield expanded
                    piece = decoder.unconsumed_tail
            except zlib.error as error:
                raise XmlError(f"the gzip file is damaged: {error}", place=Place(source)) from None
            piece = decoder.unused_data
    if not decoder.eof:
        raise XmlError("the gzip file is cut short", place=Place(source))


def _pieces(source: str | os.PathLike[str] | BinaryIO | Iterable[bytes]) -> Iterator[bytes]:
    if isinstance(source, (str, os.PathLike)):
        with Path(source).open("rb") as stream:
            while piece := stream.read(_PIECE):
                yield piece
    elif hasattr(source, "read"):
        while piece := source.read(_PIECE):
            yield piece
    else:
        yield from source
