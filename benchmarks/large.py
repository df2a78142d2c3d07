"""Large messages, each in a process of its own: time, and peak memory beyond what the stack and the message take.

python benchmarks/large.py PEER VERB RECORDS      what one such process does
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import workload
from bars import FOUND
from tables import Table, duration, ratio

COUNTS = {"1 MB": 2_900, "10 MB": 28_500, "100 MB": 285_000}
STACKS = {
    "lxml": "lxml",
    "soapkit": "soapkit",
    "soapkit_pieces": "in pieces",
    "zeep": "zeep",
    "xsdata": "xsdata",
    "pydantic_xml": "pydantic-xml",
}
LARGEST = {
    "zeep": 28_500,
    "xsdata": 28_500,
    "pydantic_xml": 28_500,
}
# Beyond that they take minutes, and more memory than there is.


def large_tables(rounds: int) -> list[Table]:
    """One table: decode and encode, in multiples of lxml's parse and tostring."""
    if not Path("/proc/self/status").exists():
        print("large messages are not measured: there is no /proc here")
        return []
    rows = []
    taken: dict[tuple[str, str, str], Found] = {}
    for size, count in COUNTS.items():
        for verb in ("decode", "encode"):
            found = _interleaved(verb, count, max(1, rounds // 4))
            floor = found["lxml"]
            taken |= {(verb, size, stack): one for stack, one in found.items() if one is not None}
            if floor is not None:
                rows.append([f"{verb} {size}", *(_cell(found[stack], floor) for stack in STACKS)])
    _tell(taken)
    note = (
        "Time in multiples of lxml's bare parse or tostring; in brackets peak memory a byte of the message. *In "
        "pieces*: a message that no template reads, or the first of its kind."
    )
    return [Table("Large messages", note, ["message", *STACKS.values()], rows)]


Found = tuple[float, float]
"""CPU seconds; bytes of peak memory for each byte of the message."""


def _tell(taken: dict[tuple[str, str, str], Found]) -> None:
    """What the bars ask for."""

    def over(
        name: str, one: tuple[str, str, str], other: tuple[str, str, str], place: int = 0, scale: float = 1
    ) -> None:
        if one in taken and other in taken:
            FOUND[name] = taken[one][place] / taken[other][place] / scale

    decode, pieces = ("decode", "10 MB", "soapkit"), ("decode", "10 MB", "soapkit_pieces")
    over("decode 10 MB, in bare parses", decode, ("decode", "10 MB", "lxml"))
    over("decode 10 MB in pieces, in bare parses", pieces, ("decode", "10 MB", "lxml"))
    over("decode 10 MB, memory in zeep's", decode, ("decode", "10 MB", "zeep"), 1)
    over("decode 10 MB in pieces, memory in zeep's", pieces, ("decode", "10 MB", "zeep"), 1)
    over("encode 10 MB, times faster than zeep", ("encode", "10 MB", "zeep"), ("encode", "10 MB", "soapkit"))
    over("decode 100 MB, time a byte in that of 10 MB", ("decode", "100 MB", "soapkit"), decode, 0, 10)
    over(
        "encode 100 MB, time a byte in that of 10 MB",
        ("encode", "100 MB", "soapkit"),
        ("encode", "10 MB", "soapkit"),
        0,
        10,
    )


def _cell(found: Found | None, floor: Found) -> str:
    if found is None:
        return "-"
    seconds, memory = found
    said = duration(seconds) if found is floor else ratio(seconds / floor[0])
    return f"{said} ({memory:.1f})"


def _interleaved(verb: str, count: int, rounds: int) -> dict[str, Found | None]:
    """Each stack in turn, as often as there are rounds: the least time (see `timing.measure`), the median of memory."""
    found: dict[str, list[Found]] = {stack: [] for stack in STACKS}
    left_out = {stack for stack in STACKS if count > LARGEST.get(stack, count)}
    for _ in range(rounds):
        for stack in STACKS:
            if stack in left_out:
                continue
            one = _measured(stack, verb, count)
            if one is None:
                left_out.add(stack)
            else:
                found[stack].append(one)
    return {
        stack: (min(one for one, _ in samples), statistics.median(two for _, two in samples)) if samples else None
        for stack, samples in found.items()
    }


def _measured(stack: str, verb: str, count: int) -> Found | None:
    command = [sys.executable, "-W", "ignore", __file__, stack, verb, str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        if "KeyError" not in done.stderr:  # a task that the stack does not have
            print(f"{stack}: {verb} of {count} records: {done.stderr.strip().splitlines()[-1][:200]}")
        return None
    seconds, memory = json.loads(done.stdout.splitlines()[-1])
    return seconds, memory


def main() -> None:
    """Measure one thing, in this process, and print it."""
    stack, verb, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    size = "100 records"
    small = workload.REPLIES[size]
    workload.SIZES[size] = count
    workload.RECORDS[size] = [workload.record(number) for number in range(1, count + 1)]
    workload.REQUESTS[size] = workload.message("echoAll", workload.RECORDS[size])
    workload.REPLIES[size] = workload.message("echoAllResponse", workload.RECORDS[size])
    peer = importlib.import_module(f"peers.{stack}")
    task = peer.prepare()[f"{verb} {size}"]
    if hasattr(peer, "warm"):
        peer.warm(small)
    gc.collect()
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):  # glibc's
        trim(0)  # what was freed goes back to the system, so that using it again is seen
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # proc(5): forget the peak so far
    before = peak()
    started = time.process_time()
    result = task()
    taken = time.process_time() - started
    assert result is not None
    print(json.dumps([taken, (peak() - before) / len(workload.REPLIES[size])]))


def peak() -> int:
    """The largest size of this process in memory, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


if __name__ == "__main__":
    main()
