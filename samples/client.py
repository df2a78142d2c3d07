"""Call the bank from generated code: soapkit generate wsdl/bank.wsdl --output bank"""

from __future__ import annotations

import sys
from decimal import Decimal

from bank import BankClient, InsufficientFunds


def main(address: str) -> None:
    with BankClient(address) as bank:
        receipt = bank.transfer(source="DE1", target="DE2", amount=Decimal("10.00"))
        print(receipt.number, receipt.booked)
        try:
            bank.transfer(source="DE1", target="DE2", amount=Decimal("100000.00"))
        except InsufficientFunds as fault:
            print("only", fault.detail.available)


if __name__ == "__main__":
    main(sys.argv[1])
