"""The configurations of samples/deploy: servers start from them and serve; the other files say what they must."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import pytest
from lxml import etree

import soapkit
from soapkit.server.health import LIVE, READY
from tests.soak.redis_server import free_port

DEPLOY = Path(__file__).resolve().parents[2] / "samples" / "deploy"


def settings(file: str) -> dict[str, str]:
    """The variables of an environment file, as a shell would set them."""
    lines = (DEPLOY / file).read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def gunicorn(port: int) -> tuple[list[str], dict[str, str]]:
    return ["gunicorn", "--config", str(DEPLOY / "gunicorn.conf.py"), "--bind", f"127.0.0.1:{port}"], {}


def uvicorn(port: int) -> tuple[list[str], dict[str, str]]:
    return ["uvicorn", "app:app"], {**settings("uvicorn.env"), "UVICORN_PORT": str(port)}


def granian(port: int) -> tuple[list[str], dict[str, str]]:
    # A worker that is told to stop while it starts is stopped by nothing else than this.
    ours = {"GRANIAN_PORT": str(port), "GRANIAN_WORKERS_KILL_TIMEOUT": "5"}
    return ["granian", "granian_app:app"], {**settings("granian.env"), **ours}


def docker(port: int) -> tuple[list[str], dict[str, str]]:
    """What a container of the image runs."""
    command = json.loads(re.findall(r"^CMD (\[.+\])$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)[0])
    command[command.index("8000")] = str(port)
    return ["soapkit", *command[1:]], {}


Server = Callable[[int], tuple[list[str], dict[str, str]]]
SERVERS = [gunicorn, uvicorn, granian, docker]


@pytest.fixture
def started(missing_peer: Callable[[str], NoReturn], tmp_path: Path) -> Iterator[Callable[..., tuple[str, Any]]]:
    """A function that starts a server from its configuration, and gives its address and process."""
    running: list[subprocess.Popen[bytes]] = []

    def start(server: Server, **environment: str) -> tuple[str, Any]:
        port = free_port()
        command, variables = server(port)
        if importlib.util.find_spec(command[0].partition(".")[0]) is None:
            missing_peer(command[0])
        log = tmp_path / "log"
        with log.open("wb") as told:
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=DEPLOY,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **variables, **environment},
                stdout=told,
                stderr=told,
            )
        running.append(process)
        address, deadline = f"http://127.0.0.1:{port}/", time.monotonic() + 60
        while get(address + "healthz")[0] != 200:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        return address, process

    yield start
    for process in running:
        process.terminate()
        process.wait(timeout=40)


def get(address: str, **fields: str) -> tuple[int, bytes]:
    url = urlsplit(address)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=20)
    try:
        connection.putrequest("GET", f"{url.path}?{url.query}" if url.query else url.path, skip_host="host" in fields)
        for name, value in fields.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, response.read()
    except OSError:
        return 0, b""
    finally:
        connection.close()


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.__name__)
def test_a_server_serves_from_its_configuration(server: Server, started: Callable[..., tuple[str, Any]]) -> None:
    address, process = started(server, LEDGER=f"127.0.0.1:{free_port()}")
    with soapkit.Client.from_wsdl(address + "?wsdl", timeout=20) as client:
        assert client.now(zone="Europe/Vienna").tzinfo is not None
    assert get(address + "readyz") == (503, b'{"ready": false, "checks": {"ledger": "failed"}}\n')
    if server is not docker:  # behind nginx: what it says of the caller's address is believed
        said = {"host": "bank.example", "X_Forwarded_Proto": "https", "X_Forwarded_For": "198.51.100.7"}
        status, wsdl = get(address + "?wsdl", **said)
        assert status == 200
        assert {element.get("location") for element in etree.fromstring(wsdl).iter("{*}address")} == {
            "https://bank.example/"
        }
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=40) in (0, -signal.SIGTERM)


# --- nginx --------------------------------------------------------------------------------------------------------


def test_nginx_tells_the_service_only_what_nginx_itself_knows() -> None:
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    said = dict(re.findall(r"proxy_set_header (\S+) (\S+);", text))
    for name in ("X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix", "Forwarded"):
        assert said[name] == '""'  # else it is handed on as the caller wrote it
    assert said["Host"] == "$host"
    assert said["X-Forwarded-Proto"] == "$scheme"
    assert said["X-Forwarded-For"] == "$remote_addr"  # $proxy_add_x_forwarded_for would pass on what the caller wrote
    assert "proxy_next_upstream off;" in text


# --- containers ---------------------------------------------------------------------------------------------------


def manifests() -> dict[str, dict[str, Any]]:
    import yaml

    documents = yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8"))
    return {document["kind"]: document for document in documents}


@pytest.fixture
def pod(missing_peer: Callable[[str], NoReturn]) -> dict[str, Any]:
    if importlib.util.find_spec("yaml") is None:
        missing_peer("PyYAML")
    template: dict[str, Any] = manifests()["Deployment"]["spec"]["template"]
    return template


def test_probes_ask_for_what_the_service_answers(pod: dict[str, Any]) -> None:
    container = pod["spec"]["containers"][0]
    asked = {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert {name: each["path"] for name, each in asked.items()} == {
        "startup": LIVE,
        "liveness": LIVE,
        "readiness": READY,
    }
    (port,) = container["ports"]
    assert {each["port"] for each in asked.values()} == {port["name"]}
    assert str(port["containerPort"]) == container["args"][container["args"].index("--port") + 1]


def test_a_pod_has_time_to_finish(pod: dict[str, Any]) -> None:
    container = pod["spec"]["containers"][0]
    drain = int(container["args"][container["args"].index("--drain") + 1])
    sleep = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["spec"]["terminationGracePeriodSeconds"] > drain + sleep


def test_the_readiness_probe_waits_longer_than_the_checks(pod: dict[str, Any]) -> None:
    from soapkit.server.health import Health

    assert pod["spec"]["containers"][0]["readinessProbe"]["timeoutSeconds"] > Health().seconds


def test_what_belongs_together_is_labelled_so(pod: dict[str, Any]) -> None:
    found, labels = manifests(), pod["metadata"]["labels"]
    assert found["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert found["Service"]["spec"]["selector"] == labels
    assert found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels


def test_the_image_runs_what_the_manifest_says_without_rights(pod: dict[str, Any]) -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    command = json.loads(re.findall(r"^CMD (\[.+\])$", text, re.MULTILINE)[0])
    assert command == pod["spec"]["containers"][0]["args"]
    assert f"USER {pod['spec']['securityContext']['runAsUser']}:" in text
    for copied in re.findall(r"^COPY (\S+) ", text, re.MULTILINE):
        assert (DEPLOY / copied).is_file()
    for command in re.findall(r"^(?:CMD|HEALTHCHECK .*CMD) (\[.+\])$", text, re.MULTILINE):
        assert all(isinstance(word, str) for word in json.loads(command))
