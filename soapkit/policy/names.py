"""The names of WS-SecurityPolicy's assertions, as tables.

The three namespaces (1.1 of 2005/07, 1.2 and 1.3 of 200702 and 200802, and drafts) are one here: assertions are known
by their local names.
"""

from __future__ import annotations

from soapkit.policy.demands import BindingKind, Include, TokenKind
from soapkit.policy.expression import Assertion
from soapkit.security.crypto.algorithms import CanonicalName
from soapkit.security.header_rules import Layout

SP11 = "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy"
SP12 = "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702"
SP13 = "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200802"
CXF = "http://cxf.apache.org/custom/security-policy"
SIGNATURE_HASH = "{urn:soapkit:policy}SignatureHash"
"""An attribute of our own on an AlgorithmSuite: the hash that is signed with, where that is not the standard's."""
NAMESPACES = frozenset(
    {
        SP11,
        SP12,
        SP13,
        CXF,
        "http://schemas.microsoft.com/ws/2005/07/securitypolicy",
        "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200512",  # a draft
        "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy/",
        "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702/",
    }
)

TOKENS: dict[str, TokenKind] = {
    "UsernameToken": "username",
    "X509Token": "x509",
    "SamlToken": "saml",
    "IssuedToken": "issued",
    "SecureConversationToken": "secure-conversation",
    "SecurityContextToken": "security-context",
    "SpnegoContextToken": "spnego",
    "KerberosToken": "kerberos",
    "KeyValueToken": "key-value",
    "RsaToken": "key-value",  # of Microsoft, before KeyValueToken was standard
    "HttpsToken": "https",
    "HttpToken": "https",  # of .NET, behind what ends HTTPS for it: clients are to come by HTTPS all the same
    "RelToken": "rel",
    "SslContextToken": "spnego",
}
INCLUDES: dict[str, Include] = {
    "Never": "never",
    "Once": "once",
    "AlwaysToRecipient": "always-to-recipient",
    "AlwaysToInitiator": "always-to-initiator",
    "Always": "always",
}
LAYOUTS: dict[str, Layout] = {
    "Strict": "strict",
    "Lax": "lax",
    "LaxTsFirst": "lax-timestamp-first",
    "LaxTsLast": "lax-timestamp-last",
    "LaxTimestampFirst": "lax-timestamp-first",
    "LaxTimestampLast": "lax-timestamp-last",
}
BINDINGS: dict[str, BindingKind] = {
    "TransportBinding": "transport",
    "SymmetricBinding": "symmetric",
    "AsymmetricBinding": "asymmetric",
}
ADDRESSING = ("UsingAddressing", "Addressing")


HOLDERS: dict[str, tuple[str, ...]] = {
    "TransportToken": ("transport_token",),
    "ProtectionToken": ("signature_token", "encryption_token"),
    "SignatureToken": ("signature_token",),
    "EncryptionToken": ("encryption_token",),
    "InitiatorToken": ("initiator_signature", "initiator_encryption"),
    "InitiatorSignatureToken": ("initiator_signature",),
    "InitiatorEncryptionToken": ("initiator_encryption",),
    "RecipientToken": ("recipient_signature", "recipient_encryption"),
    "RecipientSignatureToken": ("recipient_signature",),
    "RecipientEncryptionToken": ("recipient_encryption",),
}
FLAGS = {
    "IncludeTimestamp": "timestamp",
    "EncryptBeforeSigning": "encrypt_first",
    "EncryptSignature": "encrypt_signature",
    "ProtectTokens": "protect_tokens",
    "OnlySignEntireHeadersAndBody": "whole_parts_only",
}


CANONICAL: dict[str, CanonicalName] = {"InclusiveC14N": "inclusive", "InclusiveC14N11": "inclusive11"}
"""The canonical form that an option of an algorithm suite asks for, in place of the exclusive one."""
SUITE_OPTIONS = {
    *CANONICAL,
    "SOAPNormalization10",
    "SoapNormalization10",
    "STRTransform10",
} | {
    "XPath10",
    "XPathFilter20",
    "AbsXPath",
}
# Microsoft's, of which each only repeats what the wire shows anyway.
NO_DEMANDS = {"MustNotSendCancel", "MustNotSendAmend", "MustNotSendRenew", "RequireSignatureConfirmation"}


def is_token(assertion: Assertion) -> bool:
    return assertion.local in TOKENS and assertion.namespace in NAMESPACES


def is_option(assertion: Assertion) -> bool:
    return assertion.local.lower() in OPTIONS and assertion.namespace in NAMESPACES


def is_property(assertion: Assertion) -> bool:
    """Whether it says something of the binding that it stands in."""
    known = assertion.local in FLAGS or assertion.local in HOLDERS or assertion.local == "AlgorithmSuite"
    return known and assertion.namespace in NAMESPACES


# What may stand in a token assertion (section 5), by its name in small letters, since stacks differ in them.
OPTIONS = {
    name.lower(): name
    for name in (
        *("BootstrapPolicy", "NoPassword", "HashPassword", "Created", "Nonce", "RsaKeyValue", "RequireCancel"),
        *("RequireDerivedKeys", "RequireExplicitDerivedKeys", "RequireImpliedDerivedKeys"),
        *("RequireExternalReference", "RequireInternalReference", "RequireExternalUriReference"),
        *("RequireKeyIdentifierReference", "RequireIssuerSerialReference", "RequireEmbeddedTokenReference"),
        *("RequireThumbprintReference", "MustNotSendCancel", "MustNotSendAmend", "MustNotSendRenew"),
        *("HttpBasicAuthentication", "HttpDigestAuthentication", "RequireClientCertificate"),
        *("SC10SecurityContextToken", "SC13SecurityContextToken", "SC200502SecurityContextToken"),
        *("WssUsernameToken10", "WssUsernameToken11", "WssKerberosV5ApReqToken11", "WssGssKerberosV5ApReqToken11"),
        *(f"WssX509{kind}Token1{minor}" for kind in ("V1", "V3", "Pkcs7", "PkiPathV1") for minor in "01"),
        *(f"WssSaml{version}Token1{minor}" for version in ("V10", "V11", "V20") for minor in "01"),
        *(f"WssRel{version}Token1{minor}" for version in ("V10", "V20") for minor in "01"),
    )
}
WSS_AND_TRUST = {  # sections 9 and 10
    *("MustSupportRefKeyIdentifier", "MustSupportRefIssuerSerial", "MustSupportRefExternalURI"),
    *("MustSupportRefEmbeddedToken", "MustSupportRefThumbprint", "MustSupportRefEncryptedKey"),
    *("RequireSignatureConfirmation", "MustSupportClientChallenge", "MustSupportServerChallenge"),
    *("RequireClientEntropy", "RequireServerEntropy", "MustSupportIssuedTokens", "RequireAppliesTo"),
    *("RequireRequestSecurityTokenCollection", "ScopePolicy15", "MustSupportInteractiveChallenge"),
}
PART_NAMES = {"body", "header", "attachments"}
PATHS = {"xpath", "xpath2"}
