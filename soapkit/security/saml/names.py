"""What differs between SAML 1.1 and 2.0, as two values.

Source: SAML Token Profile 1.1, sections 3.1 to 3.5, of the names in WS-Security; SAML 1.1 and 2.0 core of the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from soapkit.xml.names import SAML11, SAML20, clark

Confirmation: TypeAlias = Literal["bearer", "sender-vouches", "holder-of-key"]
"""Why a receiver may take the sender for the subject (SAML Token Profile 1.1, 3.5): because it has the assertion;
because a sender that is believed vouches for it; because it has the key that the assertion names."""

CONFIRMATIONS: Final[tuple[Confirmation, ...]] = ("bearer", "sender-vouches", "holder-of-key")

_PROFILE = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1."


@dataclass(frozen=True, slots=True)
class SamlVersion:
    """One version. `key_identifier`: ValueType of a KeyIdentifier that names an assertion by its id; `token_type`:
    what wsse11:TokenType says of it; `methods`: what the URI of a confirmation method begins with; `conditions`: those
    that are understood."""

    label: Literal["1.1", "2.0"]
    namespace: str
    id_attribute: str
    key_identifier: str
    token_type: str
    methods: str
    audience_restriction: str
    once: str
    conditions: frozenset[str]

    def name(self, local: str) -> str:
        """A Clark name in this version's namespace."""
        return clark(self.namespace, local)

    @property
    def assertion(self) -> str:
        """The Clark name of an assertion."""
        return self.name("Assertion")


SAML_1_1: Final = SamlVersion(
    "1.1",
    SAML11,
    "AssertionID",
    f"{_PROFILE}0#SAMLAssertionID",
    f"{_PROFILE}1#SAMLV1.1",
    "urn:oasis:names:tc:SAML:1.0:cm:",
    clark(SAML11, "AudienceRestrictionCondition"),
    clark(SAML11, "DoNotCacheCondition"),
    frozenset({clark(SAML11, "AudienceRestrictionCondition"), clark(SAML11, "DoNotCacheCondition")}),
)
SAML_2_0: Final = SamlVersion(
    "2.0",
    SAML20,
    "ID",
    f"{_PROFILE}1#SAMLID",
    f"{_PROFILE}1#SAMLV2.0",
    "urn:oasis:names:tc:SAML:2.0:cm:",
    clark(SAML20, "AudienceRestriction"),
    clark(SAML20, "OneTimeUse"),
    # how many may issue another on the strength of this one is nothing to a service that issues none
    frozenset(clark(SAML20, local) for local in ("AudienceRestriction", "OneTimeUse", "ProxyRestriction")),
)

BY_LABEL: Final = {version.label: version for version in (SAML_1_1, SAML_2_0)}
BY_TAG: Final = {version.assertion: version for version in (SAML_1_1, SAML_2_0)}
BY_KEY_IDENTIFIER: Final = {version.key_identifier: version for version in (SAML_1_1, SAML_2_0)}
