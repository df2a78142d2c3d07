"""Transforms that leave out elements by their names, held against libxmlsec, which runs each XPath; DSA."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import xmlsec
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from soapkit.errors import SecurityError
from soapkit.security.markup import DS_REFERENCE, SIGNATURE
from soapkit.xml.names import DS
from soapkit.xmldsig import profile, verify

FILTER = "http://www.w3.org/2002/06/xmldsig-filter2"
INVOICE = (
    b'<i:invoice xmlns:i="urn:i"><i:note>later</i:note><i:total>10.00</i:total><i:seal><i:total>1</i:total></i:seal>'
    b"</i:invoice>"
)
ENVELOPED = (
    "count(ancestor-or-self::ds:Signature | here()/ancestor::ds:Signature[1]) > count(ancestor-or-self::ds:Signature)"
)
Step = tuple[str, str]  # the kind of a transform, and its expression


def private_bytes(key: Any) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def signed_by_libxmlsec(
    steps: Sequence[Step], key: Any, *, document: bytes = INVOICE, method: Any = xmlsec.constants.TransformRsaSha256
) -> bytes:
    root = etree.fromstring(document)
    signature = xmlsec.template.create(root, xmlsec.constants.TransformExclC14N, method, ns="ds")
    root.append(signature)
    digest = xmlsec.constants.TransformSha256
    reference = xmlsec.template.add_reference(signature, digest, uri="")
    for kind, expression in steps:
        step = xmlsec.template.add_transform(reference, getattr(xmlsec.constants, f"Transform{kind}"))
        if expression:
            attributes = {"Filter": "subtract"} if kind == "XPath2" else {}
            namespaces = {"x": FILTER if kind == "XPath2" else DS, "i": "urn:i", "ds": DS}
            etree.SubElement(step, f"{{{namespaces['x']}}}XPath", attributes, nsmap=namespaces).text = expression
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(private_bytes(key), xmlsec.constants.KeyDataFormatPem)
    context.sign(signature)
    return etree.tostring(root)


@pytest.mark.parametrize(
    "steps",
    [
        [("XPath", "not(ancestor-or-self::ds:Signature)")],
        [("XPath", "not( ancestor-or-self::ds:Signature )\n")],
        [("XPath", ENVELOPED)],
        [("XPath2", "/descendant::ds:Signature")],
        [("XPath2", "//ds:Signature"), ("ExclC14N", "")],
        [("XPath2", "here()/ancestor::ds:Signature[1]")],
        [("Enveloped", ""), ("XPath", "not(ancestor-or-self::ds:Signature)"), ("ExclC14N", "")],
    ],
    ids=str,
)
def test_a_transform_that_leaves_out_the_signature_covers_the_whole_document(steps, keys):
    result = verify(signed_by_libxmlsec(steps, keys.alice.private_key), trust=keys.alice.certificate)
    assert etree.tostring(result.signed[0], method="c14n") == etree.tostring(etree.fromstring(INVOICE), method="c14n")


@pytest.mark.parametrize(
    "steps",
    [
        [("XPath", "not(ancestor-or-self::i:seal) and not(ancestor-or-self::ds:Signature)")],
        [("XPath", "not(ancestor-or-self::i:seal | ancestor-or-self::ds:Signature)")],
        [("XPath", "not(ancestor-or-self::ds:Signature or ancestor-or-self::i:seal)")],
        [("XPath2", "//i:seal | //ds:Signature")],
        [("Enveloped", ""), ("XPath2", "/descendant-or-self::i:seal")],
    ],
    ids=str,
)
def test_what_else_is_left_out_is_neither_covered_nor_handed_on(steps, keys):
    document = signed_by_libxmlsec(steps, keys.alice.private_key)
    trust = keys.alice.certificate
    (part,) = verify(document, trust=trust, signed=["note"]).signed
    assert part.find("{urn:i}seal") is None
    assert part.findtext("{urn:i}total") == "10.00"
    with pytest.raises(SecurityError, match=r"only what is not in .*\{urn:i\}seal"):
        verify(document, trust=trust)
    with pytest.raises(SecurityError, match="total is not signed"):
        verify(document, trust=trust, signed=["total"])


@pytest.mark.parametrize(
    "step",
    [
        ("XPath", "ancestor-or-self::i:total"),
        ("XPath", "not(self::i:note)"),
        ("XPath", "not(//ancestor-or-self::ds:Signature)"),
        ("XPath", "not(ancestor-or-self::*[@x])"),
        ("XPath", "true()"),
        ("XPath2", "/i:invoice/i:note"),
        ("XPath2", "//i:note[1]"),
    ],
    ids=str,
)
def test_any_other_expression_is_never_run(step, keys):
    document = signed_by_libxmlsec([("Enveloped", ""), step], keys.alice.private_key)
    with pytest.raises(SecurityError, match="is never run"):
        verify(document, trust=keys.alice.certificate, signed=[])


def test_a_filter_that_selects_more_is_never_run(keys):
    document = signed_by_libxmlsec([("XPath2", "//ds:Signature")], keys.alice.private_key)
    with pytest.raises(SecurityError, match="is never run"):
        verify(document.replace(b'"subtract"', b'"union"'), trust=keys.alice.certificate)


def test_an_expression_with_an_undeclared_prefix_or_of_several_nodes_is_refused(keys):
    document = signed_by_libxmlsec([("XPath", "not(ancestor-or-self::ds:Signature)")], keys.alice.private_key)
    for by, told in ((b"not(ancestor-or-self::zz:Signature)", "'zz' is not declared"), (b"<i:x/>", "is never run")):
        with pytest.raises(SecurityError, match=told):
            verify(document.replace(b"not(ancestor-or-self::ds:Signature)", by), trust=keys.alice.certificate)


def test_a_transform_that_leaves_nothing_is_refused(keys):
    document = signed_by_libxmlsec([("XPath", "not(ancestor-or-self::i:invoice)")], keys.alice.private_key)
    with pytest.raises(SecurityError, match="leave nothing of"):
        verify(document, trust=keys.alice.certificate, signed=[])


def test_one_reference_without_a_uri_is_the_document(keys):
    root = etree.fromstring(signed_by_libxmlsec([("Enveloped", "")], keys.alice.private_key))
    signature, reference = next(root.iter(SIGNATURE)), next(root.iter(DS_REFERENCE))
    del reference.attrib["URI"]
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(private_bytes(keys.alice.private_key), xmlsec.constants.KeyDataFormatPem)
    context.sign(signature)
    result = verify(etree.tostring(root), trust=keys.alice.certificate)
    assert result.signed[0].findtext("{urn:i}total") == "10.00"
    reference.getparent().append(etree.fromstring(etree.tostring(reference)))
    with pytest.raises(SecurityError, match="not several"):
        verify(etree.tostring(root), trust=keys.alice.certificate)


def test_dsa_is_verified_under_the_legacy_profile_alone():
    key = dsa.generate_private_key(1024)
    document = signed_by_libxmlsec([("Enveloped", "")], key, method=xmlsec.constants.TransformDsaSha1)
    result = verify(document, trust=key.public_key(), algorithms=profile("legacy"))
    assert result.algorithm == "dsa-sha1"
    assert any("DSA" in warning for warning in result.warnings)
    with pytest.raises(SecurityError, match="dsa-sha1' is not allowed by the policy 'legacy_sha1'"):
        verify(document, trust=key.public_key(), algorithms=profile("legacy_sha1"))
    with pytest.raises(SecurityError, match="is not that of"):
        verify(
            document.replace(b"SignatureValue>", b"SignatureValue>AAAA", 1),
            trust=key.public_key(),
            algorithms=profile("legacy"),
        )
