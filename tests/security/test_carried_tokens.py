"""BinarySecurityToken, the step: a certificate that a message carries."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from soapkit.errors import UsageError
from soapkit.security import BinarySecurityToken, KeyPair, Require, Security, Sign, Timestamp, TrustStore
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1

ANN = make_keypair("ann", make_authority())


def message() -> Envelope:
    return Draft(SOAP_1_1, "<a xmlns='urn:a'/>").to_envelope()


@pytest.mark.parametrize("kind", ["direct", "path", "pkcs7"])
def test_a_signature_refers_to_the_token_that_a_step_brought(kind: Literal["direct", "path", "pkcs7"]) -> None:
    sign = Sign(ANN, parts=["Body", "Timestamp", "BinarySecurityToken"], key_reference=kind)
    secured = Security([Timestamp(), BinarySecurityToken(ANN, kind), sign]).apply(message())
    names = [token.tag.rpartition("}")[2] for token in secured.headers[0]]
    assert names == ["Timestamp", "BinarySecurityToken", "Signature"]
    required = Require(signed=["Body", "BinarySecurityToken"], trust=TrustStore.of(ANN))
    assert Security(inbound=required).verify(secured).signer_name == "CN=ann"


def test_a_signature_covers_the_tokens_of_others_too() -> None:
    other: KeyPair = make_keypair("bea", make_authority())
    sign = Sign(ANN, parts=["Body", "Timestamp", "BinarySecurityToken"])
    secured = Security([Timestamp(), BinarySecurityToken(other), sign]).apply(message())
    result = Security(inbound=Require(signed=["BinarySecurityToken"], trust=TrustStore.of(ANN))).verify(secured)
    assert [one.name for one in result.signed].count("BinarySecurityToken") == 2


def test_another_kind_is_refused() -> None:
    kind: Any = "ski"
    with pytest.raises(UsageError, match="direct, path, pkcs7"):
        BinarySecurityToken(ANN, kind)
