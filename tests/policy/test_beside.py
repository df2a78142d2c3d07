"""Every token that endorses, beside every binding: a request and its answer pass, and nothing less is believed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from soapkit.errors import SecurityError
from soapkit.policy import Keys
from soapkit.security import (
    Contexts,
    Encrypt,
    KeyPair,
    PasswordKey,
    SamlAssertion,
    SamlRequirement,
    SamlToken,
    Security,
    SecurityContext,
    SharedKey,
    Sign,
    Timestamp,
    TrustStore,
    issue_assertion,
)
from soapkit.security.crypto.certificates import public_key_of
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.soap.envelope import Envelope
from soapkit.soap.security_result import SecurityResult
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.model import Contract
from soapkit.xml.parse import parse_message
from tests.policy.contracts import (
    BODY,
    BODY_SIGNED,
    asymmetric,
    by_password,
    contract,
    conversing,
    issued,
    key_value,
    nested,
    symmetric,
    transport,
    x509,
)
from tests.policy.messages import sample
from tests.policy.test_saml_policies import BANK, STS, with_secret

AUTHORITY = make_authority()
PEOPLE = {name: make_keypair(name, AUTHORITY) for name in ("alice", "bank")} | {
    "sts": make_keypair("sts", make_authority("tokens"))
}
ALICE, THEIRS = PEOPLE["alice"], PEOPLE["bank"]
TRUST = TrustStore.of(AUTHORITY, *(public_key_of(pair.certificate) for pair in (ALICE, THEIRS)))
CERTIFICATES = (ALICE.certificate, THEIRS.certificate)
CONTEXT = SecurityContext("urn:uuid:1", bytes(range(32)))
DERIVED = x509("Never", "RequireDerivedKeys")
SAML = nested("SamlToken", "<sp:WssSamlV20Token11/>", include="AlwaysToRecipient")
BINDINGS = {
    "https": transport(),
    "pairs": asymmetric(),
    "pairs, encrypted first": asymmetric("EncryptBeforeSigning", "EncryptSignature"),
    "pairs, derived for the recipient": asymmetric(recipient=DERIVED),
    "pairs, derived for both": asymmetric(initiator=x509("AlwaysToRecipient", "RequireDerivedKeys"), recipient=DERIVED),
    "pairs, the initiator by a secret": asymmetric(initiator=issued("SymmetricKey")),
    "one key": symmetric(),
    "one key, derived": symmetric(protection=DERIVED),
    "a password": symmetric(protection=by_password("RequireDerivedKeys")),
    "an issued secret": symmetric(protection=issued("SymmetricKey")),
    "a conversation": symmetric(protection=conversing(asymmetric() + BODY, "RequireDerivedKeys")),
}
TOKENS = {
    "a certificate": x509(),
    "a certificate, derived": x509("AlwaysToRecipient", "RequireDerivedKeys"),
    "a user": by_password(),
    "an assertion": SAML,
    "an issued secret": issued("SymmetricKey"),
    "an issued secret, derived": issued("SymmetricKey", derived=True),
    "an issued key pair": issued("PublicKey"),
    "a bare key": key_value(),
    "a conversation": conversing(asymmetric() + BODY),
}
ENDORSING = tuple(f"{kind}EndorsingSupportingTokens" for kind in ("", "Signed"))


def cells() -> Iterator[tuple[str, str, str]]:
    """All that can be, each kind of holder in its turn: a message speaks for one user, and for one subject."""
    for row, binding in enumerate(BINDINGS):
        for column, token in enumerate(TOKENS):
            of_subjects = [
                each for each in (binding, token) if "secret" in each or "assertion" in each or "issued" in each
            ]
            if len(of_subjects) > 1 or (binding, token) == ("a password", "a user"):
                continue
            yield binding, token, ENDORSING[(row + column) % 2 if token != "a bare key" else 0]


def keys_for(binding: str, token: str) -> tuple[Keys, Keys]:
    """Of a client and a service."""
    if "secret" in binding or "secret" in token:
        assertion = with_secret(PEOPLE, "2.0")
    else:
        said = SamlAssertion(STS, "alice", confirmation="holder-of-key", holder=ALICE, audience=[BANK])
        assertion = SamlToken(issue_assertion(said, PEOPLE["sts"]))
    saml = SamlRequirement(TrustStore.of(PEOPLE["sts"]), audience=[BANK])
    common: dict[str, Any] = {"trust": TRUST, "certificates": CERTIFICATES, "contexts": Contexts([CONTEXT])}
    client = Keys(ALICE, peer=THEIRS, username="alice", password="secret", assertion=assertion, **common)
    return client, Keys(THEIRS, passwords={"alice": "secret"}, saml=saml, **common)


def loaded(policy: str, parts: str = BODY) -> Contract:
    return load_contract(contract(policy, request=parts, reply=parts))


def received(envelope: Envelope) -> Envelope:
    return Envelope.read(parse_message(envelope.to_bytes()))


def spoken(policy: str, keys: tuple[Keys, Keys], parts: str = BODY) -> SecurityResult:
    """What the service believes of a request whose answer the client believes."""
    known = loaded(policy, parts)
    client = Security.from_contract(known, keys=keys[0])
    service = Security.from_contract(known, keys=keys[1], side="server")
    asked = service.verify(received(client.apply(sample(known))))
    client.verify(received(service.apply(sample(known, "reply"), request=asked)))
    return asked


@pytest.mark.parametrize(("binding", "token", "holder"), [*cells()])
def test_who_endorses_is_believed_beside_any_binding_and_missed_where_he_does_not(
    binding: str, token: str, holder: str
) -> None:
    keys, parts = keys_for(binding, token), "" if binding == "https" else BODY
    policy = BINDINGS[binding] + nested(holder, TOKENS[token])
    spoken(policy, keys, parts)
    without = Security.from_contract(loaded(BINDINGS[binding], parts), keys=keys[0])
    service = Security.from_contract(loaded(policy, parts), keys=keys[1], side="server")
    with pytest.raises(SecurityError):
        service.verify(received(without.apply(sample(loaded(policy)))))


@pytest.mark.parametrize("binding", BINDINGS)
def test_a_binding_by_itself_protects_both_ways(binding: str) -> None:
    spoken(BINDINGS[binding], keys_for(binding, ""), "" if binding == "https" else BODY)


BOTH = {
    "a certificate": "a user",
    "a user": "a conversation",
    "a conversation": "a certificate",
    "a bare key": "a user",
}


@pytest.mark.parametrize("binding", ["https", "pairs", "one key, derived", "a conversation"])
@pytest.mark.parametrize("first", BOTH)
def test_of_two_who_endorse_each_is_missed(binding: str, first: str) -> None:
    keys, parts = keys_for(binding, ""), "" if binding == "https" else BODY
    alone = [BINDINGS[binding] + nested(ENDORSING[0], TOKENS[token]) for token in (first, BOTH[first])]
    policy = alone[0] + nested(ENDORSING[0], TOKENS[BOTH[first]])
    spoken(policy, keys, parts)
    service = Security.from_contract(loaded(policy, parts), keys=keys[1], side="server")
    for other in alone:
        client = Security.from_contract(loaded(other, parts), keys=keys[0])
        with pytest.raises(SecurityError):
            service.verify(received(client.apply(sample(loaded(policy)))))


def test_a_user_who_endorses_signs_for_no_key_pair() -> None:
    """Who knows the password, and has no certificate, is not who the binding asks for."""
    known = loaded(asymmetric() + nested("EndorsingSupportingTokens", by_password()), BODY_SIGNED)
    service = Security.from_contract(known, keys=keys_for("", "a user")[1], side="server")
    by_user = SharedKey(to=PasswordKey("alice", "secret"))
    parts = ["Body", "Timestamp"]
    forged = Security(
        [Timestamp(), by_user, Sign(by_user, parts, "hmac-sha1"), Sign(by_user, ["Signature"], "hmac-sha1")]
    ).apply(sample(known))
    with pytest.raises(SecurityError, match="not signed with the key pair of a certificate; Timestamp, Body must be"):
        service.verify(received(forged))


SUBJECT = SamlAssertion(STS, "alice", confirmation="holder-of-key", holder=ALICE, audience=[BANK])


@pytest.mark.parametrize(
    ("by", "endorses", "told"),
    [
        ("direct", False, "no subject who is known signed it"),  # the same key pair: and yet it endorses nothing
        ("assertion", True, "not signed with the key pair of a certificate"),
    ],
)
def test_the_subject_of_an_assertion_endorses_the_signature_of_a_certificate(
    by: str, endorses: bool, told: str
) -> None:
    """WS-SecurityPolicy 1.3, 8.3: the endorsing token signs the message's signature, which is the initiator's."""
    known = loaded(asymmetric() + nested("EndorsingSupportingTokens", SAML), BODY_SIGNED)
    service = Security.from_contract(known, keys=keys_for("", "an assertion")[1], side="server")
    steps = [
        Timestamp(),
        SamlToken(issue_assertion(SUBJECT, PEOPLE["sts"])),
        Sign(ALICE, algorithm="rsa-sha1", key_reference=by),
        Sign(ALICE, ["Signature"], algorithm="rsa-sha1", key_reference="assertion"),
    ]
    with pytest.raises(SecurityError, match=told):
        service.verify(received(Security(steps[: 4 if endorses else 3]).apply(sample(known))))


def test_who_endorses_what_a_context_signed_does_not_sign_in_its_place() -> None:
    known = loaded(symmetric(protection=conversing(asymmetric() + BODY)) + nested(ENDORSING[0], x509()), BODY_SIGNED)
    service = Security.from_contract(known, keys=keys_for("", "")[1], side="server")
    forged = Security([Timestamp(), Sign(ALICE), Sign(ALICE, ["Signature"])]).apply(sample(known))
    with pytest.raises(SecurityError, match="under a shared key"):
        service.verify(received(forged))


def test_keys_are_derived_from_the_one_that_a_request_brings_and_whoever_has_a_pair_signs_with_it() -> None:
    known = loaded(BINDINGS["pairs, derived for both"])
    client = Security.from_contract(known, keys=keys_for("", "")[0])
    signed, brought, encrypted = client.outbound[1:]
    assert isinstance(signed, Sign)
    assert isinstance(signed.keypair, KeyPair)
    assert isinstance(brought, SharedKey)
    assert isinstance(encrypted, Encrypt)
    assert (encrypted.to, brought.derived) == (brought, "2005/12")


def test_an_answer_under_a_derived_key_needs_a_request_that_brings_one() -> None:
    with pytest.raises(SecurityError, match="under the key that a request brings, and nothing in requests is"):
        Security.from_contract(
            loaded(BINDINGS["pairs, derived for the recipient"], BODY_SIGNED), keys=keys_for("", "")[0]
        )
