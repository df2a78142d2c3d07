"""``soapkit serve`` over TLS, with the certificates of callers; and started anew when a file changes."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import pytest

import soapkit
from soapkit.cli.main import main
from soapkit.cli.serve_tls import Tls, freshness
from soapkit.errors import ConnectError
from soapkit.security.throwaway import write_keys
from soapkit.transport.urllib3 import Urllib3Transport

SERVICE = """
import soapkit

@soapkit.service("urn:example:who")
class Who:
    @soapkit.operation
    def am_i(self, call: soapkit.Call) -> str:
        return call.client_certificate.subject if call.client_certificate is not None else "nobody"

    @soapkit.operation
    def version(self) -> int:
        return 1
"""


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A server's certificate, alice's, one of another authority, one with a password; broken files."""
    folder = tmp_path_factory.mktemp("keys")
    write_keys(folder, ["localhost", "alice"])
    write_keys(folder / "other", ["mallory"])
    write_keys(folder / "sealed", ["localhost"], password="secret")
    (folder / "empty.pem").touch()
    (folder / "torn.pem").write_bytes((folder / "localhost.pem").read_bytes()[:400] + b"\n-----END CERTIFICATE-----\n")
    both = (folder / "localhost.pem").read_bytes() + (folder / "localhost.key").read_bytes()
    (folder / "both.pem").write_bytes(both)
    return folder


@pytest.fixture
def running() -> list[subprocess.Popen[str]]:
    """The servers of a test."""
    return []


@pytest.fixture
def served(tmp_path: Path, running: list[subprocess.Popen[str]]) -> Iterator[Callable[..., str]]:
    """A function that runs ``soapkit serve`` with options, and gives its address."""
    (tmp_path / "who.py").write_text(SERVICE, encoding="utf-8")

    def start(*options: object) -> str:
        command = [sys.executable, "-m", "soapkit", "serve", "who:Who", "--port", "0", *map(str, options)]
        process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        running.append(process)
        assert process.stdout is not None
        found = re.search(r"https?://\S+", process.stdout.readline())
        assert found is not None
        return found.group()

    yield start
    for process in running:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
        assert process.stdout is not None
        process.stdout.close()


def client(address: str, keys: Path, name: str | None = None) -> soapkit.Client:
    certificate = None if name is None else (keys / f"{name}.pem", keys / f"{name}.key")
    transport = Urllib3Transport(verify=keys / "ca.pem", certificate=certificate)
    return soapkit.Client.from_wsdl(address + "?wsdl", transport=transport)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_handler_sees_the_certificate_that_its_caller_must_show(
    served: Callable[..., str], keys: Path, workers: int
) -> None:
    files = ("--tls-cert", keys / "localhost.pem", "--tls-key", keys / "localhost.key")
    address = served(*files, "--client-ca", keys / "ca.pem", "--workers", workers)
    assert address.startswith("https://")
    with client(address, keys, "alice") as alice:
        assert alice.address == address
        assert alice.am_i() == "CN=alice"
    for stranger in (None, "other/mallory"):
        with pytest.raises(ConnectError):
            client(address, keys, stranger)


def test_one_file_may_hold_certificate_and_key_and_callers_need_none(served: Callable[..., str], keys: Path) -> None:
    address = served("--tls-cert", keys / "both.pem")
    with client(address, keys) as anybody:
        assert anybody.am_i() == "nobody"


def test_an_idle_caller_does_not_hold_up_a_service_that_is_told_to_stop(
    served: Callable[..., str], running: list[subprocess.Popen[str]], keys: Path
) -> None:
    address = served("--tls-cert", keys / "both.pem", "--drain", "30")
    with client(address, keys) as idle:
        idle.am_i()
        told = time.monotonic()
        running[0].send_signal(signal.SIGTERM)
        running[0].wait(timeout=60)
        assert time.monotonic() - told < 15


