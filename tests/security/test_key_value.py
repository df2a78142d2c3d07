"""Signatures with a bare key (KeyValue): not believed, unless a profile says so and the trust store has the key."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from soapkit.errors import SecurityError, UsageError
from soapkit.security import (
    SHARED,
    Encrypt,
    KeyPair,
    Require,
    Security,
    SharedKey,
    Sign,
    Timestamp,
    TrustStore,
    profile,
)
from soapkit.security.crypto.certificates import public_key_of
from soapkit.security.crypto.key_value import key_value_element, read_key_value
from soapkit.soap.envelope import Envelope
from tests.parties import Keys

PINNED = profile("key_value")
SIGNED = ["Body", "Timestamp"]


def signed(keypair: KeyPair, plain: Envelope, now: datetime) -> Envelope:
    return Security([Timestamp(), Sign(keypair, key_reference="key-value")]).apply(plain, now=now)


def verified(secured: Envelope, trust: TrustStore, now: datetime, **demanded: Any) -> Any:
    require = Require(signed=SIGNED, trust=trust, algorithms=PINNED, **demanded)
    return Security(inbound=require).verify(Envelope.parse(secured.to_bytes()), now=now)


def of(*pairs: KeyPair) -> TrustStore:
    return TrustStore.of(*(public_key_of(each.certificate) for each in pairs))


@pytest.mark.parametrize("name", ["alice", "curve"])
def test_a_key_of_the_trust_store_is_believed_under_the_profile(
    name: str, plain: Envelope, keys: Keys, now: datetime
) -> None:
    keypair = getattr(keys, name)
    result = verified(signed(keypair, plain, now), of(keys.bob, keypair), now)
    assert result.signer is None
    assert result.signer_name.startswith("SHA-256 of key ")
    assert {one.signer_name for one in result.signed} == {result.signer_name}
    assert any("neither ends nor can it be revoked" in warning for warning in result.warnings)


def test_no_other_profile_believes_one(plain: Envelope, keys: Keys, now: datetime) -> None:
    for algorithms in (profile("modern"), profile("legacy"), profile("Basic256Sha256")):
        require = Require(signed=SIGNED, trust=of(keys.alice), algorithms=algorithms)
        with pytest.raises(SecurityError, match=r"a bare key \(KeyValue\) says nothing about who signed"):
            Security(inbound=require).verify(signed(keys.alice, plain, now), now=now)


def test_a_key_that_is_not_in_the_store_is_believed_by_nobody(plain: Envelope, keys: Keys, now: datetime) -> None:
    for trust in (of(keys.bob), keys.trust, TrustStore.of(keys.alice)):
        with pytest.raises(SecurityError, match="a bare key is not among those that are trusted"):
            verified(signed(keys.alice, plain, now), trust, now)


def test_a_certificate_is_not_believed_for_its_key(plain: Envelope, keys: Keys, now: datetime) -> None:
    by_certificate = Security([Timestamp(), Sign(keys.alice)]).apply(plain, now=now)
    with pytest.raises(SecurityError, match="no certificate is trusted"):
        verified(by_certificate, of(keys.alice), now)


def test_a_small_key_is_refused_though_it_is_there(plain: Envelope, keys: Keys, now: datetime) -> None:
    large = replace(PINNED, rsa_bits=4096)
    require = Require(signed=SIGNED, trust=of(keys.alice), algorithms=large)
    with pytest.raises(SecurityError, match="4096"):
        Security(inbound=require).verify(signed(keys.alice, plain, now), now=now)


def test_a_key_that_was_exchanged_in_the_message_proves_nothing(plain: Envelope, keys: Keys, now: datetime) -> None:
    secured = signed(keys.alice, plain, now)
    value = next(secured.root.iter("{*}KeyValue"))
    value.getparent().replace(value, key_value_element(public_key_of(keys.bob.certificate)))
    with pytest.raises(SecurityError, match="over its SignedInfo"):
        verified(secured, of(keys.alice, keys.bob), now)


def test_parts_that_two_keys_signed_are_signed_by_none(plain: Envelope, keys: Keys, now: datetime) -> None:
    steps = [
        Timestamp(),
        Sign(keys.alice, ["Body"], key_reference="key-value"),
        Sign(keys.bob, ["Timestamp"], key_reference="key-value"),
    ]
    with pytest.raises(SecurityError, match="Body, Timestamp must be"):
        verified(Security(steps).apply(plain, now=now), of(keys.alice, keys.bob), now)


def test_a_bare_key_endorses(plain: Envelope, keys: Keys, now: datetime) -> None:
    steps = [
        Timestamp(),
        SharedKey(to=keys.bob),
        Sign(SHARED),
        Sign(keys.alice, ["Signature"], key_reference="key-value"),
    ]
    secured = Security(steps).apply(plain, now=now)
    demanded = {"key": keys.bob, "shared_key": True, "endorsed": ["Signature"]}
    assert verified(secured, of(keys.alice), now, **demanded)
    with pytest.raises(SecurityError):
        verified(secured, of(keys.bob), now, **demanded)


def test_a_public_key_is_loaded_from_a_file(tmp_path: Path, plain: Envelope, keys: Keys, now: datetime) -> None:
    key = public_key_of(keys.alice.certificate)
    for name, encoding in (("alice.pem", Encoding.PEM), ("alice.der", Encoding.DER)):
        (tmp_path / name).write_bytes(key.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo))
        trust = TrustStore.load(keys=[tmp_path / name])
        assert repr(trust).startswith("TrustStore(SHA-256 of key ")
        assert verified(signed(keys.alice, plain, now), trust, now)
    with pytest.raises(SecurityError, match=r"none\.pem: this is not a public key"):
        (tmp_path / "none.pem").write_bytes(b"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n")
        TrustStore.load(keys=[tmp_path / "none.pem"])
    with pytest.raises(UsageError, match="keys= is a list"):
        TrustStore.load(keys="alice.pem")


def test_nobody_is_encrypted_to_by_a_bare_key(keys: Keys) -> None:
    reference: Any = "key-value"
    with pytest.raises(UsageError, match="is for those who verify"):
        Encrypt(to=keys.bob, key_reference=reference)


def test_a_key_value_is_read_as_it_was_written(keys: Keys) -> None:
    for pair in (keys.alice, keys.curve):
        key = public_key_of(pair.certificate)
        assert read_key_value(etree.fromstring(etree.tostring(key_value_element(key)))) == key
    with pytest.raises(SecurityError, match="an RSA key, or one of the curves"):
        key_value_element(public_key_of(keys.edwards.certificate))
