"""What a policy demands, told in words, a fact a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from soapkit.errors import ContractError, LimitError
from soapkit.policy.attach import Endpoint, Policies
from soapkit.policy.demands import Demands, Parts, Protection, SecurityBinding, Supporting, Token, XPath
from soapkit.policy.expression import Assertion
from soapkit.policy.foreign import foreign
from soapkit.policy.normal import normalise
from soapkit.policy.security import read_demands
from soapkit.wsdl.policies import Direction
from soapkit.xml.names import local_name

_KINDS = {
    "username": "a UsernameToken",
    "x509": "an X.509 certificate",
    "saml": "a SAML assertion",
    "issued": "a token of a security token service",
    "secure-conversation": "a security context (WS-SecureConversation)",
    "security-context": "a SecurityContextToken",
    "spnego": "a SPNEGO or SSL context",
    "kerberos": "a Kerberos ticket",
    "key-value": "a bare key",
    "https": "HTTPS",
    "rel": "a REL licence",
}
_INCLUDES = {
    "never": "referred to, never sent",
    "once": "sent once",
    "always-to-recipient": "sent with requests",
    "always-to-initiator": "sent with replies",
    "always": "sent with every message",
}
_OPTIONS = {
    "RequireClientCertificate": "with a client certificate",
    "HttpBasicAuthentication": "with Basic authentication",
    "HttpDigestAuthentication": "with Digest authentication",
    "NoPassword": "without a password",
    "HashPassword": "with a password digest",
    "Nonce": "with a nonce",
    "Created": "with its time of creation",
    "RequireThumbprintReference": "referred to by thumbprint",
    "RequireIssuerSerialReference": "referred to by issuer and serial number",
    "RequireKeyIdentifierReference": "referred to by key identifier",
    "RequireEmbeddedTokenReference": "embedded in the reference",
    "WssX509PkiPathV1Token11": "as a PKI path",
    "WssX509PkiPathV1Token10": "as a PKI path",
    "WssX509Pkcs7Token10": "as PKCS#7",
    "WssX509Pkcs7Token11": "as PKCS#7",
    "WssSamlV11Token10": "SAML 1.1",
    "WssSamlV11Token11": "SAML 1.1",
    "WssSamlV20Token11": "SAML 2.0",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What a port demands, in words: each alternative for all its messages; and what more single messages demand, by
    ``request of transfer`` or ``replies``."""

    alternatives: tuple[tuple[str, ...], ...]
    messages: dict[str, tuple[str, ...]]


def tell(policies: Policies, endpoint: Endpoint) -> Told | None:
    """What an endpoint demands, None when nothing. A policy that cannot be read is told as such."""
    if not endpoint.has_policy:
        return None
    try:
        around = [lines_of(read_demands(each)) for each in normalise(endpoint.policy, policies.resolve)]
        messages = {
            (each.operation, each.direction, each.name): _more(
                [lines_of(read_demands(found)) for found in normalise(each.policy, policies.resolve)], around
            )
            for each in endpoint.messages
        }
    except (ContractError, LimitError) as error:
        return Told(((f"this policy cannot be read: {error}",),), {})
    return Told(tuple(around), _gathered(messages))


def _more(lines: list[tuple[str, ...]], around: list[tuple[str, ...]]) -> tuple[str, ...]:
    """What all alternatives of a message say that the endpoint does not."""
    known = {line for alternative in around for line in alternative}
    return tuple(dict.fromkeys(line for alternative in lines for line in alternative if line not in known))


_PLURALS = {"input": "requests", "output": "replies", "fault": "faults"}
_SINGULARS = {"input": "request", "output": "reply", "fault": "fault"}


