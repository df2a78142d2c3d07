"""``soapkit xmldsig``: sign a plain document, verify one, see what is signed."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import click
from lxml import etree

from soapkit import xmldsig
from soapkit.cli.secured import (
    key_options,
    message_argument,
    moment,
    named_file,
    output_option,
    read_bytes,
    write_bytes,
)
from soapkit.cli.wording import SecurityCommand
from soapkit.errors import SecurityError
from soapkit.security.crypto.certificates import name_of
from soapkit.security.document.key_info import KeyInfo


@click.group(name="xmldsig")
def command() -> None:
    """Plain XML signatures: invoices, e-government documents, SAML. For SOAP messages: soapkit sign, verify."""


@command.command(name="sign", cls=SecurityCommand)
@message_argument
@key_options(required=True)
@click.option(
    "--reference",
    "references",
    multiple=True,
    metavar="URI",
    help='What is signed: #id, an element by its id. Repeatable. Default: "", the whole document.',
)
@click.option("--enveloping", is_flag=True, help="Put the document into the signature, not the signature into it.")
@click.option("--inside", default="", metavar="PATH", help="The element that the signature becomes the last child of.")
@click.option("--after", default="", metavar="PATH", help="The element that the signature follows.")
@click.option("--algorithm", default="", metavar="NAME", help="Such as rsa-sha256 (default by the key), ecdsa-sha384.")
@click.option("--digest", default="sha256", show_default=True, metavar="NAME")
@click.option(
    "--canonical", type=click.Choice(["exclusive", "inclusive", "inclusive11"]), default="exclusive", show_default=True
)
@click.option(
    "--key-info",
    type=click.Choice(["certificate", "chain", "issuer-serial", "subject", "ski", "key-name", "none"]),
    default="certificate",
    show_default=True,
    help="What the signature says of its key.",
)
@click.option("--id-attribute", "id_attributes", multiple=True, metavar="NAME", help="Another attribute that is an id.")
@output_option
def sign(
    file: str,
    keypair: xmldsig.KeyPair,
    references: tuple[str, ...],
    enveloping: bool,
    inside: str,
    after: str,
    algorithm: str,
    digest: str,
    canonical: str,
    key_info: KeyInfo,
    id_attributes: tuple[str, ...],
    output: str,
) -> None:
    """Sign a document. FILE is the document, or - for the standard input; the result must not be indented.

    \b
    Examples:
        soapkit xmldsig sign invoice.xml --key alice.p12 --output signed.xml
        soapkit xmldsig sign invoice.xml --key alice.p12 --reference "#invoice-1" --canonical inclusive
    """
    signed = xmldsig.sign(
        read_bytes(file),
        keypair,
        references=references or ("",),
        enveloping=enveloping,
        inside=inside,
        after=after,
        algorithm=algorithm,
        digest=digest,
        canonical=canonical,
        key_info=key_info,
        id_attributes=id_attributes,
    )
    write_bytes(signed, output)


@command.command(name="verify", cls=SecurityCommand)
@message_argument
@click.option(
    "--trust",
    "trusted",
    multiple=True,
    required=True,
    metavar="FILE",
    help="Certificates to believe, or their authorities: PEM, DER or a folder. Repeatable.",
)
@click.option(
    "--signed",
    multiple=True,
    metavar="NAME",
    help="An element that must be covered: name or {namespace}name. Repeatable. Default: the whole document.",
)
@click.option("--any", "whatever", is_flag=True, help="Demand nothing of what is covered: look at what is printed.")
@click.option("--signature", default=None, metavar="ID", help="Which signature, by number from 0 or by its Id.")
@click.option("--all", "every", is_flag=True, help="Verify every signature; each must hold.")
@click.option(
    "--certificate",
    "certificates",
    multiple=True,
    metavar="FILE",
    help="A certificate that the signature only names. Repeatable.",
)
@click.option("--profile", "policy", default="modern", show_default=True, help="Algorithms that are accepted.")
@click.option("--id-attribute", "id_attributes", multiple=True, metavar="NAME", help="Another attribute that is an id.")
@click.option(
    "--outside",
    multiple=True,
    metavar="URI=FILE",
    help="What a reference means that leads out of the document; nothing is fetched. Repeatable.",
)
@click.option("--at", callback=moment, default=None, metavar="DATETIME", help="Verify as of this time instead of now.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--output", "-o", default=None, metavar="FILE", help="Write what is signed here: one element, as XML, or octets."
)
def verify(
    file: str,
    trusted: tuple[str, ...],
    signed: tuple[str, ...],
    whatever: bool,
    signature: str | None,
    every: bool,
    certificates: tuple[str, ...],
    policy: str,
    id_attributes: tuple[str, ...],
    outside: tuple[str, ...],
    at: datetime | None,
    as_json: bool,
    output: str | None,
) -> None:
    """Verify the signature of a document, and tell what it covers and whose it is.

    Exit code 0 when it holds, covers what it must and is of somebody trusted; else 1 with the reason.

    \b
    Examples:
        soapkit xmldsig verify signed.xml --trust ca.pem
        soapkit xmldsig verify response.xml --trust idp.pem --signed Assertion --output assertion.xml
        soapkit xmldsig verify META-INF/signatures0.xml --trust ca.pem --any --outside message.xml=message.xml
    """
    if every and (signed or whatever or signature is not None):
        raise click.UsageError("--all takes every signature, whatever it covers: no --signed, --any, --signature")
    if whatever and signed:
        raise click.UsageError("--any demands nothing, --signed something: take one")
    document = read_bytes(file)
    given: dict[str, Any] = {
        "trust": xmldsig.TrustStore.load(*trusted),
        "algorithms": xmldsig.profile(policy),
        "certificates": [xmldsig.load_certificate(name) for name in certificates],
        "at": at,
        "id_attributes": id_attributes,
        "outside": dict(named_file("--outside", "URI", each) for each in outside),
    }
    if every:
        found = xmldsig.verify_all(document, **given)
    else:
        which = int(signature) if signature is not None and signature.isdigit() else signature
        wanted = () if whatever else signed or None
        found = (xmldsig.verify(document, signed=wanted, signature=which, **given),)
    if output is not None:
        written = [etree.tostring(part.element, encoding="UTF-8") for result in found for part in result.parts]
        written += [part.octets for result in found for part in result.octets]
        if len(written) != 1:
            raise SecurityError(f"{len(written)} things are signed; --output writes one")
        write_bytes(written[0], output)
    if output == "-":
        return
    if as_json:
        click.echo(json.dumps([_described(result) for result in found], indent=2, ensure_ascii=False))
        return
    for result in found:
        click.echo(f"signature  at {result.path}  {result.algorithm}")
        click.echo(f"signer     {result.signer_name}")
        for part in result.parts:
            click.echo(f"signed     {part.path}  ({part.uri or 'the whole document'})  {part.digest}")
        for octets in result.octets:
            where = octets.path or "outside"
            click.echo(f"signed     {where}  ({octets.uri})  {octets.digest}  {len(octets.octets)} octets")
        for warning in result.warnings:
            click.echo(f"warning    {warning}")


def _described(result: xmldsig.Verified) -> dict[str, Any]:
    return {
        "signature": result.path,
        "algorithm": result.algorithm,
        "signer": result.signer_name,
        "chain": [name_of(certificate) for certificate in result.chain],
        "signed": [{"path": part.path, "uri": part.uri, "digest": part.digest} for part in result.parts],
        "octets": [{"path": part.path, "uri": part.uri, "digest": part.digest} for part in result.octets],
        "warnings": list(result.warnings),
    }
