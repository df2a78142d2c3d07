"""WS-Security over ten thousand messages, and in threads: does memory grow, and do other threads run meanwhile.

python benchmarks/endurance.py      secures and believes 10,000 messages in this process, prints the growth in bytes
"""

from __future__ import annotations

import gc
import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bars import FOUND
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from security import Sides, believe, plain_messages, secure
from tables import Table, ratio

from soapkit.security import Security, TrustStore
from soapkit.security.replay import MemoryReplayStore
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.soap.envelope import Envelope
from soapkit.xml.c14n import canonicalise

FIRST, MESSAGES = 5_000, 10_000  # by the first, caches and the arenas of memory are full
PRIMITIVES = ["C14N of 1 MB", "digest of 1 MB", "RSA-2048 signature"]
RUNS = {"C14N of 1 MB": 8, "digest of 1 MB": 150, "RSA-2048 signature": 300, "both 10 kB": 40, "both 1 MB": 2}


def endurance_tables(rounds: int) -> list[Table]:
    """Two tables: memory, where the operating system tells it, and threads."""
    return [*_memory_tables(), _threads_table(max(3, rounds // 3))]


# --- memory -------------------------------------------------------------------------------------------------------


def _memory_tables() -> list[Table]:
    if not Path("/proc/self/statm").exists():
        print("memory over many messages is not measured: there is no /proc here")
        return []
    command = [sys.executable, "-W", "ignore", __file__]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    before, after = (int(word) / 1e6 for word in done.stdout.split())
    FOUND["secure and believe 10,000 messages, MB of memory more"] = after - before
    note = (
        f"Memory of a process that signs, encrypts, decrypts and verifies messages of 10 kB with a replay store, after "
        f"{FIRST:,} and after {MESSAGES:,} more."
    )
    rows = [[f"{FIRST:,}", f"{before:.1f}"], [f"{FIRST + MESSAGES:,}", f"{after:.1f}"]]
    return [Table("WS-Security: memory", note, ["messages", "MB"], rows)]


def _many_messages() -> None:
    """Each a second after the one before, so that what is remembered for a time is forgotten in time."""
    sides, data = _sides(), plain_messages()["10 kB"]
    inbound = replace(sides.believing.inbound, replay=MemoryReplayStore(), max_age=300)
    believing, now = Security(inbound=inbound), datetime.now(UTC)
    found = []
    for count in (FIRST, MESSAGES):
        for _ in range(count):
            now += timedelta(seconds=1)
            secured = sides.securing.apply(Envelope.parse(data), now=now).to_bytes()
            believing.verify(secured, now=now)
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        found.append(pages * os.sysconf("SC_PAGE_SIZE"))
    print(*found)


# --- threads ------------------------------------------------------------------------------------------------------


def _threads_table(rounds: int) -> Table:
    tasks = _tasks()
    free = [name for name in PRIMITIVES if _lets_others_run(tasks[name]())]
    FOUND["of C14N, digests and RSA, how many let other threads run"] = len(free)
    rows = []
    for name, make in tasks.items():
        alone = min(_wall(make, RUNS[name], threads=1) for _ in range(rounds))
        together = min(_wall(make, RUNS[name], threads=2) for _ in range(rounds))
        let = "yes" if name in free else "no" if name in PRIMITIVES else "in part"
        rows.append([name, let, ratio(2 * alone / together)])
    note = (
        "Whether other threads run meanwhile (the interpreter's lock is given away), and how many times the work of "
        "one thread two do in the same time: at most 2, and less where other processes want the same cores."
    )
    return Table("WS-Security: threads", note, ["work", "others run", "2 threads"], rows)


def _tasks() -> Mapping[str, Callable[[], Callable[[], Any]]]:
    """Makers of tasks: each thread works on a tree of its own."""
    sides, messages = _sides(), plain_messages()
    key = rsa.generate_private_key(65537, 2048)
    return {
        "C14N of 1 MB": lambda: _canonical(Envelope.parse(messages["1 MB"])),
        "digest of 1 MB": lambda: lambda: hashlib.sha256(messages["1 MB"]).digest(),
        "RSA-2048 signature": lambda: lambda: key.sign(b"x" * 300, padding.PKCS1v15(), hashes.SHA256()),
        "both 10 kB": lambda: lambda: believe(sides.believing, secure(sides.securing, messages["10 kB"])),
        "both 1 MB": lambda: lambda: believe(sides.believing, secure(sides.securing, messages["1 MB"])),
    }


def _canonical(envelope: Envelope) -> Callable[[], bytes]:
    return lambda: canonicalise(envelope.body, measure=envelope.measure)


def _lets_others_run(task: Callable[[], Any]) -> bool:
    """Whether another thread gets on while a task runs, though nobody is asked to make way."""
    ticks, ended = 0, threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not ended.is_set():
            ticks += 1
            time.sleep(0)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1_000)
    other = threading.Thread(target=tick)
    try:
        other.start()
        before = ticks
        for _ in range(20):
            task()
        return ticks > before
    finally:
        ended.set()
        other.join()
        sys.setswitchinterval(interval)


def _wall(make: Callable[[], Callable[[], Any]], runs: int, *, threads: int) -> float:
    """Seconds on the clock until each of so many threads has run its task so often."""
    gate = threading.Barrier(threads + 1)

    def work() -> None:
        task = make()
        gate.wait()
        for _ in range(runs):
            task()
        gate.wait()

    working = [threading.Thread(target=work) for _ in range(threads)]
    for thread in working:
        thread.start()
    gate.wait()
    began = time.perf_counter()
    gate.wait()
    taken = time.perf_counter() - began
    for thread in working:
        thread.join()
    return taken


def _sides() -> Sides:
    authority = make_authority("Benchmark")
    return Sides.of(make_keypair("alice", authority), TrustStore.of(authority))


if __name__ == "__main__":
    _many_messages()
