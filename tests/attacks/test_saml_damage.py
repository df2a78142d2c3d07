"""Random damage to a message with a SAML assertion: refused with an error of ours, or what is believed is as it was."""

from __future__ import annotations

import random

import pytest

from soapkit.errors import SoapkitError
from soapkit.security import (
    Encrypt,
    Require,
    SamlAssertion,
    SamlRequirement,
    SamlToken,
    Security,
    Sign,
    Timestamp,
    issue_assertion,
)
from soapkit.soap.envelope import Envelope
from soapkit.xml.c14n import canonicalise
from soapkit.xml.parse import parse_message
from tests.attacks.test_random_damage import damaged_bytes, damaged_structure, damaged_token

BANK = "https://bank.example"


@pytest.mark.parametrize("damage", [damaged_bytes, damaged_token, damaged_structure])
@pytest.mark.parametrize("version", ["2.0", "1.1"])
@pytest.mark.parametrize("confirmation", ["bearer", "holder-of-key", "sender-vouches"])
def test_damage_changes_nothing_that_is_believed(confirmation, version, damage, plain, keys, now):
    holder = keys.alice if confirmation == "holder-of-key" else None
    said = SamlAssertion(
        issuer="https://sts.example",
        subject="alice",
        version=version,
        audience=[BANK],
        attributes={"urn:bank/role": ["clerk"]},
        confirmation=confirmation,
        holder=holder,
    )
    token = SamlToken(issue_assertion(said, keys.bob, now=now))
    sign = Sign(keys.alice, ["Body", "Assertion"], key_reference="assertion" if holder else "direct")
    encrypt = Encrypt(to=keys.bob, parts=["Assertion", "Body"])
    messages = [
        Security(outbound=[Timestamp(), token, *steps]).apply(plain, now=now).to_bytes()
        for steps in ([sign], [sign, encrypt])
    ]
    saml = SamlRequirement(trust=keys.trust, audience=[BANK], confirmation=[confirmation])
    receiver = Security(
        inbound=Require(signed=["Body", "Assertion"], trust=keys.trust, key=keys.bob, saml=saml, replay=None)
    )

    def verify(data: bytes) -> tuple[bytes, object]:
        result = receiver.verify(Envelope.read(parse_message(data)), now=now)
        found = result.assertion
        told = (found.subject, found.issuer, dict(found.attributes), found.confirmation, found.not_on_or_after)
        return canonicalise(result.envelope.content[0]), told

    good = verify(messages[0])
    assert verify(messages[1]) == good
    rng = random.Random(f"{confirmation} {version} {damage.__name__}")
    refused = 0
    for _ in range(60):
        try:
            assert verify(damage(rng, rng.choice(messages))) == good
        except SoapkitError:
            refused += 1
    assert refused > 10
