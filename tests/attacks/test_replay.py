"""Replay: a message that was recorded is sent again. It is believed once, for as long as it would pass for fresh.

A signature says nothing of when or how often; Security Considerations of WSS SOAP Message Security 1.1, 13, ask the
receiver to remember. The known mistakes: a memory shorter than the time in which a message is fresh; one memory for
each worker; a look and a note in two steps, between which another worker looks too (CWE-294, CWE-367).
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from soapkit.errors import SecurityError
from soapkit.security import Require, Security, Sign, Timestamp, UsernameToken
from soapkit.security.replay import MemoryReplayStore, RedisReplayStore, SqliteReplayStore
from soapkit.soap.envelope import Envelope
from soapkit.xml.parse import parse_message

ROOT = str(Path(__file__).resolve().parents[2])


def times_believed(security: Security, message: bytes, moments) -> int:
    count = 0
    for now in moments:
        with contextlib.suppress(SecurityError):
            security.verify(Envelope.read(parse_message(message)), now=now)
            count += 1
    return count


@pytest.mark.parametrize("first", [-60, -59, 0, 100, 299, 359, 360])
@pytest.mark.parametrize("kind", ["signature", "nonce"])
def test_a_message_is_believed_once_whenever_it_comes_again(kind, first, plain, keys, now):
    """Each second of the time in which it is fresh, and of the minute after: the memory outlasts the freshness."""
    step = Sign(keys.alice) if kind == "signature" else UsernameToken("ann", "secret", digest=True)
    message = Security(outbound=[Timestamp(ttl=900), step]).apply(plain, now=now).to_bytes()
    wanted = (
        {"trust": keys.trust, "signed": ["Body", "Timestamp"]}
        if kind == "signature"
        else {"username": {"ann": "secret"}}
    )
    moments = [now + timedelta(seconds=first), *(now + timedelta(seconds=second) for second in range(first, 421))]
    for store in (MemoryReplayStore(), None):
        security = Security(inbound=Require(replay=store, **wanted))
        believed = times_believed(security, message, moments)
        assert believed == (1 if store is not None else 362 - first)  # the control: without a memory, each time


def test_another_spelling_of_a_name_does_not_make_a_nonce_a_new_one(plain, now):
    """Directories and databases know a user by a name in any case. A digest (UsernameToken profile 1.1, 3.1) does not
    cover the name: a recorded token with another spelling of it is as right as before (CWE-178, CWE-294)."""
    passwords = {"ann": "secret"}
    security = Security(inbound=Require(username=lambda name: passwords.get(name.casefold())))
    message = Security(outbound=[UsernameToken("ann", "secret", digest=True)]).apply(plain, now=now).to_bytes()
    assert security.verify(Envelope.read(parse_message(message)), now=now).username == "ann"
    again = Envelope.read(parse_message(message.replace(b">ann<", b">Ann<")))
    with pytest.raises(SecurityError, match="nonce repeated"):
        security.verify(again, now=now)


def test_a_message_that_is_refused_takes_nothing_from_the_right_one(plain, keys, now):
    """Who sends a damaged copy first must not keep the right one out."""
    message = Security(outbound=[Timestamp(), Sign(keys.alice)]).apply(plain, now=now).to_bytes()
    security = Security(inbound=Require(signed=["Body", "Timestamp"], trust=keys.trust))
    assert times_believed(security, message.replace(b"DE1", b"DE2"), [now]) == 0
    assert times_believed(security, message, [now, now]) == 1


WORKER = """
import sys
from datetime import datetime
from pathlib import Path
from soapkit.security import Require, Security, TrustStore
from soapkit.security.replay import RedisReplayStore, SqliteReplayStore
from soapkit.soap.envelope import Envelope
from soapkit.xml.parse import parse_message

store, authority, messages, now = sys.argv[1:]
if store.startswith("redis:"):
    import redis
    replay = RedisReplayStore(redis.Redis(port=int(store[6:])))
else:
    replay = SqliteReplayStore(store)
