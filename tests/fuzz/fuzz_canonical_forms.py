"""Random documents, canonicalised here and by libxmlsec: every method, prefix lists, elements and whole documents.

python tests/fuzz/fuzz_canonical_forms.py [EXAMPLES] [SEED]        10,000 examples unless said; prints the seed

xmlsec computes the digest of a reference over the same tree: the same libxml2, by another way to it (a node set, where
lxml writes a subtree), which is where lxml goes wrong.
"""

from __future__ import annotations

import base64
import hashlib
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import xmlsec
from lxml import etree

from soapkit.security.crypto.algorithms import ENVELOPED
from soapkit.xml.c14n import (
    EXCLUSIVE,
    EXCLUSIVE_WITH_COMMENTS,
    INCLUSIVE,
    INCLUSIVE_11,
    INCLUSIVE_WITH_COMMENTS,
    METHODS,
    canonicalise,
    canonicalise_document,
)
from soapkit.xml.names import DS, EXC_C14N
from soapkit.xml.parse import parse_exact, parse_message

FORMS = [EXCLUSIVE, EXCLUSIVE, EXCLUSIVE, INCLUSIVE, INCLUSIVE, INCLUSIVE_11]
SPELLED = [EXCLUSIVE_WITH_COMMENTS, INCLUSIVE_WITH_COMMENTS]  # of a reference by #id: the same, without comments
PREFIXES = ["p", "q", "r", "é", ""]
LISTED = ["p", "q", "r", "é", "#default", "unknown", "xml", "ds"]
SPACES = ["urn:1", "urn:2", "urn:3", "http://example.org/%C3%BC"]
TEXTS = ["", "x", "q:v", " \n\t", "&amp;&lt;&gt;", "&#13;", "é", '"', "]]&gt;", "<![CDATA[<&]]>", "\r\n", "\U0001f600"]
NOISE = ["<!-- c -->", "<?pi some thing?>", "<?pi?>"]
VALUES = ["1", "q:x", "&quot;", "&#10;", "&#9; ", "&lt;", "'", "&#13;\n", "é", "a&amp;b", ">"]


def document(chance: random.Random, *, exact: bool) -> bytes:
    """A document with prefixes declared, redeclared, undeclared, used in names, attributes and content; `exact`: with
    comments and processing instructions too."""
    around = [chance.choice(["", chance.choice(NOISE), chance.choice(NOISE) * 2]) if exact else "" for _ in range(2)]
    inner = "".join(_element(chance, depth, {}, exact) for depth in (4, 3))
    return f"{around[0]}<root{_inherited(chance, 0.3)}>{inner}</root>{around[1]}".encode()


def _element(chance: random.Random, depth: int, outer: dict[str, str], exact: bool) -> str:
    scope, declared = dict(outer), {}
    for prefix in PREFIXES:
        if chance.random() < 0.2:
            uri = chance.choice([*SPACES, *([""] if prefix == "" else [])])
            declared[prefix] = scope[prefix] = uri
    bound = [prefix for prefix in scope if prefix == "" or scope[prefix]] or [""]
    parts = [f' xmlns:{key}="{uri}"' if key else f' xmlns="{uri}"' for key, uri in declared.items()]
    names: set[tuple[str | None, str]] = set()
    for _ in range(chance.randrange(4)):
        prefix, local = chance.choice([*filter(None, bound), ""]), f"a{chance.randrange(3)}"
        name = (scope[prefix] if prefix else None, local)
        if name not in names:
            names.add(name)
            parts.append(f' {prefix}{":" if prefix else ""}{local}="{chance.choice(VALUES)}"')
    chance.shuffle(parts)
    inner = "".join(
        chance.choice(TEXTS)
        + (chance.choice(NOISE) if exact and chance.random() < 0.2 else "")
        + (_element(chance, depth - 1, scope, exact) if depth else "")
        for _ in range(chance.randrange(3))
    )
    prefix = chance.choice(bound)
    name_ = f"{prefix}:e{chance.randrange(3)}" if prefix else f"e{chance.randrange(3)}"
    return f"<{name_}{''.join(parts)}{_inherited(chance, 0.1)}>{inner}{chance.choice(TEXTS)}</{name_}>"


