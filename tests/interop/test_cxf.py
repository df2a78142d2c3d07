"""Apache CXF, live over real sockets, both sides told what to secure by the policies of the contract alone.

CXF 4 is started by cxf_peer.py; Maven fetches it once, into the user's cache.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import soapkit
from soapkit.wsdl.load import load_contract
from tests.interop.cxf_peer import Cxf, keys_of, our_service
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
    "symmetric, endorsed and hidden": symmetric("EncryptSignature", protection=DERIVING)
    + THUMBPRINT
    + nested("EndorsingSupportingTokens", x509()),
    "asymmetric, signed alone but for contents": asymmetric()
    + "<sp:ContentEncryptedElements><sp:XPath>//t:number</sp:XPath></sp:ContentEncryptedElements>",
    "asymmetric, with elements that must be there": asymmetric()
    + "<sp:RequiredElements><sp:XPath>//*[namespace-uri() = 'urn:double']</sp:XPath></sp:RequiredElements>",
    "asymmetric, headers of a namespace signed": "<m:Addressing/>" + asymmetric(),
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
ADDRESSED = (
    '<sp:SignedParts><sp:Body/><sp:Header Namespace="http://www.w3.org/2005/08/addressing"/></sp:SignedParts>'
    '<sp:RequiredParts><sp:Header Name="Action" Namespace="http://www.w3.org/2005/08/addressing"/></sp:RequiredParts>'
)


def written(policy: str, folder: Path) -> Path:
    parts = ADDRESSED if "namespace" in policy else SIGNED if "alone" in policy else BODY
    path = folder / "double.wsdl"
    path.write_bytes(contract(POLICIES[policy], request=parts, reply=parts))
    return path


@pytest.mark.parametrize("policy", POLICIES)
def test_our_client_calls_cxf_as_the_policy_says(
    policy: str, cxf: Cxf, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(policy, tmp_path)
    caplog.set_level("INFO", "soapkit.client")
    with cxf.client(load_contract(path), cxf.serve(path), keys_of(cxf, "alice", "bob")) as client:
        assert (client.double(number=21), client.half(number=21)) == (42, 10)
    assert "was not cancelled" not in caplog.text


@pytest.mark.parametrize("policy", POLICIES)
def test_a_client_by_cxf_calls_our_service_as_the_policy_says(
    policy: str, cxf: Cxf, tmp_path: Path, serve: Callable[..., str]
) -> None:
    path = written(policy, tmp_path)
    address, _ = our_service(cxf, serve, path, keys_of(cxf, "bob", "alice"))
    assert cxf.call(path, address) == ["42"]


OVER_HTTPS = transport() + username() + ENTROPY
ENDORSED = transport() + nested("EndorsingSupportingTokens", conversing(OVER_HTTPS)) + SURELY


def over_https(folder: Path) -> Path:
    """A contract as .NET writes it: HTTPS protects, and a context of a user signs the Timestamp."""
    path = folder / "https.wsdl"
    path.write_bytes(contract(ENDORSED, address="https://a.example/"))
    return path


def test_our_client_converses_with_cxf_over_https(cxf: Cxf, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = over_https(tmp_path)
    caplog.set_level("INFO", "soapkit.client")
    address = cxf.serve(path, "https=true")
    with cxf.client(load_contract(path), address, keys_of(cxf, "alice", "bob")) as client:
        assert (client.double(number=21), client.half(number=21)) == (42, 10)
    assert "was not cancelled" not in caplog.text


def test_a_client_by_cxf_converses_with_our_service_over_https(
    cxf: Cxf, tmp_path: Path, serve: Callable[..., str]
) -> None:
    path = over_https(tmp_path)
    address, security = our_service(cxf, serve, path, keys_of(cxf, "bob", "alice"), https=True)
    assert cxf.call(path, address) == ["42"]
    assert security.conversation is not None
    assert [context.username for context in security.conversation.contexts.held()] == ["alice"]


@pytest.mark.parametrize("policy", ["asymmetric", "symmetric"])
def test_cxf_refuses_our_client_where_it_leaves_the_policy_out(policy: str, cxf: Cxf, tmp_path: Path) -> None:
    path = written(policy, tmp_path)
    client = soapkit.Client.from_wsdl(load_contract(path), address=cxf.serve(path))
    with client, pytest.raises(soapkit.Fault):
        client.double(number=21)
