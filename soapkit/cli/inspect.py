"""``soapkit inspect``: what a contract offers."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from collections.abc import Iterable, Iterator

import click

from soapkit.cli.contracts import contract_options, read_contract
from soapkit.cli.inspect_markdown import markdown_of
from soapkit.cli.inspection import Described, describe, media_types, policy_lines
from soapkit.xml.names import local_name


@click.command(name="inspect")
@click.argument("source", metavar="FILE_OR_URL")
@click.option("--operation", default="", metavar="NAME", help="Tell this operation only, with all its fields.")
@click.option("--type", "type_name", default="", metavar="NAME", help="Tell this type only, with all its fields.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print a Markdown page.")
@contract_options
def command(
    source: str,
    operation: str,
    type_name: str,
    as_json: bool,
    as_markdown: bool,
    strict: bool,
    catalog: str | None,
    allow_remote: bool,
) -> None:
    """Tell what a contract offers: services, ports, operations with their signatures, headers, faults, types.

    FILE_OR_URL is a WSDL document, a zip archive with one, or - for the standard input.

    \b
    Examples:
        soapkit inspect wsdl/bank.wsdl
        soapkit inspect wsdl/bank.wsdl --operation transfer
        soapkit inspect https://example.org/service?wsdl --json
        soapkit inspect wsdl/bank.wsdl --markdown > bank.md
    """
    if as_json and as_markdown:
        raise click.UsageError("--json and --markdown are two forms of one answer: choose one")
    contract = read_contract(source, strict=strict, catalog=catalog, allow_remote=allow_remote)
    described = describe(contract, operation=operation, type_name=type_name)
    if as_json:
        click.echo(json.dumps(described, indent=2, ensure_ascii=False))
        return
    if as_markdown:
        for line in markdown_of(described):
            click.echo(line)
        return
    detailed = bool(operation or type_name)
    if sys.stdout.isatty() and importlib.util.find_spec("rich") is not None:
        terminal = importlib.import_module("soapkit.cli.inspect_terminal")  # only here is rich needed
        terminal.show(described, detailed=detailed)
    else:
        for line in lines_of(described, detailed=detailed):
            click.echo(line)


def lines_of(described: Described, *, detailed: bool = False) -> Iterator[str]:
    """The description as text: one fact a line. `detailed`: with the fields of messages and types."""
    yield f"{described['source']}: {described['target_namespace'] or 'no target namespace'}"
    yield from _indented(described["documentation"], 2)
    for service in described["services"]:
        yield from _service(service, detailed)
    if described["types"]:
        yield ""
        yield "types"
        for found in described["types"]:
            yield from _type(found, detailed)
    for kind in ("problems", "warnings", "notes"):
        if described[kind]:
            yield ""
            yield kind
            yield from (f"  {problem['source']}:{problem['line']}: {problem['message']}" for problem in described[kind])


def _service(service: Described, detailed: bool) -> Iterator[str]:
    yield ""
    yield f"service {service['name']}  {service['port_type']}"
    yield from _indented(service["documentation"], 2)
    yield from _table(
        [f"port {port['name']}", f"SOAP {port['soap']}", port["address"] or "(no address)"] for port in service["ports"]
    )
    for port in service["ports"]:
        if port["policy"]:
            yield f"  policy of {port['name']}"
            yield from (f"    {line}" for line in policy_lines(port["policy"]))
    for operation in service["operations"]:
        yield ""
        yield from _operation(operation, detailed)


def _operation(operation: Described, detailed: bool) -> Iterator[str]:
    yield f"  {operation['signature']}"
    yield from _indented(operation["documentation"], 6)
    facts = [] if operation["name"] == operation["method"] else [f"operation {operation['name']}"]
    facts += ["one-way"] if operation["one_way"] else []
    request, reply = operation["request"], operation["reply"]
    facts += [style for style in (request["style"], request["use"]) if style not in ("wrapped", "literal")]
    if facts:
        yield f"      {', '.join(facts)}"
    for direction, message in (("request", request), ("reply", reply)):
        for header in message["headers"] if message else ():
            need = "required" if header["required"] else "optional"
            yield f"      {direction} header {header['name']}: {header['type']} ({need})"
        for part in message["attached"] if message else ():
            yield f"      {direction} attachment {part['name']}: {media_types(part)}"
    for fault in operation["faults"]:
        yield f"      raises {fault['exception']}({fault['detail']})"
    if detailed:
        yield f"      action {operation['action'] or '(none)'}"
        for direction, message in (("request", request), ("reply", reply)):
            if message:
                yield f"      {direction} {message['tag'] or '(children of the Body)'}"
                yield from _fields(message["fields"], 8)


def _type(found: Described, detailed: bool) -> Iterator[str]:
    base = f"({found['base']})" if found.get("base") else ""
    if found["kind"] == "value":
        yield f"  {local_name(found['name'])} = {found['python']}"
    else:
        yield f"  {found['python']}{base}  {'abstract record' if found.get('abstract') else found['kind']}"
    yield from _indented(found["documentation"] if detailed else found["documentation"].partition("\n")[0], 6)
    if detailed:
        yield from _fields(found.get("fields", []), 6)
        yield from _table(([value["value"], value["documentation"]] for value in found.get("values", [])), 6)


def _fields(fields: list[Described], indent: int) -> Iterator[str]:
    yield from _table(
        (
            [
                f"{field['name']}: {field['type']}",
                field["xml"],
                "" if field["required"] else "optional",
                field["documentation"],
            ]
            for field in fields
        ),
        indent,
    )


def _table(rows: Iterable[list[str]], indent: int = 2) -> Iterator[str]:
    """Rows in columns that line up."""
    told = [[" ".join(cell.split()) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*told, strict=True)]
    for row in told:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield (" " * indent + line).rstrip()


def _indented(text: str, indent: int) -> Iterator[str]:
    yield from (" " * indent + line for line in text.splitlines())
