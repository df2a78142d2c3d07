"""A service that is told to stop finishes what it has begun, takes nothing more, and ends in its time."""

from __future__ import annotations

import contextlib
import http.client
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

SERVICE = """
import pathlib, time
import soapkit

@soapkit.service("urn:slow")
class Slow:
    @soapkit.operation
    def work(self, seconds: float) -> str:
        pathlib.Path("begun").touch()
        time.sleep(seconds)
        return "done"
"""


def message(seconds: float) -> bytes:
    return (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        f'<s:work xmlns:s="urn:slow"><s:seconds>{seconds}</s:seconds></s:work></e:Body></e:Envelope>'
    ).encode()


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[str], str]]]:
    """A function that runs ``soapkit serve`` with options, and gives the process and its address."""
    (tmp_path / "slow.py").write_text(SERVICE, encoding="utf-8")
    running: list[subprocess.Popen[str]] = []

    def start(*options: str) -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-m", "soapkit", "serve", "slow:Slow", "--port", "0", *options]
        process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        running.append(process)
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None
        return process, found.group()

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait(timeout=20)
        assert process.stdout is not None
        process.stdout.close()


def call(address: str, seconds: float) -> tuple[int, bytes]:
    url = urlsplit(address)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=60)
    try:
        connection.request("POST", "/", message(seconds), {"Content-Type": "text/xml; charset=utf-8"})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_request_in_flight_is_answered_and_no_other_is_taken(
    started: Callable[..., tuple[subprocess.Popen[str], str]], tmp_path: Path, workers: str
) -> None:
    process, address = started("--workers", workers)
    with ThreadPoolExecutor(1) as callers:
        in_flight = callers.submit(call, address, 1.5)
        wait_for(tmp_path / "begun")
        process.send_signal(signal.SIGTERM)
        status, body = in_flight.result()
        assert status == 200
        assert b"done" in body
    assert process.wait(timeout=20) in (0, -signal.SIGTERM)
    url = urlsplit(address)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((url.hostname or "", url.port or 0), timeout=5)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_callers_are_refused_at_once_while_a_request_in_flight_is_finished(
    started: Callable[..., tuple[subprocess.Popen[str], str]], tmp_path: Path, workers: str
) -> None:
    process, address = started("--workers", workers)
    url = urlsplit(address)
    with ThreadPoolExecutor(1) as callers:
        in_flight = callers.submit(call, address, 4)
        wait_for(tmp_path / "begun")
        process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionRefusedError):  # not held by a process that takes nobody, and cut when it ends
            while not in_flight.done():
                socket.create_connection((url.hostname or "", url.port or 0), timeout=5).close()
                time.sleep(0.05)
        assert not in_flight.done()
        assert in_flight.result()[0] == 200
    assert process.wait(timeout=20) in (0, -signal.SIGTERM)


def test_a_handler_that_hangs_holds_it_up_no_longer_than_said(
    started: Callable[..., tuple[subprocess.Popen[str], str]], tmp_path: Path
) -> None:
    process, address = started("--drain", "1")
    with ThreadPoolExecutor(1) as callers:
        in_flight = callers.submit(call, address, 50)
        wait_for(tmp_path / "begun")
        told = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)
        assert time.monotonic() - told < 15
        with contextlib.suppress(OSError, http.client.HTTPException):  # where the process was faster than its answer
            assert in_flight.result()[0] == 500


def test_serve_answers_probes_when_asked_to(started: Callable[..., tuple[subprocess.Popen[str], str]]) -> None:
    _, address = started("--health")
    with urllib.request.urlopen(f"{address}readyz", timeout=20) as response:
        assert (response.status, response.read()) == (200, b'{"ready": true, "checks": {}}\n')
