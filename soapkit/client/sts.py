"""StsClient, AsyncStsClient: ask a security token service for tokens, renew, validate and cancel them.

WS-Trust 1.3 and 1.4, and the submission of 2005/02 that .NET speaks::

    sts = StsClient("https://sts.example/soap", security=Security(outbound=[Timestamp(), UsernameToken("alice", "x")]))
    token = sts.issue("https://bank.example/soap", token_type=SAML_2_0)
    token.element, token.secret, token.expires
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final, Literal, Self, TypeAlias, TypedDict, Unpack

from cryptography import x509
from lxml.etree import _Element

from soapkit.client.channel import check_channel
from soapkit.client.connection import Connection, aiohttp_transport, urllib3_transport
from soapkit.client.trust import Channel, ask, issued_token
from soapkit.errors import MessageError, UsageError
from soapkit.exchange.flow import Flow, arun, run
from soapkit.exchange.message_security import MessageSecurity
from soapkit.security.crypto.certificates import der_of
from soapkit.security.crypto.given import check_given
from soapkit.security.crypto.keys import KeyPair
from soapkit.security.document.document import read_document
from soapkit.security.issued import IssuedToken, TokenCache, asked_key_size
from soapkit.security.markup import KEY_INFO, X509_CERTIFICATE, X509_DATA, base64_text, new, sub
from soapkit.security.steps import UsernameToken
from soapkit.security.tokens import username_token_element
from soapkit.soap.version import BY_LABEL
from soapkit.transport.values import AsyncTransport, Transport
from soapkit.ws.addressing import Addressing
from soapkit.ws.trust import BY_LABEL as TRUST_VERSIONS
from soapkit.ws.trust import KeyType, TokenRequest, TokenResponse
from soapkit.ws.trust import Label as TrustLabel
from soapkit.xml.c14n import canonicalise

SAML_1_1: Final = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1"
SAML_2_0: Final = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV2.0"

Somebody: TypeAlias = _Element | bytes | IssuedToken | UsernameToken
"""Whose token it is to be: a token of theirs, as an element, as bytes or as it was issued, or their name."""


_ADDRESSED: Final = Addressing()


class Asked(TypedDict, total=False):
    """What a token should be like.

    `token_type`: URI of its kind (`SAML_2_0`); `key_type`: ``symmetric`` (a key that only we, the token service and
    the service share), ``public`` (the key of `use_key`) or ``bearer`` (none: who holds the token may use it);
    `key_size`: in bits, 256; `lifetime`: how long it should last; `on_behalf_of`, `act_as`: for whom we call;
    `use_key`: the certificate whose key it is to name; `claims`: a Claims element; `parameters`: further elements;
    `renewing`: ask that it can be renewed.
    """

    token_type: str
    key_type: KeyType
    key_size: int
    lifetime: timedelta | None
    on_behalf_of: Somebody | None
    act_as: Somebody | None
    use_key: x509.Certificate | KeyPair | None
    claims: _Element | bytes | None
    parameters: Sequence[_Element | bytes]
    renewing: bool


@dataclass(frozen=True, slots=True)
class Validation:
    """What a token service says of a token. `token`: one that it issued in its place, where it was asked to."""

    valid: bool
    code: str
    reason: str = ""
    token: IssuedToken | None = None


class BaseStsClient:
    """What blocking and async clients of a token service share.

    `address`: of the service; `security`: how requests are secured and answers believed; `trust`: the version of
    WS-Trust, ``1.3``, ``1.4`` (the same) or ``2005/02``; `version`: of SOAP; `addressing`: how messages are
    addressed, None for not at all; `keys`: what opens proof keys that come encrypted to us; `transport`, `timeout`: as
    of `soapkit.Client`. `cache`: tokens that were issued are given again until half a minute before they end; None:
    each is asked for. `secrets_in_clear`: let secrets travel neither encrypted nor over HTTPS, for tests alone: whoever
    sees them can sign in our name.
    """

    _make_transport: ClassVar[Callable[[], Any]]  # of clients that are given none

    def __init__(
        self,
        address: str,
        *,
        security: MessageSecurity | None = None,
        trust: TrustLabel = "1.3",
        version: Literal["1.1", "1.2"] = "1.2",
        addressing: Addressing | None = _ADDRESSED,
        keys: KeyPair | Sequence[KeyPair] = (),
        transport: Any = None,  # Transport or AsyncTransport, narrowed by the subclasses
        timeout: float | None = 60.0,
        cache: TokenCache | Literal["own"] | None = "own",
        secrets_in_clear: bool = False,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        if trust not in TRUST_VERSIONS or version not in BY_LABEL:
            raise UsageError("a token service speaks WS-Trust 1.3, 1.4 or 2005/02 over SOAP 1.1 or 1.2")
        check_channel(security, address, transport)
        self._channel = Channel(
            address,
            BY_LABEL[version],
            TRUST_VERSIONS[trust],
            security,
            addressing,
            timeout,
            (keys,) if isinstance(keys, KeyPair) else tuple(keys),
            secrets_in_clear,
            now,
        )
        self._connection = Connection(transport, type(self)._make_transport)
        self._cache = TokenCache() if cache == "own" else cache

    @property
    def address(self) -> str:
        """Where requests go."""
        return self._channel.address

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.address!r}, {self._channel.trust.label!r})"

    def token(self, applies_to: str, asked: Asked) -> Flow[IssuedToken]:
        """The flow that gives a token, over the client's own transport."""
        return (yield from self.issuing(self._connection.transport(), applies_to, asked))

    def forget(self, token: IssuedToken) -> None:
        """Do not give a token again: somebody refused it."""
        if self._cache is not None:
            self._cache.remove(token)

    # --- the flows, for both ------------------------------------------------------------------------------------

    def issuing(self, transport: Transport | AsyncTransport, applies_to: str, asked: Asked) -> Flow[IssuedToken]:
        """The flow that gives a token: one that is held, or a new one."""
        now = self._now()
        request = self._request(applies_to, asked, now)
        key = _cache_key(request, asked)
        held = self._cache.find(key, now) if self._cache is not None else None
        if held is not None:
            return held
        response = (yield from ask(self._channel, transport, request)).response
        token = issued_token(response, request, self._channel)
        if self._cache is not None:
            self._cache.add(key, token)
        return token

    def _renewing(
        self, transport: Transport | AsyncTransport, token: IssuedToken, lifetime: timedelta | None
    ) -> Flow[IssuedToken]:
        _check_issued("renew", token)
        now = self._now()
        request = TokenRequest(
            "renew",
            token.token_type,
            expires=now + lifetime if lifetime is not None else None,
            created=now if lifetime is not None else None,
            target=token.element,
        )
        response = (yield from ask(self._channel, transport, request)).response
        renewed = issued_token(response, request, self._channel)
        if self._cache is not None:
            self._cache.remove(token)
        if renewed.secret is None:  # the key stays what it was: WS-Trust 1.4, 5
            return _with_secret(renewed, token.secret)
        return renewed

    def _validating(
        self, transport: Transport | AsyncTransport, token: IssuedToken | _Element | bytes, token_type: str
    ) -> Flow[Validation]:
        element = token.element if isinstance(token, IssuedToken) else _element("validate", "token", token)
        status_type = f"{self._channel.trust.namespace}/RSTR/Status"
        request = TokenRequest("validate", token_type or status_type, target=element)
        response = (yield from ask(self._channel, transport, request)).response
        return _validation(response, request, self._channel)

    def _cancelling(self, transport: Transport | AsyncTransport, token: IssuedToken) -> Flow[None]:
        _check_issued("cancel", token)
        # the token itself: CXF finds none that is only referred to
        answer = yield from ask(self._channel, transport, TokenRequest("cancel", target=token.element))
        if not answer.response.cancelled:
            raise MessageError("the token service does not say that the token is cancelled")
        if self._cache is not None:
            self._cache.remove(token)

    def _request(self, applies_to: str, asked: Asked, now: datetime) -> TokenRequest:
        key_type = asked.get("key_type", "symmetric")
        lifetime = asked.get("lifetime")
        size = asked_key_size(asked.get("key_size", 256)) if key_type == "symmetric" else None
        use_key = asked.get("use_key")
        parameters = [_element("issue", "parameters", each) for each in asked.get("parameters", ())]
        if (key_type == "public") is not (use_key is not None):
            raise UsageError("a token with a public key, and no other, needs use_key=: the certificate that it names")
        return TokenRequest(
            "issue",
            asked.get("token_type", ""),
            applies_to,
            key_type,
            size,
            secrets.token_bytes(size // 8) if size is not None else None,
            now if lifetime is not None else None,
            now + lifetime if lifetime is not None else None,
            on_behalf_of=_token_of("on_behalf_of", asked.get("on_behalf_of"), now),
            act_as=_token_of("act_as", asked.get("act_as"), now),
            use_key=_key_info(use_key) if use_key is not None else None,
            claims=_element("issue", "claims", asked.get("claims")),
            parameters=tuple(each for each in parameters if each is not None),
            computed_key=self._channel.trust.computed_key if size is not None else "",
            renewing=asked.get("renewing", False),
        )

    def _now(self) -> datetime:
        return self._channel.now() if self._channel.now is not None else datetime.now(UTC)


class StsClient(BaseStsClient):
    """Asks a security token service for tokens, blocking. One client serves many threads."""

    _make_transport = staticmethod(urllib3_transport)

    def issue(self, applies_to: str = "", **asked: Unpack[Asked]) -> IssuedToken:
        """A token for the service at the address `applies_to`. What it should be like: see `Asked`.

        Raises `soapkit.Fault` for what the service refuses, `SecurityError` for an answer that is not believed and for
        secrets that would travel in the clear; `MessageError`, `TransportError`.
        """
        return run(self.issuing(self._connection.transport(), applies_to, asked))

    def renew(self, token: IssuedToken, *, lifetime: timedelta | None = None) -> IssuedToken:
        """The token with a new end. Raises as `issue`."""
        return run(self._renewing(self._connection.transport(), token, lifetime))

    def validate(self, token: IssuedToken | _Element | bytes, *, token_type: str = "") -> Validation:
        """Whether a token is good, as the service sees it; with `token_type`, a token of that kind in its place.

        Raises as `issue`.
        """
        return run(self._validating(self._connection.transport(), token, token_type))

    def cancel(self, token: IssuedToken) -> None:
        """Have a token be void from now on. Raises as `issue`."""
        run(self._cancelling(self._connection.transport(), token))

    def close(self) -> None:
        """Let go of connections, if the client made its transport itself."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncStsClient(BaseStsClient):
    """The same in an event loop, with ``await``."""

    _make_transport = staticmethod(aiohttp_transport)

    async def issue(self, applies_to: str = "", **asked: Unpack[Asked]) -> IssuedToken:
        """As `StsClient.issue`."""
        return await arun(self.issuing(self._connection.transport(), applies_to, asked))

    async def renew(self, token: IssuedToken, *, lifetime: timedelta | None = None) -> IssuedToken:
        """As `StsClient.renew`."""
        return await arun(self._renewing(self._connection.transport(), token, lifetime))

    async def validate(self, token: IssuedToken | _Element | bytes, *, token_type: str = "") -> Validation:
        """As `StsClient.validate`."""
        return await arun(self._validating(self._connection.transport(), token, token_type))

    async def cancel(self, token: IssuedToken) -> None:
        """As `StsClient.cancel`."""
        await arun(self._cancelling(self._connection.transport(), token))

    async def aclose(self) -> None:
        """As `StsClient.close`."""
        await self._connection.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def _validation(response: TokenResponse, request: TokenRequest, channel: Channel) -> Validation:
    if not response.status:
        raise MessageError("the token service does not say whether the token is valid")
    token = issued_token(response, request, channel) if response.token is not None else None
    return Validation(response.status == "valid", response.status, response.reason, token)


def _with_secret(token: IssuedToken, secret: bytes | None) -> IssuedToken:
    return IssuedToken(
        token.element, secret, token.token_type, token.attached, token.unattached, token.created, token.expires
    )


def _token_of(name: str, somebody: Somebody | None, now: datetime) -> _Element | None:
    if isinstance(somebody, IssuedToken):
        return somebody.element
    if isinstance(somebody, UsernameToken):
        return username_token_element(somebody, now, secrets.token_bytes(16))
    return _element("issue", name, somebody, "an element, bytes, an IssuedToken or a UsernameToken")


def _element(
    of: str, name: str, given: _Element | bytes | None, words: str = "an element, or bytes"
) -> _Element | None:
    """Raises `UsageError` for what is no element, `XmlError` for bytes that are none."""
    check_given(of, **{name: (given, (_Element, bytes, type(None)), words)})
    return read_document(given, source=f"{name}=") if isinstance(given, bytes) else given


def _check_issued(of: str, token: IssuedToken) -> None:
    check_given(of, token=(token, IssuedToken, "an IssuedToken, as `issue` gives one"))


def _key_info(owner: x509.Certificate | KeyPair) -> _Element:
    certificate = owner.certificate if isinstance(owner, KeyPair) else owner
    key_info = new(KEY_INFO)
    sub(sub(key_info, X509_DATA), X509_CERTIFICATE, base64_text(der_of(certificate)))
    return key_info


def _cache_key(request: TokenRequest, asked: Asked) -> Hashable:
    """What was asked for, apart from what is fresh in every request."""
    told = (request.token_type, request.applies_to, request.key_type, request.key_size, request.renewing)
    elements = (request.use_key, request.claims, *request.parameters)
    others = (asked.get("lifetime"), _who(asked.get("on_behalf_of")), _who(asked.get("act_as")))
    return (*told, *others, *(_digest(element) if element is not None else b"" for element in elements))


def _who(somebody: Somebody | None) -> bytes:
    if isinstance(somebody, UsernameToken):
        told = repr((somebody.username, somebody.password, somebody.digest))
        return hashlib.sha256(told.encode()).digest()
    if isinstance(somebody, bytes):
        return hashlib.sha256(somebody).digest()
    element = somebody.element if isinstance(somebody, IssuedToken) else somebody
    return _digest(element) if element is not None else b""


def _digest(element: _Element) -> bytes:
    return hashlib.sha256(canonicalise(element)).digest()
