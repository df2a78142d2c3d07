"""``soapkit lint``: what in a contract breaks the WS-I Basic Profile."""

from __future__ import annotations

import json
import sys

import click

from soapkit.cli.contracts import contract_options, read_contract
from soapkit.wsdl.lint import RULES, lint


@click.command(name="lint")
@click.argument("source", metavar="FILE_OR_URL", required=False)
@click.option("--rules", is_flag=True, help="List the requirements that are checked.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@contract_options
def command(
    source: str | None, rules: bool, as_json: bool, strict: bool, catalog: str | None, allow_remote: bool
) -> None:
    """Check a contract against the WS-I Basic Profile: each broken requirement with its number, place and reason.

    Exit code 1 if there is any.

    \b
    Example:
        soapkit lint wsdl/bank.wsdl
    """
    if rules:
        for rule in RULES:
            click.echo(f"{rule.number}  {rule.asks}. {rule.why}")
        return
    if source is None:
        raise click.UsageError("Missing argument 'FILE_OR_URL'.")
    contract = read_contract(source, strict=strict, catalog=catalog, allow_remote=allow_remote, usable=False)
    findings = lint(contract)
    if as_json:
        told = [
            {
                "rule": finding.rule.number,
                "asks": finding.rule.asks,
                "why": finding.rule.why,
                "message": finding.message,
                "source": finding.place.source,
                "line": finding.place.line,
            }
            for finding in findings
        ]
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        for finding in findings:
            click.echo(str(finding))
    sys.exit(1 if findings else 0)
