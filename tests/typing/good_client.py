"""A client's code that must type-check."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from decimal import Decimal
from typing import assert_type

from bank import (
    Account,
    AccountKind,
    AsyncBankClient,
    BalanceResponse,
    BankClient,
    Branch,
    Caller,
    Company,
    Entry,
    Funds,
    InsufficientFunds,
    Party,
    Person,
    Receipt,
)
from msgspec import UNSET, UnsetType

from soapkit.client.call import Exchange, Preview
from soapkit.errors import Fault, SoapkitError

with BankClient("https://bank.example/soap", timeout=5) as bank:
    try:
        assert_type(bank.transfer(source="DE1", target="DE2", amount=Decimal("10.00")), Receipt)
    except InsufficientFunds as fault:
        assert_type(fault.detail, Funds)
        assert_type(fault.detail.available, Decimal)
    except (Fault, SoapkitError) as error:
        print(error)

    balance = bank.balance(iban="DE1")
    assert_type(balance, BalanceResponse)
    assert_type(balance.as_of, date)
    assert_type(bank.statement(iban="DE1", since=date(2026, 1, 1)), list[Entry])
    assert_type(bank.close_account(iban="DE1", pay_to=None, caller=Caller(user="ada")), Receipt | None)
    bank.notify(iban="DE1", message="hello")

    owners: list[Party] = [Person(name="Ada", born=date(1815, 12, 10)), Company(name="Analytical", register="7")]
    account = bank.open_account(owner=owners, kind=AccountKind.SAVINGS, currency="EUR")
    assert_type(account, Account)
    assert_type(account.closed, datetime | UnsetType | None)
    if account.closed is UNSET:
        print("not told")
    kind: str = account.kind  # an enumeration of texts is a text

    exchange = bank.with_exchange.transfer(source="DE1", target="DE2", amount=Decimal(1))
    assert_type(exchange, Exchange[Receipt])
    assert_type(exchange.value, Receipt)
    assert_type(bank.preview.transfer(source="DE1", target="DE2", amount=Decimal(1)), Preview)


async def main() -> None:
    async with AsyncBankClient("https://bank.example/soap") as bank:
        assert_type(await bank.branches(), Branch)
        assert_type((await bank.with_exchange.branches()).value, Branch)
        assert_type(await bank.preview.branches(), Preview)


asyncio.run(main())
