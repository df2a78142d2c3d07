"""Call a service without generated code: the contract is read when the program runs."""

from __future__ import annotations

import sys

import soapkit


def main(contract: str, address: str) -> None:
    with soapkit.Client.from_wsdl(contract, address) as bank:
        print(bank.transfer(source="DE1", target="DE2", amount="10.00"))


if __name__ == "__main__":
    main(*sys.argv[1:])
