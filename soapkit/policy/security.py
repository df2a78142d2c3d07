"""WS-SecurityPolicy assertions -> what they demand, as values.

The three namespaces (1.1 of 2005/07, 1.2 and 1.3 of 200702 and 200802, and drafts) are one here: assertions are known
by their local names. What has a name of none of them is kept in `Demands.others`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, TypeAlias

from lxml.etree import _Element

from soapkit.errors import ContractError, Problems
from soapkit.policy.demands import (
    Demands,
    Include,
    Parts,
    Protection,
    SecurityBinding,
    Supporting,
    Token,
    TokenKind,
    XPath,
)
from soapkit.policy.expression import Alternative, Assertion, Parameter
from soapkit.policy.foreign import demands_nothing
from soapkit.policy.suites import HASHES, SUITES, Suite
from soapkit.security.header_rules import Layout
from soapkit.wsdl.addressing import ADDRESSING_MARKS
from soapkit.xml.names import clark, did_you_mean, local_name, namespace_of
from soapkit.xml.walk import children, tag_of

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

_TOKENS: dict[str, TokenKind] = {
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
    "RelToken": "rel",
    "SslContextToken": "spnego",
}
_INCLUDES: dict[str, Include] = {
    "Never": "never",
    "Once": "once",
    "AlwaysToRecipient": "always-to-recipient",
    "AlwaysToInitiator": "always-to-initiator",
    "Always": "always",
}
_LAYOUTS: dict[str, Layout] = {
    "Strict": "strict",
    "Lax": "lax",
    "LaxTsFirst": "lax-timestamp-first",
    "LaxTsLast": "lax-timestamp-last",
    "LaxTimestampFirst": "lax-timestamp-first",
    "LaxTimestampLast": "lax-timestamp-last",
}
_BINDINGS = ("TransportBinding", "SymmetricBinding", "AsymmetricBinding")
_ADDRESSING = ("UsingAddressing", "Addressing")


def read_demands(alternative: Alternative | Iterable[Assertion]) -> Demands:
    """What an alternative in normal form demands.

    Raises `ContractError` with every assertion that makes no sense, each with its place: an unknown algorithm suite, a
    binding without a token, two bindings.

    >>> read_demands(Alternative()).anything
    False
    """
    reader = _Reader(Problems())
    demands = reader.demands(tuple(alternative))
    reader.problems.raise_as(ContractError)
    return demands


class _Reader:
    def __init__(self, problems: Problems) -> None:
        self.problems = problems

    def demands(self, assertions: tuple[Assertion, ...]) -> Demands:
        found = Demands()
        for assertion in assertions:
            reader = _READERS.get(assertion.local) if assertion.namespace in NAMESPACES else None
            if reader is not None:
                found = reader(self, found, assertion)
            elif assertion.local in _ADDRESSING:
                found = replace(found, addressing=ADDRESSING_MARKS.get(assertion.name, "2005/08"))
            elif assertion.local == "OptimizedMimeSerialization":
                found = replace(found, mtom=True)
            elif demands_nothing(assertion) or (assertion.namespace in NAMESPACES and assertion.local in _NO_DEMANDS):
                continue
            else:
                found = replace(found, others=(*found.others, assertion))
        return found

    # --- bindings -------------------------------------------------------------------------------------------------

    def binding(self, found: Demands, assertion: Assertion) -> Demands:
        if found.binding is not None:
            if _binding_of(self, assertion) != found.binding:  # the same one, attached twice, is one
                self.problems.add("a second security binding; one is allowed", assertion.place)
            return found
        return replace(found, binding=_binding_of(self, assertion))

    def token_in(self, holder: Assertion) -> Token | None:
        """The token of a holder such as InitiatorToken."""
        tokens = list(self.tokens(holder.inner))
        if len(tokens) == 1:
            return tokens[0]
        self.problems.add(f"{holder.local} names {len(tokens)} tokens; expected one", holder.place)
        return None

    def suite(self, assertion: Assertion) -> Suite | None:
        names = [inner.local for inner in assertion.inner if inner.local not in _SUITE_OPTIONS]
        for name in names:
            if name in SUITES:
                signing = HASHES.get(dict(assertion.attributes).get(SIGNATURE_HASH, ""))
                return replace(SUITES[name], signature=signing) if signing is not None else SUITES[name]
        if names:
            self.problems.add(
                f"no algorithm suite is called {names[0]}{did_you_mean(names[0], SUITES)}", assertion.place
            )
        return None

    # --- tokens ---------------------------------------------------------------------------------------------------

    def tokens(self, assertions: Iterable[Assertion]) -> Iterator[Token]:
        for assertion in assertions:
            kind = _TOKENS.get(assertion.local)
            if kind is not None and assertion.namespace in NAMESPACES:
                yield self.token(kind, assertion)

    def token(self, kind: TokenKind, assertion: Assertion) -> Token:
        include = assertion.attribute("IncludeToken").rpartition("/")[2]
        options = {inner.local for inner in assertion.inner} - {"BootstrapPolicy"}
        if assertion.attribute("RequireClientCertificate").lower() in ("true", "1"):  # WS-SecurityPolicy 1.1, 5.3.9
            options.add("RequireClientCertificate")
        bootstrap = next((inner for inner in assertion.inner if inner.local == "BootstrapPolicy"), None)
        template = next((each for each in assertion.parameters if local_name(each.name) == TEMPLATE), None)
        claims = next((each for each in assertion.parameters if local_name(each.name) == "Claims"), None)
        return Token(
            kind,
            _INCLUDES.get(include, "always"),
            frozenset(options),
            issuer=_issuer(assertion.parameters),
            template=template,
            claims=claims.get("Dialect") if claims is not None else "",
            bootstrap=self.demands(bootstrap.inner) if bootstrap is not None else None,
            place=assertion.place,
        )

    def supporting(self, found: Demands, assertion: Assertion) -> Demands:
        protection = Protection()
        suite = None
        for inner in assertion.inner:
            if inner.local in _PARTS:
                protection |= _protection(inner)
            elif inner.local == "AlgorithmSuite":
                suite = self.suite(inner)
        read = Supporting(
            tuple(self.tokens(assertion.inner)),
            signed="Signed" in assertion.local,
            endorsing="Endorsing" in assertion.local,
            encrypted="Encrypted" in assertion.local,
            protection=protection,
            suite=suite,
            place=assertion.place,
        )
        return replace(found, supporting=(*found.supporting, read))

    # --- parts and options ----------------------------------------------------------------------------------------

    def parts(self, found: Demands, assertion: Assertion) -> Demands:
        return replace(found, protection=found.protection | _protection(assertion))

    def layout(self, found: Demands, assertion: Assertion) -> Demands:
        """A Layout beside the binding instead of inside, as CXF's contracts have it, adds nothing that is checked."""
        return found

    def wss(self, found: Demands, assertion: Assertion) -> Demands:
        return replace(found, wss=found.wss | {inner.local for inner in assertion.inner} | {assertion.local})

    def trust(self, found: Demands, assertion: Assertion) -> Demands:
        options = found.trust | {inner.local for inner in assertion.inner}
        return replace(found, trust=options, trust_version="2005/02" if assertion.local == "Trust10" else "1.3")


