"""A view -> the response with its HTML; the style sheet, the script and the picture that the pages use."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from soapkit.transport.values import Headers, Response

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE = Path(__file__).parent

# A contract's text is a stranger's: nothing in it may run, load or frame anything. What the page itself needs comes
# from this address only.
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
_ASSETS = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "page.svg": "image/svg+xml",
}


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader  # only a service that a browser looks at needs it

    loader = FileSystemLoader(_HERE / "templates")
    return Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, cache_size=32)


def page(template: str, status: int = 200, **values: object) -> Response:
    """A page. Every text in `values` is escaped where it stands."""
    html = _environment().get_template(template).render(values)
    headers = Headers({"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": _POLICY, **_SAFE})
    return Response(status, headers, html.encode("utf-8", "xmlcharrefreplace"))


@cache
def asset(name: str) -> Response | None:
    """What a page refers to, by name; None for anything else."""
    if name not in _ASSETS:
        return None
    headers = {"Content-Type": _ASSETS[name], "Cache-Control": "max-age=86400", **_SAFE}
    return Response(200, Headers(headers), (_HERE / "static" / name).read_bytes())
