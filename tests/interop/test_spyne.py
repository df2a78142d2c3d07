"""The soapkit client calls a Spyne server, over real sockets."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

import soapkit

pytestmark = pytest.mark.skipif(sys.version_info >= (3, 12), reason="Spyne does not import on Python 3.12 or later")


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def spyne_application(protocol: str) -> Any:
    """A small shop, in Spyne."""
    from spyne import Application, Array, ComplexModel, DateTime, Fault, Integer, ServiceBase, Unicode, rpc
    from spyne import Decimal as SpyneDecimal
    from spyne.protocol.soap import Soap11, Soap12
    from spyne.server.wsgi import WsgiApplication

    class Line(ComplexModel):
        __namespace__ = "urn:example:spyne"
        article = Unicode(min_occurs=1, nillable=False)
        quantity = Integer(min_occurs=1, nillable=False)
        price = SpyneDecimal(min_occurs=1, nillable=False)

    class Shop(ServiceBase):
        @rpc(Array(Line), _returns=SpyneDecimal)
        def total(ctx, lines):  # noqa: N805
            if any(line.quantity < 0 for line in lines):
                raise Fault("Client.Negative", "less than nothing")
            return sum((line.price * line.quantity for line in lines), Decimal(0))

        @rpc(Integer, _returns=Array(Line))
        def catalogue(ctx, count):  # noqa: N805
            return [Line(article=f"a{number}", quantity=number, price=Decimal("1.50")) for number in range(count)]

        @rpc(Unicode, DateTime, _returns=DateTime)
        def echo(ctx, text, moment):  # noqa: N805
            return moment

    kind = {"1.1": Soap11, "1.2": Soap12}[protocol]
    return WsgiApplication(
        Application([Shop], "urn:example:spyne", name="Shop", in_protocol=kind(validator="lxml"), out_protocol=kind())
    )


@pytest.fixture(params=["1.1", "1.2"])
def client(request: pytest.FixtureRequest) -> Iterator[Any]:
    with make_server("127.0.0.1", 0, spyne_application(request.param), handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        with soapkit.Client.from_wsdl(f"http://127.0.0.1:{server.server_port}/?wsdl") as made:
            yield made
        server.shutdown()
        thread.join(timeout=10)


def test_a_list_of_records_goes_in(client: Any) -> None:
    line = client.types.Line(article="nut", quantity=3, price=Decimal("0.50"))
    assert client.total(lines=client.types.LineArray(line=[line, line])) == Decimal("3.00")


def test_a_list_of_records_comes_out(client: Any) -> None:
    catalogue = client.catalogue(count=3)
    assert [line.article for line in catalogue.line] == ["a0", "a1", "a2"]


def test_a_moment_keeps_its_zone(client: Any) -> None:
    moment = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
    assert client.echo(text="x", moment=moment) == moment


def test_a_fault_of_spyne_is_an_exception(client: Any) -> None:
    line = client.types.Line(article="nut", quantity=-1, price=Decimal("0.50"))
    with pytest.raises(soapkit.Fault, match="less than nothing"):
        client.total(lines=client.types.LineArray(line=[line]))
