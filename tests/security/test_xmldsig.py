"""Plain XML signatures: what is signed comes back, and nothing else does."""

from __future__ import annotations

import base64
import hmac
from datetime import datetime, timedelta

import pytest
import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from soapkit.errors import LimitError, SecurityError, UsageError, XmlError
from soapkit.security.crypto.algorithms import SIGNATURES
from soapkit.security.crypto.certificates import der_of
from soapkit.security.crypto.with_cryptography import signature_holds
from soapkit.security.markup import SIGNATURE
from soapkit.xml.c14n import canonicalise_document
from soapkit.xml.names import DS, XENC
from soapkit.xml.parse import parse_exact
from soapkit.xmldsig import HmacKey, profile, sign, verify, verify_all

ORDER = b'<o:order xmlns:o="urn:order" Id="all"><o:item Id="one">bread</o:item> <o:total>10.00</o:total>\n</o:order>'
SECRET = HmacKey(b"thirty-two bytes, both have them")


def texts(element):
    return " ".join("".join(element.itertext()).split())


# --- sign, verify, see what is signed -----------------------------------------------------------------------------


@pytest.mark.parametrize("canonical", ["exclusive", "inclusive", "inclusive11"])
@pytest.mark.parametrize(
    "place",
    [{}, {"after": "{urn:order}item"}, {"inside": "{urn:order}total"}, {"references": ["#all"]}, {"enveloping": True}],
    ids=str,
)
def test_a_signed_document_comes_back_without_its_signature(place, canonical, keys, now):
    result = verify(sign(ORDER, keys.alice, canonical=canonical, **place), trust=keys.trust, at=now)
    (signed,) = result.signed
    assert texts(signed) == "bread 10.00"
    assert next(signed.iter(SIGNATURE), None) is None
    assert result.signer == keys.alice.certificate
    assert result.signer_name == "CN=alice"
    assert result.algorithm == "rsa-sha256"


def test_an_enveloped_signature_gives_back_the_document_itself(keys, now):
    result = verify(sign(ORDER, keys.alice), trust=keys.trust, at=now)
    assert etree.tostring(result.signed[0]) == ORDER


def test_an_element_is_signed_to_an_element_and_stays_as_it_was(keys, now):
    root = etree.fromstring(ORDER)
    signed = sign(root, keys.alice)
    assert etree.tostring(root) == ORDER
    assert verify(signed, trust=keys.trust, at=now).parts[0].path == "order"


def test_one_element_is_signed_by_its_id(keys, now):
    signed = sign(ORDER, keys.alice, references=["#one"])
    result = verify(signed, trust=keys.trust, at=now, signed=["item"])
    assert [texts(element) for element in result.signed] == ["bread"]
    assert result.parts[0].path == "order/item"


def test_what_is_not_covered_is_neither_handed_on_nor_believed(keys, now):
    signed = sign(ORDER, keys.alice, references=["#one"])
    with pytest.raises(SecurityError, match="does not cover the whole document, only order/item"):
        verify(signed, trust=keys.trust, at=now)
    with pytest.raises(SecurityError, match=r"order/total: \{urn:order\}total is not signed"):
        verify(signed, trust=keys.trust, at=now, signed=["{urn:order}item", "{urn:order}total"])
    with pytest.raises(SecurityError, match="there is no price"):
        verify(signed, trust=keys.trust, at=now, signed=["price"])
    assert len(verify(signed, trust=keys.trust, at=now, signed=[]).signed) == 1


def test_processing_instructions_around_the_root_are_signed_and_comments_are_not(keys, now):
    signed = sign(b'<?xml version="1.0"?><?style sheet?><!-- a --><o><!-- b --></o>', keys.alice)
    assert verify(signed.replace(b"<!-- b -->", b""), trust=keys.trust, at=now).signed
    with pytest.raises(SecurityError, match="altered"):
        verify(signed.replace(b"style sheet", b"style other"), trust=keys.trust, at=now)


def test_a_document_keeps_what_its_values_mean_by_prefixes(keys, now):
    signed = sign(b'<o xmlns:x="urn:x"><v xmlns:i="urn:i" i:type="x:t"/></o>', keys.alice)
    assert verify(signed, trust=keys.trust, at=now).signed[0].nsmap["x"] == "urn:x"
    with pytest.raises(SecurityError, match="altered"):
        verify(signed.replace(b'xmlns:x="urn:x"', b'xmlns:x="urn:y"'), trust=keys.trust, at=now)


