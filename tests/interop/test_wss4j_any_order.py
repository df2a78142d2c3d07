"""Steps at random, in any order that makes sense: what they made is undone by Apache WSS4J 4, live, and by soapkit."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from soapkit.security import (
    SHARED,
    BinarySecurityToken,
    Encrypt,
    KeyPair,
    Require,
    Security,
    SharedKey,
    Sign,
    Timestamp,
    UsernameToken,
    profile,
)
from soapkit.security.steps import Step
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import BY_LABEL
from tests.interop.test_wss4j import BODY, HEADER, folder, peer, trust

__all__ = ["folder", "peer", "trust"]  # fixtures

NAMED = ("issuer-serial", "ski", "thumbprint", "embedded")
BODIES = (BODY, "", "text only", '<t xmlns="urn:bank"/>', '<b:t xmlns:b="urn:bank">a<b xmlns="">\n</b></b:t>')


class Chooser:
    """The steps of one message, and which parts they sign and encrypt."""

    def __init__(self, seed: int, alice: KeyPair, bob: KeyPair) -> None:
        self.random = random.Random(seed)
        self.alice, self.bob = alice, bob
        self.steps: list[Step] = []
        self.signed: list[str] = []
        self.encrypted: list[str] = []
        self.has = ["To"]
        if self.maybe(0.8):
            self.steps.append(Timestamp(last=self.maybe(0.2)))
            self.has.append("Timestamp")
        if self.maybe(0.4):
            self.steps.append(UsernameToken("alice", "changeit", digest=self.maybe(), nonce=self.maybe()))
            self.has.append("UsernameToken")
        if self.maybe(0.15):
            self.steps.append(BinarySecurityToken(alice, self.random.choice(["direct", "path"])))
        self.derived = self.random.choice(["", "2005/12", "2005/02"])
        self.shares = self.maybe(0.4)
        if self.shares:
            named = self.random.choice(NAMED)
            self.steps.append(SharedKey(to=bob, derived=self.derived, key_reference=named))
        for each in self.random.choice(["s", "e", "se", "es", "see"]):
            (self.sign if each == "s" else self.encrypt)()

    def maybe(self, chance: float = 0.5) -> bool:
        return self.random.random() < chance

    def some(self, parts: Sequence[str]) -> list[str]:
        return [each for each in parts if self.maybe()]

    def sign(self) -> None:
        self.signed = ["Body", *self.some(self.has)]
        digest = self.random.choice(["sha256", "sha384", "sha512"])
        if self.shares and self.maybe(0.6):
            self.steps.append(Sign(SHARED, self.signed, self.random.choice(["", "hmac-sha512"]), digest))
            return
        algorithm = self.random.choice(["", "rsa-sha512", "rsa-pss-sha256"])
        named = self.random.choice(["direct", "path", *NAMED])
        self.steps.append(Sign(self.alice, self.signed, algorithm, digest, named))

    def encrypt(self) -> None:
        free = [each for each in ("Body", *self.has) if each not in (*self.encrypted, "Timestamp")]
        parts = [*self.some(free), *(["Signature"] if self.signed and not self.encrypted and self.maybe(0.4) else [])]
        if not parts:
            return
        self.encrypted += parts
        cipher = self.random.choice(["aes256-gcm", "aes256-cbc", *(["aes128-gcm"] if self.derived else [])])
        if self.shares and self.maybe(0.6):
            self.steps.append(Encrypt(to=SHARED, parts=parts, algorithm=cipher))
            return
        hashed, named = self.random.choice(["sha1", "sha256", "sha384"]), self.random.choice(NAMED)
        step = Encrypt(to=self.bob, parts=parts, algorithm=cipher, oaep_digest=hashed, key_reference=named)
        self.steps.append(step)


@pytest.mark.parametrize("seed", range(0, 200, 20))
def test_what_was_made_in_any_order_is_undone(seed, peer, alice, bob, trust):
    for number in range(seed, seed + 20):
        chosen = Chooser(number, alice, bob)
        plain = Draft(BY_LABEL[("1.1", "1.2")[number % 2]], BODIES[number % len(BODIES)], (HEADER,)).to_envelope()
        message = Security(outbound=chosen.steps).apply(plain).to_bytes()
        require = Require(
            signed=chosen.signed,
            encrypted=chosen.encrypted,
            trust=trust,
            key=bob,
            shared_key=True,
            certificates=[alice.certificate],
            username={"alice": "changeit"} if "UsernameToken" in chosen.has else None,
            algorithms=profile("legacy"),
            replay=None,
        )
        security = Security(inbound=require)
        for _ in range(2):  # the second time it is one that was met
            believed = security.verify(Envelope.parse(message)).envelope
            assert "".join(believed.body.itertext()) == "".join(plain.body.itertext()), chosen.steps
        peer.verify(message)
