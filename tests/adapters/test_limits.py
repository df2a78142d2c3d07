"""Rate limits, in memory and in a real Redis: who calls too often is told when to come again."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

import soapkit
from soapkit.adapters.limits import BlockingRateLimit, RateLimit, address_of
from soapkit.errors import UsageError
from soapkit.exchange.loops import wait_for
from soapkit.server.http import HttpRequest
from soapkit.server.wsgi import Wsgi
from soapkit.xml.names import SOAP11, SOAP12
from tests.soak.redis_server import RedisServer


@soapkit.service("urn:echo", name="Echo")
class Echo:
    @soapkit.operation
    def echo(self, text: str) -> str:
        return text


KINDS: list[Any] = [
    pytest.param(soapkit.asgi, RateLimit, id="asgi"),
    pytest.param(soapkit.wsgi, RateLimit, id="wsgi-async"),
    pytest.param(soapkit.wsgi, BlockingRateLimit, id="wsgi"),
]


@pytest.fixture(scope="module")
def redis_server(
    tmp_path_factory: pytest.TempPathFactory, missing_peer: Callable[[str], NoReturn]
) -> Iterator[RedisServer]:
    if not RedisServer.is_here():
        missing_peer("redis-server")
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture(params=["memory", "redis"])
def storage(request: pytest.FixtureRequest) -> str:
    if request.param == "memory":
        return "memory://"
    server: RedisServer = request.getfixturevalue("redis_server")
    return f"{server.url[:-2]}/{request.param_index}"


def body(soap: str = SOAP11) -> bytes:
    inner = "<e:echo xmlns:e='urn:echo'><e:text>a</e:text></e:echo>"
    return f"<s:Envelope xmlns:s='{soap}'><s:Body>{inner}</s:Body></s:Envelope>".encode()


async def asked(app: Any, client: str = "192.0.2.1", soap: str = SOAP11) -> tuple[int, str, bytes]:
    """Status, Retry-After and body of what an application answers."""
    media_type = b"text/xml" if soap == SOAP11 else b"application/soap+xml"
    if isinstance(app, Wsgi):
        return await asyncio.to_thread(_asked_blocking, app, client, media_type.decode(), soap)
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body(soap)}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", media_type)]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": b"",
        "headers": headers,
        "client": (client, 1),
    }
    await app(scope, receive, send)
    told = dict(sent[0]["headers"])
    return sent[0]["status"], told.get(b"retry-after", b"").decode(), sent[1]["body"]


def _asked_blocking(app: Any, client: str, media_type: str, soap: str) -> tuple[int, str, bytes]:
    import io

    began: list[Any] = []
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "CONTENT_TYPE": media_type,
        "CONTENT_LENGTH": str(len(body(soap))),
        "wsgi.input": io.BytesIO(body(soap)),
        "REMOTE_ADDR": client,
    }
    content = b"".join(app(environ, lambda *told: began.extend(told)))
    return int(began[0][:3]), dict(began[1]).get("Retry-After", ""), content


async def close(app: Any) -> None:
    """Close the connections of its limits, each where it was opened."""
    for limit in app.endpoints[""].serving.interceptors.steps:
        if isinstance(limit, BlockingRateLimit):
            limit.close()
        elif isinstance(app, Wsgi):
            await asyncio.to_thread(wait_for, limit.aclose())
        else:
            await limit.aclose()


def many(app: Any, *clients: str, **more: Any) -> list[tuple[int, str, bytes]]:
    async def all_of_them() -> list[tuple[int, str, bytes]]:
        answers = [await asked(app, client, **more) for client in clients]
        await close(app)
        return answers

    return asyncio.run(all_of_them())


@pytest.mark.parametrize("host, kind", KINDS)
def test_who_calls_too_often_is_told_when_to_come_again(host: Any, kind: Any, storage: str) -> None:
    limit = kind("2/minute", storage=storage, by=lambda call: f"{host}{kind}{call.http.client}")
    app = host(Echo(), interceptors=[limit])
    answers = many(app, "192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2")
    assert [status for status, _, _ in answers] == [200, 200, 429, 200]
    _, again, fault = answers[2]
    assert 1 <= int(again) <= 60
    assert b"<faultcode>soap:Server</faultcode>" in fault
    assert b"too many requests" in fault


def test_the_fault_is_in_the_version_of_the_request_and_may_come_with_503() -> None:
    app = soapkit.asgi(Echo(), interceptors=[RateLimit("1/hour", status=503)])
    _, (status, _, fault) = many(app, "192.0.2.1", "192.0.2.1", soap=SOAP12)
    assert status == 503
    assert SOAP12.encode() in fault
    assert b"soap:Receiver" in fault


def test_all_rates_must_be_kept() -> None:
    app = soapkit.asgi(Echo(), interceptors=[RateLimit("100/second; 2/hour")])
    answers = many(app, *["192.0.2.1"] * 3)
    assert [status for status, _, _ in answers] == [200, 200, 429]
    assert int(answers[2][1]) > 60


def test_calls_that_count_for_nobody_are_not_counted() -> None:
    app = soapkit.asgi(Echo(), interceptors=[RateLimit("1/hour", by=lambda call: None)])
    assert {status for status, _, _ in many(app, *["192.0.2.1"] * 5)} == {200}


ADDRESSES = [
    ("192.0.2.1", "192.0.2.1"),
    ("::ffff:192.0.2.1", "192.0.2.1"),
    ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
    ("", ""),
    ("unix:socket", "unix:socket"),
]


@pytest.mark.parametrize("client, whom", ADDRESSES)
def test_one_caller_has_a_network_of_ipv6(client: str, whom: str) -> None:
    class Asked:
        http = HttpRequest("POST", "/", client=client)

    assert address_of(Asked()) == whom  # type: ignore[arg-type]


WRONG = [
    (("often",), {}, "'often' is no rate"),
    (("1/minute",), {"status": 200}, "429 or 503, not 200"),
    (("1/minute",), {"storage": "memcached://hunter2@host"}, "not at memcached:$"),
]


@pytest.mark.parametrize("kind", [RateLimit, BlockingRateLimit])
@pytest.mark.parametrize("arguments, settings, told", WRONG)
def test_settings_that_make_no_sense_are_refused(kind: Any, arguments: Any, settings: Any, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        kind(*arguments, **settings)


@pytest.mark.parametrize("host, kind", KINDS)
def test_a_redis_that_is_gone_refuses_unless_said_and_comes_back(
    host: Any,
    kind: Any,
    tmp_path: Path,
    missing_peer: Callable[[str], NoReturn],
    caplog: pytest.LogCaptureFixture,
) -> None:
    if not RedisServer.is_here():
        missing_peer("redis-server")
    server = RedisServer(tmp_path)
    strict = host(Echo(), interceptors=[kind("5/hour", storage=server.url)])
    loose = host(Echo(), interceptors=[kind("5/hour", storage=server.url, serve_without_storage=True)])

    async def told(app: Any) -> tuple[int, str]:
        status, again, _ = await asked(app)
        return status, again

    async def story() -> list[tuple[int, str]]:
        found = [await told(strict)]
        server.stop()
        found += [await told(strict), await told(loose)]
        server.start()
        found.append(await told(strict))
        server.stop()
        server.start()  # between two calls: the connection that is kept is broken
        found.append(await told(strict))
        await close(strict)
        await close(loose)
        return found

    try:
        assert asyncio.run(story()) == [(200, ""), (503, "1"), (200, ""), (200, ""), (200, "")]
    finally:
        server.stop()
    assert "rates cannot be counted (ConnectionError): refused" in caplog.text
    assert "served all the same" in caplog.text


def test_a_redis_that_hangs_is_waited_for_a_second(
    tmp_path: Path, missing_peer: Callable[[str], NoReturn], caplog: pytest.LogCaptureFixture
) -> None:
    if not RedisServer.is_here():
        missing_peer("redis-server")
    server = RedisServer(tmp_path)
    app = soapkit.asgi(Echo(), interceptors=[RateLimit("5/hour", storage=server.url)], handler_seconds=20)

    async def story() -> list[int]:
        first, _, _ = await asked(app)
        server.pause()
        second, _, _ = await asked(app)
        await close(app)
        return [first, second]

    try:
        assert asyncio.run(story()) == [200, 503]
    finally:
        server.go_on()
        server.stop()
    assert "TimeoutError" in caplog.text


PROGRAM = """
import asyncio, sys
sys.path.insert(0, sys.argv[2])
import soapkit
from soapkit.adapters.limits import RateLimit
from tests.adapters.test_limits import Echo, many

