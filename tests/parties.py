"""Who writes and who reads in the tests of WS-Security, with their keys, and when that is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from soapkit.security import KeyPair, TrustStore
from soapkit.security.throwaway import make_authority, make_keypair

NOW = datetime(2026, 11, 23, 15, 4, 5, tzinfo=UTC)
STS, BANK = "https://sts.example", "https://bank.example"


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


def make_keys(now: datetime = NOW) -> Keys:
    """Fresh ones, valid at `now`."""
    authority = make_authority(now=now)
    return Keys(
        authority,
        make_keypair("alice", authority, now=now),
        make_keypair("bob", authority, now=now),
        make_keypair("mallory", make_authority("another authority", now=now), now=now),
        make_keypair("curve", authority, kind="ec", now=now),
        make_keypair("edwards", authority, kind="ed25519", now=now),
    )


def make_sts(now: datetime = NOW) -> KeyPair:
    """The token service: under an authority of its own, since whoever is believed here speaks for anybody."""
    return make_keypair("sts", make_authority("tokens", now=now), now=now)
