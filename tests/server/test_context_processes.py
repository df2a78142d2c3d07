"""Security contexts that processes share: what one issues, all of them know; what a store holds tells no secret."""

from __future__ import annotations

import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest

import soapkit
from soapkit.errors import SecurityError, UsageError
from soapkit.security import (
    REQUEST,
    SHARED,
    SIGNER,
    Contexts,
    Conversation,
    Encrypt,
    KeyPair,
    RedisContextStore,
    Require,
    Security,
    SecurityContext,
    SharedKey,
    Sign,
    SqliteContextStore,
    Timestamp,
    TrustStore,
)
from soapkit.security.throwaway import make_authority, make_keypair, write_keys
from soapkit.soap.envelope import Draft
from soapkit.soap.version import SOAP_1_1
from soapkit.transport.urllib3 import Urllib3Transport
from soapkit.transport.values import Request
from tests.soak.redis_server import RedisServer

KEY = bytes(range(32))
NOW = datetime.now(UTC)
PARTS = ["Body", "Timestamp"]


def store_at(place: str, **settings: Any) -> Any:
    settings = {"key": KEY} | settings
    if place.startswith("redis:"):
        return RedisContextStore.at(place, timeout=10, **settings)
    return SqliteContextStore(place, **settings)


@pytest.fixture
def context() -> SecurityContext:
    holder = make_keypair("alice", make_authority(), kind="ec").certificate
    end = datetime.now(UTC) + timedelta(hours=1)
    return SecurityContext(f"urn:{secrets.token_hex(8)}", bytes(32), "", end, "2005/02", holder, "älice", b"<x/>")


def test_a_context_comes_out_of_a_store_as_it_went_in(place: str, context: SecurityContext) -> None:
    Contexts(store=store_at(place)).add(context)
    found = Contexts(store=store_at(place))
    assert found.find(context.identifier, None, NOW) == context
    assert found.find(context.identifier, "", NOW) == context
    assert found.find(context.identifier, "other", NOW) is None
    assert found.find("urn:other" * 200, None, NOW) is None
    assert found.find(context.identifier, None, NOW + timedelta(hours=2)) is None
    found.remove(context.identifier)
    assert Contexts(store=store_at(place)).find(context.identifier, None, NOW) is None


def test_a_renewed_context_is_the_latest_and_the_one_before_lasts_until_its_end(
    place: str, context: SecurityContext
) -> None:
    contexts = Contexts(store=store_at(place))
    renewed = replace(context, instance="2", secret=bytes([7] * 32))
    contexts.add(context)
    contexts.add(renewed)
    assert contexts.find(context.identifier, None, NOW) == renewed
    assert contexts.find(context.identifier, "", NOW) == context
    contexts.remove(context.identifier)
    assert contexts.find(context.identifier, "", NOW) is None


def test_what_is_stored_tells_no_secret(tmp_path: Path, context: SecurityContext) -> None:
    context = replace(context, secret=b"never to be seen at all times...")
    SqliteContextStore(tmp_path / "contexts", key=KEY).put(context)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert context.identifier.encode() in kept
    assert context.secret not in kept
    assert b"alice" not in kept
    assert KEY.hex() not in repr(SqliteContextStore(tmp_path / "contexts", key=KEY))


def test_who_has_another_key_or_moves_what_is_sealed_is_told(place: str, context: SecurityContext) -> None:
    store_at(place).put(context)
    with pytest.raises(SecurityError, match="not sealed under any of our keys"):
        store_at(place, key=bytes(32)).get(context.identifier, None, NOW)
    assert store_at(place, key=[bytes(32), KEY]).get(context.identifier, None, NOW) == context  # a key is replaced


def test_a_context_in_the_place_of_another_is_not_believed(tmp_path: Path, context: SecurityContext) -> None:
    """Who may write to the store gives his own context the name of another's."""
    import sqlite3

    store = SqliteContextStore(tmp_path / "contexts", key=KEY)
    own = replace(context, identifier="urn:mallory", username="mallory")
    store.put(context)
    store.put(own)
    with sqlite3.connect(tmp_path / "contexts") as opened:
        opened.execute("UPDATE contexts SET sealed = (SELECT sealed FROM contexts WHERE identifier = 'urn:mallory')")
    opened.close()
    with pytest.raises(SecurityError, match="not sealed under any of our keys for that name"):
        store.get(context.identifier, None, NOW)


def test_a_store_needs_a_key(tmp_path: Path) -> None:
    for key in (b"", b"secret", [], [KEY, b"short"], "text"):
        with pytest.raises(UsageError, match="32 random bytes"):
            SqliteContextStore(tmp_path / "contexts", key=key)  # type: ignore[arg-type]


def test_what_has_ended_is_forgotten(tmp_path: Path, context: SecurityContext) -> None:
    store = SqliteContextStore(tmp_path / "contexts", key=KEY)
    store.put(context)
    store.add_sent("a", NOW + timedelta(minutes=1))
    assert store.was_sent("a")
    assert store.get("urn:other", None, NOW + timedelta(hours=3)) is None
    assert store.get(context.identifier, None, NOW) is None
    assert not store.was_sent("a")


