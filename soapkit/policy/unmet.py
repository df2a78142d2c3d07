"""Steps of who sends, against the requirement of who receives: what of it they do not meet, in words.

No message is made: settings are compared with settings, before there is anybody to talk to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cryptography import x509

from soapkit.security.crypto.algorithms import (
    DIGESTS,
    AlgorithmPolicy,
    cipher_named,
    digest_uri,
    signature_named,
    transport_named,
)
from soapkit.security.crypto.keys import KeyPair
from soapkit.security.header_rules import HeaderRules
from soapkit.security.issued import IssuedToken, IssuedTokens
from soapkit.security.parts import (
    ALL_HEADERS,
    ATTACHMENT_CONTENTS,
    CONTENT,
    STEPS,
    WHOLE_ATTACHMENTS,
    may_be_missing,
    plain_name,
)
from soapkit.security.require import Require
from soapkit.security.saml.settings import SamlToken
from soapkit.security.sign import algorithm_for
from soapkit.security.steps import (
    TOKEN_KINDS,
    Encrypt,
    PasswordKey,
    Present,
    Recipient,
    SharedKey,
    Sign,
    SignatureConfirmation,
    Step,
    Timestamp,
    UsernameToken,
)
from soapkit.xml.names import local_name


def unmet(steps: Sequence[Step], require: Require) -> Iterator[str]:
    """What a message that these steps secure lacks to be believed, a sentence each.

    >>> list(unmet([UsernameToken("alice", "secret")], Require(username={}, present=["{urn:x}Trace"])))
    ['{urn:x}Trace must be there, and need not be']
    """
    yield from _unsigned(steps, require)
    encrypted = [part for step in steps if isinstance(step, Encrypt) for part in step.parts]
    for part in require.encrypted:
        if not _is_among(part, encrypted, steps):
            yield f"{plain_name(part)} must be encrypted, and is not"
    for part in require.present:
        if not may_be_missing(part) and not _is_there(part, steps):
            yield f"{plain_name(part)} must be there, and need not be"
    if require.confirmed and not any(isinstance(step, SignatureConfirmation) for step in steps):
        yield "the signatures of the request must be confirmed, and are not"
    if require.username is not None and not any(_names_user(step) for step in steps):
        yield "a UsernameToken must be there, and is not"
    if require.saml is not None and not any(_carries_assertion(step) for step in steps):
        yield "a SAML assertion must be there, and is not"
    yield from _rules_broken(steps, require.rules)
    for step in steps:
        yield from _not_allowed(step, steps, require.algorithms)


def _names_user(step: Step) -> bool:
    by_password = isinstance(step, SharedKey) and isinstance(step.to, PasswordKey)
    return isinstance(step, UsernameToken) or by_password


def _carries_assertion(step: Step) -> bool:
    issued = isinstance(step, SharedKey) and isinstance(step.to, IssuedToken | IssuedTokens)
    return isinstance(step, SamlToken) or issued


# --- signatures ---------------------------------------------------------------------------------------------------


def _unsigned(steps: Sequence[Step], require: Require) -> Iterator[str]:
    """All that must be signed must be so by one signer, whose kind of signature is believed."""
    signing = [step for step in steps if isinstance(step, Sign) and _may_be_believed(step, require)]
    by_signer = [
        [part for other in signing if other.keypair == step.keypair for part in other.parts] for step in signing
    ] or [[]]
    lacking = [[part for part in require.signed if not _is_among(part, signed, steps)] for signed in by_signer]
    for part in min(lacking, key=len):
        yield f"{plain_name(part)} must be signed, and is not"
    endorsed = [all(_is_among(part, step.parts, steps) for part in require.endorsed) for step in signing]
    if require.endorsed and not any(endorsed):
        yield f"a second signature must cover {', '.join(map(plain_name, require.endorsed))}, and none does"


def _may_be_believed(step: Sign, require: Require) -> bool:
    if not isinstance(step.keypair, KeyPair):
        return require.believes_somebody
    if step.key_reference == "assertion":
        return require.saml is not None and "holder-of-key" in require.saml.confirmation
    if require.trust is None:
        return False
    if step.key_reference == "key-value":
        return require.algorithms.key_values and bool(require.trust.keys)
    return bool(require.trust.certificates)


def _is_among(part: str, parts: Iterable[str], steps: Sequence[Step]) -> bool:
    """Whether one of the parts is this one, or more than it."""
    name, found = plain_name(part), set(parts)
    if part.endswith("?") or may_be_missing(part):
        return any(_holds(name, plain_name(each)) for each in found)
    surely = any(_holds(name, each) for each in found if not each.endswith("?"))
    return surely or (any(_holds(name, plain_name(each)) for each in found) and _is_there(part, steps))


def _holds(name: str, other: str) -> bool:
    if name == other or (name, other) == (ATTACHMENT_CONTENTS, WHOLE_ATTACHMENTS):
        return True
    if other.endswith("}*"):
        return name.startswith(other[:-1])
    is_block = name.startswith("{") or (name not in STEPS and name[0] not in "/#" and name != "Body")
    if other == ALL_HEADERS:
        return is_block
    return is_block and not name.startswith("{") and local_name(other) == name and other.startswith("{")


def _is_there(part: str, steps: Sequence[Step]) -> bool:
    name = plain_name(part).removesuffix(CONTENT)
    if name == "Body" or (name in STEPS and _has_step(STEPS[name], steps)):
        return True
    present = [each for step in steps if isinstance(step, Present) for each in step.parts]
    return any(_holds(name, each) for each in present if not each.endswith("?"))


def _has_step(name: str, steps: Sequence[Step]) -> bool:
    return any(type(step).__name__ == name for step in steps)


def _rules_broken(steps: Sequence[Step], rules: HeaderRules) -> Iterator[str]:
    kinds = [type(step) for step in steps if isinstance(step, Sign | Encrypt)]
    order = "sign-first" if kinds[:1] == [Sign] else "encrypt-first"
    if {Sign, Encrypt} <= set(kinds) and rules.order not in ("any", order):
        yield f"messages are to be secured {rules.order}, and are not"
    stamps = [step for step in steps if isinstance(step, Timestamp)]
    last = any(step.last for step in stamps)
    if rules.layout.startswith("lax-timestamp") and not stamps:
        yield "a Timestamp must be there, and is not"
    if rules.layout.startswith("lax-timestamp") and (rules.layout == "lax-timestamp-last") is not last:
        yield f"the security header is to be laid out {rules.layout}, and is not"
    for step in steps:
        if not isinstance(step, Sign):
            continue
        if rules.canonical not in ("any", step.canonical):
            yield f"signatures are to be made over the {rules.canonical} canonical form, and are not"
        if rules.whole_parts and any(part.startswith("/") for part in step.parts):
            yield "whole parts alone may be signed, and others are"
        carried = isinstance(step.keypair, KeyPair) and step.key_reference in TOKEN_KINDS
        if rules.tokens_protected and carried and "BinarySecurityToken" not in step.parts:
            yield "signatures are to cover their tokens, and do not"


# --- algorithms ---------------------------------------------------------------------------------------------------


def _not_allowed(step: Step, steps: Sequence[Step], policy: AlgorithmPolicy) -> Iterator[str]:
    if isinstance(step, Sign):
        yield from _refused(signature_of(step), policy.signatures)
        yield from _refused(DIGESTS[digest_uri(step.digest)], policy.hashes)
    if isinstance(step, Encrypt):
        cipher = cipher_named(step.algorithm)
        yield from _refused(cipher.name, policy.ciphers)
        first = next((each for each in steps if isinstance(each, Sign | Encrypt)), step)
        under_signature = policy.cbc == "signed" and isinstance(first, Encrypt)
        if cipher.mode != "gcm" and not (policy.cbc == "always" or under_signature):
            yield f"{cipher.name} is not decrypted outside of a signature"
    if isinstance(step, SharedKey | Encrypt) and brings_key(step):
        yield from _refused(transport_named(step.key_transport).name, policy.transports)
        yield from _refused(DIGESTS[digest_uri(step.oaep_digest)], policy.oaep_hashes)


def brings_key(step: Encrypt | SharedKey) -> bool:
    """Whether a key travels with the message, encrypted to a certificate."""
    return step.to is Recipient.SIGNER or isinstance(step.to, x509.Certificate | KeyPair)


def signature_of(step: Sign) -> str:
    """The name of the algorithm that a step signs with. Raises `SecurityError` where its key is of another kind."""
    if isinstance(step.keypair, KeyPair):
        return algorithm_for(step, step.keypair).name
    return signature_named(step.algorithm or "hmac-sha256").name


def _refused(name: str, allowed: frozenset[str]) -> Iterator[str]:
    if name not in allowed:
        yield f"{name} is not accepted"