app = soapkit.asgi(Echo(), interceptors=[RateLimit("30/hour", storage=sys.argv[1], by=lambda call: "all")])
print(sum(status == 200 for status, _, _ in many(app, *["192.0.2.1"] * 20)))
"""


def test_processes_count_together_in_redis(redis_server: RedisServer, root: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, redis_server.url, str(root)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert sum(int(process.communicate(timeout=60)[0]) for process in processes) == 30


def test_nothing_that_can_be_read_is_kept_in_redis(redis_server: RedisServer) -> None:
    from redis import Redis

    limit = RateLimit("5/hour", storage=redis_server.url, by=lambda call: "ada@hunter2.example")
    many(soapkit.asgi(Echo(), interceptors=[limit]), "192.0.2.1")
    with Redis.from_url(redis_server.url) as redis:
        keys = [key.decode() for key in redis.keys("*")]
    assert keys
    assert not [key for key in keys if "hunter2" in key]


def test_the_log_says_who_and_which_operation(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    many(soapkit.asgi(Echo(), interceptors=[RateLimit("1/hour")]), "192.0.2.1", "192.0.2.1")
    (record,) = caplog.records
    assert record.getMessage() == "192.0.2.1 calls more often than 1 per 1 hour"
    assert vars(record)["soap_operation"] == "echo"
