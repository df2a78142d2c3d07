"""Calls of a service performed by workers of Celery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from soapkit.errors import UsageError
from soapkit.server.dispatch import Job, Performer

if TYPE_CHECKING:
    from celery import Celery


class CeleryDispatcher:
    """A `soapkit.server.dispatch.Dispatcher` on a Celery application.

    The module that makes the service makes it in the workers too: ``celery --app main:celery worker``.

    `celery`: a ``celery.Celery``. `name`: of its task; another for each application that shares it. `task`: options of
    that task, such as ``autoretry_for``, or ``acks_late=True, reject_on_worker_lost=True`` (at least once, also when a
    worker's process dies); without them a call is performed at most once. `send`: options of ``apply_async``, such as
    ``queue``. A broker that cannot be reached is not tried again while a caller waits, unless `send` says so.

    >>> celery = Celery("bank", broker="redis://localhost:6379/1")                       # doctest: +SKIP
    >>> app = soapkit.asgi(MyBank(), dispatcher=CeleryDispatcher(celery))                # doctest: +SKIP
    """

    def __init__(
        self,
        celery: Celery,
        *,
        name: str = "soapkit.perform",
        task: dict[str, Any] | None = None,
        send: dict[str, Any] | None = None,
    ) -> None:
        self._celery, self._name = celery, name
        self._options = {"ignore_result": True, **(task or {})}
        self._send = {"retry": False, **(send or {})}
        self._task: Any = None  # Any: Celery has no types

    def attach(self, performer: Performer) -> None:
        """See `soapkit.server.dispatch.Dispatcher`. Raises `UsageError` where the task's name is taken."""
        if self._name in self._celery.tasks:
            raise UsageError(f"Celery has a task {self._name!r} already: give CeleryDispatcher another name")

        def perform(job: str) -> None:
            performer.perform(Job.from_text(job))

        self._task = self._celery.task(name=self._name, **self._options)(perform)

    def dispatch(self, job: Job) -> None:
        """See `soapkit.server.dispatch.Dispatcher`; the task's id is the job's."""
        self._task.apply_async((job.to_text(),), task_id=job.id, **self._send)
