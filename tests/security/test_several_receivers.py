"""Encrypted data that brings its key several times, once for each receiver: each reads it with his own."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from soapkit.errors import SecurityError
from soapkit.security import Encrypt, KeyPair, Require, Security, profile
from soapkit.security.crypto.with_cryptography import CryptographyProvider
from soapkit.security.encrypted_key import encrypted_key, unwrap
from soapkit.security.markup import ENCRYPTED_DATA, ENCRYPTED_KEY, KEY_INFO, REFERENCE_LIST
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1
from soapkit.xml.parse import parse_message
from tests.parties import Keys

LEGACY = profile("legacy")


def to_each(*receivers: KeyPair, copies: int = 1, **how: Any) -> Envelope:
    """A message whose Body is encrypted once, with the key of it for each of these in the data itself."""
    provider, step = CryptographyProvider(), Encrypt(to=receivers[0], **how)
    envelope = Security(outbound=[step]).apply(Draft(SOAP_1_1, "<x>4711</x>").to_envelope())
    (first,), (data,) = (list(envelope.root.iter(tag)) for tag in (ENCRYPTED_KEY, ENCRYPTED_DATA))
    first.remove(first.find(REFERENCE_LIST))
    secret = unwrap(first, [receivers[0]], LEGACY, provider)
    others = [encrypted_key(step, each.certificate, secret, f"EK-{each!r}", provider)[0] for each in receivers[1:]]
    key_info = data.find(KEY_INFO)
    key_info[:] = [deepcopy(key) for key in (first, *others) for _ in range(copies)]
    first.getparent().remove(first)
    return Envelope.read(parse_message(envelope.to_bytes()))


def read_by(key: KeyPair, envelope: Envelope) -> str | None:
    require = Require(encrypted=["Body"], key=key, algorithms=LEGACY)
    return Security(inbound=require).verify(envelope).envelope.content[0].text


@pytest.mark.parametrize("transport", ["rsa-oaep-mgf1p", "rsa-1_5"])
@pytest.mark.parametrize("reference", ["issuer-serial", "ski", "thumbprint", "embedded", "key-name"])
def test_each_receiver_reads_with_his_own_key(reference, transport, keys: Keys):
    message = to_each(keys.mallory, keys.alice, keys.bob, key_reference=reference, key_transport=transport)
    assert [read_by(key, message) for key in (keys.mallory, keys.alice, keys.bob)] == ["4711"] * 3


def test_who_is_no_receiver_reads_nothing(keys: Keys):
    with pytest.raises(SecurityError):
        read_by(keys.bob, to_each(keys.mallory, keys.alice))


def test_more_keys_than_a_few_are_not_looked_through(keys: Keys):
    with pytest.raises(SecurityError, match="brings 22 keys; 20 are looked through"):
        read_by(keys.bob, to_each(keys.mallory, keys.bob, copies=11))
