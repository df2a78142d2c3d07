"""One message as its policy wants it, before keys: which parts are signed and encrypted, which tokens are in it.

Both sides read the same plan: the sender writes it (outbound.py), the receiver demands it (inbound.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from soapkit.errors import UsageError
from soapkit.policy.demands import Demands, Parts, Protection, SecurityBinding, Supporting, Token, TokenKind, XPath
from soapkit.policy.suites import SUITES, Suite
from soapkit.policy.xpath import content_of, part_of, required_part
from soapkit.security.parts import ATTACHMENT_CONTENTS, WHOLE_ATTACHMENTS

CONTEXT_KINDS: frozenset[TokenKind] = frozenset({"secure-conversation", "security-context"})
"""The tokens that name a security context."""

_PART_OF: dict[TokenKind, str] = {
    "username": "UsernameToken",
    "x509": "BinarySecurityToken",
    "saml": "Assertion",
    "issued": "Assertion",
}
_SECRETS: frozenset[TokenKind] = CONTEXT_KINDS | {"username"}
_NO_SUITE = SUITES["Basic256Sha256"]


@dataclass(frozen=True, slots=True)
class Carries:
    """A supporting token in the message, and what its assertion says of it."""

    token: Token
    supporting: Supporting

    @property
    def part(self) -> str:
        """What settings call the token."""
        return _PART_OF.get(self.token.kind, "")

    @property
    def part_travels(self) -> bool:
        """Whether that is in the message: certificates may only be named."""
        return bool(self.part) and (self.token.kind != "x509" or self.token.travels(to_recipient=True))


@dataclass(frozen=True, slots=True)
class Plan:
    """What a message must look like. `request`: whether it goes from the initiator to the recipient.

    `signed`: the parts under the message's own signature, none where it has no signature; `encrypted`: the parts that
    are encrypted; `required`: those that must be there; `transport`: all of that is left to the transport.
    """

    demands: Demands
    request: bool
    signed: tuple[str, ...]
    encrypted: tuple[str, ...]
    carries: tuple[Carries, ...]
    required: tuple[str, ...] = ()

    @property
    def binding(self) -> SecurityBinding | None:
        """The security binding."""
        return self.demands.binding

    @property
    def message_level(self) -> bool:
        """Whether the message itself is signed and encrypted, and not only its transport protected."""
        return self.binding is not None and self.binding.kind != "transport"

    @property
    def timestamp(self) -> bool:
        """Whether there is a Timestamp."""
        return self.binding is not None and self.binding.timestamp

    @property
    def confirms(self) -> bool:
        """Whether it is an answer that says which signatures the request had."""
        return not self.request and self.message_level and self.demands.signature_confirmation

    @property
    def derives(self) -> bool:
        """Whether each signature and encryption has a key of its own, derived from that of the binding."""
        if not self._symmetric:
            return False
        return any(token is not None and token.derived_keys for token in (self.signature_token, self.encryption_token))

    @property
    def _symmetric(self) -> bool:
        return self.binding is not None and self.binding.kind == "symmetric"

    @property
    def shares_key_to_sign(self) -> bool:
        """Whether the message's own signature is made under a key that both sides have. In an asymmetric binding that
        is the secret of an issued token, or, in an answer, one derived from the key that the request brought. Who has a
        key pair signs a request with that, whatever is derived: .NET and Apache CXF demand it."""
        token = self.signature_token
        by_secret = _is_secret(token) or (token is not None and token.derived_keys and not self.request)
        return bool(self.signed) and (self._symmetric or by_secret)

    @property
    def shares_key_to_encrypt(self) -> bool:
        """The same of what is encrypted. In an asymmetric binding, keys of requests are derived from a fresh one, which
        travels encrypted to the recipient, and those of answers from the same."""
        return bool(self.encrypted) and (
            self._symmetric or _is_secret(self.encryption_token) or self._derives_from_fresh_key
        )

    @property
    def _derives_from_fresh_key(self) -> bool:
        """Of a request, also where answers alone derive from it."""
        token = self.encryption_token
        answers = (self.binding.recipient_signature, self.binding.initiator_encryption) if self.binding else ()
        found = (token, *(answers if self.request else ()))
        return any(each is not None and each.derived_keys for each in found)

    @property
    def suite(self) -> Suite:
        """The algorithm suite; Basic256Sha256 where the policy names none."""
        suite = self.binding.suite if self.binding is not None else None
        own = next((each.supporting.suite for each in self.carries if each.supporting.suite is not None), None)
        return suite or own or _NO_SUITE

    @property
    def signature_token(self) -> Token | None:
        """The token that the message's own signature is made with."""
        binding = self.binding
        if binding is None or binding.kind == "transport":
            return None
        if binding.kind == "symmetric":
            return binding.signature_token
        return binding.initiator_signature if self.request else binding.recipient_signature

    @property
    def encryption_token(self) -> Token | None:
        """The token that the message is encrypted to."""
        binding = self.binding
        if binding is None or binding.kind == "transport":
            return None
        if binding.kind == "symmetric":
            return binding.encryption_token
        return binding.recipient_encryption if self.request else binding.initiator_encryption

    @property
    def usernames(self) -> tuple[Token, ...]:
        """The UsernameTokens it carries."""
        return tuple(each.token for each in self.carries if each.token.kind == "username")

    @property
    def assertions(self) -> tuple[Token, ...]:
        """The SAML assertions it carries: as a supporting token, or as the one whose key the initiator signs with."""
        found = [each.token for each in self.carries if each.token.kind == "saml"]
        signing = self.signature_token if self.request else None
        return (*([signing] if signing is not None and signing.kind == "saml" else []), *found)

    @property
    def by_password(self) -> bool:
        """Whether the key that the message is signed with is derived from the password of a UsernameToken."""
        return self.signature_token is not None and self.signature_token.kind == "username"

    @property
    def signs_as_subject(self) -> bool:
        """Whether the message is signed with the key that its SAML assertion names."""
        signing = self.signature_token if self.request and self.signed else None
        return (signing is not None and signing.kind == "saml") or any(
            each.token.kind == "saml" for each in self.endorsing
        )

    @property
    def certificates(self) -> tuple[Carries, ...]:
        """The certificates that the message brings beside that of its own signature."""
        return tuple(
            each for each in self.carries if each.token.kind == "x509" and each.token.travels(to_recipient=self.request)
        )

    @property
    def brought(self) -> tuple[Carries, ...]:
        """Those that no signature of their own brings, or that the message's signature must find there."""
        return tuple(
            each
            for each in self.certificates
            if not each.supporting.endorsing or (each.supporting.signed and self.message_level)
        )

    @property
    def shown_contexts(self) -> tuple[Carries, ...]:
        """The security contexts whose token the message brings, and under which nothing in it is signed."""
        return tuple(
            each for each in self.carries if each.token.kind in CONTEXT_KINDS and not each.supporting.endorsing
        )

    @property
    def bare_key(self) -> Token | None:
        """The token, if any, of a key without a certificate that the message is signed or endorsed with."""
        tokens = (self.signature_token, *(each.token for each in self.endorsing))
        return next((token for token in tokens if token is not None and token.kind == "key-value"), None)

    @property
    def certified(self) -> bool:
        """Whether a certificate or an assertion signs the message, or its signature."""
        signing = [self.signature_token] if self.signed and not self.shares_key_to_sign else []
        tokens = (*signing, *(each.token for each in self.endorsing))
        return any(token is not None and token.kind in ("x509", "saml") for token in tokens)

    @property
    def endorsing(self) -> tuple[Carries, ...]:
        """The tokens that sign the message's signature, or its Timestamp."""
        return tuple(each for each in self.carries if each.supporting.endorsing)


