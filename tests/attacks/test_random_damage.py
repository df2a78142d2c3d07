"""Random damage to a message with every kind of token: refused with an error of ours, or the content is as it was."""

from __future__ import annotations

import base64
import random
import re

import pytest

from soapkit.errors import SoapkitError
from soapkit.security import Encrypt, Require, Security, Sign, Timestamp, UsernameToken, profile
from soapkit.xml.c14n import canonicalise
from tests.both_ways import both_ways

_BASE64 = re.compile(rb">((?:[A-Za-z0-9+/=]{4}){10,})<")  # not every serial number, which has up to 49 digits
_TAG = re.compile(rb"<[^>]+>")


def damaged_bytes(rng: random.Random, data: bytes) -> bytes:
    octets = bytearray(data)
    for _ in range(rng.randrange(1, 4)):
        octets[rng.randrange(len(octets))] = rng.randrange(256)
    return bytes(octets)


def damaged_token(rng: random.Random, data: bytes) -> bytes:
    """A certificate, a key or a ciphertext that is base64 still, and something else."""
    found = rng.choice(list(_BASE64.finditer(data)))
    octets = damaged_bytes(rng, base64.b64decode(found[1]))
    return data[: found.start(1)] + base64.b64encode(octets) + data[found.end(1) :]


def damaged_structure(rng: random.Random, data: bytes) -> bytes:
    """One tag in the place of another."""
    tags = list(_TAG.finditer(data))
    place, other = rng.choice(tags), rng.choice(tags)
    return data[: place.start()] + other[0] + data[place.end() :]


@pytest.mark.parametrize(
    "damage", [damaged_bytes, damaged_token, damaged_structure], ids=lambda damage: damage.__name__
)
@pytest.mark.parametrize("name", ["modern", "legacy"])
def test_damage_is_refused_or_changes_nothing_that_is_covered(name, damage, plain, keys, now):
    parts = ["Body", "Timestamp", "UsernameToken"]
    steps = [
        Timestamp(),
        UsernameToken("alice", "secret", digest=True),
        Sign(keys.alice, parts=parts, key_reference="path"),
    ]
    signed = Security(outbound=steps).apply(plain, now=now).to_bytes()
    secured = Security(outbound=[*steps, Encrypt(to=keys.bob, parts=["Body", "Signature"], key_reference="direct")])
    encrypted = secured.apply(plain, now=now).to_bytes()
    receiver = Security(
        inbound=Require(
            signed=["Body", "Timestamp"],
            trust=keys.trust,
            key=keys.bob,
            username={"alice": "secret"},
            replay=None,
            algorithms=profile(name),
        )
    )

    verified = {message: both_ways(receiver, message, now) for message in (signed, encrypted)}

    def verify(data: bytes) -> bytes:
        return canonicalise(verified[signed](data).envelope.content[0])

    good = verify(signed)
    assert verify(encrypted) == good
    rng = random.Random(f"{name} {damage.__name__}")
    refused = 0
    for _ in range(250):
        try:
            assert verify(damage(rng, rng.choice([signed, encrypted]))) == good
        except SoapkitError:
            refused += 1
    assert refused > 50
