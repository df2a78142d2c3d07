"""A key for one exchange: an EncryptedKey brings it, later steps sign and encrypt with it, the answer uses it again.

This is the symmetric binding of WS-SecurityPolicy 1.3, section 7.4: the client makes a key and encrypts it to the
server; both sign (with a MAC) and encrypt under it, and the answer names it by its SHA-1 instead of bringing another.
A MAC in an answer proves the server, since only it could open the key. In a request it proves that the message is
whole, but not who sent it: anyone with the server's certificate can make a key. Where the key is derived from a
password it proves the user.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cryptography import x509
from lxml.etree import _Element

from soapkit.errors import SecurityError
from soapkit.security.context.context import (
    Contexts,
    ContextStore,
    SecurityContext,
    context_element,
    context_reference_text,
)
from soapkit.security.crypto.provider import CryptoProvider
from soapkit.security.derive import derived_key, implied_key
from soapkit.security.document.document import read_document
from soapkit.security.encrypted_key import encrypted_key, recipient
from soapkit.security.ids import WSU_ID, id_of
from soapkit.security.issued import IssuedToken, IssuedTokens
from soapkit.security.markup import CIPHER_DATA, CIPHER_VALUE, ENCRYPTED_KEY, bytes_of
from soapkit.security.parts import Message, insert_after_timestamp
from soapkit.security.passwords import KeyOfPassword, Purpose, password_token, username_reference
from soapkit.security.references_write import (
    assertion_reference_text,
    encrypted_key_reference_text,
    encrypted_key_sha1_reference_text,
)
from soapkit.security.saml.names import BY_TAG as ASSERTIONS
from soapkit.security.sign import SharedSecret
from soapkit.security.steps import PasswordKey, Recipient, SharedKey
from soapkit.security.tokens import CheckedUser
from soapkit.soap.security_result import SecurityResult
from soapkit.xml.serialise import serialise
from soapkit.xml.walk import tag_of

_KEPT = timedelta(hours=1)
_ASSERTION = b"assertion "  # before an id, where other keys are called by their SHA-1
_USER = b"user "
_KEY = b"key "


@dataclass(frozen=True, slots=True)
class Secret:
    """A shared key: one that an EncryptedKey brought, by the element's id, and by SHA-1 of its cipher value; or that of
    a `context`; or of the subject of an `assertion`; or of the password of a `user`, by the id of his UsernameToken and
    for one `purpose`, if it says so.

    `holder`: whose certificate it was encrypted to, when we made it, so that nobody else can know it. `ours`: the
    fingerprints of what we signed with it ourselves, so that our own words sent back to us are not taken for an answer.
    `base`: the key that it was derived from; none for one that was not. `came_in`: the assertion that brought it, by
    which an answer names it.
    """

    key_id: str | None
    sha1: bytes
    value: bytes = field(repr=False)
    holder: x509.Certificate | None = None
    ours: Container[str] = field(default=frozenset(), repr=False)
    context: SecurityContext | None = None
    assertion: _Element | None = field(default=None, repr=False)
    user: CheckedUser | None = None
    purpose: Purpose | None = None
    base: bytes = field(default=b"", repr=False)
    came_in: _Element | None = field(default=None, repr=False, compare=False)

    @property
    def root(self) -> bytes:
        """The key that it is, or was derived from."""
        return self.base or self.value


@dataclass(frozen=True, slots=True)
class Brought:
    """A shared key in a message being made. `element`: the EncryptedKey, None where the answer names one by SHA-1;
    `ours`: grows by the fingerprint of each signature made with it; `step`: how it was asked for; `issued`: the token
    whose key it is; `others`: the keys of the same user's password for another purpose, those that were made and, in an
    answer, those that the request brought; `token`: the certificate that the EncryptedKey came with, where it did."""

    secret: Secret
    step: SharedKey
    element: _Element | None = None
    ours: list[str] = field(default_factory=list)
    issued: IssuedToken | None = None
    others: list[Secret] = field(default_factory=list, repr=False)
    token: _Element | None = None

    @property
    def value(self) -> bytes:
        """The key."""
        return self.secret.value

    @property
    def is_made(self) -> bool:
        """Whether it was made for this message, and as long as the step says."""
        return self.element is not None and self.element.tag == ENCRYPTED_KEY

    def reference(self) -> str:
        """A SecurityTokenReference to the key, as text."""
        if self.issued is not None:
            return _issued_reference(self.issued)
        if self.secret.user is not None:
            return username_reference(
                f"#{self.secret.key_id}" if self.element is not None else self.secret.key_id or ""
            )
        if self.secret.context is not None:
            return context_reference_text(
                self.secret.context, self.element.get(WSU_ID, "") if self.element is not None else ""
            )
        if self.element is None and self.secret.came_in is not None:
            return assertion_reference_text(self.secret.came_in)
        if self.element is None:
            return encrypted_key_sha1_reference_text(self.secret.sha1)
        return encrypted_key_reference_text(self.secret.key_id or "")

    def key_for(self, purpose: Purpose, size: int, provider: CryptoProvider) -> SharedSecret:
        """What a step signs or encrypts with: the key, or one of `size` bytes that is derived from it; or another key
        of the same password, since one does not serve two purposes (UsernameToken profile 1.1, 4.1)."""
        if self.step.derived and self.step.implied:
            return implied_key(self.step.derived, self.value, self.reference, self.element, size, provider)
        if self.step.derived:
            return derived_key(self.step.derived, self.value, self.reference, size, provider)
        if self.secret.purpose in (None, purpose):
            return self
        if isinstance(self.step.to, PasswordKey):
            made = password_token(self.step.to, purpose, provider)
            self.others.append(_secret_of_password(made, self.step.to, purpose))
            return made
        other = next((each for each in self.others if each.purpose == purpose), None)
        return replace(self, secret=other) if other is not None else self


class OwnSignatures:
    """The fingerprints of what we signed under security contexts ourselves, the latest of them. Thread-safe."""

    def __init__(self, capacity: int = 100_000) -> None:
        self._capacity = capacity
        self._held: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, fingerprints: Iterable[str]) -> None:
        """Remember them, the oldest giving way."""
        with self._lock:
            self._held.update(dict.fromkeys(fingerprints))
            while len(self._held) > self._capacity:
                self._held.popitem(last=False)

    def __contains__(self, fingerprint: object) -> bool:
        return fingerprint in self._held


@dataclass(frozen=True, slots=True)
class StoredSignatures:
    """The same of all the processes that share a store of security contexts: an answer of one of them may be sent back
    to another. Both methods raise `SecurityError` when the store cannot be used."""

    store: ContextStore

    def add(self, fingerprints: Iterable[str], now: datetime) -> None:
        """Remember them for an hour."""
        for fingerprint in fingerprints:
            self.store.add_sent(fingerprint, now + _KEPT)

    def __contains__(self, fingerprint: object) -> bool:
        return isinstance(fingerprint, str) and self.store.was_sent(fingerprint)


class SentKeys:
    """The keys of messages sent, until their answers have come; what we signed under keys that last. Bounded;
    thread-safe."""

    def __init__(self, capacity: int = 10_000) -> None:
        self._capacity = capacity
        self._held: OrderedDict[bytes, tuple[datetime, Secret]] = OrderedDict()
        self.own = OwnSignatures()
        self._lock = threading.Lock()

    def remember(self, brought: Brought, now: datetime) -> None:
        """Hold a key that we made for an hour, the oldest giving way when there are many."""
        by_password = brought.secret.user is not None
        if isinstance(brought.secret.ours, StoredSignatures):
            brought.secret.ours.add(brought.ours, now)
        elif brought.secret.context is not None or brought.element is None or brought.issued is not None or by_password:
            self.own.add(brought.ours)
        if brought.secret.context is not None or brought.element is None:
            return
        if by_password:
            self._hold({_USER + (each.key_id or "").encode(): each for each in (brought.secret, *brought.others)}, now)
            return
        secret = replace(brought.secret, ours=frozenset(brought.ours))
        if brought.issued is not None:  # its key is known to two sides alone, as that of a context
            context = SecurityContext(id_of(brought.element) or "an issued token", brought.value)
            secret = replace(secret, ours=self.own, context=context)
        self._hold(dict.fromkeys(_names(secret, brought.element), secret), now)

    def _hold(self, named: Mapping[bytes, Secret], now: datetime) -> None:
        with self._lock:
            self._held.update({name: (now + _KEPT, secret) for name, secret in named.items()})
            while len(self._held) > self._capacity:
                self._held.popitem(last=False)

    def find(self, sha1: bytes, now: datetime) -> Secret | None:
        """The key of that SHA-1, None if it is not held or no longer."""
        return self._find(sha1, now)

    def find_asserted(self, identifier: str, now: datetime) -> Secret | None:
        """The key that goes with the assertion of that id, which we sent; None if it is not held or no longer."""
        return self._find(_ASSERTION + identifier.encode(), now)

    def find_by_id(self, key_id: str, now: datetime) -> Secret | None:
        """The key that we sent in the EncryptedKey of that id; None if it is not held or no longer."""
        return self._find(_KEY + key_id.encode(), now)

    def find_of_user(self, token_id: str, now: datetime) -> Secret | None:
        """The key of the password of the UsernameToken of that id, which we sent; None if it is not held."""
        found = self._find(_USER + token_id.encode(), now)
        return replace(found, ours=self.own) if found is not None else None

    def _find(self, name: bytes, now: datetime) -> Secret | None:
        with self._lock:
            expires, secret = self._held.get(name, (now, None))
            return secret if expires > now else None

    def __repr__(self) -> str:
        return f"SentKeys({len(self._held)} held)"


def _names(secret: Secret, element: _Element) -> Iterator[bytes]:
    """What an answer may call a key: by SHA-1 of its cipher value, by the id of its EncryptedKey, or by that of the
    assertion that it goes with."""
    if secret.sha1:
        yield secret.sha1
    if secret.key_id:
        yield _KEY + secret.key_id.encode()
    version = ASSERTIONS.get(tag_of(element))
    if version is not None:
        yield _ASSERTION + element.get(version.id_attribute, "").encode()


def bring(
    message: Message, step: SharedKey, provider: CryptoProvider, request: SecurityResult | None, now: datetime
) -> Brought:
    """Make a key and put it, encrypted to the step's recipient, into the security header; or take the request's, or
    that of a security context.

    Raises `SecurityError` when the request brought none, its signer is not known, or the context is not there any more.
    """
    if isinstance(step.to, (SecurityContext, Contexts)):
        return _bring_context(message, step, step.to, provider, now)
    if isinstance(step.to, (IssuedToken, IssuedTokens)):
        return _bring_issued(message, step, step.to, now)
    if isinstance(step.to, PasswordKey):
        made = password_token(step.to, "sign", provider)
        insert_after_timestamp(message, made.element)
        return Brought(_secret_of_password(made, step.to, "sign"), step, made.element)
    if step.to is Recipient.REQUEST:
        if request is None or not request.keys:
            raise SecurityError("SharedKey(to=REQUEST) answers a request; there is none that brought a key")
        return _bring_back(step, request.keys)
    to = recipient(step.to, request)
    value, key_id = provider.random(step.size), f"EK-{provider.random(16).hex()}"
    key, token = encrypted_key(step, to, value, key_id, provider)
    insert_after_timestamp(message, *([token] if token is not None else []), key)
    octets = key.find(f"{CIPHER_DATA}/{CIPHER_VALUE}")
    assert octets is not None, "it was just made"
    sha1 = hashlib.sha1(bytes_of(octets), usedforsecurity=False).digest()
    secret = Secret(key_id, sha1, value, to if isinstance(to, x509.Certificate) else None)
    return Brought(secret, step, key, token=token)


def _bring_back(step: SharedKey, keys: Sequence[Secret]) -> Brought:
    """The key of a request: of several the first, and of the two of a password that which is for signing."""
    signing = min(keys, key=lambda each: each.purpose == "encrypt")
    return Brought(signing, step, others=[each for each in keys if each is not signing and each.user == signing.user])


def _secret_of_password(made: KeyOfPassword, settings: PasswordKey, purpose: Purpose) -> Secret:
    return Secret(made.identifier, b"", made.value, user=CheckedUser(settings.username), purpose=purpose)


def _bring_context(
    message: Message, step: SharedKey, to: SecurityContext | Contexts, provider: CryptoProvider, now: datetime
) -> Brought:
    context = to.current(now) if isinstance(to, Contexts) else to
    if context is None:
        raise SecurityError("there is no security context that is valid now; agree on one before the first message")
    if not context.is_valid(now):
        raise SecurityError(
            f"the security context {context.identifier} expired at {context.expires:%Y-%m-%d %H:%M} UTC"
        )
    element = None
    if step.carried:
        element = context_element(context, f"SCT-{provider.random(16).hex()}")
        insert_after_timestamp(message, element)
    return Brought(secret_of_context(context), step, element)


def _bring_issued(message: Message, step: SharedKey, to: IssuedToken | IssuedTokens, now: datetime) -> Brought:
    token = to.needed(now) if isinstance(to, IssuedTokens) else to
    if token.secret is None:
        raise SecurityError(f"{token!r} has no key of ours: it can be carried, and signs nothing")
    if not token.is_valid(now):
        raise SecurityError(f"the issued token expired at {token.expires:%Y-%m-%d %H:%M} UTC")
    element = read_document(token.element, source="the issued token")
    insert_after_timestamp(message, element)
    return Brought(Secret(None, _sha1_in(element), token.secret), step, element, issued=token)


def _sha1_in(token: _Element) -> bytes:
    """SHA-1 of the EncryptedKey in an assertion, by which an answer may name the key; empty where none can be read."""
    encrypted = next(token.iter(ENCRYPTED_KEY), None) if tag_of(token) in ASSERTIONS else None
    octets = encrypted.find(f"{CIPHER_DATA}/{CIPHER_VALUE}") if encrypted is not None else None
    return hashlib.sha1(bytes_of(octets), usedforsecurity=False).digest() if octets is not None else b""


def _issued_reference(token: IssuedToken) -> str:
    """A reference to a token in the message, as text: as who issued it says, else as its kind has it."""
    if token.attached is not None:
        return serialise(read_document(token.attached, source="the reference to the issued token")).decode()
    if tag_of(token.element) in ASSERTIONS:
        return assertion_reference_text(token.element)
    raise SecurityError(f"who issued {token!r} does not say how to refer to it")


def secret_of_context(context: SecurityContext, ours: Container[str] = frozenset()) -> Secret:
    """The key of a context, as others that are shared."""
    return Secret(None, b"", context.secret, context.holder, ours, context)
