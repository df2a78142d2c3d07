"""What many tests need: the generated bank package, its service, servers on real sockets."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import pytest
from hypothesis import settings

# No test fails because the machine was busy: an example that takes longer than others says nothing.
settings.register_profile("without a clock", deadline=None)
settings.load_profile("without a clock")

# No test writes into the cache of whoever runs it; those on the cache say where it is.
os.environ["SOAPKIT_CACHE"] = "off"

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's own folder."""
    return ROOT


@pytest.fixture(scope="session")
def bank(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The package ``bank``, generated from wsdl/bank.wsdl, as the samples import it."""
    from soapkit.codegen.generate import generate

    folder = tmp_path_factory.mktemp("generated")
    generate(ROOT / "wsdl" / "bank.wsdl", folder / "bank")
    sys.path[:0] = [str(folder), str(ROOT / "samples")]
    return importlib.import_module("bank")


@pytest.fixture(scope="session")
def bank_service(bank: ModuleType) -> ModuleType:
    """The sample service, which implements the generated Protocol."""
    return importlib.import_module("bank_service")


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """A function that hosts an ASGI application with uvicorn on a free port and gives its address."""
    import uvicorn

    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(application: Any, **settings: Any) -> str:
        config = uvicorn.Config(application, host="127.0.0.1", port=0, log_level="warning", lifespan="off", **settings)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        running.append((server, thread))
        deadline = time.monotonic() + 20
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            assert time.monotonic() < deadline, "the server did not start in time"
            time.sleep(0.005)
        return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(timeout=10)


@pytest.fixture(scope="session")
def missing_peer() -> Callable[[str], NoReturn]:
    """A function that skips a test, saying what is missing; it fails where peers are required
    (``SOAPKIT_PEERS=required``, as CI sets it)."""
    return _missing_peer


def _missing_peer(what: str) -> NoReturn:
    if os.environ.get("SOAPKIT_PEERS") == "required":
        pytest.fail(f"{what} is required here and is missing")
    pytest.skip(f"{what} is not here")


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real contracts and messages."""
    return _unpacked("corpus")


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of messages, keys and policies secured by other stacks."""
    return _unpacked("vectors")


def _unpacked(name: str) -> Path:
    if not (SHARED / "unpack").exists():
        _missing_peer(f"../shared ({name})")
    printed = subprocess.run([SHARED / "unpack", name], capture_output=True, text=True, check=True)
    return Path(printed.stdout.strip())
