"""Canonical forms: exact in the corners that lxml gets wrong, and bounded. tests/fuzz holds them against xmlsec's."""

from __future__ import annotations

import threading

import pytest
from lxml import etree

from soapkit.errors import LimitError, XmlError
from soapkit.xml.c14n import EXCLUSIVE, INCLUSIVE, INCLUSIVE_11, MAX_NAMESPACES, canonicalise
from soapkit.xml.parse import parse_exact, parse_message


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


@pytest.mark.parametrize("method", [EXCLUSIVE, INCLUSIVE, INCLUSIVE_11])
def test_an_ampersand_in_the_name_of_a_namespace_is_escaped(method):
    """Canonical XML 1.0, 2.3: as in an attribute. Java and .NET do; libxml2 leaves it, and with it xmlsec."""
    root = parse_exact(
        b"<a xmlns='urn:a' xmlns:p='http://x/?a=1&amp;b=2' p:z='> xmlns:p=&quot;&amp;' y='1'><p:b/>"
        b'<?xml-s xmlns:p="u&v"?> xmlns:p="u&amp;v"<c xmlns:q=\'u:&amp;amp;\'><q:d/></c></a>'
    )
    made = canonicalise(root, method=method, prefixes=["p", "q"])
    assert made == (
        b'<a xmlns="urn:a" xmlns:p="http://x/?a=1&amp;b=2" y="1" p:z="> xmlns:p=&quot;&amp;"><p:b></p:b>'
        b'<?xml-s xmlns:p="u&v"?> xmlns:p="u&amp;v"<c xmlns:q="u:&amp;amp;"><q:d></q:d></c></a>'
    )


@pytest.mark.parametrize("values", [0, 19, 20, 21, 60])
def test_an_ampersand_is_found_behind_any_number_of_values_and_equals_signs_in_texts(values):
    before = b"".join(b"<c a='='>=</c>" for _ in range(values))
    root = parse_message(b"<a>" + before + b"<p:b xmlns:p='http://x/?a=1&amp;b=2'>&amp;</p:b></a>")
    assert canonicalise(root).endswith(b'<p:b xmlns:p="http://x/?a=1&amp;b=2">&amp;</p:b></a>')


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


def test_canonical_xml_1_1_inherits_all_but_the_id_of_an_ancestor():
    root = parse_message(b'<a xml:id="i" xml:lang="de"><b/></a>')
    assert canonicalise(root[0], method=INCLUSIVE_11) == b'<b xml:lang="de"></b>'
    assert canonicalise(root[0], method=INCLUSIVE) == b'<b xml:id="i" xml:lang="de"></b>'


BASES = {
    ("http://a/b/c", "d"): "http://a/b/d",
    ("http://a/b/c", "../d", "e/"): "http://a/e/",
    ("http://a", "b"): "http://a/b",
    ("http://a/b", "//c/d"): "http://c/d",
    ("http://a/b?q#f", "?r#g"): "http://a/b?r",
    ("http://a/b", "urn:x:y"): "urn:x:y",
    ("b/", "c/", "d"): "b/c/d",
    ("b/c", "/../d"): "/d",
    ("b/c", "../../../d"): "../../d",
    ("..", "b"): "../b",
    ("b/c/", ".."): "b/",
    ("../b", "../.."): "../../../",
    ("b//c/", "d"): "b/c/d",
    ("b/", ".."): None,
    ("b", ""): "b",
    ("", "b"): "b",
}


@pytest.mark.parametrize("bases", BASES)
def test_canonical_xml_1_1_joins_the_bases_of_ancestors(bases):
    """Its clause 2.4: as RFC 3986, 5.2 does, with a base that need not be absolute."""
    last, wanted = bases[-1], BASES[bases]
    inner = f'<t xml:base="{last}"/>'
    for base in reversed(bases[:-1]):
        inner = f'<e xml:base="{base}">{inner}</e>'
    found = canonicalise(next(parse_message(f"<r>{inner}</r>".encode()).iter("t")), method=INCLUSIVE_11)
    assert found == (b"<t></t>" if wanted is None else f'<t xml:base="{wanted}"></t>'.encode())


def test_canonical_xml_1_1_gives_a_base_to_what_had_none_of_its_own():
    root = parse_message(b'<a xml:base="http://x/y/"><b xml:base="z/#f"><c/></b><d xml:base="../e#f"/></a>')
    assert canonicalise(root[0][0], method=INCLUSIVE_11) == b'<c xml:base="http://x/y/z/"></c>'
    assert canonicalise(root[0], method=INCLUSIVE_11) == b'<b xml:base="http://x/y/z/"><c></c></b>'
    assert canonicalise(root, method=INCLUSIVE_11) == etree.tostring(root, method="c14n")
    alone = parse_message(b'<a><d xml:base="../e#f"/></a>')
    assert canonicalise(alone[0], method=INCLUSIVE_11) == b'<d xml:base="../e#f"></d>'


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
