"""Tokens that a security token service issued, and the keys that go with them (WS-Trust 1.4, section 4.4)."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from lxml.etree import _Element

from soapkit.errors import SecurityError, UsageError
from soapkit.security.derive import p_sha1

_SHORTEST, _LARGEST = 128, 512  # bits of a key


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token of a token service, any element: a SAML assertion, say.

    `element`: the token as it was issued. `secret`: its proof key, shared with the service that it is for; None for a
    bearer token, or one whose key we had before. `attached`, `unattached`: how messages refer to it, where they carry
    it and where they do not. `created`, `expires`: when it begins and ends, as far as the service says.

    >>> from soapkit.xml.parse import parse_message
    >>> IssuedToken(parse_message(b"<Assertion/>"), token_type="urn:oasis:names:tc:SAML:2.0:assertion")
    IssuedToken('urn:oasis:names:tc:SAML:2.0:assertion', expires=None)
    """

    element: _Element = field(repr=False)
    secret: bytes | None = field(default=None, repr=False)
    token_type: str = ""
    attached: _Element | None = field(default=None, repr=False)
    unattached: _Element | None = field(default=None, repr=False)
    created: datetime | None = None
    expires: datetime | None = None

    def is_valid(self, now: datetime, margin: timedelta = timedelta()) -> bool:
        """Whether it lasts for `margin` longer, as far as is known."""
        return self.expires is None or now + margin < self.expires

    def __repr__(self) -> str:
        return f"IssuedToken({self.token_type!r}, expires={self.expires})"


class IssuedTokens:
    """Where a client holds the token that it was issued, for the steps that name it: ``SharedKey(to=tokens)`` signs
    with its key, ``SamlToken(tokens)`` carries it. Thread-safe.

    >>> IssuedTokens()
    IssuedTokens(None)
    """

    def __init__(self, token: IssuedToken | None = None) -> None:
        self._token = token

    def add(self, token: IssuedToken) -> None:
        """Hold a token in place of the one before."""
        self._token = token

    def clear(self) -> None:
        """Hold none: the next message asks for another."""
        self._token = None

    def current(self, now: datetime, margin: timedelta = timedelta()) -> IssuedToken | None:
        """The token, if it lasts for `margin` longer."""
        held = self._token
        return held if held is not None and held.is_valid(now, margin) else None

    def __call__(self) -> _Element:
        """The element of the token. Raises `SecurityError` without one."""
        return self.needed(datetime.now(UTC)).element

    def needed(self, now: datetime) -> IssuedToken:
        """The token. Raises `SecurityError` when there is none that is valid."""
        held = self.current(now)
        if held is None:
            raise SecurityError("there is no issued token that is valid now; ask for one before the first message")
        return held

    def __repr__(self) -> str:
        return f"IssuedTokens({self._token!r})"


@dataclass(frozen=True, slots=True)
class Issuing:
    """A client asks a token service for a token before its first message, and for another shortly before that ends.

    `tokens`: the same object that the steps of the settings name; each client has its own, made of it. `source`: a
    `soapkit.client.sts.StsClient`, or an `AsyncStsClient`. `applies_to`: for which service, by default the address that
    is called. `asked`: what it should be like, as of `soapkit.client.sts.Asked`. `margin`: how long before its end it
    is replaced.

    >>> tokens = IssuedTokens()
    >>> security = Security(
    ...     outbound=[Timestamp(), SharedKey(to=tokens), Sign(SHARED, parts=["Timestamp"])],
    ...     issuing=Issuing(tokens, sts),
    ... )                                                                                   # doctest: +SKIP
    """

    tokens: IssuedTokens
    source: Any  # of a higher floor
    applies_to: str = ""
    asked: Mapping[str, Any] = field(default_factory=dict)
    margin: timedelta = timedelta(seconds=30)


class TokenCache:
    """Tokens that were issued, by what was asked for, until shortly before they end. Bounded; thread-safe."""

    def __init__(self, capacity: int = 1_000, margin: timedelta = timedelta(seconds=30)) -> None:
        self._capacity = capacity
        self._margin = margin
        self._held: OrderedDict[Hashable, IssuedToken] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: Hashable, now: datetime) -> IssuedToken | None:
        """The token of that key, None when there is none that lasts."""
        with self._lock:
            found = self._held.get(key)
            if found is not None and not found.is_valid(now, self._margin):
                del self._held[key]
                return None
            return found

    def add(self, key: Hashable, token: IssuedToken) -> None:
        """Hold a token; the oldest gives way when there are many. One of unknown lifetime is not held."""
        if token.expires is None:
            return
        with self._lock:
            self._held[key] = token
            self._held.move_to_end(key)
            while len(self._held) > self._capacity:
                self._held.popitem(last=False)

    def remove(self, token: IssuedToken) -> None:
        """Forget a token: it was cancelled, or renewed."""
        with self._lock:
            for key in [key for key, held in self._held.items() if held is token]:
                del self._held[key]

    def __repr__(self) -> str:
        return f"TokenCache({len(self._held)} held)"


def computed_key(ours: bytes, theirs: bytes, size: int) -> bytes:
    """A key of `size` bits that both sides had a part in: P_SHA-1 of the requestor's entropy over the issuer's
    (WS-Trust 1.4, 4.4.4). `ours`: the requestor's.

    Raises `SecurityError` for a size out of measure, and for entropy that could be guessed.

    >>> len(computed_key(bytes(32), bytes(32), 256))
    32
    """
    check_key_size(size)
    if min(len(ours), len(theirs)) * 8 < _SHORTEST:
        raise SecurityError(f"entropy of less than {_SHORTEST} bits could be guessed")
    return p_sha1(ours, theirs, 0, size // 8)


def check_key_size(size: int) -> None:
    """Raise `SecurityError` for a number of bits that no key has, or that could be guessed."""
    if not _SHORTEST <= size <= _LARGEST or size % 8:
        raise SecurityError(f"a key of {size} bits is out of measure: {_SHORTEST} to {_LARGEST}, by eights")


def asked_key_size(size: int) -> int:
    """The same check of what our side asks for. Raises `UsageError`."""
    try:
        check_key_size(size)
    except SecurityError as error:
        raise UsageError(str(error)) from None
    return size
