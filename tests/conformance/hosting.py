"""One request to an application, as a server program would hand it over: ASGI and WSGI, without a socket."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, TypeAlias

import soapkit
from soapkit.transport.values import Headers, Response

Asked: TypeAlias = Callable[..., Response]
"""``asked(body, content_type, method="POST", headers={})``: what comes back."""


def asked_over_asgi(implementation: object, **settings: Any) -> Asked:
    """What asks a service that is hosted by `soapkit.asgi`."""
    application = soapkit.asgi(implementation, **settings)

    def asked(
        body: bytes, content_type: str | None, method: str = "POST", headers: Mapping[str, str] | None = None
    ) -> Response:
        fields = _fields(body, content_type, headers)
        scope: MutableMapping[str, Any] = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "path": "/",
            "raw_path": b"/",
            "query_string": b"",
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in fields.items()],
            "server": ("127.0.0.1", 80),
        }
        halves = [body[: len(body) // 2], body[len(body) // 2 :]]
        coming = [{"type": "http.request", "body": half, "more_body": half is not halves[1]} for half in halves]
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            return coming.pop(0) if coming else {"type": "http.disconnect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        asyncio.run(application(scope, receive, send))
        start, *pieces = sent
        pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]]
        return Response(start["status"], Headers(pairs), b"".join(piece.get("body", b"") for piece in pieces))

    return asked


def asked_over_wsgi(implementation: object, **settings: Any) -> Asked:
    """What asks a service that is hosted by `soapkit.wsgi`."""
    application = soapkit.wsgi(implementation, **settings)

    def asked(
        body: bytes, content_type: str | None, method: str = "POST", headers: Mapping[str, str] | None = None
    ) -> Response:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": "/",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
        }
        for name, value in _fields(body, content_type, headers).items():
            key = name.upper().replace("-", "_")
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
        told: list[tuple[str, list[tuple[str, str]]]] = []
        pieces = application(environ, lambda status, pairs: told.append((status, pairs)))
        whole = b"".join(pieces)
        status, pairs = told[0]
        return Response(int(status[:3]), Headers(pairs), whole)

    return asked


HOSTS: Mapping[str, Callable[..., Asked]] = {"asgi": asked_over_asgi, "wsgi": asked_over_wsgi}


def _fields(body: bytes, content_type: str | None, headers: Mapping[str, str] | None) -> dict[str, str]:
    fields = {"Host": "service.example", "Content-Length": str(len(body)), **(headers or {})}
    return fields if content_type is None else {**fields, "Content-Type": content_type}
