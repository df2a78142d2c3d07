"""Operation -> what a reader may copy: sample messages in each SOAP version, and commands that call it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from soapkit.codegen.naming import method_name
from soapkit.databinding.shape import Shapes
from soapkit.errors import SoapkitError
from soapkit.exchange.samples import Sampled, messages_of, pretty, sample_envelope
from soapkit.operations import Operation, Port, Service
from soapkit.server.page.arguments import Argument, arguments_of
from soapkit.soap.version import BY_LABEL, Version


@dataclass(frozen=True, slots=True)
class Sample:
    """An example of a message; `problem` says why there is none."""

    version: Literal["1.1", "1.2"]
    title: str
    text: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """Something to copy, and what it is for."""

    title: str
    text: str


def action_in(operation: Operation[Any, Any], ports: Iterable[Port], version: Version) -> str:
    """The action of an operation in a SOAP version: of the first port that says another than the operation's own."""
    for port in ports:
        if port.version == version.label and operation.name in port.actions:
            return port.actions[operation.name]
    return operation.action


def samples_of(
    service: Service, operation: Operation[Any, Any], shapes: Shapes, versions: Iterable[Version]
) -> Iterator[Sample]:
    """An example of every message of an operation, in each version; with all its optional parts."""
    for version in versions:
        for sampled in messages_of(service, operation):
            title = {"request": "Request", "reply": "Reply", "fault": f"Fault {sampled.fault}"}[sampled.direction]
            yield _sample(sampled, shapes, version, title)


def _sample(sampled: Sampled, shapes: Shapes, version: Version, title: str) -> Sample:
    try:
        text = pretty(sample_envelope(shapes, sampled, version, full=True))
    except SoapkitError as error:
        return Sample(version.label, title, "", str(error))
    return Sample(version.label, title, text)


def commands_of(
    operation: Operation[Any, Any], shapes: Shapes, address: str, contract: str, request: Sample, action: str
) -> Iterator[Command]:
    """How to call an operation from a shell, from Python, and how other stacks read its contract."""
    version = BY_LABEL[request.version]
    yield Command("curl", _curl(version, address, action, request.text))
    arguments = arguments_of(operation, shapes)
    given = [shlex.quote(f"{name}={_in_shell(value)}") for name, value in arguments.items()]
    yield Command("soapkit", " ".join(["soapkit call", shlex.quote(contract), shlex.quote(_called(operation)), *given]))
    method = method_name(_called(operation))
    told = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    yield Command(
        "Python", f"import soapkit\n\nclient = soapkit.Client.from_wsdl({contract!r})\nprint(client.{method}({told}))"
    )
    yield Command(".NET", f"dotnet-svcutil {shlex.quote(contract)}")
    yield Command("Java", f"wsdl2java {shlex.quote(contract)}")


def _called(operation: Operation[Any, Any]) -> str:
    """The name that the method of a client is made from: the contract's, numbered where it is overloaded. What its
    method in Python is called here, nobody there knows."""
    numbered = operation.method.removeprefix(f"{operation.name}_").isdecimal()
    return operation.method if numbered else operation.name


def _in_shell(value: Argument) -> str:
    """As ``soapkit call`` takes it: text as it is, the rest as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _curl(version: Version, address: str, action: str, message: str) -> str:
    if version.action_in == "SOAPAction header":
        headers = [f"Content-Type: {version.media_type}; charset=utf-8", f'SOAPAction: "{action}"']
    else:
        named = f'; action="{action}"' if action else ""
        headers = [f"Content-Type: {version.media_type}; charset=utf-8{named}"]
    given = " ".join(f"-H {shlex.quote(header)}" for header in headers)
    return f"curl {shlex.quote(address)} {given} --data-binary {shlex.quote(message)}"
