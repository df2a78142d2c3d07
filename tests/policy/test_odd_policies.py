"""Policies that are written in odd ways: read as the standard has it, or refused by name, never passed over."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import Any

import pytest

from soapkit.errors import ContractError, SecurityError
from soapkit.policy import Keys
from soapkit.security import Encrypt, Security, Timestamp, TrustStore, UsernameToken
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.wsdl.load import load_contract
from soapkit.wsdl.page import named_policies
from soapkit.xml.c14n import canonicalise
from tests.policy.contracts import (
    BODY,
    BODY_SIGNED,
    asymmetric,
    by_password,
    contract,
    nested,
    suite,
    symmetric,
    username,
    x509,
)

AUTHORITY = make_authority()
ALICE = make_keypair("alice", AUTHORITY)
KEYS = Keys(ALICE, peer=ALICE, trust=TrustStore.of(AUTHORITY), username="alice", password="secret")
OPTIONAL = 'p:Optional="true"'


def settings(policy: str, parts: str = BODY, beside: str = "") -> Security:
    text = contract(policy, request=parts, reply=parts).replace(b"<types>", f"{beside}<types>".encode(), 1)
    return Security.from_contract(load_contract(text), keys=KEYS)


def has(security: Security, kind: Any) -> bool:
    return any(isinstance(step, kind) for step in security.outbound)


def either(*alternatives: str) -> str:
    return f"<p:ExactlyOne>{''.join(f'<p:All>{each}</p:All>' for each in alternatives)}</p:ExactlyOne>"


def refers(uri: str, more: str = "") -> str:
    return f'<p:PolicyReference URI="{uri}" {more}/>'


NAMED = f'<p:Policy u:Id="named">{username()}</p:Policy>'


def test_tokens_that_are_all_optional_may_be_left_out() -> None:
    """As .NET writes them: an endorsing token, the one in it optional."""
    kerberos = nested("KerberosToken").replace("<sp:KerberosToken>", f"<sp:KerberosToken {OPTIONAL}>")
    assert has(settings(asymmetric() + nested("EndorsingSupportingTokens", kerberos)), Encrypt)
    user = by_password().replace("<sp:UsernameToken ", f"<sp:UsernameToken {OPTIONAL} ")
    assert has(settings(asymmetric() + nested("SignedSupportingTokens", user)), UsernameToken)


@pytest.mark.parametrize(
    ("policy", "parts", "said"),
    [
        (asymmetric(), "<p:ExactlyOne/>", "the policy has no alternative: nothing can satisfy it"),
        (either(), BODY, "the policy has no alternative: nothing can satisfy it"),
        (
            asymmetric().replace(suite("Basic256Sha256"), nested("AlgorithmSuite", "<sp:Basic256/>", "<sp:Basic128/>")),
            BODY,
            "AlgorithmSuite names Basic128, Basic256; expected one",
        ),
        (asymmetric().replace("<sp:Lax/>", "<sp:Lax/><sp:Strict/>"), BODY, "Layout names lax, strict; expected one"),
        (asymmetric(), '<sp:SignedParts><sp:Header Name="x"/></sp:SignedParts>', "a Header without its Namespace"),
        (asymmetric(), "<sp:SignedElements/>", "SignedElements names no element: expected an XPath"),
        (asymmetric() + nested("SignedSupportingTokens"), BODY, "SignedSupportingTokens names no token"),
        (asymmetric(initiator=x509("Sometimes")), BODY, "IncludeToken of X509Token is Sometimes; expected Never"),
        (asymmetric() + refers("#named", 'Digest="AAAA"'), BODY, "policy '#named' is not the one whose digest is said"),
        (
            asymmetric() + refers("#named", 'Digest="AAAA" DigestAlgorithm="urn:other"'),
            BODY,
            "the digest of policy '#named' is by urn:other, not Sha1Exc",
        ),
    ],
)
def test_what_says_nothing_or_two_things_is_told(policy: str, parts: str, said: str) -> None:
    with pytest.raises((ContractError, SecurityError)) as caught:
        settings(policy, parts, NAMED)
    assert said in str(caught.value)


def test_a_reference_to_the_policy_whose_digest_it_says_is_followed() -> None:
    text = contract("").replace(b"<types>", f"{NAMED}<types>".encode(), 1)
    root = load_contract(text).documents[0].root
    digest = b64encode(hashlib.sha1(canonicalise(named_policies(root)["named"])).digest()).decode()
    exc = 'DigestAlgorithm="http://www.w3.org/ns/ws-policy/Sha1Exc"'
    assert has(settings(asymmetric() + refers("#named", f'Digest="{digest}" {exc}'), beside=NAMED), UsernameToken)


@pytest.mark.parametrize("flag", ["EncryptSignature", "IncludeTimestamp"])
def test_what_is_optional_inside_of_a_binding_is_kept(flag: str) -> None:
    policy = asymmetric().replace("<sp:IncludeTimestamp/>", f"<sp:{flag} {OPTIONAL}/>")
    security = settings(policy)
    hidden = [part for step in security.outbound if isinstance(step, Encrypt) for part in step.parts]
    assert "Signature" in hidden if flag == "EncryptSignature" else has(security, Timestamp)


def test_of_alternatives_that_demand_as_much_the_first_that_can_be_kept_is_taken() -> None:
    kerberos = nested("SymmetricBinding", nested("ProtectionToken", nested("KerberosToken")), suite("Basic256Sha256"))
    first = settings(either(kerberos, asymmetric(), symmetric()))
    assert first.outbound == settings(asymmetric()).outbound
    assert settings(asymmetric(), either(BODY_SIGNED, BODY)).outbound == first.outbound


def test_a_token_may_be_chosen_or_referred_to_inside_of_its_holder() -> None:
    beside = f'<p:Policy u:Id="token">{x509()}</p:Policy>'
    expected = settings(asymmetric()).outbound
    assert settings(asymmetric(initiator=refers("#token")), beside=beside).outbound == expected
    assert settings(asymmetric(initiator=either(nested("KerberosToken"), x509()))).outbound == expected
