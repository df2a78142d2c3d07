"""A SAML assertion -> what it says, both versions. Nothing is believed here. Undoes write.py.

Source: SAML 2.0 core, 2.3 to 2.7; SAML 1.1 core, 2.3 and 2.4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from lxml import etree
from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.markup import BLANKS, KEY_INFO, SIGNATURE, at_most_one, one, text_of
from soapkit.security.saml.names import BY_TAG, SAML_1_1, SAML_2_0, SamlVersion
from soapkit.security.timestamp import instant_from
from soapkit.soap.security_result import AuthorizationDecision
from soapkit.xml.names import local_name
from soapkit.xml.walk import children, place_of, tag_of

_STRING = etree.XPath("string()")  # the text of all in it, without comments
_LONGEST = 2048  # characters of a name, since it is told and logged

Opens: TypeAlias = Callable[[_Element], _Element]
"""Gives the element in an EncryptedID or EncryptedAttribute."""


@dataclass(frozen=True, slots=True)
class Confirming:
    """A SubjectConfirmation. `method`: ``bearer`` and the like, else its URI; `keys`: each a ds:KeyInfo; `address`:
    from where it may be shown; `in_response_to`: which request it answers."""

    method: str
    keys: tuple[_Element, ...] = ()
    not_before: datetime | None = None
    not_on_or_after: datetime | None = None
    recipient: str = ""
    address: str = ""
    in_response_to: str = ""


@dataclass(frozen=True, slots=True)
class Conditions:
    """When and for whom an assertion is valid. `audiences`: one of each of these must be us; `once`: it is for one
    use; `unknown`: names of conditions that are not understood."""

    not_before: datetime | None = None
    not_on_or_after: datetime | None = None
    audiences: tuple[tuple[str, ...], ...] = ()
    once: bool = False
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an assertion says. `confirmations`: of each subject in it, any of which is enough for that one: SAML 2.0
    has one subject, 1.1 repeats it in each statement. `session`: the SessionIndex of how it showed who it is;
    `decisions`: what the issuer says that it may do."""

    version: SamlVersion
    identifier: str
    issuer: str
    issued: datetime
    subject: str
    subject_format: str
    confirmations: tuple[tuple[Confirming, ...], ...]
    conditions: Conditions
    attributes: dict[str, tuple[str, ...]]
    authenticated: datetime | None = None
    authentication: str = ""
    session: str = ""
    decisions: tuple[AuthorizationDecision, ...] = ()


def read_assertion(element: _Element, opens: Opens | None = None) -> Assertion:
    """What an assertion says; `opens`: what is encrypted in it. Raises `SecurityError` for what is not one, says too
    little, or of several subjects."""
    version = BY_TAG.get(tag_of(element))
    if version is None:
        raise SecurityError(f"{tag_of(element)} is not a SAML assertion", place=place_of(element))
    return _read_2_0(element, opens) if version is SAML_2_0 else _read_1_1(element)


def id_of_assertion(element: _Element) -> str:
    """The id of an assertion. Raises `SecurityError` without one."""
    version = BY_TAG[tag_of(element)]
    return _attribute(element, version.id_attribute)


def signature_of(element: _Element) -> _Element | None:
    """The ds:Signature of an assertion itself; those deeper in it are of others."""
    return at_most_one(element, SIGNATURE)


# --- SAML 2.0 -----------------------------------------------------------------------------------------------------


def _read_2_0(element: _Element, opens: Opens | None) -> Assertion:
    version = SAML_2_0
    if element.get("Version") != "2.0":
        raise SecurityError(f"an assertion of version {element.get('Version')!r:.80} is not read", place=_at(element))
    _check_children(element, version, _IN_2_0)
    subject = one(element, version.name("Subject"))
    name = _name_2_0(subject, opens)
    confirmations = tuple(_confirming_2_0(each) for each in children(subject, version.name("SubjectConfirmation")))
    authenticated, authentication, session = _authentication_2_0(element)
    return Assertion(
        version,
        id_of_assertion(element),
        _short(one(element, version.name("Issuer"))),
        _issued(element),
        _short(name),
        name.get("Format", ""),
        (confirmations,),
        _conditions(element, version),
        _attributes(_attributes_2_0(element, opens)),
        authenticated,
        authentication,
        session,
        _decisions(element, version, "AuthzDecisionStatement"),
    )


