"""What no message can be is told: assertions that take away what others need. What looks so, and is not, works."""

from __future__ import annotations

import pytest

from soapkit.errors import SecurityError
from soapkit.policy import Keys
from soapkit.security import Encrypt, Security, SharedKey, TrustStore
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.wsdl.load import load_contract
from tests.policy.contracts import (
    BODY,
    BODY_ENCRYPTED,
    BODY_SIGNED,
    asymmetric,
    by_password,
    contract,
    nested,
    suite,
    symmetric,
    transport,
    username,
    x509,
)
from tests.policy.messages import sample

AUTHORITY = make_authority()
ALICE, BANK = make_keypair("alice", AUTHORITY), make_keypair("bank", AUTHORITY)
TRUST = TrustStore.of(AUTHORITY)
KNOWN = [ALICE.certificate, BANK.certificate]
CLIENT = Keys(ALICE, peer=BANK, trust=TRUST, username="alice", password="secret", certificates=KNOWN)
SERVICE = Keys(BANK, trust=TRUST, passwords={"alice": "secret"}, certificates=KNOWN)
NUMBER = "<sp:SignedElements><sp:XPath>//t:number</sp:XPath></sp:SignedElements>"
SAML = nested("SamlToken", "<sp:WssSamlV20Token11/>", include="AlwaysToRecipient")
ENDORSED = nested("EndorsingSupportingTokens", x509())


def settings(policy: str, *, request: str = BODY, reply: str = BODY) -> tuple[Security, Security]:
    known = load_contract(contract(policy, request=request, reply=reply))
    client = Security.from_contract(known, keys=CLIENT)
    return client, Security.from_contract(known, keys=SERVICE, side="server")


def spoken(policy: str, *, request: str = BODY, reply: str = BODY) -> None:
    """A request is believed, and its answer."""
    known = load_contract(contract(policy))
    client, service = settings(policy, request=request, reply=reply)
    received = service.verify(client.apply(sample(known)))
    client.verify(service.apply(sample(known, "reply"), request=received))


def without_timestamp(policy: str) -> str:
    return policy.replace("<sp:IncludeTimestamp/>", "")


@pytest.mark.parametrize(
    ("policy", "request_", "said"),
    [
        (
            without_timestamp(transport().replace("<sp:Lax/>", "<sp:LaxTsFirst/>")),
            "",
            "the layout puts a Timestamp first or last, and there is none",
        ),
        (without_timestamp(transport()) + ENDORSED, "", "endorse the Timestamp, and there is none"),
        (without_timestamp(asymmetric()) + ENDORSED, BODY_ENCRYPTED, "endorse the signature, and nothing is signed"),
        (asymmetric("EncryptBeforeSigning"), NUMBER + BODY_ENCRYPTED, "is to be signed, and may be hidden by then"),
        (
            asymmetric("EncryptBeforeSigning") + nested("EndorsingEncryptedSupportingTokens", x509()),
            BODY,
            "cannot be encrypted before it signs",
        ),
        (
            asymmetric("EncryptBeforeSigning") + nested("EndorsingEncryptedSupportingTokens", SAML),
            BODY,
            "cannot be encrypted before it signs",
        ),
        (without_timestamp(asymmetric(initiator=SAML)), BODY_ENCRYPTED, "is to sign, and nothing is signed"),
        (asymmetric() + username() + username("HashPassword"), BODY, "several UsernameTokens in a message"),
        (symmetric(protection=by_password("RequireDerivedKeys")) + username(), BODY, "several UsernameTokens"),
        (
            without_timestamp(symmetric(protection=by_password("RequireDerivedKeys"))),
            BODY_ENCRYPTED,
            "none is signed with its key",
        ),
        (
            nested("AsymmetricBinding", suite("Basic256Sha256"), "<sp:IncludeTimestamp/>"),
            BODY_SIGNED,
            "Timestamp, Body must be signed in requests, and the binding names no token for it",
        ),
        (
            asymmetric().replace(
                "<sp:Basic256Sha256/>", "<sp:Basic256Sha256/><sp:InclusiveC14N/><sp13:InclusiveC14N11/>"
            ),
            BODY,
            "AlgorithmSuite names InclusiveC14N, InclusiveC14N11; expected one",
        ),
        (without_timestamp(symmetric()), "", "under the key that a request brings, and nothing in requests is"),
    ],
)
def test_a_contradiction_is_told(policy: str, request_: str, said: str) -> None:
    with pytest.raises(SecurityError) as caught:
        settings(policy, request=request_)
    assert said in str(caught.value)


def test_a_service_whose_requests_nobody_signs_must_be_told_whom_to_encrypt_to() -> None:
    with pytest.raises(SecurityError, match=r"encrypted to who signed the request, and nobody does; give Keys\(peer="):
        settings(without_timestamp(asymmetric()), request=BODY_ENCRYPTED)


@pytest.mark.parametrize("holder", ["SupportingTokens", "SignedSupportingTokens", "SignedEncryptedSupportingTokens"])
def test_a_certificate_brought_under_encrypt_before_signing_is_found(holder: str) -> None:
    spoken(asymmetric("EncryptBeforeSigning", "EncryptSignature") + nested(holder, x509()))


def test_a_protection_token_is_named_where_all_certificates_are_encrypted() -> None:
    policy = symmetric(protection=x509("Always")) + nested("SignedEndorsingEncryptedSupportingTokens", x509())
    client, _ = settings(policy)
    assert [step.key_reference for step in client.outbound if isinstance(step, SharedKey)] == ["issuer-serial"]
    spoken(policy)


def test_a_message_that_is_not_signed_has_no_signature_to_encrypt() -> None:
    policy = without_timestamp(asymmetric("EncryptSignature", recipient=x509("Never")))
    client = Security.from_contract(
        load_contract(contract(policy, request=BODY_ENCRYPTED, reply=BODY_SIGNED)), keys=CLIENT
    )
    assert [step.parts for step in client.outbound if isinstance(step, Encrypt)] == [("Body",)]


def test_an_answer_to_what_was_not_signed_confirms_nothing() -> None:
    confirmed = nested("Wss11", "<sp:RequireSignatureConfirmation/>")
    spoken(without_timestamp(asymmetric()) + confirmed, request="", reply=BODY_SIGNED)


def test_a_user_and_who_endorses_may_stand_beside_each_other() -> None:
    spoken(symmetric(protection=by_password("RequireDerivedKeys")) + ENDORSED)


def test_the_same_user_asked_for_twice_is_sent_once() -> None:
    spoken(asymmetric() + username() + username(holder="SignedEncryptedSupportingTokens"))


def test_a_certificate_to_be_encrypted_is_brought_over_https() -> None:
    spoken(transport() + nested("EncryptedSupportingTokens", x509()), request="", reply="")
