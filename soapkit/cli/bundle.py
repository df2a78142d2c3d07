"""``soapkit bundle``: a contract and all that it imports, in one folder."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from soapkit.cli.contracts import contract_options, read_contract
from soapkit.errors import ContractError, UsageError
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract
from soapkit.wsdl.publish import bundle_names, bundled, unread_links
from soapkit.xml.catalog import CATALOG
from soapkit.xml.serialise import escape_attribute

MARK = "A bundle written by soapkit: it is replaced as a whole."

_CATALOG_NAME = "catalog.xml"
_OURS = (".wsdl", ".xsd")


@click.command(name="bundle")
@click.argument("source", metavar="FILE_OR_URL")
@click.option(
    "--output",
    "-o",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to write. A bundle that is there is replaced.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@contract_options
def command(source: str, output: Path, as_json: bool, strict: bool, catalog: str | None, allow_remote: bool) -> None:
    """Write a contract and all documents that it imports into one folder, so that builds need no network.

    Each document is fetched once, and locations are rewritten to the files beside each other. catalog.xml, an OASIS
    XML catalog, says which file stands for which URL.

    \b
    Example:
        soapkit bundle https://example.org/service?wsdl --output wsdl/example
    """
    check_replaceable(output)
    contract = read_contract(source, strict=strict, catalog=catalog, allow_remote=allow_remote, usable=False)
    files = {**bundled(contract), _CATALOG_NAME: catalog_of(contract).encode()}
    write_bundle(files, output, contract)
    for problem in unread_links(contract):
        click.echo(f"soapkit: {problem}", err=True)
    if as_json:
        urls = {name: url for url, name in bundle_names(contract).items()}
        told = [{"file": name, "url": urls.get(name)} for name in files]
        click.echo(json.dumps({"folder": str(output), "files": told}, indent=2, ensure_ascii=False))
    else:
        for name in files:
            click.echo(str(output / name))


def catalog_of(contract: Contract) -> str:
    """The OASIS XML catalog of a bundle: the file that stands for each URL that a document was read from, or referred
    to by.

    Both kinds of entry are written, since some readers look for one and some for the other (OASIS XML Catalogs 1.1,
    6.5). Paths of this machine are not in it: they mean nothing elsewhere.
    """
    entries = "".join(
        f'  <uri name="{escape_attribute(url)}" uri="{escape_attribute(name)}"/>\n'
        f'  <system systemId="{escape_attribute(url)}" uri="{escape_attribute(name)}"/>\n'
        for url, name in _remote_names(contract)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<!-- {MARK} -->\n<catalog xmlns="{CATALOG}">\n{entries}</catalog>\n'
    )


def _remote_names(contract: Contract) -> Iterator[tuple[str, str]]:
    """Each http(s) URL by which a document of the bundle is known, and its file. A password in a URL stays out."""
    names = bundle_names(contract)
    known = list(names.items())
    known += [(location, names[url]) for (_, location), url in contract.links.items() if url in names]
    told = ((re.sub(r"//[^/@]*@", "//", url), name) for url, name in known)
    yield from dict.fromkeys(entry for entry in told if entry[0].startswith(("http:", "https:")))


def check_replaceable(folder: Path) -> None:
    """Raise `UsageError` for a folder with something in it that is not a bundle."""
    if not folder.exists() or not any(folder.iterdir()):
        return
    catalog = folder / _CATALOG_NAME
    if not catalog.is_file() or MARK not in catalog.read_text(encoding="utf-8", errors="replace"):
        raise UsageError(f"{folder} is not a bundle that soapkit wrote: choose another folder")
    others = sorted(path.name for path in folder.iterdir() if path.name != _CATALOG_NAME and path.suffix not in _OURS)
    if others:
        raise UsageError(f"{folder} holds more than a bundle, which would be lost: {', '.join(others)}")


def write_bundle(files: Mapping[str, bytes], folder: Path, contract: Contract) -> None:
    """Put the files into the folder in place of what is there; all or none.

    They are read first: raises `ContractError` when they do not offer what `contract` offers.
    """
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as draft:
        fresh, stale = Path(draft) / "new", Path(draft) / "old"
        fresh.mkdir()
        for name, data in files.items():
            (fresh / name).write_bytes(data)
        _check_same(load_contract(fresh / next(iter(files)), usable=False), contract)
        if folder.exists():
            folder.rename(stale)
        shutil.move(fresh, folder)


def _check_same(bundle: Contract, original: Contract) -> None:
    lost = sorted(_operations(original) - _operations(bundle))
    if lost:
        problems = "; ".join(map(str, bundle.problems))
        raise ContractError(f"the bundle lacks {', '.join(lost)}, which the contract has: {problems}")


def _operations(contract: Contract) -> set[str]:
    return {f"{service.name}.{operation.name}" for service in contract.services for operation in service.operations}
