"""What a plan wants and soapkit does not do, by name, with its place in the policy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from soapkit.errors import NOWHERE, Place, Problem, UsageError
from soapkit.policy.demands import Protection, SecurityBinding, Token, TokenKind
from soapkit.policy.expression import Assertion
from soapkit.policy.foreign import foreign
from soapkit.policy.names import is_option, is_token
from soapkit.policy.plan import CONTEXT_KINDS, Plan
from soapkit.policy.xpath import part_of


def cannot(plan: Plan, *, rsa_1_5: bool = False) -> Iterator[Problem]:
    """What the plan wants and soapkit does not do, each by name, with its place in the policy. `rsa_1_5`: whether a
    suite may have keys encrypted so."""
    binding = plan.binding
    if binding is not None and plan.encrypted and plan.suite.transport == "rsa-1_5" and not rsa_1_5:
        yield Problem(
            f"{plan.suite.name} encrypts keys with RSA 1.5, so whoever can ask repeatedly may decrypt a recorded"
            " message; allow_rsa_1_5=True takes that risk",
            binding.place,
        )
    for carried in plan.carries:
        if carried.supporting.endorsing and carried.supporting.protection.encrypts:
            yield Problem("parts encrypted by an endorsing token are not done", carried.supporting.place)
    if binding is not None and binding.whole_parts_only:
        yield from _in_pieces(plan)
    protection = plan.demands.protection
    for said in (protection, *(carried.supporting.protection for carried in plan.carries)):
        yield from _elements_not_done(said)
    if plan.binding is None and (protection.signs or protection.encrypts):
        yield Problem(
            "parts must be signed or encrypted, and no security binding (TransportBinding, SymmetricBinding,"
            " AsymmetricBinding) says with what; where a policy beside the contract does, give attachments=[...]",
            protection.place,
        )
    for assertion in plan.demands.others:
        known = foreign(assertion)
        if known is None and not assertion.ignorable:
            yield Problem(_misplaced(assertion) or f"{assertion.name} is not known here", assertion.place)
        elif known is not None and not known.done and not assertion.ignorable:
            yield Problem(f"{known.words} ({assertion.local}) is not done", assertion.place)
    for token, place in _tokens(plan):
        if token.kind in _NOT_DONE:
            yield Problem(f"{_NOT_DONE[token.kind]} is not done", place)
        elif token.kind == "secure-conversation" and token.bootstrap is None:
            yield Problem("SecureConversationToken without a BootstrapPolicy: nothing says how to agree on one", place)
        elif token.kind == "saml" and plan.binding is not None and token in _of_recipients(plan.binding):
            yield Problem("SamlToken is done for the initiator, for protection and beside, not as this one", place)
        elif token.derived_keys and not plan.derives and not _signs_with_secret(plan, token):
            yield Problem("RequireDerivedKeys is done with the key of a symmetric binding only", place)
    yield from _bare_keys_not_done(plan)
    if plan.by_password and plan.encrypted and not plan.derives and plan.suite.key_size > _PASSWORD_KEY_SIZE:
        told = f"a UsernameToken without RequireDerivedKeys has a key of 160 bits, too few for {plan.suite.cipher}"
        yield Problem(told, plan.binding.place if plan.binding is not None else NOWHERE)
    if plan.binding is not None:
        for token in plan.binding.tokens:
            if token.kind == "issued" and plan.binding.kind != "symmetric":
                yield Problem("IssuedToken with a symmetric key is not done in an asymmetric binding", token.place)
    for each in plan.carries:
        if each.token.kind not in CONTEXT_KINDS:
            continue
        if not each.supporting.endorsing:
            yield Problem("a security context that signs nothing is not done", each.token.place)


def _misplaced(assertion: Assertion) -> str:
    """What is wrong with an assertion that is known, and stands where it says nothing."""
    if is_token(assertion):
        return f"{assertion.local} stands by itself: no binding and no supporting tokens say what it is for"
    return f"{assertion.local} stands outside of a token, which it says something of" if is_option(assertion) else ""


def _bare_keys_not_done(plan: Plan) -> Iterator[Problem]:
    """A key without a certificate signs, and is named by its signature alone: it cannot be encrypted to, nor signed."""
    binding, encryption = plan.binding, plan.encryption_token
    if plan.encrypted and encryption is not None and encryption.kind == "key-value":
        yield Problem("encryption to a bare key (KeyValueToken) is not done", encryption.place)
    for each in plan.carries:
        if each.token.kind != "key-value":
            continue
        supporting = each.supporting
        if not supporting.endorsing:
            yield Problem("a bare key (KeyValueToken) that signs nothing is not done", each.token.place)
        elif plan.message_level and (supporting.signed or supporting.encrypted):
            yield Problem("a bare key (KeyValueToken) is no token that could be signed or encrypted", each.token.place)
    bare = plan.bare_key
    if bare is None or binding is None:
        return
    if binding.protect_tokens:
        yield Problem("ProtectTokens: a bare key (KeyValueToken) is no token that could be signed", bare.place)
    if binding.kind == "symmetric" and bare is binding.signature_token:
        yield Problem("a bare key (KeyValueToken) is no secret of two sides", bare.place)


def _signs_with_secret(plan: Plan, token: Token) -> bool:
    """Whether a token beside the binding has a secret that keys can be derived from."""
    by_user = token.kind == "username" and any(token is each.token for each in plan.endorsing)
    return token.kind in CONTEXT_KINDS or token.kind == "issued" or by_user


_PASSWORD_KEY_SIZE = 20  # bytes
_NOT_DONE: dict[TokenKind, str] = {
    "spnego": "SpnegoContextToken (Kerberos and SPNEGO)",
    "kerberos": "KerberosToken (Kerberos)",
    "rel": "RelToken (REL licences)",
}


def _of_recipients(binding: SecurityBinding) -> tuple[Token | None, ...]:
    """The tokens of a binding that stand for others than the initiator alone, or the two who share a secret."""
    return (
        binding.recipient_signature,
        binding.recipient_encryption,
        binding.transport_token,
    )


def _elements_not_done(protection: Protection) -> Iterator[Problem]:
    chosen = (*protection.signed_elements, *protection.encrypted_elements)
    for path in (*chosen, *protection.content_elements, *protection.required_elements):
        try:
            part_of(path)
        except UsageError as error:
            yield Problem(str(error), path.place)


def _in_pieces(plan: Plan) -> Iterator[Problem]:
    """Elements to be signed inside of others, where whole parts alone may be (6.6)."""
    for path in plan.demands.protection.signed_elements:
        with suppress(UsageError):
            if part_of(path).startswith("/"):
                told = f"OnlySignEntireHeadersAndBody, and yet {path.expression} is to be signed"
                yield Problem(f"{told}, which is no whole part", path.place)


def _tokens(plan: Plan) -> Iterator[tuple[Token, Place]]:
    binding = plan.binding
    if binding is not None:
        for token in binding.tokens:
            yield token, token.place
    for each in plan.carries:
        yield each.token, each.token.place
