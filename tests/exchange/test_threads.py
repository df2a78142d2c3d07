"""Threads for blocking handlers: as many as are needed, no more than are allowed, and none that keeps a process."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import wait

import pytest

from soapkit.exchange.threads import DaemonThreads


def test_what_is_submitted_is_done_and_what_it_raises_is_raised() -> None:
    threads = DaemonThreads(2, "worker")
    assert threads.submit(pow, 2, 5).result(10) == 32
    with pytest.raises(ZeroDivisionError):
        threads.submit(divmod, 1, 0).result(10)


def test_an_idle_thread_is_used_again() -> None:
    threads = DaemonThreads(50, "worker")
    names = {threads.submit(lambda: threading.current_thread().name).result(10) for _ in range(50)}
    assert len(names) < 10  # one, but for those that are not back yet when the next work comes


def test_beyond_the_number_of_threads_work_waits() -> None:
    threads, gate, running = DaemonThreads(3, "worker"), threading.Event(), threading.Semaphore(0)

    def work() -> None:
        running.release()
        gate.wait(20)

    futures = [threads.submit(work) for _ in range(8)]
    for _ in range(3):
        assert running.acquire(timeout=10)
    assert not running.acquire(timeout=0.05)
    gate.set()
    assert not wait(futures, 10).not_done


def test_what_is_cancelled_while_it_waits_is_never_run() -> None:
    threads, gate, done = DaemonThreads(1, "worker"), threading.Event(), []
    first = threads.submit(gate.wait, 20)
    second = threads.submit(done.append, 1)
    assert second.cancel()
    gate.set()
    first.result(10)
    threads.submit(done.append, 2).result(10)
    assert done == [2]


def test_a_thread_that_hangs_keeps_no_process_from_its_end() -> None:
    code = "import time; from soapkit.exchange.threads import DaemonThreads as T; T(1, 'w').submit(time.sleep, 600)"
    assert subprocess.run([sys.executable, "-c", code], timeout=30, check=False).returncode == 0
