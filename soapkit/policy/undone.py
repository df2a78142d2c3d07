"""What a plan wants and soapkit does not do, by name, with its place in the policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final, TypeAlias

from soapkit.errors import NOWHERE, Problem, UsageError
from soapkit.policy.demands import Token, TokenKind
from soapkit.policy.expression import Assertion
from soapkit.policy.foreign import foreign
from soapkit.policy.names import is_option, is_property, is_token
from soapkit.policy.plan import Plan, signed_parts
from soapkit.policy.xpath import part_of
from soapkit.security.parts import is_content, plain_name

_Rule: TypeAlias = Callable[[Plan], Iterator[Problem]]


def cannot(plan: Plan, *, rsa_1_5: bool = False) -> Iterator[Problem]:
    """What the plan wants and soapkit does not do, each by name, with its place in the policy. `rsa_1_5`: whether a
    suite may have keys encrypted so."""
    for rule in _RULES if rsa_1_5 else (_keys_under_rsa_1_5, *_RULES):
        yield from rule(plan)


def unanswerable(request: Plan, reply: Plan) -> Iterator[Problem]:
    """What an answer takes from its request, and would not find there."""
    binding = reply.binding
    if binding is None or not (reply.shares_key_to_sign or reply.shares_key_to_encrypt):
        return
    if not (request.shares_key_to_sign or request.shares_key_to_encrypt):
        told = "answers are secured under the key that a request brings, and nothing in requests is"
        yield Problem(told, binding.place)


# --- algorithms ---------------------------------------------------------------------------------------------------

_PASSWORD_KEY_SIZE: Final = 20  # bytes


def _keys_under_rsa_1_5(plan: Plan) -> Iterator[Problem]:
    if plan.binding is not None and plan.encrypted and plan.suite.transport == "rsa-1_5":
        yield Problem(
            f"{plan.suite.name} encrypts keys with RSA 1.5, so whoever can ask repeatedly may decrypt a recorded"
            " message; allow_rsa_1_5=True takes that risk",
            plan.binding.place,
        )


def _short_password_keys(plan: Plan) -> Iterator[Problem]:
    if plan.by_password and plan.encrypted and not plan.derives and plan.suite.key_size > _PASSWORD_KEY_SIZE:
        told = f"a UsernameToken without RequireDerivedKeys has a key of 160 bits, too few for {plan.suite.cipher}"
        yield Problem(told, plan.binding.place if plan.binding is not None else NOWHERE)


# --- assertions that are not of security, or stand where they say nothing ------------------------------------------


def _unknown_assertions(plan: Plan) -> Iterator[Problem]:
    for assertion in plan.demands.others:
        known = foreign(assertion)
        if assertion.ignorable or (known is not None and known.done):
            continue
        if known is not None:
            yield Problem(f"{known.words} ({assertion.local}) is not done", assertion.place)
        else:
            yield Problem(_misplaced(assertion) or f"{assertion.name} is not known here", assertion.place)


def _misplaced(assertion: Assertion) -> str:
    """What is wrong with an assertion that is known, and stands where it says nothing."""
    if is_token(assertion):
        return f"{assertion.local} stands by itself: no binding and no supporting tokens say what it is for"
    for what, found in (("a token", is_option(assertion)), ("a binding", is_property(assertion))):
        if found:
            return f"{assertion.local} stands outside of {what}, which it says something of"
    return ""


# --- parts --------------------------------------------------------------------------------------------------------


def _paths_not_read(plan: Plan) -> Iterator[Problem]:
    for said in (plan.demands.protection, *(carried.supporting.protection for carried in plan.carries)):
        chosen = (*said.signed_elements, *said.encrypted_elements, *said.content_elements, *said.required_elements)
        for path in chosen:
            try:
                part_of(path)
            except UsageError as error:
                yield Problem(str(error), path.place)


def _parts_in_pieces(plan: Plan) -> Iterator[Problem]:
    """Elements to be signed inside of others, where whole parts alone may be (6.6)."""
    if plan.binding is None or not plan.binding.whole_parts_only:
        return
    for path in plan.demands.protection.signed_elements:
        with suppress(UsageError):
            if part_of(path).startswith("/"):
                told = f"OnlySignEntireHeadersAndBody, and yet {path.expression} is to be signed"
                yield Problem(f"{told}, which is no whole part", path.place)


def _parts_without_binding(plan: Plan) -> Iterator[Problem]:
    protection = plan.demands.protection
    if plan.binding is None and (protection.signs or protection.encrypts):
        yield Problem(
            "parts must be signed or encrypted, and no security binding (TransportBinding, SymmetricBinding,"
            " AsymmetricBinding) says with what; where a policy beside the contract does, give attachments=[...]",
            protection.place,
        )


def _parts_without_token(plan: Plan) -> Iterator[Problem]:
    """What a binding is to sign or encrypt, and names nothing to do it with."""
    if not plan.message_level or plan.binding is None:
        return
    who = "requests" if plan.request else "answers"
    for done, parts, token in (
        ("signed", plan.signed, plan.signature_token),
        ("encrypted", plan.encrypted, plan.encryption_token),
    ):
        if parts and token is None:
            told = f"{', '.join(map(plain_name, parts))} must be {done} in {who}, and the binding names no token for it"
            yield Problem(told, plan.binding.place)


def _parts_hidden_before_they_are_signed(plan: Plan) -> Iterator[Problem]:
    if plan.binding is None or not plan.binding.encrypt_first:
        return
    if not any(part == "Body" or (part.startswith("/") and not is_content(part)) for part in plan.encrypted):
        return
    for part in plan.signed:
        if part.startswith("/"):
            told = f"EncryptBeforeSigning: {plain_name(part)} is to be signed, and may be hidden by then"
            yield Problem(told, plan.demands.protection.place)


def _parts_of_endorsers_encrypted(plan: Plan) -> Iterator[Problem]:
    for carried in plan.carries:
        if carried.supporting.endorsing and carried.supporting.protection.encrypts:
            yield Problem("parts encrypted by an endorsing token are not done", carried.supporting.place)


# --- tokens -------------------------------------------------------------------------------------------------------

_NOT_DONE: Final[dict[TokenKind, str]] = {
    "spnego": "SpnegoContextToken (Kerberos and SPNEGO)",
    "kerberos": "KerberosToken (Kerberos)",
    "rel": "RelToken (REL licences)",
}


def _tokens(plan: Plan) -> Iterator[Token]:
    yield from plan.binding.tokens if plan.binding is not None else ()
    yield from (each.token for each in plan.carries)


def _tokens_not_done(plan: Plan) -> Iterator[Problem]:
    for token in _tokens(plan):
        if token.kind in _NOT_DONE:
            yield Problem(f"{_NOT_DONE[token.kind]} is not done", token.place)


def _conversations_without_bootstrap(plan: Plan) -> Iterator[Problem]:
    for token in _tokens(plan):
        if token.kind == "secure-conversation" and token.bootstrap is None:
            told = "SecureConversationToken without a BootstrapPolicy: nothing says how to agree on one"
            yield Problem(told, token.place)


def _assertions_of_recipients(plan: Plan) -> Iterator[Problem]:
    """Assertions that stand for others than the initiator alone, or the two who share a secret."""
    binding = plan.binding
    if binding is None:
        return
    theirs = (binding.recipient_signature, binding.recipient_encryption, binding.transport_token)
    for token in binding.tokens:
        if token.kind in ("saml", "issued") and token in theirs:
            told = "SamlToken is done for the initiator, for protection and beside, not as this one"
            yield Problem(told, token.place)


def _two_logins(plan: Plan) -> Iterator[Problem]:
    if {"basic", "digest"} <= plan.demands.shows and plan.binding is not None:
        told = "HTTP logins by Basic and by Digest are demanded together; a request has one"
        yield Problem(told, plan.binding.place)


def _contexts_that_sign_nothing(plan: Plan) -> Iterator[Problem]:
    for each in plan.shown_contexts:
        if not each.token.travels(to_recipient=True):
            yield Problem("a security context that signs nothing, and is only named, is not done", each.token.place)
        elif plan.message_level and (each.supporting.signed or each.supporting.encrypted):
            told = "a security context that signs nothing, and is to be signed or encrypted itself, is not done"
            yield Problem(told, each.token.place)


def _several_users(plan: Plan) -> Iterator[Problem]:
    """A message speaks for one user."""
    users = [each.token for each in plan.carries if each.token.kind == "username"]
    users += [plan.signature_token] if plan.by_password and plan.request and plan.signature_token is not None else []
    if len({user.options for user in users}) > 1 or (users and plan.by_password and len(users) > 1):
        yield Problem("several UsernameTokens in a message are not done", users[0].place)


def _several_assertions(plan: Plan) -> Iterator[Problem]:
    """A message speaks for one subject."""
    binding = plan.binding
    own = binding.signature_token or binding.initiator_signature if binding is not None and plan.request else None
    found = [token for token in (own, *(each.token for each in plan.carries)) if token is not None]
    found = [token for token in found if token.kind in ("saml", "issued")]
    if len(set(found)) > 1 or (len(found) > 1 and own in found and found[0].with_secret):
        yield Problem("several assertions, or issued tokens, in a message are not done", found[1].place)


# --- tokens that endorse, and have nothing to ----------------------------------------------------------------------


def _stamps_missing(plan: Plan) -> Iterator[Problem]:
    binding = plan.binding
    if binding is not None and binding.layout.startswith("lax-timestamp") and not binding.timestamp:
        told = "the layout puts a Timestamp first or last, and there is none: IncludeTimestamp (6.7)"
        yield Problem(told, binding.place)


def _subjects_that_sign_nothing(plan: Plan) -> Iterator[Problem]:
    token = plan.signature_token
    shown = any(each.token == token for each in plan.carries)  # for itself, and nothing is to be signed
    if token is not None and token.kind in ("saml", "issued") and plan.request and not plan.signed and not shown:
        yield Problem("the subject of an assertion is to sign, and nothing is signed", token.place)


def _nothing_to_endorse(plan: Plan) -> Iterator[Problem]:
    for each in plan.endorsing:
        if plan.message_level and set(plan.signed) <= {"BinarySecurityToken"}:
            yield Problem("a token is to endorse the signature, and nothing is signed", each.supporting.place)
        elif not plan.message_level and not plan.timestamp and not list(signed_parts(each.supporting.protection)):
            yield Problem("a token is to endorse the Timestamp, and there is none", each.supporting.place)


def _endorsers_without_key(plan: Plan) -> Iterator[Problem]:
    for each in plan.endorsing:
        if each.token.bearer:
            yield Problem("a bearer token is to endorse, and has no key to sign with", each.token.place)


def _endorsers_encrypted_first(plan: Plan) -> Iterator[Problem]:
    if plan.binding is None or not plan.binding.encrypt_first or not plan.message_level:
        return
    for each in plan.endorsing:
        if each.part and each.supporting.encrypted:
            told = "EncryptBeforeSigning: the token of who endorses cannot be encrypted before it signs"
            yield Problem(told, each.supporting.place)


# --- keys without a certificate -----------------------------------------------------------------------------------


def _bare_keys_encrypted_to(plan: Plan) -> Iterator[Problem]:
    if plan.encrypted and plan.encryption_token is not None and plan.encryption_token.kind == "key-value":
        yield Problem("encryption to a bare key (KeyValueToken) is not done", plan.encryption_token.place)


def _bare_keys_beside(plan: Plan) -> Iterator[Problem]:
    """A key without a certificate signs, and is named by its signature alone: it cannot be signed."""
    for each in plan.carries:
        if each.token.kind != "key-value":
            continue
        supporting = each.supporting
        if not supporting.endorsing:
            yield Problem("a bare key (KeyValueToken) that signs nothing is not done", each.token.place)
        elif plan.message_level and (supporting.signed or supporting.encrypted):
            yield Problem("a bare key (KeyValueToken) is no token that could be signed or encrypted", each.token.place)


def _bare_keys_of_bindings(plan: Plan) -> Iterator[Problem]:
    bare, binding = plan.bare_key, plan.binding
    if bare is None or binding is None:
        return
    if binding.protect_tokens:
        yield Problem("ProtectTokens: a bare key (KeyValueToken) is no token that could be signed", bare.place)
    if binding.kind == "symmetric" and bare is binding.signature_token:
        yield Problem("a bare key (KeyValueToken) is no secret of two sides", bare.place)


_RULES: Final[tuple[_Rule, ...]] = (
    _parts_of_endorsers_encrypted,
    _parts_in_pieces,
    _paths_not_read,
    _parts_without_binding,
    _parts_without_token,
    _unknown_assertions,
    _tokens_not_done,
    _conversations_without_bootstrap,
    _assertions_of_recipients,
    _contexts_that_sign_nothing,
    _two_logins,
    _bare_keys_encrypted_to,
    _bare_keys_beside,
    _bare_keys_of_bindings,
    _stamps_missing,
    _subjects_that_sign_nothing,
    _nothing_to_endorse,
    _endorsers_without_key,
    _endorsers_encrypted_first,
    _parts_hidden_before_they_are_signed,
    _several_users,
    _several_assertions,
    _short_password_keys,
)
