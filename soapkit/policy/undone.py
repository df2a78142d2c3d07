"""What a plan wants and soapkit does not do, by name, with its place in the policy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from soapkit.errors import NOWHERE, Place, Problem, UsageError
from soapkit.policy.demands import Protection, SecurityBinding, Token, TokenKind
from soapkit.policy.expression import Assertion
from soapkit.policy.foreign import foreign
from soapkit.policy.names import is_option, is_token
from soapkit.policy.plan import CONTEXT_KINDS, Plan, signed_parts
from soapkit.policy.xpath import part_of
from soapkit.security.parts import is_content, plain_name


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
    yield from _without_a_token(plan)
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
    yield from _contradictions(plan)
    yield from _several_users(plan)
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


def _without_a_token(plan: Plan) -> Iterator[Problem]:
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


def _contradictions(plan: Plan) -> Iterator[Problem]:
    """What nobody can do, since one assertion takes away what another needs."""
    binding = plan.binding
    if binding is None:
        return
    if binding.layout.startswith("lax-timestamp") and not binding.timestamp:
        yield Problem(
            "the layout puts a Timestamp first or last, and there is none: IncludeTimestamp (6.7)", binding.place
        )
    signing = plan.signature_token
    if signing is not None and signing.kind == "saml" and plan.request and not plan.signed:
        yield Problem("the subject of an assertion is to sign, and nothing is signed", signing.place)
    for each in plan.endorsing:
        own = bool(list(signed_parts(each.supporting.protection)))
        if plan.message_level and set(plan.signed) <= {"BinarySecurityToken"}:
            yield Problem("a token is to endorse the signature, and nothing is signed", each.supporting.place)
        elif not plan.message_level and not binding.timestamp and not own:
            yield Problem("a token is to endorse the Timestamp, and there is none", each.supporting.place)
        carried = each.token.kind in ("x509", "saml")
        if carried and each.supporting.encrypted and binding.encrypt_first and plan.message_level:
            told = "EncryptBeforeSigning: the token of who endorses cannot be encrypted before it signs"
            yield Problem(told, each.supporting.place)
        if (
            each.token.kind == "x509"
            and plan.signature_token is not None
            and plan.signature_token.kind in CONTEXT_KINDS
        ):
            yield Problem("a certificate that endorses what a security context signed is not done", each.token.place)
    if binding.encrypt_first:
        hidden = [part for part in plan.encrypted if part == "Body" or (part.startswith("/") and not is_content(part))]
        for part in plan.signed:
            if part.startswith("/") and hidden:
                told = f"EncryptBeforeSigning: {plain_name(part)} is to be signed, and may be hidden by then"
                yield Problem(told, plan.demands.protection.place)


def _several_users(plan: Plan) -> Iterator[Problem]:
    """A message speaks for one user."""
    users = [each.token for each in plan.carries if each.token.kind == "username"]
    users += [plan.signature_token] if plan.by_password and plan.request and plan.signature_token is not None else []
    if len({user.options for user in users}) > 1 or (users and plan.by_password and len(users) > 1):
        yield Problem("several UsernameTokens in a message are not done", users[0].place)


def unanswerable(request: Plan, reply: Plan) -> Iterator[Problem]:
    """What an answer takes from its request, and would not find there."""
    binding = reply.binding
    if binding is None or binding.kind != "symmetric" or not (reply.signed or reply.encrypted):
        return
    if not (request.signed or request.encrypted):
        told = "answers are secured under the key that a request brings, and nothing in requests is"
        yield Problem(told, binding.place)


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
