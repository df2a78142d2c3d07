"""An algorithm suite -> what is accepted under it, and what we sign with."""

from __future__ import annotations

from soapkit.policy.suites import Suite
from soapkit.security.crypto.algorithms import MODERN, AlgorithmPolicy, profile

_SHA1 = profile("legacy_sha1").warnings
_CBC = profile("basic256sha256").warnings
_PKCS1 = profile("basic256sha256rsa15").warnings
_BLOCKS = profile("tripledessha256").warnings


def algorithms_for(suite: Suite, *, bare_keys: bool = False) -> AlgorithmPolicy:
    """What a suite allows, and, for signatures and digests, what is stronger than it asks for. `bare_keys`: whether
    keys without a certificate may be believed."""
    weak = "sha1" in (suite.digest, suite.signature)
    signatures = MODERN.signatures | ({"rsa-sha1", "hmac-sha1", "ecdsa-sha1"} if weak else frozenset())
    warnings = _SHA1 if weak else ()
    warnings += _CBC if suite.cipher.endswith("cbc") else ()
    warnings += tuple(each for each in _BLOCKS if each not in _CBC) if suite.cipher == "tripledes-cbc" else ()
    warnings += tuple(each for each in _PKCS1 if each not in _CBC) if suite.transport == "rsa-1_5" else ()
    warnings += profile("key_value").warnings if bare_keys else ()
    return AlgorithmPolicy(
        suite.name,
        signatures,
        ciphers=frozenset({suite.cipher}),
        transports=frozenset({suite.transport, "rsa-oaep", "rsa-oaep-mgf1p"}),
        hashes=MODERN.hashes | ({"sha1"} if suite.digest == "sha1" else frozenset()),
        cbc="always" if suite.cipher.endswith("cbc") else "never",
        rsa_bits=1024 if weak else 2048,
        warnings=warnings,
        wraps=frozenset({wrap_name(suite)}),
        key_values=bare_keys,
    )


def wrap_name(suite: Suite) -> str:
    """How keys are wrapped under a secret (WS-SecurityPolicy 1.3, 6.1): by the cipher of the suite."""
    cipher = suite.cipher.partition("-")[0]
    return f"kw-{cipher}"


def signature_name(suite: Suite, kind: str) -> str:
    """The signature algorithm for a key of this kind (``rsa``, ``ec``, ``secret``, ...), as settings name it."""
    if kind == "secret":
        return f"hmac-{suite.signature}"
    if kind == "rsa":
        return f"rsa-{suite.signature}"
    return ""  # no suite knows elliptic curves: the key's own default
