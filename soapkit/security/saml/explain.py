"""A SAML assertion, told in words: what it claims, also where it is not whole. Nothing is verified."""

from __future__ import annotations

from collections.abc import Iterator

from lxml.etree import _Element

from soapkit.security.saml.names import BY_TAG, SamlVersion
from soapkit.xml.walk import tag_of

_MOST = 200  # characters of a text that a stranger wrote


def told_assertion(assertion: _Element) -> Iterator[str]:
    """What an assertion says, a fact a line."""
    version = BY_TAG[tag_of(assertion)]
    issuer = assertion.get("Issuer") or assertion.findtext(version.name("Issuer"), "")
    subject = next((each.text for each in assertion.iter(*_names(version))), "")
    methods = ", ".join(dict.fromkeys(_methods(assertion, version)))
    yield (
        f"SAML {version.label} assertion: {_line(issuer) or 'nobody'} says that it is {_line(subject)!r}, "
        f"confirmed by {methods or 'nothing'}"
    )
    conditions = assertion.find(version.name("Conditions"))
    if conditions is not None:
        after, until = conditions.get("NotBefore", "ever"), conditions.get("NotOnOrAfter", "ever")
        audience = ", ".join(_line(each.text) for each in conditions.iter(version.name("Audience")))
        yield f"  valid from {_line(after)} to {_line(until)}, for {audience or 'anybody'}"
    attributes = ", ".join(_attributes(assertion, version))
    if attributes:
        yield f"  attributes: {attributes}"


def _names(version: SamlVersion) -> tuple[str, str]:
    return version.name("NameID"), version.name("NameIdentifier")


def _methods(assertion: _Element, version: SamlVersion) -> Iterator[str]:
    for each in assertion.iter(version.name("SubjectConfirmation")):
        if "Method" in each.attrib:
            yield _line(each.get("Method")).removeprefix(version.methods)
    for each in assertion.iter(version.name("ConfirmationMethod")):
        yield _line(each.text).removeprefix(version.methods)


def _attributes(assertion: _Element, version: SamlVersion) -> Iterator[str]:
    for statement in assertion.iter(version.name("AttributeStatement")):
        for each in statement.iterchildren(version.name("Attribute")):
            yield _line(each.get("Name") or each.get("AttributeName"))


def _line(text: str | None) -> str:
    return " ".join((text or "").split())[:_MOST]
