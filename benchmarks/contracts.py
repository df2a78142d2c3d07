"""Large real contracts, each in a process of its own: read cold, and generated; against zeep.

The contracts are test data that is not part of this project; where it is absent, that is told.
"""

from __future__ import annotations

import json
import subprocess
import sys
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
}

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
    """One table, in multiples of lxml's parse."""
    if not UNPACK.exists():
        print("contracts are not measured: the test data is not here")
        return []
    printed = subprocess.run([UNPACK, "corpus"], capture_output=True, text=True, check=True)
    folder = Path(printed.stdout.strip())
    rows = [
        _row(name, folder / path, max(1, rounds // 5)) for name, path in CONTRACTS.items() if (folder / path).exists()
    ]
    note = (
        "CPU time, imports of the stack itself not counted; zeep's in multiples of soapkit's load. Peak memory in MB."
    )
    head = [
        "contract",
        "lxml parse of the file",
        "soapkit load",
        "generate",
        "import",
        "zeep load / ours",
        "MB",
        "zeep's MB",
    ]
    return [Table("Contracts", note, head, rows)]


def _row(name: str, path: Path, rounds: int) -> list[str]:
    parse = _measured("from lxml import etree", "etree.parse(contract)", path, rounds)
    load = _measured("from soapkit import load_contract", "load_contract(contract)", path, rounds)
    generating = "from soapkit.codegen.generate import generate"
    generate = _measured(generating, "generate(contract, folder + '/package')", path, rounds)
    imported = _measured(
        f"import soapkit.client.client; {generating}; generate(contract, folder + '/package'); "
        "sys.path.insert(0, folder)",
        "import package",
        path,
        rounds,
    )
    zeep = _measured(
        "import zeep; from offline import KnownTransport",
        "zeep.Client(contract, transport=KnownTransport(contract))",
        path,
        rounds,
    )
    return [
        name,
        _time(parse),
        _time(load),
        _time(generate),
        _time(imported),
        ratio(zeep[0] / load[0]) if zeep and load else _time(zeep),
        _memory(load),
        _memory(zeep),
    ]


def _measured(before: str, measured: str, path: Path, rounds: int) -> Any:
    """The quickest of the rounds; None where the statement fails, which is told."""
    found = []
    for _ in range(rounds):
        code = _PROBE.format(before=before, measured=measured)
        done = subprocess.run(
            [sys.executable, "-c", code, str(path), str(HERE)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            print(f"{path.name}: {measured}: {done.stderr.strip().splitlines()[-1][:200]}")
            return None
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return min(found)


def _time(found: Any) -> str:
    return "fails" if found is None else duration(found[0])


def _memory(found: Any) -> str:
    return "-" if found is None else f"{found[1] / 1024:.0f}"