def _name_2_0(subject: _Element, opens: Opens | None) -> _Element:
    """The NameID of a subject, encrypted to us or not."""
    name = at_most_one(subject, SAML_2_0.name("NameID"))
    encrypted = at_most_one(subject, SAML_2_0.name("EncryptedID"))
    if name is not None and encrypted is not None:
        raise SecurityError("the assertion names its subject twice", place=_at(subject))
    if encrypted is not None and opens is not None:
        name = opens(encrypted)
    if name is None or name.tag != SAML_2_0.name("NameID"):
        raise SecurityError(
            "the assertion does not name its subject (a NameID, in the clear or encrypted to us)", place=_at(subject)
        )
    return name


def _confirming_2_0(element: _Element) -> Confirming:
    version = SAML_2_0
    data = at_most_one(element, version.name("SubjectConfirmationData"))
    method = _method(element.get("Method", ""), version)
    if data is None:
        return Confirming(method)
    return Confirming(
        method,
        tuple(children(data, KEY_INFO)),
        _instant(data, "NotBefore"),
        _instant(data, "NotOnOrAfter"),
        data.get("Recipient", ""),
        data.get("Address", "")[:_LONGEST],
        data.get("InResponseTo", "")[:_LONGEST],
    )


def _authentication_2_0(element: _Element) -> tuple[datetime | None, str, str]:
    statement = next(children(element, SAML_2_0.name("AuthnStatement")), None)
    if statement is None:
        return None, "", ""
    context = one(statement, SAML_2_0.name("AuthnContext"))
    kind = at_most_one(context, SAML_2_0.name("AuthnContextClassRef"))
    session = statement.get("SessionIndex", "")[:_LONGEST]
    return _instant(statement, "AuthnInstant"), _short(kind) if kind is not None else "", session


def _attributes_2_0(element: _Element, opens: Opens | None) -> Iterator[tuple[str, _Element]]:
    for statement in children(element, SAML_2_0.name("AttributeStatement")):
        for entry in children(statement):
            attribute = entry
            if entry.tag == SAML_2_0.name("EncryptedAttribute") and opens is not None:
                attribute = opens(entry)
            if attribute.tag == SAML_2_0.name("Attribute"):
                yield _attribute(attribute, "Name"), attribute


# --- SAML 1.1 -----------------------------------------------------------------------------------------------------


def _read_1_1(element: _Element) -> Assertion:
    version = SAML_1_1
    if (element.get("MajorVersion"), element.get("MinorVersion")) not in (("1", "1"), ("1", "0")):
        raise SecurityError("an assertion in the namespace of SAML 1.1 has version 1.1 or 1.0", place=_at(element))
    _check_children(element, version, _IN_1_1)
    statements = [each for each in children(element) if tag_of(each) in _STATEMENTS_1_1]
    if not statements:
        raise SecurityError("an assertion of SAML 1.1 without a statement speaks of nobody", place=_at(element))
    subjects = [one(each, version.name("Subject")) for each in statements]
    names = [_name_1_1(each) for each in subjects]
    if len(set(names)) != 1:
        raise SecurityError("an assertion that speaks of several subjects is not read", place=_at(subjects[1]))
    authentication = next(children(element, version.name("AuthenticationStatement")), None)
    return Assertion(
        version,
        id_of_assertion(element),
        _attribute(element, "Issuer"),
        _issued(element),
        names[0][0],
        names[0][1],
        tuple(_confirming_1_1(each) for each in subjects),
        _conditions(element, version),
        _attributes(_attributes_1_1(element)),
        _instant(authentication, "AuthenticationInstant") if authentication is not None else None,
        authentication.get("AuthenticationMethod", "") if authentication is not None else "",
        decisions=_decisions(element, version, "AuthorizationDecisionStatement"),
    )


def _name_1_1(subject: _Element) -> tuple[str, str, str]:
    """A subject may be told by its key alone: then it has no name."""
    name = at_most_one(subject, SAML_1_1.name("NameIdentifier"))
    return (_short(name), name.get("Format", ""), name.get("NameQualifier", "")) if name is not None else ("", "", "")


