"""Content-Encoding: gzip and deflate, both ways (RFC 9110, 8.4 and 12.5.3)."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import replace

from soapkit.errors import UsageError
from soapkit.transport.values import Response

PIECE = 65_536  # bytes that are handed on at a time

# What we say we take. No other coding is undone: each is one more decompressor for strangers to feed.
ACCEPT_ENCODING = "gzip, deflate"

_WORTHWHILE = 1400  # bytes: what fits one packet is not sent any sooner for being smaller


def compress(body: bytes, coding: str = "gzip") -> bytes:
    """A body in a content-coding, ``gzip`` or ``deflate``; the same body gives the same bytes."""
    if coding == "gzip":
        return gzip.compress(body, compresslevel=6, mtime=0)
    if coding == "deflate":
        return zlib.compress(body, level=6)
    raise UsageError(f"there is no content-coding {coding!r} here; there are {ACCEPT_ENCODING}")


def encoded(response: Response, accept_encoding: str | None) -> Response:
    """The response in gzip, or in deflate, where the peer takes that and it is worth it; else as it is. Attachments are
    mostly compressed already: a response with parts is left alone."""
    if response.stream is not None or len(response.body) < _WORTHWHILE:
        return response
    coding = coding_for(accept_encoding)
    if coding is None:
        return response
    fields = (("Content-Encoding", coding), ("Vary", "Accept-Encoding"))
    return replace(response, headers=response.headers.with_(*fields), body=compress(response.body, coding))


def coding_for(accept_encoding: str | None) -> str | None:
    """What an Accept-Encoding field takes: ``gzip`` where it may be, else ``deflate``, None if neither. One is taken
    by name, or by ``*``, and not with a weight of nothing (RFC 9110, 12.5.3)."""
    weights: dict[str, bool] = {}
    for item in (accept_encoding or "").lower().split(","):
        coding, _, parameter = item.partition(";")
        name, _, weight = parameter.partition("=")
        nothing = name.strip() == "q" and not weight.strip().strip("0.")
        weights.setdefault(coding.strip(), not nothing)
    others = weights.get("*", False)
    if weights.get("gzip", weights.get("x-gzip", others)):
        return "gzip"
    return "deflate" if weights.get("deflate", others) else None


# The window bits that tell zlib what wrapping to expect.
_GZIP, _ZLIB, _RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS

EXPANDERS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": _ZLIB}
_TAKEN = {"", "identity", *EXPANDERS}


def is_taken(coding: str | None) -> bool:
    """Whether a Content-Encoding field names what is undone here, or nothing."""
    return coding is None or coding.strip().lower() in _TAKEN


class Expander:
    """Undoes one coding, never giving more than `PIECE` bytes at a time."""

    __slots__ = ("_decoder", "_head", "_kind")

    def __init__(self, kind: int) -> None:
        self._kind = kind
        self._head = b""
        self._decoder = zlib.decompressobj(kind) if kind == _GZIP else None

    @property
    def complete(self) -> bool:
        """Whether the end of the coded bytes was seen."""
        return self._decoder is not None and self._decoder.eof

    def expand(self, piece: bytes) -> Iterator[bytes]:
        """What the next piece expands to, in parts. Raises `zlib.error`."""
        if self._decoder is None:
            self._head += piece
            if len(self._head) < 2:
                return
            piece = self._head
            self._decoder = zlib.decompressobj(_ZLIB if _has_zlib_header(piece) else _RAW)
        decoder, more = self._decoder, True
        while piece or more:
            if decoder.eof:
                # RFC 1952, 2.2: several members may follow each other. Anything else after the end is padding.
                if self._kind != _GZIP or not piece.startswith(b"\x1f"):
                    return
                decoder = self._decoder = zlib.decompressobj(_GZIP)
            part = decoder.decompress(piece, PIECE)
            yield part
            piece = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
            more = len(part) == PIECE  # there may be more inside, though all input is taken


def _has_zlib_header(start: bytes) -> bool:
    """RFC 1950, 2.2. What is called deflate comes without this header from some peers (RFC 9110, 8.4.1.2)."""
    return start[0] & 0x0F == 8 and int.from_bytes(start[:2], "big") % 31 == 0
