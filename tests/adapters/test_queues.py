"""Calls go through Celery and Taskiq, over a real Redis broker, to worker processes that make the same application."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

import soapkit
from soapkit.errors import SoapkitError
from tests.soak.redis_server import RedisServer, free_port

MODULE = """
import os
import signal
import soapkit

def note(line):
    file = os.open("performed", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, (line + "\\n").encode())
    os.close(file)

@soapkit.service("urn:example:shop")
class Shop:
    @soapkit.operation(one_way=True)
    def order(self, number: int, call: soapkit.Call) -> None:
        note(f"{number} {os.getpid()} {call.job}")
        if number == 13:
            raise ValueError("unlucky")

    @soapkit.operation(one_way=True)
    def die_once(self, number: int, call: soapkit.Call) -> None:
        note(f"{number} {os.getpid()} {call.job}")
        if not os.path.exists("died"):
            open("died", "w").close()
            os.kill(os.getpid(), signal.SIGKILL)

    @soapkit.operation(one_way=True)
    async def cancel(self, number: int) -> None:
        note(f"-{number} {os.getpid()} async")

    @soapkit.operation
    def process(self) -> int:
        return os.getpid()

"""

CELERY = """
from celery import Celery
from soapkit.adapters.celery import CeleryDispatcher

celery = Celery("shop", broker=os.environ["BROKER"])
kept = {"acks_late": True, "reject_on_worker_lost": True}
retried = {"autoretry_for": (ValueError,), "max_retries": 2, "default_retry_delay": 0}
app = soapkit.asgi(Shop(), dispatcher=CeleryDispatcher(celery, task={**kept, **retried}))
"""

TASKIQ = """
from taskiq import SimpleRetryMiddleware
from taskiq_redis import RedisStreamBroker
from soapkit.adapters.taskiq import TaskiqDispatcher

broker = RedisStreamBroker(os.environ["BROKER"]).with_middlewares(SimpleRetryMiddleware())
app = soapkit.asgi(Shop(), dispatcher=TaskiqDispatcher(broker, retry_on_error=True, max_retries=3))
"""

WORKERS = {
    "celery": [
        "celery",
        "--app",
        "shop:celery",
        "worker",
        "--concurrency",
        "2",
        "--loglevel",
        "INFO",
        "--without-mingle",
    ],
    "taskiq": ["taskiq", "worker", "shop:broker", "--workers", "2"],
}
READY = {"celery": r"celery@\S+ ready", "taskiq": r"(?s)(Listening started.*){2}"}


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory, missing_peer: Callable[[str], NoReturn]) -> Iterator[RedisServer]:
    if not RedisServer.is_here():
        missing_peer("redis-server")
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


class Started:
    """Processes of a test, in its folder."""

    def __init__(self, folder: Path, broker: str) -> None:
        self.folder = folder
        self.environment = {**os.environ, "BROKER": broker, "PYTHONPATH": str(folder)}
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, command: list[str], ready: str) -> re.Match[str]:
        log = self.folder / f"{name}.log"
        with log.open("wb") as told:
            process = subprocess.Popen(
                [sys.executable, "-m", *command], cwd=self.folder, env=self.environment, stdout=told, stderr=told
            )
        self.running.append(process)
        deadline = time.monotonic() + 60
        while (found := re.search(ready, log.read_text())) is None:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        return found

    def performed(self, count: int) -> list[list[str]]:
        """What handlers have left, once there are so many lines."""
        path, deadline = self.folder / "performed", time.monotonic() + 30
        while True:
            lines = path.read_text().splitlines() if path.exists() else []
            if len(lines) >= count:
                return [line.split() for line in lines]
            told = {log.name: log.read_text() for log in self.folder.glob("*.log")}
            assert time.monotonic() < deadline, told
            time.sleep(0.05)


@pytest.fixture(params=["celery", "taskiq"])
def started(
    request: pytest.FixtureRequest, redis: RedisServer, tmp_path: Path, missing_peer: Callable[[str], NoReturn]
) -> Iterator[tuple[Started, soapkit.Client]]:
    """The service, its workers, and a client."""
    name: str = request.param
    if importlib.util.find_spec(name) is None:
        missing_peer(name)
    database = {"celery": 1, "taskiq": 2}[name]
    (tmp_path / "shop.py").write_text(MODULE + {"celery": CELERY, "taskiq": TASKIQ}[name], encoding="utf-8")
    processes = Started(tmp_path, f"redis://127.0.0.1:{redis.port}/{database}")
    processes.start("worker", WORKERS[name], READY[name])
    serve = ["soapkit", "serve", "shop:app", "--port", "0"]
    address = processes.start("serve", serve, r"http://\S+").group()
    with soapkit.Client.from_wsdl(address + "?wsdl", timeout=20) as client:
        yield processes, client
    for process in processes.running:
        process.terminate()
    for process in processes.running:
        process.wait(timeout=30)


def test_calls_are_performed_by_workers_each_once_and_again_where_a_handler_raises(
    started: tuple[Started, soapkit.Client],
) -> None:
    processes, client = started
    calls: Any = client
    for number in range(10):
        calls.order(number=number)
    calls.cancel(number=3)
    lines = processes.performed(11)
    assert sorted(int(number) for number, *_ in lines) == [-3, *range(10)]
    assert str(calls.process()) not in {process for _, process, _ in lines}
    assert len({job for _, _, job in lines}) == 11
    calls.order(number=13)
    again = processes.performed(14)[11:]
    assert {number for number, *_ in again} == {"13"}
    assert len({job for _, _, job in again}) == 1  # the same call, by its number
    time.sleep(0.3)
    assert len(processes.performed(14)) == 14


@pytest.mark.parametrize("started", ["celery"], indirect=True)
def test_a_call_whose_worker_is_killed_is_performed_by_another(started: tuple[Started, soapkit.Client]) -> None:
    processes, client = started
    calls: Any = client
    calls.die_once(number=1)
    (_, first, job), (_, second, again) = processes.performed(2)
    assert first != second
    assert job == again


@pytest.mark.parametrize("name", ["celery", "taskiq"])
def test_a_broker_that_is_away_is_told_to_the_caller(
    name: str, tmp_path: Path, missing_peer: Callable[[str], NoReturn]
) -> None:
    if importlib.util.find_spec(name) is None:
        missing_peer(name)
    (tmp_path / "shop.py").write_text(MODULE + {"celery": CELERY, "taskiq": TASKIQ}[name], encoding="utf-8")
    processes = Started(tmp_path, f"redis://127.0.0.1:{free_port()}/0")
    try:
        serve = ["soapkit", "serve", "shop:app", "--port", "0"]
        address = processes.start("serve", serve, r"http://\S+").group()
        with soapkit.Client.from_wsdl(address + "?wsdl", timeout=20) as client:
            calls: Any = client
            with pytest.raises(SoapkitError, match="500"):
                calls.order(number=1)
            assert calls.process() > 0  # what needs no queue goes on
    finally:
        for process in processes.running:
            process.terminate()
            process.wait(timeout=30)
