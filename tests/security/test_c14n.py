"""Canonical forms: exact against libxml2's own through xmlsec, in every corner that lxml gets wrong, and bounded."""

from __future__ import annotations

import base64
import random
import threading

import pytest
import xmlsec
from lxml import etree

from soapkit.errors import LimitError, XmlError
from soapkit.xml.c14n import EXCLUSIVE, INCLUSIVE, INCLUSIVE_11, MAX_NAMESPACES, canonicalise
from soapkit.xml.names import DS, EXC_C14N
from soapkit.xml.parse import parse_message


def test_exclusive_leaves_out_what_is_not_visibly_used():
    root = parse_message(b'<a xmlns="urn:a" xmlns:p="urn:p" xmlns:q="urn:q"><p:b z="1" q:y="2" a="3"/></a>')
    assert canonicalise(root[0]) == b'<p:b xmlns:p="urn:p" xmlns:q="urn:q" a="3" z="1" q:y="2"></p:b>'


def test_a_prefix_list_keeps_what_content_uses():
    root = parse_message(b'<a xmlns:p="urn:p" xmlns:q="urn:q"><b>q:x</b></a>')
    assert canonicalise(root[0], prefixes=["q", "none"]) == b'<b xmlns:q="urn:q">q:x</b>'


@pytest.mark.parametrize(("method", "prefixes"), [(INCLUSIVE, ()), (EXCLUSIVE, ["#default"])])
def test_names_beyond_ascii_are_kept(method, prefixes):
    root = parse_message('<a xmlns="urn:a"><été œuvre="1"/></a>'.encode())
    assert canonicalise(root[0], method=method, prefixes=prefixes) == '<été xmlns="urn:a" œuvre="1"></été>'.encode()


@pytest.mark.parametrize("prefixes", [["#default"], ["#default", "p"]])
def test_the_default_namespace_in_a_prefix_list_is_honoured_in_any_thread(prefixes):
    message = b'<p:a xmlns="urn:d" xmlns:p="urn:p"><p:b><c xmlns=""/></p:b></p:a>'
    expected = b'<p:b xmlns="urn:d" xmlns:p="urn:p"><c xmlns=""></c></p:b>'
    found = []

    def work(root):
        found.append(canonicalise(root[0], prefixes=prefixes))

    here = parse_message(message)
    work(here)
    for root in (here, None):
        thread = threading.Thread(target=lambda root=root: work(parse_message(message) if root is None else root))
        thread.start()
        thread.join()
    assert found == [expected] * 3


def test_inclusive_inherits_what_the_ancestors_gave():
    root = parse_message(
        b'<a xmlns="urn:a" xmlns:p="urn:p" xml:lang="de" xml:space="preserve"><b><c xml:lang="en"/></b></a>'
    )
    assert canonicalise(root[0][0], method=INCLUSIVE) == (
        b'<c xmlns="urn:a" xmlns:p="urn:p" xml:lang="en" xml:space="preserve"></c>'
    )


def test_the_tree_is_left_as_it_was():
    root = parse_message(b'<a xml:lang="de" xmlns:p="urn:p"><b/>tail</a>')
    before = etree.tostring(root)
    for method in (EXCLUSIVE, INCLUSIVE):
        canonicalise(root[0], method=method, prefixes=["#default", "p"])
    assert etree.tostring(root) == before


def test_what_has_no_canonical_form_is_told():
    with pytest.raises(XmlError, match="relative URI"):
        canonicalise(parse_message(b'<a xmlns="relative"/>'))
    with pytest.raises(XmlError, match="not a canonical form"):
        canonicalise(parse_message(b"<a/>"), method="http://www.w3.org/2010/xml-c14n2")
    with pytest.raises(XmlError, match="under an xml:base"):
        canonicalise(parse_message(b'<a xml:base="b/"><b/></a>')[0], method=INCLUSIVE_11)


def test_canonical_xml_1_1_inherits_all_but_the_id_of_an_ancestor():
    root = parse_message(b'<a xml:id="i" xml:lang="de"><b/></a>')
    assert canonicalise(root[0], method=INCLUSIVE_11) == b'<b xml:lang="de"></b>'
    assert canonicalise(root[0], method=INCLUSIVE) == b'<b xml:id="i" xml:lang="de"></b>'


def test_work_out_of_proportion_is_refused():
    many = " ".join(f'xmlns:n{n}="urn:n{n}"' for n in range(MAX_NAMESPACES + 1))
    with pytest.raises(LimitError, match="65 namespaces"):
        canonicalise(parse_message(f"<a {many}/>".encode()))
    nested = "".join(f'<a xmlns:n{n}="urn:n{n}">' for n in range(MAX_NAMESPACES + 1))
    with pytest.raises(LimitError, match="more than 64 namespaces"):
        canonicalise(parse_message((nested + "<b/>" * 20_000 + "</a>" * (MAX_NAMESPACES + 1)).encode()))
    wide = " ".join(f'xmlns:n{n}="urn:n{n}"' for n in range(60))
    with pytest.raises(LimitError, match="elements with 60 namespaces"):
        canonicalise(parse_message(f"<a {wide}>{'<b/>' * 20_000}</a>".encode()))
    with pytest.raises(LimitError, match="prefixes"):
        canonicalise(parse_message(b"<a/>"), prefixes=[f"p{n}" for n in range(65)])


