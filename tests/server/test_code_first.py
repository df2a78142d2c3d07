"""Code first: annotations become a contract that others read, and a service that answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec
import pytest

import soapkit
from soapkit.errors import UsageError
from soapkit.server.service import operation, service
from soapkit.testing import loopback


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Line(msgspec.Struct, kw_only=True):
    """One line of an order."""

    article: str
    quantity: int
    price: Decimal
    colour: Colour | None = None


@dataclass
class Order:
    number: int
    lines: list[Line]
    note: str | None = None


class Shortage(msgspec.Struct, kw_only=True):
    article: str
    left: int


class OutOfStock(soapkit.DeclaredFault[Shortage]):
    """There is not enough of an article."""


@service("urn:example:shop")
class Shop:
    """Takes orders."""

    @operation(raises=[OutOfStock])
    def order(self, order: Order) -> Decimal:
        """The price of an order."""
        for line in order.lines:
            if line.quantity > 10:
                raise OutOfStock(Shortage(article=line.article, left=10), "not enough")
        return sum((line.price * line.quantity for line in order.lines), Decimal(0))

    @operation
    def colours(self) -> list[Colour]:
        return list(Colour)

    @operation
    async def now(self, zone: str = "UTC") -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    @operation(one_way=True)
    def forget(self, number: int) -> None: ...


@pytest.fixture
def client() -> Any:
    app = soapkit.asgi(Shop())
    wsdl = app.endpoints[""].publication.publish
    assert wsdl is not None
    return soapkit.Client.from_wsdl(wsdl("http://shop/")["wsdl"], transport=loopback(app), validate="both")


def test_a_record_of_records_goes_in_and_a_value_comes_out(client: Any) -> None:
    line = client.types.Line(article="nut", quantity=3, price=Decimal("0.50"), colour=client.types.Colour.RED)
    assert client.order(order=client.types.Order(number=1, lines=[line])) == Decimal("1.50")


def test_a_declared_fault_is_typed_on_the_other_side(client: Any) -> None:
    line = client.types.Line(article="nut", quantity=30, price=Decimal("0.50"))
    with pytest.raises(client.types.OutOfStock) as caught:
        client.order(order=client.types.Order(number=1, lines=[line]))
    assert caught.value.detail.left == 10


def test_a_list_of_an_enumeration_comes_out(client: Any) -> None:
    assert [colour.value for colour in client.colours()] == ["red", "green"]


def test_a_parameter_with_a_default_may_be_left_out(client: Any) -> None:
    assert client.now() == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_one_way_operation_returns_nothing(client: Any) -> None:
    assert client.forget(number=1) is None


def test_docstrings_become_documentation(client: Any) -> None:
    assert client.service.operation("order").documentation == "The price of an order."


def test_a_parameter_without_annotation_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match=r"test_code_first.py:\d+: Bad\.go: parameter 'what' needs an annotation"):

        @service("urn:x")
        class Bad:
            @operation
            def go(self, what) -> None:  # type: ignore[no-untyped-def]
                ...


def test_a_fault_without_a_detail_type_is_refused_by_name() -> None:
    class Vague(soapkit.DeclaredFault):  # type: ignore[type-arg]
        pass

    with pytest.raises(UsageError, match="Vague must say what its detail is"):

        @service("urn:x")
        class Bad:
            @operation(raises=[Vague])
            def go(self) -> None: ...


def test_a_class_that_is_no_service_is_refused() -> None:
    with pytest.raises(UsageError, match="is no service"):
        soapkit.asgi(object())


def test_the_decorators_are_on_the_face_of_the_kit() -> None:
    assert soapkit.service is service
    assert soapkit.operation is operation
