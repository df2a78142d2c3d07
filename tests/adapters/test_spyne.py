"""A Spyne application served by soapkit: its functions, faults, headers and events, in both SOAP versions."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from msgspec import UNSET

import soapkit
from soapkit.errors import Fault, UsageError
from soapkit.testing import loopback

pytestmark = pytest.mark.skipif(sys.version_info >= (3, 12), reason="Spyne does not import on Python 3.12 or later")


class Program:
    """A program in Spyne, as it stands in a house that has one."""

    def __init__(self, protocol: str = "1.1", **settings: Any) -> None:
        from spyne import (
            Application,
            Array,
            Boolean,
            ByteArray,
            ComplexModel,
            DateTime,
            Enum,
            Fault,
            Integer,
            ServiceBase,
            Unicode,
            rpc,
        )
        from spyne import Decimal as SpyneDecimal
        from spyne.protocol.soap import Soap11, Soap12

        seen: list[Any] = []

        class Line(ComplexModel):
            __namespace__ = "urn:example:spyne"
            article = Unicode(min_occurs=1, nillable=False)
            quantity = Integer(min_occurs=1, nillable=False)
            price = SpyneDecimal(min_occurs=1, nillable=False)

        class Gift(Line):
            __namespace__ = "urn:example:spyne"
            wrapping = Enum("plain", "red", type_name="Wrapping")

        class Session(ComplexModel):
            __namespace__ = "urn:example:spyne"
            user = Unicode

        class TooMany(Fault):
            __namespace__ = "urn:example:spyne"
            left = Integer

            def __init__(self, left: int) -> None:
                super().__init__("Client.TooMany", f"only {left} left")
                self.left = left

        class Shop(ServiceBase):
            @rpc(Array(Line), _returns=SpyneDecimal, _throws=[TooMany])
            def total(ctx, lines):  # noqa: N805
                """The price of it all."""
                if any(line.quantity < 0 for line in lines):
                    raise Fault("Client.Negative", "less than nothing")
                if any(line.quantity > 100 for line in lines):
                    raise TooMany(100)
                return sum((line.price * line.quantity for line in lines), Decimal(0))

            @rpc(Integer, _returns=Array(Line))
            def catalogue(ctx, count):  # noqa: N805
                gift = Gift(article="g", quantity=1, price=Decimal(2), wrapping="red")
                return [Line(article=f"a{n}", quantity=n, price=Decimal("1.50")) for n in range(count)] + [gift]

            @rpc(Unicode, DateTime, ByteArray, Boolean, _returns=[Unicode, DateTime, ByteArray, Boolean])
            def echo(ctx, text, moment, data, flag):  # noqa: N805
                return text, moment, data, flag

            @rpc(_returns=Unicode)
            def breaks(ctx):  # noqa: N805
                raise ValueError("the password is swordfish")

            @rpc(Unicode, _in_header=(Session,), _out_header=(Session,), _returns=Unicode)
            def hello(ctx, greeting):  # noqa: N805
                ctx.out_header = Session(user="server")
                ctx.transport.resp_headers["X-Shop"] = "open"
                return f"{greeting} {ctx.in_header.user} at {ctx.transport.req_env['REMOTE_ADDR']}"

            @rpc(Line, _body_style="bare", _returns=Line)
            def same(ctx, line):  # noqa: N805
                return line

        Shop.event_manager.add_listener("method_call", lambda ctx: seen.append(ctx.method_name))
        kind = {"1.1": Soap11, "1.2": Soap12}[protocol]
        self.seen = seen
        self.application = Application(
            [Shop], "urn:example:spyne", name="Shop", in_protocol=kind(validator="lxml"), out_protocol=kind()
        )


@pytest.fixture(params=["1.1", "1.2"])
def program(request: pytest.FixtureRequest) -> Program:
    return Program(request.param)


@pytest.fixture(params=["1.1", "1.2"])
def client(request: pytest.FixtureRequest, program: Program) -> Any:
    from soapkit.adapters.spyne import served

    transport = loopback(soapkit.asgi(**served(program.application), validate="both"))
    return soapkit.Client.from_wsdl("http://shop/?wsdl", "http://shop/", transport=transport, version=request.param)


def lines(client: Any, *quantities: int) -> Any:
    return {"line": [{"article": "a", "quantity": each, "price": Decimal("1.5")} for each in quantities]}


def test_functions_get_spynes_objects_and_their_results_are_typed(client: Any, program: Program) -> None:
    assert client.total(lines=lines(client, 2, 4)) == Decimal("9.0")
    assert program.seen == ["total"]
    first, last = client.catalogue(count=1).line
    assert (first.article, first.quantity, first.price) == ("a0", 0, Decimal("1.50"))
    assert last.article == "g"


def test_every_kind_of_value_goes_there_and_back(client: Any) -> None:
    moment = datetime(2026, 11, 29, 12, 30, tzinfo=UTC)
    answer = client.echo(text="ä & <b>", moment=moment, data=b"\x00\xff" * 50, flag=True)
    assert (answer.echo_result0, answer.echo_result1) == ("ä & <b>", moment)
    assert (answer.echo_result2, answer.echo_result3) == (b"\x00\xff" * 50, True)
    nothing = client.echo(text=None, moment=None, data=None, flag=None)
    assert nothing.echo_result0 is UNSET  # Spyne leaves out what is None


def test_a_bare_message_is_one(client: Any) -> None:
    line = client.same(article="a", quantity=1, price=Decimal(2))
    assert line.price == Decimal(2)


def test_a_declared_fault_has_its_members_in_the_detail_where_others_find_them(client: Any) -> None:
    with pytest.raises(soapkit.DeclaredFault, match="only 100 left") as caught:
        client.total(lines=lines(client, 101))
    assert caught.value.detail.left == 100
    assert caught.value.code.name == "Sender"


def test_any_other_fault_keeps_its_reason_and_side(client: Any) -> None:
    with pytest.raises(Fault, match="less than nothing") as caught:
        client.total(lines=lines(client, -1))
    assert caught.value.code.name == "Sender"


def test_what_a_function_did_wrong_is_not_told_to_the_caller(client: Any) -> None:
    with pytest.raises(Fault, match="internal error") as caught:
        client.breaks()
    assert "swordfish" not in str(caught.value)


def test_headers_of_messages_and_of_http_come_and_go(program: Program) -> None:
    from soapkit.adapters.spyne import served

    transport = loopback(soapkit.asgi(**served(program.application)))
    client: Any = soapkit.Client.from_wsdl("http://shop/?wsdl", "http://shop/", transport=transport)
    session = {"user": "ada"}
    exchange = client.with_exchange.hello(greeting="hi", session=session)
    assert exchange.value == "hi ada at 127.0.0.1"
    assert next(iter(exchange.headers.values())).user == "server"
    assert exchange.response_headers.get("x-shop") == "open"


def test_wsgi_hosts_it_too(program: Program) -> None:
    from soapkit.adapters.spyne import served

    transport = loopback(soapkit.wsgi(**served(program.application)))
    client: Any = soapkit.Client.from_wsdl("http://shop/?wsdl", "http://shop/", transport=transport)
    assert client.total(lines=lines(client, 2)) == Decimal("3.0")


def test_zeep_calls_it_over_a_socket(program: Program, serve: Callable[..., str]) -> None:
    import zeep

    from soapkit.adapters.spyne import served

    address = serve(soapkit.asgi(**served(program.application)))
    caller = zeep.Client(f"{address}?wsdl")
    line = {"article": "a", "quantity": 2, "price": Decimal("1.5")}
    assert caller.service.total({"Line": [line]}) == Decimal("3.0")
    with pytest.raises(zeep.exceptions.Fault, match="only 100 left") as caught:
        caller.service.total({"Line": [{**line, "quantity": 101}]})
    assert caught.value.detail.findtext(".//{*}left") == "100"


def test_a_program_without_soap_is_told() -> None:
    from spyne import Application, ServiceBase, rpc
    from spyne.protocol.json import JsonDocument

    from soapkit.adapters.spyne import served

    class Nothing(ServiceBase):
        @rpc()
        def nothing(ctx):  # noqa: N805
            pass

    application = Application([Nothing], "urn:x", in_protocol=JsonDocument(), out_protocol=JsonDocument())
    with pytest.raises(UsageError, match="not served by SOAP"):
        served(application)
