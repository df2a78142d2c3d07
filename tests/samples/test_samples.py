"""The samples run: each is what its first line says."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import pytest

import soapkit


@pytest.fixture
def run(root: Path, bank: ModuleType) -> Callable[..., str]:
    """Runs a sample as a person would, in the folder of the samples, with the generated package at hand."""
    import os

    generated = str(Path(bank.__file__ or "").parent.parent)

    def started(name: str, *arguments: str) -> str:
        result = subprocess.run(
            [sys.executable, str(root / "samples" / name), *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "PYTHONPATH": generated},
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    return started


@pytest.fixture
def address(bank_service: ModuleType, serve: Callable[..., str]) -> Iterator[str]:
    yield serve(soapkit.asgi(bank_service.MyBank()))


def test_the_client_transfers_and_catches_the_fault(run: Any, address: str) -> None:
    assert "only 90.00" in run("client.py", address)


def test_the_async_client_asks_for_two_balances(run: Any, address: str) -> None:
    assert run("async_client.py", address) == "100.00 EUR\n100.00 EUR\n"


def test_the_dynamic_client_needs_no_generated_code(run: Any, address: str, root: Path) -> None:
    assert "Receipt(" in run("dynamic_client.py", str(root / "wsdl" / "bank.wsdl"), address)


def test_the_signing_sample_verifies_what_it_signed(run: Any) -> None:
    assert "signed by CN=alice" in run("sign.py")


def test_the_demo_tells_the_whole_story(run: Any) -> None:
    told = run("demo.py")
    for step in ("1. Generate", "4. Call it plainly", "5. Ask for too much", "6. Call the secure", "8. The two"):
        assert step in told
    assert "Receipt(" in told
    assert "EncryptedData" in told


def test_the_rate_limit_answers_when_it_may_be_asked_again(
    root: Path, serve: Callable[..., str], missing_peer: Callable[[str], NoReturn]
) -> None:
    if importlib.util.find_spec("limits") is None:
        missing_peer("limits")
    sys.path.insert(0, str(root / "samples"))
    import rate_limit  # type: ignore[import-not-found]

    address = serve(rate_limit.app)
    with soapkit.Client.from_wsdl(address + "?wsdl") as client:
        client.now(), client.now()
        with pytest.raises(soapkit.Fault, match="too many requests") as refused:
            client.now()
    exchange = refused.value.exchange
    assert exchange.status == 429
    assert 0 < int(exchange.response_headers["retry-after"]) <= 60


def test_the_clock_is_served_from_its_annotations(serve: Callable[..., str], root: Path) -> None:
    sys.path.insert(0, str(root / "samples"))
    import clock  # type: ignore[import-not-found]

    with soapkit.Client.from_wsdl(serve(clock.app) + "?wsdl") as client:
        assert client.now(zone="Europe/Berlin").utcoffset() is not None
        with pytest.raises(client.types.UnknownZone):
            client.now(zone="Nowhere")
