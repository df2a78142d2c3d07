"""``soapkit cert``: a throw-away authority and keys, for development."""

from __future__ import annotations

from pathlib import Path

import click

from soapkit.security.throwaway import write_keys


@click.command(name="cert")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--name", "names", multiple=True, metavar="NAME", help="Whom to make keys for. Default: client, server.")
@click.option(
    "--password", envvar="SOAPKIT_PASSWORD", default=None, help="Encrypt the private keys with it (SOAPKIT_PASSWORD)."
)
@click.option("--days", type=click.IntRange(min=1), default=30, show_default=True, help="How long they are valid.")
def command(folder: Path, names: tuple[str, ...], password: str | None, days: int) -> None:
    """Make a throw-away authority and keys, for development only.

    DIR receives ca.pem, and for each name NAME.pem (certificate), NAME.key (private key) and NAME.p12 (both). The
    authority's own key is not kept.

    \b
    Example:
        soapkit cert keys --name alice --name bank
    """
    wanted = list(names or ("client", "server"))
    for name in wanted:
        if "/" in name or name in ("", ".", "..", "ca"):
            raise click.UsageError(f"{name!r} cannot be the name of a key")
    for path in write_keys(folder, wanted, password=password, days=days):
        click.echo(path)
