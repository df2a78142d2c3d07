"""The house stands as planned: imports run down, never up, never sideways, never in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "soapkit"

# Each package and single file with its floor (architecture: two wings, one journey).
FLOORS = {
    "version": 0,
    "errors": 1,
    "attachment": 1.5,
    "xml": 2,
    "databinding": 3,
    "soap": 3,
    "operations": 4,
    "xsd": 4.5,
    "transport": 4,
    "ws": 4,
    "security": 4,
    "xmldsig": 5,
    "xmlenc": 5,
    "wsdl": 5,
    "exchange": 5,
    "codegen": 6,
    "policy": 6,
    "client": 7,
    "server": 7,
    "adapters": 8,
    "testing": 8,
    "cli": 8,
    "__main__": 9,
}

# The two wings: neither hears of the other. They meet in exchange/, and above it.
CONTRACT_WING = {"databinding", "operations", "xsd", "wsdl"}
MESSAGE_WING = {"soap", "security", "ws", "transport", "xmldsig", "xmlenc"}

FACE = "__init__"  # soapkit/__init__.py hands out names from every floor


def room(module: str) -> str:
    """``soapkit.xsd.parse`` -> ``xsd``."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else FACE


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imported(tree: ast.AST) -> Iterator[str]:
    """Every soapkit module that a file imports, wherever in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "soapkit":
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                is_module = (ROOT / Path(*inner.split("."))).is_dir() or (ROOT / Path(*inner.split("."))).with_suffix(
                    ".py"
                ).is_file()
                yield inner if is_module else node.module
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "soapkit":
                    yield alias.name


@cache
def arrows() -> list[tuple[str, str]]:
    """Each import of one file of soapkit by another: who imports, and what."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found += [(module_name(path), target) for target in imported(tree)]
    return found


def broken_rules(importer: str, target: str) -> str | None:
    """The sentence for an arrow that may not be, or None."""
    above, below = room(importer), room(target)
    if above in (FACE, below):
        return None
    if below == FACE:
        return f"{importer} imports the face of the kit; it must import from the file that defines the name"
    if {above, below} & CONTRACT_WING and {above, below} & MESSAGE_WING:
        return f"{above} and {below} stand in different wings ({importer} imports {target})"
    if FLOORS[above] <= FLOORS[below]:
        return f"{above} stands below {below} or beside it ({importer} imports {target})"
    return None


@pytest.mark.parametrize("name", FLOORS)
def test_the_imports_of_a_room_run_down(name: str) -> None:
    assert [told for arrow in arrows() if room(arrow[0]) == name and (told := broken_rules(*arrow))] == []


def test_an_arrow_upwards_is_told_in_a_sentence() -> None:
    assert broken_rules("soapkit.soap.envelope", "soapkit.exchange.processor") == (
        "soap stands below exchange or beside it (soapkit.soap.envelope imports soapkit.exchange.processor)"
    )
    assert broken_rules("soapkit.soap.fault", "soapkit.databinding.shape") == (
        "soap and databinding stand in different wings (soapkit.soap.fault imports soapkit.databinding.shape)"
    )
    assert broken_rules("soapkit.client.client", "soapkit.exchange.processor") is None


def test_every_room_has_a_floor() -> None:
    rooms = {room(module_name(path)) for path in PACKAGE.rglob("*.py")} - {FACE}
    assert rooms <= FLOORS.keys()


@pytest.mark.parametrize(("lower", "below"), [("crypto", {"crypto", "markup"}), ("trust", {"trust", "crypto"})])
def test_keys_and_trust_know_nothing_of_messages(lower: str, below: set[str]) -> None:
    of_security = [
        (importer, target) for importer, target in arrows() if importer.startswith(f"soapkit.security.{lower}.")
    ]
    assert of_security
    for importer, target in of_security:
        if target.startswith("soapkit.security."):
            assert target.split(".")[2] in below, f"{importer} imports {target}"


def test_no_file_inside_a_package_imports_from_its_init() -> None:
    for importer, target in arrows():
        package = importer.rpartition(".")[0]
        assert not (target == package and room(importer) == room(target) and importer != target), (
            f"{importer} imports from the __init__ of its own package"
        )


def test_no_files_import_each_other_in_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for importer, target in arrows():
        graph.setdefault(importer, set()).add(target)
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, "a circle: " + " -> ".join((*path[path.index(module) :], module))
        if module not in done:
            for target in graph.get(module, ()):
                visit(target, (*path, module))
            done.add(module)

    for module in list(graph):
        if room(module) != FACE:
            visit(module, ())


def test_each_file_says_on_top_what_it_is_for() -> None:
    for path in PACKAGE.rglob("*.py"):
        first = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n")[0]
        assert first, f"{path.relative_to(ROOT)} has no first line that says what it is for"
