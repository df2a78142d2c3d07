"""Calls the demo Bank, or the code-first sample, with suds, and tells what it got, line by line: SOAP 1.1 only."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import suds
import suds.client
from suds.sax.element import Element

BYTES = base64.b64encode(bytes([7]) * 5000).decode()  # suds hands base64 on as it is


def refused(call: Callable[..., object], *values: object, **named: object) -> Any:
    """What a declared fault carries."""
    try:
        call(*values, **named)
    except suds.WebFault as error:
        return error.fault.detail
    raise AssertionError("no fault")


def bank(address: str, version: str) -> Iterator[str]:
    client = suds.client.Client(f"{address}?wsdl", cache=None)
    client.set_options(port="BankSoap11")
    port = client.service

    receipt = port.transfer("DE1", "DE2", Decimal("10.00"))
    yield f"transfer {receipt.amount} {str(receipt.booked > datetime(2024, 1, 1, tzinfo=UTC)).lower()}"

    account = port.account("DE1")
    owner = account.owner[0]
    yield (
        f"account {account.iban} {owner.name} {owner.born} {owner.email} {account.balance} {account.opened} "
        f"{getattr(account, '_kind', 'current')} {account._currency}"
    )

    entries = port.statement("DE1")
    last = entries[-1]
    yield (
        f"statement {len(entries)} {last._id} {last.number} {last.booked:%Y-%m-%dT%H:%M:%SZ} {last.valueDate} "
        f"{Decimal(last.amount):.2f} {Decimal(last.balance):.2f} {last.counterparty} {last.text} "
        f"{str(last.cleared).lower()}"
    )

    funds = refused(port.transfer, "DE1", "DE2", Decimal("100000.00")).insufficientFunds
    yield f"fault {funds.iban} {funds.available} {funds.requested}"

    port.notify("DE1", "hello")
    yield "notified"

    ada = _made(client, "Person", name="Ada Lovelace", born=date(1815, 12, 10))
    scan = _made(client, "Scan", value=BYTES, _mediaType="image/png", _pages=2)
    opened = port.openAccount([ada], "savings", "EUR", Decimal("1.50"), [scan])
    yield f"opened {opened._kind} {opened.balance} {opened._currency}"

    caller = Element("caller", ns=("t", "urn:example:bank:types"))
    caller.append(Element("user", ns=("t", "urn:example:bank:types")).setText("ada"))
    client.set_options(soapheaders=caller)
    closed = port.closeAccount(opened.iban, "DE2")
    audited = client.last_received().getChild("Envelope").getChild("Header").getChild("auditNumber")
    yield f"closed {closed.amount} {'audited' if audited is not None else '?'}"
    client.set_options(soapheaders=())

    turin = _made(client, "Branch", city="Turin", _code="TRN")
    everything = _made(
        client,
        "Everything",
        text="Grüße & <tags>",
        truth=True,
        small=-7,
        large=9007199254740991,
        exact=Decimal("1234.5678"),
        real=0.25,
        day=date(2026, 11, 30),
        moment=datetime(2026, 11, 30, 12, tzinfo=UTC),
        clock="12:34:56",
        span="P1DT2H",
        year="2026",
        link="http://example.org/a?b=c&d",
        name="thing",
        bytes=BYTES,
        digest="DEADBEEF",
        kind="loan",
        limit="unlimited",
        labels="a b",
        number=[1, 2, 3],
        nothing=suds.null(),
        left=5,
        cash=Decimal("1.50"),
        cheque="c1",
        party=ada,
        scan=scan,
        branch=_made(client, "Branch", city="London", _code="LON", branch=[turin]),
        _priority=3,
    )
    value = port.echo(everything)
    told = (
        *(value.text, str(value.truth).lower(), value.small, value.large, value.exact, value.real, value.day),
        *(f"{value.moment:%Y-%m-%dT%H:%M:%SZ}", value.clock, value.span, value.year, value.link),
        *(value.name.partition(":")[2] or value.name, _size(value.bytes), value.digest, value.kind, value.limit),
        *(value.labels, " ".join(map(str, value.number)), "nil" if value.nothing is None else "text"),
        *(
            "text" if "absent" in value else "absent",
            f"left {value.left}",
            f"cash {value.cash}",
            f"cheque {value.cheque}",
        ),
        f"{value.party.name} {value.party.born}",
        f"{value.scan._mediaType} {value.scan._pages} {_size(value.scan.value)}",
        *(f"{value.branch._code} {value.branch.branch[0]._code}", value._version, value._priority),
    )
    yield "echo " + "|".join(map(str, told))


def orders(address: str, version: str) -> Iterator[str]:
    client = suds.client.Client(f"{address}?wsdl", cache=None)
    client.set_options(port="OrdersSoap11")
    port = client.service
    line = {"article": "NU-0001", "quantity": 2, "price": Decimal("0.50")}
    card = {"number": "1", "expires": "2030"}
    namespace = ("o", "urn:example:orders")
    caller = Element("Caller", ns=namespace)
    caller.append(Element("name", ns=namespace).setText("peer"))
    caller.append(Element("branch", ns=namespace).setText("7"))

    client.set_options(soapheaders=caller)
    order = port.place(lines=[line], Card=card)
    receipt = client.last_received().getChild("Envelope").getChild("Header").getChild("receipt").getText()
    shortage = refused(port.place, lines=[{**line, "quantity": 1000}], Card=card).OutOfStock
    client.set_options(soapheaders=())
    [sent] = order.lines
    yield (
        f"placed {order.number} {len(order.id)} {sent.article} {sent.quantity} {sent.price:.2f} card "
        f"{order.Card.number} {order.Card.expires} {order.state} "
        f"{str(order.placed > datetime(2024, 1, 1, tzinfo=UTC)).lower()} "
        f"{order.deliver_within} {order.note} {'text' if 'label' in order else 'absent'} "
        f"{'receipt' if receipt == order.id else '?'}"
    )
    yield f"shortage {shortage.article} {shortage.left}"

    found = port.find(1)
    yield f"found {found.number} {found.state}"
    yield f"unknown {refused(port.find, 99).UnknownOrder}"
    page = port.search(["open", "paid"])
    yield f"search {page.total} {page['items'][0].number}"
    port.viewed(1, datetime(2026, 11, 30, 12, tzinfo=UTC))
    yield "viewed"

    yield f"total {port.total(order):.2f}"
    order.label = BYTES
    yield f"labelled {port.total(order):.2f}"


def _made(client: Any, name: str, /, **values: object) -> Any:
    """A record of the bank's types."""
    record = client.factory.create(f"{{urn:example:bank:types}}{name}")
    for field, value in values.items():
        setattr(record, field, value)
    return record


def _size(text: str) -> int:
    return len(base64.b64decode(text))
