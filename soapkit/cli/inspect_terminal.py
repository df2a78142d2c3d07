"""What a contract offers, on a terminal: tables and colours through rich."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from soapkit.cli.inspection import Described, media_types, policy_lines
from soapkit.xml.names import local_name

_COLOURS = {"problems": "red", "warnings": "yellow", "notes": "dim"}


def show(described: Described, *, detailed: bool = False, console: Console | None = None) -> None:
    """Print a description. `detailed`: with the fields of messages and types."""
    console = console if console is not None else Console(highlight=False)
    console.print(f"[bold]{escape(described['source'])}[/] [dim]{escape(described['target_namespace'])}[/]")
    _documentation(described["documentation"], console)
    for service in described["services"]:
        console.print(f"\n[bold]service {escape(service['name'])}[/] [dim]{escape(service['port_type'])}[/]")
        _documentation(service["documentation"], console)
        ports = ([port["name"], f"SOAP {port['soap']}", port["address"]] for port in service["ports"])
        console.print(_table(("port", "version", "address"), ports))
        for port in service["ports"]:
            if port["policy"]:
                console.print(Text(f"policy of {port['name']}", style="bold yellow"))
                for line in policy_lines(port["policy"]):
                    console.print(Text(f"  {line}"))
        for operation in service["operations"]:
            _operation(operation, detailed, console)
    if described["types"]:
        console.print()
        for found in described["types"] if detailed else ():
            _type(found, console)
        if not detailed:
            rows = ([_type_name(found), _kind(found), _first_line(found)] for found in described["types"])
            console.print(_table(("type", "kind", ""), rows))
    for kind, colour in _COLOURS.items():
        for problem in described[kind]:
            place = f"{problem['source']}:{problem['line']}"
            console.print(Text.assemble((f"{kind[:-1]} ", colour), (f"{place}: ", "dim"), problem["message"]))


def _operation(operation: Described, detailed: bool, console: Console) -> None:
    method, rest = operation["signature"].split("(", 1)
    console.print(Padding(Text.assemble((method, "bold cyan"), "(", rest), (1, 0, 0, 2)))
    _documentation(operation["documentation"], console, 6)
    for direction in ("request", "reply"):
        message = operation[direction]
        for header in message["headers"] if message else ():
            need = "required" if header["required"] else "optional"
            words = f"{direction} header {header['name']}: {header['type']} ({need})"
            console.print(Padding(Text(words, style="magenta"), (0, 0, 0, 6)))
        for part in message["attached"] if message else ():
            words = f"{direction} attachment {part['name']}: {media_types(part)}"
            console.print(Padding(Text(words, style="magenta"), (0, 0, 0, 6)))
        if detailed and message:
            rows = (
                [field["name"], field["type"], field["xml"], "" if field["required"] else "optional"]
                for field in message["fields"]
            )
            console.print(Padding(_table((direction, "type", "in XML", ""), rows), (0, 0, 0, 6)))
    for fault in operation["faults"]:
        console.print(Padding(Text(f"raises {fault['exception']}({fault['detail']})", style="red"), (0, 0, 0, 6)))


def _type(found: Described, console: Console) -> None:
    console.print(Text.assemble((_type_name(found), "bold"), f"  {_kind(found)}"))
    _documentation(found["documentation"], console)
    if found.get("fields"):
        rows = (
            [
                field["name"],
                field["type"],
                field["xml"],
                "" if field["required"] else "optional",
                field["documentation"],
            ]
            for field in found["fields"]
        )
        console.print(Padding(_table(("field", "type", "in XML", "", ""), rows), (0, 0, 0, 2)))
    if found.get("values"):
        values = ([value["value"], value["documentation"]] for value in found["values"])
        console.print(Padding(_table(("value", ""), values), (0, 0, 0, 2)))


def _type_name(found: Described) -> str:
    base = f"({found['base']})" if found.get("base") else ""
    return local_name(found["name"]) if found["kind"] == "value" else f"{found['python']}{base}"


def _kind(found: Described) -> str:
    if found["kind"] == "value":
        return str(found["python"])
    return "abstract record" if found.get("abstract") else str(found["kind"])


def _first_line(found: Described) -> str:
    return str(found["documentation"].partition("\n")[0])


def _table(headings: tuple[str, ...], rows: Iterable[list[str]]) -> Table:
    """A table of plain text: what a contract says is never taken for markup."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _documentation(text: str, console: Console, indent: int = 2) -> None:
    if text:
        console.print(Padding(Text(text, style="italic"), (0, 0, 0, indent)))
