"""Watch calls: what clients and services tell of each, from its beginning to its end. Nobody watches unless asked to.

An `Observer` is told that a call begins, and gives a `Watch`, which is told the rest. Traces
(`soapkit.adapters.opentelemetry`), metrics (`soapkit.adapters.prometheus`) and the log of calls (`CallLog`) are
observers; so is any object with a method ``begin``.

What an observer is told holds names of the contract, numbers and kinds of errors: nothing of what a message holds.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol, TypeAlias

from soapkit.errors import DeclaredFault, Fault, MessageError
from soapkit.transport.values import Headers

Side: TypeAlias = Literal["client", "server"]


@dataclass(frozen=True, slots=True)
class Begun:
    """A call that begins.

    `side`: whose view it is; `service`, `namespace`: its names; `operation`: ``""`` for a request that was not read
    yet; `address`: its URL; `headers`: of the HTTP request that came, for a service; `peer`: who sent it; `encloses`:
    whether what this thread, or task, does until the end belongs to it; not so of a stream that is read bit by bit.
    """

    side: Side
    service: str
    namespace: str
    operation: str
    address: str
    headers: Headers = field(default_factory=Headers, repr=False)
    peer: str = ""
    encloses: bool = True


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call ended, and when.

    `operation`: ``""`` where a request asked for none that there is. `seconds`: from its beginning; of a reply that is
    sent in pieces, until the first. `status`: of HTTP, 0 if none came. `fault_code`: of the fault that was sent or
    came, in SOAP 1.2 words, ``""`` without one. `error_type`: the kind of what went wrong, ``""`` where nothing did:
    the name of a declared fault or of an exception, else the fault code; the HTTP status where the host answered
    itself. `message_id`: of WS-Addressing.
    """

    operation: str
    seconds: float
    status: int = 0
    fault_code: str = ""
    error_type: str = ""
    message_id: str = ""


class Watch(Protocol):
    """Watches one call."""

    def carried(self) -> Mapping[str, str]:
        """HTTP header fields for the request of a client, such as ``traceparent``."""
        ...

    def routed(self, operation: str) -> None:
        """A service knows which operation is called."""
        ...

    def end(self, ended: Ended) -> None:
        """The call is over. Called once, whatever happens."""
        ...


class Observer(Protocol):
    """Is told of every call. Called in the thread, or the task, of the call: it must not block."""

    def begin(self, begun: Begun) -> Watch:
        """A call begins."""
        ...


class Watched:
    """One call and all that watch it. What is known of it is put in as it is known: `operation`, `error`, `status`,
    `message_id`; `fault_code` and `error_type` where they are not those of the error.

    What an observer raises is told to the log: no call fails for it.
    """

    __slots__ = ("_since", "_watches", "error", "error_type", "fault_code", "message_id", "operation", "status")

    def __init__(self, observers: Sequence[Observer], begun: Begun) -> None:
        self.operation = begun.operation
        self.error: BaseException | None = None
        self.status = 0
        self.message_id = self.fault_code = self.error_type = ""
        self._since = time.perf_counter()
        self._watches: list[Watch] = []
        for observer in observers:
            try:
                self._watches.append(observer.begin(begun))
            except Exception:
                _told(observer)

    def carried(self) -> tuple[tuple[str, str], ...]:
        """The HTTP header fields that the request carries for them."""
        found: dict[str, str] = {}
        for watch in self._watches:
            try:
                found.update(watch.carried())
            except Exception:
                _told(watch)
        return tuple(found.items())

    def routed(self, operation: str, message_id: str) -> None:
        """The operation is known, and what WS-Addressing calls the message."""
        self.operation, self.message_id = operation, message_id
        for watch in self._watches:
            try:
                watch.routed(operation)
            except Exception:
                _told(watch)

    def end(self) -> None:
        """It is over; the last that began to watch is told first."""
        seconds = time.perf_counter() - self._since
        code, kind = _kind_of(self.error)
        code, kind = self.fault_code or code, self.error_type or kind
        ended = Ended(self.operation, seconds, self.status, code, kind, self.message_id)
        for watch in reversed(self._watches):
            try:
                watch.end(ended)
            except Exception:
                _told(watch)


def _told(observer: object) -> None:
    logging.getLogger("soapkit.calls").exception("%s failed", type(observer).__qualname__)


def _kind_of(error: BaseException | None) -> tuple[str, str]:
    """The fault code, where there is one, and the kind of what went wrong."""
    if error is None:
        return "", ""
    name = type(error).__name__
    if isinstance(error, DeclaredFault):
        return error.code.name, name
    if isinstance(error, Fault):
        return error.code.name, error.code.name
    if isinstance(error, MessageError):
        return error.code, error.code
    return "", name


# --- logs -------------------------------------------------------------------------------------------------------------


def fields(
    *,
    operation: str = "",
    service: str = "",
    message_id: str = "",
    fault_code: str = "",
    error_type: str = "",
    seconds: float | None = None,
) -> dict[str, Any]:
    """For ``logger.info(..., extra=...)``: what there is to say of a call, by the names that all loggers use."""
    found: dict[str, Any] = {
        "soap_operation": operation,
        "soap_service": service,
        "soap_message_id": message_id,
        "soap_fault_code": fault_code,
        "soap_error_type": error_type,
        "soap_seconds": None if seconds is None else round(seconds, 6),
    }
    return {name: value for name, value in found.items() if value not in ("", None)}


class CallLog:
    """An observer: one line for each call, to the logger ``soapkit.calls``, with its data in ``extra``.

    ``served transfer of Bank in 3.2 ms`` at INFO; ``served transfer of Bank in 3.2 ms: Receiver`` at WARNING.

    >>> soapkit.asgi(MyBank(), observers=[CallLog()])                                   # doctest: +SKIP
    """

    logger: Final = logging.getLogger("soapkit.calls")

    def begin(self, begun: Begun) -> Watch:
        """A call begins."""
        return _LoggedCall(self.logger, begun)


@dataclass(frozen=True, slots=True)
class _LoggedCall:
    logger: logging.Logger
    begun: Begun

    def carried(self) -> Mapping[str, str]:
        return {}

    def routed(self, operation: str) -> None: ...

    def end(self, ended: Ended) -> None:
        level = logging.WARNING if ended.error_type else logging.INFO
        if not self.logger.isEnabledFor(level):
            return
        verb = "served" if self.begun.side == "server" else "called"
        extra = fields(
            operation=ended.operation,
            service=self.begun.service,
            message_id=ended.message_id,
            fault_code=ended.fault_code,
            error_type=ended.error_type,
            seconds=ended.seconds,
        )
        message = "%s %s of %s in %.1f ms" + (": %s" if ended.error_type else "%s")
        told = (verb, ended.operation or "nothing", self.begun.service, ended.seconds * 1000, ended.error_type)
        self.logger.log(level, message, *told, extra=extra)