def test_several_signatures_are_told_apart(keys, now):
    twice = sign(sign(ORDER, keys.alice, references=["#one"], id="first"), keys.bob, id="second")
    with pytest.raises(SecurityError, match="holds 2 signatures: which one"):
        verify(twice, trust=keys.trust, at=now)
    assert verify(twice, trust=keys.trust, at=now, signature="second").signer_name == "CN=bob"
    assert verify(twice, trust=keys.trust, at=now, signature=0, signed=["item"]).signer_name == "CN=alice"
    assert [each.signer_name for each in verify_all(twice, trust=keys.trust, at=now)] == ["CN=alice", "CN=bob"]
    for wrong in (2, -1, "third"):
        with pytest.raises(SecurityError):
            verify(twice, trust=keys.trust, at=now, signature=wrong)


# --- keys and trust -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["issuer-serial", "subject", "ski", "key-name"])
def test_a_certificate_that_is_only_named_is_looked_up(how, keys, now):
    signed = sign(ORDER, keys.alice, key_info=how)
    result = verify(signed, trust=keys.trust, at=now, certificates=[keys.bob.certificate, keys.alice.certificate])
    assert result.signer == keys.alice.certificate
    with pytest.raises(SecurityError, match="no certificate at hand"):
        verify(signed, trust=keys.trust, at=now, certificates=[keys.bob.certificate])


def test_the_key_may_be_given_by_the_one_who_verifies(keys, now):
    signed = sign(ORDER, keys.curve, key_info="none")
    assert verify(signed, trust=keys.curve.certificate, at=now).signer == keys.curve.certificate
    assert verify(signed, trust=keys.curve.certificate.public_key()).signer is None
    with pytest.raises(SecurityError, match="does not say which key"):
        verify(signed, trust=keys.trust, at=now)
    with pytest.raises(SecurityError, match="needs another key"):
        verify(signed, trust=keys.alice.certificate, at=now)


def test_a_key_that_only_stands_in_the_document_is_never_believed(keys, now):
    value = f'<KeyInfo xmlns="{DS}"><KeyValue><RSAKeyValue/></KeyValue></KeyInfo>'.encode()
    signed = sign(ORDER, keys.alice, key_info="none").replace(b"</ds:Signature>", value + b"</ds:Signature>")
    with pytest.raises(SecurityError, match="KeyInfo holds KeyValue, which leads to no certificate"):
        verify(signed, trust=keys.trust, at=now)
    assert verify(signed, trust=keys.alice.certificate, at=now).signed


def test_a_stranger_an_expired_one_and_another_key_are_refused(keys, now):
    with pytest.raises(SecurityError, match="CN=mallory is not trusted"):
        verify(sign(ORDER, keys.mallory), trust=keys.trust, at=now)
    with pytest.raises(SecurityError, match="expired on"):
        verify(sign(ORDER, keys.alice), trust=keys.trust, at=now + timedelta(days=36500))
    with pytest.raises(SecurityError, match="is not that of CN=bob"):
        verify(sign(ORDER, keys.alice), trust=keys.bob.certificate, at=now)


def test_a_certificate_whose_name_is_no_text_is_believed_where_it_is_given_itself(keys, now):
    """As some authorities wrote them; cryptography tells it no sooner than the name is asked for."""
    damaged = der_of(keys.alice.certificate).replace(b"\x0c\x05alice", b"\x0c\x05\xff\xfe\xfd\xfc\xfb")
    certificate = x509.load_der_x509_certificate(damaged)
    document = sign(b"<all/>", keys.alice, key_info="none")
    assert verify(document, trust=certificate, at=now).signer_name == f"serial {certificate.serial_number}"
    with pytest.raises(SecurityError, match=f"not that of serial {certificate.serial_number}"):
        verify(sign(b"<all/>", keys.bob, key_info="none"), trust=certificate, at=now)


def test_a_chain_in_the_signature_is_followed_in_either_order(keys, now):
    signed = sign(ORDER, keys.alice, key_info="chain")
    root = etree.fromstring(signed)
    data = root.find(f".//{{{DS}}}X509Data")
    data[:] = reversed(data)
    assert verify(etree.tostring(root), trust=keys.trust, at=now).signer == keys.alice.certificate


