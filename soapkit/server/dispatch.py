"""Calls that are handed to a queue: answered when the queue has them, and performed by whoever takes them from there.

    dispatcher = InProcessDispatcher()                              # or of Celery, of Taskiq: soapkit.adapters
    app = soapkit.asgi(MyBank(), dispatcher=dispatcher)             # one-way operations go through it

    request -> verified, understood, decoded -> Job -> [a queue] -> Job -> decoded -> handler -> [its answer delivered]
               in the process that serves                            in any process that has made the same application

A `Job` is plain: bytes and texts. The message in it is the one that was believed (decrypted, its signature checked):
who can write to the queue can have handlers called, and who can read it reads the messages. Keep it as safe as the
service.
"""

from __future__ import annotations

import atexit
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import msgspec

from soapkit.errors import Fault, UsageError
from soapkit.exchange.flow import Flow, arun, run
from soapkit.operations import Operation, Service
from soapkit.xml.names import did_you_mean

logger = logging.getLogger("soapkit.server")


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A call on its way through a queue.

    `id`: its number, the same wherever it is told (``call.job``); `path`: of the service within its application;
    `operation`: by its name in the contract. `body`, `content_type`, `action`: the message that was believed, with all
    that came beside it. `headers`: header fields of its request, without credentials; `address`, `client`: where it
    came to, and from. `secured`: whether it was verified; `signer` (DER), `signer_name`, `username`, `certificate`
    (DER, of TLS): whom it is from.
    """

    id: str
    path: str
    operation: str
    body: bytes
    content_type: str
    action: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    address: str = ""
    client: str = ""
    secured: bool = False
    signer: bytes = b""
    signer_name: str = ""
    username: str | None = None
    certificate: bytes = b""

    def to_text(self) -> str:
        """As JSON, for queues that carry text.

        >>> job = Job(id="1", path="", operation="notify", body=b"<e/>", content_type="text/xml")
        >>> Job.from_text(job.to_text()) == job
        True
        """
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_text(cls, text: str | bytes) -> Job:
        """The pair of `to_text`. Raises `UsageError` for anything else."""
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.DecodeError as error:
            raise UsageError(f"no job of soapkit's: {error}") from None


class Dispatcher(Protocol):
    """What takes a job to a queue. Made before the application, and told of it once.

    How often a job is performed is the queue's to say: at most once where it forgets a job before it is done, at least
    once where it forgets it after. Of the latter a handler must know; ``call.job`` is then the same.
    """

    def attach(self, performer: Performer) -> None:
        """What performs a job, in every process that makes the application: register it with the queue."""
        ...

    def dispatch(self, job: Job) -> object:
        """Hand on a job, blocking or async; done when the queue has it. What it raises is told to the caller as a
        fault, without inner text."""
        ...


@runtime_checkable
class Closing(Protocol):
    """A dispatcher that has something to finish before its process ends."""

    def close(self) -> None:
        """Take no more jobs; wait, for a while, until those that it has are done."""
        ...


class Performing(Protocol):
    """What performs the jobs of one path, such as a `soapkit.server.endpoint.Endpoint`."""

    def perform(self, job: Job) -> Flow[None]:
        """The flow of one job. Raises what the handler of a one-way operation raises."""
        ...


@dataclass(frozen=True, slots=True)
class Performer:
    """Performs jobs, by the services of an application."""

    services: Mapping[str, Performing]

    def perform(self, job: Job) -> None:
        """Call the handler, in this thread. Raises what it raises, for one-way operations: so a queue knows that a job
        failed. Raises `UsageError` where this application does not have the service or operation."""
        run(self._flow(job))

    async def perform_async(self, job: Job) -> None:
        """The same in an event loop; blocking handlers go to a thread."""
        await arun(self._flow(job))

    def _flow(self, job: Job) -> Flow[None]:
        service = self.services.get(job.path)
        if service is None:
            raise UsageError(f"job {job.id} is for the path {job.path!r}, which this application does not have")
        return service.perform(job)


@dataclass(frozen=True, slots=True)
class Handing:
    """Which operations of the service at `path` go through a dispatcher."""

    dispatcher: Dispatcher
    operations: frozenset[str]
    path: str

    def takes(self, operation: Operation[Any, Any], *, elsewhere: bool) -> bool:
        """Whether a call is handed on. `elsewhere`: its answer does not go back over the connection; one that does must
        be waited for."""
        return operation.name in self.operations and (operation.one_way or elsewhere)


def handing_of(
    dispatcher: Dispatcher | None, names: Iterable[str] | None, service: Service, path: str
) -> Handing | None:
    """What the settings say for a service. `names`: of operations, in the contract or in Python; None for all one-way
    ones. Raises `UsageError` for names that it does not have, for names without a dispatcher, and for what is none."""
    if dispatcher is None:
        if names is not None:
            raise UsageError("dispatched= says which calls go to a queue: give the dispatcher that takes them there")
        return None
    lacks = [method for method in ("attach", "dispatch") if not callable(getattr(dispatcher, method, None))]
    if lacks:
        raise UsageError(f"{type(dispatcher).__name__} is no dispatcher: it has no {' and no '.join(lacks)}")
    if names is None:
        return Handing(dispatcher, frozenset(each.name for each in service.operations if each.one_way), path)
    known = {name: each.name for each in service.operations for name in (each.name, each.method) if name}
    for name in (wanted := tuple(names)):
        if name not in known:
            raise UsageError(f"dispatched: {service.name} has no operation {name!r}{did_you_mean(name, known)}")
    return Handing(dispatcher, frozenset(known[name] for name in wanted), path)


class InProcessDispatcher:
    """A `Dispatcher` without a queue of its own: jobs wait in memory, and are performed by threads of this process.

    At most once: what waits when the process dies is lost. `threads`: how many perform; `capacity`: how many jobs may
    wait, beyond which callers are refused; `seconds`: for which a process that ends waits for what it has.

    >>> app = soapkit.asgi(MyBank(), dispatcher=InProcessDispatcher())                   # doctest: +SKIP
    """

    def __init__(self, *, threads: int = 4, capacity: int = 1000, seconds: float = 30.0) -> None:
        self._threads, self._capacity, self._seconds = threads, capacity, seconds
        self._performer: Performer | None = None
        self._here = _Waiting(capacity)

    def attach(self, performer: Performer) -> None:
        """See `Dispatcher`."""
        self._performer = performer

    def dispatch(self, job: Job) -> None:
        """See `Dispatcher`. Raises `Fault` where too many wait."""
        here = self._here
        if here.process != os.getpid():  # after a fork: the threads stayed with the parent, and so did what waited
            here = self._here = _Waiting(self._capacity)
        with here.lock:
            if here.closed:
                raise Fault("the service is about to stop", code="Receiver")
            if not here.started:
                here.started = True
                for number in range(self._threads):
                    threading.Thread(
                        target=self._work, args=(here,), name=f"soapkit-job-{number + 1}", daemon=True
                    ).start()
                atexit.register(self.close)
            try:
                here.jobs.put_nowait(job)
            except queue.Full:
                raise Fault("too many calls wait for their turn", code="Receiver") from None

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return self._here.jobs.qsize()

    def close(self) -> None:
        """See `Closing`."""
        here = self._here
        with here.lock:
            here.closed = True
        atexit.unregister(self.close)
        deadline = time.monotonic() + self._seconds
        with here.jobs.all_tasks_done:
            while here.jobs.unfinished_tasks and (left := deadline - time.monotonic()) > 0:
                here.jobs.all_tasks_done.wait(left)
            if here.jobs.unfinished_tasks:
                logger.error("%d calls are left undone", here.jobs.unfinished_tasks)

    def _work(self, here: _Waiting) -> None:
        while True:
            job = here.jobs.get()
            try:
                assert self._performer is not None
                self._performer.perform(job)
            except Exception as error:  # whoever performed it told the log why, secrets masked
                logger.error("job %s, operation %s, failed: %s", job.id, job.operation, type(error).__name__)
            finally:
                here.jobs.task_done()


class _Waiting:
    """What waits in one process."""

    def __init__(self, capacity: int) -> None:
        self.process = os.getpid()
        self.lock = threading.Lock()
        self.jobs: queue.Queue[Job] = queue.Queue(capacity)
        self.started = False
        self.closed = False


def attached(dispatcher: Dispatcher | None, services: Mapping[str, Performing]) -> Callable[[], None] | None:
    """Tell a dispatcher of the application that was made; what closes it, where there is something to close."""
    if dispatcher is None:
        return None
    dispatcher.attach(Performer(services))
    return dispatcher.close if isinstance(dispatcher, Closing) else None
