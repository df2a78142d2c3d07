"""Algorithm URIs, the profiles they come in, what is allowed and why.

Each table maps a URI to what it means; an `AlgorithmPolicy` is a frozen choice among them. `MODERN` is the default on
the way in. The looser profiles carry the names of WS-SecurityPolicy 1.3, section 6.1, and are chosen by name only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, TypeAlias, TypeVar

from soapkit.errors import SecurityError, UsageError
from soapkit.xml.c14n import EXCLUSIVE, INCLUSIVE, INCLUSIVE_11
from soapkit.xml.names import DS, DSIG11, DSIG_MORE_2021, XENC, XENC11, did_you_mean

_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_MORE_2007 = "http://www.w3.org/2007/05/xmldsig-more#"
_MORE_2021 = DSIG_MORE_2021

KeyKind: TypeAlias = Literal["rsa", "rsa-pss", "dsa", "ec", "ed25519", "ed448", "x25519", "x448", "secret"]
KeyDerivation: TypeAlias = Literal["concat-kdf", "hkdf"]
CanonicalName: TypeAlias = Literal["exclusive", "inclusive", "inclusive11"]


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """`key`: the only kind of key it may be used with, so that a public key is never taken for a shared secret. `salt`:
    of RSA-PSS, in bytes, None for as many as the hash has."""

    name: str
    uri: str
    key: KeyKind
    hash: str = ""
    salt: int | None = None

    def fits(self, kind: KeyKind) -> bool:
        """Whether keys of that kind are for this algorithm: those of RSA are for both of its forms."""
        return self.key == kind or (self.key == "rsa-pss" and kind == "rsa")


@dataclass(frozen=True, slots=True)
class CipherAlgorithm:
    """A cipher for data. `key_size` in bytes."""

    name: str
    uri: str
    key_size: int
    mode: Literal["gcm", "cbc", "3des-cbc"]


@dataclass(frozen=True, slots=True)
class TransportAlgorithm:
    """A way to encrypt a key to a certificate. `fixed_mgf`: the hash of MGF1 where the URI itself says it."""

    name: str
    uri: str
    padding: Literal["oaep", "pkcs1"]
    fixed_mgf: str = ""


@dataclass(frozen=True, slots=True)
class KeyTransport:
    """One use of a `TransportAlgorithm`, with its parameters (XML Encryption 1.1, 5.5.2). `label`: OAEPparams."""

    algorithm: TransportAlgorithm
    digest: str = "sha1"
    mgf: str = "sha1"
    label: bytes = b""


@dataclass(frozen=True, slots=True)
class WrapAlgorithm:
    """A way to encrypt a key under another that is secret. `key_size` in bytes, of the one that wraps."""

    name: str
    uri: str
    key_size: int
    mode: Literal["aes", "3des"] = "aes"


@dataclass(frozen=True, slots=True)
class AgreementAlgorithm:
    """A way to agree on a key with the owner of a certificate; `key`: the kind that both sides have."""

    name: str
    uri: str
    key: KeyKind


SIGNATURES = {
    row.uri: row
    for row in (
        SignatureAlgorithm("rsa-sha1", f"{DS}rsa-sha1", "rsa", "sha1"),
        SignatureAlgorithm("rsa-sha224", f"{_MORE}rsa-sha224", "rsa", "sha224"),
        SignatureAlgorithm("rsa-sha256", f"{_MORE}rsa-sha256", "rsa", "sha256"),
        SignatureAlgorithm("rsa-sha384", f"{_MORE}rsa-sha384", "rsa", "sha384"),
        SignatureAlgorithm("rsa-sha512", f"{_MORE}rsa-sha512", "rsa", "sha512"),
        SignatureAlgorithm("rsa-pss-sha1", f"{_MORE_2007}sha1-rsa-MGF1", "rsa-pss", "sha1"),
        SignatureAlgorithm("rsa-pss-sha224", f"{_MORE_2007}sha224-rsa-MGF1", "rsa-pss", "sha224"),
        SignatureAlgorithm("rsa-pss-sha256", f"{_MORE_2007}sha256-rsa-MGF1", "rsa-pss", "sha256"),
        SignatureAlgorithm("rsa-pss-sha384", f"{_MORE_2007}sha384-rsa-MGF1", "rsa-pss", "sha384"),
        SignatureAlgorithm("rsa-pss-sha512", f"{_MORE_2007}sha512-rsa-MGF1", "rsa-pss", "sha512"),
        SignatureAlgorithm("rsa-pss-sha3-256", f"{_MORE_2007}sha3-256-rsa-MGF1", "rsa-pss", "sha3_256"),
        SignatureAlgorithm("rsa-pss-sha3-384", f"{_MORE_2007}sha3-384-rsa-MGF1", "rsa-pss", "sha3_384"),
        SignatureAlgorithm("rsa-pss-sha3-512", f"{_MORE_2007}sha3-512-rsa-MGF1", "rsa-pss", "sha3_512"),
        SignatureAlgorithm("dsa-sha1", f"{DS}dsa-sha1", "dsa", "sha1"),
        SignatureAlgorithm("dsa-sha256", f"{DSIG11}dsa-sha256", "dsa", "sha256"),
        SignatureAlgorithm("ecdsa-sha1", f"{_MORE}ecdsa-sha1", "ec", "sha1"),
        SignatureAlgorithm("ecdsa-sha224", f"{_MORE}ecdsa-sha224", "ec", "sha224"),
        SignatureAlgorithm("ecdsa-sha256", f"{_MORE}ecdsa-sha256", "ec", "sha256"),
        SignatureAlgorithm("ecdsa-sha384", f"{_MORE}ecdsa-sha384", "ec", "sha384"),
        SignatureAlgorithm("ecdsa-sha512", f"{_MORE}ecdsa-sha512", "ec", "sha512"),
        SignatureAlgorithm("ecdsa-sha3-256", f"{_MORE_2021}ecdsa-sha3-256", "ec", "sha3_256"),
        SignatureAlgorithm("ecdsa-sha3-384", f"{_MORE_2021}ecdsa-sha3-384", "ec", "sha3_384"),
        SignatureAlgorithm("ecdsa-sha3-512", f"{_MORE_2021}ecdsa-sha3-512", "ec", "sha3_512"),
        SignatureAlgorithm("ed25519", f"{_MORE_2021}eddsa-ed25519", "ed25519"),
        SignatureAlgorithm("ed448", f"{_MORE_2021}eddsa-ed448", "ed448"),
        SignatureAlgorithm("hmac-sha1", f"{DS}hmac-sha1", "secret", "sha1"),
        SignatureAlgorithm("hmac-sha224", f"{_MORE}hmac-sha224", "secret", "sha224"),
        SignatureAlgorithm("hmac-sha256", f"{_MORE}hmac-sha256", "secret", "sha256"),
        SignatureAlgorithm("hmac-sha384", f"{_MORE}hmac-sha384", "secret", "sha384"),
        SignatureAlgorithm("hmac-sha512", f"{_MORE}hmac-sha512", "secret", "sha512"),
    )
}

DIGESTS = {
    f"{DS}sha1": "sha1",
    f"{_MORE}sha224": "sha224",
    f"{XENC}sha256": "sha256",
    f"{_MORE}sha384": "sha384",
    f"{XENC}sha512": "sha512",
    f"{_MORE_2007}sha3-256": "sha3_256",
    f"{_MORE_2007}sha3-384": "sha3_384",
    f"{_MORE_2007}sha3-512": "sha3_512",
}

OAEP_DIGESTS = {uri: name for uri, name in DIGESTS.items() if not name.startswith("sha3_")}
"""Those that cryptography pads with (RSA-OAEP)."""

MGFS = {f"{XENC11}mgf1{name}": name for name in ("sha1", "sha224", "sha256", "sha384", "sha512")}

CIPHERS = {
    row.uri: row
    for row in (
        CipherAlgorithm("aes128-gcm", f"{XENC11}aes128-gcm", 16, "gcm"),
        CipherAlgorithm("aes192-gcm", f"{XENC11}aes192-gcm", 24, "gcm"),
        CipherAlgorithm("aes256-gcm", f"{XENC11}aes256-gcm", 32, "gcm"),
        CipherAlgorithm("aes128-cbc", f"{XENC}aes128-cbc", 16, "cbc"),
        CipherAlgorithm("aes192-cbc", f"{XENC}aes192-cbc", 24, "cbc"),
        CipherAlgorithm("aes256-cbc", f"{XENC}aes256-cbc", 32, "cbc"),
        CipherAlgorithm("tripledes-cbc", f"{XENC}tripledes-cbc", 24, "3des-cbc"),
    )
}

TRANSPORTS = {
    row.uri: row
    for row in (
        TransportAlgorithm("rsa-oaep-mgf1p", f"{XENC}rsa-oaep-mgf1p", "oaep", fixed_mgf="sha1"),
        TransportAlgorithm("rsa-oaep", f"{XENC11}rsa-oaep", "oaep"),
        TransportAlgorithm("rsa-1_5", f"{XENC}rsa-1_5", "pkcs1"),
    )
}

WRAPS = {
    row.uri: row
    for row in (
        WrapAlgorithm("kw-aes128", f"{XENC}kw-aes128", 16),
        WrapAlgorithm("kw-aes192", f"{XENC}kw-aes192", 24),
        WrapAlgorithm("kw-aes256", f"{XENC}kw-aes256", 32),
        WrapAlgorithm("kw-tripledes", f"{XENC}kw-tripledes", 24, "3des"),
    )
}

AGREEMENTS = {
    row.uri: row
    for row in (
        AgreementAlgorithm("ecdh-es", f"{XENC11}ECDH-ES", "ec"),
        AgreementAlgorithm("x25519", f"{_MORE_2021}x25519", "x25519"),
        AgreementAlgorithm("x448", f"{_MORE_2021}x448", "x448"),
    )
}

KEY_DERIVATIONS: dict[str, KeyDerivation] = {f"{XENC11}ConcatKDF": "concat-kdf", f"{_MORE_2021}hkdf": "hkdf"}

ENVELOPED = f"{DS}enveloped-signature"
STR_TRANSFORM = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform"
CANONICAL_NAMES: dict[CanonicalName, str] = {
    "exclusive": EXCLUSIVE,
    "inclusive": INCLUSIVE,
    "inclusive11": INCLUSIVE_11,
}
"""The canonical forms that are signed, by the names that settings have for them."""

_STRONG_HASHES = frozenset({"sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"})
_AES_WRAPS = frozenset({"kw-aes128", "kw-aes192", "kw-aes256"})
_AGREEMENTS = frozenset({"ecdh-es", "x25519", "x448"})


@dataclass(frozen=True, slots=True)
class AlgorithmPolicy:
    """What is accepted on the way in; `warnings` says what a loose profile gives away.

    `signatures`, `ciphers`, `transports`, `wraps`, `agreements`: short names; `hashes`: of digests and key derivation,
    `oaep_hashes` of OAEP; `cbc`: whether CBC is decrypted ``"never"``, ``"signed"`` (only under a signature already
    verified, since without one the answer to a forged ciphertext tells its plaintext) or ``"always"``; `rsa_bits` (of
    DSA too), `ec_bits`: the smallest keys. `key_values`: whether a bare key in a message (KeyValue) may be one that
    signs, where it is among those of the trust store. A shortened HMAC (HMACOutputLength) is accepted by no policy.
    """

    name: str
    signatures: frozenset[str]
    ciphers: frozenset[str]
    transports: frozenset[str]
    hashes: frozenset[str] = _STRONG_HASHES
    oaep_hashes: frozenset[str] = frozenset({"sha1", "sha256", "sha384", "sha512"})
    cbc: Literal["never", "signed", "always"] = "signed"
    rsa_bits: int = 2048
    ec_bits: int = 224
    warnings: tuple[str, ...] = ()
    wraps: frozenset[str] = _AES_WRAPS
    agreements: frozenset[str] = _AGREEMENTS
    key_values: bool = False

    def signature(self, uri: str) -> SignatureAlgorithm:
        """The signature algorithm of that URI. Raises `SecurityError` when it is unknown or not allowed."""
        return _allowed(self, "signature algorithm", uri, SIGNATURES, self.signatures)

    def cipher(self, uri: str) -> CipherAlgorithm:
        """The data encryption algorithm of that URI. Raises `SecurityError` when it is unknown or not allowed."""
        return _allowed(self, "data encryption algorithm", uri, CIPHERS, self.ciphers)

    def transport(self, uri: str) -> TransportAlgorithm:
        """The key transport algorithm of that URI. Raises `SecurityError` when it is unknown or not allowed."""
        return _allowed(self, "key transport algorithm", uri, TRANSPORTS, self.transports)

    def wrap(self, uri: str) -> WrapAlgorithm:
        """The key wrap algorithm of that URI. Raises `SecurityError` when it is unknown or not allowed."""
        return _allowed(self, "key wrap algorithm", uri, WRAPS, self.wraps)

    def agreement(self, uri: str) -> AgreementAlgorithm:
        """The key agreement algorithm of that URI. Raises `SecurityError` when it is unknown or not allowed."""
        return _allowed(self, "key agreement algorithm", uri, AGREEMENTS, self.agreements)

    def digest(self, uri: str) -> str:
        """The hash of that DigestMethod. Raises `SecurityError` when it is unknown or not allowed."""
        name = DIGESTS.get(uri)
        if name is None or name not in self.hashes:
            raise SecurityError(f"digest algorithm {uri!r:.120} is not allowed by the policy {self.name!r}")
        return name


_RowT = TypeVar("_RowT", SignatureAlgorithm, CipherAlgorithm, TransportAlgorithm, WrapAlgorithm, AgreementAlgorithm)


def _allowed(policy: AlgorithmPolicy, kind: str, uri: str, table: Mapping[str, _RowT], names: frozenset[str]) -> _RowT:
    row = table.get(uri)
    if row is None or row.name not in names:
        raise SecurityError(f"{kind} {uri!r:.120} is not allowed by the policy {policy.name!r}")
    return row


_MODERN_SIGNATURES = frozenset(
    row.name
    for row in SIGNATURES.values()
    if (row.hash in _STRONG_HASHES or row.key in ("ed25519", "ed448")) and row.key != "dsa"
)
_GCM = frozenset({"aes128-gcm", "aes192-gcm", "aes256-gcm"})
_CBC = frozenset({"aes128-cbc", "aes192-cbc", "aes256-cbc"})
_OAEP = frozenset({"rsa-oaep", "rsa-oaep-mgf1p"})

MODERN = AlgorithmPolicy("modern", _MODERN_SIGNATURES, _GCM | _CBC, _OAEP)

_SHA1_WARNING = "SHA-1 is broken for signatures: whoever can make a peer sign chosen content may forge a message"
_CBC_WARNING = "CBC without a signature around it lets anyone who can ask repeatedly read an encrypted message"
_PKCS1_WARNING = (
    "RSA 1.5 key transport lets anyone who can ask repeatedly decrypt a recorded key, unless no answer differs"
)


_KEY_VALUE_WARNING = (
    "a bare key (KeyValue) neither ends nor can it be revoked: it is believed for as long as it is in the trust store"
)
_BLOCK_WARNING = (
    "Triple-DES has blocks of 64 bits: some gigabytes under one key are enough to read what repeats (Sweet32, 2016)"
)
_DSA_WARNING = "DSA is no longer signed with (FIPS 186-5): one bad random number of the signer gave its key away"


def _suite(name: str, cipher: str, digest: str, transports: frozenset[str] = _OAEP) -> AlgorithmPolicy:
    """One algorithm suite of WS-SecurityPolicy. Those with SHA-1 digests also sign with RSA-SHA1."""
    legacy, cbc = digest == "sha1", cipher.endswith("cbc")
    warnings = ((_SHA1_WARNING,) if legacy else ()) + ((_CBC_WARNING,) if cbc else ())
    if transports != _OAEP:
        warnings = (*warnings, _PKCS1_WARNING)
    if cipher == "tripledes-cbc":
        warnings = (*warnings, _BLOCK_WARNING)
    return AlgorithmPolicy(
        name,
        signatures=frozenset({f"rsa-{digest}", f"hmac-{digest}"}) | ({"rsa-sha256"} if not legacy else frozenset()),
        ciphers=frozenset({cipher}),
        transports=transports,
        hashes=frozenset({digest}),
        oaep_hashes=frozenset({"sha1", "sha256"}),
        cbc="always" if cbc else "never",
        rsa_bits=1024 if legacy else 2048,
        ec_bits=160 if legacy else 224,
        warnings=warnings,
        wraps=frozenset({f"kw-{cipher.partition('-')[0]}"}),
    )


LEGACY_SHA1 = replace(
    MODERN,
    name="legacy_sha1",
    signatures=_MODERN_SIGNATURES | {"rsa-sha1", "ecdsa-sha1", "hmac-sha1"},
    hashes=_STRONG_HASHES | {"sha1"},
    warnings=(_SHA1_WARNING,),
)

KEY_VALUE = replace(MODERN, name="key_value", key_values=True, warnings=(_KEY_VALUE_WARNING,))

LEGACY = replace(
    LEGACY_SHA1,
    name="legacy",
    signatures=LEGACY_SHA1.signatures
    | {"rsa-sha224", "ecdsa-sha224", "hmac-sha224", "rsa-pss-sha1", "rsa-pss-sha224", "dsa-sha1", "dsa-sha256"},
    hashes=LEGACY_SHA1.hashes | {"sha224"},
    ciphers=_GCM | _CBC | {"tripledes-cbc"},
    transports=_OAEP | {"rsa-1_5"},
    oaep_hashes=LEGACY_SHA1.oaep_hashes | {"sha224"},
    cbc="always",
    rsa_bits=1024,
    ec_bits=160,
    warnings=(_SHA1_WARNING, _CBC_WARNING, _PKCS1_WARNING, _BLOCK_WARNING, _DSA_WARNING),
    wraps=_AES_WRAPS | {"kw-tripledes"},
)

_RSA15 = frozenset({"rsa-1_5"})
_CBC_SUITES = {
    "basic128": "aes128-cbc",
    "basic192": "aes192-cbc",
    "basic256": "aes256-cbc",
    "tripledes": "tripledes-cbc",
}

PROFILES = {
    policy.name: policy
    for policy in (
        MODERN,
        KEY_VALUE,
        LEGACY_SHA1,
        LEGACY,
        *(_suite(f"basic{size}gcm", f"aes{size}-gcm", "sha256") for size in (128, 192, 256)),
        *(_suite(f"basic{size}gcmsha256", f"aes{size}-gcm", "sha256") for size in (128, 192, 256)),  # as CXF calls it
        *(_suite(base, cipher, "sha1") for base, cipher in _CBC_SUITES.items()),
        *(_suite(f"{base}sha256", cipher, "sha256") for base, cipher in _CBC_SUITES.items()),
        *(_suite(f"{base}rsa15", cipher, "sha1", _RSA15) for base, cipher in _CBC_SUITES.items()),
        *(_suite(f"{base}sha256rsa15", cipher, "sha256", _RSA15) for base, cipher in _CBC_SUITES.items()),
    )
}


def profile(name: str) -> AlgorithmPolicy:
    """The named profile, its name in any case. Raises `UsageError` for an unknown one.

    >>> profile("Basic256Sha256").cbc
    'always'
    """
    policy = PROFILES.get(name.lower()) if isinstance(name, str) else None
    if policy is None:
        raise _unknown("algorithm profile", name, list(PROFILES))
    return policy


@lru_cache(maxsize=64)
def canonical_uri(name: str) -> str:
    """The canonical form of that name, or of that URI. Raises `UsageError` for none that is signed with."""
    for known, uri in CANONICAL_NAMES.items():
        if name in (known, uri):
            return uri
    raise UsageError(f"there is no canonical form {name!r} to sign with (known: {', '.join(CANONICAL_NAMES)})")


@lru_cache(maxsize=64)
def signature_named(name: str) -> SignatureAlgorithm:
    """The signature algorithm of a short name or URI, for settings. Raises `UsageError`."""
    return _named("signature algorithm", name, SIGNATURES)


@lru_cache(maxsize=64)
def cipher_named(name: str) -> CipherAlgorithm:
    """The data encryption algorithm of a short name or URI, for settings. Raises `UsageError`."""
    return _named("data encryption algorithm", name, CIPHERS)


@lru_cache(maxsize=64)
def transport_named(name: str) -> TransportAlgorithm:
    """The key transport algorithm of a short name or URI, for settings. Raises `UsageError`."""
    return _named("key transport algorithm", name, TRANSPORTS)


def wrap_named(name: str) -> WrapAlgorithm:
    """The key wrap algorithm of a short name or URI, for settings. Raises `UsageError`."""
    return _named("key wrap algorithm", name, WRAPS)


@lru_cache(maxsize=64)
def digest_uri(name: str) -> str:
    """The URI of a hash as a DigestMethod. Raises `UsageError`."""
    return _uri_of("digest", name, DIGESTS)


@lru_cache(maxsize=64)
def oaep_digest_uri(name: str) -> str:
    """The URI of a hash that OAEP pads with. Raises `UsageError`."""
    return _uri_of("digest for OAEP", name, OAEP_DIGESTS)


@lru_cache(maxsize=64)
def mgf_uri(name: str) -> str:
    """The URI of MGF1 with that hash. Raises `UsageError`."""
    return _uri_of("mask generation function with", name, MGFS)


def transport_with(name: str, digest: str, mgf: str) -> KeyTransport:
    """How a key travels, for settings: each a short name or a URI. Raises `UsageError`."""
    algorithm, hashed = transport_named(name), OAEP_DIGESTS[oaep_digest_uri(digest)]
    return KeyTransport(algorithm, hashed, algorithm.fixed_mgf or MGFS[mgf_uri(mgf)])


def _named(kind: str, name: str, table: Mapping[str, _RowT]) -> _RowT:
    for row in table.values():
        if name in (row.name, row.uri):
            return row
    raise _unknown(kind, name, [row.name for row in table.values()])


def _uri_of(kind: str, name: str, table: Mapping[str, str]) -> str:
    for uri, hash_name in table.items():
        if name in (hash_name, uri):
            return uri
    raise _unknown(kind, name, list(table.values()))


def _unknown(kind: str, name: object, known: Sequence[str]) -> UsageError:
    meant = did_you_mean(name, known) if isinstance(name, str) else ""
    return UsageError(f"there is no {kind} {name!r}{meant} (known: {', '.join(known)})")
