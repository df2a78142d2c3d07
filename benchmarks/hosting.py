"""How each service of the server benchmark is started: a process, of soapkit or of a peer, and the port it serves at.

Python ones are in hosted.py; the sources of the others are in hosts/, built in a folder that goes away.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from workload import CONTRACT

HERE = Path(__file__).resolve().parent
HOSTS = HERE / "hosts"
STARTING = 20  # seconds until a process accepts connections


@dataclass(frozen=True, slots=True)
class Server:
    """A process, with those that it has started, which serves at a port."""

    pid: int
    port: int

    def cpu_seconds(self) -> float:
        """CPU time of all its processes, as their scheduler counts it."""
        return sum(_scheduled(pid) for pid in _family(self.pid))

    def memory(self) -> int:
        """Bytes that all its processes hold."""
        return sum(_resident(pid) for pid in _family(self.pid))


class CannotStart(Exception):
    """A peer that is not installed here, or does not start; in words."""


@contextmanager
def started(name: str, folder: Path) -> Iterator[Server]:
    """The service of a name, until the block ends; it may write into `folder`. Raises `CannotStart`."""
    port = _free_port()
    command, environment = SERVICES[name](folder, port)
    said = folder / "said.txt"
    with (
        said.open("wb") as output,
        subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        ) as process,
    ):
        try:
            if not _listens(port, process):
                lines = said.read_text(encoding="utf-8", errors="replace").strip().splitlines()
                raise CannotStart(lines[-1] if lines else "nothing listens")
            yield Server(process.pid, port)
        finally:
            process.terminate()


Command = tuple[list[str], dict[str, str]]


def _uvicorn(service: str, workers: int = 1) -> Callable[[Path, int], Command]:
    def command(_folder: Path, port: int) -> Command:
        words = ["-m", "uvicorn", "hosted:application", "--factory", "--port", str(port), "--log-level", "critical"]
        return (
            [sys.executable, "-W", "ignore", *words, "--workers", str(workers), "--lifespan", "off"],
            {"HOSTED": service, "PYTHONPATH": str(HERE)},
        )

    return command


def _gunicorn(service: str) -> Callable[[Path, int], Command]:
    def command(_folder: Path, port: int) -> Command:
        words = ["-m", "gunicorn", "hosted:application()", "--bind", f"127.0.0.1:{port}", "--threads", "4"]
        return (
            [sys.executable, "-W", "ignore", *words, "--log-level", "critical"],
            {"HOSTED": service, "PYTHONPATH": str(HERE)},
        )

    return command


def _node(folder: Path, port: int) -> Command:
    _run(["npm", "install", "--silent", "--no-audit", "--no-fund", "soap"], folder)
    (folder / "service.js").write_bytes((HOSTS / "service.js").read_bytes())
    return ["node", "service.js", str(CONTRACT), str(port)], {}


def _gsoap(folder: Path, port: int) -> Command:
    _run(["wsdl2h", "-c", "-o", "records.h", str(CONTRACT)], folder)
    _run(["soapcpp2", "-c", "-S", "-L", "-x", "-I/usr/share/gsoap/import", "records.h"], folder)
    sources = [str(HOSTS / "service.c"), "soapC.c", "soapServer.c"]
    _run(["gcc", "-O2", "-I.", "-o", "service", *sources, "-lgsoap", "-lpthread"], folder)
    return ["./service", str(port)], {}


def _php(_folder: Path, port: int) -> Command:
    return (
        ["php", "-d", "opcache.enable_cli=1", "-S", f"127.0.0.1:{port}", str(HOSTS / "service.php")],
        {"CONTRACT": str(CONTRACT)},
    )


def _php_fpm(folder: Path, port: int) -> Command:
    programs = [*Path("/usr/sbin").glob("php-fpm*"), *Path("/usr/local/sbin").glob("php-fpm*")]
    if not programs or shutil.which("nginx") is None:
        raise CannotStart("php-fpm and nginx are not installed")
    words = [str(programs[0]), str(folder), str(port), str(HOSTS / "service.php")]
    return ["sh", str(HOSTS / "php-fpm.sh"), *words], {"CONTRACT": str(CONTRACT)}


SERVICES: Mapping[str, Callable[[Path, int], Command]] = {
    "uvicorn, a fixed reply": _uvicorn("bare"),
    "soapkit, uvicorn": _uvicorn("soapkit_async"),
    "soapkit, uvicorn, plain handler": _uvicorn("soapkit_blocking"),
    "soapkit, uvicorn, 2 workers": _uvicorn("soapkit_async", workers=2),
    "soapkit, gunicorn": _gunicorn("soapkit_wsgi"),
    "Spyne, gunicorn": _gunicorn("spyne_wsgi"),
    "node-soap": _node,
    "PHP, its own server": _php,
    "PHP, php-fpm behind nginx": _php_fpm,
    "gSOAP": _gsoap,
}


def _run(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise CannotStart(f"{command[0]} is not installed") from None
    if done.returncode:
        raise CannotStart((done.stderr or done.stdout).strip().splitlines()[-1])


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _listens(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Whether the process takes connections, at last."""
    deadline = time.monotonic() + STARTING
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False


def _family(pid: int) -> Iterator[int]:
    """A process and its descendants."""
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has ended meanwhile has no children
            for child in (task / "children").read_text(encoding="ascii").split():
                yield from _family(int(child))


def _scheduled(pid: int) -> float:
    """What clock_getcpuclockid(3) names: the clock of a process, threads that have ended included."""
    return time.clock_gettime((~pid << 3) | 2)


def _resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