def test_a_secret_is_a_key_of_its_own_kind(keys, now):
    assert verify(sign(ORDER, SECRET), trust=SECRET).algorithm == "hmac-sha256"
    assert "thirty" not in repr(SECRET)
    with pytest.raises(SecurityError, match="not verified with a public key"):
        verify(sign(ORDER, SECRET), trust=keys.trust, at=now)
    with pytest.raises(SecurityError, match="not verified with a shared secret"):
        verify(sign(ORDER, keys.alice), trust=SECRET)
    with pytest.raises(SecurityError, match="is not that of the key given"):
        verify(sign(ORDER, SECRET), trust=HmacKey(b"another"))
    with pytest.raises(SecurityError, match="cannot be made with a shared key"):
        sign(ORDER, SECRET, algorithm="rsa-sha256")


def test_old_algorithms_need_a_named_profile(keys, now):
    signed = sign(ORDER, keys.alice, algorithm="rsa-sha1", digest="sha1")
    with pytest.raises(SecurityError, match="rsa-sha1' is not allowed by the policy 'modern'"):
        verify(signed, trust=keys.trust, at=now)
    result = verify(signed, trust=keys.trust, at=now, algorithms=profile("legacy_sha1"))
    assert "SHA-1" in result.warnings[0]
    with pytest.raises(SecurityError, match="digest algorithm"):
        verify(sign(ORDER, keys.alice, digest="sha1"), trust=keys.trust, at=now)


# --- what is refused ----------------------------------------------------------------------------------------------

ATTACKS = {
    "a changed text": (b"10.00", b"99.00", "altered"),
    "another namespace": (b'xmlns:o="urn:order"', b'xmlns:o="urn:other"', "altered"),
    "a second SignedInfo": (b"<ds:SignatureValue>", b"<ds:SignedInfo/><ds:SignatureValue>", "expected one SignedInfo"),
    "a foreign child": (b"<ds:SignatureValue>", b"<x/><ds:SignatureValue>", "x may not stand here"),
    "a wrapped SignedInfo": (b"<ds:SignedInfo>", b"<w><ds:SignedInfo/></w><ds:SignedInfo>", "w may not stand here"),
    "a comment in DigestValue": (b"<ds:DigestValue>", b"<ds:DigestValue><!--x-->", "comments or instructions"),
    "a comment in SignatureValue": (b"<ds:SignatureValue>", b"<ds:SignatureValue><!--x-->", "comments or instructions"),
    "an instruction in SignedInfo": (b"<ds:Reference ", b"<?x?><ds:Reference ", "comments or instructions"),
    "a file": (b'URI=""', b'URI="file:///etc/passwd"', "is not that of CN=alice"),
    "no references": (b"Reference", b"Manifest", "Manifest may not stand here"),
    "XPath": (f"{DS}enveloped-signature".encode(), b"http://www.w3.org/TR/1999/REC-xpath-19991116", "is never run"),
    "XSLT": (f"{DS}enveloped-signature".encode(), b"http://www.w3.org/TR/1999/REC-xslt-19991116", "is never run"),
    "base64": (f"{DS}enveloped-signature".encode(), f"{DS}base64".encode(), "is never run"),
    "DSA": (b"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", f"{DS}dsa-sha1".encode(), "dsa-sha1' is not allowed"),
    "a short HMAC": (
        b'rsa-sha256"/>',
        b'rsa-sha256"><ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>',
        "shortened",
    ),
}


@pytest.mark.parametrize(("what", "by", "reason"), ATTACKS.values(), ids=ATTACKS)
def test_an_altered_signature_is_refused_with_the_reason(what, by, reason, keys, now):
    signed = sign(ORDER, keys.alice)
    assert what in signed
    with pytest.raises(SecurityError, match=reason):
        verify(signed.replace(what, by), trust=keys.trust, at=now)


@pytest.mark.parametrize(
    "uri", ["file:///etc/passwd", "http://localhost/x", "other.xml", "#xpointer(//order)", "#", "all"]
)
def test_a_reference_that_leads_outside_is_refused_when_the_signature_is_right_too(uri):
    signed = etree.fromstring(sign(ORDER, SECRET, references=["#all"]))
    info = signed.find(f".//{{{DS}}}SignedInfo")
    info.find(f"{{{DS}}}Reference").set("URI", uri)
    _sign_again(signed, info)
    with pytest.raises(SecurityError, match="must name an element of this message by its id"):
        verify(etree.tostring(signed), trust=SECRET)


