"""Ports with an HTTP binding: called by GET and POST, without SOAP (WSDL 1.1, 4), over real sockets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

import soapkit
from soapkit.databinding.values import GYear
from soapkit.errors import ContractError, DecodeError, HttpError, UsageError
from soapkit.security import Require, Security
from soapkit.wsdl.http_ports import http_ports
from soapkit.wsdl.load import load_contract

WSDL = Path(__file__).parents[2] / "wsdl" / "http-binding.wsdl"
SEVEN = b'<?xml version="1.0"?><int xmlns="urn:example:sums">7</int>'


class Answering(BaseHTTPRequestHandler):
    """Answers as it is told, and keeps what was asked."""

    asked: ClassVar[list[tuple[str, str, str, str]]] = []
    answer: ClassVar[tuple[int, str, bytes]] = (200, "text/xml; charset=utf-8", SEVEN)

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        self.asked.append((self.command, self.path, self.headers.get("Content-Type") or "", body))
        status, media_type, content = self.answer
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815  as http.server has it

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    Answering.asked = []
    Answering.answer = (200, "text/xml; charset=utf-8", SEVEN)
    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/sums"
        server.shutdown()
        thread.join(timeout=10)


def client(address: str, port: str = "SumsHttpGet", **settings: Any) -> Any:
    return soapkit.Client.from_wsdl(WSDL, address, port=port, **settings)


GIVEN: dict[str, Any] = {"numbers": {"int": [3, 4]}, "label": "a & b/ü", "day": date(2026, 11, 27)}


def test_parameters_are_in_the_query_and_the_answer_is_typed(address: str) -> None:
    assert client(address).sum(**GIVEN) == 7
    (asked,) = Answering.asked
    assert asked == ("GET", "/sums/sum?numbers=3&numbers=4&label=a%20%26%20b%2F%C3%BC&day=2026-11-27", "", "")


def test_parameters_are_in_a_form(address: str) -> None:
    assert client(address, "SumsHttpPost").sum(**GIVEN) == 7
    (asked,) = Answering.asked
    form = "numbers=3&numbers=4&label=a+%26+b%2F%C3%BC&day=2026-11-27"
    assert asked == ("POST", "/sums/sum", "application/x-www-form-urlencoded", form)


def test_parameters_are_in_the_path_and_the_answer_is_content(address: str) -> None:
    Answering.answer = (200, "image/png", b"\x89PNG")
    exchange = client(address).with_exchange.chart(year=GYear(2026), name="a/b")
    assert Answering.asked[0][1] == "/sums/charts/2026/a%2Fb"
    assert exchange.parts["picture"].read() == b"\x89PNG"


def test_an_async_client_does_the_same(address: str) -> None:
    async def run() -> Any:
        async with await soapkit.AsyncClient.from_wsdl(WSDL, address, port="SumsHttpGet") as sums:
            return await sums.sum(**GIVEN)

    assert asyncio.run(run()) == 7


def test_text_is_taken_as_people_type_it_and_refused_where_it_does_not_fit(address: str) -> None:
    assert client(address).sum(**GIVEN | {"day": "2026-11-27"}) == 7
    with pytest.raises(soapkit.errors.SoapkitError, match="day"):
        client(address).sum(**GIVEN | {"day": "tomorrow"})


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        ((500, "text/plain", b"sum is out\nof order"), HttpError, "HTTP 500 .*'sum is out of order'"),
        ((200, "text/html", b"<p>hello</p>"), HttpError, "text/html where XML was expected"),
        ((200, "text/xml", b'<int xmlns="urn:example:sums">seven</int>'), DecodeError, "'seven' is not xs:int"),
        ((200, "text/xml", b'<int xmlns="urn:other">7</int>'), DecodeError, "urn:other"),
        ((200, "text/xml", b"<!DOCTYPE int><int/>"), soapkit.errors.XmlError, "DOCTYPE"),
        ((200, "text/xml", b"<int"), soapkit.errors.XmlError, "sum:1"),
    ],
    ids=["error", "page", "value", "namespace", "doctype", "broken"],
)
def test_a_bad_answer_is_told(answer: tuple[int, str, bytes], error: type[Exception], words: str, address: str) -> None:
    Answering.answer = answer
    with pytest.raises(error, match=words):
        client(address).sum(**GIVEN)


def test_the_soap_port_is_what_a_client_has_unless_asked_for_another() -> None:
    contract = load_contract(WSDL)
    assert http_ports(contract) == ("SumsHttpGet", "SumsHttpPost")
    assert "port SumsHttpGet has an HTTP GET or POST binding" in "\n".join(map(str, contract.notes))
    assert soapkit.Client.from_wsdl(WSDL).service.port_type == "{urn:example:sums}SumsSoap"
    with pytest.raises(UsageError, match="has no port 'SumsHttpPut'"):
        client("http://a/", "SumsHttpPut")


def test_a_contract_without_soap_says_how_it_is_called(tmp_path: Path) -> None:
    text = WSDL.read_text(encoding="utf-8")
    start, end = text.index('    <port name="SumsSoap"'), text.index('    <port name="SumsHttpGet"')
    (tmp_path / "a.wsdl").write_text(text[:start] + text[end:], encoding="utf-8")
    with pytest.raises(ContractError, match="without SOAP, by name: port='SumsHttpGet'"):
        soapkit.Client.from_wsdl(tmp_path / "a.wsdl")


def test_nothing_can_be_signed_there() -> None:
    with pytest.raises(UsageError, match="port SumsHttpGet is called without SOAP: nothing can be signed"):
        client("http://a/", security=Security(inbound=Require()))