require = Require(signed=["Body", "Timestamp"], trust=TrustStore.load(authority), replay=replay)
security, believed = Security(inbound=require), 0
print("ready", flush=True)
sys.stdin.readline()
for file in sorted(Path(messages).iterdir()):
    try:
        security.verify(Envelope.read(parse_message(file.read_bytes())), now=datetime.fromisoformat(now))
        believed += 1
    except Exception as error:
        assert "seen before" in str(error), error
print(believed)
"""


@pytest.fixture
def redis_server(missing_peer, tmp_path):
    """The port of a Redis server of our own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    try:
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    except FileNotFoundError:
        missing_peer("redis-server (apt-get install redis-server)")
    try:
        _wait_for(port)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=10)


def _wait_for(port: int) -> None:
    import redis

    deadline = time.monotonic() + 20
    with contextlib.closing(redis.Redis(port=port)) as client:
        while True:
            try:
                client.ping()
                return
            except redis.ConnectionError:
                assert time.monotonic() < deadline, "the Redis server did not start"
                time.sleep(0.02)


def believed_by_workers(store: str, plain, keys, now, tmp_path) -> list[int]:
    """How many of twenty messages each of three processes believes, when all get all of them at once."""
    from cryptography.hazmat.primitives.serialization import Encoding

    messages, authority = tmp_path / "messages", tmp_path / "ca.pem"
    messages.mkdir()
    authority.write_bytes(keys.authority.certificate.public_bytes(Encoding.PEM))
    security = Security(outbound=[Timestamp(), Sign(keys.alice)])
    for number in range(20):
        (messages / f"{number:02}.xml").write_bytes(security.apply(plain, now=now).to_bytes())
    command = [sys.executable, "-c", WORKER, store, str(authority), str(messages), now.isoformat()]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    workers = [subprocess.Popen(command, **pipes) for _ in range(3)]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    counts = []
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        out, _ = worker.communicate(timeout=60)
        counts.append(int(out))
    return counts


def test_of_several_processes_with_one_file_one_believes_a_message(plain, keys, now, tmp_path):
    assert sum(believed_by_workers(str(tmp_path / "replay.sqlite"), plain, keys, now, tmp_path)) == 20


def test_of_several_processes_with_one_redis_server_one_believes_a_message(redis_server, plain, keys, now, tmp_path):
    assert sum(believed_by_workers(f"redis:{redis_server}", plain, keys, now, tmp_path)) == 20


def test_redis_forgets_after_its_time_and_holds_a_key_once(redis_server, now):
    import redis

    with contextlib.closing(redis.Redis(port=redis_server)) as client:
        store = RedisReplayStore(client)
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(lambda _: store.claim("a", 1, now=now), range(64))) == 1
        assert 0 < client.pttl("soapkit:replay:a") <= 1000
        deadline = time.monotonic() + 10
        while not store.claim("a", 1, now=now):
            assert time.monotonic() < deadline, "it is held for ever"
            time.sleep(0.05)


def test_a_redis_server_that_is_gone_believes_nothing(plain, keys, now):
    """Fails closed: an attacker who can take the store down must not gain by it (CWE-636)."""
    import redis

    with socket.socket() as taken, contextlib.closing(redis.Redis(port=_closed_port(taken))) as client:
        require = Require(signed=["Body", "Timestamp"], trust=keys.trust, replay=RedisReplayStore(client))
        message = Security(outbound=[Timestamp(), Sign(keys.alice)]).apply(plain, now=now)
        with pytest.raises(SecurityError, match="the replay store cannot be used"):
            Security(inbound=require).verify(message, now=now)


def _closed_port(taken: socket.socket) -> int:
    taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody answers
    return taken.getsockname()[1]


def test_a_file_that_cannot_be_written_believes_nothing(plain, keys, now, tmp_path):
    """As above."""
    store = SqliteReplayStore(tmp_path / "replay.sqlite")
    (tmp_path / "replay.sqlite").write_bytes(b"not a database" * 100)
    message = Security(outbound=[Timestamp(), Sign(keys.alice)]).apply(plain, now=now)
    with pytest.raises(SecurityError, match="cannot be used"):
        Security(inbound=Require(signed=["Body", "Timestamp"], trust=keys.trust, replay=store)).verify(message, now=now)
