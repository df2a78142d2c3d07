"""What is encrypted for several receivers, in the data or in one header: each reads it with his own key."""

from __future__ import annotations

import base64
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from soapkit import xmlenc
from soapkit.errors import SecurityError
from soapkit.security import Encrypt, KeyPair, Require, Security, profile
from soapkit.security.crypto.with_cryptography import CryptographyProvider
from soapkit.security.encrypted_key import encrypted_key, read_key_transport, unwrap
from soapkit.security.markup import CIPHER_VALUE, ENCRYPTED_DATA, ENCRYPTED_KEY, KEY_INFO, REFERENCE_LIST
from soapkit.security.throwaway import make_keypair
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1
from soapkit.xml.parse import parse_message
from tests.parties import NOW, Keys

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


def in_one_header(*receivers: KeyPair, listed: bool = True, **how: Any) -> Envelope:
    """A message with one security header, as WSS4J writes it when it encrypts several times: header block and Body each
    to one of these, under a key of its own, which lists what it opens, or all is listed beside the keys."""
    envelope = Draft(SOAP_1_1, "<x>4711</x>", ('<h xmlns="urn:h">4712</h>',)).to_envelope()
    for part, receiver in zip(("{urn:h}h", "Body"), receivers, strict=True):
        envelope = Security(outbound=[Encrypt(to=receiver, parts=[part], **how)]).apply(envelope)
    if not listed:
        keys = list(envelope.root.iter(ENCRYPTED_KEY))
        lists = [key.find(REFERENCE_LIST) for key in keys]
        lists[0].extend(lists[1])
        keys[-1].addnext(lists[0])
        for key in keys:
            key[:] = [child for child in key if child.tag != REFERENCE_LIST]
    return Envelope.read(parse_message(envelope.to_bytes()))


@pytest.mark.parametrize("transport", ["rsa-oaep-mgf1p", "rsa-1_5"])
@pytest.mark.parametrize("reference", ["direct", "issuer-serial", "ski", "thumbprint"])
@pytest.mark.parametrize("listed", [True, False])
def test_a_key_for_another_receiver_in_the_same_header_is_left(listed, reference, transport, keys: Keys):
    how = {"listed": listed, "key_reference": reference, "key_transport": transport}
    message = in_one_header(keys.alice, keys.bob, **how)
    assert read_by(keys.bob, message) == "4711"
    message = in_one_header(keys.bob, keys.alice, **how)
    result = Security(inbound=Require(key=keys.bob, algorithms=LEGACY)).verify(message)
    assert result.envelope.headers[0].text == "4712"
    assert result.envelope.content[0].tag == ENCRYPTED_DATA
    assert "is for another receiver" in result.warnings[0]
    with pytest.raises(SecurityError, match="Body"):
        read_by(keys.bob, message)


def test_a_key_that_is_agreed_on_with_another_is_left(keys: Keys):
    other = make_keypair("other curve", keys.authority, kind="ec", now=NOW)
    assert read_by(keys.curve, in_one_header(other, keys.curve)) == "4711"


def test_a_message_for_others_alone_is_refused(keys: Keys):
    with pytest.raises(SecurityError, match="cannot be decrypted with"):
        read_by(keys.bob, in_one_header(keys.alice, keys.mallory))


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("direct", "name CN=mallory"),
        ("issuer-serial", "issuer CN=another authority and serial number"),
        ("ski", "key id"),
    ],
)
def test_whom_a_key_is_for_is_told_when_it_is_not_us(reference, said, keys: Keys):
    draft = Draft(SOAP_1_1, "<x>4711</x>").to_envelope()
    message = Security(outbound=[Encrypt(to=keys.mallory, key_reference=reference)]).apply(draft)
    with pytest.raises(SecurityError, match=f"decrypted with KeyPair\\(CN=bob\\); .* the certificate with {said}"):
        read_by(keys.bob, message)


def test_who_is_no_receiver_reads_nothing(keys: Keys):
    with pytest.raises(SecurityError):
        read_by(keys.bob, to_each(keys.mallory, keys.alice))


def test_more_keys_than_a_few_are_not_looked_through(keys: Keys):
    with pytest.raises(SecurityError, match="brings 22 keys; 20 are looked through"):
        read_by(keys.bob, to_each(keys.mallory, keys.bob, copies=11))


def document_to_each(*receivers: KeyPair, **how: Any) -> bytes:
    """A plain document that is encrypted once, with the key of it for each of these."""
    provider = CryptographyProvider()
    root = etree.fromstring(xmlenc.encrypt(b"<x>4711</x>", to=receivers[0].certificate, **how))
    first = next(root.iter(ENCRYPTED_KEY))
    secret, transport = unwrap(first, [receivers[0]], LEGACY, provider), read_key_transport(first, LEGACY)
    for receiver in reversed(receivers[1:]):
        other = etree.fromstring(xmlenc.encrypt(b"<x/>", to=receiver.certificate, **how))
        key = next(other.iter(ENCRYPTED_KEY))
        value = provider.wrap(transport, receiver.certificate, secret)
        next(key.iter(CIPHER_VALUE)).text = base64.b64encode(value).decode()
        first.addnext(key)
    return etree.tostring(root)


@pytest.mark.parametrize("transport", ["rsa-oaep", "rsa-1_5"])
@pytest.mark.parametrize("key_info", ["certificate", "issuer-serial", "subject", "ski", "key-name"])
def test_each_receiver_of_a_document_reads_with_his_own_key(key_info, transport, keys: Keys):
    document = document_to_each(keys.mallory, keys.alice, keys.bob, key_info=key_info, key_transport=transport)
    for key in (keys.mallory, keys.alice, keys.bob, [keys.curve, keys.bob]):
        assert xmlenc.decrypt(document, key=key, algorithms=LEGACY).root.text == "4711"


def test_a_key_whose_name_says_nothing_is_told_by_its_size(keys: Keys):
    """As libxmlsec writes for several receivers, each called by whatever name its key has in a store."""
    key = rsa.generate_private_key(65537, 3072)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "large")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW + timedelta(days=1))
    large = KeyPair(key, builder.sign(key, hashes.SHA256()))
    document = document_to_each(keys.alice, large, key_info="key-name", key_transport="rsa-1_5")
    document = document.replace(b"CN=alice", b"pub1").replace(b"CN=large", b"pub2")
    assert xmlenc.decrypt(document, key=large, algorithms=LEGACY).root.text == "4711"
