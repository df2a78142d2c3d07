"""Apache CXF, live over real sockets, both sides told what to secure by the policies of the contract alone.

The driver is java/cxf/CxfDriver.java, a service and a client; Maven fetches CXF once, into the user's cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

import soapkit
from soapkit.codegen.generate import module_in_memory
from soapkit.policy import Keys
from soapkit.security import KeyPair, Security, TrustStore
from soapkit.security.throwaway import write_keys
from soapkit.transport.urllib3 import Urllib3Transport
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract
from tests.interop.java_driver import JAVA, Driver, built
from tests.policy.contracts import (
    BODY,
    asymmetric,
    by_password,
    contract,
    conversing,
    nested,
    symmetric,
    transport,
    username,
    x509,
)

CONFIRMED = nested("Wss11", "<sp:MustSupportRefIssuerSerial/>", "<sp:RequireSignatureConfirmation/>")
THUMBPRINT = nested("Wss11", "<sp:MustSupportRefThumbprint/>", "<sp:MustSupportRefEncryptedKey/>")
DERIVING = x509("Never", "RequireDerivedKeys")
POLICIES = {
    "asymmetric": asymmetric(),
    "asymmetric, signed alone": asymmetric(),
    "asymmetric, signature encrypted": asymmetric("EncryptSignature"),
    "asymmetric, encrypted first": asymmetric("EncryptBeforeSigning"),
    "asymmetric, GCM": asymmetric(algorithms="Basic128GCM"),
    "asymmetric, token protected": asymmetric("ProtectTokens"),
    "asymmetric, confirmed": asymmetric() + CONFIRMED,
    "asymmetric, confirmed and hidden": asymmetric("EncryptSignature") + CONFIRMED,
    "asymmetric, all of the body and the headers": asymmetric("OnlySignEntireHeadersAndBody"),
    "asymmetric, tokens referred to": asymmetric(initiator=x509("Never", "RequireIssuerSerialReference")),
    "symmetric": symmetric() + THUMBPRINT,
    "symmetric, GCM": symmetric(algorithms="Basic256GCM") + THUMBPRINT,
    "symmetric, confirmed": symmetric() + CONFIRMED,
    "asymmetric, with a user": asymmetric() + username(),
    "asymmetric, with a hidden user": asymmetric() + username(holder="SignedEncryptedSupportingTokens"),
    "symmetric, with a user": symmetric() + THUMBPRINT + username("HashPassword"),
    "symmetric, derived keys": symmetric(protection=DERIVING) + THUMBPRINT,
    "symmetric, derived keys, GCM": symmetric(protection=DERIVING, algorithms="Basic256GCM") + THUMBPRINT,
    "symmetric, derived keys, confirmed": symmetric(protection=DERIVING) + CONFIRMED,
    "symmetric, derived keys, encrypted first": symmetric("EncryptBeforeSigning", protection=DERIVING) + THUMBPRINT,
    "symmetric, derived keys, with a user": symmetric("EncryptSignature", protection=DERIVING)
    + THUMBPRINT
    + username(),
    "by password": symmetric(protection=by_password(), algorithms="Basic128Sha256"),
    "by password, derived keys": symmetric(protection=by_password("RequireDerivedKeys")),
    "by password, derived keys, GCM": symmetric(protection=by_password("RequireDerivedKeys"), algorithms="Basic256GCM"),
    "by password, derived keys, encrypted first": symmetric(
        "EncryptBeforeSigning", protection=by_password("RequireDerivedKeys")
    ),
    "by password, derived keys, signature encrypted": symmetric(
        "EncryptSignature", protection=by_password("RequireDerivedKeys")
    ),
    "by password, derived keys, confirmed": symmetric(protection=by_password("RequireDerivedKeys")) + CONFIRMED,
    "symmetric, endorsed by a user": symmetric() + THUMBPRINT + username(holder="EndorsingSupportingTokens"),
    "asymmetric, endorsed by a user": asymmetric() + username(holder="EndorsingSupportingTokens"),
    "asymmetric, endorsed by a signed user": asymmetric() + username(holder="SignedEndorsingSupportingTokens"),
    "symmetric, endorsed": symmetric() + THUMBPRINT + nested("EndorsingSupportingTokens", x509()),
}
ANY_REFERENCE = nested(
    "Wss11", "<sp:MustSupportRefIssuerSerial/>", "<sp:MustSupportRefThumbprint/>", "<sp:MustSupportRefEncryptedKey/>"
)
ENTROPY = nested("Trust13", "<sp:RequireClientEntropy/>", "<sp:RequireServerEntropy/>")
SURELY = ANY_REFERENCE + ENTROPY
BOOTSTRAP = asymmetric() + BODY + SURELY
BY_USER = symmetric() + username() + BODY + SURELY
CONTEXT = conversing(BOOTSTRAP, "RequireDerivedKeys")
CONVERSED = {
    "conversation": symmetric(protection=conversing(BOOTSTRAP)) + SURELY,
    "conversation, derived keys": symmetric(protection=CONTEXT) + SURELY,
    "conversation, 128 bits": symmetric(protection=conversing(BOOTSTRAP), algorithms="Basic128") + SURELY,
    "conversation, GCM": symmetric(protection=CONTEXT, algorithms="Basic256GCM") + SURELY,
    "conversation, signature encrypted": symmetric("EncryptSignature", protection=CONTEXT) + SURELY,
    "conversation, encrypted first": symmetric("EncryptBeforeSigning", protection=CONTEXT) + SURELY,
    "conversation, confirmed": symmetric(protection=CONTEXT) + CONFIRMED + ENTROPY,
    "conversation, addressed": "<m:Addressing/>" + symmetric(protection=CONTEXT) + SURELY,
    "conversation, of a user": symmetric(protection=conversing(BY_USER, "RequireDerivedKeys")) + SURELY,
}
POLICIES |= CONVERSED
SIGNED = "<sp:SignedParts><sp:Body/></sp:SignedParts>"


@pytest.fixture(scope="session")
def folder(missing_peer: Callable[[str], NoReturn]) -> Path:
    return built(JAVA / "cxf", "CxfDriver", "CXF", missing_peer)


@pytest.fixture(scope="module")
def cxf(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    keys = tmp_path_factory.mktemp("cxf")
    write_keys(keys, ["alice", "bob", "localhost"], password="changeit")
    running = Driver(folder, "CxfDriver", str(keys))
    running.keys = keys  # type: ignore[attr-defined]
    yield running
    running.close()


@pytest.fixture
def keys(cxf: Any) -> Callable[[str, str], Keys]:
    def of(own: str, other: str) -> Keys:
        pair = KeyPair.load(cxf.keys / f"{own}.p12", "changeit")
        peer = KeyPair.load(cxf.keys / f"{other}.p12", "changeit")
        return Keys(
            pair,
            peer=peer.certificate if own == "alice" else None,
            trust=TrustStore.load(cxf.keys / "ca.pem"),
            username="alice",
            password="changeit",
            passwords={"alice": "changeit"},
            certificates=(pair.certificate, peer.certificate),
        )

    return of


def written(policy: str, folder: Path) -> Path:
    parts = SIGNED if "alone" in policy else BODY
    path = folder / "double.wsdl"
    path.write_bytes(contract(POLICIES[policy], request=parts, reply=parts))
    return path


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


@pytest.mark.parametrize("policy", POLICIES)
def test_our_client_calls_cxf_as_the_policy_says(
    policy: str,
    cxf: Driver,
    keys: Callable[[str, str], Keys],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = written(policy, tmp_path)
    told, address = cxf.ask("serve", str(path))[:2]
    assert told == "ok", address
    known = load_contract(path)
    caplog.set_level("INFO", "soapkit.client")
    security = Security.from_contract(known, keys=keys("alice", "bob"))
    with soapkit.Client.from_wsdl(known, address=address, security=security) as client:
        assert client.double(number=21) == 42
        assert client.half(number=21) == 10
    assert "was not cancelled" not in caplog.text


@pytest.mark.parametrize("policy", POLICIES)
def test_a_client_by_cxf_calls_our_service_as_the_policy_says(
    policy: str, cxf: Driver, keys: Callable[[str, str], Keys], tmp_path: Path, serve: Callable[..., str]
) -> None:
    path = written(policy, tmp_path)
    known = load_contract(path)
    security = Security.from_contract(known, keys=keys("bob", "alice"), side="server")
    address = serve(soapkit.asgi(doubler(known), security=security))
    assert cxf.ask("call", str(path), address) == ["ok", "42"]


OVER_HTTPS = transport() + username() + ENTROPY
ENDORSED = transport() + nested("EndorsingSupportingTokens", conversing(OVER_HTTPS)) + SURELY


def over_https(folder: Path) -> Path:
    """A contract as .NET writes it: HTTPS protects, and a context of a user signs the Timestamp."""
    path = folder / "https.wsdl"
    path.write_bytes(contract(ENDORSED, address="https://a.example/"))
    return path


def test_our_client_converses_with_cxf_over_https(
    cxf: Any, keys: Callable[[str, str], Keys], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = over_https(tmp_path)
    told, address = cxf.ask("serve", str(path), "https=true")[:2]
    assert told == "ok", address
    known = load_contract(path)
    caplog.set_level("INFO", "soapkit.client")
    client = soapkit.Client.from_wsdl(
        known,
        address=address,
        security=Security.from_contract(known, keys=keys("alice", "bob")),
        transport=Urllib3Transport(verify=cxf.keys / "ca.pem"),
    )
    with client:
        assert (client.double(number=21), client.half(number=21)) == (42, 10)
    assert "was not cancelled" not in caplog.text


def test_a_client_by_cxf_converses_with_our_service_over_https(
    cxf: Any, keys: Callable[[str, str], Keys], tmp_path: Path, serve: Callable[..., str]
) -> None:
    path = over_https(tmp_path)
    known = load_contract(path)
    security = Security.from_contract(known, keys=keys("bob", "alice"), side="server")
    application = soapkit.asgi(doubler(known), security=security)
    files = {"ssl_certfile": cxf.keys / "localhost.pem", "ssl_keyfile": cxf.keys / "localhost.key"}
    address = serve(application, ssl_keyfile_password="changeit", **files)
    assert cxf.ask("call", str(path), address.replace("http://127.0.0.1", "https://localhost")) == ["ok", "42"]
    assert security.conversation is not None
    assert [context.username for context in security.conversation.contexts.held()] == ["alice"]


@pytest.mark.parametrize("policy", ["asymmetric", "symmetric"])
def test_cxf_refuses_our_client_where_it_leaves_the_policy_out(policy: str, cxf: Driver, tmp_path: Path) -> None:
    path = written(policy, tmp_path)
    address = cxf.ask("serve", str(path))[1]
    client = soapkit.Client.from_wsdl(load_contract(path), address=address)
    with client, pytest.raises(soapkit.Fault):
        client.double(number=21)
