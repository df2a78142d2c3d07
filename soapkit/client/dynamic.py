"""A client without generated code: its classes and methods are generated in memory, each when it is first used.

It is the generated client in all but one thing: values may come as people type them, text for numbers and dates, a
dict for a record.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from soapkit.client.loosen import Loosen
from soapkit.codegen.live import LivePackage
from soapkit.codegen.naming import Names, class_name, method_name
from soapkit.errors import ContractError, UsageError
from soapkit.operations import Operation, Service
from soapkit.transport.fetch import fetcher
from soapkit.transport.values import Transport
from soapkit.wsdl.http_ports import http_ports, http_service
from soapkit.wsdl.later import Later, Usable
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
    *,
    cache: bool = True,
) -> Any:
    """A client (of `base`: `Client` or `AsyncClient`) for a contract given as a path, a URL or bytes, or loaded.

    `service`: which of several, by name. Raises `ContractError`, `XmlError`, and `UsageError` for a service that is
    not there.
    """
    if isinstance(source, Contract):
        contract = source
    else:
        documents = documents_for(source, settings.get("transport"))
        contract = load_contract(source, documents=documents, strict=strict, cache=cache)
    keep_unknown = settings.get("unknown") == "lenient"
    chosen = _class_for(_choose(contract, service, settings.get("port")), contract, base, keep_unknown)
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


def _choose(contract: Contract, service: str | None, port: str | None = None) -> Service:
    services = [each for each in contract.services if _by_name(each.operations).names]
    known = {each.name for one in services for each in one.ports}
    if port is not None and port not in known and (found := http_service(contract, port)) is not None:
        return found
    if not services:
        others = http_ports(contract)
        hint = f"; without SOAP, by name: port={others[0]!r}" if others else ""
        raise ContractError(f"the contract has no service with a SOAP port that soapkit can call{hint}")
    if service is None:
        return services[0]
    by_name = {each.name: each for each in reversed(services)}
    if service not in by_name:
        raise UsageError(
            f"the contract has no service {service!r}; it has {', '.join(by_name)}{did_you_mean(service, by_name)}"
        )
    return by_name[service]


# --- the class of a client ----------------------------------------------------------------------------------------

_LOCK = threading.Lock()
_PACKAGES: dict[tuple[str, bool], LivePackage] = {}
_CLASSES: dict[tuple[str, bool, str, tuple[str, ...], type], type] = {}


def _class_for(service: Service, contract: Contract, base: type, keep_unknown: bool) -> type:
    """The client class for a service; the same contract gives the same classes, however often it is read."""
    with _LOCK:
        fingerprint = contract.fingerprint
        package = _PACKAGES.get((fingerprint, keep_unknown))
        if package is None:
            package = LivePackage(contract, keep_unknown=keep_unknown)
            _PACKAGES[fingerprint, keep_unknown] = package
        key = (fingerprint, keep_unknown, service.name, tuple(port.name for port in service.ports), base)
        if key not in _CLASSES:
            _CLASSES[key] = _client_class(package, service, base)
        return _CLASSES[key]


class _Operations(Usable[Operation[Any, Any]]):
    """The operations of a client class, each made when it is asked for, by the contract's name or the method's."""

    def __init__(self, package: LivePackage, service: Service) -> None:
        self.package = package
        self.service = service
        self.given = _by_name(service.operations)
        names = Names()
        self.methods = {names.take(method_name(name)): place for place, name in enumerate(self.given.names)}
        self.by_place = list(self.methods)
        super().__init__(Later(self.given.names, lambda place: self.bound(place)[0]))

    def bound(self, place: int) -> tuple[Any, Any, Any]:
        """The operation there and its methods; None for one that cannot be used."""
        operation = self.given.at(place)
        if operation is None:
            return None, None, None
        return self.package.bound(self.service, operation, self.by_place[place])

    def named(self, name: str) -> list[Operation[Any, Any]]:
        return super().named(name) or ([found] if (found := self._of_method(name)) is not None else [])

    def _of_method(self, name: str) -> Operation[Any, Any] | None:
        place = self.methods.get(name)
        return None if place is None else self.at(place)


def _by_name(operations: Sequence[Operation[Any, Any]]) -> Usable[Operation[Any, Any]]:
    if isinstance(operations, Usable):
        return operations
    return Usable(Later([each.name for each in operations], lambda place: operations[place]))


def _client_class(package: LivePackage, service: Service, base: type) -> type:
    operations = _Operations(package, service)

    def by_need(self: Any, name: str) -> Any:
        place = operations.methods.get(name)
        if place is not None:
            operation, method, async_method = operations.bound(place)
            if operation is not None:
                function = async_method if _is_async(base) else method
                setattr(made, name, function)
                return getattr(self, name)
            _tell_unusable(package.contract, operations.given.names[place])
        return base.__getattr__(self, name)  # type: ignore[attr-defined]  # hidden from type checkers

    members = {
        "__module__": f"{package.name}.services",
        "__doc__": service.documentation or f"The service {service.name}.",
        "__getattr__": by_need,
        "__dir__": lambda self: sorted({*object.__dir__(self), *operations.methods}),
        "_methods": staticmethod(lambda: list(operations.methods)),
        "service": Service(
            service.name,
            service.namespace,
            service.port_type,
            operations,
            service.ports,
            service.documentation,
            service.place,
        ),
    }
    made = type(_class_name(service, base), (base,), members)
    return made


def _is_async(base: type) -> bool:
    return inspect.iscoroutinefunction(getattr(base, "_call", None))


def _class_name(service: Service, base: type) -> str:
    full = class_name(service.name)
    short = next((full.removesuffix(end) for end in ("WebService", "Service", "PortType") if full.endswith(end)), full)
    return f"Async{short or full}Client" if _is_async(base) else f"{short or full}Client"


def _tell_unusable(contract: Contract, name: str) -> None:
    """Raise what is wrong with an operation that the contract has, and that cannot be used."""
    start = f"operation {name} cannot be used"
    problems = [problem for problem in contract.told.problems.found if problem.message.startswith(start)]
    if problems:
        raise UnusableOperation(problems=problems)


class UnusableOperation(ContractError, AttributeError):
    """Both what is wrong with the contract, and what Python expects for a missing attribute."""
