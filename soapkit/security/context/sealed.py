"""A security context as octets that only who has the key can read or make: how stores hold one.

AES-256-GCM under a key of the service, bound to the context's name, so that whoever can write to a store cannot give
one context the place of another: it would then speak for somebody else."""

from __future__ import annotations

import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from soapkit.errors import SecurityError, UsageError
from soapkit.security.context.context import SecurityContext
from soapkit.security.crypto.certificates import certificate_from_der, der_of

_SIZE: Final = 32
_NONCE: Final = 12


@dataclass(frozen=True, slots=True)
class Sealing:
    """Seals under the first of the keys, opens under any of them, so that a key can be replaced: put the new one first,
    and take the old one away once the contexts of before have ended.

    Raises `UsageError` for keys that are not of 32 bytes.
    """

    keys: tuple[bytes, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.keys or not all(isinstance(key, bytes) and len(key) == _SIZE for key in self.keys):
            raise UsageError(
                f"a store of security contexts needs key=: {_SIZE} random bytes, the same for all processes, as "
                f"secrets.token_bytes({_SIZE}) makes them once"
            )

    @classmethod
    def under(cls, key: bytes | Sequence[bytes]) -> Sealing:
        """With one key, or several."""
        return cls((key,) if isinstance(key, bytes) else tuple(key))

    def seal(self, context: SecurityContext) -> bytes:
        """The context, for `open` under its name."""
        said = {
            "secret": _text(context.secret),
            "expires": context.expires.isoformat() if context.expires is not None else None,
            "version": context.version,
            "holder": _text(der_of(context.holder)) if context.holder is not None else None,
            "username": context.username,
            "token": _text(context.token),
        }
        nonce = secrets.token_bytes(_NONCE)
        name = _name(context.identifier, context.instance)
        return nonce + AESGCM(self.keys[0]).encrypt(nonce, json.dumps(said).encode(), name)

    def open(self, sealed: bytes, identifier: str, instance: str) -> SecurityContext:
        """The context of that name. Raises `SecurityError` for octets that none of the keys sealed for it."""
        for key in self.keys:
            try:
                plain = AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], _name(identifier, instance))
                return _read(json.loads(plain), identifier, instance)
            except (InvalidTag, ValueError):
                continue
        raise SecurityError("a security context in the store was not sealed under any of our keys for that name")


def _name(identifier: str, instance: str) -> bytes:
    return json.dumps([identifier, instance]).encode()


def _read(said: dict[str, Any], identifier: str, instance: str) -> SecurityContext:
    return SecurityContext(
        identifier,
        b64decode(said["secret"]),
        instance,
        datetime.fromisoformat(said["expires"]) if said["expires"] is not None else None,
        said["version"],
        certificate_from_der(b64decode(said["holder"])) if said["holder"] is not None else None,
        said["username"],
        b64decode(said["token"]),
    )


def _text(octets: bytes) -> str:
    return b64encode(octets).decode("ascii")
