"""``soapkit explain``: a secured message or document, told in words."""

from __future__ import annotations

import json

import click

from soapkit.cli.secured import message_argument, read_bytes
from soapkit.cli.wording import SecurityCommand
from soapkit.security.document.explain import explain_document
from soapkit.security.explain import explain
from soapkit.soap.envelope import Envelope
from soapkit.soap.version import VERSIONS
from soapkit.xml.names import namespace_of
from soapkit.xml.parse import parse_exact
from soapkit.xml.walk import tag_of


@click.command(name="explain", cls=SecurityCommand)
@message_argument
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list of lines.")
def command(file: str, as_json: bool) -> None:
    """Tell in words how a SOAP message is secured: tokens, keys, what is signed, what is not, what is weak.

    Of a document that is no SOAP message: what its signatures cover, and what is encrypted.

    Nothing is verified; this is what the message claims. `soapkit verify` tells what of it is true.

    \b
    Example:
        soapkit explain message.xml
    """
    data, source = read_bytes(file), "stdin" if file == "-" else file
    root = parse_exact(data, source=source)
    is_message = namespace_of(tag_of(root)) in VERSIONS
    lines = explain(Envelope.parse(data, source=source)) if is_message else explain_document(root)
    click.echo(json.dumps(lines, indent=2, ensure_ascii=False) if as_json else "\n".join(lines))