def _is_secret(token: Token | None) -> bool:
    """Whether the key of a token is a secret, in whatever binding."""
    return token is not None and (token.with_secret or token.kind in _SECRETS)


def context_tokens(demands: Demands) -> tuple[Token, ...]:
    """The tokens that name security contexts, of the binding and beside it."""
    binding = demands.binding.tokens if demands.binding is not None else ()
    tokens = (*binding, *(token for each in demands.supporting for token in each.tokens))
    return tuple(token for token in tokens if token.kind in CONTEXT_KINDS)


def plan_of(demands: Demands, *, request: bool) -> Plan:
    """The plan of a request or a reply."""
    binding = demands.binding
    # Supporting tokens tell of the initiator: WS-SecurityPolicy 1.3, 8.
    carries = tuple(Carries(token, each) for each in demands.supporting for token in each.tokens) if request else ()
    protection = demands.protection
    required = tuple(dict.fromkeys((*protection.required, *_selected(protection.required_elements, required_part))))
    if binding is None or binding.kind == "transport":
        return Plan(demands, request, (), (), carries, required)
    for each in carries:
        if not each.supporting.endorsing:
            protection |= each.supporting.protection
    signed = [*signed_parts(protection)]
    signed += [each.part for each in carries if each.supporting.signed and each.part_travels]
    if binding.timestamp:
        signed.insert(0, "Timestamp")
    encrypted = [*part_names(protection.encrypted), *_selected(protection.encrypted_elements)]
    encrypted += _selected(protection.content_elements, content_of)
    encrypted += [each.part for each in carries if each.supporting.encrypted and each.part_travels]
    if not request and demands.signature_confirmation:
        signed.append("SignatureConfirmation")
    if encrypted and signed and binding.encrypt_signature:
        encrypted.append("Signature")
        if not request and demands.signature_confirmation:
            encrypted.append("SignatureConfirmation")
    return Plan(demands, request, _once(signed), _once(encrypted), carries, required)


def _once(parts: list[str]) -> tuple[str, ...]:
    """Each part once; one that must be there does not also need to be there or not."""
    return tuple(part for part in dict.fromkeys(parts) if not (part.endswith("?") and part[:-1] in parts))


def saml_version(token: Token) -> Literal["2.0", "1.1", ""]:
    """The version of SAML that a token assertion asks for (WS-SecurityPolicy 1.3, 5.4.8); none: either."""
    if token.has("WssSamlV20Token11"):
        return "2.0"
    return "1.1" if token.has(*_SAML_1) else ""


_SAML_1 = ("WssSamlV11Token10", "WssSamlV11Token11", "WssSamlV10Token10", "WssSamlV10Token11")


def signed_parts(protection: Protection) -> Iterator[str]:
    """All that must be signed, as settings name it."""
    yield from part_names(protection.signed)
    yield from _selected(protection.signed_elements)


def part_names(parts: Parts) -> Iterator[str]:
    """Parts as settings name them. A header that is not there need not be signed (4.1.1)."""
    if parts.body or parts.everything:
        yield "Body"
    if parts.everything:
        yield "Headers"
    for name in parts.headers:
        yield f"{name}?"
    if parts.attachments:
        yield ATTACHMENT_CONTENTS if parts.contents_only else WHOLE_ATTACHMENTS


def _selected(paths: Iterable[XPath], read: Callable[[XPath], str] = part_of) -> Iterator[str]:
    """The parts that XPaths select, as `read` makes one of each; those that cannot be read are told by `cannot`."""
    for path in paths:
        with suppress(UsageError):
            yield read(path)
