"""KeyValueToken: who is a key without a certificate (WS-SecurityPolicy 1.3, 5.4.11)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from soapkit.errors import SecurityError
from soapkit.policy import Keys
from soapkit.policy.attach import Policies
from soapkit.policy.words import tell
from soapkit.security import KeyPair, Security, TrustStore
from soapkit.security.crypto.certificates import public_key_of
from soapkit.security.throwaway import make_authority
from soapkit.wsdl.load import load_contract
from tests.policy.contracts import BODY, BODY_SIGNED, asymmetric, contract, key_value, nested, symmetric, transport
from tests.policy.messages import sample

ENDORSED = transport() + nested("EndorsingSupportingTokens", key_value())


@pytest.fixture(scope="module")
def both() -> tuple[Keys, Keys]:
    """The keys of a client and of a service, who know each other by their public keys."""
    alice, bank = make_authority("alice"), make_authority("bank")
    return Keys(alice, peer=bank, trust=known(bank)), Keys(bank, trust=known(alice))


def known(pair: KeyPair) -> TrustStore:
    return TrustStore.of(public_key_of(pair.certificate))


@pytest.mark.parametrize(
    "policy", [ENDORSED, asymmetric(initiator=key_value(), recipient=key_value())], ids=["https", "asymmetric"]
)
def test_a_bare_key_signs_and_is_believed_where_it_is_known(policy: str, both: tuple[Keys, Keys]) -> None:
    parts = "" if policy == ENDORSED else BODY_SIGNED
    contracted = load_contract(contract(policy, request=parts, reply=parts))
    sent = Security.from_contract(contracted, keys=both[0]).apply(sample(contracted))
    assert b"RSAKeyValue" in sent.to_bytes()
    assert b"BinarySecurityToken" not in sent.to_bytes()
    service = Security.from_contract(contracted, keys=both[1], side="server")
    result = service.verify(sent)
    assert result.signer_name.startswith("SHA-256 of key")
    assert any("neither ends nor can it be revoked" in warning for warning in result.warnings)
    stranger = replace(both[0], own=make_authority("mallory"))
    with pytest.raises(SecurityError, match="not among those that are trusted"):
        service.verify(Security.from_contract(contracted, keys=stranger).apply(sample(contracted)))


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (asymmetric(initiator=key_value()), "encryption to a bare key (KeyValueToken) is not done"),
        (asymmetric("ProtectTokens", initiator=key_value()), "ProtectTokens: a bare key"),
        (asymmetric() + nested("SupportingTokens", key_value()), "that signs nothing is not done"),
        (asymmetric() + nested("SignedEndorsingSupportingTokens", key_value()), "no token that could be signed"),
        (symmetric(protection=key_value()), "no secret of two sides"),
    ],
)
def test_what_a_bare_key_cannot_do_is_told(policy: str, said: str, both: tuple[Keys, Keys]) -> None:
    contracted = load_contract(contract(policy, request=BODY, reply=BODY))
    with pytest.raises(SecurityError) as caught:
        Security.from_contract(contracted, keys=both[0])
    assert said in str(caught.value)


def test_a_service_that_knows_certificates_alone_is_told_to_give_public_keys(both: tuple[Keys, Keys]) -> None:
    contracted = load_contract(contract(ENDORSED))
    assert both[0].own is not None
    with pytest.raises(SecurityError, match=r"a bare key.*give Keys\(trust=.* with the public keys"):
        Security.from_contract(contracted, keys=replace(both[1], trust=TrustStore.of(both[0].own)), side="server")


def test_microsofts_name_for_it_means_the_same() -> None:
    said = [
        [line for endpoint in policies.endpoints() for line in tell(policies, endpoint).alternatives[0]]
        for text in (ENDORSED, ENDORSED.replace("KeyValueToken", "RsaToken"))
        for policies in [Policies(load_contract(contract(text)))]
    ]
    assert said[0] == said[1]
    assert any(line.startswith("a bare key") for line in said[0])
