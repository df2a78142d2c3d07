"""Where processes of a service share what they know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from tests.soak.redis_server import RedisServer


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory, missing_peer: Callable[[str], NoReturn]) -> Iterator[RedisServer]:
    """A server of one's own."""
    if not RedisServer.is_here():
        missing_peer("redis-server")
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "redis"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store is: a path, or a URL."""
    if request.param == "sqlite":
        return str(tmp_path / "shared.sqlite")
    server: RedisServer = request.getfixturevalue("redis")
    return server.url
