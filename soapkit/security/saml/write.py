"""What an issuer says -> a SAML assertion, signed, both versions. Undone by read.py and inbound.py.

Source: SAML 2.0 core, 2.3 to 2.7 and 5.4; SAML 1.1 core, 2.3, 2.4 and 5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from lxml import etree
from lxml.etree import _Element

from soapkit.errors import SecurityError, UsageError
from soapkit.security.crypto.certificates import der_of
from soapkit.security.crypto.keys import KeyPair
from soapkit.security.crypto.provider import CryptoProvider
from soapkit.security.crypto.with_cryptography import CryptographyProvider
from soapkit.security.document.document import read_document
from soapkit.security.document.sign import sign
from soapkit.security.issued import IssuedToken
from soapkit.security.markup import KEY_INFO, X509_CERTIFICATE, X509_DATA, base64_text, new, sub
from soapkit.security.saml.names import BY_LABEL, BY_TAG, SAML_1_1, SAML_2_0, SamlVersion
from soapkit.security.saml.settings import SamlAssertion, SamlToken
from soapkit.security.timestamp import write_instant
from soapkit.xml.names import XSI_TYPE
from soapkit.xml.walk import tag_of

_UNSPECIFIED = "urn:oasis:names:tc:SAML:1.0:am:unspecified"
_NAME_FORMAT = "urn:oasis:names:tc:SAML:2.0:attrname-format:"


def issue_assertion(
    assertion: SamlAssertion,
    key: KeyPair | None,
    *,
    now: datetime | None = None,
    provider: CryptoProvider | None = None,
) -> bytes:
    """An assertion, signed with its issuer's key; not signed without one, for a sender that vouches for it.

    `now`: when it is issued, by default the present. Raises `SecurityError`, `UsageError`.

    >>> from soapkit.security.throwaway import make_authority
    >>> alice = SamlAssertion(issuer="https://sts.example", subject="alice")
    >>> issue_assertion(alice, make_authority())[:16]
    b'<saml2:Assertion'
    """
    if now is not None and now.tzinfo is None:
        raise UsageError("now= needs a time zone")
    element = made_assertion(assertion, key, now or datetime.now(UTC), provider or CryptographyProvider())
    return etree.tostring(element, encoding="UTF-8", xml_declaration=False)


def made_assertion(assertion: SamlAssertion, key: KeyPair | None, now: datetime, provider: CryptoProvider) -> _Element:
    """As `issue_assertion`, as an element."""
    version = BY_LABEL[assertion.version]
    identifier = f"_{provider.random(16).hex()}"
    element = _WRITERS[assertion.version](assertion, identifier, now)
    if key is None:
        return element
    # the schema of 2.0 wants the signature behind the Issuer, that of 1.1 at the end
    after = version.name("Issuer") if version is SAML_2_0 else ""
    return sign(element, key, references=[f"#{identifier}"], after=after, provider=provider)


def token_of(step: SamlToken, now: datetime, provider: CryptoProvider) -> _Element:
    """The token that a step carries, a tree of its own.

    Raises `SecurityError` for what is not an assertion, unless a token service issued it: what that has encrypted is
    for the service to read.
    """
    given = step.assertion
    if isinstance(given, SamlAssertion):
        return made_assertion(given, step.key, now, provider)
    ready = given() if callable(given) else given
    if isinstance(ready, IssuedToken):
        return read_document(ready.element, source="the issued token")
    element = read_document(ready, source="the SAML assertion")
    if tag_of(element) not in BY_TAG:
        raise SecurityError(f"SamlToken carries a SAML assertion, not {tag_of(element)}")
    return element


def _write_2_0(assertion: SamlAssertion, identifier: str, now: datetime) -> _Element:
    version = SAML_2_0
    element = new(
        version.assertion, attributes={"ID": identifier, "Version": "2.0", "IssueInstant": write_instant(now)}
    )
    sub(element, version.name("Issuer"), assertion.issuer)
    subject = sub(element, version.name("Subject"))
    sub(subject, version.name("NameID"), assertion.subject, _format(assertion))
    method = {"Method": f"{version.methods}{assertion.confirmation}"}
    confirmation = sub(subject, version.name("SubjectConfirmation"), attributes=method)
    _confirmation_data(confirmation, assertion, now)
    _conditions(element, assertion, version, now)
    if assertion.authentication:
        moment = write_instant(assertion.authenticated or now)
        statement = sub(element, version.name("AuthnStatement"), attributes={"AuthnInstant": moment})
        context = sub(statement, version.name("AuthnContext"))
        sub(context, version.name("AuthnContextClassRef"), assertion.authentication)
    if assertion.attributes:
        statement = sub(element, version.name("AttributeStatement"))
        for name, values in assertion.attributes.items():
            kind = f"{_NAME_FORMAT}{'uri' if ':' in name else 'basic'}"
            attribute = sub(statement, version.name("Attribute"), attributes={"Name": name, "NameFormat": kind})
            _values(attribute, values, version)
    return element


def _confirmation_data(confirmation: _Element, assertion: SamlAssertion, now: datetime) -> None:
    """SubjectConfirmationData, where there is something to say in it (SAML 2.0 core, 2.4.1.2 and 2.4.1.3)."""
    if assertion.confirmation == "sender-vouches" and not assertion.recipient:
        return
    data = sub(confirmation, SAML_2_0.name("SubjectConfirmationData"))
    if assertion.recipient:
        data.set("Recipient", assertion.recipient)
    if assertion.confirmation == "bearer":
        data.set("NotOnOrAfter", write_instant(now + timedelta(seconds=assertion.ttl)))
    if assertion.holder is not None:
        data.set(XSI_TYPE, f"{data.prefix}:KeyInfoConfirmationDataType")
        _key_info(data, assertion)


def _write_1_1(assertion: SamlAssertion, identifier: str, now: datetime) -> _Element:
    version = SAML_1_1
    attributes = {"MajorVersion": "1", "MinorVersion": "1", "AssertionID": identifier, "Issuer": assertion.issuer}
    element = new(version.assertion, attributes={**attributes, "IssueInstant": write_instant(now)})
    _conditions(element, assertion, version, now)
    if assertion.authentication or not assertion.attributes:  # an assertion has one statement at least
        how = assertion.authentication or _UNSPECIFIED
        moment = write_instant(assertion.authenticated or now)
        said = {"AuthenticationMethod": how, "AuthenticationInstant": moment}
        _subject_1_1(sub(element, version.name("AuthenticationStatement"), attributes=said), assertion)
    if assertion.attributes:
        statement = sub(element, version.name("AttributeStatement"))
        _subject_1_1(statement, assertion)
        for name, values in assertion.attributes.items():
            namespace, _, local = name.rpartition("/")
            named = {"AttributeName": local, "AttributeNamespace": namespace}
            _values(sub(statement, version.name("Attribute"), attributes=named), values, version)
    return element


def _subject_1_1(statement: _Element, assertion: SamlAssertion) -> None:
    version = SAML_1_1
    subject = sub(statement, version.name("Subject"))
    sub(subject, version.name("NameIdentifier"), assertion.subject, _format(assertion))
    confirmation = sub(subject, version.name("SubjectConfirmation"))
    sub(confirmation, version.name("ConfirmationMethod"), f"{version.methods}{assertion.confirmation}")
    if assertion.holder is not None:
        _key_info(confirmation, assertion)


def _key_info(parent: _Element, assertion: SamlAssertion) -> None:
    holder = assertion.holder
    assert holder is not None, "the caller looked"
    certificate = holder.certificate if isinstance(holder, KeyPair) else holder
    sub(sub(sub(parent, KEY_INFO), X509_DATA), X509_CERTIFICATE, base64_text(der_of(certificate)))


def _conditions(element: _Element, assertion: SamlAssertion, version: SamlVersion, now: datetime) -> None:
    window = {"NotBefore": write_instant(now), "NotOnOrAfter": write_instant(now + timedelta(seconds=assertion.ttl))}
    conditions = sub(element, version.name("Conditions"), attributes=window)
    if assertion.audience:
        restriction = sub(conditions, version.audience_restriction)
        for each in assertion.audience:
            sub(restriction, version.name("Audience"), each)
    if assertion.once:
        sub(conditions, version.once)


def _values(attribute: _Element, values: str | Sequence[str], version: SamlVersion) -> None:
    for value in (values,) if isinstance(values, str) else values:
        sub(attribute, version.name("AttributeValue"), value)


def _format(assertion: SamlAssertion) -> dict[str, str]:
    return {"Format": assertion.subject_format} if assertion.subject_format else {}


_WRITERS: dict[str, Callable[[SamlAssertion, str, datetime], _Element]] = {"2.0": _write_2_0, "1.1": _write_1_1}
