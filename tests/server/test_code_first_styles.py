"""Services declared in code, over the wire: bare and rpc messages, header blocks in and out, the sample of a shop."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import msgspec
import pytest

import soapkit
from soapkit.server.service import operation, service
from soapkit.testing import FakeTransport, loopback
from soapkit.wsdl.lint.check import lint
from soapkit.wsdl.load import load_contract


class Note(msgspec.Struct, kw_only=True):
    text: str
    stars: int = 0


@service("urn:example:bare", style="bare")
class Bare:
    @operation
    def keep(self, note: Note) -> int:
        return note.stars

    @operation
    def ping(self) -> None: ...

    @operation
    def double(self, number: int) -> int:
        return 2 * number


@service("urn:example:rpc", style="rpc")
class Rpc:
    @operation
    def keep(self, note: Note, times: int = 1) -> Note:
        return Note(text=note.text * times)

    @operation
    def ping(self) -> None: ...


@service("urn:example:mixed")
class Mixed:
    @operation(reply_headers={"seen": int, "Last": Note})
    def ask(
        self,
        call: soapkit.Call,
        user: Annotated[str, soapkit.header()],
        hint: Annotated[Note | None, soapkit.header("Hint", namespace="urn:example:hints")],
        zone: Annotated[str, soapkit.header()] = "UTC",
    ) -> str:
        call.reply_headers["seen"] = 7
        return f"{user} {zone} {hint.text if hint else '-'}"


def published(app: Any) -> bytes:
    publish = app.endpoints[""].publication.publish
    assert publish is not None
    document: bytes = publish("http://localhost/")["wsdl"]
    return document


def client_of(implementation: object) -> Any:
    app = soapkit.asgi(implementation, validate="both")
    return soapkit.Client.from_wsdl(published(app), transport=loopback(app), validate="both")


def test_the_only_parameter_of_a_bare_message_is_the_element_in_the_body() -> None:
    client = client_of(Bare())
    preview = client.preview.keep(text="x", stars=3).request
    assert b":keep " in preview
    assert b"<ns1:text>x" in preview
    assert client.keep(text="x", stars=3) == 3
    assert client.double(number=4) == 8
    assert b"<soap:Body></soap:Body>" in client.with_exchange.ping().response


def test_rpc_parameters_are_parts_in_no_namespace() -> None:
    client = client_of(Rpc())
    note = client.types.Note(text="ab")
    assert b"<times>2</times>" in client.preview.keep(note=note, times=2).request
    assert client.keep(note=note, times=2).text == "abab"
    assert b'<ns1:pingResponse xmlns:ns1="urn:example:rpc"/>' in client.with_exchange.ping().response


RESULT = b'<rpc:result xmlns:rpc="http://www.w3.org/2003/05/soap-rpc">result</rpc:result>'


def test_rpc_replies_of_soap_1_2_name_their_return_value_where_it_is_asked_for() -> None:
    app = soapkit.asgi(Rpc(), rpc_result=True)
    for version, named in (("1.1", False), ("1.2", True)):
        client = soapkit.Client.from_wsdl(published(app), transport=loopback(app), version=version)
        note = client.types.Note(text="ab")
        answer = client.with_exchange.keep(note=note, times=1)
        assert (RESULT in answer.response) is named
        assert answer.value.text == "ab"
        assert RESULT not in client.with_exchange.ping().response


def test_what_names_a_return_value_is_passed_over_by_a_client() -> None:
    app = soapkit.asgi(Rpc())
    plain = soapkit.Client.from_wsdl(published(app), transport=loopback(app), version="1.2")
    answer = plain.with_exchange.keep(note=plain.types.Note(text="ab"), times=1)
    assert RESULT not in answer.response
    named = answer.response.replace(b"<result>", RESULT + b"<result>")
    client = soapkit.Client.from_wsdl(published(app), transport=FakeTransport(named), version="1.2")
    assert client.keep(note=client.types.Note(text="x"), times=1).text == "ab"


def test_header_blocks_come_in_and_go_out_typed() -> None:
    client = client_of(Mixed())
    answer = client.with_exchange.ask(user="ada", zone="CET", hint=client.types.Note(text="t"))
    assert answer.value == "ada CET t"
    assert answer.headers == {"seen": 7}


def test_a_header_block_with_a_default_may_be_missing() -> None:
    assert client_of(Mixed()).ask(user="ada") == "ada UTC -"


def test_a_header_block_without_a_default_may_not() -> None:
    app = soapkit.asgi(Mixed())
    with pytest.raises(TypeError, match="user"):
        client_of(Mixed()).ask()
    assert b'part="user" use="literal" wsdl:required="true"' in published(app)


@pytest.mark.parametrize("cls", [Bare, Rpc, Mixed])
def test_the_basic_profile_has_nothing_against_what_is_published(cls: type) -> None:
    found = lint(load_contract(published(soapkit.asgi(cls())), strict=True))
    assert [finding for finding in found if finding.level == "error"] == []


# --- the sample ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def orders(root: Path) -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("orders_sample", root / "samples" / "orders.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["orders_sample"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["orders_sample"]


@pytest.fixture
def shop(orders: ModuleType) -> Any:
    return client_of(orders.Orders())


def placed(shop: Any, quantity: int = 3, article: str = "NU-0001") -> Any:
    types = shop.types
    line = types.Line(article=article, quantity=quantity, price=Decimal("0.50"))
    return shop.with_exchange.place(
        lines=[line], invoice=types.Invoice(days=3), caller=types.Caller(name="ada", branch=None)
    )


def test_an_order_is_placed_and_found_again(shop: Any) -> None:
    answer = placed(shop)
    assert answer.value.invoice.days == 3
    assert answer.value.card is None
    assert answer.headers == {"receipt": answer.value.id}
    assert shop.find(number=answer.value.number) == answer.value
    assert shop.total(order=answer.value) == Decimal("1.50")


def test_the_orders_of_some_states_come_page_by_page(shop: Any) -> None:
    for _ in range(3):
        placed(shop)
    page = shop.search(states=[shop.types.State.OPEN], first=1, size=1)
    assert (page.total, len(page.items)) == (3, 1)
    assert shop.search(states=[shop.types.State.SENT]).total == 0


def test_what_is_out_of_stock_is_a_fault_with_its_detail(shop: Any) -> None:
    with pytest.raises(shop.types.OutOfStock, match="5 of BO-0002 are left") as caught:
        placed(shop, 30, "BO-0002")
    assert (caught.value.detail.article, caught.value.detail.left) == ("BO-0002", 5)
    with pytest.raises(shop.types.UnknownOrder) as unknown:
        shop.find(number=99)
    assert unknown.value.detail == 99


def test_nobody_waits_for_a_view(shop: Any) -> None:
    assert shop.viewed(number=1, at=placed(shop).value.placed) is None


def test_what_breaks_a_facet_is_refused_before_the_method_runs(shop: Any) -> None:
    with pytest.raises(soapkit.SoapkitError, match="quantity"):
        placed(shop, 0)
