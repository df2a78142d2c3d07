"""What a type checker says of code that uses a generated package: right code passes, each mistake is found."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from soapkit.codegen.generate import generate
from soapkit.codegen.plan import Options

HERE = Path(__file__).parent
GOOD = ("good_client.py", "good_server.py")
WRONG = ("wrong_client.py", "wrong_server.py")


def errors(report: str) -> Counter[tuple[str, int, str]]:
    """Errors of mypy: file, line, code."""
    found = re.findall(r"^(\w+\.py):(\d+): error: .*\[([a-z-]+)\]$", report, re.MULTILINE)
    return Counter((name, int(line), code) for name, line, code in found)


def expected(name: str) -> Counter[tuple[str, int, str]]:
    """What the comments of a file announce: ``# E: arg-type``."""
    lines = (HERE / name).read_text().splitlines()
    marks = ((number, re.search(r"# E: ([a-z, -]+)$", line)) for number, line in enumerate(lines, 1))
    return Counter((name, number, code) for number, mark in marks if mark for code in mark[1].split(", "))


@pytest.fixture(scope="module", params=["eager", "lazy"])
def report(request: pytest.FixtureRequest, root: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What mypy --strict says, for a package that loads everything at once and for one that loads at first use."""
    folder = tmp_path_factory.mktemp("typed")
    generate(root / "wsdl" / "bank.wsdl", folder / "bank", options=Options(eager=100 if request.param == "eager" else 0))
    for name in (*GOOD, *WRONG):
        shutil.copy(HERE / name, folder)
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", "", "--cache-dir", str(folder / ".cache"), "."],
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(root)},
        capture_output=True,
        text=True,
    )
    return checked.stdout


def test_right_code_passes(report: str) -> None:
    assert [error for error in errors(report) if error[0] in GOOD] == []


@pytest.mark.parametrize("name", WRONG)
def test_each_mistake_is_found_where_it_is(report: str, name: str) -> None:
    assert Counter({error: n for error, n in errors(report).items() if error[0] == name}) == expected(name)
