"""One request may take several: logins and redirects, as a flow that every transport drives.

flow = hops(request, auth, redirects)       # yields requests, is given responses, returns the last response
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from functools import lru_cache
from typing import TypeAlias
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from soapkit.errors import UsageError
from soapkit.transport.auth import Auth, Basic
from soapkit.transport.values import SECRETS, Head, Headers, Request

Hops: TypeAlias = Generator[Request, Head, None]

# The statuses on which the same request is sent to another place. Not 303, which asks for a GET.
_REDIRECTS = frozenset({301, 302, 307, 308})


def hops(request: Request, auth: Auth | None, redirects: int) -> Hops:
    """The requests that `request` becomes. A name and password in its URL are taken out and used as a `Basic` login.

    `redirects`: how many are followed. A redirect to another origin loses the login; one from https to http is not
    followed, nor one to anything but http and https.
    """
    request, auth = _without_userinfo(request, auth)
    for _ in range(redirects):
        target = _target(request, (yield from _with_login(request, auth)))
        if target is None:
            return
        if origin_of(target) != origin_of(request.url):
            auth = None
            request = _without_secrets(request)
        request = replace(request, url=target)
    yield from _with_login(request, auth)


def is_plain(request: Request, auth: Auth | None, redirects: int) -> bool:
    """Whether a request is one hop for certain, and the flow can be spared."""
    return auth is None and not redirects and "@" not in request.url


def _with_login(request: Request, auth: Auth | None) -> Generator[Request, Head, Head]:
    if auth is None:
        return (yield request)
    flow = auth.auth_flow(request)
    head = yield next(flow)
    while True:
        try:
            request = flow.send(head)
        except StopIteration:
            return head
        head = yield request


def _target(request: Request, response: Head) -> str | None:
    """Where a response sends us, if we go there."""
    location = response.headers.get("location")
    if response.status not in _REDIRECTS or not location:
        return None
    target = urljoin(request.url, location.strip())
    scheme = urlsplit(target).scheme
    if scheme not in ("http", "https") or (scheme == "http" and urlsplit(request.url).scheme == "https"):
        return None
    return target


def _without_secrets(request: Request) -> Request:
    kept = Headers(pair for pair in request.headers.pairs if pair[0].lower() not in SECRETS)
    return replace(request, headers=kept)


def _without_userinfo(request: Request, auth: Auth | None) -> tuple[Request, Auth | None]:
    parts = parts_of(request.url)
    if "@" not in parts.netloc:
        return request, auth
    bare = replace(request, url=without_userinfo(request.url))
    return bare, auth or Basic(unquote(parts.username or ""), unquote(parts.password or ""))


@lru_cache(maxsize=256)
def parts_of(url: str) -> SplitResult:
    """The parts of an http or https URL. Raises `UsageError` for anything else."""
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port >= 0)
    except ValueError as error:
        raise UsageError(f"{without_userinfo(url)!r} is not a URL: {error}") from None
    if not known:
        raise UsageError(
            f"{without_userinfo(url)!r} is not the URL of a service: expected http:// or https://, and a host"
        )
    return parts


def without_userinfo(url: str) -> str:
    """A URL that may be shown: without the name and password before its host."""
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}" if "@" in authority else url


def url_for_log(url: str) -> str:
    """A URL that may stand in a log: without name and password, and without its query, where secrets stand too.

    >>> url_for_log("https://ada:secret@example.com/soap?token=secret")
    'https://example.com/soap'
    """
    return without_userinfo(url).partition("?")[0]


@lru_cache(maxsize=256)
def origin_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: those who share all three may share secrets."""
    parts = parts_of(url)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
