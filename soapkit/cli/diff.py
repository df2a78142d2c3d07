"""``soapkit diff``: what changed between two versions of a contract."""

from __future__ import annotations

import json
import sys

import click

from soapkit.cli.contracts import contract_options, read_contract
from soapkit.wsdl.diff import diff


@click.command(name="diff")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option(
    "--fail-on",
    type=click.Choice(["breaking", "any", "nothing"]),
    default="breaking",
    show_default=True,
    help="Which changes end the command with exit code 1.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@contract_options
def command(
    old: str, new: str, fail_on: str, as_json: bool, strict: bool, catalog: str | None, allow_remote: bool
) -> None:
    """Tell what changed between two versions of a contract, and what of it breaks clients of the old one.

    A change is compatible when every request that was valid still is, and every reply that may come now was valid
    before. OLD and NEW are files or URLs.

    \b
    Example:
        soapkit diff bank-1.wsdl bank-2.wsdl --fail-on breaking
    """
    before, after = (
        read_contract(source, strict=strict, catalog=catalog, allow_remote=allow_remote) for source in (old, new)
    )
    changes = diff(before, after)
    if as_json:
        told = [
            {
                "breaking": change.breaking,
                "subject": change.subject,
                "message": change.message,
                "source": change.place.source,
                "line": change.place.line,
            }
            for change in changes
        ]
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        for change in changes:
            click.echo(str(change))
    fatal = {"breaking": any(change.breaking for change in changes), "any": bool(changes), "nothing": False}
    sys.exit(1 if fatal[fail_on] else 0)
