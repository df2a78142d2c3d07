"""Flows: written once, driven blocking and async."""

import asyncio
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial

import pytest

from soapkit.errors import ConnectError, UsageError
from soapkit.exchange.flow import Flow, arun, call, is_async, run, send
from soapkit.exchange.loops import within_seconds
from soapkit.transport.values import Request, Response

REQUEST = Request("http://bank.example/")


@dataclass
class Blocking:
    """A transport that answers with the thread it ran in."""

    fail: bool = False

    def send(self, request: Request) -> Response:
        if self.fail:
            raise ConnectError("nobody answers")
        return Response(200, reason=threading.current_thread().name)

    def close(self) -> None: ...


@dataclass
class Async:
    async def send(self, request: Request) -> Response:
        await asyncio.sleep(0)
        return Response(200, reason=threading.current_thread().name)

    async def aclose(self) -> None: ...


def thread_of(transport: object) -> Flow[str]:
    response = yield from send(transport, REQUEST)  # type: ignore[arg-type]
    return response.reason


def test_a_flow_runs_in_this_thread() -> None:
    assert run(thread_of(Blocking())) == threading.current_thread().name


def test_the_same_flow_runs_in_an_event_loop() -> None:
    assert asyncio.run(arun(thread_of(Async()))) == threading.current_thread().name


def test_blocking_work_never_blocks_the_event_loop() -> None:
    with ThreadPoolExecutor(thread_name_prefix="worker") as executor:
        name = asyncio.run(arun(thread_of(Blocking()), executor))
    assert name.startswith("worker")


def test_the_event_loop_turns_while_a_handler_sleeps() -> None:
    async def main() -> int:
        ticks = 0
        work = asyncio.create_task(arun(call(time.sleep, 0.1)))
        while not work.done():
            ticks += 1
            await asyncio.sleep(0.01)
        return ticks

    assert asyncio.run(main()) >= 3


def test_blocking_code_may_drive_an_async_handler() -> None:
    assert run(thread_of(Async())) == "soapkit-async"


def test_async_handlers_of_blocking_code_share_one_event_loop() -> None:
    async def loop() -> object:
        return asyncio.get_running_loop()

    loops: list[object] = []
    threads = [threading.Thread(target=lambda: loops.append(run(call(loop)))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(loops)) == 1


def test_blocking_code_inside_an_async_handler_is_told_not_to_wait_for_ever() -> None:
    async def inner() -> None: ...

    async def handler() -> None:
        run(call(inner))

    with pytest.raises(UsageError, match="use the async client"):
        run(call(handler))


def test_an_error_is_raised_inside_the_flow() -> None:
    def flow() -> Flow[str]:
        try:
            yield from send(Blocking(fail=True), REQUEST)
        except ConnectError as error:
            return f"caught: {error}"
        return "nothing"

    assert run(flow()) == "caught: nobody answers"
    assert asyncio.run(arun(flow())) == "caught: nobody answers"


def test_an_error_that_the_flow_lets_pass_reaches_the_caller() -> None:
    with pytest.raises(ConnectError):
        run(thread_of(Blocking(fail=True)))
    with pytest.raises(ConnectError):
        asyncio.run(arun(thread_of(Blocking(fail=True))))


def test_finally_runs_when_the_task_is_cancelled() -> None:
    closed = []

    def flow() -> Flow[None]:
        try:
            yield from call(asyncio.sleep, 10)
        finally:
            closed.append(True)

    async def main() -> None:
        task = asyncio.create_task(arun(flow()))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert closed == [True]


def test_a_handler_that_raises_stop_iteration_hangs_nobody() -> None:
    def handler() -> None:
        raise StopIteration

    with pytest.raises(RuntimeError, match="StopIteration"):
        run(call(handler))
    with pytest.raises(RuntimeError, match="StopIteration"):
        asyncio.run(asyncio.wait_for(arun(call(handler)), 2))


def test_context_variables_reach_a_handler_wherever_it_runs() -> None:
    user: ContextVar[str] = ContextVar("user", default="nobody")

    async def asynchronous() -> str:
        return user.get()

    token = user.set("alice")
    try:
        assert run(call(user.get)) == "alice"
        assert run(call(asynchronous)) == "alice"
        assert asyncio.run(arun(call(user.get))) == "alice"
        assert asyncio.run(arun(call(asynchronous))) == "alice"
    finally:
        user.reset(token)


def test_a_plain_function_may_return_an_awaitable() -> None:
    async def answer(number: int) -> int:
        return number

    assert run(call(lambda: answer(1))) == 1
    assert asyncio.run(arun(call(lambda: answer(2)))) == 2
    assert asyncio.run(arun(call(partial(answer, number=3)))) == 3


class Handler:
    async def __call__(self) -> None: ...

    async def method(self) -> None: ...

    def blocking(self) -> None: ...


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (Handler(), True),
        (Handler().method, True),
        (partial(Handler().method), True),
        (Handler().blocking, False),
        (len, False),
        (lambda: None, False),
    ],
)
def test_async_functions_are_told_from_blocking_ones(function: object, expected: bool) -> None:
    assert is_async(function) is expected  # type: ignore[arg-type]


def test_a_flow_without_effects_gives_its_result() -> None:
    def flow(ask: bool) -> Flow[int]:
        if ask:
            yield from call(int)
        return 1

    assert run(flow(False)) == 1
    assert asyncio.run(arun(flow(False))) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_worker_gets_an_event_loop_of_its_own() -> None:
    async def answer() -> int:
        return 42

    assert run(call(answer)) == 42  # in the parent: its loop's thread does not come along
    child = os.fork()
    if child == 0:
        os._exit(run(call(answer)))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 42


# --- work that is begun before its time is watched --------------------------------------------------------------------


def test_work_that_waits_for_nothing_costs_no_timer() -> None:
    async def main() -> list[object]:
        timers: list[object] = []
        loop = asyncio.get_running_loop()
        loop.call_at = lambda *_, **__: timers.append(1)  # type: ignore[method-assign, assignment, return-value]

        async def work() -> str:
            return "done"

        assert await within_seconds(work(), 5, ValueError) == "done"
        return timers

    assert asyncio.run(main()) == []


def test_the_time_counts_from_the_beginning_of_the_work() -> None:
    async def main() -> None:
        async def work() -> None:
            time.sleep(0.05)
            await asyncio.sleep(10)

        with pytest.raises(ValueError, match="late"):
            await within_seconds(work(), 0.05, lambda: ValueError("late"))

    asyncio.run(main())


def test_work_that_was_begun_may_answer_its_cancellation() -> None:
    async def main() -> str:
        async def work() -> str:
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                await asyncio.sleep(0)
                return "tidied up"
            return "slept"

        task = asyncio.ensure_future(within_seconds(work(), 5, ValueError))
        await asyncio.sleep(0.01)
        task.cancel()
        return await task

    assert asyncio.run(main()) == "tidied up"


def test_what_work_raises_after_waiting_is_raised() -> None:
    async def main() -> None:
        async def work() -> None:
            await asyncio.sleep(0)
            raise TimeoutError("its own")

        with pytest.raises(TimeoutError, match="its own"):
            await within_seconds(work(), 5, ValueError)

    asyncio.run(main())


def test_work_that_is_closed_while_it_waits_is_closed_inside() -> None:
    closed: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            closed.append("inside")

    async def main() -> None:
        waiting = within_seconds(work(), 5, ValueError)
        waiting.send(None)
        waiting.close()

    asyncio.run(main())
    assert closed == ["inside"]
