"""A bank, contract first: the implementation of the Protocol generated from wsdl/bank.wsdl.

soapkit generate wsdl/bank.wsdl --output bank
soapkit serve bank_service:MyBank
"""

from __future__ import annotations

import itertools
import logging
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from bank import (
    Account,
    AccountKind,
    BalanceResponse,
    Bank,
    Branch,
    Caller,
    Entry,
    Everything,
    Funds,
    InsufficientFunds,
    MissingAccount,
    Party,
    Person,
    Receipt,
    Scan,
    UnknownAccount,
)

from soapkit import Call

logger = logging.getLogger("bank")


class MyBank(Bank):
    """Keeps its accounts in memory; a real one would ask a database."""

    def __init__(self) -> None:
        ada = Person(name="Ada Lovelace", born=date(1815, 12, 10), email="ada@example.org")
        self._accounts = {iban: _account(iban, [ada], Decimal("100.00")) for iban in ("DE1", "DE2")}
        self._numbers = itertools.count(1)

    def transfer(self, *, source: str, target: str, amount: Decimal) -> Receipt:
        payer, payee = self._find(source), self._find(target)
        if payer.balance < amount:
            raise InsufficientFunds(
                Funds(iban=source, available=payer.balance, requested=amount),
                "the account holds less than was asked for",
            )
        payer.balance -= amount
        payee.balance += amount
        return self._receipt(amount)

    def balance(self, *, iban: str) -> BalanceResponse:
        account = self._find(iban)
        return BalanceResponse(amount=account.balance, currency=account.currency, as_of=date.today())

    def account(self, *, iban: str) -> Account:
        return self._find(iban)

    def open_account(
        self,
        *,
        owner: list[Party],
        currency: str,
        kind: AccountKind = AccountKind.CURRENT,
        deposit: Decimal | None = None,
        scan: list[Scan] | None = None,
    ) -> Account:
        iban = f"DE{len(self._accounts) + 1}"
        account = self._accounts[iban] = _account(iban, owner, deposit or Decimal(0))
        account.kind, account.currency = kind, currency
        logger.info("%s opened, with %d scans", iban, len(scan or []))
        return account

    def close_account(
        self, *, iban: str, pay_to: str | None, caller: Caller, call: Call | None = None
    ) -> Receipt | None:
        account = self._find(iban)
        logger.info("%s asks to close %s", caller.user, iban)
        if call is not None:
            call.reply_headers["audit_number"] = next(self._numbers)
        if pay_to is None:
            return None
        self._find(pay_to).balance += account.balance
        return self._receipt(account.balance)

    def statement(self, *, iban: str, since: date | None = None, until: date | None = None) -> list[Entry]:
        balance = self._find(iban).balance
        return [entry_for(number, balance) for number in range(1, 101)]

    def branches(self) -> Branch:
        return Branch(city="London", code="LON", branch=[Branch(city="Turin", code="TRN")])

    def notify(self, *, iban: str, message: str) -> None:
        logger.info("%s: %s", iban, message)

    def echo(self, *, value: Everything) -> Everything:
        return value

    def _find(self, iban: str) -> Account:
        try:
            return self._accounts[iban]
        except KeyError:
            raise UnknownAccount(MissingAccount(iban=iban), f"there is no account {iban}") from None

    def _receipt(self, amount: Decimal) -> Receipt:
        now = datetime.now(UTC).replace(microsecond=0)
        return Receipt(number=next(self._numbers), amount=amount, booked=now, value_date=now.date())


def entry_for(number: int, balance: Decimal) -> Entry:
    """One line of a statement; always the same for the same number."""
    booked = datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=number)
    return Entry(
        id=f"e{number}",
        number=number,
        booked=booked,
        value_date=booked.date(),
        amount=Decimal(number) / 4,
        balance=balance + number,
        counterparty="DE2",
        text=f"Payment {number} & thanks",
        cleared=number % 2 == 0,
    )


def _account(iban: str, owner: list[Party], balance: Decimal) -> Account:
    return Account(
        iban=iban, owner=owner, balance=balance, opened=date(2020, 2, 29), currency="EUR", kind=AccountKind.CURRENT
    )
