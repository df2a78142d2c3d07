"""SAML assertions that other stacks signed, as they were recorded: which are believed, and why the others are not.

Each is put into a message as it is and read at a time when its certificate was valid; what libxmlsec1 says of the
signatures is the same.
"""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path

import pytest
from cryptography import x509
from lxml import etree

from soapkit.errors import SecurityError
from soapkit.security import Require, SamlRequirement, SamlToken, Security, TrustStore, profile
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.version import SOAP_1_1
from soapkit.xml.names import SAML20
from soapkit.xml.parse import parse_message

EVER = 10**9
RESPONSES = "python3-saml/tests/data/responses"

# SimpleSAMLphp, OneLogin, Okta; RSA-SHA1 with keys of 1024 bits
BELIEVED = [
    (f"{RESPONSES}/valid_response.xml.base64", "492882615acf31c8096b627245d76ae53036c090"),
    (f"{RESPONSES}/valid_response2.xml.base64", "25ddd7d34a7d79db69167625cda56a320adf2876"),
    (f"{RESPONSES}/valid_response_with_namequalifier.xml.base64", "492882615acf31c8096b627245d76ae53036c090"),
    (f"{RESPONSES}/double_signed_response.xml.base64", "_2126dd19b8a9a28238d88fdc7385e60995004a7782"),
    (f"{RESPONSES}/double_signed_response2.xml.base64", "25ddd7d34a7d79db69167625cda56a320adf2876"),
    (f"{RESPONSES}/signed_assertion_response.xml.base64", "_3af62f1d03513bdd61dd5bf04d3deb7aa617480e22"),
    (f"{RESPONSES}/signed_assertion_response2.xml.base64", "25ddd7d34a7d79db69167625cda56a320adf2876"),
    (f"{RESPONSES}/response1_with_friendlyname.xml.base64", "support@onelogin.com"),
    (f"{RESPONSES}/response4.xml.base64", "test@onelogin.com"),
    (f"{RESPONSES}/response_with_ampersands.xml.base64", "test@onelogin.com"),
    ("signxml/test/interop/xml-crypto/signature_with_inclusivenamespaces.xml", "admin@kluglabs.com"),
]
REFUSED = [
    (f"{RESPONSES}/adfs_response.xml.base64", "over its SignedInfo"),
    (f"{RESPONSES}/response1.xml.base64", "over its SignedInfo"),
    (f"{RESPONSES}/response1_with_duplicate_attributes.xml.base64", "over its SignedInfo"),
    (f"{RESPONSES}/response_with_nested_nameid_values.xml.base64", "over its SignedInfo"),
    (f"{RESPONSES}/response_encrypted_nameid.xml.base64", "does not name its subject"),
    (f"{RESPONSES}/response_without_assertion_reference_uri.xml.base64", "altered"),  # it signs the Response around it
    (f"{RESPONSES}/invalids/bad_reference.xml.base64", "altered"),
    (f"{RESPONSES}/invalids/empty_nameid.xml.base64", "NameID is empty"),
    (f"{RESPONSES}/invalids/encrypted_nameID_without_keyinfo.xml.base64", "altered"),
    (f"{RESPONSES}/invalids/multiple_assertions.xml.base64", "over its SignedInfo"),
    (f"{RESPONSES}/invalids/signature_wrapping_attack2.xml.base64", "no element carries the id"),
    ("signxml/test/interop/pyXMLSecurity/SAML_assertion1.xml", "expected a Subject"),  # a test's, of nobody
]


def recorded(path: Path) -> etree._Element:
    """The signed assertion in a recorded document."""
    data = b64decode(path.read_bytes()) if path.suffix == ".base64" else path.read_bytes()
    root = etree.fromstring(data)
    return next(each for each in root.iter(f"{{{SAML20}}}Assertion") if each.find("{*}Signature") is not None)


def read(assertion: etree._Element):
    message = Security(outbound=[SamlToken(assertion)]).apply(Draft(SOAP_1_1, "<x/>").to_envelope())
    certificate = x509.load_der_x509_certificate(b64decode(next(assertion.iter("{*}X509Certificate")).text))
    valid = certificate.not_valid_before_utc + (certificate.not_valid_after_utc - certificate.not_valid_before_utc) / 2
    for_us = [each.text for each in assertion.iter("{*}Audience")]
    for_us += [each.get("Recipient", "") for each in assertion.iter("{*}SubjectConfirmationData")]
    saml = SamlRequirement(trust=TrustStore((certificate,)), audience=for_us)
    require = Require(saml=saml, algorithms=profile("legacy"), max_age=EVER, skew=EVER)
    return Security(inbound=require).verify(Envelope.read(parse_message(message.to_bytes())), now=valid).assertion


@pytest.mark.filterwarnings("ignore:Parsed a serial number which wasn't positive")
@pytest.mark.parametrize(("name", "subject"), BELIEVED, ids=lambda value: value.rpartition("/")[2])
def test_a_recorded_assertion_is_believed(name, subject, vectors):
    found = read(recorded(vectors / name))
    assert (found.subject, found.verified) == (subject, True)


@pytest.mark.filterwarnings("ignore:Parsed a serial number which wasn't positive")
@pytest.mark.parametrize(("name", "subject"), BELIEVED, ids=lambda value: value.rpartition("/")[2])
def test_a_recorded_assertion_is_refused_when_its_subject_is_altered(name, subject, vectors):
    assertion = recorded(vectors / name)
    next(assertion.iter("{*}NameID")).text = f"{subject}x"
    with pytest.raises(SecurityError, match="altered"):
        read(assertion)


@pytest.mark.filterwarnings("ignore:Parsed a serial number which wasn't positive")
@pytest.mark.parametrize(("name", "why"), REFUSED, ids=lambda value: value.rpartition("/")[2])
def test_a_recorded_assertion_is_refused(name, why, vectors):
    with pytest.raises(SecurityError, match=why):
        read(recorded(vectors / name))


@pytest.mark.parametrize("name", ["saml2_request.xml", "saml_request.xml"])
def test_an_unsigned_assertion_of_cxf_is_passed_over_or_refused(name, vectors):
    path = vectors / "cxf/rt/ws/security/src/test/resources/org/apache/cxf/ws/security/wss4j/saml" / name
    message = Envelope.read(parse_message(path.read_bytes()))
    result = Security().verify(message)
    assert result.assertion is None
    assert "was not checked" in result.warnings[0]
    saml = SamlRequirement(trust=TrustStore(()))
    with pytest.raises(SecurityError, match="not signed by its issuer"):
        Security(inbound=Require(saml=saml)).verify(message)
