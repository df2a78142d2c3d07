"""A shop, code first: records, lists, enumerations, faults, header blocks; its WSDL is written from these annotations.

soapkit serve orders:Orders
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Generic, TypeVar
from uuid import UUID, uuid5

import msgspec
from msgspec import Meta

import soapkit

ItemT = TypeVar("ItemT")
Article = Annotated[str, Meta(pattern="^[A-Z]{2}-[0-9]{4}$")]
Quantity = Annotated[int, Meta(ge=1, le=1000)]
SHOP = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")


class State(StrEnum):
    """How far an order has come."""

    OPEN = "open"
    PAID = "paid"
    SENT = "sent"


@dataclass
class Line:
    """One article of an order."""

    article: Article
    quantity: Quantity
    price: Decimal
    "Of one piece, in euros."


class Card(msgspec.Struct, kw_only=True):
    """Paid with a card."""

    number: str
    expires: str


class Invoice(msgspec.Struct, kw_only=True):
    """Paid after delivery."""

    days: int = 14


class Order(msgspec.Struct, kw_only=True):
    """What a customer asks for."""

    id: UUID
    number: int
    lines: list[Line]
    payment: Card | Invoice
    state: State = State.OPEN
    placed: datetime
    "When it came in, in UTC."
    deliver_within: timedelta = timedelta(days=3)
    note: str | None = None
    label: bytes | None = None


class Page(msgspec.Struct, Generic[ItemT], kw_only=True):
    """Some of many."""

    items: list[ItemT]
    total: int


class Caller(msgspec.Struct, kw_only=True):
    """Who calls, as a header block of every request that changes something."""

    name: str
    branch: int | None = None


class Shortage(msgspec.Struct, kw_only=True):
    article: Article
    left: int


class OutOfStock(soapkit.DeclaredFault[Shortage]):
    """There is less than was ordered."""


class UnknownOrder(soapkit.DeclaredFault[int]):
    """There is no order of this number."""


@dataclass
class Memory:
    """A database would be better."""

    stock: dict[str, int] = field(default_factory=lambda: {"NU-0001": 100, "BO-0002": 5})
    orders: dict[int, Order] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))


@soapkit.service("urn:example:orders")
class Orders:
    """Takes orders for nuts and bolts."""

    def __init__(self) -> None:
        self.memory = Memory()

    @soapkit.operation(raises=[OutOfStock], reply_headers={"receipt": UUID})
    def place(
        self,
        lines: list[Line],
        payment: Card | Invoice,
        caller: Annotated[Caller, soapkit.header("Caller")],
        call: soapkit.Call,
        note: str | None = None,
    ) -> Order:
        """Order something."""
        for line in lines:
            left = self.memory.stock.get(line.article, 0)
            if line.quantity > left:
                raise OutOfStock(Shortage(article=line.article, left=left), f"{left} of {line.article} are left")
        number = next(self.memory.numbers)
        order = Order(
            id=uuid5(SHOP, str(number)),
            number=number,
            lines=lines,
            payment=payment,
            placed=datetime.now(UTC).replace(microsecond=0),
            note=note or f"for {caller.name}",
        )
        self.memory.orders[number] = order
        call.reply_headers["receipt"] = order.id
        return order

    @soapkit.operation(raises=[UnknownOrder])
    async def find(self, number: int) -> Order:
        """The order of a number."""
        try:
            return self.memory.orders[number]
        except KeyError:
            raise UnknownOrder(number, f"there is no order {number}") from None

    @soapkit.operation
    def search(self, states: list[State], first: int = 0, size: Annotated[int, Meta(ge=1, le=100)] = 10) -> Page[Order]:
        """The orders in these states, page by page; in any state if none is given."""
        found = [order for order in self.memory.orders.values() if not states or order.state in states]
        return Page(items=found[first : first + size], total=len(found))

    @soapkit.operation
    def total(self, order: Order) -> Decimal:
        """What an order costs."""
        return sum((line.price * line.quantity for line in order.lines), Decimal(0))

    @soapkit.operation(one_way=True)
    def viewed(self, number: int, at: datetime) -> None:
        """Somebody looked at an order: no reply is waited for."""


app = soapkit.asgi(Orders())
