"""The certificate of a caller is seen by the service where the connection ends, and from proxies that it believes."""

from __future__ import annotations

import base64
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

import soapkit
from soapkit.errors import ConnectError, UsageError
from soapkit.security.throwaway import write_keys
from soapkit.server.certificates import CertificateHeader, certificate_of
from soapkit.server.http import HttpRequest
from soapkit.server.tls import TlsHTTPProtocol
from soapkit.transport.urllib3 import Urllib3Transport
from soapkit.transport.values import Headers, Request


@soapkit.service("urn:example:who")
class Who:
    @soapkit.operation
    def am_i(self, call: soapkit.Call) -> str:
        return call.client_certificate.subject if call.client_certificate is not None else "nobody"


@dataclass
class Files:
    """An authority, and certificates with keys that it issued."""

    folder: Path

    @property
    def authority(self) -> Path:
        return self.folder / "ca.pem"

    def certificate(self, name: str) -> x509.Certificate:
        return x509.load_pem_x509_certificate((self.folder / f"{name}.pem").read_bytes())


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("tls")
    write_keys(folder, ["localhost", "alice"])
    write_keys(folder / "elsewhere", ["alice"])  # says that it is alice, and nobody here does
    for kind in ("pem", "key"):
        (folder / "elsewhere" / f"alice.{kind}").rename(folder / f"mallory.{kind}")
    return Files(folder)


@pytest.fixture
def tls_address(files: Files, serve: Callable[..., str]) -> Callable[[ssl.VerifyMode], str]:
    """A function that hosts the service with TLS, and asks for certificates of callers as told."""

    def start(asks: ssl.VerifyMode) -> str:
        address = serve(
            soapkit.asgi(Who()),
            http=TlsHTTPProtocol,
            ssl_certfile=files.folder / "localhost.pem",
            ssl_keyfile=files.folder / "localhost.key",
            ssl_ca_certs=str(files.authority),
            ssl_cert_reqs=asks,
        )
        return address.replace("http:", "https:")

    return start


def asked(address: str, files: Files, name: str | None) -> Any:
    certificate = None if name is None else (files.folder / f"{name}.pem", files.folder / f"{name}.key")
    transport = Urllib3Transport(verify=files.authority, certificate=certificate)
    with soapkit.Client.from_wsdl(address + "?wsdl", address, transport=transport) as client:
        return client.am_i()


def test_a_handler_sees_the_certificate_of_a_tls_connection(
    files: Files, tls_address: Callable[[ssl.VerifyMode], str]
) -> None:
    assert asked(tls_address(ssl.CERT_REQUIRED), files, "alice") == "CN=alice"


def test_a_caller_without_a_certificate_is_nobody_where_none_is_required(
    files: Files, tls_address: Callable[[ssl.VerifyMode], str]
) -> None:
    assert asked(tls_address(ssl.CERT_OPTIONAL), files, None) == "nobody"


@pytest.mark.parametrize("name", [None, "mallory"])
def test_a_caller_without_a_certificate_of_the_authority_is_not_served(
    name: str | None, files: Files, tls_address: Callable[[ssl.VerifyMode], str]
) -> None:
    address = tls_address(ssl.CERT_REQUIRED)
    with pytest.raises(ConnectError):
        asked(address, files, name)


