"""A plan and keys -> what such a message must satisfy to be believed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, Literal

from soapkit.errors import NOWHERE, Place, Problem, Problems
from soapkit.policy.algorithms import algorithms_for
from soapkit.policy.demands import Token, TokenKind
from soapkit.policy.keys import Keys
from soapkit.policy.plan import CONTEXT_KINDS, Plan, context_tokens, saml_version, signed_parts
from soapkit.policy.words import token_words
from soapkit.security.connection import ConnectionRules, Scheme
from soapkit.security.context.context import Contexts
from soapkit.security.crypto.certificates import public_key_of
from soapkit.security.crypto.keys import KeyPair
from soapkit.security.header_rules import (
    Brought,
    Endorsement,
    Endorser,
    HeaderRules,
    Inclusion,
    Order,
    SignedWith,
    Told,
)
from soapkit.security.parts import ATTACHMENT_CONTENTS, WHOLE_ATTACHMENTS
from soapkit.security.require import Require
from soapkit.security.saml.settings import SamlRequirement
from soapkit.security.trust.truststore import TrustStore

_CERTIFICATE = "BinarySecurityToken"
_ENDORSERS: dict[TokenKind, Endorser] = {
    "x509": "certificate",
    "key-value": "bare-key",
    "username": "user",
    "saml": "subject",
    **dict.fromkeys(CONTEXT_KINDS, "context"),
}
_SIGNERS: dict[TokenKind, SignedWith] = {"x509": "certificate", "saml": "subject"}
_LOGINS: Final[tuple[Scheme, ...]] = ("basic", "digest")
_USER: dict[str, Told] = {"HashPassword": "digest", "Nonce": "nonce", "Created": "created"}
_PROTECTED: dict[tuple[bool, bool], Brought] = {
    (False, False): "present",
    (True, False): "signed",
    (False, True): "encrypted",
    (True, True): "signed-encrypted",
}


def inbound(plan: Plan, keys: Keys, problems: Problems) -> Require:
    """What the receiver of such a message demands; what is missing among the keys goes to `problems`."""
    reader = _Reader(plan, keys, problems)
    return reader.require()


class _Reader:
    def __init__(self, plan: Plan, keys: Keys, problems: Problems) -> None:
        self.plan = plan
        self.keys = keys
        self.problems = problems

    def require(self) -> Require:
        plan, keys = self.plan, self.keys
        signed = list(plan.signed)
        if not plan.message_level and plan.endorsing:
            signed = ["Timestamp"] if plan.timestamp else []
            if len({each.token.kind for each in plan.endorsing}) == 1:  # of several, each signs parts of his own
                signed += [name for each in plan.endorsing for name in signed_parts(each.supporting.protection)]
        under_context = self.under_context
        by_password = self.by_password
        of_both = under_context or by_password  # the secret is known to two sides, and nobody else signs
        saml = self.saml()
        # what another key of ours opens, or of theirs signed, is not what the policy asks for
        others = any(each.token.kind in ("x509", "key-value") for each in plan.endorsing)
        believed = saml is not None and plan.signs_as_subject
        trust = None if of_both and not others else self.trust(signed, believed=believed)
        # a key that anybody could have made proves nothing where the subject of an assertion has one
        by_subject = plan.signature_token is not None and plan.signature_token.kind == "saml" and plan.request
        with_secret = any(token.with_secret for token in plan.assertions)  # it comes encrypted to us
        symmetric = plan.binding is not None and plan.binding.kind == "symmetric" and not of_both and not by_subject
        # the assertion does not say which of the two ways an attachment is encrypted in
        encrypted = [ATTACHMENT_CONTENTS if part == WHOLE_ATTACHMENTS else part for part in plan.encrypted]
        # the certificate of the signature itself is no supporting one, and looks the same: the rules tell them apart
        signed, encrypted = ([part for part in each if part != _CERTIFICATE] for each in (signed, encrypted))
        ours = not plan.request and plan.shares_key_to_encrypt  # an answer is under the key that we sent
        if encrypted and keys.own is None and not of_both and not ours:
            self.missing("own", "what was encrypted to us is decrypted with")
            encrypted = []
        if plan.by_password and plan.request and not plan.signed and plan.binding is not None:
            unsigned = (
                "a UsernameToken protects messages, and none is signed with its key: whose they are, nothing says"
            )
            self.problems.add(unsigned, plan.binding.place)
        usernames = self.usernames
        password_keys = by_password or any(each.token.kind == "username" for each in plan.endorsing)
        told = password_keys or not all(token.has("NoPassword") for token in usernames)
        passwords = keys.passwords if usernames and told else None
        if usernames and passwords is None and told:
            self.missing("passwords", "its UsernameToken is checked against")
        return Require(
            signed=signed if trust is not None or of_both or saml is not None else (),
            encrypted=encrypted,
            trust=trust,
            key=keys.own if keys.own is not None and (not of_both or with_secret) else (),
            username=passwords,
            saml=saml,
            algorithms=algorithms_for(plan.suite, bare_keys=plan.bare_key is not None),
            certificates=keys.certificates,
            # an answer is under the key that we sent; without a key pair, nobody could bring us another
            shared_key=(symmetric and (plan.request or keys.own is None)) or (ours and keys.own is None),
            contexts=(keys.contexts or Contexts()) if under_context or context_tokens(plan.demands) else None,
            endorsed=self.endorsed(),
            confirmed=plan.confirms,
            password_keys=password_keys,
            present=self.present,
            rules=self.rules,
            connection=self.connection(),
            replay=keys.replay,
        )

    @property
    def present(self) -> tuple[str, ...]:
        """What must be there; the Timestamp too, where no signature is held to it."""
        stamped = self.plan.timestamp and not self.plan.message_level
        return (*(("Timestamp",) if stamped else ()), *self.plan.required)

    def connection(self) -> ConnectionRules:
        """What the connection must show of who asks."""
        shows = self.plan.demands.shows if self.plan.request else frozenset()
        login: Scheme | Literal[""] = next((scheme for scheme in _LOGINS if scheme in shows), "")
        logins = self.keys.logins
        if login and logins is None:
            told = (
                f"the policy asks for HTTP logins ({login.capitalize()}); give Keys(logins=...) to check them against"
            )
            self.problems.add(told, self.token_place)
        elif login == "digest" and logins != "host":
            told = (
                "soapkit checks no Digest logins of HTTP: where the web server before it does, give Keys(logins='host')"
            )
            self.problems.add(told, self.token_place)
        passwords = logins if login == "basic" and logins != "host" else None
        return ConnectionRules("certificate" in shows, login, passwords)

    @property
    def token_place(self) -> Place:
        """Where the policy says what protects its messages."""
        binding = self.plan.binding
        if binding is None:
            return NOWHERE
        return binding.transport_token.place if binding.transport_token is not None else binding.place

    @property
    def rules(self) -> HeaderRules:
        """How the security header must be built."""
        binding = self.plan.binding
        shown = any(self._has_contexts(each.token) for each in self.plan.shown_contexts)
        if binding is None:
            return HeaderRules(user=self._user_says, context=shown)
        order: Order = "encrypt-first" if binding.encrypt_first else "sign-first"
        return HeaderRules(
            binding.layout,
            order if self.plan.message_level else "any",
            whole_parts=binding.whole_parts_only,
            canonical=binding.canonical if binding.canonical != "exclusive" else "any",
            tokens_protected=binding.protect_tokens,
            signed_with=self._signed_with,
            signing_certificate=self._signing_certificate,
            derived=self.plan.derives and bool(self.plan.signed),
            user=self._user_says,
            supporting=self._brought(endorsing=False),
            endorsing=self._brought(endorsing=True) if self.endorsed() else "",
            endorsements=tuple(self._endorsements()),
            context=shown,
        )

    @property
    def _signed_with(self) -> SignedWith:
        """The kind of key of the message's own signature."""
        if not self.plan.signed or self.plan.signature_token is None:
            return "any"
        if not self.plan.shares_key_to_sign:  # whoever else is believed endorses, and signs nothing in its place
            return _SIGNERS.get(self.plan.signature_token.kind, "key-pair")
        # who has the key pair that an answer's keys are derived for may as well sign with it, as .NET does
        return "any" if self._has_pair else "secret"

    @property
    def _signing_certificate(self) -> Inclusion:
        """Whether the certificate of the message's own signature must be there."""
        plan = self.plan
        if plan.signature_token is None or plan.signature_token.kind != "x509" or self._signed_with != "certificate":
            return "any"
        return self._included(plan.signature_token)

    def _included(self, token: Token) -> Inclusion:
        binding = self.plan.binding
        if binding is not None and binding.any_inclusion:
            return "any"
        return token.included(to_recipient=self.plan.request)

    @property
    def _has_pair(self) -> bool:
        token = self.plan.signature_token
        return (
            self.plan.binding is not None
            and self.plan.binding.kind == "asymmetric"
            and token is not None
            and (token.kind == "x509")
        )

    @property
    def _user_says(self) -> frozenset[Told]:
        """What each UsernameToken must say that shows a password: all that any assertion asks for."""
        tokens = [each.token for each in self.plan.carries if each.token.kind == "username"]
        return frozenset(told for option, told in _USER.items() if any(token.has(option) for token in tokens))

    def _brought(self, *, endorsing: bool) -> Brought:
        """How the certificates that the message brings must be protected; over HTTPS, by that. That they are there is
        seen to with each who endorses."""
        found = [each.supporting for each in self.plan.certificates if each.supporting.endorsing is endorsing]
        inside = found if self.plan.message_level else []
        signed, encrypted = any(each.signed for each in inside), any(each.encrypted for each in inside)
        return "" if not found or (endorsing and not (signed or encrypted)) else _PROTECTED[signed, encrypted]

    @property
    def usernames(self) -> tuple[Token, ...]:
        """The UsernameTokens that a request has, that of the binding too."""
        binding = [self.plan.signature_token] if self.plan.request and self.plan.by_password else []
        return (*(token for token in binding if token is not None), *self.plan.usernames)

    @property
    def by_password(self) -> bool:
        """Whether the message is signed, or endorsed, under a key that is derived from a password."""
        if self.plan.signature_token is not None:
            return self.plan.by_password
        endorsing = [each.token for each in self.plan.endorsing]
        return bool(endorsing) and all(each.kind == "username" for each in endorsing)

    def endorsed(self) -> list[str]:
        """What endorsing tokens must have signed."""
        plan = self.plan
        if not plan.endorsing or not plan.message_level or not plan.signed:
            return []
        parts = (name for each in plan.endorsing for name in signed_parts(each.supporting.protection))
        return list(dict.fromkeys(("Signature", *parts)))

    def _endorsements(self) -> Iterator[Endorsement]:
        """Who must have endorsed what, each kind of token by itself."""
        plan = self.plan
        first = ("Signature",) if plan.message_level else ("Timestamp",) if plan.timestamp else ()
        if plan.message_level and not plan.signed:
            return
        parts = dict[Endorser, dict[str, None]]()
        included = dict[Endorser, set[Inclusion]]()
        for each in plan.endorsing:
            if each.token.kind in _ENDORSERS:
                by = _ENDORSERS[each.token.kind]
                own = parts.setdefault(by, dict.fromkeys(first))
                own.update(dict.fromkeys(signed_parts(each.supporting.protection)))
                kept = self._included(each.token) if by == "certificate" else "any"
                included.setdefault(by, set()).add(kept)
        for by, own in parts.items():
            if own:
                first_kept, *others = included[by]
                yield Endorsement(by, tuple(own), "any" if others else first_kept)

    @property
    def under_context(self) -> bool:
        """Whether the message is signed, or endorsed, under a security context, or answers under the key of an issued
        token: that is who signs all that is."""
        token = self.plan.signature_token
        if token is not None and token.kind == "issued":
            return True
        if token is not None:
            return token.kind in CONTEXT_KINDS and self._has_contexts(token)
        endorsing = [each.token for each in self.plan.endorsing]
        return bool(endorsing) and all(each.kind in CONTEXT_KINDS and self._has_contexts(each) for each in endorsing)

    def _has_contexts(self, token: Token) -> bool:
        if self.keys.contexts is None:
            told = Problem(f"the policy asks for {token_words(token)}; give Keys(contexts=...)", token.place)
            if told not in self.problems.found:
                self.problems.found.append(told)
        return True

    def saml(self) -> SamlRequirement | None:
        """What is demanded of an assertion: where it signs, that its subject holds the key."""
        if not self.plan.assertions:
            return None
        if self.keys.saml is None:
            self.missing("saml", "its SAML assertion is believed by")
            return None
        demanded = replace(self.keys.saml, version=saml_version(self.plan.assertions[0]))
        return replace(demanded, confirmation=("holder-of-key",)) if self.plan.signs_as_subject else demanded

    def trust(self, signed: list[str], *, believed: bool) -> TrustStore | None:
        """`believed`: whether signatures are, without a trust of their own."""
        trust, bare = self.keys.trust, self.plan.bare_key
        if not signed or (believed and trust is None):
            return trust
        if trust is None and self.keys.peer is not None:
            peer = self.keys.peer
            certificate = peer.certificate if isinstance(peer, KeyPair) else peer
            trust = TrustStore.of(certificate, *([public_key_of(certificate)] if bare is not None else []))
        if trust is None:
            self.missing("trust", "its signatures are believed by")
        elif bare is not None and not trust.keys:
            self.problems.found.append(
                Problem(
                    f"the policy asks for {token_words(bare)}: whose is believed? give"
                    " Keys(trust=TrustStore.load(..., keys=[...])) with the public keys",
                    bare.place,
                )
            )
        return trust

    def missing(self, name: str, what: str) -> None:
        token = self.plan.signature_token or next(iter((*self.plan.usernames, *self.plan.assertions)), None)
        place = token.place if token is not None else (self.plan.binding.place if self.plan.binding else None)
        said = f" ({token_words(token)})" if token is not None else ""
        message = f"the policy{said} asks for what {what}; give Keys({name}=...)"
        self.problems.found.append(Problem(message, place) if place is not None else Problem(message))
