"""Services over real sockets: CPU a request, by the server's own account, requests a second, how long callers wait."""

from __future__ import annotations

import http.client
import statistics
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bars import FOUND
from hosting import SERVICES, CannotStart, Server, started
from tables import Table, duration, ratio
from workload import ACTIONS, NAMESPACE, REQUESTS, SIZES

CALLERS = 4
REQUESTS_A_BATCH = {"echo": 400, "100 records": 80}
FLOOR, OURS = "uvicorn, a fixed reply", "soapkit, uvicorn"
PEERS = {  # of bars, by the names of their services
    "Spyne, gunicorn": "Spyne",
    "node-soap": "node-soap",
    "PHP, its own server": "PHP",
    "PHP, php-fpm behind nginx": "PHP behind nginx",
}


def server_tables(rounds: int) -> list[Table]:
    """A table for each size, `CALLERS` at once on kept connections. Only Linux tells another process's CPU time."""
    if not Path("/proc/self/task").exists():
        print("servers are not measured: there is no /proc here")
        return []
    tables = []
    with ExitStack() as running:
        servers = _running(running)
        for size in SIZES:
            for server in servers.values():
                _call(server, size, REQUESTS_A_BATCH[size])  # compiles, fills caches
            batches: dict[str, list[Batch]] = {name: [] for name in servers}
            for _ in range(max(3, rounds // 2)):
                for name, server in servers.items():
                    batches[name].append(_batch(server, size))
            tables.append(_table(size, batches))
    return tables


def _running(stack: ExitStack) -> dict[str, Server]:
    """All services that start here; of the others, why not."""
    servers = {}
    for name in SERVICES:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        try:
            servers[name] = stack.enter_context(started(name, folder))
        except (CannotStart, FileNotFoundError) as error:
            print(f"{name} is not measured: {error}")
    return servers


def _table(size: str, batches: dict[str, list[Batch]]) -> Table:
    costs = {name: statistics.median(batch.cpu for batch in found) for name, found in batches.items()}
    ours = costs[OURS]
    if size == "echo":
        FOUND["serve an echo, in fixed replies of uvicorn"] = ours / costs[FLOOR]
        for name, words in PEERS.items():
            if name in costs:
                FOUND[f"serve an echo, times less than {words}"] = costs[name] / ours
    rows = [
        [
            name,
            duration(costs[name]),
            ratio(costs[name] / ours),
            f"{statistics.median(batch.rate for batch in found):,.0f}",
            duration(statistics.median(batch.median_wait for batch in found)),
            duration(statistics.median(batch.longest_waits for batch in found)),
            str(sum(batch.errors for batch in found)),
        ]
        for name, found in batches.items()
    ]
    note = (
        f"{CALLERS} callers at once, on kept connections: CPU time of the server's processes a request, the same in "
        "multiples of soapkit's behind one uvicorn; and what depends on what else the machine does, which the callers "
        "share: requests a second, what callers wait, errors. PHP's own server, which is "
        "meant for development, closes each connection; of php-fpm behind nginx both are counted."
    )
    title = "Servers: an echo" if size == "echo" else f"Servers: {size}"
    return Table(title, note, ["service", "CPU", "ratio", "requests/s", "median wait", "99 %", "errors"], rows)


@dataclass(frozen=True, slots=True)
class Batch:
    """Seconds: of CPU a request; waited by half of the callers, and by all but one in a hundred. Requests a second."""

    cpu: float
    median_wait: float
    longest_waits: float
    rate: float
    errors: int


def _batch(server: Server, size: str) -> Batch:
    before, began = server.cpu_seconds(), time.perf_counter()
    waits, errors = _call(server, size, REQUESTS_A_BATCH[size])
    passed, taken = time.perf_counter() - began, server.cpu_seconds() - before
    waits.sort()
    return Batch(
        taken / len(waits),
        statistics.median(waits),
        waits[int(len(waits) * 0.99)],
        len(waits) / passed,
        errors,
    )


def _call(server: Server, size: str, requests: int) -> tuple[list[float], int]:
    """What each request waited for its reply, and how many replies were wrong."""
    waits: list[float] = []
    wrong: list[bytes] = []
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{ACTIONS[size]}"'}

    def caller() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        for _ in range(requests // CALLERS):
            began = time.perf_counter()
            connection.request("POST", "/", REQUESTS[size], headers)
            response = connection.getresponse()
            body = response.read()
            waits.append(time.perf_counter() - began)
            if response.status != 200 or NAMESPACE.encode() not in body:
                wrong.append(body)
        connection.close()

    threads = [threading.Thread(target=caller) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(waits) == requests // CALLERS * CALLERS, "a caller failed"
    return waits, len(wrong)
