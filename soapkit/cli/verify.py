"""``soapkit verify``: verify a signed SOAP message; what is covered, and by whom."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

import click

from soapkit.cli.secured import actor_option, key_options, message_argument, moment, read_secured
from soapkit.cli.wording import SecurityCommand, in_options
from soapkit.security import KeyPair, Require, SamlRequirement, Security, TrustStore, load_certificate, profile
from soapkit.security.crypto.certificates import name_of
from soapkit.security.saml.names import CONFIRMATIONS, Confirmation
from soapkit.soap.security_result import Covered, ReceivedAssertion, SecurityResult
from soapkit.xml.walk import path_of


@click.command(name="verify", cls=SecurityCommand)
@message_argument
@click.option(
    "--trust",
    "trusted",
    multiple=True,
    metavar="FILE",
    help="Certificates to believe, or their authorities: PEM, DER or a folder. Repeatable.",
)
@click.option(
    "--trust-key",
    "bare",
    multiple=True,
    metavar="FILE",
    help="A public key to believe without a certificate, PEM; with --profile key_value. Repeatable.",
)
@click.option(
    "--revoked", multiple=True, metavar="FILE", help="A revocation list of an authority: PEM or DER. Repeatable."
)
@click.option(
    "--ocsp", multiple=True, metavar="FILE", help="An OCSP response for a certificate of the path: DER. Repeatable."
)
@click.option("--require-revocation", is_flag=True, help="Refuse certificates of which no list and no response tells.")
@click.option(
    "--certificate",
    "certificates",
    multiple=True,
    metavar="FILE",
    help="A certificate that the message only names, or does not name. Repeatable.",
)
@click.option("--signed", multiple=True, metavar="NAME", help="A part that must be signed. Repeatable. Default: Body.")
@click.option(
    "--issuer",
    "issuers",
    multiple=True,
    metavar="FILE",
    help="Demand a SAML assertion signed by one of these certificates, or their authorities. Repeatable.",
)
@click.option("--audience", multiple=True, metavar="URI", help="Whom the assertion must be for. Repeatable.")
@click.option(
    "--confirmation",
    multiple=True,
    type=click.Choice(CONFIRMATIONS),
    help="What may confirm the assertion. Repeatable. Default: bearer and holder-of-key.",
)
@click.option("--encrypted", multiple=True, metavar="NAME", help="A part that must have come encrypted. Repeatable.")
@key_options("Key to decrypt with first: PKCS#12, Java key store or PEM.")
@click.option("--profile", "policy", default="modern", show_default=True, help="Algorithms that are accepted.")
@click.option("--max-age", type=click.IntRange(min=1), default=300, show_default=True, help="Seconds.")
@actor_option
@click.option("--at", callback=moment, default=None, metavar="DATETIME", help="Verify as of this time instead of now.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    file: str,
    trusted: tuple[str, ...],
    bare: tuple[str, ...],
    revoked: tuple[str, ...],
    ocsp: tuple[str, ...],
    require_revocation: bool,
    certificates: tuple[str, ...],
    signed: tuple[str, ...],
    issuers: tuple[str, ...],
    audience: tuple[str, ...],
    confirmation: tuple[Confirmation, ...],
    encrypted: tuple[str, ...],
    keypair: KeyPair | None,
    policy: str,
    max_age: int,
    actor: str | None,
    at: datetime | None,
    as_json: bool,
) -> None:
    """Verify a SOAP message and tell what its signatures cover, and by whom.

    Exit code 0 when every part that must be signed is, at its place, by somebody trusted, and the SAML assertion that
    is demanded speaks for the sender; else 1 with the reason.

    \b
    Examples:
        soapkit verify signed.xml --trust ca.pem
        soapkit verify reply.xml --trust ca.pem --signed Body --signed Timestamp --key alice.p12 --encrypted Body
        soapkit verify signed.xml --trust ca.pem --ocsp alice.ocsp --require-revocation
        soapkit verify request.xml --issuer sts.pem --audience https://bank.example
    """
    envelope = read_secured(file, actor)
    load = partial(
        TrustStore.load, revoked=revoked, ocsp=ocsp, revocation="required" if require_revocation else "given"
    )
    if not trusted and not bare and not issuers:
        raise click.UsageError("--trust says whose signatures are believed, --issuer whose assertions are")
    saml = None
    if issuers or audience or confirmation:
        saml = SamlRequirement(
            load(*issuers) if issuers else None,
            audience=audience,
            confirmation=confirmation or ("bearer", "holder-of-key"),
        )
    require = Require(
        signed=signed or (("Body",) if trusted or bare else ()),
        encrypted=encrypted,
        trust=load(*trusted, keys=bare) if trusted or bare else None,
        saml=saml,
        key=keypair if keypair is not None else (),
        certificates=[load_certificate(name) for name in certificates],
        algorithms=profile(policy),
        max_age=max_age,
        unsigned_faults=False,
    )
    result = Security(inbound=require, actor=actor).verify(envelope, now=at)
    if as_json:
        click.echo(json.dumps(described(result), indent=2, ensure_ascii=False))
        return
    for line in lines_of(result):
        click.echo(line)


def described(result: SecurityResult) -> dict[str, Any]:
    """The result as plain values."""
    return {
        "signer": result.signer_name,
        "chain": [name_of(each) for each in result.chain],
        "signed": [_covered(entry) for entry in result.signed],
        "encrypted": [_covered(entry) for entry in result.encrypted],
        "username": result.username,
        "assertion": _assertion(result.assertion) if result.assertion is not None else None,
        "created": result.created.isoformat() if result.created else None,
        "expires": result.expires.isoformat() if result.expires else None,
        "warnings": list(map(in_options, result.warnings)),
    }


def lines_of(result: SecurityResult) -> Iterator[str]:
    """The result as text: one fact a line."""
    subject = "the subject of the assertion" if result.assertion is not None else "nobody who is known"
    yield f"signer     {result.signer_name or subject}"
    if len(result.chain) > 1:
        yield f"certified  by {', by '.join(name_of(each) for each in result.chain[1:])}"
    if result.assertion is not None:
        yield from _assertion_lines(result.assertion)
    for entry in result.signed:
        by = entry.signer_name or subject
        yield f"signed     {entry.name}  at {path_of(entry.element)}  by {by}  {_short(entry.algorithm)}"
    for entry in result.encrypted:
        yield f"encrypted  {entry.name}  at {path_of(entry.element)}  {_short(entry.algorithm)}"
    if result.created is not None:
        until = f", expires {result.expires:%Y-%m-%dT%H:%M:%SZ}" if result.expires is not None else ""
        yield f"created    {result.created:%Y-%m-%dT%H:%M:%SZ}{until}"
    for warning in result.warnings:
        yield f"warning    {in_options(warning)}"


def _assertion(found: ReceivedAssertion) -> dict[str, Any]:
    return {
        "version": found.version,
        "issuer": found.issuer,
        "subject": found.subject,
        "confirmation": found.confirmation,
        "verified": found.verified,
        "signer": found.signer_name,
        "attributes": {name: list(values) for name, values in found.attributes.items()},
        "audience": list(found.audience),
        "expires": found.not_on_or_after.isoformat() if found.not_on_or_after else None,
    }


def _assertion_lines(found: ReceivedAssertion) -> Iterator[str]:
    by = f"signed by {found.signer_name}" if found.verified else "not signed by its issuer"
    yield f"subject    {found.subject}  says {found.issuer}  {found.confirmation}  {by}"
    for name, values in found.attributes.items():
        yield f"attribute  {name}  {', '.join(values)}"


def _covered(entry: Covered) -> dict[str, str]:
    return {
        "part": entry.name,
        "path": path_of(entry.element),
        "algorithm": entry.algorithm,
        "signer": entry.signer_name,
    }


def _short(uri: str) -> str:
    return uri.rpartition("#")[2] or uri
