"""Clients that users bring: requests sessions and httpx-like clients."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from soapkit.errors import ConnectError, LimitError, SoapkitError, TimeoutError, TransportError, UsageError
from soapkit.transport.httpx2 import AsyncHttpxTransport, HttpxTransport
from soapkit.transport.limits import HttpLimits
from soapkit.transport.requests import RequestsTransport
from soapkit.transport.values import AsyncTransport, Headers, Request, Transport

REQUEST = Request("http://alice:s3cret@bank.example/", b"<a/>", Headers({"A": "b"}), timeout=3)


@dataclass
class FakeResponse:
    status_code: int = 200
    reason_phrase: str = "OK"
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "text/xml"})

    def iter_bytes(self) -> Iterator[bytes]:
        yield from (b"one", b"two")

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        for piece in (b"one", b"two"):
            yield piece


@dataclass
class FakeClient:
    """Looks like httpx.Client and httpx.AsyncClient where it matters."""

    asynchronous: bool = False
    error: Exception | None = None
    calls: list[Any] = field(default_factory=list)
    closed: bool = False

    def stream(self, method: str, url: str, **options: Any) -> Any:
        self.calls.append((method, url, options))
        return self._async_stream() if self.asynchronous else self._stream()

    @contextlib.contextmanager
    def _stream(self) -> Iterator[FakeResponse]:
        if self.error:
            raise self.error
        yield FakeResponse()

    @contextlib.asynccontextmanager
    async def _async_stream(self) -> AsyncIterator[FakeResponse]:
        if self.error:
            raise self.error
        yield FakeResponse()

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


def send(client: FakeClient, **settings: Any) -> Any:
    if client.asynchronous:
        return asyncio.run(AsyncHttpxTransport(client, **settings).send(REQUEST))  # type: ignore[arg-type]
    return HttpxTransport(client, **settings).send(REQUEST)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_an_httpx_like_client_sends_and_brings_back(asynchronous: bool) -> None:
    client = FakeClient(asynchronous)
    response = send(client)
    assert (response.status, response.reason, response.body) == (200, "OK", b"onetwo")
    assert response.headers["content-type"] == "text/xml"
    options = {"content": b"<a/>", "headers": {"A": "b"}, "timeout": 3}
    assert client.calls == [("POST", REQUEST.url, options)]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_limits_hold_for_a_client_that_users_bring(asynchronous: bool) -> None:
    with pytest.raises(LimitError):
        send(FakeClient(asynchronous), limits=HttpLimits(bytes=5))


def named(*names: str) -> Exception:
    """An exception whose class and bases have these names, as a library would define it."""
    base: type[Exception] = Exception
    for name in reversed(names):
        base = type(name, (base,), {})
    return base("why")


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (named("ConnectTimeout", "TimeoutException", "TransportError"), TimeoutError),
        (named("ReadTimeout", "TimeoutException"), TimeoutError),
        (named("ConnectError", "NetworkError"), ConnectError),
        (named("ReadError", "NetworkError"), ConnectError),
        (named("RemoteProtocolError", "ProtocolError"), ConnectError),
        (named("ProxyError", "TransportError"), ConnectError),
        (named("UnsupportedProtocol", "TransportError"), UsageError),
        (named("SomethingElse"), TransportError),
    ],
)
def test_the_errors_of_a_client_become_ours(asynchronous: bool, error: Exception, kind: type[SoapkitError]) -> None:
    with pytest.raises(kind, match=r"^http://bank\.example/: .*why") as caught:
        send(FakeClient(asynchronous, error))
    assert caught.value.__cause__ is error


def test_a_client_is_closed_only_by_its_owner() -> None:
    for owned in (False, True):
        client = FakeClient()
        HttpxTransport(client, owned=owned).close()
        assert client.closed is owned
        client = FakeClient()
        asyncio.run(AsyncHttpxTransport(client, owned=owned).aclose())  # type: ignore[arg-type]
        assert client.closed is owned
        RequestsTransport(client, owned=owned).close()  # type: ignore[arg-type]
        assert client.closed is owned


def test_adapters_keep_the_protocols() -> None:
    assert isinstance(HttpxTransport(FakeClient()), Transport)
    assert isinstance(AsyncHttpxTransport(FakeClient()), AsyncTransport)  # type: ignore[arg-type]
    assert isinstance(RequestsTransport(FakeClient()), Transport)  # type: ignore[arg-type]
