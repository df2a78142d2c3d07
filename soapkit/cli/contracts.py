"""How commands read a contract: from a path, a URL or the standard input, with the options they share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from soapkit.transport.fetch import fetcher
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract
from soapkit.xml.documents import Documents


def contract_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say where the documents of a contract are, and how strictly it is read."""
    for option in (
        click.option("--allow-remote", is_flag=True, help="Follow imports to other hosts than the contract's own."),
        click.option("--catalog", type=click.Path(exists=True, dir_okay=False), help="An OASIS XML catalog."),
        click.option("--strict", is_flag=True, help="Every rule that the contract breaks is an error."),
    ):
        command = option(command)
    return command


def read_contract(
    source: str,
    *,
    strict: bool = False,
    catalog: str | None = None,
    allow_remote: bool = False,
    usable: bool = True,
    cache: bool = False,
) -> Contract:
    """The contract at a path or an ``http(s):`` URL, or on the standard input (``-``).

    `usable`: as in `soapkit.wsdl.load.load_contract`, whose errors, and those of the transport, are raised. `cache`
    too: only who needs little of a contract is served better by it.
    """
    documents = Documents(fetch=fetcher(), catalog=catalog, allow_remote=allow_remote)
    located = documents.give(sys.stdin.buffer.read(), "standard input") if source == "-" else source
    return load_contract(located, documents=documents, strict=strict, usable=usable, cache=cache)
