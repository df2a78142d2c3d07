"""``soapkit call``: call an operation from the command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection
from inspect import signature
from typing import Any

import click

from soapkit.cli.contracts import contract_options, read_contract
from soapkit.cli.values import as_json
from soapkit.client.client import Client
from soapkit.codegen.naming import method_name
from soapkit.errors import DeclaredFault, Fault, Place, Problem, UsageError
from soapkit.xml.names import did_you_mean


@click.command(name="call")
@click.argument("contract", metavar="FILE_OR_URL")
@click.argument("operation")
@click.argument("arguments", metavar="[NAME=VALUE]...", nargs=-1)
@contract_options
@click.option("--address", help="Where to call, instead of the contract's address.")
@click.option("--service", help="Which service of the contract, by name.")
@click.option("--port", help="Which port of the service, by name.")
@click.option("--soap", "version", type=click.Choice(["1.1", "1.2"]), help="Which SOAP version.")
@click.option("--timeout", type=float, default=60.0, show_default=True, help="Seconds.")
@click.option(
    "--validate",
    type=click.Choice(["off", "in", "out", "both", "request", "response"]),
    default="off",
    show_default=True,
)
@click.option("--preview", is_flag=True, help="Print the request, and send nothing.")
@click.option("--xml", "as_xml", is_flag=True, help="Print the reply's envelope instead of its value.")
def command(
    contract: str,
    operation: str,
    arguments: tuple[str, ...],
    address: str | None,
    service: str | None,
    port: str | None,
    version: str | None,
    timeout: float,
    validate: str,
    preview: bool,
    as_xml: bool,
    strict: bool,
    catalog: str | None,
    allow_remote: bool,
) -> None:
    """Call OPERATION of a contract and print its result as JSON.

    Each argument is NAME=VALUE, its value as XML would write it, or JSON for a record or a list.

    \b
    Example:
        soapkit call wsdl/bank.wsdl transfer source=DE1 target=DE2 amount=10.00
    """
    loaded = read_contract(contract, strict=strict, catalog=catalog, allow_remote=allow_remote, cache=True)
    client = Client.from_wsdl(
        loaded, address, service=service, port=port, version=version, timeout=timeout, validate=validate
    )
    with client:
        view = client.preview if preview else client.with_exchange
        method = _method(view, operation)
        values = dict(_argument(text) for text in arguments)
        _check_arguments(method, operation, values)
        try:
            result = method(**values)
        except Fault as fault:
            _tell(fault)
            sys.exit(1)
    if preview or as_xml:
        click.echo((result.request if preview else result.response).decode())
    else:
        click.echo(as_json(result.value))


def _method(client: Any, operation: str) -> Any:
    """The method for an operation, by its contract name or its Python name."""
    known = client._methods()
    for name in (operation, method_name(operation)):
        if name in known:
            return getattr(client, name)
    raise UsageError(f"{client.service.name} has no operation {operation!r}{did_you_mean(operation, known)}")


def _check_arguments(method: Any, operation: str, arguments: Collection[str]) -> None:
    """Raise `UsageError`, which tells every argument that is unknown or missing."""
    known = signature(method).parameters
    takes = f"its arguments are {', '.join(known)}" if known else "it takes none"
    unknown = [
        f"no argument is called {name!r}; {takes}{did_you_mean(name, known)}" for name in arguments if name not in known
    ]
    missing = [
        f"the argument {name} is missing"
        for name, parameter in known.items()
        if parameter.default is parameter.empty and name not in arguments
    ]
    if unknown or missing:
        raise UsageError(problems=[Problem(text, Place(path=operation)) for text in unknown + missing])


def _argument(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"{text!r}: expected NAME=VALUE")
    if value[:1] in ("{", "["):
        try:
            return name, json.loads(value)
        except ValueError as error:
            raise UsageError(f"{name}: not JSON: {error}") from None
    return name, value


def _tell(fault: Fault) -> None:
    name = type(fault).__name__ if isinstance(fault, DeclaredFault) else fault.code.name
    click.echo(f"soapkit: fault {name}: {fault.reason}", err=True)
    if isinstance(fault, DeclaredFault):
        click.echo(as_json(fault.detail), err=True)