@pytest.fixture
def wsgi_address(files: Files) -> Iterator[str]:
    """A WSGI server that says of TLS what gunicorn says."""
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    class Handler(WSGIRequestHandler):
        def get_environ(self) -> dict[str, Any]:
            return {**super().get_environ(), "gunicorn.socket": self.connection, "wsgi.url_scheme": "https"}

        def log_message(self, *_: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.folder / "localhost.pem", files.folder / "localhost.key")
    context.load_verify_locations(files.authority)
    context.verify_mode = ssl.CERT_REQUIRED
    with make_server("127.0.0.1", 0, soapkit.wsgi(Who()), handler_class=Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join(timeout=10)


def test_a_handler_sees_the_certificate_under_wsgi(files: Files, wsgi_address: str) -> None:
    assert asked(wsgi_address, files, "alice") == "CN=alice"


# --- proxies ------------------------------------------------------------------------------------------------------


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def b64(certificate: x509.Certificate) -> str:
    return base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()


SPELLINGS: dict[str, Callable[[x509.Certificate], str]] = {
    "nginx": lambda it: quote(pem(it), safe=""),
    "nginx, $ssl_client_cert": lambda it: pem(it).replace("\n", "\n\t"),
    "HAProxy": b64,
    "Traefik, with its chain": lambda it: f"{b64(it)},{b64(it)[:-8]}AAAAAAAA",
    "RFC 9440": lambda it: f":{b64(it)}:",
    "Envoy": lambda it: f'Hash=00;Cert="{quote(pem(it), safe="")}";Subject="CN=alice,O=\\";Cert=x";URI=spiffe://a',
    "Envoy, appended": lambda it: f'Hash=00;Subject="CN=b,O=c",By=a;Cert="{quote(pem(it), safe="")}"',
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_believed_proxy_tells_the_certificate(spelling: str, files: Files) -> None:
    header = CertificateHeader("X-Client-Cert", proxies=["10.1.0.0/16"])
    fields = Headers({"x-client-cert": SPELLINGS[spelling](files.certificate("alice"))})
    found = certificate_of(HttpRequest("POST", "/", headers=fields, client="10.1.2.3"), header)
    assert found is not None
    assert found.subject == "CN=alice"
    assert found.fingerprint == files.certificate("alice").fingerprint(hashes.SHA256()).hex()


@pytest.mark.parametrize("client", ["10.2.0.1", "", "testclient", "::1"])
def test_others_are_not_believed(client: str, files: Files) -> None:
    header = CertificateHeader("X-Client-Cert", proxies=["10.1.0.0/16"])
    fields = Headers({"X-Client-Cert": b64(files.certificate("alice"))})
    assert certificate_of(HttpRequest("POST", "/", headers=fields, client=client), header) is None


def test_a_field_is_nothing_unless_the_service_asks_for_it(files: Files, serve: Callable[..., str]) -> None:
    fields = {"X-Client-Cert": b64(files.certificate("alice"))}
    assert with_fields(serve(soapkit.asgi(Who())), fields) == "nobody"
    header = CertificateHeader("X-Client-Cert", proxies=["127.0.0.1"])
    assert with_fields(serve(soapkit.asgi(Who(), certificate_header=header)), fields) == "CN=alice"


def with_fields(address: str, fields: dict[str, str]) -> str:
    body = '<am_i xmlns="urn:example:who"/>'
    envelope = f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{body}</s:Body></s:Envelope>'
    transport = Urllib3Transport()
    try:
        answer = transport.send(Request(address, envelope.encode(), Headers({"Content-Type": "text/xml", **fields})))
    finally:
        transport.close()
    return "".join(etree.fromstring(answer.body).itertext()).strip()


@pytest.mark.parametrize("value", ["", "%", "alice", "AAAA", 'Subject="CN=alice"', "-----BEGIN CERTIFICATE-----"])
def test_a_field_without_a_certificate_names_nobody(value: str) -> None:
    header = CertificateHeader("X-Client-Cert", proxies=["unix"])
    assert certificate_of(HttpRequest("POST", "/", headers=Headers({"X-Client-Cert": value})), header) is None


def test_a_field_that_comes_twice_names_nobody(files: Files) -> None:
    header = CertificateHeader("X-Client-Cert", proxies=["unix"])
    fields = Headers([("X-Client-Cert", b64(files.certificate("alice")))] * 2)
    assert certificate_of(HttpRequest("POST", "/", headers=fields), header) is None


def test_where_a_proxy_is_believed_its_own_certificate_is_not_its_callers(files: Files) -> None:
    header = CertificateHeader("X-Client-Cert", proxies=["10.1.0.0/16"])
    tls = {"extensions": {"tls": {"client_cert_chain": [pem(files.certificate("alice"))]}}}
    assert certificate_of(HttpRequest("POST", "/", client="10.1.0.1", extra=tls), header) is None
    assert certificate_of(HttpRequest("POST", "/", client="10.2.0.1", extra=tls), header) is not None


def test_a_certificate_that_the_server_could_not_verify_names_nobody(files: Files) -> None:
    alice = pem(files.certificate("alice"))
    tls = {"client_cert_chain": [alice], "client_cert_error": "unknown authority"}
    assert certificate_of(HttpRequest("POST", "/", extra={"extensions": {"tls": tls}})) is None
    apache = {"SSL_CLIENT_CERT": alice, "SSL_CLIENT_VERIFY": "GENEROUS"}
    assert certificate_of(HttpRequest("POST", "/", extra=apache)) is None
    assert certificate_of(HttpRequest("POST", "/", extra={**apache, "SSL_CLIENT_VERIFY": "SUCCESS"})) is not None


def test_a_proxy_is_an_address_or_a_network() -> None:
    with pytest.raises(UsageError, match=r"'proxy\.example' does not appear to be"):
        CertificateHeader("X-Client-Cert", proxies=["proxy.example"])
