"""A client's code that must not type-check: each line with an error says which."""

# ruff: noqa

from __future__ import annotations

from datetime import date
from decimal import Decimal

from bank import AccountKind, AsyncBankClient, BankClient, InsufficientFunds, Person, Receipt
from bank import Recipt  # E: attr-defined

bank = BankClient("https://bank.example/soap")

bank.transfre(source="DE1", target="DE2", amount=Decimal(1))  # E: attr-defined
bank.transfer("DE1", "DE2", Decimal(1))  # E: misc, call-arg
bank.transfer(source="DE1", target="DE2")  # E: call-arg
bank.transfer(source="DE1", target="DE2", ammount=Decimal(1))  # E: call-arg
bank.transfer(source="DE1", target="DE2", amount="10.00")  # E: arg-type
bank.transfer(source="DE1", target=None, amount=Decimal(1))  # E: arg-type
bank.close_account(iban="DE1", pay_to=None)  # E: call-arg
bank.open_account(owner=[], kind="saving", currency="EUR")  # E: arg-type
bank.statement(iban="DE1", since="2026-01-01")  # E: arg-type
number: str = bank.transfer(source="DE1", target="DE2", amount=Decimal(1)).number  # E: assignment
bank.preview.transfer(source="DE1", target="DE2", amount=Decimal(1)).number  # E: attr-defined
bank.with_exchange.transfer(source="DE1", target="DE2", amount=Decimal(1)).number  # E: attr-defined
bank.with_exchange.transfre()  # E: attr-defined
told: str = bank.notify(iban="DE1", message="hello")  # E: func-returns-value

Person(name="Ada")  # E: call-arg
Person(name="Ada", born="1815-12-10")  # E: arg-type
Person("Ada", date(1815, 12, 10))  # E: call-arg, arg-type
AccountKind.CURENT  # E: attr-defined
Receipt(number=1, amount=Decimal(1), booked=date.today(), value_date=date.today())  # E: arg-type

try:
    bank.branches()
except InsufficientFunds as fault:
    print(fault.detail.avaliable)  # E: attr-defined


async def main() -> None:
    client = AsyncBankClient("https://bank.example/soap")
    print(client.transfer(source="DE1", target="DE2", amount=Decimal(1)).number)  # E: attr-defined
