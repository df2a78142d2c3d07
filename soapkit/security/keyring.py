"""The keys of a message on its way in: each looked up, opened or derived, once.

Which key a signature or encrypted data names is read by `soapkit.security.references`; here it is had: from an
EncryptedKey, a security context, a SAML assertion, a password, a name, or derived from one of those. A key that comes
from another proves of its sender what that one does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import takewhile
from typing import Protocol

from cryptography import x509
from lxml.etree import _Element

from soapkit.errors import Problem, SecurityError
from soapkit.security.context.context import CONTEXT_TOKENS, read_context
from soapkit.security.crypto.agreement import agreed_keys
from soapkit.security.crypto.algorithms import WRAPS
from soapkit.security.crypto.certificates import name_of
from soapkit.security.crypto.keys import KeyPair
from soapkit.security.crypto.provider import CryptoProvider
from soapkit.security.derive import DERIVED_KEY_TOKENS, derive, derive_implied, derived_from
from soapkit.security.encrypted_key import cipher_value, unwrap, unwrap_under
from soapkit.security.hints import is_meant_for, meant_for
from soapkit.security.ids import IdIndex, id_of
from soapkit.security.markup import (
    EMBEDDED,
    ENCRYPTED_KEY,
    ENCRYPTION_METHOD,
    KEY_INFO,
    KEY_NAME,
    RECIPIENT_KEY_INFO,
    SIGNATURE,
    TOKEN_REFERENCE,
    USERNAME_TOKEN,
    X509_DATA,
    algorithm_of,
    at_most_one,
    one,
)
from soapkit.security.parts import Message
from soapkit.security.passwords import key_of_password, read_password_token
from soapkit.security.references import (
    Agreed,
    Asserted,
    Carried,
    KeySource,
    Named,
    Wrapped,
    key_info_of,
    read_key,
    read_opening_key,
    read_token_reference,
)
from soapkit.security.require import Require
from soapkit.security.saml.inbound import CheckedAssertion
from soapkit.security.saml.keys import SubjectKey, subject_key
from soapkit.security.shared import Secret, SentKeys, StoredSignatures, secret_of_context
from soapkit.security.tokens import CheckedUser, password_of
from soapkit.xml.walk import children, place_of, tag_of

_AROUND_EMBEDDED = DERIVED_KEY_TOKENS | {EMBEDDED, TOKEN_REFERENCE, KEY_INFO, SIGNATURE}
_DERIVATIONS = 3  # keys derived from derived keys, or wrapped under wrapped ones
_NAMING = frozenset({TOKEN_REFERENCE, X509_DATA, KEY_NAME})


class Passing(Protocol):
    """What a key may depend on, of the message that it is in: `soapkit.security.passing.Pass`."""

    message: Message
    require: Require
    provider: CryptoProvider
    now: datetime
    sent: SentKeys

    @property
    def index(self) -> IdIndex:
        """The ids of the message as it is now."""
        ...

    def checked(self, assertion: _Element) -> CheckedAssertion | None:
        """An assertion in the header, once it is believed."""
        ...


@dataclass(slots=True)
class KnownKeys:
    """What was had so far. `secrets`: the keys; `contexts`: those of security contexts, by identifier and instance;
    `deriving`: the tokens of keys that are being derived; `iterations`: what the keys of passwords took."""

    secrets: list[Secret] = field(default_factory=list)
    contexts: dict[tuple[str, str | None], Secret] = field(default_factory=dict)
    deriving: list[_Element] = field(default_factory=list)
    iterations: int = 0


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys of one message. Made whenever it is asked: what it knows is held by the message's pass, so that the two
    do not hold each other, and a tree is let go with its message, rather than when garbage is collected."""

    passing: Passing
    known: KnownKeys

    @property
    def _require(self) -> Require:
        return self.passing.require

    @property
    def _provider(self) -> CryptoProvider:
        return self.passing.provider

    @property
    def _now(self) -> datetime:
        return self.passing.now

    @property
    def _index(self) -> IdIndex:
        return self.passing.index

    def secret_of(self, source: Wrapped) -> Secret:
        """The key that an EncryptedKey brought, unwrapped now if it was not yet; or one that we sent.

        Raises `SecurityError`.
        """
        if source.implied is not None:
            secret = self.secret_of(replace(source, implied=None))
            value = derive_implied(source.implied, secret.value)
            return replace(secret, key_id=None, sha1=b"", value=value, base=secret.root)
        if source.element is not None and source.element.tag in DERIVED_KEY_TOKENS:
            return self._derived(source.element)
        if source.element is not None and source.element.tag in CONTEXT_TOKENS:
            return self._secret_of_context(*read_context(source.element))
        if source.element is not None and source.element.tag == USERNAME_TOKEN:
            return self._secret_of_password(source.element)
        if source.context is not None:
            return self._secret_of_context(*source.context)
        if source.element is not None:
            known = id_of(source.element)
            for secret in self.known.secrets:
                if known is not None and secret.key_id == known:
                    return secret
            return self.unwrap(source.element)
        if source.assertion:
            return self._secret_sent_with(source.assertion)
        if source.user:
            return self._secret_of_sent_user(source.user)
        if source.sent:
            return self._secret_sent_in(source.sent)
        for secret in self.known.secrets:
            if secret.sha1 == source.sha1:
                return secret
        sent = self.passing.sent.find(source.sha1, self._now)
        if sent is None:
            raise SecurityError("no encrypted key at hand has the EncryptedKeySHA1 that is named")
        return sent

    def subject_of(self, assertion: _Element) -> SubjectKey:
        """The key of the subject of an assertion in the header, which is checked now if it was not yet.

        Raises `SecurityError`.
        """
        if self._require.saml is None or "holder-of-key" not in self._require.saml.confirmation:
            raise SecurityError("signed with a key that a SAML assertion names, which Require(saml=...) accepts not")
        if assertion.getparent() is not self.passing.message.security and not self._is_embedded(assertion):
            raise SecurityError(
                "the assertion that names a key stands in the security header", place=place_of(assertion)
            )
        checked = self.passing.checked(assertion)
        if checked is None or checked.signer is None:
            raise SecurityError("the assertion that names a key is not signed by its issuer", place=place_of(assertion))
        key = subject_key(checked.says, self.certificates)
        if key.encrypted is None:
            return key
        sha1 = hashlib.sha1(cipher_value(key.encrypted), usedforsecurity=False).digest()
        known = next((each for each in self.known.secrets if each.sha1 == sha1), None) or self.unwrap(key.encrypted)
        if known.came_in is None:
            self.known.secrets[self.known.secrets.index(known)] = replace(known, came_in=assertion)
        return replace(key, secret=known.value, ours=self.passing.sent.own)

    def _is_embedded(self, assertion: _Element) -> bool:
        """Whether it stands in a reference of the security header: to the key of a signature, or of a derived key."""
        steps = list(takewhile(lambda step: step is not self.passing.message.security, assertion.iterancestors()))
        inside = len(steps) >= 2 and steps[-1].getparent() is self.passing.message.security
        return inside and steps[0].tag == EMBEDDED and all(tag_of(step) in _AROUND_EMBEDDED for step in steps)

    def _secret_of_subject(self, assertion: _Element) -> Secret:
        """The key of an assertion's subject, where it is a secret."""
        key = self.subject_of(assertion)
        if not key.secret:
            raise SecurityError("the key of the assertion's subject is not a secret", place=place_of(assertion))
        return Secret(None, b"", key.secret, ours=key.ours, assertion=assertion)

    def _secret_sent_in(self, key_id: str) -> Secret:
        """The key of an EncryptedKey that we sent."""
        sent = self.passing.sent.find_by_id(key_id, self._now)
        if sent is None:
            raise SecurityError(f"no EncryptedKey {key_id!r:.120} is in the message, and we sent none")
        return sent

    def _secret_sent_with(self, identifier: str) -> Secret:
        """The key that goes with an assertion which we sent."""
        sent = self.passing.sent.find_asserted(identifier, self._now)
        if sent is None:
            raise SecurityError(f"no assertion {identifier!r:.120} is in the message, and we sent none with a key")
        return sent

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """Those at hand, for an assertion that only names the one of its subject."""
        return (*self._require.certificates, *(self._require.trust.certificates if self._require.trust else ()))

    def _secret_of_context(self, identifier: str, instance: str | None) -> Secret:
        known = self.known.contexts.get((identifier, instance))
        if known is not None:  # a store is asked once a message
            return known
        contexts = self._require.contexts
        context = contexts.find(identifier, instance, self._now) if contexts is not None else None
        if context is None or contexts is None:
            raise SecurityError(f"no security context {identifier!r:.120} is at hand, or it has expired")
        same = (each for each in self.known.secrets if each.context == context)  # by its instance before, or without it
        secret = next(same, None)
        if secret is None:
            ours = StoredSignatures(contexts.store) if contexts.store is not None else self.passing.sent.own
            secret = secret_of_context(context, ours)
            self.known.secrets.append(secret)
        self.known.contexts[identifier, instance] = secret
        return secret

    def _secret_of_password(self, token: _Element) -> Secret:
        """The key of a user's password. That of somebody unknown is made too, of any password, so that it opens and
        proves nothing, and that in the same time."""
        passwords = self._require.username if self._require.password_keys else None
        if passwords is None:
            raise SecurityError(
                "a key is derived from a password; Require(username=..., password_keys=True) accepts those",
                place=place_of(token),
            )
        if token.getparent() is not self.passing.message.security:
            raise SecurityError("a UsernameToken that a key is derived from stands in the security header")
        identifier = id_of(token)
        for known in self.known.secrets:
            if known.user is not None and known.key_id == identifier:
                return known
        limits = self._require.limits
        read = read_password_token(token, limits, now=self._now, max_age=self._require.max_age, skew=self._require.skew)
        self.known.iterations += read.iterations
        if self.known.iterations > limits.iterations:
            raise SecurityError(f"more than {limits.iterations} iterations are not made for keys of passwords")
        password = password_of(passwords, read.name)
        octets = password.encode() if password is not None else self._provider.random(16)
        user, value = CheckedUser(read.name, read.nonce), key_of_password(octets, read.salt, read.iterations)
        secret = Secret(identifier, b"", value, ours=self.passing.sent.own, user=user, purpose=read.purpose)
        self.known.secrets.append(secret)
        return secret

    def _secret_of_sent_user(self, token_id: str) -> Secret:
        """The key of our password, which we sent a UsernameToken for."""
        sent = self.passing.sent.find_of_user(token_id, self._now) if self._require.password_keys else None
        if sent is None:
            raise SecurityError(f"no UsernameToken {token_id!r:.120} is in the message, and we sent none for a key")
        return sent

    def _derived(self, token: _Element) -> Secret:
        """A key that is derived from a shared one; it proves of its sender what that one does."""
        source = read_token_reference(derived_from(token), self._index)
        if not isinstance(source, Wrapped | Asserted):
            raise SecurityError("a key can be derived from a shared key only", place=place_of(token))
        with self._within(token):
            secret = self.secret_of(source) if isinstance(source, Wrapped) else self._secret_of_subject(source.element)
        return replace(secret, key_id=None, sha1=b"", value=derive(token, secret.value), base=secret.root)

    @contextmanager
    def _within(self, token: _Element) -> Iterator[None]:
        """While the key that another comes from is looked up. Raises `SecurityError` for a circle, or a long way."""
        if token in self.known.deriving or len(self.known.deriving) >= _DERIVATIONS:
            raise SecurityError("keys lead back to themselves, or too far", place=place_of(token))
        self.known.deriving.append(token)
        try:
            yield
        finally:
            self.known.deriving.pop()

    def secret_for(self, data: _Element) -> bytes:
        """The key of an EncryptedData. Raises `SecurityError`."""
        key_info = key_info_of(data)
        if key_info is None:
            raise SecurityError("the encrypted data does not say which key opens it", place=place_of(data))
        brought = list(children(key_info, ENCRYPTED_KEY))
        if brought:
            return self.secret_of(Wrapped(meant_for(brought, self._require.keys, self._index))).value
        source = read_opening_key(key_info, self._index)
        if isinstance(source, Asserted):
            return self._secret_of_subject(source.element).value
        if isinstance(source, Named) and source.name in self._require.secrets:
            return self._require.secrets[source.name]
        if not isinstance(source, Wrapped):
            raise SecurityError("the encrypted data names no key that is at hand", place=place_of(data))
        return self.secret_of(source).value

    @property
    def _keys_of_header(self) -> list[_Element]:
        security = self.passing.message.security
        return list(children(security, ENCRYPTED_KEY)) if security is not None else []

    def is_for_another(self, encrypted_key: _Element) -> bool:
        """Whether an EncryptedKey of the header is not to be opened: it says that it is for a certificate that is none
        of ours, and another one beside it says that it is for us (WSS SOAP Message Security 1.1, 9.4.2: a receiver
        finds the keys that it has, and what these open). Nothing is tried out: a wrong key is not told by RSA 1.5."""
        keys, pairs = self._keys_of_header, self._require.keys
        if len(keys) < 2 or encrypted_key not in keys or not pairs:
            return False
        owners = [pair.certificate for pair in pairs]
        if is_meant_for(encrypted_key, owners, self._index) is not False:
            return False
        return any(is_meant_for(each, owners, self._index) for each in keys if each is not encrypted_key)

    def opens_for_another(self, data: _Element) -> bool:
        """Whether the key of an EncryptedData is one of those."""
        if len(self._keys_of_header) < 2:  # as of most messages: what the data says of its key is read once
            return False
        key_info = key_info_of(data)
        source = read_opening_key(key_info, self._index) if key_info is not None and len(key_info) else None
        key = source.element if isinstance(source, Wrapped) else None
        return key is not None and key.tag == ENCRYPTED_KEY and self.is_for_another(key)

    def unwrap(self, element: _Element) -> Secret:
        """The key that an EncryptedKey brings. Raises `SecurityError`."""
        key_info = key_info_of(element)
        source = read_opening_key(key_info, self._index) if key_info is not None and _says_something(key_info) else None
        sha1 = hashlib.sha1(cipher_value(element), usedforsecurity=False).digest()
        if algorithm_of(one(element, ENCRYPTION_METHOD)) in WRAPS:
            secret = self._unwrap_under(element, source)
        else:
            if isinstance(source, Agreed) or (isinstance(source, Wrapped) and not source.assertion):
                # an assertion that we sent names a key of ours
                raise SecurityError("a key that is encrypted under another is not followed", place=place_of(element))
            secret = Secret(None, b"", self._unwrap(element, source))
        secret = replace(secret, key_id=id_of(element), sha1=sha1)
        self.known.secrets.append(secret)
        return secret

    def _unwrap(self, element: _Element, source: KeySource | None) -> bytes:
        keys = self._keys_for(source)
        try:
            return unwrap(element, keys, self._require.algorithms, self._provider)
        except SecurityError as error:
            if isinstance(source, Named | Carried) and not any(source.matches(key.certificate) for key in keys):
                told = source.words if isinstance(source, Named) else f"name {name_of(source.certificates[0])}"
                error.tell([Problem(f"{error}; it says that it is for the certificate with {told}")])
            raise

    def _keys_for(self, source: KeySource | None) -> tuple[KeyPair, ...]:
        """Our key pairs that a certificate named so may belong to."""
        keys = self._require.keys
        if not keys:
            raise SecurityError("the message is encrypted; Require(key=...) says what to decrypt with")
        if isinstance(source, Named | Carried):
            return tuple(key for key in keys if source.matches(key.certificate)) or keys
        return keys

    def _unwrap_under(self, element: _Element, source: KeySource | None) -> Secret:
        """The key that is wrapped under one that was agreed on, or a secret; it proves of its sender what that does."""
        policy = self._require.algorithms
        wrap = policy.wrap(algorithm_of(one(element, ENCRYPTION_METHOD)))
        if isinstance(source, Agreed):
            keys = self._keys_for(self._recipient_of(source.method))
            by, secrets = (
                Secret(None, b"", b""),
                agreed_keys(source.method, wrap.key_size, keys, policy, self._provider),
            )
        elif isinstance(source, Wrapped | Asserted):
            with self._within(element):
                by = self.secret_of(source) if isinstance(source, Wrapped) else self._secret_of_subject(source.element)
            secrets = [by.value]
        else:
            known = self._require.secrets
            by, secrets = Secret(None, b"", b""), list(known.values())
            if isinstance(source, Named):
                secrets = [known[source.name]] if source.name in known else []
        return replace(by, value=unwrap_under(element, wrap, secrets, self._provider), base=b"")

    def _recipient_of(self, method: _Element) -> KeySource | None:
        """Whom a key was agreed on with, where that is said in a way that certificates are named: a hint, no more."""
        info = at_most_one(method, RECIPIENT_KEY_INFO)
        entries = list(children(info)) if info is not None else []
        if len(entries) != 1 or entries[0].tag not in _NAMING:
            return None
        with suppress(SecurityError):
            return read_key(entries[0], self._index)
        return None


def _says_something(key_info: _Element) -> bool:
    return len(key_info) > 0
