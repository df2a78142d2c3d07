"""loopback(), FakeTransport: calls without a network, for the tests of programs that use soapkit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import unquote, urlsplit

from soapkit.errors import ConnectError
from soapkit.exchange.flow import run
from soapkit.server.asgi import Asgi
from soapkit.server.host import endpoint_at
from soapkit.server.http import HttpRequest
from soapkit.server.wsgi import Wsgi
from soapkit.transport.values import Headers, Request, Response

Answer = bytes | Response


@dataclass
class FakeTransport:
    """A transport that answers from memory.

    `answers`: bytes of a SOAP message (sent as HTTP 200, or 500 where it holds a fault), a whole `Response`, several of
    them in turn (the last one again and again), or a function from the `Request`. `requests` keeps what was sent.

    >>> transport = FakeTransport(b"<soap:Envelope ...>")
    """

    answers: Answer | Iterable[Answer] | Callable[[Request], Answer]
    requests: list[Request] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        """The next answer. Raises `soapkit.errors.ConnectError` when there is none."""
        self.requests.append(request)
        answer = self._next(request)
        return answer if isinstance(answer, Response) else _soap(answer)

    def _next(self, request: Request) -> Answer:
        if callable(self.answers):
            return self.answers(request)
        if isinstance(self.answers, (bytes, Response)):
            return self.answers
        waiting = self.answers = list(self.answers)
        if not waiting:
            raise ConnectError(f"{request.url}: this transport has no answer left")
        return waiting[0] if len(waiting) == 1 else waiting.pop(0)

    def close(self) -> None:
        """Nothing is open."""


class Loopback:
    """The transport that `loopback` makes."""

    def __init__(self, application: Asgi | Wsgi) -> None:
        self._endpoints = application.endpoints

    def send(self, request: Request) -> Response:
        """The application's response, without a socket in between."""
        url = urlsplit(request.url)
        endpoint = endpoint_at(self._endpoints, unquote(url.path))
        if endpoint is None:
            return Response(404)
        response = run(
            endpoint.respond(
                HttpRequest(
                    method=request.method,
                    path=unquote(url.path) or "/",
                    query=url.query,
                    headers=request.headers,
                    body=b"".join(request.stream) if request.stream is not None else request.body,
                    scheme=url.scheme or "http",
                    server=url.netloc or "localhost",
                    client="127.0.0.1",
                )
            )
        )
        if response.stream is not None:
            return replace(response, body=b"".join(response.stream), stream=None)
        return response

    def close(self) -> None:
        """Nothing is open."""


def loopback(application: Asgi | Wsgi) -> Loopback:
    """A transport that hands requests straight to an application: the whole journey of a message, without a network.

    >>> soapkit.Client.from_wsdl("wsdl/bank.wsdl", transport=loopback(soapkit.asgi(MyBank())))     # doctest: +SKIP
    """
    return Loopback(application)


def _soap(envelope: bytes) -> Response:
    soap12 = b"http://www.w3.org/2003/05/soap-envelope" in envelope[:500]
    return Response(
        500 if b":Fault" in envelope or b"<Fault" in envelope else 200,
        Headers({"Content-Type": f"{'application/soap+xml' if soap12 else 'text/xml'}; charset=utf-8"}),
        envelope,
    )
