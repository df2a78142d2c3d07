"""What a contract offers, as a Markdown page: for a wiki, or for people who review a contract."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from soapkit.cli.inspection import Described, media_types, policy_lines


def markdown_of(described: Described) -> Iterator[str]:
    """The lines of the page for what `soapkit.cli.inspection.describe` tells."""
    yield f"# {_text(described['source'])}"
    yield ""
    yield f"Target namespace: {_code(described['target_namespace'] or 'none')}"
    yield from _paragraphs(described["documentation"])
    for service in described["services"]:
        yield from _service(service)
    if described["types"]:
        yield from ("", "## Types")
        for found in described["types"]:
            yield from _type(found)
    for kind in ("problems", "warnings", "notes"):
        if described[kind]:
            yield from ("", f"## {kind.capitalize()}", "")
            yield from (f"* {_code(_place(found))}: {_text(found['message'])}" for found in described[kind])


def _place(problem: Described) -> str:
    return f"{problem['source']}:{problem['line']}"


def _service(service: Described) -> Iterator[str]:
    yield from ("", f"## Service {_text(service['name'])}")
    yield from _paragraphs(service["documentation"])
    yield from _table(
        ("port", "SOAP", "address"),
        ([_text(port["name"]), port["soap"], _code(port["address"] or "none")] for port in service["ports"]),
    )
    for port in service["ports"]:
        if port["policy"]:
            yield from ("", f"Policy of {_text(port['name'])}:", "")
            yield from (f"* {_text(line)}" for line in policy_lines(port["policy"]))
    for operation in service["operations"]:
        yield from _operation(operation)


def _operation(operation: Described) -> Iterator[str]:
    yield from ("", f"### {_text(operation['name'])}", "", "```python", operation["signature"], "```")
    yield from _paragraphs(operation["documentation"])
    facts = [f"Action {_code(operation['action'])}."] if operation["action"] else []
    facts += ["One-way."] if operation["one_way"] else []
    request = operation["request"]
    facts += [f"{request['style']}/{request['use']}."] if request["style"] == "rpc" else []
    if facts:
        yield from ("", " ".join(facts))
    for direction, message in (("Request", request), ("Reply", operation["reply"])):
        if message:
            yield from ("", f"{direction} {_code(message['tag'] or 'children of the Body')}")
            yield from _fields(message["fields"])
            for header in message["headers"]:
                need = "required" if header["required"] else "optional"
                yield from ("", f"{direction} header {_code(header['name'])}: {_code(header['type'])}, {need}")
            for part in message["attached"]:
                yield from ("", f"{direction} attachment {_code(part['name'])}: {media_types(part)}")
    for fault in operation["faults"]:
        yield from ("", f"Raises {_code(fault['exception'])} with {_code(fault['detail'])}.")


def _type(found: Described) -> Iterator[str]:
    base = f"({found['base']})" if found.get("base") else ""
    kind = "abstract record" if found.get("abstract") else found["kind"]
    name = found["name"].rpartition("}")[2] if found["kind"] == "value" else found["python"]
    yield from ("", f"### {_text(name + base)}", "")
    told = f" = {_code(found['python'])}" if found["kind"] == "value" else ""
    yield f"{kind.capitalize()} {_code(found['name'])}{told}"
    yield from _paragraphs(found["documentation"])
    yield from _fields(found.get("fields", []))
    values = found.get("values", [])
    yield from _table(("value", ""), ([_code(value["value"]), _text(value["documentation"])] for value in values))


def _fields(fields: list[Described]) -> Iterator[str]:
    yield from _table(
        ("field", "type", "XML", "", ""),
        (
            [
                _code(field["name"]),
                _code(field["type"]),
                _code(field["xml"]),
                "" if field["required"] else "optional",
                _text(field["documentation"]),
            ]
            for field in fields
        ),
    )


def _table(head: tuple[str, ...], rows: Iterable[list[str]]) -> Iterator[str]:
    listed = list(rows)
    if listed:
        yield from ("", _row(list(head)), _row(["---"] * len(head)), *map(_row, listed))


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        if paragraph.strip():
            yield from ("", _text(paragraph))


# What has a meaning in Markdown: a contract's words are text, never markup, and never a cell's end.
_MEANINGS = str.maketrans({character: f"\\{character}" for character in "\\`*_[]<>|#&~"})


def _text(text: str) -> str:
    return " ".join(text.split()).translate(_MEANINGS)


def _code(text: str) -> str:
    """A span of code, whatever stands in it (CommonMark 0.31, 6.1; a cell of a table ends at any bar)."""
    plain = " ".join(text.split()).replace("|", "\\|")
    fence = "`"
    while fence in plain:
        fence += "`"
    space = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{fence}{space}{plain}{space}{fence}" if plain else ""
