"""``soapkit generate``: write a typed Python package from a contract."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from soapkit.codegen.generate import check_overwritable, differences, package_for, render, write_package
from soapkit.codegen.plan import Options, Package
from soapkit.errors import UsageError
from soapkit.wsdl.load import load_contract


@click.command("generate")
@click.argument("contract")
@click.option("--output", "-o", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to write.")
@click.option("--package", metavar="NAME", default="", help="Name of the package; by default that of the folder.")
@click.option("--operations", metavar="A,B", default="", help="Only these operations, and the types that they reach.")
@click.option("--strict", is_flag=True, help="Refuse a contract that breaks a rule, instead of warning.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if the folder is not what would be written.")
@click.option("--force", is_flag=True, help="Overwrite a folder that soapkit did not generate.")
def command(
    contract: str, output: Path, package: str, operations: str, strict: bool, check: bool, force: bool
) -> int | None:
    """Write a typed Python package for CONTRACT, a WSDL file or URL.

    The package holds a class for each type, a Protocol for servers, clients (blocking and async), and an exception for
    each declared fault:

        soapkit generate wsdl/bank.wsdl --output bank
    """
    if not check:
        check_overwritable(output, force=force)
    with _progress("reading the contract"):
        loaded = load_contract(contract, strict=strict)
    for problem in (*loaded.warnings, *loaded.problems):
        click.echo(f"soapkit: {problem}", err=True)
    options = Options(operations=frozenset(filter(None, (name.strip() for name in operations.split(",")))))
    with _progress("writing classes"):
        planned = package_for(loaded, output, name=package, options=options)
        files = render(planned)
    for left_out in planned.left_out:
        click.echo(f"soapkit: left out {left_out}", err=True)
    if check:
        return _tell_drift(differences(files, output), output)
    if not planned.services and operations:
        raise UsageError("no operation is left")
    written = write_package(files, output)
    click.echo(f"{output}: {_size(planned)} in {len(written)} files")
    for path in written:
        click.echo(f"  {path.name}")
    return None


def _tell_drift(drifted: list[str], output: Path) -> int:
    for name in drifted:
        click.echo(f"{output / name}: not what the contract gives", err=True)
    if not drifted:
        click.echo(f"{output}: up to date")
    return 1 if drifted else 0


def _size(package: Package) -> str:
    operations = sum(len(service.methods) for service in package.services)
    return f"{_count(operations, 'operation')}, {_count(package.size, 'type')}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


@contextmanager
def _progress(what: str) -> Iterator[None]:
    """Says on a terminal what takes its time; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield
        return
    click.echo(f"{what} ...", err=True, nl=False)
    try:
        yield
    finally:
        click.echo("\r\033[K", err=True, nl=False)
