"""Bad input ends a command in one line a problem on stderr, an exit code, and no traceback."""

from __future__ import annotations

import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

WSDL = """<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
 xmlns:t="urn:t" xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:t">
<types><xs:schema targetNamespace="urn:t">%s<xs:element name="go" type="%s"/></xs:schema></types>
<message name="go"><part name="p" element="t:%s"/></message>
<portType name="P"><operation name="go"><input message="t:go"/></operation></portType>
<binding name="B" type="t:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
<operation name="go"><soap:operation soapAction=""/><input><soap:body use="literal"/></input></operation></binding>
<service name="S"><port name="S" binding="t:B"><soap:address location="http://x/"/></port></service></definitions>"""


def soapkit(*arguments: str, stdin: bytes = b"", cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "soapkit", *arguments], input=stdin, capture_output=True, cwd=cwd, timeout=60
    )


def refused(result: subprocess.CompletedProcess[bytes], *said: str, code: int = 1) -> None:
    text = result.stderr.decode()
    assert result.returncode == code, text
    assert "Traceback" not in text
    for piece in said:
        assert piece in text


CONTRACTS = {
    "not XML": (b"hello", ["expected XML"]),
    "nothing": (b"", ["empty"]),
    "cut short": (WSDL.encode()[:400], ["not well-formed"]),
    "a page": (b"<html><head><title>Login</title></head></html>", ["HTML page"]),
    "not a WSDL": (b"<a xmlns='urn:x'/>", ["{urn:x}a"]),
    "a missing import": (
        (WSDL % ('<xs:import namespace="urn:o" schemaLocation="other.xsd"/>', "xs:int", "go")).encode(),
        ["other.xsd"],
    ),
    "a dangling element": ((WSDL % ("", "xs:int", "Go")).encode(), ["{urn:t}Go", "did you mean {urn:t}go"]),
    "a dangling type": (
        (
            WSDL % ('<xs:simpleType name="Kind"><xs:restriction base="xs:int"/></xs:simpleType>', "t:Kidn", "go")
        ).encode(),
        ["{urn:t}Kidn", "did you mean {urn:t}Kind"],
    ),
    "a depth bomb": (b"<a>" * 3000 + b"</a>" * 3000, ["limit"]),
    "an entity bomb": (
        b"<!DOCTYPE a [<!ENTITY a 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'>"
        + b"".join(b"<!ENTITY %c '%s'>" % (98 + n, (b"&%c;" % (97 + n)) * 20) for n in range(8))
        + b"]><a>&i;</a>",
        ["a.wsdl"],
    ),
}


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_contract_that_cannot_be_used_is_refused_with_its_place(name: str, tmp_path: Path) -> None:
    contract, said = CONTRACTS[name]
    (tmp_path / "a.wsdl").write_bytes(contract)
    refused(soapkit("inspect", "a.wsdl", "--strict", cwd=tmp_path), "a.wsdl", *said)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    refused(soapkit("inspect", "nowhere.wsdl", cwd=tmp_path), "nowhere.wsdl")


def test_a_usage_error_is_exit_code_2() -> None:
    refused(soapkit("inspect"), "Usage", code=2)
    refused(soapkit("inspekt"), "there is no command 'inspekt'; did you mean inspect?", code=2)


# How `soapkit call` is called on the bank's contract, and what it says before anything is sent.
CALLS = {
    "an unknown operation": (["tranfser"], "did you mean transfer"),
    "an unknown argument": (["balance", "ibna=DE1"], "no argument is called 'ibna'; its arguments are iban; did"),
    "a missing argument": (["balance"], "balance: the argument iban is missing"),
    "no argument form": (["balance", "DE1"], "NAME=VALUE"),
    "a value against a pattern": (["balance", "iban=1"], "iban"),
    "a value that is no number": (["transfer", "source=DE1", "target=DE2", "amount=much"], "amount"),
    "a value against a facet": (["transfer", "source=DE1", "target=DE2", "amount=1.001"], "amount"),
    "a value that is not enumerated": (
        ["openAccount", "owner=[]", "currency=EUR", "kind=secret"],
        "current",
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_cannot_be_made_says_what_was_expected(name: str, root: Path) -> None:
    arguments, said = CALLS[name]
    refused(soapkit("call", str(root / "wsdl" / "bank.wsdl"), "--address", "http://127.0.0.1:9/", *arguments), said)


class Answering(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        status, media_type, body = ANSWERS[self.path.strip("/")][0]
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


ENVELOPE = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>%s</s:Body></s:Envelope>'
ANSWERS = {
    "html": ((200, "text/html", b"<html><title>Log in</title></html>"), "Log in"),
    "empty": ((200, "text/xml", b""), "empty"),
    "bare-500": ((500, "text/plain", b"oops"), "HTTP 500"),
    "cut": ((200, "text/xml", ENVELOPE[:80]), "not well-formed"),
    "doctype": ((200, "text/xml", b"<!DOCTYPE a []>" + ENVELOPE % b""), "DOCTYPE"),
    "fault": (
        (
            500,
            "text/xml",
            ENVELOPE % b"<s:Fault><faultcode>s:Client</faultcode><faultstring>not you</faultstring></s:Fault>",
        ),
        "fault Sender: not you",
    ),
}


@pytest.fixture(scope="module")
def peer() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join(timeout=10)


@pytest.mark.parametrize("name", ANSWERS)
def test_a_reply_that_is_no_answer_is_one_line(name: str, peer: str, root: Path) -> None:
    refused(
        soapkit("call", str(root / "wsdl" / "bank.wsdl"), "--address", peer + name, "balance", "iban=DE1"),
        ANSWERS[name][1],
    )


@pytest.mark.parametrize("target", ["nothing", "no_such_module:X", "json:Jsno"])
def test_serve_says_what_is_not_there(target: str, tmp_path: Path) -> None:
    refused(soapkit("serve", target, cwd=tmp_path), target.split(":")[0])


COMMANDS = [
    "inspect",
    "generate",
    "call",
    "serve",
    "mock",
    "explore",
    "validate",
    "lint",
    "sign",
    "verify",
    "encrypt",
    "decrypt",
    "cert",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    result = soapkit(command, "--help")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(b"Usage: ")
    assert len(result.stdout) > 200


def test_the_help_of_soapkit_names_every_command() -> None:
    text = soapkit("--help").stdout.decode()
    for command in COMMANDS:
        assert f"  {command} " in text