def _gathered(messages: Mapping[tuple[str, Direction, str], tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Under ``requests`` what all requests have in common; by itself what single ones demand."""
    found: dict[str, tuple[str, ...]] = {}
    for direction, plural in _PLURALS.items():
        of_kind = {key: lines for key, lines in messages.items() if key[1] == direction}
        if not any(of_kind.values()):
            continue
        if len(set(of_kind.values())) == 1:
            found[plural] = next(iter(of_kind.values()))
            continue
        for (operation, _, name), lines in of_kind.items():
            what = f" {name}" if name else ""
            found[f"{_SINGULARS[direction]}{what} of {operation}"] = lines or ("nothing more",)
    return found


def lines_of(demands: Demands) -> tuple[str, ...]:
    """The demands of one alternative, a fact a line.

    >>> lines_of(Demands())
    ('nothing',)
    """
    lines = [
        *(_binding(demands.binding) if demands.binding is not None else ()),
        *(line for supporting in demands.supporting for line in _supporting(supporting)),
        *_protection(demands.protection),
    ]
    if demands.signature_confirmation:
        lines.append("replies confirm the signatures of their requests")
    lines += [f"HTTP {login.capitalize()} authentication" for login in sorted(demands.logins)]
    if demands.addressing:
        lines.append("WS-Addressing headers")
    if demands.mtom:
        lines.append("MTOM")
    lines += [_foreign(assertion) for assertion in demands.others]
    return tuple(lines) or ("nothing",)


def _foreign(assertion: Assertion) -> str:
    known = foreign(assertion)
    if known is None:
        return f"{assertion.name}, which soapkit does not know"
    return known.words if known.done else f"{known.words}, which soapkit does not do"


def _binding(binding: SecurityBinding) -> Iterator[str]:
    if binding.kind == "transport":
        yield f"the transport protects messages: {_maybe(binding.transport_token)}"
    elif binding.kind == "symmetric":
        yield f"messages are secured with one key of both sides, from {_maybe(binding.signature_token)}"
        if binding.encryption_token != binding.signature_token:
            yield f"and encrypted with a key from {_maybe(binding.encryption_token)}"
    else:
        yield f"the client signs with {_maybe(binding.initiator_signature)}"
        yield f"the service signs with {_maybe(binding.recipient_signature)}"
    if binding.suite is not None:
        weak = binding.suite.weaknesses if binding.kind != "transport" else ()
        yield f"algorithms {binding.suite.words}" + (f"; weak: {', '.join(weak)}" if weak else "")
    if binding.canonical != "exclusive" and binding.kind != "transport":
        yield f"signatures over the {binding.canonical} canonical form"
    if binding.timestamp:
        yield "a Timestamp"
    if binding.kind != "transport":
        yield "encrypted first, then signed" if binding.encrypt_first else "signed first, then encrypted"
    if binding.encrypt_signature:
        yield "the signature is encrypted"
    if binding.protect_tokens:
        yield "the signing token is signed"


def _maybe(token: Token | None) -> str:
    return token_words(token) if token is not None else "nothing"


def token_words(token: Token) -> str:
    """A token for a person.

    >>> token_words(Token("username", options=frozenset({"HashPassword"})))
    'a UsernameToken with a password digest'
    """
    words = [_KINDS[token.kind], *(_OPTIONS[option] for option in sorted(token.options) if option in _OPTIONS)]
    if token.kind not in ("https", "username") and token.include != "always":
        words.append(f"({_INCLUDES[token.include]})")
    if token.issuer:
        words.append(f"from {token.issuer}")
    if token.derived_keys:
        words.append("through derived keys")
    return " ".join(words)


def _supporting(supporting: Supporting) -> Iterator[str]:
    does = [word for said, word in ((supporting.signed, "signed"), (supporting.encrypted, "encrypted")) if said]
    if supporting.endorsing:
        does.append("which signs the signature")
    for token in supporting.tokens:
        yield f"{token_words(token)}" + (f", {', '.join(does)}" if does else "")
    yield from _protection(supporting.protection)


def _protection(protection: Protection) -> Iterator[str]:
    for verb, parts, elements in (
        ("signed", protection.signed, protection.signed_elements),
        ("encrypted", protection.encrypted, protection.encrypted_elements),
    ):
        named = [*_parts(parts), *_xpaths(elements)]
        if verb == "encrypted":
            named += [f"what is in {path}" for path in _xpaths(protection.content_elements)]
        if named:
            yield f"{verb}: {', '.join(named)}"
    there = [*map(_header, protection.required), *_xpaths(protection.required_elements)]
    if there:
        yield f"must be there: {', '.join(there)}"


def _parts(parts: Parts) -> Iterator[str]:
    if parts.everything:
        yield "the Body and all headers"
    if parts.body:
        yield "Body"
    for name in parts.headers:
        yield _header(name)
    if parts.attachments:
        yield "contents of attachments" if parts.contents_only else "attachments"


def _header(name: str) -> str:
    local = local_name(name)
    return local if local != "*" else f"headers of {name[1:].partition('}')[0]}"


def _xpaths(elements: Iterable[XPath]) -> Iterator[str]:
    yield from (element.expression for element in elements)
