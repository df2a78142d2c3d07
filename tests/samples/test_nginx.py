"""samples/deploy/nginx.conf under a real nginx: the address in the contract, certificates, what it keeps away."""

from __future__ import annotations

import getpass
import grp
import http.client
import os
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import pytest
from lxml import etree

from soapkit.security.throwaway import write_keys
from tests.soak.redis_server import free_port

DEPLOY = Path(__file__).resolve().parents[2] / "samples" / "deploy"
SERVICE = """
import soapkit
from soapkit.server.certificates import CertificateHeader

@soapkit.service("urn:example:who")
class Who:
    @soapkit.operation
    def am_i(self, call: soapkit.Call) -> str:
        return call.client_certificate.subject if call.client_certificate is not None else "nobody"

header = CertificateHeader("X-Client-Cert", proxies=["127.0.0.1", "unix"])
app = soapkit.asgi(Who(), certificate_header=header, health=True)
application = soapkit.wsgi(Who(), certificate_header=header, health=True)
"""
MESSAGE = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><am_i xmlns="urn:example:who"/></s:Body>'
    b"</s:Envelope>"
)
ASKED = "# ssl_client_certificate /etc/soap/partners.pem;", "# ssl_verify_client on;"


class Behind:
    """Where nginx and the service behind it stand: with keys of the server, of alice, of a stranger."""

    def __init__(self, folder: Path, server: str) -> None:
        self.folder, self.server, self.port = folder, server, free_port()
        write_keys(folder, ["bank", "alice"])
        write_keys(folder / "other", ["mallory"])
        (folder / "partners.pem").write_bytes((folder / "ca.pem").read_bytes())
        (folder / "who.py").write_text(SERVICE, encoding="utf-8")
        inner = free_port()
        bind = f"127.0.0.1:{inner}" if server == "gunicorn" else f"unix:{folder}/soap"
        text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8").replace("/etc/soap", str(folder))
        for line in ASKED:
            line = line.replace("/etc/soap", str(folder))
            assert line in text
            text = text.replace(line, line.removeprefix("# "))
        text = text.replace("127.0.0.1:8000", bind).replace("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl")
        if server == "uvicorn":  # as "Know callers by their client certificates" says
            text = text.replace("proxy_set_header X-Forwarded-For $remote_addr;", "")
        logs = "".join(
            f"{one}_temp_path {folder}/{one};" for one in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        text = text.replace("http {", f"http {{ access_log off; {logs}", 1)
        (folder / "nginx.conf").write_text(
            f"{self._user}pid {folder}/pid; daemon off; error_log stderr;\n{text}", encoding="utf-8"
        )
        self.commands = {
            "gunicorn": [sys.executable, "-m", "gunicorn", "--bind", bind, "--forwarded-allow-ips", "127.0.0.1"],
            "uvicorn": [sys.executable, "-m", "uvicorn", "--uds", f"{folder}/soap", "--forwarded-allow-ips", "*"],
        }
        self.application = {"gunicorn": "who:application", "uvicorn": "who:app"}

    @property
    def _user(self) -> str:
        """Nobody else than who runs the tests can read what they write."""
        return f"user {getpass.getuser()} {grp.getgrgid(os.getgid()).gr_name}; " if os.geteuid() == 0 else ""

    def start(self) -> Iterator[None]:
        command = [*self.commands[self.server], self.application[self.server]]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        log = self.folder / "log"
        with log.open("wb") as told, ExitStack() as running:
            processes = [
                subprocess.Popen(one, cwd=self.folder, env=environment, stdout=told, stderr=told)
                for one in (command, ["nginx", "-c", str(self.folder / "nginx.conf"), "-e", "stderr"])
            ]
            for process in processes:
                running.callback(process.wait, timeout=40)
                running.callback(process.terminate)
            deadline = time.monotonic() + 60
            while self.get("/?wsdl")[0] != 200:
                assert all(one.poll() is None for one in processes), log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            yield

    def get(self, path: str, who: str | None = "alice", **fields: str) -> tuple[int, bytes]:
        """What nginx answers to somebody, who writes these header fields."""
        return self._asked("GET", path, None, who, fields)

    def am_i(self, who: str | None, **fields: str) -> tuple[int, bytes]:
        """What the operation answers to somebody."""
        return self._asked("POST", "/", MESSAGE, who, {"Content-Type": "text/xml", **fields})

    def _asked(
        self, method: str, path: str, body: bytes | None, who: str | None, fields: dict[str, str]
    ) -> tuple[int, bytes]:
        context = ssl.create_default_context(cafile=self.folder / "ca.pem")
        context.check_hostname = False
        if who is not None:
            context.load_cert_chain(self.folder / f"{who}.pem", self.folder / f"{who}.key")
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=20)
        try:
            connection.request(method, path, body, headers={"Host": "bank.example", **fields})
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()


@pytest.fixture(scope="module", params=["gunicorn", "uvicorn"])
def behind(
    request: pytest.FixtureRequest, missing_peer: Callable[[str], NoReturn], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Behind]:
    if shutil.which("nginx") is None:
        missing_peer("nginx (apt-get install nginx)")
    found = Behind(tmp_path_factory.mktemp("nginx"), request.param)
    for _ in found.start():
        yield found


def test_nginx_can_read_its_configuration(behind: Behind) -> None:
    subprocess.run(["nginx", "-t", "-c", behind.folder / "nginx.conf"], check=True, capture_output=True)


def test_the_contract_has_the_address_that_the_caller_used(behind: Behind) -> None:
    status, wsdl = behind.get("/?wsdl", **{"X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example"})
    assert status == 200
    addresses = {str(one.get("location")) for one in etree.fromstring(wsdl).iter("{*}address")}
    assert addresses == {"https://bank.example/"}


def test_a_handler_sees_the_certificate_of_the_caller(behind: Behind) -> None:
    status, answer = behind.am_i("alice")
    assert (status, b">CN=alice<" in answer) == (200, True)


def test_what_a_caller_writes_of_a_certificate_is_not_passed_on(behind: Behind) -> None:
    forged = "".join((behind.folder / "bank.pem").read_text().split("-----")[2].split())
    status, answer = behind.am_i("alice", **{"X-Client-Cert": forged})
    assert (status, b">CN=alice<" in answer) == (200, True)


@pytest.mark.parametrize("who", [None, "other/mallory"])
def test_a_caller_without_a_certificate_of_the_partners_is_not_served(who: str | None, behind: Behind) -> None:
    assert behind.am_i(who)[0] == 400


def test_probes_are_not_for_callers(behind: Behind) -> None:
    assert [behind.get(f"/{one}")[0] for one in ("healthz", "readyz")] == [404, 404]
