"""Security, the two verbs: `apply` secures a plain message, `verify` tells what may be believed of a secured one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any, Literal, TypeAlias, cast

from lxml.etree import _Element

from soapkit.attachment import Attachment
from soapkit.errors import LimitError, MessageError, SecurityError, UsageError, XmlError
from soapkit.security.by_message import ByMessage
from soapkit.security.confirm import SentSignatures, check_confirmed, confirmations, signature_values
from soapkit.security.connection import Shown
from soapkit.security.context.context import Contexts
from soapkit.security.context.conversation import Conversation, Exchanged
from soapkit.security.crypto.algorithms import cipher_named, wrap_named
from soapkit.security.crypto.given import check_each, check_given
from soapkit.security.crypto.provider import CryptoProvider
from soapkit.security.crypto.with_cryptography import CryptographyProvider
from soapkit.security.drafted import content_of
from soapkit.security.encrypt import DataKey, encrypt, encrypt_parts, encrypt_to
from soapkit.security.encrypted_key import WrappingKey
from soapkit.security.ids import WSU_ID
from soapkit.security.inbound import process, remember
from soapkit.security.issued import IssuedTokens, Issuing
from soapkit.security.markup import ENCRYPTED_ASSERTION
from soapkit.security.met import MetHeaders
from soapkit.security.parts import (
    ASSERTION,
    Message,
    add_security_header,
    insert_after,
    insert_after_timestamp,
    insert_first,
    may_be_missing,
    put_last,
    security_header,
)
from soapkit.security.passing import Pass
from soapkit.security.readiness import problems_of
from soapkit.security.require import Require
from soapkit.security.requirements import believe, claim_seen
from soapkit.security.saml.settings import SamlToken
from soapkit.security.saml.write import token_of
from soapkit.security.sender import Sender
from soapkit.security.shared import Brought, SentKeys, bring
from soapkit.security.sign import SharedSecret, name_elements, sign, sign_with_secret
from soapkit.security.steps import (
    BinarySecurityToken,
    Encrypt,
    Present,
    Recipient,
    SharedKey,
    Sign,
    SignatureConfirmation,
    Step,
    Timestamp,
    UsernameToken,
)
from soapkit.security.timestamp import timestamp_element
from soapkit.security.tokens import token_of_key, username_token_element
from soapkit.soap.attachments import Package
from soapkit.soap.envelope import Draft, Envelope
from soapkit.soap.security_result import SecurityResult
from soapkit.soap.xop import inline
from soapkit.xml.parse import parse_own

_NONCE_SIZE = 16
_AN_ENVELOPE = "an Envelope (Envelope.parse reads bytes)"
_A_MESSAGE = "an Envelope, or the bytes of a message"

AddressingLabel: TypeAlias = Literal["", "2005/08", "2004/08"]


@dataclass(frozen=True, slots=True)
class Security:
    """How messages are secured on the way out and what they must satisfy on the way in.

    `outbound`: steps in order, each over the message as the ones before it left it. `inbound`: what is required.
    `provider`: the crypto library (`soapkit.security.crypto.provider`), by default cryptography. `actor`: the SOAP role
    whose security header this is. `by_message`: where settings differ between messages. `https`: messages leave over
    HTTPS alone, since their protection is left to it. `shows`: what a client's connection must show of it
    (``certificate``, ``basic``, ``digest``), as a policy may demand. `conversation`: agree on a security context before
    the first message, and give such contexts as a service. `issuing`: ask a token service for a token before that.
    `addressing`: the version of WS-Addressing whose headers every message must have, as a policy may demand. One object
    serves a client and a server alike, and any number of threads.

    >>> from soapkit.security import Security, UsernameToken
    >>> from soapkit.soap.envelope import Draft
    >>> from soapkit.soap.version import SOAP_1_1
    >>> secured = Security(outbound=[UsernameToken("alice", "secret")]).apply(Draft(SOAP_1_1).to_envelope())
    >>> [block.tag.rpartition("}")[2] for block in secured.headers]
    ['Security']
    """

    outbound: Sequence[Step] = ()
    inbound: Require = field(default_factory=Require)
    provider: CryptoProvider = field(default_factory=CryptographyProvider)
    actor: str | None = None
    by_message: ByMessage | None = field(default=None, repr=False)
    https: bool = False
    shows: frozenset[Shown] = frozenset()
    conversation: Conversation | None = None
    issuing: Issuing | None = None
    addressing: AddressingLabel = ""
    _sent: SentKeys = field(default_factory=SentKeys, init=False, repr=False, compare=False)
    _met: MetHeaders = field(default_factory=MetHeaders, init=False, repr=False, compare=False)
    _signed: SentSignatures = field(default_factory=SentSignatures, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_each("Security", "outbound", self.outbound, tuple(_WRITERS), "steps, such as Timestamp() and Sign(...)")
        check_given(
            "Security",
            inbound=(self.inbound, Require, "Require(...)"),
            actor=(self.actor, (str, type(None)), "the URI of a role"),
            by_message=(self.by_message, (ByMessage, type(None)), "what `Security.from_contract` makes"),
            https=(self.https, bool, "True or False"),
            conversation=(self.conversation, (Conversation, type(None)), "a Conversation"),
            issuing=(self.issuing, (Issuing, type(None)), "an Issuing"),
        )

    def apply(
        self, envelope: Envelope, *, now: datetime | None = None, request: SecurityResult | None = None
    ) -> Envelope:
        """The secured message, with what travels beside it in `Envelope.attachments`; `envelope` is left as it was.

        `request`: on a server, what `verify` found of the message that this one answers. Raises `SecurityError`.
        """
        check_given("apply", envelope=(envelope, Envelope, _AN_ENVELOPE))
        if not self._steps(envelope):
            return envelope
        copied = Envelope.read(deepcopy(envelope.root)).with_attachments(envelope.attachments)
        return self._apply(copied, None, now, request)

    def apply_draft(
        self,
        draft: Draft,
        attachments: Iterable[Attachment] = (),
        *,
        now: datetime | None = None,
        request: SecurityResult | None = None,
    ) -> Envelope:
        """As `apply`, of a message that is text yet, and of what is to travel beside it: that spares copies of the tree
        and walks over it. Raises `SecurityError`."""
        envelope = draft.to_envelope().with_attachments(attachments)
        return self._apply(envelope, None if envelope.attachments else draft, now, request)

    def _apply(
        self, envelope: Envelope, draft: Draft | None, now: datetime | None, request: SecurityResult | None
    ) -> Envelope:
        """The secured message, which the tree of `envelope` becomes. `draft`: what that was read from just now."""
        outbound = self._steps(envelope)
        if not outbound:
            return envelope
        now = _moment(now)
        making = _Making(self.provider, now, request, [])
        try:
            if envelope.attachments:  # what is signed is the envelope with all that belongs to it
                envelope = inline(Package(envelope, envelope.attachments))
            content = content_of(draft, outbound) if draft is not None else None
            message = add_security_header(envelope, self.actor, content)
            if len(signing := [step for step in outbound if isinstance(step, Sign)]) > 1:
                name_elements(message, signing, self.provider)
            for step in outbound:
                _WRITERS[type(step)](message, step, making)
                if isinstance(step, Sign) and self._asks_for_confirmation:  # before it is encrypted
                    making.signatures.update(signature_values(message))
        except (LimitError, MessageError, XmlError) as error:
            raise SecurityError(f"the message cannot be secured: {error}") from None
        if any(isinstance(step, Timestamp) and step.last for step in outbound):
            put_last(message, *message.named("Timestamp"))
        for brought in making.shared:
            self._sent.remember(brought, now)
        if making.signatures:
            self._signed.remember(making.signatures, now)
        return Envelope.read(message.envelope.root).with_attachments(message.attachments)

    def verify(
        self, envelope: Envelope | bytes, *, now: datetime | None = None, sender: Sender | None = None
    ) -> SecurityResult:
        """What may be believed of a message: of its tree, or of its bytes, which takes less time. `sender`: what its
        connection says of who sends it.

        Go on with `SecurityResult.envelope`, never with the one that came in. Raises `SecurityError` when the message
        does not satisfy `inbound`, telling our side why; for bytes also as `Envelope.parse` does.
        """
        check_given("verify", envelope=(envelope, (Envelope, bytes), _A_MESSAGE))
        if isinstance(envelope, bytes):
            envelope = Envelope.parse(envelope, hold=True)
        header = security_header(envelope, self.actor, received=True)
        if header is None and self.inbound.unsigned_faults and _is_fault(envelope):
            warning = "this fault is not secured: anyone may have sent it"
            return SecurityResult(envelope.with_attachments(envelope.attachments), warnings=(warning,))
        message = Message(envelope, header, attachments=list(envelope.attachments))
        found = Pass(message, self.inbound, self.provider, _moment(now), self._sent, sender, self._met)
        process(found)
        if self.by_message is not None:
            found.require = self.by_message.require(found.message.envelope, self.inbound)
        result = believe(found)
        if found.require.confirmed:
            check_confirmed(found.message, result, self._signed, found.now)
        claim_seen(found)
        remember(found)
        return result

    def problems(self, *, now: datetime, margin: timedelta = timedelta()) -> tuple[str, ...]:
        """What keeps these settings from serving now, a sentence each: a replay store that does not answer, a
        certificate of ours, or that we encrypt to, that expires within `margin`."""
        steps, required = [*self.outbound], [self.inbound]
        if self.by_message is not None:
            steps += [step for steps in self.by_message.outbound.values() for step in steps]
            required += self.by_message.inbound.values()
        found = problems_of(steps, required, now=now, margin=margin)
        bootstrap = self.conversation.bootstrap if self.conversation is not None else None
        if not isinstance(bootstrap, Security):
            return found
        return tuple(dict.fromkeys((*found, *bootstrap.problems(now=now, margin=margin))))

    @property
    def asks_sender(self) -> bool:
        """Whether what is believed depends on what the connection says: see `Require.asks_sender`."""
        required = (self.inbound, *(self.by_message.inbound.values() if self.by_message is not None else ()))
        return any(each.asks_sender for each in required)

    @property
    def waits(self) -> bool:
        """Whether `verify` may wait for what is outside of this process: see `Require.waits`."""
        required = (self.inbound, *(self.by_message.inbound.values() if self.by_message is not None else ()))
        return any(each.waits for each in required)

    @property
    def unsigned_faults(self) -> bool:
        """Whether a fault that nobody is known to have signed is heard: see `Require.unsigned_faults`."""
        return self.inbound.unsigned_faults

    @property
    def goes_by_text(self) -> bool:
        """Whether `verify` has each tree as it was parsed, so that it may go by the text of it: not a `verify` of a
        subclass, which may change the tree before it asks this one."""
        return type(self).verify is Security.verify

    def of_one_client(self) -> Security:
        """The same settings with security contexts, and issued tokens, of their own: those that one client agrees on
        and is given."""
        found = self
        if found.conversation is not None:
            contexts = found.conversation.contexts
            own = Contexts(contexts.held())
            conversation = replace(found.conversation, contexts=own)
            if isinstance(conversation.bootstrap, Security):
                conversation = replace(conversation, bootstrap=conversation.bootstrap.of_one_client())
            found = replace(found._with(Exchanged(contexts, own)), conversation=conversation)
        if found.issuing is not None:
            tokens = IssuedTokens()
            issuing = replace(found.issuing, tokens=tokens)
            found = replace(found._with(Exchanged(found.issuing.tokens, tokens)), issuing=issuing)
        return found

    def of_one_call(self) -> Security | None:
        """The same settings for one request and its answer, where that must confirm the signatures of this request and
        not those of another that is under way; None where nothing must be confirmed."""
        if not self._asks_for_confirmation:
            return None
        own = replace(self)
        # what we signed under a key that lasts is ours in every call; what was read of a header holds in every call
        for shared in ("_sent", "_met"):
            object.__setattr__(own, shared, getattr(self, shared))
        return own

    def _with(self, exchanged: Exchanged) -> Security:
        return replace(
            self,
            outbound=exchanged.steps(self.outbound),
            inbound=exchanged.required(self.inbound),
            by_message=exchanged.by_message(self.by_message) if self.by_message is not None else None,
        )

    def _steps(self, envelope: Envelope) -> Sequence[Step]:
        return self.outbound if self.by_message is None else self.by_message.steps(envelope, self.outbound)

    @property
    def _asks_for_confirmation(self) -> bool:
        required = self.by_message.inbound.values() if self.by_message is not None else ()
        return self.inbound.confirmed or any(each.confirmed for each in required)

    @classmethod
    def from_contract(
        cls, contract: Any, *, keys: Any, side: Literal["client", "server"] = "client", **options: Any
    ) -> Security:
        """What the policies of a contract demand, as settings: see `soapkit.policy.from_contract.security_from`.

        `contract`: a `soapkit.wsdl.model.Contract`; `keys`: a `soapkit.policy.Keys`; `options`: as there. Raises
        `SecurityError` with all that the policies demand and that cannot be done, each with file and line.
        """
        # Policies stand above security, since they know contracts: asked for by name, once somebody has a contract.
        from_contract = import_module("soapkit.policy.from_contract")
        return cast("Security", from_contract.security_from(contract, keys=keys, side=side, **options))


@dataclass(frozen=True, slots=True)
class _Making:
    """What the steps of one message share. `shared`: the keys that `SharedKey` steps brought; `signatures`: the values
    of those that must be confirmed."""

    provider: CryptoProvider
    now: datetime
    request: SecurityResult | None
    shared: list[Brought]
    signatures: set[bytes] = field(default_factory=set)

    def shared_key(self, by: Recipient | SharedKey) -> Brought:
        """The one that SHARED stands for, or that of a step. Raises `SecurityError` where no such step was before."""
        found = [each for each in self.shared if by is Recipient.SHARED or each.step == by]
        if not found:
            raise SecurityError("SHARED is the key of a SharedKey step; put one before it in outbound")
        return found[-1]


_Writer: TypeAlias = Callable[[Message, Any, _Making], None]  # each takes its own kind of step


def _write_timestamp(message: Message, step: Timestamp, making: _Making) -> None:
    if message.named("Timestamp"):
        raise SecurityError("the message has a Timestamp already; a security header holds one at most")
    element = timestamp_element(step.ttl, making.now)
    element.set(WSU_ID, f"TS-{making.provider.random(16).hex()}")
    insert_first(message, element)
    message.prefixes_in_names.add(element)


def _write_username_token(message: Message, step: UsernameToken, making: _Making) -> None:
    element = username_token_element(step, making.now, making.provider.random(_NONCE_SIZE))
    element.set(WSU_ID, f"UT-{making.provider.random(16).hex()}")
    insert_after_timestamp(message, element)


def _write_assertion(message: Message, step: SamlToken, making: _Making) -> None:
    if message.named(ASSERTION) or message.hidden_as(ASSERTION):
        raise SecurityError("the message has a SAML assertion already; it speaks for one subject")
    token = token_of(step, making.now, making.provider)
    insert_after_timestamp(message, token)
    if token.tag == ENCRYPTED_ASSERTION:  # its issuer hid it: who signs it signs that
        message.hidden.setdefault(ASSERTION, []).append(token)


def _write_token(message: Message, step: BinarySecurityToken, making: _Making) -> None:
    insert_after_timestamp(message, token_of_key(step.keypair, step.kind, f"X509-{making.provider.random(16).hex()}"))


def _write_confirmation(message: Message, _step: SignatureConfirmation, making: _Making) -> None:
    if making.request is None:
        raise SecurityError("a SignatureConfirmation answers a request; there is none")
    for element in confirmations(making.request.signature_values):
        element.set(WSU_ID, f"SC-{making.provider.random(16).hex()}")
        insert_after_timestamp(message, element)


def _check_present(message: Message, step: Present, _making: _Making) -> None:
    for part in step.parts:
        if not message.named(part) and not may_be_missing(part):
            raise SecurityError(f"the message has no {part}, which must be there")


def _write_shared_key(message: Message, step: SharedKey, making: _Making) -> None:
    making.shared.append(bring(message, step, making.provider, making.request, making.now))


def _write_signature(message: Message, step: Sign, making: _Making) -> None:
    if isinstance(step.keypair, (Recipient, SharedKey)):
        shared = making.shared_key(step.keypair)
        key = shared.key_for("sign", shared.step.signature_size, making.provider)
        _put_first(message, shared)
        insert_after(message, shared.element, *_own_token(key, shared))
        shared.ours.append(sign_with_secret(message, step, key, making.provider))
    else:
        sign(message, step, step.keypair, making.provider)


def _write_encryption(message: Message, step: Encrypt, making: _Making) -> None:
    if step.to is not Recipient.SHARED and not isinstance(step.to, SharedKey):
        encrypt(message, step, making.provider, making.request)
        return
    shared = making.shared_key(step.to)
    if step.key_wrap:
        _write_wrapped(message, step, shared, making)
        return
    cipher = cipher_named(step.algorithm)
    used = shared.key_for("encrypt", cipher.key_size, making.provider)
    if isinstance(used, Brought) and used.is_made and cipher.mode == "gcm" and len(used.value) > cipher.key_size:
        raise SecurityError(  # peers cut such a key for CBC, and not for GCM
            f"{cipher.name} takes a key of {cipher.key_size} bytes, not of {len(used.value)}: say "
            f"SharedKey(size={cipher.key_size}), or derived="
        )
    # a context's may be longer
    key = DataKey(cipher, used.value[: cipher.key_size], used.reference)
    references, beside = encrypt_parts(message, step, key, making.provider)
    if shared.element is not None and shared.element.getparent() is None:
        raise SecurityError(f"{', '.join(step.parts)} holds the token of the key itself, which cannot hide it")
    if len(references):
        _put_first(message, shared)
        insert_after(message, shared.element, *_own_token(used, shared), references, *beside)


def _write_wrapped(message: Message, step: Encrypt, shared: Brought, making: _Making) -> None:
    """A fresh key, wrapped under the shared one."""
    wrap = wrap_named(step.key_wrap)
    used = shared.key_for("encrypt", wrap.key_size, making.provider)
    if len(used.value) < wrap.key_size:
        raise SecurityError(f"{wrap.name} needs a key of {wrap.key_size} bytes, not {len(used.value)}")
    by = WrappingKey(wrap, used.value[: wrap.key_size], parse_own(used.reference()))
    made = encrypt_to(message, step, by, making.provider)
    if made:
        _put_first(message, shared)
        insert_after(message, shared.element, *_own_token(used, shared), *made)


def _put_first(message: Message, shared: Brought) -> None:
    """Move what brings a shared key before all that earlier steps wrote: what is done under it now has to be undone
    before them, and stands behind it. Where the key itself stands matters to nothing else."""
    brought = (each for each in (shared.token, shared.element) if each is not None)
    insert_after_timestamp(message, *(each for each in brought if each.getparent() is message.security))


def _own_token(used: SharedSecret, shared: Brought) -> list[_Element]:
    """The token of a key that has one of its own, beside that of the shared one."""
    return [used.element] if used.element is not shared.element and used.element is not None else []


_WRITERS: dict[type, _Writer] = {
    Timestamp: _write_timestamp,
    UsernameToken: _write_username_token,
    BinarySecurityToken: _write_token,
    SamlToken: _write_assertion,
    SignatureConfirmation: _write_confirmation,
    Present: _check_present,
    SharedKey: _write_shared_key,
    Sign: _write_signature,
    Encrypt: _write_encryption,
}


def _moment(now: datetime | None) -> datetime:
    """A time that was injected, or that of the clock. Raises `UsageError` for one that could be anywhere."""
    if now is None:
        return datetime.now(UTC)
    if now.tzinfo is None:
        raise UsageError("now= needs a time zone, such as datetime.now(UTC)")
    return now


def _is_fault(envelope: Envelope) -> bool:
    return len(envelope.content) == 1 and envelope.content[0].tag == envelope.version.fault
