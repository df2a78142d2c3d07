"""Signatures over octets: in base64, outside of the document; and what transforms leave of a document.

Signed by libxmlsec, which shares no code with soapkit.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

import pytest
import xmlsec
from lxml import etree

from soapkit.errors import SecurityError, UsageError
from soapkit.security.document.explain import explain_document
from soapkit.xml.names import DS, XENC
from soapkit.xml.parse import parse_exact
from soapkit.xmldsig import HmacKey, verify

SECRET = HmacKey(b"thirty-two bytes, both have them")
BASE64, ENVELOPED, C14N = f"{DS}base64", f"{DS}enveloped-signature", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
PICTURE = bytes(range(256))
IN_BASE64 = base64.encodebytes(PICTURE).decode()


def reference(uri: str, transforms: Sequence[str] = (), digest: str = "") -> str:
    inner = "".join(f'<d:Transform Algorithm="{each}"/>' for each in transforms)
    holder = f"<d:Transforms>{inner}</d:Transforms>" if transforms else ""
    return (
        f'<d:Reference URI="{uri}">{holder}<d:DigestMethod Algorithm="{XENC}sha256"/>'
        f"<d:DigestValue>{digest}</d:DigestValue></d:Reference>"
    )


def template(*references: str, inside: str = "") -> str:
    return (
        f'<d:Signature xmlns:d="{DS}"><d:SignedInfo><d:CanonicalizationMethod Algorithm="{C14N}"/>'
        '<d:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"/>'
        f"{''.join(references)}</d:SignedInfo><d:SignatureValue/>{inside}</d:Signature>"
    )


def signed(document: str) -> bytes:
    """The document, its signature made by libxmlsec."""
    root = etree.fromstring(document)
    xmlsec.tree.add_ids(root, ["Id"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_binary_data(xmlsec.constants.KeyDataHmac, SECRET.value)
    context.sign(next(root.iter(f"{{{DS}}}Signature")))
    return etree.tostring(root)


def detached(transforms: Sequence[str], covered: bytes) -> bytes:
    """A signature over what stands elsewhere. Made here, since libxmlsec would open a file for it."""
    digest = base64.b64encode(hashlib.sha256(covered).digest()).decode()
    root = etree.fromstring(template(reference("data", transforms, digest)))
    value = hmac.digest(SECRET.value, etree.tostring(root[0], method="c14n"), "sha256")
    root[1].text = base64.b64encode(value).decode()
    return etree.tostring(root)


# --- base64 -------------------------------------------------------------------------------------------------------


def test_octets_that_stand_in_base64_are_handed_on():
    """As XAdES signs files: in a ds:Object of the signature."""
    holder = f'<d:Object Id="picture" MimeType="image/png" Encoding="{BASE64}">{IN_BASE64}</d:Object>'
    document = signed(template(reference("#picture", [BASE64]), inside=holder))
    result = verify(document, trust=SECRET)
    assert result.parts == ()
    (found,) = result.octets
    assert found.octets == PICTURE
    assert (found.path, found.uri, found.digest) == ("Signature/Object", "#picture", "sha256")
    assert "covers the octets in Signature/Object, sha256" in "\n".join(explain_document(parse_exact(document)))


def test_octets_cover_no_element():
    """The attributes of the element that holds them are not signed, nor is its place."""
    holder = f'<file Id="f" name="a.png">{IN_BASE64}</file>'
    document = signed(f"<all>{holder}{template(reference('#f', [BASE64]))}</all>")
    assert verify(document, trust=SECRET, signed=[]).octets[0].octets == PICTURE
    with pytest.raises(SecurityError, match="file is not signed"):
        verify(document, trust=SECRET, signed=["file"])
    with pytest.raises(SecurityError, match="does not cover the whole document, only the octets at all/file"):
        verify(document, trust=SECRET)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("AAEC", "AAED", "altered"),
        ("AAEC", "<b/>AAEC", "must hold text alone"),
        ("AAEC", "*AEC", "does not hold base64"),
        (f'<d:Transform Algorithm="{BASE64}"/>', f'<d:Transform Algorithm="{BASE64}"/>' * 2, "is not that of"),
    ],
)
def test_octets_that_are_others_are_refused(before, after, said):
    document = signed(f'<all><file Id="f">{IN_BASE64}</file>{template(reference("#f", [BASE64]))}</all>').decode()
    assert before in document
    with pytest.raises(SecurityError, match=f"{said}|is never run"):
        verify(document.replace(before, after).encode(), trust=SECRET, signed=[])


# --- outside ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("transforms", "given", "covered"),
    [
        ([], PICTURE, PICTURE),
        ([BASE64], IN_BASE64.encode(), PICTURE),
        ([C14N], b"<a z='1' b='2'/>", b'<a b="2" z="1"></a>'),
    ],
    ids=["as it is", "base64", "canonical"],
)
def test_what_stands_outside_is_handed_in_and_never_fetched(transforms, given, covered):
    document = detached(transforms, covered)
    result = verify(document, trust=SECRET, outside={"data": given})
    assert [found.octets for found in result.octets] == [covered]
    assert result.octets[0].path == ""
    with pytest.raises(SecurityError, match="altered"):
        verify(document, trust=SECRET, outside={"data": given.replace(b"1", b"3").replace(b"A", b"B")})
    with pytest.raises(SecurityError, match="by its id"):
        verify(document, trust=SECRET, outside={"other": given})


def test_what_is_outside_is_named_by_uris_that_lead_there():
    with pytest.raises(UsageError, match="outside= is what stands outside"):
        verify(detached([], PICTURE), trust=SECRET, outside={"#data": PICTURE})
    with pytest.raises(SecurityError, match="cannot be canonicalised"):
        verify(detached([C14N], PICTURE), trust=SECRET, outside={"data": PICTURE})
    with pytest.raises(SecurityError, match="no elements are left out of what stands outside"):
        verify(detached([ENVELOPED], b"<a></a>"), trust=SECRET, outside={"data": b"<a/>"})


# --- what is left out ---------------------------------------------------------------------------------------------


def test_a_signature_beside_what_it_covers_has_nothing_to_be_taken_out():
    """Brazil's invoices: the signature follows the element, and says that it is enveloped (XML Signature, 6.6.4)."""
    document = signed(f'<nfe><inf Id="n1"><v>10</v></inf>{template(reference("#n1", [ENVELOPED, C14N]))}</nfe>')
    result = verify(document, trust=SECRET, signed=["inf"])
    assert etree.tostring(result.signed[0]) == b'<inf Id="n1"><v>10</v></inf>'


