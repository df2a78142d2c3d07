"""What the security commands share: a message in, a message out, keys."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from soapkit.errors import UsageError
from soapkit.soap.envelope import Envelope

_CommandT = TypeVar("_CommandT", bound=Callable[..., Any])


def message_argument(function: _CommandT) -> _CommandT:
    """The argument FILE: a SOAP message, ``-`` for the standard input."""
    return click.argument("file", metavar="FILE")(function)


def output_option(function: _CommandT) -> _CommandT:
    """The option --output: where the message goes."""
    return click.option(
        "--output", "-o", default="-", metavar="FILE", help="Write the message here; by default to stdout."
    )(function)


def password_option(function: _CommandT) -> _CommandT:
    """The option --password: of the key's file."""
    return click.option(
        "--password",
        envvar="SOAPKIT_PASSWORD",
        default=None,
        help="Password of the key file; better given in the environment as SOAPKIT_PASSWORD.",
    )(function)


def alias_option(function: _CommandT) -> _CommandT:
    """The option --alias: which key of a Java key store."""
    return click.option(
        "--alias", default="", metavar="NAME", help="Which key of --key, a PKCS#12 file or Java key store with several."
    )(function)


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


def read_envelope(file: str) -> Envelope:
    """The SOAP message in a file, ``-`` for the standard input.

    Raises `OSError`, `soapkit.errors.XmlError` and `soapkit.errors.MessageError`.
    """
    return Envelope.parse(read_bytes(file), source="stdin" if file == "-" else file)


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


@contextmanager
def told_as_usage() -> Iterator[None]:
    """A setting that is not there (an unknown algorithm, a wrong name) is an error of usage: exit code 2."""
    try:
        yield
    except UsageError as error:
        raise click.UsageError(str(error)) from None
