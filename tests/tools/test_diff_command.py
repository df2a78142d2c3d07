"""``soapkit diff`` ends with an exit code that a build can act on."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

Run = Callable[..., subprocess.CompletedProcess[str]]


def changed(wsdl: Path, folder: Path, old: str, new: str) -> Path:
    text = (wsdl / "bare.wsdl").read_text()
    assert old in text
    path = folder / "new.wsdl"
    path.write_text(text.replace(old, new))
    return path


def test_a_contract_is_like_itself(run: Run, wsdl: Path) -> None:
    result = run("diff", wsdl / "bare.wsdl", wsdl / "bare.wsdl", "--fail-on", "any")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_a_compatible_change_fails_only_when_any_may(run: Run, wsdl: Path, tmp_path: Path) -> None:
    new = changed(wsdl, tmp_path, "http://localhost:8000/", "http://localhost:9000/")
    assert run("diff", wsdl / "bare.wsdl", new).returncode == 0
    assert run("diff", wsdl / "bare.wsdl", new, "--fail-on", "any").returncode == 1


def test_a_breaking_change_is_told_with_its_place(run: Run, wsdl: Path, tmp_path: Path) -> None:
    new = changed(wsdl, tmp_path, 'soapAction="', 'soapAction="urn:new:')
    result = run("diff", wsdl / "bare.wsdl", new, "--json")
    told = json.loads(result.stdout)
    assert result.returncode == 1
    assert all(change["breaking"] and change["source"] == str(new) and change["line"] for change in told)


def test_a_contract_that_is_not_there_is_one_line_on_stderr(run: Run, wsdl: Path, tmp_path: Path) -> None:
    result = run("diff", wsdl / "bare.wsdl", tmp_path / "none.wsdl")
    assert (result.returncode, len(result.stderr.splitlines())) == (1, 1)
