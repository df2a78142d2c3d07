"""Peers that several files of tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NoReturn

import pytest

from tests.interop.cxf_peer import Cxf


@pytest.fixture(scope="session")
def cxf(tmp_path_factory: pytest.TempPathFactory, missing_peer: Callable[[str], NoReturn]) -> Iterator[Cxf]:
    """Apache CXF, running, with a client alice and a service bob."""
    running = Cxf(tmp_path_factory.mktemp("cxf"), missing_peer)
    yield running
    running.driver.close()
