"""What is encrypted inside of an assertion, to us: the name of its subject, attributes (SAML 2.0 core, 2.2.4, 2.7.3.2).

It is opened beside the message, never in it: the issuer signed the assertion as it is, and what is handed on is that.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml.etree import _Element

from soapkit.errors import SecurityError, SoapkitError
from soapkit.security.crypto.provider import CryptoProvider
from soapkit.security.decrypt import decipher, read_cipher
from soapkit.security.encrypted_key import unwrap
from soapkit.security.hints import meant_for
from soapkit.security.ids import IdIndex
from soapkit.security.markup import ENCRYPTED_DATA, ENCRYPTED_KEY, one
from soapkit.security.require import Require
from soapkit.xml.parse import parse_message
from soapkit.xml.walk import place_of

_MOST = 20  # pieces of one assertion


def opener(require: Require, provider: CryptoProvider, *, signed: bool) -> Opener | None:
    """What opens the pieces of one assertion; None without a key."""
    return Opener(require, provider, signed) if require.keys else None


@dataclass(slots=True)
class Opener:
    """Opens the pieces of one assertion. `signed`: whether its issuer's signature was verified."""

    require: Require
    provider: CryptoProvider
    signed: bool
    opened: int = 0

    def __call__(self, holder: _Element) -> _Element:
        """The element in an EncryptedID or EncryptedAttribute. Raises `SecurityError`."""
        policy = self.require.algorithms
        self.opened += 1
        if self.opened > _MOST:
            raise SecurityError(f"more than {_MOST} encrypted parts of an assertion are not decrypted")
        data, keys = one(holder, ENCRYPTED_DATA), list(holder.iter(ENCRYPTED_KEY))
        if not keys:
            raise SecurityError("an encrypted part of an assertion brings no key", place=place_of(holder))
        cipher = read_cipher(data, policy)
        if cipher.mode != "gcm" and (policy.cbc == "never" or (policy.cbc == "signed" and not self.signed)):
            raise SecurityError(
                f"data encrypted with {cipher.name} is decrypted only under a signature that was verified before",
                place=place_of(data),
            )
        key = meant_for(keys, self.require.keys, IdIndex(holder))
        secret = unwrap(key, self.require.keys, policy, self.provider)
        plain = decipher(data, cipher, secret[: cipher.key_size], self.provider).plain
        try:
            return parse_message(plain, source="decrypted part of an assertion")
        except SoapkitError as error:
            told = "what was encrypted in the assertion cannot be read"
            raise SecurityError(f"{told}: {error}", bare=f"{told}: {error.for_log}") from None
