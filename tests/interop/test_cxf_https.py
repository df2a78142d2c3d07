"""Apache CXF, live over TLS: an HttpsToken has the connection show who calls, by a certificate or an HTTP login."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import soapkit
from soapkit.policy import Keys
from soapkit.security import Security
from soapkit.server.tls import TlsHTTPProtocol
from soapkit.transport.auth import Basic
from soapkit.transport.urllib3 import Urllib3Transport
from soapkit.wsdl.load import load_contract
from tests.interop.cxf_peer import Cxf, doubler
from tests.policy.contracts import contract, transport

ASKS = {"a client certificate": "<sp:RequireClientCertificate/>", "a Basic login": "<sp:HttpBasicAuthentication/>"}
USER = "jakarta.xml.ws.security.auth"
SHOWN = {
    "a client certificate": ("tls-key=alice",),
    "a Basic login": (f"{USER}.username=alice", f"{USER}.password=changeit"),
}


def written(asks: str, folder: Path) -> Path:
    path = folder / "double.wsdl"
    path.write_bytes(contract(transport(https=ASKS[asks]), address="https://a.example/"))
    return path


@pytest.mark.parametrize("asks", ASKS)
def test_our_client_shows_cxf_what_it_asks_for(asks: str, cxf: Cxf, tmp_path: Path) -> None:
    path = written(asks, tmp_path)
    known, address = load_contract(path), cxf.serve(path, "https=true")
    has: dict[str, Any] = {
        "a client certificate": {"certificate": (cxf.keys / "alice.p12", "changeit")},
        "a Basic login": {"auth": Basic("alice", "changeit")},
    }
    security = Security.from_contract(known, keys=Keys())
    channel = Urllib3Transport(verify=cxf.keys / "ca.pem", **has[asks])
    with soapkit.Client.from_wsdl(known, address, security=security, transport=channel) as client:
        assert client.double(number=21) == 42
    blind = Security(security.outbound)  # that does not know what is asked for
    bare = Urllib3Transport(verify=cxf.keys / "ca.pem")
    with (
        soapkit.Client.from_wsdl(known, address, security=blind, transport=bare) as client,
        pytest.raises(soapkit.Fault),
    ):
        client.double(number=21)


@pytest.mark.parametrize("asks", ASKS)
def test_a_client_by_cxf_shows_us_what_we_ask_for(
    asks: str, cxf: Cxf, tmp_path: Path, serve: Callable[..., str]
) -> None:
    path = written(asks, tmp_path)
    known = load_contract(path)
    security = Security.from_contract(known, keys=Keys(logins={"alice": "changeit"}), side="server")
    address = serve(
        soapkit.asgi(doubler(known), security=security, contract=known),
        http=TlsHTTPProtocol,
        loop="asyncio",  # uvloop does not end while a client keeps its connection
        ssl_ca_certs=str(cxf.keys / "ca.pem"),
        ssl_cert_reqs=ssl.CERT_OPTIONAL,
        **cxf.certificate_files,
    ).replace("http://127.0.0.1", "https://localhost")
    assert cxf.call(path, address, *SHOWN[asks]) == ["42"]
    assert cxf.call(path, address) != ["42"]