def test_a_store_that_does_not_answer_refuses(
    tmp_path: Path, context: SecurityContext, missing_peer: Callable[[str], NoReturn]
) -> None:
    if not RedisServer.is_here():
        missing_peer("redis-server")
    server = RedisServer(tmp_path)
    store = RedisContextStore.at(server.url, key=KEY, timeout=0.2)
    store.put(context)
    server.stop()
    for ask in (lambda: store.get(context.identifier, None, NOW), lambda: store.was_sent("a")):
        with pytest.raises(SecurityError, match="the store of security contexts cannot be used"):
            ask()
    contexts = Contexts(store=store)
    settings = Security(inbound=Require(signed=["Body"], contexts=contexts, replay=None))
    assert any("store of security contexts" in told for told in settings.problems(now=NOW))


# --- a conversation with several processes --------------------------------------------------------------------------


def under(contexts: Contexts, bootstrap: Security, to: Any) -> Security:
    return Security(
        outbound=[Timestamp(), SharedKey(to=to), Sign(SHARED, parts=PARTS), Encrypt(to=SHARED)],
        inbound=Require(signed=PARTS, encrypted=["Body"], contexts=contexts),
        conversation=Conversation(contexts, bootstrap, renewal="renew"),
    )


def client_settings(folder: Path) -> Security:
    alice, bank = (KeyPair.load(folder / f"{name}.p12", "secret") for name in ("alice", "bank"))
    required = Require(signed=PARTS, encrypted=["Body"], trust=TrustStore.load(folder / "ca.pem"), key=alice)
    bootstrap = Security(outbound=[Timestamp(), Sign(alice, parts=PARTS), Encrypt(to=bank)], inbound=required)
    contexts = Contexts()
    return under(contexts, bootstrap, contexts)


def service_settings(folder: Path, place: str) -> Security:
    bank = KeyPair.load(folder / "bank.p12", "secret")
    required = Require(signed=PARTS, encrypted=["Body"], trust=TrustStore.load(folder / "ca.pem"), key=bank)
    bootstrap = Security(outbound=[Timestamp(), Sign(bank, parts=PARTS), Encrypt(to=SIGNER)], inbound=required)
    return under(Contexts(store=store_at(place)), bootstrap, REQUEST)


SERVICE = """
import os
import pathlib
import sys
import soapkit
sys.path.insert(0, {root!r})
from tests.server.test_context_processes import service_settings

@soapkit.service("urn:example:ask")
class Asked:
    @soapkit.operation
    def who(self, call: soapkit.Call) -> str:
        return f"{{call.security.signer_name}} {{os.getpid()}}"

app = soapkit.asgi(Asked(), security=service_settings(pathlib.Path("."), pathlib.Path("place").read_text()))
"""


class Apart:
    """A transport that makes a connection for each request, which any of the workers may take."""

    def send(self, request: Request) -> Any:
        transport = Urllib3Transport()
        try:
            return transport.send(request)
        finally:
            transport.close()

    def close(self) -> None:
        pass


@pytest.fixture
def address(tmp_path: Path, root: Path) -> Iterator[str]:
    """A service in two processes that share their contexts."""
    write_keys(tmp_path, ["alice", "bank"], password="secret")
    (tmp_path / "asked.py").write_text(SERVICE.format(root=str(root)), encoding="utf-8")
    (tmp_path / "place").write_text("contexts.sqlite", encoding="utf-8")
    command = [sys.executable, "-m", "soapkit", "serve", "asked:app", "--port", "0", "--workers", "2"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    assert found is not None
    yield found.group()
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=30)
    process.stdout.close()


def test_a_conversation_goes_on_with_whichever_worker_answers(address: str, tmp_path: Path) -> None:
    contract = Apart().send(Request(f"{address}?wsdl", method="GET")).body
    with soapkit.Client.from_wsdl(contract, address, security=client_settings(tmp_path), transport=Apart()) as client:
        answers: list[str] = []
        deadline = time.monotonic() + 120  # which worker takes a connection is the kernel's choice
        while len(answers) < 12 or len({answer.partition(" ")[2] for answer in answers}) < 2:
            assert time.monotonic() < deadline, "one worker alone answers"
            answers.append(client.who())
    assert {answer.partition(" ")[0] for answer in answers} == {"CN=alice"}


def test_an_answer_of_one_process_sent_back_to_another_is_refused(
    place: str, tmp_path: Path, context: SecurityContext
) -> None:
    write_keys(tmp_path, ["bank"], password="secret")
    first, second = (service_settings(tmp_path, place) for _ in range(2))
    plain, context = Draft(SOAP_1_1, "<x/>").to_envelope(), replace(context, token=b"")
    asking = Security(outbound=[Timestamp(), SharedKey(to=context), Sign(SHARED, parts=PARTS), Encrypt(to=SHARED)])
    assert first.inbound.contexts is not None
    first.inbound.contexts.add(context)
    result = first.verify(asking.apply(plain))
    answer = first.apply(plain, request=result)
    for service in (first, second):
        with pytest.raises(SecurityError, match="this signature is our own, sent back to us"):
            service.verify(answer)
