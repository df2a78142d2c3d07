"""``soapkit sign``: sign a SOAP message."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from soapkit.cli.secured import (
    actor_option,
    key_options,
    message_argument,
    moment,
    output_option,
    read_envelope,
    write_envelope,
)
from soapkit.cli.wording import SecurityCommand
from soapkit.security import KeyPair, SamlToken, Security, Sign, Timestamp
from soapkit.security.crypto.algorithms import CANONICAL_NAMES, CanonicalName
from soapkit.security.markup import TIMESTAMP
from soapkit.security.steps import KEY_REFERENCES, KeyReference, Step


@click.command(name="sign", cls=SecurityCommand)
@message_argument
@key_options(required=True)
@click.option(
    "--part",
    "parts",
    multiple=True,
    metavar="NAME",
    help="What to sign: Body, Timestamp, a header block by {namespace}name or name. Repeatable. "
    "Default: Body and Timestamp.",
)
@click.option(
    "--algorithm", default="", metavar="NAME", help="Such as rsa-sha256 (default by the key), rsa-pss-sha256."
)
@click.option("--digest", default="sha256", show_default=True, metavar="NAME")
@click.option(
    "--canonical",
    type=click.Choice(list(CANONICAL_NAMES)),
    default="exclusive",
    show_default=True,
    help="The form that is signed; inclusive ones for peers that ask for them.",
)
@click.option(
    "--reference",
    type=click.Choice(KEY_REFERENCES),
    default="direct",
    show_default=True,
    help="How the message names the certificate; direct carries it as a token, path with its chain; assertion: the key "
    "is that of the --assertion's subject.",
)
@click.option(
    "--assertion", default=None, metavar="FILE", help="A SAML assertion to carry; sign it with --part Assertion."
)
@click.option("--ttl", type=click.IntRange(min=1), default=300, show_default=True, help="Seconds the Timestamp lives.")
@click.option("--at", callback=moment, default=None, metavar="DATETIME", help="The time of signing instead of now.")
@actor_option
@output_option
def command(
    file: str,
    keypair: KeyPair,
    parts: tuple[str, ...],
    algorithm: str,
    digest: str,
    canonical: CanonicalName,
    reference: KeyReference,
    assertion: str | None,
    ttl: int,
    at: datetime | None,
    actor: str | None,
    output: str,
) -> None:
    """Sign a SOAP message with WS-Security.

    A Timestamp is added when it is among the parts and the message has none. FILE is the message, or - for the
    standard input.

    \b
    Examples:
        soapkit sign message.xml --key alice.p12 --output signed.xml
        soapkit sign message.xml --key alice.key --cert alice.pem --part Body
        soapkit sign message.xml --key alice.p12 --assertion token.xml --reference assertion
    """
    envelope = read_envelope(file)
    wanted = parts or ("Body", "Timestamp")
    step = Sign(keypair, wanted, algorithm, digest, reference, canonical)
    stamped = next(envelope.root.iter(TIMESTAMP), None) is not None
    steps: list[Step] = [Timestamp(ttl)] if "Timestamp" in wanted and not stamped else []
    steps += [SamlToken(Path(assertion).read_bytes())] if assertion is not None else []
    write_envelope(Security(outbound=[*steps, step], actor=actor).apply(envelope, now=at), output)
