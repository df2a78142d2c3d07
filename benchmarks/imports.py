"""How long `import soapkit` takes, as whole processes, and what it loads, beside the peers."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile

from tables import Table, duration

STATEMENTS = {
    "python alone": "pass",
    "import lxml.etree": "import lxml.etree",
    "import soapkit": "import soapkit",
    "from soapkit import Client": "from soapkit import Client",
    "from soapkit import asgi": "from soapkit import asgi",
    "import zeep": "import zeep",
    "import suds.client": "import suds.client",
    "import spyne": "import spyne",
}

HEAVY = ("xmlsec", "cryptography", "urllib3", "aiohttp", "requests", "asyncio", "uvicorn", "jinja2", "msgspec", "lxml")


def import_table(rounds: int) -> Table:
    """CPU time of whole processes, python's own start subtracted; interleaved, the least of the rounds."""
    with tempfile.TemporaryDirectory(prefix="soapkit-bench-") as folder:
        return _measured(rounds, _environment(folder))


def _environment(folder: str) -> dict[str, str]:
    """Byte code is kept, as it is where a package was installed: written by the first run, read by the others."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": folder}


def _measured(rounds: int, environment: dict[str, str]) -> Table:
    statements = {name: code for name, code in STATEMENTS.items() if _runs(code, environment)}
    times: dict[str, list[float]] = {name: [] for name in statements}
    for _ in range(rounds):
        for name, code in statements.items():
            times[name].append(_cpu_seconds(code, environment))
    least = {name: min(found) for name, found in times.items()}
    start = least["python alone"]
    rows = [
        [name, duration(max(0.0, seconds - (0 if name == "python alone" else start))), *_loaded(statements[name])]
        for name, seconds in least.items()
    ]
    return Table(
        "Import",
        "CPU time of a whole process, less that of ``python alone`` (the bar: 120 ms for ``import soapkit``).",
        ["statement", "time", "modules", "of these"],
        rows,
    )


def _cpu_seconds(code: str, environment: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _runs(code: str, environment: dict[str, str]) -> bool:
    """Whether a statement can be run here. The first run also writes byte code and warms the disk."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode:
        print(f"{code!r} is not measured: {done.stderr.strip().splitlines()[-1]}")
    return done.returncode == 0


def _loaded(code: str) -> list[str]:
    """How many modules a statement loads, and which of the heavy libraries are among them."""
    probe = f"import sys; before = set(sys.modules)\n{code}\nprint(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", probe], capture_output=True, text=True, check=True)
    modules = set(done.stdout.split())
    return [str(len(modules)), ", ".join(name for name in HEAVY if name in modules) or "-"]
