"""Request, Response, Transport: plain values, and the one method that sends one and brings the other.

A transport knows HTTP and nothing of SOAP: any status is a `Response`. It raises `soapkit.errors.TransportError` (or a
kind of it) when no response came, and `soapkit.errors.LimitError` when one is too large.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, Self, TypeVar, overload, runtime_checkable

import msgspec

DefaultT = TypeVar("DefaultT")
FoundT = TypeVar("FoundT")

# Fields that are meant for one origin, and told to no other and in no log.
SECRETS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})


class Headers(Mapping[str, str]):
    """HTTP header fields: found whatever the case of their names (RFC 9110, 5.1), kept as they came.

    Made from a mapping or from pairs. Looking up a field that came several times gives its values joined by a comma
    (RFC 9110, 5.3); `pairs` has them one by one.

    >>> Headers({"Content-Type": "text/xml"})["content-type"]
    'text/xml'
    """

    __slots__ = ("_index", "_known", "_raw", "pairs")

    def __init__(self, fields: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        self.pairs: tuple[tuple[str, str], ...] = tuple(_pairs(fields))
        # Made when they are asked for: most requests are never asked, and most replies have the fields of the last one.
        self._index: dict[str, str] | None = None
        self._raw: tuple[tuple[bytes, bytes], ...] | None = None
        self._known: dict[Callable[[Headers], object], object] = {}

    def known(self, find: Callable[[Headers], FoundT]) -> FoundT:
        """What a function finds out from these fields, which is the same each time: it is asked once."""
        found = self._known.get(find)
        if found is None:
            found = self._known[find] = find(self)
        return found  # type: ignore[return-value]  # a cast would be a call for each question

    def _by_name(self) -> dict[str, str]:
        if self._index is None:
            index = {name.lower(): value for name, value in self.pairs}
            self._index = index if len(index) == len(self.pairs) else self._joined()
        return self._index

    def _joined(self) -> dict[str, str]:
        index: dict[str, str] = {}
        for name, value in self.pairs:
            key = name.lower()
            index[key] = f"{index[key]}, {value}" if key in index else value
        return index

    def __getitem__(self, name: str) -> str:
        return self._by_name()[name.lower()]

    @overload
    def get(self, key: str, /) -> str | None: ...
    @overload
    def get(self, key: str, /, default: str | DefaultT) -> str | DefaultT: ...
    def get(self, key: str, /, default: object = None) -> object:
        """The value of a field, or `default`. As any mapping has it, and quicker: hosts ask several times a message."""
        return (self._index or self._by_name()).get(key.lower(), default)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._by_name()

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name())

    def __len__(self) -> int:
        return len(self._by_name())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._by_name() == other._by_name()

    def __hash__(self) -> int:
        return hash(frozenset(self._by_name().items()))

    def __repr__(self) -> str:
        told = {name: "..." if name.lower() in SECRETS else value for name, value in self.pairs}
        return f"Headers({told!r})"

    @property
    def raw(self) -> tuple[tuple[bytes, bytes], ...]:
        """The fields as ASGI has them: bytes, names in lower case."""
        if self._raw is None:
            self._raw = tuple((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self.pairs)
        return self._raw

    def with_(self, *fields: tuple[str, str]) -> Headers:
        """The same, with these fields in place of any of their names."""
        replaced = {name.lower() for name, _ in fields}
        return Headers((*(pair for pair in self.pairs if pair[0].lower() not in replaced), *fields))


def _pairs(fields: Mapping[str, str] | Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    if isinstance(fields, (list, tuple)):  # asked first, since hosts make one for every request
        return fields
    if isinstance(fields, Headers):
        return fields.pairs
    return fields.items() if isinstance(fields, Mapping) else fields


NO_HEADERS = Headers()


class Streamed(Protocol):
    """A body that is sent in pieces: iterated over once for each time it is sent."""

    def __len__(self) -> int:
        """How many bytes there are."""
        ...

    def __iter__(self) -> Iterator[bytes]: ...


class Sink(Protocol):
    """Takes a body piece by piece while it comes, such as a `soapkit.soap.attachments.Unpacker`."""

    def feed(self, piece: bytes) -> None:
        """Take the next piece. What it raises ends the exchange."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent.

    `timeout`: seconds for the whole exchange; None: as the transport's limits say. `stream`: what is sent instead of
    `body`, too large to be held: `body` is then only the envelope in it. `sink`: asked with status and header fields
    for what takes the body of the response; None, or nothing from it: `Response.body`.
    """

    url: str
    body: bytes = b""
    headers: Headers = NO_HEADERS
    method: str = "POST"
    timeout: float | None = None
    stream: Streamed | None = field(default=None, repr=False)
    sink: Callable[[int, Headers], Sink | None] | None = field(default=None, repr=False)


@dataclass(init=False, repr=False, eq=False, match_args=False)  # so that dataclasses.replace() takes it
class Response(msgspec.Struct, frozen=True):
    """What came back, its content-encoding (gzip, deflate) undone. `reason`: the words after the status; `sink`: what
    took the body, which is then empty here. `stream`: of a response on its way out, what is sent instead of `body`,
    which is then only the envelope in it; its length may not be known."""

    status: int
    headers: Headers = NO_HEADERS
    body: bytes = b""
    reason: str = ""
    sink: Sink | None = None
    stream: Iterable[bytes] | None = None

    def __repr__(self) -> str:
        return f"Response({self.status!r}, {self.headers!r}, reason={self.reason!r})"


@dataclass(frozen=True, slots=True)
class OpenResponse:
    """A response whose body still comes: iterate over it for the pieces, content-encoding undone, as they arrive.

        with transport.open(request) as response:
            for piece in response: ...

    Whoever leaves before the end closes the connection.
    """

    status: int
    headers: Headers
    reason: str
    pieces: Iterator[bytes] = field(repr=False)
    close: Callable[[], None] = field(repr=False)

    def __iter__(self) -> Iterator[bytes]:
        return self.pieces

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class AsyncOpenResponse:
    """The same for an event loop, with ``async with`` and ``async for``."""

    status: int
    headers: Headers
    reason: str
    pieces: AsyncIterator[bytes] = field(repr=False)
    close: Callable[[], None] = field(repr=False)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self.pieces

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()


class Head(Protocol):
    """What is known of a response before its body."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Headers: ...


@runtime_checkable
class Transport(Protocol):
    """Sends a request and waits for the response. One serves many threads at once."""

    def send(self, request: Request) -> Response:
        """Raises `soapkit.errors.TransportError` or `soapkit.errors.LimitError`."""
        ...

    def close(self) -> None:
        """Let go of connections. Closing twice is harmless."""
        ...


@runtime_checkable
class AsyncTransport(Protocol):
    """The same for an event loop."""

    async def send(self, request: Request) -> Response:
        """Raises `soapkit.errors.TransportError` or `soapkit.errors.LimitError`."""
        ...

    async def aclose(self) -> None:
        """Let go of connections. Closing twice is harmless."""
        ...


@runtime_checkable
class StreamingTransport(Transport, Protocol):
    """A transport that hands a response out while it still comes."""

    def open(self, request: Request) -> OpenResponse:
        """Raises as `send` does, and so does iterating over what it gives."""
        ...


@runtime_checkable
class AsyncStreamingTransport(AsyncTransport, Protocol):
    """The same for an event loop."""

    async def open(self, request: Request) -> AsyncOpenResponse:
        """Raises as `send` does, and so does iterating over what it gives."""
        ...
