"""Shapes that other stacks and other documents have, and soapkit does not write."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime

import pytest
from lxml import etree

from soapkit import xmlenc
from soapkit.errors import SecurityError, UsageError
from soapkit.security import Encrypt, Require, Security, SharedKey, Sign, Timestamp, TrustStore, profile
from soapkit.security.crypto.algorithms import ENVELOPED, SIGNATURES
from soapkit.security.crypto.with_cryptography import CryptographyProvider
from soapkit.security.ids import IdIndex
from soapkit.security.markup import (
    DIGEST_METHOD,
    DIGEST_VALUE,
    DS_REFERENCE,
    ENCRYPTED_KEY,
    KEY_INFO,
    MANIFEST,
    MGF,
    SIGNATURE_METHOD,
    SIGNATURE_VALUE,
    SIGNED_INFO,
    TOKEN_REFERENCE,
    TRANSFORMS,
)
from soapkit.soap.envelope import Envelope
from soapkit.soap.security_result import SecurityResult
from soapkit.xml.c14n import INCLUSIVE, canonicalise
from soapkit.xml.names import DS, SAML20, WSSE, XENC, XENC11
from soapkit.xmldsig import sign, verify
from tests.parties import Keys


def test_a_reference_without_a_canonical_form_has_the_inclusive_one(plain, keys, now):
    """As javax.xml.crypto signs where nobody names one: with enveloped-signature alone, or no Transforms at all."""
    for transforms in (f'<d:Transforms xmlns:d="{DS}"><d:Transform Algorithm="{ENVELOPED}"/></d:Transforms>', ""):
        message = without_a_form(Security([Timestamp(), Sign(keys.alice)]).apply(plain, now=now), transforms, keys)
        assert [each.name for each in received(message, keys, now).signed] == ["Body", "Timestamp"]
        with pytest.raises(SecurityError, match="was altered after it was signed"):
            received(message.replace(b">DE1<", b">DE2<"), keys, now)


def without_a_form(secured: Envelope, transforms: str, keys: Keys) -> bytes:
    """A message whose references say no canonical form, signed anew."""
    root = etree.fromstring(secured.to_bytes())
    index, provider = IdIndex(root), CryptographyProvider()
    for reference in root.iter(DS_REFERENCE):
        for child in reference.findall(TRANSFORMS):
            reference.remove(child)
        reference[:0] = [etree.fromstring(transforms)] if transforms else []
        octets = canonicalise(index.find(reference.get("URI"), by=reference), method=INCLUSIVE)
        reference.find(DIGEST_VALUE).text = base64.b64encode(hashlib.sha256(octets).digest()).decode()
    (signed_info,), (method,) = (list(root.iter(tag)) for tag in (SIGNED_INFO, SIGNATURE_METHOD))
    value = provider.sign(SIGNATURES[method.get("Algorithm")], keys.alice, canonicalise(signed_info))
    next(root.iter(SIGNATURE_VALUE)).text = base64.b64encode(value).decode()
    return etree.tostring(root)


def received(message: bytes, keys: Keys, now: datetime) -> SecurityResult:
    require = Require(signed=["Body", "Timestamp"], trust=keys.trust, replay=None)
    return Security(inbound=require).verify(Envelope.parse(message), now=now)


def test_a_signature_that_names_no_key_is_that_of_the_one_certificate_that_is_given(plain, keys, now):
    """As the token service of Denmark's health net signs its answers."""
    secured = Security([Timestamp(), Sign(keys.alice)]).apply(plain, now=now)
    key_info = secured.root.find(f".//{KEY_INFO}")
    key_info.getparent().remove(key_info)
    for given, said in (
        ([keys.bob.certificate], "is not that of CN=bob"),
        ([], "does not say which key"),
        ([keys.alice.certificate, keys.bob.certificate], "does not say which key"),
    ):
        require = Require(signed=["Body"], trust=keys.trust, certificates=given)
        with pytest.raises(SecurityError, match=said):
            Security(inbound=require).verify(secured, now=now)
    require = Require(signed=["Body"], trust=keys.trust, certificates=[keys.alice.certificate])
    assert Security(inbound=require).verify(secured, now=now).signer_name == "CN=alice"
    stranger = Require(signed=["Body"], trust=TrustStore.of(keys.mallory), certificates=[keys.alice.certificate])
    with pytest.raises(SecurityError, match="CN=alice is not trusted"):
        Security(inbound=stranger).verify(secured, now=now)


