"""What is done to a message on the way out, step by step: Timestamp, UsernameToken, Sign, Encrypt and the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, TypeAlias, get_args

from cryptography import x509

from soapkit.errors import EncodeError, UsageError
from soapkit.security.context.context import Contexts, SecurityContext
from soapkit.security.crypto.algorithms import (
    KEY_DERIVATIONS,
    WRAPS,
    CanonicalName,
    KeyDerivation,
    WrapAlgorithm,
    canonical_uri,
    cipher_named,
    digest_uri,
    signature_named,
    transport_with,
    wrap_named,
)
from soapkit.security.crypto.given import check_each, check_given
from soapkit.security.crypto.keys import KeyPair
from soapkit.security.issued import IssuedToken, IssuedTokens
from soapkit.security.parts import is_content, xpath_of
from soapkit.security.saml.settings import SamlToken
from soapkit.xml.serialise import check_characters

KeyReference: TypeAlias = Literal[
    "direct", "path", "pkcs7", "issuer-serial", "ski", "thumbprint", "embedded", "key-name", "key-value", "assertion"
]
"""How a message names a certificate: ``direct`` carries it as a BinarySecurityToken, ``path`` with the chain of its key
pair as well (for a receiver who knows the authority alone), ``pkcs7`` so too, as PKCS#7,
``embedded`` within the reference itself; ``key-value`` carries the public key alone, for a receiver who has it in his
trust store; ``assertion`` leads to the SAML assertion that names the key of its subject, which a `SamlToken` step
before brought; the others name one that the receiver has (X.509 token profile 1.1, section 3; SAML Token
Profile 1.1, 3.4)."""

KEY_REFERENCES = get_args(KeyReference)
_FOR_SIGNATURES = ("path", "pkcs7", "key-value", "assertion")
TOKEN_KINDS = ("direct", "path", "pkcs7")
"""The key references that carry a token."""

OWN_CERTIFICATE = "STRTransform"
"""The part that is the certificate of a signature itself, signed through its reference, in the message or not."""

PasswordOf: TypeAlias = Mapping[str, str] | Callable[[str], str | None]
"""Passwords by user name: a mapping, or a function that returns None for an unknown user."""


class Recipient(Enum):
    """Whom to encrypt to, or which key to use, when it is known only per message."""

    SIGNER = "the one who signed the request"
    REQUEST = "the key that the request brought"
    SHARED = "the key that SharedKey brought"


SIGNER = Recipient.SIGNER
"""``Encrypt(to=SIGNER)``: a server's reply is encrypted to the certificate that signed the request."""
REQUEST = Recipient.REQUEST
"""``SharedKey(to=REQUEST)``: a server's reply uses the key that the request brought."""
SHARED = Recipient.SHARED
"""``Sign(SHARED)``, ``Encrypt(to=SHARED)``: under the key of the `SharedKey` step before."""


@dataclass(frozen=True, slots=True)
class Timestamp:
    """Say when the message was made and that it is void `ttl` seconds later (WSS SOAP Message Security 1.1, 10).

    `last`: whether it stands at the end of the security header instead of on top (the layout LaxTsLast of
    WS-SecurityPolicy 1.3, 6.7).
    """

    ttl: int = 300
    last: bool = False

    def __post_init__(self) -> None:
        check_given("Timestamp", ttl=(self.ttl, int, "a whole number of seconds"))
        if self.ttl < 1:
            raise UsageError(f"a Timestamp lives at least a second, found ttl={self.ttl}")


@dataclass(frozen=True, slots=True)
class UsernameToken:
    """Say who calls, with a password as text, as a digest, or with none (UsernameToken profile 1.1, section 3).

    A digest always carries nonce and creation time; `nonce` and `created` add them to a token with text too.
    """

    username: str
    password: str | None = field(default=None, repr=False)
    digest: bool = False
    nonce: bool = False
    created: bool = False

    def __post_init__(self) -> None:
        check_given(
            "UsernameToken",
            username=(self.username, str, "the name of a user"),
            password=(self.password, (str, type(None)), "a text"),
        )
        if not self.username:
            raise UsageError("a UsernameToken names a user")
        if self.digest and self.password is None:
            raise UsageError("a UsernameToken with a digest needs the password")
        written = {"username": self.username, "password": "" if self.digest else self.password or ""}
        for name, text in written.items():
            try:
                check_characters(text)
            except EncodeError:
                raise UsageError(f"UsernameToken({name}=...) holds what XML cannot carry") from None


