"""The two crypto providers read each other's work, in every algorithm that both have; and libxmlsec, given whole
messages, agrees with what we made of them."""

from __future__ import annotations

import pytest
import xmlsec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from soapkit.errors import SecurityError
from soapkit.security import Encrypt, Require, Security, Sign, Timestamp
from soapkit.security.crypto.algorithms import (
    CIPHERS,
    SIGNATURES,
    KeyTransport,
    cipher_named,
    profile,
    signature_named,
    transport_named,
)
from soapkit.security.crypto.with_cryptography import CryptographyProvider
from soapkit.security.crypto.with_xmlsec import XmlsecProvider
from soapkit.security.markup import SIGNATURE
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1
from soapkit.xml.names import WSU
from soapkit.xml.parse import parse_message

OURS, THEIRS = CryptographyProvider(), XmlsecProvider()
BOTH_WAYS = pytest.mark.parametrize(
    ("maker", "reader"), [(OURS, THEIRS), (THEIRS, OURS)], ids=["to xmlsec", "from xmlsec"]
)
# DSA is verified alone
LACKING = {row.name for row in SIGNATURES.values() if row.key in ("rsa-pss", "dsa", "ed25519", "ed448")} | {
    row.name for row in SIGNATURES.values() if "sha3_" in row.hash
}


@BOTH_WAYS
@pytest.mark.parametrize("name", sorted({row.name for row in SIGNATURES.values()} - LACKING))
def test_signatures_and_macs_agree(name, maker, reader, keys):
    algorithm = signature_named(name)
    if algorithm.key == "secret":
        assert maker.mac(algorithm, b"secret", b"data") == reader.mac(algorithm, b"secret", b"data")
        return
    keypair = keys.curve if algorithm.key == "ec" else keys.alice
    value = maker.sign(algorithm, keypair, b"data")
    assert reader.verify(algorithm, keypair.certificate, b"data", value)
    assert not reader.verify(algorithm, keypair.certificate, b"other", value)
    assert not reader.verify(algorithm, keypair.certificate, b"data", value[:-1])


@BOTH_WAYS
@pytest.mark.parametrize("name", [row.name for row in CIPHERS.values()])
@pytest.mark.parametrize("size", [1, 15, 16, 1000])
def test_ciphers_agree(name, size, maker, reader):
    algorithm = cipher_named(name)
    secret, data = maker.random(algorithm.key_size), b"x" * size
    assert reader.decrypt(algorithm, secret, maker.encrypt(algorithm, secret, data)) == data
    with pytest.raises(SecurityError):
        reader.decrypt(algorithm, secret[:-1], maker.encrypt(algorithm, secret, data))


@pytest.mark.parametrize("name", [row.name for row in CIPHERS.values()])
def test_xmlsec_decrypts_nothing_to_nothing(name):
    algorithm = cipher_named(name)
    secret = OURS.random(algorithm.key_size)
    assert THEIRS.decrypt(algorithm, secret, OURS.encrypt(algorithm, secret, b"")) == b""


@BOTH_WAYS
@pytest.mark.parametrize(
    ("name", "digest", "mgf", "label"),
    [
        ("rsa-oaep-mgf1p", "sha1", "sha1", b""),
        ("rsa-oaep-mgf1p", "sha256", "sha1", b""),
        ("rsa-oaep-mgf1p", "sha1", "sha1", b"label"),
        ("rsa-oaep", "sha256", "sha256", b""),
        ("rsa-oaep", "sha384", "sha384", b""),
        ("rsa-oaep", "sha512", "sha1", b""),
        ("rsa-1_5", "sha1", "sha1", b""),
    ],
)
def test_key_transports_agree(name, digest, mgf, label, maker, reader, keys):
    transport = KeyTransport(transport_named(name), digest, mgf, label)
    wrapped = maker.wrap(transport, keys.bob.certificate, b"k" * 32)
    assert reader.unwrap(transport, keys.bob, wrapped) == b"k" * 32


@pytest.mark.parametrize("name", sorted(LACKING))
def test_what_xmlsec_lacks_is_told(name, keys):
    with pytest.raises(SecurityError):
        THEIRS.sign(signature_named(name), keys.alice, b"data")


@pytest.mark.parametrize(("maker", "reader"), [(OURS, THEIRS), (THEIRS, OURS), (THEIRS, THEIRS)])
def test_whole_messages_go_from_one_provider_to_the_other(maker, reader, keys, now):
    plain = Draft(SOAP_1_1, "<x>1</x>").to_envelope()
    sender = Security(outbound=[Timestamp(), Sign(keys.alice), Encrypt(to=keys.bob)], provider=maker)
    require = Require(signed=["Body", "Timestamp"], encrypted=["Body"], trust=keys.trust, key=keys.bob)
    received = Envelope.read(parse_message(sender.apply(plain, now=now).to_bytes()))
    assert Security(inbound=require, provider=reader).verify(received, now=now).signer_name == "CN=alice"


@pytest.mark.parametrize(
    "name", ["rsa-sha1", "rsa-sha256", "rsa-sha512", "rsa-pss-sha256", "ecdsa-sha256", "ecdsa-sha512"]
)
def test_libxmlsec_verifies_our_whole_signature(name, keys, now):
    keypair = keys.curve if name.startswith("ecdsa") else keys.alice
    body = '<b:x xmlns:b="urn:b" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="b:T">\u00e9&#13;</b:x>'
    plain = Draft(SOAP_1_1, body).to_envelope()
    step = Sign(keypair, parts=["Body", "Timestamp"], algorithm=name)
    root = Security(outbound=[Timestamp(), step]).apply(plain, now=now).root
    for element in root.iter():
        if element.get(f"{{{WSU}}}Id"):
            xmlsec.tree.add_ids(element, ["Id"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(keypair.certificate.public_bytes(Encoding.PEM), xmlsec.KeyFormat.CERT_PEM)
    context.verify(next(root.iter(SIGNATURE)))


@pytest.mark.parametrize("name", ["rsa-sha256", "rsa-pss-sha256", "rsa-sha512"])
def test_we_verify_a_signature_that_libxmlsec_made_whole(name, keys, now):
    plain = Draft(SOAP_1_1, '<b:x xmlns:b="urn:b">1</b:x>').to_envelope()
    root = Security(outbound=[Sign(keys.bob, parts=["Body"], algorithm=name)]).apply(plain, now=now).root
    signature = next(root.iter(SIGNATURE))
    token = root.find(".//{*}BinarySecurityToken")
    alice = Security(outbound=[Sign(keys.alice, parts=["Body"])]).apply(plain, now=now).root
    token.text = alice.find(".//{*}BinarySecurityToken").text
    for part in ("DigestValue", "SignatureValue"):
        signature.find(f".//{{*}}{part}").text = ""
    for element in root.iter():
        if element.get(f"{{{WSU}}}Id"):
            xmlsec.tree.add_ids(element, ["Id"])
    context = xmlsec.SignatureContext()
    pem = keys.alice.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    context.key = xmlsec.Key.from_memory(pem, xmlsec.KeyFormat.PEM)
    context.sign(signature)
    message = Envelope.read(parse_message(Envelope.read(root).to_bytes()))
    require = Require(signed=["Body"], trust=keys.trust, algorithms=profile("modern"))
    assert Security(inbound=require).verify(message, now=now).signer_name == "CN=alice"
