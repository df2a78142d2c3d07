"""Of all the processes that share a replay store, exactly one believes a message, however often it is sent."""

from __future__ import annotations

import http.client
import random
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import pytest
from lxml import etree

from soapkit.errors import SecurityError, UsageError
from soapkit.security import KeyPair, RedisReplayStore, Security, Sign, SqliteReplayStore, Timestamp
from soapkit.security.throwaway import write_keys
from soapkit.soap.envelope import Draft
from soapkit.soap.version import SOAP_1_1
from tests.soak.redis_server import RedisServer

STORE = """
from soapkit.security import RedisReplayStore, SqliteReplayStore

def store_at(place):
    return RedisReplayStore.at(place, timeout=10) if place.startswith("redis:") else SqliteReplayStore(place)
"""

CLAIMER = (
    STORE
    + """
import sys
from datetime import UTC, datetime

store = store_at(sys.argv[1])
print("ready", flush=True)
keys = sys.stdin.read().split()
print(sum(store.claim(key, 300, now=datetime.now(UTC)) for key in keys))
"""
)

SERVICE = (
    STORE
    + """
import pathlib
import soapkit
from soapkit.security import Require, Security, TrustStore

@soapkit.service("urn:example:ledger")
class Ledger:
    @soapkit.operation
    def book(self, number: int) -> int:
        return number

required = Require(
    signed=["Body", "Timestamp"],
    trust=TrustStore.load("ca.pem"),
    replay=store_at(pathlib.Path("place").read_text()),
)
app = soapkit.asgi(Ledger(), security=Security(inbound=required))
"""
)


def test_of_5000_messages_sent_twice_to_four_processes_5000_are_believed(place: str, tmp_path: Path) -> None:
    keys = [f"message-{number}" for number in range(5000)] * 2
    random.Random(6).shuffle(keys)
    command = [sys.executable, "-c", CLAIMER, place]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for process in processes:  # they begin together
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for number, process in enumerate(processes):
        assert process.stdin is not None
        process.stdin.write(" ".join(keys[number::4]))
        process.stdin.close()
    believed = []
    for process in processes:
        assert process.stdout is not None
        with process.stdout:
            believed.append(int(process.stdout.read()))
        assert process.wait(timeout=60) == 0
    assert sum(believed) == 5000
    assert min(believed) > 0  # each had its share


@pytest.fixture
def ledger(place: str, tmp_path: Path) -> Iterator[tuple[str, KeyPair]]:
    """A signed service in four processes: its address, and a key that it believes."""
    write_keys(tmp_path, ["alice"], password="secret")
    (tmp_path / "ledger.py").write_text(SERVICE, encoding="utf-8")
    (tmp_path / "place").write_text(place, encoding="utf-8")
    command = [sys.executable, "-m", "soapkit", "serve", "ledger:app", "--port", "0", "--workers", "4"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    assert found is not None
    yield found.group(), KeyPair.load(tmp_path / "alice.p12", "secret")
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=30)
    process.stdout.close()


def test_of_100_signed_messages_sent_twice_to_four_workers_100_are_served(ledger: tuple[str, KeyPair]) -> None:
    address, alice = ledger
    security = Security(outbound=[Timestamp(), Sign(alice, parts=["Body", "Timestamp"])])
    bodies = [f'<l:book xmlns:l="urn:example:ledger"><l:number>{number}</l:number></l:book>' for number in range(100)]
    messages = [security.apply(Draft(SOAP_1_1, body, ()).to_envelope()).to_bytes() for body in bodies] * 2
    random.Random(6).shuffle(messages)
    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(lambda message: sent(address, message), messages))
    refused = [answer for answer in answers if b"security requirements" in answer]
    served = {text for answer in answers if (text := "".join(etree.fromstring(answer).itertext()).strip()).isdecimal()}
    assert len(refused) == 100
    assert served == {str(number) for number in range(100)}


def sent(address: str, message: bytes) -> bytes:
    """Over a connection of its own, which any of the workers may take."""
    url = urlsplit(address)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=60)
    try:
        connection.request("POST", "/", message, {"Content-Type": "text/xml; charset=utf-8"})
        return connection.getresponse().read()
    finally:
        connection.close()


def test_a_store_whose_file_was_replaced_is_the_one_at_the_path(tmp_path: Path) -> None:
    path, now = tmp_path / "replay.sqlite", datetime.now(UTC)
    first, second = SqliteReplayStore(path), SqliteReplayStore(path)
    assert first.claim("a", 60, now=now)
    for file in tmp_path.glob("replay.sqlite*"):
        file.unlink()
    assert second.claim("b", 60, now=now)
    assert not first.claim("b", 60, now=now)


def test_a_redis_that_does_not_answer_is_waited_for_no_longer_than_said(
    tmp_path: Path, missing_peer: Callable[[str], NoReturn]
) -> None:
    if not RedisServer.is_here():
        missing_peer("redis-server")
    server = RedisServer(tmp_path)
    try:
        store = RedisReplayStore.at(server.url, timeout=0.2)
        assert store.claim("a", 60, now=datetime.now(UTC))
        server.pause()
        with pytest.raises(SecurityError, match="cannot be used"):
            store.claim("b", 60, now=datetime.now(UTC))
        server.go_on()
        assert store.claim("c", 60, now=datetime.now(UTC))
        server.stop()
        with pytest.raises(SecurityError, match="cannot be used"):
            store.claim("d", 60, now=datetime.now(UTC))
        server.start()
        assert not store.claim("a", 60, now=datetime.now(UTC))  # it kept what it knew
        assert store.claim("e", 60, now=datetime.now(UTC))
    finally:
        server.stop()


def test_what_is_no_address_of_redis_is_told() -> None:
    with pytest.raises(UsageError, match="no address of a Redis server: 'cache"):
        RedisReplayStore.at("cache.example")