def test_a_connection_without_forward_secrecy_is_not_made(served: Callable[..., str], keys: Path) -> None:
    address = served("--tls-cert", keys / "both.pem")
    old = ssl.create_default_context(cafile=str(keys / "ca.pem"))
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    old.set_ciphers("AES256-GCM-SHA384")
    with pytest.raises(OSError, match="SSL"):
        urllib.request.urlopen(address, context=old, timeout=10)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--tls-cert", "nothing.pem"], "nothing.pem: No such file or directory"),
        (["--tls-cert", "empty.pem", "--tls-key", "localhost.key"], "empty.pem: expected PEM with a certificate"),
        (["--tls-cert", "localhost.pem"], "localhost.pem: expected PEM with a private key: give it with --tls-key"),
        (["--tls-cert", "torn.pem", "--tls-key", "localhost.key"], "torn.pem, localhost.key: no certificate"),
        (
            ["--tls-cert", "localhost.pem", "--tls-key", "alice.key"],
            "alice.key: not the private key of the certificate localhost.pem",
        ),
        (
            ["--tls-cert", "sealed/localhost.pem", "--tls-key", "sealed/localhost.key"],
            "sealed/localhost.key: the private key is encrypted",
        ),
        (["--tls-cert", "both.pem", "--client-ca", "alice.key"], "alice.key: expected PEM with a certificate of an"),
        (["--client-ca", "ca.pem"], "--client-ca needs --tls-cert"),
        (["--tls-key", "localhost.key"], "--tls-key needs --tls-cert"),
        (["--reload", "--workers", "2"], "--reload is for one process"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_used_is_told_in_one_line_before_anything_listens(
    options: list[str], told: str, keys: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(keys)
    with pytest.raises(SystemExit) as ended:
        main(["serve", "who:Who", "--port", "0", *options])
    assert ended.value.code == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith(f"soapkit: {told}")


def test_new_certificates_are_shown_after_a_hangup_and_no_call_fails_meanwhile(
    served: Callable[..., str], running: list[subprocess.Popen[str]], tmp_path: Path
) -> None:
    write_keys(tmp_path, ["localhost"])
    address = served("--tls-cert", "localhost.pem", "--tls-key", "localhost.key", "--workers", 2)
    url = urlsplit(address)
    first = shown(url)
    write_keys(tmp_path, ["localhost"])
    running[0].send_signal(signal.SIGHUP)
    deadline, calls, seen = time.monotonic() + 240, 0, first
    while seen == first or calls < 20:
        assert time.monotonic() < deadline
        seen, calls = shown(url), calls + 1
        time.sleep(0.05)


def shown(url: SplitResult) -> bytes:
    """The certificate that a service shows."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection((url.hostname or "", url.port or 0), timeout=20) as plain,
        context.wrap_socket(plain) as connection,
    ):
        return connection.getpeercert(binary_form=True) or b""


@pytest.mark.parametrize(("days", "ready"), [(1, False), (30, True)])
def test_a_service_is_not_ready_when_its_certificate_is_about_to_expire(tmp_path: Path, days: int, ready: bool) -> None:
    write_keys(tmp_path, ["localhost"], days=days)
    check = freshness(Tls(str(tmp_path / "localhost.pem")), timedelta(days=1))
    if ready:
        check()
    else:
        with pytest.raises(RuntimeError, match=r"localhost\.pem expires at"):
            check()


def test_probes_tell_of_the_certificate(served: Callable[..., str], keys: Path) -> None:
    address = served("--tls-cert", keys / "both.pem", "--health", "--workers", 2)
    context = ssl.create_default_context(cafile=str(keys / "ca.pem"))
    with urllib.request.urlopen(f"{address}readyz", context=context, timeout=20) as response:
        assert response.read() == b'{"ready": true, "checks": {"tls": "ok"}}\n'


def test_a_service_is_started_anew_when_its_file_changes(
    served: Callable[..., str], keys: Path, tmp_path: Path
) -> None:
    address = served("--reload", "--tls-cert", keys / "both.pem")
    with client(address, keys) as caller:
        assert caller.version() == 1
    source = tmp_path / "who.py"
    source.write_text(SERVICE.replace("return 1", "return 2"), encoding="utf-8")
    os.utime(source, (time.time() + 5, time.time() + 5))
    deadline = time.monotonic() + 120
    answer = 1
    while answer == 1:
        assert time.monotonic() < deadline
        try:
            with client(address, keys) as caller:
                answer = caller.version()
        except ConnectError:  # cut by the process that ends
            time.sleep(0.05)
    assert answer == 2
