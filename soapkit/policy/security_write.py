"""What is demanded of security, as values -> WS-SecurityPolicy assertions. Undoes security.py.

    endpoint   the security binding, supporting tokens, the Wss11 and Trust13 options, WS-Addressing
    message    parts that are signed, encrypted, there

Source: WS-SecurityPolicy 1.3, sections 4 to 9 and appendix A, in the namespace of 1.2, which 1.3 keeps; and of 1.1,
which goes with WS-SecureConversation of 2005/02.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from lxml import etree
from lxml.etree import _Element

from soapkit.policy.demands import (
    BindingKind,
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
from soapkit.policy.expression import Assertion, Parameter, Policy, said
from soapkit.policy.names import (
    BINDINGS,
    CANONICAL,
    CXF,
    FLAGS,
    INCLUDES,
    LAYOUTS,
    SIGNATURE_HASH,
    SP11,
    SP12,
    SP13,
    TOKENS,
)
from soapkit.policy.suites import SUITES, Suite
from soapkit.security.crypto.algorithms import CanonicalName
from soapkit.security.header_rules import Layout
from soapkit.ws.trust import BY_LABEL as TRUST_VERSIONS
from soapkit.ws.trust import KeyType
from soapkit.xml.names import WSA, WSAM, clark, local_name, namespace_of
from soapkit.xml.walk import tag_of

# The tables of names.py the other way round: of several names for one thing, the first.
_TOKENS: Final[dict[TokenKind, str]] = {kind: name for name, kind in reversed(TOKENS.items())}
_INCLUDES: Final[dict[Include, str]] = {include: name for name, include in INCLUDES.items()}
_LAYOUTS: Final[dict[Layout, str]] = {layout: name for name, layout in reversed(LAYOUTS.items())}
_BINDINGS: Final[dict[BindingKind, str]] = {kind: name for name, kind in BINDINGS.items()}
_HOLDERS: Final = {  # the assertion for a token that signs and encrypts, and those for tokens that do one of it
    "transport": (("TransportToken", ("TransportToken", "transport_token"), ("TransportToken", "transport_token")),),
    "symmetric": (("ProtectionToken", ("SignatureToken", "signature_token"), ("EncryptionToken", "encryption_token")),),
    "asymmetric": (
        (
            "InitiatorToken",
            ("InitiatorSignatureToken", "initiator_signature"),
            ("InitiatorEncryptionToken", "initiator_encryption"),
        ),
        (
            "RecipientToken",
            ("RecipientSignatureToken", "recipient_signature"),
            ("RecipientEncryptionToken", "recipient_encryption"),
        ),
    ),
}
_OF_SP13: Final = frozenset({"Nonce", "Created", "InclusiveC14N11"})  # new in WS-SecurityPolicy 1.3


def endpoint_assertions(demands: Demands) -> Iterator[Assertion]:
    """What holds for all messages of an endpoint, save which parts.

    `read_demands` reads the same demands from it and `message_assertions`.
    """
    if demands.addressing:
        yield _assertion(clark(WSAM, "Addressing"), nested=())
    if demands.binding is not None:
        yield _binding(demands.binding)
    yield from map(_supporting, demands.supporting)
    if demands.wss:
        yield _options("Wss11", demands.wss - {"Wss11"})
    if demands.trust:
        yield _options("Trust13", demands.trust)


def message_assertions(protection: Protection) -> Iterator[Assertion]:
    """Which parts of a message are signed, encrypted, there."""
    if protection.signed:
        yield _assertion(_sp("SignedParts"), *_parts(protection.signed))
    if protection.encrypted:
        yield _assertion(_sp("EncryptedParts"), *_parts(protection.encrypted))
    for name, paths in (
        ("SignedElements", protection.signed_elements),
        ("EncryptedElements", protection.encrypted_elements),
        ("ContentEncryptedElements", protection.content_elements),
        ("RequiredElements", protection.required_elements),
    ):
        if paths:
            yield _assertion(_sp(name), *map(_xpath, paths))
    if protection.required:
        yield _assertion(_sp("RequiredParts"), *map(_header, protection.required))


def _sp(local: str) -> str:
    return clark(SP12, local)


def _assertion(
    name: str,
    *parameters: _Element,
    nested: tuple[Assertion, ...] | None = None,
    attributes: Mapping[str, str] | None = None,
) -> Assertion:
    return Assertion(
        name,
        tuple(sorted((attributes or {}).items())),
        tuple(Parameter(element, said(element)) for element in parameters),
        Policy(nested) if nested is not None else None,
    )


def _options(name: str, options: frozenset[str]) -> Assertion:
    return _assertion(_sp(name), nested=tuple(_assertion(_sp(option)) for option in sorted(options)))


# --- bindings -----------------------------------------------------------------------------------------------------


def _binding(binding: SecurityBinding) -> Assertion:
    inside = [*_holders(binding)]
    if binding.suite is not None:
        inside.append(_suite(binding.suite, binding.canonical))
    inside.append(_assertion(_sp("Layout"), nested=(_assertion(_sp(_LAYOUTS[binding.layout])),)))
    inside += [_assertion(_sp(name)) for name, flag in FLAGS.items() if getattr(binding, flag)]
    return _assertion(_sp(_BINDINGS[binding.kind]), nested=tuple(inside))


def _holders(binding: SecurityBinding) -> Iterator[Assertion]:
    for both, *each in _HOLDERS[binding.kind]:
        tokens: dict[str, Token | None] = {holder: getattr(binding, name) for holder, name in each}
        if len(set(tokens.values())) == 1:
            tokens = {both: next(iter(tokens.values()))}
        for holder, token in tokens.items():
            if token is not None:
                yield _assertion(_sp(holder), nested=(_token(token),))


def _suite(suite: Suite, canonical: CanonicalName) -> Assertion:
    """A suite by name. Where we sign with another hash than the standard has for it, an attribute says so, which others
    pass over."""
    known = SUITES[suite.name]
    own = {SIGNATURE_HASH: suite.signature} if suite.signature != known.signature else {}
    namespace = CXF if "GCM" in suite.name or suite.name == "CustomAlgorithmSuite" else SP12
    forms = (option for option, form in CANONICAL.items() if form == canonical)
    inside = (_assertion(clark(namespace, suite.name)), *map(_option, forms))
    return _assertion(_sp("AlgorithmSuite"), nested=inside, attributes=own)


# --- tokens -------------------------------------------------------------------------------------------------------


def _token(token: Token) -> Assertion:
    bootstrap = (_bootstrap(token.bootstrap),) if token.bootstrap is not None else ()
    options = map(_option, sorted(token.options))
    include = {_sp("IncludeToken"): f"{SP12}/IncludeToken/{_INCLUDES[token.include]}"}
    attributes = include if token.kind != "https" else {}
    issued = [_issuer(token.issuer)] if token.issuer else []
    issued += [token.template.element] if token.template is not None else []
    return _assertion(_sp(_TOKENS[token.kind]), *issued, nested=(*options, *bootstrap), attributes=attributes)


def _option(name: str) -> Assertion:
    return _assertion(clark(SP13 if name in _OF_SP13 else SP12, name))


def _issuer(address: str) -> _Element:
    """Where a token is issued, as an endpoint reference (5.1.2)."""
    issuer = _element("Issuer")
    etree.SubElement(issuer, clark(WSA, "Address"), nsmap={"wsa": WSA}).text = address
    return issuer


def template_element(token_type: str, key_type: KeyType) -> _Element:
    """A RequestSecurityTokenTemplate: what a token service is asked for (5.4.2), in words of WS-Trust 1.3."""
    trust = TRUST_VERSIONS["1.3"]
    template = etree.Element(_sp("RequestSecurityTokenTemplate"), nsmap={"sp": SP12, "wst": trust.namespace})
    etree.SubElement(template, trust.name("TokenType")).text = token_type
    etree.SubElement(template, trust.name("KeyType")).text = trust.key_types[key_type]
    return template


def _bootstrap(demands: Demands) -> Assertion:
    inside = (*endpoint_assertions(demands), *message_assertions(demands.protection))
    return _assertion(_sp("BootstrapPolicy"), nested=inside)


def _supporting(supporting: Supporting) -> Assertion:
    flags = (
        ("Signed", supporting.signed),
        ("Endorsing", supporting.endorsing),
        ("Encrypted", supporting.encrypted),
    )
    name = "".join(word for word, holds in flags if holds)
    inside = (*map(_token, supporting.tokens), *message_assertions(supporting.protection))
    return _assertion(_sp(f"{name}SupportingTokens"), nested=inside)


# --- parts --------------------------------------------------------------------------------------------------------


def _parts(parts: Parts) -> Iterator[_Element]:
    if parts.everything:
        return  # no part named: the Body and all headers (4.1.1)
    if parts.body:
        yield _element("Body")
    yield from map(_header, parts.headers)
    if parts.attachments:
        attachments = _element("Attachments")
        if parts.contents_only:
            etree.SubElement(attachments, clark(SP13, "ContentSignatureTransform"))
        yield attachments


def _header(name: str) -> _Element:
    element = _element("Header")
    if local_name(name) != "*":
        element.set("Name", local_name(name))
    element.set("Namespace", namespace_of(name))
    return element


def _xpath(path: XPath) -> _Element:
    element = etree.Element(_sp("XPath"), nsmap={"sp": SP12, **dict(path.namespaces)})
    element.text = path.expression
    return element


def _element(local: str) -> _Element:
    return etree.Element(_sp(local), nsmap={"sp": SP12})


# --- WS-SecurityPolicy 1.1 ----------------------------------------------------------------------------------------

_LATER: Final = frozenset(  # what 1.2 brought
    {
        *("ContentEncryptedElements", "RequiredParts", "KeyValueToken", "RequireImpliedDerivedKeys"),
        *("HashPassword", "NoPassword", "WssSamlV20Token11"),
        *(f"{kind}SupportingTokens" for kind in ("Encrypted", "SignedEncrypted", "EndorsingEncrypted")),
        "SignedEndorsingEncryptedSupportingTokens",
    }
)


def say_in_2005(policy: _Element) -> Iterator[str]:
    """Change the words of a policy to those of 1.1 (2005/07), so that keys are derived as of 2005/02. What cannot be
    said so is told."""
    in_paths = {str(prefix) for path in policy.iter(_sp("XPath")) for prefix in path.nsmap}
    for element in policy.iter(f"{{{SP12}}}*", f"{{{SP13}}}*"):
        local = local_name(tag_of(element))
        if local in _LATER or namespace_of(tag_of(element)) == SP13:
            yield f"keys derived as of 2005/02 go with WS-SecurityPolicy 1.1, which has no {local}"
        element.tag = clark(SP11, "Trust10" if local == "Trust13" else local)
        include = element.attrib.pop(_sp("IncludeToken"), None)
        if include is not None:
            element.set(clark(SP11, "IncludeToken"), str(include).replace(SP12, SP11))
    etree.cleanup_namespaces(policy, top_nsmap={"sp": SP11}, keep_ns_prefixes=sorted(in_paths - {"sp"}))
