"""Services over real sockets: CPU a request, by the server's own account, and how long callers wait."""

from __future__ import annotations

import http.client
import statistics
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bars import FOUND
from hosted import SERVICES
from tables import Table, duration, ratio
from workload import ACTIONS, NAMESPACE, REQUESTS

CALLERS = 4
REQUESTS_A_BATCH = 400


def server_tables(rounds: int) -> list[Table]:
    """One table: an echo, `CALLERS` at once on kept connections. Only Linux tells another process's CPU time."""
    if not Path("/proc/self/schedstat").exists():
        print("servers are not measured: there is no /proc/self/schedstat here")
        return []
    with ExitStack() as running:
        servers = {name: server for name in SERVICES if (server := _started(name, running)) is not None}
        for server in servers.values():
            _call(server.port, REQUESTS_A_BATCH)  # compiles, fills caches
        batches: dict[str, list[Batch]] = {name: [] for name in servers}
        for _ in range(max(3, rounds // 2)):
            for name, server in servers.items():
                batches[name].append(_batch(server))
    costs = {name: statistics.median(batch.cpu for batch in found) for name, found in batches.items()}
    floor = costs.get("a fixed reply", 1.0)
    if {"a fixed reply", "soapkit, async handler", "Spyne, WSGI"} <= costs.keys():
        FOUND["serve an echo, in fixed replies of uvicorn"] = costs["soapkit, async handler"] / floor
        FOUND["serve an echo, times less than Spyne"] = costs["Spyne, WSGI"] / costs["soapkit, async handler"]
    rows = [
        [
            name,
            duration(costs[name]),
            ratio(costs[name] / floor),
            *(
                duration(statistics.median(getattr(batch, wait) for batch in found))
                for wait in ("median_wait", "longest_waits")
            ),
        ]
        for name, found in batches.items()
    ]
    note = (
        f"An echo behind uvicorn, {CALLERS} callers at once: CPU time of the server a request, the same in multiples "
        "of a fixed reply, and what callers wait (which depends on what else the machine does)."
    )
    return [Table("Servers", note, ["service", "CPU", "ratio", "median wait", "99 %"], rows)]


@dataclass(frozen=True, slots=True)
class Server:
    """A process that serves at a port."""

    pid: int
    port: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Seconds: of CPU a request; waited by half of the callers, and by all but one in a hundred."""

    cpu: float
    median_wait: float
    longest_waits: float


def _started(name: str, running: ExitStack) -> Server | None:
    """The process of a service; None where it does not start, which is told."""
    command = [sys.executable, "-W", "ignore", str(Path(__file__).with_name("hosted.py")), name]
    process = running.enter_context(
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    )
    running.callback(process.terminate)
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        _, said = process.communicate()
        print(f"{name} is not measured: {said.strip().splitlines()[-1]}")
        return None
    return Server(process.pid, int(line))


def _batch(server: Server) -> Batch:
    before = _cpu_seconds(server.pid)
    waits = sorted(_call(server.port, REQUESTS_A_BATCH))
    taken = _cpu_seconds(server.pid) - before
    return Batch(taken / len(waits), statistics.median(waits), waits[int(len(waits) * 0.99)])


def _call(port: int, requests: int) -> list[float]:
    waits: list[float] = []

    def caller() -> None:
        connection = _connection(port)
        for _ in range(requests // CALLERS):
            started = time.perf_counter()
            connection.request("POST", "/", REQUESTS["echo"], HEADERS)
            response = connection.getresponse()
            body = response.read()
            waits.append(time.perf_counter() - started)
            assert response.status == 200 and NAMESPACE.encode() in body, body[:300]
        connection.close()

    threads = [threading.Thread(target=caller) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(waits) == requests // CALLERS * CALLERS, "a caller failed"
    return waits


HEADERS = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{ACTIONS["echo"]}"'}


def _connection(port: int) -> http.client.HTTPConnection:
    deadline = time.monotonic() + 20
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.connect()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return connection


def _cpu_seconds(pid: int) -> float:
    """CPU time of all threads of a process, as its scheduler counts it."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text(encoding="ascii").split()[0]) for thread in threads) / 1e9
