"""A server's code that must not type-check: each line with an error says which."""

# ruff: noqa

from __future__ import annotations

from decimal import Decimal

import soapkit
from bank import Bank, InsufficientFunds, MissingAccount, Receipt


class Unfinished(Bank):
    def transfer(self, *, source: str, target: str, amount: Decimal) -> str:  # E: override
        return "done"

    def balance(self, *, iban: int) -> None:  # E: override
        raise InsufficientFunds(MissingAccount(iban="DE1"))  # E: arg-type

    def statement(self, *, iban: str) -> list[Receipt]:  # E: override
        return []


Unfinished()  # E: abstract


def blocking(call: soapkit.Call, next: soapkit.BlockingNext) -> object:
    return next(call)


soapkit.asgi(object(), interceptors=[blocking])  # E: list-item