@pytest.mark.parametrize(
    ("bits", "believed"), [("256", True), (" 256 ", True), ("128", False), ("264", False), ("", False)]
)
def test_a_length_of_an_hmac_that_is_all_of_it_shortens_nothing(bits, believed):
    signed = etree.fromstring(sign(ORDER, SECRET))
    info = signed.find(f".//{{{DS}}}SignedInfo")
    etree.SubElement(info.find(f"{{{DS}}}SignatureMethod"), f"{{{DS}}}HMACOutputLength").text = bits
    _sign_again(signed, info)
    if believed:
        assert verify(etree.tostring(signed), trust=SECRET).algorithm == "hmac-sha256"
        return
    with pytest.raises(SecurityError, match="HMACOutputLength"):
        verify(etree.tostring(signed), trust=SECRET)


def _sign_again(root, info):
    value = hmac.digest(SECRET.value, etree.tostring(info, method="c14n", exclusive=True), "sha256")
    root.find(f".//{{{DS}}}SignatureValue").text = base64.b64encode(value).decode()


def test_an_id_that_two_elements_carry_names_neither(keys, now):
    signed = sign(ORDER, keys.alice, references=["#one"])
    for forged in (b'<o:item Id="one">gold</o:item>', b'<o:item ID="one"/>', b'<o:item xml:id="one"/>'):
        with pytest.raises(SecurityError, match="several elements carry the id 'one'"):
            verify(signed.replace(b"<o:total>", forged + b"<o:total>"), trust=keys.trust, at=now, signed=[])


def test_a_signed_element_moved_under_a_wrapper_speaks_only_for_itself(keys, now):
    """The signature is right; the element that a careless reader would take is not the one it covers."""
    signed = sign(ORDER, keys.alice, references=["#one"])
    item = b'<o:item Id="one">bread</o:item>'
    wrapped = signed.replace(item, b"<o:item>gold</o:item><w>" + item + b"</w>")
    with pytest.raises(SecurityError, match=r"order/item: item is not signed"):
        verify(wrapped, trust=keys.trust, at=now, signed=["item"])
    with pytest.raises(SecurityError, match="does not cover the whole document"):
        verify(wrapped, trust=keys.trust, at=now)
    assert [texts(element) for element in verify(wrapped, trust=keys.trust, at=now, signed=[]).signed] == ["bread"]


def test_what_stands_in_an_enveloped_signature_is_not_covered_by_it(keys, now):
    signed = sign(ORDER, keys.alice)
    extra = b"<ds:Object><o:total>99.00</o:total></ds:Object></ds:Signature>"
    forged = signed.replace(b"</ds:Signature>", extra)
    assert texts(verify(forged, trust=keys.trust, at=now).signed[0]) == "bread 10.00"
    with pytest.raises(SecurityError, match="total is not signed"):
        verify(forged, trust=keys.trust, at=now, signed=["total"])


def test_a_doctype_is_refused():
    with pytest.raises(XmlError, match="DOCTYPE"):
        verify(b'<!DOCTYPE o [<!ENTITY a "b">]><o/>', trust=SECRET)


def test_a_document_without_a_signature_is_told():
    with pytest.raises(SecurityError, match="the document holds no signature"):
        verify(ORDER, trust=SECRET)
    with pytest.raises(SecurityError, match="the document holds no signature"):
        verify_all(ORDER, trust=SECRET)


def test_a_garbage_signature_does_not_make_us_canonicalise_the_document(keys, now, monkeypatch):
    signed = sign(ORDER, keys.alice)
    at = signed.index(b"<ds:SignatureValue>") + 20
    monkeypatch.setattr("soapkit.security.document.verify.octets_of", lambda *_: pytest.fail("canonicalised"))
    with pytest.raises(SecurityError, match="is not that of CN=alice"):
        verify(signed[:at] + b"AAAA" + signed[at + 4 :], trust=keys.trust, at=now)


