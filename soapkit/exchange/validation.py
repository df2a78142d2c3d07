"""Which messages are held against the schema of their contract: of all operations or of some, requests or replies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, get_args

from soapkit.errors import UsageError
from soapkit.operations import Operation, Service
from soapkit.xml.names import did_you_mean

Validation: TypeAlias = Literal["off", "none", "in", "out", "both", "request", "response"]
"""``in``: what is received; ``out``: what is sent; ``request`` and ``response``: whichever way they go. ``none`` is
``off``, as CXF calls it."""

Validations: TypeAlias = Validation | Mapping[str, Validation]
"""One for all operations, or by the name of an operation, in the contract or in Python; ``*`` for all others."""

_OTHERS: Final = "*"
_COMING: Final = {True: frozenset({"in", "both", "request"}), False: frozenset({"in", "both", "response"})}
_GOING: Final = {True: frozenset({"out", "both", "request"}), False: frozenset({"out", "both", "response"})}


@dataclass(frozen=True, slots=True)
class Checks:
    """`mode`: of all operations but those in `by_operation`, by their names in the contract."""

    mode: Validation = "off"
    by_operation: Mapping[str, Validation] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        """Whether any message is checked."""
        return any(one not in ("off", "none") for one in (self.mode, *self.by_operation.values()))

    def coming(self, operation: Operation[Any, Any], *, request: bool) -> bool:
        """Whether a request of an operation, or a reply, is checked when it is received."""
        return self.by_operation.get(operation.name, self.mode) in _COMING[request]

    def going(self, operation: Operation[Any, Any], *, request: bool) -> bool:
        """Whether one is checked before it is sent."""
        return self.by_operation.get(operation.name, self.mode) in _GOING[request]

    def may_come(self, *, request: bool) -> bool:
        """Whether there is an operation whose requests, or replies, are checked when they are received."""
        return not _COMING[request].isdisjoint((self.mode, *self.by_operation.values()))


NO_CHECKS: Final = Checks()


def checks_for(validate: Validations, service: Service) -> Checks:
    """What a setting says for a service. Raises `UsageError` for an operation that it does not have, and for what is no
    way of checking.

    >>> checks_for("in", bank).mode                                                      # doctest: +SKIP
    'in'
    >>> checks_for({"transfer": "both", "*": "in"}, bank)                                # doctest: +SKIP
    Checks(mode='in', by_operation={'transfer': 'both'})
    """
    if not isinstance(validate, Mapping):
        return Checks(_known(validate)) if validate != "off" else NO_CHECKS
    named = {name: mode for name, mode in validate.items() if name != _OTHERS}
    found = {_name(name, service): _known(mode) for name, mode in named.items()}
    return Checks(_known(validate.get(_OTHERS, "off")), found)


def _known(mode: Validation) -> Validation:
    if mode not in (known := get_args(Validation)):
        raise UsageError(f"validate: {mode!r} is none of {', '.join(known)}{did_you_mean(str(mode), known)}")
    return mode


def _name(name: str, service: Service) -> str:
    try:
        return service.operation(name).name
    except KeyError:
        known = [each.name for each in service.operations]
        raise UsageError(f"validate: {service.name} has no operation {name!r}{did_you_mean(name, known)}") from None
