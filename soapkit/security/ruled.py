"""HeaderRules, held against what was found in a message.

WS-SecurityPolicy 1.3, 6.3, 6.5 to 6.7, and 8 for the certificates that a message brings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from lxml.etree import _Element

from soapkit.errors import NOWHERE, SecurityError
from soapkit.security.context.context import CONTEXT_TOKENS
from soapkit.security.crypto.algorithms import canonical_uri
from soapkit.security.header_rules import Brought, Inclusion, Told
from soapkit.security.ids import id_of
from soapkit.security.markup import (
    BINARY_SECURITY_TOKEN,
    CREATED,
    DS_REFERENCE,
    NONCE,
    PASSWORD,
    PASSWORD_DIGEST,
    REFERENCE,
    TIMESTAMP,
    at_most_one,
)
from soapkit.security.parts import STEPS, plain_name
from soapkit.security.passing import Pass
from soapkit.security.references import Carried, Wrapped, key_info_of, read_key_info
from soapkit.security.tokens import certificates_of
from soapkit.security.verify import Proved, covers
from soapkit.xml.names import local_name
from soapkit.xml.walk import place_of, tag_of


def check_rules(found: Pass, main: Sequence[Proved], endorsers: Sequence[Proved]) -> None:
    """Raises `SecurityError` for the first rule that the message does not keep.

    `main`: the signatures that cover all that must be signed; `endorsers`: those over them, where there must be any.
    """
    rules = found.require.rules
    if rules.layout != "lax":
        _check_layout(found)
    if rules.order != "any":
        _check_order(found)
    if rules.whole_parts:
        _check_whole(found)
    if rules.canonical != "any":
        _check_canonical(found, canonical_uri(rules.canonical))
    if rules.tokens_protected:
        _check_protected(found)
    if rules.derived and main and not any(proof.derived for proof in main):
        raise SecurityError("what must be signed must be so under a key derived for it, and is not")
    check_inclusion(rules.signing_certificate, main or found.proved, found)
    if rules.user:
        _check_user(found)
    if rules.context:
        _check_context(found)
    if rules.supporting:
        tokens = (token for token in found.message.tokens if token.tag == BINARY_SECURITY_TOKEN)
        if not any(is_kept(rules.supporting, token, found, main) for token in tokens):
            raise SecurityError(f"the message must bring a certificate, {_WORDS[rules.supporting]}, and does not")
    if rules.endorsing and not any(is_kept(rules.endorsing, each.token, found, main) for each in endorsers):
        raise SecurityError(f"the certificate of who endorses must be there, {_WORDS[rules.endorsing]}, and is not")


_WORDS: dict[Brought, str] = {
    "present": "as a token",
    "signed": "signed by who signed the message",
    "encrypted": "encrypted",
    "signed-encrypted": "signed by who signed the message, and encrypted",
}


def is_kept(rule: Brought, token: _Element | None, found: Pass, main: Sequence[Proved]) -> bool:
    """Whether a token is protected as a rule has it. `main`: as for `check_rules`."""
    if token is None:
        return not rule
    signed = "signed" not in rule or covers(main, token)
    return signed and ("encrypted" not in rule or any(token in entry.elements for entry in found.opened))


_INCLUDED: dict[Inclusion, str] = {
    "sent": "the certificate that was signed with must be in the message, and is only named there",
    "named": "the certificate that was signed with must only be named, and is in the message",
}


def check_inclusion(inclusion: Inclusion, proofs: Sequence[Proved], found: Pass) -> None:
    """Raises `SecurityError` where none of these signatures brings its certificate, or names it, as is asked for.

    A certificate that stands in the reference itself is there, and no token (5.1.1), so that it does either way.
    """
    if inclusion == "any" or any(_IS_INCLUDED[inclusion](proof, found) for proof in proofs):
        return
    told = f"{_INCLUDED[inclusion]} (IncludeToken; allow_any_inclusion=True does not look)"
    raise SecurityError(told, place=place_of(proofs[0].signature) if proofs else NOWHERE)


def _is_sent(proof: Proved, found: Pass) -> bool:
    key_info = key_info_of(proof.signature)
    if key_info is not None and isinstance(read_key_info(key_info, found.index), Carried):
        return True
    tokens = (token for token in found.message.tokens if token.tag == BINARY_SECURITY_TOKEN)
    return proof.signer is not None and any(certificates_of(token)[0] == proof.signer for token in tokens)


_IS_INCLUDED: dict[Inclusion, Callable[[Proved, Pass], bool]] = {
    "sent": _is_sent,
    "named": lambda proof, _found: proof.token is None,
}


def _check_layout(found: Pass) -> None:
    layout, tokens = found.require.rules.layout, found.message.tokens
    for wanted, at in (("lax-timestamp-first", 0), ("lax-timestamp-last", -1)):
        if layout == wanted and (not tokens or tag_of(tokens[at]) != TIMESTAMP):
            where = "first" if at == 0 else "last"
            raise SecurityError(f"the Timestamp must stand {where} in the security header ({layout})")
    if layout != "strict":
        return
    for proof in found.proved:
        if proof.token in tokens and tokens.index(proof.token) > tokens.index(proof.signature):
            raise SecurityError("a token stands behind the signature that is made with it", place=place_of(proof.token))
    places = {name: at for at, token in enumerate(tokens) if (name := id_of(token)) is not None}
    for at, token in enumerate(tokens):
        for reference in token.iter(*_REFERENCES):
            if places.get(reference.get("URI", "").removeprefix("#"), at) > at:
                told = f"{local_name(tag_of(token))} stands before what it refers to (the layout is strict)"
                raise SecurityError(told, place=place_of(reference))


# What must stand before who refers to it: a token before its use, what is signed before the signature (6.7.1).
_REFERENCES: Final = (REFERENCE, DS_REFERENCE)


def _check_order(found: Pass) -> None:
    """Of what must be signed and encrypted. What a signature covers that was verified before was signed as ciphertext;
    what is covered now and was not then, as it is."""
    encrypt_first = found.require.rules.order == "encrypt-first"
    signed = {element for part in found.require.signed for element in found.message.named(part)}
    for part in found.require.encrypted:
        for element in found.message.named(part) if plain_name(part) not in STEPS else ():
            if signed.isdisjoint((element, *element.iterancestors())):
                continue
            for entry in found.opened:
                is_it = entry.parent is element or element in entry.elements
                if is_it and entry.under_signature is not encrypt_first:
                    told = "encrypted first, then signed" if encrypt_first else "signed first, then encrypted"
                    raise SecurityError(f"the {plain_name(part)} must be {told}")


_USER: dict[Told, tuple[str, str]] = {"nonce": ("a nonce", NONCE), "created": ("when it was made", CREATED)}


def _check_user(found: Pass) -> None:
    """Of each UsernameToken that shows a password: from the others keys are derived."""
    wanted = found.require.rules.user
    for token in found.message.named("UsernameToken"):
        password = at_most_one(token, PASSWORD)
        if password is None:
            continue
        lacking = [words for told, (words, tag) in _USER.items() if told in wanted and at_most_one(token, tag) is None]
        if "digest" in wanted and password.get("Type") != PASSWORD_DIGEST:
            lacking.append("its password as a digest")
        if lacking:
            raise SecurityError(f"a UsernameToken must say {', '.join(lacking)}, and does not", place=place_of(token))


def _check_context(found: Pass) -> None:
    """Of a context that nothing need be signed under: its token is there, and it is known and lasts."""
    shown = [token for token in found.message.tokens if token.tag in CONTEXT_TOKENS]
    if not shown:
        raise SecurityError("the message must bring a SecurityContextToken, and does not")
    for token in shown:
        found.keys.secret_of(Wrapped(token))


def _check_whole(found: Pass) -> None:
    envelope, security = found.message.envelope, found.message.security
    for proof in found.proved:
        for element in proof.elements:
            whole = element is envelope.body or element in envelope.headers
            if not whole and not any(around is security for around in element.iterancestors()):
                raise SecurityError(f"a signature covers {tag_of(element)}, which is no whole part of the message")


def _check_canonical(found: Pass, form: str) -> None:
    """Of SignedInfo: Apache CXF and WSS4J, asked for the inclusive form, sign the parts in the exclusive one."""
    for proof in found.proved:
        if proof.canonical.removesuffix("#WithComments").removesuffix("WithComments") != form:
            raise SecurityError(f"a signature is not made over {form}", place=place_of(proof.signature))


def _check_protected(found: Pass) -> None:
    """What the message has: of certificates that are only named, few stacks sign what they do not send."""
    for proof in found.proved:
        if proof.token is not None and not covers([proof], proof.token):
            raise SecurityError("a signature does not cover the token it was made with", place=place_of(proof.token))
