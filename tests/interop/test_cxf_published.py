"""A client by Apache CXF, told what to secure by the contract that a code-first service of ours publishes, alone.

CXF signs with SHA-1 under every suite of the standard, so that a service which takes SHA-256 alone must be told so to
it, by the setting that CXF has for that: ``SHA256``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import soapkit
from soapkit.security import Security
from soapkit.security.crypto.algorithms import profile
from tests.interop.cxf_peer import Cxf, hosted
from tests.policy.services import ASYMMETRIC, OVER_HTTPS, SYMMETRIC, Doubler, Pairs, published

MORE = "http://www.w3.org/2001/04/xmldsig-more#"
SHA256 = (
    f"ws-security.asymmetric.signature.algorithm={MORE}rsa-sha256",
    f"ws-security.symmetric.signature.algorithm={MORE}hmac-sha256",
)
CUSTOM = "ws-security.custom.alg.suite"
MODERN = (
    *SHA256,
    f"{CUSTOM}.asymmetric.key.encryption.algorithm=http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
    f"{CUSTOM}.asymmetric.signature={MORE}rsa-sha256",
    f"{CUSTOM}.symmetric.signature={MORE}hmac-sha256",
)
STANDARD = "Basic256Sha256, as the standard signs"
NOT_CALLED = (
    "answers named by pkcs7",  # which CXF's client cannot read
    "a header",  # which it would have to send
)
IN_MESSAGES = [name for name in (*ASYMMETRIC, *SYMMETRIC) if name not in NOT_CALLED]
PUBLISHED = [*IN_MESSAGES, *(f"https, {name}" for name in OVER_HTTPS)]
SAML = {"bearer": "bearer", "holder of key": "holder-of-key"}
SERVICE, PORT = "{urn:double}Doubler", "{urn:double}DoublerSoap11"


def called(
    cxf: Cxf, serve: Callable[..., str], folder: Path, security: Security, *options: str, https: bool = False
) -> list[str]:
    application = soapkit.asgi(Doubler(), security=security, policy="required")
    address = hosted(cxf, serve, application, https=https)
    path = folder / "published.wsdl"
    path.write_bytes(published(application, address))
    return cxf.call(path, address, *options, service=SERVICE, port=PORT)


@pytest.fixture(scope="module")
def pairs(cxf: Cxf) -> Pairs:
    return Pairs(cxf.trust, cxf.pair("alice"), cxf.pair("bob"))


@pytest.mark.parametrize("settings", IN_MESSAGES)
def test_a_client_by_cxf_keeps_to_the_policy_that_we_publish(
    settings: str, cxf: Cxf, pairs: Pairs, serve: Callable[..., str], tmp_path: Path
) -> None:
    security = (ASYMMETRIC | SYMMETRIC)[settings](pairs)
    assert called(cxf, serve, tmp_path, security, *(MODERN if settings != STANDARD else ())) == ["42"]


@pytest.mark.parametrize("settings", OVER_HTTPS)
def test_over_https_too(settings: str, cxf: Cxf, pairs: Pairs, serve: Callable[..., str], tmp_path: Path) -> None:
    options = [f"saml={SAML[settings]}"] if settings in SAML else []
    security = OVER_HTTPS[settings](pairs)
    if settings in SAML:  # the client signs its assertion with SHA-1
        security = replace(security, inbound=replace(security.inbound, algorithms=profile("legacy_sha1")))
    assert called(cxf, serve, tmp_path, security, *SHA256, *options, https=True) == ["42"]
