"""Large messages, each in a process of its own: time, and peak memory beyond what the stack and the message take.

python benchmarks/large.py PEER VERB RECORDS      what one such process does
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import subprocess
import sys
import time
from pathlib import Path

import workload
from tables import Table, duration, ratio

COUNTS = {"1 MB": 2_900, "10 MB": 28_500}
STACKS = ["lxml", "soapkit", "zeep", "xsdata"]


def large_tables(rounds: int) -> list[Table]:
    """One table: decode and encode, in multiples of lxml's parse and tostring."""
    if not Path("/proc/self/status").exists():
        print("large messages are not measured: there is no /proc here")
        return []
    rows = []
    for size, count in COUNTS.items():
        for verb in ("decode", "encode"):
            found = {stack: _measured(stack, verb, count, max(1, rounds // 5)) for stack in STACKS}
            floor = found["lxml"]
            if floor is not None:
                rows.append([f"{verb} {size}", *(_cell(found[stack], floor) for stack in STACKS)])
    note = "Time in multiples of lxml's bare parse or tostring; in brackets peak memory a byte of the message."
    return [Table("Large messages", note, ["message", *STACKS], rows)]


Found = tuple[float, float]
"""CPU seconds; bytes of peak memory for each byte of the message."""


def _cell(found: Found | None, floor: Found) -> str:
    if found is None:
        return "-"
    seconds, memory = found
    said = duration(seconds) if found is floor else ratio(seconds / floor[0])
    return f"{said} ({memory:.1f})"


def _measured(stack: str, verb: str, count: int, rounds: int) -> Found | None:
    found = []
    for _ in range(rounds):
        command = [sys.executable, "-W", "ignore", __file__, stack, verb, str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{stack}: {verb} of {count} records: {done.stderr.strip().splitlines()[-1][:200]}")
            return None
        found.append(tuple(json.loads(done.stdout.splitlines()[-1])))
    return min(found)


def main() -> None:
    """Measure one thing, in this process, and print it."""
    stack, verb, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    size = "100 records"
    workload.SIZES[size] = count
    workload.RECORDS[size] = [workload.record(number) for number in range(1, count + 1)]
    workload.REQUESTS[size] = workload.message("echoAll", workload.RECORDS[size])
    workload.REPLIES[size] = workload.message("echoAllResponse", workload.RECORDS[size])
    task = importlib.import_module(f"peers.{stack}").prepare()[f"{verb} {size}"]
    gc.collect()
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):  # glibc's
        trim(0)  # what was freed goes back to the system, so that using it again is seen
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # proc(5): forget the peak so far
    before = _peak()
    started = time.process_time()
    result = task()
    taken = time.process_time() - started
    assert result is not None
    print(json.dumps([taken, (_peak() - before) / len(workload.REPLIES[size])]))


def _peak() -> int:
    """The largest size of this process in memory, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


if __name__ == "__main__":
    main()
