"""What is left of keys once all is decrypted goes, and nothing that the message still needs."""

from __future__ import annotations

import pytest

from soapkit.security import SHARED, Encrypt, Require, Security, SharedKey, Sign, Timestamp
from soapkit.security.markup import DATA_REFERENCE, ENCRYPTED_KEY, REFERENCE_LIST
from soapkit.security.spent import take_out_spent
from soapkit.soap.envelope import Envelope
from soapkit.xml.parse import parse_message


def on_the_wire(envelope: Envelope) -> Envelope:
    return Envelope.read(parse_message(envelope.to_bytes()))


def opened(plain, keys, now, *steps, **require):
    """The message, decrypted, without what is spent; and who reads it."""
    reader = Security(inbound=Require(trust=keys.trust, key=keys.bob, replay=None, **require))
    envelope = reader.verify(on_the_wire(Security(outbound=list(steps)).apply(plain, now=now)), now=now).envelope
    take_out_spent(envelope.root)
    return on_the_wire(envelope), reader


def left(envelope: Envelope, tag: str) -> int:
    return sum(1 for _ in envelope.root.iter(tag))


def test_a_key_that_opened_the_body_alone_goes(plain, keys, now):
    steps = [Timestamp(), Sign(keys.alice), Encrypt(to=keys.bob.certificate)]
    envelope, reader = opened(plain, keys, now, *steps, signed=["Body"])
    assert left(envelope, ENCRYPTED_KEY) == left(envelope, REFERENCE_LIST) == 0
    assert reader.verify(envelope, now=now).signer_name == "CN=alice"


def test_a_key_that_the_message_is_signed_with_stays_without_its_list(plain, keys, now):
    steps = [Timestamp(), SharedKey(to=keys.bob.certificate), Sign(SHARED), Encrypt(to=SHARED)]
    envelope, reader = opened(plain, keys, now, *steps)
    assert (left(envelope, ENCRYPTED_KEY), left(envelope, DATA_REFERENCE)) == (1, 0)
    reader.verify(envelope, now=now)


@pytest.mark.parametrize("part", ["Body", "To"])
def test_a_plain_message_stays_as_it_is(part, plain, keys, now):
    signed = Security(outbound=[Sign(keys.alice, parts=[part])]).apply(plain, now=now)
    before = signed.to_bytes()
    take_out_spent(signed.root)
    assert signed.to_bytes() == before
