"""HeaderRules: how a security header must be built, beside what is signed and encrypted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from soapkit.errors import UsageError
from soapkit.security.crypto.algorithms import CanonicalName

Layout: TypeAlias = Literal["strict", "lax", "lax-timestamp-first", "lax-timestamp-last"]
Canonical: TypeAlias = Literal["any", CanonicalName]
Order: TypeAlias = Literal["any", "sign-first", "encrypt-first"]
SignedWith: TypeAlias = Literal["any", "key-pair", "certificate", "subject", "secret"]
Brought: TypeAlias = Literal["", "present", "signed", "encrypted", "signed-encrypted"]
"""What is demanded of a certificate that a message brings: nothing, that it is there, and how it is protected."""

Endorser: TypeAlias = Literal["certificate", "bare-key", "user", "context", "subject"]
"""Who may endorse: by the key pair of a certificate, or without one, by a password, under a security context, with the
key of the subject of the SAML assertion."""

Inclusion: TypeAlias = Literal["any", "sent", "named"]
"""Whether the certificate that was signed with is in the message, or only named there (WS-SecurityPolicy 1.3, 5.1)."""

Told: TypeAlias = Literal["digest", "nonce", "created"]
"""What a UsernameToken may have to say besides who it is: its password as a digest, a nonce, when it was made."""

_KNOWN: Final = {
    "layout": get_args(Layout),
    "order": get_args(Order),
    "canonical": get_args(Canonical),
    "signed_with": get_args(SignedWith),
    "signing_certificate": get_args(Inclusion),
    "supporting": get_args(Brought),
    "endorsing": get_args(Brought),
}


@dataclass(frozen=True, slots=True)
class Endorsement:
    """For ``HeaderRules(endorsements=(...))``: who must have signed what, besides who signed the message. `parts`: of
    `Sign`; ``Signature`` is the one over all that must be signed. `certificate`: whether one that endorses must be
    in the message.

    Raises `UsageError` for an endorser that there is not, another `certificate`, and without parts.
    """

    by: Endorser
    parts: tuple[str, ...] = ("Signature",)
    certificate: Inclusion = "any"

    def __post_init__(self) -> None:
        if self.by not in get_args(Endorser):
            raise UsageError(f"by= is one of {', '.join(get_args(Endorser))}, found {self.by!r}")
        if self.certificate not in get_args(Inclusion):
            raise UsageError(f"certificate= is one of {', '.join(get_args(Inclusion))}, found {self.certificate!r}")
        if not self.parts:
            raise UsageError("an endorsement without parts would be none")


@dataclass(frozen=True, slots=True)
class HeaderRules:
    """For ``Require(rules=...)``: what the properties of a security binding ask for (WS-SecurityPolicy 1.3, 6).

    `layout`: ``strict`` wants each token before its use, and what is signed in the header before the signature,
    ``lax-timestamp-first`` and ``lax-timestamp-last`` the Timestamp at that end of the header (6.7). `order`: whether
    what must be both signed and encrypted is signed as it was (``sign-first``) or as it came out of encryption
    (``encrypt-first``, 6.3). `whole_parts`: signatures cover the Body, whole header blocks, and what is in the security
    header, and no elements inside of others (6.6). `canonical`: the form that signatures are made over (InclusiveC14N,
    6.1). `tokens_protected`: each signature covers the token it was made with, where the message has that (6.5).
    `signed_with`: whether what must be signed is signed with a key pair (7.5), with that of a certificate, with that of
    the subject of the SAML assertion, or under a shared key (7.4); who endorses that is free to do it otherwise;
    `signing_certificate`: whether the message must have the certificate of that signature, or may only name it (5.1);
    `derived`: whether that is a key derived for it (7.1). `user`: what a UsernameToken must say (5.4.1). `supporting`:
    how a certificate must be protected that the message brings and that need not have signed anything; `endorsing`: the
    same of the one that the endorsing signature was made with (8.1 to 8.8): signed by who signed the message, come
    encrypted. `endorsements`: each by who it says, where ``Require(endorsed=...)`` is content with anybody who is
    known. `context`: a SecurityContextToken must be there, of a context that is known, whether it signs or not: over
    HTTPS whoever can name one has it.

    Raises `UsageError` for a layout, an order, a kind of key or a protection that there is not.
    """

    layout: Layout = "lax"
    order: Order = "any"
    whole_parts: bool = False
    canonical: Canonical = "any"
    tokens_protected: bool = False
    signed_with: SignedWith = "any"
    signing_certificate: Inclusion = "any"
    derived: bool = False
    user: frozenset[Told] = frozenset()
    supporting: Brought = ""
    endorsing: Brought = ""
    endorsements: tuple[Endorsement, ...] = ()
    context: bool = False

    def __post_init__(self) -> None:
        for name, known in _KNOWN.items():
            if getattr(self, name) not in known:
                told = ", ".join(each or "''" for each in known)
                raise UsageError(f"{name}= is one of {told}, found {getattr(self, name)!r}")
        if not self.user <= set(get_args(Told)):
            raise UsageError(f"user= is of {', '.join(get_args(Told))}, found {', '.join(sorted(self.user))}")


NO_RULES = HeaderRules()
