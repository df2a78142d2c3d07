"""``soapkit serve`` hosts a service until it is stopped."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import soapkit

SERVICE = """
import soapkit

@soapkit.service("urn:example:adder")
class Adder:
    @soapkit.operation
    def add(self, a: int, b: int) -> int:
        return a + b
"""


@pytest.fixture(params=["1", "2"], ids=["one process", "two processes"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    (tmp_path / "adder.py").write_text(SERVICE, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "soapkit.cli.main",
        "serve",
        "adder:Adder",
        "--port",
        "0",
        "--workers",
        request.param,
    ]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    assert found is not None
    yield found.group()
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) in (0, -signal.SIGTERM)
    process.stdout.close()


def test_a_served_class_is_called_through_its_own_contract(address: str) -> None:
    with soapkit.Client.from_wsdl(f"{address}?wsdl", timeout=20) as client:
        assert client.add(a=2, b=3) == 5
