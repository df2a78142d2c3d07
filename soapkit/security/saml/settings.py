"""SAML assertions as settings: what to say in one, to send one, to demand one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from cryptography import x509
from lxml.etree import _Element

from soapkit.errors import UsageError
from soapkit.security.crypto.given import check_each, check_given
from soapkit.security.crypto.keys import KeyPair
from soapkit.security.issued import IssuedToken
from soapkit.security.saml.names import BY_LABEL, CONFIRMATIONS, Confirmation
from soapkit.security.trust.truststore import TrustStore


@dataclass(frozen=True, slots=True)
class SamlAssertion:
    """What an issuer says of a subject (SAML 2.0 core, 2.3; SAML 1.1 core, 2.3).

    `issuer`, `subject`: names; `subject_format`: the URI of what kind of name that is. `confirmation`: why a receiver
    may take the sender for the subject; `holder`: of holder-of-key, whose key that is. `audience`: the URIs of those
    it is for; `recipient`: of the one address where it may be shown (2.0 only). `attributes`: by name, one text or
    several; in 1.1, a namespace and a name with a slash between, as ``urn:example:bank/role``. `ttl`: seconds it
    lives. `once`: it may be used once. `authentication`: the URI of how the subject showed who it is, which writes an
    authentication statement; `authenticated`: when, by default when the assertion is made.

    Raises `UsageError` for what would be no assertion, such as a holder-of-key without a holder.

    >>> SamlAssertion(issuer="https://sts.example", subject="alice", attributes={"role": ["clerk"]}).version
    '2.0'
    """

    issuer: str
    subject: str
    version: Literal["2.0", "1.1"] = "2.0"
    subject_format: str = ""
    confirmation: Confirmation = "bearer"
    holder: KeyPair | x509.Certificate | None = None
    audience: Sequence[str] = ()
    recipient: str = ""
    attributes: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    ttl: int = 300
    once: bool = False
    authentication: str = ""
    authenticated: datetime | None = None

    def __post_init__(self) -> None:
        if not self.issuer or not self.subject:
            raise UsageError("an assertion names its issuer and its subject")
        if self.version not in BY_LABEL:
            raise UsageError(f"SAML assertions are of version 2.0 or 1.1, not {self.version!r}")
        _check_confirmations([self.confirmation])
        if (self.confirmation == "holder-of-key") != (self.holder is not None):
            raise UsageError("holder= goes with confirmation='holder-of-key': whose key does it name?")
        if isinstance(self.audience, str):
            raise UsageError("audience is a list of URIs, not one string")
        if self.ttl < 1:
            raise UsageError(f"an assertion lives at least a second, found ttl={self.ttl}")
        if self.authenticated is not None and (self.authenticated.tzinfo is None or not self.authentication):
            raise UsageError("authenticated= needs a time zone, and authentication= to say how")
        for values in self.attributes.values():
            check_each(
                "SamlAssertion", "attributes", [values] if isinstance(values, str) else values, str, "texts by name"
            )
        if self.version == "1.1":
            self._check_1_1()

    def _check_1_1(self) -> None:
        if self.recipient:
            raise UsageError("an assertion of SAML 1.1 names no recipient; say audience=")
        for name in self.attributes:
            if not all(name.rpartition("/")[::2]):
                raise UsageError(
                    f"an attribute of SAML 1.1 has a namespace and a name, as urn:example:bank/role; found {name!r}"
                )


Ready: TypeAlias = bytes | _Element | IssuedToken
"""An assertion as its issuer made it."""


@dataclass(frozen=True, slots=True)
class SamlToken:
    """Carry a SAML assertion in the security header (SAML Token Profile 1.1, 3.3).

    `assertion`: one that somebody issued, as bytes, an element or a `soapkit.security.issued.IssuedToken`, which goes
    out as it is; a function that gives one for each message, such as one that asks a token service when the last has
    expired; or a `SamlAssertion` to make anew for each message, `key` being the issuer's, that signs it. Put it before
    the `Sign` step of the message:

    * bearer: the assertion alone, over TLS, or encrypted;
    * sender-vouches: ``Sign(gateway, parts=["Body", "Timestamp", "Assertion"])``, by the one who vouches;
    * holder-of-key: ``Sign(alice, key_reference="assertion")``, with the key that the assertion names; one that a
      token service issued with a secret goes with ``SharedKey(to=issued)`` instead.

    Raises `UsageError` for a `SamlAssertion` without `key` that nobody would believe.
    """

    assertion: Ready | SamlAssertion | Callable[[], Ready] = field(repr=False)
    key: KeyPair | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.assertion, SamlAssertion):
            if self.key is not None:
                raise UsageError("key= signs a SamlAssertion that is made; one that is given is signed already")
            return
        if self.key is None and self.assertion.confirmation != "sender-vouches":
            raise UsageError(f"a {self.assertion.confirmation} assertion is believed by its issuer's signature: key=")


@dataclass(frozen=True, slots=True)
class SamlRequirement:
    """One SAML assertion must come with the message, be valid now and for us, and speak for its sender.

    `trust`: whose signature on an assertion is believed. This is not `Require.trust`, which says whose messages are:
    whoever is in here may speak for anybody. `issuers`: names of issuers, one of which it must be from; none: from any
    that `trust` believes. `audience`: the URIs that mean us: an assertion must be for one of them (and, where it names
    a recipient, that too); without any, an assertion that is for somebody in particular is refused, since it cannot be
    told who. `confirmation`: which ways are enough:

    * ``bearer``: whoever has the assertion is the subject. It must be signed by its issuer;
    * ``holder-of-key``: so too, and what `Require.signed` names (without it, the Body) must be signed with its key;
    * ``sender-vouches``: that, and the assertion itself, must be signed by one that `Require.trust` believes. Such an
      assertion need not be signed by its issuer: the sender is believed whatever it says.

    `once`: each assertion is believed once, as those are that say so themselves, as long as `Require.replay`
    remembers. `version`: the one of SAML it must be of; none: either. `by_tls`: whether the key of holder-of-key may be
    proved by the connection instead of a signature: by the certificate that the caller showed; then all that comes over
    it is the subject's word. `check_address`: whether the address from which an assertion may be shown, where it says
    one, must be the caller's. Both take a service that knows its callers, or ``verify(..., sender=Sender(...))``.

    `token_service`: the address of the token service that issues such assertions. The contract of a service from code
    sends clients there (IssuedToken, WS-SecurityPolicy 1.3, 5.4.2); what is believed is not changed by it. `key_type`:
    what they ask for there: ``bearer`` for no key, ``public`` for their own, ``symmetric`` for a secret; by default
    their own where `confirmation` is ``holder-of-key`` alone.

    Raises `UsageError` for a requirement that nothing could satisfy.
    """

    trust: TrustStore | None = None
    issuers: Sequence[str] = ()
    audience: Sequence[str] = ()
    confirmation: Sequence[Confirmation] = ("bearer", "holder-of-key")
    once: bool = False
    version: Literal["", "2.0", "1.1"] = ""
    by_tls: bool = False
    check_address: bool = False
    token_service: str = ""
    key_type: Literal["", "bearer", "public", "symmetric"] = ""

    def __post_init__(self) -> None:
        check_given("SamlRequirement", trust=(self.trust, (TrustStore, type(None)), "a TrustStore"))
        for name in ("issuers", "audience", "confirmation"):
            if isinstance(getattr(self, name), str):
                raise UsageError(f"{name} is a list of names, not one string")
        if not self.confirmation:
            raise UsageError("confirmation= says which ways are enough: bearer, holder-of-key, sender-vouches")
        _check_confirmations(self.confirmation)
        if self.version and self.version not in BY_LABEL:
            raise UsageError(f"SAML assertions are of version 2.0 or 1.1, not {self.version!r}")
        if self.trust is None and set(self.confirmation) != {"sender-vouches"}:
            raise UsageError("SamlRequirement needs trust=: whose signature on an assertion is believed?")
        if self.by_tls and "holder-of-key" not in self.confirmation:
            raise UsageError("by_tls= is a way to prove the key of holder-of-key, which confirmation= does not name")
        if self.key_type and not self.token_service:
            raise UsageError("key_type= is what a token service is asked for: token_service=")
        if self.key_type not in ("", "bearer", "public", "symmetric"):
            raise UsageError(f"key_type= is bearer, public or symmetric, not {self.key_type!r}")


def _check_confirmations(given: Sequence[str]) -> None:
    for each in given:
        if each not in CONFIRMATIONS:
            raise UsageError(f"there is no confirmation {each!r} (known: {', '.join(CONFIRMATIONS)})")
