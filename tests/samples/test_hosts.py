"""The hosts of samples/hosts run as a person would run them, and serve SOAP below their path."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from lxml import etree

import soapkit

HOSTS = {  # module:application -> its library, where it serves, and whether it has /notes beside
    "in_starlette:app": ("starlette", "/soap/", False),
    "in_fastapi:app": ("fastapi", "/soap/", True),
    "in_litestar:app": ("litestar", "/soap", False),
    "in_django_asgi:application": ("django", "/soap", True),
    "in_flask:app": ("flask", "/soap", False),
    "in_django_wsgi:application": ("django", "/soap", True),
    "in_django_view:application": ("django", "/soap", True),
}
WSGI = {"in_flask:app", "in_django_wsgi:application", "in_django_view:application"}
_LISTENS = re.compile(r"http://127\.0\.0\.1:(\d+)")


@pytest.fixture
def started(root: Path, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """A function that starts the server of a host in a folder of its own, and gives its origin."""
    environment = {**os.environ, "PYTHONPATH": str(root / "samples" / "hosts")}
    running: list[subprocess.Popen[str]] = []

    def start(target: str, prefix: str = "") -> str:
        if "django" in target:
            project = root / "samples" / "hosts" / "django_project.py"
            subprocess.run([sys.executable, project], cwd=tmp_path, env=environment, check=True)
        server = ["gunicorn", "--bind", "127.0.0.1:0"] if target in WSGI else ["uvicorn", "--port", "0"]
        if prefix:
            server += ["--env", f"SCRIPT_NAME={prefix}"] if target in WSGI else ["--root-path", prefix]
        told = tmp_path / "told"
        with told.open("w") as log:
            running.append(
                subprocess.Popen([sys.executable, "-m", *server, target], cwd=tmp_path, env=environment, stderr=log)
            )
        deadline = time.monotonic() + 120
        while (listens := _LISTENS.search(told.read_text())) is None:
            assert running[-1].poll() is None, told.read_text()
            assert time.monotonic() < deadline, told.read_text()
            time.sleep(0.02)
        return f"http://127.0.0.1:{listens[1]}"

    yield start
    for process in running:
        process.terminate()
        process.wait(timeout=20)


@pytest.mark.parametrize("target", HOSTS)
def test_a_host_serves_soap_below_its_path_with_its_own_database(
    target: str, started: Callable[[str], str], missing_peer: Callable[[str], NoReturn]
) -> None:
    library, path, has_notes = HOSTS[target]
    for needed in (library, "gunicorn" if target in WSGI else "uvicorn"):
        if importlib.util.find_spec(needed) is None:
            missing_peer(needed)
    origin = started(target)
    address = origin + path
    assert addresses_in(address + "?wsdl") == {address}
    with soapkit.Client.from_wsdl(address + "?wsdl") as client:
        assert client.address == address
        numbers = [client.add(text=text) for text in ("buy milk", "sell it")]
        with pytest.raises(soapkit.Fault, match="a note has a text"):
            client.add(text="")
        assert numbers == [1, 2]
        assert client.texts() == ["buy milk", "sell it"]
    if has_notes:
        with urllib.request.urlopen(origin + "/notes", timeout=10) as response:
            assert json.load(response) == ["buy milk", "sell it"]


@pytest.mark.parametrize(("target", "asked"), [("in_django_asgi:application", "/soap"), ("in_litestar:app", "/soap")])
def test_a_host_that_was_told_of_a_prefix_serves_and_publishes_below_it(
    target: str, asked: str, started: Callable[..., str], missing_peer: Callable[[str], NoReturn]
) -> None:
    if importlib.util.find_spec(HOSTS[target][0]) is None or importlib.util.find_spec("uvicorn") is None:
        missing_peer(HOSTS[target][0])
    origin = started(target, "/app")  # uvicorn: a proxy before it takes /app off
    assert addresses_in(origin + asked + "?wsdl") == {origin + "/app" + asked}


def addresses_in(url: str) -> set[Any]:
    with urllib.request.urlopen(url, timeout=10) as response:
        return {element.get("location") for element in etree.fromstring(response.read()).iter("{*}address")}
