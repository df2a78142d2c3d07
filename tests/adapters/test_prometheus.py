"""Metrics of Prometheus: how many calls, how they ended, how long they took, how many now."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

import soapkit
from soapkit.adapters.prometheus import Metrics
from soapkit.errors import UsageError
from soapkit.server.wsgi import Wsgi
from soapkit.testing import loopback
from soapkit.transport.values import Headers, Request


@soapkit.service("urn:echo", name="Echo")
class Echo:
    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics

    @soapkit.operation
    def echo(self, text: str) -> str:
        return text

    @soapkit.operation
    def broken(self, text: str) -> str:
        raise KeyError(text)

    @soapkit.operation
    def now(self) -> int:
        (found,) = re.findall(rb'soapkit_server_calls_in_flight\{service="Echo"\} (\d+)', self.metrics.page()[1])
        return int(found)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(path="/metrics", registry=CollectorRegistry())


def client_of(app: Any, **settings: Any) -> Any:
    contract = loopback(app).send(Request("http://echo/?wsdl", b"", method="GET")).body
    return soapkit.Client.from_wsdl(contract, transport=loopback(app), address="http://echo/", **settings)


def asked(app: Any, path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    """What an application answers, as its server would see it."""
    if isinstance(app, Wsgi):
        began: list[Any] = []
        environ = {"REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": ""}
        body = b"".join(app(environ, lambda *told: began.extend(told)))
        return int(began[0][:3]), {name.lower(): value for name, value in began[1]}, body
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": []}
    asyncio.run(app(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, sent[1]["body"]


def lines(app: Any, path: str = "/metrics") -> list[str]:
    status, headers, body = asked(app, path)
    assert status == 200
    assert headers["content-type"].startswith("text/plain; version=")
    assert headers["cache-control"] == "no-store"
    return body.decode().splitlines()


@pytest.mark.parametrize("host", [soapkit.asgi, soapkit.wsgi])
def test_calls_are_counted_by_operation_and_outcome(host: Any, metrics: Metrics) -> None:
    app = host(Echo(metrics), observers=[metrics])
    client = client_of(app, observers=[metrics])
    client.echo(text="a")
    client.echo(text="b")
    with pytest.raises(soapkit.Fault):
        client.broken(text="c")
    loopback(app).send(Request("http://echo/", b"<a", Headers({"Content-Type": "text/xml"})))
    told = lines(app)
    assert 'soapkit_server_calls_total{operation="echo",outcome="ok",service="Echo"} 2.0' in told
    assert 'soapkit_server_calls_total{operation="broken",outcome="KeyError",service="Echo"} 1.0' in told
    assert 'soapkit_server_calls_total{operation="",outcome="XmlError",service="Echo"} 1.0' in told
    assert 'soapkit_client_calls_total{operation="broken",outcome="Receiver",service="Echo"} 1.0' in told
    assert 'soapkit_server_call_seconds_count{operation="echo",service="Echo"} 2.0' in told
    assert 'soapkit_server_call_seconds_bucket{le="+Inf",operation="echo",service="Echo"} 2.0' in told
    assert 'soapkit_server_calls_in_flight{service="Echo"} 0.0' in told


def test_calls_in_flight_are_those_that_are_served_now(metrics: Metrics) -> None:
    assert client_of(soapkit.asgi(Echo(metrics), observers=[metrics])).now() == 1


def test_an_operation_that_nobody_knows_makes_no_label(metrics: Metrics) -> None:
    app = soapkit.asgi(Echo(metrics), observers=[metrics])
    soap = "http://schemas.xmlsoap.org/soap/envelope/"
    for number in range(3):
        body = f"<s:Envelope xmlns:s='{soap}'><s:Body><x{number}/></s:Body></s:Envelope>"
        loopback(app).send(Request("http://echo/", body.encode(), Headers({"Content-Type": "text/xml"})))
    told = "\n".join(lines(app))
    assert "x1" not in told
    assert 'operation="",outcome="Sender",service="Echo"} 3.0' in told


@pytest.mark.parametrize("host", [soapkit.asgi, soapkit.wsgi])
def test_the_page_stands_beside_the_service_and_the_probes(host: Any, metrics: Metrics) -> None:
    app = host({"/a": Echo(metrics), "/b": Echo(metrics)}, observers=[metrics], health=True)
    assert lines(app, "/metrics")
    assert asked(app, "/healthz")[0] == 200
    assert lines(app, "/a/metrics")
    status, headers, _ = asked(app, "/metrics", "POST")
    assert (status, headers["allow"]) == (405, "GET, HEAD")


def test_there_is_no_page_unless_it_is_asked_for() -> None:
    metrics = Metrics(registry=CollectorRegistry())
    app = soapkit.asgi({"/a": Echo(metrics)}, observers=[metrics])
    assert asked(app, "/metrics")[0] == 404


def test_a_path_that_is_none_is_refused() -> None:
    metrics = Metrics(path="metrics", registry=CollectorRegistry())
    with pytest.raises(UsageError, match="starts with a slash"):
        soapkit.asgi(Echo(metrics), observers=[metrics])


PROGRAM = """
import os, sys
import soapkit
from soapkit.adapters.prometheus import Metrics
from soapkit.server.wsgi import Wsgi
from soapkit.testing import loopback
from soapkit.transport.values import Headers, Request

@soapkit.service("urn:echo", name="Echo")
class Echo:
    @soapkit.operation
    def echo(self, text: str) -> str:
        return text

metrics = Metrics(path="/metrics")
app = soapkit.wsgi(Echo(), observers=[metrics])
body = (b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><e:echo xmlns:e="urn:echo">'
        b'<e:text>a</e:text></e:echo></s:Body></s:Envelope>')
for worker in range(2):
    if os.fork() == 0:
        loopback(app).send(Request("http://e/", body, Headers({"Content-Type": "text/xml"})))
        os._exit(0)
    os.wait()
print(metrics.page()[1].decode())
"""


def test_several_processes_tell_their_numbers_together(tmp_path: Path) -> None:
    environment = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PYTHONPATH": ":".join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment, check=True)
    assert 'soapkit_server_calls_total{operation="echo",outcome="ok",service="Echo"} 2.0' in done.stdout


def test_the_sample_is_one_trace_and_counts_both_sides(root: Path) -> None:
    done = subprocess.run([sys.executable, str(root / "samples" / "observed.py")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len({line.partition(" in trace ")[2] for line in done.stdout.splitlines() if " in trace " in line}) == 1
    assert "SERVER Clock/now" in done.stdout
    assert "INFO called now of Clock in " in done.stderr
    for side in ("server", "client"):
        assert f'soapkit_{side}_calls_total{{operation="now",outcome="ok",service="Clock"}} 1.0' in done.stdout