def test_a_signature_that_was_moved_does_not_envelop_what_it_covers():
    """Of what stands in the signature itself nothing would stay."""
    enveloping = template(reference("#o", [ENVELOPED]), inside='<d:Object Id="o"><v>10</v></d:Object>')
    beside = f'<all><a><b Id="o"><v>10</v></b></a>{template(reference("#o", [ENVELOPED]))}</all>'
    for document, path in ((enveloping, "Signature/Object"), (beside, "all/a/b")):
        with pytest.raises(SecurityError, match=f"the signature is not enveloped by {path}, as it says"):
            verify(signed(document), trust=SECRET, signed=[])


def test_signatures_that_stand_in_the_root_are_left_out_and_no_others():
    """XPath Filter 2.0, as the European Union's signature library writes it."""
    at_top = (
        '<d:Transform Algorithm="http://www.w3.org/2002/06/xmldsig-filter2"><f:XPath xmlns:f="http://www.w3.org/2002/'
        '06/xmldsig-filter2" Filter="subtract">/*/d:Signature</f:XPath></d:Transform>'
    )
    references = reference("", [ENVELOPED]).replace(f'<d:Transform Algorithm="{ENVELOPED}"/>', at_top)
    inner = f'<in><d:Signature xmlns:d="{DS}" Id="inner"/></in>'
    document = signed(f"<table><row>1</row>{template(references)}{inner}</table>").decode()
    result = verify(document.encode(), trust=SECRET, signature=0)
    assert [element.get("Id") for element in result.signed[0].iter(f"{{{DS}}}Signature")] == ["inner"]
    with pytest.raises(SecurityError, match="altered"):
        verify(document.replace('Id="inner"', 'Id="other"').encode(), trust=SECRET, signature=0)
