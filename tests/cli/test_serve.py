"""``soapkit serve`` hosts a service until it is stopped."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import urllib.request
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
        "soapkit",
        "serve",
        "adder:Adder",
        "--port",
        "0",
        "--workers",
        request.param,
        "--proxy",
        "127.0.0.1",
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


def test_a_named_proxy_tells_where_the_service_was_reached(address: str) -> None:
    fields = {"X-Forwarded-Host": "api.example", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/v1"}
    with urllib.request.urlopen(urllib.request.Request(f"{address}?wsdl", headers=fields), timeout=20) as answer:
        assert b'location="https://api.example/v1/"' in answer.read()
