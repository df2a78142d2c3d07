"""SecurityContextToken: a token that names a secret which both sides have agreed on before.

WS-SecureConversation 1.3 and 1.4, section 3 (and the submission of 2005/02). The token is a name and no more: whoever
knows the secret can sign under it, so a MAC under it proves one of the two who agreed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from cryptography import x509
from lxml.etree import _Element

from soapkit.errors import SecurityError, UsageError
from soapkit.security.derive import NAMESPACES, DerivedVersion
from soapkit.security.ids import WSU_ID
from soapkit.security.markup import at_most_one, new, one, reference_around, sub, text_of
from soapkit.xml.names import clark, namespace_of
from soapkit.xml.parse import parse_message, parse_own
from soapkit.xml.serialise import escape_attribute
from soapkit.xml.walk import place_of, tag_of

CONTEXT_TOKENS: Final = frozenset(clark(namespace, "SecurityContextToken") for namespace in NAMESPACES.values())
CONTEXT_TYPES: Final = frozenset(f"{namespace}/sct" for namespace in NAMESPACES.values())
_SHORTEST: Final = 16
_LONGEST: Final = 2048  # characters of an identifier


@dataclass(frozen=True, slots=True)
class SecurityContext:
    """What two sides have agreed on: `identifier`, a URI, and the `secret` that it stands for.

    `instance`: tells keys of one context apart, once it was renewed. `expires`: when it is void, None for never.
    `version`: of WS-SecureConversation, in whose namespace the token is written. `holder`: the certificate of the other
    side, where it showed one when they agreed; `username`: its name likewise. `token`: the element as it was issued,
    for a service that needs what else is in it.

    Raises `UsageError` without an identifier, and for a secret that could be guessed.

    >>> SecurityContext("urn:uuid:1", bytes(32))
    SecurityContext(identifier='urn:uuid:1', instance='', expires=None, version='2005/12')
    """

    identifier: str
    secret: bytes = field(repr=False)
    instance: str = ""
    expires: datetime | None = None
    version: DerivedVersion = "2005/12"
    holder: x509.Certificate | None = field(default=None, repr=False)
    username: str | None = field(default=None, repr=False)
    token: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        if not self.identifier or len(self.identifier) > _LONGEST:
            raise UsageError("a security context has an identifier, a URI")
        if len(self.secret) < _SHORTEST:
            raise UsageError(f"a security context has a secret of at least {_SHORTEST} bytes")
        if self.version not in NAMESPACES:
            raise UsageError("security contexts are of 2005/12 or 2005/02")

    def is_valid(self, now: datetime) -> bool:
        """Whether it has not expired."""
        return self.expires is None or now < self.expires


class ContextStore(Protocol):
    """Where the processes of a service share security contexts, beside the memory of one."""

    def put(self, context: SecurityContext) -> None:
        """Hold a context; of those of its identifier it is the latest now. Raises `SecurityError` where it cannot."""
        ...

    def get(self, identifier: str, instance: str | None, now: datetime) -> SecurityContext | None:
        """The context of that name, which may have expired; `instance` None: the latest. Raises `SecurityError` when
        nobody can say."""
        ...

    def remove(self, identifier: str) -> None:
        """Forget a context, with all of its instances. Raises `SecurityError`."""
        ...

    def add_sent(self, fingerprint: str, until: datetime) -> None:
        """Remember, until then, what one of the processes signed under a context. Raises `SecurityError`."""
        ...

    def was_sent(self, fingerprint: str) -> bool:
        """Whether one of them signed that. Raises `SecurityError`."""
        ...


class Contexts:
    """The security contexts that are at hand, for both directions. Thread-safe.

    A client's holds the one that it agreed on, and those before while they last; a service's all that it issued.
    `capacity`: how many the memory of this process holds. `store`: where a service of several processes holds them
    instead, so that each of them knows what another has issued: a `SqliteContextStore`, a `RedisContextStore`, or one
    of your own. Of what a store holds, nothing is current: it is for those who answer.

    >>> contexts = Contexts([SecurityContext("urn:uuid:1", bytes(32))])
    >>> contexts
    Contexts(1 held)
    """

    def __init__(
        self,
        contexts: Iterable[SecurityContext] = (),
        capacity: int = 10_000,
        *,
        store: ContextStore | None = None,
    ) -> None:
        self._capacity = capacity
        self._held: OrderedDict[tuple[str, str], SecurityContext] = OrderedDict()
        self._lock = threading.Lock()
        self.store = store
        for context in contexts:
            self.add(context)

    def add(self, context: SecurityContext) -> None:
        """Hold a context; it is the current one now. The oldest gives way when there are many."""
        if self.store is not None:
            self.store.put(context)
            return
        with self._lock:
            key = (context.identifier, context.instance)
            self._held[key] = context
            self._held.move_to_end(key)
            while len(self._held) > self._capacity:
                self._held.popitem(last=False)

    def remove(self, identifier: str) -> None:
        """Forget a context, with all of its instances: it was cancelled."""
        if self.store is not None:
            self.store.remove(identifier)
        with self._lock:
            for key in [key for key in self._held if key[0] == identifier]:
                del self._held[key]

    def find(self, identifier: str, instance: str | None, now: datetime) -> SecurityContext | None:
        """The context of that name, None when it is not held, or has expired. `instance` None: the latest."""
        found = self.store.get(identifier, instance, now) if self.store is not None else self._get(identifier, instance)
        return found if found is not None and found.is_valid(now) else None

    def _get(self, identifier: str, instance: str | None) -> SecurityContext | None:
        with self._lock:
            if instance is not None:
                return self._held.get((identifier, instance))
            return next((each for each in reversed(self._held.values()) if each.identifier == identifier), None)

    def current(self, now: datetime, margin: timedelta = timedelta()) -> SecurityContext | None:
        """The one to secure messages with: the latest, if it is valid for `margin` longer; None without one."""
        with self._lock:
            latest = next(reversed(self._held.values()), None)
        return latest if latest is not None and latest.is_valid(now + margin) else None

    def held(self) -> tuple[SecurityContext, ...]:
        """Those in the memory of this process, the oldest first."""
        with self._lock:
            return tuple(self._held.values())

    def __repr__(self) -> str:
        return f"Contexts({len(self._held)} held)" if self.store is None else f"Contexts(store={self.store!r})"


# --- the token, both ways -----------------------------------------------------------------------------------------


def context_element(context: SecurityContext, token_id: str) -> _Element:
    """A SecurityContextToken (section 3)."""
    if context.token:
        issued = parse_message(context.token)
        issued.set(WSU_ID, token_id)
        return issued
    namespace = NAMESPACES[context.version]
    token = new(clark(namespace, "SecurityContextToken"), attributes={WSU_ID: token_id})
    sub(token, clark(namespace, "Identifier"), context.identifier)
    if context.instance:
        sub(token, clark(namespace, "Instance"), context.instance)
    return token


def read_context(token: _Element) -> tuple[str, str]:
    """Identifier and instance of a SecurityContextToken. Raises `SecurityError`."""
    namespace = namespace_of(tag_of(token))
    identifier = text_of(one(token, clark(namespace, "Identifier")))
    instance = at_most_one(token, clark(namespace, "Instance"))
    if not identifier or len(identifier) > _LONGEST:
        raise SecurityError("the Identifier of a security context is a URI", place=place_of(token))
    return identifier, text_of(instance) if instance is not None else ""


def context_reference(context: SecurityContext, token_id: str = "") -> _Element:
    """A SecurityTokenReference to a context: to its token in the message, else by its identifier."""
    return parse_own(context_reference_text(context, token_id))


def context_reference_text(context: SecurityContext, token_id: str = "") -> str:
    """The same as text, which declares all of its prefixes."""
    namespace = NAMESPACES[context.version]
    uri = escape_attribute(f"#{token_id}" if token_id else context.identifier)
    instance = ""
    if context.instance and not token_id:
        instance = f' xmlns:wsc="{namespace}" wsc:Instance="{escape_attribute(context.instance)}"'
    return reference_around(f'<wsse:Reference URI="{uri}" ValueType="{namespace}/sct"{instance}/>')


def named_context(reference: _Element) -> tuple[str, str | None] | None:
    """Identifier and instance, if any, that a wsse:Reference names outside of the message; None if it names no context
    so."""
    kind, uri = reference.get("ValueType", ""), reference.get("URI", "")
    if kind not in CONTEXT_TYPES or not uri or uri.startswith("#"):
        return None
    return uri, reference.get(clark(kind.removesuffix("/sct"), "Instance"))
