"""``soapkit mock``: a service that answers every operation of a contract with an example."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import click
from lxml import etree

from soapkit.cli.contracts import contract_options, read_contract
from soapkit.cli.sampling import service_with_classes
from soapkit.cli.serve import hosted
from soapkit.databinding.codec import Codecs
from soapkit.errors import ContractError, SoapkitError, UsageError
from soapkit.exchange.body import codecs_for, decode_body, decode_headers
from soapkit.exchange.samples import Sampled, sample_envelope, version_of
from soapkit.operations import Operation, Service
from soapkit.server.asgi import Asgi, asgi
from soapkit.server.context import Call
from soapkit.server.host import paths_of
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import VERSIONS, Version
from soapkit.wsdl.model import Contract
from soapkit.xml.names import did_you_mean, namespace_of
from soapkit.xml.parse import parse_message
from soapkit.xml.serialise import serialise
from soapkit.xml.walk import tag_of

_Reply: TypeAlias = "tuple[Any, Mapping[str, Any]]"
"""What a call returns, and the header blocks of the reply by part name."""


@click.command(name="mock")
@click.argument("source", metavar="FILE_OR_URL")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--service", default="", metavar="NAME", help="Only this service of the contract.")
@click.option(
    "--reply", "replies", multiple=True, metavar="OPERATION=FILE", help="Answer with the message in this file."
)
@click.option("--fault", "faults", multiple=True, metavar="OPERATION=NAME", help="Answer with this declared fault.")
@click.option("--full", is_flag=True, help="Examples with all optional parts and header blocks.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, help="Others than 0 take other enumeration values and choices."
)
@click.option(
    "--validate",
    type=click.Choice(["off", "in", "out", "both", "request", "response"]),
    default="in",
    show_default=True,
    help="Check bodies against the contract's schema: a request that is not valid is answered with a fault.",
)
@click.option("--log-level", default="warning", type=click.Choice(["critical", "error", "warning", "info", "debug"]))
@contract_options
def command(
    source: str,
    host: str,
    port: int,
    service: str,
    replies: tuple[str, ...],
    faults: tuple[str, ...],
    full: bool,
    seed: int,
    validate: str,
    log_level: str,
    strict: bool,
    catalog: str | None,
    allow_remote: bool,
) -> None:
    """Serve a contract without a service: every request that fits it is answered with a valid example, the same one
    `soapkit sample --reply` prints. For trying a client before there is a server, or without one.

    A request that does not fit is answered with a fault that says why. Each call is told on a line of its own. The
    contract is at ?wsdl, a page about it at the address itself.

    \b
    Examples:
        soapkit mock wsdl/bank.wsdl
        soapkit mock wsdl/bank.wsdl --port 0 --full --seed 7
        soapkit mock wsdl/bank.wsdl --fault transfer=InsufficientFunds
        soapkit mock wsdl/bank.wsdl --reply balance=reply.xml
    """
    contract = read_contract(source, strict=strict, catalog=catalog, allow_remote=allow_remote)
    application = mock_of(
        contract,
        service=service,
        replies=dict(_pair(text, "FILE") for text in replies),
        faults=dict(_pair(text, "NAME") for text in faults),
        full=full,
        seed=seed,
        validate=validate,
        tell=click.echo,
    )
    hosted(application, host, port, log_level)


def _pair(text: str, what: str) -> tuple[str, str]:
    operation, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"{text!r}: expected OPERATION={what}")
    return operation, value


def mock_of(
    contract: Contract,
    *,
    service: str = "",
    replies: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
    full: bool = False,
    seed: int = 0,
    validate: str = "in",
    tell: Callable[[str], object] = lambda _line: None,
) -> Asgi:
    """An application that answers the operations of a contract: each of its services at a path of its own, where there
    are several.

    `replies`: files with messages to answer with, `faults`: names of declared faults, both by operation. `tell` is
    given a line for each call. Raises `UsageError` for a service, operation or fault that is not there and for a file
    that is no reply of its operation, `ContractError` where no service can be called.
    """
    mocking = _Mocking(contract, dict(replies or {}), dict(faults or {}), full, seed, tell)
    chosen = [known for known in contract.services if service in ("", known.name)]
    if not chosen:
        names = [known.name for known in contract.services]
        if not names:
            raise ContractError("the contract has no service with a SOAP port that soapkit can serve")
        raise UsageError(
            f"the contract has no service {service!r}; it has {', '.join(names)}{did_you_mean(service, names)}"
        )
    mocking.check(chosen)
    paths = paths_of(chosen)
    served: Any = {path: mocking.implementation(known) for path, known in paths.items()}
    return asgi(served if len(served) > 1 else served[""], contract=contract, validate=validate)  # type: ignore[arg-type]  # click has checked it


class _Mocking:
    """Makes the objects that serve."""

    def __init__(
        self,
        contract: Contract,
        replies: Mapping[str, str],
        faults: Mapping[str, str],
        full: bool,
        seed: int,
        tell: Callable[[str], object],
    ) -> None:
        self._contract = contract
        self._replies = replies
        self._faults = faults
        self._full = full
        self._seed = seed
        self._tell = tell

    def check(self, services: list[Service]) -> None:
        """Raise `UsageError` for an operation that was named and is not there."""
        names = {name for service in services for one in service.operations for name in (one.name, one.method)}
        for asked in (*self._replies, *self._faults):
            if asked not in names:
                raise UsageError(f"the contract has no operation {asked!r}{did_you_mean(asked, names)}")

    def implementation(self, service: Service) -> object:
        """An object whose methods answer as was asked for, or with examples."""
        classes = service_with_classes(self._contract, service)
        codecs = codecs_for(classes)
        methods = {}
        for operation in classes.operations:
            plain = _plain(service, classes, operation)
            methods[operation.method or operation.name] = self._method(service, plain, operation, codecs)
        return type(f"Mock{service.name}", (), {"__soapkit_service__": classes, **methods})()

    def _method(
        self, service: Service, plain: Operation[Any, Any], operation: Operation[Any, Any], codecs: Codecs
    ) -> Callable[..., Any]:
        """The method for an operation; `plain`: as the contract has it, without Python classes."""
        name = operation.method or operation.name
        names = (name, plain.method, plain.name)
        fault = next((self._faults[one] for one in names if one in self._faults), "")
        file = next((self._replies[one] for one in names if one in self._replies), "")
        if fault:
            return self._raising(Sampled(service, plain, "fault", fault), operation, codecs)
        if operation.reply is None:
            return self._answering(f"{name}: accepted, one-way", lambda: (None, {}))
        if file:
            read = _reply_in(Path(file), version_of(service), operation, codecs)
            return self._answering(f"{name}: answered with {file}", lambda: read)
        make = cache(lambda: _reply_of(self._sample(Sampled(service, plain, "reply")), operation, codecs))
        return self._answering(f"{name}: answered with an example", make)

    def _sample(self, sampled: Sampled) -> Envelope:
        version = version_of(sampled.service)
        return sample_envelope(self._contract.shapes, sampled, version, full=self._full, seed=self._seed)

    def _answering(self, line: str, make: Callable[[], _Reply]) -> Callable[..., Any]:
        """`make` is called with the first request: the examples of a large contract take their time."""

        def answer(_mock: object, *, soapkit_call: Call, **_arguments: Any) -> Any:
            try:
                value, headers = make()
            except SoapkitError as error:
                self._tell(f"{line.partition(':')[0]}: no example can be made: {error}")
                raise
            self._tell(line)
            soapkit_call.reply_headers.update(headers)
            return value

        return answer

    def _raising(self, sampled: Sampled, operation: Operation[Any, Any], codecs: Codecs) -> Callable[..., Any]:
        declared = Sampled(sampled.service, operation, "fault", sampled.fault).detail
        reason = declared.documentation.partition("\n")[0] or declared.name
        exception = declared.exception
        assert exception is not None  # the module in memory has one for each fault

        @cache
        def detail() -> Any:
            body = self._sample(sampled).body
            element = next(found for found in body.iter(etree.Element) if tag_of(found) == declared.tag)
            return codecs.codec(declared.type).decode(element)

        def answer(_mock: object, **_arguments: Any) -> Any:
            self._tell(f"{operation.method or operation.name}: answered with fault {declared.name}")
            raise exception(detail(), reason)

        return answer


def _plain(service: Service, classes: Service, operation: Operation[Any, Any]) -> Operation[Any, Any]:
    """The operation of the contract that one with Python classes was made of; overloaded ones stand in one order."""
    alike = [one for one in classes.operations if one.name == operation.name]
    return [one for one in service.operations if one.name == operation.name][alike.index(operation)]


def _reply_of(envelope: Envelope, operation: Operation[Any, Any], codecs: Codecs) -> _Reply:
    """What a call returns, and the header blocks of the reply."""
    reply = operation.reply
    assert reply is not None
    record = decode_body(reply, envelope.body, codecs)
    return operation.value_of(record), decode_headers(reply.headers, envelope, codecs)


def _reply_in(path: Path, version: Version, operation: Operation[Any, Any], codecs: Codecs) -> _Reply:
    """The same of a message in a file: an envelope, or the element in its Body."""
    root = parse_message(path.read_bytes(), source=str(path))
    if namespace_of(tag_of(root)) not in VERSIONS:
        root = Draft(version, serialise(root).decode()).to_envelope().root
    try:
        return _reply_of(Envelope.read(root), operation, codecs)
    except SoapkitError as error:
        raise UsageError(f"{path} is no reply of {operation.name}: {error}") from error
