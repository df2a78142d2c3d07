"""``soapkit explain``: a secured message, told in words."""

from __future__ import annotations

import json

import click

from soapkit.cli.secured import message_argument, read_envelope
from soapkit.security.explain import explain


@click.command(name="explain")
@message_argument
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list of lines.")
def command(file: str, as_json: bool) -> None:
    """Tell in words how a SOAP message is secured: tokens, keys, what is signed, what is not, what is weak.

    Nothing is verified; this is what the message claims. `soapkit verify` tells what of it is true.

    \b
    Example:
        soapkit explain message.xml
    """
    lines = explain(read_envelope(file))
    click.echo(json.dumps(lines, indent=2, ensure_ascii=False) if as_json else "\n".join(lines))
