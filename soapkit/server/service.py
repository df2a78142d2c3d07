"""The decorators of code first: a class becomes a service, its methods operations; so do functions.

    @soapkit.service("urn:example:clock")
    class Clock:
        @soapkit.operation
        def now(self, zone: str = "UTC") -> datetime:
            "The time in a zone."

    clock = soapkit.service("urn:example:clock", name="Clock", operations=[now, later])         # of functions

What they say is read by `soapkit.server.code_first`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from types import FunctionType
from typing import Any, TypeVar, overload

from soapkit.errors import DeclaredFault, UsageError
from soapkit.operations import Style
from soapkit.server.check_service import check_further, check_namespace
from soapkit.server.code_first import (
    NotYetKnown,
    OperationDeclaration,
    ServiceDeclaration,
    declared_operations,
    service_of,
)

__all__ = ["operation", "service", "service_of"]

ClassT = TypeVar("ClassT", bound=type)
FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


@overload
def service(
    namespace: str, *, name: str | None = None, style: Style = "wrapped", types: Iterable[type] = ()
) -> Callable[[ClassT], ClassT]: ...
@overload
def service(
    namespace: str,
    *,
    name: str,
    style: Style = "wrapped",
    types: Iterable[type] = (),
    operations: Iterable[Callable[..., Any]],
) -> type: ...
def service(
    namespace: str,
    *,
    name: str | None = None,
    style: Style = "wrapped",
    types: Iterable[type] = (),
    operations: Iterable[Callable[..., Any]] | None = None,
) -> Callable[[ClassT], ClassT] | type:
    """Make a class a SOAP service in the target namespace `namespace`.

    `name`: of the service and port type; the class's own if not given. `style`: of the operations that say none of
    their own: ``wrapped`` (an element around the parameters), ``bare`` (one parameter is the Body's element) or
    ``rpc``. `types`: further classes that the contract is to have, for what is annotated with ``Any``. `operations`:
    functions that are the operations, decorated with `operation` where there is more to say; then there is no class to
    decorate, and what is returned is the service. Host it with `soapkit.asgi` or `soapkit.wsgi`.

    Raises `UsageError`, here and now, for what no contract can say; it names file, line, method and parameter.
    Annotations that name something not yet defined are looked at when the service is hosted.

    >>> def now(zone: str = "UTC") -> datetime: ...             # doctest: +SKIP
    >>> app = soapkit.asgi(service("urn:example:clock", name="Clock", operations=[now]))    # doctest: +SKIP
    """
    if not namespace:
        raise UsageError("a service needs a target namespace, such as urn:example:clock")
    check_namespace(namespace)
    further = tuple(types)
    for cls in further:
        check_further(cls, namespace)

    def declare(cls: ClassT) -> ClassT:
        cls.__soapkit_declaration__ = ServiceDeclaration(namespace, name, style, further)  # type: ignore[attr-defined]  # read by service_of
        if declared_operations(cls):
            with suppress(NotYetKnown):  # a name that its module defines further down is looked up when it is hosted
                service_of(cls)
        return cls

    return declare if operations is None else declare(_class_of(name, operations))


def _class_of(name: str | None, functions: Iterable[Callable[..., Any]]) -> type:
    """A class whose methods are these functions."""
    if name is None:
        raise UsageError('a service of functions needs a name: name="Clock"')
    methods: dict[str, Any] = {}
    for function in functions:
        if not isinstance(function, FunctionType):
            raise UsageError(f"{function!r} is no function: decorate its class with @soapkit.service, its methods")
        declared = hasattr(function, "__soapkit_operation__")
        methods[function.__name__] = staticmethod(function if declared else operation(function))
    return type(name, (), methods)


@overload
def operation(function: FunctionT, /) -> FunctionT: ...
@overload
def operation(
    *,
    name: str | None = None,
    action: str | None = None,
    style: Style | None = None,
    raises: Iterable[type[DeclaredFault[Any]]] = (),
    reply_headers: Mapping[str, Any] | None = None,
    one_way: bool = False,
) -> Callable[[FunctionT], FunctionT]: ...
def operation(
    function: FunctionT | None = None,
    /,
    *,
    name: str | None = None,
    action: str | None = None,
    style: Style | None = None,
    raises: Iterable[type[DeclaredFault[Any]]] = (),
    reply_headers: Mapping[str, Any] | None = None,
    one_way: bool = False,
) -> FunctionT | Callable[[FunctionT], FunctionT]:
    """Make a method an operation. Its parameters and result must be annotated; a docstring becomes documentation.

    `name`: in the contract, the method's own if not given; `action`: the SOAPAction, by default
    ``namespace/name``; `style`: where it differs from the service's; `raises`: the faults it declares, subclasses of
    `soapkit.DeclaredFault`; `reply_headers`: the header blocks of the reply, name -> type, which the method puts into
    ``call.reply_headers``; `one_way`: no reply. A parameter annotated with `soapkit.header` is a header block of the
    request, one annotated with `soapkit.Call` no part of the contract.
    """
    declaration = OperationDeclaration(
        name, action, style, tuple(raises), tuple((reply_headers or {}).items()), one_way
    )

    def declare(declared: FunctionT) -> FunctionT:
        if not isinstance(getattr(declared, "__func__", declared), FunctionType):
            raise UsageError(f"{declared!r} is no function: expected a def, or async def, with annotations")
        declared.__soapkit_operation__ = declaration  # type: ignore[attr-defined]  # read by service_of
        return declared

    return declare if function is None else declare(function)
