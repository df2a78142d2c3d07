"""Large real contracts, each in a process of its own: read, cold and from the cache, and generated; beside the peers.

The contracts are test data that is not part of this project; where it is absent, that is told.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tables import Table, duration, ratio

HERE = Path(__file__).resolve().parent
UNPACK = HERE.parent.parent / "shared" / "unpack"

CONTRACTS = {
    "economic (3.1 MB)": "wasabi--economic/economic.wsdl",
    "Salesforce enterprise (2.7 MB)": "Salesforce-Data-Management-Tool--enterprise/enterprise.wsdl",
    "vSphere (1.6 MB)": "vsphere-web-service-spring-server--vim/vim.wsdl",
    "Exchange (1.0 MB)": "PackageGenerator--ews.services/services.wsdl",
    "Travelport (25 files)": "travelport--SharedBooking/universal_v49_0/UniversalRecord.wsdl",
    "ONVIF device": "onvif-specs--analytics/ver10/device/wsdl/devicemgmt.wsdl",
}
GENERATED = ("economic (3.1 MB)", "vSphere (1.6 MB)", "Exchange (1.0 MB)", "ONVIF device")
PATIENCE = 600  # seconds for one peer and one contract

# CPU seconds and peak memory of the second statement; the first is not measured.
_PROBE = """
import sys; sys.path.insert(0, sys.argv[2])
import json, logging, tempfile, time, warnings
warnings.simplefilter("ignore"); logging.disable(logging.CRITICAL)
contract = sys.argv[1]
with tempfile.TemporaryDirectory() as folder:
    {before}
    started = time.process_time()
    {measured}
    taken = time.process_time() - started
