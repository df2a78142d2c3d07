"""Who writes and who reads in the tests of WS-Security, with their keys, and when that is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lxml import etree
from lxml.etree import _Element

from soapkit.security import Encrypt, KeyPair, SamlToken, Security, TrustStore
from soapkit.security.markup import ENCRYPTED_ASSERTION, ENCRYPTED_DATA, ENCRYPTED_KEY, KEY_INFO, REFERENCE_LIST
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.soap.envelope import Draft
from soapkit.soap.version import SOAP_1_1

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


def sealed(assertion: bytes, to: KeyPair, **how: Any) -> _Element:
    """An EncryptedAssertion, its key within, as its issuer makes it for its receiver. `how`: of `Encrypt`."""
    steps = [SamlToken(assertion), Encrypt(to=to, parts=["Assertion"], data_reference="retrieval", **how)]
    root = Security(outbound=steps).apply(Draft(SOAP_1_1, "<x/>").to_envelope(), now=NOW).root
    data, key = next(root.iter(ENCRYPTED_DATA)), next(root.iter(ENCRYPTED_KEY))
    key.remove(key.find(REFERENCE_LIST))
    data.find(KEY_INFO)[:] = [key]
    around = etree.Element(ENCRYPTED_ASSERTION)
    around.append(data)
    return around
