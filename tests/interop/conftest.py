"""Peers that several files of tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest

from soapkit.security import KeyPair
from tests.interop.cxf_peer import Cxf


@pytest.fixture(scope="session")
def cxf(tmp_path_factory: pytest.TempPathFactory, missing_peer: Callable[[str], NoReturn]) -> Iterator[Cxf]:
    """Apache CXF, running, with a client alice and a service bob."""
    running = Cxf(tmp_path_factory.mktemp("cxf"), missing_peer)
    yield running
    running.driver.close()


@pytest.fixture(scope="module")
def alice(peer: Any) -> KeyPair:
    """Who signs, of the keys beside the `peer` of a file of tests: a WSS4J."""
    return KeyPair.load(peer.folder / "alice.p12", "changeit")


@pytest.fixture(scope="module")
def bob(peer: Any) -> KeyPair:
    """Whom is encrypted to, likewise."""
    return KeyPair.load(peer.folder / "bob.p12", "changeit")
