"""The policies of other stacks, each with the normal form that they expect."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lxml import etree

from soapkit.policy.expression import Alternative, Assertion, Parameter, Policy, said
from soapkit.policy.normal import normalise
from soapkit.policy.parse import parse_policy
from soapkit.xml.parse import parse_document

TOKENS = ("HttpsToken", "X509Token")


def alternatives(path: Path) -> tuple[Alternative, ...]:
    read = normalise(parse_policy(parse_document(path.read_bytes(), source=path.name), source=path.name))
    return tuple(Alternative(tuple(map(told, each))) for each in read)


def told(assertion: Assertion) -> Assertion:
    """With the defaults of WS-SecurityPolicy 1.3 written out, as WSS4J writes them: IncludeToken (5.1.1), XPathVersion
    (4.1.2), and the Body of parts that name none (4.1.1)."""
    attributes = dict(assertion.attributes)
    if assertion.local in TOKENS:
        attributes.setdefault(f"{{{assertion.namespace}}}IncludeToken", f"{assertion.namespace}/IncludeToken/Always")
    if assertion.local.endswith("Elements"):
        attributes.setdefault("XPathVersion", "1.0")
    parameters = assertion.parameters
    if assertion.local in ("SignedParts", "EncryptedParts") and not parameters:
        body = etree.Element(f"{{{assertion.namespace}}}Body")
        parameters = (Parameter(body, said(body)),)
    nested = assertion.nested
    if nested is not None:
        nested = Policy(tuple(told(inner) for inner in assertion.inner))
    return replace(assertion, attributes=tuple(sorted(attributes.items())), parameters=parameters, nested=nested)


def pairs(vectors: Path) -> list[tuple[Path, Path]]:
    model = vectors / "wss4j-policy" / "policy" / "src" / "test" / "resources" / "policy"
    found = [(model / "WSP15_432-compact.xml", model / "WSP15_432-normalized.xml")]
    found += [(model / "WSP15_432-compact.xml", model / "WSP15_432-serialized.xml")]
    for version in ("sp11", "sp12", "sp13"):
        for path in sorted((model / "model" / version).glob("*.xml")):
            found.append((path, path.parent / "normalized" / path.name))
            found.append((path, path.parent / "serialized" / path.name))
    return found


def test_every_policy_of_wss4j_has_the_normal_form_it_expects(vectors: Path) -> None:
    compared = [(one, other, alternatives(one), alternatives(other)) for one, other in pairs(vectors)]
    differing = [
        f"{one.parent.name}/{one.name} and {other.parent.name}/{other.name}"
        for one, other, ours, theirs in compared
        if len(ours) != len(theirs) or not all(any(each.alike(known) for known in theirs) for each in ours)
    ]
    assert differing == []
    assert len({path for pair in pairs(vectors) for path in pair}) == 108