TEMPLATE = "RequestSecurityTokenTemplate"
_SUITE_OPTIONS = {
    "InclusiveC14N",
    "InclusiveC14N11",
    "SOAPNormalization10",
    "SoapNormalization10",
    "STRTransform10",
} | {
    "XPath10",
    "XPathFilter20",
    "AbsXPath",
}
# Microsoft's, of which each only repeats what the wire shows anyway.
_NO_DEMANDS = {"MustNotSendCancel", "MustNotSendAmend", "MustNotSendRenew", "RequireSignatureConfirmation"}

_HOLDERS: dict[str, tuple[str, ...]] = {
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
_FLAGS = {
    "IncludeTimestamp": "timestamp",
    "EncryptBeforeSigning": "encrypt_first",
    "EncryptSignature": "encrypt_signature",
    "ProtectTokens": "protect_tokens",
    "OnlySignEntireHeadersAndBody": "whole_parts_only",
}


def _binding_of(reader: _Reader, assertion: Assertion) -> SecurityBinding:
    kinds = {"TransportBinding": "transport", "SymmetricBinding": "symmetric", "AsymmetricBinding": "asymmetric"}
    settings: dict[str, Any] = {"kind": kinds[assertion.local], "place": assertion.place}
    if "2005/07" in assertion.name:  # WS-SecurityPolicy 1.1 goes with the submission of 2005/02
        settings["conversation"] = "2005/02"
    for inner in assertion.inner:
        if inner.local in _HOLDERS:
            token = reader.token_in(inner)
            settings.update(dict.fromkeys(_HOLDERS[inner.local], token))
        elif inner.local in _FLAGS:
            settings[_FLAGS[inner.local]] = True
        elif inner.local == "AlgorithmSuite":
            settings["suite"] = reader.suite(inner)
            settings["inclusive_c14n"] = any(option.local.startswith("InclusiveC14N") for option in inner.inner)
            settings["str_transform"] = any(option.local == "STRTransform10" for option in inner.inner)
        elif inner.local == "Layout":
            settings["layout"] = next((_LAYOUTS[name.local] for name in inner.inner if name.local in _LAYOUTS), "lax")
    return SecurityBinding(**settings)


# --- parts --------------------------------------------------------------------------------------------------------


def _protection(assertion: Assertion) -> Protection:
    return replace(_PARTS[assertion.local](assertion), place=assertion.place)


def _parts(assertion: Assertion) -> Parts:
    found = Parts(everything=not assertion.parameters)
    for parameter in assertion.parameters:
        local = local_name(parameter.name)
        if local == "Body":
            found |= Parts(body=True)
        elif local == "Header":
            found |= Parts(headers=(clark(parameter.get("Namespace"), parameter.get("Name") or "*"),))
        elif local == "Attachments":
            inside = map(local_name, map(tag_of, children(parameter.element)))
            found |= Parts(attachments=True, contents_only="ContentSignatureTransform" in inside)
    return found


def _xpaths(assertion: Assertion) -> tuple[XPath, ...]:
    return tuple(
        XPath(
            parameter.text,
            tuple(sorted((prefix, uri) for prefix, uri in parameter.element.nsmap.items() if prefix)),
            replace(assertion.place, line=parameter.element.sourceline),
        )
        for parameter in assertion.parameters
        if local_name(parameter.name).lower() in ("xpath", "xpath2") and parameter.text
    )


_PARTS: dict[str, Callable[[Assertion], Protection]] = {
    "SignedParts": lambda assertion: Protection(signed=_parts(assertion)),
    "EncryptedParts": lambda assertion: Protection(encrypted=_parts(assertion)),
    "SignedElements": lambda assertion: Protection(signed_elements=_xpaths(assertion)),
    "EncryptedElements": lambda assertion: Protection(encrypted_elements=_xpaths(assertion)),
    "ContentEncryptedElements": lambda assertion: Protection(content_elements=_xpaths(assertion)),
    "RequiredParts": lambda assertion: Protection(required=_parts(assertion).headers),
    "RequiredElements": lambda assertion: Protection(required_elements=_xpaths(assertion)),
}

_SUPPORTING = [
    f"{signed}{kind}SupportingTokens"
    for signed in ("", "Signed")
    for kind in ("", "Endorsing", "Encrypted", "EndorsingEncrypted")
]

_Read: TypeAlias = Callable[[_Reader, Demands, Assertion], Demands]
_READERS: dict[str, _Read] = {
    **dict.fromkeys(_BINDINGS, _Reader.binding),
    **dict.fromkeys(_SUPPORTING, _Reader.supporting),
    **dict.fromkeys(_PARTS, _Reader.parts),
    "Layout": _Reader.layout,
    **dict.fromkeys(("Wss10", "Wss11"), _Reader.wss),
    **dict.fromkeys(("Trust10", "Trust13"), _Reader.trust),
}


def _issuer(parameters: tuple[Parameter, ...]) -> str:
    """The address in an Issuer, or the text of an IssuerName."""
    for parameter in parameters:
        local = local_name(parameter.name)
        if local == "IssuerName":
            return parameter.text
        if local == "Issuer":
            return next((text for text in _addresses(parameter.element)), "")
    return ""


def _addresses(element: _Element) -> Iterator[str]:
    for entry in children(element):
        if local_name(tag_of(entry)) == "Address" and "addressing" in namespace_of(tag_of(entry)):
            yield (entry.text or "").strip()