def test_a_document_whose_canonical_form_is_out_of_proportion_is_refused():
    names = " ".join(f'xmlns:n{number}="urn:{number}"' for number in range(100))
    with pytest.raises(LimitError, match="namespaces are in scope"):
        sign(f"<o {names}/>".encode(), SECRET)


def test_settings_that_cannot_be_are_told(keys):
    for wrong in (
        {"references": "#one"},
        {"references": []},
        {"enveloping": True, "inside": "x"},
        {"inside": "x", "after": "y"},
        {"inside": "//["},
        {"canonical": "pretty"},
        {"key_info": "all"},
        {"algorithm": "rot13"},
        {"digest": "crc32"},
        {"after": "."},
    ):
        with pytest.raises(UsageError):
            sign(ORDER, keys.alice, **wrong)
    with pytest.raises(SecurityError, match="there is no nowhere in the document"):
        sign(ORDER, keys.alice, inside="nowhere")
    for wrong in (
        {"trust": b"secret"},
        {"trust": SECRET, "at": datetime(2026, 1, 1)},
        {"trust": SECRET, "signed": "o"},
    ):
        with pytest.raises(UsageError):
            verify(sign(ORDER, SECRET), **wrong)


def test_the_two_numbers_of_an_ecdsa_signature_may_be_shorter_or_longer_than_they_should():
    """Java wrote both as long as the longer one, for years; others write zeros before them."""
    key = ec.generate_private_key(ec.SECP521R1())
    made = (decode_dss_signature(key.sign(b"data", ec.ECDSA(SHA512()))) for _ in range(1000))
    r, s = next((r, s) for r, s in made if max(r, s).bit_length() <= 520)  # one in four
    algorithm = SIGNATURES["http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"]

    def holds(size: int, r: int = r, s: int = s) -> bool:
        value = r.to_bytes(size, "big") + s.to_bytes(size, "big")
        return signature_holds(algorithm, key.public_key(), b"data", value)

    assert [holds(size) for size in (65, 66, 67, 68)] == [True, True, True, False]
    assert not holds(66, r=r + 1)
    value = r.to_bytes(66, "big") + s.to_bytes(66, "big")
    assert not signature_holds(algorithm, key.public_key(), b"data", value[:-1])
    assert not signature_holds(algorithm, key.public_key(), b"data", b"")


MORE = "http://www.w3.org/2007/05/xmldsig-more#"
OF_SHA512 = f'<d:DigestMethod Algorithm="{XENC}sha512"/>'


def signed_with_pss(keypair, params: str, digest=SHA256, salt: int = 32) -> bytes:
    """A document signed with RSA-PSS that says its parameters in `params`."""
    root = etree.fromstring(sign(ORDER, keypair, algorithm="rsa-pss-sha256"))
    method = root.find(f".//{{{DS}}}SignatureMethod")
    method.set("Algorithm", f"{MORE}rsa-pss")
    if params:
        method.append(etree.fromstring(f'<p:RSAPSSParams xmlns:p="{MORE}" xmlns:d="{DS}">{params}</p:RSAPSSParams>'))
    octets = etree.tostring(root.find(f".//{{{DS}}}SignedInfo"), method="c14n", exclusive=True)
    value = keypair.private_key.sign(octets, PSS(MGF1(digest()), salt), digest())
    root.find(f".//{{{DS}}}SignatureValue").text = base64.b64encode(value).decode()
    return etree.tostring(root)


