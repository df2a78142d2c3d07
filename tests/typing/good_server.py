"""A server's code that must type-check: blocking and async."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from bank import (
    Account,
    AccountKind,
    AsyncBank,
    BalanceResponse,
    Bank,
    Branch,
    Caller,
    Entry,
    Everything,
    Funds,
    InsufficientFunds,
    Party,
    Receipt,
    Scan,
)

import soapkit


class MyBank(Bank):
    def transfer(self, *, source: str, target: str, amount: Decimal) -> Receipt:
        raise InsufficientFunds(Funds(iban=source, available=Decimal(0), requested=amount), "too little")

    def balance(self, *, iban: str) -> BalanceResponse:
        return BalanceResponse(amount=Decimal(0), currency="EUR", as_of=date.today())

    def account(self, *, iban: str) -> Account:
        return Account(iban=iban, owner=[], balance=Decimal(0), opened=date.today(), currency="EUR")

    def open_account(
        self,
        *,
        owner: list[Party],
        kind: AccountKind = AccountKind.CURRENT,
        currency: str = "EUR",
        deposit: Decimal | None = None,
        scan: list[Scan] | None = None,
    ) -> Account:
        return Account(iban="DE3", owner=owner, balance=deposit or Decimal(0), opened=date.today(), currency=currency)

    def close_account(self, *, iban: str, pay_to: str | None, caller: Caller) -> Receipt | None:
        return None

    def statement(self, *, iban: str, since: date | None, until: date | None) -> list[Entry]:
        return []

    def branches(self) -> Branch:
        return Branch(city="Berlin", code="1", branch=[Branch(city="Potsdam", code="2")])

    def notify(self, *, iban: str, message: str) -> None:
        print(iban, message)

    def echo(self, *, value: Everything) -> Everything:
        return value


class AsyncTransfers(AsyncBank):
    async def transfer(self, *, source: str, target: str, amount: Decimal) -> Receipt:
        return Receipt(number=1, amount=amount, booked=datetime.now(UTC), value_date=date.today())


bank: Bank = MyBank()


async def audit(call: soapkit.Call, next: soapkit.Next) -> object:
    call.response.headers["X-Operation"] = call.operation.name
    return await next(call)


class Quota:
    async def __call__(self, call: soapkit.Call, next: soapkit.Next) -> object:
        raise soapkit.Fault("no more", code="Sender")


def blocking(call: soapkit.Call, next: soapkit.BlockingNext) -> object:
    return next(call)


soapkit.asgi(bank, interceptors=[audit, Quota()])
soapkit.wsgi(bank, interceptors=[blocking])
