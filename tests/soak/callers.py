"""What becomes of a service whose callers are slow, broken, or many; and whose handlers go wrong."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
from pathlib import Path

from tests.soak.served import Served, calling, head, message, once, served, until

SLOW = 200
ECHO = message("echo", text="hello")


async def heads_never_end(folder: Path, seconds: float) -> str:
    """200 callers that send the head of a request byte by byte (slowloris), beside ordinary ones"""
    return await _slow(folder, seconds, head(1000))


async def bodies_never_end(folder: Path, seconds: float) -> str:
    """200 callers that send a body byte by byte, beside ordinary ones"""
    return await _slow(folder, seconds, b"x" * 10_000, head(10_000))


async def _slow(folder: Path, seconds: float, slowly: bytes, at_once: bytes = b"") -> str:
    with served(folder, "--log-level", "critical") as service:
        await once(service, ECHO)
        before = service.open_files()
        started = time.monotonic()

        async def dawdle() -> float:
            """How long the service put up with it."""
            async with calling(service) as caller:
                caller.writer.write(at_once)
                asked, gone = time.monotonic(), asyncio.ensure_future(caller.reader.read())
                for byte in slowly:
                    with contextlib.suppress(OSError):
                        caller.writer.write(bytes([byte]))
                    done, _ = await asyncio.wait([gone], timeout=0.25)
                    if done:
                        break
                else:
                    raise AssertionError("nobody minded")
                with contextlib.suppress(OSError):
                    await gone
                return time.monotonic() - asked

        dawdlers = asyncio.gather(*(dawdle() for _ in range(SLOW)))
        slowest, count = 0.0, 0
        while not dawdlers.done() or time.monotonic() - started < seconds:
            asked = time.monotonic()
            assert (await once(service, ECHO))[0] == 200
            slowest, count = max(slowest, time.monotonic() - asked), count + 1
            await asyncio.sleep(0.02)
        patience = max(await dawdlers)
        assert await until(lambda: service.open_files() <= before + 2), "their connections are still open"
    return (
        f"all {SLOW} hung up on within {patience:.1f} s (limit 2 s); meanwhile {count:,} calls answered, "
        f"the slowest in {slowest * 1000:.0f} ms"
    )


async def bodies_are_half(folder: Path, seconds: float) -> str:
    """200 callers that send half a request and go away"""
    sent = message("book", number=1)
    with served(folder, "--log-level", "critical") as service:
        await once(service, ECHO)
        before = service.open_files()
        for half in (sent[: len(sent) // 2], sent[:-1], b""):
            for _ in range(SLOW // 3):
                async with calling(service) as caller:
                    caller.writer.write(head(len(sent)) + half)
                    await caller.writer.drain()
        assert (await once(service, ECHO))[0] == 200
        assert await until(lambda: service.open_files() <= before + 2), "their connections are still open"
        assert service.lines == [], "a handler was called for half a message"
    return "no handler called, no connection left open, the next call answered"


async def replies_are_cut(folder: Path, seconds: float) -> str:
    """100 callers that cut the connection (RST) while a reply of 20 MB is sent"""
    with served(folder, "--log-level", "critical") as service:
        await once(service, ECHO)
        before = service.open_files()

        async def cut() -> None:
            async with calling(service) as caller:
                sent = message("rows", count=100_000)
                caller.writer.write(head(len(sent)) + sent)
                await caller.reader.readexactly(1000)
                connection: socket.socket = caller.writer.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                caller.writer.transport.abort()

        for _ in range(10):
            await asyncio.gather(*(cut() for _ in range(10)))
        assert (await once(service, ECHO))[0] == 200
        assert await until(lambda: len(service.lines) == 100), f"{len(service.lines)} of 100 iterators closed"
        assert await until(lambda: service.open_files() <= before + 2), "their connections are still open"
    return "all 100 iterators closed, no connection left open, the next call answered"


async def handlers_fail(folder: Path, seconds: float) -> str:
    """Handlers that raise, recurse without end, and take memory until there is none (1 GB of address space)"""
    with served(folder, memory=1 << 30, patience=60) as service:  # none is to end by the time it takes
        for operation in ("raises", "recurses", "devours", "raises"):
            for _ in range(3):
                status, answer = await once(service, message(operation))
                assert status == 500, (operation, status, answer)
                assert b"internal error (reference" in answer, answer
                assert b"swordfish" not in answer
        assert (await once(service, ECHO))[0] == 200
    log = (folder / "log").read_text()
    assert "swordfish" in log
    assert "MemoryError" in log
    return "12 faults without inner text, each with its number in the log; the process serves on"


async def handlers_hang(folder: Path, seconds: float) -> str:
    """60 handlers that hang in threads (there are 40), 60 in the event loop, at once"""
    with served(folder, "--drain", "1") as service:
        await once(service, ECHO)
        asked = time.monotonic()
        hanging = asyncio.gather(
            *(once(service, message(name)) for name in ("hangs", "hangs_async") for _ in range(60))
        )
        await asyncio.sleep(0.5)
        slowest = 0.0
        while not hanging.done():
            begun = time.monotonic()
            assert (await once(service, ECHO))[0] == 200
            slowest = max(slowest, time.monotonic() - begun)
            await asyncio.sleep(0.05)
        answers, took = await hanging, time.monotonic() - asked
        assert {status for status, _ in answers} == {500}
        assert all(b"did not answer within 2 s" in answer for _, answer in answers)

        async def booked() -> bool:
            return (await once(service, message("book", number=1)))[0] == 200

        deadline = time.monotonic() + 30
        while not await booked():
            assert time.monotonic() < deadline, "threads did not become free"
    return (
        f"120 faults after {took:.1f} s (limit 2 s); meanwhile async handlers answered, the slowest in "
        f"{slowest * 1000:.0f} ms; blocking ones again when threads were free"
    )


async def handlers_crash(folder: Path, seconds: float) -> str:
    """A handler that ends its process (SIGABRT, as a fault in a C library), two workers"""
    with served(folder, "--workers", "2") as service:
        await once(service, ECHO)
        for _ in range(3):
            assert (await once(service, message("dies")))[0] == 0
            assert await _answers(service)
        assert await until(lambda: len(service.workers) == 2), "a worker that died is not there again"
    return "3 crashes: each caller's connection cut, the others served, the workers started again"


async def _answers(service: Served) -> bool:
    """Whether a call is answered, if need be at the second try."""
    return any([(await once(service, ECHO))[0] == 200 for _ in range(2)])


async def many_at_once(folder: Path, seconds: float) -> str:
    """500 connections at once, each kept for ten calls"""
    with served(folder, "--workers", "2", "--log-level", "critical") as service:
        await once(service, ECHO)
        opened, ready = 0, asyncio.Event()

        async def call_on() -> None:
            nonlocal opened
            async with calling(service) as caller:
                opened += 1
                if opened == 500:
                    ready.set()
                await ready.wait()  # all stand open before the first call
                for number in range(10):
                    status, answer = await caller.call(message("echo", text=f"call {number}"))
                    assert status == 200
                    assert f"call {number}<".encode() in answer

        begun = time.monotonic()
        await asyncio.gather(*(call_on() for _ in range(500)))
    return f"5,000 calls answered, 0 errors, in {time.monotonic() - begun:.1f} s"
