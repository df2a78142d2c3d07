"""``soapkit doctor`` tells versions and extras, and what does not fit together, in words."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import NoReturn

import pytest

from soapkit.cli import doctor
from soapkit.version import __version__

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_an_install_that_fits_together_is_ok(run: Run) -> None:
    result = run("doctor")
    assert result.returncode == 0, result.stdout
    assert f"ok     soapkit           {__version__}" in result.stdout
    assert "agree on libxml2" in result.stdout


def test_json_has_the_same(run: Run) -> None:
    told = {one["what"]: one for one in json.loads(run("doctor", "--json").stdout)}
    assert told["lxml"]["state"] == "ok"
    assert told["soapkit"]["told"] == __version__


def test_an_extra_that_is_not_here_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_version", lambda name: None if name == "rich" else "1.0")
    (rich,) = (one for one in doctor.examined() if one.what == "rich")
    assert rich == doctor.Found("rich", "absent", "for colours on a terminal: pip install 'soapkit[cli]'")


def test_an_xmlsec_for_another_libxml2_is_told_in_words() -> None:
    def load(name: str) -> NoReturn:
        raise RuntimeError("(-1, 'lxml & xmlsec libxml2 library version mismatch')")

    (found,) = doctor._xmlsec(load)
    assert found.state == "wrong"
    assert "was built for another libxml2 than lxml's" in found.told
    assert "pip install --upgrade" in found.told


def test_an_xmlsec_that_cannot_be_loaded_is_told_with_the_reason() -> None:
    def load(name: str) -> NoReturn:
        raise ImportError("libxmlsec1.so.1: cannot open shared object file")

    (found,) = doctor._xmlsec(load)
    assert (found.state, found.told) == (
        "wrong",
        "cannot be imported: libxmlsec1.so.1: cannot open shared object file",
    )


def test_a_command_that_is_misspelt_is_told_with_the_nearest(run: Run) -> None:
    result = run("inspec")
    assert result.returncode == 2
    assert "there is no command 'inspec'; did you mean inspect?" in result.stderr
