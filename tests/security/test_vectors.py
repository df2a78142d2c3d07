"""Messages that other stacks secured, as they were recorded: which are believed, and why the others are not.

They are of their time (SHA-1, CBC, RSA 1.5, 1024-bit keys), so they are read under the named profile ``legacy`` and at
the time they were made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

from soapkit.errors import MessageError, SecurityError, SoapkitError
from soapkit.security import KeyPair, Require, Security, TrustStore, profile
from soapkit.security.markup import BINARY_SECURITY_TOKEN
from soapkit.security.tokens import certificates_of
from soapkit.soap.envelope import Envelope
from soapkit.soap.security_result import SecurityResult
from soapkit.xml.parse import parse_message

HEADER = "{http://www.sdj.pl}Header"
SIGNED = ("Body", HEADER)
ANY_AGE = 10**9


@dataclass(frozen=True)
class Recorded:
    """One of CXF's recorded messages: the parts that are signed and encrypted in it, or why it is refused."""

    name: str
    signed: tuple[str, ...] = ()
    encrypted: tuple[str, ...] = ()
    refused: str = ""
    actor: str | None = None


# The WSS4J interceptor tests of Apache CXF; one of two header blocks is missing where the name says so. Those called
# encrypted_..._signed are signed with a MAC under the encrypted key itself.
CXF = [
    Recorded("encrypted_body_content.xml", encrypted=SIGNED),
    Recorded("encrypted_body_content_signed.xml", encrypted=SIGNED),
    Recorded("encrypted_body_content_signed_missing_signed_header.xml", encrypted=SIGNED),
    Recorded("encrypted_body_content_signed_with_encrypted_header.xml", encrypted=SIGNED),
    Recorded("encrypted_missing_enc_body.xml", encrypted=(HEADER,)),
    Recorded("encrypted_missing_enc_header.xml", encrypted=SIGNED),
    Recorded("signed_x509_direct_ref.xml", signed=SIGNED),
    Recorded("signed_x509_direct_ref_token_prot.xml", signed=(*SIGNED, "BinarySecurityToken")),
    Recorded("signed_x509_issuer_serial.xml", signed=SIGNED),
    Recorded("signed_x509_issuer_serial_encrypted.xml", signed=SIGNED, encrypted=SIGNED),
    Recorded("signed_x509_issuer_serial_encrypted_missing_enc_header.xml", signed=SIGNED, encrypted=("Body",)),
    Recorded("signed_x509_issuer_serial_missing_signed_body.xml", signed=(HEADER,)),
    Recorded("signed_x509_issuer_serial_missing_signed_header.xml", signed=(HEADER,)),
    Recorded("signed_x509_issuer_serial_token_prot.xml", signed=SIGNED),
    Recorded("wss-242.xml", signed=(HEADER,), encrypted=(HEADER,)),
    Recorded("wss-242-with-encryptedheader.xml", signed=(HEADER,), encrypted=(HEADER,)),
    Recorded("wsse-response-fault.xml", signed=("Body",), encrypted=("Body",)),
    # the Body itself is encrypted, which WSS SOAP Message Security 1.1, section 9, forbids: no Body is left
    Recorded("encrypted_body_element.xml", refused="may not stand here"),
    Recorded("in_enc.xml", refused="decrypted"),  # encrypted to a certificate that is not among the keys
    Recorded("signed_invalid.xml", refused="no certificate at hand has issuer", actor="actor1"),
]


@pytest.fixture(scope="module")
def cxf(vectors: Path) -> Path:
    return vectors / "cxf/rt/ws/security/src/test/resources/org/apache/cxf/ws/security/wss4j"


@pytest.fixture(scope="module")
def alias(vectors: Path) -> KeyPair:
    return KeyPair.load(
        vectors / "p12-converted/cxf__rt__ws__security__src__test__resources__privatestore.jks.p12", "changeit"
    )


def read(
    data: bytes, actor: str | None = None, now: datetime = datetime(2010, 3, 1, tzinfo=UTC), **require
) -> SecurityResult:
    wanted = {"algorithms": profile("legacy"), "replay": None, "max_age": ANY_AGE, "skew": ANY_AGE} | require
    return Security(inbound=Require(**wanted), actor=actor).verify(Envelope.read(parse_message(data)), now=now)


