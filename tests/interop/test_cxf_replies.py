"""Apache CXF answers elsewhere (WS-Addressing, ReplyTo): a client waits at an address of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest

import soapkit
from soapkit.exchange.pending import MemoryPendingReplies
from soapkit.server.answers import answers_asgi
from soapkit.ws.addressing import Addressing, EndpointReference
from tests.interop.java_driver import JAVA, Driver, built


@pytest.fixture(scope="module", params=["1.1", "1.2"])
def oracle(request: pytest.FixtureRequest, missing_peer: Callable[[str], NoReturn]) -> Iterator[str]:
    """The address of the service, in one SOAP version."""
    driver = Driver(
        built(JAVA / "replies", "RepliesDriver", "cxf-replies", missing_peer), "RepliesDriver", request.param
    )
    [port] = driver.line()
    yield f"http://127.0.0.1:{port}/oracle"
    driver.close()


@pytest.fixture
def client(oracle: str, serve: Callable[..., str]) -> Any:
    pending = MemoryPendingReplies()
    # CXF 4 asks to go on in HTTP/2; uvicorn with httptools then loses the body: docs/howto/host.rst
    address = serve(answers_asgi(pending), http="h11")
    addressing = Addressing(reply_to=EndpointReference(f"{address}answers"))
    with soapkit.Client.from_wsdl(f"{oracle}?wsdl", addressing=addressing, pending=pending, timeout=20) as made:
        yield made


def test_its_answer_comes_elsewhere(client: Any) -> None:
    exchange = client.with_exchange.ask(question="tea")
    assert exchange.value == "tea? yes"
    assert b"RelatesTo" in exchange.response


def test_its_fault_comes_elsewhere_typed(client: Any) -> None:
    with pytest.raises(soapkit.DeclaredFault, match="nothing was asked") as caught:
        client.ask(question="")
    assert caught.value.detail == "silence"
