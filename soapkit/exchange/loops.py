"""From blocking code into an event loop, and from an event loop into a thread.

Law of this file: where an error passes, no frame keeps the future, or the task, that has it. The error holds the frame
by its traceback, so that all of a request would wait for the garbage collector.

One event loop in a thread of its own serves every blocking caller of this process: an async handler behind WSGI may
keep its database pool or HTTP session from call to call, since all its calls run in that one loop.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping
from concurrent.futures import Executor
from contextvars import copy_context
from functools import partial
from types import coroutine
from typing import Any, Literal, TypeAlias, TypeVar

from soapkit.errors import UsageError
from soapkit.exchange.threads import DaemonThreads

ResultT = TypeVar("ResultT")


class _LoopThread:
    """An event loop and the daemon thread that turns it."""

    __slots__ = ("loop", "thread")

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="soapkit-async", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(timeout=1)
        if not self.thread.is_alive():
            self.loop.close()


Pool: TypeAlias = Literal["handler", "page", "probe"]

# asyncio's own executor has four threads more than the machine has cores: a handful of slow handlers would hold up all.
THREADS = 40
# What browsers and probes ask for neither waits for handlers nor holds them up. Pages take nothing but time of the
# processor, so that each thread of theirs takes a share of the event loop's.
_THREADS: Mapping[Pool, int] = {"handler": THREADS, "page": 2, "probe": 8}

_lock = threading.Lock()
_kept: _LoopThread | None = None
_pools: dict[Pool, DaemonThreads] = {}


def wait_for(
    awaitable: Awaitable[object], seconds: float | None = None, late: Callable[[], Exception] = TimeoutError
) -> object:
    """Await in the kept event loop, and block this thread until the result is there; context variables come along.

    Raises `UsageError` when called from that loop itself, which would wait for ever; what `late` makes when the result
    is not there in `seconds`: the work is then cancelled.
    """
    kept = _loop_thread()
    if threading.current_thread() is kept.thread:
        _discard(awaitable)
        raise UsageError("an async handler called blocking code that waits for async code; use the async client there")
    future = asyncio.run_coroutine_threadsafe(_awaited(awaitable), kept.loop)
    try:
        return future.result(seconds)
    except BaseException as error:
        ours = isinstance(error, TimeoutError) and not future.done()
        future.cancel()  # harmless when it is done; after a KeyboardInterrupt it stops the work
        if ours:
            raise late() from None
        raise
    finally:
        del future


async def within_seconds(work: Coroutine[Any, Any, ResultT], seconds: float, late: Callable[[], Exception]) -> ResultT:
    """Await no longer than `seconds`: then the work is cancelled, and what `late` makes is raised.

    Most work is done the first time it is asked for, without waiting: only the other work costs a timer.
    """
    began = time.monotonic()
    try:
        waited_for = work.send(None)
    except StopIteration as end:
        ended: ResultT = end.value
        return ended
    limit = asyncio.timeout(began + seconds - time.monotonic())
    try:
        async with limit:
            rest = _going_on(work, waited_for)
            del waited_for
            return await rest
    except TimeoutError:
        if limit.expired():  # else it is the work's own
            raise late() from None
        raise


@coroutine
def _going_on(work: Coroutine[Any, Any, ResultT], waited_for: object) -> Generator[Any, Any, ResultT]:
    """The rest of work that was begun: as ``yield from`` goes on, from the first thing that it waits for."""
    try:
        while True:
            try:
                sent = yield waited_for
            except GeneratorExit:
                work.close()
                raise
            except BaseException as error:  # CancelledError above all
                waited_for = work.throw(error)
            else:
                waited_for = work.send(sent)
    except StopIteration as end:
        ended: ResultT = end.value
        return ended
    finally:
        del waited_for


async def sleep(seconds: float) -> None:
    """Let others have the event loop for so long."""
    await asyncio.sleep(seconds)


async def in_thread(
    function: Callable[..., object],
    args: tuple[object, ...],
    kwargs: Mapping[str, object],
    executor: Executor | None,
    pool: Pool = "handler",
) -> object:
    """Call a blocking function in a thread of `executor` (None: of this process's `pool`), with this context's
    variables."""
    loop = asyncio.get_running_loop()
    work = partial(copy_context().run, _called, function, args, kwargs)
    return await loop.run_in_executor(executor or _threads(pool), work)


def _called(function: Callable[..., object], args: tuple[object, ...], kwargs: Mapping[str, object]) -> object:
    try:
        return function(*args, **kwargs)
    except StopIteration as stop:  # a Future refuses to carry it, and whoever awaits it would wait for ever
        raise RuntimeError("the function raised StopIteration") from stop


async def _awaited(awaitable: Awaitable[object]) -> object:
    _look_at(asyncio.current_task())
    try:
        return await awaitable
    except (SystemExit, KeyboardInterrupt) as error:  # out of a task they end the loop: later callers wait for ever
        raise ended_by(error) from error


def ended_by(error: BaseException) -> RuntimeError:
    """What is wrong where work raises what would end more than itself, such as ``sys.exit()`` in a library."""
    return RuntimeError(f"the work was ended by its own {type(error).__name__}")


def is_own(error: BaseException) -> bool:
    """Whether work ended by itself with an error that is no `Exception`: SystemExit, or the CancelledError of something
    that it waited for, where nobody cancels the work."""
    if not isinstance(error, asyncio.CancelledError):
        return isinstance(error, SystemExit)
    try:
        task = asyncio.current_task()
    except RuntimeError:  # blocking code: nothing could cancel it
        return True
    return task is None or task.cancelling() == 0


def _look_at(task: asyncio.Task[object] | None) -> None:
    assert task is not None
    task.add_done_callback(_seen)


def _seen(task: asyncio.Task[object]) -> None:
    """Look at what a task raised: who waited has it, or no longer wants it, and asyncio would write it to its log."""
    if not task.cancelled():
        task.exception()


def _discard(awaitable: Awaitable[object]) -> None:
    close = getattr(awaitable, "close", None)  # of a coroutine: spares the warning that it was never awaited
    if close is not None:
        close()


def _loop_thread() -> _LoopThread:
    global _kept
    with _lock:
        if _kept is None:
            _kept = _LoopThread()
        return _kept


def _threads(pool: Pool) -> Executor:
    found = _pools.get(pool)
    if found is None:
        with _lock:
            found = _pools.setdefault(pool, DaemonThreads(_THREADS[pool], f"soapkit-{pool}"))
    return found


def _after_fork() -> None:
    """A child has the parent's memory but not its threads (gunicorn's workers): it makes its own."""
    global _kept, _lock
    _lock = threading.Lock()
    _kept = None
    _pools.clear()


def _at_exit() -> None:
    if _kept is not None:
        _kept.stop()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
