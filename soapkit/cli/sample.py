"""``soapkit sample``: an example message for any operation of a contract."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

import click

from soapkit.cli.contracts import contract_options, read_contract
from soapkit.cli.sampling import all_messages, find_operation, value_of
from soapkit.cli.values import as_json
from soapkit.exchange.samples import Direction, Sampled, messages_of, pretty, sample_envelope, version_of
from soapkit.wsdl.model import Contract, SoapVersion


@click.command(name="sample")
@click.argument("source", metavar="FILE_OR_URL")
@click.argument("operation", default="", metavar="[OPERATION]")
@click.option("--request", "direction", flag_value="request", default=True, help="The request (the default).")
@click.option("--reply", "direction", flag_value="reply", help="The reply.")
@click.option("--fault", default="", metavar="NAME", help="This declared fault.")
@click.option("--service", default="", metavar="NAME", help="Which service of the contract.")
@click.option("--full", is_flag=True, help="All optional parts and header blocks too.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, help="Others than 0 take other enumeration values and choices."
)
@click.option("--soap", "label", type=click.Choice(["1.1", "1.2"]), help="Which SOAP version.")
@click.option("--json", "as_json", is_flag=True, help="Print the value as JSON, instead of the message.")
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), help="Write all messages into this folder.")
@contract_options
def command(
    source: str,
    operation: str,
    direction: Direction,
    fault: str,
    service: str,
    full: bool,
    seed: int,
    label: SoapVersion | None,
    as_json: bool,
    output: Path | None,
    strict: bool,
    catalog: str | None,
    allow_remote: bool,
) -> None:
    """Print an example message, valid by the contract: the whole envelope, with the header blocks it requires.

    Without OPERATION: the messages that can be made; with --output, all of them are written, one file each. The same
    seed gives the same message.

    \b
    Examples:
        soapkit sample wsdl/bank.wsdl
        soapkit sample wsdl/bank.wsdl transfer
        soapkit sample wsdl/bank.wsdl transfer --fault InsufficientFunds --soap 1.2
        soapkit sample wsdl/bank.wsdl statement --reply --full --json
        soapkit sample wsdl/bank.wsdl --output messages
    """
    contract = read_contract(source, strict=strict, catalog=catalog, allow_remote=allow_remote)
    if operation:
        found, chosen = find_operation(contract, operation, service)
        wanted = tuple(messages_of(found, chosen))
        one = Sampled(found, chosen, "fault", fault) if fault else Sampled(found, chosen, direction)
    else:
        wanted = tuple(each for each in all_messages(contract) if service in ("", each.service.name))
    making = _Making(contract, label, full, seed, as_json)
    if output is not None:
        for path in making.write(wanted, output):
            click.echo(path)
    elif operation:
        click.echo(making.text(one))
    elif as_json:
        click.echo(json.dumps([_listed(each) for each in wanted], indent=2))
    else:
        for each in wanted:
            click.echo(f"{each.operation.method}  {each.direction}{f' {each.fault}' if each.fault else ''}")


class _Making:
    """Makes messages as the options say."""

    def __init__(self, contract: Contract, label: SoapVersion | None, full: bool, seed: int, as_json: bool) -> None:
        self._contract = contract
        self._label = label
        self._full = full
        self._seed = seed
        self._as_json = as_json

    def text(self, sampled: Sampled) -> str:
        """One message: its envelope, or its value as JSON."""
        version = version_of(sampled.service, self._label)
        envelope = sample_envelope(self._contract.shapes, sampled, version, full=self._full, seed=self._seed)
        return as_json(value_of(self._contract, sampled, envelope)) if self._as_json else pretty(envelope)

    def write(self, wanted: Iterable[Sampled], folder: Path) -> list[Path]:
        """All messages, one file each. A stranger's names never lead out of the folder."""
        texts = {_file_name(sampled.label): self.text(sampled) for sampled in wanted}
        folder.mkdir(parents=True, exist_ok=True)
        suffix = ".json" if self._as_json else ".xml"
        written = []
        for name, text in texts.items():
            path = folder / f"{name}{suffix}"
            path.write_text(text + "\n", encoding="utf-8", newline="\n")
            written.append(path)
        return written


def _file_name(label: str) -> str:
    return re.sub(r"[^\w.-]+", "-", label).strip(".-") or "message"


def _listed(sampled: Sampled) -> dict[str, str]:
    return {
        "service": sampled.service.name,
        "operation": sampled.operation.name,
        "method": sampled.operation.method,
        "direction": sampled.direction,
        "fault": sampled.fault,
    }
