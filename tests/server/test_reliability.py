"""A service survives what happens to services: a short form of ``make soak``, which tells what each of these does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from soapkit.security import MemoryReplayStore, Require, Security, SqliteReplayStore
from soapkit.security.by_message import ByMessage
from tests.soak import callers, processes
from tests.soak.redis_server import RedisServer


def test_workers_that_are_killed_cost_only_the_calls_they_had(tmp_path: Path) -> None:
    asyncio.run(processes.workers_are_killed(tmp_path, 2, workers=2))


def test_without_its_store_a_service_believes_nothing_and_with_it_again(
    tmp_path: Path, missing_peer: Callable[[str], NoReturn]
) -> None:
    if not RedisServer.is_here():
        missing_peer("redis-server")
    asyncio.run(processes.redis_goes_and_comes(tmp_path, 2.5, workers=1))


def test_half_a_request_calls_no_handler_and_leaves_nothing_open(tmp_path: Path) -> None:
    asyncio.run(callers.bodies_are_half(tmp_path, 0))


def test_a_reply_that_is_cut_ends_its_iterator(tmp_path: Path) -> None:
    asyncio.run(callers.replies_are_cut(tmp_path, 0))


def test_handlers_that_raise_recurse_and_devour_memory_are_faults(tmp_path: Path) -> None:
    asyncio.run(callers.handlers_fail(tmp_path, 0))


def test_only_security_that_asks_a_store_waits(tmp_path: Path) -> None:
    shared = Require(replay=SqliteReplayStore(tmp_path / "replay.sqlite"))
    assert Security(inbound=shared).waits
    assert Security(by_message=ByMessage(inbound={None: shared})).waits
    assert not Security(inbound=Require(replay=MemoryReplayStore())).waits
    assert not Security(inbound=Require(replay=None)).waits
