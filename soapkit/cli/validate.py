"""``soapkit validate``: a message against a contract, with line, column and path."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from soapkit.cli.checking import Checked, check_message
from soapkit.cli.contracts import contract_options, read_contract
from soapkit.errors import Problem, ValidationError


@click.command(name="validate")
@click.argument("source", metavar="CONTRACT")
@click.argument("message", metavar="MESSAGE")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@contract_options
def command(source: str, message: str, as_json: bool, strict: bool, catalog: str | None, allow_remote: bool) -> None:
    """Check MESSAGE, a SOAP envelope or the element in its Body, against CONTRACT: the structure of the envelope, which
    operation it belongs to, header blocks, body or fault by the schema. Either may be - for the standard input.

    Exit code 0 when it is valid, 1 when it is not: each problem is one line on stderr with line, column and path.

    \b
    Examples:
        soapkit validate wsdl/bank.wsdl request.xml
        soapkit sample wsdl/bank.wsdl transfer | soapkit validate wsdl/bank.wsdl -
    """
    if source == message == "-":
        raise click.UsageError("only one of CONTRACT and MESSAGE can be the standard input")
    data = sys.stdin.buffer.read() if message == "-" else Path(message).read_bytes()
    name = "standard input" if message == "-" else message
    contract = read_contract(source, strict=strict, catalog=catalog, allow_remote=allow_remote)
    checked = check_message(contract, data, name)
    if as_json:
        click.echo(json.dumps(_described(checked), indent=2, ensure_ascii=False))
        sys.exit(1 if checked.problems else 0)
    click.echo(f"{name}: {'not valid' if checked.problems else 'valid'}: {_kind(checked)}")
    for note in checked.notes:
        click.echo(f"note: {note}")
    if checked.problems:
        raise ValidationError(problems=checked.problems)


def _kind(checked: Checked) -> str:
    """What the message is, in words: ``SOAP 1.1, fault UnknownAccount of transfer or balance``."""
    operations: dict[str, list[str]] = {}
    for each in checked.recognised:
        what = f"fault {each.fault}" if each.direction == "fault" else each.direction
        operations.setdefault(what, []).append(each.operation.name)
    known = " or ".join(f"{what} of {' or '.join(names)}" for what, names in operations.items())
    frame = f"SOAP {checked.version.label}" if checked.version is not None else "no envelope"
    return f"{frame}, {known or 'of no known operation'}"


def _described(checked: Checked) -> dict[str, Any]:
    return {
        "valid": not checked.problems,
        "soap": checked.version.label if checked.version is not None else None,
        "messages": [
            {
                "service": each.service.name,
                "operation": each.operation.name,
                "direction": each.direction,
                "fault": each.fault or None,
            }
            for each in checked.recognised
        ],
        "problems": [_problem(problem) for problem in checked.problems],
        "notes": [_problem(note) for note in checked.notes],
    }


def _problem(problem: Problem) -> dict[str, Any]:
    place = problem.place
    return {
        "source": place.source,
        "line": place.line,
        "column": place.column,
        "path": place.path,
        "message": problem.message,
    }
