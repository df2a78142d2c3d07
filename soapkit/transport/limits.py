"""How large, how long: limits on a response, kept while it is read.

A compressed body is expanded piece by piece, so that a bomb is refused when it has used a little memory, not all of it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from soapkit.errors import LimitError, Place, TransportError
from soapkit.transport.coding import EXPANDERS, Expander
from soapkit.transport.values import OpenResponse, Request, Response, Sink

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """What a transport puts up with.

    `bytes`: of a body as it comes over the wire; `expanded`: of a body once gzip or deflate is undone; `ratio`: of the
    two, looked at beyond the first MiB (repetitive XML shrinks to a fiftieth, a bomb to a thousandth).
    `connect_seconds`: until a connection stands; `read_seconds`: of silence from the peer; `total_seconds`: for the
    whole exchange, which a peer that sends a byte now and then cannot stretch. None: without end.
    """

    bytes: int = 128 * _MIB
    expanded: int = 128 * _MIB
    ratio: int = 200
    connect_seconds: float | None = 15.0
    read_seconds: float | None = 120.0
    total_seconds: float | None = 300.0


DEFAULT_HTTP_LIMITS = HttpLimits()


class BodyReader:
    """Takes a body piece by piece and gives it whole: `feed` each piece, then `finish`.

    `coding`: the Content-Encoding; `sink`: what takes the expanded pieces instead. Raises `LimitError` as soon as a
    limit is passed, `TransportError` for a body that is cut short or damaged, or in a coding that was not asked for.
    """

    __slots__ = ("_coding", "_decoder", "_expanded", "_keep", "_limits", "_pieces", "_received", "_source")

    def __init__(
        self,
        coding: str | None,
        limits: HttpLimits = DEFAULT_HTTP_LIMITS,
        source: str = "response",
        sink: Sink | None = None,
    ) -> None:
        self._coding = (coding or "").strip().lower()
        self._limits = limits
        self._source = source
        self._pieces: list[bytes] = []
        self._keep = sink.feed if sink is not None else self._pieces.append
        self._received = 0
        self._expanded = 0
        self._decoder: Expander | None = None
        if self._coding not in ("", "identity"):
            kind = EXPANDERS.get(self._coding)
            if kind is None:
                raise TransportError(f"the body is in coding {coding!r}, which is not taken", place=Place(source))
            self._decoder = Expander(kind)

    def expect(self, length: int) -> None:
        """The peer has announced so many bytes. Raises `LimitError` if they are too many."""
        if length > self._limits.bytes:
            self._refuse(f"the body has {length:,} bytes; at most {self._limits.bytes:,} are read")

    def feed(self, piece: bytes) -> None:
        """Take the next piece."""
        for expanded in self.expand(piece):
            self._keep(expanded)

    def expand(self, piece: bytes) -> Iterator[bytes]:
        """What the next piece stands for, in parts, for who goes on with it at once. `finish` then gives nothing."""
        self._received += len(piece)
        if self._received > self._limits.bytes:
            self._refuse(f"the body has more than the {self._limits.bytes:,} bytes that are read")
        if self._decoder is None:
            yield piece
            return
        try:
            for expanded in self._decoder.expand(piece):
                self._expanded += len(expanded)
                self._check_expanded()
                if expanded:
                    yield expanded
        except zlib.error as error:
            raise TransportError(f"the {self._coding} body is damaged: {error}", place=Place(self._source)) from None

    def finish(self) -> bytes:
        """The whole body; empty where a sink took it."""
        if self._decoder is not None and self._received and not self._decoder.complete:
            raise TransportError(f"the {self._coding} body is cut short", place=Place(self._source))
        return joined(self._pieces)

    def _check_expanded(self) -> None:
        limits = self._limits
        if self._expanded > limits.expanded:
            self._refuse(f"the {self._coding} body expands to more than the {limits.expanded:,} bytes that are read")
        if self._expanded > _MIB and self._expanded > self._received * limits.ratio:
            self._refuse(f"the {self._coding} body expands more than {limits.ratio}-fold")

    def _refuse(self, sentence: str) -> None:
        raise LimitError(sentence, place=Place(self._source))


def expand(body: bytes, coding: str | None, limits: HttpLimits = DEFAULT_HTTP_LIMITS, source: str = "request") -> bytes:
    """A body with its content-coding undone, within limits. Raises as `BodyReader` does. The pair of
    `soapkit.transport.coding.compress`."""
    reader = BodyReader(coding, limits, source)
    reader.feed(body)
    return reader.finish()


def collected(opened: OpenResponse, request: Request) -> Response:
    """The response with its body read: by what `Request.sink` names, or whole."""
    sink = request.sink(opened.status, opened.headers) if request.sink is not None else None
    if sink is None:
        return Response(opened.status, opened.headers, joined(list(opened.pieces)), opened.reason)
    for piece in opened.pieces:
        sink.feed(piece)
    return Response(opened.status, opened.headers, b"", opened.reason, sink)


def joined(pieces: list[bytes]) -> bytes:
    """The pieces as one; a single one, which most bodies are, is not copied."""
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
