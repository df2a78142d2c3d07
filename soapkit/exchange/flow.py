"""run(), arun(): drive a written flow, blocking or async.

A flow is a generator that yields what it wants done and is given the result, so a journey is written once:

    def call(transport, request):
        response = yield from send(transport, request)          # a Response
        if response.status == 401:
            response = yield from send(transport, with_login(request))
        return response

    run(call(transport, request))                 # in this thread
    await arun(call(transport, request))          # in this event loop, which is never blocked

An `Effect` is one thing to be done, a frozen value that knows both ways of doing it (of msgspec, since some are made
for every request). What goes wrong is raised inside the flow, at its ``yield``, where ``try`` and ``finally`` see it.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping
from functools import cache
from inspect import CO_COROUTINE, iscoroutinefunction
from types import ModuleType
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeAlias, TypeGuard, TypeVar, cast, overload

import msgspec

from soapkit.transport.values import AsyncTransport, Request, Response, Transport

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from soapkit.exchange.loops import Pool

ResultT = TypeVar("ResultT")
ParametersT = ParamSpec("ParametersT")


class Effect(Protocol):
    """One thing to be done."""

    def perform(self) -> object:
        """Do it now, in this thread."""
        ...

    def perform_async(self, executor: Executor | None) -> Coroutine[Any, Any, object]:
        """Do it, once awaited, without blocking the event loop; what blocks goes to a thread of `executor`."""
        ...


Flow: TypeAlias = Generator[Effect, Any, ResultT]
"""A journey that ends in a `ResultT`. What comes back from a yield depends on the effect, hence `Any`; `send` and
`call` give it its type."""


def run(flow: Flow[ResultT]) -> ResultT:
    """Drive a flow to its end in this thread, and give its result."""
    try:
        effect = next(flow)
        while True:
            try:
                result = effect.perform()
            except BaseException as error:  # KeyboardInterrupt too: the flow's own finally blocks must run
                effect = flow.throw(error)
            else:
                effect = flow.send(result)
    except StopIteration as end:
        ended: ResultT = end.value
        return ended


async def arun(flow: Flow[ResultT], executor: Executor | None = None) -> ResultT:
    """Drive a flow to its end in the running event loop, and give its result.

    Blocking functions go to a thread of `executor` (None: the loop's own), with the caller's context variables.
    """
    try:
        effect = next(flow)
        while True:
            try:
                result = await effect.perform_async(executor)
            except BaseException as error:  # CancelledError too
                effect = flow.throw(error)
            else:
                effect = flow.send(result)
    except StopIteration as end:
        ended: ResultT = end.value
        return ended


class Send(msgspec.Struct, frozen=True):
    """Send a request, get the response."""

    transport: Transport | AsyncTransport
    request: Request

    def perform(self) -> object:
        return _settled(self.transport.send(self.request))

    def perform_async(self, executor: Executor | None) -> Coroutine[Any, Any, object]:
        return _called(self.transport.send, (self.request,), {}, executor)


class Call(msgspec.Struct, frozen=True):
    """Call a function that may be blocking or async: a handler, a store."""

    function: Callable[..., object]
    args: tuple[object, ...] = ()
    kwargs: Mapping[str, object] = {}

    def perform(self) -> object:
        return _settled(self.function(*self.args, **self.kwargs))

    def perform_async(self, executor: Executor | None) -> Coroutine[Any, Any, object]:
        if _is_coroutine_function(self.function):  # as most handlers: then no coroutine of ours goes around it
            work: Any = self.function(*self.args, **self.kwargs)
            return work  # type: ignore[no-any-return]  # a cast would be a call, here and below
        return _called(self.function, self.args, self.kwargs, executor)


class Aside(Call, frozen=True):
    """The same, where it blocks, in threads of `pool` instead of those of handlers."""

    pool: Pool = "page"

    def perform_async(self, executor: Executor | None) -> Coroutine[Any, Any, object]:
        return _called(self.function, self.args, self.kwargs, executor, self.pool)


class Pause(msgspec.Struct, frozen=True):
    """Do nothing for some seconds."""

    seconds: float

    def perform(self) -> object:
        time.sleep(self.seconds)
        return None

    def perform_async(self, executor: Executor | None) -> Coroutine[Any, Any, object]:
        return cast("Coroutine[Any, Any, object]", _loops().sleep(self.seconds))


def pause(seconds: float) -> Flow[None]:
    """In a flow: ``yield from pause(0.5)``; an event loop serves others meanwhile."""
    yield Pause(seconds)


def send(transport: Transport | AsyncTransport, request: Request) -> Flow[Response]:
    """In a flow: ``response = yield from send(transport, request)``.

    Raises `soapkit.errors.TransportError` or `soapkit.errors.LimitError`.
    """
    return cast("Response", (yield Send(transport, request)))


@overload
def call(
    function: Callable[ParametersT, Awaitable[ResultT]], *args: ParametersT.args, **kwargs: ParametersT.kwargs
) -> Flow[ResultT]: ...


@overload
def call(
    function: Callable[ParametersT, ResultT], *args: ParametersT.args, **kwargs: ParametersT.kwargs
) -> Flow[ResultT]: ...


def call(function: Callable[..., object], *args: object, **kwargs: object) -> Flow[object]:
    """In a flow: ``result = yield from call(handler, source="DE1")``, whether or not `function` is async.

    Raises whatever `function` raises.
    """
    return (yield Call(function, args, kwargs))


def aside(pool: Pool, function: Callable[..., ResultT], *args: object) -> Flow[ResultT]:
    """In a flow: ``page = yield from aside("page", made, request)``: as `call`, but however long it takes, handlers
    have all their threads, and it waits for none of them. Raises whatever `function` raises."""
    return cast("ResultT", (yield Aside(function, args, pool=pool)))


class Within(msgspec.Struct, frozen=True):
    """Do something, but wait for it no longer than `seconds`: then `late` makes the error that is raised.

    Async work is cancelled. Blocking work under an event loop goes on in its thread, its result is dropped; in blocking
    code nothing can stop it, and it is waited for.
    """

    effect: Effect
    seconds: float
    late: Callable[[], Exception]

    def perform(self) -> object:
        effect = self.effect
        if not isinstance(effect, Call):
            return effect.perform()
        result = effect.function(*effect.args, **effect.kwargs)
        return _wait_for(result, self.seconds, self.late) if isinstance(result, Awaitable) else result

    def perform_async(self, executor: Executor | None) -> Coroutine[Any, Any, object]:
        work = self.effect.perform_async(executor)
        return _loops().within_seconds(work, self.seconds, self.late)  # type: ignore[no-any-return]


def in_time(effect: Effect, seconds: float | None, late: Callable[[], Exception]) -> Effect:
    """In a flow: ``result = yield in_time(Call(handler), 60, late)``: one effect, in a time. `seconds` None: without
    end."""
    return effect if seconds is None else Within(effect, seconds, late)


def contained(effect: Effect) -> Flow[object]:
    """In a flow: ``result = yield from contained(Call(handler))``: what would end more than the work, SystemExit or a
    CancelledError though nobody cancels, is raised as `RuntimeError`. A stop from outside passes."""
    try:
        return (yield effect)
    except Exception:
        raise
    except BaseException as error:
        if isinstance(error, GeneratorExit) or not _loops().is_own(error):
            raise
        raise _loops().ended_by(error) from error


def within(
    seconds: float | None,
    flow: Flow[ResultT],
    late: Callable[[], Exception],
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Flow[ResultT]:
    """In a flow: ``result = yield from within(60, call(handler), late)``: all that an inner flow does, in a time.

    `seconds` None: without end. Raises what `late` makes, inside the inner flow, once the time is over.
    """
    if seconds is None:
        return (yield from flow)
    deadline = clock() + seconds
    try:
        effect = next(flow)
        while True:
            try:
                result = yield in_time(effect, max(deadline - clock(), 0.0), late)
            except BaseException as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(result)
    except StopIteration as end:
        ended: ResultT = end.value
        return ended


def _settled(result: object) -> object:
    """In blocking code: the result, or what it promises, computed in the event loop kept for that."""
    return _wait_for(result) if isinstance(result, Awaitable) else result


async def _called(
    function: Callable[..., object],
    args: tuple[object, ...],
    kwargs: Mapping[str, object],
    executor: Executor | None,
    pool: Pool = "handler",
) -> object:
    """In async code: the result of a function that may be async, or block."""
    if is_async(function):
        return await function(*args, **kwargs)
    result = await _loops().in_thread(function, args, kwargs, executor, pool)
    return await result if isinstance(result, Awaitable) else result


def is_async(function: Callable[..., object]) -> TypeGuard[Callable[..., Coroutine[Any, Any, object]]]:
    """Whether calling `function` gives a coroutine at once: ``async def``, a bound method or partial of one, an object
    whose ``__call__`` is."""
    if _is_coroutine_function(function) or iscoroutinefunction(function):
        return True
    return iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def _is_coroutine_function(function: Callable[..., object]) -> bool:
    """Whether it is ``async def``, or a bound method of one; spares inspect's unwrapping, 1 us a call."""
    code = getattr(function, "__code__", None)
    return code is not None and bool(code.co_flags & CO_COROUTINE)


def _wait_for(
    awaitable: Awaitable[object], seconds: float | None = None, late: Callable[[], Exception] = TimeoutError
) -> object:
    return cast("object", _loops().wait_for(awaitable, seconds, late))


@cache
def _loops() -> ModuleType:
    """Loaded when it is needed: asyncio takes longer to import than all of soapkit. Kept, since to look up an import
    costs a microsecond of every request."""
    from soapkit.exchange import loops

    return loops
