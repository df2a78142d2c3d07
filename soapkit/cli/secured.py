"""What the security commands share: a message in, a message out, keys."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

import click

from soapkit.errors import MessageError, SecurityError
from soapkit.security import KeyPair
from soapkit.security.markup import SECURITY
from soapkit.security.parts import security_header
from soapkit.soap.envelope import Envelope
from soapkit.soap.headers import role_of
from soapkit.xml.names import local_name
from soapkit.xml.parse import parse_measured
from soapkit.xml.walk import place_of, tag_of

_CommandT = TypeVar("_CommandT", bound=Callable[..., Any])


def message_argument(function: _CommandT) -> _CommandT:
    """The argument FILE: a SOAP message, ``-`` for the standard input."""
    return click.argument("file", metavar="FILE")(function)


def output_option(function: _CommandT) -> _CommandT:
    """The option --output: where the message goes."""
    return click.option(
        "--output", "-o", default="-", metavar="FILE", help="Write the message here; by default to stdout."
    )(function)


_Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]
_KEY_OPTIONS: Final = (
    click.option(
        "--cert", default=None, metavar="FILE", help="The certificate, when --key holds the private key alone."
    ),
    click.option(
        "--alias",
        default="",
        metavar="NAME",
        help="Which key of --key, a PKCS#12 file or Java key store with several.",
    ),
    click.option(
        "--password",
        envvar="SOAPKIT_PASSWORD",
        default=None,
        help="Password of the key file; better given in the environment as SOAPKIT_PASSWORD.",
    ),
    click.option(
        "--key-password",
        envvar="SOAPKIT_KEY_PASSWORD",
        default="",
        help="Of the key, where it has one of its own in a Java key store; or SOAPKIT_KEY_PASSWORD.",
    ),
)


def key_options(
    told: str = "PKCS#12, Java key store, or PEM with the private key.", *, required: bool = False
) -> _Decorator:
    """The options --key and what goes with it: the parameter `keypair` of a command, None where there is none."""

    def with_options(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def with_key(
            *, key: str | None, cert: str | None, alias: str, password: str | None, key_password: str, **others: Any
        ) -> Any:
            keypair = None
            if key is not None:
                keypair = KeyPair.load(key, password, certificate=cert, alias=alias, key_password=key_password)
            return function(keypair=keypair, **others)

        decorated: Callable[..., Any] = with_key
        for option in reversed(_KEY_OPTIONS):
            decorated = option(decorated)
        # no default=None beside required=True, which click 8.3 takes for a value
        return click.option("--key", required=required, metavar="FILE", help=told)(decorated)

    return with_options


def read_bytes(file: str) -> bytes:
    """What is in a file, ``-`` for the standard input. Raises `OSError`."""
    return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()


def named_file(option: str, what: str, text: str) -> tuple[str, bytes]:
    """The value ``WHAT=FILE`` of an option: the name, and what is in the file. Raises `OSError`."""
    name, sign, file = text.rpartition("=")
    if not sign or not file:
        raise click.UsageError(f"{option} is {what}=FILE, found {text!r}")
    return name, Path(file).read_bytes()


def write_bytes(data: bytes, file: str) -> None:
    """Byte for byte, without a line break after it: what is signed must stay as it is."""
    if file == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        Path(file).write_bytes(data)


def actor_option(function: _CommandT) -> _CommandT:
    """The option --actor: which security header is meant."""
    return click.option(
        "--actor",
        default=None,
        metavar="URI",
        help="Whose security header: its actor (SOAP 1.1) or role (SOAP 1.2). Default: that of the ultimate receiver.",
    )(function)


_PLAIN: Final = {"sign": "xmldsig", "verify": "xmldsig", "encrypt": "xmlenc", "decrypt": "xmlenc"}


def read_envelope(file: str) -> Envelope:
    """The SOAP message in a file, ``-`` for the standard input.

    Raises `OSError`, `soapkit.errors.XmlError` and `soapkit.errors.MessageError`, for a document that is no message
    with the command that does the same to those.
    """
    source = "stdin" if file == "-" else file
    root, measure = parse_measured(read_bytes(file), source=source)
    if local_name(tag_of(root)) != "Envelope" and (verb := click.get_current_context().info_name) in _PLAIN:
        raise MessageError(
            f"expected a SOAP Envelope, found element {tag_of(root)}; of documents that are no messages: "
            f"soapkit {_PLAIN[verb]} {verb}",
            place=place_of(root, source),
        )
    return Envelope.read(root, measure)


def read_secured(file: str, actor: str | None) -> Envelope:
    """The same, for a command that reads a security header: that for `actor`.

    Raises `soapkit.errors.SecurityError` too, where there are security headers, and none of them is that one.
    """
    envelope = read_envelope(file)
    if security_header(envelope, actor, received=True) is None:
        others = [role_of(block, envelope.version) for block in envelope.headers if block.tag == SECURITY]
        if others:
            whose = ", ".join(repr(other) if other else "the ultimate receiver" for other in others)
            raise SecurityError(
                f"the message has a security header for {whose}, and none for "
                f"{repr(actor) if actor else 'the ultimate receiver'}; --actor says whose is meant"
            )
    return envelope


def write_envelope(envelope: Envelope, file: str) -> None:
    """Write the message as it was secured."""
    write_bytes(envelope.to_bytes(), file)


def moment(_context: click.Context, _parameter: click.Parameter, value: str | None) -> datetime | None:
    """The option --at: a dateTime; without a zone, UTC."""
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter("expected a date and time such as 2026-11-23T15:04:05Z") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
