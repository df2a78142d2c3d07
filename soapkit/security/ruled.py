"""HeaderRules, held against what was found in a message.

WS-SecurityPolicy 1.3, 6.3, 6.5 to 6.7.
"""

from __future__ import annotations

from soapkit.errors import SecurityError
from soapkit.security.inbound import Pass
from soapkit.security.markup import TIMESTAMP
from soapkit.security.parts import STEPS, plain_name
from soapkit.security.verify import covers
from soapkit.xml.walk import place_of, tag_of


def check_rules(found: Pass) -> None:
    """Raises `SecurityError` for the first rule that the message does not keep."""
    rules = found.require.rules
    if rules.layout != "lax":
        _check_layout(found)
    if rules.order != "any":
        _check_order(found)
    if rules.whole_parts:
        _check_whole(found)
    if rules.tokens_protected:
        _check_protected(found)


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


def _check_order(found: Pass) -> None:
    """Of what must be signed and encrypted. What a signature covers that was verified before was signed as ciphertext;
    what is covered now and was not then, as it is."""
    encrypt_first = found.require.rules.order == "encrypt-first"
    both = [part for part in found.require.encrypted if plain_name(part) in map(plain_name, found.require.signed)]
    for part in both:
        for element in found.message.named(part) if plain_name(part) not in STEPS else ():
            for entry in found.opened:
                is_it = entry.parent is element or element in entry.elements
                if is_it and entry.under_signature is not encrypt_first:
                    told = "encrypted first, then signed" if encrypt_first else "signed first, then encrypted"
                    raise SecurityError(f"the {plain_name(part)} must be {told}")


def _check_whole(found: Pass) -> None:
    envelope, security = found.message.envelope, found.message.security
    for proof in found.proved:
        for element in proof.elements:
            whole = element is envelope.body or element in envelope.headers
            if not whole and not any(around is security for around in element.iterancestors()):
                raise SecurityError(f"a signature covers {tag_of(element)}, which is no whole part of the message")


def _check_protected(found: Pass) -> None:
    for proof in found.proved:
        if proof.token is not None and not covers([proof], proof.token):
            raise SecurityError("a signature does not cover the token it was made with", place=place_of(proof.token))
