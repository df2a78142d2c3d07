"""Where a caller reached a service is told by proxies that the service names, and by nobody else."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import pytest

import soapkit
from soapkit.errors import UsageError
from soapkit.exchange.flow import run
from soapkit.server.host import endpoint_for
from soapkit.server.http import HttpRequest
from soapkit.server.proxies import Proxies
from soapkit.transport.values import Headers

X, RFC = Proxies(["10.0.0.0/8", "fd00::/8", "unix"]), Proxies(["10.0.0.0/8", "fd00::/8"], field="Forwarded")


def told(proxies: Proxies, client: str = "10.0.0.1", /, **fields: str) -> tuple[str, str]:
    """The address that was asked for, and who asked."""
    named = [("Host", "inner:8000"), *((name.replace("_", "-"), value) for name, value in fields.items())]
    request = proxies.told(HttpRequest("GET", "/soap", headers=Headers(named), client=client))
    return request.address, request.client


ROWS: list[tuple[Proxies, dict[str, str], str, str]] = [
    (X, {}, "http://inner:8000/soap", "10.0.0.1"),
    (X, {"X_Forwarded_Proto": "https"}, "https://inner:8000/soap", "10.0.0.1"),
    (X, {"X_Forwarded_For": "192.0.2.7:4711", "X_Forwarded_Host": "ext"}, "http://ext/soap", "192.0.2.7"),
    (X, {"X_Forwarded_For": "2001:db8::7"}, "http://inner:8000/soap", "2001:db8::7"),
    (X, {"X_Forwarded_For": "[2001:db8::7]:99"}, "http://inner:8000/soap", "2001:db8::7"),
    # a hop that is believed tells of the one before it; what stands before a stranger is the stranger's own
    (X, {"X_Forwarded_For": "6.6.6.6, 192.0.2.7, 10.0.0.2"}, "http://inner:8000/soap", "192.0.2.7"),
    (
        X,
        {
            "X_Forwarded_For": "6.6.6.6, 192.0.2.7, 10.0.0.2",
            "X_Forwarded_Proto": "gopher, https, http",
            "X_Forwarded_Host": "evil, ext, mid",
        },
        "https://ext/soap",
        "192.0.2.7",
    ),
    (
        X,
        {"X_Forwarded_For": "192.0.2.7, 10.0.0.2", "X_Forwarded_Proto": "https"},
        "https://inner:8000/soap",
        "192.0.2.7",
    ),
    (X, {"X_Forwarded_Host": "ext", "X_Forwarded_Port": "8443"}, "http://ext:8443/soap", "10.0.0.1"),
    (
        X,
        {"X_Forwarded_Host": "ext", "X_Forwarded_Port": "443", "X_Forwarded_Proto": "https"},
        "https://ext/soap",
        "10.0.0.1",
    ),
    (X, {"X_Forwarded_Host": "[2001:db8::1]:8443"}, "http://[2001:db8::1]:8443/soap", "10.0.0.1"),
    (X, {"X_Forwarded_Prefix": "/api/v%201/"}, "http://inner:8000/api/v%201/soap", "10.0.0.1"),
    (X, {"X_Forwarded_Prefix": "//evil.example"}, "http://inner:8000/soap", "10.0.0.1"),
    (X, {"X_Forwarded_Prefix": "/a?b#c"}, "http://inner:8000/soap", "10.0.0.1"),
    (X, {"X_Forwarded_Host": 'a"><script>'}, "http://inner:8000/soap", "10.0.0.1"),
    (X, {"X_Forwarded_Proto": "javascript"}, "http://inner:8000/soap", "10.0.0.1"),
    (X, {"Forwarded": "for=6.6.6.6;host=evil"}, "http://inner:8000/soap", "10.0.0.1"),
    (RFC, {"X_Forwarded_Host": "evil"}, "http://inner:8000/soap", "10.0.0.1"),
    (RFC, {"Forwarded": "for=192.0.2.7;proto=https;host=ext;by=_x"}, "https://ext/soap", "192.0.2.7"),
    (RFC, {"Forwarded": 'For="[2001:db8::7]:4711"; Host="ext:8443"'}, "http://ext:8443/soap", "2001:db8::7"),
    (RFC, {"Forwarded": "for=_hidden , for=10.0.0.9"}, "http://inner:8000/soap", "_hidden"),
    (
        RFC,
        {"Forwarded": 'for=6.6.6.6;host="a,b;c", for=192.0.2.7;host=ext, for=10.1.1.1'},
        "http://ext/soap",
        "192.0.2.7",
    ),
    (RFC, {"Forwarded": 'for="[fd00::1]", for=10.1.1.1;proto=https'}, "https://inner:8000/soap", "fd00::1"),
    (RFC, {"Forwarded": "for=192.0.2.7;host=ext,"}, "http://ext/soap", "192.0.2.7"),
    (RFC, {"Forwarded": 'for="192.0.2.7;host=ext'}, "http://inner:8000/soap", "10.0.0.1"),
    (RFC, {"Forwarded": "nonsense"}, "http://inner:8000/soap", "10.0.0.1"),
]


@pytest.mark.parametrize(("proxies", "fields", "address", "client"), ROWS)
def test_what_a_proxy_says_is_what_its_caller_asked_for(
    proxies: Proxies, fields: dict[str, str], address: str, client: str
) -> None:
    assert told(proxies, **fields) == (address, client)


@pytest.mark.parametrize("client", ["11.0.0.1", "2001:db8::1", "testclient"])
def test_a_stranger_is_not_believed(client: str) -> None:
    fields = {"X_Forwarded_For": "10.0.0.1", "X_Forwarded_Host": "evil", "X_Forwarded_Proto": "https"}
    assert told(X, client, **fields) == ("http://inner:8000/soap", client)


@pytest.mark.parametrize("client", ["", "::ffff:10.0.0.1", "fd00::1%eth0"])
def test_a_proxy_is_known_by_its_socket_and_by_other_spellings_of_its_address(client: str) -> None:
    assert told(X, client, X_Forwarded_Host="ext")[0] == "http://ext/soap"


@pytest.mark.parametrize("wrong", [["proxy.example"], ["10.0.0.1/8"], "10.0.0.1"])
def test_what_is_no_address_of_a_proxy_is_refused(wrong: Any) -> None:
    with pytest.raises(UsageError, match="address"):
        Proxies(wrong)


def test_a_field_of_another_name_is_refused() -> None:
    with pytest.raises(UsageError, match="expected X-Forwarded or Forwarded"):
        Proxies(["unix"], field="Via")  # type: ignore[arg-type]


def test_the_contract_has_the_address_that_the_proxy_tells_and_a_handler_sees_the_caller(
    bank_service: ModuleType,
) -> None:
    endpoint = endpoint_for(bank_service.MyBank(), proxies=["10.0.0.1"])
    fields = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "bank.example"}
    request = HttpRequest("GET", "/soap", "wsdl", Headers(fields), client="10.0.0.1")
    locations = re.findall(rb'location="([^"]*)"', run(endpoint.respond(request)).body)
    assert set(locations) == {b"https://bank.example/soap"}


def test_a_certificate_is_told_by_the_proxy_though_the_caller_is_behind_it() -> None:
    from soapkit.server.certificates import CertificateHeader

    request = X.told(HttpRequest("POST", "/", headers=Headers({"X-Forwarded-For": "192.0.2.7"}), client="10.0.0.1"))
    header = CertificateHeader("X-Client-Cert", proxies=["10.0.0.1"])
    assert (request.client, header.believes(request.peer)) == ("192.0.2.7", True)


def test_a_caller_behind_a_proxy_of_this_machine_gets_no_form_to_try(serve: Any) -> None:
    @soapkit.service("urn:x")
    class Echo:
        @soapkit.operation
        def echo(self, a: int, call: soapkit.Call) -> str:
            return f"{call.http.client} {call.http.address}"

    address = serve(soapkit.asgi(Echo(), proxies=["127.0.0.1", "::1"]), proxy_headers=False)
    from soapkit.transport.urllib3 import Urllib3Transport
    from soapkit.transport.values import Request

    transport = Urllib3Transport()
    page = f"{address}?op=echo"
    near = transport.send(Request(page, method="GET")).body
    far = transport.send(Request(page, method="GET", headers=Headers({"X-Forwarded-For": "192.0.2.7"}))).body
    assert (b"Try it" in near, b"Try it" in far) == (True, False)
