"""What is demanded of a message on the way in, and how much of it is worked on: Require, Limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cryptography import x509

from soapkit.errors import UsageError
from soapkit.security.connection import NO_CONNECTION_RULES, ConnectionRules
from soapkit.security.context.context import Contexts
from soapkit.security.crypto.algorithms import MODERN, AlgorithmPolicy
from soapkit.security.crypto.given import check_each, check_given
from soapkit.security.crypto.keys import KeyPair
from soapkit.security.header_rules import NO_RULES, HeaderRules
from soapkit.security.replay import MemoryReplayStore, ReplayStore
from soapkit.security.saml.settings import SamlRequirement
from soapkit.security.steps import OWN_CERTIFICATE, PasswordOf, check_whole, check_xpaths
from soapkit.security.trust.truststore import TrustStore


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a security header is worked on, since work is done before a sender is known.

    `references` and `transforms`: of a signature; `tokens`: children of the header; `keys`: encrypted keys and lists of
    what they open; `data`: encrypted parts; `iterations`: rounds of hashing for all keys that are derived from
    passwords, and `least_iterations` for each of them.
    """

    references: int = 30
    transforms: int = 5
    signatures: int = 10
    tokens: int = 50
    keys: int = 10
    data: int = 50
    iterations: int = 100_000
    least_iterations: int = 1_000


