"""Below a mount point an application finds its services, and publishes the address that the caller used."""

from __future__ import annotations

import importlib.util
import urllib.request
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from lxml import etree

import soapkit
from soapkit.server.mount import standing


@soapkit.service("urn:example:greeter")
class Greeter:
    @soapkit.operation
    def greet(self) -> str:
        return "hello"


@pytest.fixture
def starlette(missing_peer: Callable[[str], NoReturn]) -> Any:
    """Its application, `Mount` and `Route`."""
    if importlib.util.find_spec("starlette") is None:
        missing_peer("starlette")
    from starlette.applications import Starlette
    from starlette.routing import Mount, Route

    return SimpleNamespace(Starlette=Starlette, Mount=Mount, Route=Route)


@pytest.mark.parametrize(
    ("path", "root", "raw", "full", "inner"),
    [
        ("/bank", "", b"/bank", "/bank", "/bank"),
        ("/soap/bank", "/soap", b"/soap/bank", "/soap/bank", "/bank"),  # as ASGI says
        ("/a/soap/bank", "/a/soap", b"/a/soap/bank", "/a/soap/bank", "/bank"),
        ("/soap", "/soap", b"/soap", "/soap", ""),
        (
            "/soap/bank",
            "/api/soap",
            b"/soap/bank",
            "/api/soap/bank",
            "/bank",
        ),  # FastAPI, behind a proxy that took /api off
        ("/bank", "/api", b"/bank", "/api/bank", "/bank"),  # a proxy took /api off
        ("/bank/", "", b"/soap/bank", "/soap/bank", "/bank/"),  # Litestar
        ("/", "", b"/soap", "/soap", "/"),
        ("/bank", "/soap", b"/soap/bank", "/soap/bank", "/bank"),  # Starlette before 0.33
        ("/bank", "/soap", b"", "/soap/bank", "/bank"),  # raw_path is optional
        ("/soapy", "/soap", b"/soapy", "/soap/soapy", "/soapy"),  # a name is whole
        ("/b c/\N{LATIN SMALL LETTER U WITH DIAERESIS}", "/b c", b"/b%20c/%C3%BC", "/b c/\xfc", "/\xfc"),
        ("/", "/", b"/", "/", "/"),
    ],
)
def test_a_request_stands_where_the_caller_sees_it_and_below_the_mount_point(
    path: str, root: str, raw: bytes, full: str, inner: str
) -> None:
    assert standing(path, root, raw) == (full, inner)


def addresses(url: str) -> set[str | None]:
    with urllib.request.urlopen(f"{url}?wsdl", timeout=10) as response:
        return {element.get("location") for element in etree.fromstring(response.read()).iter("{*}address")}


def test_several_services_under_one_mount_point_have_their_own_addresses(
    starlette: Any, serve: Callable[..., str]
) -> None:
    soap = soapkit.asgi({"a": Greeter, "b": Greeter})
    origin = serve(starlette.Starlette(routes=[starlette.Mount("/outer", routes=[starlette.Mount("/soap", soap)])]))
    for name in "ab":
        assert addresses(f"{origin}outer/soap/{name}") == {f"{origin}outer/soap/{name}"}


def test_a_route_serves_one_service_without_a_slash_at_the_end(starlette: Any, serve: Callable[..., str]) -> None:
    origin = serve(starlette.Starlette(routes=[starlette.Route("/greeter", soapkit.asgi(Greeter))]))
    assert addresses(f"{origin}greeter") == {f"{origin}greeter"}


def test_what_a_proxy_took_off_the_path_is_in_the_address_again(starlette: Any, serve: Callable[..., str]) -> None:
    inner = starlette.Starlette(routes=[starlette.Mount("/soap", soapkit.asgi({"a": Greeter}))])

    async def behind_a_proxy(scope: Any, receive: Any, send: Any) -> None:
        await inner({**scope, "root_path": "/api"}, receive, send)

    origin = serve(behind_a_proxy)
    assert addresses(f"{origin}soap/a") == {f"{origin}api/soap/a"}


def test_an_address_is_percent_encoded(serve: Callable[..., str]) -> None:
    url = serve(soapkit.asgi({'a b"/\xfc': Greeter})) + "a%20b%22/%C3%BC"
    assert addresses(url) == {url}


def test_below_script_name_a_service_is_found_and_knows_its_address() -> None:
    served = soapkit.wsgi({"\xfc": Greeter})
    told: list[str] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "/soap",
        "PATH_INFO": "/\xc3\xbc",  # UTF-8, read as Latin-1 (PEP 3333)
        "QUERY_STRING": "wsdl",
        "HTTP_HOST": "x",
        "wsgi.url_scheme": "https",
    }
    body = b"".join(served(environ, lambda status, _: told.append(status)))
    assert told == ["200 OK"]
    assert b'location="https://x/soap/%C3%BC"' in body