@pytest.mark.parametrize(
    ("params", "digest", "salt"),
    [
        ("", SHA256, 32),
        ("<p:SaltLength>64</p:SaltLength><p:TrailerField>1</p:TrailerField>", SHA256, 64),
        ("<p:SaltLength>0</p:SaltLength>", SHA256, 0),
        (OF_SHA512, SHA512, 64),
        (f"{OF_SHA512}<p:MaskGenerationFunction>{OF_SHA512}</p:MaskGenerationFunction>", SHA512, 64),
        (f'{OF_SHA512}<p:MaskGenerationFunction Algorithm="{MORE}MGF1"/><p:SaltLength>20</p:SaltLength>', SHA512, 20),
    ],
)
def test_rsa_pss_may_say_its_parameters_itself(params, digest, salt, keys, now):
    """RFC 9231, 2.3.9; as Java writes it."""
    document = signed_with_pss(keys.alice, params, digest, salt)
    assert verify(document, trust=keys.trust, at=now).signer_name == "CN=alice"
    with pytest.raises(SecurityError, match="is not that of CN=alice"):
        verify(signed_with_pss(keys.alice, params, digest, salt + 1), trust=keys.trust, at=now)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ("<p:SaltLength>-1</p:SaltLength>", "is no length of a salt"),
        ("<p:SaltLength>99999</p:SaltLength>", "is no length of a salt"),
        ("<p:TrailerField>2</p:TrailerField>", "not done"),
        (f'<p:MaskGenerationFunction Algorithm="{MORE}MGF2"/>', "not done"),
        (f'<d:DigestMethod Algorithm="{MORE}md5"/>', "not done"),
        (f'<d:DigestMethod Algorithm="{DS}sha1"/>', "rsa-MGF1' is not allowed by the policy 'modern'"),
    ],
)
def test_rsa_pss_with_other_parameters_is_refused(params, said, keys, now):
    with pytest.raises(SecurityError, match=said):
        verify(signed_with_pss(keys.alice, params), trust=keys.trust, at=now)


# --- laws ---------------------------------------------------------------------------------------------------------

_text = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"))


@given(_text, _text, st.sampled_from(["exclusive", "inclusive", "inclusive11"]), st.booleans())
def test_any_document_that_is_signed_verifies_and_comes_back(text, value, canonical, enveloping):
    root = etree.Element("{urn:a}a", {"v": value}, nsmap={"p": "urn:a"})
    etree.SubElement(root, "b").text = text
    before = canonicalise_document(parse_exact(etree.tostring(root, encoding="UTF-8")))
    result = verify(sign(root, SECRET, canonical=canonical, enveloping=enveloping), trust=SECRET)
    (signed,) = result.signed
    assert canonicalise_document(signed[0] if enveloping else signed) == before


# --- libxmlsec agrees ---------------------------------------------------------------------------------------------

# RSA-PSS, SHA-3 and EdDSA are not in its Python binding.
XMLSEC = {
    row.name: row for row in SIGNATURES.values() if row.key in ("rsa", "ec", "secret") and "sha3_" not in row.hash
}
ALL = profile("legacy")


def _key_for(row, keys):
    return {"rsa": keys.alice, "ec": keys.curve, "secret": SECRET}[row.key]


def _xmlsec_key(key):
    if isinstance(key, HmacKey):
        return xmlsec.Key.from_binary_data(xmlsec.constants.KeyDataHmac, key.value)
    pem = key.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem)


@pytest.mark.parametrize("name", sorted(XMLSEC))
@pytest.mark.parametrize(
    "shape", [{}, {"canonical": "inclusive"}, {"canonical": "inclusive11"}, {"enveloping": True}], ids=str
)
def test_libxmlsec_verifies_what_we_sign(name, shape, keys):
    key = _key_for(XMLSEC[name], keys)
    root = etree.fromstring(sign(ORDER, key, algorithm=name, digest="sha512", **shape))
    xmlsec.tree.add_ids(root, ["Id"])
    context = xmlsec.SignatureContext()
    context.key = _xmlsec_key(key)
    context.verify(next(root.iter(SIGNATURE)))


@pytest.mark.parametrize("name", sorted(XMLSEC))
@pytest.mark.parametrize("form", ["ExclC14N", "InclC14N", "InclC14N11"])
def test_we_verify_what_libxmlsec_signs(name, form, keys, now):
    family, _, digest = name.partition("-")
    method = getattr(xmlsec.constants, f"Transform{family.capitalize()}{digest.capitalize()}")
    canonical = getattr(xmlsec.constants, f"Transform{form}")
    key = _key_for(XMLSEC[name], keys)
    root = etree.fromstring(ORDER)
    signature = xmlsec.template.create(root, canonical, method, ns="ds")
    root.append(signature)
    reference = xmlsec.template.add_reference(signature, xmlsec.constants.TransformSha256, uri="")
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
    xmlsec.template.add_transform(reference, canonical)
    context = xmlsec.SignatureContext()
    context.key = _xmlsec_key(key)
    context.sign(signature)
    trust = key if isinstance(key, HmacKey) else key.certificate
    result = verify(etree.tostring(root), trust=trust, at=now, algorithms=ALL)
    assert (result.algorithm, texts(result.signed[0])) == (name, "bread 10.00")
