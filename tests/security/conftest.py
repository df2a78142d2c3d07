"""Keys and messages for the tests of WS-Security."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from soapkit.security import KeyPair, TrustStore
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import BY_LABEL

NOW = datetime(2026, 11, 23, 15, 4, 5, tzinfo=UTC)


@dataclass(frozen=True)
class Keys:
    """Alice and Bob, certified by one authority; Mallory, by another."""

    authority: KeyPair
    alice: KeyPair
    bob: KeyPair
    mallory: KeyPair
    curve: KeyPair
    edwards: KeyPair

    @property
    def trust(self) -> TrustStore:
        return TrustStore.of(self.authority)


@pytest.fixture(scope="session")
def keys() -> Keys:
    authority = make_authority(now=NOW)
    return Keys(
        authority,
        make_keypair("alice", authority, now=NOW),
        make_keypair("bob", authority, now=NOW),
        make_keypair("mallory", make_authority("another authority", now=NOW), now=NOW),
        make_keypair("curve", authority, kind="ec", now=NOW),
        make_keypair("edwards", authority, kind="ed25519", now=NOW),
    )


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(params=["1.1", "1.2"])
def plain(request: pytest.FixtureRequest) -> Envelope:
    """A message in each SOAP version."""
    return Draft(
        BY_LABEL[request.param],
        '<b:transfer xmlns:b="urn:bank" currency="EUR"><b:to>DE1</b:to><b:note>a &amp; b é &#13;</b:note></b:transfer>',
        ('<a:To xmlns:a="urn:addressing">http://bank.example/</a:To>',),
    ).to_envelope()
