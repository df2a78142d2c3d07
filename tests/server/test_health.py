"""/healthz and /readyz: what they answer, in any host, and what they keep to themselves."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import soapkit
from soapkit.errors import SecurityError
from soapkit.exchange.flow import run
from soapkit.security import Encrypt, Require, Security, Sign, TrustStore
from soapkit.security.replay import SqliteReplayStore
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.server.health import Health, Probes
from soapkit.server.http import HttpRequest

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@soapkit.service("urn:echo")
class Echo:
    @soapkit.operation
    def echo(self, text: str) -> str:
        return text


def under_asgi(application: Any, path: str, method: str = "GET", **scope: str) -> tuple[int, dict[str, str], bytes]:
    """What an ASGI application answers, without a server."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    whole = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": [], **scope}
    asyncio.run(application(whole, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(message["body"] for message in sent[1:])


def under_wsgi(application: Any, path: str, method: str = "GET", **_: str) -> tuple[int, dict[str, str], bytes]:
    """What a WSGI application answers, without a server."""
    began: list[Any] = []
    environ = {"REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": ""}
    body = b"".join(application(environ, lambda status, headers: began.append((status, headers))))
    status, headers = began[0]
    return int(status[:3]), {name.lower(): value for name, value in headers}, body


HOSTS = [
    pytest.param(soapkit.asgi, under_asgi, id="asgi"),
    pytest.param(soapkit.wsgi, under_wsgi, id="wsgi"),
]


@pytest.mark.parametrize(("host", "ask"), HOSTS)
def test_probes_answer_beside_the_service_where_they_are_asked_for(host: Any, ask: Any) -> None:
    application = host(Echo(), health=True)
    assert (ask(application, "/healthz")[0], json.loads(ask(application, "/healthz")[2])) == (200, {"live": True})
    status, headers, body = ask(application, "/readyz")
    assert (status, json.loads(body)) == (200, {"ready": True, "checks": {}})
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("host", "ask"), HOSTS)
def test_without_being_asked_for_they_are_paths_like_any_other(host: Any, ask: Any) -> None:
    assert ask(host({"echo": Echo()}), "/healthz")[0] == 404


@pytest.mark.parametrize(("host", "ask"), HOSTS)
def test_a_check_that_fails_makes_it_unready_and_its_reason_goes_to_the_log_alone(
    host: Any, ask: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def ledger() -> None:
        raise ConnectionError("no route to ledger.internal:5432 as admin")

    application = host(Echo(), health=Health(checks={"ledger": ledger, "queue": lambda: True}))
    with caplog.at_level(logging.WARNING, logger="soapkit.server"):
        status, _, body = ask(application, "/readyz")
    assert (status, json.loads(body)) == (503, {"ready": False, "checks": {"ledger": "failed", "queue": "ok"}})
    assert "not ready, ledger: no route to ledger.internal:5432 as admin" in caplog.text
    assert ask(application, "/healthz")[0] == 200  # a restart would not bring the database back


def test_a_check_may_return_false_and_be_async() -> None:
    async def queue() -> bool:
        return False

    status, _, body = under_asgi(soapkit.asgi(Echo(), health=Health(checks={"queue": queue})), "/readyz")
    assert (status, json.loads(body)["checks"]) == (503, {"queue": "failed"})


def test_a_check_that_hangs_has_failed() -> None:
    gate = threading.Event()
    application = soapkit.asgi(Echo(), health=Health(checks={"disk": lambda: gate.wait(20)}, seconds=0.1))
    status, _, body = under_asgi(application, "/readyz")
    gate.set()
    assert (status, json.loads(body)["checks"]) == (503, {"disk": "failed"})


@pytest.mark.parametrize(("host", "ask"), HOSTS)
def test_probes_are_read_only(host: Any, ask: Any) -> None:
    application = host(Echo(), health=True)
    status, headers, _ = ask(application, "/readyz", "POST")
    assert (status, headers["allow"]) == (405, "GET, HEAD")
    assert ask(application, "/readyz", "HEAD")[2] == b""


def test_probes_answer_where_the_application_is_mounted() -> None:
    application = soapkit.asgi({"echo": Echo()}, health=True)
    assert under_asgi(application, "/soap/healthz", root_path="/soap")[0] == 200


@pytest.mark.parametrize(("host", "ask"), HOSTS)
def test_a_process_with_all_hands_full_still_lives(host: Any, ask: Any) -> None:
    application = host(Echo(), health=True, in_flight=0)
    assert ask(application, "/healthz")[0] == 200


def test_an_answer_serves_again_for_a_while() -> None:
    asked, seconds = [], [100.0]
    probes = Probes(Health(checks={"ledger": lambda: asked.append(1)}, keep=2), clock=lambda: seconds[0])
    for passing in (0, 1, 1.5, 1):  # at 100, 101, 102.5 (the answer of 100 is stale), 103.5
        seconds[0] += passing
        assert run(probes.respond(HttpRequest("GET", "/readyz"))).status == 200
    assert len(asked) == 2


# --- security -----------------------------------------------------------------------------------------------------


class Broken:
    def claim(self, key: str, ttl: int, *, now: datetime) -> bool:
        raise SecurityError("the replay store cannot be used: connection refused")


def ready(security: Security, now: datetime = NOW) -> int:
    return run(Probes(Health(), security, now=lambda: now).respond(HttpRequest("GET", "/readyz"))).status


def test_a_replay_store_that_does_not_answer_makes_it_unready(tmp_path: Path) -> None:
    assert ready(Security(inbound=Require(replay=Broken()))) == 503
    assert ready(Security(inbound=Require(replay=SqliteReplayStore(tmp_path / "replay.db")))) == 200
    assert ready(Security(inbound=Require(replay=None))) == 200


def test_a_replay_file_that_was_deleted_with_its_folder_makes_it_unready(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    store = SqliteReplayStore(folder / "replay.db")
    (folder / "replay.db").unlink()
    folder.rmdir()
    assert ready(Security(inbound=Require(replay=store))) == 503


def test_our_own_certificates_must_be_valid_for_another_day() -> None:
    authority = make_authority("Test CA")
    key = make_keypair("bank", authority)
    expires = key.certificate.not_valid_after_utc
    for security in (
        Security(outbound=[Sign(key)]),
        Security(outbound=[Encrypt(to=key)]),
        Security(inbound=Require(signed=["Body"], trust=TrustStore([authority.certificate]), key=key)),
    ):
        assert ready(security, expires - timedelta(hours=25)) == 200
        assert ready(security, expires - timedelta(hours=23)) == 503


def test_what_expires_is_named_once() -> None:
    key = make_keypair("bank", make_authority("Test CA"))
    security = Security(outbound=[Sign(key), Encrypt(to=key)])
    expires = key.certificate.not_valid_after_utc
    problems = security.problems(now=expires, margin=timedelta())
    assert problems == (f"the certificate of CN=bank expires at {expires:%Y-%m-%d %H:%M} UTC",)


def test_a_security_of_somebody_elses_need_not_know_of_probes() -> None:
    class Other:
        apply = verify = None

    assert run(Probes(Health(), Other()).respond(HttpRequest("GET", "/readyz"))).status == 200
