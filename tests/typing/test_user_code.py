"""What a type checker says of code that uses a generated package: right code passes, each mistake is found."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from soapkit.codegen.generate import generate
from soapkit.codegen.plan import Options

HERE = Path(__file__).parent
GOOD = ("good_client.py", "good_server.py")
WRONG = ("wrong_client.py", "wrong_server.py")


Errors = dict[int, set[str]]


def errors(report: str, name: str) -> Errors:
    """Errors that mypy reports for a file: line, codes."""
    found: Errors = {}
    for line, code in re.findall(rf"^{re.escape(name)}:(\d+): error: .*\[([a-z-]+)\]$", report, re.MULTILINE):
        found.setdefault(int(line), set()).add(code)
    return found


def expected(name: str) -> Errors:
    """What the comments of a file announce: ``# E: arg-type, misc`` for one or the other."""
    lines = (HERE / name).read_text().splitlines()
    marks = ((number, re.search(r"# E: ([a-z, -]+)$", line)) for number, line in enumerate(lines, 1))
    return {number: set(mark[1].split(", ")) for number, mark in marks if mark}


@pytest.fixture(scope="module", params=["eager", "lazy"])
def report(request: pytest.FixtureRequest, root: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What mypy --strict says, for a package that loads everything at once and for one that loads at first use."""
    folder = tmp_path_factory.mktemp("typed")
    options = Options(eager=100 if request.param == "eager" else 0)
    generate(root / "wsdl" / "bank.wsdl", folder / "bank", options=options)
    for name in (*GOOD, *WRONG):
        shutil.copy(HERE / name, folder)
    checked = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--config-file",
            "",
            "--cache-dir",
            str(tmp_path_factory.getbasetemp() / "mypy"),
            ".",
        ],
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(root)},
        capture_output=True,
        text=True,
    )
    return checked.stdout


@pytest.mark.parametrize("name", GOOD)
def test_right_code_passes(report: str, name: str) -> None:
    assert errors(report, name) == {}


@pytest.mark.parametrize("name", WRONG)
def test_each_mistake_is_found_where_it_is_and_for_what_it_is(report: str, name: str) -> None:
    found, announced = errors(report, name), expected(name)
    assert found.keys() == announced.keys()
    assert [line for line, codes in found.items() if not codes & announced[line]] == []
