"""A plan and keys -> the steps that make such a message."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal

from cryptography import x509

from soapkit.errors import Problem, Problems
from soapkit.policy.algorithms import signature_name, wrap_name
from soapkit.policy.demands import Token, TokenKind
from soapkit.policy.keys import Keys
from soapkit.policy.plan import CONTEXT_KINDS, Carries, Plan, saml_version, signed_parts
from soapkit.policy.words import token_words
from soapkit.security.crypto.algorithms import CanonicalName
from soapkit.security.crypto.keys import KeyPair
from soapkit.security.saml.settings import SamlAssertion
from soapkit.security.steps import (
    OWN_CERTIFICATE,
    REQUEST,
    SHARED,
    SIGNER,
    BinarySecurityToken,
    Encrypt,
    KeyReference,
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

_REFERENCES: tuple[tuple[str, KeyReference], ...] = (
    ("RequireThumbprintReference", "thumbprint"),
    ("RequireIssuerSerialReference", "issuer-serial"),
    ("RequireKeyIdentifierReference", "ski"),
    ("RequireEmbeddedTokenReference", "embedded"),
)
_SUPPORTED: tuple[tuple[str, KeyReference], ...] = (
    ("MustSupportRefThumbprint", "thumbprint"),
    ("MustSupportRefIssuerSerial", "issuer-serial"),
    ("MustSupportRefKeyIdentifier", "ski"),
)
_CARRIED: dict[KeyReference, str] = {
    "direct": "BinarySecurityToken",
    "path": "BinarySecurityToken",
    "pkcs7": "BinarySecurityToken",
    "assertion": "Assertion",
}


_KINDS: tuple[tuple[Literal["path", "pkcs7"], tuple[str, str]], ...] = (
    ("path", ("WssX509PkiPathV1Token10", "WssX509PkiPathV1Token11")),
    ("pkcs7", ("WssX509Pkcs7Token10", "WssX509Pkcs7Token11")),
)
_OF_RECEIVERS: frozenset[KeyReference] = frozenset({"direct", "issuer-serial", "ski", "thumbprint", "embedded"})


def outbound(plan: Plan, keys: Keys, problems: Problems) -> tuple[Step, ...]:
    """The steps, in order; what is missing among the keys goes to `problems`."""
    maker = _Maker(plan, keys, problems)
    return tuple(maker.steps())


class _Maker:
    def __init__(self, plan: Plan, keys: Keys, problems: Problems) -> None:
        self.plan = plan
        self.keys = keys
        self.problems = problems
        self.suite = plan.suite
        self.canonical: CanonicalName = plan.binding.canonical if plan.binding is not None else "exclusive"
        self.symmetric = plan.binding is not None and plan.binding.kind == "symmetric"
        self.signing_key: Recipient | SharedKey = SHARED
        self.encrypting_key: Recipient | SharedKey = SHARED

    def steps(self) -> Iterator[Step]:
        plan = self.plan
        if plan.required:
            yield Present(plan.required)
        if plan.timestamp:
            yield Timestamp(last=plan.binding is not None and plan.binding.layout == "lax-timestamp-last")
        if plan.confirms:
            yield SignatureConfirmation()
        for each in plan.endorsing:
            if each.token.kind in _KEYS_OF:
                yield from self.key_of(each.token)
        for token in dict.fromkeys(each.token for each in plan.carries if not each.supporting.endorsing):
            if token.kind == "username":
                yield from self.username(token)
        for token in plan.assertions[:1]:
            yield from self.assertion(token)
        for carried in plan.shown_contexts[:1]:
            yield from (replace(key, derived="", implied=False) for key in self.context(carried.token))
        if not plan.message_level:
            yield from (*self.certificates(encrypted=True), *self.certificates(encrypted=False))
            stamp = ["Timestamp"] if plan.timestamp else []
            for each in plan.endorsing:
                if stamp or list(signed_parts(each.supporting.protection)):
                    yield from self.endorse(each, stamp)
            return
        yield from self.certificates(encrypted=True)  # below what tells how to decrypt them
        yield from self.protection_key()
        signing = [
            *self.certificates(encrypted=False),
            *self.sign(),
            *(step for each in plan.endorsing for step in self.endorse(each, ["Signature"])),
        ]
        assert plan.binding is not None, "messages are secured by a binding"
        if plan.binding.encrypt_first:  # what is made afterwards is encrypted afterwards
            first = [part for part in plan.encrypted if part != "Signature"]
            yield from (*self.encrypt(first), *signing)
            yield from self.encrypt([part for part in plan.encrypted if part == "Signature"])
        else:
            yield from (*signing, *self.encrypt(plan.encrypted))

    # --- tokens ---------------------------------------------------------------------------------------------------

    def username(self, token: Token) -> Iterator[Step]:
        if token.has("NoPassword") and self.keys.username:
            yield UsernameToken(self.keys.username)
            return
        for name, password in self.who_calls(token):
            yield UsernameToken(
                name,
                password,
                digest=token.has("HashPassword"),
                nonce=token.has("Nonce"),
                created=token.has("Created"),
            )

    def certificates(self, *, encrypted: bool) -> Iterator[BinarySecurityToken]:
        """Those that the message carries as supporting tokens; `encrypted`: those that must be, else the others."""
        for each in self.plan.brought:
            if each.supporting.encrypted is encrypted:
                keypair = self.keys.endorsing or self.keys.own
                if keypair is None:
                    self.missing("own", each.token)
                    return
                yield BinarySecurityToken(keypair, _kind_of(each.token))

    def who_calls(self, token: Token) -> Iterator[tuple[str, str]]:
        """User and password; neither where one is missing."""
        if not self.keys.username:
            self.missing("username", token)
        elif self.keys.password is None:
            self.missing("password", token)
        else:
            yield self.keys.username, self.keys.password

    def username_key(self, token: Token) -> Iterator[SharedKey]:
        """A key derived from the password: in an answer, that of the request."""
        settings: dict[str, Any] = {
            "derived": self.derived_for(token),
            "signature_size": self.suite.derived_signature_size,
            "implied": token.implied_keys,
        }
        if not self.plan.request:
            yield SharedKey(to=REQUEST, **settings)
            return
        for name, password in self.who_calls(token):
            yield SharedKey(to=PasswordKey(name, password), **settings)

    def assertion(self, token: Token) -> Iterator[Step]:
        step = self.keys.assertion
        if step is None:
            self.missing("assertion", token)
            return
        if isinstance(step.assertion, SamlAssertion) and saml_version(token) not in ("", step.assertion.version):
            self.problems.add(
                f"the policy asks for {token_words(token)}; Keys(assertion=...) is of {step.assertion.version}",
                token.place,
            )
        yield step

    def endorse(self, each: Carries, parts: list[str]) -> Iterator[Step]:
        if each.token.kind in _KEYS_OF:
            for step in self.key_of(each.token):  # which was put before the signature
                yield self.sign_shared(each, parts, step)
            return
        keypair = self.keys.endorsing or self.keys.own
        if keypair is None:
            self.missing("own", each.token)
            return
        parts = [*parts, *signed_parts(each.supporting.protection)]
        reference = self.reference(each.token)
        if (each.supporting.signed or self._protects_tokens) and reference != "key-value":
            parts.append(_CARRIED.get(reference, OWN_CERTIFICATE))
        yield Sign(
            keypair,
            parts=parts,
            algorithm=signature_name(self.suite, keypair.kind),
            digest=self.suite.digest,
            key_reference=reference,
            canonical=self.canonical,
        )

    @property
    def _protects_tokens(self) -> bool:
        return self.plan.binding is not None and self.plan.binding.protect_tokens

    def issued(self, token: Token) -> Iterator[SharedKey]:
        """The key of an issued token, which a request carries."""
        tokens = self.keys.tokens
        assert tokens is not None, "made with the keys of a policy that asks for issued tokens"
        size = self.suite.derived_signature_size
        yield SharedKey(to=tokens, derived=self.derived_for(token), implied=token.implied_keys, signature_size=size)

    def derived_for(self, token: Token) -> Literal["", "2005/12", "2005/02"]:
        plan, binding = self.plan, self.plan.binding
        derives = token.derived_keys or (plan.derives and token in (plan.signature_token, plan.encryption_token))
        return binding.conversation if derives and binding is not None else ""

    def sign_shared(self, each: Carries, parts: list[str], key: SharedKey) -> Sign:
        return Sign(
            key,
            parts=[*parts, *signed_parts(each.supporting.protection)],
            algorithm=signature_name(self.suite, "secret"),
            digest=self.suite.digest,
            canonical=self.canonical,
        )

    def context(self, token: Token) -> Iterator[SharedKey]:
        """The key of a security context: in a request the current one, in an answer that of the request."""
        if self.plan.request and self.keys.contexts is None:
            self.missing("contexts", token)
            return
        contexts = self.keys.contexts
        yield SharedKey(
            to=contexts if self.plan.request and contexts is not None else REQUEST,
            derived=self.derived_for(token),
            implied=token.implied_keys,
            signature_size=self.suite.derived_signature_size,
            carried=token.travels(to_recipient=self.plan.request),
        )

    def protection_key(self) -> Iterator[SharedKey]:
        """The one key of a symmetric binding. Among several of a message, each step says which is its own."""
        plan = self.plan
        if not self.symmetric or not (plan.signed or plan.encrypted):
            return
        for key in self.key_of(plan.encryption_token or plan.signature_token):
            if any(each.token.kind in _KEYS_OF for each in plan.endorsing):
                self.signing_key = self.encrypting_key = key
            yield key

    def key_of(self, token: Token | None) -> Iterator[SharedKey]:
        """The key of a token, as it is brought; none where something is missing for that."""
        if token is not None:
            yield from _KEYS_OF.get(token.kind, _Maker.fresh_key)(self, token)

    def fresh_key(self, token: Token) -> Iterator[SharedKey]:
        """One made for this message and encrypted to its receiver; in an answer, that of the request."""
        yield SharedKey(
            to=self.peer(token) if self.plan.request else REQUEST,
            size=self.suite.key_size,
            key_transport=self.suite.transport,
            oaep_digest="sha1",
            key_wrap=wrap_name(self.suite),
            key_reference=self.receiver(token),
            derived=self.derived_for(token),
            implied=token.implied_keys,
            signature_size=self.suite.derived_signature_size,
        )

    # --- signing and encrypting -----------------------------------------------------------------------------------

    def sign(self) -> Iterator[Step]:
        plan, suite, token = self.plan, self.suite, self.plan.signature_token
        if not plan.signed or token is None:
            return
        if plan.shares_key_to_sign:
            if not self.symmetric:
                yield from (keys := list(self.key_of(token)))
                self.signing_key = keys[0] if keys else SHARED
            algorithm = signature_name(suite, "secret")
            yield Sign(
                self.signing_key,
                parts=plan.signed,
                algorithm=algorithm,
                digest=suite.digest,
                canonical=self.canonical,
            )
            return
        own = self.keys.own
        if own is None:
            self.missing("own", token)
            return
        reference = self.reference(token)
        protected = [_CARRIED.get(reference, OWN_CERTIFICATE)] if self._protects_tokens else []
        yield Sign(
            own,
            parts=list(dict.fromkeys((*plan.signed, *protected))),
            algorithm=signature_name(suite, own.kind),
            digest=suite.digest,
            key_reference=reference,
            canonical=self.canonical,
        )

    def encrypt(self, parts: Sequence[str]) -> Iterator[Step]:
        suite, token = self.suite, self.plan.encryption_token
        if not parts or token is None:
            return
        if self.plan.shares_key_to_encrypt:
            if not self.symmetric and self.encrypting_key is SHARED:  # above the signatures that it hides
                yield from (keys := list(self.key_of(token)))
                self.encrypting_key = keys[0] if keys else SHARED
            yield Encrypt(to=self.encrypting_key, parts=parts, algorithm=suite.cipher)
            return
        yield Encrypt(
            to=self.peer(token),
            parts=parts,
            algorithm=suite.cipher,
            key_transport=suite.transport,
            oaep_digest="sha1" if suite.transport == "rsa-oaep-mgf1p" else "sha256",
            key_reference=self.receiver(token),
            key_wrap=wrap_name(suite),
        )

    def peer(self, token: Token) -> x509.Certificate | KeyPair | Recipient:
        if self.keys.peer is not None:
            return self.keys.peer
        unsigned = self.plan.binding is not None and self.plan.binding.initiator_signature is None
        if self.plan.request or unsigned:
            self.missing("peer", token)
        return SIGNER

    def reference(self, token: Token) -> KeyReference:
        """How a token is referred to: as itself where it travels, else as its assertion, or the Wss assertion, asks."""
        if token.kind == "saml":
            return "assertion" if self.plan.request else "issuer-serial"
        if token.kind == "key-value":
            return "key-value"
        if token.travels(to_recipient=self.plan.request):
            return _kind_of(token)
        for option, reference in _REFERENCES:
            if token.has(option):
                return reference
        for option, reference in _SUPPORTED:
            if option in self.plan.demands.wss:
                return reference
        return "issuer-serial"

    def receiver(self, token: Token) -> KeyReference:
        """How a token is referred to that is encrypted to, which its receiver has."""
        reference = self.reference(token)
        hidden = reference == "direct" and "BinarySecurityToken" in self.plan.encrypted  # all of them: this one too
        return reference if reference in _OF_RECEIVERS and not hidden else "issuer-serial"

    def missing(self, name: str, token: Token) -> None:
        told = Problem(f"the policy asks for {token_words(token)}; give Keys({name}=...)", token.place)
        if told not in self.problems.found:
            self.problems.found.append(told)


# How the key of a token is had that is a secret; a key pair has a fresh one encrypted to it.
_KEYS_OF: dict[TokenKind, Callable[[_Maker, Token], Iterator[SharedKey]]] = {
    **dict.fromkeys(CONTEXT_KINDS, _Maker.context),
    "issued": _Maker.issued,
    "username": _Maker.username_key,
}


def _kind_of(token: Token) -> Literal["direct", "path", "pkcs7"]:
    """What a certificate is carried as (X.509 token profile 1.1, 3.1)."""
    for kind, options in _KINDS:
        if token.has(*options):
            return kind
    return "direct"


def to_signer(steps: Sequence[Step]) -> bool:
    """Whether something is encrypted to whoever signed the request."""
    return any(isinstance(step, Encrypt | SharedKey) and step.to is SIGNER for step in steps)
