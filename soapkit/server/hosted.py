"""A service and the object that serves it: each operation with the function that answers it."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from soapkit.databinding.codec import Codecs
from soapkit.errors import UsageError
from soapkit.exchange.processor import Received
from soapkit.operations import Operation, Service
from soapkit.server.context import Call
from soapkit.xml.names import did_you_mean


@dataclass(frozen=True, slots=True)
class Handler:
    """The function for one operation: `accepts` are the keyword parameters it has, None for all; `optional` those with
    a default; `call_parameter` the one that wants the `Call`."""

    operation: Operation[Any, Any]
    function: Callable[..., Any]
    accepts: frozenset[str] | None
    call_parameter: str | None
    optional: frozenset[str] = frozenset()
    _fields: list[str] = field(default_factory=list, repr=False, compare=False)

    def arguments(self, received: Received, call: Call, codecs: Codecs) -> dict[str, Any]:
        """The keyword arguments for a request: the record's fields, header blocks, attached parts, the `Call`; what
        an interceptor replaced in the `Call` replaces it here."""
        if not self._fields:  # found out at the first call
            self._fields.extend([one.name for one in codecs.shapes[received.operation.request.record].fields])
        arguments = {name: getattr(call.value, name) for name in self._fields}
        for header in received.operation.request.headers:
            given = header.name in call.headers or header.name not in self.optional
            if given and (self.accepts is None or header.name in self.accepts):
                arguments[header.name] = call.headers.get(header.name)
        for part in received.operation.request.attached:
            given = part.name in received.parts or part.name not in self.optional
            if given and (self.accepts is None or part.name in self.accepts):
                arguments[part.name] = received.parts.get(part.name)
        if self.call_parameter is not None:
            arguments[self.call_parameter] = call
        return arguments


def handlers_of(implementation: object, service: Service) -> Mapping[str, Handler]:
    """The handler for each operation of `service`, by the operation's contract name.

    Raises `UsageError` naming every operation that `implementation` lacks.
    """
    missing = []
    handlers = {}
    for operation in service.operations:
        name = operation.method or operation.name
        function = getattr(implementation, name, None)
        if function is None or _is_only_promised(implementation, name):
            known = [known for known in dir(implementation) if not known.startswith("_")]
            missing.append(f"{name}{did_you_mean(name, set(known) - {name})}")
            continue
        handlers[operation.name] = _handler(operation, function)
    if missing:
        raise UsageError(f"{type(implementation).__name__} does not implement {'; '.join(missing)}")
    return handlers


def _handler(operation: Operation[Any, Any], function: Callable[..., Any]) -> Handler:
    signature = inspect.signature(function)
    parameters = signature.parameters.values()
    takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    hints = _annotations(function)
    wants_call = [name for name, kind in hints.items() if kind is Call or Call in typing.get_args(kind)]
    return Handler(
        operation,
        function,
        None if takes_all else frozenset(signature.parameters),
        wants_call[0] if wants_call else None,
        frozenset(one.name for one in parameters if one.default is not one.empty),
    )


def _annotations(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except NameError:  # names a checker alone can see: then Call is not among them, or is spelled as text
        return {
            name: Call
            for name, kind in getattr(function, "__annotations__", {}).items()
            if kind in ("Call", "soapkit.Call", "Call | None")
        }


def _is_only_promised(implementation: object, name: str) -> bool:
    """Whether a method is just inherited from the generated Protocol, whose methods have no body."""
    for cls in type(implementation).__mro__:
        if name in vars(cls):
            return bool(getattr(cls, "_is_protocol", False))
    return False
