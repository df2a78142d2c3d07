"""One request for a token and its answer, written once for blocking and async clients: WS-Trust over SOAP.

The law of this file: a secret never travels in the clear. Where a message with one would leave without HTTPS and
without encryption it is not sent, and where one has come so, it is not used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from soapkit.errors import MessageError, SecurityError
from soapkit.exchange.faults import undeclared_fault
from soapkit.exchange.flow import Flow, send
from soapkit.exchange.log import log_message
from soapkit.exchange.message_security import MessageSecurity, believed, hears_unsigned_faults
from soapkit.security.crypto.keys import KeyPair
from soapkit.security.crypto.with_cryptography import CryptographyProvider
from soapkit.security.encrypted_key import unwrap
from soapkit.security.issued import IssuedToken, check_key_size, computed_key
from soapkit.security.markup import ENCRYPTED_KEY, PASSWORD
from soapkit.security.require import Require
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.fault import read_fault
from soapkit.soap.security_result import SecurityResult
from soapkit.soap.version import Version
from soapkit.transport.binding import package_of, request_for
from soapkit.transport.values import AsyncTransport, Transport
from soapkit.ws.addressing import HEADERS, Addressing
from soapkit.ws.addressing_headers import check_related, write_addressing
from soapkit.ws.trust import TokenRequest, TokenResponse, TrustVersion
from soapkit.ws.trust_read import read_responses, version_of
from soapkit.ws.trust_write import write_request
from soapkit.xml.walk import tag_of

_DEFAULT_SIZE = 256  # bits of a key whose size nobody says


@dataclass(frozen=True, slots=True)
class Channel:
    """A service that gives tokens, and how messages to it are made.

    `keys`: what opens proof keys that come encrypted. `in_clear`: let secrets travel without encryption. `now`: a clock
    for tests.
    """

    address: str
    version: Version
    trust: TrustVersion
    security: MessageSecurity | None = None
    addressing: Addressing | None = field(default_factory=Addressing)
    timeout: float | None = 60.0
    keys: Sequence[KeyPair] = ()
    in_clear: bool = False
    now: Callable[[], datetime] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answered. `security`: what was believed of it, and of whom; None without security."""

    response: TokenResponse
    security: SecurityResult | None = None


def ask(
    channel: Channel, transport: Transport | AsyncTransport, request: TokenRequest, *, context: bool = False
) -> Flow[Answer]:
    """The flow of one request. `context`: it is for a security context, which changes its Action.

    Raises `Fault` for what the service sends, `SecurityError` for what is not believed, or is in the clear;
    `MessageError`, `TransportError`.
    """
    action = channel.trust.request_action(request.kind, context=context)
    now = channel.now() if channel.now is not None else None
    addressed = channel.addressing.properties(channel.address, action) if channel.addressing is not None else None
    blocks: tuple[str, ...] = ()
    if addressed is not None and channel.addressing is not None:
        blocks = write_addressing(addressed, channel.version, must_understand=channel.addressing.must_understand)
    envelope = Draft(channel.version, write_request(request, channel.trust), blocks).to_envelope()
    if channel.security is not None:
        envelope = channel.security.apply(envelope, now=now)
    _check_hidden(channel, envelope, "would travel")
    body = envelope.to_bytes()
    name = f"RST/{request.kind}"
    log_message("sent", name, body)
    response = yield from send(
        transport, request_for(channel.address, channel.version, action, body, timeout=channel.timeout)
    )
    log_message("received", name, response.body)
    package = package_of(response, channel.version, source="token service")
    assert package is not None, "an answer is due"
    result = _believed(channel, package.envelope, now)
    answer = result.envelope if result is not None else package.envelope
    if addressed is not None:
        check_related(addressed, answer)
    _check_hidden(channel, package.envelope, "came")
    return Answer(_response_in(answer, channel.trust, request), result)


def _believed(channel: Channel, envelope: Envelope, now: datetime | None) -> SecurityResult | None:
    """What may be believed of an answer; a fault is raised, marked where it may be anybody's."""
    fault = read_fault(envelope)
    try:
        result = believed(envelope, channel.security, HEADERS, now)
    except SecurityError as error:
        if fault is None or not hears_unsigned_faults(channel.security):
            raise
        raised = undeclared_fault(fault)
        raised.unverified = True
        raise raised from error
    answer = result.envelope if result is not None else envelope
    fault = read_fault(answer)
    if fault is not None:
        raised = undeclared_fault(fault)
        raised.unverified = result is not None and not result.is_signed(answer.content[0])
        raise raised
    return result


def _check_hidden(channel: Channel, envelope: Envelope, what: str) -> None:
    if channel.in_clear or channel.address.lower().startswith("https:"):
        return
    for _ in envelope.body.iter(channel.trust.name("BinarySecret"), PASSWORD):  # of whom we call for, too
        raise SecurityError(
            f"a secret {what} in the clear between us and {channel.address}; call it by https:, or have the Body of"
            " requests and answers encrypted"
        )


def _response_in(answer: Envelope, trust: TrustVersion, request: TokenRequest) -> TokenResponse:
    if len(answer.content) != 1:
        raise MessageError(f"expected one answer to the request for a token, found {len(answer.content)} elements")
    element = answer.content[0]
    if version_of(element) is not trust:
        raise MessageError(f"expected an answer of WS-Trust {trust.label}, found {tag_of(element)}")
    responses = read_responses(element)
    if request.context:
        responses = tuple(each for each in responses if each.context in ("", request.context))
    if len(responses) != 1:
        raise MessageError(f"expected one token, found {len(responses)}")
    return responses[0]


def issued_token(response: TokenResponse, request: TokenRequest, channel: Channel) -> IssuedToken:
    """The token of an answer, with its key. Raises `MessageError` without a token, `SecurityError` for its key."""
    if response.token is None:
        raise MessageError("the answer of the token service holds no token")
    return IssuedToken(
        response.token,
        proof_of(response, request, channel),
        response.token_type or request.token_type,
        response.attached,
        response.unattached,
        response.created,
        response.expires,
    )


def proof_of(response: TokenResponse, request: TokenRequest, channel: Channel) -> bytes | None:
    """The secret of a token's key (WS-Trust 1.4, 4.4.3 to 4.4.5): as it was sent, or computed of both sides' entropy,
    or our own entropy where the service had none to add. None for a token without a shared key."""
    if response.proof is not None:
        check_key_size(len(response.proof) * 8)
        return response.proof
    if response.proof_key is not None:
        return _opened(response, channel)
    size = response.key_size or request.key_size or _DEFAULT_SIZE
    if response.computed_key:
        if response.computed_key != channel.trust.computed_key:
            raise SecurityError(f"a key computed by {response.computed_key!r:.120} is not understood")
        if request.entropy is None or response.entropy is None:
            raise SecurityError("a key is computed of the entropy of both sides; one of them gave none")
        return computed_key(request.entropy, response.entropy, size)
    wants_key = request.key_type not in ("bearer", "public")
    return request.entropy if wants_key and response.token is not None else None


def _opened(response: TokenResponse, channel: Channel) -> bytes:
    element = response.proof_key
    assert element is not None
    if element.tag != ENCRYPTED_KEY:
        raise SecurityError(f"a proof key in a {tag_of(element)} is not understood")
    if not channel.keys:
        raise SecurityError("the proof key is encrypted; give the key pair that opens it")
    secret = unwrap(element, channel.keys, Require().algorithms, CryptographyProvider())
    check_key_size(len(secret) * 8)
    return secret
