"""``soapkit lint``: a contract against the WS-I Basic Profile."""

from __future__ import annotations

import json
import sys
from collections import Counter

import click

from soapkit.cli.contracts import contract_options, read_contract
from soapkit.wsdl.lint.check import Finding, lint
from soapkit.wsdl.lint.rules import ANY_PROFILE, PROFILES


@click.command(name="lint")
@click.argument("source", metavar="FILE_OR_URL")
@click.option(
    "--profile",
    "name",
    type=click.Choice(list(PROFILES)),
    help="The version of the Basic Profile; by default each binding's own: 1.1 for SOAP 1.1, 2.0 for SOAP 1.2.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning"]),
    default="error",
    show_default=True,
    help="What makes the exit code 1.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@contract_options
def command(
    source: str,
    name: str | None,
    fail_on: str,
    as_json: bool,
    strict: bool,
    catalog: str | None,
    allow_remote: bool,
) -> None:
    """Check a contract against the requirements of the WS-I Basic Profile on descriptions, and tell what else is wrong
    with it: each finding with the Profile's number, file and line, and why it matters.

    Requirements (MUST) are errors, recommendations (SHOULD) warnings.

    \b
    Examples:
        soapkit lint wsdl/bank.wsdl
        soapkit lint wsdl/bank.wsdl --profile bp11 --fail-on warning
    """
    profile = PROFILES[name] if name is not None else ANY_PROFILE
    contract = read_contract(source, strict=strict, catalog=catalog, allow_remote=allow_remote, usable=False)
    findings = lint(contract, profile)
    if as_json:
        described = [_described(finding) for finding in findings]
        told = {"source": contract.source, "profile": profile.title, "findings": described}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        for finding in findings:
            _tell(finding)
        times = Counter(finding.level for finding in findings)
        found = f"{_number(times['error'], 'error')}, {_number(times['warning'], 'warning')}"
        click.echo(f"{contract.source}: {found} by {profile.title}")
    failing = {"error"} if fail_on == "error" else {"error", "warning"}
    sys.exit(1 if any(finding.level in failing for finding in findings) else 0)


def _tell(finding: Finding) -> None:
    click.echo(f"{finding.place}: {' '.join(filter(None, (finding.level, finding.rule)))}: {finding.message}")
    if finding.demand:
        click.echo(f"    {finding.demand}: {finding.why}")


def _number(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _described(finding: Finding) -> dict[str, str | int | None]:
    return {
        "level": finding.level,
        "rule": finding.rule or None,
        "message": finding.message,
        "demand": finding.demand or None,
        "why": finding.why or None,
        "source": finding.place.source,
        "line": finding.place.line,
    }
