"""The ``soapkit`` command: its subcommands, and how an error ends it.

Exit codes: 0 yes, 1 no (invalid, unverified, drift, an expected error), 2 usage. An expected error is one line on
stderr for each problem, never a traceback.
"""

from __future__ import annotations

import importlib
import sys

import click

from soapkit.cli.wording import os_error_told
from soapkit.errors import SoapkitError
from soapkit.version import __version__
from soapkit.xml.names import did_you_mean

# One file a command: loaded only when it is called, so that `soapkit --help` stays quick.
COMMANDS = {
    "inspect": "Tell what a contract offers: services, ports, operations, types.",
    "generate": "Write a typed Python package from a contract.",
    "sample": "Print an example message for an operation.",
    "call": "Call an operation, from the command line.",
    "serve": "Host a service with uvicorn.",
    "mock": "Serve a contract with examples for answers.",
    "explore": "Look at a contract in a browser, and try its operations.",
    "validate": "Check a message against a contract.",
    "lint": "Check a contract against the WS-I Basic Profile.",
    "diff": "Tell what changed between two versions of a contract.",
    "bundle": "Fetch a contract and all it imports into one folder.",
    "sign": "Sign a SOAP message.",
    "verify": "Verify a signed message: what is covered, and by whom.",
    "encrypt": "Encrypt a SOAP message.",
    "decrypt": "Decrypt a SOAP message.",
    "xmldsig": "Sign or verify a plain document (XML Signature).",
    "xmlenc": "Encrypt or decrypt a plain document (XML Encryption).",
    "explain": "Tell a secured message in words: tokens, what is signed, what is weak.",
    "cert": "Make a throw-away authority and keys, for development.",
    "doctor": "Tell versions and extras, and what does not fit together.",
}


class Commands(click.Group):
    """Finds each subcommand in the file of its name, at the moment it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"soapkit.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"there is no command {args[0]!r}{did_you_mean(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="soapkit")
def soapkit() -> None:
    """A SOAP/WSDL toolkit: typed clients from WSDL, SOAP endpoints, WS-Security.

    Exit codes: 0 yes, 1 no (an expected error, one line each on stderr), 2 usage.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    try:
        code = soapkit.main(args=arguments, prog_name="soapkit", standalone_mode=False)
    except SoapkitError as error:
        sys.exit(_said(str(error), 1))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(_said("stopped", 130))
    except BrokenPipeError:
        sys.stderr.close()  # the reader went away: not our error, and nothing more to say
        sys.exit(0)
    except RecursionError:
        sys.exit(_said("what was given is nested too deeply", 1))
    except OSError as error:
        sys.exit(_said(os_error_told(error), 1))
    sys.exit(code if isinstance(code, int) else 0)


def _said(message: str, code: int) -> int:
    for line in message.splitlines() or [message]:
        click.echo(f"soapkit: {line}", err=True)
    return code
