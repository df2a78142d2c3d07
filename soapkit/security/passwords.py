"""Keys derived from passwords: a UsernameToken with a salt, whose user proves the password by what he signs with it.

UsernameToken profile 1.1, section 4: SHA-1 over password and salt, again and again. Whoever sees such a message can try
passwords on it in peace, a few million a second, so that a password which is a word is soon known.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, TypeAlias

from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.crypto.provider import CryptoProvider
from soapkit.security.ids import WSU_ID
from soapkit.security.markup import (
    CREATED,
    ITERATION,
    NONCE,
    PASSWORD,
    SALT,
    USERNAME,
    USERNAME_TOKEN,
    USERNAME_TOKEN_TYPE,
    at_most_one,
    base64_text,
    bytes_of,
    new,
    one,
    reference_around,
    sub,
    text_of,
)
from soapkit.security.require import Limits
from soapkit.security.steps import PasswordKey
from soapkit.security.timestamp import check_age, read_instant
from soapkit.xml.serialise import escape_attribute
from soapkit.xml.walk import place_of

Purpose: TypeAlias = Literal["sign", "encrypt"]

_FIRST_OCTET: Final[dict[Purpose, bytes]] = {"sign": b"\x01", "encrypt": b"\x02"}
_SALT_SIZE = 16
_SHORTEST_SALT, _LONGEST_SALT = 8, 64
_ITERATIONS = 1000  # where the token says none


def key_of_password(password: bytes, salt: bytes, iterations: int) -> bytes:
    """The 20 bytes that a password, as UTF-8, and a salt make after so many rounds of SHA-1."""
    key = hashlib.sha1(password + salt, usedforsecurity=False).digest()
    for _ in range(iterations - 1):
        key = hashlib.sha1(key, usedforsecurity=False).digest()
    return key


# --- on the way out -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeyOfPassword:
    """A key in a message being made, and the UsernameToken that tells how it is made."""

    element: _Element
    value: bytes = field(repr=False)

    @property
    def identifier(self) -> str:
        """The id of the token."""
        return self.element.get(WSU_ID, "")

    def reference(self) -> str:
        """A SecurityTokenReference to it, as text (BSP 1.1, R4214: with its ValueType)."""
        return username_reference(f"#{self.identifier}")


def password_token(settings: PasswordKey, purpose: Purpose, provider: CryptoProvider) -> KeyOfPassword:
    """A fresh key. The first octet of the salt tells its purpose, the others are random (section 4)."""
    salt = _FIRST_OCTET[purpose] + provider.random(_SALT_SIZE - 1)
    token = new(USERNAME_TOKEN, attributes={WSU_ID: f"UT-{provider.random(16).hex()}"})
    sub(token, USERNAME, settings.username)
    sub(token, SALT, base64_text(salt))
    sub(token, ITERATION, str(settings.iterations))
    return KeyOfPassword(token, key_of_password(settings.password.encode(), salt, settings.iterations))


def username_reference(uri: str) -> str:
    """A SecurityTokenReference to a UsernameToken, as text: ``#id`` in this message, or the bare id of one in the
    request, as Apache CXF writes and reads it in answers."""
    return reference_around(f'<wsse:Reference URI="{escape_attribute(uri)}" ValueType="{USERNAME_TOKEN_TYPE}"/>')


# --- on the way in ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PasswordToken:
    """What a UsernameToken says of the key derived from its user's password. `purpose`: None where the salt is of
    neither kind; `nonce`: what may not be seen again, if it says any."""

    name: str
    salt: bytes
    iterations: int
    nonce: bytes = b""

    @property
    def purpose(self) -> Purpose | None:
        """What the key is for, as the salt tells."""
        return next((each for each, octet in _FIRST_OCTET.items() if self.salt.startswith(octet)), None)


def derives_key(token: _Element) -> bool:
    """Whether a UsernameToken is there for a key."""
    return at_most_one(token, SALT) is not None


def read_password_token(token: _Element, limits: Limits, *, now: datetime, max_age: int, skew: int) -> PasswordToken:
    """What a UsernameToken with a salt says.

    Raises `SecurityError` for one with a password as well, a salt or a number of iterations out of measure, and for one
    that says when it was made and is too old.
    """
    if at_most_one(token, PASSWORD) is not None:
        raise SecurityError("a key is derived from a password that the token does not tell", place=place_of(token))
    salt, rounds = one(token, SALT), at_most_one(token, ITERATION)
    created, nonce = at_most_one(token, CREATED), at_most_one(token, NONCE)
    octets = bytes_of(salt)
    if not _SHORTEST_SALT <= len(octets) <= _LONGEST_SALT:
        raise SecurityError("the Salt of a UsernameToken has 16 bytes", place=place_of(salt))
    iterations = _number(rounds, limits) if rounds is not None else _ITERATIONS
    if created is not None:
        check_age(read_instant(created), now=now, max_age=max_age, skew=skew)
    name = text_of(one(token, USERNAME))
    return PasswordToken(name, octets, iterations, bytes_of(nonce) if nonce is not None else b"")


def _number(rounds: _Element, limits: Limits) -> int:
    text = text_of(rounds)
    least, most = limits.least_iterations, limits.iterations
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or not least <= int(text) <= most:
        raise SecurityError(
            f"the Iteration of a UsernameToken is a number from {least} to {most}, found {text!r:.40}",
            place=place_of(rounds),
        )
    return int(text)
