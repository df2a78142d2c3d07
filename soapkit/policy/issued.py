"""An IssuedToken assertion and keys -> what a client asks its token service for (WS-SecurityPolicy 1.3, 5.4.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

from soapkit.errors import Problem, Problems
from soapkit.policy.demands import BEARER, WITH_SECRET, Demands, SecurityBinding, Supporting, Token, TokenKind
from soapkit.policy.keys import Keys
from soapkit.policy.plan import saml_version
from soapkit.policy.words import token_words
from soapkit.security.issued import IssuedToken, IssuedTokens, Issuing
from soapkit.security.saml.names import BY_LABEL
from soapkit.security.saml.settings import SamlToken
from soapkit.xml.names import local_name
from soapkit.xml.walk import children, tag_of

_KEY_TYPES: dict[str, Literal["symmetric", "public", "bearer"]] = {
    "SymmetricKey": "symmetric",
    "PublicKey": "public",
    "Bearer": "bearer",
    "NoProofKey": "bearer",
}
_SAML = {"SAMLV2.0": "WssSamlV20Token11", "assertion": "WssSamlV20Token11", "SAMLV1.1": "WssSamlV11Token11"}
_TYPES: dict[str, str] = {version.label: version.token_type for version in BY_LABEL.values()}
_ASSERTIONS: tuple[TokenKind, ...] = ("issued", "saml")
_KEYS = {"symmetric": WITH_SECRET, "bearer": BEARER}
_ISSUED = "issued"  # an option of our own, of a token whose kind was told as the other of the two
_KEY_PAIR = "key pair"  # an option of our own, of a token that signs with a key pair, whatever its template says


def as_assertions(demands: Demands, side: Literal["client", "server"]) -> Demands:
    """The demands with issued tokens told as the SAML assertions that they are: those that a client carries, or signs
    with a key pair for; for a service all of them. What stays is a token whose key the client shares with the service,
    as an assertion is that protects the messages of a symmetric binding. One that stands for the transport is carried
    over HTTPS, as Apache CXF understands that.
    """

    def shared(token: Token | None) -> Token | None:
        if token is None or token.kind != "saml" or side != "client":
            return told(token)
        return replace(token, kind="issued", options=token.options | {_ISSUED})

    def told(token: Token | None) -> Token | None:
        if token is None or token.kind != "issued" or (side == "client" and key_type_of(token) == "symmetric"):
            return token
        return carried(token)

    def of_pair(token: Token | None) -> Token | None:
        """An asymmetric binding knows key pairs alone (7.5): so does its token, unless it clearly says otherwise."""
        if token is not None and token.kind == "issued" and not _key_type(token):
            token = replace(token, options=token.options | {_KEY_PAIR})
        return told(token)

    def carried(token: Token) -> Token:
        if token.kind != "issued":
            return token
        version = _SAML.get(_said(token, "TokenType").rpartition("#")[2].rpartition(":")[2])
        more = {_ISSUED, version or _ISSUED, _KEYS.get(key_type_of(token), _ISSUED)}
        return replace(token, kind="saml", options=token.options | more)

    binding, supporting = demands.binding, demands.supporting
    if binding is not None and binding.transport_token is not None and binding.transport_token.kind in _ASSERTIONS:
        token = binding.transport_token
        supporting = (*supporting, Supporting((token,), signed=True, place=token.place))
        binding = replace(binding, transport_token=Token("https", place=token.place))
    if binding is not None:
        binding = replace(
            binding,
            signature_token=shared(binding.signature_token),
            encryption_token=shared(binding.encryption_token),
            initiator_signature=of_pair(binding.initiator_signature),
            initiator_encryption=of_pair(binding.initiator_encryption),
            recipient_signature=of_pair(binding.recipient_signature),
            recipient_encryption=of_pair(binding.recipient_encryption),
        )
    # a secret that signs nothing is not used: the assertion alone is shown
    supporting = tuple(_told_in(each, told if each.endorsing else carried) for each in supporting)
    return _of_one_subject(replace(demands, binding=binding, supporting=supporting))


def _of_one_subject(demands: Demands) -> Demands:
    """The demands with one token for what is asked for twice: the assertion that names the initiator's key may be told
    as carried by another assertion, as the profiles of OIO IDWS have it (``Never``, and a supporting token)."""
    binding = demands.binding
    own = binding.initiator_signature if binding is not None else None
    if binding is None or own is None or own.kind != "saml" or own.include != "never":
        return demands
    beside = (token for each in demands.supporting if not each.endorsing for token in each.tokens)
    told = next((token for token in beside if _is_same(own, token)), None)
    if told is None:
        return demands
    one = replace(own if _says_whose(own) else _of_key_pair(told), include="always-to-recipient")

    def same(token: Token) -> Token:
        return one if _is_same(own, token) else token

    supporting = tuple(each if each.endorsing else _told_in(each, same) for each in demands.supporting)
    encrypting = one if binding.initiator_encryption == own else binding.initiator_encryption
    binding = replace(binding, initiator_signature=one, initiator_encryption=encrypting)
    return replace(demands, binding=binding, supporting=supporting)


def _is_same(own: Token, token: Token) -> bool:
    """Whether a token that travels may be the one of the initiator, which does not; that may say nothing of whose it
    is."""
    if token.kind != "saml" or token.include == "never":
        return False
    versions = {saml_version(own), saml_version(token)} - {""}
    alike = not _says_whose(own) or (token.issuer, token.template) == (own.issuer, own.template)
    return alike and len(versions) <= 1


def _says_whose(token: Token) -> bool:
    return bool(token.issuer) or token.template is not None


def _of_key_pair(token: Token) -> Token:
    """As `as_assertions` has it of an initiator's: a key pair, unless the token says otherwise."""
    return token if _key_type(token) else replace(token, options=(token.options - {WITH_SECRET}) | {_KEY_PAIR})


