"""A wsp:Policy element -> its expression, in the namespaces of WS-Policy 1.5, 1.2 and their drafts; and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy

from lxml.etree import _Element

from soapkit.errors import ContractError, Place
from soapkit.policy.expression import (
    All,
    Alternative,
    Assertion,
    ExactlyOne,
    Expression,
    Parameter,
    Policy,
    Reference,
    said,
)
from soapkit.wsdl.page import POLICY_NAMESPACES
from soapkit.xml.make import make_child, make_element
from soapkit.xml.names import WSAM, WSP15, WSU, clark, local_name, namespace_of
from soapkit.xml.walk import children, tag_of

WSP12 = POLICY_NAMESPACES[1]

_TRUE = ("true", "1")
_CUSTOMARY = {WSAM: "wsam", "http://cxf.apache.org/custom/security-policy": "cxf"}


def parse_policy(element: _Element, *, source: str = "", base: str = "") -> Policy:
    """The expression of a ``wsp:Policy`` element.

    `source`: what a person knows its document by; `base`: the URL that references in it start from. Raises
    `ContractError` for another element, and for an operator that no version of WS-Policy has.

    >>> from lxml import etree
    >>> parse_policy(etree.fromstring('<p:Policy xmlns:p="http://www.w3.org/ns/ws-policy"><p:All/></p:Policy>')).items
    (All(items=()),)
    """
    if not _is_policy(element):
        expected = " or ".join(clark(namespace, "Policy") for namespace in (WSP15, WSP12))
        raise ContractError(
            f"expected {expected}; found element {tag_of(element)}", place=Place(source, element.sourceline)
        )
    return _policy(element, source, base)


def _is_policy(element: _Element) -> bool:
    return local_name(tag_of(element)) == "Policy" and namespace_of(tag_of(element)) in POLICY_NAMESPACES


def _policy(element: _Element, source: str, base: str) -> Policy:
    ids = [value for name, value in element.attrib.items() if local_name(str(name)).lower() == "id"]
    return Policy(
        _items(element, source, base),
        id=str(ids[0]) if ids else "",
        name=(element.get("Name") or "").strip(),
        place=Place(source, element.sourceline),
    )


def _items(element: _Element, source: str, base: str) -> tuple[Expression, ...]:
    return tuple(_expression(entry, source, base) for entry in children(element))


def _expression(element: _Element, source: str, base: str) -> Expression:
    namespace, local = namespace_of(tag_of(element)), local_name(tag_of(element))
    if namespace not in POLICY_NAMESPACES:
        return _assertion(element, source, base)
    if local == "Policy":
        return _policy(element, source, base)
    if local == "All":
        return All(_items(element, source, base))
    if local == "ExactlyOne":
        return ExactlyOne(_items(element, source, base))
    if local == "PolicyReference":
        uri, digest = (element.get("URI") or "").strip(), (element.get("Digest") or "").strip()
        how = (element.get("DigestAlgorithm") or "").strip()
        root = element.getroottree().getroot()
        return Reference(uri, base, Place(source, element.sourceline), root, (digest, how))
    raise ContractError(
        f"expected a policy operator (Policy, All, ExactlyOne, PolicyReference); found {tag_of(element)}",
        place=Place(source, element.sourceline),
    )


def _assertion(element: _Element, source: str, base: str) -> Assertion:
    nested = [entry for entry in children(element) if _is_policy(entry)]
    if len(nested) > 1:  # WS-Policy 1.5, 4.3.2: at most one
        raise ContractError(
            f"{tag_of(element)} has {len(nested)} nested policies; at most one is allowed",
            place=Place(source, nested[1].sourceline),
        )
    attributes = {str(name): str(value).strip() for name, value in element.attrib.items()}
    optional, ignorable = _flag(attributes, "Optional"), _flag(attributes, "Ignorable")
    usage = attributes.pop(clark(POLICY_NAMESPACES[3], "Usage"), "")  # WS-Policy 1.0 said it so
    return Assertion(
        tag_of(element),
        tuple(sorted(attributes.items())),
        tuple(Parameter(entry, said(entry)) for entry in children(element) if not _is_policy(entry)),
        _policy(nested[0], source, base) if nested else None,
        text=(element.text or "").strip(),
        optional=optional or usage.endswith("Optional"),
        ignorable=ignorable or usage.endswith("Ignored"),
        place=Place(source, element.sourceline),
    )


def _flag(attributes: dict[str, str], local: str) -> bool:
    values = [attributes.pop(clark(namespace, local), "") for namespace in POLICY_NAMESPACES]
    return any(value.lower() in _TRUE for value in values)


# --- and back -----------------------------------------------------------------------------------------------------


def policy_element(policy: Policy, namespace: str = WSP15) -> _Element:
    """The ``wsp:Policy`` element of an expression: `parse_policy` reads the same expression from it."""
    return _written(policy, namespace, None)


def normal_element(alternatives: Iterable[Alternative], namespace: str = WSP15) -> _Element:
    """The ``wsp:Policy`` element of a policy in normal form (WS-Policy 1.5, 4.1)."""
    return _written(Policy((ExactlyOne(tuple(All(each.assertions) for each in alternatives)),)), namespace, None)


_OPERATORS: dict[type, str] = {Policy: "Policy", All: "All", ExactlyOne: "ExactlyOne"}


def _written(expression: Expression, namespace: str, parent: _Element | None) -> _Element:
    if isinstance(expression, Assertion):
        return _written_assertion(expression, namespace, parent)
    if isinstance(expression, Reference):
        element = _element(clark(namespace, "PolicyReference"), parent, {"wsp": namespace})
        said = zip(("URI", "Digest", "DigestAlgorithm"), (expression.uri, *expression.digest), strict=True)
        for name, value in said:
            if value or name == "URI":
                element.set(name, value)
        return element
    element = _element(clark(namespace, _OPERATORS[type(expression)]), parent, {"wsp": namespace})
    for item in expression.items:
        _written(item, namespace, element)
    if isinstance(expression, Policy):
        if expression.name:
            element.set("Name", expression.name)
        if expression.id:
            element.set(clark(WSU, "Id"), expression.id)
    return element


def _written_assertion(assertion: Assertion, namespace: str, parent: _Element | None) -> _Element:
    prefix = _prefix(assertion.namespace)
    element = _element(assertion.name, parent, {prefix: assertion.namespace} if prefix else {})
    for name, value in _flags(assertion, namespace):
        element.set(name, value)
    if assertion.text:
        element.text = assertion.text
    for parameter in assertion.parameters:
        copied = deepcopy(parameter.element)
        copied.tail = None
        element.append(copied)
    if assertion.nested is not None:
        _written(assertion.nested, namespace, element)
    return element


def _prefix(namespace: str) -> str | None:
    """The one that its readers expect."""
    known = "sp" if "securitypolicy" in namespace else None
    return _CUSTOMARY.get(namespace, known)


def _flags(assertion: Assertion, namespace: str) -> Iterator[tuple[str, str]]:
    yield from assertion.attributes
    if assertion.optional:
        yield clark(namespace, "Optional"), "true"
    if assertion.ignorable:
        yield clark(namespace, "Ignorable"), "true"


def _element(tag: str, parent: _Element | None, nsmap: dict[str | None, str]) -> _Element:
    if parent is None:
        return make_element(tag, nsmap=nsmap)
    return make_child(parent, tag, nsmap=nsmap)
