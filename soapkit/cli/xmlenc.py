"""``soapkit xmlenc``: encrypt a plain document, decrypt one."""

from __future__ import annotations

from pathlib import Path

import click

from soapkit import xmlenc
from soapkit.cli.secured import (
    key_options,
    message_argument,
    named_file,
    output_option,
    read_bytes,
    write_bytes,
)
from soapkit.cli.wording import SecurityCommand
from soapkit.security.document.key_info import KeyInfo


@click.group(name="xmlenc")
def command() -> None:
    """Plain XML encryption: invoices, e-government documents, SAML. For SOAP messages: soapkit encrypt, decrypt."""


@command.command(name="encrypt", cls=SecurityCommand)
@message_argument
@click.option("--to", default=None, metavar="FILE", help="The recipient's certificate, PEM or DER.")
@click.option("--secret", default=None, metavar="FILE", help="Instead: a key that both sides have, as bare octets.")
@click.option("--name", default="", help="What the document calls that secret (KeyName).")
@click.option("--path", default="", help="What to encrypt, an ElementPath such as .//{urn:order}card; default: all.")
@click.option("--content", is_flag=True, help="What is in the element, and not its tag and attributes.")
@click.option("--algorithm", default="aes256-gcm", show_default=True, metavar="NAME")
@click.option("--key-transport", default="rsa-oaep", show_default=True, metavar="NAME")
@click.option("--oaep-digest", default="sha256", show_default=True, metavar="NAME", help="sha1 for old libraries.")
@click.option("--oaep-mgf", default="sha256", show_default=True, metavar="NAME")
@click.option(
    "--key-info",
    type=click.Choice(["certificate", "issuer-serial", "subject", "ski", "key-name", "none"]),
    default="certificate",
    show_default=True,
    help="What the document says of the recipient's key.",
)
@output_option
def encrypt(
    file: str,
    to: str | None,
    secret: str | None,
    name: str,
    path: str,
    content: bool,
    algorithm: str,
    key_transport: str,
    oaep_digest: str,
    oaep_mgf: str,
    key_info: KeyInfo,
    output: str,
) -> None:
    """Encrypt a document, or elements of it. FILE is the document, or - for the standard input.

    \b
    Examples:
        soapkit xmlenc encrypt order.xml --to bank.pem --output sealed.xml
        soapkit xmlenc encrypt order.xml --to bank.pem --path ".//{urn:order}card" --content
    """
    sealed = xmlenc.encrypt(
        read_bytes(file),
        to=xmlenc.load_certificate(to) if to is not None else None,
        secret=Path(secret).read_bytes() if secret is not None else None,
        name=name,
        path=path,
        content=content,
        algorithm=algorithm,
        key_transport=key_transport,
        oaep_digest=oaep_digest,
        oaep_mgf=oaep_mgf,
        key_info=key_info,
    )
    write_bytes(sealed, output)


@command.command(name="decrypt", cls=SecurityCommand)
@message_argument
@key_options()
@click.option(
    "--secret",
    "secrets",
    multiple=True,
    metavar="NAME=FILE",
    help="A key that both sides have, by the name in the document; =FILE for one without. Repeatable.",
)
@click.option(
    "--certificate",
    "certificates",
    multiple=True,
    metavar="FILE",
    help="Of a sender, for a key agreed on with one whom the document only names. Repeatable.",
)
@click.option("--profile", "policy", default="modern", show_default=True, help="Algorithms that are accepted.")
@output_option
def decrypt(
    file: str,
    keypair: xmlenc.KeyPair | None,
    secrets: tuple[str, ...],
    certificates: tuple[str, ...],
    policy: str,
    output: str,
) -> None:
    """Open all that is encrypted in a document, and write the document with it in place.

    Where the document is nothing but encrypted octets that are no XML, the octets are written.

    \b
    Examples:
        soapkit xmlenc decrypt sealed.xml --key bank.p12
        soapkit xmlenc decrypt sealed.xml --secret "shared key=key.bin" --profile legacy
    """
    found = xmlenc.decrypt(
        read_bytes(file),
        key=keypair if keypair is not None else (),
        secrets=dict(named_file("--secret", "NAME", each) for each in secrets),
        certificates=[xmlenc.load_certificate(name) for name in certificates],
        algorithms=xmlenc.profile(policy),
    )
    last = found.parts[-1]
    write_bytes(last.octets if last.path == "EncryptedData" and not last.is_xml else found.to_bytes(), output)
