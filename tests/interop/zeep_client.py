"""Calls the demo Bank, or the code-first sample, with zeep, and tells what it got, line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import zeep
import zeep.exceptions
from lxml import etree

BYTES = bytes([7]) * 5000


def refused(call: Callable[..., object], **values: object) -> etree._Element:
    """What a declared fault carries."""
    try:
        call(**values)
    except zeep.exceptions.Fault as fault:
        detail: etree._Element = fault.detail
        return detail[0]
    raise AssertionError("no fault")


def bank(address: str, version: str) -> Iterator[str]:
    client = zeep.Client(f"{address}?wsdl")
    types = client.type_factory("urn:example:bank:types")
    port: Any = client.bind("BankService", f"BankSoap{version.replace('.', '')}")

    receipt = port.transfer(source="DE1", target="DE2", amount=Decimal("10.00"))
    yield f"transfer {receipt.amount} {str(receipt.booked > datetime(2024, 1, 1, tzinfo=UTC)).lower()}"

    account = port.account(iban="DE1")
    owner = account.owner[0]
    yield (
        f"account {account.iban} {owner.name} {owner.born} {owner.email} {account.balance} {account.opened} "
        f"{account.kind or 'current'} {account.currency}"
    )

    entries = port.statement(iban="DE1")
    last = entries[-1]
    yield (
        f"statement {len(entries)} {last.id} {last.number} {last.booked:%Y-%m-%dT%H:%M:%SZ} {last.valueDate} "
        f"{last.amount:.2f} {last.balance:.2f} {last.counterparty} {last.text} {str(last.cleared).lower()}"
    )

    funds = refused(port.transfer, source="DE1", target="DE2", amount=Decimal("100000.00"))
    yield f"fault {' '.join(child.text for child in funds)}"

    port.notify(iban="DE1", message="hello")
    yield "notified"

    ada = types.Person(name="Ada Lovelace", born=date(1815, 12, 10))
    scan = types.Scan(_value_1=BYTES, mediaType="image/png", pages=2)
    opened = port.openAccount(owner=[ada], kind="savings", currency="EUR", deposit=Decimal("1.50"), scan=[scan])
    yield f"opened {opened.kind} {opened.balance} {opened.currency}"

    closed = port.closeAccount(iban=opened.iban, payTo="DE2", _soapheaders={"caller": {"user": "ada"}})
    yield f"closed {closed.body.receipt.amount} {'audited' if closed.header.auditNumber > 0 else '?'}"

    value = port.echo(
        value=types.Everything(
            text="Grüße & <tags>",
            truth=True,
            small=-7,
            large=9007199254740991,
            exact=Decimal("1234.5678"),
            real=0.25,
            day=date(2026, 11, 30),
            moment=datetime(2026, 11, 30, 12, tzinfo=UTC),
            clock="12:34:56",
            span=timedelta(days=1, hours=2),
            year=(2026, None),
            link="http://example.org/a?b=c&d",
            name=etree.QName("urn:n", "thing"),
            bytes=BYTES,
            digest="DEADBEEF",
            kind="loan",
            limit=Decimal("7.50"),  # zeep reads a union as the first of its types
            labels=["a", "b"],
            number=[1, 2, 3],
            nothing=zeep.xsd.Nil,
            left=5,
            _value_1=[{"cash": Decimal("1.50")}, {"cheque": "c1"}],
            party=ada,
            scan=scan,
            branch={"code": "LON", "city": "London", "branch": [{"code": "TRN", "city": "Turin"}]},
            priority=3,
        )
    )
    choices: dict[str, Any] = {key: each[key] for each in value._value_1 for key in each if each[key] is not None}
    told = (
        *(value.text, str(value.truth).lower(), value.small, value.large, value.exact, value.real, value.day),
        *(f"{value.moment:%Y-%m-%dT%H:%M:%SZ}", value.clock, _written(value.span), value.year[0]),
        *(value.link, value.name.partition(":")[2], len(value.bytes), value.digest, value.kind, value.limit),
        *(" ".join(value.labels), " ".join(map(str, value.number)), value.nothing or "nil", value.absent or "absent"),
        *(f"left {value.left}", f"cash {choices['cash']}", f"cheque {choices['cheque']}"),
        *(
            f"{value.party.name} {value.party.born}",
            f"{value.scan.mediaType} {value.scan.pages} {len(value.scan._value_1)}",
        ),
        *(f"{value.branch.code} {value.branch.branch[0].code}", value.version, value.priority),
    )
    yield "echo " + "|".join(map(str, told))


def orders(address: str, version: str) -> Iterator[str]:
    client = zeep.Client(f"{address}?wsdl")
    port: Any = client.bind("Orders", f"OrdersSoap{version.replace('.', '')}")

    def placing(quantity: int) -> dict[str, Any]:
        return {
            "lines": [{"article": "NU-0001", "quantity": quantity, "price": Decimal("0.50")}],
            "Card": {"number": "1", "expires": "2030"},
            "_soapheaders": {"caller": {"name": "peer", "branch": 7}},
        }

    placed = port.place(**placing(2))
    order, receipt = placed.body.result, placed.header.receipt
    [line] = order.lines
    yield (
        f"placed {order.number} {len(order.id)} {line.article} {line.quantity} {line.price} card {order.Card.number} "
        f"{order.Card.expires} {order.state} {str(order.placed > datetime(2024, 1, 1, tzinfo=UTC)).lower()} "
        f"{_written(order.deliver_within)} {order.note} {order.label or 'absent'} "
        f"{'receipt' if receipt == order.id else '?'}"
    )
    yield f"shortage {' '.join(child.text for child in refused(port.place, **placing(1000)))}"

    found = port.find(number=1)
    yield f"found {found.number} {found.state}"
    yield f"unknown {refused(port.find, number=99).text}"
    page = port.search(states=["open", "paid"])
    yield f"search {page.total} {page['items'][0].number}"
    port.viewed(number=1, at=datetime(2026, 11, 30, 12, tzinfo=UTC))
    yield "viewed"

    yield f"total {port.total(order=order)}"
    order.label = BYTES
    yield f"labelled {port.total(order=order)}"


def _written(span: timedelta) -> str:
    """A duration of days and hours as it is in XML."""
    hours = span.seconds // 3600
    return f"P{span.days}D" + (f"T{hours}H" if hours else "")
