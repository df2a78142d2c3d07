"""Eclipse Metro (JAX-WS), live over real sockets: MTOM and swaRef in both directions, in both SOAP versions.

The driver is java/metro/MetroDriver.java, a service and a client; Maven fetches Metro once, into the user's cache.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

import soapkit
from soapkit import Attachment
from soapkit.client.dynamic import documents_for
from soapkit.codegen.generate import module_in_memory
from soapkit.wsdl.load import load_contract
from tests.interop.java_driver import JAVA, Driver, built

DATA = random.Random(2).randbytes(200_000)


@pytest.fixture(scope="session")
def folder(missing_peer: Callable[[str], NoReturn]) -> Path:
    return built(JAVA / "metro", "MetroDriver", "Metro", missing_peer)


class Metro(Driver):
    """The driver, running. `address`: of its service."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "MetroDriver")
        self.address = self.line()[1]

    def calls(self, wsdl: str, service: str, size: int) -> list[str]:
        """What a Metro client finds when it sends so many bytes to the service of this contract."""
        return self.ask("call", wsdl, service, str(size))


@pytest.fixture(scope="module")
def metro(folder: Path) -> Iterator[Metro]:
    running = Metro(folder)
    yield running
    running.close()


@pytest.fixture(params=["11", "12"])
def version(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_metro_understands_what_we_pack_and_we_what_metro_packs(metro: Metro, version: str) -> None:
    with soapkit.Client.from_wsdl(f"{metro.address}store{version}?wsdl", mtom=True) as store:
        exchange = store.with_exchange.echo(data=DATA)
        assert exchange.value == DATA
        assert exchange.response_headers["content-type"].startswith("multipart/related")
        assert [one.size for one in exchange.attachments] == [len(DATA)]
        assert b"<xop:Include" in exchange.request
        assert store.sizes(one=DATA, many=[DATA, b"123"]) == "200000 and 200003"
        assert store.echo(data=b"small\r\n") == b"small\r\n"


def test_a_file_goes_to_metro_and_back(metro: Metro, version: str, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(DATA)
    with soapkit.Client.from_wsdl(f"{metro.address}store{version}?wsdl", mtom=True) as store:
        back = store.typed(file=Attachment.from_path(path))
        assert isinstance(back, Attachment)  # the contract says xmime:expectedContentTypes
        assert back.read() == DATA


@pytest.mark.parametrize("mtom", [True, False], ids=["MTOM", "SOAP with Attachments"])
def test_what_metro_refers_to_is_an_attachment(metro: Metro, version: str, mtom: bool) -> None:
    with soapkit.Client.from_wsdl(f"{metro.address}store{version}?wsdl", mtom=mtom) as store:
        back = store.referred(file=Attachment(DATA, "image/x-test"))
        assert (back.content_type, back.read()) == ("image/x-test", DATA)


def test_a_metro_client_calls_our_service_with_mtom(metro: Metro, version: str, serve: Callable[..., str]) -> None:
    source = f"{metro.address}store{version}?wsdl"
    contract = load_contract(source, documents=documents_for(source))
    module = module_in_memory(contract.services, contract.shapes, name="metro_store")
    protocol: Any = getattr(module, f"Store{version}")
    seen: list[int] = []

    class Store(protocol):  # type: ignore[misc]  # generated here
        def echo(self, *, data: bytes, call: soapkit.Call) -> bytes:
            seen.append(len(call.attachments))
            return data

        def typed(self, *, file: bytes) -> bytes:
            return file

        def referred(self, *, file: Attachment) -> Attachment:
            assert file.content_type == "image/x-test"
            return file

        def sizes(self, *, one: bytes, many: list[bytes]) -> str:
            return f"{len(one)} and {sum(map(len, many))}"

    address = serve(soapkit.asgi(Store()))
    answer = metro.calls(f"{address}?wsdl", f"Store{version}", 300_000)
    assert answer[:3] == ["ok", "true", "300000 and 300003"]
    assert seen == [1]
