"""Errors of the security commands, in the words of their options.

The library speaks to who writes Python: "Require(key=...) says what to decrypt with". At a prompt that is ``--key``.
"""

from __future__ import annotations

import json
from typing import Any, Final

import click

from soapkit.errors import SoapkitError, UsageError

# Longest first where one is part of another.
_OPTIONS: Final = {
    "Require(username=..., password_keys=True) accepts those": "no option of this command gives passwords",
    "Require(username=...) gives no passwords": "no option of this command gives passwords",
    "Require(signed=...)": "--signed",
    "Require(encrypted=...)": "--encrypted",
    "Require(trust=...)": "--trust",
    "Require(key=...)": "--key",
    "Require(saml=...)": "--issuer",
    "SamlRequirement(audience=...)": "--audience",
    "SamlRequirement needs trust=": "--audience and --confirmation need --issuer",
    "; put its step before Sign in outbound: Timestamp(...)": "",
    "; put its step before Sign in outbound: SamlToken(...)": "; --assertion carries one",
    "secrets={'': ...}": "--secret =FILE",
    "secrets={...}": "--secret NAME=FILE",
    "key_password=": "--key-password",
    "certificates=": "--certificate",
    "certificate=": "--cert",
    "alias=": "--alias",
    "signature=": "--signature",
    "outside=": "--outside",
    "secret=...": "--secret",
    "signed=": "--signed",
    "trust=": "--trust",
    "to=...": "--to",
    "key=...": "--key",
    "key=": "--key",
}
_STEPS: Final = ("; put its step before Sign in outbound", "; put its step before Encrypt in outbound")


def in_options(message: str) -> str:
    """What an error, or a warning, says to who typed options.

    >>> in_options("the message is encrypted; Require(key=...) says what to decrypt with")
    'the message is encrypted; --key says what to decrypt with'
    """
    for said, option in _OPTIONS.items():
        message = message.replace(said, option)
    for step in _STEPS:  # of the others no command makes one
        message = message.partition(step)[0]
    return message


class SecurityCommand(click.Command):
    """A command whose errors name its options; with --json an expected one is JSON on stdout too."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UsageError as error:  # a setting that there is not, or that makes no sense
            raise click.UsageError(in_options(str(error)), ctx) from None
        except SoapkitError as error:
            said = in_options(str(error))
        except OSError as error:
            if isinstance(error, BrokenPipeError):  # the reader of what is printed went away
                raise
            said = os_error_told(error)
        if ctx.params.get("as_json"):
            click.echo(json.dumps({"error": said}, indent=2, ensure_ascii=False))
        raise _Refused(said)


def os_error_told(error: OSError) -> str:
    """What is wrong with a file: its name, and the system's word."""
    return f"{error.filename or 'input'}: {error.strerror or error}"


class _Refused(click.ClickException):
    """An expected error: a line for each problem, as of every command."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        for line in self.message.splitlines() or [self.message]:
            click.echo(f"soapkit: {line}", file=file, err=True)
