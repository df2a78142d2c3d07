"""The service and the client by Apache CXF of java/cxf/CxfDriver.java, at work on the contract of
tests/policy/contracts.py: ``double`` and ``half``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import soapkit
from soapkit.codegen.generate import module_in_memory
from soapkit.policy import Keys
from soapkit.security import KeyPair, Security, TrustStore
from soapkit.security.crypto.certificates import public_key_of
from soapkit.security.throwaway import write_keys
from soapkit.transport.urllib3 import Urllib3Transport
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract
from tests.interop.java_driver import JAVA, Driver, built

SERVICE, PORT = "{urn:double}DoublerService", "{urn:double}Doubler"
TWENTY_ONE = '<d:double xmlns:d="urn:double"><d:number>21</d:number></d:double>'
ANSWERS = (
    'answer.double=<d:doubleResponse xmlns:d="urn:double"><d:result>42</d:result></d:doubleResponse>',
    'answer.half=<d:halfResponse xmlns:d="urn:double"><d:result>10</d:result></d:halfResponse>',
)


class Cxf:
    """The driver, running, and the folder with the keys of alice, its client, and bob, its service."""

    def __init__(self, keys: Path, missing_peer: Callable[[str], NoReturn]) -> None:
        write_keys(keys, ["alice", "bob", "localhost"], password="changeit")
        self.keys = keys
        self.driver = Driver(built(JAVA / "cxf", "CxfDriver", "CXF", missing_peer), "CxfDriver", str(keys))

    @property
    def trust(self) -> TrustStore:
        """The authority of both, and the public keys of either."""
        authority = TrustStore.load(self.keys / "ca.pem")
        keys = [public_key_of(self.pair(name).certificate) for name in ("alice", "bob")]
        return TrustStore.of(*authority.certificates, *keys)

    def pair(self, name: str) -> KeyPair:
        """The keys of alice or bob."""
        return KeyPair.load(self.keys / f"{name}.p12", "changeit")

    def serve(self, wsdl: Path, *options: str, service: str = SERVICE, port: str = PORT) -> str:
        """The address of a service that keeps to a contract."""
        told, *said = self.driver.ask("serve", str(wsdl), service, port, *ANSWERS, *options)
        assert told == "ok", said
        return said[0]

    def call(
        self,
        wsdl: Path | str,
        address: str,
        *options: str,
        service: str = SERVICE,
        port: str = PORT,
        body: str = TWENTY_ONE,
        expect: str = "42",
    ) -> list[str]:
        """What a client that keeps to a contract says of twice 21: ``["42"]``, or why not."""
        told, *said = self.driver.ask("call", str(wsdl), service, port, address, body, *options)
        return [expect] if told == "ok" and f">{expect}<" in said[0] else said

    def client(self, known: Contract, address: str, keys: Keys, *, port: str = "", **options: Any) -> Any:
        """Our client, told what to secure by the contract. `options`: of `Security.from_contract`."""
        return soapkit.Client.from_wsdl(
            known,
            address=address,
            port=port or None,
            security=Security.from_contract(known, keys=keys, port=port, **options),
            transport=Urllib3Transport(verify=self.keys / "ca.pem"),
        )

    @property
    def certificate_files(self) -> dict[str, Any]:
        """What a service over HTTPS gives to uvicorn."""
        return {
            "ssl_certfile": self.keys / "localhost.pem",
            "ssl_keyfile": self.keys / "localhost.key",
            "ssl_keyfile_password": "changeit",
        }


def doubler(known: Contract) -> Any:
    """What serves the contract."""
    module = module_in_memory(known.services, known.shapes, name="cxf_double")
    protocol: Any = module.Doubler

    class Doubler(protocol):  # type: ignore[misc]  # generated here
        def double(self, *, number: int) -> int:
            return 2 * number

        def half(self, *, number: int) -> int:
            return number // 2

    return Doubler()


def our_service(
    cxf: Cxf, serve: Callable[..., str], wsdl: Path, keys: Keys, *, https: bool = False, **options: Any
) -> tuple[str, Security]:
    """The address of our service that keeps to a contract, and its settings. `options`: of `Security.from_contract`."""
    known = load_contract(wsdl)
    security = Security.from_contract(known, keys=keys, side="server", **options)
    return hosted(cxf, serve, soapkit.asgi(doubler(known), security=security, contract=known), https=https), security


def hosted(cxf: Cxf, serve: Callable[..., str], application: Any, *, https: bool = False) -> str:
    """The address of a service of ours. CXF 4 asks for HTTP/2 by ``Upgrade``, to which uvicorn with httptools loses the
    body of a request: h11 keeps it."""
    address = serve(application, http="h11", **(cxf.certificate_files if https else {}))
    return address.replace("http://127.0.0.1", "https://localhost") if https else address


def keys_of(cxf: Cxf, own: str, other: str, **more: Any) -> Keys:
    """What one of the two has at hand: alice is a client, bob a service."""
    pair, peer = cxf.pair(own), cxf.pair(other)
    return Keys(
        pair,
        peer=peer.certificate if own == "alice" else None,
        trust=cxf.trust,
        username="alice",
        password="changeit",
        passwords={"alice": "changeit"},
        certificates=(pair.certificate, peer.certificate),
        **more,
    )