@dataclass(frozen=True, slots=True)
class Require:
    """What a message must satisfy to be believed.

    `signed`, `encrypted`: parts, named as in `Sign`; each must be there, and each element of that name must be covered.
    All parts in `signed` must be signed by one and the same signer. `present`: parts that must be there, whoever wrote
    them. `endorsed`: what a second signature, by somebody
    known, must cover: ``Signature``, the one over all that is in `signed`, and other parts; where the first was made
    with a shared key, that is the signer of the message. `trust`: whose signatures are believed.
    `key`: what to decrypt with; `secrets`: by their names, keys under which those of messages are wrapped, or data is
    encrypted (`SecretKey`). `username`: passwords to check a UsernameToken against, which must then be there.
    `saml`: the SAML assertion that must be there, and whose is believed (`SamlRequirement`).
    `contexts`: security contexts that were agreed on before; a MAC under one of them counts as a signature, of the one
    it was agreed on with, and what is encrypted under them is decrypted.
    `shared_key`: whether a MAC under a key that came encrypted to us counts as a signature: the message is whole then,
    but anyone may have sent it. `max_age` and `skew` in seconds. `algorithms`: what is accepted
    (`soapkit.security.profile`). `certificates`: where a signer's certificate is looked up that a message only names,
    besides those in `trust`; one alone is also that of a signature which names none. `unsigned_faults`: whether a SOAP
    fault without any security is handed on, marked unverified, instead of being refused: most stacks do not sign
    faults. `confirmed`: whether an answer must confirm, signed, signatures that we sent, each once. `password_keys`:
    whether a MAC under a key that is derived from the password of a user, who is looked up in `username`, counts as a
    signature of that user; in an answer, one under such a key that we sent. `replay`: None believes a message as often
    as it comes. `rules`: how the security header must be built besides. `connection`: what the connection must show of
    who sends.
    """

    signed: Sequence[str] = ()
    encrypted: Sequence[str] = ()
    trust: TrustStore | None = None
    key: KeyPair | Sequence[KeyPair] = ()
    username: PasswordOf | None = field(default=None, repr=False)
    saml: SamlRequirement | None = None
    max_age: int = 300
    skew: int = 60
    algorithms: AlgorithmPolicy = MODERN
    certificates: Sequence[x509.Certificate] = ()
    unsigned_faults: bool = True
    shared_key: bool = False
    contexts: Contexts | None = None
    endorsed: Sequence[str] = ()
    confirmed: bool = False
    password_keys: bool = False
    secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False, hash=False)
    present: Sequence[str] = ()
    replay: ReplayStore | None = field(default_factory=MemoryReplayStore)
    rules: HeaderRules = NO_RULES
    connection: ConnectionRules = NO_CONNECTION_RULES
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        self._check_kinds()
        if OWN_CERTIFICATE in self.signed:
            raise UsageError(
                f"{OWN_CERTIFICATE} is for Sign; Require asks for a BinarySecurityToken, and looks whom it believes"
            )
        if self.max_age < 1 or self.skew < 0:
            raise UsageError(f"max_age is a second at least, skew not negative; found {self.max_age} and {self.skew}")
        check_xpaths([*self.signed, *self.encrypted, *self.present])
        check_whole([*self.signed, *self.present])
        if self.signed and not self.believes_somebody:
            raise UsageError("Require(signed=...) needs trust=: whose signatures are believed?")
        if self.endorsed and not self.signed:
            raise UsageError("endorsed= is a list of parts, beside signed=: what is endorsed is a signature")
        if self.saml is not None and set(self.saml.confirmation) == {"sender-vouches"} and self.trust is None:
            raise UsageError("an assertion that its sender vouches for needs trust=: who may vouch?")
        opens = self.keys or self.secrets or self.shared_key or self.password_keys
        if self.encrypted and not opens and self.contexts is None:
            raise UsageError("Require(encrypted=...) needs key=: what to decrypt with?")

    def _check_kinds(self) -> None:
        none = type(None)
        check_given(
            "Require",
            trust=(self.trust, (TrustStore, none), "a TrustStore (TrustStore.load, TrustStore.of)"),
            saml=(self.saml, (SamlRequirement, none), "a SamlRequirement"),
            max_age=(self.max_age, int, "a whole number of seconds"),
            skew=(self.skew, int, "a whole number of seconds"),
            algorithms=(self.algorithms, AlgorithmPolicy, 'a policy, such as profile("modern")'),
            contexts=(self.contexts, (Contexts, none), "Contexts"),
            secrets=(self.secrets, Mapping, "a mapping from names to bytes"),
            rules=(self.rules, HeaderRules, "HeaderRules"),
            connection=(self.connection, ConnectionRules, "ConnectionRules"),
            limits=(self.limits, Limits, "Limits"),
        )
        for name in ("signed", "encrypted", "present", "endorsed"):
            check_each("Require", name, getattr(self, name), str, "names of parts")
        if not isinstance(self.key, KeyPair):
            check_each("Require", "key", self.key, KeyPair, "KeyPair, or one")
        check_each("Require", "certificates", self.certificates, x509.Certificate, "certificates")
        check_each("Require", "secrets", [*self.secrets.values()], bytes, "bytes by names")
        if not (self.username is None or isinstance(self.username, Mapping) or callable(self.username)):
            raise UsageError(
                "Require(username=...) is a mapping from users to passwords, or a function that gives one's"
            )
        if not (self.replay is None or callable(getattr(self.replay, "claim", None))):
            raise UsageError("Require(replay=...) is a store: MemoryReplayStore(), SqliteReplayStore(path), ...")

    @property
    def believes_somebody(self) -> bool:
        """Whether there is anything that a signature could be believed by."""
        by_subject = self.saml is not None and "holder-of-key" in self.saml.confirmation
        shared = self.shared_key or self.password_keys or self.contexts is not None
        return self.trust is not None or shared or by_subject

    @property
    def asks_sender(self) -> bool:
        """Whether what is believed depends on what the connection says of who sends."""
        asked = self.saml is not None and (self.saml.by_tls or self.saml.check_address)
        return asked or bool(self.connection.shown)

    @property
    def waits(self) -> bool:
        """Whether what it takes to believe a message may be outside of this process: a store that others share,
        somebody who is asked about revoked certificates."""
        trusts = (self.trust, self.saml.trust if self.saml is not None else None)
        return (
            not isinstance(self.replay, MemoryReplayStore | None)
            or (self.contexts is not None and self.contexts.store is not None)
            or any(trust is not None and trust.responders is not None for trust in trusts)
        )

    @property
    def keys(self) -> tuple[KeyPair, ...]:
        """The key pairs to decrypt with."""
        return (self.key,) if isinstance(self.key, KeyPair) else tuple(self.key)
