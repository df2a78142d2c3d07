"""Proxies, given or found in the environment."""

from typing import Any

import pytest

from soapkit.errors import ConnectError
from soapkit.transport.proxy import proxy_for
from soapkit.transport.values import Request


def test_there_is_no_proxy_unless_somebody_says_so() -> None:
    assert proxy_for("http://bank.example/", None) is None


def test_the_environment_names_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", "localhost,.intern.example")
    assert proxy_for("https://bank.example/", None) == "http://proxy:3128"
    assert proxy_for("http://bank.example/", None) is None
    assert proxy_for("https://db.intern.example/", None) is None
    assert proxy_for("https://bank.example/", "") is None
    assert proxy_for("https://db.intern.example/", "http://other:1") == "http://other:1"


def test_a_request_goes_through_the_proxy_with_its_login(peer: Any, send: Any) -> None:
    proxy = peer.url.replace("http://", "http://alice:s%20cret@")
    assert send(Request("http://bank.example/soap?x=1", b"<a/>"), proxy=proxy).status == 200
    (heard,) = peer.heard
    assert heard.line == "POST http://bank.example/soap?x=1 HTTP/1.1"
    assert heard.headers["host"] == "bank.example"
    assert heard.headers["proxy-authorization"] == "Basic YWxpY2U6cyBjcmV0"
    assert heard.body == b"<a/>"


def test_a_proxy_of_the_environment_is_used(peer: Any, send: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", peer.url)
    assert send(Request("http://bank.example/soap", b"x")).status == 200
    assert peer.heard[0].line.startswith("POST http://bank.example/soap ")


def test_a_secured_request_asks_the_proxy_for_a_tunnel(peer: Any, send: Any, reply: Any) -> None:
    peer.answers = [reply("403 Forbidden", b"")]
    with pytest.raises(ConnectError, match=r"^https://bank\.example/: "):
        send(Request("https://bank.example/", b"x"), proxy=peer.url)
    assert peer.heard[0].line.startswith("CONNECT bank.example:443 ")


def test_a_proxy_that_does_not_answer(send: Any) -> None:
    with pytest.raises(ConnectError, match=r"^http://bank.example/: "):
        send(Request("http://bank.example/", b"x"), proxy="http://user:s3cret@localhost:1")
