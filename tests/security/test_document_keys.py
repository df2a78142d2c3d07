"""Which key a document means: by what stands elsewhere in it, by a bare key, by a certificate that is given."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from soapkit.errors import SecurityError
from soapkit.security import Require, Security, Sign, Timestamp, TrustStore
from soapkit.security.crypto.certificates import der_of, public_key_of
from soapkit.security.crypto.key_value import key_value_element, read_key_value
from soapkit.security.crypto.with_cryptography import hash_named
from soapkit.security.document.explain import explain_document
from soapkit.security.markup import DER_KEY_VALUE, EC_KEY_VALUE, KEY_INFO, PUBLIC_KEY
from soapkit.security.throwaway import make_authority, make_keypair
from soapkit.soap.envelope import Envelope
from soapkit.xml.names import DS, DSIG11, XENC, XENC11
from soapkit.xml.parse import parse_exact
from soapkit.xmldsig import sign, verify
from soapkit.xmlenc import decrypt
from tests.security.test_xmlenc import SECRET, data

ORDER = b"<order><item>bread</item></order>"
AUTHORITY = make_authority()
ORIGINATOR, RECIPIENT = (make_keypair(name, AUTHORITY, kind="ec") for name in ("originator", "recipient"))


def certificate_text(keypair) -> str:
    return base64.b64encode(der_of(keypair.certificate)).decode()


def signed(keypair, key_info: str, elsewhere: str = "") -> bytes:
    """A document whose signature says of its key what we want it to, with something beside what is signed."""
    root = etree.fromstring(sign(b'<all><order Id="one"/></all>', keypair, references=["#one"], key_info="none"))
    namespaces = f'xmlns:d="{DS}" xmlns:d11="{DSIG11}"'
    root[-1].insert(2, etree.fromstring(f"<d:KeyInfo {namespaces}>{key_info}</d:KeyInfo>"))
    root.append(etree.fromstring(f"<elsewhere {namespaces}>{elsewhere}</elsewhere>"))
    return etree.tostring(root)


def signer(document: bytes, now, **given) -> str:
    return verify(document, signed=["order"], at=now, **given).signer_name


# --- signatures ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key_info",
    [
        f'<d:RetrievalMethod URI="#there" Type="{DS}X509Data"/>',
        '<d:RetrievalMethod URI="#there"/>',
        '<d11:KeyInfoReference URI="#keys"/>',
    ],
)
def test_a_certificate_elsewhere_in_the_document_is_found(key_info, keys, now):
    certificate = f'<d:X509Data Id="there"><d:X509Certificate>{certificate_text(keys.alice)}</d:X509Certificate>'
    document = signed(keys.alice, key_info, f'<d:KeyInfo Id="keys">{certificate}</d:X509Data></d:KeyInfo>')
    assert signer(document, now, trust=keys.trust) == "CN=alice"
    assert any("by certificate CN=alice" in line for line in explain_document(parse_exact(document)))


@pytest.mark.parametrize(
    ("key_info", "said"),
    [
        ('<d:RetrievalMethod URI="http://192.0.2.1/alice.cer"/>', "by its id"),
        ('<d:RetrievalMethod URI="alice.cer"/>', "by its id"),
        ('<d:RetrievalMethod URI="#nowhere"/>', "nowhere"),
        ('<d:RetrievalMethod URI="#one"/>', "leads to no certificate"),
        ('<d:RetrievalMethod URI="#one" Type="http://www.w3.org/2000/09/xmldsig#X509Data"/>', "leads to order, not to"),
        ('<d:RetrievalMethod URI="#one"><d:Transforms/></d:RetrievalMethod>', "with transforms is not followed"),
        ('<d11:KeyInfoReference URI="http://192.0.2.1/keys"/>', "by its id"),
        ('<d11:KeyInfoReference URI="#one"/>', "leads to order"),
        ('<d11:KeyInfoReference URI="#ring"/>', "leads to no certificate"),
    ],
)
def test_what_leads_outside_or_to_no_certificate_is_refused(key_info, said, keys, now):
    ring = '<d:KeyInfo Id="ring"><d11:KeyInfoReference URI="#ring"/></d:KeyInfo>'
    with pytest.raises(SecurityError, match=said):
        signer(signed(keys.alice, key_info, ring), now, trust=keys.trust)


def test_a_bare_key_means_the_certificate_that_has_it(keys, now):
    for keypair in (keys.alice, keys.curve):
        value = etree.tostring(key_value_element(public_key_of(keypair.certificate))).decode()
        document = signed(keypair, f"<d:KeyName>whatever</d:KeyName>{value}")
        at_hand = [keys.bob.certificate, keypair.certificate]
        found = verify(document, signed=["order"], trust=keys.trust, certificates=at_hand, at=now)
        assert found.signer == keypair.certificate
        with pytest.raises(SecurityError, match="no certificate at hand has the key of its KeyValue"):
            signer(document, now, trust=keys.trust)


def test_a_certificate_is_named_by_its_digest(keys, now):
    value = base64.b64encode(hashlib.sha256(der_of(keys.alice.certificate)).digest()).decode()
    digest = f'<d11:X509Digest Algorithm="{XENC}sha256">{value}</d11:X509Digest>'
    document = signed(keys.alice, f"<d:X509Data>{digest}</d:X509Data>")
    assert signer(document, now, trust=TrustStore.of(keys.bob, keys.alice)) == "CN=alice"


def test_a_revocation_list_may_stand_beside_what_names_the_certificate(keys, now):
    named = f"<d:X509Data><d:X509Certificate>{certificate_text(keys.alice)}</d:X509Certificate></d:X509Data>"
    for beside in ("<d:X509Data><d:X509CRL>MAA=</d:X509CRL></d:X509Data>", "<d:X509Data/>"):
        assert signer(signed(keys.alice, beside + named), now, trust=keys.trust) == "CN=alice"
        assert signer(
            signed(keys.alice, f"{beside}<d:KeyName>CN=alice</d:KeyName>"), now, trust=TrustStore.of(keys.alice)
        )


def test_a_digest_that_is_not_known_is_told_by_name(keys, now):
    digest = '<d11:X509Digest Algorithm="http://www.w3.org/2007/05/xmldsig-more#sha3-224">AAAA</d11:X509Digest>'
    with pytest.raises(SecurityError, match=r"KeyInfo holds X509Data \(X509Digest \(.*sha3-224\)\), which leads to no"):
        signer(signed(keys.alice, f"<d:X509Data>{digest}</d:X509Data>"), now, trust=keys.trust)


def test_a_signature_that_names_no_key_is_that_of_the_one_certificate_that_is_given(keys, now):
    document = sign(ORDER, keys.alice, key_info="none")
    assert verify(document, trust=keys.trust, certificates=[keys.alice.certificate], at=now).signer_name == "CN=alice"
    with pytest.raises(SecurityError, match="the signature is not that of CN=bob"):
        verify(document, trust=keys.trust, certificates=[keys.bob.certificate], at=now)
    with pytest.raises(SecurityError, match="does not say which key"):
        verify(document, trust=keys.trust, certificates=[keys.alice.certificate, keys.bob.certificate], at=now)
    assert signer(signed(keys.alice, ""), now, trust=keys.trust, certificates=[keys.alice.certificate]) == "CN=alice"


def test_a_certificate_elsewhere_in_a_message_is_found_too(plain, keys, now):
    secured = Security([Timestamp(), Sign(keys.alice)]).apply(plain, now=now)
    key_info = secured.root.find(f".//{KEY_INFO}")
    key_info[:] = [etree.fromstring(f'<d:RetrievalMethod xmlns:d="{DS}" URI="#there" Type="{DS}X509Data"/>')]
    certificate = f"<d:X509Certificate>{certificate_text(keys.alice)}</d:X509Certificate>"
    secured.headers[-1].append(etree.fromstring(f'<d:X509Data xmlns:d="{DS}" Id="there">{certificate}</d:X509Data>'))
    require = Require(signed=["Body"], trust=keys.trust)
    envelope = Envelope.parse(secured.to_bytes())
    assert Security(inbound=require).verify(envelope, now=now).signer_name == "CN=alice"
    outside = Envelope.parse(secured.to_bytes().replace(b'URI="#there"', b'URI="http://192.0.2.1/a.cer"'))
    with pytest.raises(SecurityError, match="by its id"):
        Security(inbound=require).verify(outside, now=now)


# --- bare keys ----------------------------------------------------------------------------------------------------


def test_a_compressed_point_is_refused():
    """XML Signature 1.1, 4.5.2.3.1: a point is not compressed."""
    key = public_key_of(ORIGINATOR.certificate)
    element = key_value_element(key)
    assert read_key_value(element) == key
    compressed = key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    element.find(f"{EC_KEY_VALUE}/{PUBLIC_KEY}").text = base64.b64encode(compressed).decode()
    with pytest.raises(SecurityError, match="a compressed point, which the standard excludes"):
        read_key_value(element)


@pytest.mark.parametrize("kind", ["alice", "curve", "edwards"])
def test_a_key_with_an_encoding_is_read(kind, keys):
    key = public_key_of(getattr(keys, kind).certificate)
    element = etree.Element(DER_KEY_VALUE)
    element.text = base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    assert read_key_value(element) == key


# --- keys that are agreed on --------------------------------------------------------------------------------------

CONCAT = (
    f'<x11:KeyDerivationMethod Algorithm="{XENC11}ConcatKDF"><x11:ConcatKDFParams AlgorithmID="" PartyUInfo="" '
    f'PartyVInfo=""><d:DigestMethod Algorithm="{XENC}sha256"/></x11:ConcatKDFParams></x11:KeyDerivationMethod>'
)
PBKDF2 = (
    f'<x11:KeyDerivationMethod Algorithm="{XENC11}pbkdf2"><x11:PBKDF2-params><x11:Salt><x11:Specified>c2FsdA=='
    "</x11:Specified></x11:Salt><x11:IterationCount>{}</x11:IterationCount><x11:KeyLength>32</x11:KeyLength>"
    '<x11:PRF Algorithm="http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"/></x11:PBKDF2-params>'
    "</x11:KeyDerivationMethod>"
)


def agreed(originator: str, derivation: str = CONCAT) -> bytes:
    """A document under a key that a lasting key of the originator's and one of the recipient's agree on."""
    shared = ORIGINATOR.private_key.exchange(ec.ECDH(), public_key_of(RECIPIENT.certificate))
    kdf = ConcatKDFHash(hash_named("sha256"), 32, b"")
    made = (kdf if derivation is CONCAT else PBKDF2HMAC(hash_named("sha256"), 32, b"salt", 1000)).derive(shared)
    value = base64.b64encode(aes_key_wrap(made, SECRET)).decode()
    return data(
        f'<x:EncryptedKey><x:EncryptionMethod Algorithm="{XENC}kw-aes256"/><d:KeyInfo>'
        f'<x:AgreementMethod Algorithm="{XENC11}ECDH-ES">{derivation}'
        f"<x:OriginatorKeyInfo>{originator}</x:OriginatorKeyInfo>"
        "<x:RecipientKeyInfo><d:KeyName>recipient</d:KeyName></x:RecipientKeyInfo></x:AgreementMethod></d:KeyInfo>"
        f"<x:CipherData><x:CipherValue>{value}</x:CipherValue></x:CipherData></x:EncryptedKey>"
    )


CARRIED = f"<d:X509Data><d:X509Certificate>{certificate_text(ORIGINATOR)}</d:X509Certificate></d:X509Data>"


@pytest.mark.parametrize("derivation", [CONCAT, PBKDF2.format(1000)], ids=["ConcatKDF", "PBKDF2"])
def test_the_key_of_the_originator_is_that_of_a_certificate(derivation):
    """XML Encryption 1.1, 5.6: OriginatorKeyInfo is a ds:KeyInfo."""
    assert decrypt(agreed(CARRIED, derivation), key=RECIPIENT).root.text == "1"


def test_the_certificate_of_the_originator_is_looked_up_where_it_is_only_named():
    named = agreed("<d:KeyName>originator</d:KeyName>")
    at_hand = [RECIPIENT.certificate, ORIGINATOR.certificate]
    assert decrypt(named, key=RECIPIENT, certificates=at_hand).root.text == "1"
    with pytest.raises(SecurityError, match="no certificate at hand has name originator"):
        decrypt(named, key=RECIPIENT)


def test_another_originator_agrees_on_another_key():
    other = make_keypair("other", AUTHORITY, kind="ec")
    document = agreed(CARRIED.replace(certificate_text(ORIGINATOR), certificate_text(other)))
    with pytest.raises(SecurityError, match="wrapped under another key"):
        decrypt(document, key=RECIPIENT)


def test_iterations_are_counted_for_the_whole_document(monkeypatch):
    """Whoever knows our certificate may ask for them."""
    slow = agreed(CARRIED, PBKDF2.format(1000))
    monkeypatch.setattr("soapkit.security.document.keys._MOST_ITERATIONS", 1999)
    assert decrypt(slow, key=RECIPIENT).root.text == "1"
    with pytest.raises(SecurityError, match="more than 1,999 iterations are not made"):
        decrypt(b"<all>" + slow + slow + b"</all>", key=RECIPIENT)