def _told_in(supporting: Supporting, told: Any) -> Supporting:
    return replace(supporting, tokens=tuple(told(token) for token in supporting.tokens))


def issued_tokens(demands: Demands) -> Iterator[Token]:
    """The tokens of token services, of the binding and beside it."""
    binding: SecurityBinding | None = demands.binding
    tokens = (
        *(binding.tokens if binding is not None else ()),
        *(t for each in demands.supporting for t in each.tokens),
    )
    return (token for token in tokens if token.kind == "issued" or token.has(_ISSUED))


def key_type_of(token: Token) -> Literal["symmetric", "public", "bearer"]:
    """What key an issued token should have; a symmetric one, where its template says nothing."""
    return _key_type(token) or ("public" if token.has(_KEY_PAIR) else "symmetric")


def _key_type(token: Token) -> Literal["symmetric", "public", "bearer", ""]:
    """What its template says; nothing where that is no type of key."""
    return _KEY_TYPES.get(local_name(_said(token, "KeyType").rpartition("/")[2]), "")


def issuing_for(demands: Demands, keys: Keys, problems: Problems) -> tuple[Keys, Issuing | None]:
    """How a client comes to the token that it needs, and keys with room for it; None where it needs none, or was given
    one. What is missing goes to `problems`."""
    token = next(issued_tokens(demands), None)
    if token is None or (token.kind == "saml" and keys.assertion is not None):
        return keys, None
    if keys.assertion is not None and (token.has(_ISSUED) or _has_secret(keys.assertion)):
        return replace(keys, tokens=_given(token, keys.assertion, problems)), None
    if keys.sts is None:
        problems.found.append(Problem(f"the policy asks for {token_words(token)}; give Keys(sts=...)", token.place))
        return replace(keys, tokens=IssuedTokens()), None
    tokens = IssuedTokens()
    asked = _asked_of(token, keys)
    own = replace(keys, tokens=tokens, assertion=SamlToken(tokens) if token.kind == "saml" else keys.assertion)
    return own, Issuing(tokens, keys.sts, asked=asked)


def _has_secret(carried: SamlToken) -> bool:
    given = carried.assertion
    return isinstance(given, IssuedTokens) or (isinstance(given, IssuedToken) and given.secret is not None)


def _given(token: Token, carried: SamlToken, problems: Problems) -> IssuedTokens:
    """The assertion that a client was given, whose secret it shares with the service."""
    given = carried.assertion
    if isinstance(given, IssuedToken) and given.secret is not None:
        return IssuedTokens(given)
    if isinstance(given, IssuedTokens):
        return given
    told = "gives Keys(assertion=...) no secret: SamlToken(IssuedToken(assertion, secret))"
    problems.found.append(Problem(f"the policy protects messages by {token_words(token)}, and {told}", token.place))
    return IssuedTokens()


def _asked_of(token: Token, keys: Keys) -> dict[str, Any]:
    """The template of the assertion, as a token service is asked."""
    asked: dict[str, Any] = {"key_type": key_type_of(token)}
    token_type, size = _said(token, "TokenType") or _TYPES.get(saml_version(token), ""), _said(token, "KeySize")
    if token_type:
        asked["token_type"] = token_type
    if size.isdigit() and asked["key_type"] == "symmetric":
        asked["key_size"] = int(size)
    if asked["key_type"] == "public":
        asked["use_key"] = keys.endorsing or keys.own
    known = ("TokenType", "KeyType", "KeySize", "RequestType")
    rest = [each for each in _template(token) if local_name(tag_of(each)) not in known]
    if rest:
        asked["parameters"] = tuple(rest)
    return asked


def _template(token: Token) -> list[Any]:
    return list(children(token.template.element)) if token.template is not None else []


def _said(token: Token, name: str) -> str:
    found = (each for each in _template(token) if local_name(tag_of(each)) == name)
    return next(((each.text or "").strip() for each in found), "")
