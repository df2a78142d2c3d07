"""A client without generated code: generate the module in memory, import it, use it.

It is the generated client in all but one thing: values may come as people type them, text for numbers and dates, a
dict for a record.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from soapkit.client.loosen import Loosen
from soapkit.codegen.generate import module_in_memory
from soapkit.errors import ContractError, UsageError
from soapkit.transport.fetch import fetcher
from soapkit.transport.values import Transport
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract
from soapkit.xml.documents import Documents
from soapkit.xml.names import did_you_mean
from soapkit.xsd.validate import validator_for


def client_for(
    source: str | Path | bytes | Contract,
    base: type,
    address: str | None,
    service: str | None,
    strict: bool,
    settings: Mapping[str, Any],
) -> Any:
    """A client (of `base`: `Client` or `AsyncClient`) for a contract given as a path, a URL or bytes, or loaded.

    `service`: which of several, by name. Raises `ContractError`, `XmlError`, and `UsageError` for a service that is
    not there.
    """
    if isinstance(source, Contract):
        contract = source
    else:
        contract = load_contract(source, documents=documents_for(source, settings.get("transport")), strict=strict)
    module = module_in_memory(contract.services, contract.shapes, name="soapkit_contract")
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, base) and value.__module__.startswith(module.__name__)
    ]
    chosen = _choose(classes, service)
    arguments = dict(settings)
    if arguments.get("validate", "off") != "off":
        arguments.setdefault("validator", validator_for(contract.schema))
    client = chosen(address, **arguments)
    client._loosen = Loosen(client._route.processor.codecs)
    return client


def documents_for(source: str | Path | bytes, transport: object = None) -> Documents | None:
    """How the documents of a contract are reached: over HTTP only for a contract that is itself there, then with the
    client's own transport (its TLS settings, its login) if it is a blocking one."""
    if not (isinstance(source, str) and urlsplit(source).scheme in ("http", "https")):
        return None
    return Documents(fetch=fetcher(transport if isinstance(transport, Transport) else None))


def _choose(classes: list[type], service: str | None) -> type:
    if not classes:
        raise ContractError("the contract has no service with a SOAP port that soapkit can call")
    if service is None:
        return classes[0]
    by_name = {cls.service.name: cls for cls in reversed(classes)}  # type: ignore[attr-defined]  # every client has one
    if service not in by_name:
        raise UsageError(
            f"the contract has no service {service!r}; it has {', '.join(by_name)}{did_you_mean(service, by_name)}"
        )
    return by_name[service]