peak = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(json.dumps([taken, int(peak[0].split()[1])]))
"""


def contract_tables(rounds: int) -> list[Table]:
    """Reading, in multiples of lxml's parse; generating, beside xsdata."""
    if not UNPACK.exists():
        print("contracts are not measured: the test data is not here")
        return []
    printed = subprocess.run([UNPACK, "corpus"], capture_output=True, text=True, check=True)
    folder = Path(printed.stdout.strip())
    paths = {name: folder / path for name, path in CONTRACTS.items() if (folder / path).exists()}
    return [
        Table(
            "Contracts: read",
            "CPU time from nothing to a contract, or to a client without generated code, imports of the stack not "
            "counted. In brackets how many times faster than zeep, which has one way to do it: its own cache keeps "
            "downloads, of which there are none here.",
            ["contract", "lxml parse", "load", "load, cached", "client", "client, cached", "zeep", "MB", "zeep's MB"],
            [_reading(name, path, max(1, rounds // 5)) for name, path in paths.items()],
        ),
        Table(
            "Contracts: generated",
            "CPU time of the generator's whole process, its peak memory, lines of code that it writes, and CPU time "
            "of importing the package, with every type, and with one of them alone.",
            ["contract", "stack", "time", "MB", "lines", "import", "every type", "one type"],
            [row for name in GENERATED if name in paths for row in _generating(name, paths[name])],
        ),
    ]


def _reading(name: str, path: Path, rounds: int) -> list[str]:
    client = "import soapkit.client.dynamic; import soapkit.client.client"
    cold = {"SOAPKIT_CACHE": "off"}
    with tempfile.TemporaryDirectory() as cache:
        warm = {"SOAPKIT_CACHE": cache}
        loading, load = "from soapkit import load_contract", "load_contract(contract)"
        make = "soapkit.Client.from_wsdl(contract, 'http://localhost/')"
        parse = _measured("from lxml import etree", "etree.parse(contract)", path, rounds)
        loaded = _measured(loading, load, path, rounds, cold)
        _measured(loading, load, path, 1, warm)
        kept = _measured(loading, load, path, rounds, warm)
        made = _measured(f"import soapkit; {client}", make, path, rounds, cold)
        made_kept = _measured(f"import soapkit; {client}", make, path, rounds, warm)
    zeep = _measured(
        "import zeep; from offline import KnownTransport",
        "zeep.Client(contract, transport=KnownTransport(contract))",
        path,
        rounds,
    )
    return [
        name,
        _time(parse),
        _time(loaded, zeep),
        _time(kept, zeep),
        _time(made, zeep),
        _time(made_kept, zeep),
        _time(zeep),
        _memory(loaded),
        _memory(zeep),
    ]


def _generating(name: str, path: Path) -> list[list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        mine = [sys.executable, "-m", "soapkit", "generate", str(path), "--output", f"{folder}/mine"]
        theirs = [
            *(sys.executable, "-m", "xsdata", "generate", str(path), "--package", "theirs"),
            *("--structure-style", "namespaces", "--max-line-length", "120"),
        ]
        return [
            _generated(name, "soapkit", mine, Path(folder), "mine"),
            _generated("", "xsdata", theirs, Path(folder), "theirs"),
        ]


def _generated(name: str, stack: str, command: list[str], folder: Path, package: str) -> list[str]:
    code = (
        "import resource, subprocess, sys, json\n"
        "done = subprocess.run(sys.argv[1:], capture_output=True, text=True, check=False)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(json.dumps([done.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss, done.stderr[-200:]]))\n"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", code, *command],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
            env={**os.environ, "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))},
        )
    except subprocess.TimeoutExpired:
        return [name, stack, f"more than {PATIENCE} s", "-", "-", "-", "-", "-"]
    code_, seconds, memory, said = json.loads(done.stdout)
    if code_:
        print(f"{stack}: {said}")
        return [name, stack, "fails", "-", "-", "-", "-", "-"]
    lines = sum(len(path.read_bytes().splitlines()) for path in (folder / package).rglob("*.py"))
    counted = (duration(seconds), f"{memory / 1024:.0f}", f"{lines:,}")
    modules = sorted(path.relative_to(folder).with_suffix("") for path in (folder / package).rglob("*.py"))
    names = [".".join(path.parts) for path in modules if not path.name.startswith("_")]
    everything = _imported(folder, "; ".join(f"import {name}" for name in names))
    if stack == "xsdata":  # its packages import everything at once, and keep no index
        return [name, stack, *counted, "-", everything, "-"]
    one = _imported(folder, _one_type(folder / package))
    return [name, stack, *counted, _imported(folder, f"import {package}"), everything, one]


def _one_type(package: Path) -> str:
    """An import of one class, by the package's own name for it."""
    modules = sorted(path.stem for path in package.glob("*.py") if not path.stem.startswith("_"))
    module = next(name for name in modules if name != "services")
    text = (package / f"{module}.py").read_text(encoding="utf-8")
    name = next(line.split()[1].split("(")[0] for line in text.splitlines() if line.startswith("class "))
    return f"from {package.name}.{module} import {name}"


def _imported(folder: Path, statement: str) -> str:
    stacks = (
        "msgspec",
        "lxml.etree",
        "soapkit.client.client",
        "soapkit.databinding.annotations",
        "xsdata.models.datatype",
    )
    stack = f"import {', '.join((*stacks, 'xsdata.models.datatype'))}"
    found = []
    for _ in range(4):  # the first writes the bytecode
        code = (
            f"{stack}\nimport sys, time; sys.path.insert(0, {str(folder)!r})\n"
            f"started = time.process_time()\n{statement}\nprint(time.process_time() - started)"
        )
        done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{statement}: {done.stderr.strip().splitlines()[-1][:200]}")
            return "fails"
        found.append(float(done.stdout))
    return duration(min(found[1:]))


def _measured(before: str, measured: str, path: Path, rounds: int, environment: dict[str, str] | None = None) -> Any:
    """The quickest of the rounds; None where the statement fails, which is told."""
    found = []
    for _ in range(rounds):
        code = _PROBE.format(before=before, measured=measured)
        done = subprocess.run(
            [sys.executable, "-c", code, str(path), str(HERE)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **(environment or {})},
        )
        if done.returncode:
            print(f"{path.name}: {measured}: {done.stderr.strip().splitlines()[-1][:200]}")
            return None
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return min(found)


def _time(found: Any, zeep: Any = None) -> str:
    if found is None:
        return "fails"
    faster = f" ({ratio(zeep[0] / found[0])})" if zeep else ""
    return f"{duration(found[0])}{faster}"


def _memory(found: Any) -> str:
    return "-" if found is None else f"{found[1] / 1024:.0f}"
