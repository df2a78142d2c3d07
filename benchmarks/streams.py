"""A reply of any length between two processes, item by item: how long, and how much memory each of them takes.

python benchmarks/streams.py [MEGABYTES]        1,024 unless said; prints one line of JSON
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import soapkit
from soapkit.transport.limits import HttpLimits
from soapkit.transport.urllib3 import Urllib3Transport

ITEM = 1024  # bytes of an item, or nearly


def service() -> object:
    """A service that sends as many items as it is asked for."""

    @soapkit.service("urn:example:stream")
    class Numbers:
        @soapkit.operation
        def items(self, count: int) -> Iterator[str]:
            text = "x" * (ITEM - 60)
            return (f"{number} {text}" for number in range(count))

    return Numbers()


def serve() -> None:
    """Host the service, telling the address."""
    import uvicorn

    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    config = uvicorn.Config(soapkit.asgi(service()), log_level="error", lifespan="off")
    uvicorn.Server(config).run(sockets=[listening])


def peak(process: str | int = "self") -> float:
    """The largest size of a process in memory, in MB."""
    text = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", text)
    return int(found.group(1)) / 1024 if found else 0.0


def measured(megabytes: int) -> dict[str, float]:
    """Seconds; items; memory of both sides in MB, at the start and at the peak."""
    command = [sys.executable, __file__, "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as host:
        try:
            assert host.stdout is not None
            address = f"http://127.0.0.1:{host.stdout.readline().strip()}/"
            limits = HttpLimits(bytes=8 * megabytes * 1024 * 1024, total_seconds=None)
            with soapkit.Client.from_wsdl(
                address + "?wsdl", address, transport=Urllib3Transport(limits=limits)
            ) as client:
                assert sum(1 for _ in client.stream("items", count=100)) == 100
                before = peak(), peak(host.pid)
                began = time.perf_counter()
                count = sum(1 for _ in client.stream("items", count=megabytes * 1024 * 1024 // ITEM))
                seconds = time.perf_counter() - began
            return {
                "megabytes": megabytes,
                "items": count,
                "seconds": round(seconds, 2),
                "client MB at start": round(before[0], 1),
                "client MB at peak": round(peak(), 1),
                "service MB at start": round(before[1], 1),
                "service MB at peak": round(peak(host.pid), 1),
            }
        finally:
            host.terminate()


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        print(json.dumps(measured(int(sys.argv[1]) if len(sys.argv) > 1 else 1024)))
