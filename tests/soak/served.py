"""The service of `tests/soak/service.py` in processes of its own, as a user runs it; and its callers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

SERVICE = Path(__file__).parent / "service.py"
NAMESPACE = "urn:example:ledger"


@dataclass(frozen=True)
class Served:
    """A service that runs. `process`: of ``soapkit serve``; `booked`: the file in which handlers leave a line."""

    process: subprocess.Popen[bytes]
    host: str
    port: int
    booked: Path

    @property
    def workers(self) -> list[int]:
        """The processes that serve: those that it started, or itself."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(child) for child in children if b"spawn_main" in _command(child)] or [self.process.pid]

    @property
    def lines(self) -> list[str]:
        """What handlers have left."""
        return self.booked.read_text().split("\n")[:-1] if self.booked.exists() else []

    def memory(self) -> int:
        """Resident bytes of all workers."""
        pages = sum(int(Path(f"/proc/{worker}/statm").read_text().split()[1]) for worker in self.workers)
        return pages * os.sysconf("SC_PAGE_SIZE")

    def open_files(self) -> int:
        """Descriptors of all workers."""
        return sum(len(list(Path(f"/proc/{worker}/fd").iterdir())) for worker in self.workers)


def _command(process: str) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


@contextmanager
def served(
    folder: Path, *options: str, store: str | None = None, memory: int | None = None, patience: float = 2
) -> Iterator[Served]:
    """Serve from `folder`, with options of ``soapkit serve``. `memory`: bytes of address space for a process;
    `patience`: seconds for a head, a request, a handler."""
    shutil.copy(SERVICE, folder / "service.py")
    booked = folder / "booked"
    environment = {**os.environ, "SOAK_BOOKED": str(booked), "SOAK_SECONDS": str(patience)} | (
        {"SOAK_STORE": store} if store else {}
    )
    command = [sys.executable, "-m", "soapkit", "serve", "service:app", "--port", "0", *options]
    log = folder / "log"
    with log.open("w") as told:  # no pipe: one that nobody reads is full some time, and then holds who writes a log
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=told,
            stderr=told,
            preexec_fn=None if memory is None else lambda: resource.setrlimit(resource.RLIMIT_AS, (memory, memory)),
        )
    try:
        host, port = _address(process, log)
        yield Served(process, host, port, booked)
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=40)
        if process.poll() is None:
            process.kill()
            process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> tuple[str, int]:
    deadline = time.monotonic() + 60
    while (found := re.search(r"serving http://([\d.]+):(\d+)", log.read_text())) is None:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)
    return found[1], int(found[2])


# --- callers ------------------------------------------------------------------------------------------------------


def message(operation: str, **values: object) -> bytes:
    """A request in SOAP 1.1."""
    return (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        f"{body(operation, **values)}</e:Body></e:Envelope>"
    ).encode()


def body(operation: str, **values: object) -> str:
    """What stands in its Body."""
    fields = "".join(f"<l:{name}>{value}</l:{name}>" for name, value in values.items())
    return f'<l:{operation} xmlns:l="{NAMESPACE}">{fields}</l:{operation}>'


def head(length: int, path: str = "/") -> bytes:
    """The head of a POST of so many bytes."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml; charset=utf-8\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


@dataclass(frozen=True)
class Caller:
    """One connection, kept from call to call."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def call(self, sent: bytes) -> tuple[int, bytes]:
        """Status and body. Raises `OSError` or `EOFError` where the connection is cut."""
        self.writer.write(head(len(sent)) + sent)
        return await self.answer()

    async def get(self, path: str) -> tuple[int, bytes]:
        """Of a GET."""
        self.writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return await self.answer()

    async def answer(self) -> tuple[int, bytes]:
        """What comes back next."""
        said = await self.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", said)
        assert length is not None, said
        return int(said[9:12]), await self.reader.readexactly(int(length[1]))


@asynccontextmanager
async def calling(served: Served) -> AsyncIterator[Caller]:
    """A caller with a connection of its own."""
    reader, writer = await asyncio.open_connection(served.host, served.port)
    try:
        yield Caller(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def once(served: Served, sent: bytes) -> tuple[int, bytes]:
    """Status and body of one call over a connection of its own; status 0 where it was cut."""
    try:
        async with calling(served) as caller:
            return await caller.call(sent)
    except (OSError, EOFError):
        return 0, b""


def echoes(served: Served, until_when: float, at_least: int, connections: int = 16) -> int:
    """Echo for so long, and so often: many requests sent, then their replies read, without an event loop: that the
    caller costs little. How many it were."""
    sent, count = message("echo", text="a" * 100), 0
    sent = head(len(sent)) + sent
    with contextlib.ExitStack() as stack:
        places = [stack.enter_context(socket.create_connection((served.host, served.port))) for _ in range(connections)]
        while count < at_least or time.monotonic() < until_when:
            for place in places:
                place.sendall(sent)
            for place in places:
                reply = b""
                while not reply.endswith(b"</soap:Envelope>"):
                    piece = place.recv(65536)
                    assert piece, "the connection was cut"
                    reply += piece
                assert reply.startswith(b"HTTP/1.1 200 "), reply
            count += connections
    return count


async def until(condition: object, seconds: float = 30) -> bool:
    """Whether a condition, a function, came true in time."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True
