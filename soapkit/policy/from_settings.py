"""Settings of a service -> what a policy can say of them. Undoes outbound.py and inbound.py.

Settings say what is done and demanded; which binding that is, a policy has to name:

    transport    over HTTPS, what neither encrypts nor signs answers
    symmetric    one secret: that a client brings, a security context, a password
    asymmetric   certificates on both sides
    none         tokens alone

What a policy cannot say is left out here, and found by whoever holds the policy against the settings (published.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from soapkit.policy.demands import (
    SHOWN,
    Demands,
    Include,
    Parts,
    Protection,
    SecurityBinding,
    Supporting,
    Token,
)
from soapkit.policy.expression import Parameter, said
from soapkit.policy.security_write import template_element
from soapkit.policy.suites import Suite
from soapkit.policy.xpath import path_of
from soapkit.security.connection import Shown
from soapkit.security.crypto.algorithms import CANONICAL_NAMES, CanonicalName
from soapkit.security.header_rules import Layout
from soapkit.security.parts import (
    ALL_HEADERS,
    ATTACHMENT_PARTS,
    STEPS,
    WHOLE_ATTACHMENTS,
    is_content,
    plain_name,
)
from soapkit.security.require import Require
from soapkit.security.saml.names import BY_LABEL
from soapkit.security.saml.settings import SamlRequirement
from soapkit.security.steps import (
    OWN_CERTIFICATE,
    Encrypt,
    KeyReference,
    SharedKey,
    Sign,
    SignatureConfirmation,
    Step,
    Timestamp,
)
from soapkit.ws.trust import KeyType

_CERTIFICATE: Final = "BinarySecurityToken"
_TOKENS: Final = frozenset({*STEPS, OWN_CERTIFICATE})
_V3: Final = "WssX509V3Token10"
# How our answers name the certificate that signed them, as the token assertion says it.
_REFERENCES: Final[dict[KeyReference, tuple[Include, frozenset[str]]]] = {
    "direct": ("always-to-initiator", frozenset({_V3})),
    "path": ("always-to-initiator", frozenset({"WssX509PkiPathV1Token11"})),
    "pkcs7": ("always-to-initiator", frozenset({"WssX509Pkcs7Token11"})),
    "issuer-serial": ("never", frozenset({_V3, "RequireIssuerSerialReference"})),
    "ski": ("never", frozenset({_V3, "RequireKeyIdentifierReference"})),
    "thumbprint": ("never", frozenset({_V3, "RequireThumbprintReference"})),
    "embedded": ("never", frozenset({_V3, "RequireEmbeddedTokenReference"})),
    "key-name": ("never", frozenset({_V3})),
}
_BARE: Final = Token("key-value", "always", frozenset({"RsaKeyValue"}))
_CLIENT: Final = Token("x509", "always-to-recipient", frozenset({_V3}))
_NAMES: Final = frozenset(
    {
        "MustSupportRefKeyIdentifier",
        "MustSupportRefIssuerSerial",
        "MustSupportRefThumbprint",
        "MustSupportRefEncryptedKey",
    }
)
_SAML: Final = {"": "WssSamlV20Token11", "2.0": "WssSamlV20Token11", "1.1": "WssSamlV11Token11"}


@dataclass(frozen=True, slots=True)
class Side:
    """What a service demands of one kind of request, and how it secures the answers to it; `steps` None: there are
    none."""

    require: Require
    steps: Sequence[Step] | None


@dataclass(frozen=True, slots=True)
class Service:
    """The settings of a service, for all its operations. `https`: whether clients reach it by that; `bootstrap`: what
    secures requests for security contexts, where they are agreed on."""

    sides: Sequence[Side]
    https: bool = False
    bootstrap: Demands | None = None

    def demands(self, suite: Suite) -> Demands:
        """What holds for all messages, under this algorithm suite."""
        return Demands(
            self._binding(suite),
            tuple(self._supporting()),
            wss=self._wss,
            trust=frozenset({"RequireClientEntropy", "RequireServerEntropy"} if self.bootstrap else ()),
        )

    # --- what is there --------------------------------------------------------------------------------------------

    @property
    def _requires(self) -> list[Require]:
        return [side.require for side in self.sides]

    @property
    def steps(self) -> list[Step]:
        """The steps of all answers."""
        return [step for side in self.sides for step in side.steps or ()]

    @property
    def signs(self) -> list[Sign]:
        """Those that sign answers."""
        return [step for step in self.steps if isinstance(step, Sign)]

    @property
    def encrypts(self) -> list[Encrypt]:
        """Those that encrypt answers."""
        return [step for step in self.steps if isinstance(step, Encrypt)]

    @property
    def _signed(self) -> set[str]:
        return {plain_name(part) for require in self._requires for part in require.signed}

    @property
    def _encrypted(self) -> set[str]:
        return {plain_name(part) for require in self._requires for part in require.encrypted}

    @property
    def _shown(self) -> set[Shown]:
        return {shown for require in self._requires for shown in require.connection.shown}

    @property
    def is_secured(self) -> bool:
        """Whether anything is demanded of requests, or done to answers."""
        demanded = any(require.username is not None or require.saml is not None for require in self._requires)
        present = any(require.present for require in self._requires)
        return bool(demanded or present or self._shown or self._signed or self._encrypted or self.steps)

    @property
    def message_level(self) -> bool:
        """Whether messages themselves are signed and encrypted, and not only what carries them protected."""
        beside = bool(self._signed) and not self.https
        return bool(self._encrypted or self.signs or self.encrypts or beside)

    @property
    def _shared(self) -> SharedKey | None:
        return next((step for step in self.steps if isinstance(step, SharedKey)), None)

    @property
    def _by_context(self) -> bool:
        return self.bootstrap is not None or any(require.contexts is not None for require in self._requires)

    @property
    def _by_password(self) -> bool:
        """Whether messages are signed under a key of a password, and by nobody else."""
        return any(require.password_keys and require.trust is None for require in self._requires)

    @property
    def _symmetric(self) -> bool:
        by_shared = any(require.shared_key for require in self._requires) or self._shared is not None
        return by_shared or self._by_context or self._by_password

    @property
    def _by_subject(self) -> bool:
        """Whether a SAML assertion names the key that requests are signed with, in place of a certificate."""
        return any(
            require.saml is not None and tuple(require.saml.confirmation) == ("holder-of-key",)
            for require in self._requires
        )

    @property
    def _believes_certificates(self) -> bool:
        return any(require.trust is not None for require in self._requires)

    @property
    def _client(self) -> Token:
        """What a client signs with: a certificate, or the key alone, where no certificate would be believed."""
        stores = [require.trust for require in self._requires if require.trust is not None]
        bare = bool(stores) and all(store.keys and not store.certificates for store in stores)
        return _BARE if bare and all(require.algorithms.key_values for require in self._requires) else _CLIENT

    # --- the binding ----------------------------------------------------------------------------------------------

    def _binding(self, suite: Suite) -> SecurityBinding | None:
        stamped = any(isinstance(step, Timestamp) for step in self.steps)
        asked = "Timestamp" in self._signed or any(
            "Timestamp" in require.present or require.rules.layout.startswith("lax-timestamp")
            for require in self._requires
        )
        if not self.message_level:
            if not self.https:
                return None
            options = (option for option, shown in SHOWN.items() if shown in self._shown)
            https = Token("https", options=frozenset(options))
            return SecurityBinding("transport", suite, transport_token=https, timestamp=stamped or asked)
        hidden = "Signature" in self._encrypted or any("Signature" in step.parts for step in self.encrypts)
        return replace(
            self._symmetric_binding(suite) if self._symmetric else self._asymmetric_binding(suite),
            layout=self._layout,
            canonical=self._canonical,
            timestamp=stamped or asked,
            encrypt_first=self._encrypts_first,
            encrypt_signature=hidden,
            protect_tokens=self._protects_tokens,
            whole_parts_only=any(require.rules.whole_parts for require in self._requires),
        )

    @property
    def _layout(self) -> Layout:
        """As requests must be laid out, or else answers are."""
        demanded = [require.rules.layout for require in self._requires if require.rules.layout != "lax"]
        last = any(isinstance(step, Timestamp) and step.last for step in self.steps)
        return demanded[0] if demanded else "lax-timestamp-last" if last else "lax"

    @property
    def _canonical(self) -> CanonicalName:
        """As requests must be signed, or else answers are."""
        forms = {require.rules.canonical for require in self._requires} - {"any"} or {
            each.canonical for each in self.signs
        }
        return next((form for form in CANONICAL_NAMES if form in forms), "exclusive")

    @property
    def _encrypts_first(self) -> bool:
        """As requests must do it, or else answers do."""
        demanded = [require.rules.order for require in self._requires if require.rules.order != "any"]
        if demanded:
            return demanded[0] == "encrypt-first"
        kinds = [type(step) for side in self.sides for step in side.steps or () if isinstance(step, Sign | Encrypt)]
        return Sign in kinds and kinds[:1] == [Encrypt]

    @property
    def _protects_tokens(self) -> bool:
        if any(require.rules.tokens_protected for require in self._requires):
            return True
        ours = any(part in (_CERTIFICATE, OWN_CERTIFICATE) for step in self.signs for part in step.parts)
        return ours and _CERTIFICATE in self._signed

    def _symmetric_binding(self, suite: Suite) -> SecurityBinding:
        token = self._protection_token()
        version = self._shared.derived if self._shared is not None else ""
        return SecurityBinding(
            "symmetric", suite, signature_token=token, encryption_token=token, conversation=version or "2005/12"
        )

    def _protection_token(self) -> Token:
        options = self._derivation
        if self._protected_by_secret:
            return self._assertion("always-to-recipient")
        if self.bootstrap is not None:
            return Token("secure-conversation", "always-to-recipient", options, bootstrap=self.bootstrap)
        if self._by_context:
            return Token("security-context", "always-to-recipient", options)
        if self._by_password:
            return Token("username", "always-to-recipient", options)
        return Token("x509", "never", options | {_V3})

    @property
    def _derivation(self) -> frozenset[str]:
        shared = self._shared
        if shared is None or not shared.derived:
            return frozenset()
        return frozenset({"RequireImpliedDerivedKeys" if shared.implied else "RequireDerivedKeys"})

    def _asymmetric_binding(self, suite: Suite) -> SecurityBinding:
        by_assertion = self._by_subject and not self._believes_certificates
        initiator = self._assertion("always-to-recipient") if by_assertion else self._client
        reference: KeyReference = self.signs[0].key_reference if self.signs else "issuer-serial"
        include, options = _REFERENCES.get(reference, _REFERENCES["issuer-serial"])
        recipient = Token("x509", include, options) if reference != "key-value" else _BARE
        return SecurityBinding(
            "asymmetric",
            suite,
            initiator_signature=initiator,
            initiator_encryption=initiator,
            recipient_signature=recipient,
            recipient_encryption=recipient,
        )

    @property
    def _wss(self) -> frozenset[str]:
        confirmed = any(isinstance(step, SignatureConfirmation) for step in self.steps)
        return (_NAMES if self.message_level else frozenset()) | (
            {"RequireSignatureConfirmation"} if confirmed else frozenset()
        )

    # --- what travels beside --------------------------------------------------------------------------------------

    def _supporting(self) -> Iterator[Supporting]:
        if any(require.username is not None for require in self._requires) and not self._by_password:
            yield from self._usernames()
        if any(require.saml is not None for require in self._requires):
            yield from self._assertions()
        if self.message_level:
            yield from self._endorsements()
        elif self._signed and not self._by_subject:
            yield self._endorsed_by(self._signer_over_https, protection_of(self._signed - {"Timestamp"}))
        if self.message_level and _CERTIFICATE in self._signed and not self._protects_tokens and not self._symmetric:
            yield Supporting((self._client,), signed=True)

    def _usernames(self) -> Iterator[Supporting]:
        hidden = "UsernameToken" in self._encrypted
        if any(require.password_keys for require in self._requires) and any(r.endorsed for r in self._requires):
            yield self._endorsed_by(Token("username", "always-to-recipient"), self._beside_signature)
            return
        # a password that others could read is not asked for
        options = frozenset({"WssUsernameToken10"} | ({"HashPassword"} if not (hidden or self.https) else set()))
        token = Token("username", "always-to-recipient", options)
        signed = "UsernameToken" in self._signed or (self.https and not self.message_level)
        yield Supporting((token,), signed=signed, encrypted=hidden)

    def _assertions(self) -> Iterator[Supporting]:
        if self._protected_by_secret:
            return
        if self._by_subject:
            if not self.message_level or self._believes_certificates or self._symmetric:
                yield self._endorsed_by(self._assertion("always-to-recipient"), Protection())
            return
        signed = "Assertion" in self._signed or (self.https and not self.message_level)
        token = self._assertion("always-to-recipient")
        yield Supporting((token,), signed=signed, encrypted="Assertion" in self._encrypted)

    def _assertion(self, include: Include) -> Token:
        saml = self._saml
        version = saml.version if saml is not None else ""
        if saml is None or not saml.token_service:
            return Token("saml", include, frozenset({_SAML[version]}))
        template = template_element(BY_LABEL[version or "2.0"].token_type, self._key_type)
        return Token(
            "issued",
            include,
            frozenset({"RequireInternalReference"}) | (self._derivation if self._protected_by_secret else frozenset()),
            issuer=saml.token_service,
            template=Parameter(template, said(template)),
        )

    @property
    def _saml(self) -> SamlRequirement | None:
        return next((require.saml for require in self._requires if require.saml is not None), None)

    @property
    def _key_type(self) -> KeyType:
        """What key a token service is asked for."""
        own = self._saml.key_type if self._saml is not None else ""
        return own or ("public" if self._by_subject else "bearer")

    @property
    def _protected_by_secret(self) -> bool:
        """Whether messages are protected by the secret of an assertion, and by nothing else."""
        secret = self._by_subject and self._key_type == "symmetric"
        return secret and self._symmetric and not self._believes_certificates

    def _endorsements(self) -> Iterator[Supporting]:
        endorsed = any(require.endorsed for require in self._requires)
        by_user = any(require.password_keys for require in self._requires) and not self._by_password
        if endorsed and not by_user and not (self._by_subject and not self._believes_certificates):
            yield self._endorsed_by(self._client, self._beside_signature)

    @property
    def _beside_signature(self) -> Protection:
        return protection_of({part for require in self._requires for part in require.endorsed} - {"Signature"})

    @property
    def _signer_over_https(self) -> Token:
        if self._by_context and not self._believes_certificates:
            return self._protection_token()
        return Token("username", "always-to-recipient") if self._by_password else self._client

    def _endorsed_by(self, token: Token, protection: Protection) -> Supporting:
        return Supporting((token,), endorsing=True, protection=protection)


# --- parts --------------------------------------------------------------------------------------------------------


def request_protection(require: Require) -> Protection:
    """Which parts of a request a policy says are signed, encrypted and there."""
    signed, encrypted = protection_of(require.signed), protection_of(encrypted=require.encrypted)
    needed = (*require.present, *require.signed, *require.encrypted)
    return signed | encrypted | _required(part for part in needed if not part.endswith("?"))


def reply_protection(steps: Sequence[Step]) -> Protection:
    """Which parts of an answer a policy says are signed and encrypted."""
    signed = (part for step in steps if isinstance(step, Sign) and "Signature" not in step.parts for part in step.parts)
    encrypted = (part for step in steps if isinstance(step, Encrypt) for part in step.parts)
    return protection_of(signed, encrypted)


def protection_of(signed: Iterable[str] = (), encrypted: Iterable[str] = ()) -> Protection:
    """What settings name as parts, as a policy names them; tokens are none, nor is what is known by an id."""
    signed, encrypted = [[plain_name(part) for part in parts] for parts in (signed, encrypted)]
    paths = [part for part in encrypted if part.startswith("/")]
    return Protection(
        signed=_parts(signed),
        encrypted=_parts(encrypted),
        signed_elements=tuple(path_of(part) for part in signed if part.startswith("/")),
        encrypted_elements=tuple(path_of(part) for part in paths if not is_content(part)),
        content_elements=tuple(path_of(part) for part in paths if is_content(part)),
    )


def _parts(names: Sequence[str]) -> Parts:
    attached = ATTACHMENT_PARTS.intersection(names)
    everything = ALL_HEADERS in names and "Body" in names
    return Parts(
        body="Body" in names,
        headers=tuple(name for name in names if name.startswith("{")),
        attachments=bool(attached),
        everything=everything,
        contents_only=bool(attached) and WHOLE_ATTACHMENTS not in attached,
    )


def _required(names: Iterable[str]) -> Protection:
    given = tuple(dict.fromkeys(names))
    return Protection(
        required=tuple(name for name in given if name.startswith("{") and not name.endswith("}*")),
        required_elements=tuple(path_of(name) for name in given if name.startswith("/")),
    )


def known_blocks(parts: Iterable[str], blocks: Mapping[str, str]) -> tuple[str, ...]:
    """Parts with header blocks by Clark name where settings name them by local name; `blocks`: those that are known."""
    return tuple(_known_block(part, blocks) for part in parts)


def _known_block(part: str, blocks: Mapping[str, str]) -> str:
    name = plain_name(part)
    return part.replace(name, blocks[name]) if name in blocks and name not in (*_TOKENS, "Body") else part
