"""Ports with an HTTP binding: called by GET and POST, without SOAP (WSDL 1.1, 4), over real sockets."""

from __future__ import annotations

import asyncio
import importlib
import re
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

import soapkit
from soapkit.codegen.generate import generate, generated
from soapkit.codegen.plan import Options
from soapkit.codegen.skeleton import skeleton_source
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


# --- generated ----------------------------------------------------------------------------------------------------


def generated_module(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, source: Any = WSDL, **options: Any
) -> Any:
    generate(source, tmp_path / name, options=Options(**options))
    monkeypatch.syspath_prepend(str(tmp_path))
    return importlib.import_module(name)


def test_a_generated_client_calls_a_port_that_was_asked_for(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sums = generated_module(tmp_path, "sums_by_get", monkeypatch, http_ports=frozenset({"SumsHttpGet"}))
    with sums.SumsHttpGetClient(address) as client:
        given = {"numbers": sums.ArrayOfInt(int=[3, 4]), "label": "a & b/ü", "day": date(2026, 11, 27)}
        assert client.sum(**given) == 7
    (asked,) = Answering.asked
    assert asked[:2] == ("GET", "/sums/sum?numbers=3&numbers=4&label=a%20%26%20b%2F%C3%BC&day=2026-11-27")


def test_what_has_no_soap_has_no_protocol_for_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sums = generated_module(tmp_path, "sums_by_post", monkeypatch, http_ports=frozenset({"SumsHttpPost"}))
    assert {"SumsSoap", "SumsSoapClient", "SumsHttpPostClient", "AsyncSumsHttpPostClient"} <= set(sums.__all__)
    assert not {"SumsHttpPost", "AsyncSumsHttpPost", "SumsHttpGetClient"} & set(sums.__all__)


def test_a_contract_without_any_soap_is_generated_with_all_its_ports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = re.sub(r'<port name="SumsSoap".*?</port>', "", WSDL.read_text())
    (tmp_path / "sums.wsdl").write_text(text)
    sums = generated_module(tmp_path, "sums_alone", monkeypatch, source=tmp_path / "sums.wsdl")
    assert {"SumsHttpGetClient", "SumsHttpPostClient"} <= set(sums.__all__)
    with pytest.raises(UsageError, match="nothing to serve"):
        skeleton_source(generated(load_contract(tmp_path / "sums.wsdl"), "sums_alone").package)


def test_a_port_that_is_not_there_is_told_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no port SumHttpGet with an HTTP binding; did you mean SumsHttpGet"):
        generate(WSDL, tmp_path / "sums", options=Options(http_ports=frozenset({"SumHttpGet"})))
