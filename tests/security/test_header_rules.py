"""HeaderRules: how a security header must be built, for whoever signed it right."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from soapkit.errors import SecurityError, UsageError
from soapkit.security import Encrypt, HeaderRules, KeyPair, Require, Security, Sign, Timestamp
from soapkit.soap.envelope import Envelope
from tests.parties import Keys

PARTS = ["Body", "Timestamp"]
PROTECTED = [*PARTS, "BinarySecurityToken"]


def verified(secured: Envelope, keys: Keys, now: datetime, rules: HeaderRules, **demanded: Any) -> str:
    require = Require(signed=["Body"], trust=keys.trust, key=keys.bob, rules=rules, **demanded)
    return Security(inbound=require).verify(Envelope.parse(secured.to_bytes()), now=now).signer_name


def refused(secured: Envelope, keys: Keys, now: datetime, rules: HeaderRules, told: str, **demanded: Any) -> None:
    with pytest.raises(SecurityError, match=told):
        verified(secured, keys, now, rules, **demanded)


def test_the_timestamp_stands_at_the_end_that_is_asked_for(plain: Envelope, keys: Keys, now: datetime) -> None:
    first = Security([Timestamp(), Sign(keys.alice)]).apply(plain, now=now)
    last = Security([Timestamp(last=True), Sign(keys.alice)]).apply(plain, now=now)
    none = Security([Sign(keys.alice, parts=["Body"])]).apply(plain, now=now)
    at_first, at_last = HeaderRules(layout="lax-timestamp-first"), HeaderRules(layout="lax-timestamp-last")
    assert verified(first, keys, now, at_first) == verified(last, keys, now, at_last) == "CN=alice"
    for secured, rules, told in (
        (last, at_first, "stand first"),
        (first, at_last, "stand last"),
        (none, at_first, "stand first"),
    ):
        refused(secured, keys, now, rules, told)


def test_strict_wants_a_token_before_the_signature_that_is_made_with_it(
    plain: Envelope, keys: Keys, now: datetime
) -> None:
    secured = Security([Timestamp(), Sign(keys.alice)]).apply(plain, now=now)
    assert verified(secured, keys, now, HeaderRules(layout="strict")) == "CN=alice"
    security = next(block for block in secured.headers if block.tag.endswith("}Security"))
    security.append(next(token for token in security if token.tag.endswith("}BinarySecurityToken")))
    assert verified(secured, keys, now, HeaderRules()) == "CN=alice"
    refused(secured, keys, now, HeaderRules(layout="strict"), "a token stands behind the signature")


@pytest.mark.parametrize("parts", [["Body"], ["Body", "{urn:addressing}To"]])
def test_signing_and_encrypting_come_in_the_order_that_is_asked_for(
    plain: Envelope, keys: Keys, now: datetime, parts: list[str]
) -> None:
    sign, encrypt = Sign(keys.alice, parts=["Timestamp", *parts]), Encrypt(to=keys.bob.certificate, parts=parts)
    signed = Security([Timestamp(), sign, encrypt]).apply(plain, now=now)
    encrypted = Security([Timestamp(), encrypt, sign]).apply(plain, now=now)
    sign_first, encrypt_first = HeaderRules(order="sign-first"), HeaderRules(order="encrypt-first")
    demanded = {"encrypted": parts}
    assert verified(signed, keys, now, sign_first, **demanded) == "CN=alice"
    assert verified(encrypted, keys, now, encrypt_first, **demanded) == "CN=alice"
    refused(encrypted, keys, now, sign_first, "must be signed first, then encrypted", **demanded)
    refused(signed, keys, now, encrypt_first, "must be encrypted first, then signed", **demanded)


def test_whole_parts_are_signed_and_no_pieces(plain: Envelope, keys: Keys, now: datetime) -> None:
    whole = Sign(keys.alice, parts=[*PROTECTED, "{urn:addressing}To"])
    pieces = Sign(keys.alice, parts=[*PARTS, "//{urn:bank}note"])
    rules = HeaderRules(whole_parts=True)
    assert verified(Security([Timestamp(), whole]).apply(plain, now=now), keys, now, rules) == "CN=alice"
    refused(Security([Timestamp(), pieces]).apply(plain, now=now), keys, now, rules, "note, which is no whole part")


@pytest.mark.parametrize("hidden", [False, True])
def test_a_signature_covers_the_token_it_was_made_with(
    plain: Envelope, keys: Keys, now: datetime, hidden: bool
) -> None:
    encrypt = [Encrypt(to=keys.bob.certificate)] if hidden else []
    rules = HeaderRules(tokens_protected=True)

    def secured(by: KeyPair, parts: list[str], reference: Any = "direct") -> Envelope:
        return Security([Timestamp(), Sign(by, parts, key_reference=reference), *encrypt]).apply(plain, now=now)

    assert verified(secured(keys.alice, PROTECTED), keys, now, rules) == "CN=alice"
    refused(secured(keys.alice, PARTS), keys, now, rules, "does not cover the token")
    named = secured(keys.alice, PARTS, "thumbprint")
    certificates = (keys.alice.certificate,)
    assert verified(named, keys, now, rules, certificates=certificates) == "CN=alice", "there is no token"


def test_rules_that_there_are_not_are_refused() -> None:
    told: Any = "first"
    for given in ({"layout": told}, {"order": told}):
        with pytest.raises(UsageError, match="is one of"):
            HeaderRules(**given)
