"""Apache CXF, live, as test_cxf.py: what a policy may say otherwise. Algorithm suites, layouts, orders, how tokens
travel and are referred to, supporting tokens of every kind, which parts, SOAP 1.2, faults, contracts over HTTP.

docs/cxf.rst has the table of what was tried: a test holds it against what is run.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import soapkit
from soapkit.errors import SecurityError
from soapkit.security import Security
from soapkit.transport.fetch import fetcher
from soapkit.wsdl.load import load_contract
from soapkit.xml.documents import Documents
from tests.interop.cxf_peer import PORT, SERVICE, Cxf, doubler, hosted, keys_of, our_service
from tests.interop.cxf_shapes import DERIVING, NUMBER, OURS_ALONE, SHAPES, WSS11, Variation, laid_out
from tests.policy.contracts import (
    BODY,
    BODY_ENCRYPTED,
    BODY_SIGNED,
    WSA,
    asymmetric,
    key_value,
    nested,
    suite,
    symmetric,
    transport,
    username,
    x509,
)

ADDRESSED = f"<sp:SignedParts><sp:Body/><sp:Header Namespace='{WSA}'/></sp:SignedParts>"
EVERYTHING = "<sp:SignedParts/>"
SEPARATE = nested(
    "AsymmetricBinding",
    nested("InitiatorSignatureToken", x509()),
    nested("RecipientEncryptionToken", x509("Never")),
    nested("RecipientSignatureToken", x509("Never")),
    nested("InitiatorEncryptionToken", x509()),
    suite("Basic256Sha256"),
    "<sp:IncludeTimestamp/>",
)
PATH = nested("X509Token", "<sp:WssX509PkiPathV1Token11/>", include="AlwaysToRecipient")
SP13 = nested("UsernameToken", "<sp13:Nonce/>", "<sp13:Created/>", include="AlwaysToRecipient")


def endorsing(holder: str = "EndorsingSupportingTokens", *more: str) -> str:
    return nested(holder, x509(), *more)


def by(reference: str, include: str = "Never") -> str:
    return x509(include, reference)


VARIATIONS: dict[str, Variation] = {
    **{
        f"asymmetric, {name}": Variation(asymmetric(algorithms=name))
        for name in ("Basic256", "TripleDes", "Basic128Sha256", "Basic256GCM")
    },
    **{
        f"symmetric, derived keys, {name}": Variation(symmetric(algorithms=name, protection=DERIVING) + WSS11)
        for name in ("Basic128", "TripleDesSha256", "Basic128GCM")
    },
    **{
        f"asymmetric, user, {layout}": Variation(laid_out(asymmetric() + username(), layout))
        for layout in ("Strict", "LaxTsFirst", "LaxTsLast")
    },
    "symmetric, LaxTsLast": Variation(laid_out(symmetric() + WSS11, "LaxTsLast")),
    "symmetric, user, endorsed, Strict": Variation(laid_out(symmetric() + WSS11 + username() + endorsing(), "Strict")),
    **{
        f"asymmetric, {reference}": Variation(asymmetric(initiator=by(reference), recipient=by(reference)) + WSS11)
        for reference in ("RequireKeyIdentifierReference", "RequireIssuerSerialReference", "RequireThumbprintReference")
    },
    "asymmetric, RequireThumbprintReference, carried": Variation(
        asymmetric(
            initiator=by("RequireThumbprintReference", "AlwaysToRecipient"),
            recipient=by("RequireThumbprintReference", "AlwaysToInitiator"),
        )
        + WSS11
    ),
    **{
        f"asymmetric, initiator {include}": Variation(asymmetric(initiator=x509(include)) + WSS11)
        for include in ("Always", "Once", "Never")
    },
    "asymmetric, recipient AlwaysToInitiator": Variation(asymmetric(recipient=x509("AlwaysToInitiator")) + WSS11),
    "asymmetric, WssX509PkiPathV1Token11": Variation(asymmetric(initiator=PATH) + WSS11),
    "asymmetric, tokens for each purpose": Variation(SEPARATE),
    "asymmetric, token protected, never sent": Variation(
        asymmetric("ProtectTokens", initiator=by("RequireThumbprintReference")) + WSS11
    ),
    "symmetric, endorsing token protected": Variation(symmetric("ProtectTokens") + WSS11 + endorsing()),
    "asymmetric, encrypted first, signature hidden": Variation(
        asymmetric("EncryptBeforeSigning", "EncryptSignature", "OnlySignEntireHeadersAndBody") + WSS11
    ),
    "symmetric, encrypted first, signature hidden, user, endorsed": Variation(
        symmetric("EncryptBeforeSigning", "EncryptSignature") + WSS11 + endorsing() + username()
    ),
    **{
        f"{name}, X509 in {holder}": Variation(binding + WSS11 + endorsing(holder))
        for name, binding in (("asymmetric", asymmetric()), ("symmetric", symmetric()))
        for holder in (
            *("SupportingTokens", "SignedSupportingTokens", "SignedEndorsingSupportingTokens"),
            *("EncryptedSupportingTokens", "SignedEncryptedSupportingTokens", "EndorsingEncryptedSupportingTokens"),
        )
    },
    "https, endorsed by a bare key": Variation(transport() + nested("EndorsingSupportingTokens", key_value())),
    "asymmetric, signed by bare keys": Variation(
        asymmetric(initiator=key_value(), recipient=key_value()), BODY_SIGNED, BODY_SIGNED
    ),
    "symmetric, X509 in SignedEndorsingEncryptedSupportingTokens": Variation(
        symmetric() + WSS11 + endorsing("SignedEndorsingEncryptedSupportingTokens")
    ),
    **{
        f"symmetric, derived keys, user in {holder}": Variation(
            symmetric(protection=DERIVING) + WSS11 + username(holder=holder)
        )
        for holder in ("SupportingTokens", "EncryptedSupportingTokens", "SignedEncryptedSupportingTokens")
    },
    **{
        f"https, user, {option}": Variation(transport() + username(option)) for option in ("HashPassword", "NoPassword")
    },
    "https, user, nonce and created": Variation(transport() + nested("SupportingTokens", SP13)),
    "https, endorsed": Variation(transport() + endorsing()),
    "https, endorsed and signed": Variation(transport() + endorsing("SignedEndorsingSupportingTokens")),
    "https, endorsed, Body too": Variation(
        "<m:Addressing/>"
        + transport()
        + endorsing(
            "EndorsingSupportingTokens",
            f"<sp:SignedParts><sp:Body/><sp:Header Name='To' Namespace='{WSA}'/></sp:SignedParts>",
        )
    ),
    "all headers of a namespace": Variation("<m:Addressing/>" + asymmetric(), ADDRESSED, ADDRESSED),
    "Body and all headers": Variation(asymmetric(), EVERYTHING, EVERYTHING),
    "elements": Variation(asymmetric(), NUMBER.format("SignedElements") + NUMBER.format("EncryptedElements"), ""),
    "signed alone": Variation(symmetric() + WSS11, BODY_SIGNED, BODY_SIGNED),
    "encrypted alone": Variation(asymmetric(), BODY_ENCRYPTED, BODY_ENCRYPTED),
    "requests alone": Variation(asymmetric(), BODY, ""),
    "SOAP 1.2, asymmetric": Variation(asymmetric("EncryptSignature") + username(), soap="1.2"),
    "SOAP 1.2, symmetric, derived keys": Variation(symmetric(protection=DERIVING) + WSS11 + endorsing(), soap="1.2"),
} | SHAPES


@pytest.mark.parametrize("name", [*VARIATIONS, *OURS_ALONE])
def test_our_client_calls_cxf(name: str, cxf: Cxf, tmp_path: Path) -> None:
    varied = VARIATIONS[name] if name in VARIATIONS else OURS_ALONE[name]
    path = varied.written(tmp_path)
    address = cxf.serve(path, *varied.options)
    with cxf.client(load_contract(path), address, keys_of(cxf, "alice", "bob")) as client:
        assert (client.double(number=21), client.half(number=21)) == (42, 10)


@pytest.mark.parametrize("name", VARIATIONS)
def test_a_client_by_cxf_calls_us(name: str, cxf: Cxf, tmp_path: Path, serve: Callable[..., str]) -> None:
    varied = VARIATIONS[name]
    path = varied.written(tmp_path)
    address, _ = our_service(cxf, serve, path, keys_of(cxf, "bob", "alice"), https=varied.https)
    assert cxf.call(path, address, *(each for each in varied.options if each != "https=true")) == ["42"]


@pytest.mark.parametrize("binding", [asymmetric, symmetric])
def test_rsa_1_5_is_refused_by_name_and_done_where_it_is_allowed(
    binding: Callable[..., str], cxf: Cxf, tmp_path: Path, serve: Callable[..., str]
) -> None:
    path = Variation(binding(algorithms="Basic256Sha256Rsa15") + WSS11).written(tmp_path)
    known, keys = load_contract(path), keys_of(cxf, "alice", "bob")
    with pytest.raises(SecurityError, match=r"double\.wsdl:\d+: Basic256Sha256Rsa15 .* allow_rsa_1_5=True"):
        Security.from_contract(known, keys=keys)
    with cxf.client(known, cxf.serve(path), keys, allow_rsa_1_5=True) as client:
        assert client.double(number=21) == 42
    address, _ = our_service(cxf, serve, path, keys_of(cxf, "bob", "alice"), allow_rsa_1_5=True)
    assert cxf.call(path, address) == ["42"]


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("soap", ["1.1", "1.2"])
@pytest.mark.parametrize("binding", ["asymmetric", "symmetric", "transport"])
def test_a_fault_of_cxf_is_told_signed_or_not(binding: str, soap: str, cxf: Cxf, tmp_path: Path) -> None:
    policy = {"asymmetric": asymmetric(), "symmetric": symmetric() + WSS11, "transport": transport() + username()}
    varied = Variation(policy[binding], soap=soap)
    path = varied.written(tmp_path)
    address = cxf.serve(path, "fault=no numbers today", *(["https=true"] if varied.https else []))
    client = cxf.client(load_contract(path), address, keys_of(cxf, "alice", "bob"))
    with client, pytest.raises(soapkit.Fault, match="no numbers today"):
        client.double(number=21)


@pytest.mark.parametrize("policy", [asymmetric(), symmetric() + WSS11])
def test_a_client_by_cxf_is_told_our_fault(policy: str, cxf: Cxf, tmp_path: Path, serve: Callable[..., str]) -> None:
    path = Variation(policy).written(tmp_path)
    known = load_contract(path)

    class Failing(type(doubler(known))):  # type: ignore[misc]  # generated in memory
        def double(self, *, number: int) -> int:
            raise soapkit.Fault(f"{number} is too much")

    security = Security.from_contract(known, keys=keys_of(cxf, "bob", "alice"), side="server")
    address = hosted(cxf, serve, soapkit.asgi(Failing(), security=security, contract=known))
    assert "21 is too much" in " ".join(cxf.call(path, address))


# --- contracts where they are published -------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [asymmetric(), symmetric(protection=DERIVING) + WSS11])
def test_our_client_knows_from_the_contract_that_cxf_publishes(policy: str, cxf: Cxf, tmp_path: Path) -> None:
    address = cxf.serve(Variation(policy).written(tmp_path))
    known = load_contract(f"{address}?wsdl", documents=Documents(fetch=fetcher()))
    with cxf.client(known, address, keys_of(cxf, "alice", "bob")) as client:
        assert client.double(number=21) == 42


@pytest.mark.parametrize("policy", [asymmetric(), symmetric(protection=DERIVING) + WSS11])
def test_a_client_by_cxf_knows_from_the_contract_that_we_publish(
    policy: str, cxf: Cxf, tmp_path: Path, serve: Callable[..., str]
) -> None:
    address, _ = our_service(cxf, serve, Variation(policy).written(tmp_path), keys_of(cxf, "bob", "alice"))
    assert cxf.call(f"{address}?wsdl", address, service=SERVICE, port=PORT) == ["42"]