def test_many_elements_that_declare_a_namespace_each_are_no_attack():
    rows = "".join(f'<r xmlns="urn:r{n % 3}" xmlns:i="urn:i" i:t="1"/>' for n in range(5_000))
    assert canonicalise(parse_message(f"<a>{rows}</a>".encode())).count(b"<r ") == 5_000


def random_document(rng: random.Random) -> bytes:
    """A small document with prefixes declared, redeclared, undeclared, used in names, attributes and content."""
    prefixes = ["p", "q", "r", ""]
    texts = ["", "x", "q:v", " \n\t", "&amp;&lt;&gt;", "&#13;", "é", '"', "]]&gt;"]

    def element(depth: int, scope: dict[str, str]) -> str:
        scope = dict(scope)
        declared = {}
        for prefix in prefixes:
            if rng.random() < 0.25:
                uri = rng.choice(["urn:1", "urn:2", "urn:3"] + ([""] if prefix == "" else []))
                declared[prefix] = scope[prefix] = uri
        bound = [prefix for prefix in scope if prefix == "" or scope[prefix]] or [""]
        prefix = rng.choice(bound)
        name = f"{prefix}:e{rng.randrange(3)}" if prefix else f"e{rng.randrange(3)}"
        parts = [f' xmlns:{key}="{uri}"' if key else f' xmlns="{uri}"' for key, uri in declared.items()]
        seen = set()
        for _ in range(rng.randrange(4)):
            chosen = rng.choice([key for key in bound if key] + [""])
            local = f"a{rng.randrange(3)}"
            if (scope.get(chosen) if chosen else None, local) in seen:
                continue
            seen.add((scope.get(chosen) if chosen else None, local))
            value = rng.choice(["1", "q:x", "&quot;", "&#10;", "&#9; ", "<".replace("<", "&lt;")])
            parts.append(f' {chosen}:{local}="{value}"' if chosen else f' {local}="{value}"')
        if rng.random() < 0.15:
            parts.append(f' xml:lang="{rng.choice(["de", "en"])}"')
        if rng.random() < 0.1:
            parts.append(' xml:space="preserve"')
        inner = "".join(
            rng.choice(texts) + (element(depth - 1, scope) if depth else "") for _ in range(rng.randrange(3))
        )
        rng.shuffle(parts)
        return f"<{name}{''.join(parts)}>{inner}{rng.choice(texts)}</{name}>"

    return f"<root>{element(4, {})}{element(3, {})}</root>".encode()


def octets_of_xmlsec(root: etree._Element, target: etree._Element, method: str, prefixes: list[str]) -> str:
    """The SHA-256 that libxmlsec computes over a reference to `target`: the same libxml2, another way to it."""
    target.set("Id", "target")
    signature = etree.SubElement(root, f"{{{DS}}}Signature", nsmap={"ds": DS})
    info = etree.SubElement(signature, f"{{{DS}}}SignedInfo")
    etree.SubElement(info, f"{{{DS}}}CanonicalizationMethod", Algorithm=EXCLUSIVE)
    etree.SubElement(info, f"{{{DS}}}SignatureMethod", Algorithm="http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")
    reference = etree.SubElement(info, f"{{{DS}}}Reference", URI="#target")
    transform = etree.SubElement(
        etree.SubElement(reference, f"{{{DS}}}Transforms"), f"{{{DS}}}Transform", Algorithm=method
    )
    if prefixes:
        etree.SubElement(
            transform, f"{{{EXC_C14N}}}InclusiveNamespaces", PrefixList=" ".join(prefixes), nsmap={"ec": EXC_C14N}
        )
    etree.SubElement(reference, f"{{{DS}}}DigestMethod", Algorithm="http://www.w3.org/2001/04/xmlenc#sha256")
    digest = etree.SubElement(reference, f"{{{DS}}}DigestValue")
    etree.SubElement(signature, f"{{{DS}}}SignatureValue")
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_binary_data(xmlsec.constants.KeyDataHmac, b"secret")
    context.register_id(target, "Id")
    context.sign(signature)
    root.remove(signature)
    return digest.text


@pytest.mark.parametrize("seed", range(20))
def test_no_difference_from_xmlsec_on_random_documents(seed):
    import hashlib

    rng = random.Random(seed)
    tried = 0
    while tried < 50:
        try:
            root = parse_message(random_document(rng))
        except XmlError:  # the generator now and then declares one attribute under two prefixes
            continue
        tried += 1
        target = rng.choice(list(root.iter(etree.Element)))
        if target is root:
            target = root[0]
        method = rng.choice([EXCLUSIVE, EXCLUSIVE, EXCLUSIVE, INCLUSIVE])
        chosen = [prefix for prefix in ("p", "q", "#default") if rng.random() < 0.5] if method == EXCLUSIVE else []
        expected = octets_of_xmlsec(root, target, method, chosen)
        octets = canonicalise(target, method=method, prefixes=chosen)
        assert base64.b64encode(hashlib.sha256(octets).digest()).decode() == expected, (etree.tostring(root), octets)
