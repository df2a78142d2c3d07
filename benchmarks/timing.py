"""Time small tasks side by side on a noisy machine: interleaved rounds, CPU time, the least of them."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

SAMPLE_SECONDS = 0.05  # of CPU for one sample

KeyT = TypeVar("KeyT")


def measure(tasks: Mapping[KeyT, Callable[[], Any]], rounds: int) -> dict[KeyT, float]:
    """CPU seconds of one run of each task.

    Each round takes one sample of every task, so that a busy minute of the machine meets all of them. What disturbs
    (a busy neighbour of a core, caches gone cold) adds time and never takes any, and for minutes at a time: so the
    least over the rounds is the result. CPU time of this thread is counted, so that waiting for a core is not.
    """
    gc.collect()
    gc.freeze()  # a collection during one peer's sample need not walk all that the others have loaded
    counts = {name: _count(task) for name, task in tasks.items()}
    samples: dict[KeyT, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            samples[name].append(sample(task, counts[name]))
    return {name: min(found) for name, found in samples.items()}


def _count(task: Callable[[], Any]) -> int:
    """How many runs make a sample; finding out warms caches and compiled code."""
    for _ in range(3):
        task()
    count = 1
    while (taken := sample(task, count) * count) < SAMPLE_SECONDS / 4:
        count *= 4
    return max(1, round(count * SAMPLE_SECONDS / taken))


def sample(task: Callable[[], Any], count: int) -> float:
    """CPU seconds of one run, of so many."""
    gc.collect()  # so that nobody pays for the litter of the one before; collection itself stays on
    started = time.thread_time()
    for _ in range(count):
        task()
    return (time.thread_time() - started) / count
