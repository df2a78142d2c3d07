"""How the tests of the tools run the command line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def wsdl() -> Path:
    """The folder with the project's own contracts."""
    return ROOT / "wsdl"


@pytest.fixture
def run() -> Run:
    """Run ``soapkit`` in a process of its own, as a user does."""

    def soapkit(*arguments: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "soapkit", *map(str, arguments)],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return soapkit