def _inherited(chance: random.Random, share: float) -> str:
    """Attributes in the xml namespace, which the inclusive forms inherit."""
    base = chance.choice(["http://b/x", "http://b/y/", "d/", "e/f", "g"])
    said = [f' xml:lang="{chance.choice(["de", "en", ""])}"', ' xml:space="preserve"', f' xml:base="{base}"']
    return "".join(part for part in said if chance.random() < share)


def digest_of_xmlsec(root: etree._Element, target: etree._Element | None, method: str, prefixes: list[str]) -> str:
    """The SHA-256 that libxmlsec computes over a reference to `target`, or to the whole document."""
    if target is not None:
        target.set("Id", "target")
    signature = etree.SubElement(root, f"{{{DS}}}Signature", nsmap={"ds": DS})
    info = etree.SubElement(signature, f"{{{DS}}}SignedInfo")
    etree.SubElement(info, f"{{{DS}}}CanonicalizationMethod", Algorithm=EXCLUSIVE)
    etree.SubElement(info, f"{{{DS}}}SignatureMethod", Algorithm="http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")
    reference = etree.SubElement(info, f"{{{DS}}}Reference", URI="#target" if target is not None else "")
    transforms = etree.SubElement(reference, f"{{{DS}}}Transforms")
    if target is None or target is root:
        etree.SubElement(transforms, f"{{{DS}}}Transform", Algorithm=ENVELOPED)
    transform = etree.SubElement(transforms, f"{{{DS}}}Transform", Algorithm=method)
    if prefixes:
        listed = " ".join(prefixes)
        etree.SubElement(transform, f"{{{EXC_C14N}}}InclusiveNamespaces", PrefixList=listed, nsmap={"ec": EXC_C14N})
    etree.SubElement(reference, f"{{{DS}}}DigestMethod", Algorithm="http://www.w3.org/2001/04/xmlenc#sha256")
    digest = etree.SubElement(reference, f"{{{DS}}}DigestValue")
    etree.SubElement(signature, f"{{{DS}}}SignatureValue")
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_binary_data(xmlsec.constants.KeyDataHmac, b"secret")
    if target is not None:
        context.register_id(target, "Id")
    context.sign(signature)
    root.remove(signature)
    return digest.text


def compare(chance: random.Random) -> str:
    """One document, in one form: which. Raises `AssertionError` for a difference."""
    exact = chance.random() < 0.5
    data = document(chance, exact=exact)
    root = parse_exact(data) if exact else parse_message(data)
    target = chance.choice([*root.iter(etree.Element)])
    method = chance.choice([*FORMS, *SPELLED])
    prefixes = [listed for listed in LISTED if chance.random() < 0.4]
    prefixes = prefixes if METHODS[method] and chance.random() < 0.7 else []
    chance.shuffle(prefixes)
    whole = target is root and method not in SPELLED
    expected = digest_of_xmlsec(root, None if whole else target, method, prefixes)
    ask = partial(canonicalise_document if whole else canonicalise, target, method=method, prefixes=prefixes)
    octets = ask() if chance.random() < 0.95 else _in_a_new_thread(ask)
    found = base64.b64encode(hashlib.sha256(octets).digest()).decode()
    assert found == expected, (method, prefixes, root.getroottree().getpath(target), etree.tostring(root), octets)
    return f"{method.rpartition('/')[2]}{' with prefixes' if prefixes else ''}{', whole' if whole else ''}"


def _in_a_new_thread(ask: Callable[[], bytes]) -> bytes:
    """Where no document was parsed yet, and lxml's dictionary of names is another one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(ask).result()


def run(examples: int, seed: int) -> Counter[str]:
    """How many of each form were compared. Raises `AssertionError` for a difference."""
    chance, count = random.Random(seed), Counter[str]()
    for _ in range(examples):
        count[compare(chance)] += 1
    return count


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    seed = given[1] if len(given) > 1 else time.time_ns() % 2**32
    print(f"seed {seed}", flush=True)
    for form, number in sorted(run(given[0] if given else 10_000, seed).items()):
        print(f"{number:6} {form}")
    print("no difference")
