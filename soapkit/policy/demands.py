"""What one alternative of a policy demands of security, as values: bindings, tokens, parts.

Source: WS-SecurityPolicy 1.3, sections 4 to 9; versions 1.1 and 1.2 say less of the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from soapkit.errors import NOWHERE, Place
from soapkit.policy.expression import Assertion, Parameter
from soapkit.policy.suites import Suite
from soapkit.security.connection import Shown
from soapkit.security.crypto.algorithms import CanonicalName
from soapkit.security.header_rules import Inclusion, Layout
from soapkit.wsdl.addressing import Version as AddressingLabel

Include: TypeAlias = Literal["never", "once", "always-to-recipient", "always-to-initiator", "always"]
"""Whether the token itself travels with a message, or is only referred to (5.1.1)."""

TokenKind: TypeAlias = Literal[
    "username",
    "x509",
    "saml",
    "issued",
    "secure-conversation",
    "security-context",
    "spnego",
    "kerberos",
    "key-value",
    "https",
    "rel",
]

SHOWN: Final[dict[str, Shown]] = {
    "RequireClientCertificate": "certificate",
    "HttpBasicAuthentication": "basic",
    "HttpDigestAuthentication": "digest",
}
"""What an HttpsToken may ask the connection to show (5.4.10)."""

WITH_SECRET: Final = "with a secret"  # noqa: S105 -- a name, and none
"""An option of our own: of an assertion whose subject has a key that it shares with who receives it."""
BEARER: Final = "bearer"
"""An option of our own: of an assertion that whoever holds it may use."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token assertion (section 5). `options`: the local names inside it, such as ``RequireThumbprintReference``;
    `issuer`: address or name of who issues it; `template`: the RequestSecurityTokenTemplate of an issued token;
    `claims`: the dialect of claims asked for; `bootstrap`: what secures the request for a security context."""

    kind: TokenKind
    include: Include = "always"
    options: frozenset[str] = frozenset()
    issuer: str = ""
    template: Parameter | None = None
    claims: str = ""
    bootstrap: Demands | None = None
    place: Place = field(default=NOWHERE, compare=False)

    def has(self, *options: str) -> bool:
        """Whether one of these stands inside."""
        return not self.options.isdisjoint(options)

    @property
    def derived_keys(self) -> bool:
        """Whether keys are derived from it in the message."""
        return self.has("RequireDerivedKeys", "RequireExplicitDerivedKeys") or self.implied_keys

    @property
    def implied_keys(self) -> bool:
        """Whether they are told by the references to them."""
        return self.has("RequireImpliedDerivedKeys")

    @property
    def with_secret(self) -> bool:
        """Whether it is issued with a key that the initiator shares with the recipient."""
        return self.kind == "issued" or self.has(WITH_SECRET)

    @property
    def bearer(self) -> bool:
        """Whether it is issued without a key."""
        return self.has(BEARER)

    def included(self, *, to_recipient: bool) -> Inclusion:
        """Whether a message of that direction must have the token (5.1.1). ``Once`` is for the first of several, which
        no message tells that it is."""
        if self.include == "once" and to_recipient:
            return "any"
        return "sent" if self.travels(to_recipient=to_recipient) else "named"

    def travels(self, *, to_recipient: bool) -> bool:
        """Whether the token stands in a message of that direction."""
        if self.include in ("always", "once"):
            return to_recipient or self.include == "always"
        return self.include == ("always-to-recipient" if to_recipient else "always-to-initiator")


@dataclass(frozen=True, slots=True)
class XPath:
    """An element by XPath, from the Envelope (4.1.2). `namespaces`: of the prefixes in it."""

    expression: str
    namespaces: tuple[tuple[str, str], ...] = ()
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Parts:
    """Parts of a message (4.1.1). `headers`: Clark names, ``{namespace}*`` for all of a namespace; `contents_only`: of
    the attachments, without the header fields that say what they are; `everything`: no part was named, which means the
    Body and all headers."""

    body: bool = False
    headers: tuple[str, ...] = ()
    attachments: bool = False
    everything: bool = False
    contents_only: bool = False

    def __bool__(self) -> bool:
        return self.body or bool(self.headers) or self.attachments or self.everything

    def __or__(self, other: Parts) -> Parts:
        return Parts(
            self.body or other.body,
            tuple(dict.fromkeys((*self.headers, *other.headers))),
            self.attachments or other.attachments,
            self.everything or other.everything,
            self._contents_at_most and other._contents_at_most and (self.contents_only or other.contents_only),
        )

    @property
    def _contents_at_most(self) -> bool:
        return self.contents_only or not self.attachments


@dataclass(frozen=True, slots=True)
class Protection:
    """What must be signed, encrypted and there: the assertions of section 4, each as all that say it add up.

    `place`: of the first of them.
    """

    signed: Parts = field(default_factory=Parts)
    encrypted: Parts = field(default_factory=Parts)
    signed_elements: tuple[XPath, ...] = ()
    encrypted_elements: tuple[XPath, ...] = ()
    content_elements: tuple[XPath, ...] = ()
    required: tuple[str, ...] = ()
    required_elements: tuple[XPath, ...] = ()
    place: Place = field(default=NOWHERE, compare=False)

    def __or__(self, other: Protection) -> Protection:
        return Protection(
            self.signed | other.signed,
            self.encrypted | other.encrypted,
            _joined(self.signed_elements, other.signed_elements),
            _joined(self.encrypted_elements, other.encrypted_elements),
            _joined(self.content_elements, other.content_elements),
            tuple(dict.fromkeys((*self.required, *other.required))),
            _joined(self.required_elements, other.required_elements),
            self.place if self.place != NOWHERE else other.place,
        )

    @property
    def signs(self) -> bool:
        """Whether anything must be signed."""
        return bool(self.signed) or bool(self.signed_elements)

    @property
    def encrypts(self) -> bool:
        """Whether anything must be encrypted."""
        return bool(self.encrypted) or bool(self.encrypted_elements) or bool(self.content_elements)


def _joined(one: tuple[XPath, ...], other: tuple[XPath, ...]) -> tuple[XPath, ...]:
    return tuple(dict.fromkeys((*one, *other)))


@dataclass(frozen=True, slots=True)
class Supporting:
    """Supporting tokens (section 8): what more travels, and what it does. `signed`, `encrypted`: the token itself;
    `endorsing`: it signs the message's signature (or, without one, the Timestamp). `protection`: what it signs or
    encrypts besides."""

    tokens: tuple[Token, ...]
    signed: bool = False
    endorsing: bool = False
    encrypted: bool = False
    protection: Protection = field(default_factory=Protection)
    suite: Suite | None = None
    place: Place = field(default=NOWHERE, compare=False)


BindingKind: TypeAlias = Literal["transport", "symmetric", "asymmetric"]


@dataclass(frozen=True, slots=True)
class SecurityBinding:
    """A security binding (section 7).

    Of an asymmetric one, `initiator_*` are the client's tokens and `recipient_*` the server's; of a symmetric one,
    `signature_token` and `encryption_token` are the same where it has a protection token; of a transport binding,
    `transport_token` is that of HTTPS. `conversation`: the version of WS-SecureConversation that goes with it.
    `any_inclusion`: set by who reads it: whether its tokens are there or only named is not looked at.
    """

    kind: BindingKind
    suite: Suite | None = None
    transport_token: Token | None = None
    signature_token: Token | None = None
    encryption_token: Token | None = None
    initiator_signature: Token | None = None
    initiator_encryption: Token | None = None
    recipient_signature: Token | None = None
    recipient_encryption: Token | None = None
    layout: Layout = "lax"
    timestamp: bool = False
    encrypt_first: bool = False
    encrypt_signature: bool = False
    protect_tokens: bool = False
    whole_parts_only: bool = False
    canonical: CanonicalName = "exclusive"
    str_transform: bool = False
    conversation: Literal["2005/12", "2005/02"] = "2005/12"
    any_inclusion: bool = False
    place: Place = field(default=NOWHERE, compare=False)

    @property
    def tokens(self) -> tuple[Token, ...]:
        """All tokens it names, each once."""
        named = (
            self.transport_token,
            self.signature_token,
            self.encryption_token,
            self.initiator_signature,
            self.initiator_encryption,
            self.recipient_signature,
            self.recipient_encryption,
        )
        return tuple(dict.fromkeys(token for token in named if token is not None))


@dataclass(frozen=True, slots=True)
class Demands:
    """What one alternative demands of one message. `wss`, `trust`: the options inside Wss10, Wss11, Trust10, Trust13;
    `addressing`: the version of WS-Addressing whose headers are demanded, if any; `logins`: schemes of HTTP logins that
    are demanded by assertions beside the binding; `others`: assertions that are not of
    security, and not understood here."""

    binding: SecurityBinding | None = None
    supporting: tuple[Supporting, ...] = ()
    protection: Protection = field(default_factory=Protection)
    wss: frozenset[str] = frozenset()
    trust: frozenset[str] = frozenset()
    trust_version: Literal["", "2005/02", "1.3"] = ""
    addressing: AddressingLabel = ""
    mtom: bool = False
    logins: frozenset[Shown] = frozenset()
    others: tuple[Assertion, ...] = ()

    @property
    def shows(self) -> frozenset[Shown]:
        """What the connection must show of the initiator (5.4.10)."""
        token = self.binding.transport_token if self.binding is not None else None
        options = token.options if token is not None else frozenset()
        return self.logins | {shown for option, shown in SHOWN.items() if option in options}

    @property
    def anything(self) -> bool:
        """Whether anything of security is demanded."""
        return self.binding is not None or bool(self.supporting) or self.protection != Protection()

    @property
    def signature_confirmation(self) -> bool:
        """Whether a reply must confirm the signatures of its request (Wss11, 9.2)."""
        return "RequireSignatureConfirmation" in self.wss
