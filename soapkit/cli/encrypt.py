"""``soapkit encrypt``: encrypt a SOAP message."""

from __future__ import annotations

from typing import Literal

import click

from soapkit.cli.secured import actor_option, message_argument, output_option, read_envelope, write_envelope
from soapkit.cli.wording import SecurityCommand
from soapkit.security import Encrypt, Security, load_certificate
from soapkit.security.steps import KeyReference


@click.command(name="encrypt", cls=SecurityCommand)
@message_argument
@click.option("--to", required=True, metavar="FILE", help="The recipient's certificate, PEM or DER.")
@click.option(
    "--part",
    "parts",
    multiple=True,
    metavar="NAME",
    help="What to encrypt: Body (its content), Signature, UsernameToken, a header block. Repeatable. Default: Body.",
)
@click.option("--algorithm", default="aes256-gcm", show_default=True, metavar="NAME")
@click.option("--key-transport", default="rsa-oaep-mgf1p", show_default=True, metavar="NAME")
@click.option("--oaep-digest", default="sha256", show_default=True, metavar="NAME", help="sha1 for old libraries.")
@click.option(
    "--oaep-mgf",
    default="sha256",
    show_default=True,
    metavar="NAME",
    help="Of rsa-oaep; rsa-oaep-mgf1p masks with SHA-1.",
)
@click.option(
    "--reference",
    type=click.Choice(["direct", "issuer-serial", "ski", "thumbprint", "embedded", "key-name"]),
    default="issuer-serial",
    show_default=True,
    help="How the message names the recipient's certificate.",
)
@click.option(
    "--data-reference",
    type=click.Choice(["token", "retrieval"]),
    default="token",
    show_default=True,
    help="How encrypted data names its key: as WS-Security does, or as plain XML Encryption does (xmlsec1 follows it).",
)
@actor_option
@output_option
def command(
    file: str,
    to: str,
    parts: tuple[str, ...],
    algorithm: str,
    key_transport: str,
    oaep_digest: str,
    oaep_mgf: str,
    reference: KeyReference,
    data_reference: Literal["token", "retrieval"],
    actor: str | None,
    output: str,
) -> None:
    """Encrypt parts of a SOAP message to a certificate, with WS-Security.

    FILE is the message, or - for the standard input. Sign before you encrypt: pipe the output of `soapkit sign`.

    \b
    Examples:
        soapkit encrypt message.xml --to bank.pem --output encrypted.xml
        soapkit sign message.xml --key alice.p12 | soapkit encrypt - --to bank.pem

    \b
    For xmlsec1, which knows plain XML Encryption only (and, before 1.3, OAEP with SHA-1 only):
        soapkit encrypt message.xml --to bank.pem --data-reference retrieval --oaep-digest sha1 --output FILE
        xmlsec1 --decrypt --id-attr:Id http://www.w3.org/2001/04/xmlenc#:EncryptedKey --privkey-pem bank.key FILE
    """
    envelope = read_envelope(file)
    certificate = load_certificate(to)
    step = Encrypt(
        certificate,
        parts or ("Body",),
        algorithm,
        key_transport,
        oaep_digest,
        oaep_mgf,
        key_reference=reference,
        data_reference=data_reference,
    )
    write_envelope(Security(outbound=[step], actor=actor).apply(envelope), output)
