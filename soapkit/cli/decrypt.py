"""``soapkit decrypt``: decrypt a SOAP message."""

from __future__ import annotations

from dataclasses import replace

import click

from soapkit.cli.secured import (
    actor_option,
    key_options,
    message_argument,
    output_option,
    read_secured,
    write_envelope,
)
from soapkit.cli.wording import SecurityCommand
from soapkit.errors import SecurityError
from soapkit.security import KeyPair, Require, Security, profile
from soapkit.security.spent import take_out_spent

_AT_ANY_TIME = 10**9  # seconds: a recorded message is decrypted whatever its Timestamp says


@click.command(name="decrypt", cls=SecurityCommand)
@message_argument
@key_options(required=True)
@click.option(
    "--profile", "policy", default="modern", show_default=True, help="Algorithms that are accepted; CBC is always."
)
@actor_option
@output_option
def command(file: str, keypair: KeyPair, policy: str, actor: str | None, output: str) -> None:
    """Decrypt a SOAP message. Signatures are left for `soapkit verify`, which can decrypt too; keys that open nothing
    else are taken out.

    FILE is the message, or - for the standard input.

    \b
    Example:
        soapkit decrypt encrypted.xml --key bank.p12
    """
    envelope = read_secured(file, actor)
    # CBC is dangerous where a stranger learns from our answers what was wrong; at a prompt there is no stranger.
    algorithms = replace(profile(policy), cbc="always")
    require = Require(
        key=keypair, algorithms=algorithms, max_age=_AT_ANY_TIME, skew=_AT_ANY_TIME, unsigned_faults=False
    )
    result = Security(inbound=require, actor=actor).verify(envelope)
    if not result.encrypted:
        raise SecurityError("nothing in the message is encrypted")
    take_out_spent(result.envelope.root)
    write_envelope(result.envelope, output)
