"""What answers beside the services of an application: probes of health, pages of observers such as ``/metrics``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from soapkit.errors import UsageError
from soapkit.exchange.flow import Flow, aside
from soapkit.server.http import NOT_FOUND, HttpRequest
from soapkit.transport.binding import method_not_allowed
from soapkit.transport.values import Headers, Response

Page: TypeAlias = Callable[[], tuple[str, bytes]]
"""Makes a page: its media type, and its bytes."""


class Beside(Protocol):
    """Answers the requests to some paths, wherever the application is mounted."""

    def are_at(self, path: str) -> bool:
        """Whether a path is one of ours."""
        ...

    def respond(self, request: HttpRequest) -> Flow[Response]:
        """The flow of one request."""
        ...


@dataclass(frozen=True, slots=True)
class Pages:
    """Pages by the end of their path."""

    by_path: Mapping[str, Page]

    def are_at(self, path: str) -> bool:
        """Whether a path is one of ours."""
        return any(path.endswith(known) for known in self.by_path)

    def respond(self, request: HttpRequest) -> Flow[Response]:
        """The flow of one request; a page is made in a thread, under an event loop."""
        page = next((page for path, page in self.by_path.items() if request.path.endswith(path)), None)
        if page is None:
            return NOT_FOUND
        if request.method not in ("GET", "HEAD"):
            return method_not_allowed("GET, HEAD")
        media_type, body = yield from aside("probe", page)
        return Response(200, Headers({"Content-Type": media_type, "Cache-Control": "no-store"}), body)


@dataclass(frozen=True, slots=True)
class _Several:
    parts: tuple[Beside, ...]

    def are_at(self, path: str) -> bool:
        return any(part.are_at(path) for part in self.parts)

    def respond(self, request: HttpRequest) -> Flow[Response]:
        for part in self.parts:
            if part.are_at(request.path):
                return (yield from part.respond(request))
        return NOT_FOUND


def pages_of(observers: Iterable[object]) -> Pages | None:
    """The pages of those observers that have one (`path`, `page`), such as `soapkit.adapters.prometheus.Metrics`.

    Raises `UsageError` for a path that does not start with a slash.
    """
    found: dict[str, Page] = {}
    for observer in observers:
        path = getattr(observer, "path", "")
        if isinstance(path, str) and path:
            if not path.startswith("/"):
                raise UsageError(f"the path of a page starts with a slash, found {path!r}")
            found[path] = observer.page  # type: ignore[attr-defined]  # what has a path has a page
    return Pages(found) if found else None


def together(*parts: Beside | None) -> Beside | None:
    """All of these; None where there are none."""
    given = tuple(part for part in parts if part is not None)
    return _Several(given) if len(given) > 1 else next(iter(given), None)
