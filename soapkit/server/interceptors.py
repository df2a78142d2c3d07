"""Interceptors: what stands around every call of a service, in the order of one list.

An interceptor is a callable that is given the call and what comes next; what it returns is answered. It may answer
itself, without calling what comes next; raise a `soapkit.Fault`; look at the result, or at what the handler raised;
hand on another call (``dataclasses.replace``); or change the HTTP response (``call.response``).

    async def audit(call: soapkit.Call, next: soapkit.Next) -> object:
        try:
            return await next(call)
        finally:
            log.info("%s called %s", call.http.client, call.operation.name)

    app = soapkit.asgi(MyBank(), interceptors=[audit])      # the first of the list is the outermost

It sees requests that were understood: verified, routed, decoded. The others are answered before.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias, cast

from soapkit.errors import Fault, UsageError
from soapkit.exchange.flow import Call as CallEffect
from soapkit.exchange.flow import Within, is_async
from soapkit.server.context import Call

Next: TypeAlias = Callable[[Call], Awaitable[object]]
"""What comes after an interceptor: the next one, or at last the handler. Called again, it serves again."""

BlockingNext: TypeAlias = Callable[[Call], object]
"""The same for a blocking interceptor."""

Arguments: TypeAlias = Callable[[Call], Mapping[str, Any]]
"""A call -> the keyword arguments of its handler."""


class Interceptor(Protocol):
    """``async def audit(call, next)``, or an object with ``async def __call__(self, call, next)``."""

    async def __call__(self, call: Call, following: Next, /) -> object:
        """What is answered: the value that a handler would return, its own or that of ``await next(call)``."""
        ...


class BlockingInterceptor(Protocol):
    """The same for `soapkit.wsgi`, without ``async``: ``return next(call)``."""

    def __call__(self, call: Call, following: BlockingNext, /) -> object:
        """What is answered."""
        ...


@dataclass(frozen=True, slots=True)
class Chain:
    """Interceptors in their order: all async, or all blocking."""

    steps: tuple[Interceptor | BlockingInterceptor, ...] = ()

    @classmethod
    def of(cls, steps: Iterable[Interceptor | BlockingInterceptor]) -> Chain:
        """Raises `UsageError` for what is no interceptor, and where blocking and async ones are mixed."""
        found = tuple(steps)
        for step in found:
            if not callable(step) or isinstance(step, type):
                raise UsageError(f"{_name(step)} is no interceptor: expected a callable of call and next")
        kinds = {is_async(step) for step in found}
        if len(kinds) > 1:
            told = ", ".join(_name(step) for step in found if not is_async(step))
            raise UsageError(f"blocking interceptors among async ones: write {told} with async def, or all without")
        return cls(found)

    def check_async(self) -> None:
        """Raises `UsageError` where these are blocking: they would hold up the event loop, or a handler in it."""
        if self.steps and not is_async(self.steps[0]):
            told = ", ".join(_name(step) for step in self.steps)
            raise UsageError(f"asgi() takes async interceptors: write {told} with async def, or host it with wsgi()")

    def around(self, call: Call, function: Callable[..., object], arguments: Arguments) -> CallEffect:
        """What is to be done for a call: through the chain to its handler, `function`, and back."""
        if not self.steps:
            return CallEffect(function, (), arguments(call))
        passed = self._passed if is_async(self.steps[0]) else self._passed_blocking
        return CallEffect(passed, (call, function, arguments, 0))

    async def _passed(self, call: Call, function: Callable[..., object], arguments: Arguments, at: int) -> object:
        if at == len(self.steps):
            return await CallEffect(function, (), arguments(call)).perform_async(None)

        async def following(call: Call) -> object:
            return await self._passed(call, function, arguments, at + 1)

        return await cast("Interceptor", self.steps[at])(call, following)

    def _passed_blocking(self, call: Call, function: Callable[..., object], arguments: Arguments, at: int) -> object:
        if at == len(self.steps):
            handler = CallEffect(function, (), arguments(call))
            left = call.seconds_left
            return handler.perform() if left is None else Within(handler, left, _late).perform()

        def following(call: Call) -> object:
            return self._passed_blocking(call, function, arguments, at + 1)

        return cast("BlockingInterceptor", self.steps[at])(call, following)


NONE: Final = Chain()


def _late() -> Fault:
    return Fault("the service did not answer in time", code="Receiver")


def _name(step: object) -> str:
    return getattr(step, "__qualname__", None) or type(step).__qualname__
