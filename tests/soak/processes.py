"""What becomes of a service when its processes are killed, when its store goes away, when it runs for long."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

from tests.soak.redis_server import RedisServer
from tests.soak.served import Served, calling, echoes, message, once, served, until
from tests.soak.signed import CUT, REFUSED, SERVED, Signer, outcome


async def workers_are_killed(folder: Path, seconds: float, workers: int = 4) -> str:
    """kill -9 of a worker every two seconds; four workers, each signed message sent twice at once"""
    signer = Signer(folder)
    with served(folder, "--workers", str(workers), store=str(folder / "replay.sqlite")) as service:
        await _warm(service)
        found: list[tuple[str, str]] = []
        answered: list[float] = [time.monotonic()]
        deadline = time.monotonic() + seconds

        async def call_on() -> None:
            while time.monotonic() < deadline:
                sent = signer.message()
                pair = await asyncio.gather(once(service, sent), once(service, sent))
                first, second = (outcome(*each) for each in pair)
                found.append((first, second))
                if (first, second) != (CUT, CUT):
                    answered.append(time.monotonic())

        async def kill_on() -> int:
            killed = 0
            while time.monotonic() < deadline - 0.5:
                await asyncio.sleep(min(2.0, max(1.0, seconds / 3)))
                os.kill(random.choice(service.workers), signal.SIGKILL)
                killed += 1
            return killed

        killed, *_ = await asyncio.gather(kill_on(), *(call_on() for _ in range(6)))
        whole = await until(lambda: len(service.workers) == workers)
    numbers = Counter(service.lines)
    outcomes = Counter(each for pair in found for each in pair)
    gap = max(after - before for before, after in itertools.pairwise(answered))
    assert max(numbers.values()) == 1, "a message was served twice"
    assert not any(pair == (SERVED, SERVED) for pair in found)
    assert outcomes[SERVED] <= len(numbers) <= len(found)
    assert outcomes[CUT] < len(found) / 2
    assert whole, "workers that were killed are not there again"
    return (
        f"{killed} killed, {len(found):,} messages: {outcomes[CUT]} of {2 * len(found):,} connections cut, the others "
        f"answered; none served twice; longest time without an answer {gap:.1f} s; all workers back"
    )


async def redis_goes_and_comes(folder: Path, seconds: float, workers: int = 2) -> str:
    """Redis, the replay store, stopped, started, paused (SIGSTOP), under signed messages; two workers"""
    signer, redis = Signer(folder), RedisServer(folder)
    try:
        with served(folder, "--workers", str(workers), store=redis.url) as service:
            await _warm(service)
            first = signer.message()
            assert outcome(*await once(service, first)) == SERVED
            phases = [await _phase(service, signer, seconds / 5)]
            redis.stop()
            phases.append(await _phase(service, signer, seconds / 5))
            async with calling(service) as prober:
                unready = (await prober.get("/readyz"))[0]
            redis.start()
            phases.append(await _phase(service, signer, seconds / 5))
            assert outcome(*await once(service, first)) == REFUSED, "a message was served again"
            redis.pause()
            paused = asyncio.ensure_future(_phase(service, signer, seconds / 5))
            probes = await _probed(service, paused)
            phases.append(await paused)
            redis.go_on()
            phases.append(await _phase(service, signer, seconds / 5))
    finally:
        redis.stop()
    up, stopped, again, hung, last = phases
    numbers = Counter(service.lines)
    assert max(numbers.values()) == 1, "a message was served twice"
    assert not (stopped[SERVED] or hung[SERVED]), "a message was believed without the store"
    assert stopped[REFUSED]
    assert hung[REFUSED]
    assert up[SERVED]
    assert again[SERVED]
    assert last[SERVED]
    assert unready == 503
    assert probes < 5, f"/healthz took {probes:.1f} s while Redis hung"
    return (
        f"up: {up[SERVED]:,} served; stopped: {stopped[REFUSED]:,} refused, 0 served, /readyz 503; "
        f"started: {again[SERVED]:,} served, an old message refused; paused: {hung[REFUSED]:,} refused, each after its "
        f"timeout, 0 served, /healthz within {probes * 1000:.0f} ms; going on: {last[SERVED]:,} served"
    )


async def _phase(service: Served, signer: Signer, seconds: float) -> Counter[str]:
    deadline = time.monotonic() + seconds
    found: Counter[str] = Counter()

    async def call_on() -> None:
        while not found or time.monotonic() < deadline:
            found[outcome(*await once(service, signer.message()))] += 1

    await asyncio.gather(*(call_on() for _ in range(4)))
    return found


async def _probed(service: Served, phase: asyncio.Future[Counter[str]]) -> float:
    """The longest time that /healthz took while a phase went on."""
    longest = 0.0
    while not phase.done():
        async with calling(service) as prober:
            asked = time.monotonic()
            assert (await prober.get("/healthz"))[0] == 200
            longest = max(longest, time.monotonic() - asked)
        await asyncio.sleep(0.1)
    return longest


async def memory_stays(folder: Path, seconds: float) -> str:
    """Memory under requests that do not end: echo, a blocking handler, faults, refusals; one process"""
    requests = [
        message("echo", text="a" * 100),
        message("book", number=1),
        message("raises"),
        message("nothing"),
        b"<not xml",
    ]
    with served(folder, "--log-level", "critical") as service:
        counts: list[int] = []

        async def call_on(until_when: float, at_least: int) -> None:
            count = 0
            async with calling(service) as caller:
                while time.monotonic() < until_when or count < at_least:
                    await caller.call(requests[count % len(requests)])
                    count += 1
            counts.append(count)

        await asyncio.gather(*(call_on(time.monotonic() + seconds / 4, 250) for _ in range(8)))
        before, warm = service.memory(), sum(counts)
        await asyncio.gather(*(call_on(time.monotonic() + seconds, 500) for _ in range(8)))
        return _held(before, service.memory(), warm, sum(counts) - warm)


async def echoes_leave_memory(folder: Path, seconds: float, at_least: int = 20_000) -> str:
    """Memory under echo requests alone, sixteen at once; one process"""
    with served(folder, "--log-level", "critical") as service:
        warm = await asyncio.to_thread(echoes, service, 0.0, max(2_000, at_least // 20))
        before = service.memory()
        count = await asyncio.to_thread(echoes, service, time.monotonic() + seconds, at_least)
        return _held(before, service.memory(), warm, count)


def _held(before: int, after: int, warm: int, count: int) -> str:
    """What became of memory. Raises `AssertionError` where it grew."""
    grown = (after - before) / 1e6
    assert grown < max(8, 8 * count / 1e6), f"memory grew by {grown:.1f} MB in {count:,} requests"
    return (
        f"{count:,} requests after {warm:,} to warm up: {before / 1e6:.1f} MB, then {after / 1e6:.1f} MB "
        f"({grown:+.1f} MB)"
    )


async def _warm(service: Served) -> None:
    """Until a worker answers."""
    async with calling(service) as caller:
        assert (await caller.get("/healthz"))[0] == 200
