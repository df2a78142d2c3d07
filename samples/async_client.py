"""Several calls at once, in an event loop."""

from __future__ import annotations

import asyncio
import sys

from bank import AsyncBankClient


async def main(address: str) -> None:
    async with AsyncBankClient(address) as bank:
        for balance in await asyncio.gather(bank.balance(iban="DE1"), bank.balance(iban="DE2")):
            print(balance.amount, balance.currency)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
