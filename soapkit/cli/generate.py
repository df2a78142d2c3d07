"""``soapkit generate``: write a typed Python package from a contract."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from soapkit.cli.contracts import contract_options, read_contract
from soapkit.cli.project import PROJECT_FILE, Target, load_targets, saved
from soapkit.codegen.generate import Generated, check_overwritable, differences, generated, write_package
from soapkit.codegen.plan import Options
from soapkit.codegen.skeleton import skeleton_source
from soapkit.errors import UsageError


@click.command("generate")
@click.argument("contract", required=False)
@click.option("--output", "-o", type=click.Path(file_okay=False, path_type=Path), help="Folder to write.")
@click.option("--package", metavar="NAME", default="", help="Name of the package; by default that of the folder.")
@click.option("--operations", metavar="A,B", default="", help="Only these operations, and the types that they reach.")
@click.option("--services", metavar="A,B", default="", help="Only these services.")
@click.option("--http-ports", metavar="A,B", default="", help="Also these ports, whose binding is HTTP GET or POST.")
@click.option("--exclude", metavar="A,B", default="", help="Not these operations.")
@click.option("--keep-unknown", is_flag=True, help="Classes with room for what a lenient client passes over.")
@click.option("--server", type=click.Path(dir_okay=False, path_type=Path), help="Also start a server in this file.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if the folder is not what would be written.")
@click.option("--force", is_flag=True, help="Overwrite a folder that soapkit did not generate.")
@click.option("--save", is_flag=True, help=f"Note all this in {PROJECT_FILE}, to be done again without arguments.")
@contract_options
def command(
    contract: str | None,
    output: Path | None,
    package: str,
    operations: str,
    services: str,
    http_ports: str,
    exclude: str,
    keep_unknown: bool,
    server: Path | None,
    check: bool,
    force: bool,
    save: bool,
    strict: bool,
    catalog: str | None,
    allow_remote: bool,
) -> int:
    """Write a typed Python package for CONTRACT: a WSDL file or URL, a zip archive, or - for the standard input.

    The package holds a class for each type, a Protocol for servers, clients (blocking and async), and an exception for
    each declared fault. Without CONTRACT, everything that soapkit.toml names is generated again.

    \b
    Examples:
        soapkit generate wsdl/bank.wsdl --output bank
        soapkit generate wsdl/bank.wsdl --output bank --operations transfer,balance
        soapkit generate --check
    """
    if contract is None:
        if output is not None:
            raise click.UsageError("--output needs a CONTRACT")
        targets = load_targets(Path(PROJECT_FILE))
    elif output is None:
        raise click.UsageError("say where to write the package: --output FOLDER")
    else:
        options = Options(
            operations=_names(operations),
            services=_names(services),
            http_ports=_names(http_ports),
            exclude=_names(exclude),
            keep_unknown=keep_unknown,
        )
        targets = [Target(contract, output, package, options, strict, catalog, allow_remote)]
    drifted = 0
    for target in targets:
        result = _generated(target, check=check, force=force)
        if check:
            drifted += _tell_drift(result, target.output)
        else:
            _write(result, target.output)
    if contract is not None and not check:
        if server is not None:
            _write_skeleton(result, server)
        if save:
            saved(targets[0], Path(PROJECT_FILE))
    return 1 if drifted else 0


def _names(text: str) -> frozenset[str]:
    return frozenset(filter(None, (name.strip() for name in text.split(","))))


def _generated(target: Target, *, check: bool, force: bool) -> Generated:
    if not check:
        check_overwritable(target.output, force=force)
    with _progress(f"reading {target.contract}"):
        loaded = read_contract(
            target.contract, strict=target.strict, catalog=target.catalog, allow_remote=target.allow_remote
        )
    for problem in (*loaded.warnings, *loaded.problems):
        click.echo(f"soapkit: {problem}", err=True)
    with _progress("writing classes"):
        result = generated(loaded, target.output, name=target.package, options=target.options)
    for left_out in result.package.left_out:
        click.echo(f"soapkit: left out {left_out}", err=True)
    return result


def _write(result: Generated, output: Path) -> None:
    with _progress(f"writing {len(result.files)} files"):
        written = write_package(result.files, output)
    operations = sum(len(service.methods) for service in result.package.services)
    types = _count(result.package.size, "type")
    click.echo(f"{output}: {_count(operations, 'operation')}, {types} in {_count(len(written), 'file')}")
    for path in written:
        click.echo(f"  {path.name}")


def _tell_drift(result: Generated, output: Path) -> int:
    drifted = differences(result.files, output)
    for name in drifted:
        click.echo(f"soapkit: {output / name} is not what the contract gives", err=True)
    if not drifted:
        click.echo(f"{output}: up to date")
    return len(drifted)


def _write_skeleton(result: Generated, path: Path) -> None:
    if path.exists():
        raise UsageError(f"{path} is there already; a server is started once, then it is yours")
    path.write_text(skeleton_source(result.package), encoding="utf-8")
    click.echo(f"{path}: fill in the methods, then: soapkit serve {path.stem}:app")


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
