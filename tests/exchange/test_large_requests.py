"""A large request is refused for what a small one is refused for, though it is read in pieces."""

from __future__ import annotations

from functools import partial

import msgspec
import pytest

import soapkit
from soapkit.exchange.large import receive_large
from soapkit.server import intake
from soapkit.testing import loopback
from soapkit.transport.values import Headers, Request


class Item(msgspec.Struct, kw_only=True):
    number: int


@soapkit.service("urn:l")
class Store:
    @soapkit.operation
    def put(self, item: list[Item]) -> int:
        return len(item)


@pytest.mark.parametrize("least", [1_000, 1_000_000])
@pytest.mark.parametrize(
    ("version", "media_type"),
    [
        ("http://schemas.xmlsoap.org/soap/envelope/", "text/xml"),
        ("http://www.w3.org/2003/05/soap-envelope", "application/soap+xml"),
    ],
)
@pytest.mark.parametrize("number", ["<number>7</number>", "<number s:encodingStyle='urn:mine'>7</number>"])
def test_an_encoding_inside_of_an_item_must_be_known(
    number: str, version: str, media_type: str, least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "receive_large", partial(receive_large, least=least))
    items = "<item><number>1</number></item>" * 50
    items += f"<item>{number}</item>{items}"
    body = f'<s:Envelope xmlns:s="{version}"><s:Body><put xmlns="urn:l">{items}</put></s:Body></s:Envelope>'
    headers = Headers({"Content-Type": media_type, "SOAPAction": '""'})
    told = loopback(soapkit.wsgi(Store())).send(Request("http://x/", body.encode(), headers)).body
    if "mine" not in number:
        assert b">101<" in told
    else:
        assert b"DataEncodingUnknown" in told or b"urn:mine" in told
        assert b">101<" not in told