def test_an_assertion_that_is_named_by_its_ciphertext_is_refused_by_that_name(plain, keys, now):
    secured = Security([Timestamp(), Sign(keys.alice)]).apply(plain, now=now)
    reference = next(secured.root.iter(TOKEN_REFERENCE))
    kind = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLID"
    reference[:] = [etree.fromstring(f'<w:KeyIdentifier xmlns:w="{WSSE}" ValueType="{kind}">sealed</w:KeyIdentifier>')]
    data = f'<x:EncryptedData xmlns:x="{XENC}" Id="sealed"/>'
    sealed = etree.fromstring(f'<EncryptedAssertion xmlns="{SAML20}">{data}</EncryptedAssertion>')
    secured.root.find(f".//{{{WSSE}}}Security").insert(0, sealed)
    with pytest.raises(SecurityError, match="by the id of the EncryptedData around it"):
        Security(inbound=Require(signed=["Body"], trust=keys.trust)).verify(secured, now=now)


def test_rsa_1_5_is_opened_with_the_rsa_key_among_several(plain, keys, now):
    secured = Security([Encrypt(to=keys.bob, key_transport="rsa-1_5")]).apply(plain, now=now)
    for key_info in [key.find(KEY_INFO) for key in secured.root.iter(ENCRYPTED_KEY)]:
        key_info.getparent().remove(key_info)  # which says for whom it is
    require = Require(encrypted=["Body"], key=[keys.curve, keys.bob], algorithms=profile("legacy"))
    result = Security(inbound=require).verify(Envelope.parse(secured.to_bytes()), now=now)
    assert [each.name for each in result.encrypted] == ["Body"]


def test_hashes_of_oaep_that_are_not_allowed_are_told(plain, keys, now):
    sha3 = "http://www.w3.org/2007/05/xmldsig-more#sha3-256"
    secured = Security([Encrypt(to=keys.bob, key_transport="rsa-oaep")]).apply(plain, now=now)
    key = next(secured.root.iter(ENCRYPTED_KEY))
    next(key.iter(DIGEST_METHOD)).set("Algorithm", sha3)
    assert next(key.iter(MGF)) is not None
    with pytest.raises(SecurityError, match=f"the hashes of OAEP \\('{sha3}', '.*mgf1sha256'\\) are not allowed"):
        Security(inbound=Require(key=keys.bob)).verify(Envelope.parse(secured.to_bytes()), now=now)


def test_hashes_of_oaep_may_be_said_by_their_uris(plain, keys, now):
    hashed, masked = f"{XENC}sha512", f"{XENC11}mgf1sha384"
    step = Encrypt(to=keys.bob, key_transport="rsa-oaep", oaep_digest=hashed, oaep_mgf=masked)
    secured = Security([step]).apply(plain, now=now)
    assert (next(secured.root.iter(DIGEST_METHOD)).get("Algorithm"), next(secured.root.iter(MGF)).get("Algorithm")) == (
        hashed,
        masked,
    )
    require = Require(encrypted=["Body"], key=keys.bob)
    assert Security(inbound=require).verify(Envelope.parse(secured.to_bytes()), now=now).encrypted
    sealed = xmlenc.encrypt(b"<all/>", to=keys.bob, oaep_digest=hashed, key_transport="rsa-oaep", oaep_mgf=masked)
    assert xmlenc.decrypt(sealed, key=keys.bob).root.tag == "all"


@pytest.mark.parametrize("masked", ["sha1", "sha224", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("hashed", ["sha1", "sha224", "sha256", "sha384", "sha512"])
def test_any_digest_of_oaep_goes_with_any_mask(hashed, masked, plain, keys, now):
    step = Encrypt(to=keys.bob, key_transport="rsa-oaep", oaep_digest=hashed, oaep_mgf=masked)
    secured = Security([step]).apply(plain, now=now)
    require = Require(encrypted=["Body"], key=keys.bob, algorithms=profile("legacy"))
    assert Security(inbound=require).verify(Envelope.parse(secured.to_bytes()), now=now).encrypted


def test_sha_3_pads_no_key_and_that_is_told_when_settings_are_made(keys):
    for make in (
        lambda: Encrypt(to=keys.bob, oaep_digest="sha3_256"),
        lambda: SharedKey(keys.bob, oaep_digest="sha3_256"),
    ):
        with pytest.raises(UsageError, match="no digest for OAEP 'sha3_256'"):
            make()
    with pytest.raises(UsageError, match="no digest for OAEP 'sha3_256'"):
        xmlenc.encrypt(b"<all/>", to=keys.bob, oaep_digest="sha3_256")
    with pytest.raises(UsageError, match="no mask generation function with 'sha3_256'"):
        Encrypt(to=keys.bob, key_transport="rsa-oaep", oaep_mgf="sha3_256")


def test_a_signed_manifest_proves_itself_alone_and_that_is_told(keys, now):
    manifest = f'<all><Manifest xmlns="{DS}" Id="all"><Reference URI="order.xml"/></Manifest></all>'.encode()
    found = verify(sign(manifest, keys.alice, references=["#all"]), trust=keys.trust, signed=[], at=now)
    assert found.signed[0].tag == MANIFEST
    assert "not what they are digests of" in found.warnings[0]
    assert not verify(sign(b"<all/>", keys.alice), trust=keys.trust, at=now).warnings