@pytest.mark.parametrize("recorded", CXF, ids=lambda recorded: recorded.name)
def test_a_message_recorded_by_cxf(recorded, cxf, alias):
    data = (cxf / recorded.name).read_bytes()

    def verify(**require):
        return read(data, recorded.actor, trust=TrustStore.of(alias), key=alias, **require)

    if recorded.refused:
        with pytest.raises((SecurityError, MessageError), match=recorded.refused):
            verify()
        return
    result = verify()
    # a MAC under a key that anyone could have sent is right, and tells of no signer
    assert (result.signer is not None) == bool(recorded.signed)
    assert {entry.name for entry in result.signed} >= set(recorded.signed)
    assert {entry.name for entry in result.encrypted} == set(recorded.encrypted)
    if "Body" in recorded.signed:
        assert verify(signed=["Body"]).signer == alias.certificate


@pytest.mark.parametrize(
    "name",
    [recorded.name for recorded in CXF if recorded.signed and "Body" in recorded.signed],
)
def test_a_message_recorded_by_cxf_is_refused_when_its_body_is_altered(name, cxf, alias):
    """Every text and attribute under the Body in turn: the plain ones must be refused by digest, ciphertexts by key."""
    original = (cxf / name).read_bytes()
    root = parse_message(original)
    body = Envelope.read(root).body
    leaves = [leaf for leaf in body.iter() if (leaf.text or "").strip() and len(leaf) == 0]
    assert leaves
    for leaf in leaves:
        was = leaf.text
        leaf.text = ("B" if was[0] != "B" else "C") + was[1:]
        with pytest.raises(SoapkitError):
            read(etree.tostring(root), trust=TrustStore.of(alias), key=alias, signed=["Body"])
        leaf.text = was


@pytest.mark.parametrize("name", ["request-with-comment.xml", "request-with-trailing-whitespace.xml"])
def test_a_message_recorded_by_cxf_system_tests(name, vectors):
    folder = vectors / "cxf-systests/systests/ws-security/src/test/resources/org/apache/cxf/systest/ws/action"
    data = (folder / name).read_bytes()
    certificate = certificates_of(next(etree.fromstring(data).iter(BINARY_SECURITY_TOKEN)))[0]
    result = read(data, now=datetime(2024, 6, 1, tzinfo=UTC), signed=["Body"], trust=TrustStore((certificate,)))
    assert result.signer_name == "CN=bob,OU=eng,O=apache.org"
    with pytest.raises(SoapkitError):
        read(
            data.replace(b">25<", b">26<"),
            now=datetime(2024, 6, 1, tzinfo=UTC),
            signed=["Body"],
            trust=TrustStore((certificate,)),
        )


def test_a_message_encrypted_by_a_php_library(vectors):
    """Its EncryptedData says nothing of its key, its key identifier is of a certificate without the extension, and its
    SOAP namespace ends in a slash (mended here, since no signature covers the Envelope)."""
    folder = vectors / "veewee/tests/fixtures"
    data = (folder / "soap/reference/wsse-encrypted-request.xml").read_bytes()
    data = data.replace(b"http://www.w3.org/2003/05/soap-envelope/", b"http://www.w3.org/2003/05/soap-envelope")
    keypair = KeyPair.load(
        folder / "certificates/wsse-client-x509.pem.key.der",
        certificate=folder / "certificates/wsse-client-x509.pem.certs.pem",
    )
    result = read(data, now=datetime(2017, 9, 1, 8, 30, tzinfo=UTC), key=keypair)
    assert [entry.name for entry in result.encrypted] == ["Signature", "Body"]


def test_the_empty_message_of_node_soap_is_no_message(vectors):
    """Its test writes two roots and a SecurityTokenReference in no namespace: recorded, never valid."""
    with pytest.raises(SoapkitError):
        read((vectors / "node-soap/test/security/tmp.xml").read_bytes())
