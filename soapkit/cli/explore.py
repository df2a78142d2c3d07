"""``soapkit explore``: the page of any contract, with forms that call the service."""

from __future__ import annotations

import click

from soapkit.cli.contracts import contract_options, read_contract
from soapkit.cli.serve import hosted
from soapkit.errors import ContractError
from soapkit.server.explored import explored


@click.command(name="explore")
@click.argument("source", metavar="FILE_OR_URL")
@click.option("--port", default=8001, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option(
    "--address", "addresses", multiple=True, metavar="URL", help="Send messages here, not where the contract says."
)
@click.option("--timeout", default=60.0, show_default=True, help="Seconds to wait for an answer.")
@click.option("--log-level", default="warning", type=click.Choice(["critical", "error", "warning", "info", "debug"]))
@contract_options
def command(
    source: str,
    port: int,
    addresses: tuple[str, ...],
    timeout: float,
    log_level: str,
    strict: bool,
    catalog: str | None,
    allow_remote: bool,
) -> None:
    """Look at a contract in a browser: operations, types, examples, and a form for each operation that calls the
    service.

    The page is for browsers on this machine only. Messages go to the addresses of the contract, or to those given by
    --address, and nowhere else.

    \b
    Examples:
        soapkit explore wsdl/bank.wsdl
        soapkit explore https://example.org/service?wsdl --port 0
        soapkit explore wsdl/bank.wsdl --address http://localhost:8000/
    """
    contract = read_contract(source, strict=strict, catalog=catalog, allow_remote=allow_remote)
    if not contract.services:
        raise ContractError(f"{source} has no service with a SOAP port")
    hosted(explored(contract, allowed=addresses, timeout=timeout), "127.0.0.1", port, log_level)
