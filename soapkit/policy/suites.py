"""The algorithm suites of WS-SecurityPolicy 1.1 to 1.3 and of Apache CXF, as a table.

Source: WS-SecurityPolicy 1.3, sections 6.1 and 7.1. All suites of the standard sign with HMAC-SHA1 and RSA-SHA1, even
those that digest with SHA-256, and CXF holds its peers to that; .NET signs with the hash that it digests with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Hash: TypeAlias = Literal["sha1", "sha256"]
HASHES: Final[dict[str, Hash]] = {"sha1": "sha1", "sha256": "sha256"}


@dataclass(frozen=True, slots=True)
class Suite:
    """One suite. `cipher`, `transport`: short names of `security.crypto.algorithms`; `key_size`: of what the cipher
    takes, in bytes; `derived_signature_size`: of a key derived to sign with, in bytes; `signature`: the hash in
    signatures."""

    name: str
    digest: Hash
    cipher: str
    transport: str
    key_size: int
    derived_signature_size: int = 24
    signature: Hash = "sha1"

    @property
    def words(self) -> str:
        """The suite for a person."""
        return f"{self.name} ({self.cipher}, {self.transport}, digests {self.digest.upper()})"

    @property
    def weaknesses(self) -> tuple[str, ...]:
        """What a modern policy would not allow."""
        weak = []
        if "sha1" in (self.digest, self.signature):
            weak.append("SHA-1 signatures")
        if self.cipher.endswith("cbc"):
            weak.append("CBC encryption")
        if self.transport == "rsa-1_5":
            weak.append("RSA 1.5 key transport")
        return tuple(weak)


_SIZES = {"Basic256": ("aes256", 32, 24), "Basic192": ("aes192", 24, 24), "Basic128": ("aes128", 16, 16)}
_OAEP, _PKCS1 = "rsa-oaep-mgf1p", "rsa-1_5"


def _table() -> dict[str, Suite]:
    suites = []
    for base, (cipher, size, derived) in {**_SIZES, "TripleDes": ("tripledes", 24, 24)}.items():
        for middle, digest in (("", "sha1"), ("Sha256", "sha256")):
            for end, transport in (("", _OAEP), ("Rsa15", _PKCS1)):
                name = f"{base}{middle}{end}"
                suites.append(Suite(name, digest, f"{cipher}-cbc", transport, size, derived))  # type: ignore[arg-type]  # a literal of the tuple above
    for base, (cipher, size, derived) in _SIZES.items():
        # Apache CXF: GCM in place of CBC; digests and signatures as in the suite without it
        for end, transport in (("", _OAEP), ("Rsa15", _PKCS1)):
            suites.append(Suite(f"{base}GCM{end}", "sha1", f"{cipher}-gcm", transport, size, derived))
        for end in ("Sha256", "MGFSHA256", "MGFSHA256Digest"):
            oaep = "rsa-oaep" if end.startswith("MGF") else _OAEP
            suites.append(Suite(f"{base}GCM{end}", "sha256", f"{cipher}-gcm", oaep, size, derived))
    # names met in contracts, each for what its owner makes of it
    suites.append(Suite("Basic128RsaSha512", "sha256", "aes128-cbc", _OAEP, 16, 16))
    # eDelivery AS4 (Domibus, Oxalis): as that profile has it, with no SHA-1 anywhere
    suites.append(Suite("Basic128GCMSha256MgfSha256", "sha256", "aes128-gcm", "rsa-oaep", 16, 16, "sha256"))
    return {suite.name: suite for suite in suites}


SUITES = _table()
"""By name, as contracts write it."""

CUSTOM = Suite("CustomAlgorithmSuite", "sha256", "aes256-gcm", _OAEP, 32, 24, "sha256")
"""CXF's suite that each side configures by hand: its defaults, without RSA 1.5."""
SUITES[CUSTOM.name] = CUSTOM