def _confirming_1_1(subject: _Element) -> tuple[Confirming, ...]:
    confirmation = at_most_one(subject, SAML_1_1.name("SubjectConfirmation"))
    if confirmation is None:
        return ()
    keys = tuple(children(confirmation, KEY_INFO))
    methods = children(confirmation, SAML_1_1.name("ConfirmationMethod"))
    return tuple(Confirming(_method(_short(each), SAML_1_1), keys) for each in methods)


def _attributes_1_1(element: _Element) -> Iterator[tuple[str, _Element]]:
    """By namespace and name, with a slash between, as claims are called."""
    for statement in children(element, SAML_1_1.name("AttributeStatement")):
        for attribute in children(statement, SAML_1_1.name("Attribute")):
            namespace = attribute.get("AttributeNamespace", "").rstrip("/")
            name = _attribute(attribute, "AttributeName")
            yield f"{namespace}/{name}" if namespace else name, attribute


# --- both ---------------------------------------------------------------------------------------------------------

_COMMON = ("Conditions", "Advice", "AttributeStatement")
_IN_2_0 = frozenset({"Issuer", "Subject", "AuthnStatement", "AuthzDecisionStatement", *_COMMON})
_IN_1_1 = frozenset({"AuthenticationStatement", "AuthorizationDecisionStatement", *_COMMON})
_STATEMENTS_1_1 = frozenset(
    SAML_1_1.name(local)
    for local in ("AuthenticationStatement", "AttributeStatement", "AuthorizationDecisionStatement")
)


def _check_children(element: _Element, version: SamlVersion, known: frozenset[str]) -> None:
    """An element that is not understood could limit what the others say."""
    allowed = {version.name(local) for local in known} | {SIGNATURE}
    for entry in children(element):
        if tag_of(entry) not in allowed:
            raise SecurityError(f"{local_name(tag_of(entry))} in an assertion is not understood", place=_at(entry))


def _conditions(element: _Element, version: SamlVersion) -> Conditions:
    found = at_most_one(element, version.name("Conditions"))
    if found is None:
        return Conditions()
    return Conditions(
        _instant(found, "NotBefore"),
        _instant(found, "NotOnOrAfter"),
        tuple(
            tuple(_short(audience) for audience in children(each, version.name("Audience")))
            for each in children(found, version.audience_restriction)
        ),
        next(children(found, version.once), None) is not None,
        tuple(tag_of(each) for each in children(found) if tag_of(each) not in version.conditions),
    )


def _attributes(found: Iterable[tuple[str, _Element]]) -> dict[str, tuple[str, ...]]:
    """The text of all values, by name."""
    values: dict[str, tuple[str, ...]] = {}
    for name, attribute in found:
        texts = tuple(str(_STRING(each)).strip(BLANKS) for each in children(attribute) if _is_value(each))
        values[name] = (*values.get(name, ()), *texts)
    return values


def _decisions(element: _Element, version: SamlVersion, name: str) -> tuple[AuthorizationDecision, ...]:
    """SAML 2.0 core, 2.7.4; SAML 1.1 core, 2.4.5."""
    return tuple(
        AuthorizationDecision(
            statement.get("Resource", "")[:_LONGEST],
            _attribute(statement, "Decision"),
            tuple(_short(action) for action in children(statement, version.name("Action"))),
        )
        for statement in children(element, version.name(name))
    )


def _is_value(element: _Element) -> bool:
    return local_name(tag_of(element)) == "AttributeValue"


def _method(uri: str, version: SamlVersion) -> str:
    return uri.removeprefix(version.methods)


def _issued(element: _Element) -> datetime:
    return instant_from(_attribute(element, "IssueInstant"), "IssueInstant", element)


def _instant(element: _Element, name: str) -> datetime | None:
    text = element.get(name)
    return instant_from(text, name, element) if text is not None else None


def _attribute(element: _Element, name: str) -> str:
    value = element.get(name, "")
    if not value or len(value) > _LONGEST:
        raise SecurityError(f"{local_name(tag_of(element))} has no {name}, or a very long one", place=_at(element))
    return value


def _short(element: _Element) -> str:
    text = text_of(element)
    if not text or len(text) > _LONGEST:
        raise SecurityError(f"{local_name(tag_of(element))} is empty, or very long", place=_at(element))
    return text


_at = place_of
