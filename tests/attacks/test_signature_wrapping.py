"""Signature wrapping: the signed Body is moved away and a forged one takes its place. None is believed."""

from __future__ import annotations

import pytest
from lxml import etree

from soapkit.errors import SoapkitError
from soapkit.security import Encrypt, Require, Security, Sign, Timestamp
from soapkit.soap.envelope import Envelope
from soapkit.xml.parse import parse_message

FORGED = b"FORGED-BY-MALLORY"


def believed(messages, verify):
    """How many there were, and the labels of those whose forged Body was believed."""
    tried, fooled = 0, []
    for label, message in messages:
        tried += 1
        try:
            envelope = verify(message)
        except Exception as error:
            assert isinstance(error, SoapkitError), f"{label}: {error!r}"
            continue
        if FORGED in etree.tostring(envelope.body):
            fooled.append(label)
    return tried, fooled


@pytest.mark.parametrize("reference", ["direct", "issuer-serial", "embedded"])
def test_no_forged_body_is_believed(reference, plain, keys, now, forgeries):
    steps = [Timestamp(), Sign(keys.alice, parts=["Body", "Timestamp", "To"], key_reference=reference)]
    signed = Security(outbound=steps).apply(plain, now=now).to_bytes()
    known = [keys.alice.certificate]
    security = Security(inbound=Require(signed=["Body"], trust=keys.trust, certificates=known, replay=None))
    assert security.verify(Envelope.read(parse_message(signed)), now=now).signer_name == "CN=alice"

    tried, fooled = believed(
        forgeries(signed), lambda data: security.verify(Envelope.read(parse_message(data)), now=now).envelope
    )
    assert tried > 1000
    assert fooled == []


def test_no_forged_body_is_believed_under_encryption(plain, keys, now, forgeries):
    steps = [Timestamp(), Sign(keys.alice), Encrypt(to=keys.bob)]
    secured = Security(outbound=steps).apply(plain, now=now).to_bytes()
    security = Security(inbound=Require(signed=["Body", "Timestamp"], trust=keys.trust, key=keys.bob, replay=None))
    assert security.verify(Envelope.read(parse_message(secured)), now=now).signer_name == "CN=alice"

    tried, fooled = believed(
        forgeries(secured), lambda data: security.verify(Envelope.read(parse_message(data)), now=now).envelope
    )
    assert tried > 1000
    assert fooled == []


def test_no_forged_body_is_believed_in_messages_of_other_stacks(vectors, forgeries, now):
    """CXF's recorded messages, signed with SHA-1 and 1024-bit keys of their time: believed, but not when wrapped."""
    from datetime import UTC, datetime

    from soapkit.security import TrustStore, load_certificate, profile

    folder = vectors / "cxf/rt/ws/security/src/test/resources/org/apache/cxf/ws/security/wss4j"
    alias = load_certificate(_certificate_in(folder / "signed_x509_direct_ref.xml"))
    security = Security(
        inbound=Require(signed=["Body"], trust=TrustStore.of(alias), algorithms=profile("legacy"), replay=None)
    )
    then = datetime(2010, 2, 10, tzinfo=UTC)

    def verify(data):
        return security.verify(Envelope.read(parse_message(data)), now=then).envelope

    for name in (
        "signed_x509_direct_ref.xml",
        "signed_x509_issuer_serial.xml",
        "signed_x509_issuer_serial_token_prot.xml",
    ):
        message = (folder / name).read_bytes()
        assert verify(message)
        tried, fooled = believed(forgeries(message), verify)
        assert tried > 500
        assert fooled == [], name


def test_the_same_generator_fools_zeep(plain, keys, now, forgeries, tmp_path):
    """The control: these are attacks. zeep 4.3.3 believes a forged Body again and again."""
    from cryptography.hazmat.primitives.serialization import Encoding
    from zeep.wsse.signature import verify_envelope

    certificate = tmp_path / "alice.pem"
    certificate.write_bytes(keys.alice.certificate.public_bytes(Encoding.PEM))
    steps = [Timestamp(), Sign(keys.alice, parts=["Body", "Timestamp"])]
    signed = Security(outbound=steps).apply(plain, now=now).to_bytes()
    verify_envelope(etree.fromstring(signed), str(certificate))

    fooled = 0
    for _label, message in forgeries(signed):
        root = etree.fromstring(message)
        try:
            verify_envelope(root, str(certificate))
        except Exception:
            continue
        body = root.find(f"{{{etree.QName(root).namespace}}}Body")
        fooled += FORGED in etree.tostring(body)
    assert fooled >= 20


def _certificate_in(path):
    """The certificate in the only BinarySecurityToken of a recorded message."""
    from soapkit.security.keys import der_of
    from soapkit.security.markup import BINARY_SECURITY_TOKEN
    from soapkit.security.tokens import certificates_of

    token = next(etree.parse(path).iter(BINARY_SECURITY_TOKEN))
    return der_of(certificates_of(token)[0])
