"""Certificates that a message brings beside that of its signature: supporting tokens (WS-SecurityPolicy 1.3, 8), and
what is demanded of the token that was signed with (6.5)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from soapkit.errors import SecurityError, UsageError
from soapkit.policy import Keys
from soapkit.security import BinarySecurityToken, HeaderRules, Security, Sign, TrustStore
from soapkit.security.steps import Encrypt
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.wsdl.load import load_contract
from tests.policy.contracts import BODY, asymmetric, contract, nested, symmetric, x509
from tests.policy.messages import sample

AUTHORITY = make_authority()
ALICE, CAROL, BANK = (make_keypair(name, AUTHORITY) for name in ("alice", "carol", "bank"))
TRUST = TrustStore.of(AUTHORITY)
KNOWN = [pair.certificate for pair in (ALICE, CAROL, BANK)]
CLIENT = Keys(ALICE, endorsing=CAROL, peer=BANK, trust=TRUST, certificates=KNOWN)
SERVICE = Keys(BANK, trust=TRUST, certificates=KNOWN)
KINDS = {
    "SupportingTokens": "present",
    "SignedSupportingTokens": "signed",
    "EncryptedSupportingTokens": "encrypted",
    "SignedEncryptedSupportingTokens": "signed-encrypted",
}
ENDORSING = {
    "SignedEndorsingSupportingTokens": "signed",
    "EndorsingEncryptedSupportingTokens": "encrypted",
    "SignedEndorsingEncryptedSupportingTokens": "signed-encrypted",
}


def both(policy: str) -> tuple[Security, Security]:
    known = load_contract(contract(policy, request=BODY, reply=BODY))
    client = Security.from_contract(known, keys=CLIENT)
    return client, Security.from_contract(known, keys=SERVICE, side="server")


def steps(client: Security) -> list[object]:
    assert client.by_message is not None
    return list(client.by_message.outbound["{urn:double}double"])


def sent(client: Security, changed: list[object]) -> object:
    return replace(client, outbound=changed, by_message=None).apply(REQUEST)


REQUEST = sample(load_contract(contract(asymmetric())))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("binding", [asymmetric(initiator=x509("Never")), symmetric()], ids=["pairs", "one key"])
def test_a_supporting_certificate_is_brought_and_demanded(kind: str, binding: str) -> None:
    client, service = both(binding + nested(kind, x509()))
    service.verify(client.apply(REQUEST))
    bare, _ = both(binding)
    with pytest.raises(SecurityError, match="must bring a certificate"):
        service.verify(bare.apply(REQUEST))


@pytest.mark.parametrize("kind", ["SignedSupportingTokens", "SignedEncryptedSupportingTokens"])
def test_a_supporting_certificate_that_the_main_signature_does_not_cover_is_refused(kind: str) -> None:
    client, service = both(asymmetric() + nested(kind, x509()))
    changed = [
        replace(step, parts=[part for part in step.parts if part != "BinarySecurityToken"])
        if isinstance(step, Sign)
        else step
        for step in steps(client)
    ]
    with pytest.raises(SecurityError, match="signed by who signed the message"):
        service.verify(sent(client, changed))


def test_a_supporting_certificate_that_travels_in_the_clear_is_refused() -> None:
    client, service = both(asymmetric() + nested("EncryptedSupportingTokens", x509()))
    changed = [
        replace(step, parts=[part for part in step.parts if part != "BinarySecurityToken"])
        if isinstance(step, Encrypt)
        else step
        for step in steps(client)
    ]
    with pytest.raises(SecurityError, match="a certificate, encrypted"):
        service.verify(sent(client, changed))


@pytest.mark.parametrize("kind", ENDORSING)
@pytest.mark.parametrize("binding", [asymmetric, symmetric])
def test_the_certificate_of_who_endorses_is_protected_as_the_policy_says(kind: str, binding: object) -> None:
    client, service = both(binding() + nested(kind, x509()))  # type: ignore[operator]
    service.verify(client.apply(REQUEST))
    plain, _ = both(binding() + nested("EndorsingSupportingTokens", x509()))  # type: ignore[operator]
    with pytest.raises(SecurityError, match="the certificate of who endorses must be there"):
        service.verify(plain.apply(REQUEST))


def test_a_supporting_certificate_that_is_never_included_is_not_looked_for() -> None:
    client, service = both(asymmetric() + nested("SignedSupportingTokens", x509("Never")))
    assert not any(isinstance(step, BinarySecurityToken) for step in steps(client))
    service.verify(client.apply(REQUEST))


@pytest.mark.parametrize("reference", ["RequireThumbprintReference", "RequireIssuerSerialReference"])
def test_a_protected_certificate_is_signed_though_it_is_only_named(reference: str) -> None:
    client, service = both(asymmetric("ProtectTokens", initiator=x509("Never", reference)))
    message = client.apply(REQUEST)
    assert b"STR-Transform" in message.to_bytes()
    service.verify(message)


def test_a_rule_that_there_is_not_is_told() -> None:
    with pytest.raises(UsageError, match="supporting= is one of '', present, signed"):
        HeaderRules(supporting="there")  # type: ignore[arg-type]
