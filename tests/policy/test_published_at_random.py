"""Settings drawn at random: what no policy can say of them is told, or a client that knows the policy is served."""

from __future__ import annotations

import random
from typing import Any

import pytest

import soapkit
from soapkit.errors import SecurityError
from soapkit.policy import Keys
from soapkit.security import (
    REQUEST,
    SHARED,
    SIGNER,
    Encrypt,
    HeaderRules,
    Require,
    Security,
    SharedKey,
    Sign,
    Timestamp,
    TrustStore,
    profile,
)
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.wsdl.load import load_contract
from tests.policy.services import PASSWORDS, Doubler, Pairs, published

DRAWS = 60
PARTS = (
    *("Body", "Timestamp", "UsernameToken", "BinarySecurityToken", "Headers", "Attachments", "trace"),
    *("{urn:double}trace", "{urn:double}trace?", "{http://www.w3.org/2005/08/addressing}*?", "//{urn:double}number"),
)
LAYOUTS = ("lax", "lax", "strict", "lax-timestamp-first", "lax-timestamp-last")
ORDERS = ("any", "any", "sign-first", "encrypt-first")


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    authority = make_authority()
    return Pairs(TrustStore.of(authority), make_keypair("alice", authority), make_keypair("bob", authority))


def drawn(dice: random.Random, pairs: Pairs) -> Security:
    """Settings that a service can work with, whether or not anybody can talk to it."""
    shared = dice.random() < 0.4
    rules: Any = HeaderRules(dice.choice(LAYOUTS), dice.choice(ORDERS), tokens_protected=dice.random() < 0.1)  # type: ignore[arg-type]  # one of them
    require = Require(
        signed=["Body", "Timestamp", *dice.sample(PARTS[2:], dice.choice((0, 0, 1, 2)))],
        encrypted=dice.sample([part for part in PARTS if part not in PARTS[1:4:2]], dice.choice((0, 0, 1))),
        trust=None if shared else pairs.trust,
        shared_key=shared,
        key=pairs.bob,
        certificates=(pairs.alice.certificate,),
        username=PASSWORDS if dice.random() < 0.3 else None,
        rules=rules,
        algorithms=profile(dice.choice(("modern", "modern", "legacy", "basic256sha256"))),
    )
    sign = Sign(SHARED if shared else pairs.bob, key_reference=dice.choice(("direct", "thumbprint", "path")))
    steps: list[Any] = [sign, Encrypt(to=SHARED if shared else SIGNER)][: dice.choice((1, 2, 2))]
    if dice.random() < 0.3:
        steps.reverse()
    first = [SharedKey(to=REQUEST, derived=dice.choice(("", "2005/12")))] if shared else []
    return Security([Timestamp(last=dice.random() < 0.2), *first, *steps], require)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_policy_that_is_published_works(seed: int, pairs: Pairs) -> None:
    dice, served = random.Random(seed), 0
    for number in range(DRAWS // 2):
        security = drawn(dice, pairs)
        try:
            application = soapkit.asgi(Doubler(), security=security, policy="required")
        except SecurityError as error:
            assert str(error)
            continue
        known = load_contract(published(application))
        keys: Keys = pairs.client()
        client = soapkit.Client.from_wsdl(
            known,
            security=Security.from_contract(known, keys=keys),
            transport=soapkit.testing.loopback(application),
            addressing=True,
        )
        with client:
            assert client.double(number=21, trace="of this call") == 42, f"seed {seed}, draw {number}"
        served += 1
    assert served > DRAWS // 10
