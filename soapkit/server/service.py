"""Code first: a decorated class -> Service.

    @soapkit.service("urn:example:clock")
    class Clock:
        @soapkit.operation
        def now(self, zone: str = "UTC") -> datetime:
            "The time in a zone."

Every operation is document/literal wrapped: the request element is named like the operation and holds one element a
parameter; the reply element, ``nowResponse``, holds one element ``result``.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import NoneType
from typing import Any, TypeVar, overload

import msgspec

from soapkit.databinding.annotations import XmlType
from soapkit.databinding.describe import type_for
from soapkit.errors import DeclaredFault, UsageError
from soapkit.operations import FaultDetail, Message, Operation, Port, Service
from soapkit.server.context import Call
from soapkit.xml.names import clark, is_ncname

ClassT = TypeVar("ClassT", bound=type)
FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

RESULT = "result"


@dataclass(frozen=True, slots=True)
class ServiceDeclaration:
    """What `service` says of a class."""

    namespace: str
    name: str | None


@dataclass(frozen=True, slots=True)
class OperationDeclaration:
    """What `operation` says of a function."""

    name: str | None
    action: str | None
    raises: tuple[type[DeclaredFault[Any]], ...]
    one_way: bool


def service(namespace: str, *, name: str | None = None) -> Callable[[ClassT], ClassT]:
    """Make a class a SOAP service in the target namespace `namespace`.

    `name`: of the service and port type; the class's own if not given. Host it with `soapkit.asgi` or `soapkit.wsgi`.
    """
    if not namespace:
        raise UsageError("a service needs a target namespace, such as urn:example:clock")

    def declare(cls: ClassT) -> ClassT:
        cls.__soapkit_declaration__ = ServiceDeclaration(namespace, name)  # type: ignore[attr-defined]  # read by service_of
        return cls

    return declare


@overload
def operation(function: FunctionT, /) -> FunctionT: ...
@overload
def operation(
    *,
    name: str | None = None,
    action: str | None = None,
    raises: Iterable[type[DeclaredFault[Any]]] = (),
    one_way: bool = False,
) -> Callable[[FunctionT], FunctionT]: ...
def operation(
    function: FunctionT | None = None,
    /,
    *,
    name: str | None = None,
    action: str | None = None,
    raises: Iterable[type[DeclaredFault[Any]]] = (),
    one_way: bool = False,
) -> FunctionT | Callable[[FunctionT], FunctionT]:
    """Make a method an operation. Its parameters and result must be annotated; a docstring becomes documentation.

    `name`: in the contract, the method's own if not given; `action`: the SOAPAction, by default
    ``namespace/name``; `raises`: the faults it declares, subclasses of `soapkit.DeclaredFault`; `one_way`: no reply.
    """
    declaration = OperationDeclaration(name, action, tuple(raises), one_way)

    def declare(declared: FunctionT) -> FunctionT:
        declared.__soapkit_operation__ = declaration  # type: ignore[attr-defined]  # read by service_of
        return declared

    return declare if function is None else declare(function)


def service_of(cls: type) -> Service:
    """The `Service` that a class declares.

    Raises `UsageError` for a class without `service` or operations, for a parameter without annotation, and for a type
    that has no form in XML; each names the method and parameter.
    """
    declaration: ServiceDeclaration | None = getattr(cls, "__soapkit_declaration__", None)
    if declaration is None:
        raise UsageError(
            f"{cls.__name__} is no service: generate its Protocol from a contract and inherit from it, "
            "or decorate it with @soapkit.service(namespace)"
        )
    name = declaration.name or cls.__name__
    operations = tuple(
        _operation(cls, attribute, function, declaration.namespace)
        for attribute, function in inspect.getmembers_static(cls, inspect.isfunction)
        if hasattr(function, "__soapkit_operation__")
    )
    if not operations:
        raise UsageError(f"{cls.__name__} declares no operation: decorate its methods with @soapkit.operation")
    return Service(
        name=name,
        namespace=declaration.namespace,
        port_type=clark(declaration.namespace, name),
        operations=operations,
        ports=(Port(f"{name}Soap11", "", "1.1"), Port(f"{name}Soap12", "", "1.2")),
        documentation=inspect.cleandoc(cls.__doc__ or ""),
    )


def _operation(cls: type, attribute: str, function: Callable[..., Any], namespace: str) -> Operation[Any, Any]:
    declaration: OperationDeclaration = function.__soapkit_operation__  # type: ignore[attr-defined]  # checked by the caller
    name = declaration.name or attribute
    where = f"{cls.__name__}.{attribute}"
    if not is_ncname(name):
        raise UsageError(f"{where}: {name!r} is no name in XML")
    hints = typing.get_type_hints(function, include_extras=True)
    request = _record(cls, name, namespace, _parameters(where, function, hints))
    result = hints.get("return", None)
    reply = None
    unwrap = None
    if not declaration.one_way:
        fields = [] if result in (None, NoneType) else [(RESULT, result, msgspec.NODEFAULT)]
        unwrap = RESULT if fields else None
        record = _record(cls, f"{name}Response", namespace, fields)
        reply = Message(record, clark(namespace, f"{name}Response"))
    elif result not in (None, NoneType):
        raise UsageError(f"{where} is one-way, and yet its annotation says that it returns {result}")
    return Operation(
        name=name,
        method=attribute,
        action=declaration.action if declaration.action is not None else f"{namespace}/{name}",
        request=Message(request, clark(namespace, name)),
        reply=reply,
        unwrap=unwrap,
        faults=tuple(_fault(where, fault, namespace) for fault in declaration.raises),
        documentation=inspect.cleandoc(function.__doc__ or ""),
    )


def _parameters(where: str, function: Callable[..., Any], hints: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    fields = []
    for name, parameter in list(inspect.signature(function).parameters.items())[1:]:
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            raise UsageError(f"{where}: a contract cannot describe {parameter}; name each parameter")
        if name not in hints:
            raise UsageError(f"{where}: parameter {name!r} needs an annotation")
        if hints[name] is Call or Call in typing.get_args(hints[name]):
            continue
        default = msgspec.NODEFAULT if parameter.default is parameter.empty else parameter.default
        fields.append((name, hints[name], default))
    return fields


def _record(cls: type, name: str, namespace: str, fields: list[tuple[str, Any, Any]]) -> type:
    """The record of a wrapper element: one element a field, in the service's namespace."""
    return msgspec.defstruct(
        name[:1].upper() + name[1:],
        fields,
        namespace={"__xml_type__": XmlType(None, namespace)},
        module=cls.__module__,
        kw_only=True,
    )


def _fault(where: str, exception: type[DeclaredFault[Any]], namespace: str) -> FaultDetail:
    for base in getattr(exception, "__orig_bases__", ()):
        if typing.get_origin(base) is DeclaredFault:
            (detail,) = typing.get_args(base)
            return FaultDetail(
                name=exception.__name__,
                tag=clark(namespace, exception.__name__),
                type=type_for(detail, namespace),
                exception=exception,
                documentation=inspect.cleandoc(exception.__doc__ or ""),
            )
    name = exception.__name__
    raise UsageError(f"{where}: {name} must say what its detail is: class {name}(soapkit.DeclaredFault[Detail])")