@dataclass(frozen=True, slots=True)
class PasswordKey:
    """A key derived from a user's password, for ``SharedKey(to=PasswordKey(...))`` (UsernameToken profile 1.1, 4).

    The message says who calls, with a salt and the number of `iterations`, and no password: who signs under the key
    knows it. The key has 20 bytes, too few for AES-192 and AES-256 unless keys are derived from it
    (``SharedKey(derived=...)``).

    >>> PasswordKey("alice", "correct horse battery staple")
    PasswordKey(username='alice', iterations=10000)
    """

    username: str
    password: str = field(repr=False)
    iterations: int = 10_000

    def __post_init__(self) -> None:
        check_given(
            "PasswordKey",
            username=(self.username, str, "the name of a user"),
            password=(self.password, str, "a text"),
            iterations=(self.iterations, int, "a whole number"),
        )
        if not self.username or not self.password:
            raise UsageError("a PasswordKey is of a user and a password")
        if not 1_000 <= self.iterations <= 1_000_000:
            raise UsageError(f"a password makes a key in 1,000 to 1,000,000 iterations, found {self.iterations}")


@dataclass(frozen=True, slots=True)
class BinarySecurityToken:
    """Carry the certificate of a key pair, for others to read, or for steps after it: `Sign` with the same key pair and
    `kind` as its reference leads to this one instead of bringing another (X.509 token profile 1.1, 3.3).

    `kind`: ``direct`` for the certificate alone, ``path`` and ``pkcs7`` with its chain.
    """

    keypair: KeyPair
    kind: Literal["direct", "path", "pkcs7"] = "direct"

    def __post_init__(self) -> None:
        check_given("BinarySecurityToken", keypair=(self.keypair, KeyPair, _A_KEY_PAIR))
        if self.kind not in TOKEN_KINDS:
            raise UsageError(f"a BinarySecurityToken is of {', '.join(TOKEN_KINDS)}, not {self.kind!r}")


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A secret that both sides know by a name, for ``Encrypt(to=SecretKey(...))`` and ``SharedKey(to=SecretKey(...))``:
    the key of a message is wrapped under it (XML Encryption 1.1, 5.7). 16, 24 or 32 bytes.

    >>> SecretKey("2026", bytes(32))
    SecretKey(name='2026')
    """

    name: str
    value: bytes = field(repr=False)

    def __post_init__(self) -> None:
        check_given("SecretKey", name=(self.name, str, "a text"), value=(self.value, bytes, "bytes"))
        if not self.name or len(self.value) not in (16, 24, 32):
            raise UsageError("a SecretKey has a name, and 16, 24 or 32 bytes")

    @property
    def wrap(self) -> WrapAlgorithm:
        """The algorithm that keys are wrapped with under it: AES of its size."""
        return next(row for row in WRAPS.values() if row.mode == "aes" and row.key_size == len(self.value))


_RECEIVERS = (x509.Certificate, KeyPair, Recipient, SecretKey)
_A_KEY_PAIR = "a KeyPair (KeyPair.load reads one)"
_A_CERTIFICATE = "a certificate (load_certificate reads one), a KeyPair, a SecretKey, SIGNER"


@dataclass(frozen=True, slots=True)
class Sign:
    """Sign parts of the message with a key pair.

    `parts`: ``Body``, ``Timestamp``, ``UsernameToken``, ``BinarySecurityToken`` (the token of this signature itself and
    those that steps before it brought), ``STRTransform`` (its certificate, also one that the message only names: WSS
    SOAP Message Security 1.1, 8.3), ``Assertion`` (the SAML assertion of the step before), a header block by its Clark
    name or local name (``{urn:x}*`` for all of a namespace), ``Headers`` for all, an XPath from the root with Clark
    names (``//{urn:shop}price``), or ``#id``; ``Attachments``, all that travel beside the message, with the header
    fields that say what each is, or ``AttachmentContents`` (SwA Profile 1.1, 5.3); with a question mark after it, a
    part that need not be there (``{urn:x}To?``). `algorithm`: a short name or URI of `security.crypto.algorithms`, by
    default RSA-SHA256, ECDSA-SHA256, EdDSA or HMAC-SHA256 as the key demands. `keypair`: `SHARED` for the key of a
    `SharedKey` step before. `canonical`: the form that is signed: ``exclusive``, which the Basic Security Profile asks
    for, ``inclusive`` (1.0) or ``inclusive11``; these cover all prefixes in scope, so that nobody on the way may
    declare one more.
    """

    keypair: KeyPair | Recipient | SharedKey
    parts: Sequence[str] = ("Body", "Timestamp")
    algorithm: str = ""
    digest: str = "sha256"
    key_reference: KeyReference = "direct"
    canonical: CanonicalName = "exclusive"

    def __post_init__(self) -> None:
        canonical_uri(self.canonical)
        check_given("Sign", keypair=(self.keypair, (KeyPair, Recipient, SharedKey), f"{_A_KEY_PAIR}, or SHARED"))
        _check_parts("Sign", self.parts)
        check_whole(self.parts)
        if isinstance(self.keypair, Recipient) and self.keypair is not Recipient.SHARED:
            raise UsageError("one signs with a KeyPair, or with SHARED after a SharedKey step")
        _check_reference(self.key_reference)
        digest_uri(self.digest)
        if self.algorithm:
            signature_named(self.algorithm)


@dataclass(frozen=True, slots=True)
class Encrypt:
    """Encrypt parts of the message to a certificate: content of the Body, header blocks and tokens whole.

    `parts`: as for `Sign`; ``Signature`` too, and what is in elements, by an XPath that ends in ``/node()``
    (``//{urn:shop}card/node()``). `to`: a certificate, a `KeyPair`'s, or `SIGNER`; a `SecretKey`; or
    `SHARED`, the key of a `SharedKey` step before. `key_transport`, `oaep_digest` and `oaep_mgf` are how the fresh key
    travels to an RSA certificate: by default in the spelling that old and new stacks read alike, which masks with SHA-1
    (harmless in OAEP), while ``rsa-oaep`` takes `oaep_mgf`. To a certificate of an elliptic curve (P-256, P-384, P-521,
    X25519, X448) it travels wrapped by `key_wrap` (by default ``kw-aes256``) under a key that is agreed on by ECDH-ES
    and made by `key_derivation` (``concat-kdf``, ``hkdf``). Under `SHARED`, `key_wrap` has a fresh key wrapped under
    the shared one; without it the data itself is encrypted under that. `data_reference`: how the encrypted data names
    that key: ``token`` as WS-Security does, ``retrieval`` as plain XML Encryption does, which
    ``xmlsec1`` can follow.
    """

    to: x509.Certificate | KeyPair | Recipient | SharedKey | SecretKey
    parts: Sequence[str] = ("Body",)
    algorithm: str = "aes256-gcm"
    key_transport: str = "rsa-oaep-mgf1p"
    oaep_digest: str = "sha256"
    oaep_mgf: str = "sha256"
    key_reference: KeyReference = "issuer-serial"
    data_reference: Literal["token", "retrieval"] = "token"
    key_wrap: str = ""
    key_derivation: KeyDerivation = "concat-kdf"

    def __post_init__(self) -> None:
        check_given("Encrypt", to=(self.to, (*_RECEIVERS, SharedKey), f"{_A_CERTIFICATE}, or SHARED"))
        _check_parts("Encrypt", self.parts)
        _check_reference(self.key_reference)
        if self.key_reference in _FOR_SIGNATURES:
            raise UsageError(f"{self.key_reference} is for those who verify; name whom one encrypts to in another way")
        cipher_named(self.algorithm)
        transport = transport_with(self.key_transport, self.oaep_digest, self.oaep_mgf).algorithm
        _check_wrap(self.key_wrap, self.key_derivation)
        if transport.fixed_mgf and self.oaep_mgf not in (transport.fixed_mgf, "sha256"):
            raise UsageError(f"{transport.name} always masks with {transport.fixed_mgf}; use rsa-oaep for another hash")


@dataclass(frozen=True, slots=True)
class SharedKey:
    """Bring a key of `size` bytes, encrypted to `to`, for ``Sign(SHARED)`` and ``Encrypt(to=SHARED)`` after it.

    `to`: a certificate, a `KeyPair`'s, `SIGNER`, or `REQUEST` to answer under the key that the request brought; or a
    `SecurityContext`, or the current one of some `Contexts`: then the key is the one agreed on, and the message has a
    SecurityContextToken for it, or, unless `carried`, only its name; or an `IssuedToken`, or the current one of some
    `IssuedTokens`: then the message carries that, and the key is the one that it was issued with; or a `PasswordKey`:
    then the message has a UsernameToken for it, and, unless keys are `derived`, another for each step that encrypts.
    or a `SecretKey`. How a fresh key travels is set as in `Encrypt`.
    `derived`: the version of WS-SecureConversation in which each step uses a key of its own, derived from this one
    (``2005/12`` or ``2005/02``; none: the key itself), told by a DerivedKeyToken, or, if `implied`, by the references
    to it, which few stacks read; `signature_size`: bytes of one that signs.
    """

    to: (
        x509.Certificate
        | KeyPair
        | Recipient
        | SecurityContext
        | Contexts
        | IssuedToken
        | IssuedTokens
        | PasswordKey
        | SecretKey
    )
    size: int = 32
    key_transport: str = "rsa-oaep-mgf1p"
    oaep_digest: str = "sha256"
    oaep_mgf: str = "sha256"
    key_reference: KeyReference = "issuer-serial"
    derived: Literal["", "2005/12", "2005/02"] = ""
    signature_size: int = 24
    carried: bool = True
    implied: bool = False
    key_wrap: str = ""
    key_derivation: KeyDerivation = "concat-kdf"

    def __post_init__(self) -> None:
        agreed = (SecurityContext, Contexts, IssuedToken, IssuedTokens, PasswordKey)
        check_given(
            "SharedKey",
            to=(self.to, (*_RECEIVERS, *agreed), f"{_A_CERTIFICATE}, or what both sides know"),
            size=(self.size, int, "a whole number of bytes"),
            signature_size=(self.signature_size, int, "a whole number of bytes"),
        )
        _check_reference(self.key_reference)
        _check_wrap(self.key_wrap, self.key_derivation)
        transport_with(self.key_transport, self.oaep_digest, self.oaep_mgf)
        if self.derived not in ("", "2005/12", "2005/02") or not 16 <= self.signature_size <= 64:
            raise UsageError("derived keys are of 2005/12 or 2005/02; one that signs has 16 to 64 bytes")
        if self.to is Recipient.SHARED or not 16 <= self.size <= 64:
            raise UsageError("a SharedKey is of 16 to 64 bytes, to a certificate, SIGNER or REQUEST")


@dataclass(frozen=True, slots=True)
class SignatureConfirmation:
    """In a service's answer: say which signatures the request had (WSS SOAP Message Security 1.1, 8.5).

    Put it before the `Sign` step, and its name among the parts of that. The client demands it with
    ``Require(confirmed=True)``.
    """


@dataclass(frozen=True, slots=True)
class Present:
    """Send no message without these parts, named as in `Sign` (WS-SecurityPolicy 1.3, 4.3). The receiver demands them
    with ``Require(present=...)``."""

    parts: Sequence[str]

    def __post_init__(self) -> None:
        _check_parts("Present", self.parts)
        check_whole(self.parts)


Step: TypeAlias = (
    Timestamp
    | UsernameToken
    | BinarySecurityToken
    | SamlToken
    | SignatureConfirmation
    | Present
    | SharedKey
    | Sign
    | Encrypt
)


def _check_parts(step: str, parts: Sequence[str]) -> None:
    if parts is not None:
        check_each(step, "parts", parts, str, "names of parts")
    if not parts:
        raise UsageError(f"{step} without parts would cover nothing")
    check_xpaths(parts)


def check_whole(parts: Sequence[str]) -> None:
    """Raise `UsageError` for a part that no signature covers."""
    for part in parts:
        if is_content(part):
            raise UsageError(f"{part} is what is in elements, for Encrypt alone; a signature covers elements")


def _check_wrap(key_wrap: str, derivation: str) -> None:
    if key_wrap:
        wrap_named(key_wrap)
    if derivation not in KEY_DERIVATIONS.values():
        raise UsageError(f"keys are derived by concat-kdf or hkdf, not {derivation}")


def check_xpaths(parts: Sequence[str]) -> None:
    """Raise `UsageError` for a part that is an XPath, and wrong."""
    for part in parts:
        if part.startswith("/"):
            xpath_of(part)


def _check_reference(reference: str) -> None:
    if reference not in KEY_REFERENCES:
        raise UsageError(f"there is no key reference {reference!r} (known: {', '.join(KEY_REFERENCES)})")
