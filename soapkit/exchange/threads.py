"""Threads for blocking handlers, which end with the process, whatever they are doing.

The standard library's pool waits at exit for each of its threads: one handler that hangs would keep a process that was
told to stop, until somebody kills it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from queue import SimpleQueue
from typing import ParamSpec, TypeVar

ResultT = TypeVar("ResultT")
ParametersT = ParamSpec("ParametersT")


class DaemonThreads(Executor):
    """Up to `most` threads, each started when none is idle; what is submitted beyond that waits for one."""

    def __init__(self, most: int, name: str) -> None:
        self._most, self._name = most, name
        self._started = 0
        self._idle = threading.Semaphore(0)
        self._work: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lock = threading.Lock()

    def submit(
        self, fn: Callable[ParametersT, ResultT], /, *args: ParametersT.args, **kwargs: ParametersT.kwargs
    ) -> Future[ResultT]:
        """As any executor has it. A future that is cancelled before a thread takes it up is never run."""
        future: Future[ResultT] = Future()
        self._work.put(partial(_perform, future, partial(fn, *args, **kwargs)))
        if not self._idle.acquire(blocking=False):
            self._start()
        return future

    def _start(self) -> None:
        with self._lock:
            if self._started == self._most:
                return
            self._started += 1
            name = f"{self._name}-{self._started}"
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def _run(self) -> None:
        while True:
            self._work.get()()
            self._idle.release()


def _perform(future: Future[ResultT], work: Callable[[], ResultT]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as error:
        future.set_exception(error)
        del future  # the error holds this frame: the two would wait for the garbage collector
    else:
        future.set_result(result)
