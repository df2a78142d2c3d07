"""Calls of a service performed by workers of Taskiq."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from soapkit.errors import UsageError
from soapkit.server.dispatch import Job, Performer

if TYPE_CHECKING:
    from taskiq import AsyncBroker


class TaskiqDispatcher:
    """A `soapkit.server.dispatch.Dispatcher` on a broker of Taskiq.

    The module that makes the service makes it in the workers too: ``taskiq worker main:broker``.

    `broker`: a ``taskiq.AsyncBroker``. `name`: of its task; another for each application that shares it. `labels`: of
    the task, such as ``retry_on_error=True, max_retries=3`` (with Taskiq's retry middleware). How often a call is
    performed is the broker's to say: at least once with one that waits for an acknowledgement (``RedisStreamBroker``),
    at most once with one that does not (``ListQueueBroker``).

    >>> broker = RedisStreamBroker("redis://localhost:6379/1")                           # doctest: +SKIP
    >>> app = soapkit.asgi(MyBank(), dispatcher=TaskiqDispatcher(broker))                # doctest: +SKIP
    """

    def __init__(self, broker: AsyncBroker, *, name: str = "soapkit.perform", **labels: Any) -> None:
        self._broker, self._name, self._labels = broker, name, labels
        self._task: Any = None  # Any: the task's type is of what it returns
        self._started = False

    def attach(self, performer: Performer) -> None:
        """See `soapkit.server.dispatch.Dispatcher`. Raises `UsageError` where the task's name is taken."""
        if self._broker.find_task(self._name) is not None:
            raise UsageError(f"Taskiq has a task {self._name!r} already: give TaskiqDispatcher another name")

        async def perform(job: str) -> None:
            await performer.perform_async(Job.from_text(job))

        self._task = self._broker.register_task(perform, task_name=self._name, **self._labels)

    async def dispatch(self, job: Job) -> None:
        """See `soapkit.server.dispatch.Dispatcher`; the task's id is the job's."""
        if not self._started:
            await self._broker.startup()  # twice at once is once too often, and harmless
            self._started = True
        await self._task.kicker().with_task_id(job.id).kiq(job.to_text())
